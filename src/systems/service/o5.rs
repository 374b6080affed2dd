//! Services as the o5 deployer knows them: an application, an environment and a cluster, each a file,
//! make a CloudFormation template and the values of its parameters.

mod app;
mod build;
mod clear;
mod cluster;
mod ground;
mod limits;
mod postgres;
mod values;

pub(super) use app::Group;
pub(super) use cluster::{OVERRIDES, is_environment};
pub(super) use ground::{Ground, ground};
pub(super) use postgres::Postgres;
pub(super) use values::{SOURCE_TAG, VERSION};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use self::ground::ground_of;
use self::values::Values;
use super::retained::Retained;
use crate::domain::digest::Digest;
use crate::domain::request::{SourceBundle, SourceFile};
use crate::domain::row::Row;
use crate::systems::message::{Form, Reading};
use crate::text::diagnostic::{Diagnostic, Diagnostics};
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
    /// No server of theirs is reached: what would be done is said.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) dry: bool,
    /// Where its tasks run.
    #[serde(default)]
    pub(super) tasks: Tasks,
    /// The buckets and secrets that it makes, which outlive it.
    #[serde(default)]
    pub(super) retained: Vec<Retained>,
    /// The template that was made, by its digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) template: Option<Digest>,
    /// What its files say that has no effect, each with its place.
    #[serde(default)]
    pub(super) notes: Vec<Safe>,
}

impl Kept {
    /// Where it runs.
    pub(super) fn ground(&self) -> Ground {
        Ground {
            environment: self.environment.clone(),
            cluster: self.cluster.clone(),
            account: self.account.clone(),
            region: self.region.clone(),
        }
    }

    /// The files that are carried out here, by database: what is in each, by its digest.
    pub(super) fn carried(&self) -> BTreeMap<String, Vec<Digest>> {
        let of = |one: &Postgres| {
            let digests = one.carried()?.iter().filter_map(|file| file.digest);
            Some((one.name.clone(), digests.collect()))
        };
        self.databases.iter().filter_map(of).collect()
    }

    /// What the page of a stack says of it.
    pub(super) fn rows(&self) -> Vec<Row> {
        let mut rows = vec![
            Row::new("o5 application", &self.app),
            Row::new("o5 environment", &self.environment),
            Row::new("o5 cluster", &self.cluster),
        ];
        rows.extend(self.version.as_ref().map(|one| Row::new("version", one)));
        let database = |one: &Postgres| {
            let dry = if self.dry { ", dry run" } else { "" };
            let is = format!("{} on {}{dry}", one.on.name, one.on.server);
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

/// How its files are written.
const FORM: Form = Form {
    code: "o5",
    camel: true,
};

/// Where application files stand in a repository: the first of these that is there.
pub(super) const CONFIGS: [&str; 4] = ["ext/o5/app.yaml", "ext/o5/app.yml", "o5.yaml", "o5.yml"];

/// Reads the files and builds the service.
///
/// # Errors
/// Everything that is wrong with the files.
pub(super) fn make(asked: &Asked, bundle: &SourceBundle) -> Result<Made, Diagnostics> {
    let mut wrong = Diagnostics::default();
    let app_file = read(&asked.config, bundle, &mut wrong);
    let (cluster, mut notes) = ground_of(asked, bundle, &mut wrong);
    let Some((app_source, app_root)) = app_file else {
        return Err(settled(wrong));
    };
    let mut reading = Reading::of(&app_source, FORM);
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
        let kept = Kept {
            retained: Retained::all(&built.template, |name| place.text(name)),
            databases,
            dry: false,
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

/// Everything that is wrong with an application file by itself, wherever it may run.
pub(super) fn wrong_app(name: &str, file: &SourceFile) -> Diagnostics {
    let bundle = SourceBundle {
        files: [(name.to_owned(), file.clone())].into(),
        ..SourceBundle::default()
    };
    let mut wrong = Diagnostics::default();
    if let Some((source, root)) = read(name, &bundle, &mut wrong) {
        let mut reading = Reading::of(&source, FORM);
        app::read(&root, &mut reading);
        wrong.0.extend(reading.found.0);
    }
    settled(wrong)
}

/// A file as a tree, with the secrets covered that stand in it.
fn read(path: &str, bundle: &SourceBundle, wrong: &mut Diagnostics) -> Option<(Source, Node)> {
    match opened(path, bundle) {
        Ok((mut source, root)) => {
            wrong.0.extend(clear::hide(&mut source, &root).0);
            Some((source, root))
        }
        Err(found) => {
            wrong.0.extend(found.0);
            None
        }
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

#[cfg(test)]
mod tests;
