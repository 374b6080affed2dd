//! `process.run {argv, bundle, env, step}`: runs a command under a keeper, and follows what it
//! writes. No shell, no variables of the caller, no input; the files of the bundle and nothing else
//! in its working directory.

mod attend;
mod call;
mod folder;
mod follow;
mod keeper;
mod made;
mod outcome;
mod record;
mod start;
mod state;
mod sweep;
mod watch;

pub(super) use call::{Asks, Call, ORDERLY, Said, as_it_is};
pub(super) use folder::{End, Told, below};
pub use keeper::keep;
pub(super) use outcome::bad;
pub(super) use start::Around;
pub(super) use state::How;
pub use sweep::{forget, sweep};

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Value, json};

use self::attend::{await_keeper, follow};
use self::folder::Folder;
use self::state::State;
use super::{Cancel, Executor, Found, Job};
use crate::domain::digest::Digest;
use crate::domain::failure::{Failure, Retry};
use crate::domain::plan::{Output, StepKind};
use crate::os::files::FileError;

/// Where programs are looked for; a step may name its own PATH.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/homebrew/bin";
/// How long the keeper may take to begin.
const BEGINS: Duration = Duration::from_secs(15);
/// How often the keeper is told that somebody watches.
const WATCH: Duration = Duration::from_secs(30);
/// How often is tried to lay out files for which there was no room.
const AGAIN_FOR_ROOM: Duration = Duration::from_secs(3);
/// How many lines of its end a failure quotes.
const QUOTED: usize = 20;
/// Output that is read again after a restart, for the lines that a failure quotes.
const AGAIN: u64 = 64 * 1024;

/// Runs commands.
pub struct Process {
    keeper: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Params {
    argv: Vec<String>,
    #[serde(default)]
    bundle: Option<Digest>,
    #[serde(flatten)]
    around: Around,
    /// Files that it makes and that are kept: they are its output.
    #[serde(default)]
    makes: Vec<String>,
    /// Files that steps before it made, by where they are to be.
    #[serde(default)]
    made: BTreeMap<String, Value>,
}

impl Process {
    /// With this program as the keeper.
    #[must_use]
    pub fn new() -> Self {
        Self { keeper: None }
    }

    /// With another program as the keeper: for tests, which are no `holdpoint`.
    #[must_use]
    pub fn with_keeper(program: PathBuf) -> Self {
        Self {
            keeper: Some(program),
        }
    }
}

impl Default for Process {
    fn default() -> Self {
        Self::new()
    }
}

impl Executor for Process {
    fn kind(&self) -> StepKind {
        "process.run".into()
    }

    fn check(&self, params: &Value) -> Result<(), String> {
        let params: Params =
            serde_json::from_value(params.clone()).map_err(|why| why.to_string())?;
        let bad = params
            .argv
            .iter()
            .chain(params.around.env.keys())
            .chain(params.around.env.values())
            .any(|text| text.contains('\0'));
        if params.argv.first().is_none_or(String::is_empty) {
            Err("the command has no words".to_owned())
        } else if bad {
            Err("a word of the command holds a NUL character".to_owned())
        } else {
            Ok(())
        }
    }

    fn run(&self, job: Job) -> BoxFuture<'_, Result<Output, Failure>> {
        async move { self.carry_out(&job).await }.boxed()
    }

    fn find(&self, job: Job) -> BoxFuture<'_, Found> {
        async move {
            let around = serde_json::from_value::<Around>(job.params.clone());
            found_with(&job, around.ok().as_ref()).await
        }
        .boxed()
    }

    fn cancel(&self) -> Cancel {
        Cancel::BestEffort
    }
}

impl Process {
    async fn carry_out(&self, job: &Job) -> Result<Output, Failure> {
        let params: Params = serde_json::from_value(job.params.clone()).map_err(|why| {
            Failure::new(format!(
                "the parameters of step {} cannot be read: {why}",
                job.step
            ))
        })?;
        let folder = Folder::new(job.folder.clone());
        let command = Call {
            argv: params.argv.clone(),
            env: params.around.variables(job, &folder.work()),
            bundle: params.bundle,
            made: &params.made,
            folder: None,
            job: job.folder.clone(),
            end: End::default(),
            well: &[0],
            tell: &|| params.around.told(job).boxed(),
            says: as_it_is,
        };
        let (how, last) = self.run_to_end(job, "", &command).await?;
        let mut output = outcome::told(job, &params.argv, how, &last)?;
        if !params.makes.is_empty() {
            output.public["made"] = made::keep(job, &folder, &params.makes).await?;
        }
        Ok(output)
    }

    /// Runs a command, or attends the one that runs, until it has ended; gives how it ended, and its
    /// last lines. `name` tells it from others of the same attempt in the notes.
    pub(super) async fn run_to_end(
        &self,
        job: &Job,
        name: &str,
        command: &Call<'_>,
    ) -> Result<(How, Vec<(u8, String)>), Failure> {
        let folder = Folder::new(command.job.clone());
        let (intent, started) = (noted(name, "intent"), noted(name, "started"));
        if !job.notes.contains_key(&intent) {
            if job.port.is_cancelled() {
                return Err(outcome::called_off(&command.argv));
            }
            // A step that waits for its secrets has begun nothing, and the log says so.
            (command.tell)().await?;
            job.port
                .note(
                    &intent,
                    json!({ "argv": command.argv, "folder": command.job }),
                )
                .await?;
        }
        let here = folder.clone();
        let (free, state) = off(move || {
            if here.path().exists() {
                Ok((here.is_free()?, here.state()?))
            } else {
                Ok((true, None))
            }
        })
        .await?;
        if free && state.is_none() {
            if job.port.is_cancelled() {
                return Err(outcome::called_off(&command.argv));
            }
            while !self.start(job, command, &folder).await? {
                // Nothing was started, and nothing is: there is no room for its files. What is full
                // is told by the engine.
                futures_util::future::select(job.port.sleep(AGAIN_FOR_ROOM), job.port.cancelled())
                    .await;
                if job.port.is_cancelled() {
                    return Err(outcome::called_off(&command.argv));
                }
            }
        }
        await_keeper(job, &folder).await?;
        if !job.notes.contains_key(&started) {
            job.port
                .note(&started, json!({ "folder": command.job }))
                .await?;
        }
        follow(job, &folder, command).await
    }
}

/// What a note of a command is called.
fn noted(name: &str, what: &str) -> String {
    if name.is_empty() {
        what.to_owned()
    } else {
        format!("{name}-{what}")
    }
}

/// What became of the command of a job, which is run with these secrets. One that never began can be
/// begun now, unless a secret is not there: then it waits for that.
pub(super) async fn found_with(job: &Job, around: Option<&Around>) -> Found {
    let missing = match around.filter(|_| !job.port.is_cancelled()) {
        Some(around) => around.told(job).await.err(),
        None => None,
    };
    match (found(job, &job.folder, "").await, missing) {
        (Found::NeverStarted, Some(failure)) if failure.retry == Retry::Contact => {
            Found::CannotTell(failure)
        }
        (found, _) => found,
    }
}

/// What became of a command of that name, whose folder this is.
pub(super) async fn found(job: &Job, folder: &Path, name: &str) -> Found {
    if !job.notes.contains_key(&noted(name, "intent")) {
        return Found::NeverStarted;
    }
    let folder = Folder::new(folder.to_owned());
    match off(move || Ok((folder.is_free()?, folder.state()?))).await {
        // Also when it has ended: what it wrote may not have been followed to the end.
        Ok((false, _) | (true, Some(State::Ended { .. }))) => Found::StillRunning,
        Ok((true, None)) if job.notes.contains_key(&noted(name, "started")) => {
            Found::CannotTell(outcome::lost(job, "its folder is gone"))
        }
        Ok((true, None)) => Found::NeverStarted,
        Ok((true, Some(State::Starting))) => Found::CannotTell(outcome::lost(
            job,
            "its keeper was killed as it started the command",
        )),
        Ok((true, Some(State::Running { pid, born, .. }))) => {
            Found::CannotTell(outcome::orphan(job, pid, born))
        }
        Err(failure) => Found::CannotTell(failure),
    }
}

/// Does what blocks on a thread that may.
async fn off<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FileError> + Send + 'static,
) -> Result<T, Failure> {
    let failed = |why: String| {
        Failure::new("the files of a running command cannot be used")
            .detail(why)
            .retry(Retry::AskAPerson)
    };
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|why| failed(why.to_string()))?
        .map_err(|why| failed(why.to_string()))
}
