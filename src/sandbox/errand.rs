//! What the world wants done outside of it, where it is told to have such things done: a build whose
//! commands are really run. The world says which errands there are and, step by step, what comes next;
//! the process (`crew`) does that and tells the world, by the lever `Errand`. So all that happened
//! outside stands in the journal, and the world stays plain data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The lever that tells what became of an errand.
pub const ERRAND: &str = "Errand";
/// The lever that says whether there are errands at all from now on.
pub const ERRANDS: &str = "Errands";

/// Which there are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Errands {
    /// True where things are really done.
    pub on: bool,
    /// Those that are not over, by id. One that goes is ended, however far it is.
    #[serde(default)]
    pub open: BTreeMap<String, Whose>,
}

/// Whose errand it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whose {
    /// The service.
    pub service: String,
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
}

/// What the lever `Errand` says; what it carries beside it is the content of what was packed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Told {
    /// Whose errand.
    pub service: String,
    /// Which.
    pub id: String,
    /// What happened.
    pub news: News,
}

/// What happened outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum News {
    /// Somebody has begun with it.
    Taken,
    /// Somebody asks for what it begins with. Changes nothing.
    Fetch,
    /// What it begins with is there, or why it is not.
    Unpacked(Option<String>),
    /// A command wrote this.
    Lines(Vec<String>),
    /// A command is over.
    Ran(Ended),
    /// What it leaves is packed: so many files; or why it is not.
    Packed(Result<usize, String>),
    /// Nobody is with it any more.
    Lost(String),
}

impl News {
    /// In a word, for the ledger.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Fetch => "fetched",
            Self::Unpacked(_) => "unpacked",
            Self::Lines(_) => "lines",
            Self::Ran(_) => "ran",
            Self::Packed(_) => "packed",
            Self::Lost(_) => "lost",
        }
    }
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ended {
    /// With this code.
    Exit(i32),
    /// By this signal.
    Signal(i32),
    /// It was not begun: why.
    Never(String),
}

/// What is to be done next. Nothing of it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Next {
    /// To fetch what it begins with and to unpack it.
    Unpack {
        /// False where it begins with nothing.
        fetch: bool,
        /// The variables of all commands.
        variables: BTreeMap<String, String>,
        /// Those of them whose values are to be seen nowhere.
        covered: Vec<String>,
    },
    /// To run a command.
    Run {
        /// By a shell.
        command: String,
        /// Variables that are other than before.
        variables: BTreeMap<String, String>,
    },
    /// To pack what it leaves.
    Pack {
        /// Below this folder.
        base: String,
        /// What fits one of these.
        files: Vec<String>,
    },
    /// To go on with what was begun.
    GoOn,
    /// Nothing more: it is over.
    Over,
}
