//! The events of one reading in the order in which they came to the service, which tells them by
//! the time that they carry. So they come from a live tail, and so their stream's writer wrote
//! them, whatever its clock did.

use std::collections::BTreeMap;

use super::given::Event;
use crate::domain::time::Time;

/// Events that are held back at most.
const MOST: usize = 100_000;

/// Events that are held back until none can come that came before them.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    held: BTreeMap<(Time, u64), Event>,
    taken: u64,
}

impl Arrivals {
    /// Takes a page that ends at a time; gives those events before which nothing on a later page
    /// can have come: what carries a later time came later than that, unless its clock was ahead.
    pub(super) fn page(&mut self, events: Vec<Event>, upto: Option<Time>) -> Vec<Event> {
        for event in events {
            self.held.insert((event.ingested, self.taken), event);
            self.taken += 1;
        }
        let mut ready = Vec::new();
        while let Some(first) = self.held.first_entry()
            && (upto >= Some(first.key().0) || self.held.len() > MOST)
        {
            ready.extend(self.held.pop_first().map(|(_, event)| event));
        }
        ready
    }

    /// Up to where everything was given out, when pages have come up to then.
    pub(super) fn given(&self, upto: Time) -> Time {
        self.held
            .values()
            .map(|event| event.at)
            .fold(upto, Time::min)
    }

    /// What is left after the last page.
    pub(super) fn rest(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.held).into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event(at: i64, ingested: i64, message: usize) -> Event {
        Event {
            at: Time(at),
            ingested: Time(ingested),
            stream: "s".into(),
            message: message.to_string(),
        }
    }

    proptest! {
        /// However late they came and wherever pages end, they are given in the order of their
        /// arrival, each once.
        #[test]
        fn events_are_given_as_they_came(lags in prop::collection::vec((0i64..40, 0i64..60), 0..80), page in 1usize..9) {
            // In the order of arrival; events of one moment in the order of their times, as one
            // call of a writer has them.
            let mut events: Vec<(i64, i64)> = lags.iter().zip(0i64..).map(|((at, lag), n)| (at + n, at + n + lag)).collect();
            events.sort_by_key(|(at, ingested)| (*ingested, *at));
            let all: Vec<Event> = events.into_iter().enumerate().map(|(n, (at, ingested))| event(at, ingested, n)).collect();
            let mut told = all.clone();
            told.sort_by_key(|event| event.at);
            let (mut arrivals, mut given) = (Arrivals::default(), Vec::new());
            for page in told.chunks(page) {
                given.extend(arrivals.page(page.to_vec(), page.last().map(|event| event.at)));
                let upto = arrivals.given(page.last().unwrap().at);
                prop_assert!(all.iter().all(|event| event.at >= upto || given.contains(event)));
            }
            given.extend(arrivals.rest());
            prop_assert_eq!(given, all);
        }
    }
}
