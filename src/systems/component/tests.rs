use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

use super::body::Body;
use super::*;
use crate::domain::class::EnvClass;
use crate::domain::environment::{EnvironmentRecord, Mode, OnFailure, QueuePolicy};
use crate::domain::place::Places;
use crate::domain::plan::{Finaliser, Leaves};
use crate::forms::workshop::PUBLISHES;

const COMMIT_ID: &str = "0123456789012345678901234567890123456789";

fn entry() -> Value {
    json!({
        "repository": "https://git.example.com/cart.git",
        "build": ["make", "zip"],
        "test": ["make", "test"],
        "artifact": "dist/cart.zip",
        "registry": { "bucket": "parts-{env}", "prefix": "shop/" },
        "secrets": { "NPM_TOKEN": "env:NPM_TOKEN" },
    })
}

fn spec(entry: &Value) -> Spec {
    let stack: StackId = "dev/cart".parse().unwrap();
    match Component.read(&stack, entry, &Files::below("")) {
        Read::Stacks(mut stacks) => stacks.remove(0).1,
        other => panic!("{other:?}"),
    }
}

fn ask(purpose: Purpose, flags: &[(&str, &str)]) -> PlanAsk {
    let flags = flags.iter().map(|(name, value)| {
        let value = flag::Value::Text((*value).into());
        (name.parse().unwrap(), value)
    });
    PlanAsk {
        stack: "dev/cart".parse().unwrap(),
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
        standing: BTreeMap::new(),
        flags: flags.collect(),
        reserved: BTreeSet::new(),
    }
}

/// What is looked at, where every branch leads to this commit, and nothing is registered.
fn seen(ask: &PlanAsk, spec: &Spec, commit: Option<&str>) -> Sights {
    let mut seen = Sights::default();
    loop {
        let looks = Component.looks(ask, spec, &seen);
        if looks.is_empty() {
            return seen;
        }
        for look in looks {
            let commit = commit.map(|commit| commit.parse().unwrap());
            seen.put(match look.about.kind.as_str() {
                BRANCH => git::sight(look.about, commit),
                _ => registry::sight(look.about, std::iter::empty()),
            });
        }
    }
}

fn planned(entry: &Value, flags: &[(&str, &str)]) -> Plan {
    let (ask, spec) = (ask(Purpose::Deploy, flags), spec(entry));
    let seen = seen(&ask, &spec, Some(COMMIT_ID));
    let spec = Component.settled(&ask, &spec, &seen).unwrap();
    assert_eq!(Component.settled(&ask, &spec, &seen), None, "once");
    let plan = Component.plan(&ask, &spec, &seen).unwrap();
    assert_eq!(plan.check(), Ok(()));
    plan
}

fn ids(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().map(|step| step.id.as_str()).collect()
}

#[test]
fn what_publishes_stands_behind_build_and_test_and_runs_on_one_branch_alone() {
    let plan = planned(&entry(), &[]);
    let all = ["checkout", "build", "test", "push", "register", "discard"];
    assert_eq!(ids(&plan), all);
    let only = Some(("checkout".into(), PUBLISHES.to_owned()));
    for id in ["push", "register"] {
        let step = plan.step(&id.into()).unwrap();
        assert_eq!(step.only_if, only, "{id}");
        assert!(step.after.contains(&"test".into()), "{id}");
    }
    let register = plan.step(&"register".into()).unwrap();
    assert!(register.after.contains(&"push".into()));
    assert_eq!(register.leaves, Some(Leaves::New));
    assert_eq!(
        register.params["artifact"],
        json!({ "from": "push", "output": "/artifact" })
    );
    let discard = plan.step(&"discard".into()).unwrap();
    assert_eq!(discard.finaliser, Some(Finaliser::Always));
    let rows: Vec<_> = plan.rows().unwrap();
    let rows: Vec<_> = rows.iter().map(|row| row.logical.as_str()).collect();
    assert_eq!(rows, ["cart-0123456", "cart-0123456"]);
}

/// An image is built wherever it is asked for, after the tests, and put into its registry where the
/// commit is published; the version is registered with both.
#[test]
fn an_image_is_built_after_the_tests_and_published_with_the_rest() {
    let mut entry = entry();
    entry["image"] = json!({ "repository": "ghcr.io/acme/cart", "program": "podman" });
    let plan = planned(&entry, &[]);
    let all = [
        "checkout",
        "build",
        "test",
        "image",
        "push",
        "push-image",
        "register",
        "discard",
    ];
    assert_eq!(ids(&plan), all);
    let step = |id: &str| plan.step(&id.into()).unwrap();
    assert_eq!(step("image").only_if, None);
    assert!(step("image").after.contains(&"test".into()));
    let only = Some(("checkout".into(), PUBLISHES.to_owned()));
    assert_eq!(step("push-image").only_if, only);
    // What is put anywhere is put there once all of it was made.
    for id in ["push", "push-image"] {
        assert!(step(id).after.contains(&"image".into()), "{id}");
        assert!(step("register").after.contains(&id.into()), "{id}");
    }
    assert_eq!(
        step("register").params["image"],
        json!({ "from": "push-image", "output": "/image" })
    );
    assert_eq!(
        step("push-image").params["env"]["HOLDPOINT_VERSION"],
        "0123456"
    );
}

#[test]
fn what_is_not_there_is_no_step() {
    let mut bare = entry();
    for key in ["build", "test", "artifact"] {
        bare.as_object_mut().unwrap().remove(key);
    }
    assert_eq!(
        ids(&planned(&bare, &[])),
        ["checkout", "register", "discard"]
    );
}

#[test]
fn another_branch_is_looked_at_where_it_is_named() {
    let spec = spec(&entry());
    for (flags, name) in [
        (&[][..], Some("main")),
        (&[("branch", "feature/x")], Some("feature/x")),
        (&[("commit", COMMIT_ID)], None),
    ] {
        let looks = Component.looks(&ask(Purpose::Deploy, flags), &spec, &Sights::default());
        let looks = looks.iter().filter(|look| look.about.kind == BRANCH);
        let names: Vec<_> = looks.map(|look| look.about.name.clone()).collect();
        let one = name.map(|name| format!("https://git.example.com/cart.git#refs/heads/{name}"));
        assert_eq!(names, Vec::from_iter(one), "{flags:?}");
    }
}

/// Of a commit that was named nobody says which branch it is of.
#[test]
fn a_release_says_which_branch_led_to_it() {
    for (flags, says) in [
        (&[][..], " (refs/heads/main)"),
        (&[("branch", "next")], " (refs/heads/next)"),
        (&[("commit", COMMIT_ID)], ""),
    ] {
        let (ask, spec) = (ask(Purpose::Deploy, flags), spec(&entry()));
        let seen = seen(&ask, &spec, Some(COMMIT_ID));
        let release = Component.settled(&ask, &spec, &seen).unwrap().release;
        let made = release.source.unwrap().to_string();
        let expected = format!("commit {COMMIT_ID} of https://git.example.com/cart.git{says}");
        assert_eq!(made, expected, "{flags:?}");
    }
}

#[test]
fn a_branch_that_is_not_there_and_a_teardown_are_refused_with_why() {
    let spec = spec(&entry());
    let deploy = ask(Purpose::Deploy, &[("branch", "gone")]);
    let seen = seen(&deploy, &spec, None);
    assert_eq!(Component.settled(&deploy, &spec, &seen), None);
    let failure = Component.plan(&deploy, &spec, &seen).unwrap_err();
    let says = "https://git.example.com/cart.git has no branch gone";
    assert_eq!(failure.summary, says);
    let down = ask(Purpose::Teardown, &[]);
    let failure = Component
        .plan(&down, &spec, &Sights::default())
        .unwrap_err();
    assert_eq!(
        failure.detail,
        "what it published stays in parts-dev: others are deployed with it"
    );
}

/// A version that is registered, and all there, is not built again unless that is asked for.
#[test]
fn what_is_registered_already_is_not_built_again() {
    let spec = spec(&entry());
    for (is_there, flags, name) in [
        (true, &[][..], "already there"),
        (false, &[], "publish"),
        (true, &["rebuild"], "publish"),
    ] {
        let mut ask = ask(Purpose::Deploy, &[]);
        let on = flag::Value::Switch(true);
        ask.flags = flags
            .iter()
            .map(|name| (name.parse().unwrap(), on.clone()))
            .collect();
        let mut seen = seen(&ask, &spec, Some(COMMIT_ID));
        let spec = Component.settled(&ask, &spec, &seen).unwrap();
        let look = Component.looks(&ask, &spec, &Sights::default()).remove(0);
        assert_eq!(registry::asks(&look.with), Some("0123456"));
        let mut sight = registry::sight(look.about, std::iter::empty());
        sight.facts[IS_THERE] = json!(is_there);
        seen.put(sight);
        let plan = Component.plan(&ask, &spec, &seen).unwrap();
        assert_eq!((plan.check(), plan.name.as_str()), (Ok(()), name));
        assert_eq!(
            plan.steps.last().unwrap().leaves.is_some(),
            is_there && flags.is_empty()
        );
    }
}

#[test]
fn everything_wrong_is_told_at_once() {
    let wrong = json!({
        "repository": "ext::sh",
        "branch": "-x",
        "artifact": "../a.zip",
        "terraform": "/etc",
        "registry": { "bucket": "A", "prefix": "x" },
        "name": "a b",
        "image": { "repository": "cart", "context": "/x", "target": "--x" },
        "timeout": "long",
        "env": { "HOLDPOINT_X": "1" },
    });
    let mut told = Remarks::default();
    let environments = ["dev".to_owned()];
    let written = Written {
        app: "cart",
        environments: &environments,
        entry: &wrong,
    };
    Component.check(&written, &mut told);
    let mut codes: Vec<&str> = told.0.iter().map(|remark| remark.code).collect();
    codes.sort_unstable();
    let expected = [
        "branch",
        "bucket",
        "duration",
        "image",
        "image",
        "missing-key",
        "name",
        "path",
        "path",
        "path",
        "prefix",
        "repository",
        "variable",
    ];
    assert_eq!(codes, expected);
}

#[test]
fn what_it_runs_and_publishes_is_shown_before_it_is_trusted() {
    let reach = Component.reach("cart", "dev", &entry()).join("\n");
    for says in [
        "reads https://git.example.com/cart.git, and publishes main of it as cart in s3://parts-{env}/shop/",
        "builds any commit of it by make zip",
        "reads the secret env:NPM_TOKEN",
    ] {
        assert!(reach.contains(says), "{says}\n{reach}");
    }
    let home = Body::of(&spec(&entry())).unwrap().making;
    assert_eq!(home.registry.bucket, "parts-dev");
}
