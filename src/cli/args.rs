//! The words of the command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::domain::lifecycles;

pub(super) use super::change::{
    ApproveArgs, CancelArgs, DeployArgs, FreezeArgs, Guard, ParameterArgs, PublishArgs, RejectArgs,
    RollbackArgs, StackArgs, TargetArgs, ThawArgs, UnblockArgs, UndoArgs, WayOut,
};
pub(super) use super::chosen::Chosen;

/// Watch deployments live, redeploy or tear down with one key, approve what is dangerous.
///
/// Without a verb: the console. Without an estate file: the practice estate over the embedded
/// cloud. Exit codes: 0 done, 1 failed, 2 wrong use or configuration, 3 held, rejected, cancelled
/// or expired, 4 contact lost. Settings, keys and themes of your own: settings.yaml, keymap.yaml
/// and themes/ in ~/.config/holdpoint (`holdpoint doctor` names the folder).
#[derive(Debug, Parser)]
#[command(name = "holdpoint", version, max_term_width = 110)]
pub struct Program<S: Args> {
    /// Everywhere.
    #[command(flatten)]
    pub common: Common,
    /// The verb.
    #[command(subcommand)]
    pub verb: Option<Verb<S>>,
}

/// What every verb takes.
#[derive(Debug, Clone, Default, Args)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub struct Common {
    /// The estate file; naming it is trusting it
    #[arg(long, global = true, value_name = "FILE", env = "HOLDPOINT_ESTATE")]
    pub estate: Option<PathBuf>,
    /// The data folder (store, locks, logs)
    #[arg(long, global = true, value_name = "DIR", env = "HOLDPOINT_HOME")]
    pub home: Option<PathBuf>,
    /// The store, when it is not in the data folder: sqlite:DIR
    #[arg(long, global = true, value_name = "URL", env = "HOLDPOINT_STORE")]
    pub store: Option<String>,
    /// The practice estate over the embedded cloud
    #[arg(long, global = true, conflicts_with = "estate")]
    pub practice: bool,
    /// Print one JSON document (docs/json.md)
    #[arg(long, global = true)]
    pub json: bool,
    /// Plain words: no colours, one line per event
    #[arg(long, global = true)]
    pub plain: bool,
    /// The console's theme: auto (by the background), dark, light, colour-blind, sixteen, mono, or
    /// a file of the themes folder
    #[arg(long, global = true, value_name = "NAME", env = "HOLDPOINT_THEME")]
    pub theme: Option<String>,
    /// Run an engine inside this command instead of a detached one; it works everything in the
    /// store while it lives
    #[arg(long, global = true)]
    pub here: bool,
}

/// The verbs. `S` is what `sandbox` takes.
#[derive(Debug, Subcommand)]
pub enum Verb<S: Args> {
    /// Check the estate file and its files: every error at once
    Check,
    /// Print the JSON Schema of the estate file
    Schema,
    /// Print the files that a system makes of those of a stack: a CloudFormation template, Terraform
    Render(RenderArgs),
    /// Print the parts of an application, and what comes after what
    Graph(GraphArgs),
    /// Pin the newest versions in the files of an application, or another one, with the commits between
    Update(UpdateArgs),
    /// Trust the estate file for the accounts, ways in and commands that it names
    Trust,
    /// Look at everything this program needs, and say what is wrong
    Doctor,
    /// Record the environments as the estate file says
    Apply(Guard),
    /// List stacks by environment, the ones in need first
    Ls(LsArgs),
    /// Show a stack, a deployment (#12) or a hold (#12.scale-down.1)
    Show(ShowArgs),
    /// Show what would happen: the card, its level, its subject and what must be typed
    Plan(PlanArgs),
    /// The log as sentences, newest last
    Events(EventsArgs),
    /// What people did, newest last
    Audit(EventsArgs),
    /// Messages of queues that were set aside: why, and what to do
    Aside,
    /// Draw the lifecycle of stacks or deployments
    Diagram(DiagramArgs),
    /// Deploy what the estate says, or an earlier release
    Deploy(DeployArgs),
    /// Publish the built files of a site from a zip archive
    Publish(PublishArgs),
    /// Put or delete a parameter of a site's builds; its value is read where a reference says
    Parameter(ParameterArgs),
    /// Deploy again what the stack had last
    Redeploy(StackArgs),
    /// Deploy the last good release before the one in service
    Rollback(RollbackArgs),
    /// Remove a stack
    Teardown(StackArgs),
    /// End a deployment that waits or runs
    Cancel(CancelArgs),
    /// Withdraw what is still ARMED, or what only waits in a queue: nothing of it has started
    Undo(UndoArgs),
    /// Deploy a failed deployment again, and do what is left of it
    Retry(TargetArgs),
    /// Open a way out of a broken stack
    Unblock(UnblockArgs),
    /// Stop a queue
    Freeze(FreezeArgs),
    /// Let a queue go on
    Thaw(ThawArgs),
    /// List what waits for a person
    Holds,
    /// Approve a hold for exactly what it shows
    Approve(ApproveArgs),
    /// Reject a hold
    Reject(RejectArgs),
    /// Log lines and events of a stack, a deployment (#12) or a log group
    Logs(LogsArgs),
    /// Run an engine in the foreground
    Engine(EngineArgs),
    /// Run an engine for good, and listen to what git hosts tell (docs/operating.md)
    Serve(ServeArgs),
    /// The embedded cloud, to try, practise and test with
    Sandbox(S),
    /// Keeps one running command; engines start it
    #[command(hide = true)]
    Keep {
        /// The folder of the attempt
        folder: PathBuf,
    },
}

/// `ls`.
#[derive(Debug, Args)]
pub struct LsArgs {
    /// Only this environment
    pub environment: Option<String>,
}

/// `render`.
#[derive(Debug, Args)]
pub struct RenderArgs {
    /// The stack: ENVIRONMENT/APPLICATION, or one PART of it; an application of parts means all
    pub stack: String,
    /// Only this file
    pub file: Option<String>,
    /// Write the files into this folder
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// `update`.
#[derive(Debug, Args)]
pub struct UpdateArgs {
    /// ENVIRONMENT/APPLICATION
    pub stack: String,
    /// Of this component alone
    pub component: Option<String>,
    /// To this version, also an older one
    #[arg(requires = "component")]
    pub version: Option<String>,
    /// Write nothing
    #[arg(long)]
    pub check: bool,
}

/// `graph`.
#[derive(Debug, Args)]
pub struct GraphArgs {
    /// ENVIRONMENT/APPLICATION
    pub stack: String,
    /// As what
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// `show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// environment/application, #12, or #12.step.1
    #[arg(value_name = "X")]
    pub what: String,
}

/// `plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// environment/application, or a deployment for cancel and retry
    #[arg(value_name = "STACK")]
    pub target: String,
    /// What would be done
    #[arg(long = "for", value_name = "VERB", value_enum, default_value_t = For::Deploy)]
    pub verb: For,
    /// An earlier release, by its name
    #[arg(long, value_name = "R")]
    pub release: Option<String>,
    /// An application file, in place of the configured one, for deploy
    #[arg(long, value_name = "FILE", conflicts_with = "release")]
    pub application: Option<PathBuf>,
    /// The way out, for unblock
    #[arg(long, value_enum)]
    pub way: Option<WayOut>,
    /// What is chosen beside the release.
    #[command(flatten)]
    pub chosen: Chosen,
}

/// What a plan may be for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum For {
    /// What the estate says.
    Deploy,
    /// What the stack had last.
    Redeploy,
    /// The last good release.
    Rollback,
    /// Remove it.
    Teardown,
    /// End what waits or runs.
    Cancel,
    /// The failed one again.
    Retry,
    /// A way out.
    Unblock,
    /// Let the queue go on.
    Thaw,
}

/// `events` and `audit`.
#[derive(Debug, Args)]
pub struct EventsArgs {
    /// Only this environment, stack or deployment
    #[arg(value_name = "X")]
    pub what: Option<String>,
    /// How many at most
    #[arg(long, short = 'n', value_name = "N", default_value_t = 50,
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub limit: u32,
}

/// `diagram`.
#[derive(Debug, Args)]
pub struct DiagramArgs {
    /// Which lifecycle
    #[arg(value_enum)]
    pub of: DiagramOf,
    /// As what
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Of which kind of stack
    #[arg(long = "of", alias = "system", value_parser = systems(), default_value = lifecycles::OF_SYSTEMS[0].0)]
    pub system: String,
}

/// Every system that has a lifecycle.
fn systems() -> PossibleValuesParser {
    lifecycles::OF_SYSTEMS
        .iter()
        .map(|(name, _)| *name)
        .collect::<Vec<_>>()
        .into()
}

/// Which lifecycle is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DiagramOf {
    /// Of stacks.
    Stack,
    /// Of deployments.
    Deployment,
}

/// As what it is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// The map.
    Text,
    /// Mermaid.
    Mermaid,
    /// Graphviz.
    Dot,
}

/// `logs`.
#[derive(Debug, Args)]
pub struct LogsArgs {
    /// environment/application, a deployment (#12), or a log group that a stack watches
    #[arg(value_name = "TARGET")]
    pub target: String,
    /// Follow, and say on standard error when a tail is cut, sampled or behind
    #[arg(short, long)]
    pub follow: bool,
    /// Only lines since then, of everything that is kept: a duration (10m) or a time
    /// (2026-03-12T14:00:00Z); the newest 5,000 when absent
    #[arg(long, value_name = "T")]
    pub since: Option<String>,
    /// Only lines that match this regular expression, of everything that is kept
    #[arg(long, value_name = "RE")]
    pub grep: Option<String>,
}

/// `engine`.
#[derive(Debug, Args)]
pub struct EngineArgs {
    /// The folder of the store itself: work in the background, and end when there is no work and
    /// nobody looks
    #[arg(long, hide = true, value_name = "DIR")]
    pub store_home: Option<PathBuf>,
    /// Accept the store as it is (moved to another disk, brought back from a backup, a part of it
    /// lost), and end
    #[arg(long)]
    pub accept_store: bool,
    /// The clock of this machine is right although it went on by more than is known to have passed:
    /// say so to the store, and end
    #[arg(long, conflicts_with = "accept_store")]
    pub accept_clock: bool,
}

/// `serve`. A secret is named where it is (`env:NAME`, `file:/whole/path`), never written here.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// The address to listen on, in clear: what comes from elsewhere passes a proxy that speaks TLS
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8420")]
    pub listen: SocketAddr,
    /// Where the secret is by which GitHub signs its webhooks
    #[arg(long, value_name = "REF")]
    pub github_secret: Option<String>,
    /// Where the secret token is that GitLab sends with its webhooks
    #[arg(long, value_name = "REF")]
    pub gitlab_secret: Option<String>,
    /// Where the secret is by which Bitbucket signs the webhooks of repositories
    #[arg(long, value_name = "REF")]
    pub bitbucket_secret: Option<String>,
    /// The key of our app at Bitbucket (Connect); its descriptor stands at
    /// /hooks/bitbucket/descriptor
    #[arg(long, value_name = "KEY", requires = "public_url")]
    pub bitbucket_app: Option<String>,
    /// An installation of the app that is believed, by its client key; the log names new ones
    #[arg(long, value_name = "KEY", requires = "bitbucket_app")]
    pub bitbucket_client: Vec<String>,
    /// The address by which this is reached from elsewhere, `https://HOST/PATH`
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
    /// Where the token is by which metrics are read from other machines
    #[arg(long, value_name = "REF")]
    pub read_token: Option<String>,
}
