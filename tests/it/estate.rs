//! Estate files as a person meets them: the practice estate read to the last template, and a file
//! that is wrong everywhere.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use holdpoint::config;
use holdpoint::domain::class::EnvClass;
use holdpoint::domain::flag::Flags;
use holdpoint::domain::ids::StackId;
use holdpoint::domain::look::{Sights, Subject};
use holdpoint::domain::purpose::Purpose;
use holdpoint::forms::cloudformation::StackFacts;
use holdpoint::forms::cloudfront::{DISTRIBUTION, missing};
use holdpoint::systems::{self, PlanAsk};

#[test]
fn the_practice_estate_is_read_and_planned_whole() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/sandbox/estate/holdpoint.yaml");
    let loaded = config::load(&file, systems::all()).unwrap_or_else(|found| panic!("{found}"));
    let catalog = config::catalog(&loaded, &std::collections::BTreeMap::new());
    let classes: Vec<EnvClass> = catalog.environments.values().map(|env| env.class).collect();
    assert_eq!(
        classes,
        [
            EnvClass::Development,
            EnvClass::Production,
            EnvClass::Development,
            EnvClass::Staging
        ]
    );
    let services = catalog
        .stacks
        .values()
        .filter(|entry| {
            entry
                .spec
                .as_ref()
                .is_ok_and(|spec| spec.system == "service")
        })
        .count();
    assert!(
        services >= 9 && catalog.stacks.len() > services,
        "services, sites and a script"
    );
    for (id, entry) in &catalog.stacks {
        let spec = entry
            .spec
            .as_ref()
            .unwrap_or_else(|why| panic!("{id}: {why}"));
        let env = &catalog.environments[&id.env];
        let groups: Vec<&String> = spec
            .watch_logs
            .iter()
            .filter(|group| {
                !group.contains(id.env.as_str()) && !group.starts_with("/practice/git/")
            })
            .collect();
        assert!(groups.is_empty(), "{id} watches {groups:?}");
        let system = systems::named(&spec.system).unwrap();
        if spec.system == "service" && !system.tools(spec).is_empty() {
            // It is made of a commit, and none was looked at.
            continue;
        }
        let asked = [
            ("MISSING", Purpose::Recover),
            ("UPDATE_COMPLETE", Purpose::Deploy),
            ("ROLLBACK_COMPLETE", Purpose::Recover),
        ];
        let is_site = spec.system == "website";
        for (status, purpose) in asked {
            let purpose = if is_site { Purpose::Deploy } else { purpose };
            let ask = PlanAsk {
                stack: id.clone(),
                purpose,
                env: env.clone(),
                store: "s".into(),
                seen: None,
                serving: None,
                left_at: None,
                recorded: None,
                needed_by: Vec::new(),
                standing: std::collections::BTreeMap::new(),
                reserved: std::collections::BTreeSet::new(),
                flags: Flags::new(),
            };
            let parameters = BTreeMap::from([("DesiredCount".to_owned(), "2".to_owned())]);
            let stack = StackFacts {
                status: status.to_owned(),
                parameters,
                ..StackFacts::default()
            };
            let site = missing(Subject::new(DISTRIBUTION, "docs.example.com"));
            let sight = if is_site { site } else { stack.sight("shop") };
            let seen: Sights = [sight].into_iter().collect();
            let plan = system
                .plan(&ask, spec, &seen)
                .unwrap_or_else(|why| panic!("{id} {status}: {why:?}"));
            assert_eq!(plan.check(), Ok(()), "{id} {status}");
            assert!(
                plan.steps
                    .iter()
                    .all(|step| step.timeout >= Duration::from_mins(1))
            );
        }
    }
    let web: StackId = "prod/web".parse().unwrap();
    let needs: Vec<&str> = catalog.stacks[&web]
        .depends_on
        .iter()
        .map(holdpoint::domain::ids::AppName::as_str)
        .collect();
    assert_eq!(needs, ["orders", "billing"]);
}

#[test]
fn a_template_that_is_wrong_spoils_only_its_own_stacks() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        "holdpoint.yaml",
        "environments: { dev: { class: development, region: eu-west-1 } }\napplications:\n  good: { service: { template: good.yaml }, environments: [dev] }\n  bad: { service: { template: bad.yaml }, environments: [dev] }\n  gone: { service: { template: gone.yaml }, environments: [dev] }\n",
    );
    write("good.yaml", "Resources: { Q: { Type: AWS::SQS::Queue } }\n");
    write("bad.yaml", "Resources:\n  Q:\n    Properties: {}\n");
    let catalog = config::catalog(
        &config::load(&folder.path().join("holdpoint.yaml"), systems::all()).unwrap(),
        &std::collections::BTreeMap::new(),
    );
    let spec = |name: &str| &catalog.stacks[&name.parse::<StackId>().unwrap()].spec;
    assert!(spec("dev/good").is_ok());
    assert!(
        spec("dev/bad")
            .as_ref()
            .unwrap_err()
            .contains("bad.yaml:2:3")
    );
    assert!(
        spec("dev/gone")
            .as_ref()
            .unwrap_err()
            .contains("gone.yaml cannot be read")
    );
}

#[test]
fn everything_wrong_is_told_as_text_and_as_data() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("holdpoint.yaml");
    std::fs::write(
        &file,
        "environments:\n  dev: { clas: development }\napplications:\n  x: { script: { steps: {} }, environments: [devv] }\n",
    )
    .unwrap();
    let found = config::load(&file, systems::all()).unwrap_err();
    let text = found.to_string();
    for part in [
        "did you mean \"class\"?",
        "did you mean \"dev\"?",
        "lacks \"class\"",
        "2 |   dev: { clas: development }",
        "^^^^",
    ] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
    let data = serde_json::to_value(&found).unwrap();
    assert!(
        data.as_array()
            .unwrap()
            .iter()
            .all(|one| one["line"].as_u64() >= Some(2)
                && one["code"].is_string()
                && one["says"].is_string())
    );
    assert!(
        config::load(&folder.path().join("none.yaml"), systems::all())
            .unwrap_err()
            .to_string()
            .contains("--estate")
    );
    assert!(
        config::load(folder.path(), systems::all())
            .unwrap_err()
            .to_string()
            .contains("not an ordinary file")
    );
}
