//! What stays: what templates retain, what is saved, what a condition leaves out.

use super::*;
use crate::domain::plan::Fate;

fn holding(rows: &[(&str, &str, Option<Fate>)]) -> StackFacts {
    StackFacts {
        resources: rows
            .iter()
            .map(|(logical, kind, fate)| Resource {
                logical: (*logical).to_owned(),
                kind: (*kind).to_owned(),
                status: "CREATE_COMPLETE".to_owned(),
                fate: *fate,
            })
            .collect(),
        ..stack("UPDATE_COMPLETE")
    }
}

fn torn_down(stack: &StackFacts) -> Plan {
    plan(
        &ask(Purpose::Teardown, EnvClass::Development),
        &sight(stack),
    )
    .unwrap()
}

#[test]
fn a_teardown_says_what_stays_and_counts_no_data_that_does() {
    let kept = torn_down(&holding(&[
        ("Orders", "AWS::DynamoDB::Table", Some(Fate::Stays)),
        ("Topic", "AWS::SNS::Topic", Some(Fate::Goes)),
    ]));
    assert!(!kept.danger.destroys, "{kept:?}");
    assert_eq!(kept.loses().count(), 0);
    let says = kept.says.join(" ");
    for part in [
        "that its template does not retain",
        "The data of Orders stays, outside the stack.",
    ] {
        assert!(says.contains(part), "no {part:?} in {says}");
    }
    assert!(!says.contains("for good"), "{says}");

    let mixed = torn_down(&holding(&[
        ("Db", "AWS::RDS::DBInstance", Some(Fate::Saved)),
        ("Bucket", "AWS::S3::Bucket", Some(Fate::Goes)),
        ("Data/Table", "AWS::DynamoDB::Table", None),
    ]));
    assert!(mixed.danger.destroys);
    let lost: Vec<&String> = mixed.loses().collect();
    assert_eq!(lost, ["Bucket", "Data/Table"], "a snapshot is no loss");
    let says = mixed.says.join(" ");
    for part in [
        "goes with everything in it.",
        "Data goes for good with Bucket, Data/Table.",
        "A snapshot stays of the data of Db.",
        "Whether the template of the stack retains Data/Table could not be read.",
    ] {
        assert!(says.contains(part), "no {part:?} in {says}");
    }
}

#[test]
fn what_is_gone_already_is_not_listed_again() {
    let mut half = holding(&[
        ("Db", "AWS::RDS::DBInstance", Some(Fate::Goes)),
        ("Kept", "AWS::S3::Bucket", Some(Fate::Stays)),
        ("Inner/Table", "AWS::DynamoDB::Table", Some(Fate::Goes)),
    ]);
    "DELETE_FAILED".clone_into(&mut half.status);
    "DELETE_COMPLETE".clone_into(&mut half.resources[0].status);
    "DELETE_SKIPPED".clone_into(&mut half.resources[1].status);
    "DELETE_FAILED".clone_into(&mut half.resources[2].status);
    let rows = torn_down(&half).rows().unwrap();
    let names: Vec<&str> = rows.iter().map(|row| row.logical.as_str()).collect();
    assert_eq!(names, ["Inner/Table"]);
    let again = plan(&ask(Purpose::Recover, EnvClass::Development), &sight(&half)).unwrap();
    let delete = again.step(&"delete".into()).unwrap();
    assert_eq!(
        delete.params["retain"],
        json!([]),
        "what is within a nested stack cannot be named"
    );
}

#[test]
fn an_update_that_drops_what_is_retained_destroys_nothing() {
    let left = ChangeRow {
        fate: Fate::Stays,
        ..row("Orders", "AWS::DynamoDB::Table", Does::Remove)
    };
    let seen = |row: ChangeRow| {
        observed(
            "UPDATE_COMPLETE",
            Some(cloudformation::ChangeFacts::Rows { rows: vec![row] }),
        )
    };
    let ask = ask(Purpose::Deploy, EnvClass::Development);
    let kept = plan(&ask, &seen(left.clone())).unwrap();
    assert!(
        !kept.danger.destroys && !kept.danger.replaces && kept.loses().count() == 0,
        "{kept:?}"
    );
    assert!(
        kept.says
            .join(" ")
            .contains("The data of Orders stays, outside the stack."),
        "{:?}",
        kept.says
    );
    // The same row without the policy is another one, and more dangerous.
    let gone = ChangeRow {
        fate: Fate::Goes,
        ..left.clone()
    };
    assert!(super::super::join::more_dangerous(
        std::slice::from_ref(&gone),
        Some(&[left])
    ));
    assert!(plan(&ask, &seen(gone)).unwrap().danger.destroys);
    let perhaps = row("Orders", "AWS::DynamoDB::Table", Does::MayReplace);
    let says = plan(&ask, &seen(perhaps)).unwrap().says.join(" ");
    assert!(says.contains("with Orders (if it is replaced)"), "{says}");
}

#[test]
fn what_a_condition_leaves_out_is_not_counted() {
    let template = "
Parameters: { Keep: { Type: String, Default: 'no' } }
Conditions:
  Kept: !Equals [ !Ref Keep, 'yes' ]
  Here: !Equals [ !Ref 'AWS::Region', eu-west-1 ]
Resources:
  Archive: { Type: 'AWS::S3::Bucket', Condition: Kept }
  Topic: { Type: 'AWS::SNS::Topic' }
  Local: { Type: 'AWS::SQS::Queue', Condition: Here }
";
    let entry = ServiceEntry {
        capabilities: vec![],
        ..entry(&[])
    };
    let spec = spec(&"prod/orders".parse().unwrap(), &entry, &bundle(template)).unwrap();
    let plan = Service
        .plan(
            &ask(Purpose::Deploy, EnvClass::Development),
            &spec,
            &observed("MISSING", None),
        )
        .unwrap();
    let rows = plan.rows().unwrap();
    let names: Vec<&str> = rows.iter().map(|row| row.logical.as_str()).collect();
    assert_eq!(names, ["Local", "Topic"]);
    let says = plan.says.join(" ");
    for part in ["with 2 resources", "Whether Local is among them"] {
        assert!(says.contains(part), "no {part:?} in {says}");
    }
}
