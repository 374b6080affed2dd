//! The lines of the tasks that began with a deployment: each container's own stream, read from its
//! first line on. Lines are counted, so that one that was given before is known by its number,
//! whoever reads the stream again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::Out;
use crate::aws::stream::Lines;
use crate::aws::{Cloud, TroubleKind};
use crate::domain::ids::StackId;
use crate::domain::line::{Id, Line, Severity, SourceKind, Turn, guess};
use crate::domain::time::Time;
use crate::observe::Stream;
use crate::os::clock::SharedClock;
use crate::text::safe::Safe;
use crate::text::secret::Within;

/// How often streams are read,
const READ: Duration = Duration::from_secs(2);
/// and on this machine.
const HERE: Duration = Duration::from_millis(500);
/// How often the stream of a task that has stopped is read without anything new, until no more is
/// waited for.
const QUIET: u32 = 5;

/// Follows the streams of one stack's tasks.
pub struct Streams {
    cloud: Arc<Cloud>,
    clock: SharedClock,
    stack: StackId,
    wanted: watch::Receiver<Vec<Stream>>,
    out: Arc<dyn Out>,
    open: BTreeMap<(String, String), Open>,
    /// Groups that may not be read.
    denied: BTreeSet<String>,
}

/// A stream that is read.
#[derive(Default)]
struct Open {
    lines: Lines,
    /// The number of the line that was given last.
    nth: u64,
    /// How often there was nothing new.
    quiet: u32,
    within: Within,
}

impl Streams {
    /// Those that are wanted, as that changes.
    #[must_use]
    pub fn new(
        cloud: Arc<Cloud>,
        clock: SharedClock,
        stack: StackId,
        wanted: watch::Receiver<Vec<Stream>>,
        out: Arc<dyn Out>,
    ) -> Self {
        Self {
            cloud,
            clock,
            stack,
            wanted,
            out,
            open: BTreeMap::new(),
            denied: BTreeSet::new(),
        }
    }

    /// Follows until it is dropped. A stream that is not there yet, and no contact, are waited for.
    pub async fn follow(mut self) {
        loop {
            let wanted = self.wanted.borrow_and_update().clone();
            if wanted.is_empty() {
                self.open.clear();
                if self.wanted.changed().await.is_err() {
                    return;
                }
                continue;
            }
            for stream in &wanted {
                self.read(stream).await;
            }
            let pause = if self.cloud.is_local() { HERE } else { READ };
            self.clock.sleep(pause).await;
        }
    }

    /// Gives what is new in a stream.
    async fn read(&mut self, stream: &Stream) {
        if self.denied.contains(&stream.group) {
            return;
        }
        let key = (stream.group.clone(), stream.stream.clone());
        let mut open = self.open.remove(&key).unwrap_or_default();
        if !stream.is_over || open.quiet < QUIET {
            let read = open.lines.read(&self.cloud, &stream.group, &stream.stream);
            match read.await {
                Ok(page) => {
                    let is_new = !page.messages.is_empty();
                    open.quiet = if is_new || !page.is_end {
                        0
                    } else {
                        open.quiet + 1
                    };
                    let messages = page.messages.into_iter();
                    let lines: Vec<Line> = messages
                        .map(|(at, message)| {
                            open.nth += 1;
                            let text = open.within.next_masked(message.trim_end().as_bytes());
                            let text = Safe::from_bytes(&text);
                            self.line(stream, Id::Nth(open.nth), at, guess(&message), text)
                        })
                        .collect();
                    if !lines.is_empty() {
                        self.out.lines(lines);
                    }
                }
                Err(trouble)
                    if matches!(trouble.kind, TroubleKind::Denied | TroubleKind::Refused) =>
                {
                    let (group, why) = (&stream.group, &trouble.failure.summary);
                    let text = format!("the lines of {group} are missing here: {why}");
                    let (id, now) = (format!("gap/{group}"), self.clock.now());
                    let text = Safe::new(&text);
                    let line = self.line(stream, id.into(), now, Severity::Gap, text);
                    self.out.lines(vec![line]);
                    self.denied.insert(stream.group.clone());
                }
                // It is read on when that has passed.
                Err(_) => {}
            }
        }
        self.open.insert(key, open);
    }

    fn line(&self, of: &Stream, id: Id, at: Time, severity: Severity, text: Safe) -> Line {
        Line {
            turn: Turn::default(),
            phase: None,
            at,
            id,
            kind: SourceKind::Logs,
            source: Safe::new(&of.group),
            part: Safe::new(&of.part),
            stack: self.stack.clone(),
            no: Some(of.no),
            severity,
            text,
        }
    }
}
