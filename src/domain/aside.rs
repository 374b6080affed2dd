//! Messages of queues that lead to nothing: kept with the reason, the newest of them, for a person.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::queue::QueueKind;
use super::time::Time;
use crate::text::safe::Safe;

/// How many are kept.
const KEPT: usize = 200;

/// Why a message leads to nothing, as a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AsideKind {
    /// It cannot be read.
    Unreadable,
    /// What it asks for was tried, and could not be asked for.
    GivenUp,
    /// What it asks for was refused.
    Refused,
}

impl AsideKind {
    /// Its word, for people and scripts.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::GivenUp => "given_up",
            Self::Refused => "refused",
        }
    }
}

/// A message that was set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAside {
    /// The queue, as people know it.
    pub queue: String,
    /// What the queue is for; of messages that older versions set aside nothing says that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<QueueKind>,
    /// The kind of the reason; as with `of`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<AsideKind>,
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

impl SetAside {
    /// What a person does about it.
    #[must_use]
    pub fn then(&self) -> &'static str {
        match (self.kind, self.of) {
            (Some(AsideKind::Unreadable), Some(QueueKind::Builds)) => {
                "let the rule send events of builds as they are (docs/operating.md, Queues); no build is missed by it, each is looked at anyway"
            }
            (Some(AsideKind::GivenUp), Some(QueueKind::Builds)) => {
                "nothing, where that build is no business of this estate: narrow the rule to its projects; else name the project under `watch`"
            }
            (Some(AsideKind::Unreadable), _) => {
                "mend what its sender writes (docs/operating.md, Queues), and have it sent again: nothing was asked for"
            }
            (Some(AsideKind::Refused), _) => {
                "nothing was begun; do what the reason says, and ask again: with another message, or from here"
            }
            (Some(AsideKind::GivenUp) | None, _) => {
                "put right what the reason names, and have it sent again: nothing was asked for"
            }
        }
    }

    /// How often it was received, as words.
    #[must_use]
    pub fn tries(&self) -> String {
        match self.received {
            1 => "received once".to_owned(),
            times => format!("received {times} times"),
        }
    }
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
    /// Adds one. A message that is there already, because it could not be deleted then, is there
    /// once.
    pub fn put(&mut self, one: SetAside) {
        if self.messages.iter().any(|known| known.id == one.id) {
            return;
        }
        self.messages.push(one);
        self.total += 1;
        let old = self.messages.len().saturating_sub(KEPT);
        self.messages.drain(..old);
    }

    /// Those that were set aside after a time, the newest first.
    pub fn after(&self, time: Time) -> impl Iterator<Item = &SetAside> {
        self.messages.iter().rev().filter(move |one| one.at > time)
    }
}

/// What was set aside, as far as it could be read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AsideRead {
    /// What was read last.
    pub kept: Arc<Aside>,
    /// Why that may be old, and what to do.
    pub trouble: Option<Safe>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(id: &str, at: i64) -> SetAside {
        SetAside {
            queue: "hp-setup (setup of dev)".to_owned(),
            of: Some(QueueKind::Setup),
            kind: Some(AsideKind::Unreadable),
            id: id.to_owned(),
            why: Safe::new("it is no JSON"),
            body: Safe::new("x"),
            received: 1,
            at: Time(at),
        }
    }

    #[test]
    fn each_is_there_once_and_the_newest_are_kept() {
        let mut aside = Aside::default();
        for n in 0..250 {
            aside.put(one(&n.to_string(), n));
            aside.put(one(&n.to_string(), n + 1));
        }
        assert_eq!((aside.messages.len(), aside.total), (200, 250));
        assert_eq!(aside.messages[0].id, "50");
        let new: Vec<&str> = aside.after(Time(247)).map(|one| one.id.as_str()).collect();
        assert_eq!(new, ["249", "248"]);
    }

    #[test]
    fn what_an_older_version_set_aside_is_read() {
        let old = r#"{"messages":[{"queue":"q","id":"1","why":"w","body":"b","received":5,"at":7}],"total":9}"#;
        let read: Aside = serde_json::from_str(old).unwrap();
        let told = &read.messages[0];
        assert_eq!((told.of, told.kind, read.total), (None, None, 9));
        assert!(told.then().contains("put right what the reason names"));
    }
}
