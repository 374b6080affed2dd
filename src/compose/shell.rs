//! What the verbs of the shell get of the program: the estate, a desk, an engine of their own with
//! --here, facts for `doctor`.

use std::cell::RefCell;
use std::io::{self, BufRead as _, IsTerminal as _};
use std::path::PathBuf;
use std::thread::JoinHandle;

use anyhow::{Context as _, Result, anyhow};
use holdpoint::cli::{self, Code, Common, Examined, Fact, Hands, Stop, Unread, Verb};
use holdpoint::config::{self, Loaded, Trust};
use holdpoint::desk::Patient;
use holdpoint::domain::cause::Via;
use holdpoint::domain::ids::StackId;
use holdpoint::domain::lifecycle::Lifecycle;
use holdpoint::domain::time::Time;
use holdpoint::engine::process::{self, Status, Stay};
use holdpoint::os::clock::{Clock as _, Real};
use holdpoint::os::git::history::Since;
use holdpoint::os::lock::Lock;
use holdpoint::os::paths::Home;
use holdpoint::os::{files, owner};
use holdpoint::store::sqlite::{OpenError, Sqlite};
use holdpoint::systems::versions::Versions;
use holdpoint::text::causes::causes;
use holdpoint::text::counted::counted;
use holdpoint::text::diagnostic::Diagnostics;
use holdpoint::text::safe::shown;
use holdpoint::tui::glyphs::Glyphs;
use holdpoint::{systems, tui};
use tokio::sync::oneshot;

use super::{Ground, home_of};

/// Carries out a verb of the shell.
pub(crate) fn run<S: clap::Args>(verb: Verb<S>, common: &Common) -> Code {
    run_on(verb, common, None)
}

/// Carries out a verb on an estate that was read already, so that what a person is shown is what is
/// used after it.
pub(crate) fn run_on<S: clap::Args>(verb: Verb<S>, common: &Common, read: Option<&Loaded>) -> Code {
    let shell = Shell {
        common,
        read,
        clock: Real::new(),
        here: RefCell::new(None),
    };
    let (stdout, stderr) = (io::stdout(), io::stderr());
    let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let mut hands = Hands {
        colour: stdout.is_terminal() && !common.plain && !dumb && !no_colour,
        interactive: io::stdin().is_terminal() && stderr.is_terminal(),
        out: &mut io::BufWriter::new(stdout.lock()),
        err: &mut io::stderr(),
        argv: std::env::args().collect(),
        read_line: &mut || {
            let mut line = String::new();
            let read = io::stdin().lock().read_line(&mut line)?;
            Ok((read > 0).then(|| line.trim_end_matches(['\n', '\r']).to_owned()))
        },
    };
    let code = cli::run(verb, common, &shell, &mut hands);
    let flushed = hands.out.flush();
    if let Some(here) = shell.here.take() {
        let says = here.end();
        if !says.is_empty() {
            let _ = writeln!(hands.err, "holdpoint: {}", shown(&says));
        }
    }
    match flushed {
        Err(why) if why.kind() != io::ErrorKind::BrokenPipe => Code::Failed,
        Ok(()) | Err(_) => code,
    }
}

struct Shell<'a> {
    common: &'a Common,
    read: Option<&'a Loaded>,
    clock: Real,
    here: RefCell<Option<Here>>,
}

impl cli::Ground for Shell<'_> {
    fn estate(&self) -> Result<Loaded, Unread> {
        match self.read {
            Some(read) => Ok(read.clone()),
            None => Ok(Ground::find(self.common)?.loaded),
        }
    }

    fn examine(&self) -> Result<Examined, Stop> {
        if self.common.practice {
            let loaded = self.estate()?;
            return Ok(Examined {
                file: loaded.file.clone(),
                loaded: Some(loaded),
                found: Diagnostics::default(),
            });
        }
        let file = super::estate_file(self.common)?;
        let (loaded, found) = config::examine(&file, systems::all());
        Ok(Examined {
            file,
            loaded,
            found,
        })
    }

    fn trust_of(&self, loaded: &Loaded) -> Result<Trust, Stop> {
        super::trust_of(&home_of(self.common)?, loaded, self.common.estate.is_some())
    }

    fn trust(&self, loaded: &Loaded) -> Result<(), Stop> {
        let home = home_of(self.common)?;
        config::trust::trust(&home.trusted(), &loaded.file, &loaded.reach)
            .map_err(|why| Stop::failed("trust", format!("the trust cannot be recorded: {why}")))
    }

    fn desk(&self) -> Result<Box<dyn Patient + '_>, Stop> {
        let ground = Ground::find(self.common)?;
        ground.trusted()?;
        if self.common.here && self.here.borrow().is_none() {
            let here = Here::start(&ground.home).map_err(|why| {
                Stop::failed(
                    "engine",
                    format!(
                        "the engine cannot be started here: {}",
                        causes(why.as_ref())
                    ),
                )
            })?;
            *self.here.borrow_mut() = Some(here);
        }
        let desk = ground
            .desk(Via::Verb, !self.common.here)
            .map_err(|why| Stop::failed("desk", causes(why.as_ref())))?;
        Ok(Box::new(desk))
    }

    fn facts(&self) -> Vec<Fact> {
        let mut facts = vec![Fact::right("version", env!("CARGO_PKG_VERSION"))];
        let home = match home_of(self.common) {
            Ok(home) if self.common.practice => home
                .practice()
                .map_err(|why| Stop::wrong("home", why.to_string())),
            other => other,
        };
        match home {
            Err(stop) => facts.push(Fact::wrong("data folder", stop.says)),
            Ok(home) => {
                facts.push(Fact::right(
                    "data folder",
                    format!("{}, for {} alone", home.folder().display(), owner::owner()),
                ));
                facts.push(match Lock::is_free(&home.engine_lock()) {
                    Ok(true) => Fact::right("engine lock", "free"),
                    Ok(false) => Fact::right(
                        "engine lock",
                        format!("held: {}", Lock::said(&home.engine_lock())),
                    ),
                    Err(why) => Fact::wrong("engine lock", why.to_string()),
                });
                facts.push(store(&home));
                let room = |folder: PathBuf| room(files::room(&folder));
                let says = format!(
                    "jobs {}, large files {}, lines {}",
                    room(home.jobs()),
                    room(home.blobs()),
                    room(home.spool())
                );
                facts.push(Fact::right("room taken", says));
                facts.extend(super::queues::facts(&home));
            }
        }
        facts.extend(super::appearance::facts(self.common));
        facts
    }

    fn sources(&self, loaded: &Loaded) -> Vec<Fact> {
        match Ground::find(self.common) {
            Ok(ground) => super::sources::facts(&ground.home, loaded),
            Err(stop) => vec![Fact::wrong("repositories", Stop::from(stop).says)],
        }
    }

    fn versions(
        &self,
        stack: &StackId,
        of: &Versions,
        since: &str,
        anew: bool,
    ) -> Result<Since, String> {
        let ground = Ground::find(self.common).map_err(|stop| Stop::from(stop).says)?;
        super::versions::after((&ground.home, &ground.loaded), stack, of, (since, anew))
    }

    fn map(&self, lifecycle: &Lifecycle) -> String {
        let unicode = !self.common.plain && tui::terminal::unicode(|name| std::env::var(name).ok());
        tui::maps::text(
            lifecycle,
            if unicode {
                Glyphs::UNICODE
            } else {
                Glyphs::ASCII
            },
        )
    }

    fn now(&self) -> Time {
        self.clock.now()
    }
}

/// So many bytes, for people.
fn room(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{} KiB", bytes / 1_024),
        _ => format!("{} MiB", bytes / 1_048_576),
    }
}

/// Whether the store can be read, whole.
fn store(home: &Home) -> Fact {
    let checked = crate::runtime().and_then(|runtime| {
        runtime.block_on(async {
            let store = Sqlite::client(home, Real::shared()).await?;
            let checked = store.verify().await?;
            store.close().await;
            Ok(checked)
        })
    });
    match checked {
        Ok(checked) if checked.faults.is_empty() => Fact::right(
            "store",
            format!(
                "{} in {}, {}, every hash right",
                counted(checked.events, "event"),
                counted(checked.streams, "stream"),
                counted(checked.contents, "kept content")
            ),
        ),
        Ok(checked) => Fact::wrong("store", checked.faults.join("; ")),
        Err(why) if matches!(why.downcast_ref(), Some(OpenError::NotYet(_))) => {
            Fact::right("store", "none yet: the first engine makes it")
        }
        Err(why) => Fact::wrong("store", causes(why.as_ref())),
    }
}

/// An engine inside this command, or the one that runs already.
pub(crate) struct Here {
    end: Option<oneshot::Sender<()>>,
    work: Option<JoinHandle<Result<Vec<String>>>>,
}

impl Here {
    /// Elects itself, or uses the one of this version that runs.
    pub(crate) fn start(home: &Home) -> Result<Self> {
        let mut elected = match process::elect(home)? {
            Ok(elected) => elected,
            Err(said) => {
                let theirs: Status = serde_json::from_str(&said)
                    .context("what holds the engine lock does not say who it is")?;
                if theirs.version != env!("CARGO_PKG_VERSION") {
                    return Err(anyhow!(
                        "an engine of version {} runs (pid {}); end it first",
                        theirs.version,
                        theirs.pid
                    ));
                }
                return Ok(Self {
                    end: None,
                    work: None,
                });
            }
        };
        let (end, mut ended) = oneshot::channel::<()>();
        let home = home.clone();
        let work = std::thread::Builder::new()
            .name("engine".to_owned())
            .spawn(move || {
                crate::runtime()?.block_on(async {
                    // The command ends, or is gone: both mean the end.
                    let clients = super::clients(&home);
                    let parts = tokio::select! {
                        made = super::engine(&home, &mut elected, &clients) => made?,
                        _ = &mut ended => return Ok(Vec::new()),
                    };
                    let until = async { drop(ended.await) };
                    Ok(
                        process::serve(parts, clients, &home, &mut elected, Stay::UntilTold, until)
                            .await?,
                    )
                })
            })?;
        Ok(Self {
            end: Some(end),
            work: Some(work),
        })
    }

    /// Ends the engine; says what is left, if anything.
    pub(crate) fn end(mut self) -> String {
        let Some(work) = self.work.take() else {
            return "the engine that runs already did the work; none was run here".to_owned();
        };
        drop(self.end.take());
        match work.join() {
            Ok(Ok(left)) if left.is_empty() => String::new(),
            Ok(Ok(left)) => format!(
                "left unfinished: {}; the next engine goes on with it",
                left.join("; ")
            ),
            Ok(Err(why)) => format!("the engine ended: {}", causes(why.as_ref())),
            Err(_) => {
                "the engine ended in a way that it should not; the next engine goes on".to_owned()
            }
        }
    }
}
