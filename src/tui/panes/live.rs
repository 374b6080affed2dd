//! Pane 4: what happens with one stack, and why: the map of its lifecycle, the map of its deployment, or the plan (`v`).

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;

use crate::domain::deployment::Deployment;
use crate::domain::ids::StackId;
use crate::domain::lifecycle::Lifecycle;
use crate::domain::lifecycles::{DEPLOYMENT, OF_SYSTEMS, of_system};
use crate::domain::plan::Step;
use crate::domain::time::Time;
use crate::tui::maps;
use crate::tui::maps::plan::{PlanOf, PlanView};
use crate::tui::motion::Motion;
use crate::tui::paint;
use crate::tui::pane::{Flow, Pane, Target};
use crate::tui::scene::Scene;
use crate::tui::theme::{Role, Theme};

/// What the pane shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum View {
    /// The lifecycle of the stack.
    #[default]
    Stack,
    /// The lifecycle of the deployment.
    Deployment,
    /// The steps.
    Plan,
}

/// The pane.
#[derive(Debug, Default)]
pub struct Live {
    view: View,
    /// The phase under the cursor, in a map.
    phase: Option<&'static str>,
    plan: PlanView,
    about: Option<StackId>,
}

impl Live {
    /// How many rows the largest picture of a stack needs.
    #[must_use]
    pub fn wants(&self) -> u16 {
        OF_SYSTEMS.iter().filter_map(|(_, table)| maps::size(table)).map(|(_, height)| height).max().unwrap_or(0)
    }

    /// The deployment that it shows: the current one of the stack, else the last.
    fn deployment<'a>(scene: &Scene<'a>) -> Option<&'a Deployment> {
        scene.world.latest(scene.stack?).map(|d| &**d)
    }

    /// Forgets the cursor when the stack is another.
    fn sync(&mut self, scene: &Scene<'_>) {
        if self.about.as_ref() != scene.stack {
            self.about = scene.stack.cloned();
            self.phase = None;
            self.plan = PlanView::default();
        }
    }

    /// The table of what it shows; none for a stack of whose system nobody here knows.
    fn lifecycle(&self, scene: &Scene<'_>) -> Option<&'static Lifecycle> {
        match self.view {
            View::Stack => {
                // A stack that was never asked for has no system yet; the estate's file knows it.
                let filed = || of_system(&scene.world.catalog.stacks.get(scene.stack?)?.spec.as_ref().ok()?.system).ok();
                scene.world.folds.stack(scene.stack?).lifecycle().or_else(filed)
            }
            View::Deployment | View::Plan => Some(&DEPLOYMENT),
        }
    }

    /// Where the machine stands, and since when.
    fn current(&self, scene: &Scene<'_>) -> Option<(String, Time)> {
        match self.view {
            View::Stack => scene.stack.map(|stack| scene.world.folds.stack(stack)).map(|fold| (fold.phase.clone(), fold.since)),
            View::Deployment | View::Plan => Self::deployment(scene).map(|d| (d.phase.to_string(), d.since)),
        }
    }

    fn draw_map(&self, scene: &Scene<'_>, theme: &Theme, area: Rect, buf: &mut Buffer) {
        let Some((phase, since)) = self.current(scene) else {
            buf.set_stringn(area.x + 1, area.y, "it was never deployed from here", usize::from(area.width), theme.style(Role::Dim));
            return;
        };
        // Since when a stack that was never touched stands where it stands is not known.
        let since = if since == Time(0) { Time(i64::MAX) } else { since };
        let selected = if scene.focused { self.phase } else { None };
        let Some(lifecycle) = self.lifecycle(scene) else {
            let says = "nobody here knows what kind of stack this is";
            buf.set_stringn(area.x + 1, area.y, says, usize::from(area.width), theme.style(Role::Dim));
            return;
        };
        let travelled = match (self.view, scene.stack) {
            (View::Stack, Some(stack)) => scene.world.folds.stack(stack).travelled.clone(),
            _ => Self::deployment(scene).map(|d| d.travelled.clone()).unwrap_or_default(),
        };
        maps::draw(lifecycle, &travelled, &phase, since, scene.now, selected, theme, area, buf);
    }

    /// Does something with the plan of the deployment, where it has one.
    fn with_plan<T>(&mut self, scene: &Scene<'_>, does: impl FnOnce(&mut PlanView, &PlanOf<'_>) -> T) -> Option<T> {
        let d = Self::deployment(scene)?;
        let usual = |step: &Step| scene.stack.and_then(|stack| scene.world.usual(stack, &step.id)).map(|usual| usual.p50);
        Some(does(&mut self.plan, &PlanOf::deployment(d, scene.now)?.usual(&usual)))
    }
}

impl Pane for Live {
    fn name(&self) -> &'static str {
        "Live"
    }

    fn draw(&mut self, scene: &Scene<'_>, theme: &Theme, area: Rect, buf: &mut Buffer) {
        self.sync(scene);
        let Some(stack) = scene.stack else {
            paint::frame(buf, area, theme, scene.focused, &[Span::raw("4 Live")], "");
            return;
        };
        let d = Self::deployment(scene);
        let word = match self.view {
            View::Stack => "Stack",
            View::Deployment => "Deployment",
            View::Plan => "Plan",
        };
        let exists = scene.world.thing(stack).is_some_and(|thing| !thing.is_missing());
        let no = match d {
            Some(d) => format!("  {}", d.no()),
            // Its lifecycle begins with the first deployment from here, whatever runs there already.
            None if exists => "  not deployed from here yet".to_owned(),
            None => String::new(),
        };
        let title = [Span::raw(format!("4 {word}  {stack}{no}"))];
        let left = d
            .filter(|d| !d.is_over())
            .and_then(|d| scene.world.left(d, scene.now))
            .map_or_else(String::new, |left| format!("{} left  ", left.says()));
        let inside =
            if scene.zoomed { area } else { paint::frame(buf, area, theme, scene.focused, &title, &format!("{left}[v] other view")) };
        match self.view {
            View::Plan => {
                let focused = scene.focused;
                if self.with_plan(scene, |view, of| view.draw(of, focused, theme, inside, buf)).is_none() {
                    let says = "no plan yet: it is made when the real stack is quiet";
                    buf.set_stringn(inside.x + 1, inside.y, says, usize::from(inside.width), theme.style(Role::Dim));
                }
            }
            View::Stack | View::Deployment => self.draw_map(scene, theme, inside, buf),
        }
    }

    fn motion(&mut self, motion: Motion, scene: &Scene<'_>) -> Flow {
        self.sync(scene);
        match motion {
            Motion::Cycle => {
                self.view = match self.view {
                    View::Stack => View::Deployment,
                    View::Deployment => View::Plan,
                    View::Plan => View::Stack,
                };
                self.phase = None;
                Flow::Used
            }
            _ if self.view == View::Plan && self.with_plan(scene, |view, of| view.motion(motion, of)) == Some(true) => Flow::Used,
            Motion::Up | Motion::Down | Motion::Left | Motion::Right => {
                if let (Some((current, _)), Some(lifecycle)) = (self.current(scene), self.lifecycle(scene)) {
                    let from = self.phase.map_or(current, str::to_owned);
                    self.phase =
                        maps::beside(lifecycle, &from, motion).or(self.phase).or_else(|| lifecycle.phase(&from).map(|phase| phase.name));
                }
                Flow::Used
            }
            Motion::Open => self.target(scene).map_or(Flow::Used, Flow::Open),
            Motion::Escape if self.phase.is_some() => {
                self.phase = None;
                Flow::Used
            }
            Motion::Copy => self.target(scene).and_then(|target| target.stack().map(ToString::to_string)).map_or(Flow::Pass, Flow::Copy),
            _ => Flow::Pass,
        }
    }

    fn target(&self, scene: &Scene<'_>) -> Option<Target> {
        let stack = scene.stack?;
        let d = Self::deployment(scene);
        let step = d.filter(|_| self.view == View::Plan).and_then(|d| self.plan.selected(d.plan.as_ref()?));
        Some(match (d, step) {
            (Some(d), Some(step)) => Target::Step(stack.clone(), d.id, step.id.clone()),
            (Some(d), None) => Target::Deployment(stack.clone(), d.id, d.no()),
            (None, _) => Target::Stack(stack.clone()),
        })
    }

    fn moves(&self, scene: &Scene<'_>) -> Option<Duration> {
        Self::deployment(scene).filter(|d| !d.is_over()).map(|_| Duration::from_secs(1))
    }
}
