//! How the states of stacks and steps look: glyph, word and role together, never colour alone.

use ratatui::style::Style;

use crate::domain::deployment::StepState;
use crate::world::rows::State;

use super::theme::{Role, Theme};

/// The role of a stack's state.
#[must_use]
pub fn role(state: State) -> Role {
    match state {
        State::Down => Role::Down,
        State::Fail | State::Brok => Role::Fail,
        State::Unkn | State::Lost => Role::Lost,
        State::Hold => Role::Hold,
        State::Stale | State::Blank | State::Input => Role::Stale,
        State::Roll | State::Canc => Role::Roll,
        State::RunOutside | State::Run => Role::Run,
        State::Armed | State::Que => Role::Queued,
        State::Froz => Role::Frozen,
        State::Ok => Role::Ok,
        State::Cut | State::New | State::Gone => Role::Gone,
    }
}

/// The glyph of a stack's state.
#[must_use]
pub fn glyph(state: State, theme: &Theme) -> &'static str {
    if theme.glyphs.ascii {
        state.ascii()
    } else {
        state.glyph()
    }
}

/// Glyph and word, with their style.
#[must_use]
pub fn badge(state: State, theme: &Theme) -> (String, Style) {
    (
        format!("{} {}", glyph(state, theme), state.word()),
        theme.style(role(state)),
    )
}

/// The role of a step's state.
#[must_use]
pub fn step_role(state: StepState) -> Role {
    match state {
        StepState::Blocked | StepState::Ready | StepState::Skipped | StepState::Cancelled => {
            Role::Dim
        }
        StepState::Held => Role::Hold,
        StepState::Active => Role::Run,
        StepState::Lost => Role::Lost,
        StepState::Waiting => Role::Roll,
        StepState::Done => Role::Ok,
        StepState::Failed => Role::Fail,
    }
}
