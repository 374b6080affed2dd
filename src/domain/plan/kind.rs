//! What a step does, and who carries it out.

use serde::{Deserialize, Serialize};

use crate::domain::ids::StackId;

/// What a step does, and who carries it out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// Nothing but to wait for its hold; the choice is its branch: output `{branch}`.
    Decision,
    /// The system of the stack weighs data: a function of the parameters, by its name.
    Weigh(String),
    /// The executor of this name does it, for example `cloudformation.update`.
    Act(String),
    /// A deployment of this part does it: an ordinary one, whose end is that of the step.
    Part(StackId),
}

impl StepKind {
    /// The kind as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Decision => "decision",
            Self::Weigh(name) | Self::Act(name) => name,
            Self::Part(_) => "deployment",
        }
    }

    /// True where it looks at data alone: it takes no time and no executor.
    #[must_use]
    pub fn is_pure(&self) -> bool {
        match self {
            Self::Decision | Self::Weigh(_) => true,
            Self::Act(_) | Self::Part(_) => false,
        }
    }

    /// The executor that does it.
    #[must_use]
    pub fn executor(&self) -> Option<&str> {
        match self {
            Self::Act(name) => Some(name),
            Self::Decision | Self::Weigh(_) | Self::Part(_) => None,
        }
    }

    /// The part whose deployment it is.
    #[must_use]
    pub fn part(&self) -> Option<&StackId> {
        match self {
            Self::Part(stack) => Some(stack),
            Self::Decision | Self::Weigh(_) | Self::Act(_) => None,
        }
    }
}

impl From<&str> for StepKind {
    fn from(executor: &str) -> Self {
        Self::Act(executor.to_owned())
    }
}
