//! Counts that their template does not let go to 0, and parameters that only look like counts.

use super::*;
use crate::forms::cloudformation::template::Fixed;

const LEAST: &str = "
Parameters:
  DesiredCount: { Type: Number, Default: 2, MinValue: 1 }
  DesiredCountSpare: { Type: Number, Default: 5 }
Resources:
  Service: { Type: 'AWS::ECS::Service', Properties: { DesiredCount: !Ref DesiredCount } }
";

fn fixed(must: Fixed) -> StackFacts {
    StackFacts {
        fixed: Some(BTreeMap::from([("DesiredCount".to_owned(), must)])),
        ..stack("UPDATE_COMPLETE")
    }
}

fn least() -> Fixed {
    Fixed::Refuses("must be 1 or more (MinValue)".to_owned())
}

#[test]
fn a_teardown_does_not_scale_down_what_cannot_be_at_0_and_says_so() {
    let of = |stack: &StackFacts| {
        plan(&ask(Purpose::Teardown, EnvClass::Production), &sight(stack)).unwrap()
    };
    let plan = of(&fixed(least()));
    assert_eq!(ids(&plan), ["delete", "verify-gone"]);
    assert!(!plan.danger.downtime);
    let delete = plan.step(&"delete".into()).unwrap();
    assert!(delete.hold.is_some(), "the hold moves to the first step");
    let says = plan.says.join(" ");
    assert!(
        says.contains("not scaled down first: DesiredCount must be 1 or more (MinValue)."),
        "{says}"
    );
    let unused = of(&fixed(Fixed::NoCount));
    assert_eq!(ids(&unused), ["delete", "verify-gone"]);
    assert!(!unused.says.join(" ").contains("scaled"));
}

#[test]
fn an_update_takes_the_way_that_its_card_says() {
    let rows = vec![row("Web", "AWS::ECS::Service", Does::Replace)];
    let mut seen = sight(&fixed(least()));
    seen.put(cloudformation::ChangeFacts::Rows { rows: rows.clone() }.sight("prod-orders"));
    let plan = plan(&ask(Purpose::Deploy, EnvClass::Development), &seen).unwrap();
    assert_eq!(plan.branch.as_deref(), Some("update"));
    let says = plan.says.join(" ");
    for part in [
        "an update that replaces what serves",
        "it is not scaled down: DesiredCount must be 1 or more (MinValue)",
    ] {
        assert!(says.contains(part), "no {part:?} in {says}");
    }
    assert!(!ids(&plan).contains(&"scale-down"), "{:?}", ids(&plan));
    let mut params = plan.step(&"join".into()).unwrap().params.clone();
    params["changes"] = json!({ "rows": rows, "empty": false });
    let joined = join(&params).unwrap();
    assert_eq!(joined.public["branch"], "update", "{joined:?}");
}

/// What was seen in passing has no template: the release that serves says it, else the stack is
/// looked at as a whole.
#[test]
fn what_can_be_at_0_is_known_before_it_is_planned() {
    let passing = sight(&StackFacts {
        fixed: None,
        ..stack("UPDATE_COMPLETE")
    });
    let mut ask = ask(Purpose::Deploy, EnvClass::Development);
    let looks = Service.looks(&ask, &orders(), &passing);
    assert!(looks.len() == 1 && looks[0].whole, "{looks:?}");
    ask.serving = Some(
        spec(
            &"prod/orders".parse().unwrap(),
            &entry(&[("DesiredCount", "4")]),
            &bundle(LEAST),
        )
        .unwrap(),
    );
    let looks = Service.looks(&ask, &orders(), &passing);
    assert!(looks.len() == 1 && !looks[0].whole, "{looks:?}");
    let plan = Service.plan(&ask, &orders(), &passing).unwrap();
    assert!(!ids(&plan).contains(&"scale-down"), "{:?}", ids(&plan));
}

#[test]
fn a_new_release_that_cannot_be_at_0_comes_up_at_once() {
    let spec = spec(
        &"prod/orders".parse().unwrap(),
        &entry(&[("DesiredCount", "4")]),
        &bundle(LEAST),
    )
    .unwrap();
    let rows = replaces_db();
    let plan = Service
        .plan(
            &ask(Purpose::Deploy, EnvClass::Development),
            &spec,
            &observed(
                "UPDATE_COMPLETE",
                Some(cloudformation::ChangeFacts::Rows { rows }),
            ),
        )
        .unwrap();
    assert_eq!(plan.branch.as_deref(), Some("downtime"));
    let again = plan.step(&"change-set-2".into()).unwrap();
    assert_eq!(again.params["counts"], json!({ "DesiredCount": "4" }));
    assert!(!ids(&plan).contains(&"scale-up"), "{:?}", ids(&plan));
    // What nothing runs by is no count: it is neither scaled nor looked for afterwards.
    let verify = plan.step(&"verify".into()).unwrap();
    assert_eq!(verify.params["counts"], json!({ "DesiredCount": "4" }));
}
