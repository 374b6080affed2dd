//! A deployment as scripts read it.

use serde::Serialize;

use super::{StepDoc, at, steps};
use crate::domain::deployment::{Deployment, End, Parent};
use crate::domain::folds::Folds;
use crate::domain::ids::StackId;

#[derive(Debug, Serialize)]
pub(in crate::cli) struct DeploymentDoc {
    deployment: u64,
    id: String,
    stack: String,
    purpose: String,
    release: String,
    phase: String,
    /// `done`, `partial`, `failed`, `ended`; null while it is not over.
    outcome: Option<&'static str>,
    why: Option<String>,
    by: String,
    via: String,
    of: String,
    created_at: String,
    started_at: Option<String>,
    ended_at: Option<String>,
    steps: Vec<StepDoc>,
    holds: Vec<String>,
    /// After a partial end: which stacks have the release, and which do not.
    #[serde(skip_serializing_if = "Option::is_none")]
    arrived: Option<Vec<StackId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<Vec<StackId>>,
    /// Of a child: the step that asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<Parent>,
}

impl From<&Deployment> for DeploymentDoc {
    fn from(d: &Deployment) -> Self {
        let request = d.request.as_ref();
        let parts = match &d.end {
            Some(End::Partial { arrived, missing }) => Some((arrived, missing)),
            Some(End::Done | End::Failed { .. } | End::Terminated { .. }) | None => None,
        };
        Self {
            deployment: d.no().0,
            id: d.id.to_string(),
            stack: d.stack().map(ToString::to_string).unwrap_or_default(),
            purpose: request.map(|r| format!("{:?}", r.purpose).to_lowercase()).unwrap_or_default(),
            release: request.map(|r| r.spec.release.clone()).unwrap_or_default(),
            phase: d.phase.to_string(),
            outcome: d.end.as_ref().map(outcome),
            why: match &d.end {
                Some(End::Failed { failure }) => Some(failure.summary.clone()),
                Some(End::Terminated { reason, .. }) => Some(reason.clone()),
                Some(End::Partial { arrived, missing }) => Some(End::shortfall(arrived, missing)),
                Some(End::Done) | None => None,
            },
            by: request.map(|r| r.cause.by.name().to_owned()).unwrap_or_default(),
            via: request.map(|r| r.cause.via.clone()).unwrap_or_default(),
            of: request.map(|r| r.cause.of.clone()).unwrap_or_default(),
            created_at: at(d.created_at),
            started_at: d.started_at.map(at),
            ended_at: d.ended_at.map(at),
            steps: d.plan.as_ref().map(|plan| steps(plan, Some(d))).unwrap_or_default(),
            holds: d.open_holds().map(|hold| hold.id.to_string()).collect(),
            arrived: parts.map(|(arrived, _)| arrived.clone()),
            missing: parts.map(|(_, missing)| missing.clone()),
            parent: d.parent().cloned(),
        }
    }
}

/// A deployment with what it asked for itself.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct DeploymentPage {
    #[serde(flatten)]
    deployment: DeploymentDoc,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    children: Vec<DeploymentDoc>,
}

impl DeploymentPage {
    pub(in crate::cli) fn new(folds: &Folds, d: &Deployment) -> Self {
        Self { deployment: d.into(), children: folds.children(d.id).into_iter().map(|child| (&**child).into()).collect() }
    }
}

/// How a deployment ended, as one word.
fn outcome(end: &End) -> &'static str {
    match end {
        End::Done => "done",
        End::Partial { .. } => "partial",
        End::Failed { .. } => "failed",
        End::Terminated { .. } => "ended",
    }
}
