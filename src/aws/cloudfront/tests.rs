//! How CloudFront is called, and what is made of its answers.

use super::*;
use crate::aws::double::{Account, Answered, Came};
use crate::aws::trouble::TroubleKind;

const CONFIGURATION: &str = "<CallerReference>blue-fox</CallerReference><Aliases><Quantity>1</Quantity><Items><CNAME>blue-fox.example.com</CNAME></Items></Aliases><Origins><Quantity>1</Quantity><Items><Origin><Id>site</Id><DomainName>live.s3.eu-west-1.amazonaws.com</DomainName><OriginPath>/pipeline/x</OriginPath><OriginShield><Enabled>false</Enabled></OriginShield></Origin></Items></Origins><Comment>a &amp; b</Comment><Logging><Enabled>true</Enabled></Logging><Enabled>true</Enabled><Unheard Of=\"1\"><Enabled>true</Enabled></Unheard>";

fn told(status: &str, configuration: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<Distribution xmlns=\"{NAMESPACE}\"><Id>E1</Id><ARN>arn:aws:cloudfront::4:distribution/E1</ARN><Status>{status}</Status><LastModifiedTime>2026-01-02T03:04:05.678Z</LastModifiedTime><InProgressInvalidationBatches>0</InProgressInvalidationBatches><DomainName>d1.cloudfront.net</DomainName><DistributionConfig>{configuration}</DistributionConfig></Distribution>"
    )
}

#[test]
fn every_part_of_aws_has_one_address() {
    for (region, of, address) in [
        ("eu-west-1", "us-east-1", "https://cloudfront.amazonaws.com"),
        (
            "cn-north-1",
            "cn-northwest-1",
            "https://cloudfront.cn-northwest-1.amazonaws.com.cn",
        ),
    ] {
        let service = service(region);
        assert_eq!(
            (service.region.as_str(), service.address.as_str()),
            (of, address)
        );
    }
}

#[tokio::test]
async fn one_word_of_a_configuration_changes_and_all_else_stays() {
    let account = Account::new(|call| match call.method.as_str() {
        "GET" => Answered::new(200, told("Deployed", CONFIGURATION)).with("etag", "V1"),
        _ => Answered::new(200, told("InProgress", CONFIGURATION)).with("etag", "V2"),
    });
    let cloud = account.cloud("eu-west-1").await;
    let seen = cloud.distribution("E1").await.unwrap().unwrap();
    assert_eq!(
        (seen.id.as_str(), seen.etag.as_str(), seen.enabled),
        ("E1", "V1", true)
    );
    assert_eq!(seen.caller_reference, "blue-fox");
    assert_eq!(seen.aliases, ["blue-fox.example.com"]);
    assert_eq!(seen.origins[0].path, "/pipeline/x");
    assert_eq!(
        seen.changed_at,
        Some(crate::domain::time::Time(1_767_323_045_678))
    );
    let after = cloud
        .change_distribution(
            &seen,
            Wanted {
                enabled: false,
                comment: None,
                names: None,
            },
        )
        .await
        .unwrap();
    assert!(!after.is_deployed() && after.etag == "V2");
    let calls = account.calls();
    assert_eq!(calls[0].host, "cloudfront.amazonaws.com");
    assert!(calls[0].headers["authorization"].contains("/us-east-1/cloudfront/aws4_request"));
    assert_eq!(calls[1].what(), "PUT /2020-05-31/distribution/E1/config");
    assert_eq!(calls[1].headers["if-match"], "V1");
    let expected = CONFIGURATION.replace(
        "</Logging><Enabled>true</Enabled>",
        "</Logging><Enabled>false</Enabled>",
    );
    assert_eq!(
        calls[1].text(),
        format!("<DistributionConfig xmlns=\"{NAMESPACE}\">{expected}</DistributionConfig>")
    );
}

#[tokio::test]
async fn what_is_gone_is_an_answer_and_what_cannot_be_read_is_trouble() {
    let account = Account::new(|_| Answered::refused(404, "NoSuchDistribution", "gone"));
    let cloud = account.cloud("eu-west-1").await;
    assert_eq!(cloud.distribution("E1").await, Ok(None));
    for (body, etag) in [
        (told("Deployed", "<Enabled/>"), true),
        (told("Deployed", CONFIGURATION), false),
        ("<Distribution/>".to_owned(), true),
    ] {
        let account = Account::new(move |_| {
            let answered = Answered::new(200, body.clone());
            if etag {
                answered.with("etag", "V1")
            } else {
                answered
            }
        });
        let cloud = account.cloud("eu-west-1").await;
        let trouble = cloud.distribution("E1").await.unwrap_err();
        assert_eq!(trouble.kind, TroubleKind::Garbled);
    }
}

#[tokio::test]
async fn lists_are_read_to_their_end() {
    let account = Account::new(|call| {
        let (id, more) = match call.query.get("Marker").map(String::as_str) {
            None => (
                "E1",
                "<IsTruncated>true</IsTruncated><NextMarker>E1</NextMarker>",
            ),
            Some("E1") => ("E2", "<IsTruncated>false</IsTruncated>"),
            Some(other) => panic!("{other}"),
        };
        Answered::new(
            200,
            format!(
                "<DistributionList><Marker/>{more}<Quantity>1</Quantity><Items><DistributionSummary><Id>{id}</Id><Aliases><Quantity>1</Quantity><Items><CNAME>{id}.example.com</CNAME></Items></Aliases></DistributionSummary></Items></DistributionList>"
            ),
        )
    });
    let cloud = account.cloud("eu-west-1").await;
    let all = cloud.distributions().await.unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(all[1].aliases, ["E2.example.com"]);

    let short = Account::new(|_| {
        Answered::new(
            200,
            "<DistributionList><Quantity>1</Quantity><IsTruncated>false</IsTruncated></DistributionList>",
        )
    });
    let cloud = short.cloud("eu-west-1").await;
    assert!(
        cloud.distributions().await.is_err(),
        "one that is not shown"
    );
}

/// Hosts are put beside those that are there, with the certificate for all of them.
#[tokio::test]
async fn a_host_is_put_on_a_distribution_and_another_one_taken_from_it() {
    let shows =
        "<ViewerCertificate><ACMCertificateArn>arn:1</ACMCertificateArn></ViewerCertificate>";
    let told = told("Deployed", &format!("{CONFIGURATION}{shows}"));
    let account = Account::new(move |_| Answered::new(200, told.clone()).with("etag", "V1"));
    let cloud = account.cloud("eu-west-1").await;
    let seen = cloud.distribution("E1").await.unwrap().unwrap();
    let (puts, takes) = (
        ["www.acme.org".to_owned()],
        ["blue-fox.example.com".to_owned()],
    );
    let names = |puts, takes| Wanted {
        enabled: seen.enabled,
        comment: None,
        names: Some(Names {
            puts,
            takes,
            certificate: "arn:2",
        }),
    };
    assert!(!seen.is(names(&puts, &takes)) && !seen.is(names(&takes, &[])));
    cloud
        .change_distribution(&seen, names(&puts, &[]))
        .await
        .unwrap();
    cloud
        .change_distribution(&seen, names(&puts, &takes))
        .await
        .unwrap();
    let sent: Vec<String> = account.calls()[1..].iter().map(Came::text).collect();
    let both = "<Aliases><Quantity>2</Quantity><Items><CNAME>blue-fox.example.com</CNAME><CNAME>www.acme.org</CNAME></Items></Aliases>";
    assert!(sent[0].contains(both), "{}", sent[0]);
    let one = "<Aliases><Quantity>1</Quantity><Items><CNAME>www.acme.org</CNAME></Items></Aliases>";
    assert!(
        sent[1].contains(one) && sent[1].contains("<ACMCertificateArn>arn:2</ACMCertificateArn>"),
        "{}",
        sent[1]
    );
}
