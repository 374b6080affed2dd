//! Which versions are newer than those that the files of an application pin, as far as somebody asked.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::ids::StackId;
use crate::domain::time::Time;
use crate::text::safe::Safe;

/// What is known of an application.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Newer {
    /// What was found the last time, line by line, or why it could not be.
    pub found: Option<Result<Vec<Safe>, Safe>>,
    /// When.
    pub at: Time,
    /// Since when it is being looked, where it is.
    pub looking: Option<Time>,
}

/// The same of all applications of which it was asked, by their wholes.
pub type AllNewer = Arc<BTreeMap<StackId, Newer>>;
