//! `cloudformation.change-set {input, counts, imports}`: works out what an update would change, or how a
//! new stack takes resources that are there. Nothing is changed by it; an empty change set is deleted
//! and told as such.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::create::make_room;
use super::update::there;
use crate::aws::cfn::changes::{ChangeSet, step_name};
use crate::aws::cfn::input::Given;
use crate::aws::cfn::stack::CfnStack;
use crate::aws::{Clients, Cloud, Trouble};
use crate::domain::failure::Failure;
use crate::domain::line::Severity;
use crate::domain::plan::{Output, StepKind};
use crate::exec::{Cancel, Executor, Found, Job};
use crate::forms::cloudformation::{CfnInput, Import};
use crate::text::counted::counted;
use crate::text::safe::Safe;

/// Makes change sets.
pub(super) struct MakeChangeSet(pub(super) Arc<Clients>);

#[derive(Deserialize)]
struct Params {
    input: CfnInput,
    #[serde(default)]
    counts: BTreeMap<String, String>,
    /// What a new stack takes; without them the stack is there.
    #[serde(default)]
    imports: Vec<Import>,
}

impl Executor for MakeChangeSet {
    fn kind(&self) -> StepKind {
        "cloudformation.change-set".into()
    }

    fn check(&self, params: &Value) -> Result<(), String> {
        super::check_input(params)
    }

    fn run(&self, job: Job) -> BoxFuture<'_, Result<Output, Failure>> {
        async move { run(&self.0, &job).await }.boxed()
    }

    /// A change set changes nothing and is made under a name and a token of its own: running again
    /// attaches to it.
    fn find(&self, job: Job) -> BoxFuture<'_, Found> {
        let begun = job.notes.contains_key("intent");
        async move {
            if begun {
                Found::StillRunning
            } else {
                Found::NeverStarted
            }
        }
        .boxed()
    }

    fn cancel(&self) -> Cancel {
        Cancel::Full
    }
}

/// A change set that nobody can execute. It is noted before it is deleted: after a restart it would
/// be made a second time.
#[derive(Serialize, Deserialize)]
struct Useless {
    arn: String,
    /// Nothing would change.
    empty: bool,
    status: String,
    reason: Safe,
}

async fn run(clients: &Clients, job: &Job) -> Result<Output, Failure> {
    let params: Params = super::params(job)?;
    let cloud = super::cloud(clients, job).await?;
    let (stack, given) = if params.imports.is_empty() {
        let stack = there(&cloud, &params.input.stack_name).await?;
        let given = super::given(job, &cloud, &params.input, &params.counts, Some(&stack)).await?;
        (stack, given)
    } else {
        let given = imported(job, &cloud, &params).await?;
        (CfnStack::default(), given)
    };
    let name = step_name(&job.store, job.no.0, job.step.as_str(), job.attempt);
    let useless: Useless = if let Some(useless) = super::noted(job, "useless")? {
        useless
    } else {
        let set = made(job, &cloud, &given, &name).await?;
        if set.status == "CREATE_COMPLETE" {
            let says = match set.rows.len() {
                rows if !params.imports.is_empty() => {
                    format!("{} would be taken, as they are", counted(rows, "resource"))
                }
                0 => "no resource would change, only outputs or tags".to_owned(),
                1 => "1 resource would change".to_owned(),
                rows => format!("{rows} resources would change"),
            };
            job.port
                .out(Severity::Info, &given.stack_name, Safe::new(&says));
            return Ok(told(&set, &given, &stack, false));
        }
        let useless = Useless {
            empty: set.is_empty(),
            arn: set.id,
            status: set.status,
            reason: set.reason,
        };
        job.port.note("useless", json!(useless)).await?;
        useless
    };
    cloud
        .delete_change_set(&given.stack_name, &useless.arn)
        .await
        .map_err(Trouble::held_open)?;
    if useless.empty {
        job.port.out(
            Severity::Info,
            &given.stack_name,
            Safe::new("nothing would change"),
        );
        return Ok(told(&ChangeSet::default(), &given, &stack, true));
    }
    Err(Failure::new(format!(
        "{}: no change set can be made: {}",
        given.stack_name, useless.reason
    ))
    .detail(format!("change set {name} is {}", useless.status))
    .hint("fix the template or the parameters and deploy again"))
}

/// What a new stack of these resources alone is made of.
async fn imported(job: &Job, cloud: &Cloud, params: &Params) -> Result<Given, Failure> {
    let input = &params.input;
    if !job.notes.contains_key("intent") {
        make_room(job, cloud, &input.stack_name).await?;
    }
    let bundle = job.port.bundle(input.template.bundle).await?;
    let place = job.place.as_ref();
    Given::importing(input, &bundle, &params.imports, place, &cloud.region)
}

/// Makes it, or attaches to the one that was made, and waits until it is worked out.
async fn made(job: &Job, cloud: &Cloud, given: &Given, name: &str) -> Result<ChangeSet, Failure> {
    let token = job.token(1);
    if !job.notes.contains_key("intent") {
        super::bring(job, cloud, given).await?;
        job.port
            .note(
                "intent",
                json!({ "action": "CreateChangeSet", "name": name, "token": token }),
            )
            .await?;
    }
    let arn = make(job, cloud, given, name, &token).await?;
    described(job, cloud, &given.stack_name, &arn).await
}

/// Makes it; an answer that got lost is looked for under the name.
async fn make(
    job: &Job,
    cloud: &Cloud,
    given: &Given,
    name: &str,
    token: &str,
) -> Result<String, Failure> {
    match cloud.make_change_set(given, name, token).await {
        Ok(arn) => Ok(arn),
        Err(trouble) if trouble.says("No updates are to be performed") => Ok(name.to_owned()),
        Err(trouble) if trouble.is_unsure() => {
            job.port.sleep(Duration::from_secs(1)).await;
            match cloud
                .change_set(&given.stack_name, name)
                .await
                .map_err(Trouble::held_open)?
            {
                Some(found) => Ok(found.id),
                None => Err(trouble.held_open()),
            }
        }
        Err(trouble) => Err(given.told(super::outcome::refused(trouble, &given.stack_name))),
    }
}

async fn described(job: &Job, cloud: &Cloud, stack: &str, arn: &str) -> Result<ChangeSet, Failure> {
    let mut waited = Duration::ZERO;
    loop {
        let Some(set) = cloud
            .change_set(stack, arn)
            .await
            .map_err(Trouble::held_open)?
        else {
            return Err(Failure::new(format!(
                "the change set of {stack} is gone: the stack was changed while it was made"
            ))
            .hint("deploy again: a new one is made"));
        };
        if !set.is_busy() {
            return Ok(set);
        }
        if job.port.is_cancelled() {
            cloud
                .delete_change_set(stack, arn)
                .await
                .map_err(Trouble::held_open)?;
            return Err(Failure::new(format!(
                "cancelled; the change set of {stack} was deleted, nothing was changed"
            )));
        }
        let pause = super::pause(cloud, waited);
        futures_util::future::select(job.port.sleep(pause), job.port.cancelled()).await;
        waited += pause;
    }
}

fn told(set: &ChangeSet, given: &Given, of: &CfnStack, empty: bool) -> Output {
    Output {
        changed_at: of.changed_at,
        ..Output::public(json!({
            "arn": set.id,
            "name": set.name,
            "empty": empty,
            "rows": set.rows,
            "template_digest": given.digest,
            "parameters": given.values,
            "as_seen": super::seen(of),
        }))
    }
}
