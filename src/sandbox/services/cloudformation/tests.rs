//! Stacks through time, as data: calls at times in, statuses and events out.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::CloudFormation;
use crate::domain::time::Time;
use crate::sandbox::call::{Answer, Blob, Call};
use crate::sandbox::levers::PRACTICE;
use crate::sandbox::services::logs::Logs;
use crate::sandbox::who::ACCOUNT;
use crate::sandbox::world::World;

const START: Time = Time(1_790_000_000_000);

/// A world with one realm, and words for what tests do to it.
struct Stage {
    world: World,
}

impl Stage {
    fn new() -> Self {
        Self {
            world: World::new(START, 3, 1.0),
        }
    }

    fn on(&mut self, service: &str, action: &str, params: Value) -> Answer {
        self.call(&Call::new(service, action, params).by(ACCOUNT, "eu-west-1"))
    }

    fn call(&mut self, call: &Call) -> Answer {
        self.world
            .call(self.world.now, call)
            .answer
            .map(|reply| reply.tree().clone())
    }

    /// Puts an object into the bucket of the templates, which may be there already.
    fn put(&mut self, key: &str, text: &str) {
        let _ = self.on("s3", "CreateBucket", json!({"Bucket": "templates"}));
        let put = Call::new(
            "s3",
            "PutObject",
            json!({"Bucket": "templates", "Key": key}),
        )
        .by(ACCOUNT, "eu-west-1");
        self.call(&Call {
            body: Blob(text.as_bytes().to_vec()),
            ..put
        })
        .unwrap();
    }

    fn own(&self) -> &CloudFormation {
        self.world.get(ACCOUNT, "eu-west-1").unwrap()
    }

    fn cfn(&mut self, action: &str, params: Value) -> Answer {
        self.on("cloudformation", action, params)
    }

    fn pass(&mut self, seconds: u64) {
        self.world
            .advance(self.world.now + Duration::from_secs(seconds));
    }

    /// Creates a stack and lets it come to rest.
    fn made(&mut self, name: &str, body: &str) {
        self.cfn(
            "CreateStack",
            json!({"StackName": name, "TemplateBody": body}),
        )
        .unwrap();
        assert_eq!(self.rest(name), "CREATE_COMPLETE", "{:?}", self.lines(name));
    }

    /// Updates a stack and says how it came to rest.
    fn updated(&mut self, name: &str, body: &str) -> String {
        self.cfn(
            "UpdateStack",
            json!({"StackName": name, "TemplateBody": body}),
        )
        .unwrap();
        self.rest(name)
    }

    fn fails(&mut self, params: Value) {
        self.on(PRACTICE, "Fail", params).unwrap();
    }

    fn stack(&mut self, name: &str) -> Value {
        self.cfn("DescribeStacks", json!({"StackName": name}))
            .map_or(Value::Null, |found| found["Stacks"][0].clone())
    }

    fn rest(&mut self, name: &str) -> String {
        let id = self.stack(name)["StackId"]
            .as_str()
            .unwrap_or(name)
            .to_owned();
        for _ in 0..300 {
            let status = self.stack(&id)["StackStatus"]
                .as_str()
                .unwrap_or("gone")
                .to_owned();
            if !status.ends_with("IN_PROGRESS") {
                return status;
            }
            self.pass(2);
        }
        panic!("{name} does not come to rest: {:?}", self.lines(name))
    }

    /// The events, oldest first, as `logical STATUS`; nameless second "in progress" lines are left
    /// out.
    fn lines(&mut self, name: &str) -> Vec<String> {
        let id = self
            .own()
            .stacks
            .values()
            .find(|stack| stack.name == name || stack.id == name)
            .unwrap();
        let told = id
            .events
            .iter()
            .filter(|event| event.reason.as_deref() != Some("Resource creation Initiated"));
        told.map(|event| format!("{} {}", event.logical, event.status))
            .collect()
    }

    fn physical(&mut self, name: &str, logical: &str) -> String {
        let found = self
            .cfn(
                "DescribeStackResources",
                json!({"StackName": name, "LogicalResourceId": logical}),
            )
            .unwrap();
        found["StackResources"][0]["PhysicalResourceId"]
            .as_str()
            .unwrap_or("")
            .to_owned()
    }
}

fn db(encrypted: bool, delay: u32) -> String {
    format!(
        "Resources:\n  Db: {{Type: 'AWS::RDS::DBInstance', Properties: {{Engine: postgres, StorageEncrypted: {encrypted}}}}}\n  \
         Queue: {{Type: 'AWS::SQS::Queue', DependsOn: Db, Properties: {{DelaySeconds: {delay}, Tag: !GetAtt Db.Endpoint.Address}}}}\n"
    )
}

#[test]
fn resources_come_in_the_order_of_their_needs() {
    let mut stage = Stage::new();
    stage.made("shop", &db(false, 1));
    assert_eq!(
        stage.lines("shop"),
        [
            "shop CREATE_IN_PROGRESS",
            "Db CREATE_IN_PROGRESS",
            "Db CREATE_COMPLETE",
            "Queue CREATE_IN_PROGRESS",
            "Queue CREATE_COMPLETE",
            "shop CREATE_COMPLETE"
        ]
    );
}

#[test]
fn a_replacement_makes_the_new_one_first_and_deletes_the_old_one_last() {
    let mut stage = Stage::new();
    stage.made("shop", &db(false, 1));
    let old = stage.physical("shop", "Db");
    assert_eq!(stage.updated("shop", &db(true, 1)), "UPDATE_COMPLETE");
    assert_ne!(stage.physical("shop", "Db"), old);
    let lines = stage.lines("shop");
    assert_eq!(
        lines[6..],
        [
            "shop UPDATE_IN_PROGRESS",
            "Db UPDATE_IN_PROGRESS",
            "Db UPDATE_COMPLETE",
            "Queue UPDATE_IN_PROGRESS",
            "Queue UPDATE_COMPLETE",
            "shop UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
            "Db DELETE_IN_PROGRESS",
            "Db DELETE_COMPLETE",
            "shop UPDATE_COMPLETE"
        ]
    );
    let shown = stage
        .cfn("ListStackResources", json!({"StackName": "shop"}))
        .unwrap();
    assert_eq!(
        shown["StackResourceSummaries"].as_array().unwrap().len(),
        2,
        "the old one is gone, the new one is shown"
    );
}

#[test]
fn a_failed_change_goes_back_to_what_was() {
    let mut stage = Stage::new();
    stage.made("shop", &db(false, 1));
    let before = (
        stage.physical("shop", "Db"),
        stage.physical("shop", "Queue"),
    );
    stage.fails(json!({"stack": "shop", "logical": "Queue", "act": "UPDATE", "after": 1, "reason": "no room"}));
    assert_eq!(
        stage.updated("shop", &db(true, 2)),
        "UPDATE_ROLLBACK_COMPLETE"
    );
    assert_eq!(
        (
            stage.physical("shop", "Db"),
            stage.physical("shop", "Queue")
        ),
        before
    );
    let lines = stage.lines("shop");
    let back = lines
        .iter()
        .position(|line| line == "shop UPDATE_ROLLBACK_IN_PROGRESS")
        .unwrap();
    assert_eq!(
        lines[back..],
        [
            "shop UPDATE_ROLLBACK_IN_PROGRESS",
            "Db UPDATE_IN_PROGRESS",
            "Db UPDATE_COMPLETE",
            "Queue UPDATE_IN_PROGRESS",
            "Queue UPDATE_COMPLETE",
            "shop UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
            "Db DELETE_IN_PROGRESS",
            "Db DELETE_COMPLETE",
            "shop UPDATE_ROLLBACK_COMPLETE"
        ]
    );
    // It can be updated again, and then arrives.
    assert_eq!(stage.updated("shop", &db(true, 2)), "UPDATE_COMPLETE");
}

#[test]
fn what_runs_beside_a_failure_is_cancelled() {
    let mut stage = Stage::new();
    stage.fails(json!({"stack": "pair", "logical": "A", "after": 1, "reason": "no"}));
    let body = "Resources: {A: {Type: 'AWS::SQS::Queue'}, B: {Type: 'AWS::RDS::DBInstance'}}";
    stage
        .cfn(
            "CreateStack",
            json!({"StackName": "pair", "TemplateBody": body}),
        )
        .unwrap();
    assert_eq!(stage.rest("pair"), "ROLLBACK_COMPLETE");
    let events = stage
        .cfn("DescribeStackEvents", json!({"StackName": "pair"}))
        .unwrap();
    let failed: Vec<(&str, &str)> = events["StackEvents"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .filter(|event| event["ResourceStatus"] == "CREATE_FAILED")
        .map(|event| {
            (
                event["LogicalResourceId"].as_str().unwrap(),
                event["ResourceStatusReason"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        failed,
        [("A", "no"), ("B", "Resource creation cancelled")],
        "the first failure is the true one"
    );
    let reason = stage.stack("pair")["StackStatusReason"].clone();
    assert_eq!(
        reason,
        Value::Null,
        "the reason stood on ROLLBACK_IN_PROGRESS"
    );
    let refused = stage
        .cfn(
            "UpdateStack",
            json!({"StackName": "pair", "TemplateBody": body}),
        )
        .unwrap_err();
    assert!(
        refused
            .message
            .ends_with("is in ROLLBACK_COMPLETE state and can not be updated.")
    );
}

#[test]
fn a_way_back_that_fails_is_continued_with_a_skip_list() {
    let mut stage = Stage::new();
    stage.made("shop", &db(false, 1));
    stage.fails(json!({"stack": "shop", "logical": "Queue", "act": "UPDATE", "after": 1, "reason": "no room"}));
    stage.fails(json!({"stack": "shop", "logical": "Queue", "act": "UPDATE", "after": 1, "reason": "still no room"}));
    assert_eq!(
        stage.updated("shop", &db(false, 2)),
        "UPDATE_ROLLBACK_FAILED"
    );
    let refused = stage
        .cfn(
            "ContinueUpdateRollback",
            json!({"StackName": "shop", "ResourcesToSkip": ["Db"]}),
        )
        .unwrap_err();
    assert!(refused.message.contains("Resource [Db]"), "{refused}");
    stage
        .cfn(
            "ContinueUpdateRollback",
            json!({"StackName": "shop", "ResourcesToSkip": ["Queue"]}),
        )
        .unwrap();
    assert_eq!(stage.rest("shop"), "UPDATE_ROLLBACK_COMPLETE");
    let refused = stage
        .cfn("ContinueUpdateRollback", json!({"StackName": "shop"}))
        .unwrap_err();
    assert!(
        refused.message.contains("can not continue update rollback"),
        "{refused}"
    );
}

#[test]
fn an_update_is_cancelled() {
    let mut stage = Stage::new();
    stage.made("shop", &db(false, 1));
    let refused = stage
        .cfn("CancelUpdateStack", json!({"StackName": "shop"}))
        .unwrap_err();
    assert_eq!(
        refused.message,
        "CancelUpdateStack cannot be called from current stack status"
    );
    let old = stage.physical("shop", "Db");
    stage
        .cfn(
            "UpdateStack",
            json!({"StackName": "shop", "TemplateBody": db(true, 1)}),
        )
        .unwrap();
    stage.pass(5);
    stage
        .cfn("CancelUpdateStack", json!({"StackName": "shop"}))
        .unwrap();
    assert_eq!(stage.rest("shop"), "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(stage.physical("shop", "Db"), old);
}

#[test]
fn a_deletion_that_fails_is_finished_by_retaining() {
    let mut stage = Stage::new();
    stage.made("shop", &db(false, 1));
    stage.fails(json!({"stack": "shop", "logical": "Db", "act": "DELETE", "after": 1, "reason": "has a final snapshot"}));
    stage
        .cfn("DeleteStack", json!({"StackName": "shop"}))
        .unwrap();
    assert_eq!(stage.rest("shop"), "DELETE_FAILED");
    assert_eq!(
        stage.stack("shop")["StackStatusReason"],
        "The following resource(s) failed to delete: [Db]. "
    );
    stage
        .cfn(
            "DeleteStack",
            json!({"StackName": "shop", "RetainResources": ["Db"]}),
        )
        .unwrap();
    stage.pass(5);
    assert_eq!(stage.stack("shop"), Value::Null, "gone by its name");
    let ids: Vec<String> = stage.own().stacks.keys().cloned().collect();
    assert_eq!(
        stage.stack(&ids[0])["StackStatus"],
        "DELETE_COMPLETE",
        "but known by its ARN"
    );
}

#[test]
fn policies_retain_what_they_name() {
    let mut stage = Stage::new();
    let body = "Resources: {Keep: {Type: 'AWS::Logs::LogGroup', DeletionPolicy: Retain, Properties: {LogGroupName: /keep}}, Drop: {Type: 'AWS::Logs::LogGroup', Properties: {LogGroupName: /drop}}}";
    stage.made("logs", body);
    stage
        .cfn("DeleteStack", json!({"StackName": "logs"}))
        .unwrap();
    stage.pass(10);
    assert!(
        stage
            .lines("logs")
            .contains(&"Keep DELETE_SKIPPED".to_owned())
    );
    let groups: Vec<String> = stage
        .world
        .get::<Logs>(ACCOUNT, "eu-west-1")
        .unwrap()
        .groups
        .keys()
        .cloned()
        .collect();
    assert_eq!(groups, ["/keep"]);
    // The group that stayed is in the way of the same stack made again.
    stage
        .cfn(
            "CreateStack",
            json!({"StackName": "logs", "TemplateBody": body}),
        )
        .unwrap();
    assert_eq!(stage.rest("logs"), "ROLLBACK_COMPLETE");
}

#[test]
fn an_export_in_use_neither_goes_nor_changes() {
    let mut stage = Stage::new();
    let net = |name: &str| {
        format!(
            "Resources: {{T: {{Type: 'AWS::SNS::Topic', Properties: {{TopicName: {name}}}}}}}\nOutputs: {{Topic: {{Value: !Ref T, Export: {{Name: net-topic}}}}}}"
        )
    };
    stage.made("net", &net("one"));
    stage.made("app", "Resources: {A: {Type: 'AWS::CloudWatch::Alarm', Properties: {Target: !ImportValue net-topic}}}");
    let refused = stage
        .cfn("DeleteStack", json!({"StackName": "net"}))
        .unwrap_err();
    assert_eq!(
        refused.message,
        "Export net-topic cannot be deleted as it is in use by app"
    );
    assert_eq!(
        stage.updated("net", &net("two")),
        "UPDATE_ROLLBACK_COMPLETE"
    );
    let missing = "Resources: {A: {Type: 'AWS::CloudWatch::Alarm', Properties: {Target: !ImportValue nobody}}}";
    let refused = stage
        .cfn(
            "CreateStack",
            json!({"StackName": "bad", "TemplateBody": missing}),
        )
        .unwrap_err();
    assert_eq!(refused.message, "No export named nobody found.");
    stage
        .cfn("DeleteStack", json!({"StackName": "app"}))
        .unwrap();
    stage.pass(10);
    stage
        .cfn("DeleteStack", json!({"StackName": "net"}))
        .unwrap();
    stage.pass(10);
    assert_eq!(stage.stack("net"), Value::Null);
}

const PARENT: &str = "Parameters: {Delay: {Type: String, Default: '1'}}\nResources:\n  Child: {Type: 'AWS::CloudFormation::Stack', Properties: {TemplateURL: 'http://127.0.0.1/templates/child.yaml', Parameters: {Delay: !Ref Delay}}}\n  Topic: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: !GetAtt Child.Outputs.Url}}\n";
const CHILD: &str = "Parameters: {Delay: {Type: String}}\nResources: {Queue: {Type: 'AWS::SQS::Queue', Properties: {DelaySeconds: !Ref Delay}}}\nOutputs: {Url: {Value: !Ref Queue}}\n";

#[test]
fn a_nested_stack_is_made_changed_rolled_back_and_deleted_with_its_parent() {
    let mut stage = Stage::new();
    stage.put("child.yaml", CHILD);
    stage.made("parent", PARENT);
    let child = stage.physical("parent", "Child");
    let shown = stage.stack(&child);
    assert_eq!(
        (shown["StackStatus"].as_str(), &shown["ParentId"]),
        (Some("CREATE_COMPLETE"), &stage.stack("parent")["StackId"])
    );
    let child_name = shown["StackName"].as_str().unwrap().to_owned();

    let change = |stage: &mut Stage, delay: &str| {
        let params = json!({"StackName": "parent", "UsePreviousTemplate": true, "Parameters": [{"ParameterKey": "Delay", "ParameterValue": delay}]});
        stage.cfn("UpdateStack", params).unwrap();
        stage.rest("parent")
    };
    assert_eq!(change(&mut stage, "2"), "UPDATE_COMPLETE");
    assert_eq!(stage.stack(&child)["Parameters"][0]["ParameterValue"], "2");

    stage.fails(json!({"stack": child_name, "logical": "Queue", "act": "UPDATE", "after": 1, "reason": "no"}));
    assert_eq!(change(&mut stage, "3"), "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(
        (
            &stage.stack(&child)["StackStatus"],
            &stage.stack(&child)["Parameters"][0]["ParameterValue"]
        ),
        (&json!("UPDATE_ROLLBACK_COMPLETE"), &json!("2"))
    );

    // The child arrives, its parent fails after it: the child goes back too.
    stage.fails(json!({"stack": "parent", "logical": "Topic", "after": 1, "reason": "no"}));
    let other = CHILD
        .replace(
            "AWS::SQS::Queue'",
            "AWS::SQS::Queue', DeletionPolicy: Delete",
        )
        .replace("DelaySeconds", "VisibilityTimeout");
    stage.put("child.yaml", &other);
    stage
        .cfn(
            "UpdateStack",
            json!({"StackName": "parent", "TemplateBody": PARENT.replace("DisplayName", "Name")}),
        )
        .unwrap();
    assert_eq!(stage.rest("parent"), "UPDATE_ROLLBACK_COMPLETE");
    let held = stage
        .cfn("GetTemplate", json!({"StackName": child}))
        .unwrap();
    assert_eq!(held["TemplateBody"], CHILD);

    stage
        .cfn("DeleteStack", json!({"StackName": "parent"}))
        .unwrap();
    stage.pass(30);
    assert_eq!(stage.stack(&child)["StackStatus"], "DELETE_COMPLETE");
    assert_eq!(stage.stack("parent"), Value::Null);
}

/// A template of so many bytes.
fn padded(bytes: usize) -> String {
    let body = "Resources: {Queue: {Type: 'AWS::SQS::Queue'}}\n#";
    format!("{body}{}", "-".repeat(bytes - body.len()))
}

#[test]
fn a_call_holds_less_of_a_template_than_an_object() {
    let mut stage = Stage::new();
    let create = |stage: &mut Stage, name: &str, what: &str, is: &str| {
        let made = stage.cfn("CreateStack", json!({"StackName": name, what: is}));
        made.map(|_| ()).map_err(|error| error.message)
    };
    assert!(create(&mut stage, "a", "TemplateBody", &padded(51_200)).is_ok());
    let told = create(&mut stage, "b", "TemplateBody", &padded(51_201)).unwrap_err();
    assert!(told.ends_with("less than or equal to 51200"), "{told}");
    let url = "https://s3.eu-west-1.amazonaws.com/templates/a.template";
    stage.put("a.template", &padded(1_000_000));
    assert!(create(&mut stage, "c", "TemplateURL", url).is_ok());
    stage.put("a.template", &padded(1_000_001));
    let told = create(&mut stage, "d", "TemplateURL", url).unwrap_err();
    assert_eq!(told, "Template may not exceed 1000000 bytes in size.");
}

#[test]
fn a_nested_stack_that_fails_takes_its_parent_down() {
    let mut stage = Stage::new();
    let body = PARENT.replace(
        "TemplateURL: 'http://127.0.0.1/templates/child.yaml'",
        &format!(
            "TemplateBody: {:?}",
            CHILD
                .replace("DelaySeconds", "X")
                .replace("AWS::SQS::Queue'", "AWS::IAM::Role'")
        ),
    );
    stage.cfn("CreateStack", json!({"StackName": "parent", "TemplateBody": body, "Capabilities": ["CAPABILITY_IAM"]})).unwrap();
    assert_eq!(stage.rest("parent"), "ROLLBACK_COMPLETE");
    let events = stage
        .cfn("DescribeStackEvents", json!({"StackName": "parent"}))
        .unwrap()
        .to_string();
    assert!(
        events.contains(
            "was not successfully created: The following resource(s) failed to create: [Queue]."
        ),
        "{events}"
    );
}

#[test]
fn differences_are_true_and_name_their_causes() {
    let mut stage = Stage::new();
    let body = |engine: &str, parts: &str| {
        format!(
            "Parameters: {{Size: {{Type: String, Default: small}}}}\nResources:\n  Db: {{Type: 'AWS::RDS::DBInstance', Properties: {{Engine: {engine}, DBInstanceClass: !Ref Size}}}}\n  Note: {{Type: 'AWS::SSM::Parameter', Properties: {{Type: String, Value: !GetAtt Db.Endpoint.Address}}}}\n  Same: {{Type: 'AWS::SQS::Queue'}}\n{parts}"
        )
    };
    stage.made(
        "shop",
        &body("postgres", "  Old: {Type: 'AWS::SNS::Topic'}\n"),
    );
    let params = json!({
        "StackName": "shop", "ChangeSetName": "c", "TemplateBody": body("mysql", "  New: {Type: 'AWS::SNS::Topic'}\n"),
        "Parameters": [{"ParameterKey": "Size", "ParameterValue": "large"}],
    });
    stage.cfn("CreateChangeSet", params).unwrap();
    let early = stage
        .cfn(
            "ExecuteChangeSet",
            json!({"StackName": "shop", "ChangeSetName": "c"}),
        )
        .unwrap_err();
    assert_eq!(early.code, "InvalidChangeSetStatus");
    stage.pass(3);
    let set = stage
        .cfn(
            "DescribeChangeSet",
            json!({"StackName": "shop", "ChangeSetName": "c"}),
        )
        .unwrap();
    let rows: Vec<String> = set["Changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| &change["ResourceChange"])
        .map(|row| {
            let details = row["Details"].as_array().unwrap().iter().map(|detail| {
                format!(
                    "{} {} {}",
                    detail["Target"]["Name"], detail["ChangeSource"], detail["Evaluation"]
                )
                .replace('"', "")
            });
            format!(
                "{} {} {} {}",
                row["Action"],
                row["LogicalResourceId"],
                row["Replacement"],
                details.collect::<Vec<_>>().join(", ")
            )
            .replace('"', "")
        })
        .collect();
    assert_eq!(
        rows,
        [
            "Modify Db True DBInstanceClass ParameterReference Static, Engine DirectModification Static",
            "Add New null ",
            "Modify Note False Value ResourceAttribute Dynamic",
            "Remove Old null ",
        ]
    );
}

#[test]
fn a_custom_name_cannot_be_replaced_by_itself() {
    let mut stage = Stage::new();
    let body = |encrypted: bool| {
        format!(
            "Resources: {{Db: {{Type: 'AWS::RDS::DBInstance', Properties: {{DBInstanceIdentifier: shop, StorageEncrypted: {encrypted}}}}}}}"
        )
    };
    stage.made("shop", &body(false));
    assert_eq!(
        stage.updated("shop", &body(true)),
        "UPDATE_ROLLBACK_COMPLETE"
    );
    let events = stage
        .cfn("DescribeStackEvents", json!({"StackName": "shop"}))
        .unwrap()
        .to_string();
    assert!(
        events.contains("cannot update a stack when a custom-named resource requires replacing"),
        "{events}"
    );
}

#[test]
fn tokens_are_of_one_call() {
    let mut stage = Stage::new();
    let create = |name: &str| json!({"StackName": name, "TemplateBody": db(false, 1), "ClientRequestToken": "t"});
    let first = stage.cfn("CreateStack", create("shop")).unwrap();
    assert_eq!(stage.cfn("CreateStack", create("shop")).unwrap(), first);
    assert_eq!(
        stage.cfn("CreateStack", create("other")).unwrap_err().code,
        "TokenAlreadyExistsException"
    );
    assert_eq!(stage.world.ledger.effects().count(), 1);
}

#[test]
fn a_retry_after_the_execution_makes_no_second_change_set() {
    let mut stage = Stage::new();
    let stack = json!({"StackName": "shop", "TemplateBody": db(false, 1)});
    stage.cfn("CreateStack", stack).unwrap();
    stage.pass(600);
    let make = |token: &str| json!({"StackName": "shop", "ChangeSetName": "c", "TemplateBody": db(false, 2), "ClientToken": token});
    let first = stage.cfn("CreateChangeSet", make("t")).unwrap();
    stage.pass(10);
    let execute = json!({"StackName": "shop", "ChangeSetName": "c"});
    stage.cfn("ExecuteChangeSet", execute).unwrap();
    stage.pass(600);
    assert_eq!(stage.cfn("CreateChangeSet", make("t")).unwrap(), first);
    let left = stage
        .cfn("ListChangeSets", json!({"StackName": "shop"}))
        .unwrap();
    assert_eq!(left["Summaries"], json!([]));
    assert_ne!(
        stage.cfn("CreateChangeSet", make("another")).unwrap(),
        first
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// However time passes, in one leap or in steps, by calls or alone: the same world. What a kill
    /// loses is made again by this.
    #[test]
    fn steps_of_time_do_not_matter(steps in prop::collection::vec(1_u64..9_000, 1..40), fail in any::<bool>()) {
        let body = include_str!("../../../../config/sandbox/estate/orders.yaml");
        let run = |steps: &[u64]| {
            let mut stage = Stage::new();
            if fail {
                stage.fails(json!({"stack": "o", "logical": "OrdersDb", "after": 4, "reason": "storage-full"}));
            }
            let parameters = json!([{"ParameterKey": "Environment", "ParameterValue": "dev"}, {"ParameterKey": "Version", "ParameterValue": "1"}]);
            stage.cfn("CreateStack", json!({"StackName": "o", "TemplateBody": body, "Capabilities": ["CAPABILITY_IAM"], "Parameters": parameters})).unwrap();
            for step in steps {
                stage.world.advance(stage.world.now + Duration::from_millis(*step));
            }
            stage.world.realms
        };
        let at_once = [steps.iter().sum()];
        prop_assert_eq!(serde_json::to_value(run(&steps)).unwrap(), serde_json::to_value(run(&at_once)).unwrap());
    }
}
