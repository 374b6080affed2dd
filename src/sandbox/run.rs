//! `holdpoint sandbox`: the embedded cloud as a process of its own, on the machine's clock.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::watch;

use super::{Clock, Options, Running, SandboxError, serve, story};
use crate::domain::time::Time;
use crate::os::clock::SharedClock;

/// How often time goes on.
const BEAT: Duration = Duration::from_millis(100);

/// What the verb says.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// The loopback address to listen on; port 0 takes any free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// The story to play on the practice estate, `empty` for no estate, `list` to see them all
    #[arg(long, value_name = "NAME", default_value = "practice")]
    pub story: String,
    /// The folder that keeps its world across restarts; without it the world ends with the process
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// How many times faster than usual resources are made
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    pub speed: f64,
    /// The seed of all chance
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Really runs the commands of builds of CodeBuild, as processes of this machine and as you
    #[arg(long)]
    pub run_builds: bool,
    /// Ends when nobody has called for so many minutes
    #[arg(long, value_name = "MINUTES")]
    pub until_idle: Option<u32>,
    /// A tag on the stacks of the practice estate, KEY=VALUE
    #[arg(long, value_name = "TAG", value_parser = tag)]
    pub tag: Vec<(String, String)>,
}

/// Runs it until it is idle or the process is stopped; `say` takes lines for a person.
pub async fn run(
    args: Args,
    clock: SharedClock,
    mut say: impl FnMut(&str),
) -> Result<(), SandboxError> {
    if args.story == "list" {
        for (name, about) in story::all() {
            say(&format!("{name:<10} {about}"));
        }
        return Ok(());
    }
    let beat = beat(clock);
    let running = start(&args, beat).await?;
    say(&format!(
        "embedded cloud on {} (story {}, practice only: no signature is checked, nothing is real)",
        running.endpoint(),
        args.story
    ));
    let minutes = args.until_idle.map_or(Duration::MAX, |minutes| {
        Duration::from_secs(60 * u64::from(minutes))
    });
    running.until_idle(minutes).await;
    Ok(())
}

async fn start(args: &Args, beat: watch::Receiver<Time>) -> Result<Running, SandboxError> {
    serve(Options {
        listen: args.listen,
        state: args.state.clone(),
        clock: Clock::Beat(beat),
        pace: args.speed,
        seed: args.seed,
        run_builds: args.run_builds,
        story: Some(args.story.clone()).filter(|story| story != "empty"),
        tags: args.tag.iter().cloned().collect::<BTreeMap<_, _>>(),
        ..Options::default()
    })
    .await
}

/// A beat from a clock; it ends when nobody listens any more.
#[must_use]
pub fn beat(clock: SharedClock) -> watch::Receiver<Time> {
    let (sender, receiver) = watch::channel(clock.now());
    tokio::spawn(async move {
        while sender.send(clock.now()).is_ok() {
            clock.sleep(BEAT).await;
        }
    });
    receiver
}

fn tag(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}
