//! Every exit code, and what leads to it: 0 done, 1 failed, 2 wrong use or configuration, 3 held or
//! ended by a person, 4 contact lost.

use crate::domain::failure::Failure;
use crate::domain::line::{Id, Severity, SourceKind, Turn};
use crate::domain::person::Person;
use crate::world::{DiskFull, EngineState};

use super::*;

fn refused(code: &str) -> Answer {
    Answer::Refused(Refused::new(code, "no"))
}

#[test]
fn a_refusal_means_the_same_to_every_verb() {
    for (code, exit) in [
        (Refused::CANNOT_PLAN, Code::Failed),
        (Refused::NO_CONTACT, Code::Lost),
        (Refused::STORE, Code::Lost),
        ("frozen", Code::Wrong),
        ("guard", Code::Wrong),
        ("unknown-release", Code::Wrong),
    ] {
        for words in [
            "deploy|dev/orders",
            "redeploy|dev/orders",
            "plan|dev/orders",
            "teardown|dev/orders",
        ] {
            let ran = run_words(&format!("{words}|--json"), vec![refused(code)], None);
            let json: Value = serde_json::from_str(&ran.out).unwrap();
            assert_eq!(
                (ran.code, &json["exit"], &json["code"]),
                (exit, &json!(exit as u8), &json!(code)),
                "{words}: {json}"
            );
        }
        let approved = run_words(
            "approve|#2318.scale-down.1",
            vec![refused(code)],
            Some(&["prod-us down"]),
        );
        assert_eq!(approved.code, exit, "approve: {code}");
    }
}

#[test]
fn an_answer_of_another_kind_is_a_failure_with_its_own_word() {
    let card = || card(Level::L1, None);
    let acted = || Answer::Accepted {
        deployments: vec![],
        says: "it starts".to_owned(),
    };
    for (words, answers) in [
        ("redeploy|dev/orders|--json", vec![acted()]),
        ("redeploy|dev/orders|--json", vec![card(), card()]),
        ("reject|#2318.scale-down.1|--reason|no|--json", vec![card()]),
    ] {
        let ran = run_words(words, answers, None);
        let json: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(
            (ran.code, &json["code"], &json["exit"]),
            (Code::Failed, &json!("wrong-answer"), &json!(1)),
            "{words}: {json}"
        );
    }
}

/// What makes the world such that a verb ends as it does.
type Change = fn(&mut Scene);

#[test]
fn each_exit_code_has_its_causes() {
    let none: Change = |_| {};
    let no_engine: Change =
        |scene| scene.world.engine = EngineState::None("the folder is read-only".to_owned());
    let old: Change = |scene| {
        scene.ago(0);
        let d = scene.ask("dev/search", fixture::spec("dev/search", "414"), None, &[]);
        scene.start("dev/search", d).end(
            "dev/search",
            d,
            End::Failed {
                failure: Failure::new("it broke"),
            },
        );
        scene.stale("dev/search", "127.0.0.1:9 cannot be reached");
    };
    for (words, exit, change) in [
        ("ls", Code::Done, none),
        ("holds", Code::Done, none),
        ("plan|dev/orders", Code::Done, none),
        ("redeploy|dev/orders", Code::Done, none),
        ("ls|nowhere", Code::Wrong, none),
        ("plan|dev/ordres", Code::Wrong, none),
        ("retry|dev/orders", Code::Wrong, none),
        ("approve|#2318.scale-down.1", Code::Wrong, none),
        ("freeze|dev|--reason| ", Code::Wrong, none),
        ("check", Code::Wrong, none),
        ("unblock|dev/search", Code::Lost, old),
        ("retry|dev/orders", Code::Lost, no_engine),
    ] {
        let world = fixture::scene();
        let answers = vec![card(Level::L1, None), accepted(&world, "dev/orders")];
        let ran = run_with(words, answers, None, |scene, _| change(scene));
        assert_eq!(ran.code, exit, "{words}: {}", ran.err);
    }
}

#[test]
fn what_is_waited_for_ends_with_the_code_of_its_end() {
    let by = || Person::Owner("ana".into());
    let ended = |reason: &str| {
        Some(End::Terminated {
            reason: reason.to_owned(),
            by: by(),
        })
    };
    for (end, exit, outcome) in [
        (Some(End::Done), Code::Done, "done"),
        (
            Some(End::Failed {
                failure: Failure::new("it broke"),
            }),
            Code::Failed,
            "failed",
        ),
        (ended("rejected by ana: not at noon"), Code::Held, "ended"),
        (ended("cancelled by ana"), Code::Held, "ended"),
        (ended("the hold expired"), Code::Held, "ended"),
        (None, Code::Lost, "lost"),
    ] {
        let change = |scene: &mut Scene| {
            scene.ago(0);
            let d = scene.ask("dev/orders", fixture::spec("dev/orders", "414"), None, &[]);
            scene.start("dev/orders", d);
            match end.clone() {
                Some(end) => drop(scene.end("dev/orders", d, end)),
                None => scene.world.engine = EngineState::None("it ended".to_owned()),
            }
            (d, scene.world.deployment(d).unwrap().no())
        };
        let accepted = Answer::Accepted {
            deployments: vec![change(&mut Scene::whole())],
            says: "it starts".to_owned(),
        };
        let ran = run_with(
            "redeploy|dev/orders|--wait|--json",
            vec![card(Level::L1, None), accepted],
            None,
            |scene, _| {
                change(scene);
            },
        );
        let json: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(
            (ran.code, &json["outcome"], &json["exit"]),
            (exit, &json!(outcome), &json!(exit as u8)),
            "{json}"
        );
    }
}

/// In a pipeline that is the log: the deployment's own output, as its commands wrote it, before it
/// is said how they ended.
#[test]
fn what_the_steps_say_is_printed_while_it_is_waited_for() {
    let line = |no: u64, nth: u64, kind, part: &str| Line {
        turn: Turn(NOW, nth),
        at: NOW - Duration::from_secs(nth),
        id: Id::Nth(nth),
        kind,
        source: "migrate".into(),
        part: part.into(),
        stack: fixture::id("dev/orders"),
        no: Some(DeploymentNo(no)),
        phase: None,
        severity: Severity::Info,
        text: format!("line {nth}").as_str().into(),
    };
    for (json, deployments) in [(false, 1), (true, 1), (false, 9)] {
        let words = if json {
            "redeploy|dev/orders|--wait|--json"
        } else {
            "redeploy|dev/orders|--wait"
        };
        let d = fixture::scene()
            .latest(&fixture::id("dev/orders"))
            .map(|d| (d.id, d.no()))
            .unwrap();
        let answer = Answer::Accepted {
            deployments: vec![d; deployments],
            says: "it starts".to_owned(),
        };
        let ran = run_with(
            words,
            vec![card(Level::L1, None), answer],
            None,
            |_, desk| {
                let no = d.1.0;
                let others = [
                    line(no + 1, 7, SourceKind::Out, ""),
                    line(no, 8, SourceKind::Engine, ""),
                ];
                let own = [3, 1, 2].map(|nth| {
                    line(
                        no,
                        nth,
                        SourceKind::Out,
                        if nth == 2 { "stderr" } else { "" },
                    )
                });
                desk.lines = Mutex::new(others.into_iter().chain(own).collect());
                // The last line is read when everything is over, and some time after the others.
                desk.by.late = Mutex::new(vec![line(no, 4, SourceKind::Out, "")]);
                desk.by.reading.read = true;
            },
        );
        let (printed, beside) = if json {
            (&ran.err, &ran.out)
        } else {
            (&ran.out, &ran.err)
        };
        let expected: &[&str] = if deployments == 1 {
            &[
                "migrate  line 1",
                "migrate stderr  line 2",
                "migrate  line 3",
                "migrate  line 4",
            ]
        } else {
            &[]
        };
        let lines: Vec<&str> = printed
            .lines()
            .filter_map(|line| Some(&line[line.find("migrate")?..]))
            .collect();
        assert_eq!(lines, expected, "{words}: {}{}", ran.out, ran.err);
        assert!(!beside.contains("migrate  line"), "{beside}");
        assert!(json || ran.out.starts_with("it starts"), "{}", ran.out);
    }
}

/// A full disk, as the engine tells of it.
fn full(scene: &mut Scene) {
    let home = "/home/ana/.local/share/holdpoint".to_owned();
    scene.world.disk_full = Some(DiskFull {
        home,
        since: fixture::ago(90),
    });
}

#[test]
fn a_full_disk_is_the_first_thing_that_is_said() {
    let says =
        "the disk of /home/ana/.local/share/holdpoint is full: nothing has been recorded since ";
    let ran = run_with("ls", vec![], None, |scene, _| full(scene));
    assert!(
        ran.code == Code::Done && ran.out.starts_with(&format!("! {says}")),
        "{}",
        ran.out
    );
    let ran = run_with("ls|--json", vec![], None, |scene, _| full(scene));
    let json: Value = serde_json::from_str(&ran.out).unwrap();
    assert!(
        json["disk"]["says"].as_str().unwrap().starts_with(says),
        "{json}"
    );
    assert_eq!(
        json["disk"]["full_since"],
        json!(fixture::ago(90).to_string())
    );
    let ran = run_with("doctor", vec![], None, |scene, desk| {
        desk.by.estate = Some(estate());
        full(scene);
    });
    assert_eq!(ran.code, Code::Failed);
    assert!(
        ran.out
            .lines()
            .any(|line| line.starts_with("WRONG  disk") && line.contains(says)),
        "{}",
        ran.out
    );
}

/// What comes of waiting for an answer about dev, and what was said meanwhile.
fn answered(place: &TestGround) -> (Result<Answer, Stop>, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let answer = {
        let mut hands = Hands {
            out: &mut out,
            err: &mut err,
            interactive: false,
            colour: false,
            argv: vec![],
            read_line: &mut || Ok(None),
        };
        let (desk, ask) = (place.desk().unwrap(), AskId(uuid::Uuid::nil()));
        let (dev, mut out) = ("dev".parse().unwrap(), Out::new(&mut hands, false));
        crate::cli::wait::answer(&*desk, place, ask, Some(&dev), &mut out)
    };
    (answer, String::from_utf8(err).unwrap())
}

/// While AWS throttles, an answer is waited for longer than otherwise, and that is said once.
#[test]
fn who_waits_for_an_answer_is_told_that_aws_throttles() {
    let desk = Double::default();
    let mut scene = Scene::whole();
    let slowed = Some(crate::domain::sighting::Slowed {
        since: fixture::ago(20),
        every_ms: 4_000,
    });
    let told = fixture::pace(slowed);
    scene.sighting("environment/dev", "pace", told, 3);
    *desk.world.lock().unwrap() = Arc::new(scene.world);
    let place = TestGround {
        desk: Arc::new(desk),
        now: Mutex::new(NOW),
    };
    let (answer, said) = answered(&place);
    assert_eq!(answer.unwrap_err().word, "answer");
    let says = "the answer takes longer: AWS throttles reads of 441200007731/eu-west-1 since";
    assert_eq!(said.matches(says).count(), 1, "{said}");
    let waited = place.now.lock().unwrap().since(NOW);
    assert!(
        waited > Duration::from_secs(155),
        "two minutes from when an engine said so last: {waited:?}"
    );
}

#[test]
fn who_waits_is_told_of_a_full_disk() {
    // The answer cannot be recorded: it is not waited for in silence.
    let desk = Double::default();
    let mut scene = Scene::whole();
    full(&mut scene);
    *desk.world.lock().unwrap() = Arc::new(scene.world);
    let place = TestGround {
        desk: Arc::new(desk),
        now: Mutex::new(NOW),
    };
    let (stop, said) = answered(&place);
    let stop = stop.unwrap_err();
    assert_eq!(said, "");
    assert_eq!(
        (stop.code, stop.word.as_str()),
        (Code::Lost, "disk"),
        "{}",
        stop.says
    );
    assert!(
        stop.says.contains("the disk of /home/ana") && stop.says.contains("it may still be done"),
        "{}",
        stop.says
    );
    // What runs is waited for, and that is said once.
    let change = |scene: &mut Scene| {
        let d = scene.ask("dev/orders", fixture::spec("dev/orders", "414"), None, &[]);
        scene.start("dev/orders", d);
        scene.end("dev/orders", d, End::Done);
        full(scene);
        (d, scene.world.deployment(d).unwrap().no())
    };
    let accepted = Answer::Accepted {
        deployments: vec![change(&mut Scene::whole())],
        says: "it starts".to_owned(),
    };
    let ran = run_with(
        "redeploy|dev/orders|--wait",
        vec![card(Level::L1, None), accepted],
        None,
        |scene, _| {
            change(scene);
        },
    );
    assert_eq!(
        (ran.code, ran.err.matches("is full").count()),
        (Code::Done, 1),
        "{}",
        ran.err
    );
}
