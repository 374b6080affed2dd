//! `codebuild.build {project, source: {bucket, key}, version, buildspec, env: {NAME: value},
//! parameters: {NAME: name}, secrets: {NAME: arn}, artifacts: {bucket, key}, logs: {bucket, key},
//! role, minutes}`: runs a build of a project, with what is given instead of what the project says.
//! Below the key of `logs` its lines are kept, beside those in CloudWatch Logs. `env` is told to
//! everybody who may look at the build; what `parameters` and `secrets` name CodeBuild fetches
//! itself. Its output is `{build_id, phases: [{name, status, seconds}], logs: {group, stream},
//! log: {bucket, key}, artifact: {bucket, key}}`.
//!
//! The token of the call finds the build again for five minutes; after that a variable of the build
//! does, which holds the token.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::follow::follow;
use crate::aws::codebuild::{NewBuild, Variable};
use crate::aws::{Cloud, Trouble};
use crate::domain::failure::{Failure, Retry};
use crate::domain::plan::{Cancel, Output};
use crate::exec::Job;
use crate::exec::again::{Again, begin, is_fresh};
use crate::exec::job::noted;
use crate::forms::codebuild::{MARK, Object};

/// The note of the build that was started.
const STARTED: &str = "build";
/// When it is tried again where so many builds wait that no more are taken.
const FULL: Duration = Duration::from_secs(30);

/// Runs builds.
pub(super) struct Run;

#[derive(Deserialize)]
pub(super) struct Params {
    project: String,
    source: Option<Object>,
    version: Option<String>,
    buildspec: Option<String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(default)]
    parameters: BTreeMap<String, String>,
    #[serde(default)]
    secrets: BTreeMap<String, String>,
    artifacts: Option<Object>,
    logs: Option<Object>,
    role: Option<String>,
    minutes: Option<i32>,
}

#[derive(Serialize, Deserialize)]
struct Started {
    id: String,
}

impl Again for Run {
    type Params = Params;
    const KIND: &'static str = "codebuild.build";
    const NEEDS: &'static [&'static str] = &["project"];
    const CANCEL: Cancel = Cancel::BestEffort;

    fn check(params: &Value) -> Result<(), String> {
        let mut names: Vec<&String> = ["env", "parameters", "secrets"]
            .iter()
            .filter_map(|field| params.get(field)?.as_object())
            .flat_map(serde_json::Map::keys)
            .collect();
        names.sort();
        let twice = names.windows(2).find(|pair| pair[0] == pair[1]);
        let ours = names.iter().find(|name| **name == MARK);
        match (twice, ours) {
            (Some(pair), _) => Err(format!("{} is given in two ways", pair[0])),
            (None, Some(_)) => Err(format!("{MARK} is the name of a variable of our own")),
            (None, None) => Ok(()),
        }
    }

    async fn run(job: &Job, cloud: &Arc<Cloud>, params: Params) -> Result<Output, Failure> {
        let artifact = params.artifacts.clone();
        let id = match noted::<Started>(job, STARTED)? {
            Some(started) => started.id,
            None => start(job, cloud, params).await?,
        };
        follow(job, cloud, &id, &json!(artifact)).await
    }
}

/// Starts the build, or finds the one that this attempt started.
async fn start(job: &Job, cloud: &Cloud, params: Params) -> Result<String, Failure> {
    let token = job.token(1);
    let is_first = is_fresh(job);
    let project = params.project.clone();
    begin(job, json!({ "project": project, "token": token })).await?;
    let started = if is_first {
        None
    } else {
        let found = found(cloud, &project, &token).await;
        found.map_err(Trouble::out_of_sight)?
    };
    let id = match started {
        Some(id) => id,
        None if job.port.is_cancelled() => {
            let text = format!("cancelled before a build of {project} was started");
            return Err(Failure::new(text).as_before());
        }
        None => call(cloud, &params.asked(token), is_first).await?,
    };
    let started = json!(Started { id: id.clone() });
    job.port.note(STARTED, started).await?;
    Ok(id)
}

async fn call(cloud: &Cloud, build: &NewBuild, is_first: bool) -> Result<String, Failure> {
    let project = &build.project;
    let trouble = match cloud.start_build(build).await {
        Ok(started) => return Ok(started.id),
        Err(trouble) => trouble,
    };
    if trouble.is_unsure() {
        let found = found(cloud, project, &build.token).await;
        return match found.map_err(Trouble::out_of_sight)? {
            Some(id) => Ok(id),
            None => Err(trouble.held_open()),
        };
    }
    let nothing_begun = |failure: Failure| {
        if is_first {
            failure.as_before()
        } else {
            failure
        }
    };
    if trouble.is("ResourceNotFoundException") {
        let text = format!("there is no project {project} in CodeBuild");
        let hint = format!("make {project} there, or name another project, then deploy again");
        return Err(nothing_begun(Failure::new(text).hint(hint)));
    }
    if trouble.is("AccountLimitExceededException") {
        let failure = Failure::from(trouble).retry(Retry::After(FULL));
        return Err(nothing_begun(failure));
    }
    let failure = trouble.held_open();
    Err(if failure.retry == Retry::Never {
        nothing_begun(failure)
    } else {
        failure
    })
}

/// The build that was started with a token, by the variable that holds it. It is one of the newest.
async fn found(cloud: &Cloud, project: &str, token: &str) -> Result<Option<String>, Trouble> {
    let ids = match cloud.newest_builds(project).await {
        Ok(ids) if ids.is_empty() => return Ok(None),
        Ok(ids) => ids,
        Err(trouble) if trouble.is("ResourceNotFoundException") => return Ok(None),
        Err(trouble) => return Err(trouble),
    };
    let mut builds = cloud.builds(&ids).await?;
    let ours = |id: &&String| {
        let build = builds.get(*id);
        build
            .and_then(|build| build.variables.get(MARK))
            .map(String::as_str)
            == Some(token)
    };
    let id = ids.iter().find(ours).cloned();
    Ok(id.and_then(|id| builds.remove(&id)).map(|build| build.id))
}

impl Params {
    fn asked(self, token: String) -> NewBuild {
        let plain = self
            .env
            .into_iter()
            .map(|(name, value)| (name, Variable::Plain(value)));
        let parameters = self.parameters.into_iter();
        let parameters = parameters.map(|(name, value)| (name, Variable::Parameter(value)));
        let secrets = self.secrets.into_iter();
        let secrets = secrets.map(|(name, value)| (name, Variable::Secret(value)));
        let mark = (MARK.to_owned(), Variable::Plain(token.clone()));
        let place = |object: Object| (object.bucket, object.key);
        NewBuild {
            project: self.project,
            token,
            source: self.source.map(place),
            version: self.version,
            buildspec: self.buildspec,
            variables: plain
                .chain(parameters)
                .chain(secrets)
                .chain([mark])
                .collect(),
            artifacts: self.artifacts.map(place),
            logs: self.logs.map(place),
            role: self.role,
            minutes: self.minutes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_given_in_one_way() {
        for (params, says) in [
            (
                json!({ "project": "p", "env": { "A": "1" }, "secrets": { "B": "arn" } }),
                None,
            ),
            (
                json!({ "env": { "A": "1" }, "parameters": { "A": "/a" } }),
                Some("A is given in two ways"),
            ),
            (
                json!({ "env": { (MARK): "1" } }),
                Some("a variable of our own"),
            ),
        ] {
            let checked = Run::check(&params).err();
            assert_eq!(checked.is_some(), says.is_some(), "{checked:?}");
            assert!(
                checked
                    .unwrap_or_default()
                    .contains(says.unwrap_or_default()),
                "{params}"
            );
        }
    }
}
