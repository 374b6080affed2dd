//! A plan, before it runs and while it does: boxes from left to right where there is room, else a
//! list in the order of work. It shows what the steps say; it starts, skips and approves nothing.

mod boxes;
mod layout;
mod rows;
mod step;

use std::collections::BTreeMap;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::domain::deployment::{Deployment, StepRun, StepState};
use crate::domain::ids::StepId;
use crate::domain::plan::{Plan, Step};
use crate::domain::time::Time;
use crate::tui::motion::Motion;
use crate::tui::theme::Theme;
use crate::world::stands::Stands;

use layout::DagLayout;

/// How long a step usually takes, where that is known.
pub type Usual<'a> = &'a dyn Fn(&Step) -> Option<Duration>;
/// Where a step stands, where more is known of that than its run tells.
pub type Standing<'a> = &'a dyn Fn(&Step) -> Option<Stands>;

/// What a plan view shows: a plan, and how far it has come.
#[derive(Clone, Copy)]
pub struct PlanOf<'a> {
    plan: &'a Plan,
    runs: Option<&'a BTreeMap<StepId, StepRun>>,
    now: Time,
    usual: Option<Usual<'a>>,
    stands: Option<Standing<'a>>,
}

impl<'a> PlanOf<'a> {
    /// A plan that does not run yet, as on a card.
    #[must_use]
    pub fn card(plan: &'a Plan) -> Self {
        Self {
            plan,
            runs: None,
            now: Time(0),
            usual: None,
            stands: None,
        }
    }

    /// The plan of a deployment; none before it is planned.
    #[must_use]
    pub fn deployment(deployment: &'a Deployment, now: Time) -> Option<Self> {
        Some(Self {
            plan: deployment.plan.as_ref()?,
            runs: Some(&deployment.steps),
            now,
            usual: None,
            stands: None,
        })
    }

    /// The same with how long steps usually take.
    #[must_use]
    pub fn usual(self, usual: Usual<'a>) -> Self {
        Self {
            usual: Some(usual),
            ..self
        }
    }

    /// The same with where the steps stand that deploy parts.
    #[must_use]
    pub fn stands(self, stands: Standing<'a>) -> Self {
        Self {
            stands: Some(stands),
            ..self
        }
    }

    /// Where a step stands; nowhere before the plan runs.
    fn state(&self, step: &Step) -> Option<StepState> {
        let seen = self.stands.and_then(|stands| stands(step));
        seen.map(|seen| seen.state)
            .or_else(|| Some(self.run(&step.id)?.state))
    }

    fn run(&self, step: &StepId) -> Option<&'a StepRun> {
        self.runs?.get(step)
    }

    /// How long a step runs, or ran.
    fn took(&self, step: &Step) -> Option<Duration> {
        let run = self.run(&step.id)?;
        Some(run.ended_at.unwrap_or(self.now).since(run.started_at?))
    }

    fn usually(&self, step: &Step) -> Option<Duration> {
        self.usual.and_then(|usual| usual(step))
    }

    /// The steps in the order of work; as they stand in the plan when they wait for each other.
    fn order(&self) -> Vec<&'a Step> {
        match self.plan.order() {
            Ok(ids) => ids
                .into_iter()
                .filter_map(|id| self.plan.step(id))
                .collect(),
            Err(_) => self.plan.steps.iter().collect(),
        }
    }

    /// The chain of steps that takes longest, by what they took or usually take.
    fn critical(&self) -> Vec<&'a StepId> {
        let mut best: BTreeMap<&StepId, (Duration, Option<&StepId>)> = BTreeMap::new();
        for step in self.order() {
            let own = self.took(step).max(self.usually(step)).unwrap_or_default()
                + Duration::from_millis(1);
            let before = step
                .after
                .iter()
                .filter_map(|need| Some((best.get(need)?.0, need)))
                .max();
            best.insert(
                &step.id,
                (
                    own + before.map_or(Duration::ZERO, |(all, _)| all),
                    before.map(|(_, need)| need),
                ),
            );
        }
        let mut chain = Vec::new();
        let mut at = best
            .iter()
            .max_by_key(|(_, (all, _))| *all)
            .map(|(id, _)| *id);
        while let Some(id) = at {
            chain.push(id);
            at = best.get(id).and_then(|(_, before)| *before);
        }
        chain.reverse();
        chain
    }
}

/// The state of a plan view: the step under the cursor, how far it is scrolled, whether the
/// critical path is shown.
#[derive(Debug, Clone, Default)]
pub struct PlanView {
    selected: Option<StepId>,
    top: usize,
    critical: bool,
    /// Where the steps stood when it was last drawn, for moving between boxes; empty for the list.
    places: Vec<(StepId, Rect)>,
    /// Rows of the list when it was last drawn.
    height: usize,
}

impl PlanView {
    /// The step under the cursor, if it is a step of the plan.
    #[must_use]
    pub fn selected<'p>(&self, plan: &'p Plan) -> Option<&'p Step> {
        plan.step(self.selected.as_ref()?)
    }

    /// Draws the plan. A cursor that was never moved stands on the first step that is not over.
    pub fn draw(
        &mut self,
        of: &PlanOf<'_>,
        focused: bool,
        theme: &Theme,
        area: Rect,
        buf: &mut Buffer,
    ) {
        if area.width == 0 || area.height == 0 {
            return;
        }
        let critical = if self.critical {
            of.critical()
        } else {
            Vec::new()
        };
        let selected = if focused {
            self.selected.as_ref()
        } else {
            None
        };
        self.places.clear();
        self.height = usize::from(area.height);
        let order = of.order();
        if let Some(laid) = boxes::lay(of, &order, &DagLayout, area) {
            boxes::draw(of, &order, &laid, &critical, selected, theme, area, buf);
            self.places = order
                .iter()
                .map(|step| step.id.clone())
                .zip(laid.nodes)
                .collect();
        } else {
            self.top = rows::draw(of, &order, &critical, selected, self.top, theme, area, buf);
        }
    }

    /// Moves the cursor, or shows the critical path; false when the motion means nothing here.
    pub fn motion(&mut self, motion: Motion, of: &PlanOf<'_>) -> bool {
        let order = of.order();
        let Some(last) = order.len().checked_sub(1) else {
            return false;
        };
        let at = self
            .selected
            .as_ref()
            .and_then(|id| order.iter().position(|step| step.id == *id));
        let page = self.height.max(2);
        let row = |to: usize| Some(order[to.min(last)].id.clone());
        let next = match (motion, at) {
            (Motion::Critical, _) => {
                self.critical = !self.critical;
                return true;
            }
            (Motion::Up | Motion::Down | Motion::Left | Motion::Right, None) => {
                row(Self::first(of, &order))
            }
            (Motion::Up | Motion::Down | Motion::Left | Motion::Right, Some(at))
                if !self.places.is_empty() =>
            {
                boxes::beside(&self.places, &order[at].id, motion).or_else(|| row(at))
            }
            (Motion::Up, Some(at)) => row(at.saturating_sub(1)),
            (Motion::Down, Some(at)) => row(at + 1),
            // In a list: to what it waits for, and to what waits for it.
            (Motion::Left, Some(at)) => order[at].after.last().cloned().or_else(|| row(at)),
            (Motion::Right, Some(at)) => {
                let next = order.iter().find(|step| step.after.contains(&order[at].id));
                next.map(|step| step.id.clone()).or_else(|| row(at))
            }
            (Motion::HalfUp, at) => row(at.unwrap_or(0).saturating_sub(page / 2)),
            (Motion::HalfDown, at) => row(at.unwrap_or(0) + page / 2),
            (Motion::PageUp, at) => row(at.unwrap_or(0).saturating_sub(page)),
            (Motion::PageDown, at) => row(at.unwrap_or(0) + page),
            (Motion::Top, _) => row(0),
            (Motion::Bottom, _) => row(last),
            (Motion::Escape, Some(_)) => None,
            _ => return false,
        };
        self.selected = next;
        true
    }

    fn first(of: &PlanOf<'_>, order: &[&Step]) -> usize {
        order
            .iter()
            .position(|step| of.run(&step.id).is_none_or(|run| !run.state.is_over()))
            .unwrap_or(0)
    }
}

#[cfg(test)]
mod tests;
