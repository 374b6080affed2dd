//! The plans of a service that make its stack: where there is none, and where what stands under the
//! name is only what a change set left.

use super::body::Body;
use super::databases::{self, Chains, up};
use super::plan::{STORE_TAG, first_touch, ours};
use super::{retained, steps, weight};
use crate::domain::failure::Failure;
use crate::domain::look::Sights;
use crate::domain::plan::{ChangeRow, Does, Plan, Step};
use crate::forms::cloudformation::{SHELL, StackFacts, change_set_prefix};
use crate::systems::PlanAsk;
use crate::text::counted::counted;

/// Makes a stack that is not there, after other steps.
pub(super) fn create(
    ask: &PlanAsk,
    body: &Body,
    after: &[&str],
) -> Result<(Vec<Step>, Vec<ChangeRow>), Failure> {
    let kept = body.kept();
    if let Some(secret) = kept.first() {
        let (stack, template) = (&ask.stack, &body.input.template.path);
        return Err(Failure::new(format!(
            "{stack} does not exist yet, and its secret parameter {secret} has no value"
        ))
        .detail(format!(
            "{template} declares {} without a default",
            kept.join(", ")
        ))
        .hint(format!(
            "give {secret} in the estate file as {{{{resolve:secretsmanager:…}}}}"
        )));
    }
    let mut input = ours(ask, &body.input, None);
    if !body.databases().is_empty() {
        // No task runs before its databases are there.
        input.parameters.extend(body.lowest());
    }
    let rows = body
        .resources
        .iter()
        .map(|(logical, kind)| ChangeRow::new(logical, kind, Does::Add))
        .collect();
    let mut all = vec![steps::create(&input, after)];
    let chains = Chains {
        alone: true,
        ..Chains::after(ask, body, "create")
    };
    let (migrated, mut ends) = chains.migrated();
    all.extend(migrated);
    if body.databases().is_empty() {
        ends = vec!["create".to_owned()];
    } else {
        ends = up(body, &mut all, ends);
    }
    let ends: Vec<&str> = ends.iter().map(String::as_str).collect();
    all.push(steps::verify(
        "verify",
        &input.stack_name,
        &body.counts,
        &ends,
    ));
    Ok((all, rows))
}

/// What stands under the name though there is no stack: goes first where it is ours, and is
/// somebody else's to decide about where it is not.
pub(super) fn shell(
    ask: &PlanAsk,
    name: &str,
    stack: &StackFacts,
) -> Result<Option<String>, Failure> {
    if !stack.is_shell() {
        return Ok(None);
    }
    let prefix = change_set_prefix(&ask.store);
    let sets = stack.change_sets.as_deref().unwrap_or_default();
    let ours = stack.tags.get(STORE_TAG) == Some(&ask.store)
        || (!sets.is_empty() && sets.iter().all(|set| set.starts_with(&prefix)));
    if ours {
        let says =
            format!("{name} is {SHELL}, left by a change set of this store: that goes first.");
        return Ok(Some(says));
    }
    let (which, execute) = match sets {
        [only] => (
            format!(" ({only})"),
            format!(
                "aws cloudformation execute-change-set --stack-name {name} --change-set-name {only}"
            ),
        ),
        _ => (
            String::new(),
            format!("aws cloudformation list-change-sets --stack-name {name}"),
        ),
    };
    Err(Failure::new(format!(
        "{name} is {SHELL}: somebody else made a change set that would create it{which}, and nobody executed that"
    ))
    .detail(if sets.len() > 1 {
        format!("change sets: {}", sets.join(", "))
    } else {
        String::new()
    })
    .hint(format!(
        "execute it ({execute}), or take it away (aws cloudformation delete-stack --stack-name {name}); then deploy again"
    )))
}

/// A whole plan that makes the stack.
pub(super) fn new_stack(
    ask: &PlanAsk,
    body: &Body,
    stack: &StackFacts,
    seen: &Sights,
) -> Result<Plan, Failure> {
    retained::free(ask, body, stack, seen)?;
    let needs = databases::needs(ask, (body, None), seen, true)?;
    let left = shell(ask, &body.input.stack_name, stack)?;
    let (mut all, rows) = create(ask, body, &[])?;
    if let Some(create) = all.first_mut() {
        create.hold = first_touch(ask, true);
    }
    Ok(Plan {
        name: "create".to_owned(),
        steps: all,
        says: made(body, rows.len())
            .into_iter()
            .chain(needs.says)
            .chain(left)
            .collect(),
        changes: [weight::weighed(steps::about(&body.input.stack_name), rows)]
            .into_iter()
            .chain(needs.changes)
            .collect(),
        ..Plan::default()
    })
}

/// A plan that makes the stack with no task, and none of its databases.
pub(super) fn bare(
    ask: &PlanAsk,
    body: &Body,
    stack: &StackFacts,
    seen: &Sights,
) -> Result<Plan, Failure> {
    let mut bare = body.clone();
    bare.counts = body.lowest();
    bare.input.parameters.extend(body.lowest());
    if let Some(o5) = &mut bare.o5 {
        o5.databases.clear();
    }
    let mut plan = new_stack(ask, &bare, stack, seen)?;
    plan.says
        .push("No task of it runs after that, and its databases are not made yet.".to_owned());
    Ok(plan)
}

/// What is made, and what of it is known only at AWS.
fn made(body: &Body, resources: usize) -> Vec<String> {
    let mut says = vec![format!(
        "Makes the CloudFormation stack {}, with {}; a creation that fails is rolled back.",
        body.input.stack_name,
        counted(resources, "resource")
    )];
    if !body.open.is_empty() {
        let open: Vec<&str> = body.open.iter().map(String::as_str).collect();
        says.push(format!(
            "Whether {} is among them depends on conditions that only AWS can tell.",
            open.join(", ")
        ));
    }
    says
}
