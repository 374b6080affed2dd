//! What applications keep: buckets, secrets, databases.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::super::app::{Access, Application, Blobstore, Database, Whose};
use super::super::cluster::{Auth, Cluster};
use super::container::Task;
use super::policy::Policy;
use super::runtime::definition;
use super::sidecar::Sidecar;
use super::stack::{Part, Source, Template, WellKnown, attribute, join, reference};
use super::{Postgres, names};
use crate::systems::message::{Reading, Word, capital};
use crate::text::diagnostic::closest;

/// A bucket, as containers use it.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    pub(super) name: Value,
    pub(super) arn: Value,
    pub(super) access: Access,
}

/// How a database is reached.
#[derive(Debug, Clone)]
pub(super) enum Reached {
    /// By its address in a secret.
    Secret(Value),
    /// Through the sidecar, by IAM.
    Iam {
        /// Host, name and user, as JSON.
        all: Value,
        /// The ARN of the user.
        user: Value,
    },
}

/// Everything that an application keeps, by name.
#[derive(Debug, Default)]
pub(super) struct Stores {
    buckets: BTreeMap<String, Bucket>,
    secrets: BTreeMap<String, Value>,
    databases: BTreeMap<String, (Reached, Value)>,
    /// Databases whose server group the cluster has not.
    lost: BTreeSet<String>,
}

/// A part of a secret, as a container is given it: its newest version.
pub(super) fn part_of(secret: &Value, key: &str) -> Value {
    join(":", [secret.clone(), json!(key), json!(""), json!("")])
}

impl Stores {
    /// What an application keeps, each made where it is its own.
    pub(super) fn of(
        app: &Application,
        cluster: &Cluster,
        template: &mut Template,
        reading: &mut Reading<'_>,
    ) -> Self {
        let mut stores = Self::default();
        for blobstore in &app.blobstores {
            let bucket = bucket(app, blobstore, template);
            stores.buckets.insert(blobstore.name.text.clone(), bucket);
        }
        for secret in &app.secrets {
            let path = [app.name.as_str(), secret.as_str()];
            let says = format!(
                "The secret {} of {}: its value is set by a person",
                secret.text, app.name.text
            );
            let name = format!("AppSecret{}", capital(secret.as_str()));
            let made = secret_at(&name, &path, &says, template);
            stores.secrets.insert(secret.text.clone(), reference(&made));
        }
        for database in &app.databases {
            stores.server(app, database, cluster, template, reading);
        }
        stores
    }

    /// How a database is reached.
    fn server(
        &mut self,
        app: &Application,
        database: &Database,
        cluster: &Cluster,
        template: &mut Template,
        reading: &mut Reading<'_>,
    ) {
        let group = database.group.as_str();
        let Some(server) = cluster.server(group) else {
            let says = format!(
                "the cluster {} has no server group {group:?}",
                cluster.name.text
            );
            let hint = nearest(group, cluster.servers.iter().map(|one| one.group.as_str()));
            reading.say(database.group.at, says, hint);
            self.lost.insert(database.name.text.clone());
            return;
        };
        let at = database.group.at;
        let parameter = format!("DatabaseGroup{}ClientSecurityGroup", names::title(&[group]));
        let says = format!("the security group of those who reach the server group {group}");
        let source = Source::ServerGroup(group.to_owned());
        let group = template.parameter(&parameter, "String", says, source, at);
        let name = database.name.as_str();
        let reached = match &server.auth {
            Auth::Secret(_) => {
                let path = [app.name.as_str(), "postgres", name];
                let says = format!("How the database {name} of {} is reached", app.name.text);
                let called = names::title(&["Database", name]);
                let secret = reference(&secret_at(&called, &path, &says, template));
                template.output(&format!("DatabaseSecret{}", names::title(&[name])), &secret);
                Reached::Secret(part_of(&secret, "dburl"))
            }
            Auth::Iam { .. } => {
                let mut part = |suffix: &str, part: Part| {
                    let parameter = format!("DatabaseParam{}{suffix}", names::title(&[name]));
                    let says = format!("how the database {name} is reached: {suffix}");
                    let source = Source::Aurora(name.to_owned(), part);
                    template.parameter(&parameter, "String", says, source, at)
                };
                let all = part("JSON", Part::Json);
                let (server, user) = (
                    part("Identifier", Part::Identifier),
                    part("DbName", Part::Name),
                );
                let user = json!({
                    "Fn::Sub": [
                        "arn:${AWS::Partition}:rds-db:${AWS::Region}:${AWS::AccountId}:dbuser:${Server}/${User}",
                        { "Server": server, "User": user },
                    ],
                });
                Reached::Iam { all, user }
            }
        };
        self.databases.insert(name.to_owned(), (reached, group));
    }

    /// A database, with the task that migrates it where it has one.
    pub(super) fn database(
        &mut self,
        app: &Application,
        database: &Database,
        template: &mut Template,
        logs: &mut Vec<String>,
        reading: &mut Reading<'_>,
    ) -> Option<Postgres> {
        let name = database.name.as_str();
        let (reached, _) = self.databases.get(name)?;
        let by_secret = matches!(reached, Reached::Secret(_));
        let title = names::title(&[name]);
        let migration = database.migrate.as_ref().map(|spec| {
            let task = format!("migrate_{name}");
            let family = format!("{}_{task}", app.name.text);
            let (mut policy, mut sidecar) = (Policy::default(), Sidecar::default());
            let container = Task {
                stores: self,
                policy: &mut policy,
                sidecar: &mut sidecar,
                template,
            }
            .container(&app.name.text, spec, &[], logs, reading);
            let mut containers = vec![container];
            if sidecar.is_needed() {
                let beside = sidecar.container(&app.name.text, false, logs, template);
                containers.push(beside);
            }
            let made = definition(&task, &family, &containers, spec.docker, &policy, template);
            let output = format!("MigrationTaskDefinition{title}");
            template.output(&output, &reference(&made));
            output
        });
        Some(Postgres {
            name: name.to_owned(),
            suffix: database.suffix.text.clone(),
            group: database.group.text.clone(),
            extensions: database
                .extensions
                .iter()
                .map(|one| one.text.clone())
                .collect(),
            secret: by_secret.then(|| format!("DatabaseSecret{title}")),
            migration,
        })
    }

    /// The bucket of a name; a name that none has is told.
    pub(super) fn bucket(&self, name: &Word, reading: &mut Reading<'_>) -> Option<Bucket> {
        found(&self.buckets, "blobstore", name, reading).cloned()
    }

    /// The secret of a name.
    pub(super) fn secret(&self, name: &Word, reading: &mut Reading<'_>) -> Option<Value> {
        found(&self.secrets, "secret", name, reading).cloned()
    }

    /// How the database of a name is reached.
    pub(super) fn reached(&self, name: &Word, reading: &mut Reading<'_>) -> Option<Reached> {
        // Of one whose server group is unknown that is told already.
        if self.lost.contains(name.as_str()) {
            return None;
        }
        found(&self.databases, "database", name, reading).map(|(reached, _)| reached.clone())
    }

    /// How a database is reached, and the security group of those who do; nothing where no server
    /// has it, which is told elsewhere.
    pub(super) fn served(&self, name: &str) -> Option<&(Reached, Value)> {
        self.databases.get(name)
    }
}

fn found<'a, T>(
    all: &'a BTreeMap<String, T>,
    kind: &str,
    name: &Word,
    reading: &mut Reading<'_>,
) -> Option<&'a T> {
    let found = all.get(name.as_str());
    if found.is_none() {
        let says = format!("the application has no {kind} {:?}", name.text);
        let hint = nearest(name.as_str(), all.keys().map(String::as_str));
        reading.say(name.at, says, hint);
    }
    found
}

/// What to do about a name that nothing has.
pub(in super::super) fn nearest<'a>(
    name: &str,
    all: impl IntoIterator<Item = &'a str> + Clone,
) -> String {
    let near = closest(name, all.clone());
    near.map_or_else(
        || {
            let all: Vec<&str> = all.into_iter().collect();
            if all.is_empty() {
                "it has none".to_owned()
            } else {
                format!("it has {}", all.join(", "))
            }
        },
        |near| format!("did you mean {near:?}?"),
    )
}

fn bucket(app: &Application, blobstore: &Blobstore, template: &mut Template) -> Bucket {
    let called = |app: &str, template: &mut Template| {
        let parts = [
            json!(blobstore.name.text),
            json!(app),
            template.known(WellKnown::Environment),
            reference("AWS::Region"),
            template.known(WellKnown::Namespace),
        ];
        join(".", parts)
    };
    let arn = |name: &Value| json!({ "Fn::Sub": ["arn:${AWS::Partition}:s3:::${Bucket}", { "Bucket": name }] });
    match &blobstore.whose {
        Whose::Own { tells } => {
            let kind = "AWS::S3::Bucket";
            let name = called(app.name.as_str(), template);
            let logical = template.name(kind, &[blobstore.name.as_str()]);
            let tells = json!({ "EventBridgeConfiguration": { "EventBridgeEnabled": tells } });
            let bucket = json!({ "BucketName": name, "NotificationConfiguration": tells });
            template.add_kept(&logical, kind, &bucket);
            Bucket {
                name,
                arn: attribute(&logical, "Arn"),
                access: Access::Both,
            }
        }
        Whose::Application(other, access) => {
            let name = called(other, template);
            Bucket {
                arn: arn(&name),
                name,
                access: *access,
            }
        }
        Whose::Bucket(name, access) => Bucket {
            arn: arn(&json!(name)),
            name: json!(name),
            access: *access,
        },
    }
}

/// A secret of Secrets Manager below the environment's path.
fn secret_at(name: &str, path: &[&str], says: &str, template: &mut Template) -> String {
    let kind = "AWS::SecretsManager::Secret";
    let logical = template.name(kind, &[name]);
    let mut parts = vec![json!(""), template.known(WellKnown::Environment)];
    parts.extend(path.iter().map(|part| json!(part)));
    let secret = json!({ "Name": join("/", parts), "Description": says });
    template.add_kept(&logical, kind, &secret);
    logical
}
