//! The form in which a component is stored with its deployments, and how it is made from the estate.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::NAME;
use super::entry::ComponentEntry;
use crate::domain::digest::Digest;
use crate::domain::failure::{Failure, millis};
use crate::domain::ids::StackId;
use crate::domain::refs::{Branch, Commit};
use crate::domain::request::{Made, Release, SourceBundle, Spec};
use crate::domain::row::Row;
use crate::domain::secret_ref::SecretRef;
use crate::forms::image::Image;
use crate::forms::registry::Registry;
use crate::systems::image::ImageEntry;
use crate::systems::variables::references;
use crate::text::duration;
use crate::text::safe::Safe;

/// The longest time of a command, where nothing is said of it.
const LIMIT: Duration = Duration::from_mins(30);

/// How a component is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Making {
    pub(super) repository: String,
    /// The branch that publishes.
    pub(super) branch: Branch,
    pub(super) build: Vec<String>,
    pub(super) test: Vec<String>,
    /// The file that the build makes; none where nothing is published but the files themselves.
    pub(super) artifact: Option<String>,
    /// The image that is built of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) image: Option<Image>,
    /// The folder of its Terraform module.
    pub(super) module: String,
    pub(super) registry: Registry,
    /// Its name there.
    pub(super) name: String,
    pub(super) env: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) secrets: BTreeMap<String, SecretRef>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) secret_files: BTreeMap<String, SecretRef>,
    #[serde(with = "millis")]
    pub(super) limit: Duration,
}

/// What a deployment of a component brings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Body {
    pub(super) making: Making,
    /// The commit that is built; absent until it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) commit: Option<Commit>,
}

impl Making {
    /// What its page says of it.
    pub(super) fn rows(&self) -> Vec<Row> {
        let Registry { bucket, prefix } = &self.registry;
        let image = self
            .image
            .iter()
            .map(|image| Row::new("image", &image.repository));
        let rows = [
            Row::new("repository", &self.repository),
            Row::new("branch", self.branch.as_str()),
            Row::new("registry", &format!("s3://{bucket}/{prefix}")),
            Row::new("called", &self.name),
        ];
        rows.into_iter().chain(image).collect()
    }
}

impl Body {
    /// The stored form of a spec.
    pub(super) fn of(spec: &Spec) -> Result<Self, Failure> {
        spec.form("deploy it anew")
    }

    /// The same component as a commit makes it, to which this branch led; none where the commit was
    /// named itself.
    pub(super) fn built(
        &self,
        spec: &Spec,
        branch: Option<&Branch>,
        commit: &Commit,
    ) -> Option<Spec> {
        let at = branch.map_or_else(
            || commit.to_string(),
            |branch| format!("refs/heads/{branch}"),
        );
        let making = &self.making;
        let release = Release {
            name: Safe::new(commit.short()),
            source: Some(Made::Commit {
                repo: Safe::new(&making.repository),
                at: Safe::new(&at),
                sha: Safe::new(commit.as_str()),
            }),
            digest: Digest::of("holdpoint/release/1", &json!([making, commit])),
        };
        let body = Self {
            making: making.clone(),
            commit: Some(commit.clone()),
        };
        Some(Spec {
            release,
            body: serde_json::to_value(body).ok()?,
            ..spec.clone()
        })
    }
}

/// The component of the estate's file.
///
/// # Errors
/// A sentence, where it cannot be read.
pub(super) fn spec(
    stack: &StackId,
    entry: &ComponentEntry,
    bundle: &SourceBundle,
) -> Result<Spec, String> {
    let env = stack.env.as_str();
    let limit = entry.timeout.as_deref().map_or(Ok(LIMIT), duration::read);
    let making = Making {
        repository: entry.repository.clone(),
        branch: entry.branch().parse().map_err(|why| format!("{why}"))?,
        build: entry.build.clone(),
        test: entry.test.clone(),
        artifact: entry.artifact.clone(),
        image: entry.image.as_ref().map(ImageEntry::of),
        module: entry.module().to_owned(),
        registry: entry.registry.of(env),
        name: entry.called(stack.app.as_str()).to_owned(),
        env: entry.env.clone(),
        secrets: references(stack, &entry.secrets)?,
        secret_files: references(stack, &entry.secret_files)?,
        limit: limit.map_err(|why| format!("{stack}: {why}"))?,
    };
    let release = Digest::of("holdpoint/release/1", &json!(making));
    let about = vec![making.registry.newest(&making.name)];
    let body = Body {
        making,
        commit: None,
    };
    Ok(Spec {
        system: NAME.to_owned(),
        release: Release::of_files(release),
        body: serde_json::to_value(body).map_err(|why| why.to_string())?,
        bundle: bundle.digest(),
        about,
        watch_logs: Vec::new(),
        parts: BTreeMap::new(),
    })
}
