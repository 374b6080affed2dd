//! Names and ids. A name that came from a file or a person is checked once, here, so that no later
//! room has to.

mod stack;

#[cfg(test)]
pub(crate) use stack::given;
pub use stack::{Part, StackId};

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Why a name was refused; the text says what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{value:?} is not a valid {what}: {rule}")]
pub struct BadName {
    /// What the name was to be ("environment name").
    pub what: &'static str,
    /// The refused text.
    pub value: String,
    /// The rule, as a sentence for a person.
    pub rule: &'static str,
}

const NAME_RULE: &str =
    "use 1 to 63 of a-z, 0-9 and '-', starting with a letter and not ending with '-'";

/// True for 1 to 63 of `a-z0-9-`, a letter first, no `-` last.
fn plain_name(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && !text.ends_with('-')
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(String);

        impl $type {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl FromStr for $type {
            type Err = BadName;
            fn from_str(text: &str) -> Result<Self, BadName> {
                if plain_name(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(BadName { what: $what, value: text.to_owned(), rule: NAME_RULE })
                }
            }
        }

        impl TryFrom<String> for $type {
            type Error = BadName;
            fn try_from(text: String) -> Result<Self, BadName> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> String {
                name.0
            }
        }
    };
}

name!(
    /// The name of an environment.
    EnvName,
    "environment name"
);
name!(
    /// The name of an application, one entry of the estate file.
    AppName,
    "application name"
);

name!(
    /// The name of a flag of an ask.
    FlagName,
    "flag's name"
);
name!(
    /// The name of a person in an environment's record.
    MemberName,
    "person's name"
);

macro_rules! uuid_id {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $type(pub Uuid);

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $type {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                Ok(Self(text.parse()?))
            }
        }
    };
}

uuid_id!(
    /// One deployment: one attempt. Its number for people is [`DeploymentNo`].
    DeploymentId
);
uuid_id!(
    /// One ask in the inbox: the client's idempotency key (UUID v7).
    AskId
);

/// The number of a deployment on its store, written `#2291`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeploymentNo(pub u64);

impl fmt::Display for DeploymentNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("#{}", self.0))
    }
}

/// The id of a step within its plan, for example `scale-down`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(pub String);

impl StepId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for StepId {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A hold: written `#2291.scale-down.1` (deployment number, step, how many times it opened).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HoldId {
    /// The deployment that waits.
    pub no: DeploymentNo,
    /// The step that waits.
    pub step: StepId,
    /// 1 for the first time the hold of this step opened.
    pub nth: u32,
}

impl fmt::Display for HoldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}.{}.{}", self.no, self.step, self.nth))
    }
}

impl FromStr for HoldId {
    type Err = BadName;
    fn from_str(text: &str) -> Result<Self, BadName> {
        let bad = || BadName {
            what: "hold",
            value: text.to_owned(),
            rule: "write the id that `holdpoint holds` prints, for example 2291.scale-down.1",
        };
        let body = text.strip_prefix('#').unwrap_or(text);
        let (no, rest) = body.split_once('.').ok_or_else(bad)?;
        let (step, nth) = rest.rsplit_once('.').ok_or_else(bad)?;
        Ok(Self {
            no: DeploymentNo(no.parse().map_err(|_| bad())?),
            step: StepId::from(step),
            nth: nth.parse().map_err(|_| bad())?,
        })
    }
}

impl TryFrom<String> for HoldId {
    type Error = BadName;
    fn try_from(text: String) -> Result<Self, BadName> {
        text.parse()
    }
}

impl From<HoldId> for String {
    fn from(id: HoldId) -> String {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_once() {
        assert!("prod-eu".parse::<EnvName>().is_ok());
        for bad in [
            "",
            "Prod",
            "-a",
            "a-",
            "a_b",
            "a/b",
            "..",
            "é",
            &"a".repeat(64),
        ] {
            assert!(bad.parse::<EnvName>().is_err(), "{bad:?} must be refused");
        }
    }

    #[test]
    fn hold_ids_round_trip() {
        let id: HoldId = "#2291.scale-down.1".parse().unwrap();
        assert_eq!(id.to_string().parse::<HoldId>().unwrap(), id);
        assert_eq!("2291.scale-down.1".parse::<HoldId>().unwrap(), id);
    }
}
