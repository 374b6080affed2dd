//! An o5 application file: what is to run.

mod read;

pub(super) use read::read;

use crate::systems::message::Word;
use crate::text::diagnostic::At;

/// An application.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Application {
    /// Its name: part of the names of everything that is made of it.
    pub(super) name: Word,
    /// Topics that it publishes.
    pub(super) targets: Vec<Word>,
    /// Buckets.
    pub(super) blobstores: Vec<Blobstore>,
    /// Databases.
    pub(super) databases: Vec<Database>,
    /// Secrets whose values people set.
    pub(super) secrets: Vec<Word>,
    /// Whether it is deployed the quick way where nobody says otherwise.
    pub(super) quick: bool,
    /// What runs, each a service.
    pub(super) runtimes: Vec<Runtime>,
}

/// A bucket.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Blobstore {
    /// Its name in the application.
    pub(super) name: Word,
    /// Whose it is.
    pub(super) whose: Whose,
}

/// Whose a bucket is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Whose {
    /// Its own: read and written.
    Own {
        /// Whether it tells of its changes.
        tells: bool,
    },
    /// That of another application of the same environment.
    Application(String, Access),
    /// One by its whole name.
    Bucket(String, Access),
}

/// What may be done in a bucket of somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Read.
    Read,
    /// Write.
    Write,
    /// Both.
    Both,
}

/// A Postgres database.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Database {
    /// Its name in the application.
    pub(super) name: Word,
    /// The last part of its name on the server.
    pub(super) suffix: Word,
    /// The group of servers where it is.
    pub(super) group: Word,
    /// Extensions.
    pub(super) extensions: Vec<Word>,
    /// What migrates it.
    pub(super) migrate: Option<Container>,
    /// Whether the sidecar sends what its outbox holds.
    pub(super) outbox: bool,
    /// Whether what it holds may wait there for its time.
    pub(super) delayable: bool,
}

/// What runs as one service.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Runtime {
    /// Its name.
    pub(super) name: Word,
    /// Whether requests reach its containers without the sidecar.
    pub(super) direct: bool,
    /// Containers, at least one.
    pub(super) containers: Vec<Container>,
    /// Routes of the load balancer.
    pub(super) routes: Vec<Route>,
    /// What it is told of.
    pub(super) subscriptions: Vec<Subscription>,
    /// How the sidecar works on messages.
    pub(super) worker: Worker,
    /// Policies that its environment names.
    pub(super) policies: Vec<Word>,
}

/// How the sidecar works on messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Worker {
    /// How many of a hundred messages come twice.
    pub(super) replay: u32,
    /// How many of a hundred are told as dead.
    pub(super) dead: u32,
    /// Whether dead letters are not sent.
    pub(super) no_dead_letters: bool,
}

/// A container.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Container {
    /// Its name.
    pub(super) name: Word,
    /// Its image.
    pub(super) image: Image,
    /// Its command.
    pub(super) command: Vec<String>,
    /// How much it is given.
    pub(super) demand: Demand,
    /// Whether it sees the socket of docker.
    pub(super) docker: bool,
    /// Its environment.
    pub(super) variables: Vec<Variable>,
}

/// An image.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Image {
    /// By its whole reference.
    Url(String),
    /// By its name.
    Named {
        /// The name.
        name: String,
        /// The tag; the version of the deployment where none is written.
        tag: Option<String>,
        /// The registry; that of the cluster where none is written.
        registry: Option<String>,
    },
}

impl Default for Image {
    fn default() -> Self {
        Image::Url(String::new())
    }
}

/// How much of a machine a container is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Demand {
    /// An eighth of a core, 256 MiB.
    #[default]
    Light,
    /// A quarter of a core, 512 MiB.
    Medium,
    /// Half a core, 1 GiB.
    Heavy,
}

impl Demand {
    /// Units of a core (1024 are one), and MiB of memory.
    pub(super) fn size(self) -> (u32, u32) {
        match self {
            Demand::Light => (128, 256),
            Demand::Medium => (256, 512),
            Demand::Heavy => (512, 1024),
        }
    }
}

/// A variable of a container's environment.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Variable {
    /// Its name.
    pub(super) name: Word,
    /// What it is.
    pub(super) is: Is,
}

/// What a variable is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Is {
    /// This text.
    Value(String),
    /// How a database is reached.
    Database(Word),
    /// The address of a bucket, or of what is below a path in it.
    Blobstore(Word, Option<String>),
    /// A variable of the environment.
    Environment(Word),
    /// A part of a secret.
    Secret(Word, Word),
    /// Where the sidecar is reached.
    Adapter,
}

/// A route of the load balancer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Route {
    /// How the path begins.
    pub(super) prefix: String,
    /// Where it stands.
    pub(super) at: At,
    /// Before the environment's host.
    pub(super) subdomains: Vec<Word>,
    /// How it speaks.
    pub(super) protocol: Protocol,
    /// Which container; the first where none is written.
    pub(super) container: Option<Word>,
    /// Whether requests reach the container without the sidecar.
    pub(super) bypass: bool,
    /// The container's port.
    pub(super) port: u32,
    /// When it is tried.
    pub(super) group: Group,
}

/// How a route speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Protocol {
    /// HTTP.
    Http,
    /// gRPC.
    Grpc,
}

/// When a route is tried, among all of its listener.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Default,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub(in crate::systems::service) enum Group {
    /// Before the others.
    First,
    /// As usual.
    #[default]
    Normal,
    /// After the others.
    Fallback,
}

/// What a runtime is told of.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Subscription {
    /// What of.
    pub(super) topic: Topic,
    /// From which environment.
    pub(super) from: From,
    /// Which container; the first where none is written.
    pub(super) container: Option<Word>,
    /// The container's port.
    pub(super) port: u32,
}

/// Where what is told comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum From {
    /// The same environment.
    Here,
    /// One that the environment links, by the name that it has there.
    Linked(String, At),
    /// Every one of the cluster.
    Everywhere,
}

/// What is told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Topic {
    /// A topic of the cluster, over SNS.
    Infra(String),
    /// Every message of a kind: events or upserts.
    Global(&'static str),
    /// A topic by its name.
    Named(String),
    /// A gRPC service.
    Service(String),
    /// A method of one.
    Method(String, String),
}
