use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::ask::Way;
use crate::domain::class::EnvClass;
use crate::domain::deployment::DeploymentEvent;
use crate::domain::end::End;
use crate::domain::sighting::THING;
use crate::domain::stack::{Left, StackEvent};
use crate::world::fixture::{self, NOW, Scene, id};
use crate::world::rows::State;

use super::*;
use crate::world::EngineState;

fn list(world: &World, stack: &str) -> String {
    let line = |offer: Offer| match offer.refused {
        None => format!("{}: yes {}", offer.doing.name(), offer.note),
        Some(NotNow { why, when, .. }) => format!("{}: no, {why} {when}", offer.doing.name()),
    };
    world
        .offers(&id(stack), NOW)
        .into_iter()
        .map(line)
        .map(|l| l.trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn what_is_possible_in_every_state_of_the_scene() {
    let world = fixture::scene();
    let mut text = String::new();
    for stack in world.stacks() {
        write!(
            text,
            "{stack} {}\n{}\n\n",
            world.row(stack, NOW).state.word(),
            list(&world, &stack.to_string())
        )
        .unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn nothing_can_be_changed_where_the_file_differs_or_nobody_would_do_it() {
    let mut world = fixture::scene();
    let stack = id("dev/orders");
    assert!(world.offer(&stack, Doing::Deploy, NOW).refused.is_none());
    world.engine = EngineState::None("the folder is read-only".to_owned());
    assert!(
        world
            .offers(&stack, NOW)
            .iter()
            .all(|offer| offer.refused.is_some())
    );
    world.engine = EngineState::Starting;
    let file = fixture::in_account(&fixture::record(EnvClass::Development), "000000000001");
    Arc::make_mut(&mut world.catalog)
        .environments
        .insert(stack.env.clone(), file);
    for offer in world.offers(&stack, NOW) {
        let differs = offer
            .refused
            .is_some_and(|refused| refused.why.contains("DIFFERS"));
        assert_eq!(differs, !offer.doing.stops(), "{:?}", offer.doing);
    }
    let running = id("staging/orders");
    let file = fixture::record(EnvClass::Production);
    Arc::make_mut(&mut world.catalog)
        .environments
        .insert(running.env.clone(), file);
    for doing in [Doing::Cancel, Doing::Freeze] {
        let offer = world.offer(&running, doing, NOW);
        assert!(offer.refused.is_none(), "{doing:?}: {:?}", offer.refused);
    }
}

#[test]
fn a_cancel_that_does_not_end_can_be_abandoned_after_its_time() {
    use crate::domain::deployment::Stopping;
    use crate::domain::person::Person;
    let mut scene = Scene::whole();
    let stack = id("staging/orders");
    let current = scene.world.current(&stack).unwrap().id;
    scene.ago(0);
    let stopping = Stopping::Cancelling {
        reason: "wrong one".to_owned(),
        by: Person::Owner("ana".into()),
        at: NOW,
    };
    scene.on(current, DeploymentEvent::Stopping { stopping });
    let refused = |doing, now| scene.world.offer(&stack, doing, now).refused;
    assert!(
        refused(Doing::Cancel, NOW)
            .unwrap()
            .when
            .contains("14:13:22")
    );
    assert!(refused(Doing::Abandon, NOW).is_some());
    assert!(refused(Doing::Abandon, NOW + Duration::from_mins(10)).is_none());
}

/// A stack of an environment that goes on after failures; its last deployment failed this many
/// seconds ago.
fn gone_on(failed_ago: u64) -> Scene {
    let mut scene = Scene::new();
    scene.env("dev", EnvClass::Development);
    scene.listed("dev/q", Ok(fixture::spec("dev/q", "2")));
    scene.ago(9_000).good("dev/q", fixture::spec("dev/q", "1"));
    let d = scene
        .ago(failed_ago + 60)
        .ask("dev/q", fixture::spec("dev/q", "2"), None, &[]);
    scene.start("dev/q", d).begin(d, "change-set");
    let failure = crate::domain::failure::Failure::new("no room");
    scene
        .ago(failed_ago)
        .on(d, DeploymentEvent::Error { failure });
    scene.on_stack(
        "dev/q",
        StackEvent::FailedContinue {
            deployment: d,
            reason: "no room".to_owned(),
            left: Left::Before,
        },
    );
    scene.on_stack("dev/q", StackEvent::QueueEmpty);
    scene
}

#[test]
fn a_real_stack_that_is_stuck_is_recovered_though_the_queue_goes_on() {
    for status in [
        "ROLLBACK_COMPLETE",
        "UPDATE_ROLLBACK_FAILED",
        "DELETE_FAILED",
    ] {
        let mut scene = gone_on(60);
        scene.cfn("dev/q", status, 55, vec![]);
        let (world, stack) = (&scene.world, id("dev/q"));
        let verdict = world.verdict(&stack, NOW);
        assert_eq!(verdict.state, State::Brok);
        assert!(
            verdict.line.ends_with(&format!("The CloudFormation stack is {status}: nothing can be deployed before it is repaired.")),
            "{}",
            verdict.line
        );
        assert_eq!(
            world
                .ways(&stack)
                .into_iter()
                .map(|(way, _)| way)
                .collect::<Vec<_>>(),
            [Way::Recover]
        );
        let offer = world.offer(&stack, Doing::Unblock, NOW);
        assert_eq!(
            offer.intent,
            Some(Intent::unblock(stack.clone(), Way::Recover))
        );
        for doing in [
            Doing::Deploy,
            Doing::Redeploy,
            Doing::Retry,
            Doing::Rollback,
        ] {
            let refused = world.offer(&stack, doing, NOW).refused.unwrap();
            assert!(
                refused.why.contains(status) && refused.when.contains("recovered"),
                "{doing:?}: {refused:?}"
            );
        }
    }
    let mut scene = gone_on(60);
    scene.cfn("dev/q", "UPDATE_ROLLBACK_COMPLETE", 55, vec![]);
    assert!(
        scene.world.ways(&id("dev/q")).is_empty(),
        "it needs no repair"
    );
    assert!(
        scene
            .world
            .offer(&id("dev/q"), Doing::Retry, NOW)
            .refused
            .is_none()
    );
}

#[test]
fn a_look_from_before_the_failure_says_nothing_of_now() {
    let usual = |scene: &Scene, stack: &str| {
        scene
            .world
            .ways(&id(stack))
            .into_iter()
            .map(|(way, _)| way)
            .next()
    };
    let mut scene = gone_on(1);
    scene.cfn("dev/q", "UPDATE_COMPLETE", 9_000, vec![]);
    assert_eq!(
        usual(&scene, "dev/q"),
        Some(Way::Recover),
        "seen 2 s ago, failed 1 s ago: the engine looks again"
    );
    let mut scene = Scene::whole();
    assert_eq!(
        usual(&scene, "staging/web"),
        Some(Way::Retry),
        "seen since: it is as it was before"
    );
    scene
        .world
        .sightings
        .remove(&("stack/staging/web".to_owned(), THING.to_owned()));
    assert_eq!(usual(&scene, "staging/web"), Some(Way::Recover));
}

#[test]
fn a_rollback_goes_to_what_does_not_serve() {
    let mut scene = Scene::new();
    scene.env("dev", EnvClass::Development);
    let spec = |release: &str| fixture::spec("dev/q", release);
    scene.ago(9_000).good("dev/q", spec("1"));
    for release in ["2", "2", "2"] {
        scene.ago(8_000).good("dev/q", spec(release));
    }
    let to = |scene: &Scene| scene.world.offer(&id("dev/q"), Doing::Rollback, NOW).note;
    assert!(to(&scene).starts_with("to 1 of"), "{}", to(&scene));
    let d = scene.ago(60).ask("dev/q", spec("3"), None, &[]);
    scene.start("dev/q", d);
    assert!(
        to(&scene).starts_with("to 2 of"),
        "another release is on its way: {}",
        to(&scene)
    );
    let (reason, by) = (
        "wrong one".to_owned(),
        crate::domain::person::Person::Owner("ana".into()),
    );
    scene.end("dev/q", d, End::Terminated { reason, by });
    assert!(
        to(&scene).starts_with("to 1 of"),
        "it ended before anything changed, and 2 still serves: {}",
        to(&scene)
    );
}
