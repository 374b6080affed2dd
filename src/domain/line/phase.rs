//! Phases of what is told phase by phase: where a line stands in one, and whether it begins or ends
//! that. A build of a step or of a tail is told so.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::text::safe::Safe;

/// What a line says of the phase that its part names.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct InPhase {
    /// Which time its source goes through its phases: the attempt of a step. 0 where a part is of
    /// one time alone.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub run: u32,
    /// What it says.
    #[serde(default, skip_serializing_if = "PhaseMark::is_within")]
    pub mark: PhaseMark,
}

/// Whether a phase begins or ends with a line.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhaseMark {
    /// It begins.
    Begins,
    /// It goes on.
    #[default]
    Within,
    /// It ends.
    Ends(Ended),
}

/// How a phase ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// In its own words ("`SUCCEEDED`").
    pub status: Safe,
    /// How long it took, in milliseconds, where that was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<u64>,
    /// It did not end well.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_bad: bool,
}

impl PhaseMark {
    /// An end.
    #[must_use]
    pub fn ends(status: &str, took: Option<Duration>, is_bad: bool) -> Self {
        Self::Ends(Ended {
            status: Safe::new(status),
            took_ms: took.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
            is_bad,
        })
    }

    fn is_within(&self) -> bool {
        *self == Self::Within
    }
}

impl Ended {
    /// How long it took, where that was told.
    #[must_use]
    pub fn took(&self) -> Option<Duration> {
        self.took_ms.map(Duration::from_millis)
    }
}

/// For fields that are left out where there is nothing to count.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_of_its_phase_what_is_not_as_usual() {
        for (run, mark, form) in [
            (0, PhaseMark::Within, "{}"),
            (2, PhaseMark::Begins, r#"{"run":2,"mark":"begins"}"#),
            (
                1,
                PhaseMark::ends("FAILED", Some(Duration::from_secs(3)), true),
                r#"{"run":1,"mark":{"ends":{"status":"FAILED","took_ms":3000,"is_bad":true}}}"#,
            ),
        ] {
            let phase = InPhase { run, mark };
            assert_eq!(serde_json::to_string(&phase).unwrap(), form);
            assert_eq!(serde_json::from_str::<InPhase>(form).unwrap(), phase);
        }
    }
}
