//! A role that is assumed for one step or one look, beyond the place where it is taken: how a plan
//! says so.

use serde::{Deserialize, Serialize};

/// The parameter of a step that names the ARN of the role.
pub const ASSUMES: &str = "assumes";

/// What an eye is told of the role with which it looks.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LookAs {
    /// The ARN of the role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assumes: Option<String>,
}

/// The account of a role: the fifth part of its ARN.
#[must_use]
pub fn account(role: &str) -> Option<&str> {
    role.split(':').nth(4).filter(|account| !account.is_empty())
}
