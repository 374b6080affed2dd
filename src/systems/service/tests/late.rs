//! What of an o5 application is known only where it is planned: its version and the places of its
//! rules; and what is refused of one.

use super::*;
use crate::domain::row::Row;
use crate::forms::elb;
use crate::systems::entry::Home;

const APP: &str = "
name: shop
runtimes:
  - name: web
    routes:
      - { prefix: /a, protocol: HTTP }
      - { prefix: /b, protocol: HTTP }
      - { prefix: /c, protocol: HTTP, route_group: FIRST }
    containers: [{ name: main, image: { name: shop } }]
";
pub(super) const CLUSTER: &str = include_str!("../o5/tests/cluster.yaml");
const LISTENER: &str = "arn:aws:elasticloadbalancing:eu-west-1:044100000000:listener/app/main/1/2";

fn files(app: &str) -> Files {
    files_of(app, CLUSTER)
}

/// An application file and a cluster file.
pub(super) fn files_of(app: &str, cluster: &str) -> Files {
    let mut files = Files::default();
    for (path, text) in [("ext/o5/app.yaml", app), ("cluster.yaml", cluster)] {
        let file = SourceFile {
            bytes: text.as_bytes().to_vec(),
            executable: false,
        };
        files.answer(Need::File(path.to_owned()), [(path.to_owned(), file)]);
    }
    files
}

/// The spec of an entry in the environment `dev-eu`.
fn read_as(app: &str, entry: &Value) -> Spec {
    let stack: StackId = "dev-eu/shop".parse().unwrap();
    match Service.read(&stack, entry, &files(app)) {
        Read::Rendered(mut stacks, made) => {
            assert_eq!(made.len(), 1);
            stacks.remove(0).1
        }
        other => panic!("{other:?}"),
    }
}

fn shop(more: &Value) -> Spec {
    let mut entry = json!({ "config": "ext/o5/app.yaml", "cluster": "cluster.yaml" });
    entry
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().cloned().unwrap());
    read_as(APP, &entry)
}

fn deploy(version: &str) -> PlanAsk {
    let mut ask = ask(Purpose::Deploy, EnvClass::Development);
    ask.stack = "dev-eu/shop".parse().unwrap();
    if !version.is_empty() {
        let name = "version".parse().unwrap();
        let value = crate::domain::flag::Value::Text(version.into());
        ask.flags = Flags::from([(name, value)]);
    }
    ask
}

/// A stack that is there with these parameters.
pub(super) fn there(parameters: &[(&str, &str)]) -> StackFacts {
    StackFacts {
        status: "UPDATE_COMPLETE".to_owned(),
        parameters: parameters
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        tags: BTreeMap::from([
            ("holdpoint:store".to_owned(), "s1".to_owned()),
            ("holdpoint:stack".to_owned(), "dev-eu/shop".to_owned()),
        ]),
        fixed: Some(BTreeMap::new()),
        ..StackFacts::default()
    }
}

/// Plans as an engine does: looks, what is settled, the plan.
fn planned(
    ask: &PlanAsk,
    spec: &Spec,
    stack: &StackFacts,
    taken: &[u32],
) -> (Spec, Result<Plan, Failure>) {
    planned_on(ask, spec, stack, &|look| match look.about.kind.as_str() {
        elb::LISTENER => {
            assert_eq!(look.about.name, LISTENER);
            elb::sight(look.about.clone(), taken.iter().copied().collect())
        }
        _ => cloudformation::ChangeFacts::Rows { rows: vec![] }.sight("dev-eu-shop"),
    })
}

/// The same, where everything beside the stack is seen as a function says.
pub(super) fn planned_on(
    ask: &PlanAsk,
    spec: &Spec,
    stack: &StackFacts,
    see: &dyn Fn(&crate::domain::look::Look) -> crate::domain::look::Sight,
) -> (Spec, Result<Plan, Failure>) {
    let mut seen = Sights::default();
    for _ in 0..5 {
        let looks = Service.looks(ask, spec, &seen);
        for look in &looks {
            seen.put(match look.about.kind.as_str() {
                STACK => stack.sight("dev-eu-shop"),
                _ => see(look),
            });
        }
        if looks.is_empty() {
            break;
        }
    }
    let settled = Service
        .settled(ask, spec, &seen)
        .unwrap_or_else(|| spec.clone());
    let plan = Service.plan(ask, &settled, &seen);
    (settled, plan)
}

/// The parameters that a plan brings, by the beginning of their names.
fn brought(plan: &Plan, begin: &str) -> Vec<String> {
    let input = plan.steps.iter().find_map(|step| step.params.get("input"));
    let parameters = input.unwrap()["parameters"].as_object().unwrap();
    let mut all: Vec<String> = parameters
        .iter()
        .filter(|(name, _)| name.starts_with(begin))
        .map(|(_, value)| value.as_str().unwrap().to_owned())
        .collect();
    all.sort();
    all
}

#[test]
fn a_version_is_that_of_the_flag_of_the_estate_or_the_one_that_runs() {
    let (missing, runs) = (StackFacts::missing(), there(&[("VersionTag", "v1")]));
    let own = || shop(&json!({ "version": "v2" }));
    for (spec, flag, stack, version) in [
        (shop(&json!({})), "v3", &missing, Some("v3")),
        (shop(&json!({})), "", &missing, None),
        (shop(&json!({})), "", &runs, Some("v1")),
        (own(), "", &runs, Some("v2")),
        (own(), "v3", &runs, Some("v3")),
        (own(), "", &missing, Some("v2")),
    ] {
        let (settled, plan) = planned(&deploy(flag), &spec, stack, &[]);
        let Some(version) = version else {
            let failure = plan.unwrap_err();
            assert!(failure.summary.contains("has no version"), "{failure:?}");
            assert!(failure.hint.contains("--version TAG"), "{failure:?}");
            continue;
        };
        let plan = plan.unwrap();
        assert_eq!(brought(&plan, "VersionTag"), [version]);
        assert_eq!(brought(&plan, "SourceTag"), [format!("o5/shop/{version}")]);
        let name = settled.release.name.as_str();
        assert!(name.starts_with(&format!("{version}+")), "{name}");
        let rows = Service.rows(&settled);
        assert!(rows.contains(&Row::new("version", version)), "{rows:?}");
    }
}

/// Another version is another release; the same one from the same files is the same.
#[test]
fn a_release_is_known_by_files_and_version() {
    let at = |flag: &str, spec: &Spec| {
        planned(&deploy(flag), spec, &StackFacts::missing(), &[])
            .0
            .release
    };
    let spec = shop(&json!({}));
    let one = at("v1", &spec);
    assert!(one.is(&at("v1", &spec)) && !one.is(&at("v2", &spec)));
    assert!(one.is(&at("", &shop(&json!({ "version": "v1" })))));
    let commit = "0123456789abcdef0123456789abcdef01234567";
    assert!(at(commit, &spec).name.as_str().starts_with("0123456789ab+"));
}

#[test]
fn a_rule_keeps_its_place_and_no_place_is_given_twice() {
    let spec = shop(&json!({ "version": "v1" }));
    let (_, plan) = planned(&deploy(""), &spec, &StackFacts::missing(), &[1000, 1002, 1]);
    assert_eq!(
        brought(&plan.unwrap(), "ListenerRulePriority"),
        ["1001", "1003", "2"]
    );
    let body = Body::of(&spec).unwrap();
    let names: Vec<String> = body.o5.unwrap().priorities.into_keys().collect();
    // One that it has, one that is out of its group now, one that it never had.
    let stack = there(&[(&names[0], "1700"), (&names[1], "5"), ("VersionTag", "v1")]);
    let (_, plan) = planned(&deploy(""), &spec, &stack, &[1700, 5, 1000]);
    assert_eq!(
        brought(&plan.unwrap(), "ListenerRulePriority"),
        ["1", "1001", "1700"]
    );
    // Where each has one, nobody asks the load balancer.
    let all = [
        (names[0].as_str(), "1000"),
        (&names[1], "1001"),
        (&names[2], "7"),
        ("VersionTag", "v1"),
    ];
    let mut seen = Sights::default();
    seen.put(there(&all).sight("dev-eu-shop"));
    let looks = Service.looks(&deploy(""), &spec, &seen);
    assert!(
        looks.iter().all(|look| look.about.kind != elb::LISTENER),
        "{looks:?}"
    );
    // A full group says so.
    let full: Vec<u32> = (1000..2000).collect();
    let (_, plan) = planned(&deploy(""), &spec, &StackFacts::missing(), &full);
    let failure = plan.unwrap_err();
    assert!(
        failure
            .summary
            .contains("no place from 1000 to 1999 is free"),
        "{failure:?}"
    );
}

/// Two deployments that go on at once get different places; what never was has none.
#[test]
fn a_place_that_another_deployment_takes_is_not_free() {
    let spec = shop(&json!({ "version": "v1" }));
    let mut first = deploy("");
    let (_, plan) = planned(&first, &spec, &StackFacts::missing(), &[]);
    let plan = plan.unwrap();
    let what: Vec<&str> = plan.reserves.iter().map(|one| one.what.as_str()).collect();
    assert_eq!(what, ["1", "1000", "1001"]);
    first.reserved = plan.reserves;
    let (_, second) = planned(&first, &spec, &StackFacts::missing(), &[]);
    let second = second.unwrap();
    assert_eq!(
        brought(&second, "ListenerRulePriority"),
        ["1002", "1003", "2"]
    );
    // A stack that was never made has no rules, whatever its parameters say.
    let names = Body::of(&spec).unwrap().o5.unwrap().priorities.into_keys();
    let parameters: Vec<(String, &str)> = names.zip(["1000", "1001", "1"]).collect();
    let parameters: Vec<(&str, &str)> = parameters.iter().map(|(a, b)| (a.as_str(), *b)).collect();
    let never = StackFacts {
        status: "ROLLBACK_COMPLETE".to_owned(),
        ..there(&parameters)
    };
    let mut recovery = deploy("");
    recovery.purpose = Purpose::Recover;
    let spec = planned(&deploy(""), &spec, &StackFacts::missing(), &[]).0;
    let (_, plan) = planned(&recovery, &spec, &never, &[1, 1000]);
    assert_eq!(
        brought(&plan.unwrap(), "ListenerRulePriority"),
        ["1001", "1002", "2"]
    );
}

#[test]
fn names_of_o5_do_not_change_under_a_stack() {
    let spec = shop(&json!({ "version": "v1" }));
    let stack = there(&[("VersionTag", "v1")]);
    let other = APP.replace("name: shop\n", "name: store\n");
    let entry = json!({ "config": "ext/o5/app.yaml", "cluster": "cluster.yaml", "version": "v1" });
    let mut ask = deploy("");
    ask.serving = Some(spec);
    let (_, plan) = planned(&ask, &read_as(&other, &entry), &stack, &[]);
    let failure = plan.unwrap_err();
    assert!(
        failure
            .summary
            .contains("the o5 application shop, and its files call it store"),
        "{failure:?}"
    );
}

#[test]
fn a_cluster_elsewhere_is_told_at_the_environment() {
    let spec = shop(&json!({}));
    let mut record = deploy("").env;
    let told = |record: &EnvironmentRecord| {
        let home = Home {
            name: "dev-eu",
            record,
        };
        let told = Service.lacks(&spec, &home).0;
        told.into_iter()
            .map(|one| (one.path, one.says))
            .collect::<Vec<_>>()
    };
    let place = |account: &str, region: &str| {
        let mut place = Place::new("aws", "account", "region");
        place.whose.is = Some(account.to_owned());
        place.within.is = Some(region.to_owned());
        place
    };
    record.places = place("044100000000", "eu-west-1").into();
    assert_eq!(told(&record), []);
    record.places = place("123456789012", "us-east-1").into();
    let said = told(&record);
    assert_eq!(said.len(), 2);
    assert!(
        said[0]
            .1
            .contains("is in the account 044100000000, and dev-eu in 123456789012"),
        "{said:?}"
    );
}

/// What the files say in vain stands on the card, with its place.
#[test]
fn what_has_no_effect_is_on_the_card() {
    let spec = shop(&json!({ "version": "v1" }));
    let (_, plan) = planned(&deploy(""), &spec, &StackFacts::missing(), &[]);
    let says = plan.unwrap().says;
    let note = "Written, and without effect: cluster.yaml:7:18: assume_role_arn";
    assert!(says.iter().any(|one| one.starts_with(note)), "{says:#?}");
}

#[test]
fn what_is_no_o5_application_has_no_version() {
    let (_, plan) = (
        0,
        Service.plan(&deploy("v1"), &orders(), &observed("UPDATE_COMPLETE", None)),
    );
    let failure = plan.unwrap_err();
    assert!(
        failure.summary.contains("is made of a template"),
        "{failure:?}"
    );
}

#[test]
fn the_folder_of_a_repository_is_searched_for_its_application() {
    let stack: StackId = "dev-eu/shop".parse().unwrap();
    let entry = json!({ "config": "shop/", "cluster": "cluster.yaml", "version": "1" });
    let mut found = files(APP);
    let Read::Needs(needs) = Service.read(&stack, &entry, &found) else {
        panic!("it looks for nothing");
    };
    let places = [
        "shop/ext/o5/app.yaml",
        "shop/ext/o5/app.yml",
        "shop/o5.yaml",
        "shop/o5.yml",
    ];
    assert_eq!(needs, places.map(|path| Need::Maybe(path.to_owned())));
    for need in needs {
        found.answer(need, []);
    }
    // None is there: the usual one is what is missing.
    let Read::Needs(needs) = Service.read(&stack, &entry, &found) else {
        panic!("it needs nothing");
    };
    assert_eq!(needs, [Need::File(places[0].to_owned())]);
}

/// First match wins: what a person chose, the estate, the o5 file, what changes.
#[test]
fn who_says_whether_the_service_stops_first() {
    use super::super::ways::way;
    let set = |flags: &[(&str, &str)]| {
        let mut ask = deploy("v1");
        for (name, value) in flags {
            let value = crate::domain::flag::Value::Text((*value).into());
            ask.flags.insert(name.parse().unwrap(), value);
        }
        ask
    };
    let quick_file = APP.replace(
        "runtimes:",
        "deployment_config: { quick_mode: true }\nruntimes:",
    );
    let entry = |downtime: &str| json!({ "config": "ext/o5/app.yaml", "cluster": "cluster.yaml", "downtime": downtime });
    for (app, downtime, flags, policy, because) in [
        (APP, "auto", &[][..], Downtime::Auto, ""),
        (APP, "auto", &[("quick", "true")], Downtime::Never, "quick"),
        (
            APP,
            "always",
            &[("quick", "true"), ("plans", "current")],
            Downtime::Never,
            "quick",
        ),
        (
            APP,
            "never",
            &[("plans", "current")],
            Downtime::Always,
            "plans=current",
        ),
        (APP, "always", &[("plans", "evaluated")], Downtime::Auto, ""),
        (
            &quick_file,
            "auto",
            &[],
            Downtime::Never,
            "quick_mode in its o5 file",
        ),
        (
            &quick_file,
            "auto",
            &[("quick", "false")],
            Downtime::Auto,
            "",
        ),
        (
            &quick_file,
            "auto",
            &[("plans", "evaluated")],
            Downtime::Auto,
            "",
        ),
        (
            &quick_file,
            "always",
            &[],
            Downtime::Always,
            "downtime: always in the estate",
        ),
        (
            &quick_file,
            "auto",
            &[("plans", "current")],
            Downtime::Always,
            "plans=current",
        ),
    ] {
        let body = Body::of(&read_as(app, &entry(downtime))).unwrap();
        let way = way(&set(flags), &body);
        assert_eq!(
            (way.policy, way.because),
            (policy, because),
            "{downtime} {flags:?}"
        );
    }
}
