//! The ways out of a broken stack, and what the real stack is in: what was seen, if it says
//! anything of now.

use crate::domain::ask::Way;
use crate::domain::deployment::{Deployment, StepState};
use crate::domain::failure::Retry;
use crate::domain::ids::StackId;
use crate::domain::lifecycle::{Lifecycle, PhaseClass};
use crate::domain::look::Standing;
use crate::domain::purpose::Purpose;
use crate::domain::stack::Stack;
use crate::world::World;

impl World {
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
        let (broken, failed) = (
            stack.class() == PhaseClass::Broken,
            self.failed_last(&stack),
        );
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
    pub(in crate::world) fn standing(&self, stack: &Stack) -> Option<Standing> {
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
    pub(super) fn called(&self, stack: &StackId) -> String {
        self.thing(stack).map_or_else(
            || "real thing".to_owned(),
            |thing| thing.sight.called.to_string(),
        )
    }

    /// The last deployment of the stack, where it did not end well.
    pub(in crate::world) fn failed_last(
        &self,
        stack: &Stack,
    ) -> Option<&std::sync::Arc<Deployment>> {
        let last = self.deployment(stack.last.filter(|_| stack.mended.is_none())?)?;
        last.end
            .as_ref()
            .is_some_and(|end| !end.is_well())
            .then_some(last)
    }
}
