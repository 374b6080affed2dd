//! The clerk: takes asks in order, looks where it must, decides, and answers in the append that records the decision.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use crate::domain::ask::{Answer, Ask, AskState, Attached, Confirm, InboxAsk, Intent, Refused};
use crate::domain::decide::{self, Cx, Looked, StartOf};
use crate::domain::event::Append;
use crate::domain::failure::{Failure, Retry};
use crate::domain::ids::{AskId, DeploymentId, StackId};
use crate::domain::look::Sights;
use crate::domain::plan::Plan;
use crate::domain::stack::Purpose;
use crate::store::Preview;

use super::commit::Committed;
use super::driver::REST;
use super::looks::Planning;
use super::{Engine, EngineError, Msg};

/// What is wanted of an intent once it is planned.
#[derive(Debug, Clone)]
pub(crate) enum Wanted {
    Card,
    Act { confirm: Confirm, armed: bool },
}

/// An ask whose looks are done.
pub(crate) struct Previewed {
    pub(super) ask: AskId,
    via: String,
    intent: Intent,
    attached: Vec<Attached>,
    wanted: Wanted,
    starts: Vec<StartOf>,
    plans: Result<Vec<(StackId, Plan, Sights)>, Failure>,
}

impl Engine {
    /// Takes what is in the inbox, in order. An ask that must look is parked and keeps its place for its stacks only.
    pub(super) async fn asks(&mut self) -> Result<(), EngineError> {
        self.ask_again = None;
        let asks = match self.parts.store.asks().await {
            Ok(asks) => asks,
            Err(why) if why.passes() => return Ok(()),
            Err(why) => return Err(why.into()),
        };
        let mut behind: BTreeSet<StackId> = self.parked.values().flatten().cloned().collect();
        for (ask, _, _) in asks {
            if self.parked.contains_key(&ask.id) {
                continue;
            }
            let stacks = concerned(&ask.ask);
            if stacks.iter().any(|stack| behind.contains(stack)) {
                behind.extend(stacks);
                continue;
            }
            if !self.claim(ask.id, &ask.ask).await? {
                // Another engine's: what is asked after it of the same stacks waits for its answer.
                match self.touches(&ask.ask) {
                    Some(stacks) => behind.extend(stacks),
                    None => return Ok(()),
                }
                continue;
            }
            self.failpoint("before decide")?;
            self.ask(ask).await?;
            self.failpoint("after decide")?;
            // Each ask is decided on what the one before it led to, and answered before the next is looked at.
            if self.commit().await? == Committed::Failed {
                self.ask_again = Some(self.now() + REST);
                return Ok(());
            }
            behind.extend(self.parked.values().flatten().cloned());
        }
        Ok(())
    }

    async fn ask(&mut self, ask: InboxAsk) -> Result<(), EngineError> {
        let InboxAsk { id, via, ask } = ask;
        if let Ask::Preview { intent, .. } | Ask::Do { intent, .. } = &ask {
            self.recall(intent).await?;
        }
        match ask {
            Ask::Preview { intent, attached } => self.look_for(id, via, intent, attached, Wanted::Card),
            Ask::Do { intent, attached, confirm, armed } => {
                if let Some(preview) = self.shown(&confirm).await?
                    && preview.intent == intent
                    && preview.card.valid_until >= self.now()
                    && let Ok(starts) = decide::specs(&self.folds, &intent, &attached)
                {
                    let plans = preview.plans.into_iter().map(|(id, plan)| (id, plan, Sights::default())).collect();
                    let wanted = Wanted::Act { confirm, armed };
                    self.previewed(Previewed { ask: id, via, intent, attached, wanted, starts, plans: Ok(plans) });
                } else {
                    self.look_for(id, via, intent, attached, Wanted::Act { confirm, armed });
                }
            }
            Ask::Approve { hold, confirm, choice } => {
                let decided = decide::approve(&self.folds, &hold, &confirm, choice.as_deref(), &self.ask_cx(id, &via, &[]));
                self.answer(id, decided);
            }
            Ask::Reject { hold, reason } => {
                let decided = decide::reject(&self.folds, &hold, &reason, &self.ask_cx(id, &via, &[]));
                self.answer(id, decided);
            }
            Ask::Undo { deployment } => {
                let decided = decide::undo(&self.folds, deployment, &self.ask_cx(id, &via, &[]));
                self.answer(id, decided);
            }
            Ask::Drain { version } => {
                let says = format!("ending for version {version}");
                self.answer(id, Ok((Append::default(), Answer::Accepted { deployments: vec![], says })));
                self.draining = true;
            }
        }
        Ok(())
    }

    async fn shown(&self, confirm: &Confirm) -> Result<Option<Preview>, EngineError> {
        let Some(subject) = confirm.subject else { return Ok(None) };
        match self.parts.store.preview(subject).await {
            Ok(found) => Ok(found),
            // Without it the looks are taken again.
            Err(why) if why.passes() => Ok(None),
            Err(why) => Err(why.into()),
        }
    }

    /// Plans an intent: at once where nothing is to be looked at, else aside.
    fn look_for(&mut self, ask: AskId, via: String, intent: Intent, attached: Vec<Attached>, wanted: Wanted) {
        let starts = match decide::specs(&self.folds, &intent, &attached) {
            Ok(starts) => starts,
            Err(refused) => return self.answer(ask, Err(refused)),
        };
        let mut plannings = Vec::with_capacity(starts.len());
        for start in &starts {
            let token = ask.0.simple().to_string();
            match self.planning(&start.stack, &start.spec, start.purpose, None, &token) {
                Ok(planning) => {
                    let bundle = attached.iter().find(|a| a.stack == start.stack && a.spec == start.spec).map(|a| a.bundle.clone());
                    // A teardown and a recovery name resources, which the looks of the driver leave out: they look for themselves.
                    let fresh = (start.purpose == Purpose::Deploy).then(|| self.fresh_sight(&start.stack)).flatten();
                    let seen = fresh.unwrap_or_default();
                    plannings.push((start.stack.clone(), Planning { bundle, seen, ..planning }));
                }
                Err(failure) => return self.answer(ask, Err(refusal(&failure))),
            }
        }
        if plannings.is_empty() {
            return self.previewed(Previewed { ask, via, intent, attached, wanted, starts, plans: Ok(vec![]) });
        }
        self.parked.insert(ask, starts.first().map(|start| start.stack.clone()));
        let parts = self.shared_parts();
        self.spawn_look(format!("ask {ask}"), async move {
            let plans = join_all(plannings.into_iter().map(|(stack, planning)| {
                let parts = parts.clone();
                async move { planning.plan(&parts).await.map(|(plan, seen)| (stack, plan, seen)) }
            }))
            .await
            .into_iter()
            .collect();
            Msg::Previewed(Box::new(Previewed { ask, via, intent, attached, wanted, starts, plans }))
        });
    }

    /// Answers an ask whose plans are there.
    pub(super) fn previewed(&mut self, previewed: Previewed) {
        let Previewed { ask, via, intent, attached, wanted, starts, plans } = previewed;
        self.parked.remove(&ask);
        self.looking.remove(&format!("ask {ask}"));
        let plans = match plans {
            Ok(plans) => plans,
            Err(failure) => return self.answer(ask, Err(refusal(&failure))),
        };
        for (stack, _, seen) in &plans {
            self.remember(stack, seen);
        }
        let plans: Vec<(StackId, Plan)> = plans.into_iter().map(|(stack, plan, _)| (stack, plan)).collect();
        let fresh: Vec<DeploymentId> = starts.iter().map(|_| DeploymentId((self.parts.fresh)())).collect();
        let card = match decide::card(&self.folds, &intent, &starts, &plans, &self.ask_cx(ask, &via, &fresh)) {
            Ok(card) => card,
            Err(refused) => return self.answer(ask, Err(refused)),
        };
        match wanted {
            Wanted::Card => {
                let preview = Preview { intent, card: card.clone(), plans };
                self.previews.push((ask, preview));
                self.answer(ask, Ok((Append::default(), Answer::Card { card: Box::new(card) })));
            }
            Wanted::Act { confirm, armed } => {
                let looked = Looked { card, plans };
                let cx = self.ask_cx(ask, &via, &fresh);
                let decided = decide::act(&self.folds, &intent, &starts, &looked, &confirm, armed, &cx).map(|(mut append, answer)| {
                    for start in &starts {
                        if let Some(entry) = attached.iter().find(|entry| entry.spec.bundle == start.spec.bundle)
                            && let Ok(bytes) = serde_json::to_vec(&entry.bundle)
                        {
                            append.blobs.push((start.spec.bundle, bytes));
                        }
                    }
                    (append, answer)
                });
                if let Err(Refused { card: Some(card), .. }) = &decided {
                    // The card in the refusal can be confirmed as it stands.
                    let preview = Preview { intent, card: (**card).clone(), plans: looked.plans };
                    self.previews.push((ask, preview));
                }
                self.answer(ask, decided);
            }
        }
    }

    fn answer(&mut self, ask: AskId, decided: decide::Decided) {
        let (append, answer) = match decided {
            Ok(decided) => decided,
            Err(refused) => (Append::default(), Answer::Refused(refused)),
        };
        let person = self.parts.owner.clone();
        self.take_by(append, person, Some(ask), Some((ask, AskState::Answered { answer })));
    }

    fn ask_cx<'a>(&'a self, ask: AskId, via: &'a str, fresh: &'a [DeploymentId]) -> Cx<'a> {
        Cx { now: self.now(), person: self.parts.owner.clone(), ask: Some(ask), via, fresh, cancels: &self.cancels }
    }

    /// The stacks that an ask may change; absent where that may be any.
    fn touches(&self, ask: &Ask) -> Option<Vec<StackId>> {
        let of = |id: &DeploymentId| self.folds.deployments.get(id)?.stack().map(|stack| vec![stack.clone()]);
        match ask {
            Ask::Preview { intent, .. } | Ask::Do { intent, .. } => match intent {
                Intent::Retry { deployment } | Intent::Cancel { deployment } | Intent::Abandon { deployment } => of(deployment),
                Intent::Freeze { .. } | Intent::Thaw { .. } | Intent::Apply { .. } => None,
                Intent::Deploy { .. } | Intent::Rollback { .. } | Intent::Teardown { .. } | Intent::Unblock { .. } => Some(concerned(ask)),
            },
            Ask::Approve { hold, .. } | Ask::Reject { hold, .. } => of(&self.folds.hold(hold)?.0.id),
            Ask::Undo { deployment } => of(deployment),
            Ask::Drain { .. } => Some(vec![]),
        }
    }
}

/// The stacks that an ask is about, as far as it says so itself.
pub(super) fn concerned(ask: &Ask) -> Vec<StackId> {
    match ask {
        Ask::Preview { intent, .. } | Ask::Do { intent, .. } => match intent {
            Intent::Deploy { stacks, .. } => stacks.clone(),
            Intent::Rollback { stack, .. } | Intent::Teardown { stack } | Intent::Unblock { stack, .. } => vec![stack.clone()],
            Intent::Retry { .. }
            | Intent::Cancel { .. }
            | Intent::Abandon { .. }
            | Intent::Freeze { .. }
            | Intent::Thaw { .. }
            | Intent::Apply { .. } => vec![],
        },
        Ask::Approve { .. } | Ask::Reject { .. } | Ask::Undo { .. } | Ask::Drain { .. } => vec![],
    }
}

fn refusal(failure: &Failure) -> Refused {
    let says = if failure.detail.is_empty() { failure.summary.clone() } else { format!("{}: {}", failure.summary, failure.detail) };
    let code = match failure.retry {
        Retry::Contact => Refused::NO_CONTACT,
        Retry::Never | Retry::After(_) | Retry::AskAPerson => Refused::CANNOT_PLAN,
    };
    Refused::new(code, says).hint(failure.hint.clone())
}
