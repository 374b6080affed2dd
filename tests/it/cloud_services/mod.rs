//! A service of the embedded cloud is one folder and one line in a list. Two made-up services prove
//! it from outside the crate, where nothing of the room can be touched: `parcels/`, `depots/`, and
//! the lines below.

mod depots;
mod parcels;

use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_sdk_cloudformation::Client as Cfn;
use aws_sdk_cloudformation::error::ProvideErrorMetadata;
use holdpoint::sandbox::service::Offer;
use holdpoint::sandbox::services::{cloudformation, practice};
use holdpoint::sandbox::{self, Clock, Options, Running};
use serde_json::{Value, json};

use crate::cloud_contract::config;
use crate::wire::{Answer, http};

const SERVICES: &[&Offer] = &[
    &cloudformation::OFFER,
    &depots::OFFER,
    &parcels::OFFER,
    &practice::OFFER,
];

async fn cloud(state: Option<&Path>, clock: Option<Clock>) -> Running {
    let usual = Options::default();
    let options = Options {
        services: SERVICES,
        state: state.map(Into::into),
        clock: clock.unwrap_or(usual.clock),
        ..usual
    };
    sandbox::serve(options).await.unwrap()
}

/// A request as an SDK signs it, with more headers.
fn signed(
    cloud: &Running,
    service: &str,
    region: &str,
    request: (&str, &str),
    more: &[(&str, &str)],
    body: &str,
) -> Answer {
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential=practice/20260101/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0"
    );
    let mut headers = vec![("Authorization", authorization.as_str())];
    headers.extend(more);
    http(&cloud.endpoint(), request.0, request.1, &headers, body)
}

fn post(cloud: &Running, method: &str, path: &str, body: &str) -> Answer {
    signed(
        cloud,
        "post",
        "eu-west-1",
        (method, path),
        &[
            ("X-Post-Sender", "Ana"),
            ("X-Post-Note-Door", "blue"),
            ("X-Post-Note-Floor", "3"),
        ],
        body,
    )
}

fn depot(cloud: &Running, method: &str, path: &str, version: &str, body: &str) -> Answer {
    signed(
        cloud,
        "depots",
        "eu-west-1",
        (method, path),
        &[("If-Match", version)],
        body,
    )
}

fn json_of(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rest_json_service_is_a_folder_and_a_line() {
    let cloud = cloud(None, None).await;
    let sent = post(
        &cloud,
        "POST",
        "/parcels/p%2F1",
        r#"{"To": "Bo", "Token": "t"}"#,
    );
    assert_eq!(
        (sent.status, sent.header("location")),
        (201, Some("/parcels/p/1")),
        "{sent:?}"
    );
    assert_eq!(
        json_of(&sent),
        json!({ "Id": "p/1", "To": "Bo", "Sender": "Ana", "State": "ON_ITS_WAY" }),
        "what is not there is left out"
    );
    cloud.tick(Duration::from_secs(11));
    assert_eq!(
        json_of(&post(&cloud, "GET", "/parcels?state=ARRIVED", "")),
        json!({ "Parcels": ["p/1"] })
    );
    assert_eq!(
        json_of(&post(&cloud, "GET", "/parcels/p%2F1", ""))["ArrivedAt"],
        "2026-09-21T14:13:30.000Z",
        "at its own time"
    );

    let label = "<html>Bo</html>";
    post(&cloud, "PUT", "/parcels/p%2F1/label", label);
    let got = post(&cloud, "GET", "/parcels/p%2F1/label", "");
    assert_eq!(got.body, label, "bytes are no tree");
    assert_eq!(
        (
            got.header("x-post-note-door"),
            got.header("x-post-note-floor")
        ),
        (Some("blue"), Some("3")),
        "all headers that begin so"
    );

    let missing = post(&cloud, "GET", "/parcels/none", "");
    assert_eq!(
        (missing.status, missing.header("x-amzn-errortype")),
        (404, Some("NoSuchParcel"))
    );
    assert_eq!(json_of(&missing)["message"], "there is no parcel none");
    let broken = post(&cloud, "POST", "/parcels/p", "{");
    assert_eq!(
        (broken.status, broken.header("x-amzn-errortype")),
        (400, Some("SerializationException")),
        "{broken:?}"
    );

    let entry = cloud
        .ledger()
        .into_iter()
        .find(|entry| entry.action == "SendParcel")
        .unwrap();
    assert_eq!(
        (
            entry.service.as_str(),
            entry.subject.as_deref(),
            entry.token.as_deref()
        ),
        ("parcels", Some("p/1"), Some("t"))
    );
    cloud
        .pull(
            "Chaos",
            json!({ "service": "parcels", "subject": "p/", "kind": "throttle" }),
        )
        .unwrap();
    assert_eq!(
        post(&cloud, "GET", "/parcels/p%2F1", "").header("x-amzn-errortype"),
        Some("ThrottlingException")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rest_xml_service_is_a_folder_and_a_line() {
    let cloud = cloud(None, None).await;
    let put = |version: &str, gates: &str| {
        depot(
            &cloud,
            "PUT",
            "/2026-01-01/depot/D1",
            version,
            &format!("<DepotConfig><Gates>{gates}</Gates></DepotConfig>"),
        )
    };
    let made = put("", "<Gate>a&amp;b</Gate>");
    let shown = "<Depot xmlns=\"http://depots.example/doc/2026-01-01/\"><Gates><Gate>a&amp;b</Gate></Gates><Id>D1</Id></Depot>";
    assert_eq!(
        (made.status, made.body.as_str(), made.header("etag")),
        (200, shown, Some("1")),
        "{made:?}"
    );
    assert_eq!(
        put("1", "<Gate>a</Gate><Gate>b</Gate>").header("etag"),
        Some("2")
    );
    let late = put("1", "");
    assert_eq!(late.status, 412);
    assert!(
        late.body.contains("<Error><Code>PreconditionFailed</Code>"),
        "{late:?}"
    );
    let list = depot(&cloud, "GET", "/2026-01-01/depot", "", "");
    assert!(
        list.body.contains(
            "<Items><DepotSummary><Id>D1</Id></DepotSummary></Items><Quantity>1</Quantity>"
        ),
        "{list:?}"
    );
    let missing = depot(&cloud, "GET", "/2026-01-01/depot/D2", "", "");
    assert_eq!(missing.status, 404);
    assert!(
        missing
            .body
            .contains("<Message>there is no depot &lt;D2&gt;</Message>"),
        "{missing:?}"
    );
    assert!(
        depot(&cloud, "PUT", "/2026-01-01/depot/D3", "", "<a>")
            .body
            .contains("<Code>MalformedXML</Code>")
    );

    // One state for the account, and another service found by its type: its state is that of the
    // caller's region.
    post(&cloud, "POST", "/parcels/p", r#"{"To": "Bo"}"#);
    cloud.tick(Duration::from_secs(11));
    for (region, arrived) in [("eu-west-1", 1), ("us-east-1", 0)] {
        let counted = signed(
            &cloud,
            "depots",
            region,
            ("GET", "/2026-01-01/depot/D1?parcels"),
            &[],
            "",
        )
        .body;
        assert!(
            counted.contains(&format!(
                "<Arrived>{arrived}</Arrived><Region>{region}</Region>"
            )),
            "{counted}"
        );
    }
}

async fn settled(cfn: &Cfn, cloud: &Running, stack: &str) -> String {
    for _ in 0..60 {
        let found = cfn
            .describe_stacks()
            .stack_name(stack)
            .send()
            .await
            .unwrap();
        let status = found.stacks()[0]
            .stack_status()
            .unwrap()
            .as_str()
            .to_owned();
        if !status.ends_with("_IN_PROGRESS") {
            return status;
        }
        cloud.tick(Duration::from_secs(1));
    }
    panic!("{stack} does not come to rest")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_brings_its_resource_types_to_cloudformation() {
    let cloud = cloud(None, None).await;
    let cfn = Cfn::new(&config(&cloud.endpoint()));
    let template = |to: &str| {
        format!(
            "Resources: {{P: {{Type: 'AWS::Post::Parcel', Properties: {{ParcelName: one, To: {to}}}}}}}\nOutputs: {{Address: {{Value: !GetAtt P.Address}}}}"
        )
    };
    cfn.create_stack()
        .stack_name("shop")
        .template_body(template("Bo"))
        .send()
        .await
        .unwrap();
    cloud.tick(Duration::from_secs(8));
    let busy = cfn
        .describe_stacks()
        .stack_name("shop")
        .send()
        .await
        .unwrap();
    assert_eq!(
        busy.stacks()[0].stack_status().unwrap().as_str(),
        "CREATE_IN_PROGRESS",
        "until the parcel is there"
    );
    assert_eq!(settled(&cfn, &cloud, "shop").await, "CREATE_COMPLETE");
    let stack = cfn
        .describe_stacks()
        .stack_name("shop")
        .send()
        .await
        .unwrap();
    assert_eq!(
        stack.stacks()[0].outputs()[0].output_value(),
        Some("000000000000/eu-west-1/bo-one")
    );
    assert_eq!(
        json_of(&post(&cloud, "GET", "/parcels/bo-one", ""))["State"],
        "ARRIVED",
        "the service knows it"
    );

    cfn.update_stack()
        .stack_name("shop")
        .template_body(template("nowhere"))
        .send()
        .await
        .unwrap();
    assert_eq!(
        settled(&cfn, &cloud, "shop").await,
        "UPDATE_ROLLBACK_COMPLETE"
    );
    let events = cfn
        .describe_stack_events()
        .stack_name("shop")
        .send()
        .await
        .unwrap();
    assert!(
        events
            .stack_events()
            .iter()
            .any(|event| event.resource_status_reason() == Some("nobody lives nowhere")),
        "{events:?}"
    );

    cfn.update_stack()
        .stack_name("shop")
        .template_body(template("grandmother"))
        .send()
        .await
        .unwrap();
    assert_eq!(settled(&cfn, &cloud, "shop").await, "UPDATE_COMPLETE");
    let id = cfn
        .describe_stacks()
        .stack_name("shop")
        .send()
        .await
        .unwrap()
        .stacks()[0]
        .stack_id()
        .unwrap()
        .to_owned();
    cfn.delete_stack().stack_name("shop").send().await.unwrap();
    assert_eq!(
        settled(&cfn, &cloud, &id).await,
        "DELETE_FAILED",
        "the service says no"
    );

    let unknown = cfn
        .create_stack()
        .stack_name("x")
        .template_body("Resources: {A: {Type: 'AWS::ECS::Cluster'}}")
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        unknown.message(),
        Some("Template format error: Unrecognized resource types: [AWS::ECS::Cluster]"),
        "nobody brings it here"
    );
}

/// The state folder `from`, copied to `to`.
fn copied(folders: &Path, from: u32, to: u32) -> PathBuf {
    let copy = folders.join(to.to_string());
    holdpoint::os::files::private_folder(&copy).unwrap();
    for entry in std::fs::read_dir(folders.join(from.to_string())).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
    }
    copy
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_service_keeps_survives_a_kill() {
    let folders = tempfile::tempdir().unwrap();
    let state = folders.path().join("0");
    let first = cloud(Some(&state), None).await;
    post(&first, "POST", "/parcels/p", r#"{"To": "Bo"}"#);
    depot(&first, "PUT", "/2026-01-01/depot/D1", "", "<DepotConfig/>");
    first.tick(Duration::from_secs(3));
    // A kill is a copy of the folder. The first has the calls in its journal, the second what the
    // services keep in its snapshot.
    let mut clouds = vec![first];
    for number in 1..=2 {
        let copy = copied(folders.path(), number - 1, number);
        clouds.push(cloud(Some(&copy), Some(Clock::Stepped(clouds[0].now()))).await);
    }
    let all = |cloud: &Running| cloud.look(|world| serde_json::to_value(&world.realms).unwrap());
    let whole = all(&clouds[0]);
    assert_eq!(
        whole["000000000000/"]["depots"]["depots"]["D1"]["version"], 1,
        "one state for the account: {whole}"
    );
    assert!(
        clouds.iter().all(|one| all(one) == whole),
        "the same world after each kill"
    );
    for cloud in &clouds {
        cloud.tick(Duration::from_secs(8));
        assert_eq!(
            json_of(&post(cloud, "GET", "/parcels/p", ""))["ArrivedAt"],
            "2026-09-21T14:13:30.000Z",
            "and the same future"
        );
    }

    let lacks = Options {
        services: &[&cloudformation::OFFER, &practice::OFFER],
        state: Some(copied(folders.path(), 2, 3)),
        ..Options::default()
    };
    let error = sandbox::serve(lacks).await.unwrap_err().to_string();
    assert!(
        error.contains("there is no service \"depots\" to read what it kept")
            && error.contains("world.json"),
        "{error}"
    );
}

/// What is not served is refused by what was asked for, in the form that its client reads.
#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_serves_is_named() {
    let cloud = cloud(None, None).await;
    let serves = "it serves cloudformation, depots, parcels";
    let lambda = signed(
        &cloud,
        "lambda",
        "eu-west-1",
        ("GET", "/2015-03-31/functions/"),
        &[],
        "",
    );
    assert_eq!(
        (lambda.status, lambda.header("x-amzn-errortype")),
        (400, Some("UnknownService"))
    );
    let said = format!(
        "the embedded cloud does not serve lambda (asked for GET /2015-03-31/functions/); {serves}"
    );
    assert_eq!(json_of(&lambda)["message"], said.as_str());
    let route53 = signed(
        &cloud,
        "route53",
        "us-east-1",
        ("GET", "/2013-04-01/hostedzone"),
        &[],
        "",
    )
    .body;
    assert!(
        route53.starts_with("<ErrorResponse>")
            && route53.contains("does not serve route53 (asked for GET /2013-04-01/hostedzone)"),
        "{route53}"
    );
    let s3 = signed(&cloud, "s3", "us-east-1", ("PUT", "/bucket"), &[], "").body;
    assert!(s3.starts_with("<Error><Code>UnknownService</Code>"), "{s3}");
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let iam = signed(
        &cloud,
        "iam",
        "us-east-1",
        ("POST", "/"),
        &form,
        "Action=ListRoles&Version=2010-05-08",
    )
    .body;
    assert!(
        iam.contains("does not serve iam 2010-05-08 (asked for ListRoles)"),
        "{iam}"
    );
    let target = [
        ("X-Amz-Target", "DynamoDB_20120810.ListTables"),
        ("Content-Type", "application/x-amz-json-1.0"),
    ];
    let dynamo = signed(
        &cloud,
        "dynamodb",
        "eu-west-1",
        ("POST", "/"),
        &target,
        "{}",
    );
    assert_eq!(
        (
            dynamo.header("content-type"),
            dynamo.header("x-amzn-errortype")
        ),
        (Some("application/x-amz-json-1.0"), Some("UnknownService"))
    );

    let path = post(&cloud, "DELETE", "/parcels/p", "");
    assert_eq!(
        json_of(&path)["message"],
        "the embedded cloud does not answer DELETE /parcels/p of parcels"
    );
    let path = depot(&cloud, "GET", "/2020-05-31/distribution", "", "").body;
    assert!(path.contains("<Message>the embedded cloud does not answer GET /2020-05-31/distribution of depots</Message>"), "{path}");
    let nobody = http(&cloud.endpoint(), "GET", "/nowhere", &[], "");
    assert!(
        json_of(&nobody)["message"]
            .as_str()
            .unwrap()
            .contains("does not serve a service that it does not name (asked for GET /nowhere)")
    );

    // As an SDK shows it.
    let logs = aws_sdk_cloudwatchlogs::Client::new(&config(&cloud.endpoint()));
    let error = logs.describe_log_groups().send().await.unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (
            Some("UnknownService"),
            Some(
                format!(
                    "the embedded cloud does not serve logs (asked for DescribeLogGroups); {serves}"
                )
                .as_str()
            )
        )
    );
    let sts = aws_sdk_sts::Client::new(&config(&cloud.endpoint()));
    let error = sts.get_caller_identity().send().await.unwrap_err();
    assert_eq!(error.code(), Some("UnknownService"), "{error:?}");

    let refused: Vec<String> = cloud
        .ledger()
        .into_iter()
        .map(|entry| format!("{} {}", entry.service, entry.action))
        .collect();
    assert!(
        refused.contains(&"lambda GET /2015-03-31/functions/".to_owned()),
        "the ledger shows what was missing: {refused:?}"
    );
}
