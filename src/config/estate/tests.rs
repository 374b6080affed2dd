//! The estate file: what is read, what is refused, and that everything wrong is said at once with
//! its place.

mod wrong;

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::aws::AwsTarget;
use crate::config::Reach;
use crate::domain::environment::{Mode, QueuePolicy};
use crate::places::made_up::KINDS;

pub(in crate::config) const GOOD: &str = r#"
environments:
  prod:    { class: production, account: "041200007731", aws: { profile: prod, region: eu-west-1, role_arn: "arn:aws:iam::041200007731:role/deployer" } }
  staging: { class: staging, region: eu-west-1, aws: { endpoint_url: "https://127.0.0.1:9297", ca_bundle: ca.pem }, queue: latest, min_level: 3 }
  dev:     { class: development, aws: { region: eu-west-1, endpoint_url: sandbox }, hold_expiry: 2h, mode: watch }
applications:
  orders:
    service: { template: orders.yaml, parameters: { Size: 0012, On: true }, parameters_by_environment: { prod: { Size: large } }, capabilities: [CAPABILITY_IAM] }
    environments: [dev, staging, prod]
    watch: { logs: ["/shop/{env}/orders"] }
  chores:
    script:
      steps: { migrate: { command: [./migrate, up] }, warm: { command: [./warm], after: [migrate], timeout: 10m, attempts: 3 } }
      env: { LEVEL: debug }
    environments: [dev]
    depends_on: [orders]
store: sqlite
"#;

fn read(name: &str, bytes: &[u8]) -> Result<Estate, Diagnostics> {
    match examine(
        name,
        bytes,
        Path::new("/shop"),
        crate::systems::all(),
        crate::places::all(),
    ) {
        (Some((estate, _)), found) if found.is_empty() => Ok(estate),
        (_, found) => Err(found),
    }
}

fn read_text(text: &str) -> Result<Estate, Diagnostics> {
    read("holdpoint.yaml", text.as_bytes())
}

pub(in crate::config) fn estate_of(text: &str) -> Estate {
    read_text(text).unwrap_or_else(|found| panic!("{found}"))
}

/// The good file with one piece of text replaced.
fn with(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    GOOD.replacen(from, to, 1)
}

#[test]
fn the_whole_file() {
    let estate = estate_of(GOOD);
    let env = |name: &str| &estate.environments[&name.parse().unwrap()];
    assert_eq!(
        env("prod").places.home().unwrap().whose.to_string(),
        "account 041200007731"
    );
    assert_eq!(
        (
            env("prod").on_failure,
            env("staging").on_failure,
            env("dev").on_failure
        ),
        (OnFailure::Break, OnFailure::Break, OnFailure::Continue)
    );
    assert_eq!(
        (env("prod").hold_expiry, env("dev").hold_expiry),
        (HOLD_EXPIRY, Duration::from_hours(2))
    );
    assert_eq!(
        (
            env("dev").mode,
            env("staging").queue,
            env("staging").min_level
        ),
        (Mode::Watch, QueuePolicy::Latest, Some(Level::L3))
    );
    let target = |name: &str| AwsTarget::of(env(name).places.home().unwrap()).unwrap();
    assert_eq!(target("staging").region.as_deref(), Some("eu-west-1"));
    // An engine has no folder of the estate.
    assert_eq!(target("staging").ca_bundle.as_deref(), Some("/shop/ca.pem"));
    assert!(target("dev").is_sandbox());
    let orders = &estate.applications[&"orders".parse().unwrap()];
    assert_eq!(orders.system, "service");
    assert_eq!(
        (
            &orders.entry["parameters"]["Size"],
            &orders.entry["parameters"]["On"]
        ),
        (&"0012".into(), &"true".into())
    );
    assert_eq!(orders.watch_logs, ["/shop/{env}/orders"]);
}

#[test]
fn builds_are_tailed_beside_log_groups() {
    let text = with(
        "watch: { logs:",
        "watch: { codebuild: [\"shop-{env}\"], logs:",
    );
    let estate = estate_of(&text);
    assert_eq!(
        estate.applications[&"orders".parse().unwrap()].watch_logs,
        ["/shop/{env}/orders", "codebuild:shop-{env}"]
    );
}

/// A kind of place needs nothing here but its line in the list.
#[test]
fn an_environment_may_have_places_of_several_kinds() {
    let read = |text: &str| {
        let (estate, found) = examine(
            "holdpoint.yaml",
            text.as_bytes(),
            Path::new("/shop"),
            crate::systems::all(),
            KINDS,
        );
        (estate.unwrap().0, found)
    };
    let (estate, found) = read(&with("mode: watch", "hill: { summit: high, path: high }"));
    assert!(found.is_empty(), "{found}");
    let places = &estate.environments[&"dev".parse().unwrap()].places;
    assert_eq!(
        places.home().unwrap().kind,
        "aws",
        "the kinds have an order, whatever that of the file is"
    );
    assert_eq!(
        places.at(Some(&"hill".into())).unwrap().words(),
        "summit high, path high"
    );
    let reach: Vec<String> = Reach::of(&estate, crate::systems::all())
        .lines()
        .map(|line| line.to_string())
        .collect();
    assert!(
        reach
            .iter()
            .any(|line| line.contains("summit high, path high")),
        "{reach:?}"
    );
    let (_, found) = read(&with("mode: watch", "hill: { sumit: high, path: high }"));
    assert!(
        found.to_string().contains("did you mean \"summit\"?"),
        "{found}"
    );
    assert!(
        read_text(&with("mode: watch", "hill: { summit: high, path: high }")).is_err(),
        "a kind that is not listed is not a key"
    );
}

#[test]
fn the_schema_rejects_unknown_keys_and_knows_every_key_of_the_example() {
    fn objects<'a>(schema: &'a Value, out: &mut Vec<&'a Value>) {
        match schema {
            Value::Object(fields) => {
                if fields.contains_key("properties") {
                    out.push(schema);
                }
                fields.values().for_each(|field| objects(field, out));
            }
            Value::Array(items) => items.iter().for_each(|item| objects(item, out)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let schema = crate::config::schema(crate::systems::all());
    let mut all = Vec::new();
    objects(&schema, &mut all);
    assert!(all.len() >= 8);
    for one in all {
        assert_eq!(
            one.get("additionalProperties"),
            Some(&Value::Bool(false)),
            "{one}"
        );
        for (name, property) in one["properties"].as_object().unwrap() {
            assert!(
                property.get("description").is_some(),
                "{name} says nothing of itself"
            );
        }
    }
}

proptest! {
    /// A name is taken exactly when it is a plain name and cannot be typed by moving around.
    #[test]
    fn the_rule_of_environment_names(name in "[a-zA-Z0-9_-]{1,8}|[hjkl0-9]{1,5}|[hjkl][hjklx0-9-]{0,4}") {
        let text = format!("environments: {{ {name:?}: {{ class: development }} }}\n");
        let moves = name.bytes().all(|b| b"hjkl0123456789".contains(&b));
        prop_assert_eq!(read_text(&text).is_ok(), name.parse::<EnvName>().is_ok() && !moves, "{}", name);
    }

    /// Any bytes, and any single damage to a good file, are read or refused; whatever is said lies
    /// in the file.
    #[test]
    fn never_panics_and_points_into_the_file(at in 0usize..1200, put in "[a-z:{}\\[\\],\"'~\n\t é&*!-]{0,6}", cut in 0usize..8, junk in prop::option::of(prop::collection::vec(any::<u8>(), 0..200))) {
        let bytes = junk.unwrap_or_else(|| {
            let mut text: Vec<char> = GOOD.chars().collect();
            let at = at.min(text.len());
            let end = (at + cut).min(text.len());
            text.splice(at..end, put.chars());
            text.into_iter().collect::<String>().into_bytes()
        });
        if let Err(found) = read("f", &bytes) {
            prop_assert!(!found.is_empty());
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let lines: Vec<&str> = text.strip_prefix('\u{feff}').unwrap_or(&text).lines().collect();
            for one in &found.0 {
                prop_assert!(one.at.line >= 1 && one.at.line <= lines.len().max(1));
                let chars = lines.get(one.at.line - 1).map_or(0, |line| line.chars().count());
                prop_assert!(one.at.column >= 1 && one.at.column <= chars + 1);
            }
        }
    }
}
