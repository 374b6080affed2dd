//! Distributions: each change of one takes its time to reach all edges, and only what is disabled
//! everywhere can be deleted.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::config::Config;
use super::invalidation::Invalidation;
use super::{CloudFront, body, conflict, gone, matched};
use crate::domain::time::Time;
use crate::sandbox::call::{AwsError, Params};
use crate::sandbox::realm::Cx;
use crate::sandbox::service::Reply;
use crate::sandbox::services::acm::Acm;
use crate::sandbox::values::iso;

/// How long a change takes to reach all edges, in seconds at normal pace.
const DEPLOYS: f64 = 20.0;

/// A distribution.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Distribution {
    /// As it was first asked for: the same again is the same distribution.
    asked: Value,
    /// As it is now.
    pub config: Value,
    /// The version of it.
    pub etag: String,
    /// Its own name.
    pub domain: String,
    modified: Time,
    deployed: Time,
    pub(super) invalidations: Vec<Invalidation>,
}

impl CloudFront {
    pub(super) fn create(
        &mut self,
        params: Params<'_>,
        cx: &mut Cx<'_>,
    ) -> Result<Reply, AwsError> {
        let config = body(params, "DistributionConfig")?;
        Config(config).checked()?;
        let reference = Config(config).reference()?;
        let mut all = self.distributions.iter();
        let same = all.find(|(_, one)| one.reference() == Some(reference));
        if let Some((id, one)) = same {
            if one.asked != *config {
                return Err(conflict(
                    "DistributionAlreadyExists",
                    format!(
                        "The caller reference that you are using to create a distribution is associated with another distribution. Already exists: {id}"
                    ),
                ));
            }
            return Ok(one.made(id, cx));
        }
        self.fits(Config(config), None)?;
        certified(Config(config), cx)?;
        let id = format!("E{}", cx.dice.letters(13));
        let one = Distribution {
            asked: config.clone(),
            config: config.clone(),
            etag: etag(cx),
            domain: format!("d{}.cloudfront.net", cx.dice.letters(13).to_lowercase()),
            modified: cx.now,
            deployed: cx.after(DEPLOYS),
            invalidations: Vec::new(),
        };
        let reply = one.made(&id, cx);
        cx.effect = Some(format!("distribution {id} of {reference}"));
        self.distributions.insert(id, one);
        Ok(reply)
    }

    pub(super) fn update(
        &mut self,
        id: &str,
        params: Params<'_>,
        cx: &mut Cx<'_>,
    ) -> Result<Reply, AwsError> {
        let config = body(params, "DistributionConfig")?;
        let one = self.distribution(id)?;
        matched(params, &one.etag)?;
        Config(config).checked()?;
        if one.reference() != Some(Config(config).reference()?) {
            return Err(AwsError::new(
                "IllegalUpdate",
                "The update contains modifications that are not allowed: CallerReference.",
            ));
        }
        self.fits(Config(config), Some(id))?;
        certified(Config(config), cx)?;
        let one = self.distribution(id)?;
        one.config = config.clone();
        one.etag = etag(cx);
        one.modified = cx.now;
        one.deployed = cx.after(DEPLOYS);
        cx.effect = Some(format!("distribution {id} updated"));
        Ok(one.shown(id, cx))
    }

    pub(super) fn delete(
        &mut self,
        id: &str,
        params: Params<'_>,
        cx: &mut Cx<'_>,
    ) -> Result<Reply, AwsError> {
        let one = self.distribution(id)?;
        matched(params, &one.etag)?;
        // AWS says the same of what is disabled and not yet everywhere.
        if Config(&one.config).is_enabled() || !one.is_deployed(cx.now) {
            return Err(conflict(
                "DistributionNotDisabled",
                "The distribution you are trying to delete has not been disabled.",
            ));
        }
        self.distributions.remove(id);
        cx.effect = Some(format!("distribution {id} deleted"));
        Ok(gone())
    }

    pub(super) fn distribution(&mut self, id: &str) -> Result<&mut Distribution, AwsError> {
        self.distributions.get_mut(id).ok_or_else(|| {
            AwsError::missing(
                "NoSuchDistribution",
                "The specified distribution does not exist.",
            )
        })
    }

    /// Refuses a configuration that names what another distribution has, or what is not there.
    fn fits(&self, config: Config<'_>, own: Option<&str>) -> Result<(), AwsError> {
        let aliases = config.aliases();
        let mut others = self
            .distributions
            .iter()
            .filter(|(id, _)| Some(id.as_str()) != own)
            .flat_map(|(_, one)| Config(&one.config).aliases());
        if others.any(|taken| {
            aliases
                .iter()
                .any(|alias| alias.eq_ignore_ascii_case(taken))
        }) {
            return Err(conflict(
                "CNAMEAlreadyExists",
                "One or more of the CNAMEs you provided are already associated with a different resource.",
            ));
        }
        if config.controls().any(|id| self.control(id).is_err()) {
            return Err(AwsError::new(
                "InvalidOriginAccessControl",
                "The specified origin access control does not exist or is not valid.",
            ));
        }
        Ok(())
    }
}

impl Distribution {
    /// True when it is everywhere as it was last asked for.
    #[must_use]
    pub fn is_deployed(&self, now: Time) -> bool {
        now >= self.deployed
    }

    pub(super) fn shown(&self, id: &str, cx: &Cx<'_>) -> Reply {
        let mut tree = self.facts(id, cx);
        let none = json!({ "Enabled": false, "Quantity": 0 });
        let open = self.invalidations.iter().filter(|one| !one.is_done(cx.now));
        tree["InProgressInvalidationBatches"] = open.count().into();
        tree["ActiveTrustedSigners"] = none.clone();
        tree["ActiveTrustedKeyGroups"] = none;
        tree["DistributionConfig"] = self.config.clone();
        Reply::from(json!({ "Distribution": tree })).header("etag", self.etag.clone())
    }

    pub(super) fn shown_config(&self) -> Reply {
        Reply::from(json!({ "DistributionConfig": self.config })).header("etag", self.etag.clone())
    }

    pub(super) fn summary(&self, id: &str, cx: &Cx<'_>) -> Value {
        let mut tree = self.facts(id, cx);
        tree["ETag"] = self.etag.clone().into();
        if let Value::Object(fields) = &mut tree {
            fields.extend(Config(&self.config).summary());
        }
        tree
    }

    fn facts(&self, id: &str, cx: &Cx<'_>) -> Value {
        json!({
            "Id": id, "ARN": format!("arn:aws:cloudfront::{}:distribution/{id}", cx.place.account),
            "Status": if self.is_deployed(cx.now) { "Deployed" } else { "InProgress" },
            "LastModifiedTime": iso(self.modified), "DomainName": self.domain,
        })
    }

    fn made(&self, id: &str, cx: &Cx<'_>) -> Reply {
        self.shown(id, cx).status(201).header(
            "location",
            format!("https://cloudfront.amazonaws.com/2020-05-31/distribution/{id}"),
        )
    }

    fn reference(&self) -> Option<&str> {
        Params(&self.asked).text("CallerReference")
    }
}

/// Refuses a certificate of ours that cannot be shown for its hosts. One that is not known here is
/// somebody's who brought it.
fn certified(config: Config<'_>, cx: &Cx<'_>) -> Result<(), AwsError> {
    let known = cx.realm().get::<Acm>();
    let arn = config.certificate();
    match known
        .zip(arn)
        .and_then(|(known, arn)| known.is_for(arn, &config.aliases()))
    {
        Some(false) => Err(AwsError::new(
            "InvalidViewerCertificate",
            "The certificate that is attached to your distribution doesn't cover the alternate domain name (CNAME) that you're trying to add. For more details, see: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/CNAMEs.html#alternate-domain-names-requirements",
        )),
        Some(true) | None => Ok(()),
    }
}

pub(super) fn etag(cx: &mut Cx<'_>) -> String {
    format!("E{}", cx.dice.letters(13))
}
