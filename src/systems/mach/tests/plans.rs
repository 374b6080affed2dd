//! Nodes as plans.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::super::Recorded;
use super::*;
use crate::domain::class::EnvClass;
use crate::domain::environment::{EnvironmentRecord, Mode, OnFailure, QueuePolicy};
use crate::domain::hold::HoldKind;
use crate::domain::ids::DeploymentNo;
use crate::domain::place::Places;
use crate::domain::plan::{HoldWhen, Role, Step};
use crate::forms::keyed;

/// The parts of a configuration of one site: `a` in its state, `b` with a state of its own.
fn parts() -> Vec<(StackId, Spec, SourceBundle)> {
    read().split_off(1)
}

/// The same, and before them the whole.
pub(super) fn read() -> Vec<(StackId, Spec, SourceBundle)> {
    read_as(PARTS, None)
}

/// The same of other definitions of its components.
pub(super) fn read_with(definitions: &str) -> Vec<(StackId, Spec, SourceBundle)> {
    read_as(definitions, None)
}

pub(super) fn read_as(
    definitions: &str,
    more: Option<(&str, Value)>,
) -> Vec<(StackId, Spec, SourceBundle)> {
    let split = "deployment: { type: site-component }";
    let main = shop(&format!(
        "      - {{ name: a, secrets: {{ t: hunter2 }} }}\n      - {{ name: b, {split}, variables: {{ x: \"${{component.a.y}}\" }} }}\n"
    ));
    let all = BTreeMap::from([
        ("main.yml", main.as_str()),
        ("parts/components.yml", definitions),
        ("modules/a/main.tf", "output \"y\" { value = 1 }\n"),
    ]);
    let mut entry = json!({ "config": "main.yml", "secrets": { "TOKEN": "env:CI_TOKEN" } });
    if let Some((key, value)) = more {
        entry[key] = value;
    }
    let mut files = Files::below("/estate");
    let whole: StackId = "dev/shop".parse().unwrap();
    loop {
        match Mach.read(&whole, &entry, &files) {
            Read::Parts(parts, _) => return parts,
            Read::Needs(needs) => {
                for need in needs {
                    let fits = |path: &str| match &need {
                        Need::Glob(glob) => path.starts_with(glob.trim_end_matches("**")),
                        other => path == other.path(),
                    };
                    let found = all.iter().filter(|(path, _)| fits(path));
                    let found = found.map(|(path, text)| ((*path).to_owned(), file(*text)));
                    let found: Vec<_> = found.collect();
                    files.answer(need, found);
                }
            }
            other => panic!("{other:?}"),
        }
    }
}

pub(super) fn ask(stack: &StackId, purpose: Purpose) -> PlanAsk {
    PlanAsk {
        stack: stack.clone(),
        purpose,
        env: EnvironmentRecord {
            class: EnvClass::Development,
            places: Places::default(),
            on_failure: OnFailure::Continue,
            queue: QueuePolicy::Queue,
            mode: Mode::Deploy,
            min_level: None,
            hold_expiry: Duration::from_hours(24),
        },
        store: "s1".to_owned(),
        seen: None,
        serving: None,
        left_at: None,
        recorded: None,
        needed_by: Vec::new(),
        standing: std::collections::BTreeMap::new(),
        flags: Flags::new(),
        reserved: BTreeSet::new(),
    }
}

/// Everything that is looked at, with this digest of the secrets.
fn seen(ask: &PlanAsk, spec: &Spec, digest: &str) -> Sights {
    let mut seen = Sights::default();
    for look in Mach.looks(ask, spec, &seen) {
        seen.put(keyed::sight(look.about, digest));
    }
    assert!(Mach.looks(ask, spec, &seen).is_empty());
    seen
}

fn planned(ask: &PlanAsk, spec: &Spec, digest: &str) -> Plan {
    let plan = Mach.plan(ask, spec, &seen(ask, spec, digest)).unwrap();
    assert_eq!(plan.check(), Ok(()));
    plan
}

fn flagged(ask: &PlanAsk, flag: Flag) -> PlanAsk {
    let mut ask = ask.clone();
    let on = crate::domain::flag::Value::Switch(true);
    ask.flags.insert(flag.name.parse().unwrap(), on);
    ask
}

fn step<'a>(plan: &'a Plan, id: &str) -> &'a Step {
    plan.step(&id.into()).unwrap()
}

/// With the original program a part has no files of its own: those of the configuration must be as
/// they were.
#[test]
fn what_the_original_program_makes_is_made_of_files_where_they_lie() {
    let mut all = read_as(PARTS, Some(("generator", json!("mach-composer"))));
    let (part, own, files) = all.swap_remove(1);
    assert_eq!(files.files.len(), 0);
    let told: Vec<_> = Mach.tools(&own).into_iter().map(|tool| tool.name).collect();
    assert_eq!(told, ["terraform", "mach-composer"]);
    let ask = ask(&part, Purpose::Deploy);
    let plan = planned(&ask, &own, "1");
    let original = &plan.steps[0].params["original"];
    assert_eq!(original["program"], "mach-composer");
    assert_eq!(original["config"], "/estate/main.yml");
    let paths: Vec<&String> = original["files"].as_object().unwrap().keys().collect();
    assert_eq!(
        paths,
        [
            "/estate/main.yml",
            "/estate/modules/a/main.tf",
            "/estate/parts/components.yml"
        ]
    );
    // It may say any of them: they are read to be covered, and told to nobody.
    let told = plan.steps[0].params["secrets"].as_object().unwrap();
    let told: Vec<&String> = told.keys().collect();
    assert_eq!(told, ["sites.nl.components.a.secrets.t"]);
    let all = format!("{}{files:?}", serde_json::to_string(&own).unwrap());
    assert!(!all.contains("hunter2"), "{all}");
}

#[test]
fn each_node_is_a_part_with_files_of_its_own_and_no_secret_in_them() {
    let parts = parts();
    let names: Vec<String> = parts.iter().map(|(id, ..)| id.to_string()).collect();
    assert_eq!(names, ["dev/shop/nl", "dev/shop/nl/b"]);
    let (_, nl, files) = &parts[0];
    let paths: Vec<&String> = files.files.keys().collect();
    assert!(
        paths[0].starts_with(".modules/") && paths[0].ends_with("/modules/a/main.tf"),
        "{paths:?}"
    );
    assert_eq!(paths[1], "nl/main.tf");
    let all = format!("{}{:?}", serde_json::to_string(nl).unwrap(), files);
    assert!(!all.contains("hunter2"), "{all}");
    let secrets: Vec<String> = nl.secrets().iter().map(ToString::to_string).collect();
    assert_eq!(
        secrets,
        [
            "yaml:/estate/main.yml#/sites/identifier=nl/components/name=a/secrets/t",
            "env:CI_TOKEN"
        ]
    );
    let whole: StackId = "dev/shop".parse().unwrap();
    assert_eq!(Mach.after(&whole, &parts[1].1), [parts[0].0.clone()]);
}

#[test]
fn what_is_planned_waits_for_a_person() {
    let (stack, spec, _) = parts().remove(0);
    let plan = planned(&ask(&stack, Purpose::Deploy), &spec, "k1");
    let ids: Vec<&str> = plan.steps.iter().map(|step| step.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "generate", "init", "validate", "plan", "weigh", "apply", "store", "discard"
        ]
    );
    let apply = step(&plan, "apply");
    let hold = apply.hold.as_ref().unwrap();
    assert_eq!(
        (hold.kind, &hold.when),
        (HoldKind::ReviewPlan, &HoldWhen::Always)
    );
    assert_eq!(
        apply.params["plan"],
        json!({ "from": "plan", "output": "/plan" }),
        "it applies what was planned"
    );
    assert!(plan.danger.unknown && !plan.danger.replaces);
}

/// [TRAP] Nobody is passed over where something is taken.
#[test]
fn auto_approve_passes_over_no_deletion() {
    let (stack, spec, _) = parts().remove(0);
    let ask = ask(&stack, Purpose::Deploy);
    let auto = planned(&flagged(&ask, plan::AUTO), &spec, "k1");
    let hold = step(&auto, "apply").hold.as_ref().unwrap();
    let HoldWhen::Output {
        pointer, equals, ..
    } = &hold.when
    else {
        panic!("{hold:?}")
    };
    assert_eq!((pointer.as_str(), equals), ("/takes", &json!(true)));
    let weighed = |counts: Value| {
        let params = json!({ "counts": counts, "verdict": "apply" });
        let output = Mach.eval("mach.weigh", &params).unwrap().unwrap();
        output.public
    };
    assert_eq!(weighed(json!({ "add": 3, "change": 1 }))["takes"], false);
    assert_eq!(weighed(json!({ "replace": 1 }))["takes"], true);
    assert_eq!(weighed(json!({ "remove": 1 }))["takes"], true);
    assert!(Mach.eval("mach.weigh", &json!({})).unwrap().is_err());
}

/// A lock is freed by its id, once a person approves that, and before anything is planned.
#[test]
fn a_lock_of_the_state_is_freed_by_name_and_held() {
    let (stack, spec, _) = parts().remove(0);
    let locked = |id: &str| {
        let mut ask = ask(&stack, Purpose::Deploy);
        let value = crate::domain::flag::Value::Text(id.into());
        let name = plan::UNLOCK_FIRST.name;
        ask.flags.insert(name.parse().unwrap(), value);
        ask
    };
    let plan = planned(&locked("4f-1"), &spec, "k1");
    let unlock = step(&plan, "unlock");
    let hold = unlock.hold.as_ref().unwrap();
    assert_eq!(
        (hold.kind, &hold.when, &unlock.params["lock"]),
        (HoldKind::RecoverStack, &HoldWhen::Always, &json!("4f-1"))
    );
    assert!(step(&plan, "plan").after.contains(&"unlock".into()));
    for bad in ["-x", "a b", "$(x)"] {
        let ask = locked(bad);
        let planned = Mach.plan(&ask, &spec, &seen(&ask, &spec, "k1"));
        assert!(planned.is_err(), "{bad}");
    }
}

/// [TRAP] A node is passed over only where its last deployment was good and nothing changed since:
/// files, secrets, and the nodes before it.
#[test]
fn what_did_not_change_starts_nothing() {
    let (stack, spec, _) = parts().remove(0);
    let mut ask = ask(&stack, Purpose::Deploy);
    let first = planned(&ask, &spec, "k1");
    let record = step(&first, "store").params["record"].clone();
    let recorded = |what: &Value, outdated_by: Option<StackId>| {
        Some(Recorded {
            by: DeploymentNo(12),
            what: what.clone(),
            outdated_by,
        })
    };
    ask.recorded = recorded(&record, None);
    let again = planned(&ask, &spec, "k1");
    let roles: Vec<Role> = again.steps.iter().map(|step| step.role).collect();
    assert_eq!(
        (again.name.as_str(), roles),
        ("already there", vec![Role::Look])
    );
    assert!(again.says[0].contains("since #12"), "{:?}", again.says);
    assert_eq!(step(&again, "store").params["record"], record);
    let plans = |ask: &PlanAsk, digest: &str| planned(ask, &spec, digest).steps.len() > 1;
    assert!(plans(&ask, "k2"), "another secret");
    for flag in [plan::IGNORE, plan::FORCE] {
        assert!(plans(&flagged(&ask, flag), "k1"), "{}", flag.name);
    }
    ask.recorded = recorded(&record, Some("dev/shop/de".parse().unwrap()));
    assert!(plans(&ask, "k1"), "a node before it changed");
    let mut other = record;
    other["release"] = json!("00".repeat(32));
    ask.recorded = recorded(&other, None);
    assert!(plans(&ask, "k1"), "other files");
    ask.recorded = recorded(&json!("older form"), None);
    assert!(plans(&ask, "k1"), "a form that nobody reads any more");
}

#[test]
fn everything_goes_only_once_its_name_was_typed() {
    let (stack, spec, _) = parts().remove(0);
    let ask = flagged(&ask(&stack, Purpose::Teardown), plan::AUTO);
    let plan = planned(&ask, &spec, "k1");
    let destroy = step(&plan, "destroy");
    let hold = destroy.hold.as_ref().unwrap();
    assert_eq!(
        (hold.kind, &hold.when, destroy.role),
        (HoldKind::Teardown, &HoldWhen::Always, Role::Remove)
    );
    assert_eq!(step(&plan, "plan").params["destroy"], true);
    assert!(plan.danger.destroys);
    let needed = PlanAsk {
        needed_by: vec!["dev/shop/nl/b".parse().unwrap()],
        ..ask
    };
    let refused = Mach.plan(&needed, &spec, &Sights::default()).unwrap_err();
    assert_eq!(
        (refused.summary.as_str(), refused.hint.as_str()),
        (
            "dev/shop/nl is needed by dev/shop/nl/b",
            "holdpoint teardown dev/shop/nl/b"
        )
    );
}

#[test]
fn a_look_for_drift_applies_nothing_and_leaves_its_stack_as_it_is() {
    let (stack, spec, _) = parts().remove(0);
    let ask = flagged(&ask(&stack, Purpose::Deploy), plan::REFRESH);
    let plan = planned(&ask, &spec, "k1");
    assert!(plan.stays && plan.brings.is_empty());
    assert!(plan.steps.iter().all(|step| !step.changes()), "{plan:?}");
    let look = step(&plan, "plan");
    assert_eq!(look.params["refresh_only"], json!(true));
    let finally = step(&plan, "discard");
    assert!(finally.finaliser.is_some(), "no plan file is left");
    let ask = PlanAsk {
        flags: super::plans::ask(&stack, Purpose::Deploy).flags,
        ..ask
    };
    let brings = planned(&ask, &spec, "k1").brings;
    assert_eq!(brings, [Row::new("a", "v1")]);
}
