//! What must not happen: a secret that is kept, a contact that is lost in silence, a proof that was
//! never made.

use std::path::Path;

use serde_json::{Value, json};

use crate::shell::{Home, text};

/// An environment that nobody answers for, beside one that needs nobody.
const FAR: &str = r"
environments:
  dev: { class: development }
  far: { class: development, region: eu-west-1, aws: { endpoint_url: 'http://127.0.0.1:9' } }
applications:
  chores: { script: { steps: { one: { command: [./one] } } }, environments: [dev] }
  orders: { service: { template: orders.yaml }, environments: [far] }
";

fn far() -> Home {
    let place = Home::new();
    place.write("holdpoint.yaml", FAR);
    place.write(
        "orders.yaml",
        "Resources: { Q: { Type: AWS::SQS::Queue } }\n",
    );
    place
}

#[test]
fn contact_lost_is_exit_code_four() {
    let place = far();
    for verb in ["plan", "deploy", "redeploy", "teardown"] {
        let (code, answer) = place.json(&[verb, "far/orders"]);
        assert_eq!(
            (code, &answer["exit"], &answer["code"]),
            (4, &json!(4), &json!("no-contact")),
            "{verb}: {answer}"
        );
    }
}

#[test]
fn doctor_waits_for_what_is_being_recorded_and_proves_who_we_are() {
    let place = Home::new();
    let (code, first) = place.json(&["doctor"]);
    assert_eq!(
        (code, &first["ok"]),
        (0, &Value::Bool(true)),
        "the first call of all: {first}"
    );
    place.write("holdpoint.yaml", FAR);
    place.write(
        "orders.yaml",
        "Resources: { Q: { Type: AWS::SQS::Queue } }\n",
    );
    let (code, answer) = place.json(&["doctor"]);
    let wrong: Vec<&Value> = answer["facts"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|fact| fact["ok"] == json!(false))
        .collect();
    assert_eq!(
        (code, wrong.len(), &wrong[0]["what"]),
        (1, 1, &json!("environment far")),
        "{answer}"
    );
    // Where a key map of one's own goes is said as long as there is none.
    assert!(
        answer.to_string().contains("config/holdpoint/keymap.yaml"),
        "{answer}"
    );
    // A file of the person's own that cannot be read is found before a console is opened.
    place.write("config/holdpoint/settings.yaml", "colours: pink\n");
    let (_, answer) = place.json(&["doctor"]);
    assert!(
        answer.to_string().contains("settings.yaml")
            && answer.to_string().contains("colours must be one of"),
        "{answer}"
    );
}

/// Every file below a folder that holds these bytes.
fn holding(folder: &Path, what: &[u8], found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.file_type().unwrap().is_dir() {
            holding(&entry.path(), what, found);
        } else if std::fs::read(entry.path())
            .is_ok_and(|bytes| bytes.windows(what.len()).any(|window| window == what))
        {
            found.push(entry.path().display().to_string());
        }
    }
}

#[test]
fn a_secret_that_a_script_prints_is_nowhere_on_this_machine() {
    let place = Home::new();
    // Put together as it runs, so that the script itself, which is kept, does not hold it.
    place.script(
        "fails",
        r#"c="can""ary-8f31c"
echo "DB_PASSWORD=$c"
echo "{\"SecretAccessKey\": \"$c\", \"SessionToken\": \"$c\"}"
echo "  password: $c"
echo "dialling postgres://ana:$c@db/shop"
echo "curl --api-key $c" >&2
printf 'cannot log in with token=%s' "$c" >&2
exit 3
"#,
    );
    let (code, failed) = place.json(&["deploy", "dev/broken", "--wait"]);
    assert_eq!(code, 1, "{failed}");
    assert!(
        failed["says"]
            .as_str()
            .unwrap()
            .contains("cannot log in with token=***"),
        "{failed}"
    );
    let logs = text(
        &place
            .holdpoint(&["--estate", "holdpoint.yaml", "--here", "logs", "dev/broken"])
            .stdout,
    );
    assert!(
        logs.contains("DB_PASSWORD=***") && logs.contains("postgres://ana:***@db/shop"),
        "{logs}"
    );
    let mut found = Vec::new();
    holding(&place.path().join("home"), b"canary-8f31c", &mut found);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn an_estate_holds_no_secret_in_clear_text() {
    let place = Home::new();
    place.write(
        "holdpoint.yaml",
        "environments: { dev: { class: development } }
applications:
  x:
    script:
      env: { DB_PASSWORD: hunter2secret }
      steps: { say: { command: [echo, --password, hunter2secret] } }
    environments: [dev]
",
    );
    let checked = place.holdpoint(&["check"]);
    let all = format!("{}{}", text(&checked.stdout), text(&checked.stderr));
    assert_eq!(checked.status.code(), Some(2), "{all}");
    for part in [
        "holdpoint.yaml:5:27",
        "holdpoint.yaml:6:51",
        "^^^^^^^^^^^^^",
        "secrets: { NAME: env:NAME }",
        "2 errors",
    ] {
        assert!(all.contains(part), "no {part:?} in\n{all}");
    }
    assert!(!all.contains("hunter2secret"), "{all}");
    let deployed = place.holdpoint(&["--estate", "holdpoint.yaml", "--here", "deploy", "dev/x"]);
    assert_eq!(deployed.status.code(), Some(2));
}

#[test]
fn everything_wrong_is_said_at_once_in_the_estate_and_in_its_templates() {
    let place = Home::new();
    place.write(
        "holdpoint.yaml",
        "environments:
  dev: { class: development, region: eu-west-1, aws: { ca_bundle: ca.pem } }
  qa: { clas: development }
applications:
  bad: { service: { template: bad.yaml, parameters: { Nope: 1 } }, environments: [dev] }
  gone: { service: { template: gone.yaml }, environments: [dev] }
  odd: { script: { steps: {} }, environments: [dev] }
",
    );
    place.write(
        "bad.yaml",
        "Parameters: { P: { Type: String } }\nResources:\n  R: { Type: 5 }\n",
    );
    let output = place.holdpoint(&["check", "--json"]);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let errors = answer["errors"].as_array().unwrap();
    let found = |part: &str| {
        errors
            .iter()
            .find(|one| one["says"].as_str().unwrap().contains(part))
            .unwrap_or_else(|| panic!("no {part:?} in {answer}"))
    };
    for (part, file, line) in [
        ("lacks \"class\"", "holdpoint.yaml", 3),
        ("has no setting \"clas\"", "holdpoint.yaml", 3),
        ("odd has no steps", "holdpoint.yaml", 7),
        ("the parameter \"Nope\"", "bad.yaml", 1),
        ("P has no default", "bad.yaml", 1),
        ("R has the type \"5\"", "bad.yaml", 3),
        ("gone.yaml cannot be read", "holdpoint.yaml", 6),
        ("certificate authorities of dev", "holdpoint.yaml", 2),
    ] {
        let one = found(part);
        assert!(
            one["file"].as_str().unwrap().ends_with(file)
                && one["line"] == json!(line)
                && one["column"].as_u64() >= Some(1),
            "{one}"
        );
    }
    assert_eq!(
        (errors.len(), output.status.code()),
        (8, Some(2)),
        "{answer}"
    );
    place.write("ca.pem", "no certificate\n");
    assert!(text(&place.holdpoint(&["check"]).stdout).contains("no PEM certificate"));
}
