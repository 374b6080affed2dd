//! Tasks: what people call parts of the work, where a system has names of its own for them. One task
//! may be a step, several, or some phases of one.

use serde::{Deserialize, Serialize};

/// A part of a task that a step is, or that some of its phases are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// What people call it; parts of the same name are one task.
    pub name: String,
    /// The phases of the step that belong to it; none: all of the step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phases: Vec<String>,
}

impl Task {
    /// A whole step.
    #[must_use]
    pub fn step(name: &str) -> Self {
        Self::phases(name, &[])
    }

    /// Some phases of a step.
    #[must_use]
    pub fn phases(name: &str, phases: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            phases: phases.iter().map(|phase| (*phase).to_owned()).collect(),
        }
    }
}
