//! The program: names the concrete parts and puts them together.

mod compose;

use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Parser;
use holdpoint::cli::{self, Code, Common, EngineArgs, ServeArgs, Stop, Unread, Verb};
use holdpoint::domain::cause::Via;
use holdpoint::engine::process::{self, Stay};
use holdpoint::os::clock::Real;
use holdpoint::os::detach;
use holdpoint::os::files;
use holdpoint::os::paths::{self, Home};
use holdpoint::os::signals::{self, Told};
use holdpoint::sandbox::run;
use holdpoint::store::Store as _;
use holdpoint::store::sqlite::Sqlite;
use holdpoint::text::causes::causes;
use holdpoint::text::safe::{Safe, shown};
use holdpoint::tui;

use compose::appearance::Appearance;
use compose::{Ground, shell};

fn main() -> ExitCode {
    let program = match cli::Program::<run::Args>::try_parse() {
        Ok(program) => program,
        Err(why) => {
            let words: Vec<String> = std::env::args_os()
                .map(|word| word.to_string_lossy().into_owned())
                .collect();
            let usage = cli::usage(&why, &words);
            // There is nobody left to tell when this fails.
            let _ = if usage.answer {
                writeln!(io::stdout(), "{}", usage.text)
            } else {
                writeln!(io::stderr(), "{}", usage.text)
            };
            return ExitCode::from(usage.code as u8);
        }
    };
    let done = match program.verb {
        None => console(program.common),
        Some(Verb::Sandbox(args)) => sandbox(args),
        Some(Verb::Engine(args)) => engine(&program.common, &args),
        Some(Verb::Serve(args)) => serve(&program.common, &args),
        Some(Verb::Keep { folder }) => return holdpoint::exec::process::keep(&folder),
        Some(verb) => Ok(shell::run(verb, &program.common)),
    };
    let code = done.unwrap_or_else(|why| {
        let code = why
            .downcast_ref::<Stop>()
            .map_or(Code::Failed, |stop| stop.code);
        // There is nobody left to tell when this fails.
        let _ = writeln!(io::stderr(), "holdpoint: {}", shown(&causes(why.as_ref())));
        code
    });
    ExitCode::from(code as u8)
}

pub(crate) fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("the runtime cannot start")
}

fn console(mut common: Common) -> Result<Code> {
    if let Some(code) = choose_practice(&mut common)? {
        return Ok(code);
    }
    let ground = Ground::find(&common).map_err(Stop::from)?;
    if ground.trusted().is_err()
        && shell::run_on::<run::Args>(Verb::Trust, &common, Some(&ground.loaded)) != Code::Done
    {
        return Ok(Code::Wrong);
    }
    let here = common
        .here
        .then(|| shell::Here::start(&ground.home))
        .transpose()?;
    let desk = Arc::new(ground.desk(Via::Key, !common.here)?);
    let clock = Real::shared();
    let waking = Arc::clone(&desk);
    // The first frame has real rows: the store is read before the screen is.
    desk.ready(Duration::from_millis(300));
    let variable = |name: &str| std::env::var(name).ok();
    let look = Appearance::read(&paths::config_folder()?, common.theme.as_deref(), variable)?;
    let saved = ground.home.folder().join("saved");
    let ran = tui::run(
        desk,
        tui::Options {
            now: Arc::new(move || clock.now()),
            on_start: Box::new(move |waker| {
                let told = waker.clone();
                waking.wake_with(Box::new(move || waker.wake(tui::Outside::Changed)));
                // Without signals the console still ends with its terminal.
                let _ = signals::listen(move |what| {
                    told.wake(match what {
                        Told::End => tui::Outside::End,
                        Told::Stop => tui::Outside::Stop,
                        Told::Continue => tui::Outside::Continue,
                    });
                });
            }),
            suspend: Box::new(|| drop(signals::stop())),
            own_theme: look.own_theme,
            theme: look.theme,
            depth: look.depth,
            glyphs: look.glyphs,
            term: variable("TERM").unwrap_or_default(),
            keymap: look.keymap,
            save: Arc::new(move |name, text| {
                let path = saved.join(name);
                files::private_folder(&saved)
                    .and_then(|()| files::write_whole(&path, text.as_bytes()))
                    .map_err(|why| why.to_string())?;
                Ok(path.display().to_string())
            }),
            greeting: if ground.is_practice() {
                "practice estate: nothing here is real".to_owned()
            } else {
                String::new()
            },
        },
    );
    if let Some(here) = here {
        let says = here.end();
        if !says.is_empty() {
            let _ = writeln!(io::stderr(), "holdpoint: {}", shown(&says));
        }
    }
    ran?;
    Ok(Code::Done)
}

/// Without an estate file: the practice estate. Where a real store exists it asks first, so that
/// nobody practises on what they think is real.
fn choose_practice(common: &mut Common) -> Result<Option<Code>> {
    if common.practice
        || !matches!(Ground::find(common), Err(Unread::None(ref stop)) if stop.word == "no-estate")
    {
        return Ok(None);
    }
    let home = compose::home_of(common)?;
    if home.database().exists() {
        let mut err = io::stderr();
        writeln!(
            err,
            "There is no estate file here, and {} has the store of a real one.",
            Safe::from(home.folder())
        )?;
        if !io::stdin().is_terminal() {
            writeln!(
                err,
                "Name the file with --estate, or add --practice for the practice estate."
            )?;
            return Ok(Some(Code::Wrong));
        }
        write!(
            err,
            "Type  practice  to open the practice estate (anything else leaves): "
        )?;
        err.flush()?;
        let mut line = String::new();
        io::stdin().read_line(&mut line)?;
        if line.trim() != "practice" {
            return Ok(Some(Code::Wrong));
        }
    }
    common.practice = true;
    Ok(None)
}

fn sandbox(args: run::Args) -> Result<Code> {
    // One that keeps its world was started for an engine and outlives it.
    if args.state.is_some() {
        detach::leave();
    }
    runtime()?.block_on(async {
        let mut out = io::stdout();
        run::run(args, Real::shared(), |line| {
            let _ = writeln!(out, "{}", shown(line)).and_then(|()| out.flush());
        })
        .await
    })?;
    Ok(Code::Done)
}

fn engine(common: &Common, args: &EngineArgs) -> Result<Code> {
    let detached = args.store_home.is_some();
    if detached {
        detach::leave();
    }
    let home = engine_home(common, args.store_home.clone())?;
    compose::log::begin();
    let mut elected = match process::elect(&home)? {
        Ok(elected) => elected,
        Err(said) => {
            tracing::info!("another engine runs: {said}");
            return Ok(if detached { Code::Done } else { Code::Failed });
        }
    };
    if args.accept_store {
        let doubts = runtime()?.block_on(Sqlite::accept(&home, elected.lock(), Real::shared()))?;
        let mut out = io::stdout();
        for doubt in &doubts {
            writeln!(out, "accepted: {}", shown(&doubt.is()))?;
        }
        let home = Safe::from(home.folder());
        if doubts.is_empty() {
            writeln!(out, "{home}: there was nothing to accept")?;
        } else {
            writeln!(out, "{home}: the next engine goes on with what is there")?;
        }
        return Ok(Code::Done);
    }
    if args.accept_clock {
        let gap = runtime()?.block_on(async {
            let store = Sqlite::engine(&home, elected.lock(), Real::shared()).await?;
            let gap = store.gap();
            store.close_gap().await?;
            store.close().await;
            anyhow::Ok(gap)
        })?;
        let says = if gap.is_some() {
            "the clock is accepted: the next engine goes on with what is due"
        } else {
            "nothing about the clock was in doubt"
        };
        writeln!(io::stdout(), "{says}")?;
        return Ok(Code::Done);
    }
    let left = runtime()?.block_on(async {
        let clients = compose::clients(&home);
        let parts = compose::engine(&home, &mut elected, &clients).await?;
        tracing::info!(
            "engine {} of {}",
            elected.status().version,
            home.folder().display()
        );
        let stay = if detached {
            Stay::WhileNeeded
        } else {
            Stay::UntilTold
        };
        anyhow::Ok(process::serve(parts, clients, &home, &mut elected, stay, told_to_end()).await?)
    })?;
    if left.is_empty() {
        tracing::info!("ended; nothing is unfinished");
    } else {
        tracing::info!("ended; unfinished: {}", left.join("; "));
    }
    Ok(Code::Done)
}

fn serve(common: &Common, args: &ServeArgs) -> Result<Code> {
    let ground = Ground::find(common).map_err(Stop::from)?;
    ground.trusted()?;
    let hosts = compose::serve::hosts(args)?;
    compose::log::begin();
    let left = runtime()?.block_on(compose::serve::serve(
        &ground,
        args.listen,
        hosts,
        told_to_end(),
    ))?;
    if left.is_empty() {
        tracing::info!("ended; nothing is unfinished");
    } else {
        tracing::info!("ended; unfinished: {}", left.join("; "));
    }
    Ok(Code::Done)
}

/// The home of the store that an engine works for.
fn engine_home(common: &Common, store_home: Option<PathBuf>) -> Result<Home> {
    if let Some(folder) = store_home {
        return Ok(Home::open(Some(&folder))?);
    }
    let home = compose::home_of(common)?;
    Ok(if common.practice {
        home.practice()?
    } else {
        home
    })
}

/// Ends at the first signal that asks this process to end.
async fn told_to_end() {
    use tokio::signal::unix::{SignalKind, signal};
    let (term, int) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    );
    match (term, int) {
        (Ok(mut term), Ok(mut int)) => {
            tokio::select! {
                _ = term.recv() => {}
                _ = int.recv() => {}
            }
        }
        // Without a way to hear signals the process ends by them as any other does.
        (Ok(_) | Err(_), _) => std::future::pending().await,
    }
}
