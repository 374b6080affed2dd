//! Starting a command: its secrets, its variables, its files, its keeper.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::super::Job;
use super::call::Call;
use super::folder::{End, Folder, LayOutError, Order, Told};
use super::{PATH, Process, made};
use crate::domain::failure::Failure;
use crate::domain::request::SourceBundle;
use crate::domain::secret_ref::SecretRef;
use crate::os::files::FileError;
use crate::os::{child, tool};

impl Process {
    /// Starts a keeper; false when there is no room for what it needs.
    pub(super) async fn start(
        &self,
        job: &Job,
        command: &Call<'_>,
        folder: &Folder,
    ) -> Result<bool, Failure> {
        let bundle = match command.bundle {
            Some(digest) => job.port.bundle(digest).await?,
            None => SourceBundle::default(),
        };
        let made = made::fetch(job, command.made).await?;
        let told = (command.tell)().await?;
        let (argv, variables) = (command.argv.clone(), command.env.clone());
        let (runs_in, end) = (command.folder.map(Path::to_owned), command.end);
        let keeper = match &self.keeper {
            Some(keeper) => keeper.clone(),
            None => child::this_program().map_err(|why| {
                Failure::new(format!("the program's own file is not known: {why}"))
            })?,
        };
        let (here, step, limit) = (folder.clone(), job.step.clone(), job.limit);
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
            let input = if told.names().is_empty() && told.within.is_empty() {
                Vec::new()
            } else {
                serde_json::to_vec(&told).map_err(|why| LayOutError::Told(why.to_string()))?
            };
            here.lay_out(&bundle, made, |own| {
                // A path of its program is one of where it runs.
                let work = runs_in.as_deref().unwrap_or(own);
                let order = order(&argv, variables, limit, work)?;
                Ok(Order {
                    secrets: told.names(),
                    folder: runs_in.clone(),
                    end,
                    ..order
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
                .hint("fix the command or its files in the estate file, or install what it names where the engine's PATH finds it, and deploy again")),
            Err(why) => Err(Failure::new(format!("step {step}: {why}"))),
        }
    }
}

/// What a command has around it.
#[derive(Deserialize)]
pub(in crate::exec) struct Around {
    /// Its variables.
    #[serde(default)]
    pub(super) env: BTreeMap<String, String>,
    /// Those that are secrets.
    #[serde(default)]
    secrets: BTreeMap<String, SecretRef>,
    /// Those that name files with secrets.
    #[serde(default)]
    secret_files: BTreeMap<String, SecretRef>,
}

impl Around {
    /// Its secrets, read now: all of them, or the command is not started.
    pub(in crate::exec) async fn told(&self, job: &Job) -> Result<Told, Failure> {
        let mut told = Told::default();
        for (of, into) in [
            (&self.secrets, &mut told.variables),
            (&self.secret_files, &mut told.files),
        ] {
            for (name, reference) in of {
                let secret = job.port.secret(reference).await.map_err(|why| Failure {
                    summary: format!("{}: not started without {name}: {}", job.step, why.summary),
                    ..why
                })?;
                into.insert(name.clone(), secret.reveal().to_owned());
            }
        }
        Ok(told)
    }

    /// A variable as it is, by its name.
    pub(in crate::exec) fn named(&self, name: &str) -> Option<&str> {
        self.env.get(name).map(String::as_str)
    }

    /// As [`Self::variables`], for a program that works as the person whose engine this is: it sees
    /// these of the engine's own variables, where nothing else is said of them.
    pub(in crate::exec) fn as_person(
        &self,
        job: &Job,
        home: &Path,
        seen: &[&str],
    ) -> BTreeMap<String, String> {
        let mut all = self.variables(job, home);
        let seen = tool::seen(seen).into_iter();
        all.extend(seen.filter(|(name, _)| !self.env.contains_key(name)));
        all
    }

    /// All its variables, but for secrets: a fixed few, what it names, and what it is run for.
    pub(in crate::exec) fn variables(&self, job: &Job, home: &Path) -> BTreeMap<String, String> {
        let text = |text: &dyn ToString| text.to_string();
        let mut all: BTreeMap<String, String> = [
            ("PATH", PATH.to_owned()),
            ("HOME", home.display().to_string()),
            ("LANG", "C.UTF-8".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        all.extend(self.env.clone());
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
}

/// What the keeper is to run.
fn order(
    argv: &[String],
    variables: BTreeMap<String, String>,
    limit: Duration,
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
        limit,
        folder: None,
        end: End::default(),
        secrets: BTreeSet::new(),
    })
}
