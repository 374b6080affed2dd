//! Databases of applications: engines die while one is made, migrated and destroyed on a real
//! Postgres, and all of it was done once.

use std::collections::BTreeMap;
use std::sync::Arc;

use holdpoint::domain::ask::{Intent, Source};
use holdpoint::domain::deployment::{Deployment, StepState};
use holdpoint::domain::end::End;
use holdpoint::domain::flag::Value as Flagged;
use holdpoint::domain::masks::Secret;
use holdpoint::domain::request::SourceFile;
use holdpoint::exec::executors;
use holdpoint::hosts::Hosts;
use holdpoint::postgres::{Called, Login, Session};
use holdpoint::systems::service::Service;
use serde_json::json;

use super::cloud::Cloud;
use super::fate::{Fates, died_everywhere};
use super::life::{Life, Release};
use crate::databases::{GOOD, GROUND, app, app_of_files, cluster};
use crate::postgres::server;

pub(super) const STACK: &str = "dev/shop";

/// One for each point: a real server takes its time.
const SEEDS: u64 = 13;

/// The kinds of this story.
const KINDS: [&str; 6] = [
    "postgres.upsert",
    "postgres.cleanup",
    "postgres.destroy",
    FILES,
    "ecs.run-task",
    "ecs.register",
];

/// The kind whose applications have files that are carried out here, and no container for them.
const FILES: &str = "postgres.migrate";

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
fn a_file_of_a_migration_is_carried_out_once() {
    told(FILES);
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
    let here = name.starts_with(FILES);
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
        if here && flag.is_some() {
            carried_out_once(&env).await;
        }
        let read = if here {
            release_of_files(&env, version)
        } else {
            release(&env, version, "-- holdpoint: compatible")
        };
        let attached = read.read(&STACK.parse().unwrap());
        let d = life.carried_out(intent, vec![attached]).await;
        went_well(&d, &life.fates.told());
    }
    let mut effects: BTreeMap<&str, usize> = BTreeMap::new();
    let all = cloud.effects();
    for entry in &all[before..] {
        *effects.entry(entry.action.as_str()).or_default() += 1;
    }
    let told = life.fates.told();
    let tasks = effects.get("RunTask").copied().unwrap_or(0);
    assert_eq!(tasks, if here { 0 } else { 2 }, "{told}: {effects:?}");
    // A key that was made and not put is made anew, and so is a definition that was not noted.
    let mut anew = vec!["PutSecretValue"];
    anew.extend((!here).then_some("RegisterTaskDefinition"));
    for action in anew {
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

/// Whatever died, each file was carried out once, and has one record.
async fn carried_out_once(env: &str) {
    let master = Login {
        user: "master".to_owned(),
        password: Secret::new("master-of-tests".to_owned()),
    };
    let name = format!("{env}_shop_main");
    let session = Session::open(&server(), &master, &name, &Called::of("tests")).await;
    let session = session.unwrap_or_else(|why| panic!("{:?}", why.failure()));
    let looked = session
        .run(
            "DO $$ BEGIN \
            IF (SELECT string_agg(file, ' ' ORDER BY file) FROM ran) IS DISTINCT FROM 'one two' \
            OR (SELECT string_agg(version, ' ' ORDER BY version) FROM holdpoint.migrations WHERE done_at IS NOT NULL AND statements = 2) IS DISTINCT FROM '1 2' \
            THEN RAISE EXCEPTION 'twice, or not at all'; END IF; END $$",
        )
        .await;
    looked.unwrap_or_else(|why| panic!("{:?}", why.failure()));
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
    let app = app(GOOD);
    let files = [
        ("app.yaml", app.as_str()),
        ("db/0001_orders.sql", migration),
    ];
    of_files(env, version, &files)
}

/// The application whose files are carried out here: each writes down that it was.
fn release_of_files(env: &str, version: &str) -> Release {
    let first = "CREATE TABLE ran (file text); INSERT INTO ran VALUES ('one')";
    let second = "-- holdpoint: compatible\nINSERT INTO ran VALUES ('two'); ALTER TABLE ran ADD at timestamptz";
    let app = app_of_files();
    let mut files = vec![("app.yaml", app.as_str()), ("db/0001_ran.sql", first)];
    files.extend((version != "v1").then_some(("db/0002_ran.sql", second)));
    of_files(env, version, &files)
}

fn of_files(env: &str, version: &str, files: &[(&'static str, &str)]) -> Release {
    let entry = json!({
        "config": "app.yaml", "cluster": "cluster.yaml", "environment": env, "version": version,
        "migrations": { "main": "db" },
    });
    let cluster = cluster(env);
    let all = files.iter().copied().chain([("cluster.yaml", &*cluster)]);
    let file = |(path, text): (&'static str, &str)| {
        let file = SourceFile {
            bytes: text.as_bytes().to_vec(),
            executable: false,
        };
        (path, file)
    };
    Release {
        system: &Service,
        entry,
        files: all.map(file).collect(),
    }
}
