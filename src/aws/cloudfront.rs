//! CloudFront: distributions as they are and as they are changed, what they keep taken out of their
//! caches, and how they sign what they read. A configuration goes back as it came, but for the word
//! that changes: what we do not know of it stays.

mod reading;

use std::fmt::Write as _;

pub use self::reading::{
    Distribution, Invalidation, Names, Origin, OriginAccess, Summary, Wanted, as_aliases,
    as_certificate,
};
use self::reading::{NAMESPACE, accesses, page};
use super::bounds::ANSWER;
use super::clients::Cloud;
use super::rest::{Answer, Ask, Service};
use super::trouble::Trouble;
use super::xml::{Unread, escaped};

/// The version of the interface, which begins every path.
const API: &str = "/2020-05-31";

/// Where it is for a region: one service for each part of AWS, whatever the region is.
pub(super) fn service(region: &str) -> Service {
    let (of, address) = if region.starts_with("cn-") {
        (
            "cn-northwest-1",
            "https://cloudfront.cn-northwest-1.amazonaws.com.cn",
        )
    } else {
        ("us-east-1", "https://cloudfront.amazonaws.com")
    };
    Service {
        name: "cloudfront",
        region: of.to_owned(),
        address: address.to_owned(),
        limit: ANSWER,
    }
}

impl Cloud {
    /// All distributions of the account.
    pub async fn distributions(&self) -> Result<Vec<Summary>, Trouble> {
        let (mut all, mut from) = (Vec::new(), None::<String>);
        loop {
            let asked = self.call("cloudfront:ListDistributions", "", || {
                let ask = Ask::new("GET", &format!("{API}/distribution"))
                    .may_query("Marker", from.as_deref());
                self.cloudfront.call(ask, |answer| {
                    let root = answer.root("DistributionList")?;
                    page(&root, "DistributionSummary", from.as_deref(), Summary::read)
                })
            });
            let (some, next) = asked.await?;
            all.extend(some);
            match next {
                Some(next) => from = Some(next),
                None => return Ok(all),
            }
        }
    }

    /// A distribution with its whole configuration; none where there is none.
    pub async fn distribution(&self, id: &str) -> Result<Option<Distribution>, Trouble> {
        let asked = self.call("cloudfront:GetDistribution", id, || {
            let ask = Ask::new("GET", &format!("{API}/distribution/{id}"));
            self.cloudfront.call(ask, distribution)
        });
        or_none(asked.await, "NoSuchDistribution")
    }

    /// Makes a distribution of this configuration, once for each caller's reference in it.
    pub async fn create_distribution(
        &self,
        reference: &str,
        configuration: &str,
    ) -> Result<Distribution, Trouble> {
        self.call("cloudfront:CreateDistribution", reference, || {
            let ask = Ask::new("POST", &format!("{API}/distribution")).xml(configuration);
            self.cloudfront.call(ask, distribution)
        })
        .await
    }

    /// Has a distribution be so, if it is still as it was seen; nothing else of it is changed.
    pub async fn change_distribution(
        &self,
        seen: &Distribution,
        wanted: Wanted<'_>,
    ) -> Result<Distribution, Trouble> {
        let configuration = seen.as_wanted(wanted);
        self.call("cloudfront:UpdateDistribution", &seen.id, || {
            let ask = Ask::new("PUT", &format!("{API}/distribution/{}/config", seen.id))
                .header("if-match", seen.etag.as_str())
                .xml(&configuration);
            self.cloudfront.call(ask, distribution)
        })
        .await
    }

    /// Deletes a distribution, if it is still as it was seen. False where it is gone already.
    pub async fn delete_distribution(&self, seen: &Distribution) -> Result<bool, Trouble> {
        let deleted = self.call("cloudfront:DeleteDistribution", &seen.id, || {
            let ask = Ask::new("DELETE", &format!("{API}/distribution/{}", seen.id))
                .header("if-match", seen.etag.as_str());
            self.cloudfront.call(ask, |_| Ok(()))
        });
        Ok(or_none(deleted.await, "NoSuchDistribution")?.is_some())
    }

    /// Takes paths out of all caches, once for each reference.
    pub async fn invalidate(
        &self,
        id: &str,
        reference: &str,
        paths: &[String],
    ) -> Result<Invalidation, Trouble> {
        let mut items = String::new();
        for path in paths {
            let _ = write!(items, "<Path>{}</Path>", escaped(path));
        }
        let (many, reference) = (paths.len(), escaped(reference));
        let body = format!(
            "<InvalidationBatch xmlns=\"{NAMESPACE}\"><Paths><Quantity>{many}</Quantity><Items>{items}</Items></Paths><CallerReference>{reference}</CallerReference></InvalidationBatch>"
        );
        self.call("cloudfront:CreateInvalidation", id, || {
            let ask = Ask::new("POST", &format!("{API}/distribution/{id}/invalidation")).xml(&body);
            self.cloudfront.call(ask, invalidation)
        })
        .await
    }

    /// How an invalidation stands; none where there is none.
    pub async fn invalidation(
        &self,
        id: &str,
        invalidation_id: &str,
    ) -> Result<Option<Invalidation>, Trouble> {
        let asked = self.call("cloudfront:GetInvalidation", id, || {
            let path = format!("{API}/distribution/{id}/invalidation/{invalidation_id}");
            self.cloudfront.call(Ask::new("GET", &path), invalidation)
        });
        or_none(asked.await, "NoSuchInvalidation")
    }

    /// The origin access controls of the account.
    pub async fn origin_accesses(&self) -> Result<Vec<OriginAccess>, Trouble> {
        let (mut all, mut from) = (Vec::new(), None::<String>);
        loop {
            let asked = self.call("cloudfront:ListOriginAccessControls", "", || {
                let ask = Ask::new("GET", &format!("{API}/origin-access-control"))
                    .may_query("Marker", from.as_deref());
                self.cloudfront.call(ask, |answer| {
                    let root = answer.root("OriginAccessControlList")?;
                    accesses(&root, from.as_deref())
                })
            });
            let (some, next) = asked.await?;
            all.extend(some);
            match next {
                Some(next) => from = Some(next),
                None => return Ok(all),
            }
        }
    }

    /// Makes an origin access control: whatever is read from a bucket is signed. Gives its id.
    pub async fn create_origin_access(&self, name: &str) -> Result<String, Trouble> {
        let called = escaped(name);
        let body = format!(
            "<OriginAccessControlConfig xmlns=\"{NAMESPACE}\"><Name>{called}</Name><Description>Reads the buckets of sites</Description><SigningProtocol>sigv4</SigningProtocol><SigningBehavior>always</SigningBehavior><OriginAccessControlOriginType>s3</OriginAccessControlOriginType></OriginAccessControlConfig>"
        );
        self.call("cloudfront:CreateOriginAccessControl", name, || {
            let ask = Ask::new("POST", &format!("{API}/origin-access-control")).xml(&body);
            self.cloudfront.call(ask, |answer| {
                let root = answer.root("OriginAccessControl")?;
                Ok(root.need(&["Id"])?.to_owned())
            })
        })
        .await
    }
}

fn distribution(answer: &Answer) -> Result<Distribution, Unread> {
    Distribution::read(answer.text()?, answer.need("etag")?)
}

fn invalidation(answer: &Answer) -> Result<Invalidation, Unread> {
    let root = answer.root("Invalidation")?;
    Ok(Invalidation {
        id: root.need(&["Id"])?.to_owned(),
        status: root.need(&["Status"])?.to_owned(),
    })
}

/// What was answered; none where it was refused with this code.
pub(super) fn or_none<T>(answer: Result<T, Trouble>, code: &str) -> Result<Option<T>, Trouble> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(trouble) if trouble.is(code) => Ok(None),
        Err(trouble) => Err(trouble),
    }
}

#[cfg(test)]
mod tests;
