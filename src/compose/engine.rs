//! The engine of a home: starting a detached one, and what one is made of.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use holdpoint::aws::{Clients, Variables};
use holdpoint::desk::EngineStart;
use holdpoint::engine::process::Elected;
use holdpoint::engine::{EyesByKind, Parts, Share};
use holdpoint::exec;
use holdpoint::hosts::Hosts;
use holdpoint::observe;
use holdpoint::os::clock::{Real, SharedClock};
use holdpoint::os::disk;
use holdpoint::os::paths::Home;
use holdpoint::os::{detach, owner};
use holdpoint::places;
use holdpoint::store::StoreError;
use holdpoint::store::sqlite::{OpenError, Sqlite};
use holdpoint::systems;

use super::heard;
use super::lines::{AGAIN, to_spool};
use super::replies::Checks;
use super::sandbox::sandbox_port;

/// Starts a detached engine, and reads why one that ended did.
pub(super) fn engine_start(home: &Home) -> EngineStart {
    let (log, folder) = (home.engine_log(), home.folder().to_owned());
    let words = log.clone();
    EngineStart {
        start: Box::new(move || {
            let arguments: [OsString; 3] = [
                "engine".into(),
                "--store-home".into(),
                folder.clone().into(),
            ];
            detach::start(&arguments, &log)
                .map_err(|why| format!("the engine cannot be started: {why}"))
        }),
        last_words: Box::new(move || detach::last_words(&words)),
    }
}

/// The clients of a process that works for the store in this home.
pub(crate) fn clients(home: &Home) -> Arc<Clients> {
    let clock = Real::shared();
    Clients::with(
        clock.clone(),
        &owner::owner().to_string(),
        sandbox_port(home, clock),
        Variables::of_this_process(),
    )
}

/// The engine of the store in this home. Where there is no room to begin, that is said and waited
/// for.
pub(crate) async fn engine(
    home: &Home,
    elected: &mut Elected,
    clients: &Arc<Clients>,
) -> Result<Parts> {
    let clock = Real::shared();
    loop {
        match parts(home, elected, clients, clock.clone()).await {
            Err(why) if is_full(&why) => {
                elected.disk().refused(clock.now());
                elected.tell(clock.now(), None).await;
                clock.sleep(AGAIN).await;
            }
            done => return done,
        }
    }
}

fn is_full(why: &anyhow::Error) -> bool {
    let store = why
        .downcast_ref::<OpenError>()
        .is_some_and(|why| matches!(why, OpenError::Store(StoreError::Full(_))));
    store
        || why
            .chain()
            .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
            .any(disk::is_full)
}

async fn parts(
    home: &Home,
    elected: &Elected,
    clients: &Arc<Clients>,
    clock: SharedClock,
) -> Result<Parts> {
    let store = Arc::new(Sqlite::engine(home, elected.lock(), clock.clone()).await?);
    let hosts = Hosts::new(&clock, heard::installations(home)?);
    let executors = exec::executors(clients, &hosts)
        .into_iter()
        .map(|one| (one.kind().as_str().to_owned(), one))
        .collect::<BTreeMap<_, _>>();
    let id = holdpoint::store::Store::id(store.as_ref());
    let (jobs, lasting) = (home.clone(), home.clone());
    Ok(Parts {
        store,
        share: Share::All,
        clock: clock.clone(),
        executors: Arc::new(executors),
        systems: systems::named,
        eyes: Arc::new(EyesByKind::new(
            clients.clone(),
            clock.clone(),
            observe::eyes(clients, &hosts, &clock, &id, &home.digest_key()?),
            places::all(),
        )),
        job: Arc::new(move |deployment, step, attempt| -> PathBuf {
            jobs.job(deployment, step, attempt)
        }),
        lasting: Arc::new(move |stack| lasting.lasting(stack)),
        lines: to_spool(home, clock.clone(), elected.disk().clone())?,
        replies: Some(Arc::new(Checks(hosts))),
        failpoint: None,
        fresh: Arc::new(holdpoint::os::random::id),
    })
}
