//! Steps and plans with what most tests need; the rest is changed on them.

use serde_json::json;

use super::{Plan, Role, Step};

/// A step of its own kind that changes something, after others.
pub(crate) fn step(id: &str, after: &[&str]) -> Step {
    Step::new(Role::Change, id, id, "test.call", json!({})).after(after)
}

/// A plan of these steps, of which nothing else is known.
pub(crate) fn plan(steps: Vec<Step>) -> Plan {
    Plan {
        name: "test".into(),
        steps,
        ..Plan::default()
    }
}
