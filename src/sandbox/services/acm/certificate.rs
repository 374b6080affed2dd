//! A certificate on its way: the records that prove its names are told soon, looked for from then on,
//! and once all of them are there it is issued.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::domain::time::Time;
use crate::sandbox::realm::Realm;
use crate::sandbox::services::route53::Route53;
use crate::sandbox::values::seconds;

/// Its status while its names are not proven.
const PENDING: &str = "PENDING_VALIDATION";
/// When the records are told, in seconds at normal pace.
pub(super) const NAMED: f64 = 2.0;
/// How often they are looked for, in seconds at normal pace.
pub(super) const BETWEEN: f64 = 5.0;
/// How long a certificate waits for them.
const WAITS: Duration = Duration::from_hours(72);
/// How long the same token means the same certificate.
const YOUNG: Duration = Duration::from_hours(1);

/// A certificate.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Certificate {
    pub(super) names: Vec<String>,
    pub(super) tags: Vec<Value>,
    pub(super) token: Option<String>,
    created: Time,
    /// When the records are told, and looked for next.
    tells: Time,
    next: Time,
    proven: BTreeSet<String>,
    issued: Option<Time>,
    timed_out: bool,
}

impl Certificate {
    pub(super) fn new(
        names: Vec<String>,
        tags: Vec<Value>,
        token: Option<String>,
        now: Time,
        tells: Time,
    ) -> Self {
        Self {
            names,
            tags,
            token,
            created: now,
            tells,
            next: tells,
            proven: BTreeSet::new(),
            issued: None,
            timed_out: false,
        }
    }

    pub(super) fn is_young(&self, now: Time) -> bool {
        now < self.created + YOUNG
    }

    pub(super) fn is_issued(&self) -> bool {
        self.issued.is_some()
    }

    /// Whether it is for this host.
    pub(super) fn covers(&self, host: &str) -> bool {
        let host = host.to_lowercase();
        let parent = host.split_once('.').map_or("", |(_, parent)| parent);
        let is_of =
            |name: &String| *name == host || name.strip_prefix("*.").is_some_and(|of| of == parent);
        self.names.iter().any(is_of)
    }

    /// When its records are looked for next.
    pub(super) fn looks_at(&self) -> Option<Time> {
        (self.issued.is_none() && !self.timed_out).then_some(self.next)
    }

    /// Looks for its records.
    pub(super) fn look(&mut self, realm: Realm<'_>, now: Time, soon: Time) {
        self.next = soon;
        let zones = realm.get::<Route53>();
        for name in &self.names {
            let (record, value) = proof(&realm.place.account, name);
            let is_there = zones.is_some_and(|all| all.says(&record, "CNAME", &value));
            if is_there {
                self.proven.insert(name.clone());
            }
        }
        if self.names.iter().all(|name| self.proven.contains(name)) {
            self.issued = Some(now);
        } else if now >= self.created + WAITS {
            self.timed_out = true;
        }
    }

    pub(super) fn status(&self) -> &'static str {
        match (self.issued, self.timed_out) {
            (Some(_), _) => "ISSUED",
            (None, true) => "VALIDATION_TIMED_OUT",
            (None, false) => PENDING,
        }
    }

    pub(super) fn listed(&self, arn: &str) -> Value {
        json!({
            "CertificateArn": arn, "DomainName": self.names.first(),
            "SubjectAlternativeNameSummaries": self.names, "Status": self.status(),
            "Type": "AMAZON_ISSUED", "KeyAlgorithm": "RSA-2048",
            "CreatedAt": seconds(self.created),
        })
    }

    pub(super) fn shown(&self, arn: &str, now: Time, users: &[String]) -> Value {
        let account = arn.split(':').nth(4).unwrap_or_default();
        let proofs: Vec<Value> = self
            .names
            .iter()
            .map(|name| {
                let status = match (self.proven.contains(name), self.timed_out) {
                    (true, _) => "SUCCESS",
                    (false, true) => "FAILED",
                    (false, false) => PENDING,
                };
                let (record, value) = proof(account, name);
                let record = (now >= self.tells)
                    .then(|| json!({ "Name": record, "Type": "CNAME", "Value": value }));
                json!({
                    "DomainName": name, "ValidationDomain": name, "ValidationMethod": "DNS",
                    "ValidationStatus": status, "ResourceRecord": record,
                })
            })
            .collect();
        json!({
            "CertificateArn": arn, "DomainName": self.names.first(),
            "SubjectAlternativeNames": self.names, "DomainValidationOptions": proofs,
            "Status": self.status(), "Type": "AMAZON_ISSUED", "InUseBy": users,
            "CreatedAt": seconds(self.created), "IssuedAt": self.issued.map(seconds),
            "KeyAlgorithm": "RSA-2048", "RenewalEligibility": "INELIGIBLE",
        })
    }
}

/// The record by which an account proves a name: the same for all its certificates.
fn proof(account: &str, name: &str) -> (String, String) {
    let name = name.strip_prefix("*.").unwrap_or(name);
    let sum = hex::encode(Sha256::digest(format!("{account} {name}")));
    let (of, says) = sum.split_at(32);
    (
        format!("_{of}.{name}."),
        format!("_{says}.xlfgrmvvlj.acm-validations.aws."),
    )
}

/// Whether it can be the name of a host, or of all hosts of a domain.
pub(super) fn is_name(name: &str) -> bool {
    let plain = name.strip_prefix("*.").unwrap_or(name);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    plain.len() <= 253 && plain.contains('.') && plain.split('.').all(is_label)
}
