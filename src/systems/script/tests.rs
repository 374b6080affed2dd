//! Scripts as plans.

use super::entry::ScriptTeardown;
use super::*;
use crate::domain::environment::{Class, EnvironmentRecord, Mode, OnFailure, QueuePolicy};
use crate::domain::flag::Flags;
use crate::domain::place::Places;
use crate::domain::request::SourceFile;

fn command(words: &[&str], after: &[&str]) -> ScriptStep {
    ScriptStep {
        command: words.iter().map(|word| (*word).to_owned()).collect(),
        after: after.iter().map(|id| (*id).to_owned()).collect(),
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
        teardown: (!teardown.is_empty()).then(|| ScriptTeardown {
            steps: teardown.iter().map(|(id, after)| ((*id).to_owned(), command(&["./down"], after))).collect(),
        }),
    }
}

fn plan(purpose: Purpose, entry: &ScriptEntry) -> Result<Plan, Failure> {
    let file = SourceFile { bytes: b"#!/bin/sh".to_vec(), executable: true };
    let bundle = SourceBundle { files: BTreeMap::from([("up".to_owned(), file)]) };
    let stack: StackId = "dev/chores".parse().unwrap();
    let spec = spec(&stack, entry, &bundle).unwrap();
    let env = EnvironmentRecord {
        class: Class::Development,
        places: Places::default(),
        on_failure: OnFailure::Continue,
        queue: QueuePolicy::Queue,
        mode: Mode::Deploy,
        min_level: None,
        hold_expiry: Duration::from_hours(24),
    };
    let ask = PlanAsk { stack, purpose, env, store: "s1".to_owned(), seen: None, serving: None, flags: Flags::new() };
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
    assert_eq!((first.kind.as_str(), first.timeout, first.retry.attempts, first.changes()), ("process.run", LIMIT, 2, true));
    assert_eq!(first.params["argv"], json!(["./up", "now"]));
    assert_eq!((&first.params["env"]["LEVEL"], &first.params["step"]), (&json!("info"), &json!("z-first")));
}

#[test]
fn a_teardown_is_held_or_says_why_not() {
    let failure = plan(Purpose::Teardown, &entry(&[])).unwrap_err();
    assert!(failure.summary.contains("dev/chores says nowhere") && failure.hint.contains("teardown:"));
    let one = plan(Purpose::Teardown, &entry(&[("down", &[]), ("sweep", &["down"])])).unwrap();
    let held: Vec<_> = one.steps.iter().filter(|step| step.hold.is_some()).map(|step| step.id.as_str()).collect();
    assert_eq!(held, ["down"]);
    let two = plan(Purpose::Teardown, &entry(&[("approve", &[]), ("down", &[])])).unwrap();
    let first = &two.steps[0];
    assert_eq!((first.id.as_str(), first.kind.as_str(), first.changes()), ("approve-", pure::DECISION, false));
    assert_eq!(first.hold.as_ref().unwrap().kind, HoldKind::Teardown);
    assert!(two.steps[1..].iter().all(|step| step.hold.is_none() && step.after == [first.id.clone()]));
}
