//! What somebody looks at: which stack, and where its outside is, so that an engine can look
//! although it never deployed it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::ids::StackId;
use super::look::{Look, Subject};
use super::request::Spec;

/// One stack that somebody looks at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Interest {
    /// Which.
    pub stack: StackId,
    /// The real things that it is, the one that says how it stands first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<Subject>,
    /// What its page shows beside that, looked at now and then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<Look>,
    /// Whether what it has been given and what it gives is told with its state: another stack is held
    /// against that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub given: bool,
    /// What to tail beside it, by its name ([`Tailed`](super::tailed::Tailed)).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<String>,
    /// Not on the screen now: its state is looked at now and then, its events are not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub far: bool,
}

impl Interest {
    /// What a spec says of its outside.
    #[must_use]
    pub fn of(stack: &StackId, spec: Option<&Spec>) -> Self {
        let logs = spec.map(|spec| spec.watch_logs.clone()).unwrap_or_default();
        Self {
            stack: stack.clone(),
            about: spec.map(|spec| spec.about.clone()).unwrap_or_default(),
            beside: Vec::new(),
            given: false,
            logs,
            far: false,
        }
    }

    /// The same stack for somebody who does not see it now.
    #[must_use]
    pub fn from_afar(self) -> Self {
        Self {
            beside: Vec::new(),
            logs: Vec::new(),
            far: true,
            ..self
        }
    }
}

impl fmt::Display for Interest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).unwrap_or_default())
    }
}

impl FromStr for Interest {
    type Err = serde_json::Error;
    fn from_str(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}
