//! The log as a pane: what keys do in it.

use std::time::Duration;

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::desk::Batch;
use crate::domain::ids::StackId;
use crate::domain::line::Severity;
use crate::domain::time::Time;
use crate::tui::motion::Motion;
use crate::tui::pane::{Flow, Near, Pane, Target, Title};
use crate::tui::scene::Scene;
use crate::tui::theme::Theme;

use super::prompt::{For, Typed};
use super::text::Times;
use super::{LogPane, Row, SOON, draw, footer, view};

/// How far around a time lines are looked for, and how many before and after it are told.
const AROUND: Duration = Duration::from_secs(30);
const BEFORE: usize = 24;
/// By how much the last line of what ended may be later than its end.
const MOMENT: Duration = Duration::from_secs(1);
const AFTER: usize = 8;

impl Pane for LogPane {
    fn draw(&mut self, scene: &Scene<'_>, theme: &Theme, area: Rect, buf: &mut Buffer) {
        draw::draw(self, scene, theme, area, buf);
    }

    fn motion(&mut self, motion: Motion, scene: &Scene<'_>) -> Flow {
        let page = isize::try_from(self.height.max(1)).unwrap_or(1);
        match motion {
            Motion::Up => self.step(-1),
            Motion::Down => self.step(1),
            Motion::HalfUp => self.step(-(page / 2).max(1)),
            Motion::HalfDown => self.step((page / 2).max(1)),
            Motion::PageUp => self.step(-page),
            Motion::PageDown => self.step(page),
            Motion::Top => {
                let first = view::at_or_after(&self.ring, &mut self.filter, 0);
                self.go(first)
            }
            Motion::Bottom | Motion::Follow => {
                let on = motion == Motion::Bottom || !self.following;
                self.follow(on);
                Flow::Used
            }
            Motion::Pause => {
                self.follow(!self.following);
                Flow::Used
            }
            Motion::ScrollLeft => {
                self.aside = self.aside.saturating_sub(16);
                Flow::Used
            }
            Motion::ScrollRight => {
                self.aside += 16;
                Flow::Used
            }
            Motion::Find => self.ask(For::Find),
            Motion::Filter => self.ask(For::Filter),
            Motion::Invert => self.invert(),
            Motion::ShowAll => {
                self.filter = None;
                Flow::Used
            }
            Motion::NextMatch => self.next_match(true),
            Motion::PrevMatch => self.next_match(false),
            Motion::FirstError => {
                let shown = scene.stack.and_then(|stack| scene.world.latest(stack));
                self.first_error(shown.and_then(|d| d.started_at))
            }
            Motion::NextError => self.seek(true, "error", |_, row| row.severity == Severity::Error),
            Motion::PrevError => {
                self.seek(false, "error", |_, row| row.severity == Severity::Error)
            }
            Motion::NextWarning => {
                self.seek(true, "warning", |_, row| row.severity == Severity::Warn)
            }
            Motion::PrevWarning => {
                self.seek(false, "warning", |_, row| row.severity == Severity::Warn)
            }
            Motion::NextSection => self.seek(true, "other section", is_section),
            Motion::PrevSection => self.seek(false, "other section", is_section),
            Motion::Wrap => {
                self.wrap = !self.wrap;
                self.aside = 0;
                Flow::Say(
                    if self.wrap {
                        "long lines wrap"
                    } else {
                        "long lines are cut"
                    }
                    .to_owned(),
                )
            }
            Motion::Times => {
                self.times = self.times.next();
                Flow::Say(self.times.word().to_owned())
            }
            Motion::Columns => {
                self.locked = !self.locked;
                Flow::Say(
                    if self.locked {
                        "columns stay in place"
                    } else {
                        "columns scroll along"
                    }
                    .to_owned(),
                )
            }
            Motion::Fold => self.fold(None),
            Motion::FoldAll => self.fold_all(),
            Motion::Left | Motion::Right if !self.is_in_phase() => Flow::Pass,
            Motion::Left => self.fold(Some(true)),
            Motion::Right => self.fold(Some(false)),
            Motion::Open if self.ring.row(self.cursor).is_some_and(|row| row.is_head) => {
                self.fold(None)
            }
            Motion::Open | Motion::Pretty => self.open(),
            Motion::Select => {
                self.follow(false);
                self.select = if self.select.is_none() {
                    Some(self.cursor)
                } else {
                    None
                };
                Flow::Used
            }
            Motion::SetMark => self.mark(),
            Motion::JumpMark => self.jump(),
            Motion::Save => self.save(scene.now),
            Motion::Copy => self.copy(),
            Motion::Escape => self.escape(),
            Motion::Cycle
            | Motion::NextFailed
            | Motion::PrevFailed
            | Motion::NextHold
            | Motion::PrevHold
            | Motion::NextRunning
            | Motion::PrevRunning
            | Motion::Critical => Flow::Pass,
        }
    }

    fn target(&self, scene: &Scene<'_>) -> Option<Target> {
        scene.lines_of().cloned().map(Target::Stack)
    }

    fn key(&mut self, key: KeyEvent, _scene: &Scene<'_>) -> Flow {
        let Some(prompt) = &mut self.prompt else {
            return Flow::Pass;
        };
        match prompt.press(key) {
            Typed::Changed | Typed::Switched => self.try_typed(),
            Typed::Nothing => {}
            Typed::Done => self.leave_prompt(false),
            Typed::Left => self.leave_prompt(true),
        }
        Flow::Used
    }

    fn typing(&self) -> bool {
        self.prompt.is_some()
    }

    fn moves(&self, scene: &Scene<'_>) -> Option<Duration> {
        if !self.searched && (self.find.is_some() || self.filter.is_some()) {
            Some(SOON)
        } else if (self.times == Times::Ago && !self.ring.is_empty())
            || self.grows
            || footer::counts(scene)
        {
            Some(Duration::from_secs(1))
        } else {
            None
        }
    }

    fn hints(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("log-pause", "pause"),
            ("log-filter", "filter"),
            ("log-fold", "fold"),
            ("log-next-error", "error"),
            ("log-wrap", "wrap"),
        ]
    }

    fn title(&self, scene: &Scene<'_>) -> Title {
        Title::new(draw::title(self, scene), "")
    }

    fn around(&self, stack: &StackId, (began, ended): (Time, Time)) -> Option<(Time, Vec<Near>)> {
        // A way back may end long after what failed first did.
        let ran = self.ring.place_of(began)..self.ring.place_of(ended + MOMENT);
        let first = self.error_in(ran, |row| row.source.stack == *stack);
        let first = first.and_then(|place| self.ring.row(place));
        let at = first.map_or(ended, |row| row.at);
        let from = self.ring.place_of(at - AROUND);
        let rows = (from..self.ring.len()).map_while(|place| self.ring.row(place));
        let rows = rows
            .take_while(|row| row.at <= at + AROUND)
            .filter(|row| row.source.stack == *stack);
        let mut near: Vec<Near> = rows
            .map(|row| Near {
                at: row.at,
                severity: row.severity,
                text: format!("{}  {}", row.source.name, row.text),
            })
            .collect();
        // What came before it says more of why than what came after.
        let before = near.iter().filter(|line| line.at <= at).count();
        let first = before.saturating_sub(BEFORE);
        near.truncate(before + AFTER);
        let near = near.split_off(first);
        (!near.is_empty()).then_some((at, near))
    }

    fn lines(&mut self, batch: &Batch) {
        self.push(batch);
    }

    fn forget_lines(&mut self) {
        self.clear();
    }
}

/// Whether a line begins a section beside another one: a header, or the first of another source.
fn is_section(here: &Row<'_>, row: &Row<'_>) -> bool {
    match (row.section, here.section) {
        (Some(_), _) => row.is_head,
        (None, _) => row.source != here.source,
    }
}
