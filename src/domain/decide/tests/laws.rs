//! The rules of deployments, stacks and holds, each said once, in other words than the machines':
//! every event, card and ask of a simulated history is held against them.

use super::sim::{Sim, env};
use crate::domain::ask::Intent;
use crate::domain::card::Card;
use crate::domain::decide::{StartOf, subject};
use crate::domain::deployment::{Deployment, DeploymentEvent, Phase, StepRun, StepState, Stopping};
use crate::domain::end::End;
use crate::domain::environment::{Mode, QueuePolicy};
use crate::domain::event::{Append, Event, StreamId};
use crate::domain::folds::Folds;
use crate::domain::grant::{Attempt, Effect, Machine};
use crate::domain::hold::Hold;
use crate::domain::ids::{DeploymentId, DeploymentNo, StackId, StepId};
use crate::domain::level::Level;
use crate::domain::lifecycle::PhaseClass;
use crate::domain::plan::{Leaves, Step, When};
use crate::domain::purpose::Purpose;
use crate::domain::stack::{QueueEnd, Queued, Stack, StackEvent};

/// What must hold when an event is about to be taken.
pub(super) fn before(sim: &Sim, stream: &StreamId, event: &Event) {
    match (stream, event) {
        (StreamId::Stack(id), Event::Stack(event)) => stack_event(sim, id, event),
        (StreamId::Deployment(id), Event::Deployment(event)) => deployment_event(sim, *id, event),
        _ => {}
    }
}

fn stack_event(sim: &Sim, id: &StackId, event: &StackEvent) {
    let fold = sim.folds.stack(id);
    match event {
        StackEvent::FoundMissing { deployment }
        | StackEvent::Started { deployment }
        | StackEvent::Popped { deployment }
        | StackEvent::TeardownPopped { deployment } => {
            assert_eq!(fold.current, None, "{id}: two at once");
            let entry = fold
                .queue
                .iter()
                .find(|entry| entry.deployment == *deployment)
                .expect("what starts was queued");
            assert_eq!(
                Some(entry),
                fold.queue.first(),
                "{id}: it starts out of order"
            );
            may_start(sim, &fold, entry);
            let teardown = matches!(event, StackEvent::TeardownPopped { .. });
            assert!(
                fold.class() != PhaseClass::Broken || teardown,
                "{id}: something starts on a broken stack"
            );
        }
        StackEvent::Reached { deployment, mark } => {
            let d = &sim.folds.deployments[deployment];
            assert!(
                fold.current == Some(*deployment) && !d.is_over(),
                "{id}: moved by one that does not hold it"
            );
            let its = d.plan.as_ref().is_none_or(|plan| {
                plan.steps
                    .iter()
                    .any(|step| step.reaches.as_ref().is_some_and(|(_, own)| own == mark))
            });
            assert!(its, "{id}: no step of {} reaches {mark}", d.no());
        }
        StackEvent::Mended { deployment, .. } => {
            let by = &sim.folds.deployments[deployment];
            let whole = by.stack().map(StackId::whole);
            assert!(
                fold.unsettled.is_some() && fold.current.is_none() && whole.as_ref() == Some(id),
                "{id}: nothing of it was to be mended by {}",
                by.no()
            );
        }
        StackEvent::Dequeued { deployment } => {
            assert!(
                fold.queue
                    .iter()
                    .any(|entry| entry.deployment == *deployment),
                "{id}: it was not in the queue"
            );
        }
        _ => {}
    }
}

fn may_start(sim: &Sim, fold: &Stack, entry: &Queued) {
    let env = &sim.folds.environments[&fold.id.env];
    let frozen = [&fold.freeze, &env.freeze]
        .into_iter()
        .flatten()
        .any(|freeze| freeze.until.is_none_or(|until| sim.now < until));
    assert!(!frozen, "{} starts though it is frozen", entry.no);
    assert!(
        entry.not_before.is_none_or(|at| at <= sim.now),
        "{} starts before its time",
        entry.no
    );
    assert_eq!(
        env.record.as_ref().map(|record| record.mode),
        Some(Mode::Deploy),
        "{} starts where one only looks",
        entry.no
    );
    for need in &entry.after {
        assert_eq!(
            sim.folds.deployments[need].end,
            Some(End::Done),
            "{} starts before what it needs",
            entry.no
        );
    }
}

fn deployment_event(sim: &Sim, id: DeploymentId, event: &DeploymentEvent) {
    let Some(d) = sim.folds.deployments.get(&id) else {
        return;
    };
    match event {
        DeploymentEvent::StepStarted { step, subject, .. } => step_starts(sim, d, step, *subject),
        DeploymentEvent::Partial { arrived, missing } => {
            assert!(
                !arrived.is_empty() && !missing.is_empty(),
                "{} is in part, of {arrived:?} and {missing:?}",
                d.no()
            );
        }
        // A removal that went through is done, whatever was asked meanwhile.
        DeploymentEvent::Done if d.stopping.is_some() => {
            let gone = |step: &Step, run: &StepRun| {
                step.leaves == Some(Leaves::Nothing) && run.state == StepState::Done
            };
            assert!(
                d.runs().any(|(step, run)| gone(step, run)),
                "{} is done though it stops",
                d.no()
            );
            assert!(
                d.plan.as_ref().unwrap().removes(),
                "{} is done though something was to follow",
                d.no()
            );
        }
        DeploymentEvent::Done => {
            let ordinary = d.runs().filter(|(step, _)| step.finaliser.is_none());
            for (step, run) in ordinary {
                assert!(
                    run.state.is_finished(),
                    "{} is done and {} is {:?}",
                    d.no(),
                    step.id,
                    run.state
                );
            }
        }
        _ => {}
    }
}

fn step_starts(
    sim: &Sim,
    d: &Deployment,
    id: &StepId,
    covered: Option<crate::domain::digest::Digest>,
) {
    let (step, run) = (
        d.plan.as_ref().and_then(|plan| plan.step(id)).unwrap(),
        &d.steps[id],
    );
    let name = format!("{} {id}", d.no());
    assert!(!d.is_over(), "{name} starts after the end");
    let fold = sim.folds.stack(d.stack().unwrap());
    assert_eq!(fold.current, Some(d.id), "{name} starts without the lock");
    if step.finaliser.is_none() {
        assert!(
            !matches!(
                d.stopping,
                Some(Stopping::Cancelling { .. } | Stopping::Failing)
            ),
            "{name} starts while it stops"
        );
        let states: Vec<StepState> = step.after.iter().map(|need| d.steps[need].state).collect();
        assert!(
            states.iter().all(|state| state.is_finished()),
            "{name} starts before its needs: {states:?}"
        );
        assert!(
            states.is_empty() || states.contains(&StepState::Done),
            "{name} starts after nothing but skipped steps"
        );
    }
    if let Some((chooser, branch)) = &step.only_if {
        assert_eq!(
            d.steps[chooser].branch.as_ref(),
            Some(branch),
            "{name} starts on another branch"
        );
    }
    if step.hold.is_some() {
        let now = subject(&sim.folds, d, step);
        assert_eq!(
            covered,
            Some(now),
            "{name} starts with another subject than is true now"
        );
        let approved = d
            .holds
            .iter()
            .any(|hold| hold.id.step == *id && hold.approves(&now));
        assert!(
            approved || run.passed == Some(now),
            "{name} starts without an approval"
        );
        let version = sim.folds.environments[&env()].record_version;
        let asked = d.request.as_ref().unwrap().env_version;
        let seen = d.holds.iter().any(|hold| {
            let step = d
                .plan
                .as_ref()
                .and_then(|plan| plan.step(&hold.id.step))
                .unwrap();
            let newest = d
                .holds
                .iter()
                .filter(|other| other.id.step == hold.id.step)
                .count()
                == hold.id.nth as usize;
            newest && hold.approves(&subject(&sim.folds, d, step))
        });
        assert!(
            approved || asked == version || seen,
            "{name} starts in an environment that nobody saw"
        );
    }
}

/// What must hold of a grant that was taken: what it ended in the log, it ends outside.
pub(super) fn granted(sim: &Sim, before: &Folds, machine: &Machine, effect: Option<&Effect>) {
    match machine {
        Machine::Stack(id) => {
            let freed = before.stack(id).current.is_some() && sim.folds.stack(id).current.is_none();
            assert!(
                !freed || effect == Some(&Effect::Forget(id.clone())),
                "{id}: free, and its old sight is kept"
            );
        }
        Machine::Deployment(id) => {
            for (step, run) in before.deployments[id]
                .runs()
                .filter(|(_, run)| run.state == StepState::Active)
            {
                let attempt = Attempt {
                    deployment: *id,
                    step: step.id.clone(),
                    attempt: run.attempt,
                };
                let ended = sim.folds.deployments[id].steps[&step.id].state != StepState::Active;
                assert!(
                    !ended || effect == Some(&Effect::Drop(attempt)),
                    "{}: ended, and its task goes on",
                    step.id
                );
            }
        }
    }
}

/// A deployment is asked again at the first time that is set in it.
fn wakes(sim: &Sim, d: &Deployment) {
    let steps = d.runs().filter_map(|(_, run)| match run.state {
        StepState::Active | StepState::Lost => run.deadline,
        // What is due and has no turn yet is asked again with whatever else happens.
        StepState::Waiting => run.retry_at.filter(|at| *at > sim.now),
        _ => None,
    });
    let first = steps
        .chain(d.open_holds().filter_map(|hold| hold.expires_at))
        .min();
    assert_eq!(
        sim.granted(&Machine::Deployment(d.id)).wake,
        first,
        "{} is asked again at another time",
        d.no()
    );
}

/// What must hold when an attempt begins outside: it runs, and nothing of it was recorded as ended.
pub(super) fn begins(sim: &Sim, attempt: &Attempt) {
    let run = &sim.folds.deployments[&attempt.deployment].steps[&attempt.step];
    assert_eq!(
        (run.attempt, run.state),
        (attempt.attempt, StepState::Active),
        "{attempt:?} begins outside and not in the log"
    );
}

/// What must hold when the task of an attempt is ended: its time is over, and nobody waits for it.
pub(super) fn dropped(sim: &Sim, attempt: &Attempt) {
    let run = &sim.folds.deployments[&attempt.deployment].steps[&attempt.step];
    assert!(
        run.attempt == attempt.attempt && run.state != StepState::Active,
        "{attempt:?} is dropped while it runs"
    );
}

/// What must hold when the sight of a stack is dropped: nothing of ours is under way there any
/// more.
pub(super) fn forgotten(sim: &Sim, id: &StackId) {
    assert_eq!(
        sim.folds.stack(id).current,
        None,
        "{id}: the sight is dropped before the stack is free"
    );
}

/// What must hold of a card.
pub(super) fn card(sim: &Sim, card: &Card) {
    let least = sim.record().min_level.unwrap_or(Level::L0);
    let apply = card.verb == crate::domain::level::Verb::Apply;
    assert!(
        apply || card.level >= least,
        "{:?} at level {} below {least}",
        card.verb,
        card.level
    );
    assert_eq!(
        card.phrase.is_some(),
        card.level >= Level::L2,
        "words are asked for from level 2"
    );
}

/// What must hold of a hold that is open.
pub(super) fn hold(_: &Sim, hold: &Hold) {
    assert!(
        hold.level >= Level::L2 && !hold.phrase.is_empty(),
        "{} asks for nothing",
        hold.id
    );
}

/// What must hold when an ask is accepted, before it is taken.
pub(super) fn accepted(sim: &Sim, intent: &Intent, starts: &[StartOf], append: &Append) {
    let record = sim.record();
    let places = append
        .writes
        .iter()
        .flat_map(|write| &write.events)
        .filter_map(|event| match event {
            Event::Stack(StackEvent::Requested { place, .. }) => Some(*place),
            _ => None,
        });
    for (start, place) in starts.iter().zip(places) {
        let way_out = start.purpose == Purpose::Recover
            || sim.folds.stack(&start.stack).class() == PhaseClass::Broken;
        assert_eq!(
            place == QueueEnd::Head,
            way_out,
            "{} is asked for at the wrong end of the queue",
            start.stack
        );
    }
    for start in starts {
        let fold = sim.folds.stack(&start.stack);
        assert_eq!(record.mode, Mode::Deploy, "asked for where one only looks");
        let busy = fold.current.is_some() || !fold.queue.is_empty();
        let piles_up =
            busy && start.purpose == Purpose::Deploy && fold.class() != PhaseClass::Broken;
        assert!(
            !piles_up || record.queue != QueuePolicy::Refuse,
            "{} queues where that is refused",
            start.stack
        );
        if let Intent::Rollback { to: None, .. } = intent {
            rollback(sim, &fold, start);
        }
        if let Intent::Unblock { .. } = intent {
            let dead_end = sim.outside(&start.stack).sight().standing.is_repairable();
            let recovers = start.purpose == Purpose::Recover && dead_end && fold.current.is_none();
            assert!(
                fold.class() == PhaseClass::Broken || recovers,
                "{} was unblocked, which was not blocked",
                start.stack
            );
        }
    }
}

/// A rollback never goes to what serves already, unless it is in doubt how well that serves, or
/// something else is on its way.
fn rollback(sim: &Sim, fold: &Stack, start: &StartOf) {
    let last = fold.last.map(|last| sim.folds.deployments[&last].clone());
    // Nobody who goes back from a deployment that failed means to leave what was good before it.
    let failed = |d: &Deployment| {
        let deploys = d
            .request
            .as_ref()
            .is_some_and(|request| request.purpose == Purpose::Deploy);
        deploys && matches!(d.end, Some(End::Failed { .. } | End::Partial { .. }))
    };
    let doubt = fold.class() == PhaseClass::Broken
        || last.is_some_and(|d| failed(&d) || d.end != Some(End::Done) && d.changed_anything());
    let coming = fold.current.is_some();
    let serves = fold
        .release
        .as_ref()
        .is_some_and(|now| now.digest == start.spec.release.digest);
    assert!(
        !serves || doubt || coming,
        "{}: a rollback to {}, which serves",
        fold.id,
        start.spec.release
    );
}

/// A stack stands behind every mark that its deployment has passed.
fn marks(fold: &Stack, d: &Deployment) {
    for (step, run) in d.runs() {
        let Some((when, mark)) = &step.reaches else {
            continue;
        };
        let come = match when {
            When::Started => run.ever_started() || run.state == StepState::Done,
            When::Done => run.state == StepState::Done,
        };
        assert!(
            !come || !fold.takes(&mark.edge()),
            "{}: {} has reached {mark} and the stack is {}",
            fold.id,
            step.id,
            fold.phase
        );
    }
}

/// What must hold whenever all is granted.
pub(super) fn at_rest(sim: &Sim) {
    let record = sim.record();
    for fold in sim.folds.stacks.values() {
        let mine = || {
            sim.folds
                .deployments
                .values()
                .filter(|d| d.stack() == Some(&fold.id))
        };
        assert!(
            mine().filter(|d| d.class() == PhaseClass::Busy).count() <= 1,
            "{}: two run at once",
            fold.id
        );
        for d in mine() {
            assert!(
                d.is_over() || d.phase == Phase::Queued || fold.current == Some(d.id),
                "{} runs without the lock",
                d.no()
            );
            if fold.current == Some(d.id) {
                marks(fold, d);
                wakes(sim, d);
            }
            let queued = fold.queue.iter().any(|entry| entry.deployment == d.id);
            assert_eq!(
                queued,
                d.phase == Phase::Queued,
                "{} is {} and the queue says {queued}",
                d.no(),
                d.phase
            );
        }
        in_order(sim, fold);
        if record.queue == QueuePolicy::Latest && sim.folds.environments[&env()].record_version == 1
        {
            let deploys = fold
                .queue
                .iter()
                .filter(|entry| entry.purpose == Purpose::Deploy)
                .count();
            assert!(
                deploys <= 1,
                "{}: {deploys} wait where only the newest may",
                fold.id
            );
        }
        for entry in &fold.queue {
            let failed = |need: &DeploymentId| {
                sim.folds.deployments[need]
                    .end
                    .as_ref()
                    .is_some_and(|end| *end != End::Done)
            };
            assert!(
                fold.current.is_some() || !entry.after.iter().any(failed),
                "{} waits for what has failed",
                entry.no
            );
        }
        if fold.current.is_none() {
            assert_eq!(
                fold.release,
                sim.outside(&fold.id).serves,
                "{}: the log says another release than serves",
                fold.id
            );
        }
    }
}

/// Ways out go to the head; all others keep the order in which they were asked for. Numbers do not tell
/// that order: a part has its own before there is room for it.
fn in_order(sim: &Sim, fold: &Stack) {
    let asked = |no: DeploymentNo| {
        sim.log.iter().position(|stored| {
            matches!(
                &stored.event,
                Ok(Event::Stack(StackEvent::Requested { entry, place: QueueEnd::Tail, .. }))
                    if entry.no == no
            )
        })
    };
    let numbers: Vec<DeploymentNo> = fold.queue.iter().map(|entry| entry.no).collect();
    let asked: Vec<usize> = numbers.iter().filter_map(|no| asked(*no)).collect();
    assert!(asked.is_sorted(), "{}: out of order: {numbers:?}", fold.id);
}
