//! The steps of an update for which the service stands still, and what comes back at a bad end.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::body::Body;
use super::databases::{Chains, Needs, up};
use super::join;
use super::plan::ours;
use super::steps::{self, Counts};
use crate::domain::hold::HoldKind;
use crate::domain::plan::{Counts as Tasks, Does, HoldRule, Leaves, Role, Step};
use crate::forms::cloudformation::{CfnInput, StackFacts};
use crate::systems::PlanAsk;

/// The service goes to zero, changes, and comes back; at a bad end a person says what comes back.
/// Executing anything deletes all change sets of a stack, so the changes are worked out again at
/// zero and compared with the approved ones.
pub(super) fn downtime(
    ask: &PlanAsk,
    body: &Body,
    serving: Option<&Body>,
    input: &CfnInput,
    (stack, running): (&StackFacts, &Counts),
    touch: Option<HoldRule>,
    needs: &Needs,
) -> Vec<Step> {
    let name = input.stack_name.as_str();
    let compared = json!({ "approved": steps::from("join", "/changes/rows"), "changes": steps::from("change-set-2", "") });
    let mut review = HoldRule::when(HoldKind::ReviewPlan, "same", "/same", false);
    let lowest = body.lowest();
    let runs = running.values().any(|count| count != "0");
    let mut all = Vec::new();
    let mut change_set = steps::change_set("change-set-2", input, Some(&lowest), &["scale-down"]);
    if runs {
        let down = steps::as_seen(
            steps::scale(
                Role::ScaleDown,
                "scale-down",
                format!(
                    "scale {name} {}",
                    steps::told(running, &steps::zero(running))
                ),
                name,
                &steps::zero(running),
                &["join"],
            ),
            json!(stack.as_seen()),
        )
        .only("join", join::DOWNTIME)
        .hold(Some(HoldRule::always(HoldKind::Downtime)))
        .undo(undo(needs));
        all.push(down);
    } else {
        change_set = change_set.after(&["join"]).only("join", join::DOWNTIME);
        review = touch.unwrap_or(review);
    }
    all.extend([
        change_set,
        steps::weigh(
            "same",
            "compare with what was approved",
            join::SAME,
            name,
            compared,
            &["change-set-2"],
        ),
        steps::execute("execute-2", name, "change-set-2", &["same"]).hold(Some(review)),
    ]);
    let chains = Chains {
        end: "-2",
        alone: true,
        ..Chains::after(ask, body, "execute-2")
    };
    let (migrated, mut ends) = chains.migrated();
    all.extend(migrated);
    ends.insert(0, "execute-2".to_owned());
    let ends = up(body, &mut all, ends);
    let ends: Vec<&str> = ends.iter().map(String::as_str).collect();
    all.push(steps::verify("verify-2", name, &body.counts, &ends));
    if !runs {
        // Nobody was served before: nothing is to be brought back.
        return all;
    }
    let old = back(ask, body, serving, name, running);
    all.push(steps::restore(
        name,
        &[
            (
                "old",
                format!(
                    "the release before comes back with {} (its counts alone, where somebody else has added to the stack){}{}",
                    of(running),
                    on_migrated(body),
                    needs.left().map(|left| format!("; {left}")).unwrap_or_default()
                ),
            ),
            (
                "new",
                format!(
                    "the new release comes up with {}{}",
                    of(&body.counts),
                    on_migrated(body)
                ),
            ),
            ("down", "it stays down".to_owned()),
        ],
    ));
    all.push(old);
    let title = format!("bring the new release of {name} up");
    let new = back_up(
        "restore-new",
        title,
        "cloudformation.update",
        json!({ "input": input, "keeps": keeps(body, Does::Remove, false) }),
        name,
        &body.counts,
    );
    all.push(new.only("restore", "new").leaving(Leaves::New));
    all
}

/// What comes of a bad end, and what it does not take back.
fn undo(needs: &Needs) -> String {
    const ASKS: &str = "after a bad end a hold asks which release comes back";
    match needs.left() {
        Some(left) => format!("{ASKS}; {left}, also after a rollback"),
        None => ASKS.to_owned(),
    }
}

/// What the release before comes back to, where databases are migrated.
fn on_migrated(body: &Body) -> String {
    let migrated = body.databases().iter().filter(|one| one.is_migrated());
    let names: Vec<&str> = migrated.map(|one| one.on.name.as_str()).collect();
    if names.is_empty() {
        String::new()
    } else {
        format!(", with {} as far migrated as that came", names.join(", "))
    }
}

/// A step that brings a service up again after a bad end.
fn back_up(
    id: &str,
    title: String,
    kind: &str,
    params: Value,
    name: &str,
    counts: &Counts,
) -> Step {
    Step::new(Role::Restore, id, title, kind, params)
        .about(steps::about(name))
        .to(Tasks::of(counts))
        .after(&["restore"])
        .at_bad_end()
}

/// Brings back what served before: its whole input where it is known, else its counts.
fn back(ask: &PlanAsk, body: &Body, serving: Option<&Body>, name: &str, running: &Counts) -> Step {
    let serving = serving.filter(|serving| {
        serving.input.stack_name == name && serving.kept().is_empty() && serving.travels(ask)
    });
    let (kind, params, leaves): (&str, Value, Option<Leaves>) = match serving {
        Some(serving) => {
            let counts: Counts = running
                .iter()
                .filter(|(name, _)| serving.counts.contains_key(*name))
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect();
            (
                "cloudformation.update",
                json!({
                    "input": ours(ask, &serving.input, Some(body)),
                    "counts": counts,
                    "keeps": keeps(serving, Does::Add, true),
                }),
                Some(Leaves::Old),
            )
        }
        // Its counts alone: the template stays the one that was executed last.
        None => ("cloudformation.scale", by_counts(name, running), None),
    };
    Step {
        leaves,
        ..bring_old(kind, params, name, running)
    }
}

/// Brings back what was scaled down and not changed otherwise: its counts are all that it needs.
pub(super) fn up_again(name: &str, running: &Counts) -> Step {
    bring_old(
        "cloudformation.scale",
        by_counts(name, running),
        name,
        running,
    )
    .leaving(Leaves::Old)
}

fn by_counts(name: &str, running: &Counts) -> Value {
    json!({ "stack_name": name, "counts": running, "previous_template": true })
}

fn bring_old(kind: &str, params: Value, name: &str, running: &Counts) -> Step {
    let title = format!("bring the release before of {name} back");
    back_up("restore-old", title, kind, params, name, running).only("restore", "old")
}

/// What an update to the template of a body may take away: what this deployment made (`Add`), or
/// what a person saw going (`Remove`). What macros make of a template nobody here knows: nothing is
/// compared then.
fn keeps(body: &Body, did: Does, counts_alone: bool) -> Value {
    let macros = |capability: &String| capability == "CAPABILITY_AUTO_EXPAND";
    if body.input.capabilities.iter().any(macros) {
        return Value::Null;
    }
    let resources: BTreeSet<&String> = body.resources.keys().chain(&body.open).collect();
    json!({
        "resources": resources,
        "rows": steps::from("join", "/changes/rows"),
        "did": did,
        "counts_alone": counts_alone,
    })
}

/// `4 tasks`, or the counts by name.
pub(super) fn of(counts: &Counts) -> String {
    match counts.iter().next() {
        None => "its own counts".to_owned(),
        Some((_, count)) if counts.len() == 1 => {
            format!("{count} task{}", if count == "1" { "" } else { "s" })
        }
        Some(_) => counts
            .iter()
            .map(|(name, count)| format!("{name} {count}"))
            .collect::<Vec<_>>()
            .join(", "),
    }
}
