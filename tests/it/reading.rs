//! Templates as people write them, through everything that reads them: what one reader understands,
//! all do, and what cannot be read is refused. A secret that nobody gives stays the one that is
//! there, whatever else stands in the template.

use crate::cloud::Cloud;
use crate::program::Program;
use crate::wire::{query, tagged};

fn template(description: &str, more: &str) -> String {
    format!(
        r#"{{
 "AWSTemplateFormatVersion": "2010-09-09",
 "Description": "{description}",
 "Parameters": {{
	"Name": {{ "Type": "String", "Default": "a" }},
	"Key": {{ "Type": "String", "NoEcho": true{more} }}
 }},
 "Resources": {{
  "Topic": {{ "Type": "AWS::SNS::Topic", "Properties": {{ "DisplayName": {{ "Fn::Sub": "bot ${{Name}}" }} }} }}
 }},
 "Outputs": {{ "Kept": {{ "Value": {{ "Ref": "Key" }} }}, "Name": {{ "Value": {{ "Ref": "Name" }} }} }}
}}"#
    )
}

const PLAIN: &str = "orders bot";
const PAIR: &str = r"orders \ud83e\udd16 bot";
const HALF: &str = r"orders \ud83e bot";
const DEFAULT: &str = r#", "Default": "changeme""#;

fn estate(endpoint: &str, name: &str) -> String {
    format!(
        "environments:\n  dev: {{ class: development, account: \"000000000000\", aws: {{ region: eu-west-1, endpoint_url: \"{endpoint}\" }} }}\n\
         applications:\n\
         \x20 bot: {{ service: {{ template: t.json, stack_name: c05, parameters: {{ Name: {name} }} }}, environments: [dev] }}\n"
    )
}

/// The values of the stack's outputs, once it is at rest.
fn outputs(cloud: &Cloud) -> Vec<String> {
    loop {
        let told = query(
            &cloud.endpoint,
            "cloudformation",
            "2010-05-15",
            "DescribeStacks",
            &[("StackName", "c05")],
        )
        .body;
        if tagged(&told, "StackStatus")
            .iter()
            .all(|status| !status.ends_with("_IN_PROGRESS"))
        {
            return tagged(&told, "OutputValue");
        }
    }
}

#[test]
fn a_secret_that_nobody_gives_stays_what_it_is() {
    for (description, more) in [(PLAIN, ""), (PLAIN, DEFAULT), (PAIR, ""), (PAIR, DEFAULT)] {
        let cloud = Cloud::start();
        let body = template(PLAIN, more);
        let made = query(
            &cloud.endpoint,
            "cloudformation",
            "2010-05-15",
            "CreateStack",
            &[
                ("StackName", "c05"),
                ("TemplateBody", &body),
                ("Parameters.member.1.ParameterKey", "Key"),
                ("Parameters.member.1.ParameterValue", "the-real-one"),
            ],
        );
        assert_eq!(
            (made.status, outputs(&cloud)),
            (200, vec!["the-real-one".to_owned(), "a".to_owned()]),
            "{made:?}"
        );

        let program = Program::with(&[
            ("holdpoint.yaml", &estate(&cloud.endpoint, "c")),
            ("t.json", &template(description, more)),
        ]);
        program
            .run(&["deploy", "dev/bot", "--here", "--wait", "--json"])
            .ends(0);
        assert_eq!(
            outputs(&cloud),
            ["the-real-one", "c"],
            "{description:?} {more:?}"
        );
    }
}

#[test]
fn half_a_character_is_refused_where_it_stands() {
    let program = Program::with(&[
        ("holdpoint.yaml", &estate("http://127.0.0.1:9", "c")),
        ("t.json", &template(PAIR, "")),
    ]);
    program.run(&["check"]).ends(0);
    program.write("t.json", &template(HALF, ""));
    let told = program.run(&["check"]).ends(2).out;
    for part in ["t.json:3:25", "one half of a character", "^^^^^^\n"] {
        assert!(told.contains(part), "no {part:?} in\n{told}");
    }
    let refused = program.run(&["deploy", "dev/bot", "--here", "--wait"]);
    assert!(
        refused.code == 2 && refused.err.contains("one half of a character"),
        "{refused:?}"
    );
}
