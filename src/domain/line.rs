//! Log lines and events of the outside, as they are merged, spooled and shown.

use serde::{Deserialize, Serialize};

use super::ids::{DeploymentNo, StackId};
use super::safe::Safe;
use super::time::Time;

/// Where a line comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// CloudFormation stack events, nested stacks included.
    Cfn,
    /// CloudWatch Logs.
    Logs,
    /// Output of a step's process.
    Out,
    /// What Holdpoint itself did ("asked", "step started").
    Engine,
}

impl SourceKind {
    /// The three-letter word of the log pane.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            SourceKind::Cfn => "cfn",
            SourceKind::Logs => "cwl",
            SourceKind::Out => "out",
            SourceKind::Engine => "hp",
        }
    }
}

/// How serious a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Detail.
    Debug,
    /// Ordinary.
    Info,
    /// Worth a look.
    Warn,
    /// An error.
    Error,
    /// A gap, a sampling or a cut: lines are missing here, and this line says how many or why.
    Gap,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// When it happened, by its source's clock.
    pub at: Time,
    /// Its id at its source: equal ids are one line.
    pub id: String,
    /// What kind of source.
    pub kind: SourceKind,
    /// The source's name: a log group, a CloudFormation stack, a step.
    pub source: Safe,
    /// The part within the source: a logical resource, a log stream.
    #[serde(default)]
    pub part: Safe,
    /// The stack it belongs to.
    pub stack: StackId,
    /// The deployment it belongs to, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no: Option<DeploymentNo>,
    /// How serious.
    pub severity: Severity,
    /// The text.
    pub text: Safe,
}

impl Line {
    /// The order of merged lines: time, then source, then id.
    #[must_use]
    pub fn key(&self) -> (Time, SourceKind, &str, &str) {
        (self.at, self.kind, self.source.as_str(), &self.id)
    }
}
