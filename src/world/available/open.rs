//! What the state of a stack allows: what would be asked and what to know beforehand, or why not
//! now.

use crate::domain::ask::{Intent, QueueOf, Source, Way};
use crate::domain::deployment::{CANCEL_LIMIT, Stopping};
use crate::domain::end::End;
use crate::domain::hold::HoldKind;
use crate::domain::lifecycle::PhaseClass;
use crate::domain::look::Standing;
use crate::domain::purpose::Purpose;
use crate::domain::request::Spec;
use crate::domain::stack::Stack;
use crate::domain::time::Time;
use crate::world::World;
use crate::world::rows::State;

use super::{Doing, NotNow, armed};

impl World {
    /// Why no deployment can start on the real stack, where that is known; the engine would refuse
    /// it as well.
    fn shut(&self, stack: &Stack) -> Option<NotNow> {
        let shut = stack.current.is_none() && self.standing(stack).is_some_and(Standing::is_shut);
        let sight = self.thing(&stack.id).filter(|_| shut)?.sight;
        let when = if sight.standing.is_repairable() {
            "when it is recovered"
        } else {
            ""
        };
        Some(
            NotNow::new(format!(
                "the {} is {}: nothing can be deployed on it",
                sight.called, sight.words
            ))
            .when(when),
        )
    }

    pub(super) fn open(
        &self,
        stack: &Stack,
        doing: Doing,
        now: Time,
    ) -> Result<(Option<Intent>, String), NotNow> {
        let id = stack.id.clone();
        let shut = match doing {
            Doing::Deploy | Doing::Redeploy | Doing::Rollback => self.shut(stack),
            // The retry of a recovery or of a teardown is a way out itself.
            Doing::Retry => self
                .failed_last(stack)
                .filter(|d| {
                    d.request
                        .as_ref()
                        .is_some_and(|r| r.purpose == Purpose::Deploy)
                })
                .and_then(|_| self.shut(stack)),
            Doing::Unblock
            | Doing::Cancel
            | Doing::Abandon
            | Doing::Undo
            | Doing::Freeze
            | Doing::Thaw
            | Doing::Teardown => None,
        };
        let gone = match doing {
            Doing::Deploy | Doing::Redeploy | Doing::Rollback | Doing::Retry => stack.app_gone,
            _ => None,
        };
        if let Some(since) = gone {
            let since = since.text("%-d %b %H:%MZ");
            let says =
                format!("its app is gone since {since}: a teardown takes what stands for it");
            return Err(NotNow::new(says));
        }
        if let Some(shut) = shut {
            return Err(shut);
        }
        let behind = match (
            stack.current.and_then(|d| self.deployment(d)),
            stack.needs_unblocking(),
        ) {
            (Some(current), _) => format!("waits behind {}", current.no()),
            (None, true) => "goes first and unblocks the stack".to_owned(),
            (None, false) => String::new(),
        };
        let deploy = |source| Some(Intent::deploy(id.clone(), source));
        match doing {
            Doing::Deploy => match self.catalog.of(&id) {
                None => Err(NotNow::new(format!("the estate file does not name {id}"))),
                Some(entry) => match &entry.spec {
                    Err(why) => Err(NotNow::new(format!("its files cannot be read: {why}"))),
                    Ok(_) => Ok((deploy(Source::Estate), behind)),
                },
            },
            Doing::Redeploy => {
                let last = stack.repeated(&self.folds);
                let Some(last) = last else {
                    // What was never deployed from here is deployed from the estate's files.
                    return self.open(stack, Doing::Deploy, now);
                };
                let fails = matches!(last.end, Some(End::Partial { .. } | End::Failed { .. }));
                Ok((
                    deploy(Source::Same),
                    if fails {
                        "same input as the one that failed".to_owned()
                    } else {
                        behind
                    },
                ))
            }
            Doing::Retry => match self.failed_last(stack) {
                Some(last) if stack.current.is_none() => Ok((
                    Some(Intent::Retry {
                        deployment: last.id,
                    }),
                    format!("of {}", last.no()),
                )),
                Some(_) | None if stack.current.is_some() => {
                    Err(NotNow::new("a deployment is under way").when("when it has ended badly"))
                }
                Some(_) | None => Err(NotNow::new("the last deployment did not fail")),
            },
            Doing::Rollback => self.rollback(stack, &behind),
            Doing::Unblock => self.unblock(stack, now),
            Doing::Cancel => {
                let which = stack
                    .current
                    .or_else(|| stack.queue.first().map(|entry| entry.deployment))
                    .and_then(|d| self.deployment(d));
                let which =
                    which.ok_or_else(|| NotNow::new(format!("nothing of {id} waits or runs")))?;
                match &which.stopping {
                    Some(Stopping::Cancelling { at, .. }) => {
                        Err(
                            NotNow::new(format!("{} is being cancelled", which.no())).when({
                                let due = *at + CANCEL_LIMIT;
                                let from = if now < due {
                                    format!("from {}", due.clock())
                                } else {
                                    "now".to_owned()
                                };
                                format!("to give it up {from}: cancel {id} --abandon")
                            }),
                        )
                    }
                    Some(Stopping::Failing) | None => Ok((
                        Some(Intent::Cancel {
                            deployment: which.id,
                        }),
                        format!("of {}", which.no()),
                    )),
                }
            }
            Doing::Abandon => {
                let current = self
                    .current(&id)
                    .ok_or_else(|| NotNow::new("nothing is being cancelled"))?;
                match &current.stopping {
                    Some(Stopping::Cancelling { at, .. }) if *at + CANCEL_LIMIT <= now => Ok((
                        Some(Intent::Abandon {
                            deployment: current.id,
                        }),
                        "something may still be running".to_owned(),
                    )),
                    Some(Stopping::Cancelling { at, .. }) => {
                        Err(NotNow::new("the cancel still has time")
                            .when(format!("at {}", (*at + CANCEL_LIMIT).clock())))
                    }
                    Some(Stopping::Failing) | None => {
                        Err(NotNow::new("nothing is being cancelled; cancel first"))
                    }
                }
            }
            Doing::Undo => match armed(stack, now) {
                Some(_) => Ok((None, String::new())),
                None => Err(NotNow::new(
                    "nothing is armed: what has started is ended with cancel",
                )),
            },
            Doing::Freeze => match stack.frozen(now) {
                Some(freeze) => Err(NotNow::new(format!("frozen already {}", freeze.says()))),
                None => Ok((
                    Some(Intent::Freeze {
                        target: QueueOf::Stack(id),
                        reason: String::new(),
                        until: None,
                    }),
                    String::new(),
                )),
            },
            Doing::Thaw => match (
                stack.frozen(now),
                self.folds
                    .environments
                    .get(&id.env)
                    .and_then(|env| env.frozen(now)),
            ) {
                (Some(freeze), _) => Ok((
                    Some(Intent::Thaw {
                        target: QueueOf::Stack(id),
                    }),
                    format!("frozen {}", freeze.says()),
                )),
                (None, Some(freeze)) => Ok((
                    Some(Intent::Thaw {
                        target: QueueOf::Environment(id.env),
                    }),
                    format!("the whole environment, frozen {}", freeze.says()),
                )),
                (None, None) => Err(NotNow::new("nothing is frozen")),
            },
            Doing::Teardown => {
                let thing = self.thing(&id);
                let there = thing.map_or(
                    stack.class() != PhaseClass::Gone && !stack.is_new(),
                    |thing| !thing.is_missing(),
                );
                let behind = if stack.current.is_some() {
                    behind
                } else {
                    String::new()
                };
                if there {
                    Ok((Some(Intent::teardown(id)), behind))
                } else {
                    Err(NotNow::new(format!("there is no {id} to take down")))
                }
            }
        }
    }

    fn rollback(&self, stack: &Stack, behind: &str) -> Result<(Option<Intent>, String), NotNow> {
        if stack.is_to_be_provisioned() {
            let says = format!("nothing stands that serves a release of {}", stack.id);
            return Err(NotNow::new(says).when("once a deployment has provisioned it"));
        }
        let failed = self.failed_last(stack).is_some();
        let to = stack.rollback_to(&self.folds);
        let Some(request) = to
            .and_then(|to| self.deployment(to))
            .and_then(|d| d.request.as_ref())
        else {
            return Err(NotNow::new("no earlier good release is known here"));
        };
        let same = stack.has_in_service(&request.spec.release)
            && self
                .thing(&stack.id)
                .is_none_or(|thing| !thing.is_missing())
            && self
                .serve(&stack.id)
                .is_none_or(|(running, desired)| running == desired)
            && !self.at_zero(stack)
            && !self.in_the_dark(stack)
            && self.has_all_parts(stack, &request.spec);
        let note = if same && failed && stack.current.is_none() {
            format!("brings {} again, which serves", request.spec.release)
        } else {
            format!(
                "to {} of {}{}{behind}",
                request.spec.release,
                request.no,
                if behind.is_empty() { "" } else { ", " }
            )
        };
        Ok((
            Some(Intent::Rollback {
                stack: stack.id.clone(),
                to: Some(request.no),
            }),
            note,
        ))
    }

    /// Whether each part that a whole brings is in service as it brings it.
    fn has_all_parts(&self, whole: &Stack, spec: &Spec) -> bool {
        spec.parts.iter().all(|(part, spec)| {
            let part = self.folds.stacks.get(&whole.id.with(part.clone()));
            part.is_some_and(|part| part.has_in_service(&spec.release))
        })
    }

    fn unblock(&self, stack: &Stack, now: Time) -> Result<(Option<Intent>, String), NotNow> {
        let restore = self
            .current(&stack.id)
            .and_then(|d| {
                d.open_holds()
                    .find(|hold| hold.kind == HoldKind::RestoreService)
            })
            .map(|hold| format!("restore: decide {}", hold.id));
        if let Some(note) = restore {
            return Ok((None, note));
        }
        if let Some((way, says)) = self.ways(&stack.id).into_iter().next() {
            // How a step ended that nobody can tell of is chosen, never taken for granted.
            let intent = match way {
                Way::ResolveDone { .. } | Way::ResolveFailed { .. } => {
                    return Ok((None, "say how it ended: there is no usual way".to_owned()));
                }
                Way::Recover | Way::Retry | Way::LastGood | Way::Free => {
                    Intent::unblock(stack.id.clone(), way)
                }
            };
            return Ok((Some(intent), says));
        }
        let row = self.row(&stack.id, now);
        Err(match row.state {
            State::Roll => NotNow::new("it still rolls back").when("when the rollback has ended"),
            State::Fail | State::Canc if stack.current.is_some() => {
                NotNow::new("the deployment has not ended yet").when("when it has ended")
            }
            State::Lost => NotNow::no_contact("there is no contact: what runs goes on alone")
                .when("when contact is back it goes on by itself"),
            State::Down
            | State::Fail
            | State::Canc
            | State::Cut
            | State::Brok
            | State::Unkn
            | State::Hold
            | State::Stale
            | State::Blank
            | State::RunOutside
            | State::Run
            | State::Armed
            | State::Que
            | State::Froz
            | State::Input
            | State::Ok
            | State::New
            | State::Gone => match self.standing(stack) {
                Some(Standing::Unknown) => NotNow::new(format!(
                    "this version does not know the state of the {}; look at it yourself",
                    self.called(&stack.id)
                )),
                Some(_) | None => NotNow::new(format!("{} is not broken", stack.id)),
            },
        })
    }
}
