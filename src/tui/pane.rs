//! The pane: one trait for all that draws in a rectangle and takes motions. The panes of the table
//! stand on the board; popups are panes on a stack of layers. What a pane wants done comes back as
//! data.

use std::time::Duration;

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::desk::Batch;
use crate::domain::ask::Ask;
use crate::domain::ids::{DeploymentId, DeploymentNo, EnvName, HoldId, StackId, StepId};
use crate::domain::line::Severity;
use crate::domain::time::Time;

use super::actions::Offer;
use super::motion::Motion;
use super::scene::Scene;
use super::theme::Theme;

/// What became of a key or a motion.
#[derive(Debug, Clone, PartialEq)]
pub enum Flow {
    /// Not for this pane: let the next one see it.
    Pass,
    /// Taken; draw again.
    Used,
    /// Taken; this layer goes.
    Close,
    /// Taken; say this on the last line.
    Say(String),
    /// Taken; send this text to the terminal's clipboard.
    Copy(String),
    /// Taken; write this text to a file of that name.
    Save(String, String),
    /// Taken; open what is meant: a stack, a hold, the lines of a step.
    Open(Target),
    /// Taken; show the page of this deployment.
    Read(DeploymentId),
    /// Taken; ask this of the desk. Only a layer may, after its guard was met: of a pane of the
    /// board it is not taken.
    Ask(Box<Wanted>),
    /// Taken; show the card of this offer in the place of the layer.
    Look(Target, Box<Offer>),
    /// Taken; do the action of this name, chosen from a list.
    Act(&'static str),
}

/// What a layer wants asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// The ask.
    pub ask: Ask,
    /// What it would do, for the line that reads it back.
    pub label: String,
    /// What it is about.
    pub target: Option<Target>,
    /// Whether the layer goes once the desk has taken it; else it waits for the answer.
    pub closes: bool,
}

/// What an action would act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// An environment.
    Environment(EnvName),
    /// A stack.
    Stack(StackId),
    /// A deployment of a stack.
    Deployment(StackId, DeploymentId, DeploymentNo),
    /// A step of a deployment.
    Step(StackId, DeploymentId, StepId),
    /// A hold.
    Hold(StackId, HoldId),
}

impl Target {
    /// The stack concerned.
    #[must_use]
    pub fn stack(&self) -> Option<&StackId> {
        match self {
            Target::Environment(_) => None,
            Target::Stack(stack)
            | Target::Deployment(stack, ..)
            | Target::Step(stack, ..)
            | Target::Hold(stack, _) => Some(stack),
        }
    }

    /// The environment concerned.
    #[must_use]
    pub fn env(&self) -> &EnvName {
        match self {
            Target::Environment(env) => env,
            Target::Stack(stack)
            | Target::Deployment(stack, ..)
            | Target::Step(stack, ..)
            | Target::Hold(stack, _) => &stack.env,
        }
    }
}

/// What became of a jump to a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Jump {
    /// It is not listed there, and nothing moved.
    Unlisted,
    /// The cursor is on it.
    There,
    /// The same, once something gave way that hid it: what.
    Cleared(String),
}

/// What stands on the upper edge of a pane: on the left behind its key, and on the right.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Title {
    /// What it shows.
    pub left: String,
    /// How many there are, or what is worth knowing beside.
    pub right: String,
}

impl Title {
    /// A title of two parts.
    #[must_use]
    pub fn new(left: impl Into<String>, right: impl Into<String>) -> Self {
        Self {
            left: left.into(),
            right: right.into(),
        }
    }
}

/// A line near something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Near {
    /// When.
    pub at: Time,
    /// How serious.
    pub severity: Severity,
    /// Where it comes from, and what it says.
    pub text: String,
}

/// Something that draws in a rectangle. It holds selection and scroll, nothing else; what it shows
/// comes from the scene.
pub trait Pane {
    /// Draws itself: a pane of the board inside its frame, a layer with a frame of its own.
    fn draw(&mut self, scene: &Scene<'_>, theme: &Theme, area: Rect, buf: &mut Buffer);

    /// Takes a motion.
    fn motion(&mut self, motion: Motion, scene: &Scene<'_>) -> Flow;

    /// What an action would act on.
    fn target(&self, scene: &Scene<'_>) -> Option<Target>;

    /// Takes a key while it edits text ([`Pane::typing`]).
    fn key(&mut self, _key: KeyEvent, _scene: &Scene<'_>) -> Flow {
        Flow::Pass
    }

    /// Takes a paste, where text may be pasted; the text has passed the gate.
    fn paste(&mut self, _text: &str, _scene: &Scene<'_>) -> Flow {
        Flow::Pass
    }

    /// Whether keys are text for it now.
    fn typing(&self) -> bool {
        false
    }

    /// How long what it shows stays true without any event: a clock that runs, a glyph that turns.
    /// None: nothing moves.
    fn moves(&self, _scene: &Scene<'_>) -> Option<Duration> {
        None
    }

    /// The actions whose keys are worth naming under it, each with a word.
    fn hints(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    // What follows is asked of the panes of the board alone.

    /// What its frame says.
    fn title(&self, _scene: &Scene<'_>) -> Title {
        Title::default()
    }

    /// Takes the newest world, before anything is asked of it.
    fn sync(&mut self, _scene: &Scene<'_>) {}

    /// How many rows it would like.
    fn rows(&self) -> u16 {
        1
    }

    /// How many things it lists; said where it is hidden behind a tab.
    fn count(&self, _scene: &Scene<'_>) -> Option<usize> {
        None
    }

    /// Whether the rows around its cursor moved by themselves a moment ago.
    fn unsettled(&self, _now: Time) -> bool {
        false
    }

    /// Puts the cursor on the row at that place of the screen.
    fn click(&mut self, _row: usize) {}

    /// Puts the cursor on a stack; what hides it gives way.
    fn select(&mut self, _stack: &StackId, _scene: &Scene<'_>) -> Jump {
        Jump::Unlisted
    }

    /// The stacks whose state it shows on the screen.
    fn stacks(&self) -> Vec<StackId> {
        Vec::new()
    }

    /// The lines around the first error of a stack in a span of time, or around its end where there
    /// is none, the oldest first; and when that was.
    fn around(&self, _stack: &StackId, _ran: (Time, Time)) -> Option<(Time, Vec<Near>)> {
        None
    }

    /// Takes new lines of what the console is about.
    fn lines(&mut self, _batch: &Batch) {}

    /// Forgets all lines: the console is about something else.
    fn forget_lines(&mut self) {}
}
