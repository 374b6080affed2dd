//! What an update leaves beside resources: tags and outputs.

use super::*;

fn tagged(tags: &[(&str, &str)]) -> Spec {
    let tags = tags
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect();
    spec_of(&ServiceEntry {
        tags,
        ..entry(&[("Version", "7")])
    })
}

fn updated(ask: &PlanAsk, spec: &Spec, seen: &Sights) -> (Value, String) {
    let plan = Service.plan(ask, spec, seen).unwrap();
    let made = plan.step(&"change-set".into()).unwrap();
    (made.params["input"].clone(), plan.says.join(" "))
}

#[test]
fn tags_that_the_estate_does_not_name_stay_and_the_card_of_an_adoption_says_so() {
    let adopted = sight(&StackFacts {
        tags: BTreeMap::from([
            ("owner".to_owned(), "ana".to_owned()),
            ("team".to_owned(), "shop".to_owned()),
        ]),
        ..stack("UPDATE_COMPLETE")
    });
    let ask = ask(Purpose::Deploy, EnvClass::Development);
    let (input, says) = updated(&ask, &tagged(&[("team", "web")]), &adopted);
    assert!(input["untag"].is_null(), "{input}");
    assert!(
        says.contains("Tags of the stack that the estate does not name stay: owner."),
        "{says}"
    );
}

#[test]
fn a_tag_that_only_the_release_before_names_goes_and_the_card_says_so() {
    let mut ask = ask(Purpose::Deploy, EnvClass::Development);
    ask.serving = Some(tagged(&[("team", "shop"), ("cost", "12")]));
    let mut there = stack("UPDATE_COMPLETE");
    for (key, value) in [("team", "shop"), ("cost", "12"), ("owner", "ana")] {
        there.tags.insert(key.to_owned(), value.to_owned());
    }
    let seen = sight(&there);
    let (input, says) = updated(&ask, &tagged(&[("team", "shop")]), &seen);
    assert_eq!(input["untag"], json!(["cost"]));
    assert!(says.contains("does not name any more go: cost."), "{says}");
    // What is looked at for the card is what is made afterwards.
    let looked = Service.looks(&ask, &tagged(&[("team", "shop")]), &seen);
    assert_eq!(looked[0].with, input);
    // What brings the release before back takes away what the new one brought.
    let plan = Service.plan(&ask, &tagged(&[("new", "1")]), &seen).unwrap();
    let back = plan.step(&"restore-old".into()).unwrap();
    assert_eq!(back.params["input"]["untag"], json!(["new"]));
}

/// A change set of somebody else is all there is of the stack: no creation is promised that would
/// then be refused.
#[test]
fn what_somebody_else_has_under_review_is_not_taken_over() {
    let shell = |tags: &[(&str, &str)], sets: &[&str]| {
        sight(&StackFacts {
            status: "REVIEW_IN_PROGRESS".to_owned(),
            tags: tags
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect(),
            change_sets: Some(sets.iter().map(|set| (*set).to_owned()).collect()),
            ..StackFacts::default()
        })
    };
    let deploy = ask(Purpose::Deploy, EnvClass::Development);
    let failure = plan(&deploy, &shell(&[], &["rain-1"])).unwrap_err();
    assert!(
        failure.summary.contains("REVIEW_IN_PROGRESS") && failure.summary.contains("rain-1"),
        "{failure:?}"
    );
    for part in [
        "execute-change-set --stack-name prod-orders --change-set-name rain-1",
        "delete-stack --stack-name prod-orders",
    ] {
        assert!(failure.hint.contains(part), "no {part} in {}", failure.hint);
    }
    assert!(plan(&deploy, &shell(&[], &[])).is_err());
    assert!(plan(&deploy, &shell(&[], &["hp-s1-4-x-1", "other"])).is_err());
    for ours in [
        shell(&[], &["hp-s1-4-x-1"]),
        shell(&[("holdpoint:store", "s1")], &[]),
    ] {
        let says = plan(&deploy, &ours).unwrap().says.join(" ");
        assert!(says.contains("that goes first"), "{says}");
    }
    let gone = plan(
        &ask(Purpose::Teardown, EnvClass::Development),
        &shell(&[], &["rain-1"]),
    )
    .unwrap();
    assert!(gone.says[0].contains("was never made"), "{:?}", gone.says);
}

#[test]
fn what_changes_no_resource_is_an_update_on_the_card_and_in_the_run() {
    let seen = |facts| observed("UPDATE_COMPLETE", Some(facts));
    let planned = |facts| plan(&ask(Purpose::Deploy, EnvClass::Development), &seen(facts)).unwrap();
    let beside = planned(cloudformation::ChangeFacts::Rows { rows: vec![] });
    assert_eq!(beside.branch.as_deref(), Some("update"));
    let says = beside.says.join(" ");
    assert!(
        says.contains("no resource changes, only outputs or tags"),
        "{says}"
    );
    let nothing = planned(cloudformation::ChangeFacts::Nothing);
    assert_eq!(nothing.branch.as_deref(), Some("unchanged"));
    for (plan, empty) in [(beside, false), (nothing, true)] {
        let mut params = plan.step(&"join".into()).unwrap().params.clone();
        params["changes"] = json!({ "rows": [], "empty": empty });
        let joined = join(&params).unwrap();
        assert_eq!(joined.public["branch"].as_str(), plan.branch.as_deref());
    }
}
