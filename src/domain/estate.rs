//! The estate as its file says: environments and applications. Reading it with line and column is
//! `config`'s work.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::environment::EnvironmentRecord;
use super::ids::{AppName, EnvName, StackId};
use super::look::Look;
use super::request::{SourceBundle, Spec};
use super::row::Row;
use crate::text::safe::Safe;

/// An estate as read and checked.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Estate {
    /// Environments by name.
    pub environments: BTreeMap<EnvName, EnvironmentRecord>,
    /// Applications by name.
    pub applications: BTreeMap<AppName, Application>,
}

/// One application.
#[derive(Debug, Clone, PartialEq)]
pub struct Application {
    /// Its system.
    pub system: String,
    /// Its entry there, in the system's own form: its shape is checked.
    pub entry: Value,
    /// Where it lives.
    pub environments: Vec<EnvName>,
    /// Which applications of the same environment come first in `deploy --all`.
    pub depends_on: Vec<AppName>,
    /// What to tail beside its deployments, by its name ([`Tailed`](super::tailed::Tailed)).
    pub watch_logs: Vec<String>,
}

/// The estate resolved: what each stack would be deployed from now. Given to the desk by the
/// program.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Catalog {
    /// The estate file, for display.
    pub file: String,
    /// Whether this is the practice estate.
    pub practice: bool,
    /// The environments as the file says; the store may say otherwise (DIFFERS).
    pub environments: BTreeMap<EnvName, EnvironmentRecord>,
    /// The stacks; also those of the apps that another program told of.
    pub stacks: BTreeMap<StackId, Entry>,
    /// The application of which each app is an instance, by its environment.
    pub families: BTreeMap<EnvName, AppName>,
}

impl Catalog {
    /// What is said of a stack; of a part of which nothing is said, what is said of its whole where
    /// that cannot be read: which parts it has is not known then.
    #[must_use]
    pub fn of(&self, stack: &StackId) -> Option<&Entry> {
        let whole = || {
            let whole = self.stacks.get(&stack.whole());
            whole.filter(|whole| whole.spec.is_err())
        };
        self.stacks.get(stack).or_else(whole)
    }

    /// The stacks that are given something by others, and those that give it.
    #[must_use]
    pub fn compared(&self) -> BTreeSet<&StackId> {
        let takers = self
            .stacks
            .iter()
            .filter(|(_, entry)| !entry.takes.is_empty());
        let both = takers.flat_map(|(id, entry)| {
            let givers = entry.takes.iter().map(|takes| &takes.from);
            std::iter::once(id).chain(givers)
        });
        both.collect()
    }
}

/// One stack of the catalog.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// What it is; or why its files cannot be read now, as a full message.
    pub spec: Result<Spec, String>,
    /// The files that its deployments need.
    pub bundle: SourceBundle,
    /// Applications of the same environment that come first.
    pub depends_on: Vec<AppName>,
    /// Parts of the same application that come first.
    pub after: Vec<StackId>,
    /// What its page says of it beside its state, as its system knows it from the file.
    pub rows: Vec<Row>,
    /// What its page shows beside its state, seen now and then.
    pub beside: Vec<Look>,
    /// What a deployment from the estate does.
    pub brings: Brings,
    /// The path below which the parameters of its builds are; none where they have none.
    pub parameters: Option<String>,
    /// What other stacks give it.
    pub takes: Vec<Takes>,
    /// A program that its deployments start, where this machine has none: why, and what to do.
    pub lacks: Option<Safe>,
}

/// A value that another stack gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Takes {
    /// What it is called where it is given.
    pub name: Safe,
    /// The stack that gives it.
    pub from: StackId,
    /// What it is called there.
    pub gives: Safe,
    /// Where it stands in the facts of what is seen of the stack that is given it: a JSON pointer.
    pub here: String,
    /// Where it stands in those of the stack that gives it.
    pub there: String,
}

/// What a deployment from the estate does, in the words of a menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brings {
    /// Where the stack was never deployed, or is gone.
    pub first: String,
    /// Where it is there.
    pub then: String,
    /// The flag by which one of what it is made of is brought in another version; none where all of
    /// it has one.
    pub pin: Option<&'static str>,
}

impl Brings {
    /// At first this, and later that.
    #[must_use]
    pub fn of(first: impl Into<String>, then: impl Into<String>) -> Self {
        Self {
            first: first.into(),
            then: then.into(),
            pin: None,
        }
    }

    /// The same each time.
    #[must_use]
    pub fn always(what: impl Into<String>) -> Self {
        let what = what.into();
        Self::of(what.clone(), what)
    }
}

impl Default for Brings {
    fn default() -> Self {
        Self::always("deploy the files now")
    }
}
