//! The form in which a site is stored with its deployments, and how it is made from the estate.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::entry::{Build, Site, WebsiteEntry};
use crate::domain::artifact::Artifact;
use crate::domain::digest::Digest;
use crate::domain::failure::Failure;
use crate::domain::ids::StackId;
use crate::domain::look::{Look, Subject};
use crate::domain::refs::Commit;
use crate::domain::request::{Made, Release, SourceBundle, Spec};
use crate::forms::cloudfront::DISTRIBUTION;
use crate::forms::git;
use crate::text::safe::Safe;

/// What a deployment of a site brings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Body {
    /// The site.
    pub(super) site: Site,
    /// The files to serve; absent where it is provisioned alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) archive: Option<Artifact>,
    /// The commit that is built and served; absent where it is provisioned alone, or published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) commit: Option<Commit>,
}

impl Body {
    /// The stored form of a spec.
    pub(super) fn of(spec: &Spec) -> Result<Self, Failure> {
        spec.form("publish it anew")
    }

    /// The look at the branch whose newest commit is to be built.
    pub(super) fn branch(&self) -> Option<Look> {
        let build = self.site.build.as_ref()?;
        let unknown = self.commit.is_none() && self.archive.is_none();
        let look = || Look::at(git::branch(&build.repository, &build.branch));
        unknown.then(|| match &build.app {
            Some(app) => look().with(json!(app)),
            None => look(),
        })
    }

    /// What a build of a commit leaves in the end. It is one by how it is built too: another
    /// command makes another archive, and so do the parameters of another environment whose sites
    /// share the bucket.
    pub(super) fn kept(&self, commit: &Commit) -> Option<(&Build, String)> {
        let build = self.site.build.as_ref()?;
        let how = json!([build.recipe, build.parameters]);
        let how = Digest::of("holdpoint/build/1", &how).short();
        let (prefix, commit) = (&self.site.prefix, commit.as_str());
        Some((build, format!("{prefix}{commit}-{how}.zip")))
    }

    /// The distribution that says how the site stands.
    pub(super) fn about(&self) -> Subject {
        Subject::new(DISTRIBUTION, &self.site.host)
    }
}

/// The site of the estate's file.
pub(super) fn spec(stack: &StackId, entry: &WebsiteEntry, bundle: &SourceBundle) -> Spec {
    let site = entry.site(stack.env.as_str(), stack.app.as_str());
    let release = Digest::of("holdpoint/release/1", &json!(site));
    let body = Body {
        site,
        archive: None,
        commit: None,
    };
    of(&body, Release::of_files(release), bundle.digest())
}

/// The same site with the files of an archive, under the name that people give it.
///
/// # Errors
/// The site is stored in another form.
pub(super) fn published(site: &Spec, version: &str, archive: &Artifact) -> Result<Spec, Failure> {
    let body = Body {
        archive: Some(archive.clone()),
        commit: None,
        ..Body::of(site)?
    };
    let release = Release {
        name: Safe::new(version),
        source: Some(Made::Archive {
            digest: archive.digest,
        }),
        digest: Digest::of("holdpoint/release/1", &json!(archive.digest)),
    };
    Ok(of(&body, release, site.bundle))
}

/// The same site as a commit of its branch builds it; nothing where it is not built.
pub(super) fn built(site: &Spec, commit: &Commit) -> Option<Spec> {
    let body = Body::of(site).ok()?;
    let build = body.site.build.clone()?;
    let release = Release {
        name: Safe::new(commit.short()),
        source: Some(Made::Commit {
            repo: Safe::new(&build.repository),
            at: Safe::new(&format!("refs/heads/{}", build.branch.as_str())),
            sha: Safe::new(commit.as_str()),
        }),
        digest: Digest::of(
            "holdpoint/release/1",
            &json!([build.repository, build.recipe, commit]),
        ),
    };
    let body = Body {
        commit: Some(commit.clone()),
        ..body
    };
    Some(of(&body, release, site.bundle))
}

fn of(body: &Body, release: Release, bundle: Digest) -> Spec {
    Spec {
        system: "website".to_owned(),
        release,
        about: vec![body.about()],
        body: json!(body),
        bundle,
        watch_logs: Vec::new(),
        parts: std::collections::BTreeMap::new(),
    }
}
