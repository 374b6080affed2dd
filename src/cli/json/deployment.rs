//! A deployment as scripts read it.

use serde::Serialize;

use super::{StepDoc, at, steps};
use crate::cli::work::{self, PhaseDoc, TaskDoc};
use crate::domain::cause::{Parent, Reply};
use crate::domain::deployment::{Deployment, Written};
use crate::domain::digest::Digest;
use crate::domain::end::End;
use crate::domain::flag::Flags;
use crate::domain::ids::StackId;
use crate::domain::request::Made;
use crate::domain::time::Time;
use crate::world::World;

#[derive(Debug, Serialize)]
pub(in crate::cli) struct DeploymentDoc {
    deployment: u64,
    id: String,
    stack: String,
    purpose: String,
    release: String,
    /// Two releases are the same where this is, whatever they are called.
    release_digest: Option<Digest>,
    /// Where the release comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Made>,
    /// What its commit says of itself, once that was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    written: Option<Written>,
    phase: String,
    /// `done`, `partial`, `failed`, `ended`; null while it is not over.
    outcome: Option<&'static str>,
    why: Option<String>,
    /// What to do next after a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    by: String,
    /// What whoever asked is to the store: `owner`, `member`, `outside`, `engine`.
    by_is: &'static str,
    via: String,
    of: String,
    /// What whoever asked wrote.
    #[serde(skip_serializing_if = "String::is_empty")]
    reason: String,
    /// What is owed to whoever asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    reply: Option<Reply>,
    created_at: String,
    started_at: Option<String>,
    ended_at: Option<String>,
    steps: Vec<StepDoc>,
    holds: Vec<String>,
    /// What was chosen beside the release.
    #[serde(skip_serializing_if = "Flags::is_empty")]
    flags: Flags,
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
            purpose: request
                .map(|r| format!("{:?}", r.purpose).to_lowercase())
                .unwrap_or_default(),
            release: d.release().map(ToString::to_string).unwrap_or_default(),
            release_digest: d.release().map(|release| release.digest),
            source: d.release().and_then(|release| release.source.clone()),
            written: d.written(),
            phase: d.phase.to_string(),
            outcome: d.end.as_ref().map(outcome),
            why: match &d.end {
                Some(End::Failed { failure }) => Some(failure.summary.clone()),
                Some(End::Terminated { reason, .. }) => Some(reason.clone()),
                Some(End::Partial { arrived, missing }) => Some(End::shortfall(arrived, missing)),
                Some(End::Done) | None => None,
            },
            hint: d.end.as_ref().and_then(End::hint).map(str::to_owned),
            by: request.map(|r| r.cause.by.to_string()).unwrap_or_default(),
            by_is: request.map_or("", |r| r.cause.by.word()),
            via: request.map(|r| r.cause.via.to_string()).unwrap_or_default(),
            of: request
                .and_then(|r| r.cause.of.as_ref())
                .map(ToString::to_string)
                .unwrap_or_default(),
            reason: request.map(|r| r.cause.reason.clone()).unwrap_or_default(),
            reply: request.and_then(|r| r.cause.reply.clone()),
            created_at: at(d.created_at),
            started_at: d.started_at.map(at),
            ended_at: d.ended_at.map(at),
            steps: d
                .plan
                .as_ref()
                .map(|plan| steps(plan, Some(d)))
                .unwrap_or_default(),
            holds: d.open_holds().map(|hold| hold.id.to_string()).collect(),
            flags: request.map(|r| r.flags.clone()).unwrap_or_default(),
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
    /// How far it is by the names that its system has for its work.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tasks: Vec<TaskDoc>,
    /// The phases of its steps: of a build.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    phases: Vec<PhaseDoc>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    children: Vec<DeploymentDoc>,
}

impl DeploymentPage {
    pub(in crate::cli) fn new(world: &World, d: &Deployment, now: Time) -> Self {
        let mut deployment = DeploymentDoc::from(d);
        for (doc, (step, run)) in deployment.steps.iter_mut().zip(d.runs()) {
            let stands = world.step_stands(d, step, run, now);
            doc.state = Some(stands.state.word());
            doc.why = doc.why.take().or(stands.says);
        }
        Self {
            deployment,
            tasks: world.work(d, now).into_iter().map(Into::into).collect(),
            phases: work::phases(world, d, now),
            children: world
                .folds
                .children(d.id)
                .into_iter()
                .map(|child| (&**child).into())
                .collect(),
        }
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
