//! What can happen to a stack, as it is stored.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::domain::environment::Freeze;
use crate::domain::ids::DeploymentId;
use crate::domain::instance::Instance;
use crate::domain::plan::Mark;
use crate::domain::request::Release;
use crate::domain::time::Time;

use super::{QueueEnd, Queued};

/// What serves after a deployment that did not end well.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Left {
    /// What served before it.
    #[default]
    Before,
    /// This release: it failed after it had brought it into service.
    Release(Release),
    /// Nothing: what served before was removed.
    Nothing,
}

impl Left {
    /// True for what served before.
    #[must_use]
    pub fn is_before(&self) -> bool {
        *self == Left::Before
    }
}

/// What can happen to a stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum StackEvent {
    /// A deployment was asked for and queued.
    Requested {
        /// The system: which table this stack follows.
        system: String,
        /// Its place.
        entry: Queued,
        /// Head or tail.
        place: QueueEnd,
    },
    /// It did not exist; its first deployment starts.
    FoundMissing {
        /// That deployment.
        deployment: DeploymentId,
    },
    /// It existed and was quiet.
    Adopted {
        /// The status that was found.
        status: String,
    },
    /// It existed and was broken.
    AdoptedBroken {
        /// The status that was found.
        status: String,
    },
    /// A deployment started in the same append that asked for it.
    Started {
        /// Which.
        deployment: DeploymentId,
    },
    /// A queued deployment started.
    Popped {
        /// Which.
        deployment: DeploymentId,
    },
    /// A queued teardown started.
    TeardownPopped {
        /// Which.
        deployment: DeploymentId,
    },
    /// A step of the current deployment reached a mark that moves the stack: it started, or it
    /// ended well.
    Reached {
        /// Which; a mark of one that is not current changes nothing.
        deployment: DeploymentId,
        /// The mark.
        mark: Mark,
    },
    /// The current deployment ended well.
    Succeeded {
        /// Which; an end of one that is not current changes nothing.
        deployment: DeploymentId,
        /// The release that serves now; absent after a teardown.
        release: Option<Release>,
        /// True where that is the release that served before: it brought no other, and the last
        /// good deployment stays what it was.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        as_before: bool,
    },
    /// The current deployment failed; the stack is broken.
    Failed {
        /// Which.
        deployment: DeploymentId,
        /// Why, in one line.
        reason: String,
        /// What serves since.
        #[serde(default, skip_serializing_if = "Left::is_before")]
        left: Left,
    },
    /// It failed, and the policy goes on.
    FailedContinue {
        /// Which.
        deployment: DeploymentId,
        /// Why, in one line.
        reason: String,
        /// What serves since.
        #[serde(default, skip_serializing_if = "Left::is_before")]
        left: Left,
    },
    /// It ended before anything changed.
    Withdrawn {
        /// Which.
        deployment: DeploymentId,
    },
    /// It ended before anything was created.
    WithdrawnNever {
        /// Which.
        deployment: DeploymentId,
    },
    /// It ended before anything changed, and what was broken still is.
    WithdrawnBroken {
        /// Which.
        deployment: DeploymentId,
        /// The phase in which it was broken, where the table has a way back to each.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<String>,
    },
    /// Nothing is queued.
    QueueEmpty,
    /// Something is queued that may not start yet.
    Idle,
    /// A person opened the way out of a broken phase.
    Unblocked {
        /// Which way ("retry", "recover", "free" …).
        way: String,
    },
    /// The same of a stack in which nothing serves, where the table tells them apart.
    UnblockedNever {
        /// Which way.
        way: String,
    },
    /// Every part that the last deployment of a whole did not bring has been brought since, by a
    /// deployment of its own: nothing is left of that failure.
    Mended {
        /// The last of those.
        deployment: DeploymentId,
        /// What its parts come to now.
        release: Release,
    },
    /// A deployment ended that touched nothing of what the stack stands for: it stands again where it
    /// stood before that one, since then, at rest or broken.
    Stayed {
        /// Which.
        deployment: DeploymentId,
    },
    /// A waiting deployment left the queue: cancelled, undone, superseded, torn down.
    Dequeued {
        /// Which.
        deployment: DeploymentId,
    },
    /// The queue stopped.
    StackFrozen {
        /// Why and until when.
        freeze: Freeze,
    },
    /// The queue goes on.
    StackThawed,
    /// The app that it is an instance for was told of.
    AppTold {
        /// The app, as it is now.
        app: Instance,
    },
    /// Its app is there no more.
    AppGone {
        /// Since when, by the clock of whoever tells of it.
        told_at: Time,
    },
}

impl StackEvent {
    /// How the edges begin that lead back to the phase in which a stack was broken.
    pub const STILL_BROKEN: &str = "withdrawn_broken:";

    /// The edge that it takes: its tag, for a mark which one, and for a way back where to.
    #[must_use]
    pub fn edge(&self) -> Cow<'static, str> {
        match self {
            StackEvent::Reached { mark, .. } => mark.edge().into(),
            StackEvent::WithdrawnBroken { to: Some(to), .. } => {
                format!("{}{to}", Self::STILL_BROKEN).into()
            }
            // It leads where a person's way out leads.
            StackEvent::Mended { .. } => "unblocked".into(),
            other => other.tag().into(),
        }
    }

    /// The stored tag.
    #[must_use]
    pub fn tag(&self) -> &'static str {
        match self {
            StackEvent::Requested { .. } => "requested",
            StackEvent::FoundMissing { .. } => "found_missing",
            StackEvent::Adopted { .. } => "adopted",
            StackEvent::AdoptedBroken { .. } => "adopted_broken",
            StackEvent::Started { .. } => "started",
            StackEvent::Popped { .. } => "popped",
            StackEvent::TeardownPopped { .. } => "teardown_popped",
            StackEvent::Reached { .. } => "reached",
            StackEvent::Succeeded { .. } => "succeeded",
            StackEvent::Failed { .. } => "failed",
            StackEvent::FailedContinue { .. } => "failed_continue",
            StackEvent::Withdrawn { .. } => "withdrawn",
            StackEvent::WithdrawnNever { .. } => "withdrawn_never",
            StackEvent::WithdrawnBroken { .. } => "withdrawn_broken",
            StackEvent::Stayed { .. } => "stayed",
            StackEvent::QueueEmpty => "queue_empty",
            StackEvent::Idle => "idle",
            StackEvent::Unblocked { .. } => "unblocked",
            StackEvent::UnblockedNever { .. } => "unblocked_never",
            StackEvent::Mended { .. } => "mended",
            StackEvent::Dequeued { .. } => "dequeued",
            StackEvent::StackFrozen { .. } => "stack_frozen",
            StackEvent::StackThawed => "stack_thawed",
            StackEvent::AppTold { .. } => "app_told",
            StackEvent::AppGone { .. } => "app_gone",
        }
    }
}
