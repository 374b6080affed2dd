//! `ecs.register {definition, from, to}`: registers a task definition once more with the images of
//! another version: those whose tag is `from` get the tag `to`. Nothing uses it before it is run. Its
//! output is `{definition}`, the ARN.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::aws::{Cloud, Trouble};
use crate::domain::failure::Failure;
use crate::domain::plan::{Cancel, Output};
use crate::exec::Job;
use crate::exec::again::{Again, begin, say};
use crate::exec::job::noted;
use crate::forms::ecs::{REGISTER, versioned};

/// The note of what was registered.
const REGISTERED: &str = "definition";

/// Registers task definitions.
pub(super) struct Register;

#[derive(Deserialize)]
pub(super) struct Params {
    definition: String,
    from: String,
    to: String,
}

impl Again for Register {
    type Params = Params;
    const KIND: &'static str = REGISTER;
    const NEEDS: &'static [&'static str] = &["definition", "from", "to"];
    const CANCEL: Cancel = Cancel::Full;

    async fn run(job: &Job, cloud: &Arc<Cloud>, params: Params) -> Result<Output, Failure> {
        if let Some(arn) = noted::<String>(job, REGISTERED)? {
            return Ok(Output::public(json!({ "definition": arn })));
        }
        let known = cloud.task_definition(&params.definition).await;
        let known = known.map_err(Trouble::held_open)?;
        let Some(new) = versioned(&known, &params.from, &params.to) else {
            return Err(Failure::new(format!(
                "no image of {} has the version {}",
                params.definition, params.from
            ))
            .hint("deploy with --plans current: its stack is updated before it is migrated"));
        };
        begin(job, json!({ "definition": params.definition })).await?;
        // One that was registered and not noted is another revision that nobody runs.
        let arn = cloud
            .register_task(&new)
            .await
            .map_err(Trouble::held_open)?;
        job.port
            .note(REGISTERED, Value::String(arn.clone()))
            .await?;
        say(
            job,
            "",
            &format!("registered {arn} with the images of {}", params.to),
        );
        Ok(Output::public(json!({ "definition": arn })))
    }
}
