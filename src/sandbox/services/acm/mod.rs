//! Certificate Manager: certificates that are asked for, proven by records of DNS and issued. The
//! records are looked for in the hosted zones of the account; no key is made.

mod certificate;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::certificate::Certificate;
use super::cloudfront::CloudFront;
use crate::domain::time::Time;
use crate::sandbox::call::{Answer, AwsError, Call, Params};
use crate::sandbox::protocol::Protocol;
use crate::sandbox::realm::{Cx, Realm};
use crate::sandbox::service::{Offer, Reply, Service};

/// Certificate Manager.
pub const OFFER: Offer = Offer {
    subjects: &["CertificateArn", "DomainName"],
    tokens: &["IdempotencyToken"],
    ..Offer::of::<Acm>(
        "acm",
        Protocol::Json {
            version: "1.1",
            target: "CertificateManager",
        },
    )
};

/// How many names one certificate is for.
const NAMES: usize = 10;

/// The certificates of a realm.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Acm {
    /// By ARN.
    certificates: BTreeMap<String, Certificate>,
}

impl Service for Acm {
    fn call(&mut self, call: &Call, cx: &mut Cx<'_>) -> Result<Reply, AwsError> {
        let params = call.params();
        let answer = match call.action.as_str() {
            "RequestCertificate" => self.request(params, cx),
            "DescribeCertificate" => {
                let (arn, one) = self.find(params)?;
                let users = users(cx.realm(), arn);
                Ok(json!({ "Certificate": one.shown(arn, cx.now, &users) }))
            }
            "ListCertificates" => Ok(self.list(params)),
            "ListTagsForCertificate" => Ok(json!({ "Tags": self.find(params)?.1.tags })),
            "DeleteCertificate" => self.delete(params, cx),
            _ => Err(AwsError::unanswered(call)),
        };
        answer.map(Reply::from)
    }

    fn due(&self, _: Realm<'_>) -> Option<Time> {
        let all = self.certificates.values();
        all.filter_map(Certificate::looks_at).min()
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        let soon = cx.after(certificate::BETWEEN);
        let (realm, now) = (cx.realm(), cx.now);
        for one in self.certificates.values_mut() {
            if one.looks_at().is_some_and(|at| at <= now) {
                one.look(realm, now, soon);
            }
        }
    }
}

impl Acm {
    /// Whether a certificate can be shown for these hosts; none where this one is not known here.
    pub(in crate::sandbox::services) fn is_for(&self, arn: &str, hosts: &[&str]) -> Option<bool> {
        let one = self.certificates.get(arn)?;
        Some(one.is_issued() && hosts.iter().all(|host| one.covers(host)))
    }

    fn request(&mut self, params: Params<'_>, cx: &mut Cx<'_>) -> Answer {
        let first = need(params, "DomainName")?;
        if params.text("ValidationMethod") != Some("DNS") {
            return Err(invalid("the embedded cloud proves names by DNS alone"));
        }
        let mut names = vec![first.to_lowercase()];
        for name in params.texts("SubjectAlternativeNames") {
            let name = name.to_lowercase();
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let wrong = names.iter().find(|name| !certificate::is_name(name));
        if let Some(wrong) = wrong {
            return Err(invalid(format!("{wrong} is not a valid domain name")));
        }
        if names.len() > NAMES {
            return Err(AwsError::new(
                "LimitExceededException",
                "Error: you have reached the maximum number of names in a certificate.",
            ));
        }
        let token = params.text("IdempotencyToken").map(str::to_owned);
        let same = self.certificates.iter().find(|(_, one)| {
            token.is_some() && one.token == token && one.names == names && one.is_young(cx.now)
        });
        if let Some((arn, _)) = same {
            return Ok(json!({ "CertificateArn": arn }));
        }
        let (region, account) = (&cx.place.region, &cx.place.account);
        let id = cx.dice.uuid();
        let arn = format!("arn:aws:acm:{region}:{account}:certificate/{id}");
        let tells = cx.after(certificate::NAMED);
        let tags = params.list("Tags").to_vec();
        cx.effect = Some(format!("certificate for {}", names.join(", ")));
        let one = Certificate::new(names, tags, token, cx.now, tells);
        self.certificates.insert(arn.clone(), one);
        Ok(json!({ "CertificateArn": arn }))
    }

    fn list(&self, params: Params<'_>) -> Value {
        let states = params.texts("CertificateStatuses");
        let most = params.number("MaxItems").unwrap_or(100);
        let most = usize::try_from(most).unwrap_or(1).max(1);
        let from = params.text("NextToken");
        let mut rows = self
            .certificates
            .iter()
            .filter(|(_, one)| states.is_empty() || states.contains(&one.status()))
            .filter(|(arn, _)| from.is_none_or(|from| arn.as_str() > from));
        let page: Vec<_> = rows.by_ref().take(most).collect();
        let next = page
            .last()
            .map(|(arn, _)| (*arn).clone())
            .filter(|_| rows.next().is_some());
        let page: Vec<_> = page.iter().map(|(arn, one)| one.listed(arn)).collect();
        json!({ "CertificateSummaryList": page, "NextToken": next })
    }

    fn delete(&mut self, params: Params<'_>, cx: &mut Cx<'_>) -> Answer {
        let arn = self.find(params)?.0.to_owned();
        if !users(cx.realm(), &arn).is_empty() {
            return Err(AwsError::new(
                "ResourceInUseException",
                format!("Certificate {arn} in account is in use."),
            ));
        }
        self.certificates.remove(&arn);
        cx.effect = Some(format!("certificate {arn} deleted"));
        Ok(json!({}))
    }

    fn find<'a>(&'a self, params: Params<'a>) -> Result<(&'a str, &'a Certificate), AwsError> {
        let arn = need(params, "CertificateArn")?;
        let one = self.certificates.get(arn).ok_or_else(|| {
            let message = format!("Could not find certificate {arn}.");
            AwsError::new("ResourceNotFoundException", message)
        })?;
        Ok((arn, one))
    }
}

/// The distributions that show a certificate.
fn users(realm: Realm<'_>, arn: &str) -> Vec<String> {
    let shows = |config: &Value| {
        config
            .pointer("/ViewerCertificate/ACMCertificateArn")
            .and_then(|arn| arn.as_str())
            == Some(arn)
    };
    let all = realm.get::<CloudFront>().into_iter();
    let all = all.flat_map(|all| all.distributions.iter());
    let account = &realm.place.account;
    all.filter(|(_, one)| shows(&one.config))
        .map(|(id, _)| format!("arn:aws:cloudfront::{account}:distribution/{id}"))
        .collect()
}

fn need<'a>(params: Params<'a>, name: &str) -> Result<&'a str, AwsError> {
    let text = params.text(name).filter(|text| !text.is_empty());
    text.ok_or_else(|| {
        invalid(format!(
            "Value null at '{name}' failed to satisfy constraint: Member must not be null"
        ))
    })
}

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::new("ValidationException", message)
}
