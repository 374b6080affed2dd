//! Ways that a person chose, and updates of others that are cancelled, as data.

use super::*;
use crate::domain::flag::Value as Flagged;
use crate::domain::plan::PlanShown;

fn choosing(flags: &[(&str, &str)]) -> PlanAsk {
    let mut ask = ask(Purpose::Deploy, EnvClass::Development);
    let given =
        |(name, value): &(&str, &str)| (name.parse().unwrap(), Flagged::Text((*value).into()));
    ask.flags = flags.iter().map(given).collect();
    ask
}

fn seen(rows: Vec<ChangeRow>) -> Sights {
    observed(
        "UPDATE_COMPLETE",
        Some(cloudformation::ChangeFacts::Rows { rows }),
    )
}

fn harmless() -> Vec<ChangeRow> {
    vec![row("Web", "AWS::ECS::Service", Does::Change)]
}

/// A safer way is taken as it is; a less safe one is dangerous, and the card asks why.
#[test]
fn a_way_is_chosen_over_the_evaluation() {
    for (way, rows, branch, instead_of) in [
        ("", harmless(), "update", None),
        ("evaluated", harmless(), "update", None),
        ("update", harmless(), "update", None),
        ("downtime", harmless(), "downtime", None),
        ("downtime", replaces_db(), "downtime", None),
        ("update", replaces_db(), "update", Some("downtime")),
    ] {
        let plan = plan(&choosing(&[("how", way)]), &seen(rows)).unwrap();
        let told = (plan.branch.as_deref(), plan.instead_of.as_deref());
        assert_eq!(told, (Some(branch), instead_of), "{way}");
        assert_eq!(plan.danger.less_safe, instead_of.is_some(), "{way}");
        assert_eq!(plan.danger.downtime, branch == "downtime", "{way}");
        let says = plan.says.join(" ");
        assert_eq!(
            says.contains("The evaluation chooses downtime (replaces Db); update is less safe."),
            instead_of.is_some(),
            "{says}"
        );
        assert!(says.contains("Not taken: "), "{says}");
    }
}

#[test]
fn a_way_that_is_not_open_is_refused_with_those_that_are() {
    for (flags, says) in [
        (
            &[("how", "parallel")][..],
            "nothing is migrated by this deployment; choose one of update, downtime",
        ),
        (
            &[("how", "before")],
            "nothing is migrated by this deployment; choose one of update, downtime",
        ),
        (
            &[("how", "update"), ("quick", "true")],
            "how and quick both choose how prod/orders is updated; choose one of them",
        ),
        (
            &[("how", "update"), ("plans", "current")],
            "how and plans both choose",
        ),
    ] {
        let failure = plan(&choosing(flags), &seen(harmless())).unwrap_err();
        let told = format!("{}; {}", failure.summary, failure.hint);
        assert!(told.contains(says), "{told}");
    }
    let mut nothing = stack("UPDATE_COMPLETE");
    nothing
        .parameters
        .insert("DesiredCount".to_owned(), "0".to_owned());
    let mut at_zero = sight(&nothing);
    at_zero.put(cloudformation::ChangeFacts::Rows { rows: harmless() }.sight("prod-orders"));
    let failure = plan(&choosing(&[("how", "update")]), &at_zero).unwrap_err();
    assert!(
        failure.summary.contains("nothing of it runs"),
        "{}",
        failure.summary
    );
}

/// What the join finds worse than what the person knew of opens a hold: a reason was given against
/// that alone.
#[test]
fn a_reason_stands_against_what_was_known_when_it_was_given() {
    let joined = |chosen: &str, admitted: Value, rows: Vec<ChangeRow>| {
        let changes = json!({ "rows": rows, "empty": false });
        let params = json!({
            "about": super::steps::about("orders"), "changes": changes, "seen_rows": rows, "policy": "auto",
            "counts": { "DesiredCount": "3" }, "chosen": chosen, "admitted": admitted,
        });
        let out = join(&params).unwrap();
        (out.public, out.changes.unwrap().more_dangerous)
    };
    let (public, more) = joined("update", json!("downtime"), replaces_db());
    assert_eq!(
        public,
        json!({ "branch": "update", "why": "was chosen with how=update", "evaluated": { "branch": "downtime", "why": "replaces Db" } })
    );
    assert!(!more);
    for admitted in [Value::Null, json!("update"), json!("unknown")] {
        assert!(joined("update", admitted, replaces_db()).1);
    }
    assert!(!joined("downtime", Value::Null, replaces_db()).1);
    assert!(!joined("update", Value::Null, harmless()).1);
}

/// At its turn a deployment is planned again: what was admitted is what the card said.
#[test]
fn at_its_turn_the_card_says_what_was_admitted() {
    let of = |instead_of: Option<&str>| {
        let mut ask = choosing(&[("how", "update")]);
        ask.seen = Some(Shown {
            card: Digest::of("t", &Value::Null),
            level: Level::L2,
            branch: None,
            changes: vec![],
            covers: vec![],
            plan: Some(PlanShown {
                repairs: false,
                leaves: None,
                instead_of: instead_of.map(str::to_owned),
            }),
        });
        let plan = plan(&ask, &seen(replaces_db())).unwrap();
        plan.step(&"join".into()).unwrap().params["admitted"].clone()
    };
    assert_eq!(
        (of(Some("downtime")), of(None)),
        (json!("downtime"), Value::Null)
    );
    let at_the_card = plan(&choosing(&[("how", "update")]), &seen(replaces_db())).unwrap();
    assert_eq!(at_the_card.steps[1].params["admitted"], "downtime");
}

/// An update of somebody else is waited for, unless it is to be cancelled: then that is all there is
/// to plan before it is over.
#[test]
fn an_update_of_somebody_else_is_waited_for_or_cancelled() {
    let cancels = Flags::from([("cancel-updates".parse().unwrap(), Flagged::Switch(true))]);
    for (status, flags, quiet, steps) in [
        ("UPDATE_IN_PROGRESS", &Flags::new(), false, None),
        ("UPDATE_IN_PROGRESS", &cancels, true, Some("cancel-update")),
        ("UPDATE_ROLLBACK_IN_PROGRESS", &cancels, false, None),
        ("CREATE_IN_PROGRESS", &cancels, false, None),
        ("UPDATE_COMPLETE", &cancels, true, None),
    ] {
        let seen = observed(status, None);
        let is_quiet = Service.quiet(Purpose::Deploy, flags, &seen) == Quiet::Quiet;
        assert_eq!(is_quiet, quiet, "{status}");
        let mut ask = ask(Purpose::Deploy, EnvClass::Production);
        ask.flags.clone_from(flags);
        let plan = plan(&ask, &seen).unwrap();
        match steps {
            Some(steps) => {
                assert_eq!(ids(&plan).join(" "), steps);
                assert!(plan.steps[0].params["as_seen"].is_object());
                assert!(
                    plan.says[0].contains("somebody else began to update it"),
                    "{:?}",
                    plan.says
                );
            }
            None => assert!(plan.step(&"cancel-update".into()).is_none(), "{status}"),
        }
    }
}
