//! Databases of applications: engines die while one is made, migrated and destroyed on a real
//! Postgres, and all of it was done once.

use std::collections::BTreeMap;
use std::sync::Arc;

use holdpoint::domain::ask::{Intent, Source};
use holdpoint::domain::deployment::{Deployment, StepState};
use holdpoint::domain::end::End;
use holdpoint::domain::flag::Value as Flagged;
use holdpoint::domain::request::SourceFile;
use holdpoint::exec::executors;
use holdpoint::hosts::Hosts;
use holdpoint::systems::service::Service;
use serde_json::json;

use super::cloud::Cloud;
use super::fate::{Fates, died_everywhere};
use super::life::{Life, Release};
use crate::databases::{GOOD, GROUND, app, cluster};

pub(super) const STACK: &str = "dev/shop";

/// One for each point: a real server takes its time.
const SEEDS: u64 = 13;

/// The kinds of this story.
const KINDS: [&str; 5] = [
    "postgres.upsert",
    "postgres.cleanup",
    "postgres.destroy",
    "ecs.run-task",
    "ecs.register",
];

/// All of them.
pub(super) fn kinds() -> impl Iterator<Item = &'static str> {
    KINDS.into_iter()
}

#[test]
#[ignore = "needs postgres; .ci/run starts it"]
fn a_database_is_made_once() {
    told("postgres.upsert");
}

#[test]
#[ignore = "needs postgres; .ci/run starts it"]
fn what_users_made_is_given_to_the_role_once() {
    told("postgres.cleanup");
}

#[test]
#[ignore = "needs postgres; .ci/run starts it"]
fn a_database_is_destroyed_once() {
    told("postgres.destroy");
}

#[test]
#[ignore = "needs postgres; .ci/run starts it"]
fn a_migration_runs_once() {
    told("ecs.run-task");
}

#[test]
#[ignore = "needs postgres; .ci/run starts it"]
fn a_task_is_defined_for_another_version_and_run_once() {
    told("ecs.register");
}

/// Tells the story with every seed.
#[tokio::main(flavor = "current_thread")]
async fn told(kind: &'static str) {
    let mut met = Vec::new();
    for seed in 0..SEEDS {
        met.push(lived(Fates::of(seed, kind)).await);
    }
    died_everywhere(kind, &met);
}

/// The application is made, brought to a version with a migration that goes beside it, and its
/// database is destroyed.
async fn lived(fates: Fates) -> Fates {
    let name = fates.told();
    let env = format!(
        "kill{}x{}x{}",
        std::process::id(),
        KINDS
            .iter()
            .position(|kind| name.starts_with(kind))
            .unwrap(),
        fates.seed
    );
    let cloud = Arc::new(Cloud::open(fates.seed).await);
    let (clients, hosts) = (cloud.clients(), Hosts::of(&cloud.clock()));
    ground(&cloud);
    let mut life = Life::new(
        fates,
        STACK,
        cloud.clock(),
        (&clients, &hosts),
        executors(&clients, &hosts),
        "/nowhere".into(),
    )
    .over(&cloud);
    life.environment(Some(Cloud::target()));
    let before = cloud.effects().len();
    for (version, flag) in [("v1", None), ("v2", None), ("v2", Some("destroy-database"))] {
        let mut intent = Intent::deploy(STACK.parse().unwrap(), Source::Estate);
        if let Some(flag) = flag {
            let chosen = [(flag.parse().unwrap(), Flagged::Switch(true))].into();
            intent = intent.choosing(chosen).unwrap();
        }
        let attached =
            release(&env, version, "-- holdpoint: compatible").read(&STACK.parse().unwrap());
        let d = life.carried_out(intent, vec![attached]).await;
        went_well(&d, &life.fates.told());
    }
    let mut effects: BTreeMap<&str, usize> = BTreeMap::new();
    let all = cloud.effects();
    for entry in &all[before..] {
        *effects.entry(entry.action.as_str()).or_default() += 1;
    }
    let told = life.fates.told();
    assert_eq!(effects["RunTask"], 2, "{told}: {effects:?}");
    // A key that was made and not put is made anew, and so is a definition that was not noted.
    for action in ["PutSecretValue", "RegisterTaskDefinition"] {
        assert!(effects[action] >= 1, "{told}: {effects:?}");
    }
    life.fates
}

/// The cluster, and the key of the database server.
pub(super) fn ground(cloud: &Cloud) {
    cloud.make("ground", GROUND, &[]);
    let master = json!({ "dbuser": "master", "dbpass": "master-of-tests" }).to_string();
    let asks = json!({ "Name": "/rds/main", "SecretString": master, "ClientRequestToken": "00000000-0000-4000-8000-000000000001" });
    cloud.call("secretsmanager", "CreateSecret", asks);
}

fn went_well(d: &Deployment, told: &str) {
    assert_eq!(d.end, Some(End::Done), "{told}: {:#?}", d.steps);
    assert!(
        d.steps.values().all(|run| run.attempt <= 1),
        "that an engine dies is no failure of a step: {told}, {:#?}",
        d.steps
    );
    let migrates = |id: &str| id.starts_with("migrate-");
    let ran = d
        .steps
        .iter()
        .filter(|(id, run)| migrates(id.as_str()) && run.state == StepState::Done);
    assert!(ran.count() <= 1, "{told}");
}

pub(super) fn release(env: &str, version: &str, migration: &str) -> Release {
    let entry = json!({
        "config": "app.yaml", "cluster": "cluster.yaml", "environment": env, "version": version,
        "migrations": { "main": "db" },
    });
    let file = |text: &str| SourceFile {
        bytes: text.as_bytes().to_vec(),
        executable: false,
    };
    Release {
        system: &Service,
        entry,
        files: vec![
            ("app.yaml", file(&app(GOOD))),
            ("cluster.yaml", file(&cluster(env))),
            ("db/0001_orders.sql", file(migration)),
        ],
    }
}
