//! The program: names the concrete parts and puts them together.

mod compose;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use holdpoint::engine::process::{self, Status, Stay};
use holdpoint::os::clock::Real;
use holdpoint::os::detach;
use holdpoint::os::files;
use holdpoint::os::paths::Home;
use holdpoint::os::signals::{self, Told};
use holdpoint::sandbox::run;
use holdpoint::tui;

/// Watch deployments live, redeploy or tear down with one key, approve what is dangerous.
#[derive(Parser)]
#[command(name = "holdpoint", version)]
struct Program {
    /// The estate file; without one the practice estate
    #[arg(long, global = true, value_name = "FILE")]
    estate: Option<PathBuf>,
    /// The folder for stores and state
    #[arg(long, global = true, value_name = "DIR", env = "HOLDPOINT_HOME")]
    home: Option<PathBuf>,
    /// The theme: dark, light, colour-blind, sixteen, mono, or a file of the themes folder; chosen by the background when absent
    #[arg(long, global = true, value_name = "NAME")]
    theme: Option<String>,
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Subcommand)]
enum Verb {
    /// The embedded cloud, to try, practise and test with
    Sandbox(run::Args),
    /// The engine of a store; consoles start it by themselves
    Engine {
        /// The folder of the store itself
        #[arg(long, value_name = "DIR", hide = true)]
        store_home: Option<PathBuf>,
    },
    /// Keeps one running command; engines start it
    #[command(hide = true)]
    Keep {
        /// The folder of the attempt
        folder: PathBuf,
    },
}

fn main() -> Result<ExitCode> {
    let program = Program::parse();
    match program.verb {
        None => console(&program),
        Some(Verb::Sandbox(args)) => {
            detach::leave();
            runtime()?.block_on(async {
                let mut out = std::io::stdout();
                run::run(args, Real::shared(), |line| {
                    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
                })
                .await
            })?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Verb::Engine { store_home }) => engine(store_home, program.home),
        Some(Verb::Keep { folder }) => Ok(holdpoint::exec::process::keep(&folder)),
    }
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().context("the runtime cannot start")
}

fn console(program: &Program) -> Result<ExitCode> {
    let ground = compose::Ground::find(program.estate.as_deref(), program.home.as_deref())?;
    let desk = Arc::new(ground.desk("console", true)?);
    let clock = Real::shared();
    let waking = Arc::clone(&desk);
    // The first frame has real rows: the store is read before the screen is.
    desk.ready(std::time::Duration::from_millis(300));
    let variable = |name: &str| std::env::var(name).ok();
    let config = holdpoint::os::paths::config_folder()?;
    let theme = program.theme.clone().unwrap_or_else(|| if tui::terminal::light(variable) { "light" } else { "dark" }.to_owned());
    let saved = ground.home.folder().join("saved");
    tui::run(
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
            own_theme: own_file(&config.join("themes").join(format!("{theme}.yaml")))?,
            theme,
            depth: tui::terminal::depth(variable),
            glyphs: if tui::terminal::unicode(variable) { tui::glyphs::Glyphs::UNICODE } else { tui::glyphs::Glyphs::ASCII },
            term: variable("TERM").unwrap_or_default(),
            keymap: own_file(&config.join("keymap.yaml"))?,
            save: Arc::new(move |name, text| {
                let path = saved.join(name);
                files::private_folder(&saved).and_then(|()| files::write_whole(&path, text.as_bytes())).map_err(|why| why.to_string())?;
                Ok(path.display().to_string())
            }),
            greeting: if ground.is_practice() { "practice estate: nothing here is real".to_owned() } else { String::new() },
        },
    )?;
    Ok(ExitCode::SUCCESS)
}

/// A file that a person may have: its name and bytes.
fn own_file(path: &Path) -> Result<Option<(String, Vec<u8>)>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some((path.display().to_string(), bytes))),
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(why) => Err(why).with_context(|| format!("{} cannot be read", path.display())),
    }
}

fn engine(store_home: Option<PathBuf>, home: Option<PathBuf>) -> Result<ExitCode> {
    detach::leave();
    let home = Home::open(store_home.or(home).as_deref())?;
    tracing_subscriber::fmt().with_ansi(false).with_max_level(tracing::Level::INFO).with_writer(std::io::stderr).init();
    let status = Status { pid: holdpoint::os::owner::pid(), version: env!("CARGO_PKG_VERSION").to_owned() };
    let lock = match process::elect(&home, &status)? {
        Ok(lock) => lock,
        Err(said) => {
            tracing::info!("another engine runs: {said}");
            return Ok(ExitCode::SUCCESS);
        }
    };
    runtime()?.block_on(async {
        let (parts, clients) = compose::engine(&home, &lock).await?;
        let ended = process::serve(parts, clients, &home, Stay::WhileNeeded, std::future::pending()).await?;
        tracing::info!("ended: {ended:?}");
        anyhow::Ok(())
    })?;
    Ok(ExitCode::SUCCESS)
}
