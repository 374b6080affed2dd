//! The looks that a planner asks for: a CloudFormation stack as it is, and what an update would
//! change.

use std::collections::BTreeMap;
use std::time::Duration;

use super::contents;
use crate::aws::Cloud;
use crate::aws::cfn::changes::{preview_name, preview_prefix};
use crate::aws::cfn::input::Given;
use crate::domain::failure::Failure;
use crate::domain::look::Standing;
use crate::domain::place::Place;
use crate::domain::request::SourceBundle;
use crate::forms::cloudformation::{CfnInput, ChangeFacts, SHELL, StackFacts, standing};
use crate::os::clock::SharedClock;
use crate::text::safe::Safe;

/// How long a change set may take to be worked out before its rows count as unknown.
const LONGEST: Duration = Duration::from_secs(45);

/// The CloudFormation stack as it is; `MISSING` when there is none. Its resources are listed where
/// `with_resources` asks for them, and its template is read.
///
/// # Errors
/// When AWS could not be asked.
pub async fn stack(cloud: &Cloud, name: &str, with_resources: bool) -> Result<StackFacts, Failure> {
    let Some(found) = cloud.stack(name).await? else {
        return Ok(StackFacts::missing());
    };
    let template = if with_resources && standing(&found.status) != Standing::Missing {
        contents::template(cloud, name).await?
    } else {
        None
    };
    let resources = if with_resources {
        contents::resources(cloud, name, template.as_ref()).await?
    } else {
        Vec::new()
    };
    let change_sets = if found.status == SHELL {
        let sets = cloud.change_sets(name).await?;
        let names = sets.iter().map(|(_, name)| Safe::new(name).to_string());
        Some(names.collect())
    } else {
        None
    };
    Ok(StackFacts {
        status: found.status,
        reason: found.reason,
        parameters: told(&found.parameters),
        tags: told(&found.tags),
        outputs: told(&found.outputs),
        resources,
        // One that may not be read fixes nothing.
        fixed: with_resources.then(|| {
            template
                .map(|template| template.fixed())
                .unwrap_or_default()
        }),
        change_sets,
        protected: found.protected,
        changed_at: found.changed_at,
    })
}

/// Values as they may be kept: what is a secret by its name or its form is none of them.
pub(super) fn told(values: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    values
        .iter()
        .map(|(name, value)| (name.clone(), Safe::told_of(name, value).into_string()))
        .collect()
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
    place: &Place,
) -> Result<ChangeFacts, Failure> {
    let stack = &input.stack_name;
    let now = cloud.stack(stack).await?;
    let given = Given::new(
        input,
        bundle,
        &BTreeMap::new(),
        now.as_ref(),
        Some(place),
        &cloud.region,
    )?;
    let name = preview_name(store, hint, stack);
    for (left_over, _) in cloud.change_sets(stack).await? {
        if left_over.starts_with(&preview_prefix(store)) && left_over != name {
            cloud.delete_change_set(stack, &left_over).await?;
        }
    }
    cloud.bring(&given).await?;
    let made = match cloud.make_change_set(&given, &name, &name).await {
        Ok(made) => made,
        // Some clouds say so here already.
        Err(trouble) if trouble.says("No updates are to be performed") => {
            return Ok(ChangeFacts::Nothing);
        }
        Err(trouble) if given.is_unread(&trouble) => return Err(given.told(trouble.into())),
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
