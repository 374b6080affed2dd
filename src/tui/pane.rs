//! The pane: one trait for all that draws in a rectangle and takes motions; popups are panes on a stack of layers.

use std::time::Duration;

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::domain::ask::Ask;
use crate::domain::ids::{DeploymentId, DeploymentNo, EnvName, HoldId, StackId, StepId};

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
    /// Taken; open what is meant: a stack, a hold, the lines of a step.
    Open(Target),
    /// Taken; ask this of the desk. Only cards and forms answer so, after their guard was met.
    Ask(Box<Ask>),
    /// Taken; do the action of this name, chosen from a list.
    Act(&'static str),
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
            Target::Stack(stack) | Target::Deployment(stack, ..) | Target::Step(stack, ..) | Target::Hold(stack, _) => Some(stack),
        }
    }

    /// The environment concerned.
    #[must_use]
    pub fn env(&self) -> &EnvName {
        match self {
            Target::Environment(env) => env,
            Target::Stack(stack) | Target::Deployment(stack, ..) | Target::Step(stack, ..) | Target::Hold(stack, _) => &stack.env,
        }
    }
}

/// Something that draws in a rectangle. It holds selection and scroll, nothing else; what it shows comes from the scene.
pub trait Pane {
    /// Its name: the title, and the section of the key map that it uses.
    fn name(&self) -> &'static str;

    /// Draws itself, with its own border unless the scene is zoomed.
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

    /// How long what it shows stays true without any event: a clock that runs, a glyph that turns. None: nothing moves.
    fn moves(&self, _scene: &Scene<'_>) -> Option<Duration> {
        None
    }
}
