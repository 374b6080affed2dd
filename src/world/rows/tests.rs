use crate::domain::sighting::{CONTACT, Seen, Slowed, THING};
use crate::world::fixture::{self, NOW, Scene, id};

use super::*;
use crate::domain::deployment::DeploymentEvent;
use crate::domain::end::End;
use crate::domain::failure::Failure;
use crate::domain::stack::{Left, StackEvent};

#[test]
fn every_state_of_the_scene() {
    let world = fixture::scene();
    let mut text = Vec::new();
    for env in world.environments(NOW) {
        text.push(format!(
            "{} {} {} {:?} {}",
            env.name,
            env.class.word(),
            env.spot.words("/"),
            env.serve(),
            env.worst().word()
        ));
        for row in &env.rows {
            let serve = row
                .serve
                .map_or_else(String::new, |(a, b)| format!("{a}/{b}"));
            let step = row
                .step
                .as_ref()
                .map_or_else(String::new, |at| format!("{} {}/{}", at.id, at.nth, at.of));
            let age = row
                .held_for(NOW)
                .map_or_else(|| "-".to_owned(), crate::domain::time::short);
            let mark = if row.needs_me { "!" } else { " " };
            text.push(format!(
                "{mark} {} {} {serve} {} {age} {step} {}",
                row.stack,
                row.state.word(),
                row.release(),
                row.why.as_deref().unwrap_or("")
            ));
        }
    }
    insta::assert_snapshot!(text.join("\n"));
}

#[test]
fn a_real_stack_that_moves_without_us_is_seen_as_outside_or_rolling() {
    let mut scene = Scene::new();
    scene.env("dev", EnvClass::Development);
    scene.ago(900).good("dev/a", fixture::spec("dev/a", "1"));
    for (status, state) in [
        ("UPDATE_COMPLETE", State::Ok),
        ("UPDATE_IN_PROGRESS", State::RunOutside),
        ("UPDATE_ROLLBACK_IN_PROGRESS", State::Roll),
        ("UPDATE_ROLLBACK_FAILED", State::Brok),
        ("UPDATE_ROLLBACK_COMPLETE", State::Ok),
    ] {
        scene.cfn("dev/a", status, 5, vec![]);
        assert_eq!(scene.world.row(&id("dev/a"), NOW).state, state, "{status}");
    }
}

#[test]
fn a_crashed_service_is_down_and_needs_somebody() {
    let mut scene = Scene::new();
    scene.env("dev", EnvClass::Development);
    scene.ago(900).good("dev/a", fixture::spec("dev/a", "1"));
    scene.sighting(
        "stack/dev/a",
        "serve",
        Seen::Serve {
            running: 0,
            desired: 2,
            services: Vec::new(),
        },
        2,
    );
    let row = scene.world.row(&id("dev/a"), NOW);
    assert_eq!((row.state, row.needs_me), (State::Down, true));
    scene.serve("dev/a", 1, 2);
    assert_eq!(scene.world.row(&id("dev/a"), NOW).state, State::Ok);
}

#[test]
fn what_somebody_else_deleted_is_down_and_serves_nothing() {
    let mut scene = Scene::new();
    scene.env("prod", EnvClass::Production);
    scene.ago(900).good("prod/a", fixture::spec("prod/a", "1"));
    scene
        .serve("prod/a", 3, 3)
        .cfn("prod/a", "MISSING", 0, vec![]);
    let row = scene.world.row(&id("prod/a"), NOW);
    assert_eq!(
        (row.state, row.needs_me, row.serve),
        (State::Down, true, Some((0, 6)))
    );
    let (needs, _) = scene.world.needs(NOW).unwrap();
    assert!(
        needs
            .why
            .as_deref()
            .is_some_and(|why| why.contains("is gone")),
        "{needs:?}"
    );
    assert!(
        needs.next.iter().any(
            |offer| offer.doing == crate::world::available::Doing::Redeploy
                && offer.refused.is_none()
        ),
        "{needs:?}"
    );
}

/// What was taken down from here, and failed to come back, is not an outage: nothing served there.
#[test]
fn what_was_taken_down_from_here_is_not_down() {
    let mut scene = Scene::new();
    scene.env("prod", EnvClass::Production);
    scene.ago(900).good("prod/a", fixture::spec("prod/a", "1"));
    let deployment = scene
        .ago(300)
        .ask("prod/a", fixture::spec("prod/a", "2"), None, &[]);
    scene.start("prod/a", deployment);
    let failure = Failure::new("it cannot be imported");
    let event = DeploymentEvent::Error { failure };
    scene.ago(60).on(deployment, event).on_stack(
        "prod/a",
        StackEvent::Failed {
            deployment,
            reason: "it cannot be imported".to_owned(),
            left: Left::Nothing,
        },
    );
    scene.cfn("prod/a", "MISSING", 90, vec![]);
    assert_ne!(scene.world.row(&id("prod/a"), NOW).state, State::Down);
}

#[test]
fn what_nobody_has_looked_at_yet_is_neither_new_nor_well() {
    let mut scene = Scene::new();
    scene.env("dev", EnvClass::Development);
    scene
        .listed("dev/a", Ok(fixture::spec("dev/a", "1")))
        .listed("dev/chores", Ok(fixture::script("dev/chores", "1")));
    let state = |scene: &Scene, stack: &str| scene.world.row(&id(stack), NOW).state;
    assert_eq!(
        (state(&scene, "dev/a"), state(&scene, "dev/chores")),
        (State::Blank, State::New)
    );
    scene.sighting("stack/dev/a", THING, seen("MISSING"), 0);
    assert_eq!(state(&scene, "dev/a"), State::New);
    // One that was there and vanished is no new one.
    scene.cfn("dev/a", "MISSING", 90, vec![]);
    assert_eq!(
        scene.world.row(&id("dev/a"), NOW).since,
        Some(fixture::ago(90))
    );
    assert_eq!(state(&scene, "dev/a"), State::Down);
}

/// A deployment that ended well has seen what it left: the look before it is not all there is.
#[test]
fn what_a_deployment_saw_at_its_end_is_not_stale() {
    let mut scene = Scene::new();
    scene.env("dev", EnvClass::Development);
    scene.listed("dev/a", Ok(fixture::spec("dev/a", "1")));
    scene.sighting("stack/dev/a", THING, seen("MISSING"), 20 * 60);
    let d = scene
        .ago(10 * 60)
        .ask("dev/a", fixture::spec("dev/a", "1"), None, &[]);
    scene.start("dev/a", d);
    scene.ago(60).end("dev/a", d, crate::domain::end::End::Done);
    let state = |scene: &Scene, later| scene.world.row(&id("dev/a"), NOW + later).state;
    assert_eq!(state(&scene, Duration::ZERO), State::Ok);
    assert_eq!(state(&scene, Duration::from_mins(2)), State::Stale);
}

#[test]
fn a_freeze_ends_by_itself() {
    let world = fixture::scene();
    let later = NOW + Duration::from_secs(7_201);
    assert_eq!(world.row(&id("prod-us/web"), NOW).state, State::Froz);
    assert_eq!(world.row(&id("prod-us/web"), later).state, State::Que);
}

#[test]
fn the_order_is_need_first_and_stays_the_same_while_nothing_changes() {
    let world = fixture::scene();
    let order = |views: Vec<EnvView>| views.iter().map(EnvView::worst).collect::<Vec<_>>();
    assert!(order(world.environments(NOW)).is_sorted());
    assert_eq!(world.environments(NOW), world.environments(NOW));
    let total: usize = world.counts(NOW).values().sum();
    assert_eq!(total, world.stacks().len());
}

#[test]
fn what_nobody_looked_at_for_long_is_stale_and_can_still_be_changed() {
    let mut scene = Scene::new();
    scene.env("dev", EnvClass::Development);
    scene.listed("dev/a", Ok(fixture::spec("dev/a", "1")));
    scene.sighting("stack/dev/a", THING, seen("UPDATE_COMPLETE"), 119);
    assert_eq!(scene.world.row(&id("dev/a"), NOW).state, State::Ok);
    scene.sighting("stack/dev/a", THING, seen("UPDATE_COMPLETE"), 19 * 60);
    let row = scene.world.row(&id("dev/a"), NOW);
    assert_eq!(
        (row.state, row.stale.as_deref()),
        (State::Stale, Some("nobody has looked at it for 19m"))
    );
    // The engine looks again before it plans: an old picture is said, and forbids nothing.
    let offer = scene
        .world
        .offer(&id("dev/a"), crate::world::available::Doing::Deploy, NOW);
    assert_eq!(offer.refused, None);
}

fn seen(status: &str) -> Seen {
    Seen::Thing {
        sight: fixture::seen("dev/a", status),
    }
}

#[test]
fn what_was_seen_before_the_last_end_tells_nothing_of_now() {
    let mut scene = Scene::new();
    scene.env("dev", EnvClass::Development);
    scene.ago(900).good("dev/a", fixture::spec("dev/a", "1"));
    let ended = scene
        .world
        .folds
        .stack(&id("dev/a"))
        .last
        .and_then(|last| scene.world.deployment(last))
        .and_then(|d| d.ended_at)
        .unwrap();
    let before = NOW.since(ended).as_secs() + 5;
    for status in [
        "MISSING",
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_IN_PROGRESS",
    ] {
        scene.sighting("stack/dev/a", THING, seen(status), before);
        assert_eq!(
            scene.world.row(&id("dev/a"), NOW).state,
            State::Ok,
            "{status}"
        );
    }
}

#[test]
fn that_aws_throttles_is_said_while_an_engine_says_so() {
    let mut scene = Scene::new();
    scene.env("dev", EnvClass::Development);
    let release = fixture::spec("dev/a", "1");
    scene.listed("dev/a", Ok(release.clone()));
    scene.ago(900).good("dev/a", release);
    scene.cfn("dev/a", "UPDATE_COMPLETE", 900, vec![]);
    scene
        .world
        .sightings
        .values_mut()
        .for_each(|sighting| sighting.taken_at = fixture::ago(32));
    let mut said = |slowed, secs_ago| {
        scene.sighting("environment/dev", "pace", fixture::pace(slowed), secs_ago);
        let says = scene.world.environments(NOW)[0].throttled_says();
        (says, scene.world.row(&id("dev/a"), NOW).why)
    };
    let slowed = Some(Slowed {
        since: fixture::ago(90),
        every_ms: 2_000,
    });
    let (says, why) = said(slowed, 5);
    let says = says.unwrap();
    assert!(
        says.starts_with("AWS throttles reads of 441200007731/eu-west-1 since ")
            && says.contains("once in 2 s"),
        "{says}"
    );
    assert_eq!(
        why.as_deref(),
        Some("AWS throttles reads: seen 32s ago"),
        "a row says how old it is"
    );
    assert_eq!(said(None, 5), (None, None));
    // An engine that ended while it was so says nothing any more.
    assert_eq!(said(slowed, 60), (None, None));
    assert!(
        said(
            Some(Slowed {
                since: NOW,
                every_ms: 500
            }),
            0
        )
        .0
        .unwrap()
        .contains("once in 500 ms")
    );
}

fn cancelled() -> End {
    End::Terminated {
        reason: "cancelled".to_owned(),
        by: crate::domain::given::ana(),
    }
}

/// What a cancelled script had begun is not undone by its end: it was not "never deployed", and it
/// is not well.
#[test]
fn what_was_cancelled_half_way_says_so() {
    let mut scene = Scene::new();
    scene.env("dev", EnvClass::Development);
    let release = fixture::script("dev/chores", "9c");
    scene.listed("dev/chores", Ok(release.clone()));
    let d = scene.ago(60).ask("dev/chores", release, None, &[]);
    scene.start("dev/chores", d).begin(d, "migrate");
    scene
        .ago(40)
        .on(
            d,
            DeploymentEvent::StepCancelled {
                step: "migrate".into(),
                reason: "cancelled".to_owned(),
                as_before: false,
                changed_at: None,
            },
        )
        .end("dev/chores", d, cancelled());
    let row = scene.world.row(&id("dev/chores"), NOW);
    assert_eq!((row.state, row.needs_me), (State::Cut, false));
    let line = scene.world.verdict(&id("dev/chores"), NOW).line;
    assert!(line.contains("CANCELLED #"), "{line}");
}

/// A service at zero reads the same in its row, in its environment and in the verdict.
#[test]
fn a_service_at_zero_has_one_count_everywhere() {
    let world = fixture::scene();
    let row = world.row(&id("prod-us/billing"), NOW);
    assert_eq!((row.state, row.serve), (State::Down, Some((0, 6))));
    let line = world.verdict(&id("prod-us/billing"), NOW).line;
    assert!(line.contains("prod-us/billing 0/6"), "{line}");
    let envs = world.environments(NOW);
    let env = envs.iter().find(|env| env.name == row.stack.env).unwrap();
    let sum = env
        .rows
        .iter()
        .filter_map(|row| row.serve)
        .map(|(_, of)| of);
    assert_eq!(env.serve().map(|(_, of)| of), Some(sum.sum()));
}

/// A step that takes several times what it takes here is told with its numbers; without earlier
/// runs there are none.
#[test]
fn a_step_without_progress_needs_a_person() {
    let mut scene = Scene::new();
    scene.env("dev", EnvClass::Development);
    let running = |scene: &mut Scene, secs: u64| {
        let d = scene
            .ago(secs)
            .ask("dev/a", fixture::spec("dev/a", "9"), None, &[]);
        scene
            .start("dev/a", d)
            .weighed(d, "change-set", "join", &fixture::rows(false))
            .begin(d, "execute");
        d
    };
    let mut fresh = Scene::new();
    fresh.env("dev", EnvClass::Development);
    running(&mut fresh, 90_000);
    assert_eq!(fresh.world.row(&id("dev/a"), NOW).slow, None);
    for n in 0..3 {
        scene
            .ago(200_000 - n * 10_000)
            .good("dev/a", fixture::spec("dev/a", &n.to_string()));
    }
    running(&mut scene, 20_000);
    let row = scene.world.row(&id("dev/a"), NOW);
    assert_eq!((row.state, row.needs_me), (State::Run, true));
    let verdict = scene.world.verdict(&id("dev/a"), NOW);
    assert!(verdict.line.contains("NO PROGRESS #"), "{}", verdict.line);
    let why = verdict.why.unwrap();
    assert!(why.contains("times its usual"), "{why}");
}

/// What somebody else changed after a deployment from here is told so wherever it is shown: in the
/// list, on the card of the next change, and where a person decides what comes back.
#[test]
fn what_was_changed_elsewhere_is_one_truth_in_list_card_and_hold() {
    use crate::domain::ask::{Answer, Ask, Attached, Intent, Source};
    use crate::domain::end::End;
    use crate::domain::ids::AskId;
    use crate::domain::label::Label;
    use crate::domain::plan::Output;

    let mut scene = Scene::new();
    let (stack, spec) = (id("dev/a"), fixture::spec("dev/a", "412"));
    scene.env("dev", EnvClass::Development);
    scene.listed("dev/a", Ok(spec.clone()));
    let d = scene.ago(900).ask("dev/a", spec, None, &[]);
    scene
        .start("dev/a", d)
        .weighed(d, "change-set", "join", &fixture::rows(false))
        .done(d, "execute", 70, serde_json::json!({}))
        .begin(d, "verify");
    let left = Output {
        changed_at: Some(fixture::ago(800)),
        ..Output::public(serde_json::json!({}))
    };
    scene
        .on(
            d,
            DeploymentEvent::StepDone {
                step: "verify".into(),
                output: left,
            },
        )
        .end("dev/a", d, End::Done);
    let says = |scene: &Scene| {
        let row = scene.world.row(&stack, NOW);
        let entry = &scene.world.catalog.stacks[&stack];
        let ask = Ask::Preview {
            intent: Intent::deploy(stack.clone(), Source::Estate),
            attached: vec![Attached {
                stack: stack.clone(),
                spec: entry.spec.clone().unwrap(),
                bundle: entry.bundle.clone(),
            }],
        };
        let rows = fixture::rows(false);
        let id = AskId(uuid::Uuid::nil());
        let answer = fixture::decided(&scene.world, &ask, id, &rows, NOW);
        let Ok((_, Answer::Card { card })) = answer else {
            panic!("{answer:?}")
        };
        let says = card.lines.iter().find(|line| line.label == Label::Says);
        (row.release(), row.why, says.unwrap().text.clone())
    };

    scene.cfn("dev/a", "UPDATE_COMPLETE", 800, vec![]);
    let (release, why, card) = says(&scene);
    assert_eq!((release.as_str(), why), ("412", None));
    assert!(!card.contains("elsewhere"), "{card}");

    scene.cfn("dev/a", "UPDATE_COMPLETE", 60, vec![]);
    let at = fixture::ago(60).text("%Y-%m-%d %H:%M:%SZ");
    let (release, why, card) = says(&scene);
    let why = why.unwrap();
    assert_eq!(release, "412?");
    for told in [&why, &card] {
        assert!(
            told.contains(&format!("changed elsewhere at {at}")),
            "{told}"
        );
    }
    let fold = scene.world.folds.stack(&stack);
    let seen = scene.world.thing(&stack).unwrap().sight;
    assert_eq!(
        fold.changed_elsewhere(&scene.world.folds, seen),
        Some(fixture::ago(60))
    );
    scene.cfn("dev/a", "MISSING", 10, vec![]);
    assert!(
        !scene.world.row(&stack, NOW).release().contains('?'),
        "that it is gone is told"
    );

    // A change from here that was taken back leaves its time, and what served before.
    let d = scene
        .ago(300)
        .ask("dev/a", fixture::spec("dev/a", "413"), None, &[]);
    scene
        .start("dev/a", d)
        .weighed(d, "change-set", "join", &fixture::rows(false))
        .begin(d, "execute")
        .on(
            d,
            DeploymentEvent::StepCancelled {
                step: "execute".into(),
                reason: "UPDATE_ROLLBACK_COMPLETE".to_owned(),
                as_before: true,
                changed_at: Some(fixture::ago(60)),
            },
        )
        .end("dev/a", d, cancelled());
    scene.cfn("dev/a", "UPDATE_ROLLBACK_COMPLETE", 60, vec![]);
    assert_eq!(scene.world.row(&stack, NOW).release(), "412");
    scene.cfn("dev/a", "UPDATE_COMPLETE", 30, vec![]);
    assert_eq!(scene.world.row(&stack, NOW).release(), "412?");

    // One that was given up while it went on outside: nobody knows which of the two serves.
    let d = scene
        .ago(20)
        .ask("dev/a", fixture::spec("dev/a", "414"), None, &[]);
    scene
        .start("dev/a", d)
        .weighed(d, "change-set", "join", &fixture::rows(false))
        .begin(d, "execute")
        .on(
            d,
            DeploymentEvent::Abandoned {
                still: vec!["execute".into()],
                by: crate::domain::person::Person::Owner("ana".into()),
            },
        )
        .end("dev/a", d, cancelled());
    scene.cfn("dev/a", "UPDATE_COMPLETE", 10, vec![]);
    assert_eq!(scene.world.row(&stack, NOW).release(), "412?");
}

/// What was only adopted, and was recovered by taking the change back, serves what it served before
/// anybody came from here.
#[test]
fn what_was_adopted_and_recovered_is_not_new() {
    let mut scene = Scene::new();
    scene.env("dev", EnvClass::Development);
    let spec = fixture::spec("dev/billing", "e5");
    scene.listed("dev/billing", Ok(spec.clone()));
    let d = scene.ago(60).ask("dev/billing", spec, None, &[]);
    let status = "UPDATE_COMPLETE".to_owned();
    scene
        .on_stack("dev/billing", StackEvent::Adopted { status })
        .start("dev/billing", d);
    scene.ago(1).on(d, DeploymentEvent::Done).on_stack(
        "dev/billing",
        StackEvent::Succeeded {
            deployment: d,
            release: None,
            as_before: true,
        },
    );
    // Seen two seconds ago, before that end.
    scene.on_stack("dev/billing", StackEvent::QueueEmpty);
    scene.cfn("dev/billing", "UPDATE_ROLLBACK_COMPLETE", 2, vec![]);
    let row = scene.world.row(&id("dev/billing"), NOW);
    assert_eq!(row.state, State::Ok);
}

/// Another `stack_name` whose creation was refused took nothing down: what serves is another stack.
#[test]
fn what_was_refused_under_another_name_is_not_down() {
    let mut scene = Scene::new();
    scene.env("dev", EnvClass::Development);
    scene
        .ago(600)
        .good("dev/app", fixture::spec("dev/app", "1"));
    let mut other = fixture::spec("dev/app", "2");
    other.about[0].name = "another".to_owned();
    let d = scene.ago(60).ask("dev/app", other.clone(), None, &[]);
    scene.listed("dev/app", Ok(other)).start("dev/app", d);
    scene
        .ago(30)
        .on(
            d,
            DeploymentEvent::Error {
                failure: Failure::new("refused").as_before(),
            },
        )
        .on_stack(
            "dev/app",
            StackEvent::FailedContinue {
                deployment: d,
                reason: "refused".to_owned(),
                left: Left::Before,
            },
        )
        .on_stack("dev/app", StackEvent::QueueEmpty);
    let mut sight = fixture::seen("dev/app", "MISSING");
    sight.about.name = "another".to_owned();
    scene.sighting("stack/dev/app", THING, Seen::Thing { sight }, 2);
    let row = scene.world.row(&id("dev/app"), NOW);
    assert_eq!(row.state, State::Fail);
}

const FAILS: &str = "its tasks fail: the container main ended with exit code 1 (3 of late)";

/// What serves is told by each service: the sum of several hides one that is at zero.
#[test]
fn a_service_at_zero_or_whose_tasks_fail_is_told_whatever_the_others_do() {
    let mut scene = Scene::new();
    scene.env("dev", EnvClass::Development);
    scene.ago(900).good("dev/a", fixture::spec("dev/a", "1"));
    let service = |name: &str, running: u32, coming: Option<(u32, u32)>, trouble: Option<&str>| {
        crate::domain::sighting::ServiceSeen {
            name: name.into(),
            running,
            desired: 2,
            pending: 1,
            coming,
            trouble: trouble.map(Into::into),
        }
    };
    for (services, state, says, line) in [
        (
            vec![
                service("web", 2, None, None),
                service("api", 1, Some((1, 2)), None),
            ],
            State::Ok,
            "3/4>1",
            "SERVES 1 3/4, 1/2 new, 2 pending.",
        ),
        (
            vec![service("web", 1, None, Some(FAILS))],
            State::Ok,
            "1/2 LOOPS",
            "SERVES 1 1/2, 1 pending. LOOPS.",
        ),
        (
            vec![
                service("web", 2, None, None),
                service("worker", 0, None, None),
            ],
            State::Down,
            // As many as there are when all is well.
            "2/6",
            "DOWN dev/a 2/6 (worker at 0)",
        ),
    ] {
        let running = services.iter().map(|one| one.running).sum();
        let desired = services.iter().map(|one| one.desired).sum();
        let seen = Seen::Serve {
            running,
            desired,
            services,
        };
        scene.sighting("stack/dev/a", "serve", seen, 2);
        let row = scene.world.row(&id("dev/a"), NOW);
        assert_eq!(row.state, state, "{says}");
        assert_eq!(row.serve_says().as_deref(), Some(says));
        let verdict = scene.world.verdict(&id("dev/a"), NOW);
        assert!(verdict.line.contains(line), "{}", verdict.line);
        if says.contains("LOOPS") {
            assert_eq!(verdict.why, Some(format!("web: {FAILS}")));
        }
    }
}

/// A deployment that waits for contact before it is planned is no deployment that runs.
#[test]
fn what_waits_for_contact_before_its_plan_says_why() {
    let mut scene = Scene::new();
    scene.env("dev", EnvClass::Development);
    let release = fixture::script("dev/chores", "9c");
    scene.listed("dev/chores", Ok(release.clone()));
    let d = scene.ago(60).ask("dev/chores", release, None, &[]);
    scene
        .ago(50)
        .on_stack("dev/chores", StackEvent::Started { deployment: d })
        .on(d, DeploymentEvent::Triggered)
        .on(d, DeploymentEvent::StackWait);
    let mut row = |secs_ago: u64, why: Option<&str>| {
        scene.sighting("stack/dev/chores", CONTACT, Seen::Nothing, secs_ago);
        if let Some(why) = why {
            scene.stale("dev/chores", why);
        }
        let row = scene.world.row(&id("dev/chores"), NOW);
        (row.state, row.needs_me, row.why)
    };
    let why = "the secret env:TOKEN cannot be read";
    let lost = (State::Lost, true, Some(why.to_owned()));
    assert_eq!(row(40, Some(why)), lost);
    let runs = (State::Run, false, None);
    assert_eq!(row(40, None), runs, "there is contact again");
    assert_eq!(row(55, Some(why)), runs, "that was an earlier wait");
}

/// What stands and is in the file no more is told, but not where the file cannot be read.
#[test]
fn a_stack_that_the_file_names_no_more_says_so() {
    let mut scene = Scene::new();
    scene.env("dev", EnvClass::Development);
    let release = fixture::spec("dev/orders", "412");
    scene
        .listed("dev/orders", Ok(release.clone()))
        .ago(60)
        .good("dev/orders", release);
    scene.cfn("dev/orders", "UPDATE_COMPLETE", 60, vec![]);
    let why = |scene: &Scene| scene.world.row(&id("dev/orders"), NOW).why;
    assert_eq!(why(&scene), None);
    let catalog = std::sync::Arc::make_mut(&mut scene.world.catalog);
    let entry = catalog.stacks.remove(&id("dev/orders")).unwrap();
    let says = why(&scene).unwrap();
    assert!(says.contains("`holdpoint teardown dev/orders`"), "{says}");
    let catalog = std::sync::Arc::make_mut(&mut scene.world.catalog);
    let entry = crate::domain::estate::Entry {
        spec: Err("error[mach]: wrong\n --> main.yml:7:5\n".to_owned()),
        ..entry
    };
    catalog.stacks.insert(id("dev/orders"), entry);
    let says = "its files cannot be read (main.yml:7:5): they cannot be deployed";
    assert_eq!(why(&scene).as_deref(), Some(says));
}
