//! A role that is assumed for one step or one look, beyond the place where it is taken: how a plan
//! says so.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The parameter of a step that names the ARN of the role.
pub const ASSUMES: &str = "assumes";

/// What an eye is told of the role with which it looks.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LookAs {
    /// The ARN of the role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assumes: Option<String>,
}

impl LookAs {
    /// As a look has it; nothing where the look says nothing.
    ///
    /// # Errors
    /// It says something else.
    pub fn of(with: &Value) -> serde_json::Result<Self> {
        if with.is_null() {
            return Ok(Self::default());
        }
        Self::deserialize(with)
    }
}

/// The account of a role: the fifth part of its ARN.
#[must_use]
pub fn account(role: &str) -> Option<&str> {
    role.split(':').nth(4).filter(|account| !account.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What cannot be read is told: else it would be looked at in another account.
    #[test]
    fn a_look_says_with_which_role_or_nothing() {
        assert_eq!(LookAs::of(&Value::Null).unwrap(), LookAs::default());
        let with = json!({ "assumes": "arn:aws:iam::111122223333:role/builds" });
        let role = LookAs::of(&with).unwrap().assumes.unwrap();
        assert_eq!(account(&role), Some("111122223333"));
        assert!(LookAs::of(&json!({ "assume": "x" })).is_err());
        assert!(LookAs::of(&json!({ "assumes": 1 })).is_err());
        assert_eq!(account("builds"), None);
    }
}
