//! An intent that is planned before it is answered: looks aside, and then the card or the decision.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;

use super::Origin;
use crate::domain::ask::{Answer, Attached, Confirm, Intent, Source};
use crate::domain::card::Card;
use crate::domain::cause::Of;
use crate::domain::decide::{self, Looked, StartOf};
use crate::domain::digest::Digest;
use crate::domain::event::Append;
use crate::domain::failure::{Failure, Retry};
use crate::domain::flag::{self, Offered};
use crate::domain::ids::{AskId, EnvName, StackId};
use crate::domain::look::Sights;
use crate::domain::place::Places;
use crate::domain::plan::Plan;
use crate::domain::purpose::Purpose;
use crate::domain::refused::Refused;
use crate::domain::request::{SourceBundle, Spec};
use crate::engine::driver::REST;
use crate::engine::looks::{Planned, Planning};
use crate::engine::{Engine, EngineError, Msg, Parts};
use crate::store::Preview;
use crate::systems::flags_of;

/// What is wanted of an intent once it is planned.
#[derive(Debug, Clone)]
pub(crate) enum Wanted {
    Card,
    Act { confirm: Confirm, armed: bool },
}

/// An ask whose looks are done.
pub(crate) struct Previewed {
    pub(super) from: Origin,
    pub(super) intent: Intent,
    pub(super) attached: Vec<Attached>,
    pub(super) wanted: Wanted,
    pub(super) starts: Vec<StartOf>,
    /// The versions of the records for which it was planned.
    pub(super) records: Records,
    pub(super) plans: Result<Vec<(StackId, Planned)>, Failure>,
}

/// The versions of the records of some environments.
pub(super) type Records = BTreeMap<EnvName, u64>;

impl Previewed {
    /// Which ask it is.
    pub(in crate::engine) fn ask(&self) -> AskId {
        self.from.asked.id
    }
}

impl Engine {
    /// Plans an intent: at once where nothing is to be looked at, else aside.
    pub(super) async fn look_for(
        &mut self,
        from: Origin,
        intent: Intent,
        attached: Vec<Attached>,
        wanted: Wanted,
    ) -> Result<(), EngineError> {
        let starts = match self.starts(&intent, &attached) {
            Ok(starts) => starts,
            Err(refused) => {
                self.answer(&from, Err(refused));
                return Ok(());
            }
        };
        let ask = from.asked.id;
        let given = match &intent {
            Intent::Deploy {
                source: Source::Application { name, file },
                ..
            } => Some((name.clone(), file.clone())),
            _ => None,
        };
        let mut plannings = Vec::with_capacity(starts.len());
        for start in &starts {
            let token = ask.0.simple().to_string();
            match self.planning(
                &start.stack,
                &start.spec,
                start.purpose,
                None,
                &start.flags,
                &token,
            ) {
                Ok(planning) => {
                    let bundle = attached
                        .iter()
                        .find(|a| a.stack == start.stack && a.spec == start.spec)
                        .map(|a| a.bundle.clone());
                    // A teardown and a recovery name resources, which the looks of the driver leave
                    // out: they look for themselves.
                    let fresh = (start.purpose == Purpose::Deploy)
                        .then(|| self.fresh_sight(&start.stack, planning.places()))
                        .flatten();
                    // How the stack stands may be of moments ago; what it is made of is asked anew.
                    let is_own = |seen: &Sights| {
                        let main = seen.main();
                        main.is_some_and(|main| start.spec.about.contains(&main.about))
                    };
                    let fresh = fresh.filter(is_own);
                    let seen = fresh.unwrap_or_default();
                    plannings.push((
                        start.stack.clone(),
                        Planning {
                            bundle,
                            given: given.clone(),
                            seen,
                            ..planning
                        },
                    ));
                }
                Err(failure) => {
                    let flags = self.offered(&intent, &starts);
                    self.answer(&from, Err(refusal(&failure).choosing(flags)));
                    return Ok(());
                }
            }
        }
        if plannings.is_empty() {
            return self
                .previewed(Previewed {
                    from,
                    intent,
                    attached,
                    wanted,
                    records: self.records(&starts),
                    starts,
                    plans: Ok(vec![]),
                })
                .await;
        }
        let stacks = starts.iter().map(|start| start.stack.clone()).collect();
        self.parked.insert(ask, stacks);
        let (parts, records) = (self.shared_parts(), self.records(&starts));
        self.spawn_look(format!("ask {ask}"), async move {
            let plans = join_all(plannings.into_iter().map(|(stack, planning)| {
                let parts = parts.clone();
                async move { Ok((stack, planned(&planning, &parts).await?)) }
            }))
            .await
            .into_iter()
            .collect();
            Msg::Previewed(Box::new(Previewed {
                from,
                intent,
                attached,
                wanted,
                starts,
                records,
                plans,
            }))
        });
        Ok(())
    }

    /// The versions of the records where something is to start.
    pub(super) fn records(&self, starts: &[StartOf]) -> Records {
        let envs = starts.iter().map(|start| start.stack.env.clone());
        envs.map(|env| {
            let known = self.folds.environments.get(&env);
            let version = known.map_or(0, |known| known.record_version);
            (env, version)
        })
        .collect()
    }

    /// The places of a stack's environment, as they are recorded now.
    fn recorded(&self, stack: &StackId) -> Option<Places> {
        let record = self.folds.environments.get(&stack.env)?.record.as_ref()?;
        Some(record.places.clone())
    }

    /// What a person may choose of the one stack that an intent is about.
    fn offered(&self, intent: &Intent, starts: &[StartOf]) -> Vec<Offered> {
        let (Some(_), [start]) = (intent.flags(), starts) else {
            return Vec::new();
        };
        let system = (self.parts.systems)(&start.spec.system);
        let flags = system.map(|system| {
            let own = flags_of(system, &start.spec);
            flag::offered(own, start.purpose, &start.flags)
        });
        flags.unwrap_or_default()
    }

    /// Answers an ask whose plans are there.
    pub(in crate::engine) async fn previewed(
        &mut self,
        previewed: Previewed,
    ) -> Result<(), EngineError> {
        let Previewed {
            from,
            intent,
            attached,
            wanted,
            mut starts,
            records,
            plans,
        } = previewed;
        let ask = from.asked.id;
        self.parked.remove(&ask);
        self.looking.remove(&format!("ask {ask}"));
        if records != self.records(&starts) {
            // What was looked at meanwhile may be another place than the one that is meant now.
            return Box::pin(self.look_for(from, intent, attached, wanted)).await;
        }
        let plans = match plans {
            Ok(plans) => plans,
            Err(failure) => {
                let flags = self.offered(&intent, &starts);
                self.answer(&from, Err(refusal(&failure).choosing(flags)));
                return Ok(());
            }
        };
        for (stack, planned) in &plans {
            if let Some(places) = self.recorded(stack) {
                self.remember(stack, &places, &planned.seen);
            }
        }
        let mut specs: Vec<(StackId, Spec)> = Vec::with_capacity(plans.len());
        let mut files: Vec<SourceBundle> = Vec::new();
        let plans: Vec<(StackId, Plan)> = plans
            .into_iter()
            .map(|(stack, planned)| {
                files.extend(planned.files);
                specs.push((stack.clone(), planned.spec));
                (stack, planned.plan)
            })
            .collect();
        decide::settle_specs(&self.folds, &mut starts, &specs);
        for start in &mut starts {
            if let Some((_, plan)) = plans.iter().find(|(stack, _)| *stack == start.stack) {
                let retries = start.of.as_ref().and_then(Of::retries);
                let carried = self.carried(retries, &start.spec.system, plan);
                start.carried = carried.into_iter().map(|(step, _)| step).collect();
            }
        }
        let card = match decide::card(
            &self.folds,
            &intent,
            &starts,
            &plans,
            &self.ask_cx(&from, &[]),
        ) {
            Ok(card) => Card {
                flags: self.offered(&intent, &starts),
                ..card
            },
            Err(refused) => {
                self.answer(&from, Err(refused));
                return Ok(());
            }
        };
        match wanted {
            Wanted::Card => {
                let preview = Preview {
                    intent,
                    card: card.clone(),
                    plans,
                    specs,
                    files,
                };
                self.previews.push((ask, preview));
                self.answer(
                    &from,
                    Ok((
                        Append::default(),
                        Answer::Card {
                            card: Box::new(card),
                        },
                    )),
                );
            }
            Wanted::Act { confirm, armed } => {
                let looked = Looked { card, plans };
                // A guard that is not met uses no number up.
                let admitted =
                    decide::admitted(&from.person, &intent, &looked.card, &confirm).is_ok();
                let wanted = if admitted { starts.len() } else { 0 };
                let fresh = match self.fresh_deployments(wanted).await {
                    Ok(fresh) => fresh,
                    // Nothing is decided: the ask stays where it is, and is taken again.
                    Err(why) if why.passes() => {
                        self.note_room(&why);
                        self.ask_again = Some(self.now() + REST);
                        return Ok(());
                    }
                    Err(why) => return Err(why.into()),
                };
                let cx = self.ask_cx(&from, &fresh);
                let decided =
                    decide::act(&self.folds, &intent, &starts, &looked, &confirm, armed, &cx).map(
                        |(mut append, answer)| {
                            let given = attached.iter().map(|entry| &entry.bundle);
                            let known: BTreeMap<Digest, &SourceBundle> = given
                                .chain(&files)
                                .map(|files| (files.digest(), files))
                                .collect();
                            for bundle in starts.iter().flat_map(|start| start.spec.bundles()) {
                                if let Some(files) = known.get(&bundle)
                                    && let Ok(bytes) = serde_json::to_vec(files)
                                {
                                    append.blobs.push((bundle, bytes));
                                }
                            }
                            (append, answer)
                        },
                    );
                if decided.is_ok() {
                    self.numbers.drain(..fresh.len());
                }
                if let Err(Refused {
                    card: Some(card), ..
                }) = &decided
                {
                    // The card in the refusal can be confirmed as it stands.
                    let preview = Preview {
                        intent,
                        card: (**card).clone(),
                        plans: looked.plans,
                        specs,
                        files,
                    };
                    self.previews.push((ask, preview));
                }
                self.answer(&from, decided);
            }
        }
        Ok(())
    }
}

/// How long a plan is waited for whose looks are throttled: the screen and the shell say so
/// meanwhile.
const THROTTLED: Duration = Duration::from_mins(5);
/// How long where they fail by something else that may pass, of which nothing is said meanwhile.
const FAILING: Duration = Duration::from_secs(20);

/// The plan, looked for again as long as only what passes is in its way.
async fn planned(planning: &Planning, parts: &Parts) -> Result<Planned, Failure> {
    let from = parts.clock.now();
    let slowed = || {
        let mut places = planning.on.places.iter();
        places.any(|place| parts.eyes.slowed(place).is_some())
    };
    loop {
        match planning.clone().plan(parts).await {
            Err(failure) => match failure.retry {
                Retry::After(pause)
                    if parts.clock.now() + pause
                        < from + if slowed() { THROTTLED } else { FAILING } =>
                {
                    parts.clock.sleep(pause).await;
                }
                Retry::Never
                | Retry::After(_)
                | Retry::AskAPerson
                | Retry::Contact
                | Retry::Replan => {
                    return Err(failure);
                }
            },
            planned => return planned,
        }
    }
}

fn refusal(failure: &Failure) -> Refused {
    let says = if failure.detail.is_empty() {
        failure.summary.clone()
    } else {
        format!("{}: {}", failure.summary, failure.detail)
    };
    let code = match failure.retry {
        Retry::Contact => Refused::NO_CONTACT,
        Retry::Never | Retry::After(_) | Retry::AskAPerson | Retry::Replan => Refused::CANNOT_PLAN,
    };
    Refused::new(code, says).hint(failure.advice_refused())
}
