//! Commands under their keepers. A real child runs, so the clock is the real one; the seeds live
//! side by side, since all they do is wait. The call of a command is the start of its keeper, which
//! stands between the notes of intent and of start.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use holdpoint::aws::Clients;
use holdpoint::domain::end::End;
use holdpoint::domain::request::SourceFile;
use holdpoint::exec::process::Process;
use holdpoint::hosts::Hosts;
use holdpoint::os::clock::Real;
use holdpoint::systems::script::Script;
use serde_json::json;

use super::SEEDS;
use super::fate::{Fates, died_everywhere};
use super::life::{Life, Release};

pub(super) const KIND: &str = "process.run";

#[tokio::test]
async fn a_command_is_run_once() {
    died_everywhere(
        KIND,
        &join_all((0..SEEDS).map(|seed| lived(Fates::of(seed, KIND)))).await,
    );
}

async fn lived(fates: Fates) -> Fates {
    let place = tempfile::tempdir().unwrap();
    let ledger = place.path().join("ledger");
    let clock = Real::shared();
    let clients = Clients::new(
        clock.clone(),
        "tester",
        Arc::new(|| async { Err("not asked for".to_owned()) }.boxed()),
    );
    let executor = Arc::new(Process::with_keeper(env!("CARGO_BIN_EXE_holdpoint").into()));
    let mut life = Life::new(
        fates,
        "dev/chores",
        clock.clone(),
        (&clients, &Hosts::of(&clock)),
        vec![executor],
        place.path().join("jobs"),
    );
    life.environment(None);
    let command = json!({ "command": ["./run"] });
    let entry = json!({
        "steps": { "first": command, "second": { "command": ["./run"], "after": ["first"] } },
        "env": { "LEDGER": ledger },
    });
    let script = "#!/bin/sh\necho $HOLDPOINT_STEP $HOLDPOINT_ATTEMPT >> $LEDGER\nsleep 0.05\n";
    let file = SourceFile {
        bytes: script.into(),
        executable: true,
    };
    let d = life
        .deploy(Release {
            system: &Script,
            entry,
            files: vec![("run", file)],
        })
        .await;
    let told = life.fates.told();
    assert_eq!(d.end, Some(End::Done), "{told}");
    assert_eq!(
        std::fs::read_to_string(ledger).unwrap(),
        "first 1\nsecond 1\n",
        "each command had its effect once: {told}"
    );
    life.fates
}
