//! The inbox of holds: what waits for a person, services at zero first.

use std::time::Duration;

use crate::domain::deployment::Deployment;
use crate::domain::hold::{Hold, HoldKind};
use crate::domain::ids::StackId;
use crate::domain::plan::ChangeRow;
use crate::domain::time::{Time, short};

use super::World;

/// One hold that waits for a person.
#[derive(Debug, Clone, PartialEq)]
pub struct HoldView<'a> {
    /// The hold.
    pub hold: &'a Hold,
    /// Its deployment.
    pub deployment: &'a Deployment,
    /// Its stack.
    pub stack: StackId,
    /// The title of the step that waits.
    pub step: String,
    /// How long until it rejects by itself; absent: never.
    pub left: Option<Duration>,
    /// Who asked for the deployment.
    pub asked_by: String,
    /// How many deployments of the stack wait behind it.
    pub behind: usize,
}

impl HoldView<'_> {
    /// How long is left, for a list: `exp 48m`, `never`.
    #[must_use]
    pub fn left_text(&self) -> String {
        self.left
            .map_or_else(|| "never".to_owned(), |left| format!("exp {}", short(left)))
    }

    /// What it is about would change, where that is what is decided; none where it is not known.
    #[must_use]
    pub fn rows(&self) -> Option<Vec<ChangeRow>> {
        self.deployment.rows().filter(|_| !self.is_restore())
    }

    /// True for the hold of a service at zero.
    #[must_use]
    pub fn is_restore(&self) -> bool {
        self.hold.kind == HoldKind::RestoreService
    }
}

impl World {
    /// All open holds: services at zero first, then the ones that expire first, then the oldest.
    #[must_use]
    pub fn holds(&self, now: Time) -> Vec<HoldView<'_>> {
        let mut views: Vec<HoldView<'_>> = self
            .folds
            .open_holds()
            .into_iter()
            .filter_map(|(deployment, hold)| {
                let request = deployment.request.as_ref()?;
                let step = deployment
                    .plan
                    .as_ref()
                    .and_then(|plan| plan.step(&hold.id.step));
                Some(HoldView {
                    hold,
                    deployment,
                    stack: request.stack.clone(),
                    step: step.map_or_else(|| hold.id.step.to_string(), |step| step.title.clone()),
                    left: hold.left(now),
                    asked_by: request.cause.by.to_string(),
                    behind: self.folds.stack(&request.stack).queue.len(),
                })
            })
            .collect();
        views.sort_by_key(|view| {
            (
                !view.is_restore(),
                view.left.unwrap_or(Duration::MAX),
                view.hold.opened_at,
            )
        });
        views
    }
}

#[cfg(test)]
mod tests {
    use crate::world::fixture::{self, NOW};

    #[test]
    fn services_at_zero_come_first_and_never_expire() {
        let world = fixture::scene();
        let holds = world.holds(NOW);
        let list: Vec<(String, String)> = holds
            .iter()
            .map(|view| (view.stack.to_string(), view.left_text()))
            .collect();
        assert_eq!(
            list,
            [
                ("prod-us/billing".to_owned(), "never".to_owned()),
                ("prod-us/orders".to_owned(), "exp 23h".to_owned())
            ]
        );
        assert!(holds[0].is_restore());
    }
}
