//! What `ls`, `show`, `holds`, `events` and `audit` say, for people and for scripts.

use super::*;

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
            scene.sighting(
                "environment/prod-us",
                "pace",
                crate::domain::sighting::Seen::Pace { slowed },
                3,
            );
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
