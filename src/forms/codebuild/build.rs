//! A build, as far as it came.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{COMPLETED, IN_PROGRESS, SUCCEEDED};
use crate::domain::deployment::PhaseRun;
use crate::domain::time::Time;
use crate::text::safe::Safe;

/// A build.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Build {
    /// Its id: its project, a colon, and the name of its stream.
    pub id: String,
    /// Which of its project, from 1; none where that is not told.
    pub number: Option<u64>,
    /// When it was asked for.
    pub started: Option<Time>,
    /// `IN_PROGRESS`, or how it ended.
    pub status: String,
    /// Its phases as far as it came, in their order, each once.
    pub phases: Vec<Phase>,
    /// Where its lines are; none before the first of them, and where none are kept.
    pub log: Option<Log>,
    /// Where its lines are kept once it is over; none where they are not.
    pub kept: Option<Object>,
    /// Where a person sees its lines in a browser.
    pub link: Option<String>,
    /// Its variables of which the value is told.
    pub variables: BTreeMap<String, String>,
}

/// A phase.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Phase {
    /// Its name.
    pub name: String,
    /// Its place among all phases.
    pub place: usize,
    /// How it ended; none while it goes on.
    pub status: Option<String>,
    /// When it began.
    pub begun: Option<Time>,
    /// When it ended.
    pub ended: Option<Time>,
    /// How long it took; none while it goes on.
    pub took: Option<Duration>,
    /// Why, where it did not end well: a code and a message.
    pub why: Vec<(String, String)>,
}

/// A place in S3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub key: String,
}

/// Where lines are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Log {
    /// The log group.
    pub group: String,
    /// The stream in it.
    pub stream: String,
}

impl Build {
    /// True once it has ended, however.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.status != IN_PROGRESS
    }

    /// Its phases as they are noted with the step that runs it. The last one has no end of its own:
    /// it is that of the build.
    #[must_use]
    pub fn runs(&self) -> Vec<PhaseRun> {
        let run = |phase: &Phase| {
            let last = (phase.place == COMPLETED && self.is_over()).then_some(&self.status);
            let status = phase.status.as_ref().or(last);
            let took = phase.took.or_else(|| last.map(|_| Duration::ZERO));
            PhaseRun {
                name: Safe::new(&phase.name),
                status: status.map(|status| Safe::new(status)),
                is_bad: status.is_some_and(|status| status != SUCCEEDED),
                begun_at: phase.begun,
                took_ms: took.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
            }
        };
        self.phases.iter().map(run).collect()
    }

    /// The first phase that did not end well.
    #[must_use]
    pub fn bad(&self) -> Option<&Phase> {
        self.phases.iter().find(|phase| phase.is_bad())
    }
}

impl Phase {
    /// True once it has ended, and not well.
    #[must_use]
    pub fn is_bad(&self) -> bool {
        self.status
            .as_ref()
            .is_some_and(|status| status != SUCCEEDED)
    }

    /// Why it did not end well, as CodeBuild says it.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.why
            .first()
            .map(|(code, message)| match message.as_str() {
                "" => code.as_str(),
                message => message,
            })
    }
}
