//! What is made of configurations, beside what the original generator makes of the same ones.

mod instead;
mod latest;
mod plans;
mod whole;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use hcl::{Body, Expression, Structure};

use super::graph::Node;
use super::make::Made;
use super::tree::{Known, Registered};
use super::*;
use crate::domain::request::SourceFile;
use crate::forms::terraform::Form;

/// What stands for the folder of the configurations in what the original wrote.
const ROOT: &str = "{{ROOT}}";

fn file(bytes: impl Into<Vec<u8>>) -> SourceFile {
    SourceFile {
        bytes: bytes.into(),
        executable: false,
    }
}

/// A configuration of these files, of which the first is it.
fn of(files: &[(&str, &str)], known: &Known) -> Result<Made, String> {
    let mut given = Files::default();
    let all: BTreeMap<&str, &str> = files.iter().copied().collect();
    loop {
        match make(files[0].0, known.clone(), &given) {
            Reading::Made(made) => return Ok(*made),
            Reading::Wrong(wrong) => return Err(wrong.to_string()),
            Reading::Needs(needs) => {
                for need in needs {
                    let found = all.get_key_value(need.path());
                    let found = found.map(|(path, text)| ((*path).to_owned(), file(*text)));
                    // A folder of a module holds one.
                    let module = matches!(need, Need::Glob(_))
                        .then(|| (format!("{}/main.tf", need.path()), file("")));
                    given.answer(need, found.into_iter().chain(module));
                }
            }
        }
    }
}

/// A file as a set of facts, whatever its order and layout.
fn facts(text: &str) -> BTreeSet<String> {
    let body = hcl::parse(text).unwrap_or_else(|why| panic!("{why}\n{text}"));
    let mut all = BTreeSet::new();
    take(&body, "", &mut all);
    all
}

fn take(body: &Body, path: &str, all: &mut BTreeSet<String>) {
    for structure in body {
        match structure {
            Structure::Attribute(attribute) => {
                value(&attribute.expr, &format!("{path}/{}", attribute.key), all);
            }
            Structure::Block(block) => {
                let labels: Vec<&str> = block.labels.iter().map(hcl::BlockLabel::as_str).collect();
                let path = format!("{path}/{} {}", block.identifier, labels.join(" "));
                all.insert(path.clone());
                take(&block.body, &path, all);
            }
        }
    }
}

fn value(expression: &Expression, path: &str, all: &mut BTreeSet<String>) {
    match expression {
        Expression::Object(object) => {
            all.insert(format!("{path} = {{}}"));
            for (key, inner) in object {
                value(inner, &format!("{path}.{key}"), all);
            }
        }
        other => {
            let text = hcl::format::to_string(other).unwrap();
            all.insert(format!("{path} = {text}"));
        }
    }
}

/// What one of two has and the other has not.
fn differences(name: &str) -> BTreeMap<String, (Vec<String>, Vec<String>)> {
    let folder = Path::new("src/systems/mach/tests/peer").join(name);
    let path = format!("{name}/main.yml");
    let main = std::fs::read_to_string(folder.join("main.yml")).unwrap();
    let made = of(&[(&path, &main)], &Known::default()).unwrap();
    let mut told = BTreeMap::new();
    for (node, made) in &made.nodes {
        let expected = folder.join("expected").join(node.name()).join("main.tf");
        let expected = std::fs::read_to_string(&expected)
            .unwrap()
            .replace(ROOT, "");
        let (theirs, ours) = (facts(&expected), facts(&made.text));
        let lacks = |of: &BTreeSet<String>, other: &BTreeSet<String>| -> Vec<String> {
            of.difference(other).cloned().collect()
        };
        told.insert(node.name(), (lacks(&theirs, &ours), lacks(&ours, &theirs)));
    }
    told
}

#[test]
fn what_is_made_is_what_the_original_makes_but_for_what_is_listed() {
    insta::assert_debug_snapshot!([
        differences("variables-two-sites"),
        differences("references-split-state")
    ]);
}

/// A configuration of one site with these components, each of one definition.
fn shop(components: &str) -> String {
    format!(
        "mach_composer: {{ version: 1 }}\nglobal:\n  environment: test\n  cloud: aws\n  terraform_config: {{ remote_state: {{ plugin: local, path: ./states }} }}\nsites:\n  - identifier: nl\n    aws: {{ account_id: \"111122223333\", region: eu-west-1 }}\n    components:\n{components}components:\n  $ref: parts/components.yml\n"
    )
}

const PARTS: &str = "- { name: a, source: ./modules/a, version: v1 }\n- { name: b, source: \"git::https://git.example.com/b.git\", version: v2 }\n- { name: c, source: \"module::acme/c/aws\", version: \"3\" }\n";

fn wrong(components: &str, parts: &str) -> String {
    let main = shop(components);
    let files = [
        ("shop/main.yml", main.as_str()),
        ("shop/parts/components.yml", parts),
    ];
    of(&files, &Known::default()).err().unwrap_or_default()
}

#[test]
fn everything_that_is_wrong_is_told_in_its_own_file() {
    let says = wrong(
        "      - { name: a, variables: { x: \"${env.TOKEN}\", y: \"${component.d.z}\" }, dependson: [b] }\n      - { name: e }\n",
        "- { name: a, source: nowhere, version: v1 }\n- { name: b, source: ./b, version: v2, colour: red }\n",
    );
    for told in [
        "shop/main.yml:10:37",
        "the variable TOKEN of the environment is given by nothing",
        "nl has no component \"d\", which a needs",
        "did you mean \"depends_on\"?",
        "there is no component \"e\"",
        "shop/parts/components.yml:1:22",
        "\"nowhere\" is no source of a Terraform module",
        "the component b has no \"colour\"",
    ] {
        assert!(says.contains(told), "{told}:\n{says}");
    }
}

#[test]
fn what_is_said_to_be_registered_is_a_component() {
    let main = shop("      - { name: a }\n");
    let files = [
        ("shop/main.yml", main.as_str()),
        ("shop/parts/components.yml", PARTS),
    ];
    let known = Known {
        registry: Some(Registered {
            at: crate::forms::registry::Registry {
                bucket: "parts".to_owned(),
                prefix: String::new(),
            },
            only: Some(vec!["b".to_owned(), "ghost".to_owned()]),
        }),
        ..Known::default()
    };
    let says = of(&files, &known).unwrap_err();
    assert!(
        says.contains("the estate's file says that ghost is registered")
            && !says.contains("that b"),
        "{says}"
    );
}

#[test]
fn what_needs_each_other_in_a_circle_is_named() {
    let says = wrong(
        "      - { name: a, depends_on: [b] }\n      - { name: b, variables: { x: \"${component.c.y}\" } }\n      - { name: c, secrets: { z: \"${component.a.y}\" } }\n",
        PARTS,
    );
    assert!(says.contains("in a circle: a -> b -> c -> a"), "{says}");
}

/// [TRAP] A component in the state of its site cannot wait for one that comes after that state.
#[test]
fn a_part_of_a_site_needs_nothing_that_comes_after_the_site() {
    let says = wrong(
        "      - { name: a, variables: { x: \"${component.b.y}\" } }\n      - { name: b, deployment: { type: site-component } }\n",
        PARTS,
    );
    assert!(
        says.contains("a is part of the state of nl, and needs b"),
        "{says}"
    );
}

#[test]
fn nodes_come_after_what_they_name_else_after_what_they_refer_to_else_after_their_site() {
    let split = "deployment: { type: site-component }";
    let main = shop(&format!(
        "      - {{ name: a, {split} }}\n      - {{ name: b, {split}, variables: {{ x: \"${{component.a.y}}\" }} }}\n      - {{ name: c, {split}, variables: {{ x: \"${{component.a.y}}\" }}, depends_on: [b] }}\n"
    ));
    let files = [("main.yml", main.as_str()), ("parts/components.yml", PARTS)];
    let made = of(&files, &Known::default()).unwrap();
    let edges: Vec<String> = made
        .graph
        .0
        .iter()
        .map(|(node, before)| {
            let before: Vec<String> = before.iter().map(Node::name).collect();
            format!("{} < {}", node.name(), before.join(" "))
        })
        .collect();
    assert_eq!(edges, ["nl < ", "nl/a < nl", "nl/b < nl/a", "nl/c < nl/b"]);
    let text = |name: &str| {
        let (_, made) = made
            .nodes
            .iter()
            .find(|(node, _)| node.name() == name)
            .unwrap();
        &made.text
    };
    let source = "/module a/source = \"../../.modules/";
    let facts = facts(text("nl/a"));
    let is_ours = |fact: &String| fact.starts_with(source) && fact.ends_with("/modules/a\"");
    assert!(facts.iter().any(is_ours), "{facts:?}");
    assert!(text("nl/c").contains("x = data.terraform_remote_state.a.outputs.a.y"));
}

/// [TRAP] What stands for a variable of the environment is given by the entry, or is an error; a
/// secret is told by its name.
#[test]
fn plug_ins_of_others_are_those_of_the_original_program() {
    let plugins = "version: 1, plugins: { aws: {}, acme: { source: acme/acme, version: 0.1.0, replace: ./x } }";
    let main = shop("      - { name: a, acme: { colour: red } }\n      - { name: b }\n");
    let main = main.replace("version: 1", plugins).replace(
        "environment: test",
        "environment: test\n  acme: { any: thing }",
    );
    let files = [("main.yml", main.as_str()), ("parts/components.yml", PARTS)];
    let says = of(&files, &Known::default()).err().unwrap();
    assert!(
        says.contains("the plug-in acme is not among those that Holdpoint renders")
            && says.contains(
                "`generator: mach-composer` in the estate has the original program render it"
            ),
        "{says}"
    );
    let known = Known {
        original: true,
        ..Known::default()
    };
    let secret = main.replace("any: thing", "api_token: W0nd3r, key: plain");
    let files = [
        ("main.yml", secret.as_str()),
        ("parts/components.yml", PARTS),
    ];
    let made = of(&files, &known).unwrap();
    let secrets: Vec<&String> = made.secrets.keys().collect();
    assert_eq!(secrets, ["global.acme.api_token"]);
    let says = of(&files, &Known::default()).err().unwrap();
    assert!(!says.contains("W0nd3r"), "{says}");
    let nodes: Vec<String> = made.graph.0.keys().map(Node::name).collect();
    assert_eq!(nodes, ["nl"]);
    // What is no plug-in is wrong all the same.
    let other = main.replace("acme: { colour", "acne: { colour");
    let files = [
        ("main.yml", other.as_str()),
        ("parts/components.yml", PARTS),
    ];
    let says = of(&files, &known).err().unwrap();
    assert!(
        says.contains("acne") && says.contains("did you mean \"acme\"?"),
        "{says}"
    );
}

#[test]
fn variables_are_given_and_secrets_are_named() {
    let main = shop(
        "      - { name: a, variables: { x: \"${env.COLOUR}\" }, secrets: { y: \"${env.TOKEN}\", z: hunter2 } }\n",
    );
    let files = [("main.yml", main.as_str()), ("parts/components.yml", PARTS)];
    let known = Known {
        env: [("COLOUR".to_owned(), "red".to_owned())].into(),
        secrets: ["TOKEN".to_owned()].into(),
        variables: None,
        original: false,
        registry: None,
    };
    let made = of(&files, &known).unwrap();
    let (_, made) = made.nodes.first_key_value().unwrap();
    for part in [
        "x = \"red\"",
        "y = var.secrets[\"env.TOKEN\"]",
        "z = var.secrets[\"sites.nl.components.a.secrets.z\"]",
    ] {
        assert!(made.text.contains(part), "{part}:\n{}", made.text);
    }
    assert!(!made.text.contains("hunter2"));
    assert_eq!(
        made.secrets.iter().collect::<Vec<_>>(),
        ["env.TOKEN", "sites.nl.components.a.secrets.z"]
    );
}

/// [TRAP] A secret amid which a reference stands is one: no letter of it stands in what is made.
#[test]
fn secrets_are_known_by_their_place_and_stand_in_nothing_that_is_made() {
    let main = shop(
        "      - { name: a, secrets: { url: \"pg://hunter2@${component.b.host}/${var.db}?x\", n: 12, list: [hunter3] } }\n      - { name: b }\n",
    );
    let main = main.replace("version: 1 }", "version: 1, variables_file: vars.yml }");
    let files = [
        ("main.yml", main.as_str()),
        ("parts/components.yml", PARTS),
        ("vars.yml", "db: hunter4\n"),
    ];
    let made = of(&files, &Known::default()).unwrap();
    let text = &made.nodes.first_key_value().unwrap().1.text;
    let of = "var.secrets[\"sites.nl.components.a.secrets";
    for part in [
        &format!(
            "url  = \"${{{of}.url\"][0]}}${{module.b.host}}${{{of}.url\"][1]}}${{var.secrets[\"var.db\"]}}${{{of}.url\"][2]}}\""
        ),
        &format!("n    = {of}.n\"]"),
        &format!("list = [{of}.list.0\"]]"),
    ] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
    assert!(!text.contains("hunter"), "{text}");
    let kept: Vec<_> = made
        .secrets
        .values()
        .map(|kept| (kept.file.as_str(), kept.steps.join("/"), kept.form))
        .collect();
    let below = |name: &str| format!("sites/identifier=nl/components/name=a/secrets/{name}");
    assert_eq!(
        kept,
        [
            ("main.yml", below("list/0"), Form::Text),
            ("main.yml", below("n"), Form::Literal),
            ("main.yml", below("url"), Form::Parts),
            ("vars.yml", "db".to_owned(), Form::Text),
        ]
    );
}

/// What names a secret in another file leads there, from its own root.
#[test]
fn a_secret_of_an_included_file_is_known_by_its_place_in_that() {
    let main = shop("      $ref: more/site.yml#/nl\n");
    let files = [
        ("main.yml", main.as_str()),
        ("parts/components.yml", PARTS),
        (
            "more/site.yml",
            "nl:\n  - { name: a, secrets: { z: hunter2 } }\n",
        ),
    ];
    let made = of(&files, &Known::default()).unwrap();
    let (name, kept) = made.secrets.first_key_value().unwrap();
    assert_eq!(name, "more/site.yml:nl.a.secrets.z");
    assert_eq!(
        (kept.file.as_str(), kept.steps.join("/").as_str()),
        ("more/site.yml", "nl/name=a/secrets/z")
    );
}

#[test]
fn an_encrypted_variables_file_is_read_by_terraform_alone() {
    let main = shop("      - { name: a, variables: { x: \"${var.db.password}\" } }\n");
    let main = main.replace("version: 1 }", "version: 1, variables_file: vars.yml }");
    let vars = "db: { password: \"ENC[AES256_GCM,data:x]\" }\nsops: { mac: y }\n";
    let files = [
        ("main.yml", main.as_str()),
        ("parts/components.yml", PARTS),
        ("vars.yml", vars),
    ];
    let made = of(&files, &Known::default()).unwrap();
    let (_, made) = made.nodes.first_key_value().unwrap();
    assert_eq!(made.encrypted.as_deref(), Some("vars.yml"));
    let reads = "x = data.sops_external.variables.data[\"db.password\"]";
    assert!(made.text.contains(reads), "{}", made.text);
    assert!(!made.text.contains("ENC["));
}

/// [TRAP] A place that holds one state holds no more: the second part would plan to delete what the
/// first one made.
#[test]
fn parts_have_states_of_their_own() {
    let split = "deployment: { type: site-component }";
    let two = format!("      - {{ name: a }}\n      - {{ name: b, {split} }}\n");
    let of_state = |components: &str, state: &str| {
        let main = shop(components);
        let local = "{ plugin: local, path: ./states }";
        let main = main.replace(local, state);
        let files = [("main.yml", main.as_str()), ("parts/components.yml", PARTS)];
        of(&files, &Known::default()).err().unwrap_or_default()
    };
    let http = "{ plugin: http, address: \"https://states.example.com/shop\" }";
    let named = "{ plugin: terraform_cloud, organization: o, workspaces: { name: w } }";
    for state in [http, named] {
        let says = of_state(&two, state);
        assert!(says.contains("2 parts would write it"), "{says}");
        assert_eq!(of_state("      - { name: a }\n", state), "");
    }
    let says = of_state(
        "      - { name: a }\n",
        "{ plugin: http, address: \"https://u:hunter2@states.example.com/shop\" }",
    );
    assert!(says.contains("holds a password"), "{says}");
}

#[test]
fn a_reference_without_an_end_is_told() {
    let says = wrong(
        "      - { name: a, secrets: { x: \"${env.TOKEN\" }, variables: { y: \"${component.b\" } }\n",
        PARTS,
    );
    assert!(says.contains("\"${env.TOKEN\" has no end"), "{says}");
    assert!(says.contains("\"${component.b\" has no end"), "{says}");
}
