//! Pane 4: what happens with one stack, and why. It follows: the plan while something runs or waits
//! for a person, the map of the stack otherwise. A key pins one of the pictures: plan, map of the
//! stack, map of the deployment.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::domain::deployment::Deployment;
use crate::domain::ids::StackId;
use crate::domain::lifecycle::Lifecycle;
use crate::domain::lifecycles::{DEPLOYMENT, of_system};
use crate::domain::plan::Step;
use crate::domain::time::Time;
use crate::tui::maps;
use crate::tui::maps::plan::{PlanOf, PlanView};
use crate::tui::motion::Motion;
use crate::tui::paint;
use crate::tui::pane::{Flow, Pane, Target, Title};
use crate::tui::scene::Scene;
use crate::tui::theme::{Role, Theme};

/// What the pane shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum View {
    /// The lifecycle of the stack.
    Stack,
    /// The lifecycle of the deployment.
    Deployment,
    /// The steps.
    Plan,
}

/// The pane.
#[derive(Debug, Default)]
pub struct Progress {
    /// The view that a person pinned; none: it follows what is going on.
    pinned: Option<View>,
    /// The phase under the cursor, in a map.
    phase: Option<&'static str>,
    plan: PlanView,
    about: Option<StackId>,
}

impl View {
    fn word(self) -> &'static str {
        match self {
            View::Stack => "Stack",
            View::Deployment => "Deployment",
            View::Plan => "Plan",
        }
    }

    fn next(self) -> Self {
        match self {
            View::Stack => View::Deployment,
            View::Deployment => View::Plan,
            View::Plan => View::Stack,
        }
    }

    /// What is worth seeing now: the plan from when it is made until its deployment is over.
    fn of_now(scene: &Scene<'_>) -> Self {
        let damaged = scene
            .stack
            .is_some_and(|stack| scene.world.damage(stack).is_some());
        let open = Progress::deployment(scene)
            .is_some_and(|d| !d.is_over() && d.plan.is_some() && !damaged);
        if open { View::Plan } else { View::Stack }
    }
}

impl Progress {
    fn view(&self, scene: &Scene<'_>) -> View {
        self.pinned.unwrap_or_else(|| View::of_now(scene))
    }

    /// Shows the next view, and holds on to it unless it is the one that is worth seeing anyway.
    fn cycle(&mut self, scene: &Scene<'_>) -> Flow {
        if scene.stack.is_none() {
            return Flow::Say("choose a stack first".to_owned());
        }
        let next = self.view(scene).next();
        self.pinned = Some(next).filter(|next| *next != View::of_now(scene));
        self.phase = None;
        Flow::Used
    }

    /// The deployment that it shows: the current one of the stack, else the last.
    fn deployment<'a>(scene: &Scene<'a>) -> Option<&'a Deployment> {
        scene.world.latest(scene.stack?).map(|d| &**d)
    }

    /// The table of what it shows; none for a stack of whose system nobody here knows.
    fn lifecycle(&self, scene: &Scene<'_>) -> Option<&'static Lifecycle> {
        match self.view(scene) {
            View::Stack => {
                // A stack that was never asked for has no system yet; the estate's file knows it.
                let filed = || {
                    of_system(
                        &scene
                            .world
                            .catalog
                            .stacks
                            .get(scene.stack?)?
                            .spec
                            .as_ref()
                            .ok()?
                            .system,
                    )
                    .ok()
                };
                scene
                    .world
                    .folds
                    .stack(scene.stack?)
                    .lifecycle()
                    .or_else(filed)
            }
            View::Deployment | View::Plan => Some(&DEPLOYMENT),
        }
    }

    /// Where the machine stands, and since when.
    fn current(&self, scene: &Scene<'_>) -> Option<(String, Time)> {
        if scene
            .stack
            .is_some_and(|stack| scene.world.damage(stack).is_some())
        {
            return None;
        }
        match self.view(scene) {
            View::Stack => scene
                .stack
                .map(|stack| scene.world.folds.stack(stack))
                .map(|fold| (fold.phase.clone(), fold.since)),
            View::Deployment | View::Plan => {
                Self::deployment(scene).map(|d| (d.phase.to_string(), d.since))
            }
        }
    }

    fn draw_map(&self, scene: &Scene<'_>, theme: &Theme, area: Rect, buf: &mut Buffer) {
        let Some((phase, since)) = self.current(scene) else {
            let damage = scene.stack.and_then(|stack| scene.world.damage(stack));
            let (says, role) = match damage {
                Some(why) => (format!("where it stands cannot be told: {why}"), Role::Fail),
                None => ("it was never deployed from here".to_owned(), Role::Dim),
            };
            tell(&says, theme.style(role), area, buf);
            return;
        };
        // Since when a stack that was never touched stands where it stands is not known.
        let since = if since == Time(0) {
            Time(i64::MAX)
        } else {
            since
        };
        let selected = if scene.focused { self.phase } else { None };
        let Some(lifecycle) = self.lifecycle(scene) else {
            let left = scene
                .stack
                .is_some_and(|stack| scene.world.folds.stack(stack).has_left());
            let entry = scene.stack.and_then(|stack| scene.world.catalog.of(stack));
            let says = if left {
                "its app is gone, and nothing of it is left"
            } else if entry.is_some_and(|entry| entry.spec.is_err()) {
                "its files cannot be read: d says where"
            } else {
                "this program does not know what kind of stack this is"
            };
            buf.set_stringn(
                area.x + 1,
                area.y,
                says,
                usize::from(area.width),
                theme.style(Role::Dim),
            );
            return;
        };
        let travelled = match (self.view(scene), scene.stack) {
            (View::Stack, Some(stack)) => scene.world.folds.stack(stack).travelled.clone(),
            _ => Self::deployment(scene)
                .map(|d| d.travelled.clone())
                .unwrap_or_default(),
        };
        let course = maps::Course {
            lifecycle,
            travelled: &travelled,
            current: &phase,
            since,
            now: scene.now,
            selected,
        };
        maps::draw(&course, theme, area, buf);
    }

    /// Does something with the plan of the deployment, where it has one.
    fn with_plan<T>(
        &mut self,
        scene: &Scene<'_>,
        does: impl FnOnce(&mut PlanView, &PlanOf<'_>) -> T,
    ) -> Option<T> {
        let d = Self::deployment(scene)?;
        let usual = |step: &Step| {
            scene
                .stack
                .and_then(|stack| scene.world.usual(stack, &step.id))
                .map(|usual| usual.p50)
        };
        let stands = |step: &Step| {
            let run = d.steps.get(&step.id)?;
            Some(scene.world.step_stands(d, step, run, scene.now))
        };
        let of = PlanOf::deployment(d, scene.now)?;
        Some(does(&mut self.plan, &of.usual(&usual).stands(&stands)))
    }
}

/// Writes a sentence, broken where the area ends.
fn tell(says: &str, style: Style, area: Rect, buf: &mut Buffer) {
    let lines = paint::wrap(says, usize::from(area.width.saturating_sub(2)), 0);
    for (n, line) in lines.iter().take(usize::from(area.height)).enumerate() {
        let y = area.y + paint::short(n);
        buf.set_stringn(area.x + 1, y, line, usize::from(area.width), style);
    }
}

impl Pane for Progress {
    fn draw(&mut self, scene: &Scene<'_>, theme: &Theme, inside: Rect, buf: &mut Buffer) {
        self.sync(scene);
        if scene.stack.is_none() {
            return;
        }
        match self.view(scene) {
            View::Plan => {
                let focused = scene.focused;
                if self
                    .with_plan(scene, |view, of| view.draw(of, focused, theme, inside, buf))
                    .is_none()
                {
                    let stack = scene.stack.map(|stack| scene.world.folds.stack(stack));
                    let waits = stack
                        .as_ref()
                        .and_then(|stack| scene.world.out_of_contact(stack));
                    let (says, role) = match waits {
                        Some((_, why)) => (format!("no plan yet: {why}"), Role::Lost),
                        None => (
                            "no plan yet: it is made when the real stack is quiet".to_owned(),
                            Role::Dim,
                        ),
                    };
                    tell(&says, theme.style(role), inside, buf);
                }
            }
            View::Stack | View::Deployment => self.draw_map(scene, theme, inside, buf),
        }
    }

    fn motion(&mut self, motion: Motion, scene: &Scene<'_>) -> Flow {
        self.sync(scene);
        match motion {
            Motion::Cycle => self.cycle(scene),
            _ if self.view(scene) == View::Plan
                && self.with_plan(scene, |view, of| view.motion(motion, of)) == Some(true) =>
            {
                Flow::Used
            }
            Motion::Up
            | Motion::Down
            | Motion::Left
            | Motion::Right
            | Motion::HalfUp
            | Motion::HalfDown
            | Motion::PageUp
            | Motion::PageDown
            | Motion::Top
            | Motion::Bottom => {
                if let (Some((current, _)), Some(lifecycle)) =
                    (self.current(scene), self.lifecycle(scene))
                {
                    let from = self.phase.map_or(current, str::to_owned);
                    self.phase = maps::beside(lifecycle, &from, motion)
                        .or(self.phase)
                        .or_else(|| lifecycle.phase(&from).map(|phase| phase.name));
                }
                Flow::Used
            }
            Motion::Open => self.target(scene).map_or(Flow::Used, Flow::Open),
            Motion::Escape if self.phase.is_some() => {
                self.phase = None;
                Flow::Used
            }
            Motion::Copy => self
                .target(scene)
                .and_then(|target| target.stack().map(ToString::to_string))
                .map_or(Flow::Pass, Flow::Copy),
            _ => Flow::Pass,
        }
    }

    fn target(&self, scene: &Scene<'_>) -> Option<Target> {
        let stack = scene.stack?;
        let d = Self::deployment(scene);
        let step = d
            .filter(|_| self.view(scene) == View::Plan)
            .and_then(|d| self.plan.selected(d.plan.as_ref()?));
        Some(match (d, step) {
            (Some(d), Some(step)) => Target::Step(stack.clone(), d.id, step.id.clone()),
            (Some(d), None) => Target::Deployment(stack.clone(), d.id, d.no()),
            (None, _) => Target::Stack(stack.clone()),
        })
    }

    fn hints(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("view", "other view"),
            ("explain", "explain"),
            ("details", "details"),
        ]
    }

    fn title(&self, scene: &Scene<'_>) -> Title {
        let Some(stack) = scene.stack else {
            return Title::new("Live", "");
        };
        let d = Self::deployment(scene);
        let exists = scene
            .world
            .thing(stack)
            .is_some_and(|thing| !thing.is_missing());
        let no = match d {
            Some(d) => format!("  {}", d.no()),
            // Its lifecycle begins with the first deployment from here, whatever runs there
            // already.
            None if exists => "  not deployed from here yet".to_owned(),
            None => String::new(),
        };
        let left = d
            .filter(|d| !d.is_over())
            .and_then(|d| scene.world.left(d, scene.now))
            .map_or_else(String::new, |left| format!("{} left  ", left.says()));
        let pinned = if self.pinned.is_some() {
            "pinned  "
        } else {
            ""
        };
        let right = format!("{left}{pinned}[{}] other view", scene.keys.first("view"));
        Title::new(format!("{}  {stack}{no}", self.view(scene).word()), right)
    }

    /// Forgets the cursor when the stack is another.
    fn sync(&mut self, scene: &Scene<'_>) {
        if self.about.as_ref() != scene.stack {
            self.about = scene.stack.cloned();
            self.phase = None;
            self.plan = PlanView::default();
        }
    }

    /// What the tallest map needs, so that the panes stay in place from stack to stack.
    fn rows(&self) -> u16 {
        maps::tallest()
    }
}
