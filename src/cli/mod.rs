//! The verbs of the shell: everything that a key can do, for people and for scripts. They use the desk as the console does; the engine decides. What is
//! printed is text or, with --json, one document in the form of docs/json.md.

mod act;
mod apply;
mod args;
mod aside;
mod ask;
mod card;
mod change;
mod chosen;
mod confirm;
mod deploy;
mod diagram;
mod doctor;
mod estate;
mod freeze;
mod graph;
mod hold;
mod json;
mod list;
mod logs;
mod out;
mod parameter;
mod plan;
mod publish;
mod render;
mod show;
mod target;
mod then;
mod update;
mod usage;
mod wait;
mod work;

use std::io::{self, Write};
use std::path::PathBuf;

pub use args::{Common, EngineArgs, Program, ServeArgs, Verb};
pub use doctor::Fact;
pub use out::Out;
pub use update::{VersionsOf, newer};
pub use usage::{Usage, usage};

use crate::config::{Loaded, Trust};
use crate::desk::Patient;
use crate::domain::ids::StackId;
use crate::domain::lifecycle::Lifecycle;
use crate::domain::refused::Refused;
use crate::domain::time::Time;
use crate::os::git::history::Since;
use crate::systems::versions::Versions;
use crate::text::diagnostic::Diagnostics;

/// How a verb ended; its number is the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// What was asked is done.
    Done = 0,
    /// It failed.
    Failed = 1,
    /// Wrong use, or wrong configuration; nothing was done.
    Wrong = 2,
    /// Held, rejected, cancelled or expired: only a person can move it.
    Held = 3,
    /// No contact: no engine, no store, or no credentials.
    Lost = 4,
}

impl Code {
    /// What a refusal means to a script.
    fn of(refused: &Refused) -> Self {
        match refused.code.as_str() {
            Refused::CANNOT_PLAN => Code::Failed,
            Refused::NO_CONTACT | Refused::STORE => Code::Lost,
            _ => Code::Wrong,
        }
    }
}

/// Why a verb ended early: the code and a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{says}")]
pub struct Stop {
    /// The exit code.
    pub code: Code,
    /// What went wrong, on what, why, and what to do.
    pub says: String,
    /// A stable short word for scripts.
    pub word: String,
}

impl Stop {
    /// Wrong use or configuration.
    #[must_use]
    pub fn wrong(word: &str, says: impl Into<String>) -> Self {
        Self {
            code: Code::Wrong,
            says: says.into(),
            word: word.to_owned(),
        }
    }

    /// It failed.
    #[must_use]
    pub fn failed(word: &str, says: impl Into<String>) -> Self {
        Self {
            code: Code::Failed,
            says: says.into(),
            word: word.to_owned(),
        }
    }

    /// No contact.
    #[must_use]
    pub fn lost(word: &str, says: impl Into<String>) -> Self {
        Self {
            code: Code::Lost,
            says: says.into(),
            word: word.to_owned(),
        }
    }
}

impl From<Refused> for Stop {
    fn from(refused: Refused) -> Self {
        Self {
            code: Code::of(&refused),
            says: refused.to_string(),
            word: refused.code,
        }
    }
}

impl From<io::Error> for Stop {
    fn from(why: io::Error) -> Self {
        // A reader of what goes on that has seen enough is no failure.
        let code = if why.kind() == io::ErrorKind::BrokenPipe {
            Code::Done
        } else {
            Code::Failed
        };
        Self {
            code,
            says: format!("the output cannot be written: {why}"),
            word: "output".to_owned(),
        }
    }
}

/// Why there is no estate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// There is no file, or it cannot be reached.
    #[error("{0}")]
    None(Stop),
    /// It is wrong: everything that is.
    #[error("{0}")]
    Wrong(Diagnostics),
}

impl From<Unread> for Stop {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::None(stop) => stop,
            Unread::Wrong(diagnostics) => {
                let (count, first) = (
                    diagnostics.0.len(),
                    diagnostics
                        .0
                        .first()
                        .map(ToString::to_string)
                        .unwrap_or_default(),
                );
                let more = if count > 1 {
                    format!("; `holdpoint check` lists all {count}")
                } else {
                    String::new()
                };
                Stop::wrong(
                    "estate",
                    format!("the estate file is wrong{more}\n{}", first.trim_end()),
                )
            }
        }
    }
}

/// An estate file as `check` looks at it.
#[derive(Debug, Clone)]
pub struct Examined {
    /// The file.
    pub file: PathBuf,
    /// What is right of it; none where nothing is.
    pub loaded: Option<Loaded>,
    /// What is wrong with it.
    pub found: Diagnostics,
}

/// What a verb may use of the program around it.
pub trait Ground {
    /// The estate file, read and checked; trust is not asked here.
    ///
    /// # Errors
    /// When there is none, or it is wrong.
    fn estate(&self) -> Result<Loaded, Unread>;
    /// The estate file with everything that is wrong with it, and what is right of it.
    ///
    /// # Errors
    /// When there is none.
    fn examine(&self) -> Result<Examined, Stop>;
    /// Whether an estate is trusted for what it reaches.
    ///
    /// # Errors
    /// When what was trusted cannot be read.
    fn trust_of(&self, loaded: &Loaded) -> Result<Trust, Stop>;
    /// Trusts the estate file for what it names now.
    ///
    /// # Errors
    /// When that cannot be recorded.
    fn trust(&self, loaded: &Loaded) -> Result<(), Stop>;
    /// A desk over the estate and its store, with an engine.
    ///
    /// # Errors
    /// When the estate is not trusted, or the store cannot be used.
    fn desk(&self) -> Result<Box<dyn Patient + '_>, Stop>;
    /// What `doctor` says of this machine.
    fn facts(&self) -> Vec<Fact>;
    /// Whether git hosts let us read what a trusted estate is made from; asks them.
    fn sources(&self, loaded: &Loaded) -> Vec<Fact>;
    /// What came after a version of those that are somewhere, as a stack reaches them; `anew` as that
    /// is now.
    ///
    /// # Errors
    /// A sentence: they cannot be read, or there is no such version.
    fn versions(
        &self,
        stack: &StackId,
        of: &Versions,
        since: &str,
        anew: bool,
    ) -> Result<Since, String>;
    /// A lifecycle drawn as text.
    fn map(&self, lifecycle: &Lifecycle) -> String;
    /// The time.
    fn now(&self) -> Time;
}

/// Where a verb reads and writes.
pub struct Hands<'a> {
    /// For what was asked.
    pub out: &'a mut dyn Write,
    /// For everything else.
    pub err: &'a mut dyn Write,
    /// Whether a person can be asked.
    pub interactive: bool,
    /// Whether colours are wanted.
    pub colour: bool,
    /// The words of the command, for the exact command that is shown.
    pub argv: Vec<String>,
    /// Reads what a person types; `None` at the end of input.
    pub read_line: &'a mut dyn FnMut() -> io::Result<Option<String>>,
}

/// Carries out a verb; those that need another room (`engine`, `sandbox`, `keep`, the console) are
/// the program's.
pub fn run<S: clap::Args>(
    verb: Verb<S>,
    common: &Common,
    ground: &dyn Ground,
    hands: &mut Hands<'_>,
) -> Code {
    let follows = matches!(verb, Verb::Events(_) | Verb::Audit(_) | Verb::Logs(_));
    let mut out = Out::new(hands, common.json).following(follows);
    let done = match verb {
        Verb::Check => estate::check(ground, &mut out),
        Verb::Schema => estate::schema(&mut out),
        Verb::Render(args) => render::render(ground, &args, &mut out),
        Verb::Graph(args) => graph::graph(ground, &args, &mut out),
        Verb::Update(args) => update::update(ground, &args, &mut out),
        Verb::Trust => estate::trust(ground, &mut out),
        Verb::Doctor => doctor::doctor(ground, &mut out),
        Verb::Apply(guard) => apply::apply(ground, &guard, &mut out),
        Verb::Ls(args) => list::ls(ground, &args, &mut out),
        Verb::Show(args) => show::show(ground, &args, &mut out),
        Verb::Plan(args) => plan::plan(ground, &args, &mut out),
        Verb::Events(args) => list::events(ground, &args, false, &mut out),
        Verb::Audit(args) => list::events(ground, &args, true, &mut out),
        Verb::Aside => aside::aside(ground, &mut out),
        Verb::Diagram(args) => diagram::diagram(ground, &args, &mut out),
        Verb::Publish(args) => publish::publish(ground, &args, &mut out),
        Verb::Parameter(args) => parameter::parameter(ground, &args, &mut out),
        Verb::Deploy(args) => deploy::deploy(ground, &args, &mut out),
        Verb::Redeploy(args) => act::redeploy(ground, &args, &mut out),
        Verb::Rollback(args) => act::rollback(ground, &args, &mut out),
        Verb::Teardown(args) => act::teardown(ground, &args, &mut out),
        Verb::Cancel(args) => act::cancel(ground, &args, &mut out),
        Verb::Undo(args) => act::undo(ground, &args, &mut out),
        Verb::Retry(args) => act::retry(ground, &args, &mut out),
        Verb::Unblock(args) => act::unblock(ground, &args, &mut out),
        Verb::Freeze(args) => freeze::freeze(ground, &args, &mut out),
        Verb::Thaw(args) => freeze::thaw(ground, &args, &mut out),
        Verb::Holds => list::holds(ground, &mut out),
        Verb::Approve(args) => hold::approve(ground, &args, &mut out),
        Verb::Reject(args) => hold::reject(ground, &args, &mut out),
        Verb::Logs(args) => logs::logs(ground, &args, &mut out),
        Verb::Engine(_) | Verb::Serve(_) | Verb::Sandbox(_) | Verb::Keep { .. } => Err(
            Stop::wrong("room", "this verb belongs to another part of the program"),
        ),
    };
    match done {
        Ok(code) => code,
        Err(stop) => out.stop(&stop),
    }
}

#[cfg(test)]
mod tests;
