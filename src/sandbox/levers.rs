//! What the levers of the embedded cloud set, for tests and for practice: mishaps on the wire,
//! failures of resources, what is still to happen by itself. The service `practice` pulls them;
//! every service may read them.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::call::Call;
use super::chaos::Chaos;
use super::door::Act;
use super::errand::Errands;
use crate::domain::time::Time;

/// The name of the service whose calls pull the levers.
pub const PRACTICE: &str = "practice";

/// How all levers stand.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Levers {
    /// Mishaps on the wire.
    pub chaos: Chaos,
    /// Failures of resources, each for its number of times.
    pub failures: Vec<Scripted>,
    /// What is still to happen by itself, earliest first.
    pub script: Vec<Line>,
    /// Goes up when all live tails are to end.
    pub tails: u64,
    /// How the bus of events brings the next ones.
    #[serde(default)]
    pub deliveries: Deliveries,
    /// Calls that somebody will make once another was made.
    #[serde(default)]
    pub waiting: Vec<Waiting>,
    /// What is pushed to repositories, and is not there yet.
    #[serde(default)]
    pub pushes: Vec<Push>,
    /// What is to be done outside.
    #[serde(default)]
    pub errands: Errands,
    /// True once there is what the practice estate needs beside its stacks.
    #[serde(default)]
    pub furnished: bool,
}

/// Events that the bus brings otherwise than once.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deliveries {
    /// So many it loses, the next ones first.
    #[serde(default)]
    pub lose: u32,
    /// So many after those it brings twice.
    #[serde(default)]
    pub double: u32,
}

impl Deliveries {
    /// How often the next one is brought.
    pub fn times(&mut self) -> u32 {
        if self.lose > 0 {
            self.lose -= 1;
            0
        } else if self.double > 0 {
            self.double -= 1;
            2
        } else {
            1
        }
    }
}

/// A call that somebody will make once another was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Waiting {
    /// The action of that other call.
    pub upon: String,
    /// A word of what that call changes; any where none is named.
    #[serde(default)]
    pub of: Option<String>,
    /// How many seconds later, at normal pace.
    pub after: f64,
    /// What.
    pub call: Call,
}

/// Somebody pushes to a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Push {
    /// The name of the repository.
    pub repository: String,
    /// The branch.
    pub branch: String,
    /// Which commit of its history.
    pub number: u32,
}

/// A call that somebody will make.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// When.
    pub at: Time,
    /// What.
    pub call: Call,
}

/// A failure that a resource will meet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scripted {
    /// The stack's name.
    pub stack: String,
    /// The resource's logical id.
    pub logical: String,
    /// In which act; any when not given.
    #[serde(default)]
    pub act: Option<Act>,
    /// Seconds after the act began.
    #[serde(default)]
    pub after: f64,
    /// What AWS would say; without it the resource is slow instead of failing.
    #[serde(default)]
    pub reason: Option<String>,
    /// How often.
    #[serde(default = "once")]
    pub times: u32,
}

fn once() -> u32 {
    1
}

impl Levers {
    /// A call changed something: who waited for one like it makes one of theirs.
    pub fn met(&mut self, action: &str, effect: &str, now: Time, pace: f64) {
        let is_of = |name: &String| effect.split(' ').any(|word| word == name);
        let next = self
            .waiting
            .iter()
            .position(|one| one.upon == action && one.of.as_ref().is_none_or(is_of));
        if let Some(next) = next {
            let next = self.waiting.remove(next);
            self.plan(next.after, next.call, now, pace);
        }
    }

    /// Somebody will make a call so many seconds (at normal pace) from now.
    pub fn plan(&mut self, after: f64, call: Call, now: Time, pace: f64) {
        let at = now + Duration::from_secs_f64((after / pace.max(0.001)).max(0.0));
        self.script.push(Line { at, call });
        self.script.sort_by_key(|line| line.at);
    }

    /// Takes the scripted failure of a resource, if there is one for this act.
    pub fn failure(&mut self, stack: &str, logical: &str, act: Act) -> Option<Scripted> {
        let index = self.failures.iter().position(|one| {
            one.stack == stack
                && one.logical == logical
                && one.act.is_none_or(|wanted| wanted == act)
        })?;
        let one = self.failures.get_mut(index)?;
        one.times = one.times.saturating_sub(1);
        let taken = one.clone();
        self.failures.retain(|one| one.times > 0);
        Some(taken)
    }
}

/// A call that pulls a lever.
#[must_use]
pub fn lever(action: &str, params: Value) -> Call {
    Call::new(PRACTICE, action, params)
}

/// The call that begins a story.
#[must_use]
pub fn story(name: &str) -> Call {
    lever("Story", json!({ "Name": name }))
}
