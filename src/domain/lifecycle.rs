//! Lifecycles as tables: the machines run on them, the maps and diagrams draw them, the tests read them.

use std::fmt;

/// What a phase means, whatever its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Nothing happens; something may start.
    Rest,
    /// Something happens.
    Busy,
    /// A person must do something.
    Broken,
    /// It is no more.
    Gone,
}

/// One phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PhaseDef {
    /// Its name on the screen, in capitals.
    pub name: &'static str,
    /// Its name in the source document, where it has one.
    pub source: Option<&'static str>,
    /// What it means.
    pub class: Class,
}

/// Where an edge comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The source document draws it.
    Seed,
    /// We added it, for this reason.
    Ours(&'static str),
}

/// One edge. One edge has one kind: where an event has several targets there are several kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// From this phase.
    pub from: &'static str,
    /// When this is recorded (the stored tag of the event).
    pub on: &'static str,
    /// To this phase.
    pub to: &'static str,
    /// What the diagram writes on it.
    pub label: &'static str,
    /// Who drew it.
    pub origin: Origin,
}

/// A lifecycle: the phases and the edges of one kind of machine. The first phase is where it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifecycle {
    /// Its name.
    pub name: &'static str,
    /// All phases.
    pub phases: &'static [PhaseDef],
    /// All edges.
    pub edges: &'static [Edge],
}

/// An event that is no edge from where the machine stands: the log is broken, which is another thing than "you may not".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{lifecycle}: no edge {on:?} from {from}")]
pub struct Illegal {
    /// Which lifecycle.
    pub lifecycle: String,
    /// Where the machine stood.
    pub from: String,
    /// The event that came.
    pub on: String,
}

impl Lifecycle {
    /// The phase where everything starts.
    #[must_use]
    pub fn start(&self) -> &'static PhaseDef {
        &self.phases[0]
    }

    /// The phase of that name.
    #[must_use]
    pub fn phase(&self, name: &str) -> Option<&'static PhaseDef> {
        self.phases.iter().find(|phase| phase.name == name)
    }

    /// The edge that `on` takes from `from`.
    #[must_use]
    pub fn edge(&self, from: &str, on: &str) -> Option<&'static Edge> {
        self.edges.iter().find(|edge| edge.from == from && edge.on == on)
    }

    /// The phase after `on`.
    ///
    /// # Errors
    /// [`Illegal`] when the table has no such edge.
    pub fn next(&self, from: &str, on: &str) -> Result<&'static str, Illegal> {
        self.edge(from, on).map(|edge| edge.to).ok_or_else(|| Illegal {
            lifecycle: self.name.to_owned(),
            from: from.to_owned(),
            on: on.to_owned(),
        })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Seed => f.write_str("source document"),
            Origin::Ours(why) => write!(f, "ours: {why}"),
        }
    }
}
