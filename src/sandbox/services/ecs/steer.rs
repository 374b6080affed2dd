//! How a container goes, by its variables and those of an override.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::Container;
use super::definition::pair;
use super::run::START;
use super::task::{Run, TERMINATED};
use crate::sandbox::call::Params;
use crate::sandbox::realm::Cx;

/// A container with what its override says.
pub(super) struct Steered<'a> {
    container: &'a Container,
    command: Vec<String>,
    variables: BTreeMap<String, String>,
}

impl<'a> Steered<'a> {
    pub(super) fn new(container: &'a Container, over: Option<&Value>) -> Self {
        let over = Params(over.unwrap_or(&Value::Null));
        let command = over.texts("command").into_iter().map(str::to_owned);
        Self {
            container,
            command: command.collect(),
            variables: over.list("environment").iter().filter_map(pair).collect(),
        }
    }

    /// A variable, as it is for this task.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        let given = self.variables.get(name);
        given
            .or_else(|| self.container.variables.get(name))
            .cloned()
    }

    fn command(&self) -> Vec<String> {
        let all = [&self.command, &self.container.command];
        let given = all.into_iter().find(|command| !command.is_empty());
        given.cloned().unwrap_or_else(|| vec!["task".to_owned()])
    }

    /// How it goes; `is_ended`: something else than itself ends it; `usual`: how long it runs where
    /// nothing is said.
    pub(super) fn run(&self, name: &str, is_ended: bool, usual: f64, cx: &Cx<'_>) -> Run {
        let lasts = self
            .variable("SECONDS")
            .and_then(|text| text.parse::<f64>().ok());
        let lasts = lasts
            .filter(|lasts| *lasts >= 0.0)
            .map_or(usual, |lasts| lasts.min(86_400.0));
        let exit = self
            .variable("EXIT_CODE")
            .and_then(|text| text.parse().ok());
        let says = self.variable("SAYS").unwrap_or_default();
        let mut says: Vec<String> = says
            .split('|')
            .map(str::to_owned)
            .filter(|line| !line.is_empty())
            .collect();
        says.reverse();
        // All its lines come before its end.
        let lines = u32::try_from(says.len()).unwrap_or(u32::MAX);
        let pause = Duration::from_secs_f64((lasts / f64::from(lines.saturating_add(1))).min(1.0));
        let pause = u32::try_from(pause.as_millis()).unwrap_or(1_000);
        Run {
            name: name.to_owned(),
            ends: cx.after(START + lasts),
            exit: exit.unwrap_or(if is_ended { TERMINATED } else { 0 }),
            reason: self.variable("STOP_REASON"),
            command: self.command(),
            next_line: (!says.is_empty()).then(|| cx.after(START + f64::from(pause) / 1_000.0)),
            says,
            pause,
            parted: false,
        }
    }
}
