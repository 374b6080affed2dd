//! A deployment in an order: stacks of CloudFormation and a command, each after those that it needs,
//! with what they give; on the embedded cloud, from the estate's files.

use std::os::unix::fs::PermissionsExt as _;

use crate::cloud::Cloud;
use crate::program::{Program, Run};
use crate::pty::Terminal;
use crate::wire::{query, tagged};

const COMMON: &str = "Parameters: { Delay: { Type: Number, Default: 5 } }
Resources: { Q: { Type: 'AWS::SQS::Queue', Properties: { DelaySeconds: !Ref Delay } } }
Outputs: { Queue: { Value: !Ref Q }, Delay: { Value: !Ref Delay } }
";
const BATCH: &str = "Parameters: { Queue: { Type: String }, Delay: { Type: Number }, Note: { Type: String, Default: a } }
Resources:
  P: { Type: 'AWS::SSM::Parameter', Properties: { Type: String, Value: !Sub '${Queue} ${Delay} ${Note}' } }
";
const CONFIG: &str = "StackPrefix: lab\nDelay: 5\n";
const LIST: &str = "stages:
  seed:
    kind: script
    needs: [batch]
    command: [./seed.sh, \"${StackPrefix}\"]
    teardown: [./seed.sh, gone]
    env: { LEDGER: \"LEDGER_FILE\" }
  batch:
    kind: cloudformation
    template: batch.yml
    stack_name: ${StackPrefix}-cf-batch
    parameters: { Queue: \"${common.Queue}\", Delay: \"${common.Delay}\" }
  common:
    kind: cloudformation
    template: common.yml
    stack_name: ${StackPrefix}-cf-common
    parameters: { Delay: \"${Delay}\" }
";

struct Lab {
    cloud: Cloud,
    program: Program,
}

impl Lab {
    fn new() -> Self {
        let cloud = Cloud::start();
        let endpoint = &cloud.endpoint;
        let estate = format!(
            "environments:
  dev: {{ class: development, aws: {{ region: eu-west-1, endpoint_url: \"{endpoint}\" }} }}
applications:
  imaging: {{ stages: {{ stages: deploy/stages.yml, config: config.yml }}, environments: [dev] }}
"
        );
        let program = Program::with(&[
            ("holdpoint.yaml", &estate),
            ("config.yml", CONFIG),
            ("deploy/common.yml", COMMON),
            ("deploy/batch.yml", BATCH),
            ("deploy/seed.sh", "#!/bin/sh\necho \"$1\" >> \"$LEDGER\"\n"),
        ]);
        let lab = Self { cloud, program };
        let ledger = lab.ledger().display().to_string();
        lab.program
            .write("deploy/stages.yml", &LIST.replace("LEDGER_FILE", &ledger));
        let seed = lab.program.estate().with_file_name("deploy/seed.sh");
        std::fs::set_permissions(seed, std::fs::Permissions::from_mode(0o755)).unwrap();
        lab
    }

    fn ledger(&self) -> std::path::PathBuf {
        self.program.home().with_file_name("ledger")
    }

    fn run(&self, words: &[&str]) -> Run {
        self.program.run(&[words, &["--here"]].concat())
    }

    /// Asks; where the card wants to be read, answers with its words.
    fn confirmed(&self, words: &[&str]) -> Run {
        let words = [words, &["--wait"]].concat();
        let asked = self.run(&words);
        let said = format!("{}{}", asked.out, asked.err);
        let Some(command) = said.lines().find(|line| line.contains(" --subject ")) else {
            return asked;
        };
        let typed = command
            .split_whitespace()
            .skip_while(|word| !word.starts_with("--confirm") && !word.starts_with("--subject"));
        let typed: Vec<&str> = typed.filter(|word| *word != "--here").collect();
        self.run(&[&words[..], &typed].concat())
    }

    /// The value of a parameter of a stack, as the cloud has it.
    fn parameter(&self, stack: &str, name: &str) -> Option<String> {
        let about = [("StackName", stack)];
        let at = &self.cloud.endpoint;
        let body = query(at, "cloudformation", "2010-05-15", "DescribeStacks", &about).body;
        let keys = tagged(&body, "ParameterKey");
        let at = keys.iter().position(|key| key == name)?;
        Some(tagged(&body, "ParameterValue")[at].clone())
    }
}

#[test]
fn stages_are_deployed_in_their_order_and_each_alone_afterwards() {
    let lab = Lab::new();
    let checked = lab.program.run(&["check"]).ends(0);
    assert!(checked.out.contains("is right"), "{}", checked.out);
    let graph = lab.program.run(&["graph", "dev/imaging"]).ends(0).out;
    let order: Vec<&str> = graph.lines().collect();
    assert!(
        graph.contains("common") && graph.contains("seed"),
        "{order:?}"
    );

    // One that needs what is not there is not begun.
    let said = lab.confirmed(&["deploy", "dev/imaging/batch"]).ends(1);
    let said = format!("{}{}", said.out, said.err);
    assert!(said.contains("common is not there"), "{said}");

    lab.confirmed(&["deploy", "dev/imaging"]).ends(0);
    assert_eq!(std::fs::read_to_string(lab.ledger()).unwrap(), "lab\n");
    assert_eq!(lab.parameter("lab-cf-batch", "Delay").as_deref(), Some("5"));
    let queue = lab.parameter("lab-cf-batch", "Queue").unwrap();
    assert!(queue.contains("lab-cf-common"), "{queue}");

    // What the first gives is another thing now; the one that takes it has what it had until it is
    // deployed.
    lab.program.write("config.yml", &CONFIG.replace('5', "7"));
    lab.confirmed(&["deploy", "dev/imaging/common"]).ends(0);
    assert_eq!(lab.parameter("lab-cf-batch", "Delay").as_deref(), Some("5"));
    let mut console = Terminal::start(lab.program.in_terminal(&[]), 120, 36);
    console.wait_for("INPUT");
    console.kill();
    let shown = lab.program.run(&["show", "dev/imaging/batch"]).ends(0).out;
    for says in [
        "STALE-INPUT Delay: it has 5 (",
        "and Delay of dev/imaging/common is 7 (",
        "`holdpoint deploy dev/imaging/batch` brings it",
    ] {
        assert!(shown.contains(says), "{shown}");
    }
    let planned = lab.run(&["plan", "dev/imaging/batch"]).ends(0).out;
    let says = "Delay is 7: Delay of common, as it is now, in place of 5, which its stack has.";
    assert!(planned.contains(says), "{planned}");
    let planned = lab.run(&["plan", "dev/imaging"]).ends(0).out;
    let says = "Every part has the files of what is in service";
    assert!(planned.contains(says), "{planned}");
    lab.confirmed(&["deploy", "dev/imaging/batch"]).ends(0);
    assert_eq!(lab.parameter("lab-cf-batch", "Delay").as_deref(), Some("7"));
    let shown = lab
        .run(&["show", "dev/imaging/batch", "--json"])
        .ends(0)
        .out;
    assert!(shown.contains("Delay of common"), "{shown}");
    assert!(!shown.contains("STALE-INPUT"), "{shown}");

    // Those that others need go after them.
    let said = lab.confirmed(&["teardown", "dev/imaging/common"]).ends(1);
    let said = format!("{}{}", said.out, said.err);
    assert!(said.contains("is needed by"), "{said}");
    lab.confirmed(&["teardown", "dev/imaging/seed"]).ends(0);
    lab.confirmed(&["teardown", "dev/imaging/batch"]).ends(0);
    lab.confirmed(&["teardown", "dev/imaging/common"]).ends(0);
    assert_eq!(
        std::fs::read_to_string(lab.ledger()).unwrap(),
        "lab\ngone\n"
    );
    assert_eq!(lab.parameter("lab-cf-common", "Delay"), None);
}

/// Work of a person: the stage is held until they say that it is done, and keeps what they write.
#[test]
fn a_stage_of_a_person_waits_for_them_and_keeps_what_they_found() {
    let lab = Lab::new();
    let users = "stages:
  users: { kind: manual, title: create the users, checklist: [\"ana in ${StackPrefix}\"] }
";
    lab.program.write("deploy/stages.yml", users);
    let asked = lab.confirmed(&["deploy", "dev/imaging"]);
    assert_eq!(asked.code, 3, "{}{}", asked.out, asked.err);
    let holds = lab.run(&["holds"]).ends(0).out;
    let hold = holds.split_whitespace().find(|word| word.starts_with('#'));
    let hold = hold.unwrap_or_else(|| panic!("{holds}")).to_owned();
    assert!(holds.contains("manual work"), "{holds}");
    let shown = lab.run(&["approve", &hold, "--reason", "ana is 4711"]);
    let card = format!("{}{}", shown.out, shown.err);
    for says in ["create the users", "(1) ana in lab.", "done"] {
        assert!(card.contains(says), "{says}: {card}");
    }
    lab.confirmed(&["approve", &hold, "--reason", "ana is 4711"])
        .ends(0);
    let shown = lab.run(&["show", "dev/imaging"]).ends(0).out;
    assert!(shown.contains("dev/imaging OK"), "{shown}");
    let audit = lab.run(&["events", "dev/imaging/users"]).ends(0).out;
    assert!(audit.contains("ana is 4711"), "{audit}");
}
