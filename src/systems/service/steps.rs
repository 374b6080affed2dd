//! Single steps of a service's plans, each in one place, so that every plan speaks of the same
//! thing in the same form.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::domain::hold::{Choice, HoldKind};
use crate::domain::look::Subject;
use crate::domain::place::Place;
use crate::domain::plan::{Counts as Tasks, HoldRule, Leaves, Role, Step, StepKind, Task};
use crate::forms::cloudformation::{self, CfnInput, Import};
use crate::text::quote;

/// Counts of tasks by parameter name, as the template takes them.
pub(super) type Counts = BTreeMap<String, String>;

/// What steps on a CloudFormation stack are about.
pub(super) fn about(stack_name: &str) -> Subject {
    cloudformation::stack(stack_name)
}

/// The output of an earlier step.
pub(super) fn from(step: &str, pointer: &str) -> Value {
    json!({ "from": step, "output": pointer })
}

/// Makes the stack.
pub(super) fn create(input: &CfnInput, after: &[&str]) -> Step {
    let name = &input.stack_name;
    // A creation that fails is rolled back: nothing half-made is left to pay for.
    let params = json!({ "input": input, "on_failure_keep": false });
    let step = Step::new(
        Role::Change,
        "create",
        format!("create {name}"),
        "cloudformation.create",
        params,
    )
    .about(about(name));
    step.after(after).leaving(Leaves::New).undo(ROLLS_BACK)
}

/// What CloudFormation does about a change that fails.
const ROLLS_BACK: &str = "CloudFormation rolls a failed change back";

/// Looks whether it is complete, with these counts.
pub(super) fn verify(id: &str, stack_name: &str, counts: &Counts, after: &[&str]) -> Step {
    let params = json!({ "stack_name": stack_name, "expect": "complete", "counts": counts });
    looks_at(
        id,
        format!("verify {stack_name}"),
        stack_name,
        params,
        after,
    )
}

/// Finds out what the outputs of a stack are that takes an update.
pub(super) fn outputs(id: &str, stack_name: &str, after: &[&str]) -> Step {
    let params = json!({ "stack_name": stack_name, "expect": "usable" });
    let title = format!("read the outputs of {stack_name}");
    looks_at(id, title, stack_name, params, after)
}

/// Looks whether it is gone.
pub(super) fn verify_gone(stack_name: &str, after: &[&str]) -> Step {
    let params = json!({ "stack_name": stack_name, "expect": "missing" });
    looks_at(
        "verify-gone",
        format!("verify that {stack_name} is gone"),
        stack_name,
        params,
        after,
    )
}

/// Looks whether it stands still.
pub(super) fn verify_quiet(stack_name: &str, after: &[&str]) -> Step {
    let params = json!({ "stack_name": stack_name, "expect": "quiet" });
    looks_at(
        "verify",
        format!("verify {stack_name}"),
        stack_name,
        params,
        after,
    )
}

fn looks_at(id: &str, title: String, stack_name: &str, params: Value, after: &[&str]) -> Step {
    Step::new(Role::Verify, id, title, "cloudformation.verify", params)
        .about(about(stack_name))
        .after(after)
        .tries(3)
}

/// Works out what would change; `counts` stand over those of the input.
pub(super) fn change_set(
    id: &str,
    input: &CfnInput,
    counts: Option<&Counts>,
    after: &[&str],
) -> Step {
    let mut params = json!({ "input": input, "name_hint": id });
    if let Some(counts) = counts {
        params["counts"] = json!(counts);
    }
    let step = Step::new(
        Role::Look,
        id,
        "work out the changes",
        "cloudformation.change-set",
        params,
    );
    step.about(about(&input.stack_name)).after(after).tries(3)
}

/// Weighs or compares what a change set would do: a function of its parameters.
pub(super) fn weigh(
    id: &str,
    title: &str,
    kind: &str,
    stack_name: &str,
    mut params: Value,
    after: &[&str],
) -> Step {
    params["about"] = json!(about(stack_name));
    Step::new(
        Role::Look,
        id,
        title,
        StepKind::Weigh(kind.to_owned()),
        params,
    )
    .about(about(stack_name))
    .after(after)
}

/// Works out how a new stack takes resources that are there.
pub(super) fn imports(id: &str, input: &CfnInput, imports: &[Import]) -> Step {
    let mut step = change_set(id, input, None, &[]);
    step.params["imports"] = json!(imports);
    "work out what is taken".clone_into(&mut step.title);
    step
}

/// Takes them.
pub(super) fn execute_import(id: &str, stack_name: &str, made_by: &str) -> Step {
    let mut step = execute(id, stack_name, made_by, &[made_by]);
    step.title = format!("make {stack_name} of what is there");
    // There was no stack that could be seen.
    if let Some(params) = step.params.as_object_mut() {
        params.remove("as_seen");
    }
    step
}

/// Executes the change set of an earlier step and nothing else.
pub(super) fn execute(id: &str, stack_name: &str, made_by: &str, after: &[&str]) -> Step {
    let params = json!({
        "stack_name": stack_name,
        "change_set": from(made_by, "/arn"),
        "rows": from(made_by, "/rows"),
        "template_digest": from(made_by, "/template_digest"),
        "parameters": from(made_by, "/parameters"),
        "as_seen": from(made_by, "/as_seen"),
    });
    let step = Step::new(
        Role::Change,
        id,
        format!("update {stack_name}"),
        "cloudformation.execute",
        params,
    );
    step.about(about(stack_name))
        .after(after)
        .leaving(Leaves::New)
        .undo(ROLLS_BACK)
}

/// Brings the counts to these values and changes nothing else.
pub(super) fn scale(
    role: Role,
    id: &str,
    title: String,
    stack_name: &str,
    counts: &Counts,
    after: &[&str],
) -> Step {
    let params = json!({ "stack_name": stack_name, "counts": counts, "previous_template": true });
    let step = Step::new(role, id, title, "cloudformation.scale", params);
    step.about(about(stack_name))
        .after(after)
        .to(Tasks::of(counts))
}

/// It acts on the stack as it was seen when this was planned, and on no other: one that somebody
/// changed since is asked about anew.
pub(super) fn as_seen(mut step: Step, seen: Value) -> Step {
    step.params["as_seen"] = seen;
    step
}

/// Deletes the stack, leaving some resources behind.
pub(super) fn delete(stack_name: &str, retain: &[String], after: &[&str]) -> Step {
    let params = json!({ "stack_name": stack_name, "retain": retain });
    let step = Step::new(
        Role::Remove,
        "delete",
        format!("delete {stack_name}"),
        "cloudformation.delete",
        params,
    );
    step.about(about(stack_name))
        .after(after)
        .leaving(Leaves::Nothing)
}

/// Cancels the update that goes on.
pub(super) fn cancel(stack_name: &str) -> Step {
    let params = json!({ "stack_name": stack_name });
    let title = format!("cancel the update of {stack_name}");
    Step::new(
        Role::Change,
        "cancel-update",
        title,
        "cloudformation.cancel",
        params,
    )
    .about(about(stack_name))
    .leaving(Leaves::Old)
    .undo("deploy again what was cancelled")
}

/// Goes on with a rollback that got stuck, leaving out what cannot be rolled back.
pub(super) fn go_on(stack_name: &str, skip: &[String]) -> Step {
    let params = json!({ "stack_name": stack_name, "skip": skip });
    let title = format!("continue the rollback of {stack_name}");
    Step::new(
        Role::Change,
        "continue",
        title,
        "cloudformation.continue",
        params,
    )
    .about(about(stack_name))
    .leaving(Leaves::Old)
}

/// The decision at a bad end of a plan that scaled down. It never expires: nobody is served until
/// it is taken.
pub(super) fn restore(stack_name: &str, choices: &[(&str, String)]) -> Step {
    let choices = choices
        .iter()
        .map(|(name, does)| Choice {
            name: (*name).to_owned(),
            does: does.clone(),
        })
        .collect();
    let hold = HoldRule {
        choices,
        never_expires: true,
        ..HoldRule::always(HoldKind::RestoreService)
    };
    let step = Step::new(
        Role::Decide,
        "restore",
        "restore the service",
        StepKind::Decision,
        json!({}),
    );
    step.about(about(stack_name))
        .after(&["scale-down"])
        .hold(Some(hold))
        .at_bad_end()
}

/// Looks at a bad end whether the stack is there and takes an update; where it is not, nothing that
/// comes after it is offered.
pub(super) fn still_there(stack_name: &str) -> Step {
    let params = json!({ "stack_name": stack_name, "expect": "usable" });
    let title = format!("see whether {stack_name} can come back");
    looks_at("still-there", title, stack_name, params, &["scale-down"]).at_bad_end()
}

/// How to see by hand what goes on with the stack.
pub(super) fn by_hand(stack_name: &str, place: &Place) -> String {
    let option = |name: &str, value: Option<&String>| {
        value.map_or_else(String::new, |value| {
            format!(" --{name} {}", quote::shell(value))
        })
    };
    let (region, profile) = (
        option("region", place.within.is.as_ref()),
        option("profile", place.way.get("profile")),
    );
    format!("aws cloudformation describe-stack-events --stack-name {stack_name}{region}{profile}")
}

/// What the o5 deployer calls the steps of a stack, by their ids.
const AT_O5: [(&str, &str); 12] = [
    ("import-plan", "CF.ImportPlan"),
    ("change-set", "CFPlan"),
    ("join", "EvalJoin"),
    ("create", "CFCreate"),
    ("execute", "CFUpsert"),
    ("execute-beside", "CFUpsert"),
    ("execute-held", "InfraMigrate"),
    ("execute-2", "InfraMigrate"),
    ("version", "VersionMigrate"),
    ("discover", "NOPDiscovery"),
    ("scale-down", "ScaleDown"),
    ("scale-up", "ScaleUp"),
];

/// Gives steps the names that they have at o5, beside those of databases.
pub(super) fn named_as_at_o5(steps: &mut [Step]) {
    for step in steps {
        let name = AT_O5.iter().find(|(id, _)| step.id.as_str() == *id);
        step.tasks.extend(name.map(|(_, name)| Task::step(name)));
    }
}

/// Every count at zero.
pub(super) fn zero(counts: &Counts) -> Counts {
    counts
        .keys()
        .map(|name| (name.clone(), "0".to_owned()))
        .collect()
}

/// `4 to 0` or, of several, `DesiredCountWeb 4 to 0, …`.
pub(super) fn told(from: &Counts, to: &Counts) -> String {
    if from.values().all(|count| count == "0") && from == to {
        return "to 0, where it is".to_owned();
    }
    let one = from.len() == 1;
    let each = from.iter().map(|(name, count)| {
        let target = to.get(name).map_or("?", String::as_str);
        if one {
            format!("{count} to {target}")
        } else {
            format!("{name} {count} to {target}")
        }
    });
    each.collect::<Vec<_>>().join(", ")
}
