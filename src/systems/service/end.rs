//! The plans of a service that end something: a teardown, and the ways out of a broken
//! CloudFormation stack.

use serde_json::json;

use super::body::Body;
use super::create::{create, new_stack};
use super::databases;
use super::downtime::{of, up_again};
use super::plan::touch;
use super::running::{Running, running};
use super::status;
use super::steps;
use super::{plan, retained, weight};
use crate::domain::failure::Failure;
use crate::domain::hold::HoldKind;
use crate::domain::level::Danger;
use crate::domain::look::{Sights, Standing};
use crate::domain::plan::{ChangeRow, Does, Fate, HoldRule, Plan, Role, Step};
use crate::forms::cloudformation::{Resource, StackFacts};
use crate::systems::PlanAsk;

/// The whole stack goes.
pub(super) fn teardown(
    ask: &PlanAsk,
    body: &Body,
    serving: Option<&Body>,
    stack: &StackFacts,
) -> Result<Plan, Failure> {
    let name = body.input.stack_name.as_str();
    let state = stack.standing();
    if state == Standing::Missing {
        let says = vec![if stack.is_shell() {
            format!(
                "The CloudFormation stack {name} was never made: a change set that nobody executed is all there is of it ({}). To take that away: aws cloudformation delete-stack --stack-name {name}",
                stack.status
            )
        } else {
            format!("The CloudFormation stack {name} is gone already; nothing is left to do.")
        }];
        return Ok(whole(
            name,
            "teardown",
            vec![steps::verify_gone(name, &[])],
            Some(Vec::new()),
            Danger::default(),
            says,
        ));
    }
    touch(ask, name, stack)?;
    if stack.protected {
        return Err(Failure::new(format!("{name} has termination protection on")).hint(format!(
            "if it really is to go: aws cloudformation update-termination-protection --no-enable-termination-protection --stack-name {name}"
        )));
    }
    let Running {
        counts: running,
        steady,
    } = running(stack, serving, name);
    let hold = Some(HoldRule::always(HoldKind::Teardown));
    // A broken stack takes no update, so it cannot be scaled down first.
    let scales = running.values().any(|count| count != "0")
        && (state.is_busy() || matches!(state, Standing::Good | Standing::Halted));
    let mut all = Vec::new();
    if scales {
        let zero = steps::zero(&running);
        let title = format!("scale {name} {}", steps::told(&running, &zero));
        let down = steps::scale(Role::ScaleDown, "scale-down", title, name, &zero, &[]);
        all.push(steps::as_seen(
            down.hold(hold.clone()),
            json!(stack.as_seen()),
        ));
    }
    let delete = if scales {
        let left = stack.as_seen().after("scale-down", &steps::zero(&running));
        steps::as_seen(steps::delete(name, &[], &["scale-down"]), left)
    } else {
        let delete = steps::delete(name, &[], &[]).hold(hold);
        steps::as_seen(delete, json!(stack.as_seen()))
    };
    all.push(delete);
    all.push(steps::verify_gone(name, &["delete"]));
    if scales {
        // A deletion that failed, or goes on though nobody waits for it any more, leaves nothing
        // that could be brought back.
        let choices = [
            (
                "old",
                format!("the service comes back with {}", of(&running)),
            ),
            ("down", "it stays down".to_owned()),
        ];
        let mut restore = steps::restore(name, &choices);
        restore.after.push("still-there".into());
        all.extend([steps::still_there(name), restore]);
        all.push(up_again(name, &running));
    }
    let rows: Vec<ChangeRow> = there(stack).map(removed).collect();
    let mut says = vec![if rows.iter().any(ChangeRow::is_left) {
        format!(
            "The CloudFormation stack {name} goes with everything in it that its template does not retain."
        )
    } else {
        format!("The CloudFormation stack {name} goes with everything in it.")
    }];
    let data = weight::says(&rows);
    if data.is_empty() {
        says.push("Nothing in it is known to hold data.".to_owned());
    }
    says.extend(data);
    says.extend(databases::left(body));
    says.extend(unread(stack));
    says.extend(steady.map(|why| format!("It is not scaled down first: {why}.")));
    let danger = Danger {
        replaces: true,
        downtime: scales,
        destroys: weight::takes_data(&rows),
        ..Danger::default()
    };
    Ok(whole(name, "teardown", all, Some(rows), danger, says))
}

/// The way out that the status asks for. Where nothing is wrong with the stack there is none: a
/// recovery never deploys on a stack that is well, because what was deployed last may be what
/// failed.
pub(super) fn recover(
    ask: &PlanAsk,
    body: &Body,
    serving: Option<&Body>,
    stack: &StackFacts,
    seen: &Sights,
) -> Result<Plan, Failure> {
    let name = body.input.stack_name.as_str();
    touch(ask, name, stack)?;
    let hold = Some(HoldRule::always(HoldKind::RecoverStack));
    let guarded = |step| steps::as_seen(step, json!(stack.as_seen()));
    let failed = |which: &str| -> Vec<String> {
        stack
            .resources
            .iter()
            // What is within a nested stack cannot be named in a call about this one.
            .filter(|row| row.status == which && !row.logical.contains('/'))
            .map(|row| row.logical.clone())
            .collect()
    };
    match stack.standing() {
        Standing::Missing => new_stack(ask, body, stack, seen),
        Standing::Good => Err(status::well(&ask.stack, name, stack)),
        Standing::Busy | Standing::Returning => Err(status::busy(&ask.stack, name, stack)),
        Standing::Halted => Ok(Plan {
            name: "recover".to_owned(),
            repairs: true,
            ..plan::update(ask, body, serving, stack, seen)?
        }),
        Standing::Unknown => Err(status::stuck(name, stack)),
        Standing::NeverMade => {
            retained::free(ask, body, stack, seen)?;
            let needs = databases::needs(ask, (body, None), seen, true)?;
            let (made, rows) = create(ask, body, &["verify-gone"])?;
            let mut all = vec![
                guarded(steps::delete(name, &[], &[]).hold(hold)),
                steps::verify_gone(name, &["delete"]),
            ];
            all.extend(made);
            let mut says = vec![format!(
                "{name} is {}: it was never in service. It is deleted and made again.",
                stack.status
            )];
            says.extend(needs.says);
            let mut plan = repair(
                name,
                all,
                Some(rows),
                Danger {
                    replaces: true,
                    ..Danger::default()
                },
                says,
            );
            plan.changes.extend(needs.changes);
            Ok(plan)
        }
        Standing::RollbackStuck => {
            let skip = failed("UPDATE_FAILED");
            let mut says = vec![format!(
                "{name} is {}: its rollback goes on, to the release before.",
                stack.status
            )];
            if !skip.is_empty() {
                says.push(format!(
                    "Left as they are, because they cannot be rolled back: {}.",
                    skip.join(", ")
                ));
            }
            let danger = Danger {
                replaces: true,
                ..Danger::default()
            };
            Ok(repair(
                name,
                vec![
                    guarded(steps::go_on(name, &skip).hold(hold)),
                    steps::verify_quiet(name, &["continue"]),
                ],
                None,
                danger,
                says,
            ))
        }
        Standing::DeleteStuck => {
            let retain = failed("DELETE_FAILED");
            let all = vec![
                guarded(steps::delete(name, &retain, &[]).hold(hold)),
                steps::verify_gone(name, &["delete"]),
            ];
            let mut says = vec![format!("{name} is {}: it is deleted again.", stack.status)];
            if !retain.is_empty() {
                says.push(format!(
                    "Left behind, because they cannot be deleted: {}.",
                    retain.join(", ")
                ));
            }
            let rows: Vec<ChangeRow> = there(stack)
                .filter(|row| !retain.iter().any(|kept| within(&row.logical, kept)))
                .map(removed)
                .collect();
            says.extend(weight::says(&rows));
            says.extend(unread(stack));
            let destroys = weight::takes_data(&rows);
            let danger = Danger {
                replaces: true,
                destroys,
                ..Danger::default()
            };
            Ok(repair(name, all, Some(rows), danger, says))
        }
    }
}

/// The resources that are still there.
fn there(stack: &StackFacts) -> impl Iterator<Item = &Resource> {
    stack.resources.iter().filter(|row| !row.is_gone())
}

/// Whether a resource is this one, or within this nested stack.
fn within(logical: &str, of: &str) -> bool {
    logical
        .strip_prefix(of)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What is said where nobody could read what a template retains: what it may keep is listed among
/// what goes.
fn unread(stack: &StackFacts) -> Option<String> {
    let unread: Vec<&str> = there(stack)
        .filter(|row| row.fate.is_none() && weight::holds_data(&row.kind))
        .map(|row| row.logical.as_str())
        .collect();
    (!unread.is_empty()).then(|| {
        format!(
            "Whether the template of the stack retains {} could not be read.",
            unread.join(", ")
        )
    })
}

fn removed(resource: &Resource) -> ChangeRow {
    ChangeRow {
        fate: resource.fate.unwrap_or(Fate::Goes),
        ..ChangeRow::new(&resource.logical, &resource.kind, Does::Remove)
    }
}

fn repair(
    stack_name: &str,
    steps: Vec<Step>,
    rows: Option<Vec<ChangeRow>>,
    danger: Danger,
    says: Vec<String>,
) -> Plan {
    Plan {
        repairs: true,
        ..whole(stack_name, "recover", steps, rows, danger, says)
    }
}

fn whole(
    stack_name: &str,
    name: &str,
    steps: Vec<Step>,
    rows: Option<Vec<ChangeRow>>,
    danger: Danger,
    says: Vec<String>,
) -> Plan {
    let changes = rows
        .map(|rows| weight::weighed(steps::about(stack_name), rows))
        .into_iter()
        .collect();
    Plan {
        name: name.to_owned(),
        steps,
        changes,
        danger,
        says,
        ..Plan::default()
    }
}
