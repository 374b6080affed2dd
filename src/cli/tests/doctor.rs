//! What `doctor` finds wrong: it proves who we are, and waits for what is about to come.

use std::collections::BTreeSet;

use crate::domain::sighting::Seen;
use crate::systems::Tool;
use crate::world::EngineState;

use super::*;

/// What is wrong, by what was looked at; and the exit code.
fn wrong(change: impl FnOnce(&mut Scene, &mut Double)) -> (Code, BTreeSet<String>, String) {
    let ran = run_with("doctor|--json", vec![], None, |scene, desk| {
        desk.by.estate = Some(estate());
        change(scene, desk);
    });
    let json: Value = serde_json::from_str(&ran.out).unwrap();
    let facts = json["facts"].as_array().unwrap();
    let wrong = facts
        .iter()
        .filter(|fact| fact["ok"] == json!(false))
        .map(|fact| fact["what"].as_str().unwrap().to_owned())
        .collect();
    (ran.code, wrong, ran.out)
}

#[test]
fn all_is_right() {
    let (code, wrong, out) = wrong(|_, _| {});
    assert_eq!((code, wrong.len()), (Code::Done, 0), "{out}");
    for part in [
        "account 441200007731 as arn:",
        "the estate file is trusted",
        "environment prod-eu",
    ] {
        assert!(out.contains(part), "no {part:?} in\n{out}");
    }
}

#[test]
fn who_we_are_must_be_proven_and_be_who_is_recorded() {
    let of = |scene: &mut Scene, change: &dyn Fn(&mut crate::domain::sighting::Sighting)| {
        change(
            scene
                .world
                .sightings
                .get_mut(&("environment/dev".to_owned(), "proof/aws".to_owned()))
                .unwrap(),
        );
    };
    let dev = BTreeSet::from(["environment dev".to_owned()]);
    let (code, found, out) = wrong(|scene, _| {
        scene
            .world
            .sightings
            .remove(&("environment/dev".to_owned(), "proof/aws".to_owned()));
    });
    assert_eq!((code, &found), (Code::Failed, &dev), "{out}");
    assert!(out.contains("was not proven within 10 s"), "{out}");
    let (code, found, out) = wrong(|scene, _| {
        of(scene, &|seen| {
            seen.stale = Some("127.0.0.1:9 cannot be reached".into());
        });
    });
    assert_eq!((code, &found), (Code::Failed, &dev), "{out}");
    assert!(out.contains("127.0.0.1:9"), "{out}");
    let (_, found, out) = wrong(|scene, _| of(scene, &|seen| seen.taken_at = fixture::ago(3_600)));
    assert_eq!(found, dev, "an hour ago proves nothing: {out}");
    let (code, found, out) = wrong(|scene, _| {
        of(scene, &|seen| {
            let Seen::Proof { proof } = &mut seen.value else {
                panic!("{seen:?}")
            };
            proof.whose = "000000000001".to_owned();
        });
    });
    assert_eq!((code, &found), (Code::Failed, &dev), "{out}");
    assert!(
        out.contains("account 000000000001") && out.contains("dev is account 441200007731"),
        "{out}"
    );
}

#[test]
fn that_aws_throttles_is_told_with_what_is_done_about_it() {
    let (code, found, out) = wrong(|scene, _| {
        let slowed = Some(crate::domain::sighting::Slowed {
            since: fixture::ago(20),
            every_ms: 4_000,
        });
        for env in ["dev", "staging"] {
            scene.sighting(
                &format!("environment/{env}"),
                "pace",
                fixture::pace(slowed),
                3,
            );
        }
        // Nobody could prove yet who we are in one of them.
        let proof = ("environment/dev".to_owned(), "proof/aws".to_owned());
        scene.world.sightings.remove(&proof);
    });
    assert_eq!(
        (code, found),
        (Code::Done, BTreeSet::new()),
        "it passes by itself: {out}"
    );
    let json: Value = serde_json::from_str(&out).unwrap();
    let facts = json["facts"].as_array().unwrap();
    let notes: Vec<(&str, &str)> = facts
        .iter()
        .filter(|fact| fact["note"] == json!(true))
        .map(|fact| {
            (
                fact["what"].as_str().unwrap(),
                fact["says"].as_str().unwrap(),
            )
        })
        .collect();
    let says = "AWS throttles reads of 441200007731/eu-west-1 since 14:03:02Z: reading once in 4 s";
    assert!(
        matches!(
            notes.as_slice(),
            [("environment dev", unproven), ("reads of dev, staging", slowed)]
                if unproven.contains(says) && slowed.starts_with(says)
        ),
        "{notes:?}"
    );
}

fn silent() -> EngineState {
    EngineState::Silent {
        pid: 7,
        since: NOW - Duration::from_secs(90),
    }
}

/// It holds the lock, and nothing goes on: nobody is told that it works.
#[test]
fn an_engine_that_stands_still_is_named_by_every_verb() {
    let says = "the engine (pid 7) has not answered since ";
    let ls = run_with("ls", vec![], None, |scene, _| scene.world.engine = silent());
    assert!(ls.out.starts_with(&format!("! {says}")), "{}", ls.out);
    let document = run_with("ls|--json", vec![], None, |scene, _| {
        scene.world.engine = silent();
    });
    let document: Value = serde_json::from_str(&document.out).unwrap();
    assert_eq!(document["engine"]["state"], "silent");
}

#[test]
fn an_engine_that_only_starts_a_file_that_differs_and_one_that_is_not_trusted() {
    let starting = run_with("doctor", vec![], None, |scene, desk| {
        desk.by.estate = Some(estate());
        scene.world.engine = EngineState::Starting;
    });
    assert_eq!(starting.code, Code::Done, "{}", starting.out);
    assert!(
        starting.out.contains("note   engine") && !starting.out.contains("WRONG"),
        "{}",
        starting.out
    );
    assert_eq!(starting.err, "engine starting: it is waited for\n");
    let (code, found, _) = wrong(|scene, _| scene.world.engine = EngineState::None("no".into()));
    assert_eq!(
        (code, found),
        (Code::Failed, BTreeSet::from(["engine".to_owned()]))
    );
    let (code, found, out) = wrong(|scene, _| scene.world.engine = silent());
    assert_eq!(
        (code, found),
        (Code::Failed, BTreeSet::from(["engine".to_owned()])),
        "{out}"
    );
    let (_, found, out) = wrong(|scene, _| {
        let file = fixture::record(EnvClass::Production);
        Arc::make_mut(&mut scene.world.catalog)
            .environments
            .insert("dev".parse().unwrap(), file);
    });
    assert!(
        found.contains("environment dev") && out.contains("DIFFERS"),
        "{out}"
    );
    let (_, found, out) = wrong(|_, desk| {
        desk.by.estate = desk
            .by
            .estate
            .take()
            .map(|(loaded, _)| (loaded, Trust::New));
    });
    assert_eq!(
        found,
        BTreeSet::from(["trust".to_owned()]),
        "that is no fault of the store: {out}"
    );
}

#[test]
fn a_missing_program_is_told_with_what_needs_it() {
    use super::super::doctor::tool;
    let terraform = Tool {
        name: "terraform",
        does: "carries out",
        hint: "install it",
    };
    let missing = Err("there is no program terraform in /usr/bin".to_owned());
    let sites = [fixture::id("dev/docs"), fixture::id("dev/shop")];
    let fact = tool(terraform, &sites, missing);
    assert!(!fact.ok && fact.says.contains("no program terraform in /usr/bin"));
    let needed = "it carries out dev/docs and 1 more: install it";
    assert!(fact.says.contains(needed), "{}", fact.says);
    let there = tool(terraform, &sites[..1], Ok("/usr/bin/terraform".into()));
    assert!(there.ok && there.says.contains("/usr/bin/terraform"));
}
