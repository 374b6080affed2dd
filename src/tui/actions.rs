//! The table of actions: what keys, palette, menu, help and README all read. An action names an
//! order; it never touches a pane.

mod answers;
mod orders;
mod table;

pub(super) use answers::undone;
pub use orders::{Cx, Denied, Offer, Opens, Order, Show};

use super::motion::Motion;
use super::panes::PaneDef;

use table::{CHANGES, ITSELF, MOVES, SHOWS, shows};

/// Where an action's keys are valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// In every pane.
    Everywhere,
    /// In the lists: stacks, queue, holds.
    Lists,
    /// In the map.
    Map,
    /// In the log.
    Log,
}

impl Scope {
    /// All scopes.
    pub const ALL: [Scope; 4] = [Scope::Everywhere, Scope::Lists, Scope::Map, Scope::Log];

    /// Its name for the loader of key maps.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Scope::Everywhere => "everywhere",
            Scope::Lists => "lists",
            Scope::Map => "map",
            Scope::Log => "log",
        }
    }

    /// Its heading for people.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Scope::Everywhere => "Everywhere",
            Scope::Lists => "Stacks, queue and holds",
            Scope::Map => "Map and plan",
            Scope::Log => "Events and logs",
        }
    }
}

/// What an action does.
#[derive(Debug, Clone, Copy)]
pub enum Does {
    /// Moves in the focused pane.
    Move(Motion),
    /// Shows something, or changes how things are shown.
    Show(Show),
    /// Opens the way to a change: answers the order, or why there is none now.
    Change(fn(&Cx<'_>) -> Result<Order, Denied>),
}

/// One action.
#[derive(Debug, Clone, Copy)]
pub struct Action {
    /// Its name, for the key map and the palette.
    pub name: &'static str,
    /// What it does, for people.
    pub doc: &'static str,
    /// Where its keys are valid.
    pub scope: Scope,
    /// What it does.
    pub does: Does,
}

impl Action {
    /// Whether it can lead to a change outside the console.
    #[must_use]
    pub fn changes(&self) -> bool {
        matches!(self.does, Does::Change(_))
    }
}

/// Every action of a console with these panes, in the order of help and README: what changes
/// something, what shows something, one for each pane, what concerns the console itself, how to
/// move.
#[must_use]
pub fn all(panes: &[PaneDef]) -> Vec<Action> {
    let goes = |pane: &PaneDef| shows(pane.name, Show::Pane(pane.name), pane.doc);
    [CHANGES, SHOWS]
        .into_iter()
        .flatten()
        .copied()
        .chain(panes.iter().map(goes))
        .chain([ITSELF, MOVES].into_iter().flatten().copied())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_docs_are_there_and_single() {
        let all = all(crate::tui::panes::TABLE);
        let names: std::collections::BTreeSet<_> = all.iter().map(|action| action.name).collect();
        assert_eq!(names.len(), all.len());
        assert!(all.iter().all(|action| !action.doc.is_empty()));
    }
}
