//! Terraform and `OpenTofu`: one hand for each thing that is asked of them. A node has a folder that
//! lasts, with its files, the providers and modules that were fetched, and the plan files of
//! deployments that go on. What is applied is a plan file that is the one that was planned, of a
//! state that is still the one that it was planned for.

mod fetch;
mod folder;
mod lock;
mod original;
mod params;
mod planned;
mod tool;
mod ui;
mod version;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, select};
use serde_json::{Value, json};

use self::folder::{Laid, Lasting};
use self::params::{Params, Planned, State};
use self::tool::Tool;
use super::job::{self, require};
use super::process::{self, Asks, Call, End, How, ORDERLY, Process};
use super::{Cancel, Executor, Found, Job};
use crate::aws::Clients;
use crate::domain::failure::{Failure, Retry};
use crate::domain::plan::{Output, StepKind};
use crate::forms::terraform::{
    APPLY, CHANGES, DISCARD, GENERATE, INIT, PLAN, SAME, UNLOCK, VALIDATE,
};
use crate::os::lock::Lock;

/// All of them.
#[must_use]
pub fn executors(clients: &Arc<Clients>, process: &Arc<Process>) -> Vec<Arc<dyn Executor>> {
    let all = [
        (Does::Generate, GENERATE),
        (Does::Init, INIT),
        (Does::Validate, VALIDATE),
        (Does::Plan, PLAN),
        (Does::Apply, APPLY),
        (Does::Discard, DISCARD),
        (Does::Unlock, UNLOCK),
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
    Generate,
    Init,
    Validate,
    Plan,
    Apply,
    Discard,
    Unlock,
}

struct Hand {
    does: Does,
    kind: &'static str,
    clients: Arc<Clients>,
    process: Arc<Process>,
}

impl Executor for Hand {
    fn kind(&self) -> StepKind {
        self.kind.into()
    }

    fn check(&self, given: &Value) -> Result<(), String> {
        require(given, &["node"])?;
        match self.does {
            Does::Discard => Ok(()),
            Does::Generate | Does::Init | Does::Validate => require(given, &["program", "bundle"]),
            Does::Plan => require(given, &["program", "bundle", "about"]),
            Does::Apply => require(given, &["program", "bundle", "plan"]),
            Does::Unlock => require(given, &["program", "bundle", "lock"]),
        }
    }

    fn run(&self, job: Job) -> BoxFuture<'_, Result<Output, Failure>> {
        async move {
            let params: Params = job::params(&job)?;
            let lasting = Lasting::of(&job, &params.node)?;
            let tool = Tool {
                job: &job,
                params: &params,
                lasting: &lasting,
                clients: &self.clients,
            };
            match self.does {
                Does::Generate => match &tool.params.original {
                    Some(original) => self.original(&tool, original).await,
                    None => generate(&tool).await,
                },
                Does::Discard => lasting.discard(&job).map(|()| Output::public(json!({}))),
                Does::Init => self.init(&tool).await,
                Does::Validate => {
                    let how = self.called(&tool, &["validate", "-no-color"], &[0]).await;
                    how.map(|_| Output::public(json!({})))
                }
                Does::Plan => self.plan(&tool).await,
                Does::Apply => self.apply(&tool).await,
                Does::Unlock => self.unlock(&tool).await,
            }
        }
        .boxed()
    }

    fn find(&self, job: Job) -> BoxFuture<'_, Found> {
        async move {
            match self.does {
                Does::Generate if job.params["original"].is_object() => {
                    process::found(&job, &job.folder, "").await
                }
                // They do what is left to do.
                Does::Generate | Does::Discard => Found::NeverStarted,
                Does::Init | Does::Validate | Does::Plan | Does::Apply | Does::Unlock => {
                    process::found(&job, &job.folder, "").await
                }
            }
        }
        .boxed()
    }

    fn cancel(&self) -> Cancel {
        match self.does {
            Does::Generate | Does::Init | Does::Validate | Does::Plan | Does::Discard => {
                Cancel::Full
            }
            Does::Apply | Does::Unlock => Cancel::BestEffort,
        }
    }
}

/// Lays out the files of a node.
async fn generate(tool: &Tool<'_>) -> Result<Output, Failure> {
    let params = tool.params;
    let digest = params.bundle;
    let digest = digest.ok_or_else(|| Failure::new("no files were given"))?;
    let bundle = tool.job.port.bundle(digest).await?;
    let bundle = tool.lasting.put(bundle, &params.put, &params.versions)?;
    let lasting = tool.lasting.clone();
    let files = params.files();
    let laid = tokio::task::spawn_blocking(move || {
        // Where the same lie there already nothing is written.
        if lasting.are_laid(files).is_ok() {
            return lasting.lay_out(&bundle);
        }
        lasting.set_laid(None)?;
        let laid = lasting.lay_out(&bundle)?;
        lasting.set_laid(files).map(|()| laid)
    });
    let laid = laid.await.map_err(|why| Failure::new(why.to_string()))??;
    Ok(laid_out(tool, &laid))
}

/// What was laid out, as it is told.
fn laid_out(tool: &Tool<'_>, laid: &Laid) -> Output {
    let says = format!("{} files written, {} as they were", laid.written, laid.same);
    tool.say(&says);
    Output::public(json!({ "written": laid.written, "same": laid.same }))
}

impl Hand {
    /// Runs the program with these arguments, to one of these codes.
    async fn called(
        &self,
        tool: &Tool<'_>,
        arguments: &[&str],
        well: &'static [i32],
    ) -> Result<i32, Failure> {
        let folder = tool.lasting.node();
        let program = tool.params.program.as_str();
        self.called_in(tool, &folder, program, arguments, well)
            .await
    }

    async fn called_in(
        &self,
        tool: &Tool<'_>,
        folder: &Path,
        program: &str,
        arguments: &[&str],
        well: &'static [i32],
    ) -> Result<i32, Failure> {
        let job = tool.job;
        let mut argv = vec![program.to_owned()];
        argv.extend(arguments.iter().map(|word| (*word).to_owned()));
        let none = BTreeMap::new();
        let command = Call {
            argv: argv.clone(),
            env: tool.variables().await?,
            bundle: None,
            made: &none,
            folder: Some(folder),
            job: job.folder.clone(),
            end: End {
                asks: Asks::Interrupt,
                within: ORDERLY,
            },
            well,
            tell: &|| tool.secrets().boxed(),
            says: ui::says,
        };
        let (how, last) = self.process.run_to_end(job, "", &command).await?;
        match how {
            How::Exit { code } if well.contains(&code) => Ok(code),
            how => {
                let failure = process::bad(job, &argv[..2], how, &last);
                let failure = ui::cause(failure, &format!("{}: {}", job.step, argv[..2].join(" ")));
                Err(lock::named(ui::before(failure, &job.stack), &job.stack))
            }
        }
    }

    /// Fetches providers and modules, where they were not fetched for these files.
    async fn init(&self, tool: &Tool<'_>) -> Result<Output, Failure> {
        let Tool { job, params, .. } = *tool;
        tool.lasting.are_laid(params.files())?;
        fetch::artifacts(tool).await?;
        let begun = job.notes.contains_key("intent");
        if !begun && !params.force && tool.lasting.is_ready(params.files()) {
            tool.say("providers and modules are there for these files");
            return Ok(Output::public(json!({ "fetched": false })));
        }
        // Two that fetch the same provider at once would write over each other.
        let _fetches = tool.alone().await?;
        let mut arguments = vec!["init", "-input=false", "-no-color"];
        if params.force {
            arguments.push("-upgrade");
        }
        self.called(tool, &arguments, &[0]).await?;
        tool.lasting.set_ready(params.files())?;
        Ok(Output::public(json!({ "fetched": true })))
    }

    /// Frees a lock: this one, and no other.
    async fn unlock(&self, tool: &Tool<'_>) -> Result<Output, Failure> {
        let lock = tool.params.lock.as_str();
        let arguments = ["force-unlock", "-force", "-no-color", lock];
        self.called(tool, &arguments, &[0]).await?;
        Ok(Output::public(json!({ "freed": lock })))
    }

    async fn plan(&self, tool: &Tool<'_>) -> Result<Output, Failure> {
        let Tool {
            job,
            params,
            lasting,
            ..
        } = *tool;
        lasting.are_laid(params.files())?;
        let file = lasting.plan(job)?;
        let out = format!("-out={}", file.display());
        let mut arguments = vec!["plan", "-input=false", "-json", "-detailed-exitcode"];
        arguments.push(&out);
        if params.destroy {
            arguments.push("-destroy");
        }
        if params.refresh_only {
            arguments.push("-refresh-only");
        }
        let code = self.called(tool, &arguments, &[0, 2]).await?;
        let state = tool.state().await?;
        let told = tool.shown(&file).await?;
        let digest = folder::digest(&file)?;
        let about = params.about.clone();
        let about = about.ok_or_else(|| Failure::new("nothing says what the plan is about"))?;
        let planned = planned::read(&told, about).map_err(|why| {
            Failure::new(format!("what {} planned cannot be read", params.program)).detail(why)
        })?;
        if params.refresh_only {
            return Ok(planned.drifted());
        }
        let facts = planned.facts(params.destroy);
        let plan = Planned { digest, state };
        let verdict = if code == 2 { CHANGES } else { SAME };
        Ok(Output {
            changes: Some(planned.changes),
            ..Output::public(
                json!({ "plan": plan, "counts": planned.counts, "verdict": verdict, "version": planned.version }),
            )
            .found(&facts)
        })
    }

    async fn apply(&self, tool: &Tool<'_>) -> Result<Output, Failure> {
        let Tool {
            job,
            params,
            lasting,
            ..
        } = *tool;
        let planned = params.plan.as_ref();
        let planned = planned.ok_or_else(|| Failure::new("no plan was given"))?;
        let file = lasting.plan(job)?;
        if !job.notes.contains_key("intent") {
            if folder::digest(&file).ok() != Some(planned.digest) {
                return Err(other(
                    &params.node,
                    "the plan file is not the one that was planned",
                ));
            }
            let state = tool.state().await?;
            if state != planned.state {
                return Err(other(
                    &params.node,
                    "its state was written by somebody else since",
                ));
            }
        }
        let name = file.display().to_string();
        let arguments = ["apply", "-input=false", "-json", name.as_str()];
        self.called(tool, &arguments, &[0])
            .await
            .map_err(|failure| {
                if failure.detail.contains(STALE) {
                    other(&params.node, "its state was written by somebody else since")
                } else if lock::is_one(&failure) {
                    failure.as_before()
                } else {
                    failure.hint("what was applied until then stays: deploy again, and it plans what is left")
                }
            })?;
        Ok(Output::public(json!({})).found(&[planned::as_applied()]))
    }
}

/// What Terraform says of a plan of a state that was written since.
const STALE: &str = "Saved plan is stale";

/// What was planned is not what would be applied.
fn other(node: &str, why: &str) -> Failure {
    Failure::new(format!("{node} is planned again: {why}"))
        .retry(Retry::Replan)
        .as_before()
}

impl Tool<'_> {
    /// Waits until nobody else of this machine fetches providers.
    async fn alone(&self) -> Result<Lock, Failure> {
        let path: PathBuf = self.lasting.fetching()?;
        loop {
            let lock = Lock::exclusive(&path).map_err(|why| Failure::new(why.to_string()))?;
            if let Some(lock) = lock {
                return Ok(lock);
            }
            let pause = self.job.port.sleep(std::time::Duration::from_millis(500));
            select(pause, self.job.port.cancelled()).await;
            if self.job.port.is_cancelled() {
                return Err(Failure::new("cancelled before anything was fetched"));
            }
        }
    }
}
