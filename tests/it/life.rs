//! A service through its life on emulators that nobody here wrote: made, changed, failed and torn
//! down by the program as a script would do it, and looked at from outside. Run by `.ci/run`; what
//! each emulator cannot show is in tests/peers/README.md.

use serde_json::json;

use crate::peers::endpoint;
use crate::program::Program;
use crate::wire::{http, query, tagged};

const STACK: &str = "hp-peer-shop";
const BROKEN: &str = "hp-peer-broken";

/// What an emulator shows.
struct Peer {
    endpoint: String,
    /// It answers "No updates are to be performed", and knows an empty change set.
    knows_no_change: bool,
    /// What it says of a nested stack without a template, and how that ends, where it does.
    fails: Option<(&'static str, &'static str)>,
    /// Its stacks take time, so that they are seen on the way.
    takes_time: bool,
}

#[test]
#[ignore = "needs moto; .ci/run starts it"]
fn a_service_lives_on_moto() {
    life(&Peer {
        endpoint: endpoint("HOLDPOINT_MOTO"),
        knows_no_change: false,
        fails: None,
        takes_time: false,
    });
}

#[test]
#[ignore = "needs ministack; .ci/run starts it"]
fn a_service_lives_on_ministack() {
    life(&Peer {
        endpoint: endpoint("HOLDPOINT_MINISTACK"),
        knows_no_change: true,
        fails: Some(("Failed to fetch nested-stack template", "ROLLBACK_COMPLETE")),
        takes_time: false,
    });
}

#[test]
#[ignore = "needs localemu; .ci/nightly starts it"]
fn a_service_lives_on_localemu() {
    life(&Peer {
        endpoint: endpoint("HOLDPOINT_LOCALEMU"),
        knows_no_change: true,
        fails: Some(("NoSuchKey", "CREATE_FAILED")),
        takes_time: true,
    });
}

fn life(peer: &Peer) {
    peer.put_template();
    let program = Program::with(&[
        ("holdpoint.yaml", &estate(peer, 30)),
        ("shop.yaml", SHOP),
        ("broken.yaml", BROKEN_TEMPLATE),
    ]);

    // made
    program
        .run(&["deploy", "peer/shop", "--here", "--wait", "--json"])
        .ends(0);
    assert_eq!(peer.status(STACK).as_deref(), Some("CREATE_COMPLETE"));
    let types = peer.types(STACK);
    for wanted in [
        "S3::Bucket",
        "SQS::Queue",
        "SNS::Topic",
        "SSM::Parameter",
        "CloudFormation::Stack",
    ] {
        assert!(
            types.iter().any(|t| t == &format!("AWS::{wanted}")),
            "no {wanted} in {types:?}"
        );
    }
    assert!(
        peer.describe(STACK).contains("holdpoint:store"),
        "the stack does not carry our tag"
    );

    if peer.takes_time {
        let lines = program.run(&["logs", "peer/shop", "--here"]).ends(0).out;
        assert!(
            lines.contains("Inner  CREATE_IN_PROGRESS"),
            "no event of the nested stack on its way in\n{lines}"
        );
    }

    // changed
    program.write("holdpoint.yaml", &estate(peer, 60));
    program
        .run(&["deploy", "peer/shop", "--here", "--wait", "--json"])
        .ends(0);
    assert_eq!(peer.status(STACK).as_deref(), Some("UPDATE_COMPLETE"));
    assert!(
        peer.queue().contains("<Value>60</Value>") || peer.queue().contains("\"60\""),
        "{}",
        peer.queue()
    );

    // the same again
    let before = peer.events(STACK);
    program
        .run(&["deploy", "peer/shop", "--here", "--wait", "--json"])
        .ends(0);
    if peer.knows_no_change {
        assert_eq!(
            peer.events(STACK),
            before,
            "a deployment without a change has changed something"
        );
    }

    // failed: only where a stack that cannot be made comes to an end
    if let Some((reason, status)) = peer.fails {
        let said = program
            .run(&["deploy", "peer/broken", "--here", "--wait", "--json"])
            .ends(1)
            .json()
            .to_string();
        assert!(said.contains(reason), "{said}");
        assert_eq!(peer.status(BROKEN).as_deref(), Some(status));
    }

    // torn down
    tear_down(&program, "peer/shop");
    assert_eq!(peer.status(STACK), None);
    assert!(
        peer.queue().contains("NonExistentQueue"),
        "{}",
        peer.queue()
    );
}

/// Asks; where the card wants to be read, answers with its words.
fn tear_down(program: &Program, stack: &str) {
    let asked = program.run(&["teardown", stack, "--here", "--wait", "--json"]);
    if asked.code == 0 {
        return;
    }
    let card = asked.ends(2).json()["card"].clone();
    let (words, subject) = (
        card["confirm"].as_str().unwrap(),
        card["subject"].as_str().unwrap(),
    );
    program
        .run(&[
            "teardown",
            stack,
            "--here",
            "--wait",
            "--json",
            "--confirm",
            words,
            "--subject",
            subject,
        ])
        .ends(0);
}

impl Peer {
    /// Puts the nested template where CloudFormation's rules allow one to be.
    fn put_template(&self) {
        let auth = (
            "Authorization",
            "AWS4-HMAC-SHA256 Credential=testing/20260101/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=0",
        );
        let place = "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>";
        let made = http(&self.endpoint, "PUT", "/hp-peer-templates", &[auth], place);
        assert!(matches!(made.status, 200 | 409), "{made:?}");
        let put = http(
            &self.endpoint,
            "PUT",
            "/hp-peer-templates/inner.json",
            &[auth],
            &inner(),
        );
        assert_eq!(put.status, 200, "{put:?}");
    }

    fn cloudformation(&self, action: &str, stack: &str) -> String {
        query(
            &self.endpoint,
            "cloudformation",
            "2010-05-15",
            action,
            &[("StackName", stack)],
        )
        .body
    }

    fn describe(&self, stack: &str) -> String {
        self.cloudformation("DescribeStacks", stack)
    }

    fn status(&self, stack: &str) -> Option<String> {
        tagged(&self.describe(stack), "StackStatus")
            .into_iter()
            .next()
            .filter(|status| status != "DELETE_COMPLETE")
    }

    fn types(&self, stack: &str) -> Vec<String> {
        tagged(
            &self.cloudformation("DescribeStackResources", stack),
            "ResourceType",
        )
    }

    fn events(&self, stack: &str) -> Vec<String> {
        tagged(
            &self.cloudformation("DescribeStackEvents", stack),
            "EventId",
        )
    }

    /// The attributes of the service's queue, or the error instead.
    fn queue(&self) -> String {
        let call = |action: &str, parameters: &[(&str, &str)]| {
            query(&self.endpoint, "sqs", "2012-11-05", action, parameters).body
        };
        let found = call("GetQueueUrl", &[("QueueName", "hp-peer-queue")]);
        match tagged(&found, "QueueUrl").first() {
            Some(url) => call(
                "GetQueueAttributes",
                &[("QueueUrl", url), ("AttributeName.1", "VisibilityTimeout")],
            ),
            None => found,
        }
    }
}

fn estate(peer: &Peer, seconds: u32) -> String {
    let endpoint = &peer.endpoint;
    format!(
        "environments:\n  peer: {{ class: development, aws: {{ region: eu-west-1, endpoint_url: \"{endpoint}\" }} }}\n\
         applications:\n\
         \x20 shop: {{ service: {{ template: shop.yaml, stack_name: {STACK}, parameters: {{ Seconds: \"{seconds}\" }} }}, environments: [peer] }}\n\
         \x20 broken: {{ service: {{ template: broken.yaml, stack_name: {BROKEN} }}, environments: [peer] }}\n"
    )
}

fn inner() -> String {
    json!({ "Resources": { "Inner": { "Type": "AWS::SQS::Queue", "Properties": { "QueueName": "hp-peer-inner" } } } }).to_string()
}

const SHOP: &str = r#"AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  Seconds: { Type: Number, Default: 30 }
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    Properties: { BucketName: hp-peer-bucket }
  Queue:
    Type: AWS::SQS::Queue
    Properties: { QueueName: hp-peer-queue, VisibilityTimeout: !Ref Seconds }
  Topic:
    Type: AWS::SNS::Topic
    Properties: { TopicName: hp-peer-topic }
  Parameter:
    Type: AWS::SSM::Parameter
    Properties: { Name: /hp/peer, Type: String, Value: !GetAtt Queue.Arn }
  Nested:
    Type: AWS::CloudFormation::Stack
    Properties: { TemplateURL: "https://s3.eu-west-1.amazonaws.com/hp-peer-templates/inner.json" }
Outputs:
  Queue: { Value: !Ref Queue }
"#;

const BROKEN_TEMPLATE: &str = r#"AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Nested:
    Type: AWS::CloudFormation::Stack
    Properties: { TemplateURL: "https://s3.eu-west-1.amazonaws.com/hp-peer-templates/nowhere.json" }
"#;
