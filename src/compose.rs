//! Putting the program together: which store, which clients, which executors, which estate. Only
//! here concrete parts are named.

pub(crate) mod appearance;
pub(crate) mod shell;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use futures_util::FutureExt as _;
use holdpoint::aws::clients::SandboxPort;
use holdpoint::aws::{Clients, Variables};
use holdpoint::cli::{Common, Stop, Unread};
use holdpoint::config::{self, Loaded, Trust};
use holdpoint::desk::{self, EngineStart};
use holdpoint::domain::deployment::Via;
use holdpoint::domain::estate::Catalog;
use holdpoint::domain::ids::StackId;
use holdpoint::domain::line::{Giver, Id, Line};
use holdpoint::domain::time::Time;
use holdpoint::engine::process::Elected;
use holdpoint::engine::{EyesByKind, Lines, Parts, Share};
use holdpoint::exec;
use holdpoint::observe;
use holdpoint::os::clock::{Real, SharedClock};
use holdpoint::os::disk::{self, Disk};
use holdpoint::os::lock::Lock;
use holdpoint::os::paths::Home;
use holdpoint::os::{detach, files, owner};
use holdpoint::places;
use holdpoint::sandbox::practice;
use holdpoint::store::StoreError;
use holdpoint::store::spool::{Limits, Of, Reader, Spool, Writer};
use holdpoint::store::sqlite::{OpenError, Sqlite};
use holdpoint::systems;

/// How long the embedded cloud is waited for.
const SANDBOX: Duration = Duration::from_secs(10);

/// An estate with its store: what every verb but a few works on.
pub(crate) struct Ground {
    /// The home of its store; the practice estate has its own.
    pub home: Home,
    /// The estate.
    pub loaded: Loaded,
    /// Whether the file was named on the command line, which is trust.
    pub named: bool,
}

impl Ground {
    /// The estate that is named or found, with its store; the practice estate where that is wanted.
    pub(crate) fn find(common: &Common) -> Result<Self, Unread> {
        let home = home_of(common).map_err(Unread::None)?;
        if common.practice {
            return Self::practice(&home)
                .map_err(|why| Unread::None(Stop::failed("practice", format!("{why:#}"))));
        }
        let file = estate_file(common).map_err(Unread::None)?;
        let loaded = config::load(&file, systems::all()).map_err(Unread::Wrong)?;
        Ok(Self {
            home,
            loaded,
            named: common.estate.is_some(),
        })
    }

    /// Refuses an estate that was found, not named, and was never trusted for what it names now.
    pub(crate) fn trusted(&self) -> Result<(), Stop> {
        trusted(&self.home, &self.loaded, self.named)
    }

    /// The practice estate, laid out in its own home.
    pub(crate) fn practice(home: &Home) -> Result<Self> {
        let home = home.practice()?;
        let folder = home.folder().join("estate");
        files::private_folder(&folder)?;
        for (path, text) in practice::FILES {
            let to = folder.join(path);
            if let Some(parent) = to.parent() {
                files::private_folder(parent)?;
            }
            // A person may change the practice estate to see what happens: what is there stays.
            if !to.exists() {
                let mode = if path.starts_with("bin/") {
                    0o700
                } else {
                    0o600
                };
                files::write_whole_as(&to, text.as_bytes(), mode)?;
            }
        }
        let mut loaded = config::load(&folder.join(config::FILE), systems::all())
            .map_err(|wrong| anyhow!("{wrong}"))?;
        loaded.practice = true;
        Ok(Self {
            home,
            loaded,
            named: true,
        })
    }

    /// What the estate says now.
    pub(crate) fn catalog(&self) -> Catalog {
        config::catalog(&self.loaded)
    }

    /// True for the practice estate.
    pub(crate) fn is_practice(&self) -> bool {
        self.loaded.practice
    }

    /// A desk over the store of this ground.
    pub(crate) fn desk(&self, via: Via, start_engine: bool) -> Result<desk::LiveDesk> {
        let clock = Real::shared();
        let home = self.home.clone();
        let open_home = home.clone();
        let follow_home = home.clone();
        let open_clock = clock.clone();
        let (file, practice, named, own) = (
            self.loaded.file.clone(),
            self.loaded.practice,
            self.named,
            self.home.clone(),
        );
        let reload: desk::Reload = Arc::new(move || {
            let mut loaded =
                config::load(&file, systems::all()).map_err(|wrong| wrong.to_string())?;
            loaded.practice = practice;
            trusted(&own, &loaded, named).map_err(|stop| stop.says)?;
            Ok(config::catalog(&loaded))
        });
        let live = desk::LiveDesk::start(desk::Parts {
            open: Arc::new(move || {
                let (home, clock) = (open_home.clone(), open_clock.clone());
                async move {
                    let store = Sqlite::client(&home, clock)
                        .await
                        .map_err(|why| why.to_string())?;
                    Ok(Arc::new(store) as Arc<dyn holdpoint::store::Store>)
                }
                .boxed()
            }),
            clock,
            home: Some(home.clone()),
            catalog: self.catalog(),
            reload: Some(reload),
            spool: Some(Arc::new(move |stack: Option<&StackId>, begin| {
                let of = stack.map_or(Of::All, |stack| Of::Stack(stack.clone()));
                Box::new(Reader::new(
                    follow_home.clone(),
                    Limits::default(),
                    of,
                    begin,
                )) as Box<dyn desk::Follow>
            })),
            engine: start_engine.then(|| engine_start(&home)),
            you: owner::owner().to_string(),
            via,
            overview: via == Via::Key,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            fresh: Arc::new(holdpoint::os::random::id),
        })
        .context("the desk cannot start")?;
        Ok(live)
    }
}

/// The home that is named, or the user's own; `--store` names the folder of the store itself.
pub(crate) fn home_of(common: &Common) -> Result<Home, Stop> {
    let folder = match &common.store {
        None => common.home.clone(),
        Some(url) => match url.strip_prefix("sqlite:") {
            Some(folder) if !folder.is_empty() => Some(PathBuf::from(folder)),
            Some(_) | None => {
                return Err(Stop::wrong(
                    "store",
                    format!(
                        "--store {url:?} is no store that this version knows: write sqlite:DIR"
                    ),
                ));
            }
        },
    };
    Home::open(folder.as_deref()).map_err(|why| Stop::wrong("home", why.to_string()))
}

/// The estate file that is named, or found.
fn estate_file(common: &Common) -> Result<PathBuf, Stop> {
    let working = std::env::current_dir().unwrap_or_default();
    let configuration = holdpoint::os::paths::config_folder();
    let folder = configuration.as_deref().unwrap_or(Path::new(""));
    config::discover(common.estate.as_deref(), &working, folder).ok_or_else(|| {
        let places = match &configuration {
            Ok(folder) => format!(
                "there is no {} here or in {}",
                config::FILE,
                folder.display()
            ),
            Err(why) => format!("there is no {} here, and {why}", config::FILE),
        };
        Stop::wrong(
            "no-estate",
            format!("{places}: name one with --estate, or add --practice"),
        )
    })
}

/// Whether an estate is trusted: naming its file is trusting it.
fn standing(home: &Home, loaded: &Loaded, named: bool) -> Result<Trust, Stop> {
    if named || loaded.practice {
        return Ok(Trust::Trusted);
    }
    config::trust::standing(&home.trusted(), &loaded.file, &loaded.reach).map_err(|why| {
        Stop::wrong(
            "trust-list",
            format!("which estate files are trusted cannot be read: {why}\nput the file right, or move it away and trust anew"),
        )
    })
}

fn trusted(home: &Home, loaded: &Loaded, named: bool) -> Result<(), Stop> {
    let file = loaded.file.display();
    match standing(home, loaded, named)? {
        Trust::Trusted => Ok(()),
        Trust::New => Err(Stop::wrong(
            "not-trusted",
            format!(
                "{file} was never seen here, and an estate names accounts and commands: read it, then run `holdpoint trust`"
            ),
        )),
        Trust::Changed(before) => {
            let (new, gone) = loaded.reach.since(&before);
            let lines = new
                .iter()
                .map(|line| format!("\n  + {line}"))
                .chain(gone.iter().map(|line| format!("\n  - {line}")));
            let says = format!(
                "{file} names other accounts, ways in, stacks or commands than when it was trusted:{}\nread it, then run `holdpoint trust`",
                lines.collect::<String>()
            );
            Err(Stop::wrong("not-trusted", says))
        }
    }
}

fn engine_start(home: &Home) -> EngineStart {
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

/// The port of the embedded cloud of a home; starts it where none answers.
pub(crate) fn sandbox_port(home: &Home, clock: SharedClock) -> SandboxPort {
    let folder = home.sandbox();
    let log = home.folder().join("sandbox.log");
    Arc::new(move || {
        let (folder, log, clock) = (folder.clone(), log.clone(), clock.clone());
        async move {
            find_sandbox(&folder, &log, &clock)
                .await
                .map_err(|why| format!("{why:#}"))
        }
        .boxed()
    })
}

async fn find_sandbox(folder: &Path, log: &Path, clock: &SharedClock) -> Result<u16> {
    files::private_folder(folder)?;
    let until = clock.now() + SANDBOX;
    let mut started = false;
    loop {
        if let Some(port) = port_in(folder)
            && tokio::net::TcpStream::connect(("127.0.0.1", port))
                .await
                .is_ok()
        {
            return Ok(port);
        }
        if !started && Lock::is_free(&folder.join("lock"))? {
            let arguments: [OsString; 5] = [
                "sandbox".into(),
                "--state".into(),
                folder.into(),
                "--until-idle".into(),
                "10".into(),
            ];
            detach::start(&arguments, log)?;
            started = true;
        }
        if clock.now() >= until {
            bail!(
                "the embedded cloud does not start: {}",
                detach::last_words(log)
            );
        }
        clock.sleep(Duration::from_millis(50)).await;
    }
}

fn port_in(folder: &Path) -> Option<u16> {
    std::fs::read_to_string(folder.join("port"))
        .ok()?
        .trim()
        .parse()
        .ok()
}

/// Lines of an engine into the spool, in the order in which they came, off the engine's thread.
struct ToSpool {
    spool: Arc<Spool>,
    to: std::sync::mpsc::Sender<Vec<Line>>,
}

impl Lines for ToSpool {
    fn take(&self, lines: Vec<Line>) {
        // The writer ends only with the process.
        let _ = self.to.send(lines);
    }

    fn kept(&self, stack: &StackId, group: &str, back: Duration) -> Vec<(String, Time)> {
        match self.spool.newest(stack, group, back) {
            Ok(lines) => lines
                .into_iter()
                .filter_map(|line| match line.id {
                    Id::Name(name) => Some((name, line.at)),
                    Id::Nth(_) => None,
                })
                .collect(),
            Err(why) => {
                tracing::warn!("what is kept of {group} cannot be read: {why}");
                Vec::new()
            }
        }
    }

    fn reached(&self, stack: &StackId, giver: &Giver) -> Option<u64> {
        self.spool.reached(stack, giver).unwrap_or_else(|why| {
            tracing::warn!("how far the output of {stack} is kept cannot be read: {why}");
            None
        })
    }
}

/// How often it is looked whether the spool is to be swept although no line came.
const SWEEP: Duration = Duration::from_mins(5);
/// How soon what could not be written is tried again.
const AGAIN: Duration = Duration::from_secs(3);

fn to_spool(home: &Home, clock: SharedClock, disk: Arc<Disk>) -> Result<Arc<dyn Lines>> {
    let spool = Arc::new(Spool::open(home, Limits::default())?);
    let (to, from) = std::sync::mpsc::channel::<Vec<Line>>();
    let sweeps = Arc::clone(&spool);
    let mut writer = Writer::new(Arc::clone(&spool));
    std::thread::Builder::new()
        .name("spool".to_owned())
        .spawn(move || {
            loop {
                if let Err(why) = sweeps.sweep_when_due(clock.now()) {
                    tracing::warn!("old lines are not removed: {why}");
                }
                let lines = match from.recv_timeout(if writer.waits() { AGAIN } else { SWEEP }) {
                    Ok(lines) => lines.into_iter().chain(from.try_iter().flatten()).collect(),
                    Err(RecvTimeoutError::Timeout) => Vec::new(),
                    Err(RecvTimeoutError::Disconnected) => return,
                };
                let waited = writer.waits();
                match writer.write(lines) {
                    Ok(()) if waited => tracing::info!("the lines that waited are written"),
                    Ok(()) => {}
                    Err(why) => {
                        if why.is_full() {
                            disk.refused(clock.now());
                        }
                        // Once: a log on the same disk is not to grow by what cannot be written.
                        if !waited {
                            tracing::warn!("lines wait to be written: {why}");
                        }
                    }
                }
            }
        })?;
    Ok(Arc::new(ToSpool { spool, to }))
}

/// The engine of the store in this home. Where there is no room to begin, that is said and waited
/// for.
pub(crate) async fn engine(home: &Home, elected: &mut Elected) -> Result<(Parts, Arc<Clients>)> {
    let clock = Real::shared();
    loop {
        match parts(home, elected, clock.clone()).await {
            Err(why) if is_full(&why) => {
                elected.disk().refused(clock.now());
                elected.tell(clock.now()).await;
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
    clock: SharedClock,
) -> Result<(Parts, Arc<Clients>)> {
    let store = Arc::new(Sqlite::engine(home, elected.lock(), clock.clone()).await?);
    let owner = owner::owner().to_string();
    let clients = Clients::with(
        clock.clone(),
        &owner,
        sandbox_port(home, clock.clone()),
        Variables::of_this_process(),
    );
    let executors = exec::executors(&clients)
        .into_iter()
        .map(|one| (one.kind().as_str().to_owned(), one))
        .collect::<BTreeMap<_, _>>();
    let id = holdpoint::store::Store::id(store.as_ref());
    let jobs = home.clone();
    let parts = Parts {
        store,
        share: Share::All,
        clock: clock.clone(),
        executors: Arc::new(executors),
        systems: systems::named,
        pure_step: systems::pure_step,
        eyes: Arc::new(EyesByKind::new(
            clients.clone(),
            clock.clone(),
            observe::eyes(&clients, &clock, &id),
            places::all(),
        )),
        job: Arc::new(move |deployment, step, attempt| -> PathBuf {
            jobs.job(deployment, step, attempt)
        }),
        lines: to_spool(home, clock, elected.disk().clone())?,
        failpoint: None,
        fresh: Arc::new(holdpoint::os::random::id),
    };
    Ok((parts, clients))
}
