//! Parameters, as data: calls in, answers out.

use serde_json::{Value, json};

use crate::domain::time::Time;
use crate::sandbox::call::{AwsError, Call};
use crate::sandbox::who::ACCOUNT;
use crate::sandbox::world::World;

struct Stage(World);

impl Stage {
    fn new() -> Self {
        Self(World::new(Time(1_790_000_000_000), 3, 1.0))
    }

    fn on(&mut self, action: &str, params: Value) -> Result<Value, AwsError> {
        let call = Call::new("ssm", action, params).by(ACCOUNT, "eu-west-1");
        let answer = self.0.call(self.0.now, &call).answer;
        answer.map(|reply| reply.tree().clone())
    }

    fn put(&mut self, name: &str, value: &str) {
        let params = json!({ "Name": name, "Value": value, "Type": "SecureString" });
        self.on("PutParameter", params).unwrap();
    }

    fn refused(&mut self, action: &str, params: Value) -> String {
        self.on(action, params).unwrap_err().code
    }
}

fn names(page: &Value) -> Vec<&str> {
    let all = page["Parameters"].as_array().unwrap().iter();
    all.map(|one| one["Name"].as_str().unwrap()).collect()
}

#[test]
fn a_secret_is_told_to_who_asks_for_it_decrypted_and_to_nobody_else() {
    let mut stage = Stage::new();
    stage.put("/sites/docs/TOKEN", "s3cret-value");
    let open = |open: bool| json!({ "Name": "/sites/docs/TOKEN", "WithDecryption": open });
    let told = stage.on("GetParameter", open(true)).unwrap();
    assert_eq!(told["Parameter"]["Value"], "s3cret-value");
    for (action, params) in [
        ("GetParameter", open(false)),
        ("GetParametersByPath", json!({ "Path": "/sites/docs" })),
        ("GetParameters", json!({ "Names": ["/sites/docs/TOKEN"] })),
        ("DescribeParameters", json!({})),
    ] {
        let told = stage.on(action, params).unwrap().to_string();
        assert!(
            told.contains("/sites/docs/TOKEN") && !told.contains("s3cret"),
            "{action}: {told}"
        );
    }
}

#[test]
fn what_lies_below_a_path_is_told_page_by_page() {
    let mut stage = Stage::new();
    for name in [
        "/sites/docs/A",
        "/sites/docs/B",
        "/sites/docs/deep/C",
        "/sites/docs-2/D",
    ] {
        stage.put(name, "x");
    }
    let filter =
        |option: &str| json!([{ "Key": "Path", "Option": option, "Values": ["/sites/docs"] }]);
    let asked = json!({ "ParameterFilters": filter("OneLevel"), "MaxResults": 1 });
    let first = stage.on("DescribeParameters", asked.clone()).unwrap();
    assert_eq!(names(&first), ["/sites/docs/A"]);
    let mut more = asked;
    more["NextToken"] = first["NextToken"].clone();
    let last = stage.on("DescribeParameters", more).unwrap();
    assert_eq!(
        (names(&last), &last["NextToken"]),
        (vec!["/sites/docs/B"], &Value::Null)
    );
    let all = json!({ "ParameterFilters": filter("Recursive") });
    assert_eq!(
        names(&stage.on("DescribeParameters", all).unwrap()).len(),
        3
    );
}

#[test]
fn a_parameter_is_written_over_only_where_that_is_said() {
    let mut stage = Stage::new();
    stage.put("/a/B", "1");
    let again = json!({ "Name": "/a/B", "Value": "2" });
    assert_eq!(
        stage.refused("PutParameter", again.clone()),
        "ParameterAlreadyExists"
    );
    let mut over = again;
    over["Overwrite"] = json!(true);
    assert_eq!(stage.on("PutParameter", over).unwrap()["Version"], 2);
    let gone = stage.on("DeleteParameters", json!({ "Names": ["/a/B", "/a/C"] }));
    assert_eq!(
        gone.unwrap(),
        json!({ "DeletedParameters": ["/a/B"], "InvalidParameters": ["/a/C"] })
    );
    for wrong in [json!({}), json!({ "Names": vec!["/a/B"; 11] })] {
        let code = stage.refused("DeleteParameters", wrong);
        assert_eq!(code, "ValidationException");
    }
    let gone = json!({ "Name": "/a/B" });
    assert_eq!(stage.refused("DeleteParameter", gone), "ParameterNotFound");
    for name in ["/aws/x", "a/b", "/a b", "/a/"] {
        let wrong = json!({ "Name": name, "Value": "1", "Type": "String" });
        assert_eq!(
            stage.refused("PutParameter", wrong),
            "ValidationException",
            "{name}"
        );
    }
}
