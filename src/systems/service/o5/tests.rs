//! Application, environment and cluster files as data: what is made of them, and what is wrong with
//! them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::*;
use crate::domain::request::SourceFile;

const APP: &str = include_str!("tests/billing.yaml");
const CLUSTER: &str = include_str!("tests/cluster.yaml");

fn bundle(files: &[(&str, &str)]) -> SourceBundle {
    let file = |text: &str| SourceFile {
        bytes: text.as_bytes().to_vec(),
        executable: false,
    };
    SourceBundle {
        files: files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), file(text)))
            .collect(),
        ..SourceBundle::default()
    }
}

fn asked() -> Asked {
    Asked {
        config: "app.yaml".to_owned(),
        cluster: "cluster.yaml".to_owned(),
        environment: None,
        called: "dev-eu".to_owned(),
        stack: "dev-eu-billing".to_owned(),
        database_ca: None,
        migrations: BTreeMap::new(),
        overrides: BTreeMap::new(),
    }
}

fn made_of(app: &str, cluster: &str) -> Result<Made, Diagnostics> {
    make(
        &asked(),
        &bundle(&[("app.yaml", app), ("cluster.yaml", cluster)]),
    )
}

fn made() -> Made {
    made_of(APP, CLUSTER).unwrap_or_else(|found| panic!("{found}"))
}

fn template(made: &Made) -> Value {
    serde_json::from_slice(&made.template).unwrap()
}

/// Everything that is wrong with the application where a part of it is written otherwise.
fn wrong(old: &str, new: &str) -> String {
    assert!(APP.contains(old), "{old}");
    let made = made_of(&APP.replacen(old, new, 1), CLUSTER);
    made.err().unwrap_or_default().to_string()
}

#[test]
fn an_application_as_a_template() {
    insta::assert_snapshot!(serde_json::to_string_pretty(&template(&made())).unwrap());
}

#[test]
fn the_values_of_an_environment() {
    let values = made().values;
    let known: Vec<String> = values
        .known
        .iter()
        .map(|(name, value)| format!("{name} = {value}"))
        .collect();
    insta::assert_snapshot!(known.join("\n"));
    let mut groups: Vec<Group> = values.priorities.into_values().collect();
    groups.sort();
    let normal = [Group::Normal; 4];
    assert_eq!(
        groups,
        [[Group::First].as_slice(), &normal, &[Group::Fallback]].concat()
    );
}

/// Every name that a part of a template refers to.
fn walk(value: &Value, named: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (key, inner) in fields {
                match (key.as_str(), inner) {
                    ("Ref", Value::String(name)) => drop(named.insert(name.clone())),
                    ("Fn::GetAtt", Value::Array(parts)) => {
                        named.insert(parts[0].as_str().unwrap().to_owned());
                    }
                    ("DependsOn", Value::Array(parts)) => {
                        named.extend(parts.iter().map(|one| one.as_str().unwrap().to_owned()));
                    }
                    _ => walk(inner, named),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, named)),
        _ => {}
    }
}

/// What the template refers to is there, and everything that it declares is used.
#[test]
fn nothing_refers_to_what_is_not_there() {
    let template = template(&made());
    let keys = |part: &str| -> BTreeSet<String> {
        template[part]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    };
    let (parameters, resources) = (keys("Parameters"), keys("Resources"));
    let mut named = BTreeSet::new();
    walk(&template["Resources"], &mut named);
    walk(&template["Outputs"], &mut named);
    named.retain(|name| !name.starts_with("AWS::"));
    let there: BTreeSet<String> = parameters.union(&resources).cloned().collect();
    assert!(named.is_subset(&there), "{:?}", named.difference(&there));
    assert!(
        parameters.is_subset(&named),
        "{:?}",
        parameters.difference(&named)
    );
}

/// Defects of the original: of two things that would get one name it kept the last.
#[test]
fn no_rule_group_or_subscription_is_lost() {
    let template = template(&made());
    let of = |kind: &str| {
        let all = template["Resources"].as_object().unwrap().values();
        all.filter(|one| one["Type"] == kind).count()
    };
    // Six routes, two of one prefix; targets by container, port and protocol.
    assert_eq!(of("AWS::ElasticLoadBalancingV2::ListenerRule"), 6);
    assert_eq!(of("AWS::ElasticLoadBalancingV2::TargetGroup"), 5);
    // From here, from `web`, and from everywhere.
    assert_eq!(of("AWS::Events::Rule"), 3);
    assert_eq!(of("AWS::ECS::Service"), 2);
    // Two runtimes and a migration.
    assert_eq!(of("AWS::ECS::TaskDefinition"), 3);
}

#[test]
fn every_key_is_read_in_both_spellings() {
    let camel = |text: &str| {
        let mut lines = Vec::new();
        for line in text.lines() {
            let mut written = String::new();
            let mut chars = line.chars().peekable();
            let mut word = String::new();
            while let Some(c) = chars.next() {
                if c.is_ascii_alphanumeric() || c == '_' {
                    word.push(c);
                    let ends = chars
                        .peek()
                        .is_none_or(|c| !c.is_ascii_alphanumeric() && *c != '_');
                    if ends {
                        let key = chars.peek() == Some(&':') && word.contains('_');
                        let lower = word
                            .chars()
                            .all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit());
                        if key && lower {
                            let mut parts = word.split('_');
                            written.push_str(parts.next().unwrap());
                            for part in parts {
                                written.push_str(&part[..1].to_ascii_uppercase());
                                written.push_str(&part[1..]);
                            }
                        } else {
                            written.push_str(&word);
                        }
                        word.clear();
                    }
                } else {
                    written.push(c);
                }
            }
            lines.push(written);
        }
        lines.join("\n")
    };
    let (app, cluster) = (camel(APP), camel(CLUSTER));
    assert!(app.contains("migrateContainer:") && cluster.contains("rdsHosts:"));
    let read = made_of(&app, &cluster).unwrap_or_else(|found| panic!("{found}"));
    assert_eq!(read.template, made().template);
    assert_eq!(read.values, made().values);
}

#[test]
fn what_is_wrong_is_told_at_its_place() {
    for (old, new, told) in [
        (
            "name: billing\n",
            "name: Billing\n",
            "\"Billing\" cannot be the name of an application",
        ),
        (
            "name: billing\n",
            "title: billing\n",
            "the application has no name",
        ),
        ("targets:", "targest:", "did you mean \"targets\"?"),
        (
            "database_name: reports",
            "database_name: report",
            "the application has no database \"report\"",
        ),
        (
            "{ name: shared, s3",
            "{ name: shade, s3",
            "the application has no blobstore \"shade\"",
        ),
        (
            "secret_name: stripe",
            "secret_name: paypal",
            "the application has no secret \"paypal\"",
        ),
        (
            "server_group: warehouse",
            "server_group: warehous",
            "the cluster main has no server group \"warehous\"",
        ),
        (
            "target_container: metrics",
            "target_container: metric",
            "the runtime api has no container \"metric\"",
        ),
        (
            "named_env_policies: [mail]",
            "named_env_policies: [fax]",
            "the environment dev-eu has no policy \"fax\"",
        ),
        (
            "from_env: { name: upstream }",
            "from_env: { name: upstreams }",
            "the environment dev-eu has no variable \"upstreams\"",
        ),
        (
            "env_name: web",
            "env_name: shop",
            "the environment dev-eu has no link \"shop\"",
        ),
        (
            "protocol: HTTP }",
            "protocol: TCP }",
            "protocol of the route \"/billing/v1\" cannot be \"TCP\"",
        ),
        (
            "port: 9090",
            "port: 99999",
            "port of the route \"/raw\" must be a whole number from 1 to 65535",
        ),
        (
            "{ protocol: HTTP, route_group: ROUTE_GROUP_FALLBACK }",
            "{ protocol: HTTP }",
            "must come last",
        ),
        ("replay_chance: 5", "replay_chance: 101", "from 0 to 100"),
        (
            "name: rates,",
            "name: a/b/c/d,",
            "\"a/b/c/d\" names no topic",
        ),
        (
            "name: rates,",
            "name: my rates,",
            "\"my rates\" names no topic",
        ),
        ("[grpc, rpc]", "[a, b, c, d]", "more than 3 subdomains"),
        (
            "[uuid-ossp]",
            "[\"x; drop\"]",
            "cannot be the name of an extension",
        ),
        (
            "value: live",
            "value: live, secret: { secret_name: stripe, json_key: key }",
            "says value and secret",
        ),
        (
            "{ name: MODE, value: live }",
            "{ name: MODE }",
            "says none of value",
        ),
        (
            "name: worker\n",
            "name: api\n",
            "two runtimes of the name \"api\"",
        ),
        (
            "{ name: MODE, value: live }",
            "{ name: API_PASSWORD, value: hunter2secret9 }",
            "is a secret in clear text",
        ),
        (
            "{ name: MODE, value: live }",
            "{ name: API_PASSWORD, valu: hunter2secret9 }",
            "the variable API_PASSWORD is a secret in clear text",
        ),
        (
            "command: [serve]",
            "command: [serve, --password, hunter2secret9]",
            "a word of this list is a secret in clear text",
        ),
        (
            "env_vars:\n          - { name: POSTGRES_URL, database: { database_name: main } }\n          - { name: REPORTS_URL",
            "env_vars: { name: API_PASSWORD, value: hunter2secret9 }\n        x:\n          - { name: REPORTS_URL",
            "must be a list",
        ),
        (
            "image: { name: billing }\n        command: [serve]",
            "command: [serve]",
            "the container main says none of image_url, image",
        ),
        (
            "- name: metrics\n",
            "- name: main\n",
            "two containers of the name \"main\"",
        ),
        (
            "- name: metrics\n",
            "- name: o5_runtime\n",
            "o5_runtime is the name of the sidecar",
        ),
        (
            "- name: metrics\n",
            "- name: \"m\\e[1m\"\n",
            "a character that acts on a terminal",
        ),
        (
            "prefix: /raw,",
            "prefix: raw,",
            "cannot be the beginning of a path",
        ),
        (
            "prefix: /raw,",
            "prefix: /worker,",
            "two routes take what begins with \"/worker\"",
        ),
        (
            "port: 9090",
            "port: 8888",
            "the port 8888 of the runtime api is the sidecar's own",
        ),
        (
            "port: 9090",
            "port: 8081",
            "the port 8081 of the runtime api is the sidecar's own",
        ),
        (
            "{ name: MODE, value: live }",
            "{ name: UPSTREAM, value: live }",
            "two variables \"UPSTREAM\"",
        ),
        (
            "{ name: MODE, value: live }",
            "{ name: \"a b\", value: live }",
            "cannot be the name of a variable",
        ),
        (
            "image_url: prom/statsd-exporter:v0.28.0",
            "image_url: \"a b\"",
            "image_url of the container metrics cannot be",
        ),
        (
            "- { name: documents,",
            "- { name: Documents,",
            "cannot be the name of a blobstore",
        ),
        ("name: rates,", "name: \"*\",", "\"*\" names no topic"),
    ] {
        let says = wrong(old, new);
        assert!(says.contains(told), "{new}: no {told:?} in\n{says}");
        assert!(
            says.contains("--> app.yaml:") && says.contains('^'),
            "{says}"
        );
        assert!(!says.contains("hunter2"), "{says}");
    }
}

/// What is a secret by its form or its name is in no message, whatever else is wrong with it.
#[test]
fn no_message_repeats_a_secret() {
    const TOKEN: &str = "ghp_abcdefghijklmnopqrstuvwxyz0123456789";
    for (old, new) in [
        ("demand: MEDIUM", format!("demand: {TOKEN}")),
        ("demand: MEDIUM", format!("{TOKEN}: 1")),
        (
            "targets:",
            format!("password: hunter2xyz\ntoken: {TOKEN}\ntargets:"),
        ),
        (
            "{ name: MODE, value: live }",
            "{ name: DB_PASSWORD, value: [hunter2xyz] }".to_owned(),
        ),
        ("value: live", "value: \"hunter2xyz".to_owned()),
    ] {
        let told = wrong(old, &new);
        assert!(
            !told.is_empty() && !told.contains("hunter2xyz") && !told.contains(TOKEN),
            "{told}"
        );
    }
}

#[test]
fn everything_is_told_at_once() {
    let app = APP
        .replace("demand: MEDIUM", "demand: LARGE")
        .replace("port: 9090", "port: none")
        .replace("secrets:", "secret:");
    let cluster = CLUSTER.replace("image_version", "imageversion");
    let found = made_of(&app, &cluster).unwrap_err();
    let codes: Vec<(&str, &str)> = found
        .0
        .iter()
        .map(|one| (one.file.as_str(), one.code))
        .collect();
    assert!(
        codes.iter().filter(|(file, _)| *file == "app.yaml").count() >= 3,
        "{found}"
    );
    assert!(
        codes
            .iter()
            .filter(|(file, _)| *file == "cluster.yaml")
            .count()
            >= 2,
        "{found}"
    );
}

#[test]
fn what_has_no_effect_is_noted_with_its_place() {
    let notes = made().kept.notes;
    let says: Vec<&str> = notes.iter().map(Safe::as_str).collect();
    assert_eq!(says.len(), 3, "{says:#?}");
    assert!(
        says[0].starts_with("cluster.yaml:7:18: assume_role_arn"),
        "{}",
        says[0]
    );
    assert!(says[1].contains("sns_prefix"), "{}", says[1]);
    assert!(says[2].starts_with("app.yaml:8:"), "{}", says[2]);
}

#[test]
fn an_environment_is_known_by_name_and_by_id() {
    let files = bundle(&[("app.yaml", APP), ("cluster.yaml", CLUSTER)]);
    let called = |called: &str| Asked {
        called: called.to_owned(),
        ..asked()
    };
    let by_name = make(&called("dev-eu"), &files).unwrap();
    // The id that the original derives from this name.
    let namespace = uuid::uuid!("0d783718-f8fd-4543-ae3d-6382ab0b8178");
    let id = uuid::Uuid::new_v5(&namespace, b"dev-eu").to_string();
    assert_eq!(make(&called(&id), &files).unwrap(), by_name);
    assert_eq!(make(&called(&id.to_uppercase()), &files).unwrap(), by_name);
    let says = make(&called("dev"), &files).unwrap_err().to_string();
    assert!(says.contains("it has dev-eu, prod"), "{says}");
    // One that says it is of another cluster.
    let says = make(&called("prod"), &files).unwrap_err().to_string();
    assert!(
        says.contains("the environment prod is one of the cluster"),
        "{says}"
    );
}

#[test]
fn an_environment_may_have_a_file_of_its_own() {
    let (cluster, own) = CLUSTER.split_once("environments:\n").unwrap();
    let own = own.split("  - full_name: prod").next().unwrap();
    let own = own.replacen("  - ", "    ", 1);
    let files = bundle(&[
        ("app.yaml", APP),
        ("cluster.yaml", cluster),
        ("dev.yaml", &own),
    ]);
    let asked = Asked {
        environment: Some("dev.yaml".to_owned()),
        ..asked()
    };
    let read = make(&asked, &files).unwrap_or_else(|found| panic!("{found}"));
    assert_eq!(read.template, made().template);
    assert_eq!(read.values, made().values);
}

/// Defects of the original: a second override, and one taken away that was never there, crashed.
#[test]
fn overrides_stand_over_the_cluster_and_null_takes_them_away() {
    let files = bundle(&[("app.yaml", APP), ("cluster.yaml", CLUSTER)]);
    let image = |overrides: &[(&str, Option<&str>)]| {
        let overrides = overrides
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.map(str::to_owned)))
            .collect();
        let asked = Asked {
            overrides,
            ..asked()
        };
        make(&asked, &files).map(|made| made.values.known["O5SidecarImage"].clone())
    };
    let plain = "ghcr.io/pentops/o5-runtime-sidecar:1.4.0";
    assert_eq!(image(&[]).unwrap(), plain);
    let over = image(&[("sidecarImageVersion", Some("2.0.0"))]).unwrap();
    assert!(over.ends_with(":2.0.0"), "{over}");
    assert_eq!(image(&[("sidecarImageVersion", None)]).unwrap(), plain);
    let says = image(&[("sidecarImageVersio", Some("2"))])
        .unwrap_err()
        .to_string();
    assert!(
        says.contains("did you mean \"sidecarImageVersion\"?"),
        "{says}"
    );
}

#[test]
fn what_is_wrong_with_a_cluster_is_told_at_its_place() {
    for (old, new, told) in [
        ("  vpc_id: vpc-12345678\n", "", "cluster.yaml:2:1"),
        (
            "aws_account: \"044100000000\"",
            "aws_account: \"44100000000\"",
            "\"44100000000\" is no account of AWS",
        ),
        (
            "event_bus_arn: \"arn:aws:events:",
            "event_bus_arn: \"events:",
            "event_bus_arn of event_bridge of aws of the cluster main is no ARN",
        ),
        (
            "server_group_name: warehouse",
            "server_group_name: default",
            "there are two server groups of the name \"default\"",
        ),
        (
            "join: { delimiter: \",\", values: [a, b] }",
            "join: {}",
            "join of the variable upstream has no values",
        ),
    ] {
        assert!(CLUSTER.contains(old), "{old}");
        let made = made_of(APP, &CLUSTER.replacen(old, new, 1));
        let says = made.err().unwrap_or_default().to_string();
        assert!(says.contains(told), "{told}: {says}");
    }
}

/// AWS refuses them in the middle of a deployment; a server of databases cuts them off.
#[test]
fn a_name_that_is_too_long_is_told_before_a_deployment() {
    let files = bundle(&[("app.yaml", APP), ("cluster.yaml", CLUSTER)]);
    let asked = Asked {
        stack: "dev-eu-billing-of-a-company-whose-name-is-rather-a-long-one".to_owned(),
        ..asked()
    };
    let says = make(&asked, &files).unwrap_err().to_string();
    let role = "would be called \"dev-eu-billing-of-a-company-whose-name-is-rather-a-long-one-worker\": 66 characters, of which AWS takes 64";
    assert!(says.contains(role), "{says}");
    let says = wrong(
        "name: documents",
        "name: documents-of-everybody-and-of-everything",
    );
    assert!(says.contains("of which AWS takes 63"), "{says}");
    assert!(says.starts_with("error[o5]: the bucket "), "{says}");
    let long = "db_name_suffix: figures_of_this_year_and_the_last_and_the_one_before_that";
    let says = wrong("db_name_suffix: figures", long);
    assert!(says.contains("of which Postgres keeps 63"), "{says}");
    assert!(says.contains("app.yaml:21:33"), "{says}");
}

#[test]
fn two_databases_are_not_one_on_their_server() {
    let same = "db_name_suffix: main, server_group: default";
    let says = wrong("db_name_suffix: figures, server_group: warehouse", same);
    let both = "the databases main and reports would both be \"dev_eu_billing_main\"";
    assert!(says.contains(both), "{says}");
}
