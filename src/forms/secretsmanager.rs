//! Secrets of Secrets Manager: whether one is there. What it holds no look tells.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::domain::look::{Sight, Standing, Subject};
use crate::text::safe::Safe;

/// The kind of a secret, as a real thing that is looked at. Its name is that of the secret.
pub const SECRET: &str = "secretsmanager.secret";
/// What it is called where a person reads of it.
const CALLED: &str = "secret";

/// The facts of a look at a secret.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SecretFacts {
    /// It is there, and so its name is taken.
    pub is_there: bool,
    /// It is to be deleted: its name stays taken until then.
    pub is_going: bool,
    /// Its ARN, where it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<Safe>,
}

/// A secret.
#[must_use]
pub fn secret(name: &str) -> Subject {
    Subject::new(SECRET, name)
}

/// As it is seen.
#[must_use]
pub fn sight(about: Subject, facts: &SecretFacts) -> Sight {
    let (words, standing) = match (facts.is_there, facts.is_going) {
        (false, _) => ("not there", Standing::Missing),
        (true, false) => ("there", Standing::Good),
        (true, true) => ("to be deleted", Standing::Good),
    };
    Sight {
        words: words.into(),
        facts: json!(facts),
        ..Sight::of(about, CALLED, standing)
    }
}
