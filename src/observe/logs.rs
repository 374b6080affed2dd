//! A log group, followed live: `StartLiveTail` while it lasts, gaps filled by `FilterLogEvents`, and honest about what is missing.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_cloudwatchlogs::types::{FilteredLogEvent, LiveTailSessionLogEvent, LiveTailSessionMetadata, StartLiveTailResponseStream};
use futures_util::future::{Either, select};

use super::known::{Equal, Event, Known};
use super::severity::severity;
use crate::aws::{Cloud, Kind, Trouble};
use crate::domain::failure::Failure;
use crate::domain::ids::StackId;
use crate::domain::line::{Line, Severity, SourceKind};
use crate::domain::safe::Safe;
use crate::domain::sighting::Seen;
use crate::domain::time::Time;
use crate::os::clock::SharedClock;

/// How far a fill after a cut reaches back behind the newest line: events come late and out of order.
const LATE: Duration = Duration::from_secs(150);
/// How far the frequent ones do.
const RECENT: Duration = Duration::from_secs(15);
/// How often a group is read where it cannot be followed live.
const POLL: Duration = Duration::from_secs(2);
/// How many fills in a row reach only the recent ones, until one looks for late events too.
const SHALLOW: u32 = 30;
/// How many of them are made before following live is tried again.
const POLLS: u32 = 300;
/// How long is waited for a group that does not exist yet, or after a cut.
const AGAIN: Duration = Duration::from_secs(3);
/// A session tells something every second; silence for this long is a connection that was cut.
const SILENT: Duration = Duration::from_secs(30);
/// The most pages of one fill; what lies beyond is said to be missing.
const PAGES: usize = 2_000;

/// Where a tail gives what it has.
pub trait Out: Send + Sync {
    /// New lines.
    fn lines(&self, lines: Vec<Line>);
    /// How the tail is doing.
    fn told(&self, state: Seen);
}

/// Follows one log group of a stack.
pub struct Tail {
    cloud: Arc<Cloud>,
    clock: SharedClock,
    stack: StackId,
    group: String,
    out: Arc<dyn Out>,
    since: Time,
    newest: Time,
    known: Known,
    dropped: u64,
    sampled: bool,
    lag: Duration,
}

impl Tail {
    /// A tail of the group from `since` on.
    #[must_use]
    pub fn new(cloud: Arc<Cloud>, clock: SharedClock, stack: StackId, group: String, since: Time, out: Arc<dyn Out>) -> Self {
        Self {
            cloud,
            clock,
            stack,
            group,
            out,
            since,
            newest: since,
            known: Known::default(),
            dropped: 0,
            sampled: false,
            lag: Duration::ZERO,
        }
    }

    /// Follows until it is dropped. No contact and a missing group are waited for; a refusal ends it.
    ///
    /// # Errors
    /// When AWS says no: why.
    pub async fn follow(mut self) -> Result<(), Failure> {
        let mut live = true;
        loop {
            let ended = if live { self.live().await } else { self.poll().await };
            match ended {
                // After a while it is tried live again.
                Ok(()) => live = true,
                Err(trouble) if is_missing(&trouble) => {}
                // Emulators and some partitions have no live tail: reading every two seconds does as well.
                Err(trouble) if live && matches!(trouble.kind, Kind::Refused | Kind::Denied | Kind::Server) => live = false,
                Err(trouble) if matches!(trouble.kind, Kind::Refused | Kind::Denied) => return Err(trouble.into()),
                Err(_) => {}
            }
            self.tell(false);
            self.clock.sleep(AGAIN).await;
        }
    }

    async fn live(&mut self) -> Result<(), Trouble> {
        let Some(arn) = self.arn().await? else { return Ok(()) };
        let mut answer = self
            .cloud
            .call("logs:StartLiveTail", &self.group, || self.cloud.logs.start_live_tail().log_group_identifiers(&arn).send())
            .await?;
        let mut filled = false;
        let mut equal = Equal::default();
        let mut in_flood = 0;
        loop {
            let told = {
                let next = std::pin::pin!(answer.response_stream.recv());
                match select(next, self.clock.sleep(SILENT)).await {
                    Either::Left((told, _)) => told,
                    Either::Right(((), _)) => return Ok(()),
                }
            };
            // A session that ended, after three hours or for any other reason, is followed by another one.
            let Ok(Some(told)) = told else { return Ok(()) };
            if !filled {
                // From here on the session tells; what came before it is read now.
                self.fill(LATE).await?;
                filled = true;
            }
            if let StartLiveTailResponseStream::SessionUpdate(update) = told {
                self.give(update.session_results().iter().map(of_session).collect(), &mut equal);
                self.sampled = update.session_metadata().is_some_and(LiveTailSessionMetadata::sampled);
                // A sampled second is read in full: nothing is lost, it only comes later. Late lines are looked for when the flood
                // is over, and now and then while it lasts.
                if self.sampled && in_flood < SHALLOW {
                    in_flood += 1;
                    self.fill(RECENT).await?;
                } else if in_flood > 0 {
                    in_flood = 0;
                    self.fill(LATE).await?;
                }
            }
            self.tell(true);
        }
    }

    async fn poll(&mut self) -> Result<(), Trouble> {
        for nth in 0..POLLS {
            self.fill(if nth % SHALLOW == 0 { LATE } else { RECENT }).await?;
            self.sampled = false;
            self.tell(true);
            self.clock.sleep(POLL).await;
        }
        Ok(())
    }

    /// Reads everything since the newest line, and so far back that late events are found; page by page, each given out at once.
    async fn fill(&mut self, back: Duration) -> Result<(), Trouble> {
        let from = (self.newest - back).max(self.known.forgotten()).max(self.since);
        let mut token: Option<String> = None;
        let mut equal = Equal::default();
        for _ in 0..PAGES {
            let page = self
                .cloud
                .call("logs:FilterLogEvents", &self.group, || {
                    self.cloud.logs.filter_log_events().log_group_name(&self.group).start_time(from.0).set_next_token(token.clone()).send()
                })
                .await?;
            self.give(page.events().iter().map(of_filter).collect(), &mut equal);
            token = page.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(());
            }
        }
        self.dropped += 1;
        self.gap(&format!("too many lines since {}: some are not shown here", from.clock()));
        Ok(())
    }

    /// Gives out what is new.
    fn give(&mut self, events: Vec<Event>, equal: &mut Equal) {
        let now = self.clock.now();
        let mut lines = Vec::new();
        for event in events {
            let mark = equal.mark(&self.group, &event);
            if !self.known.is_new(mark, event.at) {
                continue;
            }
            // A clock that is wrong somewhere must not make us read past what is yet to come.
            self.newest = self.newest.max(event.at.min(now));
            self.lag = now.since(event.ingested.max(event.at));
            lines.push(Line {
                at: event.at,
                id: mark.id(),
                kind: SourceKind::Logs,
                source: Safe::new(&self.group),
                part: Safe::new(&event.stream),
                stack: self.stack.clone(),
                no: None,
                severity: severity(&event.message),
                text: Safe::new(event.message.trim_end()),
            });
        }
        if !lines.is_empty() {
            lines.sort_by(|a, b| a.key().cmp(&b.key()));
            self.out.lines(lines);
        }
    }

    fn gap(&self, text: &str) {
        let at = self.clock.now();
        self.out.lines(vec![Line {
            at,
            id: format!("gap/{}/{}", self.group, at.0),
            kind: SourceKind::Logs,
            source: Safe::new(&self.group),
            part: Safe::default(),
            stack: self.stack.clone(),
            no: None,
            severity: Severity::Gap,
            text: Safe::new(text),
        }]);
    }

    fn tell(&self, live: bool) {
        let lag_ms = u64::try_from(self.lag.as_millis()).unwrap_or(u64::MAX);
        self.out.told(Seen::Tail { live, dropped: self.dropped, sampled: self.sampled, lag_ms });
    }

    /// The ARN of the group; `None` while it does not exist.
    async fn arn(&self) -> Result<Option<String>, Trouble> {
        let answer = self
            .cloud
            .call("logs:DescribeLogGroups", &self.group, || self.cloud.logs.describe_log_groups().log_group_name_prefix(&self.group).send())
            .await?;
        Ok(answer
            .log_groups()
            .iter()
            .find(|group| group.log_group_name() == Some(self.group.as_str()))
            .and_then(|group| group.log_group_arn().or(group.arn()))
            .map(|arn| arn.trim_end_matches(":*").to_owned()))
    }
}

fn of_session(event: &LiveTailSessionLogEvent) -> Event {
    Event {
        at: Time(event.timestamp().unwrap_or_default()),
        ingested: Time(event.ingestion_time().unwrap_or_default()),
        stream: event.log_stream_name().unwrap_or_default().to_owned(),
        message: event.message().unwrap_or_default().to_owned(),
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

fn is_missing(trouble: &Trouble) -> bool {
    trouble.is("ResourceNotFoundException")
}
