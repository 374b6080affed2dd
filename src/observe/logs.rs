//! A log group, followed live: StartLiveTail while it lasts, gaps filled by FilterLogEvents, and honest about what is missing.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_cloudwatchlogs::types::StartLiveTailResponseStream;

use crate::aws::{Cloud, Kind, Trouble};
use crate::domain::digest::Digest;
use crate::domain::failure::Failure;
use crate::domain::ids::StackId;
use crate::domain::line::{Line, Severity, SourceKind};
use crate::domain::safe::Safe;
use crate::domain::sighting::Seen;
use crate::domain::time::Time;
use crate::os::clock::SharedClock;

/// How far a fill reaches back behind the newest line: events come late and out of order.
const OVERLAP: Duration = Duration::from_secs(15);
/// How often a group is read where it cannot be followed live.
const POLL: Duration = Duration::from_secs(2);
/// How long is waited for a group that does not exist yet, or after a cut.
const AGAIN: Duration = Duration::from_secs(3);
/// The most pages of one fill; what lies beyond is said to be missing.
const PAGES: usize = 40;
/// How many lines are remembered to tell new ones.
const KNOWN: usize = 20_000;

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
    newest: Time,
    known: Known,
    dropped: u64,
    sampled: bool,
}

/// One event as either call tells it.
struct Event {
    at: Time,
    ingested: Time,
    stream: String,
    message: String,
}

impl Tail {
    /// A tail of the group from `since` on.
    #[must_use]
    pub fn new(cloud: Arc<Cloud>, clock: SharedClock, stack: StackId, group: String, since: Time, out: Arc<dyn Out>) -> Self {
        Self { cloud, clock, stack, group, out, newest: since, known: Known::default(), dropped: 0, sampled: false }
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
                Ok(()) => {}
                // Emulators and some partitions have no live tail: reading every two seconds does as well.
                Err(trouble) if live && matches!(trouble.kind, Kind::Refused | Kind::Denied | Kind::Server) && !missing(&trouble) => {
                    live = false
                }
                Err(trouble) if matches!(trouble.kind, Kind::Refused | Kind::Denied) && !missing(&trouble) => return Err(trouble.into()),
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
        loop {
            let next = answer.response_stream.recv().await;
            match next {
                Ok(Some(StartLiveTailResponseStream::SessionStart(_))) => {
                    // From here on the session tells; what came before it is read now.
                    self.fill().await?;
                    filled = true;
                    self.tell(true);
                }
                Ok(Some(StartLiveTailResponseStream::SessionUpdate(update))) => {
                    if !filled {
                        self.fill().await?;
                        filled = true;
                    }
                    let sampled = update.session_metadata().is_some_and(|about| about.sampled());
                    let events: Vec<Event> = update
                        .session_results()
                        .iter()
                        .map(|event| Event {
                            at: Time(event.timestamp().unwrap_or_default()),
                            ingested: Time(event.ingestion_time().unwrap_or_default()),
                            stream: event.log_stream_name().unwrap_or_default().to_owned(),
                            message: event.message().unwrap_or_default().to_owned(),
                        })
                        .collect();
                    let mut nth = BTreeMap::new();
                    self.give(events, &mut nth);
                    if sampled {
                        // A sampled second is read in full: nothing is lost, it only comes later.
                        self.fill().await?;
                    }
                    self.sampled = sampled;
                    self.tell(true);
                }
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => return Ok(()),
            }
        }
    }

    async fn poll(&mut self) -> Result<(), Trouble> {
        loop {
            self.fill().await?;
            self.tell(true);
            self.clock.sleep(POLL).await;
        }
    }

    /// Reads everything since the newest line, with an overlap.
    async fn fill(&mut self) -> Result<(), Trouble> {
        let from = self.newest - OVERLAP;
        let mut token: Option<String> = None;
        let mut nth = BTreeMap::new();
        for _ in 0..PAGES {
            let page = self
                .cloud
                .call("logs:FilterLogEvents", &self.group, || {
                    self.cloud.logs.filter_log_events().log_group_name(&self.group).start_time(from.0).set_next_token(token.clone()).send()
                })
                .await?;
            let events = page
                .events()
                .iter()
                .map(|event| Event {
                    at: Time(event.timestamp().unwrap_or_default()),
                    ingested: Time(event.ingestion_time().unwrap_or_default()),
                    stream: event.log_stream_name().unwrap_or_default().to_owned(),
                    message: event.message().unwrap_or_default().to_owned(),
                })
                .collect();
            self.give(events, &mut nth);
            token = page.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(());
            }
        }
        self.dropped += 1;
        let text = format!("more lines than {PAGES} pages since {}: some are not shown here", from.clock());
        self.out.lines(vec![self.gap(&text)]);
        Ok(())
    }

    /// Gives out what is new. Neither call tells the other's ids, so a line is known by where, when and what, and by how many
    /// equal ones came before it in the same answer.
    fn give(&mut self, events: Vec<Event>, nth: &mut BTreeMap<String, u32>) {
        let mut lines = Vec::new();
        for event in events {
            let key = Digest::of_bytes(
                format!("{}\0{}\0{}\0{}\0{}", self.group, event.stream, event.at.0, event.ingested.0, event.message).as_bytes(),
            )
            .to_string()[..24]
                .to_owned();
            let count = nth.entry(key.clone()).and_modify(|n| *n += 1).or_insert(0);
            let id = format!("{key}#{count}");
            if !self.known.is_new(&id) {
                continue;
            }
            self.newest = self.newest.max(event.at);
            lines.push(Line {
                at: event.at,
                id,
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

    fn gap(&self, text: &str) -> Line {
        let at = self.clock.now();
        Line {
            at,
            id: format!("gap/{}/{}", self.group, at.0),
            kind: SourceKind::Logs,
            source: Safe::new(&self.group),
            part: Safe::default(),
            stack: self.stack.clone(),
            no: None,
            severity: Severity::Gap,
            text: Safe::new(text),
        }
    }

    fn tell(&self, live: bool) {
        let lag_ms = u64::try_from(self.clock.now().since(self.newest).as_millis()).unwrap_or(0);
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

fn missing(trouble: &Trouble) -> bool {
    trouble.is("ResourceNotFoundException")
}

/// Ids of the newest lines.
#[derive(Debug, Default)]
struct Known {
    ids: HashSet<String>,
    order: VecDeque<String>,
}

impl Known {
    fn is_new(&mut self, id: &str) -> bool {
        if !self.ids.insert(id.to_owned()) {
            return false;
        }
        self.order.push_back(id.to_owned());
        if self.order.len() > KNOWN
            && let Some(old) = self.order.pop_front()
        {
            self.ids.remove(&old);
        }
        true
    }
}

/// How serious a line says it is: by the level field of JSON and logfmt, or a level word near its beginning.
#[must_use]
pub fn severity(text: &str) -> Severity {
    let head: String = text.chars().take(200).collect::<String>().to_ascii_lowercase();
    let field = ["\"level\":", "\"lvl\":", "\"severity\":", "level=", "lvl=", "severity="]
        .iter()
        .find_map(|name| head.split_once(name).map(|(_, after)| after.trim_start_matches([' ', '"']).to_owned()));
    if let Some(value) = field {
        return word(&value).unwrap_or(Severity::Info);
    }
    let words = head.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).take(12);
    words.filter_map(word_exact).next().unwrap_or(Severity::Info)
}

fn word(text: &str) -> Option<Severity> {
    word_exact(text.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default())
}

fn word_exact(word: &str) -> Option<Severity> {
    match word {
        "error" | "err" | "fatal" | "critical" | "panic" | "severe" => Some(Severity::Error),
        "warn" | "warning" => Some(Severity::Warn),
        "info" | "notice" => Some(Severity::Info),
        "debug" | "trace" => Some(Severity::Debug),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_serious_it_is() {
        for (text, expected) in [
            (r#"{"level":"error","msg":"x"}"#, Severity::Error),
            (r#"{"msg":"an error in the text","lvl":"warn"}"#, Severity::Warn),
            ("2026-11-21T10:00:00Z ERROR could not extend file", Severity::Error),
            ("ts=1 level=debug msg=error", Severity::Debug),
            ("GET /errors/7 200", Severity::Info),
            ("WARN retry 1/5", Severity::Warn),
            ("", Severity::Info),
        ] {
            assert_eq!(severity(text), expected, "{text}");
        }
    }

    #[test]
    fn known_lines_are_told_once_and_forgotten_in_time() {
        let mut known = Known::default();
        assert!(known.is_new("a"));
        assert!(!known.is_new("a"));
        for n in 0..KNOWN {
            assert!(known.is_new(&n.to_string()));
        }
        assert!(known.is_new("a"), "forgotten after {KNOWN} others");
    }
}
