//! What the commit that is deployed says of itself, as the step found it that read the commit.

use serde::{Deserialize, Serialize};

use super::Deployment;
use crate::text::safe::Safe;

/// Where in a step's output it stands.
pub const WRITTEN: &str = "written";

/// Who wrote a commit and what, as the commit says: anybody may write there what they like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// Its author.
    pub author: Safe,
    /// The first line of its message.
    pub subject: Safe,
}

impl Deployment {
    /// What whoever asked for it said, else what its commit says: one line for lists.
    #[must_use]
    pub fn says(&self) -> Safe {
        let reason = self.request.as_ref().map(|request| &request.cause.reason);
        match (reason.filter(|reason| !reason.is_empty()), self.written()) {
            (Some(reason), _) => Safe::new(reason),
            (None, Some(written)) => written.subject,
            (None, None) => Safe::default(),
        }
    }

    /// What the commit says that is deployed, once a step has read it.
    #[must_use]
    pub fn written(&self) -> Option<Written> {
        let mut outputs = self.runs().filter_map(|(_, run)| run.output.as_ref());
        outputs.find_map(|output| Written::deserialize(&output.public[WRITTEN]).ok())
    }
}

impl std::fmt::Display for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (its author: {})", self.subject, self.author)
    }
}
