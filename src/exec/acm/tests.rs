//! The hands on certificates in this process.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::aws::double::{Account, Answered, Came};
use crate::exec::Found;
use crate::exec::double::Bench;
use crate::os::mutex::locked;

/// One certificate, by the statuses that it is told to have, one look after the other; and what it
/// says whose it is.
#[derive(Clone)]
struct Kept(Arc<Mutex<(Vec<&'static str>, Option<&'static str>)>>);

impl Kept {
    fn told(statuses: &[&'static str], owner: Option<&'static str>) -> Account {
        let kept = Self(Arc::new(Mutex::new((statuses.to_vec(), owner))));
        Account::new(move |call| kept.answer(call))
    }

    fn answer(&self, call: &Came) -> Answered {
        let mut state = locked(&self.0);
        let (statuses, owner) = &mut *state;
        let target = &call.headers["x-amz-target"];
        let said = match target.strip_prefix("CertificateManager.").unwrap() {
            "RequestCertificate" => {
                *owner = Some("us");
                json!({ "CertificateArn": "arn:1" })
            }
            "ListCertificates" if owner.is_some() => {
                json!({ "CertificateSummaryList": [{ "CertificateArn": "arn:1", "DomainName": "www.acme.org" }] })
            }
            "ListCertificates" => json!({ "CertificateSummaryList": [] }),
            "ListTagsForCertificate" => {
                json!({ "Tags": [{ "Key": "holdpoint", "Value": owner }] })
            }
            "DescribeCertificate" => {
                let status = if statuses.len() > 1 {
                    statuses.remove(0)
                } else {
                    statuses[0]
                };
                json!({ "Certificate": certificate(status) })
            }
            "DeleteCertificate" if statuses.len() > 1 => {
                statuses.remove(0);
                let body = r#"{"__type":"ResourceInUseException","message":"in use"}"#;
                return Answered::new(400, body);
            }
            "DeleteCertificate" => json!({}),
            other => panic!("{other}"),
        };
        Answered::new(200, said.to_string())
    }
}

/// As it is described. `NEW` has no records yet.
fn certificate(status: &str) -> Value {
    let proof = |name: &str, is_done: bool| {
        let record = json!({ "Name": format!("_1.{name}."), "Type": "CNAME", "Value": "_2.acm." });
        json!({
            "DomainName": name,
            "ValidationStatus": if is_done || status == "ISSUED" { "SUCCESS" } else { "PENDING_VALIDATION" },
            "ResourceRecord": if status == "NEW" { Value::Null } else { record },
        })
    };
    json!({
        "CertificateArn": "arn:1",
        "Status": if status == "NEW" { "PENDING_VALIDATION" } else { status },
        "SubjectAlternativeNames": ["www.acme.org", "docs.example.com"],
        "DomainValidationOptions": [proof("www.acme.org", false), proof("docs.example.com", true)],
        "FailureReason": if status == "FAILED" { "CAA_ERROR" } else { "" },
    })
}

fn asked() -> Value {
    json!({ "names": ["www.acme.org", "docs.example.com"], "owner": "us" })
}

#[tokio::test]
async fn a_certificate_is_asked_for_once_and_tells_its_records() {
    let account = Kept::told(&["NEW", "NEW", "PENDING_VALIDATION"], None);
    let bench = Arc::new(Bench::over(&account));
    let done = bench.run("acm.request", asked()).await.unwrap().public;
    assert_eq!(done["arn"], "arn:1");
    assert_eq!(
        done["records"][0],
        json!({ "of": "www.acme.org", "name": "_1.www.acme.org.", "kind": "CNAME", "value": "_2.acm." })
    );
    let requests = |account: &Account| {
        let calls = account.calls();
        let is_request =
            |call: &&Came| call.headers["x-amz-target"].ends_with("RequestCertificate");
        calls
            .iter()
            .filter(is_request)
            .map(Came::text)
            .collect::<Vec<_>>()
    };
    let sent: Value = serde_json::from_str(&requests(&account)[0]).unwrap();
    assert_eq!(sent["IdempotencyToken"], "00000000000000000000000000000007");
    assert_eq!(sent["Tags"], json!([{ "Key": "holdpoint", "Value": "us" }]));
    // Picked up after a kill, and by another deployment: it is the same one.
    assert_eq!(
        bench.find("acm.request", asked()).await,
        Found::StillRunning
    );
    bench.run("acm.request", asked()).await.unwrap();
    Arc::new(Bench::over(&account))
        .run("acm.request", asked())
        .await
        .unwrap();
    assert_eq!(requests(&account).len(), 1);
}

#[tokio::test]
async fn the_certificate_of_somebody_else_is_not_taken() {
    let account = Kept::told(&["ISSUED"], Some("them"));
    let bench = Arc::new(Bench::over(&account));
    let done = bench.run("acm.delete", asked()).await.unwrap().public;
    assert_eq!(done["deleted"], json!([]));
    bench.run("acm.request", asked()).await.unwrap();
    assert!(bench.said("asked for"));
}

#[tokio::test]
async fn whoever_must_prove_a_name_is_told_the_record_once() {
    let account = Kept::told(
        &["PENDING_VALIDATION", "PENDING_VALIDATION", "ISSUED"],
        Some("us"),
    );
    let bench = Arc::new(Bench::over(&account));
    bench
        .run("acm.issued", json!({ "arn": "arn:1" }))
        .await
        .unwrap();
    let lines = locked(&bench.lines).clone();
    assert_eq!(
        lines,
        [
            "www.acme.org is proven by this record of its DNS: _1.www.acme.org. CNAME _2.acm.",
            "certificate issued",
        ]
    );
    for (status, says) in [
        ("FAILED", "CAA_ERROR"),
        ("VALIDATION_TIMED_OUT", "72 hours"),
    ] {
        let account = Kept::told(&["PENDING_VALIDATION", status], Some("us"));
        let bench = Arc::new(Bench::over(&account));
        let refused = bench
            .run("acm.issued", json!({ "arn": "arn:1" }))
            .await
            .unwrap_err();
        assert!(format!("{refused:?}").contains(says), "{refused:?}");
        assert!(refused.summary.contains(status) && !refused.hint.is_empty());
    }
}

/// A cancel while somebody is waited for leaves what there is, and says so.
#[tokio::test]
async fn the_wait_for_a_record_ends_with_a_cancel() {
    let account = Kept::told(&["PENDING_VALIDATION"], Some("us"));
    let bench = Arc::new(Bench::over(&account).cancelled_on("www.acme.org is proven"));
    let ended = bench
        .run("acm.issued", json!({ "arn": "arn:1" }))
        .await
        .unwrap_err();
    assert!(
        ended.summary.contains("the certificate still waits"),
        "{ended:?}"
    );
}

#[tokio::test]
async fn a_certificate_goes_once_nothing_uses_it() {
    let account = Kept::told(&["ISSUED", "ISSUED", "ISSUED", "ISSUED"], Some("us"));
    let bench = Arc::new(Bench::over(&account));
    let done = bench.run(
        "acm.delete",
        json!({ "names": ["www.acme.org"], "owner": "us" }),
    );
    assert_eq!(done.await.unwrap().public["deleted"], json!(["arn:1"]));
}
