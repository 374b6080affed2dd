//! `--wait`, and the exit codes that it ends with.

use super::*;

#[test]
fn waiting_ends_with_the_code_of_the_end() {
    let world = fixture::scene();
    let wait = |stack: &str, more: &str| {
        run_words(
            &format!("redeploy|{stack}|--wait|--json{more}"),
            vec![card(Level::L1, None), accepted(&world, stack)],
            None,
        )
    };
    for (stack, code, outcome) in [
        ("dev/orders", Code::Done, "done"),
        ("staging/web", Code::Failed, "failed"),
        ("prod-us/orders", Code::Held, "held"),
    ] {
        let ran = wait(stack, "");
        let json: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(
            (ran.code, json["outcome"].as_str().unwrap(), &json["exit"]),
            (code, outcome, &json!(code as u8)),
            "{stack}"
        );
    }
    let silent = run_with(
        "redeploy|staging/orders|--wait",
        vec![card(Level::L1, None), accepted(&world, "staging/orders")],
        None,
        |scene, _| {
            scene.world.engine = crate::world::EngineState::None("it ended".to_owned());
        },
    );
    assert_eq!(silent.code, Code::Lost, "{}", silent.err);
}

#[test]
fn a_cancel_waits_for_the_end_that_it_asked_for() {
    let answers = || {
        vec![
            card(Level::L1, None),
            Answer::Accepted {
                deployments: vec![],
                says: "is being cancelled".to_owned(),
            },
        ]
    };
    let cancel = |end: End| {
        run_with("cancel|2321|--wait", answers(), None, |scene, _| {
            let d = scene
                .world
                .current(&fixture::id("staging/orders"))
                .unwrap()
                .id;
            scene.ago(0);
            match end {
                End::Done => scene.on(d, DeploymentEvent::Done),
                End::Partial { arrived, missing } => {
                    scene.on(d, DeploymentEvent::Partial { arrived, missing })
                }
                End::Failed { failure } => scene.on(d, DeploymentEvent::Error { failure }),
                End::Terminated { reason, by } => {
                    scene.on(d, DeploymentEvent::Terminated { reason, by })
                }
            };
        })
    };
    let by = crate::domain::person::Person::Engine;
    assert_eq!(
        cancel(End::Terminated {
            reason: "cancelled".to_owned(),
            by
        })
        .code,
        Code::Done
    );
    assert_eq!(
        cancel(End::Done).code,
        Code::Failed,
        "it ended well before the cancel reached it"
    );
}

/// What a single deployment came to is told when it comes, and not again below it.
#[test]
fn a_failure_that_was_waited_for_is_told_once() {
    let world = fixture::scene();
    let answers = || vec![card(Level::L1, None), accepted(&world, "staging/web")];
    let ran = run_words("redeploy|staging/web|--wait", answers(), None);
    let failure = crate::world::audit::ending(
        world
            .latest(&fixture::id("staging/web"))
            .unwrap()
            .end
            .as_ref()
            .unwrap(),
    );
    assert_eq!(ran.code, Code::Failed);
    assert_eq!(ran.err.matches(&failure).count(), 1, "{}", ran.err);
}
