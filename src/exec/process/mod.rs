//! `process.run {argv, bundle, env, step}`: runs a command under a keeper, and follows what it
//! writes. No shell, no variables of the caller, no input; the files of the bundle and nothing else
//! in its working directory.

mod folder;
mod follow;
mod keeper;
mod made;
mod outcome;
mod record;
mod sweep;

pub use keeper::keep;
pub use sweep::sweep;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Value, json};

use self::folder::{Folder, How, LayOutError, Order, State, Told};
use self::follow::{Follower, Written};
use super::{Cancel, Executor, Found, Job};
use crate::domain::digest::Digest;
use crate::domain::failure::{Failure, Retry};
use crate::domain::line::Severity;
use crate::domain::plan::{Output, StepKind};
use crate::domain::request::SourceBundle;
use crate::domain::safe::Safe;
use crate::domain::secret_ref::SecretRef;
use crate::os::child;
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
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// Files that it makes and that are kept: they are its output.
    #[serde(default)]
    makes: Vec<String>,
    /// Files that steps before it made, by where they are to be.
    #[serde(default)]
    made: BTreeMap<String, Value>,
    /// Variables that are secrets.
    #[serde(default)]
    secrets: BTreeMap<String, SecretRef>,
    /// Variables that name files with secrets.
    #[serde(default)]
    secret_files: BTreeMap<String, SecretRef>,
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
            .chain(params.env.keys())
            .chain(params.env.values())
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
            if !job.notes.contains_key("intent") {
                return Found::NeverStarted;
            }
            let folder = Folder::new(job.folder.clone());
            match off(move || Ok((folder.is_free()?, folder.state()?))).await {
                // Also when it has ended: what it wrote may not have been followed to the end.
                Ok((false, _) | (true, Some(State::Ended { .. }))) => Found::StillRunning,
                Ok((true, None)) if job.notes.contains_key("started") => {
                    Found::CannotTell(outcome::lost(&job, "its folder is gone"))
                }
                Ok((true, None)) => Found::NeverStarted,
                Ok((true, Some(State::Starting))) => Found::CannotTell(outcome::lost(
                    &job,
                    "its keeper was killed as it started the command",
                )),
                Ok((true, Some(State::Running { pid, born, .. }))) => {
                    Found::CannotTell(outcome::orphan(&job, pid, born))
                }
                Err(failure) => Found::CannotTell(failure),
            }
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
        if !job.notes.contains_key("intent") {
            if job.port.is_cancelled() {
                return Err(Failure::new(format!(
                    "cancelled before {} was started",
                    params.argv.join(" ")
                )));
            }
            job.port
                .note(
                    "intent",
                    json!({ "argv": params.argv, "folder": job.folder }),
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
            while !self.start(job, &params, &folder).await? {
                // Nothing was started, and nothing is: there is no room for its files. What is full
                // is told by the engine.
                futures_util::future::select(job.port.sleep(AGAIN_FOR_ROOM), job.port.cancelled())
                    .await;
                if job.port.is_cancelled() {
                    return Err(Failure::new(format!(
                        "cancelled before {} was started",
                        params.argv.join(" ")
                    )));
                }
            }
        }
        await_keeper(job, &folder).await?;
        if !job.notes.contains_key("started") {
            job.port
                .note("started", json!({ "folder": job.folder }))
                .await?;
        }
        let (how, last) = follow(job, &folder).await?;
        let mut output = outcome::told(job, &params.argv, how, &last)?;
        if !params.makes.is_empty() {
            output.public["made"] = made::keep(job, &folder, &params.makes).await?;
        }
        Ok(output)
    }

    /// Starts a keeper; false when there is no room for what it needs.
    async fn start(&self, job: &Job, params: &Params, folder: &Folder) -> Result<bool, Failure> {
        let bundle = match params.bundle {
            Some(digest) => job.port.bundle(digest).await?,
            None => SourceBundle::default(),
        };
        let made = made::fetch(job, &params.made).await?;
        let told = secrets(job, params).await?;
        let (argv, variables) = (
            params.argv.clone(),
            variables(job, &params.env, &folder.work()),
        );
        let keeper = match &self.keeper {
            Some(keeper) => keeper.clone(),
            None => child::this_program().map_err(|why| {
                Failure::new(format!("the program's own file is not known: {why}"))
            })?,
        };
        let (here, step) = (folder.clone(), job.step.clone());
        let laid_out = tokio::task::spawn_blocking(move || {
            here.make()?;
            // A keeper that an engine before us started may only now begin: its files are not taken
            // away under it.
            let Some(lock) = here.lock()? else {
                return Ok(());
            };
            if here.state()?.is_some() {
                return Ok(());
            }
            let input = if told.names().is_empty() {
                Vec::new()
            } else {
                serde_json::to_vec(&told).map_err(|why| LayOutError::Told(why.to_string()))?
            };
            here.lay_out(&bundle, made, |work| {
                Ok(Order {
                    secrets: told.names(),
                    ..order(&argv, variables, work)?
                })
            })?;
            here.watch("begin")?;
            drop(lock);
            child::start_told(&keeper, &["keep".as_ref(), here.path().as_os_str()], &input)
                .map_err(FileError::io(&keeper, "started"))?;
            Ok::<_, LayOutError>(())
        });
        match laid_out.await {
            Ok(Ok(())) => Ok(true),
            Ok(Err(LayOutError::File(why))) if why.is_full() => Ok(false),
            Ok(Err(LayOutError::File(why))) => Err(Failure::new(format!("step {step}: {why}"))),
            Ok(Err(why)) => Err(Failure::new(format!("step {step}: {why}"))
                .hint("put the command or its files right in the estate file and deploy again")),
            Err(why) => Err(Failure::new(format!("step {step}: {why}"))),
        }
    }
}

/// The secrets of a command, read now: all of them, or the command is not started.
async fn secrets(job: &Job, params: &Params) -> Result<Told, Failure> {
    let mut told = Told::default();
    for (of, into) in [
        (&params.secrets, &mut told.variables),
        (&params.secret_files, &mut told.files),
    ] {
        for (name, reference) in of {
            let secret = job.port.secret(reference).await.map_err(|why| Failure {
                summary: format!(
                    "step {}, which is not started without {name}: {}",
                    job.step, why.summary
                ),
                ..why
            })?;
            into.insert(name.clone(), secret.reveal().to_owned());
        }
    }
    Ok(told)
}

/// What the keeper is to run.
fn order(
    argv: &[String],
    variables: BTreeMap<String, String>,
    work: &Path,
) -> Result<Order, String> {
    let Some((first, arguments)) = argv.split_first() else {
        return Err("the command has no words".to_owned());
    };
    let path = variables.get("PATH").map_or(PATH, String::as_str);
    let program = child::program(first, work, path).ok_or_else(|| {
        if first.contains('/') {
            format!("{first} is not among the files of this step, or may not be executed")
        } else {
            format!("there is no program {first} in {path}")
        }
    })?;
    Ok(Order {
        program,
        arguments: arguments.to_vec(),
        variables,
        secrets: BTreeSet::new(),
    })
}

/// All variables of the command: a fixed few, what the step names, and what it is run for.
fn variables(job: &Job, named: &BTreeMap<String, String>, work: &Path) -> BTreeMap<String, String> {
    let text = |text: &dyn ToString| text.to_string();
    let mut all: BTreeMap<String, String> = [
        ("PATH", PATH.to_owned()),
        ("HOME", work.display().to_string()),
        ("LANG", "C.UTF-8".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    all.extend(named.clone());
    let told = [
        ("HOLDPOINT_STACK", text(&job.stack)),
        ("HOLDPOINT_ENVIRONMENT", text(&job.env)),
        ("HOLDPOINT_DEPLOYMENT", job.no.0.to_string()),
        ("HOLDPOINT_STEP", text(&job.step)),
        ("HOLDPOINT_ATTEMPT", job.attempt.to_string()),
    ];
    all.extend(told.map(|(name, value)| (name.to_owned(), value)));
    all
}

async fn await_keeper(job: &Job, folder: &Folder) -> Result<(), Failure> {
    let mut waited = Duration::ZERO;
    loop {
        let here = folder.clone();
        if off(move || Ok(here.state()?.is_some_and(|state| state != State::Starting))).await? {
            return Ok(());
        }
        if waited >= BEGINS {
            return Err(outcome::lost(job, "its keeper does not begin"));
        }
        let pause = (waited / 4).clamp(Duration::from_millis(2), Duration::from_millis(200));
        job.port.sleep(pause).await;
        waited += pause;
    }
}

/// Gives out what the command writes until it has ended; gives how it ended, and its last lines.
async fn follow(job: &Job, folder: &Folder) -> Result<(How, Vec<(u8, String)>), Failure> {
    // What is kept already is known by its number when it comes again.
    let kept = job.port.reached().await.unwrap_or_default();
    let mut reader = Follower::new(&folder.output(), kept.saturating_sub(AGAIN));
    let mut last: Vec<(u8, String)> = Vec::new();
    let (mut pause, mut since_watch, mut watches) = (Duration::ZERO, WATCH, 0_u64);
    let mut cancelled = false;
    loop {
        if since_watch >= WATCH {
            since_watch = Duration::ZERO;
            watches += 1;
            let (here, text) = (folder.clone(), format!("{} {watches}", std::process::id()));
            // Where there is no room after all, the keeper bears that for longer than it takes to
            // try again.
            off(move || unless_full(here.watch(&text))).await?;
        }
        if job.port.is_cancelled() && !cancelled {
            let here = folder.clone();
            cancelled = off(move || unless_full(here.cancel())).await?;
        }
        // The output last: what an ended command wrote is all there.
        let here = folder.clone();
        let (state, free, lines, back) = tokio::task::spawn_blocking(move || {
            // The lock first: a keeper that is gone by now has written its last state before.
            let free = here.is_free();
            let state = here.state();
            let lines = reader.more();
            (state, free, lines, reader)
        })
        .await
        .map_err(|why| Failure::new(format!("step {}: {why}", job.step)))?;
        reader = back;
        let lines = lines.map_err(|why| outcome::unreadable(job, &why.to_string()))?;
        let some = !lines.is_empty();
        give_out(job, &lines);
        last.extend(
            lines
                .into_iter()
                .map(|line| (line.letter, line.text.into_string())),
        );
        last.drain(..last.len().saturating_sub(QUOTED));
        if !some {
            match (
                state.map_err(|why| outcome::unreadable(job, &why.to_string()))?,
                free,
            ) {
                // The end of the output still waits for room.
                (Some(State::Ended { wrote, .. }), Ok(false)) if wrote.waits > 0 => {}
                (Some(State::Ended { how, wrote, .. }), _) => {
                    if wrote.waits > 0 {
                        let text = format!(
                            "the last {} bytes of output were not kept: the disk was full",
                            wrote.waits
                        );
                        job.port
                            .line(reader.offset, Severity::Gap, "", Safe::new(&text));
                    }
                    return Ok((how, last));
                }
                (Some(State::Running { pid, born, .. }), Ok(true)) => {
                    return Err(outcome::orphan(job, pid, born));
                }
                (Some(State::Starting | State::Running { .. }) | None, _) => {}
            }
        }
        pause = if some {
            Duration::ZERO
        } else {
            (pause * 2).clamp(Duration::from_millis(5), Duration::from_millis(250))
        };
        if !pause.is_zero() {
            if cancelled {
                job.port.sleep(pause).await;
            } else {
                futures_util::future::select(job.port.sleep(pause), job.port.cancelled()).await;
            }
            since_watch += pause;
        }
    }
}

fn give_out(job: &Job, lines: &[Written]) {
    for line in lines {
        let (severity, part) = match line.letter {
            record::GAP => (Severity::Gap, ""),
            record::ERR => (Severity::Info, "stderr"),
            _ => (Severity::Info, ""),
        };
        job.port.line(line.at, severity, part, line.text.clone());
    }
}

/// Whether it was written; not, where there is no room: it is tried again.
fn unless_full(written: Result<(), FileError>) -> Result<bool, FileError> {
    match written {
        Ok(()) => Ok(true),
        Err(why) if why.is_full() => Ok(false),
        Err(why) => Err(why),
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
