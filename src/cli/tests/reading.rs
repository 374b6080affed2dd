//! What `ls`, `show`, `holds`, `events` and `audit` say, for people and for scripts.

use super::*;
use crate::domain::deployment::StepState;
use crate::domain::environment::Freeze;
use crate::domain::event::StreamId;
use crate::domain::failure::{Failure, Retry};
use crate::domain::stack::StackEvent;

/// What to do next after a failure stands wherever the failure does.
#[test]
fn the_hint_of_a_failure_is_told_to_people_and_to_scripts() {
    let hint = "name a certificate of this region";
    let world = fixture::scene();
    let (id, no) = world
        .folds
        .deployments
        .values()
        .find(|d| d.end.as_ref().and_then(crate::domain::end::End::hint) == Some(hint))
        .map(|d| (d.stack().unwrap().to_string(), d.no().0))
        .unwrap();
    for words in [format!("show|{no}"), format!("show|{id}")] {
        let ran = run_words(&words, vec![], None);
        assert!(
            ran.out.contains(&format!("DO {hint}")) || ran.out.contains(&format!("DO   {hint}")),
            "{words}: {}",
            ran.out
        );
    }
    let shown: Value =
        serde_json::from_str(&run_words(&format!("show|{no}|--json"), vec![], None).out).unwrap();
    assert_eq!(shown["hint"], hint, "{shown}");
    assert!(shown["steps"].to_string().contains(hint), "{shown}");
    let answers = || vec![card(Level::L1, None), accepted(&world, &id)];
    let waited = run_words(&format!("redeploy|{id}|--wait"), answers(), None);
    assert!(waited.err.contains(&format!("; {hint}")), "{}", waited.err);
    let waited = run_words(&format!("redeploy|{id}|--wait|--json"), answers(), None);
    let waited: Value = serde_json::from_str(&waited.out).unwrap();
    assert_eq!(waited["hint"], hint, "{waited}");
}

#[test]
fn ls_for_people() {
    let ran = run_words("ls", vec![], None);
    assert_eq!(ran.code, Code::Done);
    insta::assert_snapshot!(ran.out);
}

#[test]
fn ls_says_of_an_environment_that_aws_throttles_what_is_read_there() {
    let slow = |words: &str| {
        run_with(words, vec![], None, |scene, _| {
            let slowed = Some(crate::domain::sighting::Slowed {
                since: fixture::ago(20),
                every_ms: 4_000,
            });
            scene.sighting("environment/prod-us", "pace", fixture::pace(slowed), 3);
        })
    };
    let line = "! AWS throttles reads of 441200007731/eu-west-1 since ";
    let told: Vec<_> = slow("ls")
        .out
        .lines()
        .skip_while(|line| !line.starts_with("prod-us"))
        .take(2)
        .map(str::to_owned)
        .collect();
    assert!(
        told[1].starts_with(line) && told[1].contains("once in 4 s"),
        "{told:?}"
    );
    let doc: serde_json::Value = serde_json::from_str(&slow("ls|prod-us|--json").out).unwrap();
    assert_eq!(doc["environments"][0]["throttled"]["every_ms"], 4_000);
}

#[test]
fn ls_for_scripts() {
    let ran = run_words("ls|prod-us|--json", vec![], None);
    insta::assert_snapshot!(ran.out);
    assert_eq!(run_words("ls|nowhere", vec![], None).code, Code::Wrong);
}

#[test]
fn holds_and_one_of_them() {
    insta::assert_snapshot!(format!(
        "{}\n{}",
        run_words("holds", vec![], None).out,
        run_words("show|#2318.scale-down.1", vec![], None).out
    ));
    insta::assert_snapshot!(run_words("holds|--json", vec![], None).out);
}

#[test]
fn a_stack_a_deployment_and_the_audit() {
    let text = format!(
        "{}\n{}\n{}",
        run_words("show|prod-eu/orders", vec![], None).out,
        run_words("show|2319", vec![], None).out,
        run_words("audit|prod-us/billing", vec![], None).out
    );
    insta::assert_snapshot!(text);
    let json: Value =
        serde_json::from_str(&run_words("show|prod-eu/orders|--json", vec![], None).out).unwrap();
    assert_eq!(
        (&json["state"], &json["needs_person"]),
        (&json!("ROLL"), &json!(false))
    );
    let events: Value =
        serde_json::from_str(&run_words("events|-n|5|--json", vec![], None).out).unwrap();
    assert_eq!(events["events"].as_array().unwrap().len(), 5);
}

/// What needs a person stands in every list that speaks of it, with the command that helps.
#[test]
fn lists_agree_on_who_needs_a_person_and_name_what_to_do() {
    let lost = |scene: &mut Scene, _: &mut Double| {
        let id = scene.world.folds.by_no(DeploymentNo(2318)).unwrap().id;
        let d = Arc::make_mut(scene.world.folds.deployments.get_mut(&id).unwrap());
        d.holds.clear();
        let step = d
            .steps
            .values_mut()
            .find(|run| !run.state.is_over())
            .unwrap();
        step.state = StepState::Lost;
        step.failure = Some(Failure::new("nobody can tell").retry(Retry::AskAPerson));
    };
    let run = |words: &str| run_with(words, vec![], None, lost);
    let command = "holdpoint unblock prod-us/orders --way done";
    for words in ["holds", "show|prod-us/orders"] {
        let ran = run(words);
        assert!(
            ran.out.contains("OUTCOME UNKNOWN") && ran.out.contains(command),
            "{words}: {}",
            ran.out
        );
        assert!(!ran.out.contains("nothing waits"), "{words}: {}", ran.out);
    }
    let ls = run("ls").out;
    let worst = ls.lines().rev().find(|line| line.contains("THEN")).unwrap();
    assert!(worst.contains("holdpoint "), "{ls}");
    let json: Value = serde_json::from_str(&run("holds|--json").out).unwrap();
    let need = json["needs"]
        .as_array()
        .unwrap()
        .iter()
        .find(|need| need["stack"] == "prod-us/orders")
        .unwrap();
    assert_eq!(need["state"], "UNKN");
    assert!(need["commands"][0].as_str().unwrap().contains(command));
    // Every command that is named can be typed.
    let all = json["needs"].as_array().unwrap().iter();
    for command in all.flat_map(|need| need["commands"].as_array().unwrap()) {
        let command = command.as_str().unwrap();
        let words = command.split(' ').map(|word| word.trim_matches('\''));
        assert!(
            Program::<Nothing>::try_parse_from(words).is_ok(),
            "{command}"
        );
    }
}

/// Columns without a name are guessed at.
#[test]
fn every_table_has_the_names_of_its_columns() {
    for (words, names) in [
        ("ls", "  STATE        STACK"),
        ("ls|--plain", "  STATE        STACK"),
        ("ls|dev", "  STATE        STACK"),
        ("holds", "HOLD"),
        ("events", "AT"),
        ("audit", "AT"),
        ("doctor", "STATE"),
        ("show|2318", "  STEP"),
        ("show|dev/orders", "  NO"),
    ] {
        let ran = run_words(words, vec![], None);
        let named = ran.out.lines().filter(|line| line.starts_with(names));
        assert_eq!(named.count(), 1, "{words}: {}", ran.out);
    }
}

/// An environment that only the file has is recorded by the command that finds it: what `ls` shows
/// does not ask for what is on its way.
#[test]
fn ls_waits_until_new_environments_are_recorded() {
    let ran = run_with("ls|dev", vec![], None, |scene, desk| {
        let recorded = scene.world.clone();
        let dev = "dev".parse().unwrap();
        Arc::make_mut(scene.world.folds.environments.get_mut(&dev).unwrap()).record = None;
        *desk.by.later.lock().unwrap() = Some(Arc::new(recorded));
    });
    assert!(!ran.out.contains("not recorded"), "{}", ran.out);
}

/// A stack whose log is damaged is told by that, and by nothing that was before.
#[test]
fn a_damaged_log_is_all_that_is_told_and_the_store_is_what_is_repaired() {
    for words in ["show|staging/web", "ls"] {
        let ran = run_with(words, vec![], None, |scene, _| {
            let stream = StreamId::Stack(fixture::id("staging/web"));
            let folds = &mut scene.world.folds;
            folds.broken.insert(stream, "bytes are no text".to_owned());
        });
        let why = "its log cannot be read any further: bytes are no text";
        assert!(ran.out.contains(why), "{}", ran.out);
        if words != "ls" {
            assert!(
                ran.out.contains("staging/web CANNOT BE TOLD")
                    && ran
                        .out
                        .contains("THEN holdpoint doctor  checks the whole store"),
                "{}",
                ran.out
            );
            let off = |doing: crate::world::available::Doing| {
                format!("  {:<9} not now: {why}", doing.name())
            };
            for doing in crate::world::available::Doing::ALL {
                assert!(ran.out.contains(&off(doing)), "{doing:?}: {}", ran.out);
            }
        }
    }
}

/// By whom, since when, until when and why a queue is stopped stands wherever its stack does.
#[test]
fn a_freeze_is_told_with_its_reason() {
    for words in ["show|dev/web", "ls", "ls|--json"] {
        let ran = run_with(words, vec![], None, |scene, _| {
            let freeze = Freeze {
                reason: "INC-881".to_owned(),
                by: crate::domain::given::ana(),
                at: fixture::ago(600),
                until: None,
            };
            scene.on_stack("dev/web", StackEvent::StackFrozen { freeze });
        });
        let since = fixture::ago(600).text("%-d %b %H:%MZ");
        let says = format!("by ana since {since} until thawed: INC-881");
        assert!(ran.out.contains(&says), "{words}: {}", ran.out);
    }
}

#[test]
fn what_was_set_aside_is_told_with_its_reason_and_what_to_do() {
    let told = |words: &str, trouble: Option<&str>| {
        run_with(words, vec![], None, |scene, _| {
            scene.world.aside = fixture::set_aside();
            scene.world.aside.trouble = trouble.map(crate::text::safe::Safe::new);
        })
    };
    let ran = told("aside", None);
    assert_eq!(ran.code, Code::Done);
    insta::assert_snapshot!(ran.out);
    let doc: Value = serde_json::from_str(&told("aside|--json", None).out).unwrap();
    let one = &doc["messages"][1];
    assert_eq!(
        (&one["kind"], &one["of"]),
        (&"given_up".into(), &"builds".into())
    );
    assert_eq!((&one["tries"], &doc["total"]), (&5.into(), &203.into()));
    assert!(one["then"].as_str().unwrap().contains("narrow the rule"));
    assert!(!doc.to_string().contains("ghp_0123"), "{doc}");
    let damaged = told("aside", Some("set-aside.json: it is damaged"));
    assert_eq!(damaged.code, Code::Failed);
    assert!(damaged.err.contains("it is damaged"), "{}", damaged.err);
    assert!(damaged.out.contains("shop:9"), "what was known stays");
    let none = run_words("aside", vec![], None);
    assert_eq!(none.out.trim(), "no message of a queue was set aside");
}
