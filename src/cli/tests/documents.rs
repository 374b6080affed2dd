//! What is printed with `--json`, against the page that promises its form.

use std::collections::BTreeSet;

use crate::domain::cause::{Of, Reply, Via};
use crate::domain::flag::{self, Flags};
use crate::domain::line::{Severity, SourceKind, Turn};
use crate::domain::person::{Issuer, Person};
use crate::domain::request::Made;
use crate::text::safe::acts;

use super::*;

const PAGE: &str = include_str!("../../../docs/json.md");

/// Every key of a document, but those of stored events: these have forms of their own.
fn keys(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                found.insert(key.clone());
                if key != "event" {
                    keys(value, found);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_key_that_a_verb_prints_stands_on_the_page() {
    let world = fixture::scene();
    let done = || vec![card(Level::L1, None), accepted(&world, "dev/orders")];
    let guarded = || vec![card(Level::L4, Some("dev down"))];
    let yes = || {
        vec![Answer::Accepted {
            deployments: vec![],
            says: "approved".to_owned(),
        }]
    };
    let Answer::Card { card: now } = card(Level::L3, Some("dev down")) else {
        panic!("a card")
    };
    let no = || {
        vec![Answer::Refused(
            Refused::new("subject", "it is another one now")
                .hint("read it")
                .card((*now).clone()),
        )]
    };
    let subject = "0".repeat(64);
    let confirmed = format!("teardown|dev/orders|--confirm|dev down|--subject|{subject}");
    let cases: Vec<(&str, Vec<Answer>, &str)> = vec![
        ("ls", vec![], "environments"),
        ("holds", vec![], "holds"),
        ("events|-n|5", vec![], "events"),
        ("audit|-n|5", vec![], "events"),
        ("show|prod-us/orders", vec![], "actions"),
        ("show|2319", vec![], "steps"),
        ("show|#2318.scale-down.1", vec![], "choices"),
        (
            "plan|dev/orders",
            vec![card(Level::L3, Some("dev down"))],
            "changes",
        ),
        ("plan|dev/ordres", vec![], "code"),
        ("deploy|dev/orders", done(), "deployments"),
        ("redeploy|dev/orders|--wait", done(), "deployments"),
        ("teardown|dev/orders", guarded(), "command"),
        (&confirmed, no(), "card"),
        ("freeze|dev|--reason|release day", done(), "says"),
        ("approve|#2318.scale-down.1", vec![], "command"),
        (
            "reject|#2318.scale-down.1|--reason|not at noon",
            yes(),
            "deployments",
        ),
        ("apply", vec![], "environments"),
        ("check", vec![], "errors"),
        ("trust", vec![], "reach"),
        ("doctor", vec![], "facts"),
        ("diagram|stack", vec![], "diagram"),
        ("logs|dev/orders", vec![], "severity"),
    ];
    for (words, answers, with) in cases {
        let ran = run_with(&format!("{words}|--json"), answers, None, |_, desk| {
            desk.by.estate = Some(estate());
            desk.lines = Mutex::new(vec![Line {
                turn: Turn::default(),
                phase: None,
                at: NOW,
                id: "1".into(),
                kind: SourceKind::Logs,
                source: "/ecs/orders".into(),
                part: "task".into(),
                stack: fixture::id("dev/orders"),
                no: Some(DeploymentNo(1)),
                severity: Severity::Info,
                text: "fine".into(),
            }]);
        });
        let mut found = BTreeSet::new();
        for one in serde_json::Deserializer::from_str(&ran.out).into_iter::<Value>() {
            keys(
                &one.unwrap_or_else(|why| panic!("{words}: {why}: {}{}", ran.out, ran.err)),
                &mut found,
            );
        }
        assert!(
            found.contains(with),
            "{words}: no {with}: {}{}",
            ran.out,
            ran.err
        );
        let unknown: Vec<_> = found
            .iter()
            .filter(|key| !PAGE.contains(&format!("`{key}`")))
            .collect();
        assert!(
            unknown.is_empty(),
            "{words}: {unknown:?} stands nowhere in docs/json.md"
        );
    }
}

/// The name of a folder is not ours.
#[test]
fn no_name_of_a_folder_acts_on_a_terminal() {
    for words in ["check", "trust", "doctor", "doctor|--json", "check|--json"] {
        let ran = run_with(words, vec![], None, |_, desk| {
            let (mut loaded, trust) = estate();
            loaded.file = "/home/a\u{1b}]0;x\u{7}\n\u{9b}2J\u{202e}b/holdpoint.yaml".into();
            desk.by.estate = Some((loaded, trust));
        });
        let printed = format!("{}{}", ran.out, ran.err);
        assert!(
            printed.chars().all(|c| c == '\n' || !acts(c)),
            "{words}: {printed:?}"
        );
    }
}

/// What is pushed says why in words of its own.
const REASON: &str = "INC-881\u{1b}]0;gone\u{7}\u{9b}2J\u{202e}";

/// Everything that is known of why a deployment exists is told, and nothing from outside looks like
/// one of ours.
#[test]
fn a_deployment_from_outside_says_who_why_from_what_and_what_is_owed() {
    let pushed = |words: &str| {
        run_with(words, vec![], None, |scene, _| {
            let id = scene.world.folds.by_no(DeploymentNo(2319)).unwrap().id;
            let d = Arc::make_mut(scene.world.folds.deployments.get_mut(&id).unwrap());
            let request = Arc::make_mut(d.request.as_mut().unwrap());
            request.spec.release.source = Some(Made::Commit {
                repo: "shop/orders".into(),
                at: "refs/heads/main".into(),
                sha: "8c1f22ab".into(),
            });
            request.flags = Flags::from([("slow".parse().unwrap(), flag::Value::Switch(true))]);
            request.cause.by = Person::Outside {
                source: Issuer::Github,
                id: "4711".into(),
                behalf: Some("ana".into()),
            };
            request.cause.via = Via::Push;
            request.cause.reason = REASON.into();
            request.cause.of = Some(Of::Rollback {
                no: DeploymentNo(7),
            });
            request.cause.reply = Some(Reply::CheckRun {
                host: Issuer::Github,
                repo: "shop/orders".into(),
                run: 9,
            });
        })
    };
    let document = pushed("show|2319|--json").out;
    assert!(
        document.contains("\\u009b2J\\u202e") && document.chars().all(|c| c == '\n' || !acts(c)),
        "{document:?}"
    );
    let told: Value = serde_json::from_str(&document).unwrap();
    let mut found = BTreeSet::new();
    keys(&told, &mut found);
    found.remove("slow");
    assert!(
        found.iter().all(|key| PAGE.contains(&format!("`{key}`"))),
        "{found:?}"
    );
    for (key, is) in [
        ("by", json!("github:4711 for ana")),
        ("via", json!("push")),
        ("of", json!("rollback to #7")),
        ("reason", json!(REASON)),
        (
            "source",
            json!({ "from": "commit", "repo": "shop/orders", "ref": "refs/heads/main", "sha": "8c1f22ab" }),
        ),
        (
            "reply",
            json!({ "reply": "check_run", "host": "github", "repo": "shop/orders", "run": 9 }),
        ),
        ("flags", json!({ "slow": true })),
    ] {
        assert_eq!(told[key], is, "{key}");
    }
    let shell = pushed("show|2319").out;
    assert!(
        shell.chars().all(|c| c == '\n' || !acts(c)),
        "a terminal would obey: {shell:?}"
    );
    for says in [
        "asked by github:4711 for ana (push), rollback to #7 at ",
        "\n  from commit 8c1f22ab of shop/orders (refs/heads/main)\n  with slow=true\n  asked as outside: github vouches for itself, for whom it asks is not proven\n  because INC-881<U+202E>\n  owes check run 9 of shop/orders at github\n",
    ] {
        assert!(shell.contains(says), "{says}: {shell}");
    }
}

#[test]
fn a_hold_that_nobody_can_be_asked_about_says_what_to_read_and_to_run() {
    let ran = run_words("approve|#2318.scale-down.1|--json", vec![], None);
    let json: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(
        (ran.code, &json["outcome"], &json["exit"]),
        (Code::Wrong, &json!("confirm"), &json!(2)),
        "{json}"
    );
    assert_eq!(json["card"]["hold"], json!("#2318.scale-down.1"));
    let command = json["command"].as_str().unwrap();
    assert!(
        command.contains("--confirm 'prod-us down' --subject ") && ran.asked.is_empty(),
        "{command}"
    );
}

#[test]
fn errors_of_check_have_their_place() {
    let ran = run_with("check|--json", vec![], None, |_, desk| {
        desk.by.estate = Some(estate());
    });
    let json: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.code, &json["ok"]), (Code::Wrong, &json!(false)));
    assert_eq!(
        (
            &json["errors"][0]["file"],
            &json["errors"][0]["line"],
            &json["errors"][0]["column"]
        ),
        (&json!("holdpoint.yaml"), &json!(1), &json!(1))
    );
}

/// The engine answers before the world has read the log: what is told is read, not guessed.
#[test]
fn what_was_accepted_is_told_with_its_deployments() {
    let world = fixture::scene();
    let answers = vec![card(Level::L1, None), accepted(&world, "dev/orders")];
    let ran = run_with("deploy|dev/orders|--json", answers, None, |scene, desk| {
        desk.by.later = Mutex::new(Some(Arc::new(scene.world.clone())));
        let id = scene.world.latest(&fixture::id("dev/orders")).unwrap().id;
        scene.world.folds.deployments.remove(&id);
    });
    let json: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(json["outcome"], "accepted");
    assert_eq!(
        json["deployments"].as_array().map(Vec::len),
        Some(1),
        "{json}"
    );
    assert_eq!(json["deployments"][0]["by_is"], "owner");
}
