//! A change of one parameter that the builds of a stack get as a variable: by its name and where its
//! value is, never by the value.

use std::fmt;
use std::str::FromStr;

use super::ask::Intent;
use super::flag::{Flags, Value};
use super::ids::FlagName;
use super::secret_ref::SecretRef;
use crate::text::safe::Safe;

/// The flag of a deployment that changes a parameter and brings no release.
pub const PARAMETER: &str = "parameter";
/// The longest name.
const LONGEST: usize = 128;

/// What is done with one parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It gets the value that stands there when the step runs.
    Put {
        /// Its name.
        name: String,
        /// Where its value is.
        from: SecretRef,
    },
    /// It goes.
    Delete {
        /// Its name.
        name: String,
    },
}

/// A text is no change of a parameter. It is not repeated: it may hold the value itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "write NAME=file:/whole/path or NAME=env:VARIABLE to put a parameter, -NAME to delete one; names have letters, digits and '_'"
)]
pub struct NoChange;

impl Change {
    /// The intent with this change; none where it takes no flags.
    #[must_use]
    pub fn of(&self, intent: Intent) -> Option<Intent> {
        let flag: FlagName = PARAMETER.parse().ok()?;
        let change = Value::Text(Safe::new(&self.to_string()));
        intent.choosing(Flags::from([(flag, change)]))
    }

    /// The name of the parameter.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Change::Put { name, .. } | Change::Delete { name } => name,
        }
    }
}

/// Whether a parameter of that name can be the variable of a build.
#[must_use]
pub fn is_variable(name: &str) -> bool {
    name.len() <= LONGEST
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Whether it names a place in which an engine finds a value, whatever folder that engine was
/// started in. What begins otherwise, and has a colon in it, may be the value itself.
fn is_a_place(from: &SecretRef) -> bool {
    match from.scheme() {
        "file" => from.name().starts_with('/'),
        "env" => is_variable(from.name()),
        _ => false,
    }
}

impl FromStr for Change {
    type Err = NoChange;

    fn from_str(text: &str) -> Result<Self, NoChange> {
        let named = |name: &str| Some(name.to_owned()).filter(|name| is_variable(name));
        let change = match (text.strip_prefix('-'), text.split_once('=')) {
            (Some(name), _) => named(name).map(|name| Change::Delete { name }),
            (None, Some((name, from))) => named(name).and_then(|name| {
                let from = from.parse::<SecretRef>().ok();
                let from = from.filter(is_a_place)?;
                Some(Change::Put { name, from })
            }),
            (None, None) => None,
        };
        change.ok_or(NoChange)
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::Put { name, from } => write!(f, "{name}={from}"),
            Change::Delete { name } => write!(f, "-{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_names_where_a_value_is_and_is_read_back_as_written() {
        for text in ["TOKEN=file:/run/token", "_a1=env:X", "-TOKEN"] {
            assert_eq!(text.parse::<Change>().unwrap().to_string(), text);
        }
        for wrong in [
            "",
            "TOKEN",
            "-",
            "-a-b",
            "1X=env:X",
            "TOKEN=",
            "TOKEN=hunter2",
            "TOKEN=user:hunter2",
            "TOKEN=file:hunter2",
            "TOKEN=env:hunter-2",
            "a b=env:X",
            "--X",
        ] {
            let told = wrong.parse::<Change>().unwrap_err().to_string();
            assert!(!told.contains("hunter2"), "{told}");
        }
    }
}
