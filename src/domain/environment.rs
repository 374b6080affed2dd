//! The environment machine: what is recorded of an environment, its version, and whether its queues
//! are frozen.

mod differences;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::class::EnvClass;
use super::failure::millis;
use super::ids::EnvName;
use super::level::Level;
use super::person::Person;
use super::place::Places;
use super::time::Time;

/// What a failed deployment does to its stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// The stack is BROKEN until a person unblocks it.
    Break,
    /// The next deployment in the queue starts.
    Continue,
}

/// What happens to a deployment that is asked for while another one waits or runs.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum QueuePolicy {
    /// It waits its turn.
    #[default]
    Queue,
    /// It replaces those that wait; they end TERMINATED "superseded".
    Latest,
    /// It is refused while one waits or runs.
    Refuse,
}

/// Whether this store may change the environment.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Look and deploy.
    #[default]
    Deploy,
    /// Look only.
    Watch,
}

/// The record of an environment, as `holdpoint apply` proposes it and the engine keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentRecord {
    /// Its class.
    pub class: EnvClass,
    /// Where its stacks are; none for an environment of scripts alone.
    #[serde(default, skip_serializing_if = "Places::is_empty")]
    pub places: Places,
    /// What a failure does.
    pub on_failure: OnFailure,
    /// What a second deployment does.
    #[serde(default)]
    pub queue: QueuePolicy,
    /// Look only, or deploy.
    #[serde(default)]
    pub mode: Mode,
    /// The lowest level of any change here; configuration can only raise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_level: Option<Level>,
    /// How long a hold waits before it rejects.
    #[serde(with = "millis")]
    pub hold_expiry: Duration,
}

impl EnvironmentRecord {
    /// True when going from `self` to `to` needs a guard: another place or way in, a lower class, a
    /// looser policy.
    #[must_use]
    pub fn loosened_by(&self, to: &EnvironmentRecord) -> bool {
        self.class < to.class
            || self.places != to.places
            || self.min_level > to.min_level
            || (self.on_failure == OnFailure::Break && to.on_failure == OnFailure::Continue)
            || (self.mode == Mode::Watch && to.mode == Mode::Deploy)
            || (self.queue == QueuePolicy::Refuse && to.queue != QueuePolicy::Refuse)
            || self.hold_expiry < to.hold_expiry
    }
}

/// A stopped queue: why, by whom, until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freeze {
    /// The reason that everybody sees.
    pub reason: String,
    /// Who stopped it.
    pub by: Person,
    /// When.
    pub at: Time,
    /// When it ends by itself; never when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
}

impl Freeze {
    /// True while the freeze holds.
    #[must_use]
    pub fn holds(&self, now: Time) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    /// By whom, since when, until when, and why: `by ana since 13:40Z until thawed: INC-881`.
    #[must_use]
    pub fn says(&self) -> String {
        let until = self
            .until
            .map_or_else(|| "thawed".to_owned(), |until| until.text("%-d %b %H:%MZ"));
        let since = self.at.text("%-d %b %H:%MZ");
        format!(
            "by {} since {since} until {until}: {}",
            self.by, self.reason
        )
    }
}

/// What an environment is to the console of one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "lock", rename_all = "snake_case")]
pub enum Lock {
    /// It only shows it.
    Read,
    /// It may ask for changes until then.
    Guarded {
        /// Until when.
        until: Time,
    },
    /// It may ask for changes.
    Open,
}

/// What can happen to an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EnvironmentEvent {
    /// The record was made or changed.
    Configured {
        /// The whole new record.
        record: EnvironmentRecord,
    },
    /// All its queues stopped.
    Frozen {
        /// Why and until when.
        freeze: Freeze,
    },
    /// They go on.
    Thawed,
    /// Somebody opened it to changes from their console, or closed it. Nothing follows from it.
    Locked {
        /// What it is to them now.
        lock: Lock,
    },
}

/// An environment as folded from its stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// Its name.
    pub name: EnvName,
    /// Stream version: every change makes approvals for the older one void.
    pub version: u64,
    /// How often the record changed; what asks and approvals name.
    pub record_version: u64,
    /// The record; absent before the first `configured`.
    pub record: Option<EnvironmentRecord>,
    /// The freeze, if any.
    pub freeze: Option<Freeze>,
}

impl Environment {
    /// An environment of which nothing is known yet.
    #[must_use]
    pub fn new(name: EnvName) -> Self {
        Self {
            name,
            version: 0,
            record_version: 0,
            record: None,
            freeze: None,
        }
    }

    /// Takes one event.
    pub fn apply(&mut self, event: &EnvironmentEvent) {
        self.version += 1;
        match event {
            EnvironmentEvent::Configured { record } => {
                self.record_version += 1;
                self.record = Some(record.clone());
            }
            EnvironmentEvent::Frozen { freeze } => self.freeze = Some(freeze.clone()),
            EnvironmentEvent::Thawed => self.freeze = None,
            EnvironmentEvent::Locked { .. } => {}
        }
    }

    /// The freeze that holds now.
    #[must_use]
    pub fn frozen(&self, now: Time) -> Option<&Freeze> {
        self.freeze.as_ref().filter(|freeze| freeze.holds(now))
    }
}
