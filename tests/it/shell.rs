//! The shell as a script meets it: exit codes, messages, and a script application from the first
//! word to the last line.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use assert_cmd::Command;
use serde_json::Value;

use crate::program::{Program, variables};

const ESTATE: &str = r"
environments:
  dev: { class: development }
applications:
  chores:
    script:
      steps:
        one: { command: [./one] }
        two: { command: [./two], after: [one] }
    environments: [dev]
  broken:
    script:
      steps:
        fails: { command: [./fails] }
    environments: [dev]
";

pub(crate) struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    pub(crate) fn new() -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        place.write("holdpoint.yaml", ESTATE);
        for (name, text) in [
            ("one", "echo first line\n"),
            ("two", "echo second line\n"),
            ("fails", "echo it broke >&2\nexit 3\n"),
        ] {
            place.script(name, text);
        }
        place
    }

    pub(crate) fn script(&self, name: &str, text: &str) {
        self.write(name, &format!("#!/bin/sh\n{text}"));
        std::fs::set_permissions(
            self.folder.path().join(name),
            std::fs::Permissions::from_mode(0o755),
        )
        .unwrap();
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The program in this folder, with everything of its own below it.
    pub(crate) fn holdpoint(&self, words: &[&str]) -> std::process::Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_holdpoint"));
        command
            .current_dir(self.path())
            .env_clear()
            .envs(variables(self.path()));
        command
            .env("HOLDPOINT_HOME", self.path().join("home"))
            .env("XDG_CONFIG_HOME", self.path().join("config"));
        command
            .args(words)
            .timeout(Duration::from_mins(2))
            .output()
            .unwrap()
    }

    /// Runs it with the estate named, an engine inside, and reads its document.
    pub(crate) fn json(&self, words: &[&str]) -> (i32, Value) {
        let mut all = vec!["--estate", "holdpoint.yaml", "--here", "--json"];
        all.extend(words);
        let output = self.holdpoint(&all);
        let text = String::from_utf8(output.stdout).unwrap();
        let value = serde_json::from_str(&text).unwrap_or_else(|why| {
            panic!(
                "{words:?}: {why}: {text}{}",
                String::from_utf8_lossy(&output.stderr)
            )
        });
        (output.status.code().unwrap(), value)
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn wrong_use_ends_with_two_and_says_what_to_do() {
    let place = Home::new();
    for (words, says) in [
        (vec!["deploy"], "required"),
        (vec!["nothing"], "unrecognized subcommand"),
        (
            vec![
                "--store",
                "postgres://x",
                "--estate",
                "holdpoint.yaml",
                "ls",
            ],
            "sqlite:DIR",
        ),
        (vec!["ls"], "holdpoint trust"),
        (vec!["--estate", "no.yaml", "check"], "no.yaml"),
        (
            vec![
                "--estate",
                "holdpoint.yaml",
                "--here",
                "deploy",
                "dev/chore",
            ],
            "did you mean dev/chores",
        ),
    ] {
        let output = place.holdpoint(&words);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{words:?}: {}",
            text(&output.stderr)
        );
        let all = format!("{}{}", text(&output.stdout), text(&output.stderr));
        assert!(all.contains(says), "{words:?}: {all}");
    }
}

#[test]
fn an_estate_is_checked_and_trusted_once() {
    let place = Home::new();
    let trusted = place.holdpoint(&["trust"]);
    assert_eq!(trusted.status.code(), Some(0), "{}", text(&trusted.stderr));
    assert!(
        text(&trusted.stderr).contains("runs ./one"),
        "what it reaches is shown: {}",
        text(&trusted.stderr)
    );
    assert_eq!(place.holdpoint(&["check"]).status.code(), Some(0));
    place.write("holdpoint.yaml", &ESTATE.replace("./two", "./three"));
    let changed = place.holdpoint(&["ls"]);
    assert_eq!(changed.status.code(), Some(2));
    assert!(
        text(&changed.stderr).contains("other accounts"),
        "{}",
        text(&changed.stderr)
    );
    assert!(
        text(&changed.stderr).contains("+ script chores in dev: two (after one) runs ./three"),
        "{}",
        text(&changed.stderr)
    );
    let shown = text(&place.holdpoint(&["trust", "--json"]).stdout);
    assert!(
        shown.contains("\"new\": [\n    \"script chores in dev: two (after one) runs ./three\""),
        "{shown}"
    );
    place.write(
        "holdpoint.yaml",
        "environments: { dev: { class: devlopment } }\napplications: {}\n",
    );
    let wrong = place.holdpoint(&["check"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(
        text(&wrong.stdout).contains("did you mean"),
        "{}",
        text(&wrong.stdout)
    );
}

#[test]
fn a_script_is_deployed_fails_and_is_unblocked() {
    let place = Home::new();
    let (code, done) = place.json(&["deploy", "dev/chores", "--wait"]);
    assert_eq!(
        (code, done["outcome"].as_str()),
        (0, Some("done")),
        "{done}"
    );
    let steps: Vec<_> = done["deployments"][0]["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["state"].as_str().unwrap())
        .collect();
    assert_eq!(steps, ["DONE", "DONE"]);
    let logs = place.holdpoint(&["--estate", "holdpoint.yaml", "--here", "logs", "dev/chores"]);
    let lines = text(&logs.stdout);
    assert!(
        lines.find("first line").unwrap() < lines.find("second line").unwrap(),
        "{lines}"
    );

    let (code, failed) = place.json(&["deploy", "dev/broken", "--wait"]);
    assert_eq!(
        (code, failed["outcome"].as_str()),
        (1, Some("failed")),
        "{failed}"
    );
    let (_, shown) = place.json(&["show", "dev/broken"]);
    assert_eq!(shown["needs_person"], Value::Bool(true), "{shown}");

    let (code, frozen) = place.json(&["freeze", "dev", "--reason", "release day"]);
    assert_eq!(
        (code, frozen["outcome"].as_str()),
        (0, Some("accepted")),
        "{frozen}"
    );
    let (code, held) = place.json(&["deploy", "dev/chores", "--wait"]);
    assert_eq!(
        (code, held["outcome"].as_str()),
        (3, Some("held")),
        "only a person thaws: {held}"
    );
    let (code, card) = place.json(&["thaw", "dev"]);
    assert_eq!(
        (code, card["outcome"].as_str()),
        (2, Some("confirm")),
        "{card}"
    );
    let (confirm, subject) = (
        card["card"]["confirm"].as_str().unwrap(),
        card["card"]["subject"].as_str().unwrap(),
    );
    let (code, thawed) = place.json(&["thaw", "dev", "--confirm", confirm, "--subject", subject]);
    assert_eq!(
        (code, thawed["outcome"].as_str()),
        (0, Some("accepted")),
        "{thawed}"
    );

    let (code, events) = place.json(&["audit"]);
    let whats: Vec<&str> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["what"].as_str().unwrap())
        .collect();
    assert!(
        code == 0 && whats.iter().any(|what| what.contains("release day")),
        "{whats:?}"
    );
    let (code, doctor) = place.json(&["doctor"]);
    assert_eq!((code, &doctor["ok"]), (0, &Value::Bool(true)), "{doctor}");
}

#[test]
fn nobody_practises_where_a_real_store_is_without_saying_so() {
    let program = Program::practice();
    std::fs::create_dir_all(program.home()).unwrap();
    std::fs::set_permissions(program.home(), std::fs::Permissions::from_mode(0o700)).unwrap();
    std::fs::write(program.home().join("store.db"), "").unwrap();
    let run = program.run(&[]);
    assert_eq!(run.code, 2, "{run:?}");
    for told in ["the store of a real one", "--estate", "--practice"] {
        assert!(run.err.contains(told), "{run:?}");
    }
    assert!(!program.home().join("practice").exists());
}
