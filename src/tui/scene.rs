//! The scene: everything a pane may read while it draws or moves. Plain data; time is part of it.

use crate::domain::ids::StackId;
use crate::domain::time::Time;
use crate::world::World;

use super::keys::{self, Keys};
use super::views::{self, Views};

/// What a pane sees.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// The newest world.
    pub world: &'a World,
    /// What is shown of it.
    pub views: &'a Views,
    /// Now.
    pub now: Time,
    /// Whether the pane has the focus.
    pub focused: bool,
    /// The stack that the console is about.
    pub stack: Option<&'a StackId>,
    /// Whether lines are those of everything, not of that stack alone.
    pub everything: bool,
    /// The keys as they are bound, for texts that name one.
    pub keys: &'a Keys,
}

impl<'a> Scene<'a> {
    /// A scene without focus, about nothing.
    #[must_use]
    pub fn new(world: &'a World, now: Time) -> Self {
        Self {
            world,
            views: &views::NOTHING,
            now,
            focused: false,
            stack: None,
            everything: false,
            keys: &keys::NONE,
        }
    }

    /// The same scene for a pane that has the focus, or has not.
    #[must_use]
    pub fn focused(self, focused: bool) -> Self {
        Self { focused, ..self }
    }

    /// The same scene about a stack.
    #[must_use]
    pub fn about(self, stack: Option<&'a StackId>) -> Self {
        Self { stack, ..self }
    }

    /// The stack whose lines are shown; none: those of all.
    #[must_use]
    pub fn lines_of(&self) -> Option<&'a StackId> {
        self.stack.filter(|_| !self.everything)
    }
}
