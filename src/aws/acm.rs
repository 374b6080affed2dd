//! Certificate Manager: the certificates of an account that `CloudFront` takes, which are those of
//! one region, wherever a site is.

use serde::Deserialize;
use serde_json::{Value, json};

use super::bounds::ANSWER;
use super::clients::Cloud;
use super::cloudfront::or_none;
use super::rest::{Answer, Ask, Json, Service};
use super::trouble::Trouble;

/// The region whose certificates `CloudFront` takes.
const REGION: &str = "us-east-1";
/// How many one page tells of.
const PAGE: usize = 100;
/// The tag by which a certificate says for whom it was asked for.
const OWNER: &str = "holdpoint";

/// Where it is.
pub(super) fn service() -> Service {
    Service::in_region("acm", REGION, ANSWER)
}

/// A certificate as it is told of.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Certificate {
    /// Its ARN.
    #[serde(rename = "CertificateArn")]
    pub arn: String,
    /// `PENDING_VALIDATION`, `ISSUED`, `FAILED`, ….
    #[serde(default)]
    pub status: String,
    /// All names that it is for.
    #[serde(default, rename = "SubjectAlternativeNames")]
    pub names: Vec<String>,
    /// Why it was not issued.
    #[serde(default)]
    pub failure_reason: String,
    /// How each of its names is proven.
    #[serde(default, rename = "DomainValidationOptions")]
    pub proofs: Vec<Proof>,
}

/// How a name is proven to be of whom asked for its certificate.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Proof {
    /// The name.
    #[serde(rename = "DomainName")]
    pub name: String,
    /// `PENDING_VALIDATION`, `SUCCESS`, `FAILED`.
    #[serde(default, rename = "ValidationStatus")]
    pub status: String,
    /// The record that proves it; none until Certificate Manager has named one.
    #[serde(default, rename = "ResourceRecord")]
    pub record: Option<Record>,
}

/// A record of DNS.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Record {
    /// Its name, with a dot at its end.
    pub name: String,
    /// Its type: `CNAME`.
    #[serde(rename = "Type")]
    pub kind: String,
    /// What it says.
    pub value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    #[serde(default)]
    certificate_summary_list: Vec<Listed>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    certificate_arn: String,
    #[serde(default)]
    domain_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Described {
    certificate: Certificate,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Requested {
    certificate_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tags {
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    key: String,
    #[serde(default)]
    value: String,
}

fn ask(name: &str, asks: &Value) -> Ask {
    Ask::json(Json::V1_1, &format!("CertificateManager.{name}"), asks)
}

impl Cloud {
    /// All certificates of the account that wait or are issued: each with its ARN and its first name.
    pub async fn certificates(&self) -> Result<Vec<(String, String)>, Trouble> {
        let mut asks = json!({
            "CertificateStatuses": ["PENDING_VALIDATION", "ISSUED"],
            "MaxItems": PAGE,
        });
        let mut all = Vec::new();
        loop {
            let page: Page = self
                .call("acm:ListCertificates", "", || {
                    self.acm.call(ask("ListCertificates", &asks), Answer::json)
                })
                .await?;
            let listed = page.certificate_summary_list.into_iter();
            all.extend(listed.map(|one| (one.certificate_arn, one.domain_name)));
            match page.next_token.filter(|token| !token.is_empty()) {
                // A page that begins where it began would never end.
                Some(next) if asks["NextToken"] != next.as_str() => {
                    asks["NextToken"] = Value::String(next);
                }
                Some(_) | None => return Ok(all),
            }
        }
    }

    /// A certificate; none where there is none.
    pub async fn certificate(&self, arn: &str) -> Result<Option<Certificate>, Trouble> {
        let asks = json!({ "CertificateArn": arn });
        let asked = self.call("acm:DescribeCertificate", arn, || {
            self.acm
                .call(ask("DescribeCertificate", &asks), Answer::json::<Described>)
        });
        let told = or_none(asked.await, "ResourceNotFoundException")?;
        Ok(told.map(|told| told.certificate))
    }

    /// For whom a certificate was asked for, where it says so.
    pub async fn certificate_owner(&self, arn: &str) -> Result<Option<String>, Trouble> {
        let asks = json!({ "CertificateArn": arn });
        let asked = self.call("acm:ListTagsForCertificate", arn, || {
            self.acm
                .call(ask("ListTagsForCertificate", &asks), Answer::json::<Tags>)
        });
        let told = or_none(asked.await, "ResourceNotFoundException")?;
        let mut tags = told.into_iter().flat_map(|told| told.tags);
        Ok(tags.find(|tag| tag.key == OWNER).map(|tag| tag.value))
    }

    /// Asks for a certificate for these names, each proven by a record, once for each token within
    /// an hour. Gives its ARN.
    pub async fn request_certificate(
        &self,
        names: &[String],
        owner: &str,
        token: &str,
    ) -> Result<String, Trouble> {
        let first = names.first().map(String::as_str).unwrap_or_default();
        let asks = json!({
            "DomainName": first,
            "SubjectAlternativeNames": names,
            "ValidationMethod": "DNS",
            "IdempotencyToken": token,
            "Tags": [{ "Key": OWNER, "Value": owner }],
        });
        let asked: Requested = self
            .call("acm:RequestCertificate", first, || {
                self.acm
                    .call(ask("RequestCertificate", &asks), Answer::json)
            })
            .await?;
        Ok(asked.certificate_arn)
    }

    /// Deletes a certificate that nothing uses. False where it is gone already.
    pub async fn delete_certificate(&self, arn: &str) -> Result<bool, Trouble> {
        let asks = json!({ "CertificateArn": arn });
        let asked = self.call("acm:DeleteCertificate", arn, || {
            self.acm.call(ask("DeleteCertificate", &asks), |_| Ok(()))
        });
        Ok(or_none(asked.await, "ResourceNotFoundException")?.is_some())
    }
}
