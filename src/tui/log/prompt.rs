//! What is typed to search or to filter a log. It acts while it is typed; Esc puts everything back.

use std::collections::HashMap;

use crossterm::event::{Event, KeyCode, KeyEvent};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

/// What the text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum For {
    /// Searching: the other lines stay.
    Find,
    /// Filtering: the other lines are hidden.
    Filter,
}

/// What was there before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Before {
    pub(super) find: Option<String>,
    pub(super) filter: Option<String>,
    pub(super) cursor: usize,
    pub(super) top: usize,
    pub(super) following: bool,
    pub(super) folds: HashMap<u64, bool>,
}

/// The prompt.
#[derive(Debug)]
pub(super) struct Prompt {
    pub(super) what: For,
    pub(super) input: Input,
    pub(super) before: Before,
}

/// What a key did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Typed {
    /// The text is another.
    Changed,
    /// Only the cursor moved.
    Nothing,
    /// Search became filter, or the other way round.
    Switched,
    /// Enter.
    Done,
    /// Esc.
    Left,
}

impl Prompt {
    pub(super) fn new(what: For, before: Before) -> Self {
        Self {
            what,
            input: Input::default(),
            before,
        }
    }

    pub(super) fn sign(&self) -> &'static str {
        match self.what {
            For::Find => "/",
            For::Filter => "&",
        }
    }

    pub(super) fn hint(&self) -> &'static str {
        match self.what {
            For::Find => "search: Tab filters instead, ! lines without it, Esc leaves",
            For::Filter => {
                "filter: Tab searches instead, ! lines without it, +2 shows two around, Esc leaves"
            }
        }
    }

    pub(super) fn press(&mut self, key: KeyEvent) -> Typed {
        match key.code {
            KeyCode::Enter => Typed::Done,
            KeyCode::Esc => Typed::Left,
            KeyCode::Tab => {
                self.what = match self.what {
                    For::Find => For::Filter,
                    For::Filter => For::Find,
                };
                Typed::Switched
            }
            _ => match self.input.handle_event(&Event::Key(key)) {
                Some(change) if change.value => Typed::Changed,
                _ => Typed::Nothing,
            },
        }
    }
}
