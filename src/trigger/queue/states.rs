//! How reading of each queue goes: named states, kept for who looks from elsewhere.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use super::Source;
use crate::domain::time::Time;
use crate::os::mutex::locked;

/// How reading of a queue goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueState {
    /// It was not read yet.
    Opening,
    /// It is read.
    Listening,
    /// Its service asks for fewer calls.
    Throttled,
    /// There are no credentials, or they have ended.
    Credentials,
    /// The credentials may not read it.
    Denied,
    /// There is no queue of that name.
    Missing,
    /// Its place is another one than is recorded.
    OtherPlace,
    /// It cannot be reached, or its answers cannot be read.
    Unreachable,
    /// What was received cannot be kept.
    NoRoom,
}

impl QueueState {
    /// Its name.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Listening => "listening",
            Self::Throttled => "throttled",
            Self::Credentials => "credentials",
            Self::Denied => "denied",
            Self::Missing => "missing",
            Self::OtherPlace => "other_place",
            Self::Unreachable => "unreachable",
            Self::NoRoom => "no_room",
        }
    }

    /// Whether a person should know.
    #[must_use]
    pub fn is_trouble(self) -> bool {
        !matches!(self, Self::Opening | Self::Listening)
    }
}

/// How reading of one queue goes, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptState {
    /// Of which environment.
    pub env: String,
    /// What it is for.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// How it goes.
    pub state: QueueState,
    /// Since when.
    pub since: Time,
    /// When it was told last.
    pub told_at: Time,
    /// What to do; empty where nothing is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub says: String,
}

impl KeptState {
    /// As a sentence.
    #[must_use]
    pub fn told(&self) -> String {
        let Self {
            env,
            kind,
            name,
            state,
            since,
            says,
            ..
        } = self;
        let word = state.word().replace('_', " ");
        let says = if says.is_empty() {
            String::new()
        } else {
            format!(": {says}")
        };
        format!("queue {name} ({kind} of {env}): {word} since {since}{says}")
    }
}

/// How reading of all queues goes.
#[derive(Debug, Default)]
pub struct States {
    rows: Mutex<BTreeMap<(String, &'static str), KeptState>>,
    counts: Mutex<BTreeMap<(String, &'static str, &'static str), u64>>,
}

impl States {
    /// How each queue is read.
    #[must_use]
    pub fn rows(&self) -> Vec<KeptState> {
        locked(&self.rows).values().cloned().collect()
    }

    /// How many messages each queue gave: environment, what it is for, what became of them.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<(String, &'static str, &'static str), u64> {
        locked(&self.counts).clone()
    }

    /// Counts a message.
    pub(super) fn count(&self, source: &Source, outcome: &'static str) {
        let key = (source.env.to_string(), source.kind.word(), outcome);
        *locked(&self.counts).entry(key).or_default() += 1;
    }

    /// Says how reading of a queue goes; true where that is another state than before.
    pub(super) fn set(&self, source: &Source, state: QueueState, says: &str, now: Time) -> bool {
        let mut rows = locked(&self.rows);
        let key = (source.env.to_string(), source.kind.word());
        let before = rows.get(&key).filter(|row| row.name == source.name);
        let is_new = before.is_none_or(|row| row.state != state);
        let since = before
            .filter(|_| !is_new)
            .map_or(now, |before| before.since);
        rows.insert(
            key,
            KeptState {
                env: source.env.to_string(),
                kind: source.kind.word().to_owned(),
                name: source.name.clone(),
                state,
                since,
                told_at: now,
                says: says.to_owned(),
            },
        );
        is_new
    }

    /// Forgets the queues that are read no longer.
    pub(super) fn only(&self, sources: &[Source]) {
        locked(&self.rows).retain(|(env, kind), _| {
            sources
                .iter()
                .any(|source| source.env.as_str() == env && source.kind.word() == *kind)
        });
    }
}
