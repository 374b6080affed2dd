//! `cloudformation.update {input, counts, keeps}` and `cloudformation.scale {stack_name, counts}`:
//! change a stack in place. Nothing to change is success.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudformation::types::Parameter;
use serde::Deserialize;
use serde_json::Value;

use super::change::Change;
use super::operation::{Course, Operation};
use crate::aws::cfn::stack::CfnStack;
use crate::aws::{Cloud, Trouble};
use crate::domain::failure::Failure;
use crate::domain::line::Severity;
use crate::domain::plan::{ChangeRow, Does, Output};
use crate::forms::cloudformation::CfnInput;
use crate::text::safe::Safe;

/// Updates stacks to a template.
pub(super) struct Update;
/// Changes counts and nothing else.
pub(super) struct Scale;

#[derive(Deserialize)]
pub(super) struct UpdateParams {
    input: CfnInput,
    #[serde(default)]
    counts: BTreeMap<String, String>,
    #[serde(default)]
    keeps: Option<Keeps>,
}

/// What an update to a template that nobody weighs anew may take away.
#[derive(Deserialize)]
struct Keeps {
    /// The resources that the template makes: these stay.
    resources: BTreeSet<String>,
    /// Change rows of this deployment, and which of them name what may go.
    rows: Vec<ChangeRow>,
    did: Does,
    /// Where more would go: whether the counts alone are changed then, or nothing is.
    counts_alone: bool,
}

impl Keeps {
    /// What would go beyond that: somebody else brought it.
    async fn others(&self, cloud: &Cloud, stack: &CfnStack) -> Result<Vec<String>, Failure> {
        let there = cloud.resources(&stack.id).await;
        let may_go = |logical: &String| {
            let mut rows = self.rows.iter();
            self.resources.contains(logical)
                || rows.any(|row| row.does == self.did && row.logical == *logical)
        };
        Ok(there
            .map_err(Trouble::held_open)?
            .into_iter()
            .map(|(resource, _)| resource)
            .filter(|resource| !resource.is_gone() && !may_go(&resource.logical))
            .map(|resource| format!("{} ({})", resource.logical, resource.kind))
            .collect())
    }
}

#[derive(Deserialize)]
pub(super) struct ScaleParams {
    stack_name: String,
    counts: BTreeMap<String, String>,
}

const UPDATE: Operation = Operation {
    action: "cloudformation:UpdateStack",
    verb: "update",
    good: &["UPDATE_COMPLETE"],
    cancels: true,
};

impl Change for Update {
    type Params = UpdateParams;
    const KIND: &'static str = "cloudformation.update";
    const OPERATION: Operation = UPDATE;

    fn check(params: &Value) -> Result<(), String> {
        super::check_input(params)
    }

    fn stack_name(params: &UpdateParams) -> &str {
        &params.input.stack_name
    }

    async fn run(course: Course<'_>, params: &UpdateParams) -> Result<Output, Failure> {
        let (job, cloud) = (course.job, course.cloud);
        let stack = there(cloud, &params.input.stack_name).await?;
        // They are there before and after: whoever goes on with this attempt decides the same.
        let others = match &params.keeps {
            Some(keeps) => keeps.others(cloud, &stack).await?,
            None => Vec::new(),
        };
        if let Some(keeps) = params.keeps.as_ref().filter(|_| !others.is_empty()) {
            let (name, others) = (&stack.name, others.join(", "));
            if !keeps.counts_alone {
                return Err(Failure::new(format!(
                    "{others} of {name} would be deleted: somebody else added it since this was planned"
                ))
                .hint(format!(
                    "add it to the template, or take it out of {name}; then deploy again"
                ))
                .as_before());
            }
            let says = format!(
                "{others} of {name} would be deleted with the template of the release before: somebody else added it, so the counts alone come back"
            );
            job.port.out(Severity::Warn, name, Safe::new(&says));
            return counts_alone(course, &stack, &params.counts).await;
        }
        let given = super::given(job, cloud, &params.input, &params.counts, Some(&stack)).await?;
        if course.is_fresh() {
            super::bring(job, cloud, &given).await?;
        }
        course
            .run(
                Some(&stack),
                |token| {
                    let call = cloud.cfn.update_stack().stack_name(&given.stack_name);
                    call.set_template_body(given.body())
                        .set_template_url(given.url())
                        .set_parameters(Some(given.parameters.clone()))
                        .set_capabilities(Some(given.capabilities.clone()))
                        .set_tags(Some(given.tags.clone()))
                        .set_role_arn(given.role_arn.clone())
                        .client_request_token(token)
                        .send()
                },
                |updates| updates.stack_id,
            )
            .await
            .map_err(|failure| given.told(failure))
    }
}

impl Change for Scale {
    type Params = ScaleParams;
    const KIND: &'static str = "cloudformation.scale";
    const OPERATION: Operation = UPDATE;

    fn check(params: &Value) -> Result<(), String> {
        super::require(params, &["stack_name", "counts"])
    }

    fn stack_name(params: &ScaleParams) -> &str {
        &params.stack_name
    }

    async fn run(course: Course<'_>, params: &ScaleParams) -> Result<Output, Failure> {
        let cloud = course.cloud;
        let stack = there(cloud, &params.stack_name).await?;
        if course.is_fresh() {
            super::as_seen(course.job, &stack)?;
        }
        counts_alone(course, &stack, &params.counts).await
    }
}

/// Changes counts, and nothing else of what the stack has.
async fn counts_alone(
    course: Course<'_>,
    stack: &CfnStack,
    counts: &BTreeMap<String, String>,
) -> Result<Output, Failure> {
    let cloud = course.cloud;
    let parameters = scaled(stack, counts)?;
    course
        .run(
            Some(stack),
            |token| {
                let call = cloud.cfn.update_stack().stack_name(&stack.name);
                call.use_previous_template(true)
                    .set_parameters(Some(parameters.clone()))
                    .set_capabilities(Some(stack.capabilities.clone()))
                    .client_request_token(token)
                    .send()
            },
            |updates| updates.stack_id,
        )
        .await
}

/// The stack, which must be there.
pub(super) async fn there(cloud: &Cloud, name: &str) -> Result<CfnStack, Failure> {
    cloud
        .stack(name)
        .await
        .map_err(Trouble::held_open)?
        .ok_or_else(|| {
            Failure::new(format!("there is no CloudFormation stack named {name}"))
                .hint("somebody deleted it meanwhile; deploy again to create it")
                .as_before()
        })
}

/// The counts, and all other parameters of the stack as they are: naming their values would resolve
/// them anew.
fn scaled(stack: &CfnStack, counts: &BTreeMap<String, String>) -> Result<Vec<Parameter>, Failure> {
    let unknown: BTreeSet<_> = counts
        .keys()
        .filter(|key| !stack.parameters.contains_key(*key))
        .map(String::as_str)
        .collect();
    if !unknown.is_empty() {
        let list = unknown.into_iter().collect::<Vec<_>>().join(", ");
        return Err(Failure::new(format!(
            "{} has no parameter {list} to scale by",
            stack.name
        ))
        .hint("deploy a template that declares it first, or set downtime: never")
        .as_before());
    }
    Ok(stack
        .parameters
        .keys()
        .map(|key| {
            let parameter = Parameter::builder().parameter_key(key);
            match counts.get(key) {
                Some(count) => parameter.parameter_value(count).build(),
                None => parameter.use_previous_value(true).build(),
            }
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_counts_change() {
        let map = |of: &[(&str, &str)]| {
            of.iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect::<BTreeMap<_, _>>()
        };
        let stack = CfnStack {
            name: "orders".into(),
            parameters: map(&[("DesiredCount", "6"), ("Key", "****"), ("Size", "small")]),
            ..CfnStack::default()
        };
        let parameters = scaled(&stack, &map(&[("DesiredCount", "0")])).unwrap();
        let told: Vec<_> = parameters
            .iter()
            .map(|p| {
                (
                    p.parameter_key(),
                    p.parameter_value(),
                    p.use_previous_value(),
                )
            })
            .collect();
        let kept = |key| (Some(key), None, Some(true));
        assert_eq!(
            told,
            [
                (Some("DesiredCount"), Some("0"), None),
                kept("Key"),
                kept("Size")
            ]
        );
        assert!(
            scaled(&stack, &map(&[("Other", "0")]))
                .unwrap_err()
                .summary
                .contains("Other")
        );
    }
}
