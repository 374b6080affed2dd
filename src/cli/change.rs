//! The words of the verbs that change something, and their guard.

use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueEnum};

use super::chosen::Chosen;

/// The guard of what changes something, and what happens after.
#[derive(Debug, Clone, Default, Args)]
pub struct Guard {
    /// What must be typed, as the card says
    #[arg(long, value_name = "TEXT", requires = "subject")]
    pub confirm: Option<String>,
    /// The subject of the card that was read (64 hex digits, from `plan --json`)
    #[arg(long, value_name = "DIGEST")]
    pub subject: Option<String>,
    /// Why; asked for at level 4
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Wait for the end; returns 3 as soon as only a person can move it
    #[arg(long)]
    pub wait: bool,
    /// With --wait: keep waiting while a person decides
    #[arg(long, requires = "wait")]
    pub through_holds: bool,
}

/// `deploy`.
#[derive(Debug, Args)]
pub struct DeployArgs {
    /// environment/application
    #[arg(value_name = "STACK", required_unless_present = "all")]
    pub stack: Option<String>,
    /// All stacks of an environment, in the order of `depends_on`
    #[arg(long, value_name = "ENV", conflicts_with_all = ["stack", "release"])]
    pub all: Option<String>,
    /// An earlier release, by its name
    #[arg(long, value_name = "R")]
    pub release: Option<String>,
    /// An application file, in place of the configured one
    #[arg(long, value_name = "FILE", conflicts_with_all = ["all", "release"])]
    pub application: Option<PathBuf>,
    /// What is chosen beside the release.
    #[command(flatten)]
    pub chosen: Chosen,
    /// The guard.
    #[command(flatten)]
    pub guard: Guard,
}

/// `publish`.
#[derive(Debug, Args)]
pub struct PublishArgs {
    /// environment/application
    #[arg(value_name = "SITE")]
    pub site: String,
    /// The zip archive of its built files, with index.html at the top
    #[arg(value_name = "FILE.zip")]
    pub archive: PathBuf,
    /// What the release is called; it stands for these files for ever
    #[arg(long, value_name = "V")]
    pub version: String,
    /// The guard.
    #[command(flatten)]
    pub guard: Guard,
}

/// `parameter`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("change").required(true)))]
pub struct ParameterArgs {
    /// environment/application
    #[arg(value_name = "SITE")]
    pub site: String,
    /// The name of the parameter, which is that of the variable
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Where its value is, for the engine: `file:/whole/path` or `env:VARIABLE`
    #[arg(long, value_name = "REFERENCE", group = "change")]
    pub from: Option<String>,
    /// Delete it
    #[arg(long, group = "change")]
    pub delete: bool,
    /// The guard.
    #[command(flatten)]
    pub guard: Guard,
}

/// A verb on one stack.
#[derive(Debug, Args)]
pub struct StackArgs {
    /// environment/application
    #[arg(value_name = "STACK")]
    pub stack: String,
    /// What is chosen beside the release.
    #[command(flatten)]
    pub chosen: Chosen,
    /// The guard.
    #[command(flatten)]
    pub guard: Guard,
}

/// A verb on a stack's deployment, or on one by its number.
#[derive(Debug, Args)]
pub struct TargetArgs {
    /// environment/application, or a deployment (#12)
    #[arg(value_name = "STACK")]
    pub target: String,
    /// The guard.
    #[command(flatten)]
    pub guard: Guard,
}

/// `cancel`.
#[derive(Debug, Args)]
pub struct CancelArgs {
    /// environment/application, or a deployment (#12)
    #[arg(value_name = "STACK")]
    pub target: String,
    /// Give up on a cancel that has not ended for 10 minutes: something may still be running
    #[arg(long)]
    pub abandon: bool,
    /// The guard.
    #[command(flatten)]
    pub guard: Guard,
}

/// `undo`.
#[derive(Debug, Args)]
pub struct UndoArgs {
    /// environment/application, or a deployment (#12)
    #[arg(value_name = "STACK")]
    pub target: String,
    /// Wait until it has ended
    #[arg(long)]
    pub wait: bool,
}

/// `rollback`.
#[derive(Debug, Args)]
pub struct RollbackArgs {
    /// environment/application
    #[arg(value_name = "STACK")]
    pub stack: String,
    /// The deployment whose release it shall be (#12)
    #[arg(long, value_name = "NO")]
    pub to: Option<String>,
    /// The guard.
    #[command(flatten)]
    pub guard: Guard,
}

/// A way out of a broken stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum WayOut {
    /// Repair the real stack by the plan that its status asks for.
    Recover,
    /// The failed deployment again.
    Retry,
    /// The last good release again.
    LastGood,
    /// Nothing is done: the queue goes on.
    Free,
    /// A step that nobody can tell of ended well.
    Done,
    /// A step that nobody can tell of failed.
    Failed,
}

/// `unblock`.
#[derive(Debug, Args)]
pub struct UnblockArgs {
    /// environment/application
    #[arg(value_name = "STACK")]
    pub stack: String,
    /// The way out; the usual one when not named. How a step ended that nobody can tell of has none
    #[arg(long, value_enum)]
    pub way: Option<WayOut>,
    /// What is chosen for a recovery.
    #[command(flatten)]
    pub chosen: Chosen,
    /// The guard.
    #[command(flatten)]
    pub guard: Guard,
}

/// `freeze`.
#[derive(Debug, Args)]
pub struct FreezeArgs {
    /// environment/application, or an environment
    #[arg(value_name = "STACK")]
    pub target: String,
    /// Why; everybody sees it
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// For how long (90s, 10m, 24h, 7d); until it is thawed when not given
    #[arg(long = "for", value_name = "TIME")]
    pub time: Option<String>,
}

/// `thaw`.
#[derive(Debug, Args)]
pub struct ThawArgs {
    /// environment/application, or an environment
    #[arg(value_name = "STACK")]
    pub target: String,
    /// The guard.
    #[command(flatten)]
    pub guard: Guard,
}

/// `approve`.
#[derive(Debug, Args)]
pub struct ApproveArgs {
    /// The hold, as `holds` prints it
    #[arg(value_name = "HOLD")]
    pub hold: String,
    /// Which way, where the hold offers several
    #[arg(long, value_name = "NAME")]
    pub choice: Option<String>,
    /// The guard.
    #[command(flatten)]
    pub guard: Guard,
}

/// `reject`.
#[derive(Debug, Args)]
pub struct RejectArgs {
    /// The hold, as `holds` prints it
    #[arg(value_name = "HOLD")]
    pub hold: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}
