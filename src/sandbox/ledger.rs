//! The ledger: every call with its token and what it changed. Tests of crashes count effects here.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::domain::time::Time;

const KEEPS: usize = 20_000;

/// The calls, oldest first; only the last 20 000 are kept.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Ledger {
    entries: VecDeque<Entry>,
    calls: u64,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Time,
    /// For which service.
    pub service: String,
    /// The action.
    pub action: String,
    /// The caller's account.
    pub account: String,
    /// The caller's ARN.
    pub who: String,
    /// What it was about, by the name that its service declares: a stack, a log group.
    pub subject: Option<String>,
    /// The client token, by the parameter that its service declares.
    pub token: Option<String>,
    /// What it changed; `None` when it changed nothing.
    pub effect: Option<String>,
    /// The error it was answered with.
    pub error: Option<String>,
    /// Set when a mishap met it.
    pub chaos: Option<String>,
    /// The id of the request.
    pub request_id: String,
}

impl Ledger {
    /// Adds a call.
    pub fn add(&mut self, entry: Entry) {
        if self.entries.len() >= KEEPS {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }

    /// The calls.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.iter()
    }

    /// The calls that changed something.
    pub fn effects(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries().filter(|entry| entry.effect.is_some())
    }

    /// The number of the next call.
    pub fn next_number(&mut self) -> u64 {
        self.calls += 1;
        self.calls
    }

    /// As JSON lines.
    #[must_use]
    pub fn lines(&self) -> String {
        self.entries()
            .filter_map(|entry| serde_json::to_string(entry).ok())
            .fold(String::new(), |mut text, line| {
                text.push_str(&line);
                text.push('\n');
                text
            })
    }
}
