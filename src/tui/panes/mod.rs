//! The panes of the console, as a table: a new pane is one file and one line here. Focus, digits,
//! zoom, layout, titles, tabs, help and README follow from the line.

pub mod cursor;
pub mod holds;
pub mod list;
pub mod progress;
pub mod queue;
pub mod stacks;

use super::actions::Scope;
use super::layout::Slot;
use super::log::LogPane;
use super::pane::Pane;
use crate::domain::ids::StackId;
use crate::tui::paint;

/// One pane of the table.
#[derive(Debug, Clone, Copy)]
pub struct PaneDef {
    /// The name of the action that goes there.
    pub name: &'static str,
    /// Its key, unless a person's key map says another.
    pub key: &'static str,
    /// What a tab calls it.
    pub title: &'static str,
    /// What it shows, for help and README.
    pub doc: &'static str,
    /// Where it stands.
    pub slot: Slot,
    /// The keys that hold in it besides those that hold everywhere.
    pub scope: Scope,
    /// Makes it.
    pub make: fn() -> Box<dyn Pane>,
}

/// The name of the pane of holds, to which an action leads.
pub const HOLDS: &str = "pane-3";

/// All panes, in the order of their numbers. The first is where the console begins, and where
/// *back* leads.
pub static TABLE: &[PaneDef] = &[
    PaneDef {
        name: "pane-1",
        key: "1",
        title: "Stacks",
        doc: "stacks",
        slot: Slot::Lists,
        scope: Scope::Lists,
        make: || Box::<stacks::Stacks>::default(),
    },
    PaneDef {
        name: "pane-2",
        key: "2",
        title: "Queue",
        doc: "queue",
        slot: Slot::Lists,
        scope: Scope::Lists,
        make: || Box::<queue::Queue>::default(),
    },
    PaneDef {
        name: HOLDS,
        key: "3",
        title: "Holds",
        doc: "holds",
        slot: Slot::Lists,
        scope: Scope::Lists,
        make: || Box::<holds::Holds>::default(),
    },
    PaneDef {
        name: "pane-4",
        key: "4",
        title: "Live",
        doc: "map and plan",
        slot: Slot::Picture,
        scope: Scope::Map,
        make: || Box::<progress::Progress>::default(),
    },
    PaneDef {
        name: "pane-5",
        key: "5",
        title: "Logs",
        doc: "events and logs",
        slot: Slot::Lines,
        scope: Scope::Log,
        make: || Box::<LogPane>::default(),
    },
];

/// A name of a stack in exactly so many cells, with as much as can be of what tells parts of one
/// application apart.
fn named(stack: &StackId, name: &str, cells: usize) -> String {
    stack.part.as_ref().map_or_else(
        || paint::pad(name, cells),
        |part| paint::part(name, part.as_str(), cells),
    )
}
