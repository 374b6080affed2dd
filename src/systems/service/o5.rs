//! Services as the o5 deployer knows them: an application, an environment and a cluster, each a file,
//! make a CloudFormation template and the values of its parameters.

mod app;
mod build;
mod clear;
mod cluster;
mod limits;
mod postgres;
mod proto;
mod values;

pub(super) use app::Group;
pub(super) use cluster::OVERRIDES;
pub(super) use postgres::Postgres;
pub(super) use values::{SOURCE_TAG, VERSION};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use self::cluster::{Cluster, Environment};
use self::proto::Reading;
use self::values::Values;
use crate::domain::digest::Digest;
use crate::domain::request::SourceBundle;
use crate::domain::row::Row;
use crate::text::diagnostic::{At, Diagnostic, Diagnostics, closest};
use crate::text::document::{self, Limits, Node, Source};
use crate::text::safe::Safe;

/// Which files make a service, and what of them is meant.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    /// The application file.
    pub(super) config: String,
    /// The cluster's file.
    pub(super) cluster: String,
    /// The environment's file, where it has one of its own.
    pub(super) environment: Option<String>,
    /// The environment: its full name, or the id that o5 derives from that.
    pub(super) called: String,
    /// The name of its CloudFormation stack.
    pub(super) stack: String,
    /// The file with the certificates that servers of databases are trusted by.
    pub(super) database_ca: Option<String>,
    /// By database, the folder of the files that its migration carries out.
    pub(super) migrations: BTreeMap<String, String>,
    /// What stands over the cluster's own words; nothing leaves them.
    pub(super) overrides: BTreeMap<String, Option<String>>,
}

/// A service that was made of them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Made {
    /// The template, as JSON.
    pub(super) template: Vec<u8>,
    /// The values of its parameters.
    pub(super) values: Values,
    /// What stays with every deployment of it.
    pub(super) kept: Kept,
    /// Its log groups.
    pub(super) logs: Vec<String>,
}

/// What stays with a deployment of a service that was made of o5 files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    /// The application's name in its file: part of the names of what was made.
    pub(super) app: String,
    /// The environment's full name.
    pub(super) environment: String,
    /// The cluster's name.
    pub(super) cluster: String,
    /// The AWS account that the cluster is in.
    pub(super) account: String,
    /// Its region.
    pub(super) region: String,
    /// The listener where its rules stand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) listener: Option<String>,
    /// The parameters that are places among its rules.
    #[serde(default)]
    pub(super) priorities: BTreeMap<String, Group>,
    /// The version; none where neither the estate nor a person says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<String>,
    /// Whether it is updated as it runs where nobody says otherwise.
    #[serde(default)]
    pub(super) quick: bool,
    /// Its databases.
    #[serde(default)]
    pub(super) databases: Vec<Postgres>,
    /// Where its tasks run.
    #[serde(default)]
    pub(super) tasks: Tasks,
    /// The names of the secrets that it makes, which outlive it.
    #[serde(default)]
    pub(super) secrets: Vec<String>,
    /// The template that was made, by its digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) template: Option<Digest>,
    /// What its files say that has no effect, each with its place.
    #[serde(default)]
    pub(super) notes: Vec<Safe>,
}

impl Kept {
    /// What the page of a stack says of it.
    pub(super) fn rows(&self) -> Vec<Row> {
        let mut rows = vec![
            Row::new("o5 application", &self.app),
            Row::new("o5 environment", &self.environment),
            Row::new("o5 cluster", &self.cluster),
        ];
        rows.extend(self.version.as_ref().map(|one| Row::new("version", one)));
        let database = |one: &Postgres| {
            let is = format!("{} on {}", one.on.name, one.on.server);
            Row::new(&format!("database {}", one.name), &is)
        };
        rows.extend(self.databases.iter().map(database));
        rows
    }
}

/// Where the tasks of a service run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Tasks {
    /// The ECS cluster.
    pub(super) cluster: String,
    /// Their subnets.
    pub(super) subnets: Vec<String>,
    /// The security groups that all of them have.
    pub(super) groups: Vec<String>,
}

/// Where application files stand in a repository: the first of these that is there.
pub(super) const CONFIGS: [&str; 4] = ["ext/o5/app.yaml", "ext/o5/app.yml", "o5.yaml", "o5.yml"];

/// Reads the files and builds the service.
///
/// # Errors
/// Everything that is wrong with the files.
pub(super) fn make(asked: &Asked, bundle: &SourceBundle) -> Result<Made, Diagnostics> {
    let mut wrong = Diagnostics::default();
    let mut open = |path: &str| match opened(path, bundle) {
        Ok((mut source, root)) => {
            wrong.0.extend(clear::hide(&mut source, &root).0);
            Some((source, root))
        }
        Err(found) => {
            wrong.0.extend(found.0);
            None
        }
    };
    let app_file = open(&asked.config);
    let cluster_file = open(&asked.cluster);
    let environment_file = asked.environment.as_deref().map(&mut open);
    let (Some((app_source, app_root)), Some((cluster_source, cluster_root))) =
        (app_file, cluster_file)
    else {
        return Err(settled(wrong));
    };
    let mut notes = Vec::new();
    let mut cluster_reading = Reading::of(&cluster_source);
    let cluster = cluster::read_cluster(&cluster_root, &mut cluster_reading);
    let cluster = cluster.and_then(|(mut cluster, all)| {
        overridden(&mut cluster, asked, &mut cluster_reading);
        networked(&cluster, &mut cluster_reading);
        let environment = match environment_file {
            None => chosen(asked, all, &cluster, &mut cluster_reading),
            Some(None) => None,
            Some(Some((source, root))) => {
                let mut reading = Reading::of(&source);
                let one = cluster::read_environment(&root, &mut reading);
                let one = one.and_then(|one| chosen(asked, vec![one], &cluster, &mut reading));
                wrong.0.extend(reading.found.0);
                notes.extend(reading.notes);
                one
            }
        };
        Some((cluster, environment?))
    });
    wrong.0.extend(cluster_reading.found.0);
    notes.extend(cluster_reading.notes);
    let mut reading = Reading::of(&app_source);
    let mut more = Diagnostics::default();
    let app = app::read(&app_root, &mut reading);
    let made = app.zip(cluster).and_then(|(app, (cluster, environment))| {
        let built = build::build(&app, &cluster, &mut reading);
        let values = values::resolve(&app, &built, &cluster, &environment, &mut reading);
        let template = serde_json::to_vec(&built.template).ok()?;
        let place = limits::Place {
            asked,
            region: &cluster.region.text,
            values: &values,
        };
        place.resources(&app, &built.template, &mut reading);
        let databases = built.databases.into_iter();
        let made = postgres::Maker {
            app: &app,
            cluster: &cluster,
            environment: &environment,
            template: &built.template,
            asked,
            bundle,
        };
        let databases: Vec<Postgres> = databases
            .filter_map(|one| made.database(one, &mut reading, &mut more))
            .collect();
        limits::databases(&app, &databases, &mut reading);
        postgres::unknown(&app, asked, &mut reading);
        let (env, own) = (&environment.name.text, &app.name.text);
        let secrets = app.secrets.iter();
        let secrets = secrets.map(|one| format!("/{env}/{own}/{}", one.text));
        let of_databases = databases.iter().filter_map(|one| one.secret.clone());
        let kept = Kept {
            secrets: secrets.chain(of_databases).collect(),
            databases,
            tasks: Tasks {
                cluster: cluster.ecs,
                subnets: cluster.subnets,
                groups: cluster.groups,
            },
            quick: app.quick,
            app: app.name.text,
            cluster: cluster.name.text,
            account: cluster.account.text,
            region: cluster.region.text,
            listener: cluster.listener.filter(|_| !values.priorities.is_empty()),
            priorities: values.priorities.clone(),
            version: None,
            template: None,
            notes: Vec::new(),
            environment: environment.name.text,
        };
        let env = &kept.environment;
        let logs = built.logs.iter().map(|log| format!("ecs/{env}/{log}"));
        Some(Made {
            template,
            logs: logs.collect(),
            values,
            kept,
        })
    });
    wrong.0.extend(reading.found.0);
    wrong.0.extend(more.0);
    notes.extend(reading.notes);
    match made.filter(|_| wrong.is_empty()) {
        Some(mut made) => {
            let said = |one: &Diagnostic| {
                let (file, at, says) = (&one.file, one.at, &one.says);
                Safe::new(&format!("{file}:{}:{}: {says}", at.line, at.column))
            };
            made.kept.notes = notes.iter().map(said).collect();
            Ok(made)
        }
        None => Err(settled(wrong)),
    }
}

fn settled(mut wrong: Diagnostics) -> Diagnostics {
    wrong.settle();
    wrong
}

/// A file as a tree.
fn opened(path: &str, bundle: &SourceBundle) -> Result<(Source, Node), Diagnostics> {
    let Some(file) = bundle.files.get(path) else {
        let says = format!("{path} is not among the files");
        return Err(Diagnostic::of_file("o5", path, &says, "").into());
    };
    document::read(path, &file.bytes, Limits::CONFIGURATION).map_err(clear::unread)
}

/// Writes over the cluster's own words.
fn overridden(cluster: &mut Cluster, asked: &Asked, reading: &mut Reading<'_>) {
    for (key, near) in cluster.overridden(&asked.overrides) {
        let says = format!("nothing of a cluster is overridden by {key:?}");
        let hint = near.map_or_else(
            || "sidecarImageVersion is what can be".to_owned(),
            |near| format!("did you mean {near:?}?"),
        );
        reading.say(cluster.name.at, says, hint);
    }
}

/// Says where tasks would have no network.
fn networked(cluster: &Cluster, reading: &mut Reading<'_>) {
    if reading.found.is_empty() && cluster.subnets.is_empty() {
        let says = format!(
            "ecs_cluster of the cluster {} names no subnet_ids",
            cluster.name.text
        );
        let hint = "tasks have a network of their own (awsvpc): name the subnets where it is";
        reading.say(cluster.name.at, says, hint);
    }
}

/// The environment that is meant, of those that stand in a file.
fn chosen(
    asked: &Asked,
    all: Vec<Environment>,
    cluster: &Cluster,
    reading: &mut Reading<'_>,
) -> Option<Environment> {
    let names: Vec<String> = all.iter().map(|one| one.name.text.clone()).collect();
    for (n, one) in all.iter().enumerate() {
        if names[..n].contains(&one.name.text) {
            let says = format!("there are two environments of the name {:?}", one.name.text);
            reading.say(one.name.at, says, "take one of them out");
        }
    }
    let at = all.first().map_or(At::START, |one| one.name.at);
    let Some(found) = all.into_iter().find(|one| one.is(&asked.called)) else {
        // What is wrong in one may be that it is not read at all.
        if reading.found.is_empty() {
            let says = format!(
                "{} has no environment {:?}",
                reading.source.name, asked.called
            );
            let hint = closest(&asked.called, names.iter().map(String::as_str)).map_or_else(
                || {
                    format!(
                        "it has {}; name one by `environment` of the entry",
                        listed(&names)
                    )
                },
                |near| format!("did you mean {near:?}? The entry names it by `environment`"),
            );
            reading.say(at, says, hint);
        }
        return None;
    };
    if !found.is_of(cluster) {
        let said = found.cluster.clone().unwrap_or_default();
        let says = format!(
            "the environment {} is one of the cluster {:?}, and not of {:?}",
            found.name.text, said.text, cluster.name.text
        );
        reading.say(said.at, says, "name the file of its own cluster");
    }
    Some(found)
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

#[cfg(test)]
mod tests;
