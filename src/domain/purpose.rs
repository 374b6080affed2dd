//! What a deployment is for.

use serde::{Deserialize, Serialize};

/// What a deployment is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To bring a release into service.
    Deploy,
    /// To remove the stack.
    Teardown,
    /// To repair a broken stack.
    Recover,
}
