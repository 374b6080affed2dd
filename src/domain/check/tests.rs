use super::*;
use crate::domain::cause::Cause;
use crate::domain::class::EnvClass;
use crate::domain::failure::Failure;
use crate::domain::ids::AskId;
use crate::domain::ids::DeploymentId;
use crate::world::fixture::{self, Scene};

const SHA: &str = "6113728f27ae82c7b1a177c8d03f9e96e0adf246";
const STACK: &str = "dev/billing";

fn check(scene: &Scene, id: DeploymentId) -> Check {
    of(
        &scene.world.folds.deployments[&id],
        SHA.parse().unwrap(),
        None,
    )
    .unwrap()
}

/// One stack, of which nothing is known yet.
fn scene() -> Scene {
    let mut scene = Scene::new();
    scene.env("dev", EnvClass::Development);
    scene.listed(STACK, Ok(fixture::spec(STACK, "r9")));
    scene
}

fn asked(scene: &mut Scene) -> DeploymentId {
    scene.ask(STACK, fixture::spec(STACK, "r9"), None, &[])
}

#[test]
fn a_check_run_says_how_far_its_deployment_is() {
    let mut scene = scene();
    let d = asked(&mut scene);
    let queued = check(&scene, d);
    assert_eq!(
        (queued.id, queued.name.as_str()),
        (d.0, "holdpoint/dev/billing")
    );
    assert_eq!(queued.state, CheckState::Queued);
    assert_eq!(queued.title.as_str(), "waits for its turn");
    scene.start(STACK, d);
    let runs = check(&scene, d);
    assert_eq!(
        (runs.state, runs.title.as_str()),
        (CheckState::Running, "runs")
    );
    assert!(runs.began_at >= queued.began_at);
    scene.end(STACK, d, End::Done);
    let done = check(&scene, d);
    assert!(
        matches!(done.state, CheckState::Ended(Conclusion::Success, _)),
        "{done:?}"
    );
    assert!(
        done.summary
            .iter()
            .any(|line| line.contains("came into service")),
        "nothing was deployed by it: {done:?}"
    );
}

#[test]
fn a_hold_is_named_and_is_no_end() {
    let scene = Scene::whole();
    let open = scene.world.folds.open_holds();
    let (d, hold) = open.first().unwrap();
    let check = check(&scene, d.id);
    assert_eq!(check.state, CheckState::Running);
    assert!(
        check.title.as_str().starts_with("waits for a person: "),
        "{check:?}"
    );
    assert!(check.summary[1].contains(&hold.id.to_string()), "{check:?}");
}

#[test]
fn an_end_is_told_with_why_and_what_to_do_and_text_of_others_stays_text() {
    let mut scene = scene();
    let d = asked(&mut scene);
    scene.start(STACK, d);
    let failure =
        Failure::new("`boom` @acme/all ```\n# not a heading\u{1b}[31m AKIAIOSFODNN7EXAMPLE")
            .hint("look at the log");
    scene.end(STACK, d, End::Failed { failure });
    let failed = check(&scene, d);
    assert!(matches!(
        failed.state,
        CheckState::Ended(Conclusion::Failure, _)
    ));
    let says = failed.summary.join("\n\n");
    assert!(says.contains("look at the log"), "{says}");
    assert_eq!(
        says.matches("```").count(),
        4,
        "two blocks, and no other: {says}"
    );
    assert!(!says.contains("\n# not"), "{says}");
    assert!(!says.contains('\u{1b}'), "{says}");

    let d = asked(&mut scene);
    let by = Person::Engine;
    let reason = "superseded".to_owned();
    scene.end(STACK, d, End::Terminated { reason, by });
    let ended = check(&scene, d);
    assert!(matches!(
        ended.state,
        CheckState::Ended(Conclusion::Cancelled, _)
    ));
    assert!(ended.summary[1].contains("superseded"), "{ended:?}");
}

#[test]
fn only_a_push_of_that_host_is_owed_a_reply() {
    let mut scene = scene();
    let d = asked(&mut scene);
    let mut d = (*scene.world.folds.deployments[&d]).clone();
    assert!(
        !is_of_push(&d, Issuer::Github),
        "it was asked for at the console"
    );
    let outside = |source| Person::Outside {
        source,
        id: "github.com/acme/docs".into(),
        behalf: None,
    };
    for (by, via, owed) in [
        (outside(Issuer::Github), Via::Push, true),
        (outside(Issuer::Gitlab), Via::Push, false),
        (outside(Issuer::Github), Via::Hook, false),
        (Person::Engine, Via::Push, false),
    ] {
        let mut request = (**d.request.as_ref().unwrap()).clone();
        request.cause = Cause {
            ask: AskId(uuid::Uuid::nil()),
            by,
            via,
            reason: String::new(),
            of: None,
            reply: None,
        };
        d.request = Some(std::sync::Arc::new(request));
        assert_eq!(is_of_push(&d, Issuer::Github), owed);
    }
}
