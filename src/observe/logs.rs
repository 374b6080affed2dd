//! A log group, followed live: `StartLiveTail` while it lasts, gaps filled by `FilterLogEvents`,
//! and honest about what is missing.

mod fill;
mod live;
mod streams;

pub use streams::Streams;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::given::{Equal, Event, GivenEvents};
use crate::aws::{Cloud, TroubleKind};
use crate::domain::failure::Failure;
use crate::domain::ids::StackId;
use crate::domain::line::{Line, Severity, SourceKind, Turn, guess, of_stream};
use crate::domain::sighting::{Seen, Sighting};
use crate::domain::time::Time;
use crate::os::clock::SharedClock;
use crate::text::safe::Safe;
use crate::text::secret::Within;

/// How far a fill after a cut reaches back behind the newest line: events come late and out of
/// order.
pub const LATE: Duration = Duration::from_secs(150);
/// How many fills in a row reach only the recent ones, until one looks for late events too.
const SHALLOW: u32 = 30;
/// How long is waited for a group that does not exist yet, or after a cut.
const AGAIN: Duration = Duration::from_secs(3);

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
    /// The streams whose last event was a line of a private key.
    keys: BTreeMap<String, Within>,
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
            keys: BTreeMap::new(),
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
                matches!(&ended, Err(trouble) if matches!(trouble.kind, TroubleKind::Garbled | TroubleKind::Endless)),
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
                                TroubleKind::Refused | TroubleKind::Denied | TroubleKind::Server
                            )) =>
                {
                    live = false;
                    continue;
                }
                Err(trouble)
                    if matches!(trouble.kind, TroubleKind::Refused | TroubleKind::Denied) =>
                {
                    return Err(trouble.into());
                }
                Err(trouble) => self.cut(&Failure::from(trouble).summary),
            }
            self.clock.sleep(AGAIN).await;
        }
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
                phase: None,
                at: event.at,
                id: mark.id().into(),
                kind: SourceKind::Logs,
                source: Safe::new(&self.group),
                part: Safe::new(&of_stream(&event.stream).unwrap_or(event.stream.clone())),
                stack: self.stack.clone(),
                no: None,
                severity: guess(&event.message),
                text: self.masked(&event),
            });
        }
        if !lines.is_empty() {
            self.out.lines(lines);
        }
    }

    /// What an event says, without what tells that it is a secret; a key may go over several.
    fn masked(&mut self, event: &Event) -> Safe {
        let mut within = self.keys.remove(&event.stream).unwrap_or_default();
        let text = Safe::from_bytes(&within.next_masked(event.message.trim_end().as_bytes()));
        if within.is_open() {
            self.keys.insert(event.stream.clone(), within);
        }
        text
    }

    /// Everything up to then was given.
    fn reached(&mut self, time: Time) {
        self.through = time.min(self.clock.now());
    }

    /// Says at a time that lines are missing; a gap is known by when it began.
    fn gap(&self, at: Time, begun: Time, text: &str) {
        self.out.lines(vec![Line {
            turn: Turn::default(),
            phase: None,
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
            place: None,
            stale: why.map(Safe::new),
        });
    }
}
