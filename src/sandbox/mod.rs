//! The embedded cloud: AWS services over their real wire protocols on one loopback port, for
//! trying, practising and testing. It has time in it: stacks really go through their phases,
//! services converge, logs flow.
//!
//! `world` is plain data with two moves, `advance` to a time and `call` at a time; `service` says
//! what a service is, `realm` where it lives and what it may use, `services` is the list of them;
//! `wire` speaks HTTP; `journal` keeps the state folder; `crew` does outside what the world wants
//! done there, its `errand`s; `estate`, `story`, `practice` and
//! `git` are the practice estate. No clock is read here: time comes in as a beat.

pub mod call;
pub mod catalog;
pub mod chaos;
pub mod crew;
pub mod dice;
pub mod door;
pub mod errand;
pub mod estate;
pub mod git;
pub mod journal;
pub mod ledger;
pub mod levers;
pub mod practice;
pub mod protocol;
pub mod realm;
pub mod run;
pub mod service;
pub mod services;
pub mod shared;
pub mod story;
pub mod values;
pub mod who;
pub mod wire;
pub mod world;
pub mod zip;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::call::AwsError;
use self::journal::Journal;
use self::ledger::Entry;
use self::service::Offer;
use self::shared::{Shared, Welcome};
use self::world::World;
use crate::domain::time::Time;
use crate::os::files::{self, FileError};

/// How the embedded cloud is to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where it listens; only loopback addresses are taken.
    pub listen: SocketAddr,
    /// Its state folder; in memory when not given.
    pub state: Option<PathBuf>,
    /// Where time comes from.
    pub clock: Clock,
    /// How many times faster than usual things are made. Time itself keeps its pace.
    pub pace: f64,
    /// The seed of all chance.
    pub seed: u64,
    /// The practice estate with this story; an empty world when not given.
    pub story: Option<String>,
    /// Tags on the stacks of the practice estate.
    pub tags: BTreeMap<String, String>,
    /// Whether the commands of builds are really run, on this machine.
    pub run_builds: bool,
    /// Which services there are.
    pub services: &'static [&'static Offer],
}

/// Where time comes from.
#[derive(Debug, Clone)]
pub enum Clock {
    /// From a test: it stands still until `Running::tick`.
    Stepped(Time),
    /// From a beat, a few times a second.
    Beat(watch::Receiver<Time>),
}

impl Default for Options {
    /// In memory, on any free port, an empty world, time that stands still.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            state: None,
            clock: Clock::Stepped(Time(1_790_000_000_000)),
            pace: 1.0,
            seed: 1,
            story: None,
            tags: BTreeMap::new(),
            run_builds: false,
            services: services::ALL,
        }
    }
}

/// Why the embedded cloud does not run.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The port cannot be had.
    #[error(
        "the embedded cloud cannot listen on {listen}: {source}; name another address with --listen, or port 0 for any"
    )]
    Listen {
        /// Which address.
        listen: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// It would be reachable from elsewhere.
    #[error(
        "the embedded cloud checks nobody's signature and listens on loopback only, not on {listen}; use 127.0.0.1 or [::1]"
    )]
    NotLoopback {
        /// Which address.
        listen: SocketAddr,
    },
    /// Another one has the folder.
    #[error("another embedded cloud runs on {}; use that one (its port is in the file `port`), or another --state folder", folder.display())]
    Taken {
        /// Which folder.
        folder: PathBuf,
    },
    /// The state folder cannot be used.
    #[error(transparent)]
    State(#[from] FileError),
    /// The snapshot cannot be read.
    #[error("{} is damaged: {source}; move its folder away to begin a new practice world", file.display())]
    Damaged {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// The story cannot be played.
    #[error("{0}")]
    Story(String),
}

/// An embedded cloud that runs. It ends when this is dropped.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub addr: SocketAddr,
    shared: Shared,
    steps: Option<watch::Sender<Time>>,
    server: JoinHandle<()>,
    repositories: Option<JoinHandle<()>>,
    builds: Option<JoinHandle<()>>,
}

/// Starts the embedded cloud.
pub async fn serve(options: Options) -> Result<Running, SandboxError> {
    let listen = options.listen;
    if !listen.ip().is_loopback() {
        return Err(SandboxError::NotLoopback { listen });
    }
    let (steps, beat) = match options.clock.clone() {
        Clock::Stepped(at) => {
            let (sender, receiver) = watch::channel(at);
            (Some(sender), receiver)
        }
        Clock::Beat(beat) => (None, beat),
    };
    let now = *beat.borrow();
    let (mut journal, kept) = match &options.state {
        Some(folder) => Journal::open(folder, options.services)
            .map(|(journal, world)| (Some(journal), world))?,
        None => (None, None),
    };
    let is_kept = kept.is_some();
    let mut world = match kept {
        Some(mut world) => {
            if options.story.is_some() {
                estate::complete(&mut world, now);
            }
            crew::give_up(&mut world, now);
            world
        }
        None => fresh(&options, now)?,
    };
    if world.levers.errands.on != options.run_builds {
        let on = serde_json::json!({ "On": options.run_builds });
        let switched = world.call(now, &levers::lever(errand::ERRANDS, on)).answer;
        switched.map_err(|why| SandboxError::Story(why.to_string()))?;
    }
    if let Some(journal) = &mut journal {
        journal.snapshot(&world)?;
    }
    let listener = TcpListener::bind(listen)
        .await
        .map_err(|source| SandboxError::Listen { listen, source })?;
    let addr = listener
        .local_addr()
        .map_err(|source| SandboxError::Listen { listen, source })?;
    if let Some(folder) = &options.state {
        files::write_whole(
            &folder.join("port"),
            format!("{}\n", addr.port()).as_bytes(),
        )?;
    }
    let welcomes = options.story.as_deref() == Some("practice");
    let shared = Shared::new(
        world,
        journal,
        beat,
        welcomes.then_some(if is_kept {
            Welcome::FirstCall
        } else {
            Welcome::AfterAPause
        }),
    );
    let repositories = options
        .state
        .as_ref()
        .filter(|_| options.story.is_some())
        .map(|state| tokio::spawn(git::tend(shared.clone(), state.join(git::FOLDER))));
    let builds = options.run_builds.then(|| {
        let state = options.state.as_ref();
        let folder = state.map_or_else(crew::without_state, |state| state.join(crew::FOLDER));
        tokio::spawn(crew::tend(shared.clone(), folder))
    });
    let router = wire::router(shared.clone());
    let server = tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "the embedded cloud stopped serving");
        }
    });
    Ok(Running {
        addr,
        shared,
        steps,
        server,
        repositories,
        builds,
    })
}

fn fresh(options: &Options, now: Time) -> Result<World, SandboxError> {
    let mut world = World::of(options.services, now, options.seed, options.pace);
    if let Some(story) = &options.story {
        estate::set_up(&mut world, story, &options.tags, now).map_err(SandboxError::Story)?;
    }
    Ok(world)
}

impl Running {
    /// The address as clients take it.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The time of the embedded cloud.
    #[must_use]
    pub fn now(&self) -> Time {
        self.shared.now()
    }

    /// Moves a stepped clock on and lets happen what is due; without a stepped clock nothing.
    pub fn tick(&self, by: Duration) {
        if let Some(steps) = &self.steps {
            let to = *steps.borrow() + by;
            steps.send_replace(to);
            self.shared.advance();
        }
    }

    /// Pulls a lever: `Chaos`, `Calm`, `Fail`, `Story`, `BreakTails`.
    pub fn pull(&self, lever: &str, params: Value) -> Result<Value, AwsError> {
        self.shared
            .call(&levers::lever(lever, params))
            .answer
            .map(|reply| reply.tree().clone())
    }

    /// Every call so far.
    #[must_use]
    pub fn ledger(&self) -> Vec<Entry> {
        self.shared
            .look(|world| world.ledger.entries().cloned().collect())
    }

    /// Ends when nobody has called for that long, or time stands still for good.
    pub async fn until_idle(self, idle: Duration) {
        let mut shared = self.shared.clone();
        while shared.next_beat().await {
            if shared.now().since(shared.last_call()) >= idle {
                return;
            }
        }
    }

    /// Reads the world.
    pub fn look<T>(&self, read: impl FnOnce(&World) -> T) -> T {
        self.shared.look(read)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.server.abort();
        for beside in [&self.repositories, &self.builds].into_iter().flatten() {
            beside.abort();
        }
    }
}
