//! What is on the screen, said to the engine, so that it looks at it.

use std::time::Duration;

use crate::domain::ids::StackId;
use crate::domain::interest::Interest;
use crate::os::mutex::locked;

use super::work::Worker;

/// How long the engine believes that something is on a screen.
const SHOWN: Duration = Duration::from_secs(30);
/// How often that is said again.
const SHOWN_AGAIN: Duration = Duration::from_secs(20);
/// At most so many stacks are looked at beside those on the screen.
const FAR: usize = 200;

impl Worker {
    pub(super) async fn say_what_is_shown(&mut self) {
        let Some(store) = &self.store else { return };
        let watched = locked(&self.shared.watched).clone();
        let spec = |id: &StackId| {
            self.catalog
                .stacks
                .get(id)
                .and_then(|entry| entry.spec.as_ref().ok())
        };
        let compared = self.catalog.compared();
        let of = |id: &StackId| Interest {
            given: compared.contains(id),
            ..Interest::of(id, spec(id))
        };
        let far = self
            .catalog
            .stacks
            .keys()
            .filter(|id| self.parts.overview && !watched.contains(id))
            .take(FAR);
        let subjects: Vec<String> = watched
            .iter()
            .enumerate()
            .map(|(place, id)| {
                let mut interest = of(id);
                let made = self.folds.logs_of(id).into_iter();
                let made: Vec<String> = made
                    .filter(|group| !interest.logs.iter().any(|own| own == group))
                    .map(str::to_owned)
                    .collect();
                interest.logs.extend(made);
                if place == 0 {
                    let entry = self.catalog.stacks.get(id);
                    interest.beside = entry.map(|entry| entry.beside.clone()).unwrap_or_default();
                }
                if place > 0 && !locked(&self.shared.tails).names(id) {
                    // Log groups are followed of the stack that the screen is about, and of what is
                    // tailed by name; of the others only their state is shown.
                    interest.logs.clear();
                }
                interest.to_string()
            })
            .chain(far.map(|id| of(id).from_afar().to_string()))
            .collect();
        let now = self.now();
        let (said, at) = &self.said;
        if *said == subjects && (subjects.is_empty() || now.since(*at) < SHOWN_AGAIN) {
            return;
        }
        let console = format!("{}-{}", self.parts.via, crate::os::owner::pid());
        // Not said now is said in the next round.
        if store
            .put_interest(&console, &subjects, now + SHOWN)
            .await
            .is_ok()
        {
            self.said = (subjects, now);
        }
    }
}
