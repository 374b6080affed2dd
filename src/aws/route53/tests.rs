//! How Route 53 is called, and what is made of its answers.

use super::*;
use crate::aws::double::{Account, Answered};
use crate::aws::trouble::TroubleKind;

#[test]
fn every_part_of_aws_has_one_address() {
    for (region, of, address) in [
        ("eu-west-1", "us-east-1", "https://route53.amazonaws.com"),
        (
            "us-gov-east-1",
            "us-gov-west-1",
            "https://route53.us-gov.amazonaws.com",
        ),
        (
            "cn-north-1",
            "cn-northwest-1",
            "https://route53.amazonaws.com.cn",
        ),
    ] {
        let service = service(region);
        assert_eq!(
            (service.region.as_str(), service.address.as_str()),
            (of, address)
        );
    }
}

#[test]
fn names_are_compared_as_they_are_meant() {
    for (name, is) in [
        ("Blue-Fox.Example.com.", "blue-fox.example.com"),
        ("\\052.example.com.", "*.example.com"),
        ("a\\.b", "a\\.b"),
        ("\\05", "\\05"),
        ("", ""),
    ] {
        assert_eq!(plain(name), is);
    }
}

#[tokio::test]
async fn the_records_of_a_name_are_read_and_no_others() {
    let account = Account::new(|call| {
        assert_eq!(call.what(), "GET /2013-04-01/hostedzone/Z1/rrset");
        let (record, more) = match call.query.get("type").map(String::as_str) {
            None => (
                "<ResourceRecordSet><Name>a.example.com.</Name><Type>A</Type><AliasTarget><HostedZoneId>Z2</HostedZoneId><DNSName>D1.cloudfront.net.</DNSName><EvaluateTargetHealth>false</EvaluateTargetHealth></AliasTarget></ResourceRecordSet>",
                "<IsTruncated>true</IsTruncated><NextRecordName>a.example.com.</NextRecordName><NextRecordType>TXT</NextRecordType>",
            ),
            Some(kind) => {
                assert_eq!(kind, "TXT");
                (
                    "<ResourceRecordSet><Name>a.example.com.</Name><Type>TXT</Type><SetIdentifier>one</SetIdentifier><TTL>60</TTL></ResourceRecordSet><ResourceRecordSet><Name>b.example.com.</Name><Type>A</Type></ResourceRecordSet>",
                    "<IsTruncated>true</IsTruncated><NextRecordName>c.example.com.</NextRecordName>",
                )
            }
        };
        Answered::new(
            200,
            format!(
                "<ListResourceRecordSetsResponse xmlns=\"{NAMESPACE}\"><ResourceRecordSets>{record}</ResourceRecordSets>{more}</ListResourceRecordSetsResponse>"
            ),
        )
    });
    let cloud = account.cloud("eu-west-1").await;
    let records = cloud
        .records("/hostedzone/Z1", "A.example.com")
        .await
        .unwrap();
    let kinds: Vec<_> = records.iter().map(|record| record.kind.as_str()).collect();
    assert_eq!(kinds, ["A", "TXT"]);
    assert_eq!(
        records[0].alias,
        Some(("Z2".to_owned(), "d1.cloudfront.net".to_owned()))
    );
    assert!(
        records[0].xml.starts_with("<ResourceRecordSet><Name>a.")
            && records[0].xml.ends_with("</ResourceRecordSet>")
    );
    assert!(records[1].is_one_of_several && !records[0].is_one_of_several);
    assert_eq!(account.calls().len(), 2);
    assert!(
        account.calls()[0].headers["authorization"].contains("/us-east-1/route53/aws4_request")
    );
}

#[tokio::test]
async fn a_change_is_made_and_followed() {
    let account = Account::new(|call| match call.method.as_str() {
        "POST" => Answered::new(
            200,
            "<ChangeResourceRecordSetsResponse><ChangeInfo><Id>/change/C1</Id><Status>PENDING</Status><SubmittedAt>2026-01-01T00:00:00Z</SubmittedAt></ChangeInfo></ChangeResourceRecordSetsResponse>",
        ),
        _ if call.path.ends_with("/change/C1") => Answered::new(
            200,
            "<GetChangeResponse><ChangeInfo><Id>/change/C1</Id><Status>INSYNC</Status></ChangeInfo></GetChangeResponse>",
        ),
        _ => Answered::refused(404, "NoSuchChange", "no"),
    });
    let cloud = account.cloud("eu-west-1").await;
    let edits = [
        Edit::Upsert(alias("a.example.com", "A", "Z2", "d1.cloudfront.net")),
        Edit::Delete("<ResourceRecordSet>as it came</ResourceRecordSet>".to_owned()),
    ];
    let change = cloud.change_records("Z1", &edits).await.unwrap();
    assert_eq!((change.id.as_str(), change.in_sync), ("C1", false));
    let sent = account.calls()[0].text();
    assert!(sent.contains("<Change><Action>UPSERT</Action><ResourceRecordSet><Name>a.example.com</Name><Type>A</Type><AliasTarget>"), "{sent}");
    assert!(sent.contains("<Change><Action>DELETE</Action><ResourceRecordSet>as it came</ResourceRecordSet></Change>"), "{sent}");
    assert!(cloud.record_change("C1").await.unwrap().unwrap().in_sync);
    assert_eq!(cloud.record_change("C2").await, Ok(None));
}

#[tokio::test]
async fn a_batch_that_is_not_taken_says_why() {
    let account = Account::new(|_| {
        Answered::new(
            400,
            "<InvalidChangeBatch xmlns=\"u\"><Messages><Message>not permitted in zone</Message></Messages></InvalidChangeBatch>",
        )
    });
    let cloud = account.cloud("eu-west-1").await;
    let trouble = cloud.change_records("Z1", &[]).await.unwrap_err();
    assert_eq!(trouble.kind, TroubleKind::Refused);
    assert!(trouble.is("InvalidChangeBatch") && trouble.says("not permitted in zone"));
}
