//! The eye on a CloudFront in this process.

use serde_json::json;

use super::*;
use crate::aws::double::Account;
use crate::aws::double::front::Front;
use crate::domain::look::{Standing, Subject};

async fn look(account: &Account, look: Look) -> Sight {
    let on = LookOn {
        env: "dev".parse().unwrap(),
        places: Account::target("eu-west-1").place(None).into(),
        stack: "dev/shop".parse().unwrap(),
        token: String::new(),
    };
    Distributions(account.clients())
        .look(&on, &look, None)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_distribution_is_seen_under_its_host_or_its_reference() {
    let front = Front::default();
    let account = front.account();
    let aliased = "<D><CallerReference>one</CallerReference><Comment>a &amp; b</Comment><Aliases><Quantity>1</Quantity><Items><CNAME>Fox.example.com</CNAME></Items></Aliases><Enabled>true</Enabled></DistributionConfig>";
    let plain = "<D><CallerReference>two</CallerReference><Aliases><Quantity>0</Quantity></Aliases><Enabled>true</Enabled></DistributionConfig>";
    front.make(aliased);
    front.make(plain);
    let host = |name: &str| Look::at(Subject::new(DISTRIBUTION, name));
    let seen = look(&account, host("fox.example.com")).await;
    assert_eq!(
        (seen.standing, seen.words.as_str()),
        (Standing::Busy, "InProgress")
    );
    let facts: DistributionFacts = serde_json::from_value(seen.facts).unwrap();
    assert_eq!(
        (facts.id.as_str(), facts.domain_name.as_str()),
        ("E1", "e1.cloudfront.net")
    );
    assert!(
        facts.enabled
            && facts.caller_reference == "one"
            && facts.comment == "a & b"
            && facts.etag == "V1"
    );

    let by_reference = |reference: &str| Look {
        with: json!({ "caller_reference": reference }),
        ..host("hare.example.com")
    };
    front.set("E2", "x", "x");
    let seen = look(&account, by_reference("two")).await;
    assert_eq!(
        (seen.standing, seen.words.as_str()),
        (Standing::Good, "Deployed")
    );
    assert_eq!(seen.about.name, "hare.example.com");
    front.set("E2", "true", "false");
    let seen = look(&account, by_reference("two")).await;
    assert_eq!(
        (seen.standing, seen.words.as_str()),
        (Standing::Halted, "Disabled")
    );

    for missing in [
        host("hare.example.com"),
        by_reference("three"),
        by_reference("one"),
    ] {
        assert_eq!(look(&account, missing).await.standing, Standing::Missing);
    }
}
