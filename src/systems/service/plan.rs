//! The plans of a service that bring a release into service: made new, or updated with or without
//! downtime.

use serde_json::json;

use super::body::{Body, is_count};
use super::downtime::downtime;
use super::steps::{self, Counts};
use super::{join, weight};
use crate::domain::class::EnvClass;
use crate::domain::failure::Failure;
use crate::domain::hold::HoldKind;
use crate::domain::look::Sights;
use crate::domain::plan::{ChangeRow, Does, Fate, HoldRule, Plan, Step};
use crate::forms::cloudformation::template::Fixed;
use crate::forms::cloudformation::{
    self, CHANGES, COUNT, CfnInput, SHELL, StackFacts, change_set_prefix, facts,
};
use crate::systems::PlanAsk;
use crate::text::counted::counted;

/// The tag that says which store a stack belongs to.
pub(super) const STORE_TAG: &str = "holdpoint:store";
/// The tag that says which stack of that store it is.
pub(super) const STACK_TAG: &str = "holdpoint:stack";

/// An input with our tags on it, and without those that only the release before it names.
pub(super) fn ours(ask: &PlanAsk, input: &CfnInput, before: Option<&Body>) -> CfnInput {
    let mut input = input.clone();
    if let Some(before) = before.filter(|before| before.input.stack_name == input.stack_name) {
        let named = before.input.tags.keys();
        input.untag = named
            .filter(|tag| !input.tags.contains_key(*tag))
            .cloned()
            .collect();
    }
    input.tags.insert(STORE_TAG.to_owned(), ask.store.clone());
    input
        .tags
        .insert(STACK_TAG.to_owned(), ask.stack.to_string());
    input
}

/// Refuses a stack of somebody else; tells whether this store touches it for the first time.
pub(super) fn touch(ask: &PlanAsk, name: &str, stack: &StackFacts) -> Result<bool, Failure> {
    match (stack.tags.get(STORE_TAG), stack.tags.get(STACK_TAG)) {
        (Some(store), owner) if *store != ask.store => {
            let owner = owner.map_or_else(|| "another stack".to_owned(), Clone::clone);
            Err(Failure::new(format!(
                "the CloudFormation stack {name} belongs to the store {store}, as {owner}"
            ))
            .detail(format!("this store is {}", ask.store))
            .hint(format!(
                "deploy it from that store, or give {} another stack_name",
                ask.stack
            )))
        }
        (Some(_), Some(owner)) if *owner != ask.stack.to_string() => Err(Failure::new(format!(
            "the CloudFormation stack {name} is {owner} of this store"
        ))
        .hint(format!("give {} another stack_name", ask.stack))),
        (Some(_), _) => Ok(false),
        (None, _) => Ok(true),
    }
}

/// The hold for what is touched first in an environment where that matters.
pub(super) fn first_touch(ask: &PlanAsk, first: bool) -> Option<HoldRule> {
    let protected = matches!(ask.env.class, EnvClass::Production | EnvClass::Staging);
    (first && protected).then(|| HoldRule::always(HoldKind::FirstTouch))
}

/// What runs now, as far as the deployed stack counts it.
pub(super) struct Running {
    /// What can be brought to 0.
    pub(super) counts: Counts,
    /// Why what runs besides cannot be; `None` where nothing does.
    pub(super) steady: Option<String>,
}

/// What runs now, by the counts of the deployed stack: by its own template where that was read, else
/// by the release that serves.
pub(super) fn running(stack: &StackFacts, serving: Option<&Body>, name: &str) -> Running {
    let serving = serving.filter(|serving| serving.input.stack_name == name);
    let fixed = |count: &String| match (&stack.fixed, serving) {
        (Some(read), _) => read.get(count).cloned(),
        (None, Some(serving)) if !serving.counts.contains_key(count) => Some(Fixed::NoCount),
        (None, Some(serving)) => serving.fixed.get(count).cloned().map(Fixed::Refuses),
        (None, None) => None,
    };
    let (mut counts, mut steady) = (Counts::new(), Vec::new());
    let named = stack.parameters.iter();
    for (name, count) in named.filter(|(name, count)| name.starts_with(COUNT) && is_count(count)) {
        match fixed(name) {
            None => drop(counts.insert(name.clone(), count.clone())),
            Some(Fixed::Refuses(must)) if count != "0" => steady.push(format!("{name} {must}")),
            Some(Fixed::Refuses(_) | Fixed::NoCount) => {}
        }
    }
    Running {
        counts,
        steady: (!steady.is_empty()).then(|| steady.join(", ")),
    }
}

/// Whether it is open what can be brought to 0, because nobody read the template of the stack and no
/// release says it; or whose the change set is that is all there is of it.
pub(super) fn is_open(stack: &StackFacts, serving: Option<&Body>, name: &str) -> bool {
    let known = serving.is_some_and(|serving| serving.input.stack_name == name);
    let counts = || stack.parameters.keys().any(|name| name.starts_with(COUNT));
    (stack.fixed.is_none() && !known && counts())
        || (stack.is_shell() && stack.change_sets.is_none())
}

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
    let input = ours(ask, &body.input, None);
    let rows = body
        .resources
        .iter()
        .map(|(logical, kind)| ChangeRow {
            logical: logical.clone(),
            kind: kind.clone(),
            does: Does::Add,
            fate: Fate::Goes,
            scope: Vec::new(),
            properties: Vec::new(),
        })
        .collect();
    let create = steps::create(&input, after);
    Ok((
        vec![
            create,
            steps::verify("verify", &input.stack_name, &body.counts, &["create"]),
        ],
        rows,
    ))
}

/// What stands under the name though there is no stack: goes first where it is ours, and is
/// somebody else's to decide about where it is not.
fn shell(ask: &PlanAsk, name: &str, stack: &StackFacts) -> Result<Option<String>, Failure> {
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
pub(super) fn new_stack(ask: &PlanAsk, body: &Body, stack: &StackFacts) -> Result<Plan, Failure> {
    let left = shell(ask, &body.input.stack_name, stack)?;
    let (mut all, rows) = create(ask, body, &[])?;
    if let Some(create) = all.first_mut() {
        create.hold = first_touch(ask, true);
    }
    Ok(Plan {
        name: "create".to_owned(),
        steps: all,
        says: made(body, rows.len()).into_iter().chain(left).collect(),
        changes: vec![weight::weighed(steps::about(&body.input.stack_name), rows)],
        ..Plan::default()
    })
}

/// What is made, and what of it is known only at AWS.
pub(super) fn made(body: &Body, resources: usize) -> Vec<String> {
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

/// A plan that updates what is there.
pub(super) fn update(
    ask: &PlanAsk,
    body: &Body,
    serving: Option<&Body>,
    stack: &StackFacts,
    seen: &Sights,
) -> Result<Plan, Failure> {
    let name = body.input.stack_name.as_str();
    let first = touch(ask, name, stack)?;
    let input = ours(ask, &body.input, serving);
    let Running {
        counts: running,
        steady,
    } = running(stack, serving, name);
    let mut empty = false;
    let (rows, unknown) = match seen.of_kind(CHANGES).map(facts).transpose()? {
        Some(cloudformation::ChangeFacts::Rows { rows }) => (Some(rows), None),
        Some(cloudformation::ChangeFacts::Nothing) => {
            empty = true;
            (Some(Vec::new()), None)
        }
        Some(cloudformation::ChangeFacts::Unknown { why }) => (None, Some(why)),
        None if stack.standing().is_busy() => (None, Some(format!("{name} is {}", stack.status))),
        None => (None, None),
    };
    let expected = rows
        .as_ref()
        .map(|rows| join::branch(rows, empty, body.downtime, &running, steady.as_deref()));
    let branch = expected.as_ref().map(|(branch, _)| (*branch).to_owned());
    let mut all = vec![
        steps::change_set("change-set", &input, None, &[]),
        joined(ask, body, &running, steady.as_deref()),
    ];
    all.extend(straight(name, body, first_touch(ask, first)));
    if !running.is_empty() {
        all.extend(downtime(ask, body, serving, &input, &running));
    }
    let mut danger = weight::danger(rows.as_deref());
    danger.downtime = branch.as_deref() == Some(join::DOWNTIME);
    let mut says = Vec::new();
    if let Some((_, why)) = &expected {
        let rows = rows.as_deref().unwrap_or_default();
        let sentence = sentence(branch.as_deref(), why, rows);
        says.push(format!("Expected: {sentence}."));
    }
    if let Some(why) = unknown {
        says.push(format!(
            "What changes cannot be known now: {}.",
            why.trim_end_matches('.')
        ));
    }
    if first {
        says.push(format!(
            "{name} exists, and what serves there was not brought from here."
        ));
    }
    says.extend(tags(&input, stack, first));
    says.extend(weight::says(rows.as_deref().unwrap_or_default()));
    let changes = rows
        .map(|rows| weight::weighed(steps::about(name), rows))
        .into_iter()
        .collect();
    Ok(Plan {
        name: "update".to_owned(),
        steps: all,
        changes,
        danger,
        says,
        branch,
        ..Plan::default()
    })
}

/// What becomes of the tags that the estate does not name.
fn tags(input: &CfnInput, stack: &StackFacts, first: bool) -> impl Iterator<Item = String> {
    let others = stack.tags.keys().filter(|tag| {
        !input.tags.contains_key(*tag) && !tag.starts_with("aws:") && *tag != STORE_TAG
    });
    let (gone, kept): (Vec<&str>, Vec<&str>) = others
        .map(String::as_str)
        .partition(|tag| input.untag.contains(*tag));
    let gone = (!gone.is_empty()).then(|| {
        format!(
            "Tags that the estate does not name any more go: {}.",
            gone.join(", ")
        )
    });
    let kept = (first && !kept.is_empty()).then(|| {
        format!(
            "Tags of the stack that the estate does not name stay: {}.",
            kept.join(", ")
        )
    });
    gone.into_iter().chain(kept)
}

fn sentence(branch: Option<&str>, why: &str, rows: &[ChangeRow]) -> String {
    let ends = weight::ending(rows).next().is_some();
    let replaces = weight::stopping(rows).next().is_some();
    match branch {
        Some(join::NOP) => "nothing is done, because nothing would change".to_owned(),
        Some(join::DOWNTIME) => format!(
            "the service stands still while it changes, because it {}",
            why.trim_start_matches("it ")
        ),
        Some(_) | None if ends => format!("an update that ends what serves ({why})"),
        Some(_) | None if replaces => format!("an update that replaces what serves ({why})"),
        Some(_) | None => format!("an update without downtime ({why})"),
    }
}

/// Chooses the branch.
fn joined(ask: &PlanAsk, body: &Body, running: &Counts, steady: Option<&str>) -> Step {
    let name = body.input.stack_name.as_str();
    let seen = ask
        .seen
        .as_ref()
        .and_then(|seen| seen.rows(&steps::about(name)));
    let params = json!({
        "changes": steps::from("change-set", ""),
        "seen_rows": seen,
        "policy": body.downtime,
        "counts": running,
        "steady": steady,
    });
    steps::weigh(
        "join",
        "choose the way",
        join::JOIN,
        name,
        params,
        &["change-set"],
    )
}

/// The change set is executed as it is. What was not on the card asks again.
fn straight(name: &str, body: &Body, first: Option<HoldRule>) -> [Step; 2] {
    let hold = first.unwrap_or_else(|| {
        HoldRule::when(
            HoldKind::ReviewPlan,
            "join",
            "/changes/more_dangerous",
            true,
        )
    });
    [
        steps::execute("execute", name, "change-set", &["join"])
            .only("join", join::UPDATE)
            .hold(Some(hold)),
        steps::verify("verify", name, &body.counts, &["execute"]),
    ]
}
