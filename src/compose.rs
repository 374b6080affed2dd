//! Putting the program together: which store, which clients, which executors, which estate. Only
//! here concrete parts are named.

pub(crate) mod appearance;
mod engine;
mod heard;
mod lines;
pub(crate) mod log;
mod queues;
mod replies;
mod sandbox;
pub(crate) mod serve;
pub(crate) mod shell;
mod sources;
mod versions;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};
use futures_util::FutureExt as _;
use holdpoint::cli::{self, Common, Stop, Unread};
use holdpoint::config::{self, Loaded, Trust};
use holdpoint::desk;
use holdpoint::domain::cause::Via;
use holdpoint::domain::estate::Catalog;
use holdpoint::domain::ids::StackId;
use holdpoint::domain::instance::Instances;
use holdpoint::os::clock::Real;
use holdpoint::os::git::address;
use holdpoint::os::paths::Home;
use holdpoint::os::{files, owner};
use holdpoint::sandbox::{git, practice};
use holdpoint::store::StoreError;
use holdpoint::store::spool::{Limits, Of, Reader};
use holdpoint::store::sqlite::{OpenError, Sqlite};
use holdpoint::systems;
use holdpoint::text::causes::causes;

use engine::engine_start;
pub(crate) use engine::{clients, engine};

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
                .map_err(|why| Unread::None(Stop::failed("practice", causes(why.as_ref()))));
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
                let text = text.replace(REPOSITORIES, &address(&home.sandbox().join(git::FOLDER)));
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
        config::catalog(&self.loaded, &Instances::new())
    }

    /// True for the practice estate.
    pub(crate) fn is_practice(&self) -> bool {
        self.loaded.practice
    }

    /// Reads the estate's files again.
    fn reload(&self) -> desk::Reload {
        let (file, practice, named, own) = (
            self.loaded.file.clone(),
            self.loaded.practice,
            self.named,
            self.home.clone(),
        );
        Arc::new(move |instances: &Instances| {
            let mut loaded =
                config::load(&file, systems::all()).map_err(|wrong| wrong.to_string())?;
            loaded.practice = practice;
            trusted(&own, &loaded, named).map_err(|stop| stop.says)?;
            Ok(config::catalog(&loaded, instances))
        })
    }

    /// Looks which versions are newer than those that the estate's files pin now.
    fn newer(&self) -> desk::LookForNewer {
        let (file, home, named) = (self.loaded.file.clone(), self.home.clone(), self.named);
        let practice = self.loaded.practice;
        Arc::new(move |stack: &StackId| {
            let mut loaded =
                config::load(&file, systems::all()).map_err(|wrong| wrong.to_string())?;
            loaded.practice = practice;
            trusted(&home, &loaded, named).map_err(|stop| stop.says)?;
            cli::newer(&loaded, stack, &|of, since, anew| {
                versions::after((&home, &loaded), stack, of, (since, anew))
            })
        })
    }

    /// A desk over the store of this ground.
    pub(crate) fn desk(&self, via: Via, start_engine: bool) -> Result<desk::LiveDesk> {
        let clock = Real::shared();
        let home = self.home.clone();
        let open_home = home.clone();
        let follow_home = home.clone();
        let open_clock = clock.clone();
        let live = desk::LiveDesk::start(desk::Parts {
            open: Arc::new(move || {
                let (home, clock) = (open_home.clone(), open_clock.clone());
                async move {
                    let store = Sqlite::client(&home, clock)
                        .await
                        .map_err(|why| match why {
                            OpenError::Doubt(doubt) => StoreError::Doubted(doubt.to_string()),
                            other => StoreError::Unavailable(other.to_string()),
                        })?;
                    Ok(Arc::new(store) as Arc<dyn holdpoint::store::Store>)
                }
                .boxed()
            }),
            clock,
            home: Some(home.clone()),
            catalog: self.catalog(),
            reload: Some(self.reload()),
            newer: Some(self.newer()),
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

/// What stands in the files of the practice estate for where its repositories are.
const REPOSITORIES: &str = "file:///practice";

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
                        "--store {url:?} is not a store that this version knows: write sqlite:DIR"
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
fn trust_of(home: &Home, loaded: &Loaded, named: bool) -> Result<Trust, Stop> {
    if named || loaded.practice {
        return Ok(Trust::Trusted);
    }
    config::trust::trust_of(&home.trusted(), &loaded.file, &loaded.reach).map_err(|why| {
        Stop::wrong(
            "trust-list",
            format!("which estate files are trusted cannot be read: {why}\nput the file right, or move it away and trust anew"),
        )
    })
}

fn trusted(home: &Home, loaded: &Loaded, named: bool) -> Result<(), Stop> {
    let file = loaded.file.display();
    match trust_of(home, loaded, named)? {
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
