//! What is to be changed, of what, and by which way.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::artifact::Artifact;
use crate::domain::environment::EnvironmentRecord;
use crate::domain::flag::Flags;
use crate::domain::ids::{DeploymentId, DeploymentNo, EnvName, StackId, StepId};
use crate::domain::level::Verb;
use crate::domain::request::SourceFile;
use crate::domain::time::Time;

/// What is to be changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "intent", rename_all = "snake_case")]
pub enum Intent {
    /// Bring a release into service.
    Deploy {
        /// Where; several are ordered by `after`.
        stacks: Vec<StackId>,
        /// What.
        source: Source,
        /// For several: which must end well before which (`depends_on`).
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        after: BTreeMap<StackId, Vec<StackId>>,
        /// What is chosen beside the release.
        #[serde(default, skip_serializing_if = "Flags::is_empty")]
        flags: Flags,
    },
    /// The last good release before the one in service, or the one of a deployment.
    Rollback {
        /// Where.
        stack: StackId,
        /// Which deployment's release.
        #[serde(default)]
        to: Option<DeploymentNo>,
    },
    /// A new deployment of what failed. A script's finished steps stay finished; a service is
    /// planned anew from what is there.
    Retry {
        /// Which.
        deployment: DeploymentId,
    },
    /// Remove the stack.
    Teardown {
        /// Which.
        stack: StackId,
        /// What is chosen beside it.
        #[serde(default, skip_serializing_if = "Flags::is_empty")]
        flags: Flags,
    },
    /// End a deployment that waits or runs.
    Cancel {
        /// Which.
        deployment: DeploymentId,
    },
    /// Give up on a cancel that does not end.
    Abandon {
        /// Which.
        deployment: DeploymentId,
    },
    /// Open a way out of a broken stack.
    Unblock {
        /// Which.
        stack: StackId,
        /// Which way.
        way: Way,
        /// What is chosen for a recovery.
        #[serde(default, skip_serializing_if = "Flags::is_empty")]
        flags: Flags,
    },
    /// Stop a queue.
    Freeze {
        /// Of what.
        target: QueueOf,
        /// Why.
        reason: String,
        /// Until when; for ever when absent.
        #[serde(default)]
        until: Option<Time>,
    },
    /// Let a queue go on.
    Thaw {
        /// Of what.
        target: QueueOf,
    },
    /// Record environments as the estate file says.
    Apply {
        /// The whole new records.
        environments: BTreeMap<EnvName, EnvironmentRecord>,
    },
}

impl Source {
    /// Whether it is read from the estate's files as they are now.
    #[must_use]
    pub fn reads_files(&self) -> bool {
        match self {
            Source::Estate | Source::Archive { .. } | Source::Application { .. } => true,
            Source::Same | Source::Release(_) => false,
        }
    }
}

impl Intent {
    /// To bring a release into service on one stack.
    #[must_use]
    pub fn deploy(stack: StackId, source: Source) -> Self {
        Intent::Deploy {
            stacks: vec![stack],
            source,
            after: BTreeMap::new(),
            flags: Flags::new(),
        }
    }

    /// To remove a stack.
    #[must_use]
    pub fn teardown(stack: StackId) -> Self {
        Intent::Teardown {
            stack,
            flags: Flags::new(),
        }
    }

    /// To open a way out of a broken stack.
    #[must_use]
    pub fn unblock(stack: StackId, way: Way) -> Self {
        Intent::Unblock {
            stack,
            way,
            flags: Flags::new(),
        }
    }

    /// The same with what is chosen; nothing, where something is chosen and it takes no flags.
    #[must_use]
    pub fn choosing(mut self, chosen: Flags) -> Option<Self> {
        match &mut self {
            Intent::Deploy { flags, .. }
            | Intent::Teardown { flags, .. }
            | Intent::Unblock { flags, .. } => *flags = chosen,
            Intent::Rollback { .. }
            | Intent::Retry { .. }
            | Intent::Cancel { .. }
            | Intent::Abandon { .. }
            | Intent::Freeze { .. }
            | Intent::Thaw { .. }
            | Intent::Apply { .. } => return chosen.is_empty().then_some(self),
        }
        Some(self)
    }

    /// What is chosen; the others take no flags.
    #[must_use]
    pub fn flags(&self) -> Option<&Flags> {
        match self {
            Intent::Deploy { flags, .. }
            | Intent::Teardown { flags, .. }
            | Intent::Unblock { flags, .. } => Some(flags),
            Intent::Rollback { .. }
            | Intent::Retry { .. }
            | Intent::Cancel { .. }
            | Intent::Abandon { .. }
            | Intent::Freeze { .. }
            | Intent::Thaw { .. }
            | Intent::Apply { .. } => None,
        }
    }

    /// The verb that decides level and phrase.
    #[must_use]
    pub fn verb(&self) -> Verb {
        match self {
            Intent::Deploy { .. } => Verb::Deploy,
            Intent::Rollback { .. } => Verb::Rollback,
            Intent::Retry { .. } => Verb::Retry,
            Intent::Teardown { .. } => Verb::Teardown,
            Intent::Cancel { .. } => Verb::Cancel,
            Intent::Abandon { .. } => Verb::Abandon,
            Intent::Unblock { .. } => Verb::Unblock,
            Intent::Freeze { .. } => Verb::Freeze,
            Intent::Thaw { .. } => Verb::Thaw,
            Intent::Apply { .. } => Verb::Apply,
        }
    }
}

/// Which release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// What the estate's files say now.
    Estate,
    /// What the last deployment of the stack had.
    Same,
    /// A release that was deployed before, by its name.
    Release(String),
    /// The files of an archive, under the name that people give them.
    Archive {
        /// What they are called.
        version: String,
        /// The files.
        archive: Artifact,
    },
    /// What the estate's files say now, with this application file in place of the configured one.
    Application {
        /// What it is called.
        name: String,
        /// The file.
        file: SourceFile,
    },
}

/// Whose queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueOf {
    /// Of one stack.
    Stack(StackId),
    /// Of all stacks of an environment.
    Environment(EnvName),
}

impl QueueOf {
    /// The environment concerned.
    #[must_use]
    pub fn env(&self) -> &EnvName {
        match self {
            QueueOf::Stack(id) => &id.env,
            QueueOf::Environment(env) => env,
        }
    }
}

/// A way out of a broken stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "way", rename_all = "snake_case")]
pub enum Way {
    /// Repair the real stack by the plan that its status asks for.
    Recover,
    /// The failed deployment again.
    Retry,
    /// The last good release again.
    LastGood,
    /// Nothing is done: the queue goes on.
    Free,
    /// A step that nobody can tell of: it ended well.
    ResolveDone {
        /// Which.
        deployment: DeploymentId,
        /// Its step.
        step: StepId,
    },
    /// A step that nobody can tell of: it failed.
    ResolveFailed {
        /// Which.
        deployment: DeploymentId,
        /// Its step.
        step: StepId,
    },
}
