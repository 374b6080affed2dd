//! Pane 1: stacks by environment, the ones that need a person first. Environments fold, and so do
//! wholes and sites: what is not at rest stays in sight.

mod columns;
mod nested;

use std::collections::{BTreeMap, BTreeSet};

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::domain::ids::{EnvName, StackId};
use crate::domain::time::{Time, short};
use crate::tui::find::Find;
use crate::tui::motion::Motion;
use crate::tui::paint;
use crate::tui::pane::{Flow, Jump, Pane, Target, Title};
use crate::tui::scene::Scene;
use crate::tui::theme::{Role, Theme};
use crate::world::rows::{EnvView, Row, State};

use super::cursor::Cursor;
use super::list::{HINTS, rows};
use columns::Columns;
use nested::{Nested, Place};

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
    places: Vec<Place>,
    folded: BTreeSet<EnvName>,
    /// Wholes and sites that somebody folded, or unfolded.
    parts: BTreeMap<StackId, bool>,
    /// What folds of all that there is, with whether it is folded.
    folds: BTreeMap<StackId, bool>,
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

    /// Goes to the next stack in a wanted state, going round: to one that the filter leaves, where
    /// there is one, else to any.
    fn seek(&mut self, scene: &Scene<'_>, forward: bool, wanted: impl Fn(State) -> bool) -> Flow {
        let rows = || {
            let environments = scene.views.environments.iter();
            environments.flat_map(|env| env.rows.iter().map(move |row| (env, row)))
        };
        // A heading stands before the first of its stacks, so that places count by halves.
        let here = match self.cursor.key() {
            Some(Key::Stack(stack)) => rows()
                .position(|(_, row)| row.stack == *stack)
                .map_or(0, |at| 2 * at + 1),
            Some(Key::Env(name)) => rows()
                .position(|(env, _)| env.name == *name)
                .map_or(0, |at| 2 * at),
            None => 0,
        };
        let next = |seen: &dyn Fn(&EnvView, &Row) -> bool| {
            let found: Vec<(usize, &StackId)> = rows()
                .enumerate()
                .filter(|(_, (env, row))| wanted(row.state) && seen(env, row))
                .map(|(at, (_, row))| (2 * at + 1, &row.stack))
                .collect();
            let (_, stack) = if forward {
                let after = found.iter().find(|(at, _)| *at > here);
                after.or(found.first())
            } else {
                let before = found.iter().rfind(|(at, _)| *at < here);
                before.or(found.last())
            }?;
            Some((*stack).clone())
        };
        let left = |env: &EnvView, row: &Row| self.find.matches(|field| field_of(env, row, field));
        let Some(stack) = next(&left).or_else(|| next(&|_, _| true)) else {
            return Flow::Say("there is none in this list".to_owned());
        };
        match self.select(&stack, scene) {
            Jump::Cleared(says) => Flow::Say(says),
            Jump::There | Jump::Unlisted => Flow::Used,
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
        "release" | "rel" => row.release(),
        "by" => row.by.clone().unwrap_or_default(),
        _ => format!(
            "{} {} {} {}",
            row.stack,
            row.state.word().to_lowercase(),
            row.release(),
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
        let columns = Columns::of(inside.width, self.clocks);
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
            let place = places.get(at)?;
            let env = scene.views.environments.get(place.env)?;
            let nested = place.row.as_ref();
            Some(
                match nested.and_then(|one| Some((one, env.rows.get(one.at)?))) {
                    Some((one, row)) => columns.row(row, &one.label(), scene, theme, *clocks),
                    None => columns.env(env, folded.contains(&env.name), theme),
                },
            )
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
        let on_env = matches!(self.cursor.key(), Some(Key::Env(_)));
        match (motion, self.cursor.key().is_some()) {
            (Motion::Left, true) => self.fold_at(Some(true)),
            (Motion::Right, true) => self.fold_at(Some(false)),
            (Motion::Pause, true) => self.fold_at(None),
            (Motion::Open, true) if on_env => self.fold_at(None),
            (Motion::Open, true) => self.target(scene).map_or(Flow::Used, Flow::Open),
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

    fn key(&mut self, key: KeyEvent, scene: &Scene<'_>) -> Flow {
        self.changes += 1;
        match self.find.key(key) {
            Flow::Pass => self.cursor.key_moves(key, scene),
            flow => flow,
        }
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
        self.folds = self.folds_of(scene);
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
            self.places.push(Place { env: e, row: None });
            if !self.folded.contains(&env.name) || !self.find.is_empty() {
                // Those that stand above the row that comes next.
                let mut above: Vec<&StackId> = Vec::new();
                for r in rows {
                    let row = &env.rows[r];
                    if self.is_hidden(row) {
                        continue;
                    }
                    let own = row.stack.above();
                    above.retain(|one| own.contains(one));
                    let name = above
                        .last()
                        .map_or_else(|| row.stack.name(), |one| row.stack.below(one));
                    let nested = Nested {
                        at: r,
                        depth: above.len(),
                        name,
                        folded: self.folds.get(&row.stack).copied(),
                    };
                    keys.push(Key::Stack(row.stack.clone()));
                    self.places.push(Place {
                        env: e,
                        row: Some(nested),
                    });
                    above.push(&row.stack);
                }
            }
        }
        let first = self.cursor.is_empty();
        self.cursor.sync(keys, scene.now);
        if first && let Some(stack) = self.neediest(scene) {
            self.cursor.select(&Key::Stack(stack));
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

    /// Clears the filter and unfolds the environment where they hide the stack.
    fn select(&mut self, stack: &StackId, scene: &Scene<'_>) -> Jump {
        let listed = scene
            .views
            .environments
            .iter()
            .any(|env| env.rows.iter().any(|row| row.stack == *stack));
        if !listed {
            return Jump::Unlisted;
        }
        self.sync(scene);
        let key = Key::Stack(stack.clone());
        if self.cursor.select(&key) {
            return Jump::There;
        }
        let mut gone = Vec::new();
        if !self.find.is_empty() {
            gone.push(format!(
                "the filter {} hid {stack}: cleared",
                self.find.says()
            ));
            self.find.clear();
        }
        if self.folded.remove(&stack.env) {
            gone.push(format!("{} was folded: opened", stack.env));
        }
        for one in stack.above() {
            if self.folds.get(&one) == Some(&true) {
                gone.push(format!("{one} was folded: opened"));
                self.parts.insert(one, false);
            }
        }
        self.changes += 1;
        self.sync(scene);
        self.cursor.select(&key);
        Jump::Cleared(gone.join("; "))
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
