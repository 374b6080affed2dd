//! Pane 2: one queue over all environments, with the reason why each waits.

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;

use crate::domain::ids::{DeploymentId, DeploymentNo, StackId};
use crate::domain::time::{Time, short};
use crate::tui::find::Find;
use crate::tui::motion::Motion;
use crate::tui::paint::{self, fit, pad};
use crate::tui::pane::{Flow, Pane, Target};
use crate::tui::scene::Scene;
use crate::tui::states;
use crate::tui::theme::{Role, Theme};

use super::list::Cursor;

/// The pane.
#[derive(Debug, Default)]
pub struct Queue {
    cursor: Cursor<(StackId, DeploymentId, DeploymentNo)>,
    /// Positions in the views.
    places: Vec<usize>,
    find: Find,
    made: Option<(u64, u64)>,
    changes: u64,
}

impl Queue {
    /// Whether the rows around the cursor moved by themselves a moment ago.
    #[must_use]
    pub fn unsettled(&self, now: Time) -> bool {
        self.cursor.unsettled(now)
    }

    /// How many rows the list would like.
    #[must_use]
    pub fn wants(&self) -> usize {
        self.places.len().max(1)
    }

    /// The row at that place of the screen.
    pub fn click(&mut self, row: usize) {
        self.cursor.select_shown(row);
    }

    /// Takes the newest rows.
    pub fn sync(&mut self, scene: &Scene<'_>) {
        let made = Some((scene.views.version, self.changes));
        if self.made == made {
            return;
        }
        self.made = made;
        let all = &scene.views.queue;
        self.places = (0..all.len())
            .filter(|at| {
                let item = &all[*at];
                self.find.matches(|field| match field {
                    "state" => item.state.word().to_lowercase(),
                    "by" => item.by.clone(),
                    _ => format!("{} {} {} {}", item.no, item.stack, item.state.word(), item.by),
                })
            })
            .collect();
        let keys = self.places.iter().map(|at| (all[*at].stack.clone(), all[*at].deployment, all[*at].no)).collect();
        self.cursor.sync(keys, scene.now);
    }
}

impl Pane for Queue {
    fn name(&self) -> &'static str {
        "Queue"
    }

    fn draw(&mut self, scene: &Scene<'_>, theme: &Theme, area: Rect, buf: &mut Buffer) {
        self.sync(scene);
        let right = if self.find.is_empty() { scene.views.queue.len().to_string() } else { self.find.says() };
        let inside = if scene.zoomed { area } else { paint::frame(buf, area, theme, scene.focused, &[Span::raw("2 Queue")], &right) };
        let wide = usize::from(inside.width);
        let longest =
            self.places.iter().filter_map(|at| scene.views.queue.get(*at)).map(|item| paint::width(&item.stack.to_string())).max();
        let no =
            self.places.iter().filter_map(|at| scene.views.queue.get(*at)).map(|item| item.no.to_string().len()).max().unwrap_or(0) + 1;
        for (line, at) in self.cursor.window(usize::from(inside.height)).enumerate() {
            let Some(item) = self.places.get(at).and_then(|at| scene.views.queue.get(*at)) else { continue };
            let y = inside.y + paint::short(line);
            let (badge, style) = states::badge(item.state, theme);
            let stack = (longest.unwrap_or(0) + 1).min(if wide < 60 { wide * 2 / 5 } else { 32 });
            let age = if wide < 60 { String::new() } else { format!(" {:>5} {}", short(scene.now.since(item.since)), pad(&item.by, 8)) };
            let rest = wide.saturating_sub(no + stack + 8 + paint::width(&age));
            let cells = [
                (pad(&item.no.to_string(), no), theme.style(Role::Dim)),
                (format!("{} ", pad(&item.stack.to_string(), stack - 1)), theme.style(Role::Text)),
                (fit(&badge, 7), style),
                (" ".repeat(8 - paint::width(&fit(&badge, 7))), theme.style(Role::Text)),
                (pad(&item.waits.says(scene.now), rest), theme.style(Role::Dim)),
                (age, theme.style(Role::Dim)),
            ];
            paint::spans(buf, inside.x, y, inside.right(), &cells);
            if at == self.cursor.at() {
                let role = if scene.focused { Role::Cursor } else { Role::CursorAway };
                paint::lay(buf, Rect::new(inside.x, y, inside.width, 1), theme.style(role));
            }
        }
        if self.cursor.is_empty() && inside.height > 0 {
            let says = if self.find.is_empty() { "nothing runs, nothing waits" } else { "nothing matches; Esc shows all" };
            buf.set_stringn(inside.x + 1, inside.y, says, wide.saturating_sub(1), theme.style(Role::Dim));
        }
    }

    fn motion(&mut self, motion: Motion, scene: &Scene<'_>) -> Flow {
        self.sync(scene);
        if self.cursor.motion(motion) {
            return Flow::Used;
        }
        match motion {
            Motion::Open => self.target(scene).map_or(Flow::Used, Flow::Open),
            Motion::Find | Motion::Filter => {
                self.find.open();
                Flow::Used
            }
            Motion::ShowAll | Motion::Escape if !self.find.is_empty() => {
                self.find.clear();
                self.changes += 1;
                Flow::Used
            }
            Motion::Copy => self.cursor.key().map_or(Flow::Pass, |(stack, _, no)| Flow::Copy(format!("{no} {stack}"))),
            _ => Flow::Pass,
        }
    }

    fn target(&self, _scene: &Scene<'_>) -> Option<Target> {
        self.cursor.key().map(|(stack, id, no)| Target::Deployment(stack.clone(), *id, *no))
    }

    fn key(&mut self, key: KeyEvent, _scene: &Scene<'_>) -> Flow {
        self.changes += 1;
        self.find.key(key)
    }

    fn typing(&self) -> bool {
        self.find.typing()
    }
}
