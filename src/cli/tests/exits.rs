//! Every exit code, and what leads to it: 0 done, 1 failed, 2 wrong use or configuration, 3 held or ended by a person, 4 contact lost.

use crate::domain::failure::Failure;
use crate::domain::person::Person;
use crate::world::EngineSeen;

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
        for words in ["deploy|dev/orders", "redeploy|dev/orders", "plan|dev/orders", "teardown|dev/orders"] {
            let ran = run_words(&format!("{words}|--json"), vec![refused(code)], None);
            let json: Value = serde_json::from_str(&ran.out).unwrap();
            assert_eq!((ran.code, &json["exit"], &json["code"]), (exit, &json!(exit as u8), &json!(code)), "{words}: {json}");
        }
        let approved = run_words("approve|#2318.scale-down.1", vec![refused(code)], Some(&["prod-us down"]));
        assert_eq!(approved.code, exit, "approve: {code}");
    }
}

#[test]
fn an_answer_of_another_kind_is_a_failure_with_its_own_word() {
    let card = || card(Level::L1, None);
    let acted = || Answer::Accepted { deployments: vec![], says: "it starts".to_owned() };
    for (words, answers) in [
        ("redeploy|dev/orders|--json", vec![acted()]),
        ("redeploy|dev/orders|--json", vec![card(), card()]),
        ("reject|#2318.scale-down.1|--reason|no|--json", vec![card()]),
    ] {
        let ran = run_words(words, answers, None);
        let json: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!((ran.code, &json["code"], &json["exit"]), (Code::Failed, &json!("wrong-answer"), &json!(1)), "{words}: {json}");
    }
}

/// What makes the world such that a verb ends as it does.
type Change = fn(&mut Scene);

#[test]
fn each_exit_code_has_its_causes() {
    let none: Change = |_| {};
    let no_engine: Change = |scene| scene.world.engine = EngineSeen::None("the folder is read-only".to_owned());
    let old: Change = |scene| {
        scene.ago(0);
        let d = scene.ask("dev/search", fixture::spec("414", &json!({})), None, &[]);
        scene.start("dev/search", d, fixture::update_plan(false)).end("dev/search", d, End::Failed { failure: Failure::new("it broke") });
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
    let by = || Person::Owner("ana".to_owned());
    let ended = |reason: &str| Some(End::Terminated { reason: reason.to_owned(), by: by() });
    for (end, exit, outcome) in [
        (Some(End::Done), Code::Done, "done"),
        (Some(End::Failed { failure: Failure::new("it broke") }), Code::Failed, "failed"),
        (ended("rejected by ana: not at noon"), Code::Held, "ended"),
        (ended("cancelled by ana"), Code::Held, "ended"),
        (ended("the hold expired"), Code::Held, "ended"),
        (None, Code::Lost, "lost"),
    ] {
        let change = |scene: &mut Scene| {
            scene.ago(0);
            let d = scene.ask("dev/orders", fixture::spec("414", &json!({})), None, &[]);
            scene.start("dev/orders", d, fixture::update_plan(false));
            match end.clone() {
                Some(end) => drop(scene.end("dev/orders", d, end)),
                None => scene.world.engine = EngineSeen::None("it ended".to_owned()),
            }
            (d, scene.world.deployment(d).unwrap().no())
        };
        let accepted = Answer::Accepted { deployments: vec![change(&mut Scene::whole())], says: "it starts".to_owned() };
        let ran = run_with("redeploy|dev/orders|--wait|--json", vec![card(Level::L1, None), accepted], None, |scene, _| {
            change(scene);
        });
        let json: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!((ran.code, &json["outcome"], &json["exit"]), (exit, &json!(outcome), &json!(exit as u8)), "{json}");
    }
}
