//! The databases of an application where they are in an environment: server, name, secret, the task
//! that migrates each, and the files that it carries out.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::app::Application;
use super::cluster::{self, Cluster, Environment};
use super::{Asked, build, limits, values};
use crate::domain::digest::Digest;
use crate::domain::request::SourceBundle;
use crate::forms::postgres::migrations::{self, Migration};
use crate::forms::postgres::{Auth, Database, Server};
use crate::systems::message::Reading;
use crate::text::diagnostic::Diagnostics;

/// A database of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::systems::service) struct Postgres {
    /// Its name in the application.
    pub(in crate::systems::service) name: String,
    /// Where it is, and what it is called there.
    pub(in crate::systems::service) on: Database,
    /// The group of its server.
    pub(in crate::systems::service) group: String,
    /// The security group of those who reach its server.
    pub(in crate::systems::service) client_group: Option<String>,
    /// Its extensions.
    pub(in crate::systems::service) extensions: Vec<String>,
    /// The name of its secret; none where IAM lets in.
    pub(in crate::systems::service) secret: Option<String>,
    /// The output that names the task which migrates it.
    pub(in crate::systems::service) migration: Option<String>,
    /// The definition of that task in the template, by its digest.
    #[serde(default)]
    pub(in crate::systems::service) defined: Option<Digest>,
    /// The files that are carried out, where the estate names them: by that task, or here where
    /// there is none.
    #[serde(default)]
    pub(in crate::systems::service) migrations: Option<Vec<Migration>>,
    /// The folder of those that are carried out here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::systems::service) folder: Option<String>,
}

impl Postgres {
    /// Whether anything migrates it.
    pub(in crate::systems::service) fn is_migrated(&self) -> bool {
        self.migration.is_some() || self.folder.is_some()
    }

    /// The files that are carried out here.
    pub(in crate::systems::service) fn carried(&self) -> Option<&[Migration]> {
        self.folder.as_ref().and(self.migrations.as_deref())
    }
}

/// The longest file of certificates, in bytes: it stands in every step that reaches a server.
const LONGEST_CA: usize = 32 << 10;

/// Where databases are made from.
pub(super) struct Maker<'a> {
    pub(super) app: &'a Application,
    pub(super) cluster: &'a Cluster,
    pub(super) environment: &'a Environment,
    pub(super) template: &'a Value,
    pub(super) asked: &'a Asked,
    pub(super) bundle: &'a SourceBundle,
}

impl Maker<'_> {
    /// A database; one that no server would take is told, and what is wrong with the files of its
    /// migrations.
    pub(super) fn database(
        &self,
        built: build::Postgres,
        reading: &mut Reading<'_>,
        wrong: &mut Diagnostics,
    ) -> Option<Postgres> {
        let called = values::database_name(self.environment, self.app.name.as_str(), &built.suffix);
        let (env, own) = (&self.environment.name.text, &self.app.name.text);
        let secret = built
            .secret
            .is_some()
            .then(|| format!("/{env}/{own}/postgres/{}", built.name));
        let defined = built.migration.as_ref();
        let defined = defined.map(|output| definition(self.template, output));
        let folder = self.asked.migrations.get(&built.name);
        let migrations = folder.and_then(|folder| {
            let all = match built.migration {
                None => migrations::read_here(folder, self.bundle),
                Some(_) => migrations::read(folder, self.bundle),
            };
            all.map_err(|found| wrong.0.extend(found.0)).ok()
        });
        let server = self.cluster.server(&built.group)?;
        let name = limits::database(self.app, &built.name, called, reading)?;
        let here = folder.filter(|_| built.migration.is_none()).cloned();
        let left = here.iter();
        let left = left.flat_map(|folder| migrations::unnumbered(folder, self.bundle));
        reading.notes.extend(left);
        Some(Postgres {
            on: Database {
                server: self.server(server, &built.group, reading)?,
                name,
            },
            name: built.name,
            group: built.group,
            client_group: server.client_group.clone(),
            extensions: built.extensions,
            secret,
            migration: built.migration,
            defined,
            migrations,
            folder: here,
        })
    }

    fn server(
        &self,
        server: &cluster::Server,
        group: &str,
        reading: &mut Reading<'_>,
    ) -> Option<Server> {
        let Ok(port) = u16::try_from(server.port) else {
            let says = format!(
                "the server group {group} of the cluster {} has the port {}, which is none",
                self.cluster.name.text, server.port
            );
            reading.say(self.app.name.at, says, "a port is a number from 1 to 65535");
            return None;
        };
        let auth = match &server.auth {
            cluster::Auth::Iam { user, database } => Auth::Iam {
                user: user.clone(),
                database: database.clone(),
            },
            cluster::Auth::Secret(name) => Auth::Secret(name.clone()),
        };
        Some(Server {
            host: server.endpoint.clone(),
            port,
            auth,
            ca: self.certificates(reading),
        })
    }

    /// The certificates by which servers are trusted; what is none, or too many, is told.
    fn certificates(&self, reading: &mut Reading<'_>) -> Option<String> {
        let path = self.asked.database_ca.as_ref()?;
        let bytes = &self.bundle.files.get(path)?.bytes;
        let text = String::from_utf8_lossy(bytes);
        let is_pem = text.contains("-----BEGIN CERTIFICATE-----");
        let says = match (is_pem, bytes.len() > LONGEST_CA) {
            (true, false) => return Some(text.into_owned()),
            (false, _) => format!("{path}, which database_ca names, holds no certificates"),
            (true, true) => format!(
                "{path}, which database_ca names, has {} bytes, and a deployment carries {LONGEST_CA} of them",
                bytes.len()
            ),
        };
        let hint = "give it the certificates of one region as PEM: https://truststore.pki.rds.amazonaws.com/REGION/REGION-bundle.pem";
        reading.say(self.app.name.at, says, hint);
        None
    }
}

/// The definition of the task that an output names, by its digest.
fn definition(template: &Value, output: &str) -> Digest {
    let named = template["Outputs"][output]["Value"]["Ref"].as_str();
    let resource = &template["Resources"][named.unwrap_or_default()];
    Digest::of("holdpoint/definition/1", resource)
}

/// Says of which names of `migrations` the application has no database.
pub(super) fn unknown(app: &Application, asked: &Asked, reading: &mut Reading<'_>) {
    for name in asked.migrations.keys() {
        if !app.databases.iter().any(|one| one.name.text == *name) {
            let all = app.databases.iter().map(|one| one.name.text.as_str());
            let says = format!(
                "migrations of the estate file names {name:?}, and the application has no such database"
            );
            reading.say(app.name.at, says, build::nearest(name, all));
        }
    }
}
