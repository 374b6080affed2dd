//! What a hand-placed map is: where each phase stands, how each wire runs, and where its label may
//! stand. Data alone.

use ratatui::layout::Rect;

/// A map of one lifecycle.
#[derive(Debug)]
pub(super) struct Map {
    pub(super) width: u16,
    pub(super) height: u16,
    pub(super) nodes: &'static [Node],
    pub(super) wires: &'static [Wire],
}

/// A phase, as a box. A name that is wider than the box is broken at words.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) phase: &'static str,
    pub(super) area: Rect,
}

/// All edges from one phase to another, as one line with one arrow head. Wires to the same phase
/// may run together.
#[derive(Debug)]
pub(super) struct Wire {
    pub(super) from: &'static str,
    pub(super) to: &'static str,
    /// Corners; the first lies on the frame of `from`, the last on the frame of `to`.
    pub(super) path: &'static [(u16, u16)],
    /// Where its label may stand, row by row.
    pub(super) rows: &'static [Row],
}

/// A place for one row of a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) x: u16,
    pub(super) y: u16,
    pub(super) width: u16,
    /// Text stands at the right end.
    pub(super) right: bool,
}

pub(super) const fn left(x: u16, y: u16, width: u16) -> Row {
    Row {
        x,
        y,
        width,
        right: false,
    }
}

pub(super) const fn right(x: u16, y: u16, width: u16) -> Row {
    Row {
        x,
        y,
        width,
        right: true,
    }
}

impl Node {
    pub(super) const fn new(phase: &'static str, x: u16, y: u16, width: u16, height: u16) -> Self {
        Self {
            phase,
            area: Rect {
                x,
                y,
                width,
                height,
            },
        }
    }
}

impl Map {
    /// The node of a phase.
    pub(super) fn node(&self, phase: &str) -> Option<&'static Node> {
        self.nodes.iter().find(|node| node.phase == phase)
    }
}
