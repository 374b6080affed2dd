//! Pane 5 in its plainest form: the newest lines, followed or scrolled.

use std::collections::VecDeque;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;

use crate::desk::Batch;
use crate::domain::line::{Line, Severity};
use crate::tui::motion::Motion;
use crate::tui::paint::{self, pad};
use crate::tui::pane::{Flow, Pane, Target};
use crate::tui::scene::Scene;
use crate::tui::theme::{Role, Theme};

const MOST: usize = 5_000;

/// The pane.
#[derive(Debug, Default)]
pub struct Lines {
    lines: VecDeque<Line>,
    up: usize,
    height: usize,
}

impl Lines {
    /// Takes new lines.
    pub fn push(&mut self, batch: Batch) {
        self.lines.extend(batch.lines);
        let extra = self.lines.len().saturating_sub(MOST);
        self.lines.drain(..extra);
    }

    /// Forgets all lines.
    pub fn clear(&mut self) {
        self.lines.clear();
        self.up = 0;
    }
}

impl Pane for Lines {
    fn name(&self) -> &'static str {
        "Log"
    }

    fn draw(&mut self, scene: &Scene<'_>, theme: &Theme, area: Rect, buf: &mut Buffer) {
        let title = scene.stack.map_or_else(|| "5 Events + logs".to_owned(), |stack| format!("5 Events + logs  {stack}"));
        let right = format!("{} lines", self.lines.len());
        let inside = if scene.zoomed { area } else { paint::frame(buf, area, theme, scene.focused, &[Span::raw(title)], &right) };
        self.height = usize::from(inside.height);
        self.up = self.up.min(self.lines.len().saturating_sub(self.height));
        let end = self.lines.len() - self.up;
        let from = end.saturating_sub(self.height);
        for (n, line) in self.lines.range(from..end).enumerate() {
            let role = match line.severity {
                Severity::Debug => Role::Debug,
                Severity::Info => Role::Info,
                Severity::Warn => Role::Warn,
                Severity::Error => Role::Error,
                Severity::Gap => Role::Gap,
            };
            let cells = [
                (format!("{} ", line.at.clock()), theme.style(Role::Clock)),
                (format!("{} ", pad(line.kind.word(), 3)), theme.style(Role::Source)),
                (format!("{} ", pad(line.part.as_str(), 14)), theme.style(Role::Dim)),
                (line.text.to_string(), theme.style(role)),
            ];
            paint::spans(buf, inside.x, inside.y + paint::short(n), inside.right(), &cells);
        }
    }

    fn motion(&mut self, motion: Motion, _scene: &Scene<'_>) -> Flow {
        match motion {
            Motion::Up => self.up += 1,
            Motion::Down => self.up = self.up.saturating_sub(1),
            Motion::PageUp | Motion::HalfUp => self.up += self.height,
            Motion::PageDown | Motion::HalfDown => self.up = self.up.saturating_sub(self.height),
            Motion::Top => self.up = self.lines.len(),
            Motion::Bottom | Motion::Follow => self.up = 0,
            _ => return Flow::Pass,
        }
        Flow::Used
    }

    fn target(&self, scene: &Scene<'_>) -> Option<Target> {
        scene.stack.cloned().map(Target::Stack)
    }
}
