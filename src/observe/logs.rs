//! A log group, followed live: `StartLiveTail` while it lasts, gaps filled by `FilterLogEvents`,
//! and honest about what is missing.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_cloudwatchlogs::types::{
    FilteredLogEvent, LiveTailSessionLogEvent, LiveTailSessionMetadata, StartLiveTailResponseStream,
};
use futures_util::future::{Either, select};

use super::arrivals::Arrivals;
use super::given::{Equal, Event, GivenEvents};
use super::severity::severity;
use crate::aws::{Cloud, Kind, Trouble};
use crate::domain::failure::Failure;
use crate::domain::ids::StackId;
use crate::domain::line::{Line, Severity, SourceKind, Turn};
use crate::domain::safe::Safe;
use crate::domain::sighting::{Seen, Sighting};
use crate::domain::time::Time;
use crate::os::clock::SharedClock;

/// How far a fill after a cut reaches back behind the newest line: events come late and out of
/// order.
pub const LATE: Duration = Duration::from_secs(150);
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
    /// How the tail is doing: a [`Seen::Tail`], with the reason where lines do not come.
    fn told(&self, state: Sighting);
}

/// Where a tail begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begin {
    /// Nothing before this is read.
    pub since: Time,
    /// Everything up to here was given before, or is not wanted.
    pub through: Time,
    /// The lines from then on that are kept already, by id and time, the oldest first: they are not
    /// given again.
    pub given: Vec<(String, Time)>,
    /// How far it was followed before, where that is longer ago: what came between is missing, and
    /// is said to be.
    pub missing: Option<Time>,
}

impl Begin {
    /// The beginning of a tail of a group that nobody followed before.
    #[must_use]
    pub fn fresh(since: Time) -> Self {
        Self {
            since,
            through: since,
            given: Vec::new(),
            missing: None,
        }
    }
}

/// How following ended without trouble.
enum Ended {
    /// There is no such group.
    Missing,
    /// The session is over: why.
    Cut(&'static str),
    /// It was read long enough: time to try whether it can be followed live.
    Polled,
}

/// Follows one log group of a stack.
pub struct Tail {
    cloud: Arc<Cloud>,
    clock: SharedClock,
    stack: StackId,
    group: String,
    out: Arc<dyn Out>,
    since: Time,
    missing: Option<Time>,
    newest: Time,
    /// Everything up to here was given.
    through: Time,
    known: GivenEvents,
    dropped: u64,
    sampled: bool,
}

impl Tail {
    /// A tail of the group.
    #[must_use]
    pub fn new(
        cloud: Arc<Cloud>,
        clock: SharedClock,
        stack: StackId,
        group: String,
        begin: Begin,
        out: Arc<dyn Out>,
    ) -> Self {
        let Begin {
            since,
            through,
            given,
            missing,
        } = begin;
        let mut known = GivenEvents::default();
        for (id, at) in &given {
            known.was_given(id, *at);
        }
        let newest = given.iter().map(|(_, at)| *at).fold(since, Time::max);
        Self {
            cloud,
            clock,
            stack,
            group,
            out,
            since,
            missing,
            newest,
            through,
            known,
            dropped: 0,
            sampled: false,
        }
    }

    /// Follows until it is dropped. No contact and a missing group are waited for; a refusal ends
    /// it.
    ///
    /// # Errors
    /// When AWS says no: why.
    pub async fn follow(mut self) -> Result<(), Failure> {
        if let Some(from) = self.missing {
            let text = format!(
                "nobody followed {} from {from} to {}: what came then is not here",
                self.group, self.since
            );
            self.gap(self.since, from, &text);
        }
        let (mut live, mut garbled) = (true, false);
        loop {
            let ended = if live {
                self.live().await
            } else {
                self.poll().await
            };
            // One that breaks off before its first word is garbled too: only what is so twice is
            // somebody who has no live tail.
            let twice = std::mem::replace(
                &mut garbled,
                matches!(&ended, Err(trouble) if trouble.kind == Kind::Garbled),
            ) && garbled;
            match ended {
                Ok(Ended::Polled) => {
                    live = true;
                    continue;
                }
                Ok(Ended::Missing) => self.waits(),
                Ok(Ended::Cut(why)) => self.cut(why),
                Err(trouble) if trouble.is("ResourceNotFoundException") => self.waits(),
                // Emulators and some partitions have no live tail: reading every two seconds does
                // as well.
                Err(trouble)
                    if live
                        && (twice
                            || matches!(
                                trouble.kind,
                                Kind::Refused | Kind::Denied | Kind::Server
                            )) =>
                {
                    live = false;
                    continue;
                }
                Err(trouble) if matches!(trouble.kind, Kind::Refused | Kind::Denied) => {
                    return Err(trouble.into());
                }
                Err(trouble) => self.cut(&Failure::from(trouble).summary),
            }
            self.clock.sleep(AGAIN).await;
        }
    }

    async fn live(&mut self) -> Result<Ended, Trouble> {
        let Some(arn) = self.arn().await? else {
            return Ok(Ended::Missing);
        };
        let mut answer = self
            .cloud
            .call("logs:StartLiveTail", &self.group, || {
                self.cloud
                    .logs
                    .start_live_tail()
                    .log_group_identifiers(&arn)
                    .send()
            })
            .await?;
        let mut filled = false;
        let mut equal = Equal::default();
        let mut heard: Vec<Event> = Vec::new();
        let mut in_flood = 0;
        loop {
            let told = {
                let next = std::pin::pin!(answer.response_stream.recv());
                match select(next, self.clock.sleep(SILENT)).await {
                    Either::Left((told, _)) => told,
                    Either::Right(((), _)) => return Ok(Ended::Cut("nothing was heard for 30 s")),
                }
            };
            // A session that ended, after three hours or for any other reason, is followed by
            // another one.
            let Ok(Some(told)) = told else {
                return Ok(Ended::Cut("the session ended"));
            };
            if !filled {
                // From here on the session tells; what came before it is read now.
                self.fill(LATE, None, false).await?;
                filled = true;
            }
            if let StartLiveTailResponseStream::SessionUpdate(update) = told {
                self.sampled = update
                    .session_metadata()
                    .is_some_and(LiveTailSessionMetadata::sampled);
                heard.extend(update.session_results().iter().map(of_session));
                // A sampled second is read in full, and what the session told of it waits for that:
                // nothing is lost and all is in order, it only comes later. Late lines are looked
                // for when the flood is over, and now and then while it lasts.
                if self.sampled && in_flood < SHALLOW {
                    in_flood += 1;
                    // What came since is told by the session in its turn, together with what came
                    // late beside it.
                    let upto = heard.iter().map(|event| event.ingested).max();
                    self.fill(RECENT, upto, false).await?;
                } else {
                    if std::mem::take(&mut in_flood) > 0 {
                        self.fill(LATE, None, false).await?;
                    }
                    let upto = heard.iter().map(|event| event.ingested.max(event.at)).max();
                    heard.sort_by_key(|event| event.ingested);
                    self.give(std::mem::take(&mut heard), &mut equal);
                    if !self.sampled {
                        self.reached(upto.unwrap_or_else(|| self.clock.now()));
                    }
                }
            }
            self.follows();
        }
    }

    async fn poll(&mut self) -> Result<Ended, Trouble> {
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
    async fn fill(
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

    /// Gives out what is new, in the order in which it came to the service.
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
            lines.push(Line {
                turn: Turn::default(),
                at: event.at,
                id: mark.id().into(),
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
            self.out.lines(lines);
        }
    }

    /// Everything up to then was given.
    fn reached(&mut self, time: Time) {
        self.through = time.min(self.clock.now());
    }

    /// Says at a time that lines are missing; a gap is known by when it began.
    fn gap(&self, at: Time, begun: Time, text: &str) {
        self.out.lines(vec![Line {
            turn: Turn::default(),
            at,
            id: format!("gap/{}/{}", self.group, begun.0).into(),
            kind: SourceKind::Logs,
            source: Safe::new(&self.group),
            part: Safe::default(),
            stack: self.stack.clone(),
            no: None,
            severity: Severity::Gap,
            text: Safe::new(text),
        }]);
    }

    fn follows(&self) {
        self.tell(true, None);
    }

    /// A group that is not there has no lines: nothing is late.
    fn waits(&mut self) {
        self.reached(self.clock.now());
        self.tell(
            true,
            Some(&format!("there is no log group {} yet", self.group)),
        );
    }

    fn cut(&self, why: &str) {
        self.tell(false, Some(why));
    }

    fn tell(&self, live: bool, why: Option<&str>) {
        let now = self.clock.now();
        let lag_ms = u64::try_from(now.since(self.through).as_millis()).unwrap_or(u64::MAX);
        let value = Seen::Tail {
            live,
            dropped: self.dropped,
            sampled: self.sampled,
            lag_ms,
        };
        self.out.told(Sighting {
            value,
            taken_at: now,
            stale: why.map(Safe::new),
        });
    }

    /// The ARN of the group; `None` while it does not exist.
    async fn arn(&self) -> Result<Option<String>, Trouble> {
        let answer = self
            .cloud
            .call("logs:DescribeLogGroups", &self.group, || {
                self.cloud
                    .logs
                    .describe_log_groups()
                    .log_group_name_prefix(&self.group)
                    .send()
            })
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
