//! What the page of a stack shows beside how the stack stands: looked at now and then, while the
//! page's stack is the one that a screen is about.

use futures_util::future::join_all;

use super::before::Before;
use super::round::One;
use super::{BESIDE, Watcher};
use crate::domain::look::Look;
use crate::domain::sighting::{Seen, Sighting, SightingKey, beside};
use crate::domain::time::Time;
use crate::observe::LookOn;

impl Watcher {
    /// Looks beside those whose turn it is.
    pub(super) async fn beside(&self, all: &mut [One], before: &Before, now: Time) {
        let due = all.iter_mut().filter(|one| {
            !one.beside.is_empty() && one.seen.is_ok() && one.watched.beside_due <= now
        });
        let looks: Vec<(LookOn, Look)> = due
            .flat_map(|one| {
                one.watched.beside_due = now + BESIDE;
                let on = LookOn {
                    env: one.id.env.clone(),
                    places: one.places.clone(),
                    stack: one.id.clone(),
                    token: String::new(),
                };
                let looks = one.beside.iter().cloned();
                looks.map(|look| (on.clone(), look)).collect::<Vec<_>>()
            })
            .collect();
        let seen = join_all(
            looks
                .iter()
                .map(|(on, look)| self.look_beside(on, look, before)),
        );
        let seen = seen.await.into_iter().flatten();
        self.keep(seen.collect()).await;
    }

    async fn look_beside(
        &self,
        on: &LookOn,
        look: &Look,
        before: &Before,
    ) -> Option<(SightingKey, Sighting)> {
        let place = on.places.at(look.about.place.as_ref())?;
        let subject = format!("stack/{}", on.stack);
        let source = beside(&look.about.kind);
        match self.eyes.look(on, look, None).await {
            Ok(sight) => Some((
                (subject, source),
                Sighting {
                    value: Seen::Thing { sight },
                    taken_at: self.clock.now(),
                    place: Some(place.clone()),
                    stale: None,
                },
            )),
            Err(failure) => {
                self.as_before(&subject, &source, place, &failure, before)
                    .await
            }
        }
    }
}
