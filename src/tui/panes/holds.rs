//! Pane 3: what waits for a person. Nothing can be approved from the list; a card must be opened
//! for exactly one hold.

use ratatui::style::Style;

use crate::domain::ids::{HoldId, StackId};
use crate::tui::motion::Motion;
use crate::tui::paint::{fit, pad};
use crate::tui::pane::Target;
use crate::tui::scene::Scene;
use crate::tui::theme::{Role, Theme};
use crate::world::holds::HoldView;

use super::list::{List, Listed};
use super::named;

/// The pane.
pub type Holds = List<Waiting>;

/// The holds that wait for a person.
#[derive(Debug)]
pub struct Waiting;

impl Listed for Waiting {
    type Item<'a> = HoldView<'a>;
    type Key = (StackId, HoldId);
    type Columns = usize;
    const TITLE: &'static str = "Holds";
    const EMPTY: &'static str = "no hold is open";

    fn all<'a>(scene: &Scene<'a>) -> Vec<HoldView<'a>> {
        scene.world.holds(scene.now)
    }

    fn key(view: &HoldView<'_>) -> Self::Key {
        (view.stack.clone(), view.hold.id.clone())
    }

    fn field(view: &HoldView<'_>, name: &str) -> String {
        match name {
            "kind" => view.hold.kind.word().to_owned(),
            "by" => view.asked_by.clone(),
            _ => format!(
                "{} {} {} {}",
                view.stack,
                view.hold.kind.word(),
                view.hold.id,
                view.asked_by
            ),
        }
    }

    fn columns(_: &[HoldView<'_>], wide: usize) -> usize {
        wide
    }

    fn row(
        view: &HoldView<'_>,
        wide: &usize,
        _: &Scene<'_>,
        theme: &Theme,
    ) -> Vec<(String, Style)> {
        let wide = *wide;
        let stack = if wide < 60 {
            16 + wide.saturating_sub(36).min(4)
        } else {
            28
        };
        let kind = view.hold.kind.word();
        let what = if wide < 60 {
            kind.to_owned()
        } else {
            format!("{kind}: {}  {}", view.step, view.hold.id)
        };
        let (mark, role) = if view.is_restore() {
            ("!", Role::Down)
        } else {
            ("?", Role::Hold)
        };
        let text = theme.style(Role::Text);
        vec![
            (mark.to_owned(), theme.style(role)),
            (" ".to_owned(), text),
            (
                format!(
                    "{} ",
                    named(&view.stack, &view.stack.to_string(), stack - 1)
                ),
                text,
            ),
            (pad(&what, wide.saturating_sub(2 + stack + 8)), text),
            (
                format!("{:>8}", fit(&view.left_text(), 8)),
                theme.style(Role::Dim),
            ),
        ]
    }

    fn target((stack, id): &Self::Key) -> Target {
        Target::Hold(stack.clone(), id.clone())
    }

    fn copied((_, id): &Self::Key) -> String {
        id.to_string()
    }

    fn right(count: usize, scene: &Scene<'_>) -> String {
        // The key opens what is under the cursor, and the cursor is in the pane that has the focus.
        if count > 0 && scene.focused {
            format!("{count} [{}] reads one", scene.keys.first("open"))
        } else {
            count.to_string()
        }
    }

    /// Every row is a hold: to the next one is one down.
    fn means(motion: Motion) -> Motion {
        match motion {
            Motion::NextHold => Motion::Down,
            Motion::PrevHold => Motion::Up,
            other => other,
        }
    }
}
