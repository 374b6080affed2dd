//! Single steps of a service's plans, each in one place, so that every plan speaks of the same thing in the same form.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::domain::hold::HoldKind;
use crate::domain::plan::{Choice, HoldRule, Leaves, Step, pure};
use crate::forms::cloudformation::CfnInput;

/// Counts of tasks by parameter name.
pub(super) type Counts = BTreeMap<String, String>;

/// A step after others.
pub(super) fn step(id: &str, title: impl Into<String>, kind: &str, params: Value, after: &[&str]) -> Step {
    Step::new(id, title, kind, params).after(after)
}

/// The output of an earlier step.
pub(super) fn from(step: &str, pointer: &str) -> Value {
    json!({ "from": step, "output": pointer })
}

/// Makes the stack.
pub(super) fn create(input: &CfnInput, after: &[&str]) -> Step {
    let title = format!("create {}", input.stack_name);
    // A creation that fails is rolled back: nothing half-made is left to pay for.
    step("create", title, "cloudformation.create", json!({ "input": input, "on_failure_keep": false }), after).leaving(Leaves::New)
}

/// Looks whether it is complete, with these counts.
pub(super) fn verify(id: &str, stack_name: &str, counts: &Counts, after: &[&str]) -> Step {
    let params = json!({ "stack_name": stack_name, "expect": "complete", "counts": counts });
    step(id, format!("verify {stack_name}"), "cloudformation.verify", params, after).tries(3)
}

/// Looks whether it is gone.
pub(super) fn verify_gone(stack_name: &str, after: &[&str]) -> Step {
    let params = json!({ "stack_name": stack_name, "expect": "missing" });
    step("verify-gone", format!("verify that {stack_name} is gone"), "cloudformation.verify", params, after).tries(3)
}

/// Works out what would change; `counts` stand over those of the input.
pub(super) fn change_set(id: &str, input: &CfnInput, counts: Option<&Counts>, after: &[&str]) -> Step {
    let mut params = json!({ "input": input, "name_hint": id });
    if let Some(counts) = counts {
        params["counts"] = json!(counts);
    }
    step(id, "work out the changes", "cloudformation.change-set", params, after).tries(3)
}

/// Executes the change set of an earlier step and nothing else.
pub(super) fn execute(id: &str, stack_name: &str, made_by: &str, after: &[&str]) -> Step {
    let params = json!({
        "stack_name": stack_name,
        "change_set": from(made_by, "/arn"),
        "rows": from(made_by, "/rows"),
        "template_digest": from(made_by, "/template_digest"),
        "parameters": from(made_by, "/parameters"),
    });
    step(id, format!("update {stack_name}"), "cloudformation.execute", params, after).leaving(Leaves::New)
}

/// Brings the counts to these values and changes nothing else.
pub(super) fn scale(id: &str, title: String, stack_name: &str, counts: &Counts, after: &[&str]) -> Step {
    let params = json!({ "stack_name": stack_name, "counts": counts, "previous_template": true });
    step(id, title, "cloudformation.scale", params, after).scaling()
}

/// Deletes the stack, leaving some resources behind.
pub(super) fn delete(stack_name: &str, retain: &[String], after: &[&str]) -> Step {
    step("delete", format!("delete {stack_name}"), "cloudformation.delete", json!({ "stack_name": stack_name, "retain": retain }), after)
        .leaving(Leaves::Nothing)
}

/// The decision at a bad end of a plan that scaled down. It never expires: nobody is served until it is taken.
pub(super) fn restore(choices: &[(&str, String)]) -> Step {
    let choices = choices.iter().map(|(name, does)| Choice { name: (*name).to_owned(), does: does.clone() }).collect();
    let hold = HoldRule { choices, never_expires: true, ..HoldRule::always(HoldKind::RestoreService) };
    step("restore", "restore the service", pure::DECISION, json!({}), &["scale-down"]).hold(Some(hold)).at_bad_end()
}

/// Looks at a bad end whether the stack is there and takes an update; where it is not, nothing that comes after it is offered.
pub(super) fn still_there(stack_name: &str) -> Step {
    let params = json!({ "stack_name": stack_name, "expect": "usable" });
    let title = format!("see whether {stack_name} can come back");
    step("still-there", title, "cloudformation.verify", params, &["scale-down"]).tries(3).at_bad_end()
}

/// Every count at zero.
pub(super) fn zero(counts: &Counts) -> Counts {
    counts.keys().map(|name| (name.clone(), "0".to_owned())).collect()
}

/// `4 to 0` or, of several, `DesiredCountWeb 4 to 0, …`.
pub(super) fn told(from: &Counts, to: &Counts) -> String {
    let one = from.len() == 1;
    let each = from.iter().map(|(name, count)| {
        let target = to.get(name).map_or("?", String::as_str);
        if one { format!("{count} to {target}") } else { format!("{name} {count} to {target}") }
    });
    each.collect::<Vec<_>>().join(", ")
}
