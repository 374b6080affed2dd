//! Where a step stands, as a person is told: a step that deploys a part stands where the deployment
//! of that part stands.

use crate::domain::deployment::{Deployment, StepRun, StepState, Stopping};
use crate::domain::plan::Step;
use crate::domain::time::Time;

use super::World;
use super::rows::{lost_step, step_at, trouble};

/// Where a step stands, and what of that its own run does not tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stands {
    /// Its state.
    pub state: StepState,
    /// Of a part: which deployment brings it, and what that does or waits for.
    pub says: Option<String>,
}

impl World {
    /// Where a step of a deployment stands.
    #[must_use]
    pub fn step_stands(&self, d: &Deployment, step: &Step, run: &StepRun, now: Time) -> Stands {
        let own = Stands {
            state: run.state,
            says: None,
        };
        if step.kind.part().is_none() || !run.is_live() {
            return own;
        }
        let child = self.deployment(d.asking(&step.id, run.attempt).child());
        child.map_or(own, |child| self.part_stands(child, now))
    }

    fn part_stands(&self, child: &Deployment, now: Time) -> Stands {
        let no = child.no();
        let (state, says) = if let Some(hold) = child.open_holds().next() {
            (StepState::Held, format!("hold {}", hold.id))
        } else if lost_step(child).is_some() {
            let why = trouble(child).unwrap_or_default();
            (StepState::Lost, format!("{no} {why}"))
        } else if let Some(Stopping::Cancelling { .. }) = child.stopping {
            (StepState::Active, format!("{no} is being cancelled"))
        } else if let Some((_, why)) = self.waits_for_contact(child) {
            (StepState::Lost, format!("{no} {why}"))
        } else if child.started_at.is_none() {
            let frozen = child.stack().and_then(|stack| self.frozen(stack, now));
            let why = frozen.map_or_else(
                || "waits for what runs before it".to_owned(),
                |freeze| format!("frozen {}", freeze.says()),
            );
            (StepState::Ready, format!("{no} {why}"))
        } else {
            let at = step_at(child);
            let at = at.map_or_else(|| child.phase.to_string(), |at| at.id.to_string());
            (StepState::Active, format!("{no} {at}"))
        };
        Stands {
            state,
            says: Some(says),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::fixture::{NOW, Scene};

    #[test]
    fn a_part_that_waits_for_a_person_is_held_in_its_whole() {
        let (scene, whole, child) = Scene::held_in_part();
        let d = scene.world.deployment(whole).unwrap();
        let stands: Vec<_> = d
            .runs()
            .map(|(step, run)| scene.world.step_stands(d, step, run, NOW))
            .collect();
        let no = scene.world.deployment(child).unwrap().no();
        assert_eq!(stands[0].state, StepState::Held);
        assert_eq!(stands[0].says, Some(format!("hold {no}.scale-down.1")));
        assert_eq!(
            (stands[1].state, &stands[1].says),
            (StepState::Ready, &None)
        );
    }
}
