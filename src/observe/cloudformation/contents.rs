//! What a CloudFormation stack holds: its resources, those of the stacks within it, and what its
//! own template says of them.

use aws_sdk_cloudformation::types::{ResourceStatus, TemplateStage};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use crate::aws::{Cloud, Trouble, TroubleKind};
use crate::domain::failure::Failure;
use crate::domain::plan::Fate;
use crate::forms::cloudformation::template::{self, Template};
use crate::forms::cloudformation::{NESTED, Resource};
use crate::text::safe::Safe;

/// How deep stacks within stacks are followed.
const DEEPEST: usize = 6;

/// The template that the stack has, after its macros; `None` where it may not be read, or cannot
/// be.
///
/// # Errors
/// When AWS could not be asked.
pub(super) async fn template(cloud: &Cloud, stack: &str) -> Result<Option<Template>, Trouble> {
    let asked = cloud
        .call("cloudformation:GetTemplate", stack, || {
            cloud
                .cfn
                .get_template()
                .stack_name(stack)
                .template_stage(TemplateStage::Processed)
                .send()
        })
        .await;
    match asked {
        Ok(answer) => Ok(answer
            .template_body()
            .and_then(|body| template::read(stack, body.as_bytes()).0)),
        Err(trouble) if matches!(trouble.kind, TroubleKind::Denied | TroubleKind::Refused) => {
            Ok(None)
        }
        Err(trouble) => Err(trouble),
    }
}

/// The resources of a stack, and those of the stacks within it.
///
/// # Errors
/// When AWS could not be asked.
pub(super) async fn resources(
    cloud: &Cloud,
    stack: &str,
    template: Option<&Template>,
) -> Result<Vec<Resource>, Failure> {
    let mut all = Vec::new();
    below(
        cloud,
        stack.to_owned(),
        template,
        "",
        false,
        DEEPEST,
        &mut all,
    )
    .await?;
    Ok(all)
}

/// Those of one stack, and below them those of the stacks within it: what is in a stack that stays,
/// stays.
fn below<'a>(
    cloud: &'a Cloud,
    stack: String,
    template: Option<&'a Template>,
    before: &'a str,
    stays: bool,
    deep: usize,
    all: &'a mut Vec<Resource>,
) -> BoxFuture<'a, Result<(), Failure>> {
    async move {
        for (found, physical) in rows(cloud, &stack).await? {
            let fate = if stays {
                Some(Fate::Stays)
            } else {
                template.and_then(|template| template.resources.get(&found.logical)?.deleted)
            };
            let nested = found.kind == NESTED && !physical.is_empty() && !found.is_gone();
            let logical = format!("{before}{}", found.logical);
            let inside = format!("{logical}/");
            all.push(Resource {
                logical,
                fate,
                ..found
            });
            if nested && deep > 0 {
                let inner = self::template(cloud, &physical).await?;
                let stays = fate == Some(Fate::Stays);
                below(
                    cloud,
                    physical,
                    inner.as_ref(),
                    &inside,
                    stays,
                    deep - 1,
                    all,
                )
                .await?;
            }
        }
        Ok(())
    }
    .boxed()
}

/// The resources of one stack, each with its physical id.
async fn rows(cloud: &Cloud, stack: &str) -> Result<Vec<(Resource, String)>, Failure> {
    let mut rows = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let page = cloud
            .call("cloudformation:ListStackResources", stack, || {
                cloud
                    .cfn
                    .list_stack_resources()
                    .stack_name(stack)
                    .set_next_token(token.clone())
                    .send()
            })
            .await?;
        // One cloud lists what a condition left out, without a name.
        let named = page
            .stack_resource_summaries()
            .iter()
            .filter(|row| row.logical_resource_id().is_some_and(|id| !id.is_empty()));
        rows.extend(named.map(|row| {
            let found = Resource {
                logical: safe(row.logical_resource_id()),
                kind: safe(row.resource_type()),
                status: safe(row.resource_status().map(ResourceStatus::as_str)),
                fate: None,
            };
            (
                found,
                row.physical_resource_id().unwrap_or_default().to_owned(),
            )
        }));
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            return Ok(rows);
        }
    }
}

fn safe(text: Option<&str>) -> String {
    Safe::new(text.unwrap_or_default()).to_string()
}
