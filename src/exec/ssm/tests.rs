//! The hands on parameters in this process.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::aws::double::{Account, Answered, Came};
use crate::exec::double::{Bench, SECRET};

const NAME: &str = "/sites/dev/docs/TOKEN";

/// An account in which the parameter is of this type, or is not there.
fn account(kind: Option<&'static str>) -> Account {
    Account::new(move |call: &Came| {
        let target = call.headers["x-amz-target"].strip_prefix("AmazonSSM.");
        let said = match (target.unwrap(), kind) {
            ("DescribeParameters", None) => json!({ "Parameters": [] }),
            ("DescribeParameters", Some(kind)) => {
                json!({ "Parameters": [{ "Name": NAME, "Type": kind }] })
            }
            ("PutParameter", _) => json!({ "Version": 7, "Tier": "Standard" }),
            ("DeleteParameter", Some(_)) => json!({}),
            ("DeleteParameter", None) => {
                return Answered::new(400, r#"{"__type":"ParameterNotFound","message":""}"#);
            }
            (other, _) => panic!("{other}"),
        };
        Answered::new(200, said.to_string())
    })
}

fn put(account: &Account) -> Value {
    let calls = account.calls();
    let put = calls
        .iter()
        .find(|call| call.headers["x-amz-target"].ends_with("PutParameter"));
    serde_json::from_str(&put.unwrap().text()).unwrap()
}

/// What is new is encrypted; the type of what is there cannot be changed.
#[tokio::test]
async fn a_parameter_is_put_with_the_value_that_the_reference_leads_to() {
    for (kind, sent) in [(None, "SecureString"), (Some("String"), "String")] {
        let account = account(kind);
        let bench = Arc::new(Bench::over(&account));
        let params = json!({ "name": NAME, "from": "file:/run/token" });
        let output = bench.run("ssm.put", params).await.unwrap();
        assert_eq!(output.public, json!({ "version": 7 }));
        assert_eq!(
            put(&account),
            json!({ "Name": NAME, "Type": sent, "Value": SECRET, "Overwrite": true })
        );
        assert!(!format!("{:?}", bench.notes).contains(SECRET));
    }
}

#[tokio::test]
async fn a_parameter_that_is_gone_counts_as_deleted() {
    for (kind, was_there) in [(Some("String"), true), (None, false)] {
        let bench = Arc::new(Bench::over(&account(kind)));
        let output = bench.run("ssm.delete", json!({ "name": NAME })).await;
        assert_eq!(output.unwrap().public, json!({ "deleted": was_there }));
    }
}
