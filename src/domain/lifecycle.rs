//! Lifecycles as tables: the machines run on them, the maps and diagrams draw them, the tests read
//! them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::time::Time;

/// What a phase means, whatever its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PhaseClass {
    /// Nothing happens; something may start.
    Rest,
    /// Something happens.
    Busy,
    /// A person must do something.
    Broken,
    /// It is no more.
    Gone,
}

/// What the stack machine and the screen must know of a phase besides its class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhaseFlag {
    /// The real stack is looked at before anything starts here: it may be there already.
    LookFirst,
    /// On the way to its end: what succeeds here leaves nothing.
    Removes,
    /// Broken by a failed run alone: nothing outside is to be repaired, and a run that succeeds is
    /// the way out.
    RunAgain,
}

/// The phase of a stack of which nothing is known: every lifecycle of stacks begins there (`[*]` in
/// a source document).
pub const NEW: &str = "NEW";

/// One phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PhaseDef {
    /// Its name on the screen.
    pub name: &'static str,
    /// Its name in the source document, where it has one.
    pub source: Option<&'static str>,
    /// What it means.
    pub class: PhaseClass,
    /// What else is true of it.
    pub flags: &'static [PhaseFlag],
}

impl PhaseDef {
    /// Its name, with that of the source document where it is another: `NEW (Pre Provisioned)`.
    #[must_use]
    pub fn called(&self) -> String {
        match self.source.filter(|source| *source != self.name) {
            Some(source) => format!("{} ({source})", self.name),
            None => self.name.to_owned(),
        }
    }

    /// A phase without flags.
    #[must_use]
    pub const fn new(name: &'static str, source: Option<&'static str>, class: PhaseClass) -> Self {
        Self {
            name,
            source,
            class,
            flags: &[],
        }
    }

    /// The phase with these flags.
    #[must_use]
    pub const fn with(self, flags: &'static [PhaseFlag]) -> Self {
        Self { flags, ..self }
    }

    /// Whether the flag is set.
    #[must_use]
    pub fn is(&self, flag: PhaseFlag) -> bool {
        self.flags.contains(&flag)
    }
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

impl Edge {
    /// An edge.
    #[must_use]
    pub const fn new(
        from: &'static str,
        on: &'static str,
        to: &'static str,
        label: &'static str,
        origin: Origin,
    ) -> Self {
        Self {
            from,
            on,
            to,
            label,
            origin,
        }
    }
}

/// A travelled edge, for the live map.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Travelled {
    /// From this phase.
    pub from: String,
    /// By this event.
    pub on: String,
    /// To this phase.
    pub to: String,
    /// When.
    pub at: Time,
}

/// A lifecycle: the phases and the edges of one kind of machine. The first phase is where it
/// starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifecycle {
    /// Its name.
    pub name: &'static str,
    /// All phases.
    pub phases: &'static [PhaseDef],
    /// All edges.
    pub edges: &'static [Edge],
    /// Whether a retry goes on where the failed deployment stopped, as its system's `carry` makes
    /// it: screens say so.
    pub resumes: bool,
    /// Whether what a release needs is made by a deployment of its own, where nothing stands; a
    /// release comes with the next one.
    pub provisions: bool,
}

/// An event that this program cannot take: the log is broken, or newer, which is another thing than
/// "you may not".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Illegal {
    /// It is no edge from where the machine stands.
    #[error("{lifecycle}: no edge {on:?} from {from}")]
    NoEdge {
        /// Which lifecycle.
        lifecycle: String,
        /// Where the machine stood.
        from: String,
        /// The event that came.
        on: String,
    },
    /// It belongs to a system of another program.
    #[error("this program has no system {0}")]
    NoSystem(String),
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
        self.edges
            .iter()
            .find(|edge| edge.from == from && edge.on == on)
    }

    /// The phase after `on`.
    ///
    /// # Errors
    /// [`Illegal`] when the table has no such edge.
    pub fn next(&self, from: &str, on: &str) -> Result<&'static str, Illegal> {
        self.edge(from, on)
            .map(|edge| edge.to)
            .ok_or_else(|| Illegal::NoEdge {
                lifecycle: self.name.to_owned(),
                from: from.to_owned(),
                on: on.to_owned(),
            })
    }

    /// Whether its stacks stand for something outside that has a state of its own, and is looked
    /// at.
    #[must_use]
    pub fn looks(&self) -> bool {
        self.phases
            .iter()
            .any(|phase| phase.is(PhaseFlag::LookFirst))
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
