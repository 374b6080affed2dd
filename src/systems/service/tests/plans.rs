//! Which plan a stack has, and what is refused before there is one.

use super::*;

const STATUSES: [&str; 27] = [
    "MISSING",
    "REVIEW_IN_PROGRESS",
    "CREATE_IN_PROGRESS",
    "CREATE_COMPLETE",
    "CREATE_FAILED",
    "ROLLBACK_IN_PROGRESS",
    "ROLLBACK_COMPLETE",
    "ROLLBACK_FAILED",
    "DELETE_IN_PROGRESS",
    "DELETE_COMPLETE",
    "DELETE_FAILED",
    "UPDATE_IN_PROGRESS",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_COMPLETE",
    "UPDATE_FAILED",
    "UPDATE_ROLLBACK_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE",
    "UPDATE_ROLLBACK_FAILED",
    "IMPORT_IN_PROGRESS",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_IN_PROGRESS",
    "IMPORT_ROLLBACK_COMPLETE",
    "IMPORT_ROLLBACK_FAILED",
    "SOMETHING_NEW",
    "SOMETHING_NEW_IN_PROGRESS",
    "",
];

/// Every status with every purpose: whether it is waited for, and which plan it has.
#[test]
fn every_status() {
    let mut text = String::new();
    for status in STATUSES {
        for purpose in [Purpose::Deploy, Purpose::Teardown, Purpose::Recover] {
            let seen = observed(status, None);
            let quiet = match Service.quiet(purpose, &Flags::new(), &seen) {
                Quiet::Busy => "busy",
                Quiet::Quiet => "quiet",
                Quiet::Stuck(failure) => {
                    assert!(!failure.hint.is_empty() && failure.summary.contains(status));
                    "stuck"
                }
            };
            let planned = match plan(&ask(purpose, EnvClass::Production), &seen) {
                Ok(plan) => {
                    assert_eq!(plan.check(), Ok(()), "{status} {purpose:?}");
                    ids(&plan).join(" ")
                }
                Err(failure) => {
                    assert!(!failure.hint.is_empty());
                    "none".to_owned()
                }
            };
            writeln!(
                text,
                "{status:<44} {:<9} {quiet:<6} {planned}",
                format!("{purpose:?}")
            )
            .unwrap();
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn plans_as_data() {
    let mut text = String::new();
    let rows = cloudformation::ChangeFacts::Rows {
        rows: replaces_db(),
    };
    let untouched = sight(&StackFacts {
        tags: BTreeMap::new(),
        ..stack("UPDATE_COMPLETE")
    });
    let mut serving = ask(Purpose::Deploy, EnvClass::Development);
    serving.serving = Some(spec_of(&entry(&[("Version", "6")])));
    for (what, ask, seen) in [
        (
            "new, production",
            ask(Purpose::Deploy, EnvClass::Production),
            observed("MISSING", None),
        ),
        (
            "new, development",
            ask(Purpose::Deploy, EnvClass::Development),
            observed("MISSING", None),
        ),
        (
            "downtime expected",
            ask(Purpose::Deploy, EnvClass::Production),
            observed("UPDATE_COMPLETE", Some(rows)),
        ),
        (
            "first touch",
            ask(Purpose::Deploy, EnvClass::Staging),
            untouched,
        ),
        (
            "serving known",
            serving,
            observed(
                "UPDATE_COMPLETE",
                Some(cloudformation::ChangeFacts::Nothing),
            ),
        ),
        (
            "teardown",
            ask(Purpose::Teardown, EnvClass::Production),
            observed("UPDATE_COMPLETE", None),
        ),
        (
            "teardown of a broken one",
            ask(Purpose::Teardown, EnvClass::Production),
            observed("ROLLBACK_COMPLETE", None),
        ),
        (
            "recover, never made",
            ask(Purpose::Recover, EnvClass::Production),
            observed("ROLLBACK_COMPLETE", None),
        ),
        (
            "recover, rollback stuck",
            ask(Purpose::Recover, EnvClass::Production),
            observed("UPDATE_ROLLBACK_FAILED", None),
        ),
        (
            "recover, deletion stuck",
            ask(Purpose::Recover, EnvClass::Production),
            observed("DELETE_FAILED", None),
        ),
    ] {
        let plan = plan(&ask, &seen).unwrap_or_else(|failure| panic!("{what}: {failure:?}"));
        assert_eq!(plan.check(), Ok(()), "{what}");
        writeln!(text, "# {what}\n{}", told(&plan)).unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_release_before_that_cannot_be_read_is_told_on_the_card() {
    let mut ask = ask(Purpose::Deploy, EnvClass::Production);
    ask.serving = Some(Spec {
        body: json!({ "input": 5 }),
        ..spec_of(&entry(&[("Version", "6")]))
    });
    let plan = plan(&ask, &observed("UPDATE_COMPLETE", None)).unwrap();
    assert!(
        plan.says
            .iter()
            .any(|says| says.contains("cannot be brought back as a whole")),
        "{:?}",
        plan.says
    );
}

#[test]
fn what_a_template_declares_goes_with_what_is_deployed() {
    let body = Body::of(&orders()).unwrap();
    let told: Vec<_> = body
        .input
        .declared
        .iter()
        .map(|(name, one)| (name.as_str(), one.secret, one.default))
        .collect();
    assert_eq!(
        told,
        [
            ("DesiredCount", false, true),
            ("Password", true, true),
            ("Version", false, false)
        ]
    );
}

#[test]
fn looks_are_asked_once_each() {
    let spec = orders();
    let deploy = ask(Purpose::Deploy, EnvClass::Production);
    assert!(
        Service.looks(&deploy, &spec, &Sights::default())
            == [Look::at(cloudformation::stack("prod-orders"))]
    );
    let found = Service.looks(&deploy, &spec, &observed("UPDATE_COMPLETE", None));
    let [Look { about, with, .. }] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!(about.kind, CHANGES);
    let input: CfnInput = serde_json::from_value(with.clone()).unwrap();
    assert_eq!(
        (
            input.tags["holdpoint:store"].as_str(),
            input.tags["holdpoint:stack"].as_str()
        ),
        ("s1", "prod/orders")
    );
    assert!(
        Service
            .looks(
                &deploy,
                &spec,
                &observed(
                    "UPDATE_COMPLETE",
                    Some(cloudformation::ChangeFacts::Nothing)
                )
            )
            .is_empty()
    );
    for status in ["MISSING", "UPDATE_IN_PROGRESS", "ROLLBACK_COMPLETE"] {
        assert!(
            Service
                .looks(&deploy, &spec, &observed(status, None))
                .is_empty(),
            "{status}"
        );
    }
    assert!(
        Service
            .looks(
                &ask(Purpose::Teardown, EnvClass::Production),
                &spec,
                &observed("UPDATE_COMPLETE", None)
            )
            .is_empty()
    );
}

#[test]
fn stacks_of_others_are_refused_with_their_owner() {
    for (store, owner, part) in [
        (
            "s2",
            "live/orders",
            "belongs to the store s2, as live/orders",
        ),
        ("s1", "dev/web", "is dev/web of this store"),
    ] {
        let mut other = stack("UPDATE_COMPLETE");
        other.tags = BTreeMap::from([
            ("holdpoint:store".to_owned(), store.to_owned()),
            ("holdpoint:stack".to_owned(), owner.to_owned()),
        ]);
        let seen = sight(&other);
        for purpose in [Purpose::Deploy, Purpose::Teardown, Purpose::Recover] {
            let failure = plan(&ask(purpose, EnvClass::Development), &seen).unwrap_err();
            assert!(failure.summary.contains(part), "{failure:?}");
        }
        assert!(
            Service
                .looks(
                    &ask(Purpose::Deploy, EnvClass::Development),
                    &orders(),
                    &seen
                )
                .is_empty()
        );
    }
}

#[test]
fn protected_stacks_are_not_torn_down() {
    let seen = sight(&StackFacts {
        protected: true,
        ..stack("UPDATE_COMPLETE")
    });
    assert!(
        plan(&ask(Purpose::Teardown, EnvClass::Production), &seen)
            .unwrap_err()
            .summary
            .contains("termination protection")
    );
}
