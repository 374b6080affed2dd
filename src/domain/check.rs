//! What becomes of a commit, as a git host shows it beside that commit: a check run. It follows from
//! a deployment alone, or from why there is none; that it was sent is said by who sends it.

use uuid::Uuid;

use super::cause::Via;
use super::deployment::{Deployment, Phase};
use super::end::End;
use super::ids::{AskId, StackId};
use super::person::{Issuer, Person};
use super::plan::Leaves;
use super::refs::Commit;
use super::refused::Refused;
use super::time::Time;
use crate::text::safe::Safe;

/// The longest title, in characters.
const TITLE: usize = 120;
/// The longest text of others in a summary, in characters.
const TEXT: usize = 2_000;

/// A check run as it should be now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// By which it is found again: the id of its deployment, or of the ask that led to none.
    pub id: Uuid,
    /// The commit.
    pub commit: Commit,
    /// What it is called there.
    pub name: String,
    /// How far it is.
    pub state: CheckState,
    /// What happened, in a few words.
    pub title: Safe,
    /// What happened, and what to do; Markdown, a paragraph each.
    pub summary: Vec<String>,
    /// When it was asked for.
    pub asked_at: Time,
    /// When its deployment began, or it was asked for.
    pub began_at: Time,
}

/// How far a check run is. One that has ended never changes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckState {
    /// Its deployment waits for its turn.
    Queued,
    /// It runs, or waits for a person.
    Running,
    /// It is over.
    Ended(Conclusion, Time),
}

/// What a check run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conclusion {
    /// All is well.
    Success,
    /// It failed.
    Failure,
    /// It was ended by somebody.
    Cancelled,
}

impl CheckState {
    /// True once nothing more becomes of it.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, CheckState::Ended(..))
    }
}

/// Whether a deployment is of a push of which that host told: what it owes is owed for that push.
#[must_use]
pub fn is_of_push(deployment: &Deployment, host: Issuer) -> bool {
    deployment.request.as_ref().is_some_and(|request| {
        let by = matches!(&request.cause.by, Person::Outside { source, .. } if *source == host);
        by && request.cause.via == Via::Push
    })
}

/// The name of the check run of a stack, where its system says no other one.
#[must_use]
pub fn name(stack: &StackId) -> String {
    format!("holdpoint/{stack}")
}

/// The check run of a commit that a deployment is of, under that name or the usual one; none of what
/// is not asked for yet.
#[must_use]
pub fn of(deployment: &Deployment, commit: Commit, called: Option<String>) -> Option<Check> {
    let request = deployment.request.as_ref()?;
    let (state, title, more) = told(deployment);
    let mut summary = vec![format!(
        "Deployment {} of `{}` at {}.",
        request.no,
        request.stack,
        commit.short()
    )];
    summary.extend(more);
    Some(Check {
        id: deployment.id.0,
        name: called.unwrap_or_else(|| name(&request.stack)),
        commit,
        state,
        title: Safe::told(&cut(&title, TITLE)),
        summary,
        asked_at: deployment.created_at,
        began_at: deployment.started_at.unwrap_or(deployment.created_at),
    })
}

/// The check run of a commit whose push was refused: nothing was begun.
#[must_use]
pub fn refused(
    (ask, stack): (AskId, &StackId),
    commit: &Commit,
    why: &Refused,
    at: Time,
    called: String,
) -> Check {
    let mut summary = vec![
        format!(
            "`{stack}` is not deployed at {}: nothing was begun.",
            commit.short()
        ),
        quoted(&why.says),
    ];
    if !why.hint.is_empty() {
        summary.extend(["What to do:".to_owned(), quoted(&why.hint)]);
    }
    Check {
        id: ask.0,
        commit: commit.clone(),
        name: called,
        state: CheckState::Ended(Conclusion::Failure, at),
        title: Safe::told(&cut(&format!("not deployed: {}", why.says), TITLE)),
        summary,
        asked_at: at,
        began_at: at,
    }
}

fn told(d: &Deployment) -> (CheckState, String, Vec<String>) {
    let queued = |title: &str| (CheckState::Queued, title.to_owned(), Vec::new());
    let runs = || (CheckState::Running, "runs".to_owned(), Vec::new());
    if let Some(end) = &d.end {
        let at = d.ended_at.unwrap_or(d.since);
        let (conclusion, title, more) = ended(d, end);
        return (CheckState::Ended(conclusion, at), title, more);
    }
    if let Some(hold) = d.open_holds().next() {
        let title = format!("waits for a person: {}", hold.kind.word());
        let how = format!("A person decides at hold {}, in Holdpoint.", hold.id);
        return (CheckState::Running, title, vec![how]);
    }
    match d.phase {
        Phase::New | Phase::Queued => queued("waits for its turn"),
        Phase::Triggered | Phase::Waiting | Phase::Available => {
            let title = "waits until its stack is quiet, and is planned";
            (CheckState::Running, title.to_owned(), Vec::new())
        }
        Phase::Running | Phase::Done | Phase::Partial | Phase::Failed | Phase::Terminated => runs(),
    }
}

fn ended(d: &Deployment, end: &End) -> (Conclusion, String, Vec<String>) {
    match end {
        End::Done if d.leaves() == Some(Leaves::New) => {
            (Conclusion::Success, "deployed".to_owned(), Vec::new())
        }
        End::Done => {
            let more = "Nothing of this commit came into service by it.".to_owned();
            (Conclusion::Success, "done".to_owned(), vec![more])
        }
        End::Partial { arrived, missing } => {
            let says = End::shortfall(arrived, missing);
            (Conclusion::Failure, says.clone(), vec![quoted(&says)])
        }
        End::Failed { failure } => {
            let failure = d.first_failure().unwrap_or(failure);
            let mut more = vec![quoted(&failure.summary)];
            let hint = end.hint().filter(|_| failure.hint.is_empty());
            let hint = hint.unwrap_or(&failure.hint);
            if !hint.is_empty() {
                more.extend(["What to do:".to_owned(), quoted(hint)]);
            }
            let step = d.first_failed().map(|(step, _)| step.title.clone());
            let title = match step {
                Some(step) => format!("failed: {step}"),
                None => "failed".to_owned(),
            };
            (Conclusion::Failure, title, more)
        }
        End::Terminated { reason, .. } => {
            let more = vec![quoted(reason)];
            (
                Conclusion::Cancelled,
                "ended before its end".to_owned(),
                more,
            )
        }
    }
}

/// Text of others in a paragraph of its own: it is no Markdown, and calls nobody by name.
fn quoted(text: &str) -> String {
    let line = Safe::told(&cut(text, TEXT)).into_string();
    format!("```text\n{}\n```", line.replace('`', "'"))
}

fn cut(text: &str, longest: usize) -> String {
    text.chars().take(longest).collect()
}

#[cfg(test)]
mod tests;
