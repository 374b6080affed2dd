//! A command that a hand runs: what is run, where, with what, and what its lines say.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::folder::{End, Told};
use super::keeper::GRACE;
use crate::domain::digest::Digest;
use crate::domain::failure::Failure;
use crate::domain::line::Severity;
use crate::text::safe::Safe;

/// The secrets of a command, as they are read when it is started.
pub(in crate::exec) type Telling<'a> =
    &'a (dyn Fn() -> BoxFuture<'a, Result<Told, Failure>> + Send + Sync);

/// A command.
pub(in crate::exec) struct Call<'a> {
    /// Its words.
    pub(in crate::exec) argv: Vec<String>,
    /// Its variables, but for secrets and the fixed ones.
    pub(in crate::exec) env: BTreeMap<String, String>,
    /// The files that are laid out for it.
    pub(in crate::exec) bundle: Option<Digest>,
    /// Files that steps before it made.
    pub(in crate::exec) made: &'a BTreeMap<String, Value>,
    /// Where it runs: a folder that is there, or a new one with nothing else in it.
    pub(in crate::exec) folder: Option<&'a Path>,
    /// Where what belongs to it is kept: the job's folder, or one in it.
    pub(in crate::exec) job: PathBuf,
    /// How it is ended.
    pub(in crate::exec) end: End,
    /// The codes with which it ends well.
    pub(in crate::exec) well: &'static [i32],
    /// Its secrets.
    pub(in crate::exec) tell: Telling<'a>,
    /// What a line of its output says; none for one that says nothing to anybody.
    pub(in crate::exec) says: fn(&str) -> Option<Said<'_>>,
}

/// What a line says.
pub(in crate::exec) struct Said<'a> {
    pub(in crate::exec) severity: Severity,
    pub(in crate::exec) part: Cow<'a, str>,
    pub(in crate::exec) text: Cow<'a, str>,
}

/// A line that says what it is.
#[expect(clippy::unnecessary_wraps, reason = "the form in which lines are read")]
pub(in crate::exec) fn as_it_is(line: &str) -> Option<Said<'_>> {
    Some(Said {
        severity: Severity::Info,
        part: Cow::Borrowed(""),
        text: Cow::Borrowed(line),
    })
}

impl Said<'_> {
    /// As a line is given out.
    pub(super) fn line(&self) -> (Severity, String, Safe) {
        (
            self.severity,
            self.part.clone().into_owned(),
            Safe::new(&self.text),
        )
    }
}

/// How a command is ended that is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::exec) enum Asks {
    /// As a system that goes down asks.
    Terminate,
    /// As a person at a keyboard asks.
    Interrupt,
}

impl Default for End {
    fn default() -> Self {
        Self {
            asks: Asks::Terminate,
            within: GRACE,
        }
    }
}

/// The longest that a command is waited for that ends its work in order.
pub(in crate::exec) const ORDERLY: Duration = Duration::from_mins(5);
