//! The eye on CloudFront: the distribution that serves a host, or that was made under a reference.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde::Deserialize as _;

use super::{Eye, LookOn};
use crate::aws::cloudfront::Distribution;
use crate::aws::{Clients, Cloud};
use crate::domain::failure::Failure;
use crate::domain::look::{Look, Sight};
use crate::domain::request::SourceBundle;
use crate::forms::cloudfront::{DISTRIBUTION, DistributionFacts, LookFor, missing};

/// Looks at distributions.
pub(super) struct Distributions(pub(super) Arc<Clients>);

impl Eye for Distributions {
    fn kind(&self) -> &'static str {
        DISTRIBUTION
    }

    fn look<'a>(
        &'a self,
        on: &'a LookOn,
        look: &'a Look,
        _bundle: Option<&'a SourceBundle>,
    ) -> BoxFuture<'a, Result<Sight, Failure>> {
        async move {
            let place = on.place(&look.about)?.ok_or_else(|| {
                Failure::new(format!("{} has no `aws:` in the estate file", on.env))
                    .hint("add `aws: { region: … }` and `holdpoint apply`")
            })?;
            let cloud = self.0.at(place).await?;
            let wanted = if look.with.is_null() {
                LookFor::default()
            } else {
                LookFor::deserialize(&look.with).map_err(|why| {
                    Failure::new(format!(
                        "what {} is looked for by cannot be read: {why}",
                        look.about.name
                    ))
                })?
            };
            let found = find(&cloud, &look.about.name, wanted.caller_reference.as_deref()).await?;
            let about = look.about.clone();
            Ok(found.map_or_else(
                || missing(about.clone()),
                |found| facts(found).sight(about.clone()),
            ))
        }
        .boxed()
    }
}

/// The distribution to which the host leads; else the one that was made under the reference, of
/// those to which no host leads.
async fn find(
    cloud: &Cloud,
    host: &str,
    reference: Option<&str>,
) -> Result<Option<Distribution>, Failure> {
    let all = cloud.distributions().await?;
    let same = |alias: &String| alias.eq_ignore_ascii_case(host);
    if let Some(one) = all.iter().find(|one| one.aliases.iter().any(same)) {
        return Ok(cloud.distribution(&one.id).await?);
    }
    let Some(reference) = reference else {
        return Ok(None);
    };
    for one in all.iter().filter(|one| one.aliases.is_empty()) {
        let found = cloud.distribution(&one.id).await?;
        if let Some(found) = found.filter(|found| found.caller_reference == reference) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn facts(found: Distribution) -> DistributionFacts {
    DistributionFacts {
        id: found.id,
        arn: found.arn,
        domain_name: found.domain_name,
        enabled: found.enabled,
        status: found.status,
        caller_reference: found.caller_reference,
        comment: found.comment,
        aliases: found.aliases,
        etag: found.etag,
        changed_at: found.changed_at,
    }
}

#[cfg(test)]
mod tests;
