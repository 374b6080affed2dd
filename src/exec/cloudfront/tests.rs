//! The hands on a CloudFront in this process.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::aws::double::Account;
use crate::aws::double::front::Front;
use crate::domain::failure::Retry;
use crate::exec::Found;
use crate::exec::double::Bench;

fn bench(account: &Account) -> Arc<Bench> {
    Arc::new(Bench::over(account))
}

fn site() -> Value {
    json!({
        "caller_reference": "blue-fox",
        "comment": "shop <blue-fox>",
        "alias": "blue-fox.example.com",
        "origin_domain": "live.s3.eu-west-1.amazonaws.com",
        "origin_path": "/pipeline/x/",
        "oac": "OAC0",
        "certificate_arn": "arn:aws:acm:us-east-1:4:certificate/1",
    })
}

#[tokio::test]
async fn a_distribution_is_made_as_a_site_needs_it() {
    let front = Front::default();
    let account = front.account();
    let made = bench(&account)
        .run("cloudfront.create", site())
        .await
        .unwrap();
    assert_eq!(
        made.public,
        json!({ "id": "E1", "arn": "arn:aws:cloudfront::4:distribution/E1", "domain_name": "e1.cloudfront.net" })
    );
    let sent = front.configuration("E1");
    for part in [
        "<CallerReference>blue-fox</CallerReference>",
        "<Aliases><Quantity>1</Quantity><Items><CNAME>blue-fox.example.com</CNAME></Items></Aliases>",
        "<DefaultRootObject>index.html</DefaultRootObject>",
        "<DomainName>live.s3.eu-west-1.amazonaws.com</DomainName><OriginPath>/pipeline/x</OriginPath>",
        "<OriginAccessControlId>OAC0</OriginAccessControlId>",
        "<ViewerProtocolPolicy>redirect-to-https</ViewerProtocolPolicy>",
        "<Compress>true</Compress>",
        "<MinTTL>3600</MinTTL>",
        "<ErrorCode>403</ErrorCode><ResponsePagePath>/index.html</ResponsePagePath><ResponseCode>200</ResponseCode>",
        "<ErrorCode>404</ErrorCode>",
        "<Comment>shop &lt;blue-fox&gt;</Comment>",
        "<SSLSupportMethod>sni-only</SSLSupportMethod><MinimumProtocolVersion>TLSv1.2_2021</MinimumProtocolVersion>",
        "<Enabled>true</Enabled>",
    ] {
        assert!(sent.contains(part), "{part}\n{sent}");
    }
    let mut plain = site();
    plain["certificate_arn"] = Value::Null;
    plain["caller_reference"] = json!("red-fox");
    plain["origin_domain"] = Value::Null;
    plain["origin_bucket"] = json!("other");
    plain["elsewhere"] = json!("not-found");
    bench(&account)
        .run("cloudfront.create", plain)
        .await
        .unwrap();
    let sent = front.configuration("E2");
    assert!(sent.contains("<DomainName>other.s3.eu-west-1.amazonaws.com</DomainName>"));
    assert!(
        sent.contains("<Aliases><Quantity>0</Quantity></Aliases>"),
        "{sent}"
    );
    assert!(sent.contains("<CloudFrontDefaultCertificate>true</CloudFrontDefaultCertificate>"));
    let missing = "<ErrorCode>403</ErrorCode><ResponsePagePath>/404.html</ResponsePagePath><ResponseCode>404</ResponseCode>";
    assert!(sent.contains(missing), "{sent}");
}

/// Trap 8: whatever failed after it was made, the next attempt has it.
#[tokio::test]
async fn one_that_is_there_is_taken_up_and_never_made_twice() {
    let front = Front::default();
    let account = front.account();
    bench(&account)
        .run("cloudfront.create", site())
        .await
        .unwrap();
    // By its host.
    let again = bench(&account)
        .run("cloudfront.create", site())
        .await
        .unwrap();
    assert_eq!(again.public["id"], "E1");
    assert_eq!(account.count("POST"), 1);
    // By its reference, where its host was taken from it.
    front.set("E1", "<CNAME>blue-fox.example.com</CNAME>", "");
    let again = bench(&account)
        .run("cloudfront.create", site())
        .await
        .unwrap();
    assert_eq!(again.public["id"], "E1");
    // Also one that is about to be deleted.
    front.set("E1", "<Enabled>true</Enabled>", "<Enabled>false</Enabled>");
    bench(&account)
        .run("cloudfront.create", site())
        .await
        .unwrap();
    assert!(
        front
            .configuration("E1")
            .contains("<Enabled>true</Enabled>")
    );
    // And one that somebody else made says from then on whose it is.
    front.set("E1", "shop &lt;blue-fox&gt;", "by hand");
    bench(&account)
        .run("cloudfront.create", site())
        .await
        .unwrap();
    let says = "<Comment>shop &lt;blue-fox&gt;</Comment>";
    assert!(front.configuration("E1").contains(says));
    assert_eq!(front.ids(), ["E1"]);
}

#[tokio::test]
async fn an_answer_that_was_lost_makes_no_second_one() {
    let front = Front::default();
    let account = front.account();
    front.loses_an_answer();
    let bench = bench(&account);
    let made = bench.run("cloudfront.create", site()).await.unwrap();
    assert_eq!(made.public["id"], "E1");
    assert_eq!(front.ids(), ["E1"]);
    // Killed after that: the note tells which one it is.
    assert_eq!(
        bench.find("cloudfront.create", site()).await,
        Found::StillRunning
    );
    let before = account.count("POST");
    let again = bench.run("cloudfront.create", site()).await.unwrap();
    assert_eq!(
        (again.public["id"].as_str(), account.count("POST")),
        (Some("E1"), before)
    );
}

#[tokio::test]
async fn a_host_of_another_site_is_not_taken_from_it() {
    let front = Front::default();
    let account = front.account();
    let mut other = site();
    other["caller_reference"] = json!("other");
    other["origin_path"] = json!("/pipeline/other");
    bench(&account)
        .run("cloudfront.create", other)
        .await
        .unwrap();
    let bench = bench(&account);
    let failure = bench.run("cloudfront.create", site()).await.unwrap_err();
    assert!(
        failure.summary.contains("E1")
            && failure.summary.contains("/pipeline/other")
            && failure.as_before,
        "{failure:?}"
    );
    assert_eq!(
        bench.find("cloudfront.create", site()).await,
        Found::NeverStarted
    );
    assert_eq!(front.ids(), ["E1"]);
}

#[tokio::test]
async fn an_origin_access_control_is_found_by_its_name_or_made_once() {
    let front = Front::default();
    let account = front.account();
    front.loses_an_answer();
    for _ in 0..2 {
        let made = bench(&account)
            .run("cloudfront.oac", json!({ "name": "distro-to-s3" }))
            .await;
        assert_eq!(made.unwrap().public, json!({ "id": "OAC0" }));
    }
}

#[tokio::test]
async fn it_is_waited_for_until_all_of_it_is_there() {
    let front = Front::default();
    let account = front.account();
    let id = front.make(
        "<D><CallerReference>x</CallerReference><Enabled>true</Enabled></DistributionConfig>",
    );
    let begun = crate::os::clock::Clock::now(&account.clock);
    let by_id = json!({ "id": id });
    let seen = bench(&account)
        .run("cloudfront.deployed", by_id.clone())
        .await
        .unwrap();
    assert_eq!(
        (&seen.public["status"], &seen.public["enabled"]),
        (&json!("Deployed"), &json!(true))
    );
    let waited = crate::os::clock::Clock::now(&account.clock).since(begun);
    assert!((15..20).contains(&waited.as_secs()), "{waited:?}");
    let bench = bench(&account);
    let failure = bench
        .run("cloudfront.deployed", json!({ "id": "E9" }))
        .await
        .unwrap_err();
    assert!(
        failure.summary.contains("no distribution E9"),
        "{failure:?}"
    );
    assert_eq!(
        bench.find("cloudfront.deployed", by_id).await,
        Found::NeverStarted
    );
}

#[tokio::test]
async fn teardown_disables_waits_and_deletes_and_what_is_gone_is_done() {
    let front = Front::default();
    let account = front.account();
    let id = front.make("<D><CallerReference>x</CallerReference><Enabled>true</Enabled><Unheard/></DistributionConfig>");
    let by_id = json!({ "id": id });

    let enabled = bench(&account)
        .run("cloudfront.delete", by_id.clone())
        .await
        .unwrap_err();
    assert!(
        enabled.summary.contains("is enabled") && enabled.as_before,
        "{enabled:?}"
    );
    // Somebody else changes it twice in between.
    front.races(2);
    front.loses_an_answer();
    let off = bench(&account)
        .run("cloudfront.disable", by_id.clone())
        .await
        .unwrap();
    assert_eq!(off.public["gone"], json!(false));
    assert!(
        front
            .configuration("E1")
            .contains("<Enabled>false</Enabled><Unheard/>")
    );
    let puts = account.count("PUT");
    bench(&account)
        .run("cloudfront.disable", by_id.clone())
        .await
        .unwrap();
    assert_eq!(account.count("PUT"), puts, "it is disabled already");

    front.races(1);
    let bench_ = bench(&account);
    bench_
        .run("cloudfront.delete", by_id.clone())
        .await
        .unwrap();
    assert!(front.ids().is_empty() && bench_.said("deleted"));
    for kind in ["cloudfront.disable", "cloudfront.delete"] {
        bench(&account).run(kind, by_id.clone()).await.unwrap();
    }
}

#[tokio::test]
async fn one_that_is_always_changed_by_others_is_given_up_and_told() {
    let front = Front::default();
    let account = front.account();
    let id = front.make(
        "<D><CallerReference>x</CallerReference><Enabled>true</Enabled></DistributionConfig>",
    );
    front.races(99);
    let failure = bench(&account)
        .run("cloudfront.disable", json!({ "id": id }))
        .await
        .unwrap_err();
    assert!(
        failure.summary.contains("by somebody else") && failure.retry == Retry::Never,
        "{failure:?}"
    );
}

#[tokio::test]
async fn caches_are_emptied_once_and_waited_for() {
    let front = Front::default();
    let account = front.account();
    let id = front.make(
        "<D><CallerReference>x</CallerReference><Enabled>true</Enabled></DistributionConfig>",
    );
    front.loses_an_answer();
    let bench_ = bench(&account);
    let params = json!({ "id": id, "paths": ["/*", "/a&b"] });
    let done = bench_
        .run("cloudfront.invalidate", params.clone())
        .await
        .unwrap();
    let reference = bench_.job(params.clone()).token(1);
    assert_eq!(done.public["id"], format!("I{reference}"));
    let sent = account
        .calls()
        .into_iter()
        .find(|call| call.method == "POST")
        .unwrap();
    assert!(
        sent.text()
            .contains("<Quantity>2</Quantity><Items><Path>/*</Path><Path>/a&amp;b</Path></Items>"),
        "{}",
        sent.text()
    );
    // Picked up after a kill: the same one.
    let again = bench_.run("cloudfront.invalidate", params).await.unwrap();
    assert_eq!(again.public, done.public);
    let missing = bench(&account)
        .run("cloudfront.invalidate", json!({ "id": "E9" }))
        .await
        .unwrap_err();
    assert!(
        missing.summary.contains("no distribution E9"),
        "{missing:?}"
    );
}

#[tokio::test]
async fn a_cancel_of_a_wait_leaves_all_as_it_is() {
    let front = Front::default();
    let account = front.account();
    let id = front.make(
        "<D><CallerReference>x</CallerReference><Enabled>true</Enabled></DistributionConfig>",
    );
    let bench = Arc::new(Bench::over(&account).cancelled_on("invalidation"));
    let failure = bench
        .run("cloudfront.invalidate", json!({ "id": id }))
        .await
        .unwrap_err();
    assert!(
        failure.summary.contains("cancelled; CloudFront goes on"),
        "{failure:?}"
    );
}

#[tokio::test]
async fn a_plan_that_cannot_be_carried_out_is_refused_when_it_is_made() {
    let account = Front::default().account();
    let bench = bench(&account);
    let check = |kind: &str, params: Value| bench.executor(kind).check(&params);
    assert!(check("cloudfront.create", site()).is_ok());
    assert!(
        check("cloudfront.create", json!({ "oac": "x" }))
            .unwrap_err()
            .contains("caller_reference")
    );
    for kind in ["oac", "deployed", "disable", "delete", "invalidate"] {
        assert!(
            check(&format!("cloudfront.{kind}"), json!({})).is_err(),
            "{kind}"
        );
    }
}
