use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::aws::trouble::TroubleKind;
use crate::domain::place::Place;
use crate::domain::request::{FileRef, SourceBundle, SourceFile};
use crate::forms::cloudformation::CfnInput;
use crate::forms::cloudformation::travel::TEMPLATE_BUCKET;
use crate::text::safe::Safe;

/// A template of so many bytes, given in a region whose environment names this bucket.
fn given(bytes: usize, bucket: Option<&str>, region: &str) -> Result<Given, Failure> {
    let file = SourceFile {
        // Lines that end as on Windows, and letters of two bytes: bytes are counted, and nothing is
        // changed.
        bytes: ["é\r\n".repeat(bytes / 4), "#".repeat(bytes % 4)]
            .concat()
            .into(),
        executable: false,
    };
    let bundle = SourceBundle {
        files: [("t.yaml".to_owned(), file)].into(),
        ..SourceBundle::default()
    };
    let input = CfnInput {
        stack_name: "orders".into(),
        template: FileRef {
            bundle: bundle.digest(),
            path: "t.yaml".into(),
        },
        parameters: BTreeMap::new(),
        declared: BTreeMap::new(),
        capabilities: vec![],
        tags: BTreeMap::new(),
        untag: BTreeSet::new(),
        role_arn: None,
    };
    let place = Place::new("aws", "account", "region").using(TEMPLATE_BUCKET, bucket);
    let none = BTreeMap::new();
    Given::new(&input, &bundle, &none, None, Some(&place), region)
}

#[test]
fn a_call_carries_a_template_or_its_address() {
    for (bytes, in_the_call) in [(51_200, true), (51_201, false), (1_000_000, false)] {
        let given = given(bytes, Some("acme.deploys"), "eu-west-1").unwrap();
        let body = given.body().map(|body| Digest::of_bytes(body.as_bytes()));
        let digest = given.digest;
        let url = format!(
            "https://s3.eu-west-1.amazonaws.com/acme.deploys/holdpoint/templates/{digest}.template"
        );
        let expected = if in_the_call {
            (Some(digest), None)
        } else {
            (None, Some(url))
        };
        assert_eq!((body, given.url()), expected, "{bytes}");
    }
    assert!(given(51_200, None, "eu-west-1").is_ok());
    let told = given(51_201, None, "eu-west-1").unwrap_err();
    assert!(told.hint.contains("template_bucket: NAME"), "{told:?}");
    let told = given(1_000_001, Some("b"), "eu-west-1").unwrap_err();
    assert!(told.summary.contains("of 1000000 at most"), "{told:?}");
    let china = given(51_201, Some("b"), "cn-north-1").unwrap().url();
    let begins = "https://s3.cn-north-1.amazonaws.com.cn/b/holdpoint/templates/";
    assert!(china.is_some_and(|url| url.starts_with(begins)));
}

#[test]
fn what_is_wrong_with_a_bucket_is_named_with_what_to_do() {
    let given = given(60_000, Some("acme"), "eu-west-1").unwrap();
    let through = given.through.as_ref().unwrap();
    let trouble = |code: &str, kind: TroubleKind| Trouble {
        kind,
        code: code.to_owned(),
        message: Safe::new("as S3 says"),
        failure: Box::new(Failure::new("s3:PutObject on acme/x: as S3 says")),
    };
    for (code, kind, says, hint) in [
        (
            "NoSuchBucket",
            TroubleKind::Refused,
            "there is no bucket acme",
            "aws s3 mb s3://acme --region eu-west-1",
        ),
        (
            "PermanentRedirect",
            TroubleKind::Refused,
            "the bucket acme is not in eu-west-1, where the stack is",
            "name a bucket of eu-west-1: template_bucket",
        ),
        (
            "AuthorizationHeaderMalformed",
            TroubleKind::Refused,
            "the bucket acme is not in eu-west-1",
            "name a bucket of eu-west-1",
        ),
        (
            "AccessDenied",
            TroubleKind::Denied,
            "s3:PutObject on acme/x",
            "allow s3:PutObject and s3:GetObject on holdpoint/templates/* of the bucket acme",
        ),
        ("SlowDown", TroubleKind::Throttled, "as S3 says", ""),
    ] {
        let named = through.named(trouble(code, kind)).failure;
        assert!(
            named.summary.contains(says) && named.hint.contains(hint),
            "{code}: {named:?}"
        );
    }
    let refused = Failure::new("orders: S3 error: Access Denied");
    let told = given.told(refused.clone());
    assert!(
        told.hint.contains("s3:GetObject") && told.hint.contains("acme"),
        "{told:?}"
    );
    let other = Failure::new("orders: no such parameter");
    assert_eq!(given.told(other.clone()), other);
    let small = super::tests::given(10, Some("acme"), "eu-west-1").unwrap();
    assert_eq!(small.told(refused.clone()), refused);
}
