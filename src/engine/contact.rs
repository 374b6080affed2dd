//! Waiting for contact: what cannot be looked at or planned for now is tried again, and why is told
//! for as long as that takes.

use std::time::Duration;

use crate::domain::failure::{Failure, Retry};
use crate::domain::sighting::{CONTACT, Seen, Sighting};
use crate::domain::time::Time;

use super::Parts;
use super::looks::Planning;
use crate::store::Store;

/// When it is tried again.
const AGAIN: Duration = Duration::from_secs(5);

/// Nobody waits yet: an engine that ended while it did may have left that told.
pub(super) async fn nobody_waits(store: &dyn Store) {
    let all = store.sightings(0).await.map(|(all, _)| all);
    let waits = all.unwrap_or_default().into_iter();
    let over = waits
        .filter(|((_, source), told)| source == CONTACT && told.stale.is_some())
        .map(|(key, told)| {
            (
                key,
                Sighting {
                    stale: None,
                    ..told
                },
            )
        });
    let over: Vec<_> = over.collect();
    if !over.is_empty() {
        let _ = store.put_sightings(&over).await;
    }
}

/// The wait of one look, or of one plan.
pub(super) struct Wait<'a> {
    parts: &'a Parts,
    planning: &'a Planning,
    since: Option<Time>,
}

impl<'a> Wait<'a> {
    pub(super) fn new(parts: &'a Parts, planning: &'a Planning) -> Self {
        Self {
            parts,
            planning,
            since: None,
        }
    }

    /// Waits after a failure that passes; any other is given back.
    pub(super) async fn after(&mut self, failure: Failure) -> Result<(), Failure> {
        if !matches!(failure.retry, Retry::Contact | Retry::After(_)) {
            self.over().await;
            return Err(failure);
        }
        let since = *self.since.get_or_insert(self.parts.clock.now());
        self.tell(since, Some(&failure)).await;
        self.parts.clock.sleep(AGAIN).await;
        Ok(())
    }

    /// There is contact again.
    pub(super) async fn over(&mut self) {
        if let Some(since) = self.since.take() {
            self.tell(since, None).await;
        }
    }

    async fn tell(&self, since: Time, why: Option<&Failure>) {
        let door = &self.planning.door;
        let sighting = Sighting {
            value: Seen::Nothing,
            taken_at: since,
            place: None,
            stale: why.map(|why| door.failure(why).says()),
        };
        let stack = &self.planning.ask.stack;
        let key = (format!("stack/{stack}"), CONTACT.to_owned());
        let _ = self.parts.store.put_sightings(&[(key, sighting)]).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::Memory;

    #[tokio::test]
    async fn what_an_engine_left_that_waited_is_told_no_more() {
        let store = Memory::new();
        let key = ("stack/dev/shop".to_owned(), CONTACT.to_owned());
        let told = Sighting {
            value: Seen::Nothing,
            taken_at: Time(7),
            place: None,
            stale: Some("no contact".into()),
        };
        store.put_sightings(&[(key.clone(), told)]).await.unwrap();
        nobody_waits(&store).await;
        let (all, _) = store.sightings(0).await.unwrap();
        let left = all.iter().find(|(own, _)| *own == key).unwrap();
        assert_eq!((left.1.taken_at, &left.1.stale), (Time(7), &None));
    }
}
