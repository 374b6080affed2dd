//! Objects of S3: put, read, listed and deleted; and whether a bucket is there. The bucket stands in the path (as AWS serves it in
//! every region, and every emulator does), so that there is one form for all names and endpoints.

mod reading;

use std::ops::Range;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_smithy_runtime::client::orchestrator::operation::OperationBuilder;

pub use self::reading::{Listed, Stays};
use self::reading::{deletion, left, listed};
use super::bounds::ANSWER;
use super::clients::Cloud;
use super::cloudfront::or_none;
use super::rest::{Answer, Ask, Rest, Service, Told};
use super::trouble::{Trouble, TroubleKind};
use super::xml::{Unread, is_carried};
use crate::domain::digest::Digest;
use crate::forms::s3::BucketFacts;

/// As many keys as S3 lists or deletes at once.
pub const BATCH: usize = 1_000;
/// Under which name an object keeps the digest of its content.
const SUM: &str = "x-amz-meta-holdpoint-sha256";
/// How long an upload may take.
const UPLOAD: Duration = Duration::from_mins(5);

/// S3: for calls that are over soon, and for uploads, which take as long as the line is slow.
#[derive(Debug, Clone)]
pub(super) struct S3 {
    calls: Rest,
    uploads: Rest,
}

/// An object that is put.
#[derive(Debug, Clone)]
pub struct Object<'a> {
    /// Its content.
    pub bytes: &'a [u8],
    /// What it is.
    pub content_type: &'a str,
    /// How long it may be kept by who reads it.
    pub cache_control: &'a str,
    /// Only where there is none.
    pub unless_there: bool,
}

/// How an object stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// How many bytes it has.
    pub length: u64,
    /// Its version.
    pub etag: String,
    /// The digest that it keeps of its content, where it was put from here.
    pub sum: Option<String>,
}

impl S3 {
    /// The clients of a region; `with` gives them what all clients of the target have.
    pub(super) fn new(
        config: &SdkConfig,
        region: &str,
        with: impl Fn(OperationBuilder) -> OperationBuilder + Copy,
    ) -> Self {
        let service = |limit| Service {
            name: "s3",
            region: region.to_owned(),
            address: address(region),
            limit,
        };
        Self {
            calls: Rest::new(config, &service(ANSWER), with),
            uploads: Rest::new(config, &service(UPLOAD), with),
        }
    }

    /// Reads an object.
    pub(super) async fn get(&self, bucket: &str, key: &str) -> Told<Vec<u8>> {
        let ask = Ask::new("GET", &format!("/{bucket}/{key}"));
        let read = |answer: &Answer| Ok(answer.body().to_vec());
        self.calls.call(ask, read).await
    }

    /// Puts an object of which nothing is known. AWS takes it only if its digest is the one that was
    /// signed.
    pub(super) async fn put(&self, bucket: &str, key: &str, bytes: Vec<u8>) -> Told<()> {
        let ask = Ask::new("PUT", &format!("/{bucket}/{key}")).bytes(bytes);
        self.calls.call(ask, |_| Ok(())).await
    }
}

/// Where S3 is in a region.
pub(super) fn address(region: &str) -> String {
    let end = if region.starts_with("cn-") { ".cn" } else { "" };
    format!("https://s3.{region}.amazonaws.com{end}")
}

impl Cloud {
    /// Reads an object; none where there is none.
    pub async fn object(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, Trouble> {
        let on = format!("{bucket}/{key}");
        let got = self.call("s3:GetObject", &on, || self.s3.get(bucket, key));
        match got.await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(trouble) if trouble.is("NoSuchKey") => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    /// How a bucket stands there.
    pub async fn bucket_facts(&self, bucket: &str) -> Result<BucketFacts, Trouble> {
        let asked = self.call("s3:ListBucket", bucket, || {
            let ask = Ask::new("HEAD", &format!("/{bucket}"));
            self.s3.calls.call(ask, |_| Ok(()))
        });
        match asked.await {
            Ok(()) => Ok(BucketFacts::Ours),
            Err(trouble) if trouble.is("NotFound") => Ok(BucketFacts::Missing),
            Err(trouble) if trouble.is("AccessDenied") => Ok(BucketFacts::Shut),
            Err(trouble) => Err(trouble),
        }
    }

    /// The digest that an object keeps of its content, where it was put from here; none where it
    /// keeps none, or is not there.
    pub async fn object_sum(&self, bucket: &str, key: &str) -> Result<Option<String>, Trouble> {
        let on = format!("{bucket}/{key}");
        let asked = self.call("s3:GetObject", &on, || {
            let ask = Ask::new("HEAD", &format!("/{bucket}/{key}"));
            let read = |answer: &Answer| Ok(answer.header(SUM).map(str::to_owned));
            self.s3.calls.call(ask, read)
        });
        match asked.await {
            Err(trouble) if trouble.is("NotFound") => Ok(None),
            other => other,
        }
    }

    /// How an object stands there; none where there is none.
    pub async fn object_head(&self, bucket: &str, key: &str) -> Result<Option<Head>, Trouble> {
        let on = format!("{bucket}/{key}");
        let asked = self.call("s3:GetObject", &on, || {
            let ask = Ask::new("HEAD", &format!("/{bucket}/{key}"));
            self.s3.calls.call(ask, |answer| {
                let length = answer.need("content-length")?;
                let length = length
                    .parse()
                    .map_err(|_| Unread(format!("{length:?} is no length")))?;
                Ok(Head {
                    length,
                    etag: answer.need("etag")?.to_owned(),
                    sum: answer.header(SUM).map(str::to_owned),
                })
            })
        });
        or_none(asked.await, "NotFound")
    }

    /// A part of an object, as long as it is the one that was seen.
    pub async fn object_part(
        &self,
        bucket: &str,
        key: &str,
        seen: &Head,
        part: Range<u64>,
    ) -> Result<Vec<u8>, Trouble> {
        let on = format!("{bucket}/{key}");
        let range = format!("bytes={}-{}", part.start, part.end.saturating_sub(1));
        self.call("s3:GetObject", &on, || {
            let ask = Ask::new("GET", &format!("/{bucket}/{key}"))
                .header("range", range.as_str())
                .header("if-match", seen.etag.as_str());
            self.s3.uploads.call(ask, |answer| {
                let body = answer.body();
                if body.len() as u64 == part.end - part.start {
                    Ok(body.to_vec())
                } else {
                    Err(Unread(format!("{} bytes came of {range}", body.len())))
                }
            })
        })
        .await
    }

    /// Puts an object, with the digest of its content beside it. False where it was to be put only
    /// where there is none, and there is one.
    pub async fn put_object(
        &self,
        bucket: &str,
        key: &str,
        object: &Object<'_>,
    ) -> Result<bool, Trouble> {
        let on = format!("{bucket}/{key}");
        let sum = Digest::of_bytes(object.bytes).to_string();
        let put = self.call("s3:PutObject", &on, || {
            let mut ask = Ask::new("PUT", &format!("/{bucket}/{key}"))
                .header("content-type", object.content_type)
                .header("cache-control", object.cache_control)
                .header(SUM, sum.as_str());
            if object.unless_there {
                ask = ask.header("if-none-match", "*");
            }
            let ask = ask.bytes(object.bytes.to_vec());
            self.s3.uploads.call(ask, |_| Ok(()))
        });
        match put.await {
            Ok(()) => Ok(true),
            Err(trouble) if trouble.is("PreconditionFailed") => Ok(false),
            Err(trouble) => Err(trouble),
        }
    }

    /// A page of the objects whose keys begin with a prefix, and where the next one begins.
    pub async fn objects_page(
        &self,
        bucket: &str,
        prefix: &str,
        from: Option<&str>,
    ) -> Result<(Vec<Listed>, Option<String>), Trouble> {
        let on = format!("{bucket}/{prefix}");
        self.call("s3:ListBucket", &on, || {
            let ask = Ask::new("GET", &format!("/{bucket}"))
                .query("list-type", "2")
                .query("encoding-type", "url")
                .query("prefix", prefix)
                .may_query("continuation-token", from);
            self.s3.calls.call(ask, |answer| listed(answer, from))
        })
        .await
    }

    /// All objects whose keys begin with a prefix.
    pub async fn objects(&self, bucket: &str, prefix: &str) -> Result<Vec<Listed>, Trouble> {
        let (mut all, mut from) = (Vec::new(), None);
        loop {
            let (page, next) = self.objects_page(bucket, prefix, from.as_deref()).await?;
            all.extend(page);
            match next {
                Some(next) => from = Some(next),
                None => return Ok(all),
            }
        }
    }

    /// Deletes objects, [`BATCH`] of them at most; one that is not there is well deleted. Gives
    /// those that stay, each with why.
    pub async fn delete_objects(
        &self,
        bucket: &str,
        keys: &[String],
    ) -> Result<Vec<Stays>, Trouble> {
        let (plain, odd): (Vec<&String>, Vec<&String>) =
            keys.iter().partition(|key| is_carried(key));
        let mut stay = Vec::new();
        if !plain.is_empty() {
            let (body, sum) = deletion(&plain);
            let deleted = self.call("s3:DeleteObject", bucket, || {
                let ask = Ask::new("POST", &format!("/{bucket}"))
                    .query("delete", "")
                    .header("content-md5", sum.as_str())
                    .xml(&body);
                self.s3.calls.call(ask, left)
            });
            stay = deleted.await?;
        }
        // What XML cannot name goes by itself.
        for key in odd {
            let on = format!("{bucket}/{key}");
            let deleted = self.call("s3:DeleteObject", &on, || {
                let ask = Ask::new("DELETE", &format!("/{bucket}/{key}"));
                self.s3.calls.call(ask, |_| Ok(()))
            });
            match deleted.await {
                Ok(()) => {}
                Err(trouble) if trouble.kind == TroubleKind::Refused => stay.push(Stays {
                    key: key.clone(),
                    code: trouble.code,
                    why: trouble.message,
                }),
                Err(trouble) => return Err(trouble),
            }
        }
        Ok(stay)
    }
}

#[cfg(test)]
mod tests;
