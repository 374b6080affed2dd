//! Certificates, as data: calls in, answers out.

use std::time::Duration;

use serde_json::{Value, json};

use crate::domain::time::Time;
use crate::sandbox::call::{AwsError, Call};
use crate::sandbox::who::ACCOUNT;
use crate::sandbox::world::World;

struct Stage(World);

impl Stage {
    fn new() -> Self {
        Self(World::new(Time(1_790_000_000_000), 3, 1.0))
    }

    fn of(&mut self, service: &str, action: &str, params: Value) -> Result<Value, AwsError> {
        let call = Call::new(service, action, params).by(ACCOUNT, "us-east-1");
        let answer = self.0.call(self.0.now, &call).answer;
        answer.map(|reply| reply.tree().clone())
    }

    fn on(&mut self, action: &str, params: Value) -> Result<Value, AwsError> {
        self.of("acm", action, params)
    }

    fn request(&mut self, token: &str) -> String {
        let params = json!({
            "DomainName": "www.example.org", "SubjectAlternativeNames": ["WWW.example.org", "docs.example.com"],
            "ValidationMethod": "DNS", "IdempotencyToken": token, "Tags": [{ "Key": "holdpoint", "Value": "us" }],
        });
        let told = self.on("RequestCertificate", params).unwrap();
        told["CertificateArn"].as_str().unwrap().to_owned()
    }

    fn described(&mut self, arn: &str) -> Value {
        let params = json!({ "CertificateArn": arn });
        self.on("DescribeCertificate", params).unwrap()["Certificate"].clone()
    }

    fn passes(&mut self, seconds: u64) {
        let to = self.0.now + Duration::from_secs(seconds);
        self.0.advance(to);
    }

    /// Makes the records by which a certificate is proven, each in the zone of its name.
    fn prove(&mut self, told: &Value) {
        for (zone, proof) in ["example.org", "example.com"]
            .into_iter()
            .zip(told["DomainValidationOptions"].as_array().unwrap())
        {
            let asked = json!({ "Name": zone, "CallerReference": zone });
            let made = self
                .of(
                    "route53",
                    "CreateHostedZone",
                    json!({ "CreateHostedZoneRequest": asked }),
                )
                .unwrap();
            let id = made
                .pointer("/CreateHostedZoneResponse/HostedZone/Id")
                .unwrap();
            let record = &proof["ResourceRecord"];
            let set = json!({
                "Name": record["Name"], "Type": "CNAME", "TTL": "60",
                "ResourceRecords": { "ResourceRecord": [{ "Value": record["Value"] }] },
            });
            let change = json!({ "Changes": { "Change": [{ "Action": "UPSERT", "ResourceRecordSet": set }] } });
            let asked =
                json!({ "Id": id, "ChangeResourceRecordSetsRequest": { "ChangeBatch": change } });
            self.of("route53", "ChangeResourceRecordSets", asked)
                .unwrap();
        }
    }
}

#[test]
fn a_certificate_is_issued_once_all_its_names_are_proven() {
    let mut stage = Stage::new();
    let arn = stage.request("once");
    assert_eq!(stage.request("once"), arn, "the same call again");
    assert_ne!(stage.request("twice"), arn);
    let told = stage.described(&arn);
    assert_eq!(
        told["SubjectAlternativeNames"],
        json!(["www.example.org", "docs.example.com"])
    );
    assert_eq!(
        told["DomainValidationOptions"][0]["ResourceRecord"],
        Value::Null
    );
    stage.passes(3);
    let told = stage.described(&arn);
    assert_eq!(told["Status"], "PENDING_VALIDATION");
    stage.prove(&told);
    stage.passes(10);
    let told = stage.described(&arn);
    assert_eq!(told["Status"], "ISSUED");
    assert_eq!(
        told["DomainValidationOptions"][1]["ValidationStatus"],
        "SUCCESS"
    );
    let listed = stage.on(
        "ListCertificates",
        json!({ "CertificateStatuses": ["ISSUED"], "MaxItems": 1 }),
    );
    let listed = listed.unwrap();
    assert_eq!(
        listed["CertificateSummaryList"].as_array().unwrap().len(),
        1
    );
    assert!(
        listed["NextToken"].is_string(),
        "the other one proves the same names"
    );
    let tags = stage
        .on("ListTagsForCertificate", json!({ "CertificateArn": arn }))
        .unwrap();
    assert_eq!(tags["Tags"][0]["Value"], "us");
}

#[test]
fn a_certificate_whose_names_nobody_proves_is_given_up() {
    let mut stage = Stage::new();
    let arn = stage.request("once");
    stage.passes(73 * 3_600);
    let told = stage.described(&arn);
    assert_eq!(told["Status"], "VALIDATION_TIMED_OUT");
    assert_eq!(
        told["DomainValidationOptions"][0]["ValidationStatus"],
        "FAILED"
    );
}

#[test]
fn what_is_no_name_and_what_is_not_there_is_refused() {
    let mut stage = Stage::new();
    for (name, by) in [
        ("nothing", "DNS"),
        ("a_b.example.com", "DNS"),
        ("www.example.com", "EMAIL"),
    ] {
        let params = json!({ "DomainName": name, "ValidationMethod": by });
        let refused = stage.on("RequestCertificate", params).unwrap_err();
        assert_eq!(refused.code, "ValidationException", "{name} by {by}");
    }
    for action in [
        "DescribeCertificate",
        "DeleteCertificate",
        "ListTagsForCertificate",
    ] {
        let refused = stage
            .on(action, json!({ "CertificateArn": "arn:none" }))
            .unwrap_err();
        assert_eq!(refused.code, "ResourceNotFoundException");
    }
}

/// A distribution shows a certificate that is issued and covers its hosts; as long as it does, the
/// certificate cannot be deleted.
#[test]
fn a_certificate_is_shown_for_its_hosts_alone_and_kept_as_long() {
    let mut stage = Stage::new();
    let arn = stage.request("once");
    let config = |host: &str| {
        json!({ "DistributionConfig": {
            "CallerReference": host, "Enabled": true,
            "Aliases": { "Quantity": 1, "Items": { "CNAME": [host] } },
            "Origins": { "Quantity": 1, "Items": { "Origin": [{ "Id": "site", "DomainName": "b.s3.amazonaws.com" }] } },
            "DefaultCacheBehavior": { "TargetOriginId": "site" },
            "ViewerCertificate": { "ACMCertificateArn": arn },
        } })
    };
    let refused = stage.of(
        "cloudfront",
        "CreateDistribution",
        config("www.example.org"),
    );
    assert_eq!(
        refused.unwrap_err().code,
        "InvalidViewerCertificate",
        "it is not issued"
    );
    stage.passes(3);
    let told = stage.described(&arn);
    stage.prove(&told);
    stage.passes(10);
    let refused = stage.of(
        "cloudfront",
        "CreateDistribution",
        config("shop.example.org"),
    );
    assert_eq!(
        refused.unwrap_err().code,
        "InvalidViewerCertificate",
        "it is for others"
    );
    stage
        .of(
            "cloudfront",
            "CreateDistribution",
            config("www.example.org"),
        )
        .unwrap();
    let refused = stage.on("DeleteCertificate", json!({ "CertificateArn": arn }));
    assert_eq!(refused.unwrap_err().code, "ResourceInUseException");
    assert_eq!(
        stage.described(&arn)["InUseBy"].as_array().unwrap().len(),
        1
    );
}
