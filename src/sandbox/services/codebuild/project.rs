//! Projects: made, told, deleted. They are kept as they came.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{CodeBuild, invalid, many, need, only};
use crate::domain::time::Time;
use crate::sandbox::call::{Answer, AwsError, Call, Params};
use crate::sandbox::realm::{Cx, Site};
use crate::sandbox::values::seconds;

/// The parameters that are served.
const KNOWN: &[&str] = &[
    "name",
    "description",
    "source",
    "sourceVersion",
    "artifacts",
    "environment",
    "serviceRole",
    "timeoutInMinutes",
    "queuedTimeoutInMinutes",
    "encryptionKey",
    "cache",
    "tags",
    "logsConfig",
];
/// How long a build may take, and may wait, in minutes, where nothing is said.
const LIMITS: (i64, i64) = (60, 480);

/// A project.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Project {
    /// What it was made with, with what is usual where nothing was said.
    pub given: Value,
    /// When it was made.
    pub created: Time,
    /// How many builds were started.
    pub builds: u64,
}

impl CodeBuild {
    /// Makes a project.
    pub(super) fn create(&mut self, call: &Call, cx: &mut Cx<'_>) -> Answer {
        only(call, KNOWN)?;
        let params = call.params();
        let name = need(params, "name")?;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if !(2..=150).contains(&name.len()) || !name.chars().all(is_plain) {
            return Err(invalid(
                "Project name must be 2 to 150 letters, digits, dashes and underscores",
            ));
        }
        source(params.0.get("source"))?;
        artifacts(params.0.get("artifacts"))?;
        let environment = Params(params.0.get("environment").unwrap_or(&Value::Null));
        for field in ["type", "image", "computeType"] {
            need(environment, field)?;
        }
        need(params, "serviceRole")?;
        if self.projects.contains_key(name) {
            return Err(AwsError::new(
                "ResourceAlreadyExistsException",
                format!("Project already exists: {}", arn(&cx.place, name)),
            ));
        }
        let mut given = call.params.clone();
        if let Some(fields) = given.as_object_mut() {
            let mut usual = |name: &str, value: Value| {
                fields.entry(name.to_owned()).or_insert(value);
            };
            usual("timeoutInMinutes", json!(LIMITS.0));
            usual("queuedTimeoutInMinutes", json!(LIMITS.1));
            usual("cache", json!({ "type": "NO_CACHE" }));
            let key = format!(
                "arn:aws:kms:{}:{}:alias/aws/s3",
                cx.place.region, cx.place.account
            );
            usual("encryptionKey", json!(key));
        }
        let project = Project {
            given,
            created: cx.now,
            builds: 0,
        };
        let shown = project.shown(&cx.place, name);
        cx.effect = Some(format!("project {name}"));
        self.projects.insert(name.to_owned(), project);
        Ok(json!({ "project": shown }))
    }

    /// Tells of projects.
    pub(super) fn projects(&self, params: Params<'_>, cx: &Cx<'_>) -> Answer {
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for asked in many(params, "names")? {
            let name = asked.rsplit('/').next().unwrap_or(asked);
            match self.projects.get(name) {
                Some(project) => found.push(project.shown(&cx.place, name)),
                None => missing.push(asked),
            }
        }
        Ok(json!({ "projects": found, "projectsNotFound": missing }))
    }

    /// Deletes a project and its builds. One that is gone is no error.
    pub(super) fn delete(&mut self, params: Params<'_>, cx: &mut Cx<'_>) -> Answer {
        let name = need(params, "name")?;
        let name = name.rsplit('/').next().unwrap_or(name);
        if self.projects.remove(name).is_some() {
            for (id, _) in self.builds.extract_if(.., |_, build| build.project == name) {
                cx.levers.errands.open.remove(&id);
            }
            cx.effect = Some(format!("project {name} deleted"));
        }
        Ok(json!({}))
    }
}

impl Project {
    fn shown(&self, place: &Site, name: &str) -> Value {
        let mut shown = self.given.clone();
        if let Some(fields) = shown.as_object_mut() {
            fields.insert("arn".to_owned(), json!(arn(place, name)));
            for field in ["created", "lastModified"] {
                fields.insert(field.to_owned(), seconds(self.created));
            }
            fields.insert("badge".to_owned(), json!({ "badgeEnabled": false }));
        }
        shown
    }
}

/// Checks a source.
pub(super) fn source(source: Option<&Value>) -> Result<(), AwsError> {
    let source = Params(source.unwrap_or(&Value::Null));
    match need(source, "type")? {
        "NO_SOURCE" if source.text("buildspec").is_none() => Err(invalid(
            "Invalid project source: buildspec must be given when source type is NO_SOURCE",
        )),
        "NO_SOURCE" | "CODEPIPELINE" => Ok(()),
        "S3" | "GITHUB" | "GITHUB_ENTERPRISE" | "GITLAB" | "BITBUCKET" | "CODECOMMIT" => {
            need(source, "location")
                .map(drop)
                .map_err(|_| invalid("Project source location is required"))
        }
        other => Err(invalid(format!("Invalid project source type {other}"))),
    }
}

/// Checks where artifacts go.
pub(super) fn artifacts(artifacts: Option<&Value>) -> Result<(), AwsError> {
    let artifacts = Params(artifacts.unwrap_or(&Value::Null));
    match (need(artifacts, "type")?, artifacts.text("location")) {
        ("NO_ARTIFACTS", None) | ("S3", Some(_)) => Ok(()),
        ("NO_ARTIFACTS", Some(_)) => Err(invalid(
            "Invalid artifacts: artifact type NO_ARTIFACTS should have null location",
        )),
        ("S3", None) => Err(invalid("Invalid artifacts: location must be given for S3")),
        (other, _) => Err(invalid(format!("Invalid artifacts type {other}"))),
    }
}

pub(super) fn arn(place: &Site, name: &str) -> String {
    format!(
        "arn:aws:codebuild:{}:{}:project/{name}",
        place.region, place.account
    )
}
