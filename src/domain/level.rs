//! How dangerous an action is, and what a person must do before it happens.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::class::EnvClass;

/// How much a person must do before something happens. Configuration can raise a level, never lower
/// it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub enum Level {
    /// Only reads.
    L0,
    /// The key acts; five seconds to undo.
    L1,
    /// A card and the verb typed.
    L2,
    /// A card and the name of the environment typed.
    L3,
    /// Level 3 and a typed reason.
    L4,
}

impl From<Level> for u8 {
    fn from(level: Level) -> u8 {
        match level {
            Level::L0 => 0,
            Level::L1 => 1,
            Level::L2 => 2,
            Level::L3 => 3,
            Level::L4 => 4,
        }
    }
}

impl TryFrom<u8> for Level {
    type Error = String;
    fn try_from(number: u8) -> Result<Self, String> {
        [Level::L0, Level::L1, Level::L2, Level::L3, Level::L4]
            .get(usize::from(number))
            .copied()
            .ok_or_else(|| format!("{number} is not a level: 0 to 4"))
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        u8::from(*self).fmt(f)
    }
}

/// What makes a plan more or less dangerous; computed from the plan and its change rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts, of which a plan may have any"
)]
pub struct Danger {
    /// A resource is replaced or deleted, or it is not known whether one will be.
    pub replaces: bool,
    /// A resource is replaced by its next revision: what serves keeps the one that it has.
    pub revises: bool,
    /// A service is scaled to zero or stands still for a while.
    pub downtime: bool,
    /// Something is destroyed that holds data, or the whole stack goes.
    pub destroys: bool,
    /// What is changed is not known, or not of everything what is done to it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unknown: bool,
    /// A person chose a way that is less safe than the one that its evaluation chooses.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub less_safe: bool,
    /// Code comes that is older than a change of its database with which it may not work.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub outdated: bool,
}

impl Danger {
    /// Of what is known only to whoever carries it out.
    pub const UNKNOWN: Danger = Danger {
        replaces: false,
        revises: false,
        downtime: false,
        destroys: false,
        unknown: true,
        less_safe: false,
        outdated: false,
    };
}

/// What is to be done, as far as its level depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// A new deployment: deploy, redeploy, retry, roll back.
    Deploy,
    /// A return to an earlier release.
    Rollback,
    /// The failed steps again.
    Retry,
    /// The whole stack goes.
    Teardown,
    /// A running or waiting deployment ends.
    Cancel,
    /// A cancel that did not end is given up on.
    Abandon,
    /// A way out of a broken stack.
    Unblock,
    /// A queue stops.
    Freeze,
    /// A queue goes on.
    Thaw,
    /// An environment's record changes.
    Apply,
}

impl Verb {
    /// The word that is typed at level 2.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Verb::Deploy => "deploy",
            Verb::Rollback => "rollback",
            Verb::Retry => "retry",
            Verb::Teardown => "teardown",
            Verb::Cancel => "cancel",
            Verb::Abandon => "abandon",
            Verb::Unblock => "unblock",
            Verb::Freeze => "freeze",
            Verb::Thaw => "thaw",
            Verb::Apply => "apply",
        }
    }
}

/// The level of an action, with the reason that the card shows.
#[must_use]
pub fn level(class: EnvClass, verb: Verb, danger: Danger) -> (Level, String) {
    let protected = class == EnvClass::Production;
    let (level, why) = match verb {
        Verb::Freeze => (Level::L1, "stopping a queue is safe and can be undone"),
        Verb::Thaw if protected => (Level::L3, "a production queue goes on"),
        Verb::Thaw => (Level::L2, "a queue goes on"),
        Verb::Apply if protected => (Level::L3, "a production environment's record changes"),
        Verb::Apply => (Level::L2, "an environment's record changes"),
        Verb::Cancel if danger.downtime => (
            Level::L3,
            "the service is scaled down: a cancel leaves it there",
        ),
        Verb::Cancel => (Level::L2, "a deployment ends where it stands"),
        Verb::Abandon => (Level::L3, "something may still be running"),
        Verb::Teardown if protected => (Level::L4, "a production stack goes"),
        Verb::Teardown if danger.destroys => (Level::L3, "data goes with the stack"),
        Verb::Teardown if class == EnvClass::Branch && danger.unknown => {
            (Level::L1, "of a branch; what goes is not known here")
        }
        Verb::Teardown if class == EnvClass::Branch => {
            (Level::L1, "a branch stack goes, and no data with it")
        }
        Verb::Teardown if danger.unknown => (Level::L2, "what goes is not known here"),
        Verb::Teardown => (Level::L2, "a stack goes"),
        Verb::Deploy | Verb::Rollback | Verb::Retry | Verb::Unblock
            if protected && danger.destroys =>
        {
            (Level::L4, "what holds data in production goes, or may go")
        }
        Verb::Deploy | Verb::Rollback | Verb::Retry | Verb::Unblock if protected => {
            (Level::L3, "every change in production")
        }
        Verb::Deploy | Verb::Rollback | Verb::Retry | Verb::Unblock if danger.destroys => {
            (Level::L3, "what holds data goes, or may go")
        }
        Verb::Deploy | Verb::Rollback | Verb::Retry | Verb::Unblock if danger.downtime => {
            (Level::L3, "the service stands still for a while")
        }
        Verb::Deploy | Verb::Rollback | Verb::Retry | Verb::Unblock if danger.outdated => (
            Level::L3,
            "the service may fail: its code and what its database is migrated to may not fit",
        ),
        Verb::Deploy | Verb::Rollback | Verb::Retry | Verb::Unblock if danger.less_safe => (
            Level::L2,
            "a way that is less safe than the one that its evaluation chooses",
        ),
        Verb::Deploy | Verb::Rollback | Verb::Retry | Verb::Unblock if danger.replaces => {
            (Level::L2, "a resource is replaced or deleted, or may be")
        }
        Verb::Deploy | Verb::Rollback | Verb::Retry | Verb::Unblock
            if class == EnvClass::Staging =>
        {
            (Level::L2, "every change in staging")
        }
        Verb::Unblock | Verb::Rollback => (Level::L2, "a broken or older state is repaired"),
        Verb::Deploy | Verb::Retry if danger.unknown => {
            (Level::L1, "what changes is not known here; not protected")
        }
        Verb::Deploy | Verb::Retry if danger.revises => (
            Level::L1,
            "nothing is replaced but by its next revision, no deletion, not protected",
        ),
        Verb::Deploy | Verb::Retry => (Level::L1, "no replacement, no deletion, not protected"),
    };
    (level, why.to_owned())
}

/// What must be typed where these go: the name of the first, and how many more there are, so that
/// who types it knows of all; none where nothing goes.
#[must_use]
pub fn of_lost<'a>(names: impl Iterator<Item = &'a String>) -> Option<String> {
    let mut names = names.peekable();
    let first = *names.peek()?;
    let others: BTreeSet<&String> = names.filter(|name| *name != first).collect();
    let more = others.len();
    Some(if more == 0 {
        first.clone()
    } else {
        format!("{first} and {more} more")
    })
}

/// What must be typed for a level: nothing, the verb, or a phrase with the environment in it.
#[must_use]
pub fn phrase(level: Level, verb: Verb, env: &str) -> Option<String> {
    match level {
        Level::L0 | Level::L1 => None,
        Level::L2 => Some(verb.word().to_owned()),
        Level::L3 | Level::L4 => Some(match verb {
            Verb::Deploy => env.to_owned(),
            Verb::Rollback
            | Verb::Retry
            | Verb::Teardown
            | Verb::Cancel
            | Verb::Abandon
            | Verb::Unblock
            | Verb::Freeze
            | Verb::Thaw
            | Verb::Apply => format!("{env} {}", verb.word()),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERBS: [Verb; 10] = [
        Verb::Deploy,
        Verb::Rollback,
        Verb::Retry,
        Verb::Teardown,
        Verb::Cancel,
        Verb::Abandon,
        Verb::Unblock,
        Verb::Freeze,
        Verb::Thaw,
        Verb::Apply,
    ];

    #[test]
    fn who_types_what_goes_types_how_many_more_there_are() {
        let of = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            of_lost(names.iter())
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&["b", "b"]).as_deref(), Some("b"));
        assert_eq!(of(&["b", "a", "c", "a"]).as_deref(), Some("b and 2 more"));
    }

    #[test]
    fn production_is_never_below_level_three_except_to_stop_things() {
        for verb in VERBS {
            let (level, why) = level(EnvClass::Production, verb, Danger::default());
            assert!(!why.is_empty());
            match verb {
                Verb::Freeze => assert_eq!(level, Level::L1),
                Verb::Cancel => assert_eq!(level, Level::L2),
                _ => assert!(
                    level >= Level::L3,
                    "{verb:?} in production is only level {level}"
                ),
            }
        }
    }

    #[test]
    fn danger_never_lowers_a_level() {
        for class in [
            EnvClass::Production,
            EnvClass::Staging,
            EnvClass::Development,
            EnvClass::Branch,
        ] {
            for verb in VERBS {
                let calm = level(class, verb, Danger::default()).0;
                for bits in 0..128u8 {
                    let danger = Danger {
                        replaces: bits & 1 != 0,
                        downtime: bits & 2 != 0,
                        destroys: bits & 4 != 0,
                        revises: bits & 8 != 0,
                        unknown: bits & 16 != 0,
                        less_safe: bits & 32 != 0,
                        outdated: bits & 64 != 0,
                    };
                    assert!(
                        level(class, verb, danger).0 >= calm,
                        "{class:?} {verb:?} {danger:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn each_guarded_level_asks_for_words() {
        assert_eq!(phrase(Level::L1, Verb::Deploy, "dev"), None);
        assert_eq!(
            phrase(Level::L2, Verb::Teardown, "dev").unwrap(),
            "teardown"
        );
        assert_eq!(
            phrase(Level::L3, Verb::Deploy, "prod-us").unwrap(),
            "prod-us"
        );
        assert_eq!(
            phrase(Level::L4, Verb::Teardown, "prod-us").unwrap(),
            "prod-us teardown"
        );
    }
}
