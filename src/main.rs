//! The program: names the concrete parts and puts them together.

use std::io::Write as _;

use anyhow::Result;
use clap::{Parser, Subcommand};
use holdpoint::os::clock::Real;
use holdpoint::sandbox::run;

/// Watch deployments live, redeploy or tear down with one key, approve what is dangerous.
#[derive(Parser)]
#[command(name = "holdpoint", version)]
struct Program {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// The embedded cloud, to try, practise and test with
    Sandbox(run::Args),
}

#[tokio::main]
async fn main() -> Result<()> {
    match Program::parse().verb {
        Verb::Sandbox(args) => {
            let mut out = std::io::stdout();
            run::run(args, Real::shared(), |line| {
                let _ = writeln!(out, "{line}").and_then(|()| out.flush());
            })
            .await?;
        }
    }
    Ok(())
}
