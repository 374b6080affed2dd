//! The eye on CloudFront: the distribution that serves a host, or that was made under a reference.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde::Deserialize as _;

use super::{Eye, Follow, Glance, LookOn};
use crate::aws::cloudfront::Distribution;
use crate::aws::{Clients, Cloud};
use crate::domain::failure::Failure;
use crate::domain::ids::StackId;
use crate::domain::look::{Look, Sight, Subject};
use crate::domain::place::Place;
use crate::domain::request::SourceBundle;
use crate::domain::time::Time;
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
            let cloud = on.cloud(&self.0, &look.about).await?;
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

    fn follow(&self, _stack: &StackId, about: &Subject, _since: Time) -> Option<Box<dyn Follow>> {
        Some(Box::new(Followed {
            clients: Arc::clone(&self.0),
            about: about.clone(),
            id: None,
        }))
    }
}

/// A distribution that is followed. CloudFront tells of no parts and keeps no news: its state is
/// all that there is to see.
struct Followed {
    clients: Arc<Clients>,
    about: Subject,
    /// Which one it was at the last look.
    id: Option<String>,
}

impl Followed {
    async fn find(&self, cloud: &Cloud) -> Result<Option<Distribution>, Failure> {
        if let Some(id) = &self.id
            && let Some(found) = cloud.distribution(id).await?
            && leads(&found.aliases, &self.about.name)
        {
            return Ok(Some(found));
        }
        find(cloud, &self.about.name, Some(&self.about.name)).await
    }
}

impl Follow for Followed {
    fn look<'a>(
        &'a mut self,
        place: &'a Place,
        glance: Glance,
    ) -> BoxFuture<'a, Result<(Sight, Time), Failure>> {
        async move {
            let cloud = self.clients.at(place).await?.watching();
            let found = self.find(&cloud).await?;
            self.id = found.as_ref().map(|found| found.id.clone());
            let about = self.about.clone();
            let sight = match found {
                Some(found) => facts(found).sight(about),
                None => missing(about),
            };
            Ok((sight, glance.now))
        }
        .boxed()
    }
}

fn leads(aliases: &[String], host: &str) -> bool {
    aliases.iter().any(|alias| alias.eq_ignore_ascii_case(host))
}

/// The distribution to which the host leads; else the one that was made under the reference, of
/// those to which no host leads.
async fn find(
    cloud: &Cloud,
    host: &str,
    reference: Option<&str>,
) -> Result<Option<Distribution>, Failure> {
    let all = cloud.distributions().await?;
    if let Some(one) = all.iter().find(|one| leads(&one.aliases, host)) {
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
        certificate: found.certificate.unwrap_or_default(),
        etag: found.etag,
        changed_at: found.changed_at,
    }
}

#[cfg(test)]
mod tests;
