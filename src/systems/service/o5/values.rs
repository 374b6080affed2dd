//! The values of a built application's parameters in one environment.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::app::{Application, Group};
use super::build::{Built, Parameter, Part, Postgres, Source, WellKnown};
use super::cluster::{Auth, Cluster, Environment, Server};
use crate::systems::message::Reading;
use crate::text::diagnostic::closest;

/// The parameter that holds the version.
pub(in crate::systems::service) const VERSION: &str = "VersionTag";
/// The parameter that holds application and version.
pub(in crate::systems::service) const SOURCE_TAG: &str = "SourceTag";

/// The values of parameters, and what is known only where a deployment is planned.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in crate::systems::service) struct Values {
    /// What is known now.
    pub(in crate::systems::service) known: BTreeMap<String, String>,
    /// Places among the rules of the listener: known by what is there.
    pub(in crate::systems::service) priorities: BTreeMap<String, Group>,
    /// Those that hold the version.
    pub(in crate::systems::service) versions: BTreeSet<String>,
}

/// The values in an environment; what it does not have is told where the application asks for it.
pub(super) fn resolve(
    app: &Application,
    built: &Built,
    cluster: &Cluster,
    environment: &Environment,
    reading: &mut Reading<'_>,
) -> Values {
    let mut values = Values::default();
    let lookup = Lookup {
        app,
        built,
        cluster,
        environment,
    };
    for (name, parameter) in &built.parameters {
        match &parameter.source {
            Source::Version | Source::Tag => {
                values.versions.insert(name.clone());
            }
            Source::Priority(group) => {
                values.priorities.insert(name.clone(), *group);
            }
            Source::Count => {
                values.known.insert(name.clone(), "1".to_owned());
            }
            _ => {
                if let Some(value) = lookup.value(parameter, reading) {
                    values.known.insert(name.clone(), value);
                }
            }
        }
    }
    values
}

/// The name of a database on its server: environment, application and its own.
pub(super) fn database_name(environment: &Environment, app: &str, suffix: &str) -> String {
    let plain = |text: &str| text.replace('-', "_");
    format!(
        "{}_{}_{}",
        plain(environment.name.as_str()),
        plain(app),
        plain(suffix)
    )
}

struct Lookup<'a> {
    app: &'a Application,
    built: &'a Built,
    cluster: &'a Cluster,
    environment: &'a Environment,
}

impl Lookup<'_> {
    fn value(&self, parameter: &Parameter, reading: &mut Reading<'_>) -> Option<String> {
        let at = parameter.at;
        let environment = self.environment.name.as_str();
        let mut lacks = |what: &str, name: &str, all: &mut dyn Iterator<Item = &String>| {
            let all: Vec<&str> = all.map(String::as_str).collect();
            let says = format!("the environment {environment} has no {what} {name:?}");
            let hint = closest(name, all.iter().copied()).map_or_else(
                || format!("add it to the file of {environment}"),
                |near| format!("did you mean {near:?}?"),
            );
            reading.say(at, says, hint);
        };
        match &parameter.source {
            Source::Version | Source::Tag | Source::Priority(_) | Source::Count => None,
            Source::WellKnown(known) => Some(self.known(*known)),
            Source::Linked(name) => {
                let found = self.environment.links.get(name);
                if found.is_none() {
                    lacks("link", name, &mut self.environment.links.keys());
                }
                found.cloned()
            }
            Source::Variable(name) => {
                let found = self.environment.variables.get(name);
                if found.is_none() {
                    lacks("variable", name, &mut self.environment.variables.keys());
                }
                found.cloned()
            }
            Source::Policy(name) => {
                let found = self.environment.policies.get(name);
                if found.is_none() {
                    lacks("policy", name, &mut self.environment.policies.keys());
                }
                found.cloned()
            }
            Source::Aurora(database, part) => {
                let own = self.built.databases.iter();
                let mut own = own.filter(|one| one.name == *database);
                own.next().and_then(|one| self.part(one, *part))
            }
            Source::ServerGroup(group) => {
                let server = self.cluster.server(group)?;
                if server.client_group.is_none() {
                    let says = format!(
                        "the server group {group} of the cluster {} names no security group of its clients",
                        self.cluster.name.text
                    );
                    let hint = "add client_security_group_id to it";
                    reading.say(at, says, hint);
                }
                server.client_group.clone()
            }
        }
    }

    fn known(&self, known: WellKnown) -> String {
        let cluster = self.cluster;
        let or_none = |value: &Option<String>| value.clone().unwrap_or_default();
        match known {
            WellKnown::EcsCluster => cluster.ecs.clone(),
            WellKnown::EcsRepo => cluster.registry.clone(),
            WellKnown::ExecutionRole => cluster.execution_role.clone(),
            WellKnown::Listener => or_none(&cluster.listener),
            WellKnown::ListenerGroup => or_none(&cluster.listener_group),
            // Every host.
            WellKnown::Host => {
                let host = self.environment.host.as_deref();
                host.unwrap_or("*.*").to_owned()
            }
            WellKnown::Environment => self.environment.name.text.clone(),
            WellKnown::Cluster => cluster.name.text.clone(),
            WellKnown::Vpc => cluster.vpc.clone(),
            WellKnown::Jwks => self.environment.jwks.join(","),
            WellKnown::Origins => self.environment.origins.join(","),
            WellKnown::Namespace => cluster.namespace.clone(),
            WellKnown::Sidecar => cluster.sidecar_image(),
            WellKnown::Bus => or_none(&cluster.bus),
            WellKnown::Subnets => cluster.subnets.join(","),
        }
    }

    fn part(&self, database: &Postgres, part: Part) -> Option<String> {
        let server: &Server = self.cluster.server(&database.group)?;
        debug_assert!(matches!(server.auth, Auth::Iam { .. }));
        let name = database_name(self.environment, self.app.name.as_str(), &database.suffix);
        Some(match part {
            Part::Identifier => server.identifier.clone(),
            Part::Name => name,
            Part::Json => json!({
                "endpoint": format!("{}:{}", server.endpoint, server.port),
                "dbName": name,
                "dbUser": name,
            })
            .to_string(),
        })
    }
}
