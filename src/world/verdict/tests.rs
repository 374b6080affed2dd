use crate::domain::class::EnvClass;
use crate::domain::end::End;
use crate::domain::failure::Failure;
use crate::world::fixture::{self, NOW, Scene, id};
use std::fmt::Write as _;

use super::before::changes;
use super::*;

#[test]
fn the_night_screen_of_every_stack() {
    let world = fixture::scene();
    let mut text = String::new();
    for stack in world.stacks() {
        let verdict = world.verdict(stack, NOW);
        writeln!(text, "{}", verdict.line).unwrap();
        if let Some(why) = &verdict.why {
            writeln!(text, "  WHY  {why}").unwrap();
        }
        if let Some(known) = verdict.known {
            writeln!(text, "  KNOWN {}", known.says()).unwrap();
        }
        if let Some(seen) = &verdict.seen {
            writeln!(text, "  SEEN {}", seen.says()).unwrap();
        }
        for offer in &verdict.next {
            let when = offer.refused.as_ref().map_or_else(
                || offer.note.clone(),
                |no| format!("not now: {} {}", no.why, no.when),
            );
            writeln!(text, "  THEN {} {when}", offer.doing.name()).unwrap();
        }
    }
    insta::assert_snapshot!(text);
}

/// What failed by its files is not mended by a retry once the files were: that is named first.
#[test]
fn what_the_files_say_now_is_offered_first_where_something_else_failed() {
    for (now, first) in [("1", "unblock"), ("2", "deploy")] {
        let mut scene = Scene::new();
        scene.env("dev", EnvClass::Development);
        let failure = Failure::new("no such image");
        let spec = |release: &str| fixture::spec("dev/orders", release);
        let d = scene
            .listed("dev/orders", Ok(spec(now)))
            .ask("dev/orders", spec("1"), None, &[]);
        scene.start("dev/orders", d).begin(d, "change-set");
        scene.end("dev/orders", d, End::Failed { failure });
        let verdict = scene.world.verdict(&id("dev/orders"), NOW);
        assert_eq!(verdict.next[0].doing.name(), first, "{:?}", verdict.next);
    }
}

#[test]
fn a_service_at_zero_stands_above_everything() {
    let world = fixture::scene();
    let (needs, others) = world.needs(NOW).unwrap();
    assert_eq!(
        (needs.stack.to_string().as_str(), needs.state),
        ("prod-us/billing", State::Down)
    );
    assert_eq!(
        needs.line,
        "DOWN prod-us/billing 0/6 for 4:12 execute-2 failed"
    );
    assert_eq!(
        others + 1,
        world
            .stacks()
            .into_iter()
            .filter(|stack| world.row(stack, NOW).needs_me)
            .count()
    );
}

#[test]
fn an_approved_outage_is_shown_while_it_lasts_and_calls_nobody() {
    let mut scene = Scene::new();
    scene.env("prod", EnvClass::Production);
    scene
        .ago(9_000)
        .outage("prod/a", fixture::spec("prod/a", "0"), 190);
    scene.ago(900).good("prod/a", fixture::spec("prod/a", "1"));
    let d = scene
        .ago(420)
        .ask_to_replace("prod/a", fixture::spec("prod/a", "2"));
    scene.start("prod/a", d);
    scene.weighed(d, "change-set", "join", &fixture::rows(true));
    let hold = scene.hold(d, "scale-down");
    scene
        .ago(300)
        .approve(d, &hold)
        .serve("prod/a", 6, 6)
        .begin(d, "scale-down");
    assert_eq!(
        scene.world.row(&id("prod/a"), NOW).state,
        State::Run,
        "it still serves"
    );
    scene
        .done(d, "scale-down", 48, serde_json::json!({}))
        .serve("prod/a", 0, 0)
        .begin(d, "change-set-2");

    let row = scene.world.row(&id("prod/a"), NOW);
    assert_eq!(
        (row.state, row.needs_me, row.outage),
        (State::Down, false, true)
    );
    let (shown, others) = scene.world.needs(NOW).unwrap();
    assert_eq!(
        shown.line,
        "DOWN prod/a 0/6 for 4:12 (said 3:10 likely), as approved: change-set-2 (4/8)"
    );
    assert_eq!(
        (
            others,
            shown
                .next
                .iter()
                .map(|offer| offer.doing)
                .collect::<Vec<_>>()
        ),
        (0, vec![Doing::Cancel])
    );

    // A step without contact at zero calls somebody.
    let failure = Failure::new("no contact").retry(crate::domain::failure::Retry::Contact);
    scene.on(
        d,
        crate::domain::deployment::DeploymentEvent::StepLost {
            step: "change-set-2".into(),
            failure,
        },
    );
    let row = scene.world.row(&id("prod/a"), NOW);
    assert_eq!(
        (row.state, row.needs_me, row.outage),
        (State::Down, true, false)
    );
}

/// How many tasks run stands in the parameters and in the counts of a service.
#[test]
fn what_changed_is_told_once() {
    let with = |count: &str| {
        let parameters = serde_json::json!({ "DesiredCount": count, "AllocatedStorage": "100" });
        fixture::spec_with("prod/a", count, &parameters).body
    };
    assert_eq!(changes(&with("4"), &with("6")), ["DesiredCount 4>6"]);
}

#[test]
fn the_same_failure_is_recognised_without_its_numbers() {
    assert_eq!(
        fingerprint("DBInstance: storage-full on volume vol-0a1b2c"),
        fingerprint("DBInstance: storage-full on volume vol-99ff")
    );
    assert_ne!(fingerprint("storage-full"), fingerprint("quota exceeded"));
    let world = fixture::scene();
    let seen = world.verdict(&id("prod-eu/orders"), NOW).seen.unwrap();
    assert!(
        seen.says().contains("AllocatedStorage 100>200"),
        "{}",
        seen.says()
    );
}

#[test]
fn every_state_has_a_sentence() {
    let world = fixture::scene();
    for stack in world.stacks() {
        let line = world.verdict(stack, NOW).line;
        assert!(
            line.contains(&stack.to_string()) && line.len() > stack.to_string().len() + 3,
            "{line}"
        );
    }
}

/// A step that waits for what is missing says that nothing was begun, what is missing, and what to
/// do; its name once.
#[test]
fn a_step_that_was_not_begun_says_what_it_waits_for() {
    use crate::domain::deployment::DeploymentEvent;
    use crate::domain::failure::Retry;
    let mut scene = Scene::new();
    scene.env("prod", EnvClass::Production);
    let d = scene
        .ago(300)
        .ask("prod/a", fixture::spec("prod/a", "2"), None, &[]);
    scene.start("prod/a", d).begin(d, "change-set");
    let failure = Failure::new("change-set: not started without TOKEN")
        .hint("put it there")
        .retry(Retry::Contact);
    scene.on(
        d,
        DeploymentEvent::StepLost {
            step: "change-set".into(),
            failure,
        },
    );
    let verdict = scene.world.verdict(&id("prod/a"), NOW);
    assert!(
        verdict.line.contains("NOT STARTED") && verdict.line.contains("Nothing of change-set"),
        "{}",
        verdict.line
    );
    assert_eq!(
        verdict.why.as_deref(),
        Some("change-set: not started without TOKEN; put it there; it goes on by itself then")
    );
}

/// A cancel whose outcome nobody can ask for says both, and can be given up; one that a person must
/// tell of can also be resolved.
#[test]
fn a_cancel_out_of_sight_is_no_end() {
    use crate::domain::deployment::{CANCEL_LIMIT, DeploymentEvent, Stopping};
    use crate::domain::failure::Retry;
    for (retry, line, next) in [
        (
            Retry::Contact,
            "What change-set began goes on alone: it is cancelled when its end is known; it can be given up after",
            vec![Doing::Abandon],
        ),
        (
            Retry::AskAPerson,
            "CANCELLING, OUTCOME UNKNOWN",
            vec![Doing::Unblock, Doing::Abandon],
        ),
    ] {
        let mut scene = Scene::new();
        scene.env("prod", EnvClass::Production);
        scene.ago(420).good("prod/a", fixture::spec("prod/a", "1"));
        let d = scene
            .ago(300)
            .ask("prod/a", fixture::spec("prod/a", "2"), None, &[]);
        scene.start("prod/a", d).begin(d, "change-set");
        let stopping = Stopping::Cancelling {
            reason: "wrong one".to_owned(),
            by: crate::domain::person::Person::Engine,
            at: NOW,
        };
        scene.on(d, DeploymentEvent::Stopping { stopping });
        scene.note(d, "change-set");
        let failure = Failure::new("out of sight").retry(retry);
        scene.on(
            d,
            DeploymentEvent::StepLost {
                step: "change-set".into(),
                failure,
            },
        );
        let verdict = scene.world.verdict(&id("prod/a"), NOW);
        for (now, when) in [(NOW, "from "), (NOW + CANCEL_LIMIT, "now")] {
            let refused = scene
                .world
                .offer(&id("prod/a"), Doing::Cancel, now)
                .refused
                .unwrap();
            assert!(
                refused.when.starts_with(&format!("to give it up {when}"))
                    && refused.when.ends_with("cancel prod/a --abandon"),
                "{refused:?}"
            );
        }
        assert!(
            verdict.line.contains(line) && verdict.line.contains("CANCELLING"),
            "{}",
            verdict.line
        );
        assert_eq!(
            verdict
                .next
                .iter()
                .map(|offer| offer.doing)
                .collect::<Vec<_>>(),
            next
        );
    }
}
