//! Looks at real things, and what was seen: one form for every kind of thing, so that the engine,
//! the world and the screen know none of them. What an eye tells beyond it are facts, for the
//! system that asked. Looks only read.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::failure::Failure;
use super::place::PlaceName;
use super::row::Row;
use super::time::Time;
use crate::text::safe::Safe;

pub use super::standing::Standing;

/// A real thing: of a kind that an eye knows (`cloudformation.stack`), by its name there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Subject {
    /// Its kind.
    pub kind: String,
    /// Where it is; the home of its stack's environment where it names no place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<PlaceName>,
    /// Its name, as its kind names things.
    pub name: String,
}

impl Subject {
    /// A thing of that kind and name.
    #[must_use]
    pub fn new(kind: &str, name: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            place: None,
            name: name.to_owned(),
        }
    }

    /// The same thing at a place of its environment.
    #[must_use]
    pub fn at(self, place: &str) -> Self {
        Self {
            place: Some(place.into()),
            ..self
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

/// One look at a thing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// At what.
    pub about: Subject,
    /// Whether its parts are listed; else its state alone is read, which costs less.
    pub whole: bool,
    /// What the eye needs to know for it, in the form of its kind.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub with: Value,
}

impl Look {
    /// A look at the state of a thing.
    #[must_use]
    pub fn at(about: Subject) -> Self {
        Self {
            about,
            whole: false,
            with: Value::Null,
        }
    }

    /// The same look, with what it needs beside the name.
    #[must_use]
    pub fn with(self, with: Value) -> Self {
        Self { with, ..self }
    }

    /// The same look, at its parts too.
    #[must_use]
    pub fn whole(self) -> Self {
        Self {
            whole: true,
            ..self
        }
    }
}

/// What was seen of a thing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sight {
    /// Of what.
    pub about: Subject,
    /// What people call such a thing ("CloudFormation stack").
    pub called: Safe,
    /// What its state means for one who wants to change it.
    pub standing: Standing,
    /// Its state in its own words ("`UPDATE_COMPLETE`").
    pub words: Safe,
    /// Why it is so, in its own words.
    #[serde(default)]
    pub reason: Safe,
    /// When it was last changed; of one that is gone, when that was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<Time>,
    /// Parts that change, have changed of late or have failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<PartSeen>,
    /// What it is made of, as its own list says; empty where that was not read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<Member>,
    /// When that list was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members_at: Option<Time>,
    /// What a person may want to know of it beside its state.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<Row>,
    /// What its eye tells beyond that, in the form of its kind.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub facts: Value,
}

/// A thing that another one is made of: as it is, where a part tells what happened to it last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its name within the thing.
    pub name: Safe,
    /// Its type.
    pub kind: Safe,
    /// Its name outside; empty until it has one.
    pub id: Safe,
    /// How it is.
    pub health: Health,
    /// Its state in its own words.
    pub words: Safe,
    /// Why it is so.
    #[serde(default)]
    pub reason: Safe,
    /// It is being taken away.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub removes: bool,
}

impl Sight {
    /// A thing that stands so, of which nothing else is known.
    #[must_use]
    pub fn of(about: Subject, called: &str, standing: Standing) -> Self {
        Self {
            about,
            called: Safe::new(called),
            standing,
            words: Safe::default(),
            reason: Safe::default(),
            changed_at: None,
            parts: Vec::new(),
            members: Vec::new(),
            members_at: None,
            rows: Vec::new(),
            facts: Value::Null,
        }
    }
}

/// How a part of a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// Nothing is wrong with it.
    Fine,
    /// It is being changed.
    Moves,
    /// It failed, for a reason of its own.
    Failed,
    /// It failed because another part did.
    Stopped,
}

/// A part of a thing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartSeen {
    /// Its name within the thing.
    pub name: Safe,
    /// Its type.
    pub kind: Safe,
    /// How it is.
    pub health: Health,
    /// Its state in its own words.
    pub words: Safe,
    /// Why it is so.
    #[serde(default)]
    pub reason: Safe,
    /// Since when.
    pub at: Time,
    /// What it tells of is taken away: where the name is listed still, another one bears it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub removes: bool,
}

/// Everything that was seen for one plan: one sight a thing.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sights(Vec<Sight>);

impl Sights {
    /// Takes what was seen; an older sight of the same thing is gone.
    pub fn put(&mut self, sight: Sight) {
        self.0.retain(|old| old.about != sight.about);
        self.0.push(sight);
    }

    /// The sight of the thing of a kind, where one was looked at.
    #[must_use]
    pub fn of_kind(&self, kind: &str) -> Option<&Sight> {
        self.0.iter().find(|sight| sight.about.kind == kind)
    }

    /// The sight of a thing, where it was looked at.
    #[must_use]
    pub fn of(&self, about: &Subject) -> Option<&Sight> {
        self.0.iter().find(|sight| sight.about == *about)
    }

    /// All of them but those of these things.
    #[must_use]
    pub fn without(&self, others: &[Subject]) -> Self {
        let all = self.0.iter();
        let all = all.filter(|sight| !others.contains(&sight.about));
        Self(all.cloned().collect())
    }

    /// The thing that was looked at first: how the stack stands.
    #[must_use]
    pub fn main(&self) -> Option<&Sight> {
        self.0.first()
    }
}

impl FromIterator<Sight> for Sights {
    fn from_iter<I: IntoIterator<Item = Sight>>(sights: I) -> Self {
        let mut all = Self::default();
        sights.into_iter().for_each(|sight| all.put(sight));
        all
    }
}

/// What the state of things means for somebody who waits for them to be quiet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Quiet {
    /// Something is going on: look again.
    Busy,
    /// A deployment may start.
    Quiet,
    /// It will not get quiet by itself.
    Stuck(Failure),
}
