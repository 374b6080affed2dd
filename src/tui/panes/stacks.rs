//! Pane 1: stacks by environment, the ones that need a person first. Environments fold.

use std::collections::BTreeSet;

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::domain::ids::{EnvName, StackId};
use crate::domain::time::{Time, short};
use crate::tui::find::Find;
use crate::tui::motion::Motion;
use crate::tui::paint::{self, fit, pad};
use crate::tui::pane::{Flow, Pane, Target, Title};
use crate::tui::scene::Scene;
use crate::tui::states;
use crate::tui::theme::{Role, Theme};
use crate::world::rows::{EnvView, Row, State};

use super::cursor::Cursor;
use super::list::{HINTS, rows};
use super::named;

/// What a row of the list stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Key {
    Env(EnvName),
    Stack(StackId),
}

/// The pane.
#[derive(Debug, Default)]
pub struct Stacks {
    cursor: Cursor<Key>,
    /// Positions in the views of what the rows stand for: environment, and row within it.
    places: Vec<(usize, Option<usize>)>,
    folded: BTreeSet<EnvName>,
    find: Find,
    clocks: bool,
    /// What the rows were made from.
    made: Option<(u64, u64)>,
    changes: u64,
}

impl Stacks {
    fn fold(&mut self, env: &EnvName, fold: Option<bool>) -> Flow {
        let folded = self.folded.contains(env);
        if fold.unwrap_or(!folded) {
            self.folded.insert(env.clone());
            // The cursor goes to the environment; its stack would vanish under it.
            self.cursor.select(&Key::Env(env.clone()));
        } else {
            self.folded.remove(env);
        }
        self.changes += 1;
        Flow::Used
    }

    fn seek(&mut self, scene: &Scene<'_>, forward: bool, wanted: impl Fn(State) -> bool) -> Flow {
        let places = self.places.clone();
        let found = self.cursor.seek(forward, |at| {
            let row = places
                .get(at)
                .and_then(|(e, r)| scene.views.environments.get(*e)?.rows.get((*r)?));
            row.is_some_and(|row| wanted(row.state))
        });
        if found {
            Flow::Used
        } else {
            Flow::Say("there is none in this list".to_owned())
        }
    }
}

/// What a filter sees of a row: a named field, or everything.
fn field_of(env: &EnvView, row: &Row, field: &str) -> String {
    match field {
        "state" => row.state.word().to_lowercase(),
        "env" | "environment" => row.stack.env.to_string(),
        "app" | "application" => row.stack.name(),
        "class" => env.class.word().to_lowercase(),
        "release" | "rel" => row.release.clone(),
        "by" => row.by.clone().unwrap_or_default(),
        _ => format!(
            "{} {} {} {}",
            row.stack,
            row.state.word().to_lowercase(),
            row.release,
            row.by.as_deref().unwrap_or_default()
        ),
    }
}

impl Pane for Stacks {
    fn draw(&mut self, scene: &Scene<'_>, theme: &Theme, inside: Rect, buf: &mut Buffer) {
        self.sync(scene);
        if inside.height < 2 {
            return;
        }
        let columns = Columns::of(inside.width);
        paint::spans(
            buf,
            inside.x,
            inside.y,
            inside.right(),
            &columns.heading(theme, self.clocks),
        );
        let below = Rect {
            y: inside.y + 1,
            height: inside.height - 1,
            ..inside
        };
        let Self {
            cursor,
            places,
            folded,
            clocks,
            ..
        } = self;
        rows(cursor, scene, theme, below, buf, |at| {
            let (e, row) = places.get(at)?;
            let env = scene.views.environments.get(*e)?;
            Some(match row.and_then(|r| env.rows.get(r)) {
                Some(row) => columns.row(row, scene, theme, *clocks),
                None => columns.env(env, folded.contains(&env.name), theme),
            })
        });
        if self.cursor.is_empty() {
            let says = match (self.find.is_empty(), scene.world.loaded) {
                (true, true) => "no stacks yet: the estate names none",
                (true, false) => "reading the store ...",
                (false, _) => "nothing matches; Esc shows all",
            };
            buf.set_stringn(
                inside.x + 1,
                inside.y + 1,
                says,
                usize::from(inside.width.saturating_sub(1)),
                theme.style(Role::Dim),
            );
        }
    }

    fn motion(&mut self, motion: Motion, scene: &Scene<'_>) -> Flow {
        self.sync(scene);
        if self.cursor.motion(motion) {
            return Flow::Used;
        }
        let env = match self.cursor.key() {
            Some(Key::Env(env)) => Some(env.clone()),
            Some(Key::Stack(stack)) => Some(stack.env.clone()),
            None => None,
        };
        let on_env = matches!(self.cursor.key(), Some(Key::Env(_)));
        match (motion, env) {
            (Motion::Left, Some(env)) => self.fold(&env, Some(true)),
            (Motion::Right, Some(env)) => self.fold(&env, Some(false)),
            (Motion::Pause, Some(env)) => self.fold(&env, None),
            (Motion::Open, Some(env)) if on_env => self.fold(&env, None),
            (Motion::Open, Some(_)) => self.target(scene).map_or(Flow::Used, Flow::Open),
            (Motion::Times, _) => {
                self.clocks = !self.clocks;
                Flow::Used
            }
            (Motion::Find | Motion::Filter, _) => {
                self.find.open();
                Flow::Used
            }
            (Motion::ShowAll | Motion::Escape, _) if !self.find.is_empty() => {
                self.find.clear();
                self.changes += 1;
                Flow::Used
            }
            (Motion::Copy, _) => self.cursor.key().map_or(Flow::Pass, |key| match key {
                Key::Env(env) => Flow::Copy(env.to_string()),
                Key::Stack(stack) => Flow::Copy(stack.to_string()),
            }),
            (Motion::NextFailed, _) => self.seek(scene, true, failed),
            (Motion::PrevFailed, _) => self.seek(scene, false, failed),
            (Motion::NextHold, _) => self.seek(scene, true, |state| {
                matches!(state, State::Hold | State::Unkn | State::Down)
            }),
            (Motion::PrevHold, _) => self.seek(scene, false, |state| {
                matches!(state, State::Hold | State::Unkn | State::Down)
            }),
            (Motion::NextRunning, _) => self.seek(scene, true, State::moves),
            (Motion::PrevRunning, _) => self.seek(scene, false, State::moves),
            _ => Flow::Pass,
        }
    }

    fn target(&self, scene: &Scene<'_>) -> Option<Target> {
        let _ = scene;
        Some(match self.cursor.key()? {
            Key::Env(env) => Target::Environment(env.clone()),
            Key::Stack(stack) => Target::Stack(stack.clone()),
        })
    }

    fn key(&mut self, key: KeyEvent, _scene: &Scene<'_>) -> Flow {
        let flow = self.find.key(key);
        self.changes += 1;
        flow
    }

    fn typing(&self) -> bool {
        self.find.typing()
    }

    fn hints(&self) -> &'static [(&'static str, &'static str)] {
        HINTS
    }

    fn title(&self, scene: &Scene<'_>) -> Title {
        let oldest = scene
            .views
            .environments
            .iter()
            .filter_map(|env| env.age(scene.now))
            .max();
        let age = oldest
            .filter(|age| age.as_secs() >= 60)
            .map(|age| format!("seen {} ago", short(age)));
        Title::new(
            "Stacks",
            if self.find.is_empty() {
                age.unwrap_or_else(|| "need first".to_owned())
            } else {
                self.find.says()
            },
        )
    }

    fn sync(&mut self, scene: &Scene<'_>) {
        let made = Some((scene.views.version, self.changes));
        if self.made == made {
            return;
        }
        self.made = made;
        self.places.clear();
        let mut keys = Vec::new();
        for (e, env) in scene.views.environments.iter().enumerate() {
            let rows: Vec<usize> = (0..env.rows.len())
                .filter(|r| {
                    self.find
                        .matches(|field| field_of(env, &env.rows[*r], field))
                })
                .collect();
            if rows.is_empty() && !self.find.is_empty() {
                continue;
            }
            keys.push(Key::Env(env.name.clone()));
            self.places.push((e, None));
            if !self.folded.contains(&env.name) || !self.find.is_empty() {
                for r in rows {
                    keys.push(Key::Stack(env.rows[r].stack.clone()));
                    self.places.push((e, Some(r)));
                }
            }
        }
        let first = self.cursor.is_empty();
        self.cursor.sync(keys, scene.now);
        if first {
            // The first stack, not the heading of its environment.
            self.cursor.motion(Motion::Down);
        }
    }

    fn rows(&self) -> u16 {
        paint::short(self.places.len() + 1)
    }

    fn unsettled(&self, now: Time) -> bool {
        self.cursor.unsettled(now)
    }

    fn click(&mut self, row: usize) {
        // The first row is the heading.
        if let Some(row) = row.checked_sub(1) {
            self.cursor.select_shown(row);
        }
    }

    /// Unfolds the environment of the stack.
    fn select(&mut self, stack: &StackId, scene: &Scene<'_>) -> bool {
        if self.folded.remove(&stack.env) {
            self.changes += 1;
        }
        self.sync(scene);
        self.cursor.select(&Key::Stack(stack.clone()))
    }

    fn stacks(&self) -> Vec<StackId> {
        let stack = |key: &Key| match key {
            Key::Stack(stack) => Some(stack.clone()),
            Key::Env(_) => None,
        };
        self.cursor.shown().iter().filter_map(stack).collect()
    }
}

fn failed(state: State) -> bool {
    matches!(
        state,
        State::Down | State::Fail | State::Brok | State::Unkn | State::Roll
    )
}

/// How wide the columns are in a pane of some width. What does not fit is left out, the least
/// needed first.
struct Columns {
    stack: usize,
    state: usize,
    serve: usize,
    release: usize,
    deployment: usize,
    step: usize,
    by: usize,
    age: usize,
}

impl Columns {
    fn of(width: u16) -> Self {
        let width = usize::from(width);
        let mut it = Self {
            stack: 8,
            state: 8,
            serve: 6,
            release: 8,
            deployment: 0,
            step: 0,
            by: 0,
            age: 4,
        };
        if width < 36 {
            it.release = width
                .saturating_sub(2 + it.stack + it.state + it.serve + it.age)
                .min(8);
        }
        let mut left =
            width.saturating_sub(2 + it.stack + it.state + it.serve + it.release + it.age);
        let mut give = |column: &mut usize, wish: usize, from: usize| {
            if left >= from {
                let more = wish.min(left);
                *column += more;
                left -= more;
            }
        };
        give(&mut it.stack, 2, 1);
        give(&mut it.release, 2, 1);
        give(&mut it.age, 1, 1);
        give(&mut it.stack, 6, 6);
        give(&mut it.release, 8, 8);
        give(&mut it.deployment, 7, 7);
        give(&mut it.step, 22, 10);
        give(&mut it.by, 10, 6);
        give(&mut it.stack, 24, 1);
        it
    }

    fn heading(&self, theme: &Theme, clocks: bool) -> Vec<(String, Style)> {
        let text = format!(
            "  {}{}{}{}{}{}{}{:>age$}",
            pad("STACK", self.stack),
            pad("STATE", self.state),
            pad("SERVE", self.serve),
            pad("REL", self.release),
            pad("DEPL", self.deployment),
            pad("STEP", self.step),
            pad("BY", self.by),
            if clocks { "AT" } else { "IN" },
            age = self.age
        );
        vec![(text, theme.style(Role::Heading))]
    }

    fn row(
        &self,
        row: &Row,
        scene: &Scene<'_>,
        theme: &Theme,
        clocks: bool,
    ) -> Vec<(String, Style)> {
        let text = theme.style(Role::Text);
        let dim = theme.style(Role::Dim);
        let (badge, badge_style) = states::badge(row.state, theme);
        let need = if row.needs_me {
            ("!".to_owned(), theme.style(Role::Alert))
        } else {
            (" ".to_owned(), text)
        };
        let serve = row.serve.map_or_else(String::new, |(running, desired)| {
            format!("{running}/{desired}")
        });
        let short_of = row
            .serve
            .is_some_and(|(running, desired)| running < desired);
        let step = row.step.as_ref().map_or_else(String::new, |at| {
            format!("{} ({}/{})", at.id, at.nth, at.of)
        });
        let age = match row.since {
            Some(since) if clocks => since.text("%H:%M"),
            Some(since) => short(scene.now.since(since)),
            None => String::new(),
        };
        let badge_cells = self.state.saturating_sub(1);
        vec![
            need,
            (" ".to_owned(), text),
            (
                format!("{} ", named(&row.stack, &row.stack.name(), self.stack - 1)),
                text,
            ),
            (fit(&badge, badge_cells), badge_style),
            (
                " ".repeat(self.state - paint::width(&fit(&badge, badge_cells))),
                text,
            ),
            (
                pad(&serve, self.serve),
                if short_of {
                    theme.style(Role::Warn)
                } else {
                    text
                },
            ),
            (pad_release(&row.release, self.release), text),
            (
                pad(
                    &row.deployment
                        .map_or_else(String::new, |(_, no)| no.to_string()),
                    self.deployment,
                ),
                dim,
            ),
            (pad(&step, self.step), dim),
            (pad(row.by.as_deref().unwrap_or_default(), self.by), dim),
            (format!("{:>1$}", fit(&age, self.age), self.age), dim),
        ]
    }

    fn env(&self, env: &EnvView, folded: bool, theme: &Theme) -> Vec<(String, Style)> {
        let strong = theme.style(Role::Strong);
        let serve = env.serve().map_or_else(String::new, |(running, desired)| {
            format!("{running}/{desired}")
        });
        let frozen = env.freeze.is_some();
        let mut counts: Vec<(String, Style)> = Vec::new();
        let mut used = 0;
        for (state, n) in env
            .counts
            .iter()
            .filter(|(state, _)| !matches!(state, State::Ok | State::New | State::Gone))
        {
            let text = format!("{}{n} ", states::glyph(*state, theme));
            if used + paint::width(&text) > self.state {
                break;
            }
            used += paint::width(&text);
            counts.push((text, theme.style(states::role(*state))));
        }
        counts.push((" ".repeat(self.state - used), strong));
        let rest = self.release + self.deployment + self.step + self.by + self.age;
        let class = env.class.word().to_owned();
        let class = if env.practice && class.len() + 9 <= rest {
            format!("{class} practice")
        } else {
            class
        };
        let note = match (frozen, env.differs.disagree()) {
            (_, true) => format!("DIFFERS {class}"),
            (true, false) => format!("FROZEN {class}"),
            (false, false) => class,
        };
        let name = format!("{} {}", if folded { ">" } else { "v" }, env.name);
        let mut cells = vec![(format!("{} ", pad(&name, self.stack + 1)), strong)];
        cells.extend(counts);
        cells.push((pad(&serve, self.serve), theme.style(Role::Dim)));
        cells.push((
            format!("{:>rest$}", fit(&note, rest)),
            theme.style(if frozen { Role::Frozen } else { Role::Dim }),
        ));
        cells
    }
}

/// A release, or two with `>` between them, each cut so that the arrow stays visible. Digests lose
/// their last digits without a mark.
fn pad_release(release: &str, cells: usize) -> String {
    let room = cells.saturating_sub(1);
    let head = |text: &str, most: usize| text.chars().take(most).collect::<String>();
    let text = match release.split_once('>') {
        Some((now, next)) if paint::width(release) > room => {
            let half = room.saturating_sub(1) / 2;
            let now = head(now, half);
            format!(
                "{now}>{}",
                head(next, room.saturating_sub(1 + paint::width(&now)))
            )
        }
        _ => head(release, room),
    };
    format!("{} ", pad(&text, room))
}
