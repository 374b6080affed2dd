//! Pane 4: what happens with one stack, and why: the map of its lifecycle, the map of its deployment, or the plan (`v`).

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;

use crate::domain::deployment::Deployment;
use crate::domain::time::short;
use crate::tui::motion::Motion;
use crate::tui::paint::{self, pad};
use crate::tui::pane::{Flow, Pane, Target};
use crate::tui::scene::Scene;
use crate::tui::states;
use crate::tui::theme::{Role, Theme};

/// What the pane shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum View {
    /// The lifecycle of the stack.
    #[default]
    Stack,
    /// The lifecycle of the deployment.
    Deployment,
    /// The steps.
    Plan,
}

/// The pane.
#[derive(Debug, Default)]
pub struct Live {
    view: View,
    at: usize,
}

impl Live {
    /// The deployment that it shows: the current one of the stack, else the last.
    fn deployment<'a>(scene: &Scene<'a>) -> Option<&'a Deployment> {
        scene.world.latest(scene.stack?).map(|d| &**d)
    }
}

impl Pane for Live {
    fn name(&self) -> &'static str {
        "Live"
    }

    fn draw(&mut self, scene: &Scene<'_>, theme: &Theme, area: Rect, buf: &mut Buffer) {
        let Some(stack) = scene.stack else {
            paint::frame(buf, area, theme, scene.focused, &[Span::raw("4 Live")], "");
            return;
        };
        let d = Self::deployment(scene);
        let word = match self.view {
            View::Stack => "Stack",
            View::Deployment => "Deployment",
            View::Plan => "Plan",
        };
        let no = d.map_or_else(String::new, |d| format!("  {}", d.no()));
        let title = [Span::raw(format!("4 {word}  {stack}{no}"))];
        let inside = if scene.zoomed { area } else { paint::frame(buf, area, theme, scene.focused, &title, "[v] other view") };
        let mut y = inside.y;
        if let Some(fold) = scene.world.folds.stacks.get(stack) {
            let text = format!("{} for {}", fold.phase, short(scene.now.since(fold.since)));
            buf.set_stringn(inside.x + 1, y, text, usize::from(inside.width), theme.style(Role::Strong));
            y += 1;
        }
        for (step, run) in d.into_iter().flat_map(Deployment::runs) {
            if y >= inside.bottom() {
                break;
            }
            let took = run.started_at.map_or_else(String::new, |at| short(run.ended_at.unwrap_or(scene.now).since(at)));
            let cells = [
                (format!(" {} ", pad(run.state.word(), 9)), theme.style(states::step_role(run.state))),
                (format!("{} ", pad(step.id.as_str(), 16)), theme.style(Role::Text)),
                (format!("{took:>6}  "), theme.style(Role::Dim)),
                (step.title.clone(), theme.style(Role::Dim)),
            ];
            paint::spans(buf, inside.x, y, inside.right(), &cells);
            y += 1;
        }
    }

    fn motion(&mut self, motion: Motion, _scene: &Scene<'_>) -> Flow {
        match motion {
            Motion::Cycle => {
                self.view = match self.view {
                    View::Stack => View::Deployment,
                    View::Deployment => View::Plan,
                    View::Plan => View::Stack,
                };
                Flow::Used
            }
            Motion::Down => {
                self.at += 1;
                Flow::Used
            }
            Motion::Up => {
                self.at = self.at.saturating_sub(1);
                Flow::Used
            }
            _ => Flow::Pass,
        }
    }

    fn target(&self, scene: &Scene<'_>) -> Option<Target> {
        let stack = scene.stack?;
        Some(match Self::deployment(scene) {
            Some(d) => Target::Deployment(stack.clone(), d.id, d.no()),
            None => Target::Stack(stack.clone()),
        })
    }

    fn moves(&self, scene: &Scene<'_>) -> Option<Duration> {
        Self::deployment(scene).filter(|d| !d.is_over()).map(|_| Duration::from_secs(1))
    }
}
