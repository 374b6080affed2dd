//! Somebody changes the real stack between what a person read and what is done: what was approved
//! or confirmed is void, nothing is touched, and the new card says what became different.

use serde_json::Value;

use crate::cloud::Cloud;
use crate::program::{Program, Run};
use crate::wire::{http, query, tagged};

const TEMPLATE: &str = r"Parameters:
  DesiredCount: { Type: Number, Default: 2 }
  Size: { Type: Number, Default: 20 }
  Key: { Type: String, Default: id }
  Note: { Type: String, Default: one }
Resources:
  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [ { AttributeName: !Ref Key, AttributeType: S } ]
      KeySchema: [ { AttributeName: !Ref Key, KeyType: HASH } ]
  Queue:
    Type: AWS::SQS::Queue
    Properties: { VisibilityTimeout: !Ref DesiredCount, DelaySeconds: !Ref Size, KmsMasterKeyId: !Ref Note }
";

struct Home {
    cloud: Cloud,
    program: Program,
}

impl Home {
    /// The stack is there.
    fn new() -> Self {
        let cloud = Cloud::start();
        let program = Program::with(&[
            ("holdpoint.yaml", &estate(&cloud.endpoint, "")),
            ("db.yaml", TEMPLATE),
        ]);
        let place = Self { cloud, program };
        let card = place.run(&["deploy", "live/db"]);
        place.confirmed(&["deploy", "live/db"], &card.json()["card"]);
        // Where the guard of the ask did not stand for the hold of a first touch.
        let open = place.run(&["holds"]).ends(0).json()["holds"].clone();
        for hold in open.as_array().unwrap() {
            place.approved(hold);
        }
        assert_eq!(place.status(), "CREATE_COMPLETE");
        place
    }

    fn with(&self, parameters: &str) {
        self.program
            .write("holdpoint.yaml", &estate(&self.cloud.endpoint, parameters));
    }

    fn run(&self, words: &[&str]) -> Run {
        self.program.run(&[words, &["--here", "--json"]].concat())
    }

    /// With the words of what was shown, for exactly that.
    fn confirmed(&self, words: &[&str], shown: &Value) -> Run {
        let text = |key: &str| shown[key].as_str().unwrap_or_default();
        let with = ["--wait", "--reason", "r", "--confirm", text("confirm")];
        self.run(&[words, &with, &["--subject", text("subject")]].concat())
    }

    /// The hold that is open.
    fn hold(&self) -> Value {
        let all = self.run(&["holds"]).ends(0).json();
        let hold = all["holds"][0].clone();
        assert!(hold["hold"].is_string(), "no hold is open: {all}");
        hold
    }

    fn approved(&self, hold: &Value) -> Run {
        self.confirmed(&["approve", hold["hold"].as_str().unwrap()], hold)
    }

    /// Of a hold that offers several ways, this one.
    fn chosen(&self, hold: &Value, choice: &str) -> Run {
        let mut shown = hold.clone();
        let phrase = format!("{} {choice}", hold["confirm"].as_str().unwrap());
        shown["confirm"] = phrase.into();
        let name = hold["hold"].as_str().unwrap();
        self.confirmed(&["approve", name, "--choice", choice], &shown)
    }

    /// A downtime that stops at zero, because this is denied there, with the hold that asks what
    /// comes back.
    fn at_zero(&self, denied: &str) -> Value {
        let card = self.run(&["deploy", "live/db"]);
        self.confirmed(&["deploy", "live/db"], &card.json()["card"]);
        let rule = format!(r#"{{ "action": "{denied}", "kind": "access_denied" }}"#);
        self.lever("chaos", &rule);
        self.approved(&self.hold());
        self.lever("calm", "{}");
        let restore = self.hold();
        assert_eq!(self.value("DesiredCount"), "0", "{restore}");
        restore
    }

    fn lever(&self, name: &str, how: &str) {
        let (path, json) = (
            format!("/_holdpoint/{name}"),
            [("Content-Type", "application/json")],
        );
        let answer = http(&self.cloud.endpoint, "POST", &path, &json, how);
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    fn resources(&self) -> Vec<String> {
        tagged(
            &self.ask_cloud("DescribeStackResources", &[]),
            "LogicalResourceId",
        )
    }

    fn ask_cloud(&self, action: &str, parameters: &[(&str, &str)]) -> String {
        let named = [&[("StackName", "live-db")], parameters].concat();
        let answer = query(
            &self.cloud.endpoint,
            "cloudformation",
            "2010-05-15",
            action,
            &named,
        );
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    }

    fn status(&self) -> String {
        tagged(&self.ask_cloud("DescribeStacks", &[]), "StackStatus").remove(0)
    }

    fn value(&self, parameter: &str) -> String {
        let xml = self.ask_cloud("DescribeStacks", &[]);
        let names = tagged(&xml, "ParameterKey");
        let at = names.iter().position(|name| name == parameter).unwrap();
        tagged(&xml, "ParameterValue").remove(at)
    }

    /// Somebody else changes the stack, to its end.
    fn by_hand(&self, template: &str, parameters: &[(&str, &str)]) {
        let mut given = vec![("TemplateBody".to_owned(), template.to_owned())];
        for (nth, (name, value)) in (1..).zip(parameters) {
            let member = format!("Parameters.member.{nth}");
            given.push((format!("{member}.ParameterKey"), (*name).to_owned()));
            given.push((format!("{member}.ParameterValue"), (*value).to_owned()));
        }
        let given: Vec<(&str, &str)> = given
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        self.ask_cloud("UpdateStack", &given);
        let begun = std::time::Instant::now();
        while self.status() != "UPDATE_COMPLETE" {
            assert!(begun.elapsed().as_secs() < 60, "{}", self.status());
        }
    }
}

fn estate(endpoint: &str, parameters: &str) -> String {
    format!(
        "environments:\n  live: {{ class: production, account: \"000000000000\", aws: {{ region: eu-west-1, endpoint_url: \"{endpoint}\" }} }}\n\
         applications:\n\
         \x20 db: {{ service: {{ template: db.yaml, stack_name: live-db, parameters: {{ {parameters} }} }}, environments: [live] }}\n"
    )
}

fn changed(hold: &Value) -> String {
    let lines = hold["lines"].as_array().unwrap();
    let of = |line: &&Value| {
        line["label"]
            .as_str()
            .is_some_and(|label| label.eq_ignore_ascii_case("changed"))
    };
    lines
        .iter()
        .find(of)
        .map_or_else(|| format!("{hold}"), |line| line["text"].to_string())
}

/// A bucket that was added by hand while the hold of a teardown was open went with it.
#[test]
fn a_teardown_takes_nothing_that_its_card_did_not_name() {
    let place = Home::new();
    let more = format!("{TEMPLATE}  Extra: {{ Type: AWS::S3::Bucket }}\n");
    let most = format!("{more}  Late: {{ Type: AWS::S3::Bucket }}\n");
    let card = place.run(&["teardown", "live/db"]);
    place.by_hand(&more, &[]);
    place.confirmed(&["teardown", "live/db"], &card.json()["card"]);
    let first = place.hold();
    assert!(first["lines"].to_string().contains("Extra"), "{first}");
    place.by_hand(&most, &[]);
    let answer = place.approved(&first);
    assert_eq!(place.status(), "UPDATE_COMPLETE", "{answer:?}");
    assert_eq!(
        place.value("DesiredCount"),
        "2",
        "nothing was scaled: {answer:?}"
    );
    let second = place.hold();
    assert_ne!(first["subject"], second["subject"]);
    let says = changed(&second);
    assert!(
        says.contains("remove Late") && !says.contains("remove Extra"),
        "{says}"
    );
    place.approved(&second).ends(0);
}

/// A count and a size that were changed by hand while the hold of a downtime was open were undone.
#[test]
fn a_downtime_undoes_nothing_that_its_card_did_not_name() {
    let place = Home::new();
    place.with("Key: name");
    let card = place.run(&["deploy", "live/db"]);
    place.confirmed(&["deploy", "live/db"], &card.json()["card"]);
    let first = place.hold();
    assert!(
        first["hold"].as_str().unwrap().contains("scale-down"),
        "{first}"
    );
    place.by_hand(TEMPLATE, &[("DesiredCount", "3"), ("Size", "50")]);
    let answer = place.approved(&first);
    assert_eq!(
        (place.value("DesiredCount"), place.value("Size")),
        ("3".into(), "50".into()),
        "{answer:?}"
    );
    assert_eq!(place.status(), "UPDATE_COMPLETE");
    let second = place.hold();
    let says = changed(&second);
    assert!(
        says.contains("DesiredCount 2, now 3; Size") && says.contains("DelaySeconds"),
        "{says}"
    );
    // What is approved now is done: our own scale-down voids nothing.
    place.approved(&second).ends(0);
    assert_eq!(
        (place.value("DesiredCount"), place.value("Size")),
        ("2".into(), "20".into())
    );
}

/// A note that was changed by hand after the card was read went back under a card that named the
/// size alone.
#[test]
fn what_was_confirmed_is_what_runs() {
    let place = Home::new();
    place.with("Size: 30");
    let card = place.run(&["deploy", "live/db"]);
    place.by_hand(TEMPLATE, &[("Note", "two")]);
    let answer = place.confirmed(&["deploy", "live/db"], &card.json()["card"]);
    assert_ne!(answer.code, 0, "{answer:?}");
    assert_eq!(
        (place.value("Size"), place.value("Note")),
        ("20".into(), "two".into()),
        "{answer:?}"
    );
}

/// What somebody else adds to a stack that stands at zero was deleted by the release that came
/// back: before the deployment, and while it was decided.
#[test]
fn what_comes_back_deletes_nothing_that_somebody_else_added() {
    let place = Home::new();
    let more = format!("{TEMPLATE}  Extra: {{ Type: AWS::S3::Bucket }}\n");
    let most = format!("{more}  Late: {{ Type: AWS::S3::Bucket }}\n");
    place.by_hand(&more, &[]);
    // The files have it too: nothing says that it goes.
    place.program.write("db.yaml", &more);
    place.with("Key: name");
    let restore = place.at_zero("CreateChangeSet");
    place.by_hand(&most, &[]);
    let refused = place.chosen(&restore, "new");
    assert!(
        refused
            .out
            .contains("Late (AWS::S3::Bucket) of live-db would be deleted"),
        "{refused:?}"
    );
    assert_eq!(place.resources(), ["Extra", "Late", "Orders", "Queue"]);

    let place = Home::new();
    place.by_hand(&more, &[]);
    place.program.write("db.yaml", &more);
    place.with("Key: name");
    let restore = place.at_zero("ExecuteChangeSet");
    let back = place.chosen(&restore, "old");
    assert_eq!(place.resources(), ["Extra", "Orders", "Queue"], "{back:?}");
    assert_eq!(place.value("DesiredCount"), "2", "{back:?}");
}

/// A restore that was denied used up the hold that never expires: the service stayed at zero, and
/// read BROKEN 0/0.
#[test]
fn a_way_back_that_fails_is_decided_anew() {
    let place = Home::new();
    place.with("Key: name");
    let restore = place.at_zero("ExecuteChangeSet");
    place.lever(
        "chaos",
        r#"{ "action": "UpdateStack", "kind": "access_denied" }"#,
    );
    let denied = place.chosen(&restore, "old");
    assert_eq!(denied.code, 3, "{denied:?}");
    place.lever("calm", "{}");
    let again = place.hold();
    assert_ne!(restore["hold"], again["hold"]);
    let says = again["lines"].to_string();
    assert!(
        says.contains("UpdateStack") && says.contains("denied"),
        "{says}"
    );
    let row = place.run(&["ls"]).ends(0).json()["environments"][0]["stacks"][0].clone();
    assert_eq!(row["state"], "DOWN", "{row}");
    let shown = place.program.run(&["show", "live/db"]).out;
    assert!(
        shown.contains("restore-old: ") && shown.contains("UpdateStack"),
        "{shown}"
    );
    place.chosen(&again, "old");
    assert_eq!(place.value("DesiredCount"), "2");
    let row = place.run(&["ls"]).ends(0).json()["environments"][0]["stacks"][0].clone();
    assert_ne!(row["state"], "DOWN", "{row}");

    // A person may leave it down: then it reads so.
    place.with("Key: name2");
    place
        .program
        .write("db.yaml", &TEMPLATE.replace("Default: one", "Default: two"));
    let restore = place.at_zero("ExecuteChangeSet");
    let name = restore["hold"].as_str().unwrap().to_owned();
    let shown = restore.clone();
    let words = ["reject", name.as_str()];
    place.confirmed(&words, &shown);
    let row = place.run(&["ls"]).ends(0).json()["environments"][0]["stacks"][0].clone();
    assert_eq!(row["state"], "DOWN", "{row}");
}
