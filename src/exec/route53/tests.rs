//! The hands on a zone in this process.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::aws::double::{Account, Answered, Came};
use crate::aws::route53::alias;
use crate::exec::Found;
use crate::exec::double::Bench;
use crate::os::mutex::locked;

/// A zone with these records, and how often its newest change was asked for.
#[derive(Clone, Default)]
struct Zone(Arc<Mutex<(Vec<String>, u32)>>);

impl Zone {
    fn with(records: &[String]) -> Self {
        Self(Arc::new(Mutex::new((records.to_vec(), 0))))
    }

    fn records(&self) -> Vec<String> {
        locked(&self.0).0.clone()
    }

    fn account(&self) -> Account {
        let zone = self.clone();
        Account::new(move |call| zone.answer(call))
    }

    fn answer(&self, call: &Came) -> Answered {
        let mut state = locked(&self.0);
        let (records, looks) = &mut *state;
        let path: Vec<&str> = call.path.split('/').skip(2).collect();
        match (call.method.as_str(), path.as_slice()) {
            ("GET", ["hostedzone", "Z1"]) => Answered::new(
                200,
                "<GetHostedZoneResponse><HostedZone><Id>/hostedzone/Z1</Id><Name>example.com.</Name></HostedZone></GetHostedZoneResponse>",
            ),
            (_, ["hostedzone", other, ..]) if *other != "Z1" => {
                Answered::refused(404, "NoSuchHostedZone", "none")
            }
            ("GET", ["hostedzone", _, "rrset"]) => Answered::new(
                200,
                format!(
                    "<ListResourceRecordSetsResponse><ResourceRecordSets>{}</ResourceRecordSets><IsTruncated>false</IsTruncated></ListResourceRecordSetsResponse>",
                    records.concat()
                ),
            ),
            ("POST", ["hostedzone", _, "rrset", ""]) => {
                let text = call.text();
                for change in text.split("<Change>").skip(1) {
                    let (action, rest) = change.split_once("</Action>").unwrap();
                    let record = rest.split_once("</Change>").unwrap().0.to_owned();
                    if action == "<Action>DELETE" {
                        if !records.contains(&record) {
                            return Answered::refused(400, "InvalidChangeBatch", "not found");
                        }
                        records.retain(|one| *one != record);
                    } else {
                        let head = record.split_once("</Type>").unwrap().0.to_owned();
                        records.retain(|one| !one.starts_with(&head));
                        records.push(record);
                    }
                }
                *looks = 0;
                Answered::new(
                    200,
                    "<ChangeResourceRecordSetsResponse><ChangeInfo><Id>/change/C1</Id><Status>PENDING</Status></ChangeInfo></ChangeResourceRecordSetsResponse>",
                )
            }
            ("GET", ["change", "C1"]) => {
                *looks += 1;
                let status = if *looks > 2 { "INSYNC" } else { "PENDING" };
                Answered::new(
                    200,
                    format!(
                        "<GetChangeResponse><ChangeInfo><Id>/change/C1</Id><Status>{status}</Status></ChangeInfo></GetChangeResponse>"
                    ),
                )
            }
            (_, _) => panic!("{call:?}"),
        }
    }
}

const ZONE: &str = "Z2FDTNDATAQYW2";

fn to(host: &str, kind: &str) -> String {
    alias("fox.example.com", kind, ZONE, host)
}

fn params() -> Value {
    json!({ "zone_id": "/hostedzone/Z1", "name": "Fox.example.com", "dns_name": "d1.cloudfront.net", "kinds": ["A", "AAAA"] })
}

async fn run(
    zone: &Zone,
    kind: &str,
    params: Value,
) -> Result<Value, crate::domain::failure::Failure> {
    let bench = Arc::new(Bench::over(&zone.account()));
    bench.run(kind, params).await.map(|output| output.public)
}

#[tokio::test]
async fn a_host_leads_to_its_distribution_once_every_server_says_so() {
    let zone = Zone::default();
    let account = zone.account();
    let bench = Arc::new(Bench::over(&account));
    let done = bench.run("route53.upsert", params()).await.unwrap();
    assert_eq!(done.public["changed"], json!(true));
    assert_eq!(
        zone.records(),
        [
            to("d1.cloudfront.net", "A"),
            to("d1.cloudfront.net", "AAAA")
        ]
    );
    assert_eq!(locked(&zone.0).1, 3, "asked until it was so");
    // Picked up after a kill: the change is followed, and not made again.
    assert_eq!(
        bench.find("route53.upsert", params()).await,
        Found::StillRunning
    );
    bench.run("route53.upsert", params()).await.unwrap();
    assert_eq!(account.count("POST"), 1);
    let again = run(&zone, "route53.upsert", params()).await.unwrap();
    assert_eq!(again["changed"], json!(false));
}

#[tokio::test]
async fn what_leads_to_another_distribution_is_led_here_and_nothing_else_is() {
    let old = Zone::with(&[to("d0.cloudfront.net.", "A")]);
    run(&old, "route53.upsert", params()).await.unwrap();
    assert_eq!(
        old.records(),
        [
            to("d1.cloudfront.net", "A"),
            to("d1.cloudfront.net", "AAAA")
        ]
    );

    let record = |body: &str| {
        format!("<ResourceRecordSet><Name>fox.example.com.</Name>{body}</ResourceRecordSet>")
    };
    for (taken, says) in [
        (
            record(
                "<Type>A</Type><TTL>60</TTL><ResourceRecords><ResourceRecord><Value>1.2.3.4</Value></ResourceRecord></ResourceRecords>",
            ),
            "a record of type A",
        ),
        (
            record("<Type>CNAME</Type><TTL>60</TTL>"),
            "a record of type CNAME",
        ),
        (
            to("lb.eu-west-1.elb.amazonaws.com", "AAAA"),
            "an AAAA alias to lb.eu-west-1",
        ),
        (
            record(&format!(
                "<Type>A</Type><SetIdentifier>blue</SetIdentifier><AliasTarget><HostedZoneId>{ZONE}</HostedZoneId><DNSName>d1.cloudfront.net</DNSName><EvaluateTargetHealth>false</EvaluateTargetHealth></AliasTarget>"
            )),
            "an A alias",
        ),
    ] {
        let zone = Zone::with(std::slice::from_ref(&taken));
        let failure = run(&zone, "route53.upsert", params()).await.unwrap_err();
        assert!(
            failure.summary.contains(says) && failure.as_before && !failure.hint.is_empty(),
            "{failure:?}"
        );
        assert_eq!(zone.records(), [taken]);
    }
    let zone = Zone::with(&[record("<Type>TXT</Type><TTL>60</TTL>")]);
    run(&zone, "route53.upsert", params()).await.unwrap();
    assert_eq!(zone.records().len(), 3);
}

#[tokio::test]
async fn a_zone_that_is_another_is_told_before_anything_is_changed() {
    for (field, value, says) in [
        ("zone_id", "Z9", "no hosted zone Z9"),
        (
            "name",
            "fox.other.com",
            "does not belong to the hosted zone example.com",
        ),
        ("name", "fox.notexample.com", "does not belong"),
    ] {
        let mut params = params();
        params[field] = json!(value);
        let failure = run(&Zone::default(), "route53.upsert", params)
            .await
            .unwrap_err();
        assert!(
            failure.summary.contains(says) && failure.as_before,
            "{failure:?}"
        );
    }
    let bench = Arc::new(Bench::over(&Zone::default().account()));
    let odd = json!({ "zone_id": "Z1", "name": "a", "dns_name": "b", "kinds": ["MX"] });
    assert!(
        bench
            .executor("route53.upsert")
            .check(&odd)
            .unwrap_err()
            .contains("MX")
    );
}

/// Trap 7: the alias that was made is the one that goes.
#[tokio::test]
async fn an_alias_goes_as_it_is_there_and_what_leads_elsewhere_stays() {
    let ours = to("d1.cloudfront.net.", "A").replace("false", "true");
    let other = to("d2.cloudfront.net", "AAAA");
    let zone = Zone::with(&[ours, other.clone()]);
    let account = zone.account();
    let bench = Arc::new(Bench::over(&account));
    let done = bench.run("route53.remove", params()).await.unwrap();
    assert_eq!(done.public["removed"], json!(["A"]));
    assert!(bench.said("an AAAA alias to d2.cloudfront.net is left"));
    assert_eq!(zone.records(), [other]);
    assert_eq!(account.count("POST"), 1);
    let again = run(&zone, "route53.remove", params()).await.unwrap();
    assert_eq!(again["removed"], json!([]));
    let mut gone = params();
    gone["zone_id"] = json!("Z9");
    assert_eq!(
        run(&zone, "route53.remove", gone).await.unwrap()["removed"],
        json!([])
    );
}
