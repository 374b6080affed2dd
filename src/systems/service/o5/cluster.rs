//! o5 clusters and environments: where applications run. One file may hold a cluster with all of its
//! environments, or each stands in one of its own.

mod environment;

pub(super) use environment::read_environment;

use std::collections::BTreeMap;

use uuid::{Uuid, uuid};

use crate::systems::message::{Message, Reading, Word};
use crate::text::diagnostic::closest;
use crate::text::document::Node;

/// A cluster.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Cluster {
    /// Its name.
    pub(super) name: Word,
    /// The VPC.
    pub(super) vpc: String,
    /// The AWS account.
    pub(super) account: Word,
    /// The region.
    pub(super) region: Word,
    /// What ends the names of buckets, so that they are the only ones of all accounts.
    pub(super) namespace: String,
    /// The listener of the load balancer.
    pub(super) listener: Option<String>,
    /// The load balancer's security group.
    pub(super) listener_group: Option<String>,
    /// The image of the sidecar, without its version.
    pub(super) sidecar: String,
    /// The version of the sidecar.
    pub(super) sidecar_version: String,
    /// The event bus.
    pub(super) bus: Option<String>,
    /// The ECS cluster.
    pub(super) ecs: String,
    /// The role by which ECS starts tasks.
    pub(super) execution_role: String,
    /// The registry of images that name none.
    pub(super) registry: String,
    /// Subnets of tasks; none where tasks are in the network of their machine.
    pub(super) subnets: Vec<String>,
    /// Security groups that every task has.
    pub(super) groups: Vec<String>,
    /// Servers of databases.
    pub(super) servers: Vec<Server>,
}

/// A server of databases.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Server {
    /// The group that applications name.
    pub(super) group: Word,
    /// The security group of those who reach it.
    pub(super) client_group: Option<String>,
    /// Its id at RDS.
    pub(super) identifier: String,
    /// Its host.
    pub(super) endpoint: String,
    /// Its port.
    pub(super) port: u32,
    /// How it lets in whom.
    pub(super) auth: Auth,
}

/// How a server lets in who makes databases there.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Auth {
    /// By a token of IAM.
    Iam {
        /// The user.
        user: String,
        /// The database that it connects to.
        database: Option<String>,
    },
    /// By what a secret holds.
    Secret(String),
}

/// An environment.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Environment {
    /// Its full name.
    pub(super) name: Word,
    /// The cluster that it says it is of.
    pub(super) cluster: Option<Word>,
    /// Whose tokens are trusted.
    pub(super) jwks: Vec<String>,
    /// Variables.
    pub(super) variables: BTreeMap<String, String>,
    /// Who may ask from a browser.
    pub(super) origins: Vec<String>,
    /// The host of its routes.
    pub(super) host: Option<String>,
    /// Full names of other environments, by the name that applications use.
    pub(super) links: BTreeMap<String, String>,
    /// Policies by name.
    pub(super) policies: BTreeMap<String, String>,
}

/// The image of the sidecar where a cluster names none.
const SIDECAR: &str = "ghcr.io/pentops/o5-runtime-sidecar";
/// What may be written over a cluster's own word.
pub(in crate::systems::service) const OVERRIDES: [&str; 1] = ["sidecarImageVersion"];

const OF_ENVIRONMENTS: Uuid = uuid!("0d783718-f8fd-4543-ae3d-6382ab0b8178");
const OF_CLUSTERS: Uuid = uuid!("9b3ac0ab-4414-4e6f-b1e9-20300d2d8ce3");

/// Whether an id is the one that o5 derives from the full name of an environment.
pub(in crate::systems::service) fn is_environment(id: &str, name: &str) -> bool {
    id != name && means(id, name, OF_ENVIRONMENTS)
}

/// Whether `asked` means what is called `name`: by its name, or by the id that o5 derives from it.
fn means(asked: &str, name: &str, namespace: Uuid) -> bool {
    asked == name
        || asked
            .parse::<Uuid>()
            .is_ok_and(|id| id == Uuid::new_v5(&namespace, name.as_bytes()))
}

impl Environment {
    /// Whether it is meant, by its full name or its id.
    pub(super) fn is(&self, asked: &str) -> bool {
        means(asked, self.name.as_str(), OF_ENVIRONMENTS)
    }

    /// Whether it is one of this cluster, as far as it says.
    pub(super) fn is_of(&self, cluster: &Cluster) -> bool {
        self.cluster
            .as_ref()
            .is_none_or(|said| means(said.as_str(), cluster.name.as_str(), OF_CLUSTERS))
    }
}

impl Cluster {
    /// Writes over the cluster's own words; nothing (null) leaves them. The keys that cannot be
    /// written over are given back, each with the nearest that can.
    pub(super) fn overridden(
        &mut self,
        overrides: &BTreeMap<String, Option<String>>,
    ) -> Vec<(String, Option<&'static str>)> {
        let mut unknown = Vec::new();
        for (key, value) in overrides {
            if !OVERRIDES.contains(&key.as_str()) {
                unknown.push((key.clone(), closest(key, OVERRIDES)));
            } else if let Some(value) = value {
                self.sidecar_version.clone_from(value);
            }
        }
        unknown
    }

    /// The whole reference of the sidecar's image.
    pub(super) fn sidecar_image(&self) -> String {
        format!("{}:{}", self.sidecar, self.sidecar_version)
    }

    /// The server of a group.
    pub(super) fn server(&self, group: &str) -> Option<&Server> {
        self.servers.iter().find(|one| one.group.as_str() == group)
    }
}

fn plain(word: Option<Word>) -> String {
    word.map(|word| word.text).unwrap_or_default()
}

fn plainly(words: Vec<Word>) -> Vec<String> {
    words.into_iter().map(|word| word.text).collect()
}

/// A cluster, and the environments that stand in its file.
pub(super) fn read_cluster(
    root: &Node,
    reading: &mut Reading<'_>,
) -> Option<(Cluster, Vec<Environment>)> {
    let mut m = Message::of(root, "the cluster", reading)?;
    let name = m.needed("name", reading)?;
    m.called(format!("the cluster {}", name.text));
    let mut cluster = Cluster {
        name,
        ..Cluster::default()
    };
    if let Some(at) = m.place("ecs_cluster") {
        m.get("ecs_cluster", reading);
        let says = "ecs_cluster stands at the top: that is the form of an earlier o5";
        reading.say(at, says, "write its parts below aws");
    }
    match m.message("aws", reading) {
        Some(own) => aws(own, &mut cluster, reading),
        None if reading.found.is_empty() => {
            let says = format!("{} says no aws: where it is", m.what());
            reading.say(m.at, says, "");
        }
        None => {}
    }
    let environments = m.messages("environments", reading);
    let environments = environments
        .into_iter()
        .filter_map(|m| environment::environment(m, reading))
        .collect();
    m.end(reading);
    Some((cluster, environments))
}

fn aws(mut m: Message<'_>, cluster: &mut Cluster, reading: &mut Reading<'_>) {
    cluster.vpc = plain(m.needed("vpc_id", reading));
    cluster.account = m.needed("aws_account", reading).unwrap_or_default();
    let account = &cluster.account;
    let is_one = account.text.len() == 12 && account.text.bytes().all(|b| b.is_ascii_digit());
    if !is_one && !account.text.is_empty() {
        let says = format!("{:?} is no account of AWS", account.text);
        reading.say(
            account.at,
            says,
            "its number has 12 digits: write it in quotes",
        );
    }
    cluster.region = m.needed("aws_region", reading).unwrap_or_default();
    cluster.namespace = plain(m.needed("global_namespace", reading));
    if let Some(mut m) = m.message("o5_deployer", reading) {
        let why =
            "the role that deploys is role_arn below aws of the environment in the estate file";
        m.unrendered("assume_role_arn", why, reading);
        m.end(reading);
    }
    if let Some(mut m) = m.message("alb_ingress", reading) {
        cluster.listener = m.arn("listener_arn", reading).map(|word| word.text);
        cluster.listener_group = m.text("security_group_id", reading).map(|word| word.text);
        m.end(reading);
    }
    let at = m.at;
    if let Some(mut m) = m.message("o5_sidecar", reading) {
        cluster.sidecar_version = plain(m.needed("image_version", reading));
        let repo = m.text("image_repo", reading);
        cluster.sidecar = repo.map_or_else(|| SIDECAR.to_owned(), |word| word.text);
        m.end(reading);
    } else {
        let says = format!("{} says no o5_sidecar: which version of it runs", m.what());
        reading.say(at, says, "write o5_sidecar: { image_version: VERSION }");
    }
    if let Some(mut m) = m.message("event_bridge", reading) {
        cluster.bus = m.arn("event_bus_arn", reading).map(|word| word.text);
        m.end(reading);
    }
    if let Some(mut m) = m.message("ecs_cluster", reading) {
        cluster.ecs = plain(m.needed("cluster_name", reading));
        cluster.execution_role = plain(m.needed("task_execution_role", reading));
        cluster.registry = plain(m.text("default_registry", reading));
        cluster.subnets = plainly(m.texts("subnet_ids", reading));
        cluster.groups = plainly(m.texts("security_group_ids", reading));
        let base = m.text("base_security_group_id", reading);
        cluster.groups.extend(base.map(|word| word.text));
        m.end(reading);
    } else {
        let says = format!("{} says no ecs_cluster: where tasks run", m.what());
        reading.say(at, says, "");
    }
    let servers = m.messages("rds_hosts", reading);
    cluster.servers = servers
        .into_iter()
        .filter_map(|m| server(m, reading))
        .collect();
    for (n, server) in cluster.servers.iter().enumerate() {
        let is_same = |other: &Server| other.group.text == server.group.text;
        if cluster.servers[..n].iter().any(is_same) {
            let says = format!(
                "there are two server groups of the name {:?}",
                server.group.text
            );
            reading.say(server.group.at, says, "give one of them another name");
        }
    }
    m.end(reading);
}

fn server(mut m: Message<'_>, reading: &mut Reading<'_>) -> Option<Server> {
    let group = m.needed("server_group_name", reading)?;
    m.called(format!("the server group {}", group.text));
    let client_group = m.text("client_security_group_id", reading);
    let (identifier, endpoint) = (
        plain(m.text("identifier", reading)),
        plain(m.needed("endpoint", reading)),
    );
    let port = m.number("port", 1..=65535, reading).unwrap_or(5432);
    let at = m.at;
    let auth = if let Some(m) = m.message("auth", reading) {
        auth(m, reading)
    } else {
        let says = format!("{} says no auth", m.what());
        let hint = "iam: { db_user } or secrets_manager: { secretName }";
        reading.say(at, says, hint);
        None
    };
    m.end(reading);
    Some(Server {
        group,
        client_group: client_group.map(|word| word.text),
        identifier,
        endpoint,
        port,
        auth: auth?,
    })
}

fn auth(mut m: Message<'_>, reading: &mut Reading<'_>) -> Option<Auth> {
    m.exactly_one(&["iam", "secrets_manager"], true, reading);
    let (iam, secret) = (
        m.message("iam", reading),
        m.message("secrets_manager", reading),
    );
    m.end(reading);
    if let Some(mut m) = iam {
        let user = m.needed("db_user", reading);
        let database = m.text("db_name", reading).map(|word| word.text);
        m.end(reading);
        return user.map(|user| Auth::Iam {
            user: user.text,
            database,
        });
    }
    let mut m = secret?;
    let name = m.needed("secret_name", reading);
    m.end(reading);
    name.map(|name| Auth::Secret(name.text))
}
