//! How a build will end: what its variables say, what the levers hold for it, and what is missing.
//!
//! - `SECONDS`: how long the commands of BUILD take;
//! - `EXIT_CODE`: how the last command of BUILD ends;
//! - `ENDS`: a phase and how it ends, as in `PROVISIONING:FAULT`, `BUILD:TIMED_OUT`,
//!   `INSTALL:FAILED`;
//! - the lever `fail` with a project as its stack and a phase as what is in it.

use std::collections::BTreeMap;

use super::phase::{Kind, Status};
use crate::sandbox::door::Act;
use crate::sandbox::realm::Cx;

/// What is known of the end before it begins.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Ending {
    /// How long BUILD takes, in seconds at normal pace.
    pub(super) seconds: Option<f64>,
    /// With what the last command of BUILD exits.
    pub(super) exit: Option<i64>,
    /// The phase that does not end well, how, and in which words.
    pub(super) ends: Option<(Kind, Status, Option<String>)>,
    /// Phases that take longer, by seconds at normal pace.
    pub(super) slow: BTreeMap<Kind, f64>,
}

impl Ending {
    /// Reads it from the variables of a build, and takes what the levers hold.
    pub(super) fn read(
        project: &str,
        variables: &BTreeMap<String, String>,
        cx: &mut Cx<'_>,
    ) -> Self {
        let number = |name: &str| variables.get(name)?.trim().parse::<f64>().ok();
        let mut ending = Self {
            seconds: number("SECONDS").filter(|seconds| seconds.is_finite() && *seconds >= 0.0),
            exit: variables
                .get("EXIT_CODE")
                .and_then(|text| text.trim().parse().ok()),
            ends: variables.get("ENDS").and_then(|text| ends(text)),
            slow: BTreeMap::new(),
        };
        for kind in Kind::ALL {
            let Some(one) = cx.scripted(project, kind.name(), Act::Create) else {
                continue;
            };
            match one.reason {
                None => {
                    ending.slow.insert(kind, one.after.max(0.0));
                }
                Some(reason) => {
                    ending.ends = ending.ends.or(Some((kind, Status::Failed, Some(reason))));
                }
            }
        }
        ending
    }

    /// How a phase ends, where it does not end well.
    pub(super) fn of(&self, kind: Kind) -> Option<(Status, Option<&str>)> {
        let (at, status, words) = self.ends.as_ref()?;
        (*at == kind).then_some((*status, words.as_deref()))
    }
}

fn ends(text: &str) -> Option<(Kind, Status, Option<String>)> {
    let (phase, status) = text.trim().split_once(':')?;
    let mut bad = [Status::Failed, Status::Fault, Status::TimedOut].into_iter();
    let status = bad.find(|one| one.name() == status)?;
    Some((Kind::of(phase)?, status, None))
}
