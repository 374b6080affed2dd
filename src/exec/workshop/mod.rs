//! A workshop: the files of a commit in a folder of a deployment, commands that make something of
//! them, and what was made put where others take it from, under its version. The folder goes with the
//! deployment.

mod checkout;
mod image;
mod publish;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use serde::Deserialize;
use serde_json::{Value, json};

use super::again::found;
use super::job::{params, require};
use super::process::{self, Around, Call, End, How, Process, below};
use super::{Cancel, Executor, Found, Job};
use crate::aws::Clients;
use crate::domain::failure::Failure;
use crate::domain::plan::{Output, StepKind};
use crate::forms::image as images;
use crate::forms::workshop::{CHECKOUT, DISCARD, PUSH, REGISTER, RUN};
use crate::os::files::FileError;

/// Where the folders of all deployments of an application are.
const ALL: &str = ".work";

/// All hands of a workshop.
#[must_use]
pub fn executors(clients: &Arc<Clients>, process: &Arc<Process>) -> Vec<Arc<dyn Executor>> {
    let all = [
        (Does::Checkout, CHECKOUT),
        (Does::Run, RUN),
        (Does::Push, PUSH),
        (Does::Register, REGISTER),
        (Does::BuildImage, images::BUILD),
        (Does::PushImage, images::PUSH),
        (Does::Discard, DISCARD),
    ];
    all.into_iter()
        .map(|(does, kind)| {
            Arc::new(Hand {
                does,
                kind,
                clients: Arc::clone(clients),
                process: Arc::clone(process),
            }) as Arc<dyn Executor>
        })
        .collect()
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    Checkout,
    Run,
    Push,
    Register,
    BuildImage,
    PushImage,
    Discard,
}

struct Hand {
    does: Does,
    kind: &'static str,
    clients: Arc<Clients>,
    process: Arc<Process>,
}

/// A command of a workshop.
#[derive(Deserialize)]
struct Command {
    argv: Vec<String>,
    folder: String,
    /// The file that is there once it has ended.
    #[serde(default)]
    makes: Option<String>,
    #[serde(flatten)]
    around: Around,
}

impl Executor for Hand {
    fn kind(&self) -> StepKind {
        self.kind.into()
    }

    fn check(&self, given: &Value) -> Result<(), String> {
        match self.does {
            Does::Checkout => require(given, &["origin"]),
            Does::Run => require(given, &["argv", "folder"]),
            Does::Push => require(given, &["folder", "file", "registry", "name", "version"]),
            Does::Register => require(given, &["registry", "name", "version", "commit"]),
            Does::BuildImage => require(given, &["folder", "image", "version"]),
            Does::PushImage => require(given, &["image", "program", "registry", "name", "version"]),
            Does::Discard => Ok(()),
        }
    }

    fn run(&self, job: Job) -> BoxFuture<'_, Result<Output, Failure>> {
        async move {
            match self.does {
                Does::Checkout => checkout::checkout(&job).await,
                Does::Run => self.command(&job).await,
                Does::Push => publish::push(&job, &self.clients).await,
                Does::Register => publish::register(&job, &self.clients).await,
                Does::BuildImage => image::build(self, &job).await,
                Does::PushImage => image::push(self, &job).await,
                Does::Discard => discard(&job).await,
            }
        }
        .boxed()
    }

    fn find(&self, job: Job) -> BoxFuture<'_, Found> {
        match self.does {
            // They do what is left to do.
            Does::Checkout | Does::Discard => ready(Found::NeverStarted).boxed(),
            Does::Push | Does::Register => ready(found(&job)).boxed(),
            Does::Run | Does::BuildImage | Does::PushImage => {
                let around = serde_json::from_value::<Around>(job.params.clone());
                async move { process::found_with(&job, around.ok().as_ref()).await }.boxed()
            }
        }
    }

    fn cancel(&self) -> Cancel {
        match self.does {
            Does::Checkout | Does::Discard => Cancel::Full,
            Does::Run | Does::BuildImage | Does::PushImage => Cancel::BestEffort,
            Does::Push | Does::Register => Cancel::None,
        }
    }
}

impl Hand {
    /// Runs a command among the files.
    async fn command(&self, job: &Job) -> Result<Output, Failure> {
        let command: Command = params(job)?;
        let folder = checked_out(job, &command.folder)?;
        let env = command.around.variables(job, &job.folder.join("work"));
        let (around, argv) = (&command.around, command.argv.clone());
        self.ran(job, around, env, argv, Some(&folder), &|failure| failure)
            .await?;
        if let Some(file) = &command.makes {
            made(&folder, file)?;
        }
        Ok(Output::public(json!({ "exit": 0 })))
    }

    /// Runs a program to its good end, and gives its last lines. `told` says better why it ended badly
    /// by itself.
    async fn ran(
        &self,
        job: &Job,
        around: &Around,
        env: BTreeMap<String, String>,
        argv: Vec<String>,
        folder: Option<&Path>,
        told: &(dyn Fn(Failure) -> Failure + Sync),
    ) -> Result<Vec<(u8, String)>, Failure> {
        let call = Call {
            argv,
            env,
            bundle: None,
            made: &BTreeMap::new(),
            folder,
            job: job.folder.clone(),
            end: End::default(),
            well: &[0],
            tell: &|| around.told(job).boxed(),
            says: process::as_it_is,
        };
        match self.process.run_to_end(job, "", &call).await? {
            (How::Exit { code: 0 }, last) => Ok(last),
            (how @ How::Exit { .. }, last) => Err(told(process::bad(job, &call.argv, how, &last))),
            (how, last) => Err(process::bad(job, &call.argv, how, &last)),
        }
    }
}

/// The folder of a deployment.
fn of_deployment(job: &Job) -> PathBuf {
    job.lasting.join(ALL).join(job.deployment.to_string())
}

/// The folder into which a checkout brought the files.
fn checked_out(job: &Job, name: &str) -> Result<PathBuf, Failure> {
    let path = below(&of_deployment(job), name).filter(|path| path.is_dir());
    path.ok_or_else(|| {
        Failure::new("the files of the commit are not there any more")
            .hint("deploy again: they are brought anew")
    })
}

/// A file among them, wherever links lead.
fn inside(folder: &Path, path: &str) -> Option<PathBuf> {
    let real = below(folder, path)?.canonicalize().ok()?;
    real.starts_with(folder.canonicalize().ok()?)
        .then_some(real)
}

/// The file that a build makes; it is below the folder, wherever links lead.
fn made(folder: &Path, file: &str) -> Result<PathBuf, Failure> {
    let path = inside(folder, file).filter(|path| path.is_file());
    path.ok_or_else(|| {
        let says = format!("the build ended well and made no file {file}");
        Failure::new(says).hint("`artifact` names a file below the repository: fix the build or that name, and deploy again")
    })
}

/// Removes the folder of a deployment.
async fn discard(job: &Job) -> Result<Output, Failure> {
    let folder = of_deployment(job);
    let removed = tokio::task::spawn_blocking(move || match std::fs::remove_dir_all(&folder) {
        Err(why) if why.kind() != std::io::ErrorKind::NotFound => {
            Err(FileError::io(&folder, "removed")(why).to_string())
        }
        Ok(()) | Err(_) => Ok(()),
    });
    removed
        .await
        .map_err(|why| Failure::new(why.to_string()))?
        .map_err(Failure::new)?;
    Ok(Output::public(json!({})))
}
