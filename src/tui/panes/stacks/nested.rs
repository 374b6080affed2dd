//! Stacks below what they belong to: wholes and sites, which fold.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::ids::StackId;
use crate::tui::pane::Flow;
use crate::tui::scene::Scene;
use crate::world::rows::Row;

use super::{Key, Stacks};

/// Where in the views stands what a row of the list shows: in which environment, and which row of it.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) env: usize,
    pub(super) row: Option<Nested>,
}

/// A stack below what it belongs to.
#[derive(Debug)]
pub(super) struct Nested {
    pub(super) at: usize,
    /// How many of those that it belongs to stand above it.
    pub(super) depth: usize,
    /// Its name, without theirs.
    pub(super) name: String,
    /// Whether what belongs to it is folded away; absent where nothing does.
    pub(super) folded: Option<bool>,
}

/// A whole of more parts than these is folded until somebody opens it.
const OPEN: usize = 12;

impl Stacks {
    /// Folds or unfolds what the cursor is on, or what that belongs to.
    pub(super) fn fold_at(&mut self, fold: Option<bool>) -> Flow {
        let Some(Key::Stack(stack)) = self.cursor.key().cloned() else {
            let env = match self.cursor.key() {
                Some(Key::Env(env)) => Some(env.clone()),
                Some(Key::Stack(_)) | None => None,
            };
            return env.map_or(Flow::Pass, |env| self.fold(&env, fold));
        };
        let folds = |stack: &StackId| self.folds.get(stack).copied();
        let mut own = std::iter::once(stack.clone()).chain(stack.above());
        // What is folded already leaves the key to what it belongs to.
        let found = match fold {
            Some(true) => own.find(|one| folds(one) == Some(false)),
            Some(false) => Some(stack.clone()).filter(|one| folds(one) == Some(true)),
            None => Some(stack.clone()).filter(|one| folds(one).is_some()),
        };
        let Some(found) = found else {
            return self.fold(&stack.env, fold);
        };
        let folded = folds(&found) == Some(true);
        self.parts.insert(found.clone(), fold.unwrap_or(!folded));
        self.cursor.select(&Key::Stack(found));
        self.changes += 1;
        Flow::Used
    }

    /// Everything that folds, with whether it is folded.
    pub(super) fn folds_of(&self, scene: &Scene<'_>) -> BTreeMap<StackId, bool> {
        let mut folds = BTreeMap::new();
        for row in scene.views.environments.iter().flat_map(|env| &env.rows) {
            let parts: usize = row.parts.values().sum();
            if parts > 0 {
                folds.insert(row.stack.clone(), parts > OPEN);
            }
            // A site folds where it stands above this.
            if let [site, _] = &row.stack.above()[..] {
                folds.entry(site.clone()).or_insert(false);
            }
        }
        let rows = scene.views.environments.iter().flat_map(|env| &env.rows);
        let listed: BTreeSet<&StackId> = rows.map(|row| &row.stack).collect();
        folds.retain(|stack, _| listed.contains(stack));
        for (stack, folded) in &mut folds {
            *folded = self.parts.get(stack).copied().unwrap_or(*folded);
        }
        folds
    }

    /// The stack that needs a person most of those that are listed: the first, where none does.
    pub(super) fn neediest(&self, scene: &Scene<'_>) -> Option<StackId> {
        let listed = self.places.iter().filter_map(|place| {
            let env = scene.views.environments.get(place.env)?;
            env.rows.get(place.row.as_ref()?.at)
        });
        let worst = listed.min_by_key(|row| row.state);
        worst.map(|row| row.stack.clone())
    }

    /// Whether a row is folded away: only what is at rest is.
    pub(super) fn is_hidden(&self, row: &Row) -> bool {
        let folded = |one: &StackId| self.folds.get(one) == Some(&true);
        // Nothing vanishes under the cursor: it would stand on another stack.
        let is_here = self.cursor.key() == Some(&Key::Stack(row.stack.clone()));
        self.find.is_empty()
            && !is_here
            && row.state.is_at_rest()
            && row.stack.above().iter().any(folded)
    }
}

impl Nested {
    /// Its name as it stands in the list.
    pub(super) fn label(&self) -> String {
        let mark = match self.folded {
            Some(true) => "> ",
            Some(false) => "v ",
            None if self.depth > 0 => "  ",
            None => "",
        };
        format!("{}{mark}{}", " ".repeat(self.depth), self.name)
    }
}
