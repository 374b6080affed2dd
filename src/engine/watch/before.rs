//! What was seen before a round, read once where anybody asks: each stack for itself would read all
//! that is kept of all.

use std::collections::BTreeMap;

use tokio::sync::OnceCell;

use crate::domain::place::Place;
use crate::domain::sighting::{Sighting, SightingKey};
use crate::store::{Store, StoreError};

/// What was seen before.
#[derive(Default)]
pub(super) struct Before(OnceCell<BTreeMap<SightingKey, Sighting>>);

impl Before {
    /// What was seen last at a place.
    pub(super) async fn of(
        &self,
        store: &dyn Store,
        subject: &str,
        source: &str,
        place: &Place,
    ) -> Result<Option<Sighting>, StoreError> {
        let read = || async {
            let (all, _) = store.sightings(0).await?;
            Ok(all.into_iter().collect())
        };
        let all: &BTreeMap<SightingKey, Sighting> = self.0.get_or_try_init(read).await?;
        Ok(all
            .get(&(subject.to_owned(), source.to_owned()))
            .filter(|sighting| sighting.place.as_ref() == Some(place))
            .cloned())
    }
}
