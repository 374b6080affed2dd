//! Secrets, as data: calls in, answers out; and those that stacks make.

use std::time::Duration;

use serde_json::{Value, json};

use crate::domain::time::Time;
use crate::sandbox::call::{AwsError, Call};
use crate::sandbox::who::ACCOUNT;
use crate::sandbox::world::World;

const NONE: &str = "ResourceNotFoundException: Secrets Manager can't find the specified secret.";
const NO_VALUE: &str = "ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: AWSCURRENT";
const MARKED: &str = "InvalidRequestException: You can't perform this operation on the secret because it was marked for deletion.";

struct Stage(World);

impl Stage {
    fn new() -> Self {
        Self(World::new(Time(1_790_000_000_000), 3, 1.0))
    }

    fn at(&mut self, service: &str, action: &str, params: Value) -> Result<Value, AwsError> {
        let call = Call::new(service, action, params).by(ACCOUNT, "eu-west-1");
        let answer = self.0.call(self.0.now, &call).answer;
        answer.map(|reply| reply.tree().clone())
    }

    fn on(&mut self, action: &str, params: Value) -> Value {
        self.at("secretsmanager", action, params).unwrap()
    }

    fn refused(&mut self, action: &str, params: Value) -> String {
        let answer = self.at("secretsmanager", action, params);
        answer.unwrap_err().to_string()
    }

    /// Makes a secret, and says what its ARN is.
    fn made(&mut self, name: &str, value: &str) -> String {
        let params =
            json!({ "Name": name, "SecretString": value, "ClientRequestToken": token("made") });
        text(&self.on("CreateSecret", params)["ARN"])
    }

    fn value(&mut self, id: &str) -> String {
        text(&self.on("GetSecretValue", json!({ "SecretId": id }))["SecretString"])
    }

    fn stack(&mut self, action: &str, name: &str, secret: &Value) -> String {
        let body = json!({
            "Resources": { "Kept": { "Type": "AWS::SecretsManager::Secret", "Properties": secret } },
            "Outputs": { "Arn": { "Value": { "Ref": "Kept" } } },
        });
        let params = json!({ "StackName": name, "TemplateBody": body.to_string() });
        self.at("cloudformation", action, params).unwrap();
        self.pass(60);
        text(&self.told(name)["StackStatus"])
    }

    fn told(&mut self, name: &str) -> Value {
        let params = json!({ "StackName": name });
        let told = self.at("cloudformation", "DescribeStacks", params).unwrap();
        told["Stacks"][0].clone()
    }

    fn pass(&mut self, seconds: u64) {
        self.0.advance(self.0.now + Duration::from_secs(seconds));
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn token(name: &str) -> String {
    format!("{name:-<32}")
}

#[test]
fn a_secret_is_found_by_its_name_and_by_its_arn_with_its_end_and_without() {
    let mut stage = Stage::new();
    let arn = stage.made("/prod/shop/stripe", "s3cret");
    let start = "arn:aws:secretsmanager:eu-west-1:000000000000:secret:/prod/shop/stripe-";
    let end = arn.strip_prefix(start).unwrap();
    assert_eq!(end.len(), 6, "{arn}");
    for id in ["/prod/shop/stripe", &arn, &arn[..arn.len() - 7]] {
        assert_eq!(stage.value(id), "s3cret", "{id}");
    }
    for id in ["/prod/shop", &arn[..arn.len() - 1], "stripe"] {
        assert_eq!(
            stage.refused("GetSecretValue", json!({ "SecretId": id })),
            NONE
        );
        assert_eq!(
            stage.refused("DescribeSecret", json!({ "SecretId": id })),
            NONE
        );
    }
    let again = json!({ "Name": "/prod/shop/stripe", "SecretString": "x", "ClientRequestToken": token("x") });
    assert_eq!(
        stage.refused("CreateSecret", again),
        "ResourceExistsException: The operation failed because the secret /prod/shop/stripe already exists."
    );
    for (name, code) in [("a b", "ValidationException"), ("", "ValidationException")] {
        let told = stage.refused("CreateSecret", json!({ "Name": name }));
        assert!(told.starts_with(code), "{told}");
    }
}

#[test]
fn a_value_is_told_by_the_call_that_asks_for_it_alone() {
    let mut stage = Stage::new();
    stage.made("a", "s3cret-1");
    let put =
        json!({ "SecretId": "a", "SecretString": "s3cret-2", "ClientRequestToken": token("2") });
    let mut told = stage.on("PutSecretValue", put).to_string();
    let update =
        json!({ "SecretId": "a", "SecretString": "s3cret-3", "ClientRequestToken": token("3") });
    told += &stage.on("UpdateSecret", update).to_string();
    told += &stage
        .on("DescribeSecret", json!({ "SecretId": "a" }))
        .to_string();
    told += &stage.on("ListSecrets", json!({})).to_string();
    assert!(!told.contains("s3cret"), "{told}");
    assert_eq!(stage.value("a"), "s3cret-3");
    let ledger = stage.0.ledger.lines();
    assert!(
        ledger.contains("secret a version 2-") && !ledger.contains("s3cret"),
        "{ledger}"
    );
}

#[test]
fn a_version_is_the_token_that_made_it() {
    let mut stage = Stage::new();
    let arn = stage.made("a", "1");
    let put = |value: &str, name: &str| json!({ "SecretId": "a", "SecretString": value, "ClientRequestToken": token(name) });
    for _ in 0..2 {
        let told = stage.on("PutSecretValue", put("2", "two"));
        assert_eq!(told["VersionId"], token("two"));
        assert_eq!(told["VersionStages"], json!(["AWSCURRENT"]));
    }
    assert_eq!(
        stage.refused("PutSecretValue", put("3", "two")),
        format!(
            "ResourceExistsException: You can't use ClientRequestToken {} because that value is already in use for a version of secret {arn}.",
            token("two")
        )
    );
    let stage_of = |name: &str| json!({ "SecretId": "a", "VersionStage": name });
    let old = stage.on("GetSecretValue", stage_of("AWSPREVIOUS"));
    assert_eq!(
        (&old["SecretString"], &old["VersionId"]),
        (&json!("1"), &json!(token("made")))
    );
    let by_id = json!({ "SecretId": "a", "VersionId": token("made") });
    assert_eq!(
        stage.on("GetSecretValue", by_id.clone())["SecretString"],
        "1"
    );

    // A third version leaves the first without a label; its id still finds it.
    stage.on("PutSecretValue", put("3", "three"));
    let told = stage.on("DescribeSecret", json!({ "SecretId": "a" }));
    assert_eq!(
        told["VersionIdsToStages"],
        json!({ token("three"): ["AWSCURRENT"], token("two"): ["AWSPREVIOUS"] })
    );
    assert_eq!(
        stage.on("GetSecretValue", by_id)["VersionStages"],
        json!([])
    );
    let mut own = put("4", "four");
    own["VersionStages"] = json!(["mine"]);
    stage.on("PutSecretValue", own);
    assert_eq!(stage.value("a"), "3");
    assert_eq!(
        stage.on("GetSecretValue", stage_of("mine"))["SecretString"],
        "4"
    );
    for (asked, says) in [
        (
            json!({ "SecretId": "a", "VersionStage": "other" }),
            "for staging label: other",
        ),
        (
            json!({ "SecretId": "a", "VersionId": token("none") }),
            "for VersionId: none-",
        ),
        (
            json!({ "SecretId": "a", "VersionId": token("two"), "VersionStage": "AWSCURRENT" }),
            "InvalidRequestException: You provided a VersionStage",
        ),
    ] {
        let told = stage.refused("GetSecretValue", asked);
        assert!(told.contains(says), "{told}");
    }
    for wrong in [
        json!({ "SecretId": "a", "SecretString": "x" }),
        json!({ "SecretId": "a" }),
    ] {
        let told = stage.refused("PutSecretValue", wrong);
        assert!(
            told.starts_with("InvalidRequestException: You must provide"),
            "{told}"
        );
    }
}

#[test]
fn the_same_creation_is_the_same_secret() {
    let mut stage = Stage::new();
    assert_eq!(stage.made("a", "1"), stage.made("a", "1"));
    let effects = stage.0.ledger.effects().count();
    assert_eq!(effects, 1);
}

#[test]
fn a_secret_without_a_value_says_so() {
    let mut stage = Stage::new();
    let made = stage.on(
        "CreateSecret",
        json!({ "Name": "a", "Description": "later" }),
    );
    assert!(made["VersionId"].is_null());
    assert_eq!(
        stage.refused("GetSecretValue", json!({ "SecretId": "a" })),
        NO_VALUE
    );
    let told = stage.on("DescribeSecret", json!({ "SecretId": "a" }));
    assert_eq!(
        (&told["Description"], &told["VersionIdsToStages"]),
        (&json!("later"), &Value::Null)
    );
    stage.on(
        "UpdateSecret",
        json!({ "SecretId": "a", "Description": "now" }),
    );
    let told = stage.on("DescribeSecret", json!({ "SecretId": "a" }));
    assert_eq!(told["Description"], "now");
}

#[test]
fn a_secret_that_is_deleted_can_be_had_back_until_its_window_ends() {
    let mut stage = Stage::new();
    stage.made("a", "1");
    for (wrong, says) in [
        (
            json!({ "SecretId": "a", "RecoveryWindowInDays": 6 }),
            "between 7 and 30 days",
        ),
        (
            json!({ "SecretId": "a", "RecoveryWindowInDays": 7, "ForceDeleteWithoutRecovery": true }),
            "in conjunction with",
        ),
    ] {
        let told = stage.refused("DeleteSecret", wrong);
        assert!(
            told.starts_with("InvalidParameterException") && told.contains(says),
            "{told}"
        );
    }
    let delete = json!({ "SecretId": "a", "RecoveryWindowInDays": 7 });
    let told = stage.on("DeleteSecret", delete.clone());
    assert_eq!(told["DeletionDate"], 1_790_604_800.0);
    assert_eq!(
        stage.refused("GetSecretValue", json!({ "SecretId": "a" })),
        MARKED
    );
    let put = json!({ "SecretId": "a", "SecretString": "2", "ClientRequestToken": token("2") });
    assert_eq!(stage.refused("PutSecretValue", put.clone()), MARKED);
    assert_eq!(stage.refused("UpdateSecret", put), MARKED);
    assert_eq!(
        stage.refused("CreateSecret", json!({ "Name": "a" })),
        "InvalidRequestException: You can't create this secret because a secret with this name is already scheduled for deletion."
    );
    let told = stage.refused("DeleteSecret", delete.clone());
    assert!(told.contains("currently marked deleted"), "{told}");
    let told = stage.on("DescribeSecret", json!({ "SecretId": "a" }));
    assert_eq!(told["DeletedDate"], 1_790_604_800.0);
    assert_eq!(stage.on("ListSecrets", json!({}))["SecretList"], json!([]));
    let planned = stage.on("ListSecrets", json!({ "IncludePlannedDeletion": true }));
    assert_eq!(planned["SecretList"][0]["Name"], "a");

    stage.on("RestoreSecret", json!({ "SecretId": "a" }));
    assert_eq!(stage.value("a"), "1");
    stage.on("DeleteSecret", delete);
    stage.pass(7 * 86_400);
    assert_eq!(
        stage.refused("RestoreSecret", json!({ "SecretId": "a" })),
        NONE
    );
    stage.made("a", "2");
    let force = json!({ "SecretId": "a", "ForceDeleteWithoutRecovery": true });
    for _ in 0..2 {
        stage.on("DeleteSecret", force.clone());
        assert_eq!(
            stage.refused("GetSecretValue", json!({ "SecretId": "a" })),
            NONE
        );
    }
    assert_eq!(
        stage.refused("DeleteSecret", json!({ "SecretId": "a" })),
        NONE
    );
}

#[test]
fn secrets_are_listed_page_by_page() {
    let mut stage = Stage::new();
    for name in ["/prod/a", "/prod/b", "/test/c"] {
        stage.on(
            "CreateSecret",
            json!({ "Name": name, "Tags": [{ "Key": "env", "Value": &name[1..5] }] }),
        );
    }
    let names = |page: &Value| -> Vec<String> {
        page["SecretList"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| text(&one["Name"]))
            .collect()
    };
    let first = stage.on("ListSecrets", json!({ "MaxResults": 2 }));
    assert_eq!(names(&first), ["/prod/a", "/prod/b"]);
    let last = stage.on(
        "ListSecrets",
        json!({ "MaxResults": 2, "NextToken": first["NextToken"] }),
    );
    assert_eq!(
        (names(&last), &last["NextToken"]),
        (vec!["/test/c".to_owned()], &Value::Null)
    );
    for (filter, found) in [
        (json!([{ "Key": "name", "Values": ["/prod"] }]), 2),
        (json!([{ "Key": "name", "Values": ["!/prod"] }]), 1),
        (json!([{ "Key": "tag-value", "Values": ["test"] }]), 1),
        (
            json!([{ "Key": "tag-key", "Values": ["env"] }, { "Key": "name", "Values": ["/test", "/prod/b"] }]),
            2,
        ),
    ] {
        let told = stage.on("ListSecrets", json!({ "Filters": filter }));
        assert_eq!(names(&told).len(), found, "{filter}");
    }
    let other = json!({ "Filters": [{ "Key": "owning-service", "Values": ["x"] }] });
    assert!(
        stage
            .refused("ListSecrets", other)
            .starts_with("InvalidParameterException")
    );
}

#[test]
fn a_stack_makes_changes_and_removes_its_secret() {
    let mut stage = Stage::new();
    let plain = json!({ "Name": "/prod/x", "Description": "by a person" });
    assert_eq!(stage.stack("CreateStack", "one", &plain), "CREATE_COMPLETE");
    let arn = text(&stage.told("one")["Outputs"][0]["OutputValue"]);
    let end = arn.strip_prefix("arn:aws:secretsmanager:eu-west-1:000000000000:secret:/prod/x-");
    assert_eq!(end.map(str::len), Some(6), "{arn}");
    assert_eq!(
        stage.refused("GetSecretValue", json!({ "SecretId": arn })),
        NO_VALUE
    );

    // Its name is taken, and the stack that fails leaves it alone.
    assert_eq!(
        stage.stack("CreateStack", "two", &plain),
        "ROLLBACK_COMPLETE"
    );
    let params = json!({ "StackName": "two" });
    let events = stage
        .at("cloudformation", "DescribeStackEvents", params)
        .unwrap();
    let why = "The operation failed because the secret /prod/x already exists.";
    assert!(events.to_string().contains(why), "{events}");

    // A person sets its value; a change of its description keeps that.
    let put =
        json!({ "SecretId": arn, "SecretString": "by hand", "ClientRequestToken": token("p") });
    stage.on("PutSecretValue", put);
    let other = json!({ "Name": "/prod/x", "Description": "other" });
    assert_eq!(stage.stack("UpdateStack", "one", &other), "UPDATE_COMPLETE");
    assert_eq!(stage.value("/prod/x"), "by hand");
    let told = stage.on("DescribeSecret", json!({ "SecretId": "/prod/x" }));
    assert_eq!(
        (&told["Description"], &told["ARN"]),
        (&json!("other"), &json!(arn))
    );
    let given = json!({ "Name": "/prod/x", "SecretString": "given" });
    assert_eq!(stage.stack("UpdateStack", "one", &given), "UPDATE_COMPLETE");
    assert_eq!(stage.value("/prod/x"), "given");

    stage
        .at(
            "cloudformation",
            "DeleteStack",
            json!({ "StackName": "one" }),
        )
        .unwrap();
    stage.pass(60);
    assert_eq!(
        stage.refused("DescribeSecret", json!({ "SecretId": arn })),
        NONE
    );
}

#[test]
fn a_value_is_generated_as_the_template_says() {
    let mut stage = Stage::new();
    let rule =
        json!({ "PasswordLength": 16, "ExcludePunctuation": true, "ExcludeCharacters": "aZ0" });
    let secret = json!({ "Name": "a", "GenerateSecretString": rule });
    assert_eq!(stage.stack("CreateStack", "a", &secret), "CREATE_COMPLETE");
    let first = stage.value("a");
    assert!(
        first.len() == 16 && first.chars().all(|c| c.is_ascii_alphanumeric()),
        "{first}"
    );
    assert!(!first.contains(['a', 'Z', '0']) && first.contains(|c: char| c.is_ascii_digit()));

    // The same rule makes no other value, another one does.
    let mut next = secret.clone();
    next["Description"] = json!("other");
    assert_eq!(stage.stack("UpdateStack", "a", &next), "UPDATE_COMPLETE");
    assert_eq!(stage.value("a"), first);
    next["GenerateSecretString"] = json!({ "SecretStringTemplate": "{\"username\": \"shop\"}", "GenerateStringKey": "password" });
    assert_eq!(stage.stack("UpdateStack", "a", &next), "UPDATE_COMPLETE");
    let value: Value = serde_json::from_str(&stage.value("a")).unwrap();
    assert_eq!(
        (&value["username"], text(&value["password"]).len()),
        (&json!("shop"), 32)
    );

    for wrong in [
        json!({ "SecretStringTemplate": "{}" }),
        json!({ "SecretStringTemplate": "no", "GenerateStringKey": "x" }),
        json!({ "PasswordLength": 2 }),
    ] {
        let secret = json!({ "Name": "b", "GenerateSecretString": wrong });
        let name = format!("b{}", stage.0.now.0);
        assert_eq!(
            stage.stack("CreateStack", &name, &secret),
            "ROLLBACK_COMPLETE",
            "{wrong}"
        );
    }
}
