//! Load balancers: which places among the rules of a listener are taken.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::domain::look::{Sight, Standing, Subject};
use crate::text::counted::counted;

/// The kind of a listener, as a real thing that is looked at. Its name is its ARN.
pub const LISTENER: &str = "elb.listener";
/// What it is called where a person reads of it.
const CALLED: &str = "listener";

/// The facts of a look at a listener.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ListenerFacts {
    /// The priorities that its rules have.
    pub taken: BTreeSet<u32>,
}

/// A listener.
#[must_use]
pub fn listener(arn: &str) -> Subject {
    Subject::new(LISTENER, arn)
}

/// As it is seen: by the priorities of its rules.
#[must_use]
pub fn sight(about: Subject, taken: BTreeSet<u32>) -> Sight {
    Sight {
        words: counted(taken.len(), "rule").as_str().into(),
        facts: json!(ListenerFacts { taken }),
        ..Sight::of(about, CALLED, Standing::Good)
    }
}
