//! The clerk: takes asks in order, looks where it must, decides, and answers in the append that
//! records the decision.

mod preview;

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::ask::{Answer, Ask, AskState, Attached, Confirm, InboxAsk, Intent, Waiting};
use crate::domain::decide::{self, Asked, Cx, StartOf};
use crate::domain::event::Append;
use crate::domain::ids::{DeploymentId, DeploymentNo, StackId};
use crate::domain::look::Sights;
use crate::domain::person::Person;
use crate::domain::refused::Refused;
use crate::domain::request::Spec;
use crate::store::Preview;
use crate::systems::flags_of;

use super::commit::Committed;
use super::driver::REST;
use super::looks::Planned;
use super::{Engine, EngineError};
pub(super) use preview::Previewed;
use preview::Wanted;

/// Which ask it is, and of whom.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    asked: Asked,
    person: Person,
}

impl Engine {
    /// Takes what is in the inbox, in order. An ask that must look is parked and keeps its place
    /// for its stacks only.
    pub(super) async fn asks(&mut self) -> Result<(), EngineError> {
        self.ask_again = None;
        let asks = match self.parts.store.asks().await {
            Ok(asks) => asks,
            Err(why) if why.passes() => return Ok(()),
            Err(why) => return Err(why.into()),
        };
        let mut behind: BTreeSet<StackId> = self.parked.values().flatten().cloned().collect();
        for Waiting { ask, writer, .. } in asks {
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
            let before = self.ask_again;
            self.ask(ask, &writer).await?;
            self.failpoint("after decide")?;
            if self.ask_again != before {
                return Ok(());
            }
            // Each ask is decided on what the one before it led to, and answered before the next is
            // looked at.
            if self.commit().await? == Committed::Failed {
                self.ask_again = Some(self.now() + REST);
                return Ok(());
            }
            behind.extend(self.parked.values().flatten().cloned());
        }
        Ok(())
    }

    /// Who asks is proven by how the ask came in: by who could write it, and by what they brought
    /// with it.
    async fn ask(&mut self, ask: InboxAsk, writer: &Person) -> Result<(), EngineError> {
        let InboxAsk {
            id,
            via,
            proof,
            reply,
            ask,
        } = ask;
        let from = Origin {
            asked: Asked { id, via, reply },
            person: proof.person(writer),
        };
        if let Ask::Preview { intent, .. } | Ask::Do { intent, .. } = &ask {
            self.recall(intent).await?;
        }
        match ask {
            Ask::Preview { intent, attached } => {
                self.look_for(from, intent, attached, Wanted::Card).await?;
            }
            Ask::Do {
                intent,
                attached,
                confirm,
                armed,
            } => {
                if let Some(preview) = self.shown(&confirm).await?
                    && preview.intent == intent
                    && preview.card.valid_until >= self.now()
                    && let Ok(starts) = self.starts(&intent, &attached)
                {
                    let specs: BTreeMap<StackId, Spec> = preview.specs.into_iter().collect();
                    let spec = |id: &StackId| {
                        let start = starts.iter().find(|start| start.stack == *id);
                        specs.get(id).or(start.map(|start| &start.spec)).cloned()
                    };
                    let plans = preview
                        .plans
                        .into_iter()
                        .filter_map(|(id, plan)| {
                            let (spec, seen) = (spec(&id)?, Sights::default());
                            let mut files = preview.files.iter();
                            let files = files.find(|files| files.digest() == spec.bundle);
                            let planned = Planned {
                                plan,
                                spec,
                                seen,
                                files: files.cloned(),
                            };
                            Some((id, planned))
                        })
                        .collect();
                    let wanted = Wanted::Act { confirm, armed };
                    self.previewed(Previewed {
                        from,
                        intent,
                        attached,
                        wanted,
                        records: self.records(&starts),
                        starts,
                        plans: Ok(plans),
                    })
                    .await?;
                } else {
                    self.look_for(from, intent, attached, Wanted::Act { confirm, armed })
                        .await?;
                }
            }
            Ask::Approve {
                hold,
                confirm,
                choice,
            } => {
                let decided = decide::approve(
                    &self.folds,
                    &hold,
                    &confirm,
                    choice.as_deref(),
                    &self.ask_cx(&from, &[]),
                );
                self.answer(&from, decided);
            }
            Ask::Reject { hold, reason } => {
                let decided = decide::reject(&self.folds, &hold, &reason, &self.ask_cx(&from, &[]));
                self.answer(&from, decided);
            }
            Ask::Undo { deployment } => {
                let decided = decide::undo(&self.folds, deployment, &self.ask_cx(&from, &[]));
                self.answer(&from, decided);
            }
            Ask::Lock { environment, lock } => {
                let decided = decide::lock(&self.folds, &environment, lock);
                self.answer(&from, decided);
            }
            Ask::App { stack, told } => {
                let decided = decide::app_told(&self.folds, &stack, &told);
                self.answer(&from, decided);
            }
            Ask::Drain { version } => {
                let says = format!("ending for version {version}");
                self.answer(
                    &from,
                    Ok((
                        Append::default(),
                        Answer::Accepted {
                            deployments: vec![],
                            says,
                        },
                    )),
                );
                self.draining = true;
            }
        }
        Ok(())
    }

    /// What an intent starts, with its flags as the systems concerned read them.
    fn starts(&self, intent: &Intent, attached: &[Attached]) -> Result<Vec<StartOf>, Refused> {
        let mut starts = decide::specs(&self.folds, intent, attached)?;
        let systems = self.parts.systems;
        decide::publish(
            &self.folds,
            intent,
            &mut starts,
            &|spec, version, archive| systems(&spec.system)?.published(spec, version, archive),
        )?;
        decide::choose(&mut starts, intent.flags(), |spec| {
            systems(&spec.system).map_or(&[], |system| flags_of(system, spec))
        })?;
        Ok(starts)
    }

    async fn shown(&self, confirm: &Confirm) -> Result<Option<Preview>, EngineError> {
        let Some(subject) = confirm.subject else {
            return Ok(None);
        };
        match self.parts.store.preview(subject).await {
            Ok(found) => Ok(found),
            // Without it the looks are taken again.
            Err(why) if why.passes() => Ok(None),
            Err(why) => Err(why.into()),
        }
    }

    /// Ids and numbers for new deployments. Numbers that a decision was given and did not use,
    /// because it was refused, come first.
    async fn fresh_deployments(
        &mut self,
        how_many: usize,
    ) -> Result<Vec<(DeploymentId, DeploymentNo)>, crate::store::StoreError> {
        let more = how_many.saturating_sub(self.numbers.len());
        if more > 0 {
            let given = self.parts.store.numbers(more).await?;
            self.numbers.extend(given);
        }
        let ids = std::iter::repeat_with(|| DeploymentId((self.parts.fresh)()));
        Ok(ids
            .zip(self.numbers.iter().copied())
            .take(how_many)
            .collect())
    }

    /// Has a number at hand for the deployment of a part; false while the store does not answer.
    pub(super) async fn have_number(&mut self) -> Result<bool, EngineError> {
        match self.fresh_deployments(1).await {
            Ok(_) => {
                self.lacks_number = false;
                Ok(true)
            }
            Err(why) if why.passes() => {
                self.note_room(&why);
                Ok(false)
            }
            Err(why) => Err(why.into()),
        }
    }

    fn answer(&mut self, from: &Origin, decided: decide::Decided) {
        let (append, answer) = match decided {
            Ok(decided) => decided,
            Err(refused) => (Append::default(), Answer::Refused(refused)),
        };
        let ask = from.asked.id;
        self.take_by(
            append,
            from.person.clone(),
            Some(ask),
            Some((ask, AskState::Answered { answer })),
        );
    }

    fn ask_cx<'a>(&'a self, from: &Origin, fresh: &'a [(DeploymentId, DeploymentNo)]) -> Cx<'a> {
        Cx {
            now: self.now(),
            person: from.person.clone(),
            asked: Some(from.asked.clone()),
            fresh,
            number: None,
            cancels: &self.cancels,
        }
    }

    /// The stacks that an ask may change; absent where that may be any.
    fn touches(&self, ask: &Ask) -> Option<Vec<StackId>> {
        let of = |id: &DeploymentId| {
            self.folds
                .deployments
                .get(id)?
                .stack()
                .map(|stack| vec![stack.clone()])
        };
        match ask {
            Ask::Preview { intent, .. } | Ask::Do { intent, .. } => match intent {
                Intent::Retry { deployment }
                | Intent::Cancel { deployment }
                | Intent::Abandon { deployment } => of(deployment),
                Intent::Freeze { .. } | Intent::Thaw { .. } | Intent::Apply { .. } => None,
                Intent::Deploy { .. }
                | Intent::Rollback { .. }
                | Intent::Teardown { .. }
                | Intent::Unblock { .. } => Some(concerned(ask)),
            },
            Ask::Approve { hold, .. } | Ask::Reject { hold, .. } => {
                of(&self.folds.hold(hold)?.0.id)
            }
            Ask::Undo { deployment } => of(deployment),
            Ask::App { stack, .. } => Some(vec![stack.clone()]),
            Ask::Lock { .. } | Ask::Drain { .. } => Some(vec![]),
        }
    }
}

/// The stacks that an ask is about, as far as it says so itself.
pub(super) fn concerned(ask: &Ask) -> Vec<StackId> {
    match ask {
        Ask::Preview { intent, .. } | Ask::Do { intent, .. } => match intent {
            Intent::Deploy { stacks, .. } => stacks.clone(),
            Intent::Rollback { stack, .. }
            | Intent::Teardown { stack, .. }
            | Intent::Unblock { stack, .. } => vec![stack.clone()],
            Intent::Retry { .. }
            | Intent::Cancel { .. }
            | Intent::Abandon { .. }
            | Intent::Freeze { .. }
            | Intent::Thaw { .. }
            | Intent::Apply { .. } => vec![],
        },
        Ask::Approve { .. }
        | Ask::Reject { .. }
        | Ask::Undo { .. }
        | Ask::Lock { .. }
        | Ask::Drain { .. } => vec![],
        Ask::App { stack, .. } => vec![stack.clone()],
    }
}
