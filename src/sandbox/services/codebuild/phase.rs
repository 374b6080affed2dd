//! The phases of a build in their order, and how each can end.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::time::Time;
use crate::sandbox::values::seconds;

/// A phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Kind {
    /// It was asked for.
    Submitted,
    /// It waits for a place.
    Queued,
    /// A container is made.
    Provisioning,
    /// The source is brought into it.
    DownloadSource,
    /// Commands.
    Install,
    /// Commands.
    PreBuild,
    /// Commands.
    Build,
    /// Commands, also after those of the build failed.
    PostBuild,
    /// What was made is brought out of it.
    UploadArtifacts,
    /// The container goes.
    Finalizing,
    /// All is over. It does not end.
    Completed,
}

impl Kind {
    /// In their order.
    pub(super) const ALL: [Self; 11] = [
        Self::Submitted,
        Self::Queued,
        Self::Provisioning,
        Self::DownloadSource,
        Self::Install,
        Self::PreBuild,
        Self::Build,
        Self::PostBuild,
        Self::UploadArtifacts,
        Self::Finalizing,
        Self::Completed,
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Submitted => "SUBMITTED",
            Self::Queued => "QUEUED",
            Self::Provisioning => "PROVISIONING",
            Self::DownloadSource => "DOWNLOAD_SOURCE",
            Self::Install => "INSTALL",
            Self::PreBuild => "PRE_BUILD",
            Self::Build => "BUILD",
            Self::PostBuild => "POST_BUILD",
            Self::UploadArtifacts => "UPLOAD_ARTIFACTS",
            Self::Finalizing => "FINALIZING",
            Self::Completed => "COMPLETED",
        }
    }

    /// The phase of that name.
    pub(super) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// True for those whose commands a buildspec has.
    pub(super) fn has_commands(self) -> bool {
        (Self::Install..=Self::PostBuild).contains(&self)
    }
}

/// How a phase, or a build, ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// Well.
    Succeeded,
    /// What was asked for failed.
    Failed,
    /// `CodeBuild` failed.
    Fault,
    /// It took too long.
    TimedOut,
    /// Somebody stopped it.
    Stopped,
}

impl Status {
    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Fault => "FAULT",
            Self::TimedOut => "TIMED_OUT",
            Self::Stopped => "STOPPED",
        }
    }
}

/// When a phase ends of which nobody knows that yet.
pub(super) const OPEN: Time = Time(i64::MAX);

/// A phase of one build.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Phase {
    /// Which.
    pub kind: Kind,
    /// When it begins.
    pub starts: Time,
    /// When it ends.
    pub ends: Time,
    /// How.
    pub status: Status,
    /// Why, where it does not end well: a code and a message.
    pub context: Option<(String, String)>,
}

impl Phase {
    /// As it is told at a time; one that still runs has no end and no status.
    pub(super) fn shown(&self, now: Time) -> Value {
        if self.kind == Kind::Completed || now < self.ends {
            return json!({ "phaseType": self.kind, "startTime": seconds(self.starts) });
        }
        let (code, message) = self.context.clone().unwrap_or_default();
        json!({
            "phaseType": self.kind, "phaseStatus": self.status,
            "startTime": seconds(self.starts), "endTime": seconds(self.ends),
            "durationInSeconds": self.ends.since(self.starts).as_secs(),
            "contexts": [{ "statusCode": code, "message": message }],
        })
    }
}
