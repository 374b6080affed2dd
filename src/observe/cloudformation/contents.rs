//! What a CloudFormation stack holds: its resources, those of the stacks within it, and what its
//! own template says of them.

use aws_sdk_cloudformation::types::TemplateStage;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use crate::aws::{Cloud, Trouble, TroubleKind};
use crate::domain::failure::Failure;
use crate::domain::plan::Fate;
use crate::forms::cloudformation::template::{self, Template};
use crate::forms::cloudformation::{NESTED, Resource};

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
        for (found, physical) in cloud.resources(&stack).await? {
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
