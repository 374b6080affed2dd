//! The variables of a build: the parameters of its site, by their names.

use std::collections::BTreeMap;

use serde::Deserialize as _;

use super::entry::Build;
use crate::domain::failure::Failure;
use crate::domain::look::Sights;
use crate::domain::parameter::is_variable;
use crate::forms::codebuild::MARK;
use crate::forms::ssm::{PARAMETERS, ParametersFacts};

/// The parameters of a build, by their names alone.
#[derive(Default)]
pub(super) struct Variables {
    path: String,
    /// Those that the build gets as variables.
    pub(super) taken: BTreeMap<String, String>,
    /// Those whose names no variable can have.
    left: Vec<String>,
}

impl Variables {
    /// Their names as they were seen, below the path.
    pub(super) fn keys(&self) -> Vec<&str> {
        let taken = self.taken.keys().map(String::as_str);
        taken.chain(self.left.iter().map(String::as_str)).collect()
    }

    pub(super) fn of(build: &Build, seen: &Sights) -> Result<Self, Failure> {
        let Some(path) = &build.parameters else {
            return Ok(Self::default());
        };
        let facts = seen
            .of_kind(PARAMETERS)
            .and_then(|sight| ParametersFacts::deserialize(&sight.facts).ok());
        let facts = facts.ok_or_else(|| {
            Failure::new(format!("the parameters below {path} were not looked at"))
                .hint("try again")
        })?;
        let usable = |key: &String| is_variable(key) && key != MARK;
        let (taken, left) = facts.keys.into_iter().partition::<Vec<_>, _>(usable);
        let whole = |key: String| {
            let parameter = format!("{path}/{key}");
            (key, parameter)
        };
        Ok(Self {
            path: path.clone(),
            taken: taken.into_iter().map(whole).collect(),
            left,
        })
    }

    /// Which they are.
    pub(super) fn words(&self) -> Option<String> {
        let path = Some(&self.path).filter(|path| !path.is_empty())?;
        let taken: Vec<&str> = self.taken.keys().map(String::as_str).collect();
        let taken = match taken.join(", ") {
            none if none.is_empty() => "none".to_owned(),
            taken => taken,
        };
        let left = match self.left.join(", ") {
            none if none.is_empty() => String::new(),
            left => format!(" No variable can be called {left}: left out."),
        };
        Some(format!("Variables from {path}: {taken}.{left}"))
    }
}
