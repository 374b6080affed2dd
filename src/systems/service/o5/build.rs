//! A CloudFormation template made of an application, for the cluster where it runs: what the o5
//! deployer calls the built application. Nothing of an environment is in it: what differs between
//! them are parameters, each with where its value comes from.

mod container;
mod events;
mod names;
mod policy;
mod route;
mod runtime;
mod sidecar;
mod stack;
mod store;

pub(super) use stack::{Parameter, Part, Source, WellKnown};
pub(super) use store::nearest;

use std::collections::BTreeMap;

use serde_json::Value;

use super::app::Application;
use super::cluster::Cluster;
use crate::systems::message::Reading;
use stack::Template;
use store::Stores;

/// What is made of an application.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Built {
    /// The template.
    pub(super) template: Value,
    /// Its parameters, by name.
    pub(super) parameters: BTreeMap<String, Parameter>,
    /// Its databases.
    pub(super) databases: Vec<Postgres>,
    /// The log groups of its containers, without the environment: what comes after it.
    pub(super) logs: Vec<String>,
}

/// A database, as the template knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Postgres {
    /// Its name in the application.
    pub(super) name: String,
    /// The last part of its name on the server.
    pub(super) suffix: String,
    /// The group of its server.
    pub(super) group: String,
    /// Its extensions.
    pub(super) extensions: Vec<String>,
    /// The output that names its secret; none where IAM lets in.
    pub(super) secret: Option<String>,
    /// The output that names the task which migrates it.
    pub(super) migration: Option<String>,
}

/// Builds an application for a cluster; what it names and nobody has is told at its place.
pub(super) fn build(app: &Application, cluster: &Cluster, reading: &mut Reading<'_>) -> Built {
    let mut template = Template::default();
    let mut stores = Stores::of(app, cluster, &mut template, reading);
    let mut logs = Vec::new();
    // The lines of a migration are given by the step that runs it.
    let mut of_steps = Vec::new();
    let mut databases = Vec::new();
    for database in &app.databases {
        if let Some(made) = stores.database(app, database, &mut template, &mut of_steps, reading) {
            databases.push(made);
        }
    }
    let mut listener = route::Listener::default();
    for (n, runtime) in app.runtimes.iter().enumerate() {
        // The outboxes of all databases are sent by one sidecar, that of the first runtime.
        let outboxes: Vec<_> = app.databases.iter().filter(|db| db.outbox).collect();
        let outboxes = if n == 0 { &outboxes[..] } else { &[] };
        let mut maker = runtime::Maker {
            app,
            cluster,
            stores: &stores,
            listener: &mut listener,
            template: &mut template,
            logs: &mut logs,
            reading: &mut *reading,
        };
        maker.service(runtime, outboxes);
    }
    logs.sort();
    logs.dedup();
    let description = format!("{} (o5 application)", app.name.text);
    Built {
        template: template.document(&description),
        parameters: template.into_parameters(),
        databases,
        logs,
    }
}
