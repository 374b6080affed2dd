//! Domains of one's own, as plans.

use serde_json::json;

use crate::domain::failure::Failure;
use crate::domain::flag::Value;
use crate::domain::hold::HoldKind;
use crate::domain::look::Sights;
use crate::domain::plan::{Leaves, Plan, references};
use crate::domain::purpose::Purpose;
use crate::domain::request::Spec;
use crate::forms::cloudfront::DistributionFacts;
use crate::systems::System as _;
use crate::systems::website::tests::{about, ask, ids, missing, named, plan_of, seen, with};
use crate::systems::website::{PROVISION, Website, body};

const OWNER: &str = "holdpoint 0a1b2c3d prod/docs";
const FILES: &str = "arn:aws:acm:us-east-1:000000000000:certificate/1";
const ASKED: &str = "arn:aws:acm:us-east-1:000000000000:certificate/2";

fn site(custom: &str) -> Spec {
    with(json!({ "custom_domain": custom }))
}

/// The distribution as it is with these hosts and that certificate.
fn there(hosts: &[&str], certificate: &str) -> Sights {
    let facts = DistributionFacts {
        id: "E1DOCS".to_owned(),
        domain_name: "d1.cloudfront.net".to_owned(),
        enabled: true,
        status: "Deployed".to_owned(),
        comment: OWNER.to_owned(),
        aliases: hosts.iter().map(|host| (*host).to_owned()).collect(),
        certificate: certificate.to_owned(),
        ..DistributionFacts::default()
    };
    seen(facts.sight(about()))
}

/// What serves it is seen to, and nothing is built.
fn provision(spec: &Spec, seen: &Sights) -> Result<Plan, Failure> {
    let mut ask = ask("prod", Purpose::Deploy);
    ask.flags = [(PROVISION.parse().unwrap(), Value::Switch(true))]
        .into_iter()
        .collect();
    plan_of(&ask, spec, seen)
}

fn teardown(spec: &Spec, seen: &Sights) -> Result<Plan, Failure> {
    plan_of(&ask("prod", Purpose::Teardown), spec, seen)
}

const OWN: &str = "docs.example.com";

#[test]
fn a_new_site_asks_for_its_certificate_and_waits_for_nobody() {
    let made = provision(&site("www.acme.org"), &missing()).unwrap();
    assert_eq!(
        ids(&made)[5..],
        ["certificate", "proof"],
        "behind everything that serves the site"
    );
    let asks = &named(&made, "certificate").params;
    assert_eq!(asks["names"], json!(["www.acme.org", OWN]));
    assert_eq!(asks["owner"], OWNER);
    assert_eq!(
        references(&named(&made, "proof").params),
        ["certificate".into()]
    );
    assert!(
        made.says[1].contains("holdpoint deploy prod/docs --flag provision=true"),
        "{:?}",
        made.says
    );
}

#[test]
fn a_domain_is_put_on_the_site_once_it_is_proven() {
    let made = provision(&site("www.acme.org"), &there(&[OWN], FILES)).unwrap();
    assert_eq!(
        ids(&made)[5..],
        ["certificate", "proof", "proven", "hosts", "spread"]
    );
    let hosts = named(&made, "hosts");
    assert_eq!(hosts.params["puts"], json!(["www.acme.org", OWN]));
    assert_eq!(hosts.params["takes"], json!([]));
    assert_eq!(
        hosts.leaves,
        Some(Leaves::Old),
        "no release comes into service"
    );
    assert!(hosts.hold.is_none() && !made.danger.downtime);
    assert!(hosts.after.contains(&"proven".into()));
    // A name of the site's own zone is pointed there too.
    let made = provision(&site("www.example.com"), &there(&[OWN], FILES)).unwrap();
    assert_eq!(ids(&made).last(), Some(&"own-name"));
    assert_eq!(named(&made, "own-name").params["name"], "www.example.com");
    // One that leads there already is left alone.
    let made = provision(&site("www.acme.org"), &there(&[OWN, "WWW.acme.org"], ASKED)).unwrap();
    assert_eq!(ids(&made).len(), 5);
}

#[test]
fn one_domain_takes_the_place_of_another_behind_a_hold() {
    let old = there(&[OWN, "www.old.org"], ASKED);
    let made = provision(&site("www.acme.org"), &old).unwrap();
    let hosts = named(&made, "hosts");
    assert_eq!(hosts.params["takes"], json!(["www.old.org"]));
    assert_eq!(hosts.hold.as_ref().unwrap().kind, HoldKind::Downtime);
    assert!(made.danger.downtime);
    assert_eq!(
        named(&made, "forget").params["names"],
        json!(["www.old.org"])
    );
    assert!(
        made.says
            .iter()
            .any(|says| says.starts_with("www.old.org answers no more"))
    );
    // What the file does not name any more goes, and the certificate of the file comes back.
    let made = provision(&with(json!({})), &old).unwrap();
    assert_eq!(ids(&made)[5..], ["hosts", "spread", "forget"]);
    assert_eq!(named(&made, "hosts").params["certificate_arn"], FILES);
    assert_eq!(named(&made, "hosts").params["puts"], json!([OWN]));
}

/// A host that somebody else put on the distribution is not taken from it.
#[test]
fn what_was_put_there_by_hand_is_named_and_left() {
    let by_hand = there(&[OWN, "www.old.org"], FILES);
    let refused = provision(&site("www.acme.org"), &by_hand).unwrap_err();
    assert!(
        refused.summary.contains("www.old.org leads to it"),
        "{refused:?}"
    );
    let made = provision(&with(json!({})), &by_hand).unwrap();
    assert_eq!(ids(&made).len(), 5);
}

#[test]
fn a_teardown_takes_the_certificate_that_was_asked_for() {
    let spec = site("www.example.com");
    let seen = there(&[OWN, "www.example.com", "www.old.org"], ASKED);
    let made = teardown(&spec, &seen).unwrap();
    assert_eq!(ids(&made)[5..], ["own-name-0", "forget"]);
    let forget = named(&made, "forget");
    assert_eq!(
        forget.params["names"],
        json!(["www.example.com", "www.old.org"])
    );
    assert_eq!(forget.after, ["delete".into()]);
    // Where the distribution is gone already, the certificate is not forgotten.
    let made = teardown(&spec, &missing()).unwrap();
    assert_eq!(ids(&made), ["files", "forget"]);
}

/// With the flag nothing is a release: no branch is looked at, and a release is not published.
#[test]
fn what_serves_a_site_is_seen_to_without_a_release() {
    let mut ask = ask("prod", Purpose::Deploy);
    ask.flags = [(PROVISION.parse().unwrap(), Value::Switch(true))]
        .into_iter()
        .collect();
    let spec = site("www.acme.org");
    let looks = Website.looks(&ask, &spec, &Sights::default());
    assert_eq!(looks.len(), 1, "at the distribution alone: {looks:?}");
    assert!(
        Website
            .settled(&ask, &spec, &there(&[OWN], FILES))
            .is_none()
    );
    let release = body::built(
        &spec,
        &"6113728f27ae82c7b1a177c8d03f9e96e0adf246".parse().unwrap(),
    );
    let refused = plan_of(&ask, &release.unwrap(), &there(&[OWN], FILES)).unwrap_err();
    assert!(
        refused
            .summary
            .contains("by the flags provision and parameter nothing is published"),
        "{refused:?}"
    );
}
