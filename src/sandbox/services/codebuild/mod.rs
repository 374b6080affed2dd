//! `CodeBuild`: projects, and builds that go through their phases with time, write their lines to
//! CloudWatch Logs while they do, and leave an archive in S3. Where nothing is done outside of the
//! world no buildspec is really run: its commands are told as a container tells them, and how they end
//! is said by the scripts of the source (`source`) and by the build's variables (`ending`). Where
//! errands are done, what comes of its commands says how a build goes on (`ran`).

mod archive;
mod build;
mod buildspec;
mod container;
mod ending;
mod events;
mod phase;
mod place;
mod project;
mod ran;
mod source;
mod start;
#[cfg(test)]
mod tests;
mod timeline;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use self::build::Build;
pub use self::project::Project;
use crate::domain::time::Time;
use crate::sandbox::call::{Answer, AwsError, Blob, Call, Params};
use crate::sandbox::errand::News;
use crate::sandbox::protocol::Protocol;
use crate::sandbox::realm::{Cx, Realm, Site};
use crate::sandbox::service::{Offer, Reply, Service};

/// `CodeBuild`.
pub const OFFER: Offer = Offer {
    subjects: &["projectName", "name", "id"],
    tokens: &["idempotencyToken"],
    ..Offer::of::<CodeBuild>(
        "codebuild",
        Protocol::Json {
            version: "1.1",
            target: "CodeBuild_20161006",
        },
    )
};

/// A page has so many rows, and one call describes so many things.
const PAGE: usize = 100;

/// The projects and builds of a realm.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct CodeBuild {
    /// By name.
    pub projects: BTreeMap<String, Project>,
    /// By id, `project:uuid`.
    pub builds: BTreeMap<String, Build>,
}

impl Service for CodeBuild {
    fn call(&mut self, call: &Call, cx: &mut Cx<'_>) -> Result<Reply, AwsError> {
        let params = call.params();
        let answer = match call.action.as_str() {
            "CreateProject" => self.create(call, cx),
            "BatchGetProjects" => self.projects(params, cx),
            "DeleteProject" => self.delete(params, cx),
            "ListProjects" => page(
                params,
                "projects",
                self.projects.keys().map(String::as_str).collect(),
            ),
            "StartBuild" => self.start(call, cx),
            "StopBuild" => self.stop(params, cx),
            "BatchGetBuilds" => self.describe(params, cx),
            "ListBuilds" => page(params, "ids", self.listed(None)),
            "ListBuildsForProject" => {
                let name = self.named(params, "projectName", &cx.place)?;
                page(params, "ids", self.listed(Some(&name)))
            }
            _ => Err(AwsError::unanswered(call)),
        };
        answer.map(Reply::from)
    }

    fn due(&self, _: Realm<'_>) -> Option<Time> {
        self.builds.values().filter_map(Build::due).min()
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        for (id, build) in &mut self.builds {
            build.tick(id, cx);
        }
    }

    fn hear(
        &mut self,
        id: &str,
        news: &News,
        content: &Blob,
        cx: &mut Cx<'_>,
    ) -> Result<Reply, AwsError> {
        let build = self.builds.get_mut(id);
        build
            .ok_or_else(|| AwsError::validation(format!("there is no build {id}")))?
            .hear(id, news, content, cx)
    }
}

impl CodeBuild {
    /// The ids of builds, the newest first.
    fn listed(&self, project: Option<&str>) -> Vec<&str> {
        let mut rows: Vec<(&String, &Build)> = self
            .builds
            .iter()
            .filter(|(_, build)| project.is_none_or(|project| build.project == project))
            .collect();
        rows.sort_by_key(|(id, build)| std::cmp::Reverse((build.started, build.number, *id)));
        rows.into_iter().map(|(id, _)| id.as_str()).collect()
    }

    fn describe(&self, params: Params<'_>, cx: &Cx<'_>) -> Answer {
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for asked in many(params, "ids")? {
            match self.builds.get_key_value(id(asked)) {
                Some((id, build)) => found.push(build.shown(id, &cx.place, cx.now)),
                None => missing.push(asked),
            }
        }
        Ok(json!({ "builds": found, "buildsNotFound": missing }))
    }

    fn stop(&mut self, params: Params<'_>, cx: &mut Cx<'_>) -> Answer {
        let id = id(need(params, "id")?);
        let build = self.builds.get_mut(id).ok_or_else(|| {
            AwsError::new(
                "ResourceNotFoundException",
                format!("Build {id} does not exist"),
            )
        })?;
        if build.stop(cx.now) {
            cx.levers.errands.open.remove(id);
            cx.effect = Some(format!("build {id} stopped"));
        }
        Ok(json!({ "build": build.shown(id, &cx.place, cx.now) }))
    }

    /// The name of a project that is there, named by its name or ARN.
    fn named(&self, params: Params<'_>, field: &str, place: &Site) -> Result<String, AwsError> {
        let name = need(params, field)?;
        let name = name.rsplit('/').next().unwrap_or(name);
        if self.projects.contains_key(name) {
            return Ok(name.to_owned());
        }
        Err(AwsError::new(
            "ResourceNotFoundException",
            format!("Project cannot be found: {}", project::arn(place, name)),
        ))
    }
}

/// The id in an id or an ARN of a build.
fn id(asked: &str) -> &str {
    asked.rsplit('/').next().unwrap_or(asked)
}

/// Those that a call is about: one at least, and not more than one call answers.
fn many<'a>(params: Params<'a>, field: &str) -> Result<Vec<&'a str>, AwsError> {
    let asked = params.texts(field);
    if (1..=PAGE).contains(&asked.len()) {
        return Ok(asked);
    }
    Err(invalid(format!(
        "1 validation error detected: {field} must name 1 to {PAGE} things"
    )))
}

/// A page of rows that stand in the order in which they are told where nothing is said.
fn page(params: Params<'_>, name: &str, mut rows: Vec<&str>) -> Answer {
    let usual = if name == "ids" {
        "DESCENDING"
    } else {
        "ASCENDING"
    };
    if params.text("sortOrder").is_some_and(|order| order != usual) {
        rows.reverse();
    }
    let from = match params.text("nextToken") {
        None => 0,
        Some(token) => {
            let number: Option<usize> = token.parse().ok();
            number.ok_or_else(|| invalid("Invalid next token"))?
        }
    };
    let next = (from + PAGE < rows.len()).then(|| (from + PAGE).to_string());
    let rows: Vec<&str> = rows.into_iter().skip(from).take(PAGE).collect();
    Ok(json!({ name: rows, "nextToken": next }))
}

/// Refuses parameters that are not served, by their names.
fn only(call: &Call, known: &[&str]) -> Result<(), AwsError> {
    let given = call.params.as_object().into_iter().flatten();
    let mut others = given.filter(|(name, _)| !known.contains(&name.as_str()));
    match others.next() {
        None => Ok(()),
        Some((other, _)) => {
            let action = format!("{} with {other}", call.action);
            Err(AwsError::unanswered(&Call::new(
                &call.service,
                &action,
                Value::Null,
            )))
        }
    }
}

fn need<'a>(params: Params<'a>, name: &str) -> Result<&'a str, AwsError> {
    params.need(name).map_err(|error| invalid(error.message))
}

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::new("InvalidInputException", message)
}
