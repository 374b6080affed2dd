//! What an approval covers: which properties change, from what to what, and the stack as it was
//! seen.

use super::*;
use crate::forms::cloudformation::AsSeen;

fn changes(logical: &str, properties: &[(&str, &str)], counted: &[&str]) -> ChangeRow {
    ChangeRow {
        properties: properties
            .iter()
            .map(|(name, _)| (*name).to_owned())
            .collect(),
        values: properties
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Digest::of_bytes(value.as_bytes())))
            .collect(),
        counted: counted.iter().map(|name| (*name).to_owned()).collect(),
        group: String::new(),
        ..row(logical, "AWS::RDS::DBInstance", Does::Change)
    }
}

/// Found by a person who broke it: a class that was changed by hand went back under a card that
/// named the storage alone.
#[test]
fn another_property_and_another_value_ask_again() {
    let seen = [changes(
        "Db",
        &[("AllocatedStorage", "20 to 30"), ("Engine", "a to b")],
        &[],
    )];
    for (now, asks) in [
        (
            changes(
                "Db",
                &[("AllocatedStorage", "20 to 30"), ("Engine", "a to b")],
                &[],
            ),
            false,
        ),
        (
            changes("Db", &[("AllocatedStorage", "20 to 30")], &[]),
            false,
        ),
        (
            changes("Db", &[("AllocatedStorage", "50 to 30")], &[]),
            true,
        ),
        (changes("Db", &[("DBInstanceClass", "m5 to t3")], &[]), true),
        (
            changes(
                "Db",
                &[
                    ("AllocatedStorage", "20 to 30"),
                    ("DBInstanceClass", "m5 to t3"),
                ],
                &[],
            ),
            true,
        ),
        (
            changes("Web", &[("AllocatedStorage", "20 to 30")], &[]),
            true,
        ),
    ] {
        let now = vec![now];
        assert_eq!(
            super::super::join::more_dangerous(&now, Some(&seen)),
            asks,
            "{now:?}"
        );
        let params = json!({ "about": super::steps::about("orders"), "approved": seen, "changes": { "rows": now } });
        assert_eq!(same(&params).unwrap().value()["same"], !asks, "{now:?}");
    }
}

/// Our own scale-down is no difference, another count that somebody asks for on the card is one.
#[test]
fn only_the_count_of_the_second_change_set_is_ours() {
    let approved = vec![changes(
        "Web",
        &[("Image", "1 to 2"), ("DesiredCount", "2 to 4")],
        &["DesiredCount"],
    )];
    let zero = vec![changes(
        "Web",
        &[("Image", "1 to 2"), ("DesiredCount", "0 to 1")],
        &["DesiredCount"],
    )];
    let alone = vec![changes(
        "Old",
        &[("DesiredCount", "0 to 1")],
        &["DesiredCount"],
    )];
    for (now, same_as) in [(&zero, true), (&alone, true), (&approved, true)] {
        let params = json!({ "about": super::steps::about("orders"), "approved": approved, "changes": { "rows": now } });
        assert_eq!(same(&params).unwrap().value()["same"], same_as, "{now:?}");
    }
    assert!(super::super::join::more_dangerous(&zero, Some(&approved)));
}

/// Every step that takes something away acts on the stack that was seen, and on no other.
#[test]
fn what_takes_away_acts_on_what_was_seen() {
    let mut there = stack("UPDATE_COMPLETE");
    there.changed_at = Some(Time(7));
    let seen = json!(there.as_seen());
    let of = |plan: &Plan, id: &str| plan.step(&id.into()).unwrap().params["as_seen"].clone();
    let down = plan(
        &ask(Purpose::Teardown, EnvClass::Production),
        &sight(&there),
    )
    .unwrap();
    assert_eq!(of(&down, "scale-down"), seen);
    let delete = of(&down, "delete");
    assert_eq!(delete["parameters"]["DesiredCount"], "0");
    assert_eq!(
        delete["left"],
        json!({ "from": "scale-down", "output": "" })
    );
    let update = plan(&ask(Purpose::Deploy, EnvClass::Production), &sight(&there)).unwrap();
    assert_eq!(of(&update, "scale-down"), seen);
    for (execute, made_by) in [("execute", "change-set"), ("execute-2", "change-set-2")] {
        assert_eq!(
            of(&update, execute),
            json!({ "from": made_by, "output": "/as_seen" })
        );
    }
    for status in [
        "ROLLBACK_COMPLETE",
        "DELETE_FAILED",
        "UPDATE_ROLLBACK_FAILED",
    ] {
        there.status = status.to_owned();
        let plan = plan(&ask(Purpose::Recover, EnvClass::Production), &sight(&there)).unwrap();
        let first = serde_json::from_value::<AsSeen>(plan.steps[0].params["as_seen"].clone());
        assert_eq!(first.unwrap().changed_at, Some(Time(7)), "{status}");
    }
    // Another stack is another plan, so that what was approved of one covers no other.
    let mut other = there.clone();
    other.parameters.insert("DesiredCount".into(), "5".into());
    assert_ne!(
        plan(&ask(Purpose::Recover, EnvClass::Production), &sight(&there))
            .unwrap()
            .digest(),
        plan(&ask(Purpose::Recover, EnvClass::Production), &sight(&other))
            .unwrap()
            .digest()
    );
}

/// Another `stack_name` leaves the stack that serves without an owner: the card says so.
#[test]
fn a_card_says_which_stack_is_left_behind() {
    let mut ask = ask(Purpose::Deploy, EnvClass::Development);
    ask.serving = Some(spec_of(&ServiceEntry {
        stack_name: Some("old-orders".to_owned()),
        ..entry(&[("Version", "6")])
    }));
    let says = plan(&ask, &sight(&StackFacts::missing()))
        .unwrap()
        .says
        .join(" ");
    assert!(
        says.contains("The CloudFormation stack old-orders, which serves now, is left as it is")
            && says.contains("delete-stack --stack-name old-orders"),
        "{says}"
    );
    ask.serving = Some(orders());
    let says = plan(&ask, &sight(&stack("UPDATE_COMPLETE")))
        .unwrap()
        .says
        .join(" ");
    assert!(!says.contains("left as it is"), "{says}");
}

#[test]
fn a_card_says_which_tags_get_another_value() {
    let mut there = stack("UPDATE_COMPLETE");
    there.tags.insert("team".to_owned(), "pay".to_owned());
    let spec = spec_of(&ServiceEntry {
        tags: BTreeMap::from([("team".to_owned(), "other".to_owned())]),
        ..entry(&[("Version", "7")])
    });
    let ask = ask(Purpose::Deploy, EnvClass::Development);
    let says = Service
        .plan(&ask, &spec, &sight(&there))
        .unwrap()
        .says
        .join(" ");
    assert!(
        says.contains("Tags get another value: team (pay to other)."),
        "{says}"
    );
}
