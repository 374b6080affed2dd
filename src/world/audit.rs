//! The log as sentences: who did what to what, when.

use crate::domain::deployment::{DeploymentEvent, Request, Stopping};
use crate::domain::end::End;
use crate::domain::environment::{EnvironmentEvent, Freeze, Lock};
use crate::domain::event::{Event, Stored, StreamId};
use crate::domain::folds::Folds;
use crate::domain::hold::{Decision, Hold, Verdict};
use crate::domain::ids::HoldId;
use crate::domain::person::Person;
use crate::domain::purpose::Purpose;
use crate::domain::stack::{Left, StackEvent};
use crate::domain::time::Time;
use crate::text::counted::counted;
use crate::text::safe::Safe;

/// What a freeze of a stack stops, and one of an environment.
pub const QUEUE: &str = "the queue";
/// The second of the two.
pub const ALL_QUEUES: &str = "all queues";

/// One event as a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// Its place in the log.
    pub seq: u64,
    /// When.
    pub at: Time,
    /// Who.
    pub who: String,
    /// On what: an environment, a stack, or `#12 env/app`.
    pub on: String,
    /// What happened.
    pub what: Safe,
    /// Whether it is what a person did, rather than the engine by itself or what only follows in
    /// the same append.
    pub person: bool,
}

/// Puts an event into words.
#[must_use]
pub fn sentence(stored: &Stored, folds: &Folds) -> Sentence {
    let on = match &stored.stream {
        StreamId::Environment(name) => name.to_string(),
        StreamId::Stack(id) => id.to_string(),
        StreamId::Deployment(id) => match (folds.deployments.get(id), &stored.event) {
            (Some(d), _) => d
                .stack()
                .map_or_else(|| id.to_string(), |stack| format!("{} {stack}", d.no())),
            (None, Ok(Event::Deployment(event))) => {
                if let DeploymentEvent::Created { request } = &**event {
                    format!("{} {}", request.no, request.stack)
                } else {
                    id.to_string()
                }
            }
            (None, Ok(Event::Environment(_) | Event::Stack(_)) | Err(_)) => id.to_string(),
        },
    };
    let what = match &stored.event {
        Ok(Event::Environment(event)) => environment(event),
        Ok(Event::Stack(event)) => stack(event, folds),
        Ok(Event::Deployment(event)) => deployment(event),
        Err(why) => format!("cannot be read: {why}"),
    };
    Sentence {
        seq: stored.seq,
        at: stored.at,
        who: stored.person.to_string(),
        on,
        what: Safe::new(&what),
        person: stored.person != Person::Engine && !stored.event.as_ref().is_ok_and(follows),
    }
}

/// Whether an event only follows from another one of its append, which says what was done.
fn follows(event: &Event) -> bool {
    match event {
        Event::Environment(_) => false,
        Event::Stack(event) => match event {
            StackEvent::StackFrozen { .. }
            | StackEvent::StackThawed
            | StackEvent::AppTold { .. }
            | StackEvent::AppGone { .. }
            | StackEvent::Unblocked { .. }
            | StackEvent::UnblockedNever { .. } => false,
            StackEvent::Requested { .. }
            | StackEvent::FoundMissing { .. }
            | StackEvent::Adopted { .. }
            | StackEvent::AdoptedBroken { .. }
            | StackEvent::Started { .. }
            | StackEvent::Popped { .. }
            | StackEvent::TeardownPopped { .. }
            | StackEvent::Reached { .. }
            | StackEvent::Succeeded { .. }
            | StackEvent::Failed { .. }
            | StackEvent::FailedContinue { .. }
            | StackEvent::Withdrawn { .. }
            | StackEvent::WithdrawnNever { .. }
            | StackEvent::WithdrawnBroken { .. }
            | StackEvent::Stayed { .. }
            | StackEvent::QueueEmpty
            | StackEvent::Idle
            | StackEvent::Mended { .. }
            | StackEvent::Dequeued { .. } => true,
        },
        Event::Deployment(event) => matches!(**event, DeploymentEvent::Triggered),
    }
}

/// That a queue was frozen, or all of an environment.
#[must_use]
pub fn froze(what: &str, freeze: &Freeze) -> String {
    let until = freeze
        .until
        .map_or_else(|| "thawed".to_owned(), |until| until.to_string());
    format!("froze {what} until {until}: {}", freeze.reason)
}

fn environment(event: &EnvironmentEvent) -> String {
    match event {
        EnvironmentEvent::Configured { record } => {
            let places = if record.places.is_empty() {
                String::new()
            } else {
                format!(", {}", record.places.whose())
            };
            format!(
                "recorded the environment: {}{places}",
                record.class.word().to_lowercase()
            )
        }
        EnvironmentEvent::Frozen { freeze } => froze(ALL_QUEUES, freeze),
        EnvironmentEvent::Thawed => format!("thawed {ALL_QUEUES}"),
        EnvironmentEvent::Locked { lock } => match lock {
            Lock::Read => "made it READ at a console: no changes from there".to_owned(),
            Lock::Guarded { until } => {
                format!("made it GUARDED at a console: changes from there until {until}")
            }
            Lock::Open => "made it OPEN at a console: changes from there".to_owned(),
        },
    }
}

fn stack(event: &StackEvent, folds: &Folds) -> String {
    let no = |id: &crate::domain::ids::DeploymentId| {
        folds
            .deployments
            .get(id)
            .map_or_else(|| id.to_string(), |d| d.no().to_string())
    };
    match event {
        StackEvent::Requested { entry, .. } => {
            let what = match entry.purpose {
                Purpose::Deploy => "deployment",
                Purpose::Teardown => "teardown",
                Purpose::Recover => "recovery",
            };
            format!("queued {what} {}", entry.no)
        }
        StackEvent::FoundMissing { deployment } => {
            format!("did not exist; {} starts", no(deployment))
        }
        StackEvent::Adopted { status } => format!("existed before ({status}): adopted"),
        StackEvent::AdoptedBroken { status } => {
            format!("existed before, and was broken ({status}): adopted")
        }
        StackEvent::Started { deployment } | StackEvent::Popped { deployment } => {
            format!("started {}", no(deployment))
        }
        StackEvent::TeardownPopped { deployment } => format!("started teardown {}", no(deployment)),
        StackEvent::Reached { deployment, mark } => {
            format!("moved on: {} reached {mark}", no(deployment))
        }
        StackEvent::Succeeded {
            deployment,
            release,
            as_before: true,
        } => {
            let release = release
                .as_ref()
                .map_or_else(|| "what served before".to_owned(), ToString::to_string);
            format!("serves {release} again since {} ended well", no(deployment))
        }
        StackEvent::Succeeded {
            deployment,
            release,
            as_before: false,
        } => match release {
            Some(release) => format!("serves {release} since {} ended well", no(deployment)),
            None => format!("is gone: {} ended well", no(deployment)),
        },
        StackEvent::Failed {
            deployment,
            reason,
            left,
        } => format!(
            "is broken: {} failed: {reason}{}",
            no(deployment),
            serves(left)
        ),
        StackEvent::FailedContinue {
            deployment,
            reason,
            left,
        } => {
            format!(
                "continues although {} failed: {reason}{}",
                no(deployment),
                serves(left)
            )
        }
        StackEvent::Withdrawn { deployment } | StackEvent::WithdrawnNever { deployment } => {
            format!(
                "serves as before: {} brought nothing into service",
                no(deployment)
            )
        }
        StackEvent::WithdrawnBroken { deployment, .. } => {
            format!("is still broken: {} changed nothing", no(deployment))
        }
        StackEvent::Stayed { deployment } => {
            format!("stands as before: {} was beside it", no(deployment))
        }
        StackEvent::QueueEmpty => "nothing is queued".to_owned(),
        StackEvent::Idle => "what is queued may not start yet".to_owned(),
        StackEvent::Unblocked { way } | StackEvent::UnblockedNever { way } => {
            format!("was unblocked: {way}")
        }
        StackEvent::Mended { deployment, .. } => {
            format!(
                "is mended: {} brought the last part that was missing",
                no(deployment)
            )
        }
        StackEvent::Dequeued { deployment } => format!("took {} out of the queue", no(deployment)),
        StackEvent::StackFrozen { freeze } => froze(QUEUE, freeze),
        StackEvent::StackThawed => format!("thawed {QUEUE}"),
        StackEvent::AppTold { app } => format!("told of the app {}", app.title),
        StackEvent::AppGone { .. } => "told that its app is gone".to_owned(),
    }
}

fn serves(left: &Left) -> String {
    match left {
        Left::Before => String::new(),
        Left::Release(release) => format!("; it serves {release}"),
        Left::Nothing => "; nothing serves".to_owned(),
    }
}

fn deployment(event: &DeploymentEvent) -> String {
    match event {
        DeploymentEvent::Created { request } => asked(request),
        DeploymentEvent::Triggered => "started".to_owned(),
        DeploymentEvent::StackWait => "waits for a quiet stack".to_owned(),
        DeploymentEvent::StackAvailable { found } => found.main().map_or_else(
            || "found nothing outside to wait for".to_owned(),
            |main| format!("found {}", main.words),
        ),
        DeploymentEvent::StackWaitFailure { failure } => {
            format!("cannot start: {}", failure.summary)
        }
        DeploymentEvent::Planned { plan, digest, .. } => {
            format!(
                "planned `{}`, {}, plan {}",
                plan.name,
                counted(plan.steps.len(), "step"),
                digest.short()
            )
        }
        DeploymentEvent::RunSteps => "runs its steps".to_owned(),
        DeploymentEvent::StepStarted { step, attempt, .. } if *attempt > 1 => {
            format!("step {step} started, attempt {attempt}")
        }
        DeploymentEvent::StepStarted { step, .. } => format!("step {step} started"),
        DeploymentEvent::StepNoted { step, key, .. } => format!("step {step} noted {key}"),
        DeploymentEvent::StepLost { step, failure } => {
            format!(
                "step {step}: no contact: {}",
                failure.told_of(step.as_str())
            )
        }
        DeploymentEvent::StepFound { step, .. } => format!("step {step}: contact is back"),
        DeploymentEvent::StepDone { step, .. } => format!("step {step} is done"),
        DeploymentEvent::PlanVoid { step, failure } => format!(
            "step {step} touched nothing, and what was approved is void: {}; the plan is made again",
            failure.summary
        ),
        DeploymentEvent::StepFailed {
            step,
            failure,
            retry_at,
        } => {
            let again = if retry_at.is_some() {
                "; it is tried again"
            } else {
                ""
            };
            format!("step {step} failed: {}{again}", failure.summary)
        }
        DeploymentEvent::StepCancelled { step, reason, .. } => {
            format!("step {step} was cancelled: {reason}")
        }
        DeploymentEvent::DecisionAgain { step } => {
            format!("what was chosen at {step} failed: it is decided anew")
        }
        DeploymentEvent::HoldOpened { hold } => opened(hold),
        DeploymentEvent::HoldPassed { step, reason, .. } => {
            format!("step {step} needs no hold: {reason}")
        }
        DeploymentEvent::HoldDecided { hold, decision } => decided(hold, decision),
        DeploymentEvent::Stopping { stopping } => match stopping {
            Stopping::Failing => "stops: a step has failed".to_owned(),
            Stopping::Cancelling { reason, .. } => format!("is being cancelled: {reason}"),
        },
        DeploymentEvent::Done => "ended well".to_owned(),
        DeploymentEvent::Partial { arrived, missing } => {
            format!("partial: {}", End::shortfall(arrived, missing))
        }
        DeploymentEvent::Error { failure } => format!("failed: {}", failure.summary),
        DeploymentEvent::Terminated { reason, .. } => format!("ended: {reason}"),
        DeploymentEvent::Abandoned { still, .. } => {
            format!(
                "was abandoned; may still be running: {}",
                still
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join(", ")
            )
        }
    }
}

/// What somebody asked for, from where, and why.
#[must_use]
pub fn asked(request: &Request) -> String {
    let of = request
        .cause
        .of
        .as_ref()
        .map_or_else(String::new, |of| format!(", {of}"));
    let reason = if request.cause.reason.is_empty() {
        String::new()
    } else {
        format!(": {}", request.cause.reason)
    };
    let what = match request.purpose {
        Purpose::Deploy => format!("asked for release {}", request.spec.release),
        Purpose::Teardown => "asked to tear it down".to_owned(),
        Purpose::Recover => "asked to recover it".to_owned(),
    };
    format!("{what} ({}{of}){reason}", request.cause.via)
}

/// That a hold was opened.
#[must_use]
pub fn opened(hold: &Hold) -> String {
    let (id, kind, level) = (&hold.id, hold.kind.word(), hold.level);
    format!("hold {id} opened: {kind}, level {level}")
}

/// What was decided about a hold.
#[must_use]
pub fn decided(hold: &HoldId, decision: &Decision) -> String {
    let note = decision.noted();
    match &decision.verdict {
        Verdict::Approved { subject, choice } => {
            let choice = choice
                .as_ref()
                .map_or_else(String::new, |choice| format!(", choice {choice}"));
            let subject = subject.short();
            format!("approved {hold} for subject {subject}{choice}{note}")
        }
        Verdict::Rejected => format!("rejected {hold}{note}"),
        Verdict::Expired => format!("{hold} expired: nobody decided"),
        Verdict::Void => format!("{hold} is void{note}"),
    }
}

/// How a deployment ended, in a few words.
#[must_use]
pub fn ending(end: &End) -> String {
    match end {
        End::Done => "done".to_owned(),
        End::Partial { arrived, missing } => {
            format!("partial: {}", End::shortfall(arrived, missing))
        }
        End::Failed { failure } => format!("failed: {}", failure.summary),
        End::Terminated { reason, by } => format!("ended by {by}: {reason}"),
    }
}

#[cfg(test)]
mod tests {
    use crate::world::fixture;

    #[test]
    fn the_story_of_a_downtime_that_was_approved_and_failed() {
        let scene = fixture::Scene::whole();
        let text: Vec<String> = scene
            .log
            .iter()
            .filter(|stored| {
                super::sentence(stored, &scene.world.folds)
                    .on
                    .contains("prod-us/billing")
            })
            .map(|stored| super::sentence(stored, &scene.world.folds))
            .map(|s| format!("{} {} {}: {}", s.at.clock(), s.who, s.on, s.what))
            .collect();
        insta::assert_snapshot!(text.join("\n"));
    }
}
