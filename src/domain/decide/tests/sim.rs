//! A whole engine's worth of decisions without an engine: folds, a clock, and the answers of the
//! outside as data. Each event is held against the laws before it is taken.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use uuid::Uuid;

use super::laws;
use super::outside::{Outside, plan_for};
use crate::domain::ask::{Attached, Confirm, Intent, Source};
use crate::domain::class::EnvClass;
use crate::domain::decide::*;
use crate::domain::deployment::{Deployment, DeploymentEvent};
use crate::domain::environment::{EnvironmentEvent, Mode, OnFailure, QueuePolicy};
use crate::domain::event::Stored;
use crate::domain::failure::{Failure, Retry};
use crate::domain::given::{self, ana};
use crate::domain::grant::{self, Attempt, Effect, Grant, Machine};
use crate::domain::ids::StepId;
use crate::domain::look::{Quiet, Sights};
use crate::domain::place::Place;
use crate::domain::plan::{Output, Plan};
use crate::domain::purpose::Purpose;
use crate::domain::request::{Release, SourceBundle, Spec};
use crate::domain::stack::StackEvent;
use crate::domain::wants::Wants;

pub(super) struct Sim {
    pub(super) folds: Folds,
    pub(super) now: Time,
    /// The real stacks.
    pub(super) outside: BTreeMap<StackId, Outside>,
    /// Every stored event, for replay.
    pub(super) log: Vec<Stored>,
    /// What a cancel can do about the steps.
    pub(super) cancels: Cancels,
    /// Attempts that somebody carries out.
    begun: BTreeSet<Attempt>,
    /// Whoever carries out a step gets no further than to its start.
    pub(super) stands: bool,
    made: u128,
    /// A number for the deployment of a part.
    spare: Option<DeploymentNo>,
}

/// How running steps end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    Well,
    Badly,
    /// The real stack is left in a dead end.
    Stuck,
    /// Nobody can tell.
    Lost,
    /// Nothing was begun.
    Refused,
    /// Nothing was begun: what is there is another than what was planned for.
    Changed,
}

pub(super) fn record(
    class: EnvClass,
    on_failure: OnFailure,
    queue: QueuePolicy,
) -> EnvironmentRecord {
    EnvironmentRecord {
        class,
        places: Place::new("aws", "account", "region")
            .of(Some("000000000000"))
            .into(),
        on_failure,
        queue,
        mode: Mode::Deploy,
        min_level: None,
        hold_expiry: Duration::from_hours(24),
    }
}

impl Sim {
    pub(super) fn new(on_failure: OnFailure) -> Self {
        Self::with(record(EnvClass::Production, on_failure, QueuePolicy::Queue))
    }

    pub(super) fn with(record: EnvironmentRecord) -> Self {
        let mut sim = Self {
            folds: Folds::default(),
            now: Time(1_000_000),
            outside: BTreeMap::new(),
            log: vec![],
            cancels: Cancels::new(),
            begun: BTreeSet::new(),
            stands: false,
            made: 0,
            spare: None,
        };
        sim.configure(record);
        sim
    }

    /// Records the environment, past the guard.
    pub(super) fn configure(&mut self, record: EnvironmentRecord) {
        let mut append = Append::default();
        on_environment(
            &mut append,
            &self.folds,
            &env(),
            EnvironmentEvent::Configured { record },
        );
        self.take(append);
    }

    pub(super) fn record(&self) -> EnvironmentRecord {
        self.folds.environments[&env()].record.clone().unwrap()
    }

    pub(super) fn take(&mut self, append: Append) -> usize {
        let before = self.log.len();
        self.spare = self.spare.filter(|no| !append.creates(*no));
        for write in append.writes {
            assert_eq!(
                self.folds.version(&write.stream),
                write.expected,
                "decided on an old {}",
                write.stream
            );
            for (offset, event) in (1..).zip(write.events) {
                laws::before(self, &write.stream, &event);
                let stored = Stored {
                    seq: self.log.len() as u64 + 1,
                    stream: write.stream.clone(),
                    version: write.expected + offset,
                    at: self.now,
                    person: Person::Engine,
                    cause: None,
                    event: Ok(event),
                };
                let left = match &stored.stream {
                    StreamId::Stack(id) => self.folds.stack(id).unsettled,
                    StreamId::Environment(_) | StreamId::Deployment(_) => None,
                };
                self.folds.apply(&stored);
                self.whole_came(&stored, left);
                self.log.push(stored);
            }
        }
        assert_eq!(
            self.folds.broken,
            BTreeMap::new(),
            "a decision that is no edge"
        );
        self.log.len() - before
    }

    /// A whole is nothing outside but its parts: it serves once all of them do, and what they serve
    /// once those that a deployment had left out have been brought.
    fn whole_came(&mut self, stored: &Stored, left: Option<DeploymentId>) {
        if let (StreamId::Stack(whole), Ok(Event::Stack(StackEvent::Mended { .. }))) =
            (&stored.stream, &stored.event)
        {
            let parts = &self.folds.deployments[&left.unwrap()]
                .request
                .as_ref()
                .unwrap()
                .spec
                .parts;
            let now: Vec<_> = parts
                .keys()
                .filter_map(|part| {
                    let serves = self.outside(&whole.with(part.clone())).serves;
                    Some((part, serves?))
                })
                .collect();
            let comes_to = Release::of_parts(now.iter().map(|(part, now)| (*part, now)));
            self.outside.entry(whole.clone()).or_default().serves = Some(comes_to);
        }
        let (StreamId::Deployment(id), Ok(Event::Deployment(event))) =
            (&stored.stream, &stored.event)
        else {
            return;
        };
        let d = &self.folds.deployments[id];
        let request = d.request.as_ref().unwrap();
        if matches!(**event, DeploymentEvent::Done)
            && request.spec.is_whole()
            && d.leaves().is_none()
        {
            let outside = self.outside.entry(request.stack.clone()).or_default();
            outside.serves = Some(request.spec.release.clone());
        }
    }

    pub(super) fn cx<'a>(&'a self, fresh: &'a [(DeploymentId, DeploymentNo)]) -> Cx<'a> {
        let asked = Asked {
            id: AskId(Uuid::from_u128(self.log.len() as u128)),
            via: Via::Verb,
            reply: None,
        };
        Cx {
            now: self.now,
            person: ana(),
            asked: Some(asked),
            fresh,
            number: self.spare,
            cancels: &self.cancels,
        }
    }

    /// Asks as the clerk does: starts, looks, plans, card, guard. `guard`: what is asked for is
    /// typed.
    pub(super) fn ask(
        &mut self,
        intent: &Intent,
        attached: &[Attached],
        guard: bool,
        armed: bool,
    ) -> Result<(), String> {
        self.ask_as(ana(), intent, attached, guard, armed)
    }

    /// The same of somebody else.
    pub(super) fn ask_as(
        &mut self,
        person: Person,
        intent: &Intent,
        attached: &[Attached],
        guard: bool,
        armed: bool,
    ) -> Result<(), String> {
        let code = |refused: Refused| refused.code;
        let starts = specs(&self.folds, intent, attached).map_err(code)?;
        let fresh = self.fresh(starts.len());
        let plan = |start: &StartOf| {
            Ok((
                start.stack.clone(),
                self.plan(&start.stack, start.purpose, &start.spec)?,
            ))
        };
        let plans: Vec<(StackId, Plan)> = starts
            .iter()
            .map(plan)
            .collect::<Result<_, Failure>>()
            .map_err(|_| "cannot-plan".to_owned())?;
        let cx = Cx {
            person,
            ..self.cx(&fresh)
        };
        let card = card(&self.folds, intent, &starts, &plans, &cx).map_err(code)?;
        laws::card(self, &card);
        let confirm = if guard {
            Confirm {
                subject: Some(card.subject),
                text: card.phrase.clone().unwrap_or_default(),
                reason: "why".into(),
            }
        } else {
            Confirm::default()
        };
        let looked = Looked { card, plans };
        let (append, _) =
            act(&self.folds, intent, &starts, &looked, &confirm, armed, &cx).map_err(code)?;
        laws::accepted(self, intent, &starts, &append);
        self.take(append);
        Ok(())
    }

    /// New ids, and the numbers behind those that were used.
    pub(super) fn fresh(&mut self, how_many: usize) -> Vec<(DeploymentId, DeploymentNo)> {
        let last = self
            .folds
            .deployments
            .values()
            .map(|d| d.no().0)
            .chain(self.spare.map(|no| no.0))
            .max()
            .unwrap_or(0);
        let id = |made: &mut u128| {
            *made += 1;
            DeploymentId(Uuid::from_u128(*made))
        };
        (1..)
            .take(how_many)
            .map(|nth| (id(&mut self.made), DeploymentNo(last + nth)))
            .collect()
    }

    pub(super) fn outside(&self, id: &StackId) -> Outside {
        self.outside.get(id).cloned().unwrap_or_default()
    }

    fn plan(&self, id: &StackId, purpose: Purpose, spec: &Spec) -> Result<Plan, Failure> {
        plan_for(
            purpose,
            spec,
            &self.outside(id),
            self.folds.stack(id).serving(&self.folds),
        )
    }

    /// Deploys this plan as the release of that name on the first stack.
    pub(super) fn deploy(&mut self, plan: &Plan) -> Result<(), String> {
        let intent = Intent::deploy(stack(), Source::Estate);
        self.ask(&intent, &[attached(&stack(), "r1", plan)], true, false)
    }

    /// Grants until nothing more is wanted. Looks and plans are answered at once; steps go on until
    /// [`Sim::end_steps`].
    pub(super) fn grant(&mut self) {
        for _ in 0..500 {
            let mut took = 0;
            for machine in grant::machines(&self.folds) {
                for Grant { append, effect } in self.granted(&machine).now {
                    let before = self.folds.clone();
                    took += self.take(append);
                    laws::granted(self, &before, &machine, effect.as_ref());
                    took += effect.map_or(0, |effect| self.answer(effect));
                }
            }
            if took == 0 {
                return;
            }
        }
        panic!("it never comes to rest");
    }

    pub(super) fn granted(&self, machine: &Machine) -> Wants<Grant> {
        let cx = Cx {
            person: Person::Engine,
            asked: None,
            ..self.cx(&[])
        };
        grant::grant(&self.folds, machine, &cx, None, &|_, _, _| {
            Ok(Output::default())
        })
    }

    /// The outside answers.
    fn answer(&mut self, effect: Effect) -> usize {
        let append = match effect {
            Effect::Look { stack, entry } => {
                let outside = self.outside(&stack);
                let seen: Sights = [outside.sight()].into_iter().collect();
                grant::looked(
                    &self.folds,
                    &stack,
                    Ok((seen, outside.quiet(entry.purpose))),
                )
            }
            Effect::Settle(id) => {
                let request = self.folds.deployments[&id].request.as_ref().unwrap();
                let found = match self.outside(&request.stack).quiet(request.purpose) {
                    Quiet::Stuck(failure) => Err(failure),
                    Quiet::Quiet | Quiet::Busy => Ok(Sights::default()),
                };
                grant::settled(&self.folds, id, found)
            }
            Effect::Plan(id) => {
                let request = self.folds.deployments[&id].request.as_ref().unwrap();
                let plan = self.plan(&request.stack, request.purpose, &request.spec);
                grant::made(&self.folds, id, plan.map(|plan| (plan, vec![])))
            }
            Effect::Begin(attempt) => {
                laws::begins(self, &attempt);
                assert!(self.begun.insert(attempt.clone()), "an attempt begins once");
                let d = &self.folds.deployments[&attempt.deployment];
                if self.stands {
                    Append::default()
                } else {
                    noted(&self.folds, d, &attempt.step, "intent", Value::Null)
                }
            }
            Effect::Attend { attempt, .. } => {
                assert!(
                    self.begun.contains(&attempt),
                    "{attempt:?} is attended and never began"
                );
                Append::default()
            }
            Effect::Drop(attempt) => {
                laws::dropped(self, &attempt);
                Append::default()
            }
            Effect::Number => {
                self.spare = Some(self.fresh(1)[0].1);
                return 1;
            }
            Effect::Forget(stack) => {
                laws::forgotten(self, &stack);
                Append::default()
            }
        };
        self.take(append)
    }

    /// Every step that runs, or of which nobody could tell; those of parts end by themselves.
    pub(super) fn live(&self) -> Vec<(DeploymentId, StepId, u32)> {
        let of = |d: &Arc<Deployment>| -> Vec<_> {
            d.runs()
                .filter(|(step, run)| run.is_live() && step.kind.part().is_none())
                .map(|(step, run)| (d.id, step.id.clone(), run.attempt))
                .collect()
        };
        self.folds.deployments.values().flat_map(of).collect()
    }

    /// Every running step ends, with this output where it ends well.
    pub(super) fn end_steps(&mut self, output: &Value, how: &dyn Fn(&StepId) -> Ends) {
        for (id, step, attempt) in self.live() {
            let d = self.folds.deployments[&id].clone();
            if d.steps[&step].state == crate::domain::deployment::StepState::Lost {
                continue;
            }
            let ends = how(&step);
            self.ended(&d, &step, ends);
            let result = match ends {
                Ends::Well => {
                    let changes = output
                        .get("changes")
                        .map(|changes| serde_json::from_value(changes.clone()).unwrap());
                    Ok(Output {
                        changes,
                        ..Output::public(output.clone())
                    })
                }
                Ends::Badly | Ends::Stuck => Err(Failure::new(format!("{step} broke"))
                    .retry(Retry::After(Duration::from_secs(1)))),
                Ends::Refused => Err(Failure::new(format!("{step} was refused")).as_before()),
                Ends::Changed => Err(Failure::new(format!("{step} found another thing"))
                    .retry(Retry::Replan)
                    .as_before()),
                Ends::Lost => {
                    Err(Failure::new(format!("{step} is out of sight")).retry(Retry::AskAPerson))
                }
            };
            let append = outcome(&self.folds, &d, &step, attempt, result, self.now);
            self.take(append);
        }
    }

    /// What the end of a step makes of the real stack.
    pub(super) fn ended(&mut self, d: &Deployment, step: &StepId, how: Ends) {
        let (request, step) = (
            d.request.as_ref().unwrap(),
            d.plan.as_ref().and_then(|plan| plan.step(step)).unwrap(),
        );
        let Some(leaves) = step.leaves else { return };
        let fold = self.folds.stack(&request.stack);
        let outside = self.outside.entry(request.stack.clone()).or_default();
        outside.ended(leaves, &request.spec.release, how);
        if step.finaliser.is_some() && how == Ends::Well {
            // The whole input of what served goes in again.
            outside.serves = fold.serving(&self.folds).map(|spec| spec.release.clone());
        }
    }

    /// The first open hold is decided.
    pub(super) fn decide(&mut self, yes: bool) {
        let Some(hold) = self
            .folds
            .open_holds()
            .first()
            .map(|(_, hold)| (*hold).clone())
        else {
            return;
        };
        laws::hold(self, &hold);
        let choice = hold.choices.first().map(|choice| choice.name.clone());
        let confirm = Confirm {
            subject: Some(hold.subject),
            text: hold.words(choice.as_deref()),
            reason: "r".into(),
        };
        let decided = if yes {
            approve(
                &self.folds,
                &hold.id,
                &confirm,
                choice.as_deref(),
                &self.cx(&[]),
            )
        } else {
            reject(&self.folds, &hold.id, "no", &self.cx(&[]))
        };
        if let Ok((append, _)) = decided {
            self.take(append);
        }
    }

    pub(super) fn newest(&self) -> Arc<Deployment> {
        self.folds
            .deployments
            .values()
            .max_by_key(|d| d.no())
            .unwrap()
            .clone()
    }

    /// The log again from nothing, through its stored form.
    pub(super) fn replayed(&self) -> Folds {
        let mut again = Folds::default();
        for stored in &self.log {
            let text = serde_json::to_value(stored.event.as_ref().unwrap()).unwrap();
            again.apply(&Stored {
                event: Event::read(&stored.stream, 1, &text),
                ..stored.clone()
            });
        }
        again
    }
}

pub(super) fn env() -> EnvName {
    "prod".parse().unwrap()
}

pub(super) fn stack() -> StackId {
    "prod/orders".parse().unwrap()
}

pub(super) fn attached(stack: &StackId, release: &str, plan: &Plan) -> Attached {
    attached_as("service", stack, release, plan)
}

pub(super) fn attached_as(system: &str, stack: &StackId, release: &str, plan: &Plan) -> Attached {
    let spec = given::spec(system, release, serde_json::to_value(plan).unwrap());
    Attached {
        stack: stack.clone(),
        spec,
        bundle: SourceBundle::default(),
    }
}
