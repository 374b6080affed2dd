//! `ecs.run-task {cluster, definition, network: {subnets, groups}}`: runs a task once, to its end.
//! The lines of all its containers are given as they come, each in its own order. A task that did not end
//! by itself with exit code 0 failed, with what its containers said last. Its output is
//! `{task, exit_code}`.
//!
//! The token of the call starts one task however often it is made.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::select;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::aws::ecs::NewTask;
use crate::aws::stream::Lines;
use crate::aws::{Cloud, Trouble, TroubleKind};
use crate::domain::failure::{Failure, Retry};
use crate::domain::line::{Severity, guess, of_task};
use crate::domain::plan::{Cancel, Output};
use crate::exec::Job;
use crate::exec::again::{Again, begin, is_fresh};
use crate::exec::job::noted;
use crate::exec::wait::{LOST, passes, pause};
use crate::forms::ecs::{Logged, Network, RUN_TASK, Task, logged};
use crate::text::safe::Safe;

/// The note of the task that was started.
const STARTED: &str = "task";
/// When it is tried again where there is no room for a task.
const FULL: Duration = Duration::from_secs(30);
/// Where a task stands, in the order in which it goes through them; each is told once.
const STATUSES: [&str; 8] = [
    "PROVISIONING",
    "PENDING",
    "ACTIVATING",
    "RUNNING",
    "DEACTIVATING",
    "STOPPING",
    "DEPROVISIONING",
    "STOPPED",
];
/// What the lines of the task itself are of.
const PART: &str = "task";
/// How often the lines of a task that is over are read without anything new, until no more are
/// waited for.
const QUIET: u32 = 3;
/// How long until they are read once more.
const SOON: Duration = Duration::from_secs(2);
/// So many of its last lines a failure has.
const LAST: usize = 12;

/// Runs tasks.
pub(super) struct Run;

#[derive(Deserialize)]
pub(super) struct Params {
    cluster: String,
    definition: String,
    #[serde(default)]
    network: Network,
}

#[derive(Serialize, Deserialize)]
struct Started {
    arn: String,
}

impl Again for Run {
    type Params = Params;
    const KIND: &'static str = RUN_TASK;
    const NEEDS: &'static [&'static str] = &["cluster", "definition"];
    const CANCEL: Cancel = Cancel::BestEffort;

    async fn run(job: &Job, cloud: &Arc<Cloud>, params: Params) -> Result<Output, Failure> {
        let arn = match noted::<Started>(job, STARTED)? {
            Some(started) => started.arn,
            None => start(job, cloud, &params).await?,
        };
        let logs = logged_by(job, cloud, &params.definition).await?;
        let mut followed = Followed::new(logs, &arn);
        let task = follow(job, cloud, &params, &arn, &mut followed).await?;
        outcome(job, &task, &followed)
    }
}

async fn start(job: &Job, cloud: &Cloud, params: &Params) -> Result<String, Failure> {
    let is_first = is_fresh(job);
    let new = NewTask {
        cluster: params.cluster.clone(),
        definition: params.definition.clone(),
        network: params.network.clone(),
        token: job.token(1),
    };
    begin(
        job,
        json!({ "definition": new.definition, "token": new.token }),
    )
    .await?;
    let nothing_begun = |failure: Failure| {
        if is_first {
            failure.as_before()
        } else {
            failure
        }
    };
    let task = match cloud.run_task(&new).await {
        Ok(Ok(task)) => task,
        Ok(Err(why)) => {
            let failure = Failure::new(format!("ECS starts no task: {why}"))
                .hint("the cluster has no room for it: give it more, or wait")
                .retry(Retry::After(FULL));
            return Err(nothing_begun(failure));
        }
        Err(trouble) => {
            let failure = trouble.held_open();
            return Err(if failure.retry == Retry::Never {
                nothing_begun(failure)
            } else {
                failure
            });
        }
    };
    let started = json!(Started {
        arn: task.task_arn.clone()
    });
    job.port.note(STARTED, started).await?;
    Ok(task.task_arn)
}

/// Where the lines are that are given.
async fn logged_by(job: &Job, cloud: &Cloud, definition: &str) -> Result<Vec<Logged>, Failure> {
    match cloud.task_definition(definition).await {
        Ok(definition) => Ok(logged(&definition)),
        Err(trouble) if passes(&trouble) => Err(trouble.out_of_sight()),
        Err(trouble) => {
            let text = format!("its lines are missing here: {}", trouble.failure.summary);
            job.port.part_line(1, Severity::Gap, PART, Safe::new(&text));
            Ok(Vec::new())
        }
    }
}

/// The lines of a task.
struct Followed {
    containers: Vec<Container>,
    /// The last of them, each with its container where there are several.
    last: Vec<String>,
}

/// The lines of a container.
struct Container {
    /// What its lines are of.
    part: String,
    log: Logged,
    lines: Lines,
    /// The number of the line that was given last.
    nth: u64,
    is_mute: bool,
}

impl Followed {
    /// The lines of a task, from the first one on.
    fn new(logs: Vec<Logged>, task: &str) -> Self {
        let (names, id) = (logs.len() > 1, task.rsplit('/').next().unwrap_or(task));
        let container = |log: Logged| Container {
            part: if names {
                of_task(&log.container, id)
            } else {
                log.container.clone()
            },
            log,
            lines: Lines::default(),
            nth: 0,
            is_mute: false,
        };
        Self {
            containers: logs.into_iter().map(container).collect(),
            last: Vec::new(),
        }
    }

    /// Gives what is new; true where there was nothing.
    async fn read(&mut self, job: &Job, cloud: &Cloud, task: &Task) -> bool {
        let names = self.containers.len() > 1;
        let mut is_quiet = true;
        for one in &mut self.containers {
            let new = one.read(job, cloud, task).await;
            is_quiet &= new.is_none();
            for line in new.into_iter().flatten() {
                self.last.push(if names {
                    format!("{}: {line}", one.log.container)
                } else {
                    line
                });
            }
        }
        let over = self.last.len().saturating_sub(LAST);
        self.last.drain(..over);
        is_quiet
    }

    /// Whether no line can come any more.
    fn is_mute(&self) -> bool {
        self.containers.iter().all(|one| one.is_mute)
    }
}

impl Container {
    fn give(&mut self, job: &Job, severity: Severity, text: Safe) {
        self.nth += 1;
        job.port.part_line(self.nth, severity, &self.part, text);
    }

    /// Gives what is new, and says what that is; none where the end was reached without anything
    /// new.
    async fn read(&mut self, job: &Job, cloud: &Cloud, task: &Task) -> Option<Vec<String>> {
        if self.is_mute {
            return None;
        }
        let stream = self.log.stream(task.id());
        match self.lines.read(cloud, &self.log.group, &stream).await {
            Ok(page) => {
                let is_quiet = page.messages.is_empty() && page.is_end;
                let mut new = Vec::new();
                for (_, message) in page.messages {
                    let text = Safe::told(&message);
                    new.push(text.to_string());
                    self.give(job, guess(&message), text);
                }
                (!is_quiet).then_some(new)
            }
            Err(trouble) => {
                if matches!(trouble.kind, TroubleKind::Denied | TroubleKind::Refused) {
                    self.is_mute = true;
                    let why = &trouble.failure.summary;
                    let text = format!("its lines are missing here: {why}");
                    self.give(job, Severity::Gap, Safe::told(&text));
                }
                None
            }
        }
    }
}

/// Follows a task to its end. A cancel, and the limit of the step, ask ECS to stop it.
async fn follow(
    job: &Job,
    cloud: &Cloud,
    params: &Params,
    arn: &str,
    followed: &mut Followed,
) -> Result<Task, Failure> {
    let since = cloud.now();
    let (mut waited, mut lost, mut gone, mut quiet) = (Duration::ZERO, 0, 0, 0);
    let mut told = None;
    let mut stopping = false;
    loop {
        let mut soon = pause(cloud.is_local(), waited);
        match cloud.task(&params.cluster, arn).await {
            Ok(Some(task)) => {
                (lost, gone) = (0, 0);
                if told.as_ref() != Some(&task.last_status) {
                    tell(job, params, &task);
                    told = Some(task.last_status.clone());
                }
                let is_quiet = followed.read(job, cloud, &task).await;
                if task.is_over() {
                    quiet = if is_quiet { quiet + 1 } else { 0 };
                    if quiet >= QUIET || followed.is_mute() {
                        return Ok(task);
                    }
                    soon = soon.min(SOON);
                } else if !stopping {
                    let late = cloud.now().since(since) >= job.limit;
                    if job.port.is_cancelled() || late {
                        let why = if late {
                            "it takes too long"
                        } else {
                            "cancelled"
                        };
                        stopping = stop(cloud, params, arn, why).await?;
                    }
                }
            }
            // A task that was only just started may not be known everywhere yet.
            Ok(None) if gone < LOST => gone += 1,
            Ok(None) => {
                let hint = "ECS forgets stopped tasks after an hour: see in its log how it ended, then resolve the step as done or failed";
                let says = format!("ECS does not know the task {arn} any more");
                return Err(Failure::new(says).hint(hint).retry(Retry::AskAPerson));
            }
            Err(trouble) if lost < LOST && passes(&trouble) => lost += 1,
            Err(trouble) => return Err(trouble.out_of_sight()),
        }
        if job.port.is_cancelled() {
            job.port.sleep(soon).await;
        } else {
            select(job.port.sleep(soon), job.port.cancelled()).await;
        }
        waited += soon;
    }
}

/// Tells where the task stands now. A status has the same number whoever tells it.
fn tell(job: &Job, params: &Params, task: &Task) {
    let status = task.last_status.as_str();
    let Some(nth) = STATUSES.iter().position(|one| *one == status) else {
        return;
    };
    let more = if status == "STOPPED" {
        task.trouble()
            .map_or_else(String::new, |why| format!(": {why}"))
    } else {
        let of = params.definition.rsplit('/').next().unwrap_or_default();
        let on = params.cluster.rsplit('/').next().unwrap_or_default();
        format!(" on the cluster {on}, of the definition {of}")
    };
    let text = Safe::told(&format!("the task {} is {status}{more}", task.id()));
    let nth = u64::try_from(nth).unwrap_or_default() + 2;
    job.port.part_line(nth, Severity::Info, PART, text);
}

/// Asks ECS to stop it; whether that was answered. Whatever the answer, its end is waited for.
async fn stop(cloud: &Cloud, params: &Params, arn: &str, why: &str) -> Result<bool, Failure> {
    match cloud
        .stop_task(&params.cluster, arn, &format!("holdpoint: {why}"))
        .await
    {
        Ok(()) => Ok(true),
        Err(trouble) if passes(&trouble) => Ok(false),
        Err(trouble) => Err(Trouble::out_of_sight(trouble)),
    }
}

/// What came of a task.
fn outcome(job: &Job, task: &Task, followed: &Followed) -> Result<Output, Failure> {
    let id = task.id();
    let Some(why) = task.trouble() else {
        let code = task.containers.iter().find_map(|one| one.exit_code);
        return Ok(Output::public(
            json!({ "task": task.task_arn, "exit_code": code }),
        ));
    };
    let why = Safe::told(&why);
    let says = if job.port.is_cancelled() {
        format!("cancelled; the task {id} was stopped ({why})")
    } else {
        format!("the task {id} failed: {why}")
    };
    Err(Failure::new(says).detail(followed.last.join("\n")))
}
