//! Scripts as plans.

use super::super::files::Need;
use super::entry::ScriptTeardown;
use super::*;
use crate::domain::class::EnvClass;
use crate::domain::environment::{EnvironmentRecord, Mode, OnFailure, QueuePolicy};
use crate::domain::flag::Flags;
use crate::domain::place::Places;
use crate::domain::request::SourceFile;

fn command(words: &[&str], after: &[&str]) -> ScriptStep {
    ScriptStep {
        command: words.iter().map(|word| (*word).to_owned()).collect(),
        after: after.iter().map(|id| (*id).to_owned()).collect(),
        makes: Vec::new(),
        timeout: None,
        attempts: Some(2),
    }
}

fn entry(teardown: &[(&str, &[&str])]) -> ScriptEntry {
    ScriptEntry {
        steps: BTreeMap::from([
            ("a-last".to_owned(), command(&["./warm"], &["z-first"])),
            ("z-first".to_owned(), command(&["./up", "now"], &[])),
        ]),
        files: None,
        env: BTreeMap::from([("LEVEL".to_owned(), "info".to_owned())]),
        secrets: BTreeMap::new(),
        secret_files: BTreeMap::new(),
        teardown: (!teardown.is_empty()).then(|| ScriptTeardown {
            steps: teardown
                .iter()
                .map(|(id, after)| ((*id).to_owned(), command(&["./down"], after)))
                .collect(),
        }),
    }
}

fn plan(purpose: Purpose, entry: &ScriptEntry) -> Result<Plan, Failure> {
    let file = SourceFile {
        bytes: b"#!/bin/sh".to_vec(),
        executable: true,
    };
    let bundle = SourceBundle {
        files: BTreeMap::from([("up".to_owned(), file)]),
        ..SourceBundle::default()
    };
    let stack: StackId = "dev/chores".parse().unwrap();
    let spec = spec(&stack, entry, &bundle).unwrap();
    let env = EnvironmentRecord {
        class: EnvClass::Development,
        places: Places::default(),
        on_failure: OnFailure::Continue,
        queue: QueuePolicy::Queue,
        mode: Mode::Deploy,
        min_level: None,
        hold_expiry: Duration::from_hours(24),
    };
    let ask = PlanAsk {
        stack,
        purpose,
        env,
        store: "s1".to_owned(),
        seen: None,
        serving: None,
        left_at: None,
        recorded: None,
        needed_by: Vec::new(),
        standing: std::collections::BTreeMap::new(),
        reserved: std::collections::BTreeSet::new(),
        flags: Flags::new(),
    };
    assert!(Script.looks(&ask, &spec, &Sights::default()).is_empty());
    let plan = Script.plan(&ask, &spec, &Sights::default())?;
    assert_eq!(plan.check(), Ok(()));
    Ok(plan)
}

#[test]
fn commands_in_their_order() {
    let plan = plan(Purpose::Deploy, &entry(&[])).unwrap();
    let ids: Vec<_> = plan.steps.iter().map(|step| step.id.as_str()).collect();
    assert_eq!(ids, ["z-first", "a-last"]);
    let first = &plan.steps[0];
    assert_eq!(
        (
            first.kind.as_str(),
            first.timeout,
            first.retry.attempts,
            first.changes()
        ),
        ("process.run", LIMIT, 2, true)
    );
    assert_eq!(first.params["argv"], json!(["./up", "now"]));
    assert_eq!(
        (&first.params["env"]["LEVEL"], &first.params["step"]),
        (&json!("info"), &json!("z-first"))
    );
}

#[test]
fn a_teardown_is_held_or_says_why_not() {
    let failure = plan(Purpose::Teardown, &entry(&[])).unwrap_err();
    assert!(
        failure.summary.contains("dev/chores does not say how")
            && failure.hint.contains("teardown:")
    );
    let one = plan(
        Purpose::Teardown,
        &entry(&[("down", &[]), ("sweep", &["down"])]),
    )
    .unwrap();
    let held: Vec<_> = one
        .steps
        .iter()
        .filter(|step| step.hold.is_some())
        .map(|step| step.id.as_str())
        .collect();
    assert_eq!(held, ["down"]);
    let two = plan(
        Purpose::Teardown,
        &entry(&[("approve", &[]), ("down", &[])]),
    )
    .unwrap();
    let first = &two.steps[0];
    assert_eq!(
        (first.id.as_str(), &first.kind, first.changes()),
        ("approve-", &StepKind::Decision, false)
    );
    assert_eq!(first.hold.as_ref().unwrap().kind, HoldKind::Teardown);
    assert!(
        two.steps[1..]
            .iter()
            .all(|step| step.hold.is_none() && step.after == [first.id.clone()])
    );
}

#[test]
fn a_secret_is_a_reference_in_everything_that_is_kept_and_shown() {
    let secrets = BTreeMap::from([("TOKEN".to_owned(), "env:CI_TOKEN".to_owned())]);
    let entry = ScriptEntry {
        secrets,
        secret_files: BTreeMap::from([("KEY".to_owned(), "file:/run/key".to_owned())]),
        ..entry(&[])
    };
    let plan = plan(Purpose::Deploy, &entry).unwrap();
    for step in &plan.steps {
        assert_eq!(step.params["secrets"], json!({ "TOKEN": "env:CI_TOKEN" }));
        assert_eq!(
            step.params["secret_files"],
            json!({ "KEY": "file:/run/key" })
        );
    }
    let reach = entry.reach("chores", "dev").join("\n");
    assert!(
        reach.contains("reads the secret env:CI_TOKEN and gives it as TOKEN"),
        "{reach}"
    );
    assert!(
        reach.contains("reads the secret file:/run/key and gives it in a file as KEY"),
        "{reach}"
    );
}

#[test]
fn what_a_step_makes_is_promised_to_the_steps_behind_it() {
    let mut entry = entry(&[]);
    entry
        .steps
        .insert("m-mid".to_owned(), command(&["./dist/tool"], &["z-first"]));
    entry.steps.get_mut("a-last").unwrap().after = vec!["m-mid".to_owned()];
    entry.steps.get_mut("z-first").unwrap().makes =
        vec!["./dist/tool".to_owned(), "x~y".to_owned()];
    assert!(
        !entry.needs().contains(&Need::File("dist/tool".to_owned())),
        "it is no file of the estate: {:?}",
        entry.needs()
    );
    let plan = plan(Purpose::Deploy, &entry).unwrap();
    let step = |id: &str| plan.step(&id.into()).unwrap();
    assert_eq!(step("z-first").params["makes"], json!(["dist/tool", "x~y"]));
    for behind in ["m-mid", "a-last"] {
        assert_eq!(
            step(behind).params["made"]["dist/tool"],
            json!({ "from": "z-first", "output": "/made/dist~1tool" })
        );
        assert_eq!(
            step(behind).params["made"]["x~y"],
            json!({ "from": "z-first", "output": "/made/x~0y" })
        );
    }
    assert_eq!(step("z-first").params.get("made"), None);
}

/// What a person approves of a script is its commands: each stands in the plan as it is run.
#[test]
fn the_plan_says_every_command_and_the_names_of_its_variables() {
    let says = plan(Purpose::Deploy, &entry(&[])).unwrap().says.join(" ");
    assert!(
        says.contains("z-first runs `./up now`.")
            && says.contains("a-last runs `./warm`.")
            && says.contains("variables LEVEL")
            && says.contains("a folder of its own")
            && !says.contains("info"),
        "{says}"
    );
}
