//! A page to read: details, explanations, records, the audit. Its lines are worked out anew for each
//! picture, as those of the panes are. It scrolls, and its text can be copied.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::motion::Motion;
use crate::tui::paint;
use crate::tui::pane::{Flow, Pane, Target};
use crate::tui::scene::Scene;
use crate::tui::theme::{Role, Theme};

use super::Layer;

/// One line: a label (may be empty), its text, and the role of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// On the left; empty for a line that goes over the whole width.
    pub label: String,
    /// The text; broken over several rows, never cut.
    pub text: String,
    /// What it means.
    pub role: Role,
}

impl Text {
    /// A line with a label.
    #[must_use]
    pub fn new(label: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            text: text.into(),
            role: Role::Text,
        }
    }

    /// The same with another role.
    #[must_use]
    pub fn role(self, role: Role) -> Self {
        Self { role, ..self }
    }
}

/// What stands on a page now.
type Lines = dyn Fn(&Scene<'_>, &Theme) -> Vec<Text>;

/// The page.
pub struct Page {
    title: String,
    of: Box<Lines>,
    /// What stood on it last, which is what is copied.
    lines: Vec<Text>,
    target: Option<Target>,
    scroll: usize,
    most: usize,
    height: usize,
}

impl Page {
    /// A page.
    #[must_use]
    pub fn new(
        title: impl Into<String>,
        target: Option<Target>,
        of: impl Fn(&Scene<'_>, &Theme) -> Vec<Text> + 'static,
    ) -> Self {
        Self {
            title: title.into(),
            of: Box::new(of),
            lines: Vec::new(),
            target,
            scroll: 0,
            most: 0,
            height: 1,
        }
    }
}

impl std::fmt::Debug for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Page")
            .field("title", &self.title)
            .field("target", &self.target)
            .field("scroll", &self.scroll)
            .finish_non_exhaustive()
    }
}

impl Layer for Page {}

impl Pane for Page {
    fn draw(&mut self, scene: &Scene<'_>, theme: &Theme, area: Rect, buf: &mut Buffer) {
        self.lines = (self.of)(scene, theme);
        let width = area.width.min(110);
        let label = self
            .lines
            .iter()
            .map(|line| paint::width(&line.label))
            .max()
            .unwrap_or(0)
            .min(24);
        let gap = if label > 0 { label + 2 } else { 0 };
        let wide = usize::from(width.saturating_sub(4));
        let mut rows: Vec<[(String, ratatui::style::Style); 2]> = Vec::new();
        for line in &self.lines {
            let (left, room) = if line.label.is_empty() {
                (0, wide)
            } else {
                (gap, wide.saturating_sub(gap))
            };
            // A label that is wider than its column has a row of its own.
            let is_wide = paint::width(&line.label) > label;
            if is_wide {
                let label = (line.label.clone(), theme.style(Role::Label));
                rows.push([label, (String::new(), theme.style(line.role))]);
            }
            for (n, text) in paint::wrap(&line.text, room, 0).into_iter().enumerate() {
                let label = if n == 0 && !is_wide {
                    paint::pad(&line.label, left)
                } else {
                    " ".repeat(left)
                };
                rows.push([
                    (label, theme.style(Role::Label)),
                    (text, theme.style(line.role)),
                ]);
            }
        }
        let most = area.height.saturating_sub(2);
        let height = paint::short(rows.len() + 2).clamp(5.min(most), most);
        let at = Rect::new(area.x + (area.width - width) / 2, area.y + 1, width, height);
        paint::clear(buf, at, theme.style(Role::Text));
        self.height = usize::from(at.height.saturating_sub(2));
        self.most = rows.len().saturating_sub(self.height);
        self.scroll = self.scroll.min(self.most);
        let right = if self.most > 0 {
            format!(
                "{}-{} of {}",
                self.scroll + 1,
                (self.scroll + self.height).min(rows.len()),
                rows.len()
            )
        } else {
            "Esc closes".to_owned()
        };
        let inside = paint::frame(buf, at, theme, true, &self.title, &right);
        for (n, row) in rows
            .iter()
            .skip(self.scroll)
            .take(usize::from(inside.height))
            .enumerate()
        {
            paint::spans(
                buf,
                inside.x + 1,
                inside.y + paint::short(n),
                inside.right(),
                row,
            );
        }
    }

    fn motion(&mut self, motion: Motion, _scene: &Scene<'_>) -> Flow {
        let half = (self.height / 2).max(1);
        self.scroll = match motion {
            Motion::Up => self.scroll.saturating_sub(1),
            Motion::Down => self.scroll + 1,
            Motion::HalfUp => self.scroll.saturating_sub(half),
            Motion::HalfDown => self.scroll + half,
            Motion::PageUp => self.scroll.saturating_sub(self.height),
            Motion::PageDown | Motion::Pause => self.scroll + self.height,
            Motion::Top => 0,
            Motion::Bottom => self.most,
            Motion::Escape => return Flow::Close,
            // One Enter too many would go on to what lies below.
            Motion::Open => {
                return Flow::Say("there is nothing to open here; Esc closes".to_owned());
            }
            Motion::Copy => {
                return Flow::Copy(
                    self.lines
                        .iter()
                        .map(|line| match line.label.as_str() {
                            // What people wrote keeps the blanks that it begins with.
                            "" => line.text.trim_end().to_owned(),
                            label => format!("{label}  {}", line.text).trim_end().to_owned(),
                        })
                        .collect::<Vec<_>>()
                        .join("\n"),
                );
            }
            _ => return Flow::Pass,
        }
        .min(self.most);
        Flow::Used
    }

    fn target(&self, _scene: &Scene<'_>) -> Option<Target> {
        self.target.clone()
    }

    /// Ages go on.
    fn moves(&self, _scene: &Scene<'_>) -> Option<Duration> {
        Some(Duration::from_secs(1))
    }

    fn hints(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("down", "scroll"),
            ("copy-line", "copy"),
            ("escape", "close"),
        ]
    }
}
