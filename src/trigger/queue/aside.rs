//! Messages that lead to nothing: kept with the reason, the newest of them, for a person.

use serde::{Deserialize, Serialize};

use super::{Letter, Source};
use crate::domain::time::Time;
use crate::text::safe::Safe;

/// How many are kept.
const KEPT: usize = 200;
/// How much of a body is kept, in characters.
const BODY: usize = 2_000;

/// A message that was set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAside {
    /// The queue, as people know it.
    pub queue: String,
    /// The id of the message.
    pub id: String,
    /// Why.
    pub why: Safe,
    /// What it said, without what may be a secret, and cut where it is long.
    pub body: Safe,
    /// How often it was received.
    pub received: u32,
    /// When it was set aside.
    pub at: Time,
}

/// All of them, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Aside {
    /// Those that are kept.
    pub messages: Vec<SetAside>,
    /// How many there were ever.
    pub total: u64,
}

impl Aside {
    /// Sets a message aside. One that is there already, because it could not be deleted then, is
    /// there once.
    pub(super) fn put(&mut self, from: &Source, letter: &Letter, why: &str, now: Time) {
        if self.messages.iter().any(|one| one.id == letter.id) {
            return;
        }
        let few: String = letter.body.chars().take(BODY).collect();
        self.messages.push(SetAside {
            queue: format!("{} ({} of {})", from.name, from.kind, from.env),
            id: Safe::new(&letter.id).to_string(),
            why: Safe::told(why),
            body: Safe::told(&few),
            received: letter.received,
            at: now,
        });
        self.total += 1;
        let old = self.messages.len().saturating_sub(KEPT);
        self.messages.drain(..old);
    }
}
