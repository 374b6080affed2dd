//! A template on its way to CloudFormation: in the call, or through a bucket where a call cannot
//! carry it. What is in the bucket is the content whose digest was approved, and nothing else is
//! taken for it.

use super::input::Given;
use crate::aws::clients::Cloud;
use crate::aws::s3::address;
use crate::aws::trouble::{Trouble, TroubleKind};
use crate::domain::digest::Digest;
use crate::domain::failure::Failure;
use crate::forms::cloudformation::travel::{FOLDER, Object};

/// The object through which a template travels, in the region of its stack.
#[derive(Debug, Clone)]
pub(super) struct Through {
    pub(super) object: Object,
    pub(super) region: String,
}

impl Through {
    /// Its address as CloudFormation knows objects: it calls it by no endpoint of ours. The AWS CLI
    /// names the templates that it puts into buckets in the same form.
    fn url(&self) -> String {
        let Object { bucket, key } = &self.object;
        format!("{}/{bucket}/{key}", address(&self.region))
    }

    /// What to allow, and where.
    fn allow(&self) -> String {
        format!(
            "allow s3:PutObject and s3:GetObject on {FOLDER}* of the bucket {} to the role of this environment, or name another bucket (template_bucket under aws: in the estate file, then `holdpoint apply`)",
            self.object.bucket
        )
    }

    /// What is wrong with the bucket, with what to do about it.
    fn named(&self, mut trouble: Trouble) -> Trouble {
        let (bucket, region) = (&self.object.bucket, &self.region);
        let another = "template_bucket under aws: in the estate file, then `holdpoint apply`";
        let (says, hint) = match trouble.code.as_str() {
            "NoSuchBucket" => (
                format!("there is no bucket {bucket}, which the environment names for templates"),
                format!(
                    "make it (aws s3 mb s3://{bucket} --region {region}), or name another: {another}"
                ),
            ),
            "PermanentRedirect" | "TemporaryRedirect" | "AuthorizationHeaderMalformed" => (
                format!("the bucket {bucket} is not in {region}, where the stack is"),
                format!("name a bucket of {region}: {another}"),
            ),
            _ if trouble.kind == TroubleKind::Denied => {
                (trouble.failure.summary.clone(), self.allow())
            }
            _ => return trouble,
        };
        trouble.failure.summary = says;
        trouble.failure.hint = hint;
        trouble
    }
}

impl Given {
    /// The template, where the call carries it.
    #[must_use]
    pub fn body(&self) -> Option<String> {
        self.through.is_none().then(|| self.template.clone())
    }

    /// Where it is, where the call does not.
    #[must_use]
    pub fn url(&self) -> Option<String> {
        self.through.as_ref().map(Through::url)
    }

    /// Whether a call was refused because CloudFormation could not read it where it is.
    #[must_use]
    pub fn is_unread(&self, trouble: &Trouble) -> bool {
        self.through.is_some() && unread(trouble.message.as_str())
    }

    /// A failure of a call with it: where CloudFormation could not read it, what to do about that.
    #[must_use]
    pub fn told(&self, failure: Failure) -> Failure {
        match &self.through {
            Some(through) if unread(&failure.summary) => failure.hint(format!(
                "CloudFormation reads the template with the rights of this environment: {}",
                through.allow()
            )),
            Some(_) | None => failure,
        }
    }
}

/// Whether CloudFormation says that it could not read an object.
fn unread(said: &str) -> bool {
    said.contains("S3 error") || said.contains("TemplateURL")
}

impl Cloud {
    /// Puts a template where CloudFormation reads it, if a call cannot carry it. It stands under
    /// its digest: what is there already and is that content is not put again, and anything else
    /// that is there is put right. Gives the bucket where it was put now.
    pub async fn bring<'a>(&self, given: &'a Given) -> Result<Option<&'a str>, Trouble> {
        let Some(through) = &given.through else {
            return Ok(None);
        };
        let Object { bucket, key } = &through.object;
        let on = format!("{bucket}/{key}");
        let found = self.call("s3:GetObject", &on, || self.s3.get(bucket, key));
        match found.await {
            Ok(found) if Digest::of_bytes(&found) == given.digest => return Ok(None),
            Ok(_) => {}
            Err(trouble) => match trouble.kind {
                // It is not there, may not be read, or is no template: putting it tells.
                TroubleKind::Refused | TroubleKind::Denied | TroubleKind::Endless => {}
                TroubleKind::Throttled
                | TroubleKind::Server
                | TroubleKind::Timeout
                | TroubleKind::Unreachable
                | TroubleKind::Garbled
                | TroubleKind::Login => return Err(trouble),
            },
        }
        let bytes = given.template.as_bytes();
        let put = self.call("s3:PutObject", &on, || {
            self.s3.put(bucket, key, bytes.to_vec())
        });
        match put.await {
            Ok(()) => Ok(Some(bucket)),
            Err(trouble) => Err(through.named(trouble)),
        }
    }
}

#[cfg(test)]
mod tests;
