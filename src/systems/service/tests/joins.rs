//! What the second change set may hold beside what the first one showed.

use super::*;

#[test]
fn the_join_as_a_table() {
    let changes = |rows: Vec<ChangeRow>| json!({ "rows": rows, "empty": rows.is_empty() });
    let counts = json!({ "DesiredCount": "3" });
    let harmless = vec![row("Web", "AWS::ECS::Service", Does::Change)];
    let perhaps = vec![row("Db", "AWS::RDS::DBInstance", Does::MayReplace)];
    let removed = vec![row("Db", "AWS::RDS::DBInstance", Does::Remove)];
    for (rows, seen, policy, counts, branch, more) in [
        (
            vec![],
            Value::Null,
            "auto",
            counts.clone(),
            "unchanged",
            false,
        ),
        (
            vec![],
            json!([]),
            "always",
            counts.clone(),
            "unchanged",
            false,
        ),
        (
            harmless.clone(),
            Value::Null,
            "auto",
            counts.clone(),
            "update",
            false,
        ),
        (
            harmless.clone(),
            json!([]),
            "auto",
            counts.clone(),
            "update",
            true,
        ),
        (
            harmless.clone(),
            json!(harmless),
            "auto",
            counts.clone(),
            "update",
            false,
        ),
        (
            harmless.clone(),
            json!(harmless),
            "always",
            counts.clone(),
            "downtime",
            false,
        ),
        (
            harmless,
            Value::Null,
            "always",
            json!({ "DesiredCount": "0" }),
            "update",
            false,
        ),
        (perhaps, Value::Null, "auto", counts.clone(), "update", true),
        (removed, Value::Null, "auto", counts.clone(), "update", true),
        (
            replaces_db(),
            json!(replaces_db()),
            "auto",
            counts.clone(),
            "downtime",
            false,
        ),
        (
            replaces_db(),
            json!(replaces_db()),
            "never",
            counts.clone(),
            "update",
            false,
        ),
        (
            replaces_db(),
            Value::Null,
            "auto",
            json!({}),
            "update",
            true,
        ),
    ] {
        let params = json!({ "about": super::steps::about("orders"), "changes": changes(rows), "seen_rows": seen, "policy": policy, "counts": counts });
        let out = join(&params).unwrap();
        let told = out.changes.as_ref().unwrap();
        assert_eq!(
            (out.public["branch"].as_str(), told.more_dangerous),
            (Some(branch), more),
            "{params}"
        );
        assert_eq!(
            (told.about.name.as_str(), told.loses.is_empty()),
            ("orders", !told.rows.iter().any(|row| row.logical == "Db")),
            "{params}"
        );
        assert!(!out.public["why"].as_str().unwrap().is_empty());
    }
    assert!(join(&json!({})).is_err());
}

#[test]
fn what_is_deleted_is_no_update_without_downtime() {
    let rows = vec![row("Web", "AWS::ECS::Service", Does::Remove)];
    let seen = observed(
        "UPDATE_COMPLETE",
        Some(cloudformation::ChangeFacts::Rows { rows }),
    );
    let plan = plan(&ask(Purpose::Deploy, EnvClass::Development), &seen).unwrap();
    assert!(
        plan.says
            .join(" ")
            .contains("an update that ends what serves (it deletes Web for good)"),
        "{:?}",
        plan.says
    );
}

#[test]
fn the_second_change_set_may_hold_less_but_nothing_new() {
    let both = replaces_db();
    let run = |approved: &[ChangeRow], now: &[ChangeRow]| {
        same(&json!({ "about": super::steps::about("orders"), "approved": approved, "changes": { "rows": now } })).unwrap().value()
    };
    assert_eq!(run(&both, &both)["same"], true);
    let less = run(&both, &both[..1]);
    assert_eq!(
        (&less["same"], &less["gone"]),
        (&json!(true), &json!(["Web"]))
    );
    let more = run(&both[..1], &both);
    assert_eq!(
        (&more["same"], &more["new"]),
        (&json!(false), &json!(["Web"]))
    );
    let mut other = both.clone();
    other[1].does = Does::Replace;
    assert_eq!(run(&both, &other)["same"], false);
    let mut shown = both.clone();
    shown[1].properties = vec!["DesiredCount".to_owned()];
    assert_eq!(run(&both, &shown)["same"], false, "another property");
}
