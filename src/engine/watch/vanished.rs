//! Things that are not there any more.

use super::Watcher;
use super::before::Before;
use crate::domain::failure::Failure;
use crate::domain::ids::EnvName;
use crate::domain::look::Standing;
use crate::domain::place::Place;
use crate::domain::sighting::{Seen, THING};
use crate::domain::time::Time;
use crate::engine::looks::{NEWLY, prove};

impl Watcher {
    /// Since when a thing is missing that was there when it was seen last; none for one that never
    /// was.
    pub(super) async fn vanished(
        &self,
        env: &EnvName,
        subject: &str,
        place: &Place,
        before: &Before,
        now: Time,
    ) -> Result<Option<Time>, Failure> {
        let old = before
            .of(&*self.store, subject, THING, place)
            .await
            .map_err(|why| {
                Failure::new(format!(
                    "it is not there, and nobody knows since when: {why}"
                ))
                .hint("it is looked at again by itself")
            })?;
        Ok(match old.map(|old| old.value) {
            Some(Seen::Thing { sight }) if sight.standing == Standing::Missing => sight.changed_at,
            Some(Seen::Thing { .. }) => {
                // Perhaps we are somebody else by now, who never had it.
                prove(self.eyes.as_ref(), env, Some(place), NEWLY).await?;
                Some(now)
            }
            Some(
                Seen::Nothing
                | Seen::Serve { .. }
                | Seen::Proof { .. }
                | Seen::Pace { .. }
                | Seen::Reply { .. }
                | Seen::Tail { .. },
            )
            | None => None,
        })
    }
}
