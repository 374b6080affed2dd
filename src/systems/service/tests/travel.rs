//! Templates that a call cannot carry: what plans say of them, and what is missing for them.

use super::*;
use crate::forms::cloudformation::travel::TEMPLATE_BUCKET;
use crate::systems::entry::Home;

/// The service with a template of so many bytes.
fn sized(bytes: usize) -> Result<Spec, String> {
    let template = format!("{TEMPLATE}#{}", "-".repeat(bytes - TEMPLATE.len() - 1));
    let entry = entry(&[("Version", "7"), ("DesiredCount", "4")]);
    spec(&"prod/orders".parse().unwrap(), &entry, &bundle(&template))
        .map_err(|found| found.to_string())
}

fn asked(bucket: Option<&str>) -> PlanAsk {
    let mut ask = ask(Purpose::Deploy, EnvClass::Development);
    let place = Place::new("aws", "account", "region");
    ask.env.places = place.using(TEMPLATE_BUCKET, bucket).into();
    ask
}

fn travels(plan: &Plan) -> Vec<&str> {
    let says = plan.says.iter().map(String::as_str);
    says.filter(|says| says.contains("travels through"))
        .collect()
}

#[test]
fn a_plan_says_where_its_template_travels_only_where_it_does() {
    let missing = sight(&StackFacts::missing());
    let there = observed("UPDATE_COMPLETE", None);
    for seen in [&missing, &there] {
        let plan = |bytes, bucket| Service.plan(&asked(bucket), &sized(bytes).unwrap(), seen);
        for bucket in [None, Some("acme")] {
            assert_eq!(travels(&plan(51_200, bucket).unwrap()), [""; 0]);
        }
        assert_eq!(
            travels(&plan(51_201, Some("acme")).unwrap()),
            [
                "The template has 51201 bytes, more than a call carries: it travels through the bucket acme (below holdpoint/templates/)."
            ]
        );
        let told = plan(51_201, None).unwrap_err();
        assert!(
            told.summary.contains("orders.yaml has 51201 bytes")
                && told.hint.contains("template_bucket: NAME` under `aws:`"),
            "{told:?}"
        );
    }
    assert!(sized(1_000_000).is_ok());
    let told = sized(1_000_001).unwrap_err();
    assert!(
        told.contains("template-size") && told.contains("of 1000000 at most"),
        "{told}"
    );
}

/// The release before, with a large template: it comes back as a whole where a bucket is named, and
/// by its counts alone where none is, which the card says. What a teardown scales down needs no
/// template to come up again.
#[test]
fn the_way_back_travels_too() {
    let plan = |purpose, bucket| {
        let mut ask = asked(bucket);
        ask.purpose = purpose;
        ask.serving = Some(sized(60_000).unwrap());
        let seen = observed("UPDATE_COMPLETE", None);
        Service.plan(&ask, &orders(), &seen).unwrap()
    };
    let back = |plan: &Plan| {
        let mut steps = plan.steps.iter();
        let step = steps.find(|step| step.id.as_str() == "restore-old");
        step.unwrap().kind.as_str().to_owned()
    };
    let with = plan(Purpose::Deploy, Some("acme"));
    assert_eq!(back(&with), "cloudformation.update");
    assert_eq!(
        travels(&with),
        [
            "The template of the release before has 60000 bytes, more than a call carries: it travels through the bucket acme (below holdpoint/templates/)."
        ]
    );
    let whole = "cannot be brought back as a whole: its template is too large";
    let without = plan(Purpose::Deploy, None);
    assert_eq!(back(&without), "cloudformation.scale");
    assert_eq!(travels(&without), [""; 0]);
    assert!(without.says.join(" ").contains(whole));
    for bucket in [Some("acme"), None] {
        let teardown = plan(Purpose::Teardown, bucket);
        assert_eq!(back(&teardown), "cloudformation.scale");
        assert_eq!(travels(&teardown), [""; 0]);
        assert!(!teardown.says.join(" ").contains(whole));
    }
}

#[test]
fn an_environment_lacks_a_bucket_to_the_byte() {
    for (bytes, bucket, lacks) in [
        (51_200, None, false),
        (51_201, None, true),
        (51_201, Some("acme"), false),
    ] {
        let record = asked(bucket).env;
        let home = Home {
            name: "prod",
            record: &record,
        };
        let told = Service.lacks(&sized(bytes).unwrap(), &home);
        assert_eq!(!told.0.is_empty(), lacks, "{bytes}");
    }
}
