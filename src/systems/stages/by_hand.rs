//! The plan of a stage that a person carries out: it waits for them, for as long as that takes, and keeps
//! what they write.

use serde_json::json;

use super::list::Manual;
use crate::domain::hold::HoldKind;
use crate::domain::plan::{HoldRule, Leaves, Plan, Role, Step, StepKind};
use crate::domain::purpose::Purpose;

/// The plan.
pub(super) fn plan(manual: &Manual, purpose: Purpose) -> Plan {
    let Manual { title, checklist } = manual;
    let (name, title, leaves) = match purpose {
        Purpose::Deploy | Purpose::Recover => ("by hand", title.clone(), Leaves::New),
        Purpose::Teardown => ("take back", format!("take back: {title}"), Leaves::Nothing),
    };
    let hold = HoldRule {
        never_expires: true,
        ..HoldRule::always(HoldKind::Manual)
    };
    let step = Step::new(Role::Decide, "work", title, StepKind::Decision, json!({}));
    let points = checklist.iter().enumerate();
    let mut says: Vec<String> = points
        .map(|(n, point)| format!("({}) {point}.", n + 1))
        .collect();
    says.push(
        "A person does it and approves then; what they found is kept with `approve --reason`."
            .to_owned(),
    );
    Plan {
        name: name.to_owned(),
        steps: vec![step.hold(Some(hold)).leaving(leaves)],
        says,
        ..Plan::default()
    }
}
