//! Terraform under its keepers. A stand-in for the program notes what it is asked: each thing is asked
//! once, whenever an engine dies. A real program is met too, where there is one.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use holdpoint::aws::Clients;
use holdpoint::domain::ask::{Intent, Source};
use holdpoint::domain::deployment::Deployment;
use holdpoint::domain::end::End;
use holdpoint::domain::flag::Value;
use holdpoint::domain::ids::StackId;
use holdpoint::domain::request::SourceFile;
use holdpoint::exec::process::Process;
use holdpoint::exec::terraform;
use holdpoint::forms::terraform::{APPLY, DISCARD, GENERATE, INIT, PLAN, UNLOCK, VALIDATE};
use holdpoint::hosts::Hosts;
use holdpoint::os::clock::Real;
use holdpoint::systems::mach::Mach;
use serde_json::json;

use super::SEEDS;
use super::fate::{Fates, died_everywhere};
use super::life::{Life, Release};
use crate::mach_aws::holds_no_secret;

const KINDS: [&str; 7] = [GENERATE, INIT, VALIDATE, PLAN, APPLY, DISCARD, UNLOCK];

pub(super) fn kinds() -> impl Iterator<Item = &'static str> {
    KINDS.into_iter()
}

const CONFIG: &str = "mach_composer: { version: 1 }
global:
  environment: dev
  cloud: aws
  terraform_config: { remote_state: { plugin: local } }
sites:
  - { identifier: nl, components: [{ name: a }] }
components:
  - { name: a, source: \"git::https://git.example.com/a.git\", version: v1, integrations: [] }
";

const PROGRAM: &str = r#"#!/bin/sh
case "$1" in
  init) mkdir -p .terraform ;;
  plan)
    for word in "$@"; do
      case "$word" in -out=*) echo plan > "${word#-out=}" ;; esac
    done ;;
  show)
    echo '{"resource_changes":[{"address":"a.b","mode":"managed","type":"a","change":{"actions":["create"]}}]}'
    exit 0 ;;
  state)
    echo '{"lineage":"one","serial":1}'
    exit 0 ;;
esac
echo "$1" >> "$LEDGER"
sleep 0.5
[ "$1" = plan ] && exit 2
exit 0
"#;

/// The original program: it makes a file for each node, of what it reads where it runs.
const ORIGINAL: &str = r##"#!/bin/sh
[ "$1 $2 $4" = "generate --file --output-path" ] || exit 9
mkdir -p "$5/main/nl/cart"
echo "# of $3" > "$5/main/nl/main.tf"
echo "it is $(grep -o 'hunter[a-z0-9]*' "$3")"
grep -q identifier "$3" && echo "# another node" > "$5/main/nl/cart/main.tf"
echo "$1" >> "$LEDGER"
sleep 0.5
"##;

#[tokio::test]
async fn files_are_laid_out_and_discarded_whenever_an_engine_dies() {
    told(GENERATE).await;
    told(DISCARD).await;
}

/// The original program makes what is laid out, from the files where they lie: once, and nothing of
/// it stays beside. Files that are others by then are not deployed.
#[tokio::test]
async fn the_original_program_makes_it_once() {
    let all = (0..SEEDS).map(|seed| async move {
        let mut place = Place::new(Fates::of(seed, GENERATE));
        place.generator = Some("mach-composer");
        let folder = place.folder.path().to_owned();
        place.program("terraform", PROGRAM);
        place.program("mach-composer", ORIGINAL);
        let config = CONFIG.replace("{ name: a }", "{ name: a, secrets: { t: hunter2secret } }");
        let main = folder.join("main.yml");
        std::fs::write(&main, &config).unwrap();
        std::fs::set_permissions(&main, std::fs::Permissions::from_mode(0o600)).unwrap();
        let d = place
            .deploy(&folder, "terraform", &[("main.yml", &config)], &[])
            .await;
        let told = place.life.fates.told();
        assert_eq!(d.end, Some(End::Done), "{told}");
        let ledger = std::fs::read_to_string(folder.join("ledger")).unwrap();
        let made = ledger.lines().filter(|line| *line == "generate").count();
        assert_eq!(made, 1, "{told}");
        let lasting = folder.join("jobs/lasting/dev/shop");
        let main = std::fs::read_to_string(lasting.join("nl/main.tf")).unwrap();
        assert_eq!(main, "# of main.yml\n", "{told}");
        let left = std::fs::read_dir(lasting.join(".plans")).unwrap().count();
        assert_eq!(left, 0, "{told}");
        // What the program says of a secret is covered.
        holds_no_secret(&folder.join("jobs"));

        let other = CONFIG.replace("v1", "v2");
        let d = place
            .deploy(&folder, "terraform", &[("main.yml", &other)], &[])
            .await;
        let Some(End::Failed { failure }) = &d.end else {
            panic!("{:?}", d.end);
        };
        let says = "main.yml is not as it was when this release was asked for";
        assert!(failure.summary.as_str().ends_with(says), "{failure:?}");
        place.life.fates
    });
    died_everywhere(GENERATE, &join_all(all).await);
}

#[tokio::test]
async fn what_is_fetched_and_checked_is_so_once() {
    told(INIT).await;
    told(VALIDATE).await;
}

#[tokio::test]
async fn a_lock_is_freed_once() {
    told(UNLOCK).await;
}

#[tokio::test]
async fn a_node_is_planned_and_applied_once() {
    told(PLAN).await;
    told(APPLY).await;
}

async fn told(kind: &'static str) {
    let flags: &[(&str, &str)] = if kind == UNLOCK {
        &[("force-unlock", "4f-1")]
    } else {
        &[]
    };
    let all = join_all((0..SEEDS).map(|seed| lived(Fates::of(seed, kind), flags))).await;
    died_everywhere(kind, &all);
}

/// Where a program is, with the estate's engines over it.
struct Place {
    folder: tempfile::TempDir,
    life: Life,
    generator: Option<&'static str>,
}

impl Place {
    fn new(fates: Fates) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Real::shared();
        let clients = Clients::new(
            clock.clone(),
            "tester",
            Arc::new(|| async { Err("not asked for".to_owned()) }.boxed()),
        );
        let process = Arc::new(Process::with_keeper(env!("CARGO_BIN_EXE_holdpoint").into()));
        let life = Life::new(
            fates,
            "dev/shop/nl",
            clock.clone(),
            (&clients, &Hosts::of(&clock)),
            terraform::executors(&clients, &process),
            folder.path().join("jobs"),
        );
        life.environment(None);
        Self {
            folder,
            life,
            generator: None,
        }
    }

    fn program(&self, name: &str, text: &str) {
        let program = self.folder.path().join(name);
        std::fs::write(&program, text).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
    }

    /// Deploys the first part of a configuration, with the program of this folder.
    async fn deploy(
        &mut self,
        program: &Path,
        name: &str,
        files: &[(&'static str, &str)],
        flags: &[(&str, &str)],
    ) -> Arc<Deployment> {
        let path = format!("{}:/usr/bin:/bin", program.display());
        let ledger = self.folder.path().join("ledger");
        let files = files.iter().map(|(path, text)| {
            let bytes = text.as_bytes().to_vec();
            let executable = false;
            (*path, SourceFile { bytes, executable })
        });
        let mut entry = json!({ "config": "main.yml", "program": name, "env": { "PATH": path, "LEDGER": ledger } });
        if let Some(generator) = self.generator {
            entry["generator"] = json!(generator);
        }
        let release = Release {
            system: &Mach,
            entry,
            files: files.collect(),
        };
        let stack: StackId = "dev/shop/nl".parse().unwrap();
        let estate = self.folder.path().display().to_string();
        let attached = vec![release.read_below(&estate, &stack)];
        let mut intent = Intent::deploy(stack, Source::Estate);
        if let Intent::Deploy { flags: own, .. } = &mut intent {
            own.extend(flags.iter().map(|(name, text)| {
                let text = Value::Text((*text).into());
                (name.parse().unwrap(), text)
            }));
        }
        self.life.carried_out(intent, attached).await
    }
}

async fn lived(fates: Fates, flags: &[(&str, &str)]) -> Fates {
    let mut place = Place::new(fates);
    let folder = place.folder.path().to_owned();
    place.program("terraform", PROGRAM);
    let d = place
        .deploy(&folder, "terraform", &[("main.yml", CONFIG)], flags)
        .await;
    let told = place.life.fates.told();
    assert_eq!(d.end, Some(End::Done), "{told}");
    let mut asked: BTreeMap<&str, usize> = BTreeMap::new();
    let ledger = std::fs::read_to_string(folder.join("ledger")).unwrap();
    for line in ledger.lines() {
        *asked.entry(line).or_default() += 1;
    }
    let freed = (!flags.is_empty()).then_some("force-unlock");
    let once = ["apply", "init", "plan", "validate"].into_iter();
    let once = once.chain(freed).map(|word| (word, 1));
    assert_eq!(asked, once.collect(), "{told}");
    place.life.fates
}

/// A module with a resource that needs no provider.
const MODULE: &str = "variable \"variables\" { type = any }
resource \"terraform_data\" \"a\" {
  input            = var.variables.x
  triggers_replace = [var.variables.x]
}
output \"a\" { value = terraform_data.a.output }
";

fn real_config(x: &str) -> String {
    CONFIG
        .replace(
            "{ name: a }",
            &format!("{{ name: a, variables: {{ x: {x} }} }}"),
        )
        .replace("\"git::https://git.example.com/a.git\"", "./a")
}

/// The real program: what is planned is applied once, whenever engines die; what did not change
/// starts nothing; what a person changes in the state meanwhile voids what was planned.
#[tokio::test]
#[ignore = "needs Terraform or OpenTofu, named by HOLDPOINT_TERRAFORM"]
async fn a_real_terraform_applies_what_was_planned_and_nothing_else() {
    let program = PathBuf::from(std::env::var("HOLDPOINT_TERRAFORM").unwrap());
    let kinds = [INIT, PLAN, APPLY].into_iter();
    let all = kinds.flat_map(|kind| (0..4).map(move |seed| Fates::of(seed, kind)));
    join_all(all.map(|fates| really(fates, &program))).await;
}

async fn really(fates: Fates, program: &Path) {
    let (folder, name) = (program.parent().unwrap(), program.file_name().unwrap());
    let name = name.to_str().unwrap();
    let mut place = Place::new(fates);
    let states = place.folder.path().join("jobs/lasting/dev/shop/.states");
    let state = || -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(states.join("nl.tfstate")).unwrap()).unwrap()
    };
    let (one, two) = (real_config("one"), real_config("two"));
    let files = |config| [("main.yml", config), ("a/main.tf", MODULE)];
    let d = place.deploy(folder, name, &files(one.as_str()), &[]).await;
    let told = place.life.fates.told();
    assert_eq!(d.end, Some(End::Done), "{told}");
    let input = |state: &serde_json::Value| {
        let attributes = &state["resources"][0]["instances"][0]["attributes"];
        attributes["input"]["value"].as_str().unwrap().to_owned()
    };
    let first = state();
    assert_eq!(input(&first), "one", "{told}");
    let d = place.deploy(folder, name, &files(one.as_str()), &[]).await;
    let plan = d.plan.as_ref().unwrap();
    assert_eq!(
        (plan.name.as_str(), &d.end),
        ("already there", &Some(End::Done))
    );
    assert_eq!(state(), first, "nothing was started");
    let d = place.deploy(folder, name, &files(two.as_str()), &[]).await;
    assert_eq!(d.end, Some(End::Done), "{}", place.life.fates.told());
    let hold = d.holds.first().unwrap();
    let lines: Vec<&str> = hold.lines.iter().map(|line| line.text.as_str()).collect();
    assert!(
        lines.contains(&"module.a.terraform_data.a"),
        "what is replaced is named: {lines:?}"
    );
    assert_eq!(input(&state()), "two");
    let plans = place.folder.path().join("jobs/lasting/dev/shop/.plans");
    assert_eq!(
        std::fs::read_dir(plans).unwrap().count(),
        0,
        "no plan file is left"
    );
}
