//! A log group read in full: what came before a live session, what one left out, and all of it where
//! there is none.

use std::time::Duration;

use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;

use super::{Ended, LATE, SHALLOW, Tail};
use crate::aws::Trouble;
use crate::domain::time::Time;
use crate::observe::arrivals::Arrivals;
use crate::observe::given::{Equal, Event};

/// How far the frequent ones do.
pub(super) const RECENT: Duration = Duration::from_secs(15);
/// How often a group is read where it cannot be followed live.
const POLL: Duration = Duration::from_secs(2);
/// How many of them are made before following live is tried again.
const POLLS: u32 = 300;
/// The most pages of one fill; what lies beyond is said to be missing.
const PAGES: usize = 2_000;

impl Tail {
    pub(super) async fn poll(&mut self) -> Result<Ended, Trouble> {
        self.sampled = false;
        for nth in 0..POLLS {
            self.fill(if nth % SHALLOW == 0 { LATE } else { RECENT }, None, true)
                .await?;
            self.follows();
            self.clock.sleep(POLL).await;
        }
        Ok(Ended::Polled)
    }

    /// Reads everything since the newest line, and so far back that late events are found; page by
    /// page, each given out at once. What came to the service after `upto` is left for later. A
    /// `poll` is made again and again, mostly for nothing.
    pub(super) async fn fill(
        &mut self,
        back: Duration,
        upto: Option<Time>,
        poll: bool,
    ) -> Result<(), Trouble> {
        let from = (self.newest - back)
            .max(self.known.forgotten())
            .max(self.since);
        let begun = self.clock.now();
        let mut token: Option<String> = None;
        let (mut equal, mut arrivals) = (Equal::default(), Arrivals::default());
        for _ in 0..PAGES {
            let make = || {
                self.cloud
                    .logs
                    .filter_log_events()
                    .log_group_name(&self.group)
                    .start_time(from.0)
                    .set_next_token(token.clone())
            };
            let page = if poll && token.is_none() {
                self.cloud
                    .poll("logs:FilterLogEvents", &self.group, || make().send())
                    .await?
            } else {
                self.cloud
                    .call("logs:FilterLogEvents", &self.group, || make().send())
                    .await?
            };
            let mut events: Vec<Event> = page.events().iter().map(of_filter).collect();
            let last = events.last().map(|event| event.at);
            events.retain(|event| upto.is_none_or(|upto| event.ingested <= upto));
            self.give(arrivals.page(events, last), &mut equal);
            token = page.next_token().map(str::to_owned);
            if token.is_none() {
                self.give(arrivals.rest(), &mut equal);
                self.reached(upto.unwrap_or(begun));
                return Ok(());
            }
            // Pages are in the order of time: how far behind it is shows how far a long fill has
            // come.
            self.reached(last.map_or(self.through, |last| arrivals.given(last).max(self.through)));
            self.follows();
        }
        self.give(arrivals.rest(), &mut equal);
        self.dropped += 1;
        let now = self.clock.now();
        self.gap(
            now,
            now,
            &format!(
                "too many lines since {}: some are not shown here",
                from.clock()
            ),
        );
        Ok(())
    }
}

fn of_filter(event: &FilteredLogEvent) -> Event {
    Event {
        at: Time(event.timestamp().unwrap_or_default()),
        ingested: Time(event.ingestion_time().unwrap_or_default()),
        stream: event.log_stream_name().unwrap_or_default().to_owned(),
        message: event.message().unwrap_or_default().to_owned(),
    }
}
