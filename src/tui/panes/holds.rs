//! Pane 3: what waits for a person. Nothing can be approved from the list; a card must be opened for exactly one hold.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;

use crate::domain::ids::{HoldId, StackId};
use crate::domain::time::Time;
use crate::tui::motion::Motion;
use crate::tui::paint::{self, fit, pad};
use crate::tui::pane::{Flow, Pane, Target};
use crate::tui::scene::Scene;
use crate::tui::theme::{Role, Theme};

use super::list::Cursor;

/// The pane.
#[derive(Debug, Default)]
pub struct Holds {
    cursor: Cursor<(StackId, HoldId)>,
}

impl Holds {
    /// Whether the rows around the cursor moved by themselves a moment ago.
    #[must_use]
    pub fn unsettled(&self, now: Time) -> bool {
        self.cursor.unsettled(now)
    }

    /// How many rows the list would like.
    #[must_use]
    pub fn wants(&self) -> usize {
        self.cursor.len().max(1)
    }

    /// The row at that place of the screen.
    pub fn click(&mut self, row: usize) {
        self.cursor.select_shown(row);
    }

    /// Takes the newest rows.
    pub fn sync(&mut self, scene: &Scene<'_>) {
        let keys = scene.world.holds(scene.now).iter().map(|view| (view.stack.clone(), view.hold.id.clone())).collect();
        self.cursor.sync(keys, scene.now);
    }
}

impl Pane for Holds {
    fn name(&self) -> &'static str {
        "Holds"
    }

    fn draw(&mut self, scene: &Scene<'_>, theme: &Theme, area: Rect, buf: &mut Buffer) {
        self.sync(scene);
        let views = scene.world.holds(scene.now);
        let right = if views.is_empty() { "0".to_owned() } else { format!("{} [Enter] reads one", views.len()) };
        let inside = if scene.zoomed { area } else { paint::frame(buf, area, theme, scene.focused, &[Span::raw("3 Holds")], &right) };
        let wide = usize::from(inside.width);
        for (line, at) in self.cursor.window(usize::from(inside.height)).enumerate() {
            let Some(view) = views.get(at) else { continue };
            let y = inside.y + paint::short(line);
            let left = view.left_text();
            let stack = if wide < 60 { 16 + wide.saturating_sub(36).min(4) } else { 28 };
            let what = if wide < 60 {
                view.hold.kind.word().to_owned()
            } else {
                format!("{}: {}  {}", view.hold.kind.word(), view.step, view.hold.id)
            };
            let role = if view.is_restore() { Role::Down } else { Role::Hold };
            let cells = [
                (if view.is_restore() { "!" } else { "?" }.to_owned(), theme.style(role)),
                (" ".to_owned(), theme.style(Role::Text)),
                (format!("{} ", pad(&view.stack.to_string(), stack - 1)), theme.style(Role::Text)),
                (pad(&what, wide.saturating_sub(2 + stack + 8)), theme.style(Role::Text)),
                (format!("{:>8}", fit(&left, 8)), theme.style(Role::Dim)),
            ];
            paint::spans(buf, inside.x, y, inside.right(), &cells);
            if at == self.cursor.at() {
                let role = if scene.focused { Role::Cursor } else { Role::CursorAway };
                paint::lay(buf, Rect::new(inside.x, y, inside.width, 1), theme.style(role));
            }
        }
        if views.is_empty() && inside.height > 0 {
            buf.set_stringn(inside.x + 1, inside.y, "nothing waits for a person", wide.saturating_sub(1), theme.style(Role::Dim));
        }
    }

    fn motion(&mut self, motion: Motion, scene: &Scene<'_>) -> Flow {
        self.sync(scene);
        if self.cursor.motion(motion) {
            return Flow::Used;
        }
        match motion {
            Motion::Open => self.target(scene).map_or(Flow::Used, Flow::Open),
            Motion::Copy => self.cursor.key().map_or(Flow::Pass, |(_, id)| Flow::Copy(id.to_string())),
            Motion::NextHold => {
                self.cursor.motion(Motion::Down);
                Flow::Used
            }
            Motion::PrevHold => {
                self.cursor.motion(Motion::Up);
                Flow::Used
            }
            _ => Flow::Pass,
        }
    }

    fn target(&self, _scene: &Scene<'_>) -> Option<Target> {
        self.cursor.key().map(|(stack, id)| Target::Hold(stack.clone(), id.clone()))
    }
}
