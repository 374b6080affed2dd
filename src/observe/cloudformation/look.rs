//! The looks that a planner asks for: a CloudFormation stack as it is, and what an update would
//! change.

use std::time::Duration;

use crate::aws::Cloud;
use crate::aws::cfn::changes::{preview_name, preview_prefix};
use crate::aws::cfn::input::Given;
use crate::domain::failure::Failure;
use crate::domain::request::SourceBundle;
use crate::forms::cloudformation::{CfnInput, ChangeFacts, Resource, StackFacts};
use crate::os::clock::SharedClock;

/// How long a change set may take to be worked out before its rows count as unknown.
const LONGEST: Duration = Duration::from_secs(45);

/// The CloudFormation stack as it is; `MISSING` when there is none. Its resources are listed where
/// `with_resources` asks for them.
///
/// # Errors
/// When AWS could not be asked.
pub async fn stack(cloud: &Cloud, name: &str, with_resources: bool) -> Result<StackFacts, Failure> {
    let Some(found) = cloud.stack(name).await? else {
        return Ok(StackFacts::missing());
    };
    let resources = if with_resources {
        resources(cloud, name).await?
    } else {
        Vec::new()
    };
    Ok(StackFacts {
        status: found.status,
        reason: found.reason,
        parameters: found.parameters,
        tags: found.tags,
        outputs: found.outputs,
        resources,
        protected: found.protected,
    })
}

/// The resources of a stack.
///
/// # Errors
/// When AWS could not be asked.
pub async fn resources(cloud: &Cloud, name: &str) -> Result<Vec<Resource>, Failure> {
    let mut rows = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let page = cloud
            .call("cloudformation:ListStackResources", name, || {
                cloud
                    .cfn
                    .list_stack_resources()
                    .stack_name(name)
                    .set_next_token(token.clone())
                    .send()
            })
            .await?;
        rows.extend(page.stack_resource_summaries().iter().map(|row| {
            Resource {
                logical: safe(row.logical_resource_id()),
                kind: safe(row.resource_type()),
                status: safe(
                    row.resource_status()
                        .map(aws_sdk_cloudformation::types::ResourceStatus::as_str),
                ),
            }
        }));
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            return Ok(rows);
        }
    }
}

fn safe(text: Option<&str>) -> String {
    crate::text::safe::Safe::new(text.unwrap_or_default()).to_string()
}

/// What an update would change: a change set is made, described and deleted. Left-overs of earlier
/// previews are swept first.
///
/// # Errors
/// When AWS could not be asked; a change set that cannot be made is an answer
/// ([`ChangeFacts::Unknown`]).
pub async fn changes(
    cloud: &Cloud,
    clock: &SharedClock,
    store: &str,
    hint: &str,
    input: &CfnInput,
    bundle: &SourceBundle,
) -> Result<ChangeFacts, Failure> {
    let stack = &input.stack_name;
    let now = cloud.stack(stack).await?;
    let given = Given::new(
        input,
        bundle,
        &std::collections::BTreeMap::new(),
        now.as_ref(),
    )?;
    let name = preview_name(store, hint, stack);
    for (left_over, _) in cloud.change_sets(stack).await? {
        if left_over.starts_with(&preview_prefix(store)) && left_over != name {
            cloud.delete_change_set(stack, &left_over).await?;
        }
    }
    let made = match cloud.make_change_set(&given, &name, &name).await {
        Ok(made) => made,
        // Some clouds say so here already.
        Err(trouble) if trouble.says("No updates are to be performed") => {
            return Ok(ChangeFacts::Nothing);
        }
        Err(trouble)
            if trouble.kind == crate::aws::TroubleKind::Refused
                && !trouble.is("AlreadyExistsException") =>
        {
            return Ok(ChangeFacts::Unknown {
                why: trouble.message.to_string(),
            });
        }
        Err(trouble) if trouble.is("AlreadyExistsException") => name.clone(),
        Err(trouble) => return Err(trouble.into()),
    };
    let described = described(cloud, clock, stack, &made).await;
    // Whatever was seen, nothing is left behind; a left-over is swept by the next preview.
    let _ = cloud.delete_change_set(stack, &made).await;
    described
}

async fn described(
    cloud: &Cloud,
    clock: &SharedClock,
    stack: &str,
    name: &str,
) -> Result<ChangeFacts, Failure> {
    let deadline = clock.now() + LONGEST;
    let mut pause = Duration::from_millis(50);
    loop {
        let Some(set) = cloud.change_set(stack, name).await? else {
            return Ok(ChangeFacts::Unknown {
                why: "the change set was deleted by somebody else".to_owned(),
            });
        };
        if !set.is_busy() {
            return Ok(if set.is_empty() {
                ChangeFacts::Nothing
            } else if set.status == "CREATE_COMPLETE" {
                ChangeFacts::Rows { rows: set.rows }
            } else {
                ChangeFacts::Unknown {
                    why: format!("{}: {}", set.status, set.reason),
                }
            });
        }
        if clock.now() >= deadline {
            return Ok(ChangeFacts::Unknown {
                why: "CloudFormation is still working it out".to_owned(),
            });
        }
        clock.sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(2));
    }
}
