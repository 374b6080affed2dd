use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::json;

use super::*;
use crate::domain::class::EnvClass;
use crate::domain::environment::{EnvironmentRecord, Mode, OnFailure, QueuePolicy};
use crate::domain::hold::HoldKind;
use crate::domain::look::{Sight, Standing};
use crate::domain::place::Places;
use crate::domain::request::SourceFile;
use crate::forms::cloudformation::{self, StackFacts};

const COMMON: &str =
    "Resources: { Q: { Type: 'AWS::SQS::Queue' } }\nOutputs: { Queue: { Value: !Ref Q } }\n";
const BATCH: &str = "Parameters: { Queue: { Type: String, AllowedPattern: 'https://.+' }, Cpus: { Type: Number } }\nResources: { P: { Type: 'AWS::SSM::Parameter', Properties: { Type: String, Value: !Ref Queue } } }\n";
const CONFIG: &str = "StackPrefix: lab\nCpus: 12\nDatabasePassword: hunter2secret\n";
const LIST: &str = "stages:
  common:
    kind: cloudformation
    template: common.yml
    stack_name: ${StackPrefix}-cf-common
  batch:
    kind: cloudformation
    template: batch.yml
    stack_name: ${StackPrefix}-cf-batch
    parameters: { Queue: \"${common.Queue}\", Cpus: \"${Cpus}\" }
  seed:
    kind: script
    needs: [batch]
    command: [./seed.sh, \"${StackPrefix}\"]
    teardown: [./seed.sh, gone]
";

/// What is made of a list with these files beside it.
fn made(list: &str) -> Read {
    let all: BTreeMap<&str, &str> = [
        ("deploy/stages.yml", list),
        ("config.yml", CONFIG),
        ("deploy/common.yml", COMMON),
        ("deploy/batch.yml", BATCH),
        ("deploy/seed.sh", "#!/bin/sh\n"),
    ]
    .into();
    let entry = json!({ "stages": "deploy/stages.yml", "config": "config.yml" });
    let mut files = Files::below("/estate");
    loop {
        match Stages.read(&"dev/imaging".parse().unwrap(), &entry, &files) {
            Read::Needs(needs) => {
                for need in needs {
                    let found = all.get(need.path()).map(|text| SourceFile {
                        bytes: text.as_bytes().to_vec(),
                        executable: false,
                    });
                    let found = found.map(|file| (need.path().to_owned(), file));
                    files.answer(need, found);
                }
            }
            read => return read,
        }
    }
}

fn parts(list: &str) -> Vec<(StackId, Spec, SourceBundle)> {
    match made(list) {
        Read::Parts(parts, _) => parts,
        other => panic!("{other:?}"),
    }
}

fn wrong(list: &str) -> String {
    match made(list) {
        Read::Wrong(found) => found.to_string(),
        other => panic!("{other:?}"),
    }
}

fn part(name: &str) -> (StackId, Spec) {
    let all = parts(LIST);
    let id: StackId = format!("dev/imaging/{name}").parse().unwrap();
    let own = all.into_iter().find(|(own, ..)| *own == id).unwrap();
    (id, own.1)
}

fn ask(stack: &StackId, purpose: Purpose) -> PlanAsk {
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
        standing: BTreeMap::new(),
        flags: Flags::default(),
        reserved: BTreeSet::new(),
    }
}

/// A stack as it is seen: with these outputs, or not there.
fn seen(sights: &mut Sights, name: &str, outputs: Option<&[(&str, &str)]>) {
    let about = cloudformation::stack(name);
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let facts = StackFacts {
        status: outputs.map_or("MISSING", |_| "CREATE_COMPLETE").to_owned(),
        outputs: outputs.into_iter().flatten().map(own).collect(),
        ..StackFacts::missing()
    };
    let standing = outputs.map_or(Standing::Missing, |_| Standing::Good);
    sights.put(Sight {
        facts: json!(facts),
        ..Sight::of(about, name, standing)
    });
}

#[test]
fn every_stage_is_a_stack_after_those_that_it_needs() {
    let all = parts(LIST);
    let names: Vec<String> = all.iter().map(|(id, ..)| id.to_string()).collect();
    assert_eq!(
        names,
        [
            "dev/imaging",
            "dev/imaging/common",
            "dev/imaging/batch",
            "dev/imaging/seed"
        ]
    );
    let whole: StackId = "dev/imaging".parse().unwrap();
    let after = |n: usize| -> Vec<String> {
        let after = Stages.after(&whole, &all[n].1).into_iter();
        after.map(|id| id.to_string()).collect()
    };
    assert_eq!(after(1), [""; 0]);
    assert_eq!(after(2), ["dev/imaging/common"], "by what it is given");
    assert_eq!(after(3), ["dev/imaging/batch"], "by what it says");
    // The configuration, which may hold secrets, travels with nobody.
    for (id, spec, bundle) in &all[1..] {
        assert!(!bundle.files.contains_key("config.yml"), "{id}");
        assert!(!spec.body.to_string().contains("hunter2"), "{id}");
    }
    let travels: Vec<&String> = all[3].2.files.keys().collect();
    assert_eq!(travels, ["deploy/seed.sh"]);
}

/// What another stage gives is known where it is planned, and is the stage's own from then on.
#[test]
fn a_stage_is_given_what_the_one_before_it_has() {
    let (id, spec) = part("batch");
    let ask = ask(&id, Purpose::Deploy);
    let mut sights = Sights::default();
    let first: Vec<String> = Stages
        .looks(&ask, &spec, &sights)
        .into_iter()
        .map(|look| look.about.name)
        .collect();
    assert_eq!(first, ["lab-cf-batch", "lab-cf-common"], "its own first");
    seen(&mut sights, "lab-cf-batch", None);
    seen(
        &mut sights,
        "lab-cf-common",
        Some(&[("Queue", "https://sqs/one")]),
    );
    let settled = Stages.settled(&ask, &spec, &sights).unwrap();
    assert_ne!(settled.release.digest, spec.release.digest);
    assert_eq!(Stages.settled(&ask, &settled, &sights), None, "once");
    let plan = Stages.plan(&ask, &settled, &sights).unwrap();
    let says = "Queue is https://sqs/one: Queue of common, as it is now.";
    assert!(plan.says.iter().any(|one| one == says), "{:?}", plan.says);
    let told = serde_json::to_string(&plan.steps).unwrap();
    assert!(
        told.contains("https://sqs/one") && told.contains("lab-cf-batch"),
        "{told}"
    );
    let rows = Stages.rows(&settled);
    assert!(
        rows.contains(&Row::new("Queue", "https://sqs/one (Queue of common)")),
        "{rows:?}"
    );
}

/// Another value makes another release of it, and its files are the same: both are said.
#[test]
fn what_its_stack_has_is_told_where_it_is_given_another_value_now() {
    let (id, spec) = part("batch");
    let ask = ask(&id, Purpose::Deploy);
    let settled = |value: &str| {
        let mut sights = Sights::default();
        let facts = StackFacts {
            status: "CREATE_COMPLETE".to_owned(),
            parameters: [("Queue".to_owned(), "https://sqs/one".to_owned())].into(),
            ..StackFacts::missing()
        };
        let own = cloudformation::stack("lab-cf-batch");
        sights.put(Sight {
            facts: json!(facts),
            ..Sight::of(own, "lab-cf-batch", Standing::Good)
        });
        seen(&mut sights, "lab-cf-common", Some(&[("Queue", value)]));
        let settled = Stages.settled(&ask, &spec, &sights).unwrap();
        let says = Stages.plan(&ask, &settled, &sights).unwrap().says;
        (settled, says)
    };
    let (first, says) = settled("https://sqs/one");
    assert!(
        !says.iter().any(|one| one.contains("in place of")),
        "{says:?}"
    );
    let (second, says) = settled("https://sqs/two");
    let told = "Queue is https://sqs/two: Queue of common, as it is now, in place of https://sqs/one, which its stack has.";
    assert!(says.iter().any(|one| one == told), "{says:?}");
    assert_ne!(first.release.digest, second.release.digest);
    assert!(Stages.stands(&spec, &first) && Stages.stands(&spec, &second));
}

#[test]
fn what_no_stage_gives_is_said_before_anything_starts() {
    let (id, spec) = part("batch");
    let ask = ask(&id, Purpose::Deploy);
    for (outputs, says) in [
        (
            None,
            "common is not there, and Queue of dev/imaging/batch is what it gives",
        ),
        (
            Some(&[][..]),
            "common gives no Queue, which Queue of dev/imaging/batch is",
        ),
    ] {
        let mut sights = Sights::default();
        seen(&mut sights, "lab-cf-batch", None);
        seen(&mut sights, "lab-cf-common", outputs);
        assert_eq!(Stages.settled(&ask, &spec, &sights), None);
        let failure = Stages.plan(&ask, &spec, &sights).unwrap_err();
        assert_eq!(failure.summary, says);
    }
}

/// A person carries it out: nothing is typed for it beforehand, and it waits as long as they need.
#[test]
fn work_of_a_person_waits_for_them() {
    let list = format!(
        "{LIST}  users: {{ kind: manual, needs: [seed], title: create the users, checklist: [\"ana in ${{StackPrefix}}\", bo] }}\n"
    );
    let all = parts(&list);
    let (id, spec, _) = all.last().unwrap();
    assert_eq!(id.to_string(), "dev/imaging/users");
    let plan = Stages
        .plan(&ask(id, Purpose::Deploy), spec, &Sights::default())
        .unwrap();
    assert_eq!(plan.check(), Ok(()));
    assert_eq!(plan.says[..2], ["(1) ana in lab.", "(2) bo."]);
    let hold = plan.steps[0].hold.as_ref().unwrap();
    assert!(hold.kind == HoldKind::Manual && hold.never_expires);
    assert!(
        Stages
            .rows(spec)
            .contains(&Row::new("by hand", "create the users"))
    );
}

#[test]
fn those_that_others_need_go_after_them() {
    let (id, spec) = part("common");
    let mut ask = ask(&id, Purpose::Teardown);
    ask.needed_by = vec!["dev/imaging/batch".parse().unwrap()];
    let failure = Stages.plan(&ask, &spec, &Sights::default()).unwrap_err();
    assert_eq!(
        failure.summary,
        "dev/imaging/common is needed by dev/imaging/batch"
    );
}

#[test]
fn everything_wrong_is_told_with_its_place() {
    let list = "stages:
  common: { kind: cloudformation, template: common.yml, stack_name: \"${StackPrefx}\" }
  batch:
    kind: cloudformation
    needs: [comon]
    template: batch.yml
    stack_name: b
    parameters: { Queue: \"${seed.Queue}\", Cpus: \"${DatabasePassword}\" }
  seed: { kind: scrip, command: [a] }
  other: { kind: script, comand: [a] }
";
    let found = wrong(list);
    for says in [
        "deploy/stages.yml:2:69",
        "config.yml has no StackPrefx",
        "did you mean \"StackPrefix\"?",
        "there is no stage \"comon\"",
        "DatabasePassword is a secret, and stands in config.yml in clear text",
        "kind of the stage seed cannot be \"scrip\"",
        "the stage other has no command",
        "the stage other has no \"comand\"",
    ] {
        assert!(found.contains(says), "{says}\n{found}");
    }
    assert!(!found.contains("hunter2"), "{found}");
    let circle = LIST.replace(
        "template: common.yml",
        "template: common.yml\n    needs: [seed]",
    );
    let found = wrong(&circle);
    assert!(found.contains("stages wait for each other"), "{found}");
    let script = LIST
        .replace("${common.Queue}", "${seed.Queue}")
        .replace("needs: [batch]", "needs: []");
    let found = wrong(&script);
    assert!(
        found.contains("seed is no stack, and gives no Queue"),
        "{found}"
    );
}

/// A tag stands for what it leads to when it is asked for: the stage keeps that, and what takes it is
/// given the image by its digest.
#[test]
fn images_are_given_by_their_digests() {
    let list = "stages:
  images: { kind: docker, images: { cli: \"ghcr.io/${StackPrefix}/cli:2\" } }
  batch:
    kind: cloudformation
    template: batch.yml
    stack_name: b
    parameters: { Queue: \"${images.cli}\", Cpus: \"1\" }
";
    let Read::Parts(parts, _) = made(list) else {
        panic!("it cannot be read: {}", wrong(list))
    };
    let find = |name: &str| {
        let id: StackId = format!("dev/imaging/{name}").parse().unwrap();
        let (_, spec, _) = parts.iter().find(|(own, _, _)| *own == id).unwrap();
        (id, spec.clone())
    };
    let ((images, own), (batch, taking)) = (find("images"), find("batch"));
    let looks = Stages.looks(&ask(&images, Purpose::Deploy), &own, &Sights::default());
    assert_eq!(looks[0].about.name, "cli=ghcr.io/lab/cli:2");
    let digest = "sha256:1111111111111111".to_owned();
    let found = BTreeMap::from([("cli".to_owned(), Some(digest))]);
    let mut seen = Sights::default();
    seen.put(crate::forms::image::sight(looks[0].about.clone(), &found));
    let asked = ask(&images, Purpose::Deploy);
    let settled = Stages.settled(&asked, &own, &seen).unwrap();
    assert_ne!(settled.release.digest, own.release.digest);
    assert!(Stages.stands(&own, &settled), "its file is as it was");
    assert_eq!(Stages.settled(&asked, &settled, &seen), None);
    assert!(
        Stages
            .looks(&asked, &settled, &Sights::default())
            .is_empty()
    );
    assert_eq!(
        Stages.plan(&asked, &settled, &seen).unwrap().check(),
        Ok(())
    );
    let rows = Stages.rows(&settled);
    assert!(rows.contains(&Row::new("cli", "ghcr.io/lab/cli:2, sha256:111111111111")));

    let takes = Stages.takes(&batch.whole(), &taking);
    assert_eq!(
        (takes[0].from.clone(), takes[0].there.as_str()),
        (images, "/outputs/cli")
    );
    let given = Stages
        .settled(&ask(&batch, Purpose::Deploy), &taking, &seen)
        .unwrap();
    let value = Body::of(&given).unwrap().inputs["Queue"].value.clone();
    assert_eq!(
        value.as_deref(),
        Some("ghcr.io/lab/cli@sha256:1111111111111111")
    );

    for (from, to, says) in [
        ("${images.cli}", "${images.cil}", "images has no image cil"),
        (
            "ghcr.io/${StackPrefix}/cli:2",
            "cli 2",
            "\"cli 2\" is no image in a registry",
        ),
        (
            "{ cli: \"ghcr.io/${StackPrefix}/cli:2\" }",
            "{}",
            "the stage images has no images",
        ),
    ] {
        let found = wrong(&list.replace(from, to));
        assert!(found.contains(says), "{says}\n{found}");
    }
}
