//! A disk that gets full while a script runs, and has room again: nothing dies of it, it is named
//! while it lasts, the script's end is told rightly, and no line is missing.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use holdpoint::domain::environment::{EnvironmentEvent, Freeze};
use holdpoint::domain::event::{Append, Event, StreamId};
use holdpoint::domain::person::Person;
use holdpoint::domain::time::Time;
use holdpoint::os::clock::{Clock as _, Real};
use holdpoint::os::lock::Lock;
use holdpoint::os::paths::Home;
use holdpoint::os::random;
use holdpoint::store::sqlite::{OpenError, Sqlite};
use holdpoint::store::{By, EngineId, NO_END, Scope, Store as _, StoreError};
use serde_json::Value;

use crate::program::Program;
use crate::small_disk::{Disk, until};

#[test]
fn a_full_disk_is_named_and_costs_nothing_but_time() {
    let Some(disk) = Disk::mount("8m") else {
        return;
    };
    let program = program();
    std::os::unix::fs::symlink(disk.path(), program.home()).unwrap();
    let go = |step: &str| fs::write(program.estate().with_file_name(step), "").unwrap();
    let ls = || program.run(&["ls", "--json"]).ends(0).json();
    let lines = || program.run(&["logs", "dev/chores"]).ends(0).out;

    program.run(&["deploy", "dev/chores"]).ends(0);
    until("the first line", || lines().contains("up").then_some(()));
    let engine = ls()["engine"]["says"].clone();
    assert_eq!(ls()["disk"], Value::Null);

    disk.fill();
    go("flood");
    let named = until("the state of the disk", || {
        ls()["disk"]["says"].as_str().map(str::to_owned)
    });
    let home = program.home().display().to_string();
    assert!(
        named.starts_with(&format!(
            "the disk of {home} is full: nothing has been recorded since "
        )),
        "{named}"
    );
    assert!(
        program
            .run(&["ls"])
            .ends(0)
            .out
            .starts_with(&format!("! {named}\n"))
    );
    let doctor = program.run(&["doctor"]).ends(1).out;
    assert!(doctor.contains(&named), "{doctor}");
    go("end");
    until("the end of the script", || {
        program
            .processes()
            .iter()
            .all(|process| !process.line.contains("bin/work"))
            .then_some(())
    });

    disk.free();
    until("the deployment's end", || {
        let told = ls();
        let stack = &told["environments"][0]["stacks"][0];
        (stack["state"] == "OK" && told["disk"].is_null()).then_some(())
    });
    assert_eq!(ls()["engine"]["says"], engine, "it is the same engine");
    let told = lines();
    let mut seen: Vec<usize> = told
        .lines()
        .filter_map(|line| line.rsplit_once("line ")?.1.trim().parse().ok())
        .collect();
    seen.sort_unstable();
    assert_eq!(
        seen,
        (1..=3_000).collect::<Vec<_>>(),
        "no line is missing: {told}"
    );
    let shown = program
        .run(&["show", "dev/chores", "--json"])
        .ends(0)
        .json();
    assert_eq!(shown["deployments"][0]["outcome"], "done", "{shown}");
    let log = fs::read_to_string(program.home().join("engine.log")).unwrap();
    assert!(!log.contains("panicked"), "{log}");
}

/// What the store refuses for want of room is not written in part, and is taken when it is asked
/// again.
#[tokio::test]
async fn a_store_on_a_full_disk_refuses_and_goes_on() {
    let Some(disk) = Disk::mount("4m") else {
        return;
    };
    let home = Home::open(Some(disk.path())).unwrap();
    let lock = Lock::exclusive(&home.engine_lock()).unwrap().unwrap();
    lock.say("first").unwrap();
    disk.fill();
    lock.say("what is said of a full disk needs no room on it")
        .unwrap();
    let begun = Sqlite::engine(&home, &lock, Real::shared()).await;
    assert!(matches!(
        begun.err(),
        Some(OpenError::Store(StoreError::Full(_)) | OpenError::File(_))
    ));
    disk.free();
    // As the program does: the first one that could not be opened may still be closing.
    let mut tries = 0;
    let store = loop {
        match Sqlite::engine(&home, &lock, Real::shared()).await {
            Ok(store) => break store,
            Err(OpenError::Store(StoreError::Full(_))) if tries < 50 => tries += 1,
            Err(why) => panic!("{why}"),
        }
        Real::new().sleep(Duration::from_millis(100)).await;
    };
    let under = store
        .take(EngineId(random::id()), &[Scope::All], NO_END)
        .await
        .unwrap()
        .leases;
    let by = By {
        person: Person::Engine,
        cause: None,
        at: Time(0),
        under,
    };
    let stream = StreamId::Environment("dev".parse().unwrap());
    let frozen = |version: u64| {
        let mut append = Append::default();
        let reason = format!("{version} {}", "x".repeat(9_000));
        let freeze = Freeze {
            reason,
            by: Person::Engine,
            at: Time(0),
            until: None,
        };
        append.push(
            stream.clone(),
            version,
            Event::Environment(EnvironmentEvent::Frozen { freeze }),
        );
        append
    };
    let mut version = 0;
    for _ in 0..3 {
        disk.fill();
        let refused = loop {
            match store.append(&frozen(version), &by, None).await {
                Ok(stored) => version = stored[0].version,
                Err(why) => break why,
            }
        };
        assert!(matches!(refused, StoreError::Full(_)), "{refused}");
        assert_eq!(
            store.folds(0).await.unwrap().version(&stream),
            version,
            "what was refused is not there, and reading goes on"
        );
        disk.free();
        version = store.append(&frozen(version), &by, None).await.unwrap()[0].version;
    }
    let checked = store.verify().await.unwrap();
    assert_eq!((checked.events, checked.faults), (version, vec![]));
}

fn program() -> Program {
    let program = Program::with(&[(
        "holdpoint.yaml",
        "environments:\n  dev: { class: development }\napplications:\n  chores:\n    script:\n      steps:\n        work: { command: [bin/work] }\n    environments: [dev]\n",
    )]);
    let folder = program.estate().parent().unwrap().display().to_string();
    let wait = |step: &str| format!("while [ ! -e '{folder}/{step}' ]; do sleep 0.05; done\n");
    let text = format!(
        "#!/bin/sh\necho up\n{}seq -f 'line %g' 1 3000\n{}echo over\n",
        wait("flood"),
        wait("end")
    );
    program.write("bin/work", &text);
    program
}

/// An engine whose own log takes nothing lives: what it cannot say there must not kill who says it.
#[test]
fn an_engine_whose_log_is_full_lives() {
    let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") else {
        return;
    };
    let program = program();
    let mut engine = program
        .command(&["engine"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(full)
        .spawn()
        .unwrap();
    let live = until("the engine", || {
        assert!(engine.try_wait().unwrap().is_none(), "it ended");
        let said = program.run(&["ls", "--json"]).json();
        (said["engine"]["state"] == "live").then(|| said["engine"]["says"].to_string())
    });
    assert!(live.contains(&format!("pid {}", engine.id())), "{live}");
    engine.kill().unwrap();
    engine.wait().unwrap();
}
