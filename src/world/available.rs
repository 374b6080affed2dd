//! Which intents are possible on a stack now; and where one is not: why, and when it will be. The
//! engine decides again: this only keeps people from asking in vain.

use crate::domain::ask::{Intent, QueueOf, Source, Way};
use crate::domain::deployment::{CANCEL_LIMIT, Deployment, End, StepState, Stopping};
use crate::domain::environment::Mode;
use crate::domain::failure::Retry;
use crate::domain::hold::HoldKind;
use crate::domain::ids::{DeploymentId, StackId};
use crate::domain::lifecycle::{Class, Lifecycle};
use crate::domain::look::Standing;
use crate::domain::stack::{Purpose, Stack};
use crate::domain::time::Time;

use super::rows::State;
use super::{EngineState, World};

/// What a person can do to a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Doing {
    /// What the estate's files say now.
    Deploy,
    /// What the last deployment had.
    Redeploy,
    /// The failed deployment again; what is kept of it is its system's rule.
    Retry,
    /// An earlier good release.
    Rollback,
    /// A way out of a broken stack, or a service at zero.
    Unblock,
    /// End what waits or runs.
    Cancel,
    /// Give up on a cancel that does not end.
    Abandon,
    /// Withdraw what is still armed.
    Undo,
    /// Stop the queue.
    Freeze,
    /// Let it go on.
    Thaw,
    /// Remove the stack.
    Teardown,
}

impl Doing {
    /// All of them.
    pub const ALL: [Doing; 11] = [
        Doing::Deploy,
        Doing::Redeploy,
        Doing::Retry,
        Doing::Rollback,
        Doing::Unblock,
        Doing::Cancel,
        Doing::Abandon,
        Doing::Undo,
        Doing::Freeze,
        Doing::Thaw,
        Doing::Teardown,
    ];

    /// The name of the action and of the shell's verb.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Doing::Deploy => "deploy",
            Doing::Redeploy => "redeploy",
            Doing::Retry => "retry",
            Doing::Rollback => "rollback",
            Doing::Unblock => "unblock",
            Doing::Cancel => "cancel",
            Doing::Abandon => "abandon",
            Doing::Undo => "undo",
            Doing::Freeze => "freeze",
            Doing::Thaw => "thaw",
            Doing::Teardown => "teardown",
        }
    }
}

/// Whether something is possible.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// What.
    pub doing: Doing,
    /// Why not, and when it will be; possible when absent.
    pub refused: Option<NotNow>,
    /// What would be asked, where it is possible and asked as an intent (an undo is not; a freeze
    /// still needs its reason).
    pub intent: Option<Intent>,
    /// What one should know beforehand: "same input: fails again", "waits behind #12".
    pub note: String,
}

/// Why something is not possible now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotNow {
    /// Why.
    pub why: String,
    /// When it will be; empty when no time brings it.
    pub when: String,
    /// Whether it is contact that is missing, with the engine or with what it would look at.
    pub no_contact: bool,
}

impl NotNow {
    fn new(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            when: String::new(),
            no_contact: false,
        }
    }

    fn no_contact(why: impl Into<String>) -> Self {
        Self {
            no_contact: true,
            ..Self::new(why)
        }
    }

    fn when(mut self, when: impl Into<String>) -> Self {
        self.when = when.into();
        self
    }
}

impl World {
    /// Everything that can be done to a stack, each possible or with its reason.
    #[must_use]
    pub fn offers(&self, id: &StackId, now: Time) -> Vec<Offer> {
        Doing::ALL
            .into_iter()
            .map(|doing| self.offer(id, doing, now))
            .collect()
    }

    /// Whether one thing can be done to a stack.
    #[must_use]
    pub fn offer(&self, id: &StackId, doing: Doing, now: Time) -> Offer {
        let stack = self.folds.stack(id);
        let found = match self.closed(id, doing) {
            Some(refused) => Err(refused),
            None => self.open(&stack, doing, now),
        };
        match found {
            Ok((intent, note)) => Offer {
                doing,
                refused: None,
                intent,
                note,
            },
            Err(refused) => Offer {
                doing,
                refused: Some(refused),
                intent: None,
                note: String::new(),
            },
        }
    }

    /// The ways out of a broken stack or of a step that nobody can tell of, each as a sentence; the
    /// first is the usual one.
    #[must_use]
    pub fn ways(&self, id: &StackId) -> Vec<(Way, String)> {
        let stack = self.folds.stack(id);
        let mut ways = Vec::new();
        if let Some(current) = self.current(id) {
            for (step, run) in current.runs() {
                if run.state == StepState::Lost
                    && run
                        .failure
                        .as_ref()
                        .is_some_and(|f| f.retry == Retry::AskAPerson)
                {
                    let (deployment, no) = (current.id, current.no());
                    ways.push((
                        Way::ResolveDone {
                            deployment,
                            step: step.id.clone(),
                        },
                        format!("{no} {}: it ended well", step.id),
                    ));
                    ways.push((
                        Way::ResolveFailed {
                            deployment,
                            step: step.id.clone(),
                        },
                        format!("{no} {}: it failed", step.id),
                    ));
                }
            }
        }
        if stack.current.is_some() {
            return ways;
        }
        let (broken, failed) = (stack.class() == Class::Broken, self.failed_last(&stack));
        let standing = self.standing(&stack);
        let repair = match standing {
            Some(standing) if standing.is_repairable() => Some(format!(
                "repair the {} by the plan that its state asks for",
                self.called(&stack.id)
            )),
            None if broken || failed.is_some() => Some(
                "look again at what it runs on, and repair it if its state asks for it".to_owned(),
            ),
            Some(_) | None => None,
        };
        ways.extend(
            repair
                .filter(|_| stack.lifecycle().is_none_or(Lifecycle::looks))
                .map(|says| (Way::Recover, says)),
        );
        if broken {
            let shut = standing.is_some_and(Standing::is_shut);
            let again = failed.filter(|last| {
                !shut
                    || last
                        .request
                        .as_ref()
                        .is_some_and(|request| request.purpose != Purpose::Deploy)
            });
            if let Some(last) = again {
                let how = if stack.lifecycle().is_some_and(|table| table.resumes) {
                    "what was done stays done"
                } else {
                    "what is left to do is worked out anew"
                };
                ways.push((Way::Retry, format!("{} again: {how}", last.no())));
            }
            let good = stack
                .last_good
                .filter(|_| !shut)
                .and_then(|good| self.deployment(good))
                .and_then(|d| d.request.as_ref());
            if let Some(good) = good {
                ways.push((
                    Way::LastGood,
                    format!(
                        "deploy {} of {} again, the last good release",
                        good.spec.release, good.no
                    ),
                ));
            }
            ways.push((Way::Free, "do nothing: the queue goes on".to_owned()));
        }
        ways
    }

    /// What the real stack is in now; `None` where it was not seen since the last deployment ended:
    /// an older look says nothing of now.
    pub(super) fn standing(&self, stack: &Stack) -> Option<Standing> {
        let thing = self.thing(&stack.id)?;
        let ended = stack
            .last
            .and_then(|last| self.deployment(last))
            .and_then(|last| last.ended_at);
        ended
            .is_none_or(|ended| ended <= thing.taken_at)
            .then_some(thing.sight.standing)
    }

    /// What people call the thing that says how a stack stands.
    fn called(&self, stack: &StackId) -> String {
        self.thing(stack).map_or_else(
            || "real thing".to_owned(),
            |thing| thing.sight.called.to_string(),
        )
    }

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

    /// The last deployment of the stack, where it did not end well.
    fn failed_last(&self, stack: &Stack) -> Option<&std::sync::Arc<Deployment>> {
        let last = self.deployment(stack.last?)?;
        last.end
            .as_ref()
            .is_some_and(|end| !end.is_well())
            .then_some(last)
    }

    /// What forbids it whatever the stack is in.
    fn closed(&self, id: &StackId, doing: Doing) -> Option<NotNow> {
        if let Some(why) = self.differs(&id.env).refuses(&id.env) {
            return Some(NotNow::new(why));
        }
        let changes = match doing {
            Doing::Deploy
            | Doing::Redeploy
            | Doing::Retry
            | Doing::Rollback
            | Doing::Unblock
            | Doing::Teardown => true,
            Doing::Cancel | Doing::Abandon | Doing::Undo | Doing::Freeze | Doing::Thaw => false,
        };
        if changes
            && self
                .record(&id.env)
                .is_some_and(|record| record.mode == Mode::Watch)
        {
            return Some(NotNow::new(format!(
                "{} is `mode: watch`: this store only looks",
                id.env
            )));
        }
        if let EngineState::None(why) = &self.engine {
            return Some(NotNow::no_contact(format!("no engine runs: {why}")));
        }
        let stale = self
            .freshness(id)
            .1
            .filter(|_| changes && self.current(id).is_none());
        stale.map(|why| {
            NotNow::no_contact(format!("what is shown of {id} is old: {why}"))
                .when("when it can be looked at again")
        })
    }

    fn open(
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
        if let Some(shut) = shut {
            return Err(shut);
        }
        let behind = match (
            stack.current.and_then(|d| self.deployment(d)),
            stack.class(),
        ) {
            (Some(current), _) => format!("waits behind {}", current.no()),
            (None, Class::Broken) => "goes first and unblocks the stack".to_owned(),
            (None, Class::Rest | Class::Busy | Class::Gone) => String::new(),
        };
        let deploy = |source| Some(Intent::deploy(id.clone(), source));
        match doing {
            Doing::Deploy => match self.catalog.stacks.get(&id) {
                None => Err(NotNow::new(format!("the estate file does not name {id}"))),
                Some(entry) => match &entry.spec {
                    Err(why) => Err(NotNow::new(format!("its files cannot be read: {why}"))),
                    Ok(_) => Ok((deploy(Source::Estate), behind)),
                },
            },
            Doing::Redeploy => {
                let last = stack
                    .last
                    .or(stack.last_good)
                    .and_then(|last| self.deployment(last));
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
                    Some(Stopping::Cancelling { at, .. }) => Err(NotNow::new(format!(
                        "{} is being cancelled",
                        which.no()
                    ))
                    .when(format!(
                        "is under way, and can be given up from {}",
                        (*at + CANCEL_LIMIT).clock()
                    ))),
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
                Some(freeze) => Err(NotNow::new(format!(
                    "frozen already by {}: {}",
                    freeze.by, freeze.reason
                ))),
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
                    format!("frozen by {}: {}", freeze.by, freeze.reason),
                )),
                (None, Some(freeze)) => Ok((
                    Some(Intent::Thaw {
                        target: QueueOf::Environment(id.env),
                    }),
                    format!(
                        "the whole environment, frozen by {}: {}",
                        freeze.by, freeze.reason
                    ),
                )),
                (None, None) => Err(NotNow::new("nothing is frozen")),
            },
            Doing::Teardown => {
                let thing = self.thing(&id);
                let there = thing
                    .map_or(stack.class() != Class::Gone && !stack.is_new(), |thing| {
                        !thing.is_missing()
                    });
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
                .is_none_or(|(running, desired)| running == desired);
        let note = if same && failed && stack.current.is_none() {
            format!("no-op, is {}", request.spec.release)
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
            return Ok((Some(Intent::unblock(stack.id.clone(), way)), says));
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
            | State::Brok
            | State::Unkn
            | State::Hold
            | State::Stale
            | State::RunOutside
            | State::Run
            | State::Armed
            | State::Que
            | State::Froz
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

/// The deployment that can still be withdrawn.
#[must_use]
pub fn armed(stack: &Stack, now: Time) -> Option<DeploymentId> {
    stack
        .queue
        .iter()
        .rev()
        .find(|entry| entry.not_before.is_some_and(|at| at > now))
        .map(|entry| entry.deployment)
}

#[cfg(test)]
mod tests;
