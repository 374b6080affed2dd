//! The form in which a site is stored with its deployments, and how it is made from the estate.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::entry::{Site, WebsiteEntry};
use crate::domain::artifact::Artifact;
use crate::domain::digest::Digest;
use crate::domain::failure::Failure;
use crate::domain::ids::StackId;
use crate::domain::look::Subject;
use crate::domain::request::{Made, Release, SourceBundle, Spec};
use crate::forms::cloudfront::DISTRIBUTION;
use crate::text::safe::Safe;

/// What a deployment of a site brings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Body {
    /// The site.
    pub(super) site: Site,
    /// The files to serve; absent where it is provisioned alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) archive: Option<Artifact>,
}

impl Body {
    /// The stored form of a spec.
    pub(super) fn of(spec: &Spec) -> Result<Self, Failure> {
        Self::deserialize(&spec.body).map_err(|why| {
            Failure::new(format!(
                "release {} is stored in a form that this version cannot read",
                spec.release
            ))
            .detail(why.to_string())
            .hint("publish it anew")
        })
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

fn of(body: &Body, release: Release, bundle: Digest) -> Spec {
    Spec {
        system: "website".to_owned(),
        release,
        about: vec![body.about()],
        body: json!(body),
        bundle,
        watch_logs: Vec::new(),
    }
}
