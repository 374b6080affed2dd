//! Deciding: pure functions from folds and an ask (or an outcome) to one append over several
//! streams, or a refusal. Everything that varies comes in [`Cx`]; the engine recomputes on a
//! conflict.

mod act;
mod app;
mod apply;
mod cancel;
mod cards;
mod deploy;
mod enqueue;
mod freeze;
mod holds;
mod lines;
mod outage;
pub(super) mod parts;
mod publish;
mod settle;
mod specs;
mod steps;
mod stop;
mod unblock;
mod unseen;

pub use act::{ARMED, act, admitted, guard};
pub use app::app_told;
pub use cards::card;
pub use freeze::lock;
pub use holds::{approve, cover, expire, hold_want, reject, subject};
pub use publish::publish;
pub use settle::{
    adopt, available, begin, complete, end_queued, error, finish, planned, pop, rest, wait_failure,
};
pub use specs::{NAMED, StartOf, choose, settle_specs, specs};
pub use steps::{PureStep, found, noted, outcome, start, time_out, withdraw};
pub use stop::undo;

use std::collections::BTreeMap;

use super::ask::Answer;
use super::card::Card;
use super::cause::{Reply, Via};
use super::environment::{Environment, EnvironmentRecord, Mode};
use super::event::{Append, Event, StreamId};
use super::folds::Folds;
use super::ids::{AskId, DeploymentId, DeploymentNo, EnvName, StackId};
use super::person::Person;
use super::plan::{Cancel, Plan, StepKind};
use super::refused::Refused;
use super::time::Time;

/// Everything that varies around a decision.
#[derive(Debug, Clone)]
pub struct Cx<'a> {
    /// The time.
    pub now: Time,
    /// The proven person.
    pub person: Person,
    /// The ask, where one leads to this.
    pub asked: Option<Asked>,
    /// Fresh ids and numbers for new deployments; at least as many as stacks concerned.
    pub fresh: &'a [(DeploymentId, DeploymentNo)],
    /// A fresh number for the deployment of a part, which has an id already.
    pub number: Option<DeploymentNo>,
    /// What a cancel can do about steps of each kind.
    pub cancels: &'a Cancels,
}

/// The ask that leads to a decision.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// Which.
    pub id: AskId,
    /// From where it came.
    pub via: Via,
    /// What is owed for it.
    pub reply: Option<Reply>,
}

/// What a cancel can do, by the kind of step.
pub type Cancels = BTreeMap<StepKind, Cancel>;

/// What was looked at, planned and shown for an intent.
#[derive(Debug, Clone, PartialEq)]
pub struct Looked {
    /// The card.
    pub card: Card,
    /// The plan of each.
    pub plans: Vec<(StackId, Plan)>,
}

/// A decision: what to append, and what to answer.
pub type Decided = Result<(Append, Answer), Refused>;

/// The record of an environment, or the refusal that says how to get one.
pub(crate) fn record<'a>(
    folds: &'a Folds,
    env: &EnvName,
) -> Result<(&'a Environment, &'a EnvironmentRecord), Refused> {
    folds
        .environments
        .get(env)
        .and_then(|fold| Some((fold.as_ref(), fold.record.as_ref()?)))
        .ok_or_else(|| {
            Refused::new(
                "unknown-environment",
                format!("this store knows no environment {env}"),
            )
            .hint("run `holdpoint apply` to record what the estate file says")
        })
}

/// The record of a stack's environment, if anything may be changed there.
fn open<'a>(folds: &'a Folds, id: &StackId) -> Result<&'a EnvironmentRecord, Refused> {
    let (_, record) = record(folds, &id.env)?;
    if record.mode == Mode::Watch {
        return Err(Refused::new(
            "watch-only",
            format!("{} is only watched (mode: watch)", id.env),
        ));
    }
    readable(folds, id)?;
    Ok(record)
}

/// Nothing is decided on what cannot be read: not on a stack whose log is damaged, nor on one that
/// such a deployment holds.
fn readable(folds: &Folds, id: &StackId) -> Result<(), Refused> {
    let current = folds.stacks.get(id).and_then(|stack| stack.current);
    let streams = [
        Some(StreamId::Stack(id.clone())),
        current.map(StreamId::Deployment),
    ];
    let broken = streams
        .into_iter()
        .flatten()
        .find_map(|stream| folds.broken.get(&stream));
    broken.map_or(Ok(()), |why| {
        let says = format!("the log of {id} cannot be read: {why}");
        Err(Refused::new("broken-log", says).hint("`holdpoint doctor` checks the whole store"))
    })
}

/// Adds an event of a stack, with the version that the folds have.
pub(crate) fn on_stack(
    append: &mut Append,
    folds: &Folds,
    id: &StackId,
    event: super::stack::StackEvent,
) {
    let stream = StreamId::Stack(id.clone());
    let expected = folds.version(&stream);
    append.push(stream, expected, Event::Stack(event));
}

/// Adds an event of a deployment, with the version that the folds have.
pub(crate) fn on_deployment(
    append: &mut Append,
    folds: &Folds,
    id: DeploymentId,
    event: super::deployment::DeploymentEvent,
) {
    let stream = StreamId::Deployment(id);
    let expected = folds.version(&stream);
    append.push(stream, expected, Event::Deployment(Box::new(event)));
}

/// Adds an event of an environment, with the version that the folds have.
pub(crate) fn on_environment(
    append: &mut Append,
    folds: &Folds,
    name: &EnvName,
    event: super::environment::EnvironmentEvent,
) {
    let stream = StreamId::Environment(name.clone());
    let expected = folds.version(&stream);
    append.push(stream, expected, Event::Environment(event));
}

#[cfg(test)]
mod tests;
