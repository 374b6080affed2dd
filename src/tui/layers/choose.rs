//! A list to choose from, narrowed as one types: the palette, the menu of actions, the help. Its
//! entries are worked out anew for each picture; the cursor stays on the one that it is on. It names
//! what was chosen; it does nothing.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::domain::ask::Ask;
use crate::domain::ids::{DeploymentId, DeploymentNo, StackId};
use crate::tui::motion::Motion;
use crate::tui::paint::{self, fit, pad};
use crate::tui::pane::{Flow, Pane, Target, Wanted};
use crate::tui::scene::Scene;
use crate::tui::theme::{Role, Theme};

use super::Layer;

/// What an entry leads to.
#[derive(Debug, Clone, PartialEq)]
pub enum Leads {
    /// Nothing: it is there to be read.
    Nowhere,
    /// An action.
    Action(&'static str),
    /// A place to go to.
    To(Target),
    /// The page of a deployment.
    Deployment(DeploymentId),
    /// That deployment is withdrawn, which is armed.
    Undo(StackId, DeploymentId, DeploymentNo),
}

/// One entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its key or kind, on the left.
    pub key: String,
    /// Its name.
    pub name: String,
    /// What it is or does.
    pub doc: String,
    /// Why it is off now; empty when it is not.
    pub off: String,
    /// What it leads to.
    pub leads: Leads,
}

impl Entry {
    /// Whether it is the same one, whatever is said of it now.
    fn is(&self, other: &Self) -> bool {
        self.leads == other.leads && self.name == other.name
    }
}

/// What there is to choose from now.
type Entries = dyn Fn(&Scene<'_>) -> Vec<Entry>;

/// The list.
pub struct Choose {
    title: String,
    of: Box<Entries>,
    entries: Vec<Entry>,
    /// Positions of the entries that match, the best first.
    shown: Vec<usize>,
    text: String,
    at: usize,
    /// Whether what the cursor was on is gone, and nobody has moved it since.
    lost: bool,
    top: usize,
    height: usize,
    matcher: Matcher,
}

impl std::fmt::Debug for Choose {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Choose")
            .field("title", &self.title)
            .field("text", &self.text)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

impl Choose {
    /// A list.
    #[must_use]
    pub fn new(title: impl Into<String>, of: impl Fn(&Scene<'_>) -> Vec<Entry> + 'static) -> Self {
        Self {
            title: title.into(),
            of: Box::new(of),
            entries: Vec::new(),
            shown: Vec::new(),
            text: String::new(),
            at: 0,
            lost: false,
            top: 0,
            height: 1,
            matcher: Matcher::new(Config::DEFAULT),
        }
    }

    /// Takes the entries as they are now; the cursor stays on its own.
    fn sync(&mut self, scene: &Scene<'_>) {
        let entries = (self.of)(scene);
        if entries == self.entries {
            return;
        }
        let (on, at, top) = (self.chosen().cloned(), self.at, self.top);
        self.entries = entries;
        self.narrow();
        let found = on.as_ref().and_then(|on| {
            let mut shown = self.shown.iter().filter_map(|n| self.entries.get(*n));
            shown.position(|entry| entry.is(on))
        });
        self.lost |= on.is_some() && found.is_none();
        self.at = found.unwrap_or(at.min(self.shown.len().saturating_sub(1)));
        self.top = top;
    }

    fn narrow(&mut self) {
        let pattern = Pattern::parse(&self.text, CaseMatching::Smart, Normalization::Smart);
        let mut scored: Vec<(u32, usize)> = Vec::new();
        let mut buffer = Vec::new();
        for (n, entry) in self.entries.iter().enumerate() {
            let name = pattern
                .score(Utf32Str::new(&entry.name, &mut buffer), &mut self.matcher)
                .map(|score| score + 1_000);
            let text = format!("{} {} {}", entry.key, entry.name, entry.doc);
            let any = pattern.score(Utf32Str::new(&text, &mut buffer), &mut self.matcher);
            if let Some(score) = name.max(any) {
                scored.push((score, n));
            }
        }
        if !self.text.is_empty() {
            scored.sort_by_key(|(score, n)| (std::cmp::Reverse(*score), *n));
        }
        self.shown = scored.into_iter().map(|(_, n)| n).collect();
        self.at = 0;
        self.top = 0;
    }

    fn chosen(&self) -> Option<&Entry> {
        self.shown.get(self.at).and_then(|n| self.entries.get(*n))
    }
}

impl Layer for Choose {}

impl Pane for Choose {
    fn draw(&mut self, scene: &Scene<'_>, theme: &Theme, area: Rect, buf: &mut Buffer) {
        self.sync(scene);
        let width = area.width.min(100);
        let most = area.height.saturating_sub(2);
        let height = paint::short(self.entries.len() + 3).clamp(5.min(most), most);
        let at = Rect::new(area.x + (area.width - width) / 2, area.y + 1, width, height);
        paint::clear(buf, at, theme.style(Role::Text));
        let right = format!("{} of {}", self.shown.len(), self.entries.len());
        let inside = paint::frame(buf, at, theme, true, &self.title, &right);
        if inside.height < 2 {
            return;
        }
        let field = [
            ("> ".to_owned(), theme.style(Role::Key)),
            (format!("{}_", self.text), theme.style(Role::Field)),
        ];
        paint::spans(buf, inside.x + 1, inside.y, inside.right(), &field);
        self.height = usize::from(inside.height - 1);
        self.top = self
            .top
            .min(self.at)
            .max((self.at + 1).saturating_sub(self.height));
        let key = self
            .entries
            .iter()
            .map(|entry| paint::width(&entry.key))
            .max()
            .unwrap_or(0)
            .min(18);
        let name = self
            .entries
            .iter()
            .map(|entry| paint::width(&entry.name))
            .max()
            .unwrap_or(0)
            .min(28);
        for (line, n) in self
            .shown
            .iter()
            .skip(self.top)
            .take(self.height)
            .enumerate()
        {
            let Some(entry) = self.entries.get(*n) else {
                continue;
            };
            let y = inside.y + 1 + paint::short(line);
            let off = !entry.off.is_empty();
            let doc = if off {
                format!("off: {}", entry.off)
            } else {
                entry.doc.clone()
            };
            let rest = usize::from(inside.width).saturating_sub(key + name + 5);
            let cells = [
                (
                    format!(" {} ", pad(&entry.key, key)),
                    theme.style(if off { Role::Dim } else { Role::Key }),
                ),
                (
                    format!("{}  ", pad(&entry.name, name)),
                    theme.style(if off { Role::Dim } else { Role::Text }),
                ),
                (fit(&doc, rest), theme.style(Role::Dim)),
            ];
            paint::spans(buf, inside.x, y, inside.right(), &cells);
            if self.top + line == self.at {
                buf.set_style(
                    Rect::new(inside.x, y, inside.width, 1),
                    theme.style(Role::Cursor),
                );
            }
        }
        if self.shown.is_empty() {
            let says = if self.entries.is_empty() {
                "nothing is left to choose from; Esc leaves"
            } else {
                "nothing matches"
            };
            buf.set_stringn(
                inside.x + 1,
                inside.y + 1,
                says,
                usize::from(inside.width),
                theme.style(Role::Dim),
            );
        }
    }

    fn motion(&mut self, motion: Motion, _scene: &Scene<'_>) -> Flow {
        let last = self.shown.len().saturating_sub(1);
        let half = (self.height / 2).max(1);
        self.at = match motion {
            Motion::Up => self.at.saturating_sub(1),
            Motion::Down => self.at + 1,
            Motion::HalfUp => self.at.saturating_sub(half),
            Motion::HalfDown => self.at + half,
            Motion::PageUp => self.at.saturating_sub(self.height),
            Motion::PageDown => self.at + self.height,
            Motion::Top => 0,
            Motion::Bottom => last,
            Motion::Escape => return Flow::Close,
            _ => return Flow::Pass,
        }
        .min(last);
        self.lost = false;
        Flow::Used
    }

    fn target(&self, _scene: &Scene<'_>) -> Option<Target> {
        None
    }

    fn key(&mut self, key: KeyEvent, scene: &Scene<'_>) -> Flow {
        self.sync(scene);
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc if self.text.is_empty() => return Flow::Close,
            KeyCode::Esc => self.text.clear(),
            KeyCode::Char('p') if ctrl => return self.motion(Motion::Up, scene),
            KeyCode::Char('n') if ctrl => return self.motion(Motion::Down, scene),
            KeyCode::Char('u') if ctrl => self.text.clear(),
            KeyCode::Tab => match self.chosen().map(|entry| entry.name.clone()) {
                Some(name) => self.text = name,
                None => return Flow::Used,
            },
            KeyCode::Backspace => drop(self.text.pop()),
            KeyCode::Char(c) if !ctrl => self.text.push(c),
            KeyCode::Enter if std::mem::take(&mut self.lost) => {
                return Flow::Say(
                    "what was chosen is gone: look, then press Enter again".to_owned(),
                );
            }
            KeyCode::Enter => {
                let Some(entry) = self.chosen() else {
                    return Flow::Used;
                };
                if !entry.off.is_empty() {
                    return Flow::Say(format!("{}: {}", entry.name, entry.off));
                }
                return match &entry.leads {
                    Leads::Nowhere => Flow::Used,
                    Leads::Action(name) => Flow::Act(name),
                    Leads::To(target) => Flow::Open(target.clone()),
                    Leads::Deployment(id) => Flow::Read(*id),
                    Leads::Undo(stack, deployment, no) => Flow::Ask(Box::new(Wanted {
                        ask: Ask::Undo {
                            deployment: *deployment,
                        },
                        label: format!("undo {no}"),
                        target: Some(Target::Stack(stack.clone())),
                        closes: true,
                    })),
                };
            }
            _ => {
                let motion = scene.keys.moves(key);
                return motion.map_or(Flow::Pass, |motion| self.motion(motion, scene));
            }
        }
        self.narrow();
        Flow::Used
    }

    fn paste(&mut self, text: &str, scene: &Scene<'_>) -> Flow {
        self.sync(scene);
        self.text.push_str(text);
        self.narrow();
        Flow::Used
    }

    /// What is said of an entry is true for a second.
    fn moves(&self, _scene: &Scene<'_>) -> Option<Duration> {
        Some(Duration::from_secs(1))
    }

    fn typing(&self) -> bool {
        true
    }
}
