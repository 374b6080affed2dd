//! Why a deployment exists: who asked, from where, and, of a child, which step of which other
//! deployment.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::ids::{AskId, DeploymentId, DeploymentNo, StepId};
use super::person::{Issuer, Person};
use crate::text::safe::Safe;

/// Why a deployment exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// The ask.
    pub ask: AskId,
    /// Who asked.
    pub by: Person,
    /// From where.
    pub via: Via,
    /// What they wrote, where a reason was asked for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What it repeats, or goes back to; absent for a plain deploy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<Of>,
    /// What is owed to whoever asked, once it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<Reply>,
}

impl Cause {
    /// The deployment that it is a retry of.
    #[must_use]
    pub fn retries(&self) -> Option<DeploymentId> {
        self.of.as_ref()?.retries()
    }
}

/// From where something is asked. That it is a retry or a way back says [`Of`]: both can come from
/// anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// A key of the console.
    Key,
    /// A verb of the shell.
    Verb,
    /// A push to a repository.
    Push,
    /// Another call from a git host or a registry.
    Hook,
    /// A message of a queue or a topic.
    Queue,
    /// A time.
    Schedule,
    /// A step of another deployment.
    Parent,
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Via::Key => "console",
            Via::Verb => "shell",
            Via::Push => "push",
            Via::Hook => "hook",
            Via::Queue => "queue",
            Via::Schedule => "schedule",
            Via::Parent => "parent",
        })
    }
}

/// What a deployment repeats, or goes back to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Of {
    /// The files as they are now, which are what serves already.
    Serving,
    /// The same input again.
    Redeploy {
        /// Of this one.
        no: DeploymentNo,
    },
    /// A release that was named.
    Release {
        /// Of this one.
        no: DeploymentNo,
    },
    /// What did not end well; its finished steps are carried over where its system keeps them.
    Retry {
        /// This one.
        no: DeploymentNo,
        /// Its id.
        deployment: DeploymentId,
    },
    /// An earlier release.
    Rollback {
        /// Of this one.
        no: DeploymentNo,
    },
    /// The last good release, because nothing good serves.
    LastGood {
        /// Of this one.
        no: DeploymentNo,
    },
    /// A repair.
    Recovery,
}

impl Of {
    /// The deployment that it is a retry of.
    #[must_use]
    pub fn retries(&self) -> Option<DeploymentId> {
        match self {
            Of::Retry { deployment, .. } => Some(*deployment),
            Of::Serving
            | Of::Redeploy { .. }
            | Of::Release { .. }
            | Of::Rollback { .. }
            | Of::LastGood { .. }
            | Of::Recovery => None,
        }
    }
}

impl fmt::Display for Of {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Of::Serving => f.write_str("the same release"),
            Of::Redeploy { no } => write!(f, "redeploy of {no}"),
            Of::Release { no } => write!(f, "release of {no}"),
            Of::Retry { no, .. } => write!(f, "retry of {no}"),
            Of::Rollback { no } => write!(f, "rollback to {no}"),
            Of::LastGood { no } => write!(f, "last good release, of {no}"),
            Of::Recovery => f.write_str("recovery"),
        }
    }
}

/// What is owed to whoever asked. It is data: that it was sent is said by who sends it, never by
/// this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "snake_case")]
pub enum Reply {
    /// A check run of a git host is completed.
    CheckRun {
        /// Where.
        host: Issuer,
        /// The repository.
        repo: Safe,
        /// The check run's id.
        run: u64,
    },
    /// A status of a commit is set.
    Status {
        /// Where.
        host: Issuer,
        /// The repository.
        repo: Safe,
        /// The commit.
        sha: Safe,
        /// Which of its statuses.
        context: Safe,
    },
    /// A message is put.
    Message {
        /// Into this queue or topic.
        queue: Safe,
        /// The id of the message that it answers.
        to: Safe,
    },
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reply::CheckRun { host, repo, run } => {
                write!(f, "check run {run} of {repo} at {}", host.word())
            }
            Reply::Status {
                host,
                repo,
                sha,
                context,
            } => write!(
                f,
                "status {context} of commit {sha} of {repo} at {}",
                host.word()
            ),
            Reply::Message { queue, to } => write!(f, "a message in {queue}, which answers {to}"),
        }
    }
}

/// The step of a whole's deployment that asked for the deployment of one part.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Parent {
    /// The deployment of the whole.
    pub deployment: DeploymentId,
    /// Its step.
    pub step: StepId,
    /// Which attempt of that step.
    pub attempt: u32,
}

impl Parent {
    /// The id of the child: the same attempt asks for the same child, however often its engine
    /// starts anew.
    #[must_use]
    pub fn child(&self) -> DeploymentId {
        DeploymentId(Uuid::new_v5(
            &self.deployment.0,
            format!("{}/{}", self.attempt, self.step).as_bytes(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parent(deployment: u128, step: &str, attempt: u32) -> Parent {
        Parent {
            deployment: DeploymentId(Uuid::from_u128(deployment)),
            step: step.into(),
            attempt,
        }
    }

    #[test]
    fn a_child_has_one_id_for_ever() {
        let one = parent(7, "nl/cart", 1);
        assert_eq!(
            one.child().to_string(),
            "1498cec5-0bab-5339-b20b-04ff3c02dc49"
        );
        assert_eq!(one.child(), parent(7, "nl/cart", 1).child());
        for other in [
            parent(8, "nl/cart", 1),
            parent(7, "nl/search", 1),
            parent(7, "nl/cart", 2),
            parent(7, "1/nl/cart", 1),
        ] {
            assert_ne!(one.child(), other.child(), "{other:?}");
        }
    }
}
