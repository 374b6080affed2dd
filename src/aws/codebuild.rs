//! CodeBuild: builds are started, looked at and stopped. Whoever looks at a build while others are
//! looked at waits for the next look, and that one answers all who wait.

mod followed;
mod news;
mod reading;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use aws_sdk_codebuild::operation::start_build::builders::StartBuildFluentBuilder;
use aws_sdk_codebuild::types::{
    ArtifactNamespace, ArtifactPackaging, ArtifactsType, CloudWatchLogsConfig, EnvironmentVariable,
    EnvironmentVariableType, LogsConfig, LogsConfigStatusType, ProjectArtifacts, S3LogsConfig,
    SortOrderType, SourceType,
};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::operation::BuildError;

pub use self::followed::Followed;
pub use self::news::Heard;
pub(super) use self::news::News;
use self::reading::build as read;
use super::budget::Turn;
use super::clients::Cloud;
use super::gather::Gather;
use super::trouble::{Trouble, TroubleKind};
use crate::domain::failure::{Failure, Retry};
use crate::forms::codebuild::Build;

/// How many builds one call tells of.
const BATCH: usize = 100;

/// Those who look at builds now.
pub(super) type Asking = Gather<String, Result<BTreeMap<String, Build>, Trouble>>;

/// A build that is asked for: what its project says, with this instead.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewBuild {
    /// The name of its project.
    pub project: String,
    /// The token of the call: for five minutes the same token is the same build.
    pub token: String,
    /// The bucket and the key of the source's archive.
    pub source: Option<(String, String)>,
    /// The version of the source: of a repository a commit, of S3 the id of an object's version.
    pub version: Option<String>,
    /// The text of its buildspec.
    pub buildspec: Option<String>,
    /// Variables by name.
    pub variables: BTreeMap<String, Variable>,
    /// The bucket and the key of the archive that it leaves.
    pub artifacts: Option<(String, String)>,
    /// The bucket and the prefix below which its lines are kept when it is over.
    pub logs: Option<(String, String)>,
    /// The ARN of the role that it takes.
    pub role: Option<String>,
    /// How long it may take, in minutes.
    pub minutes: Option<i32>,
}

/// What a build is told under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Variable {
    /// This, for everybody to see who may look at the build.
    Plain(String),
    /// What the parameter of that name holds.
    Parameter(String),
    /// What the secret of that ARN holds.
    Secret(String),
}

impl Variable {
    fn named(&self, name: &str) -> Result<EnvironmentVariable, BuildError> {
        let (kind, value) = match self {
            Self::Plain(value) => (EnvironmentVariableType::Plaintext, value),
            Self::Parameter(name) => (EnvironmentVariableType::ParameterStore, name),
            Self::Secret(arn) => (EnvironmentVariableType::SecretsManager, arn),
        };
        EnvironmentVariable::builder()
            .name(name)
            .value(value)
            .r#type(kind)
            .build()
    }
}

impl NewBuild {
    /// Where the archive goes: a folder and a name, as CodeBuild has it.
    fn artifacts(&self) -> Result<Option<ProjectArtifacts>, BuildError> {
        let Some((bucket, key)) = &self.artifacts else {
            return Ok(None);
        };
        let (path, name) = match key.rsplit_once('/') {
            Some((path, name)) => (Some(path.to_owned()), name),
            None => (None, key.as_str()),
        };
        let artifacts = ProjectArtifacts::builder()
            .r#type(ArtifactsType::S3)
            .location(bucket)
            .set_path(path)
            .namespace_type(ArtifactNamespace::None)
            .name(name)
            .packaging(ArtifactPackaging::Zip);
        artifacts.build().map(Some)
    }

    /// Where its lines go: an override stands for all that its project says of them.
    fn logs(&self) -> Result<Option<LogsConfig>, BuildError> {
        let Some((bucket, prefix)) = &self.logs else {
            return Ok(None);
        };
        let followed = CloudWatchLogsConfig::builder().status(LogsConfigStatusType::Enabled);
        let kept = S3LogsConfig::builder()
            .status(LogsConfigStatusType::Enabled)
            .location(format!("{bucket}/{prefix}"));
        let config = LogsConfig::builder()
            .cloud_watch_logs(followed.build()?)
            .s3_logs(kept.build()?);
        Ok(Some(config.build()))
    }

    fn fill(&self, call: StartBuildFluentBuilder) -> Result<StartBuildFluentBuilder, BuildError> {
        let variables: Result<Vec<_>, _> = self
            .variables
            .iter()
            .map(|(name, variable)| variable.named(name))
            .collect();
        let variables = variables?;
        let source = self.source.as_ref();
        Ok(call
            .project_name(&self.project)
            .idempotency_token(&self.token)
            .set_source_type_override(source.map(|_| SourceType::S3))
            .set_source_location_override(source.map(|(bucket, key)| format!("{bucket}/{key}")))
            .set_source_version(self.version.clone())
            .set_buildspec_override(self.buildspec.clone())
            .set_environment_variables_override((!variables.is_empty()).then_some(variables))
            .set_artifacts_override(self.artifacts()?)
            .set_logs_config_override(self.logs()?)
            .set_service_role_override(self.role.clone())
            .set_timeout_in_minutes_override(self.minutes))
    }
}

impl Cloud {
    /// Starts a build, and gives it as it is then.
    pub async fn start_build(&self, build: &NewBuild) -> Result<Build, Trouble> {
        let started = self
            .call("codebuild:StartBuild", &build.project, || async {
                match build.fill(self.codebuild.start_build()) {
                    Ok(call) => call.send().await,
                    Err(why) => Err(SdkError::construction_failure(why)),
                }
            })
            .await?;
        started
            .build_value()
            .and_then(read)
            .ok_or_else(|| untold(&build.project))
    }

    /// Stops a build.
    pub async fn stop_build(&self, id: &str) -> Result<(), Trouble> {
        self.call("codebuild:StopBuild", id, || {
            self.codebuild.stop_build().id(id).send()
        })
        .await
        .map(drop)
    }

    /// The ids of the newest builds of a project, the newest first; not more than one call tells.
    pub async fn newest_builds(&self, project: &str) -> Result<Vec<String>, Trouble> {
        let listed = self
            .call("codebuild:ListBuildsForProject", project, || {
                self.codebuild
                    .list_builds_for_project()
                    .project_name(project)
                    .sort_order(SortOrderType::Descending)
                    .send()
            })
            .await?;
        Ok(listed.ids().to_vec())
    }

    /// A build as it is after this was asked; none where there is no such build.
    pub async fn build(&self, id: &str) -> Result<Option<Build>, Trouble> {
        let mut told = self.builds(&[id.to_owned()]).await?;
        Ok(told.remove(id))
    }

    /// These builds as they are after this was asked, by id, together with those of everybody who
    /// asked meanwhile. Those that are not there are left out.
    pub async fn builds(&self, ids: &[String]) -> Result<BTreeMap<String, Build>, Trouble> {
        let batch = self.asking.join(ids.iter().cloned());
        let mut answer = batch.answer.lock().await;
        if answer.is_none() {
            let turn = self.turn().await;
            let wanted: Vec<String> = self.asking.close(&batch).into_iter().collect();
            *answer = Some(self.describe_builds(&wanted, turn).await);
        }
        answer.clone().unwrap_or_else(|| Ok(BTreeMap::new()))
    }

    async fn describe_builds(
        &self,
        wanted: &[String],
        turn: Turn,
    ) -> Result<BTreeMap<String, Build>, Trouble> {
        let (mut all, mut turn) = (BTreeMap::new(), Some(turn));
        for ids in wanted.chunks(BATCH) {
            let on = match ids {
                [one] => one.as_str(),
                _ => "",
            };
            let answer = self
                .call_in(turn.take(), "codebuild:BatchGetBuilds", on, || {
                    self.codebuild
                        .batch_get_builds()
                        .set_ids(Some(ids.to_vec()))
                        .send()
                })
                .await?;
            let told = answer.builds().iter().filter_map(read);
            all.extend(told.map(|build| (build.id.clone(), build)));
        }
        Ok(all)
    }
}

/// An answer without what it must have: nobody knows what became of the call.
fn untold(project: &str) -> Trouble {
    let what = "the answer tells of no build";
    let failure = Failure::new(format!("codebuild:StartBuild on {project}: {what}"))
        .hint("check whether a proxy is in the way")
        .retry(Retry::Contact);
    Trouble {
        kind: TroubleKind::Garbled,
        code: String::new(),
        message: what.into(),
        failure: Box::new(failure),
    }
}
