//! Steps and plans with what most tests need; the rest is changed on them.

use std::time::Duration;

use serde_json::json;

use super::{Plan, RetryRule, Step};
use crate::domain::ids::StepId;
use crate::domain::level::Danger;

/// A step of its own kind that changes something, after others.
pub(crate) fn step(id: &str, after: &[&str]) -> Step {
    Step {
        id: id.into(),
        title: id.into(),
        kind: "test.call".into(),
        params: json!({}),
        after: after.iter().map(|id| StepId::from(*id)).collect(),
        only_if: None,
        hold: None,
        timeout: Duration::from_mins(30),
        retry: RetryRule { attempts: 1 },
        finaliser: None,
        changes: true,
        scales: false,
        leaves: None,
    }
}

/// A plan of these steps, of which nothing else is known.
pub(crate) fn plan(steps: Vec<Step>) -> Plan {
    Plan {
        name: "test".into(),
        steps,
        rows: None,
        danger: Danger::default(),
        loses: vec![],
        says: vec![],
        branch: None,
        finish_independent: false,
    }
}
