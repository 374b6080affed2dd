//! The ways out of what is stuck in an environment that goes on after failures: the verbs against
//! the embedded cloud, whose stacks are made to fail. What is refused names the way that is then
//! taken, and afterwards the log says what serves.

use serde_json::{Value, json};

use crate::cloud::Cloud;
use crate::program::{Program, Run};
use crate::wire::http;

const TEMPLATE: &str = r#"Parameters:
  Delay: { Type: Number }
Resources:
  Queue: { Type: "AWS::SQS::Queue", Properties: { DelaySeconds: !Ref Delay } }
"#;

struct Home {
    cloud: Cloud,
    program: Program,
}

impl Home {
    fn new() -> Self {
        let cloud = Cloud::start();
        let program = Program::with(&[
            ("holdpoint.yaml", &estate(&cloud.endpoint, 0)),
            ("web.yaml", TEMPLATE),
        ]);
        Self { cloud, program }
    }

    /// The estate with another parameter: another release.
    fn change(&self, delay: u32) {
        self.program
            .write("holdpoint.yaml", &estate(&self.cloud.endpoint, delay));
    }

    /// The next call that does this to the queue fails.
    fn fails(&self, act: &str) {
        let lever = json!({ "stack": "out-web", "logical": "Queue", "act": act, "after": 0, "reason": "no room" }).to_string();
        let answer = http(
            &self.cloud.endpoint,
            "POST",
            "/_holdpoint/fail",
            &[("Content-Type", "application/json")],
            &lever,
        );
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    fn run(&self, words: &[&str]) -> Run {
        let mut all = words.to_vec();
        all.extend(["--here", "--json"]);
        self.program.run(&all)
    }

    /// Asks, reads the card where there is one to read, and asks again with its words.
    fn confirmed(&self, words: &[&str]) -> Run {
        let asked = self.run(&[words, &["--wait"]].concat());
        if asked.code == 2 {
            self.confirms(words, &asked)
        } else {
            asked
        }
    }

    /// Asks with the words of the card that an earlier run showed.
    fn confirms(&self, words: &[&str], asked: &Run) -> Run {
        let card = asked.json()["card"].clone();
        let text = |key: &str| {
            card[key]
                .as_str()
                .unwrap_or_else(|| panic!("{}: no {key} in {}", asked.command, asked.out))
                .to_owned()
        };
        let (phrase, subject) = (text("confirm"), text("subject"));
        self.run(
            &[
                words,
                &["--wait", "--confirm", &phrase, "--subject", &subject],
            ]
            .concat(),
        )
    }

    fn row(&self) -> Value {
        let all = self.run(&["ls"]).ends(0).json();
        all["environments"][0]["stacks"][0].clone()
    }

    /// What may not be deployed on is recovered; a second person who confirms the same card finds
    /// nothing to recover.
    fn recovers(&self) {
        let refused = self.run(&["deploy", "dev/web"]);
        assert!(
            refused.code != 0 && refused.out.contains("--way recover"),
            "{refused:?}"
        );
        let recover = ["unblock", "dev/web", "--way", "recover"];
        let card = self.run(&recover);
        self.confirms(&recover, &card).ends(0);
        let serves = self.row()["release"].clone();
        let late = self.confirms(&recover, &card);
        assert!(
            late.code == 1 && late.out.contains("nothing to recover"),
            "{late:?}"
        );
        assert_eq!(self.row()["release"], serves, "{late:?}");
        let again = self.run(&recover);
        assert!(
            again.code == 1 && again.out.contains("nothing to recover"),
            "{again:?}"
        );
    }
}

fn estate(endpoint: &str, delay: u32) -> String {
    format!(
        "environments:\n  dev: {{ class: development, account: \"000000000000\", aws: {{ region: eu-west-1, endpoint_url: \"{endpoint}\" }} }}\n\
         applications:\n\
         \x20 web: {{ service: {{ template: web.yaml, stack_name: out-web, parameters: {{ Delay: \"{delay}\" }} }}, environments: [dev] }}\n"
    )
}

#[test]
fn every_dead_end_has_a_way_out_and_the_log_says_what_serves() {
    let place = Home::new();

    // A first creation that fails is made again, from the files as they are now.
    place.fails("CREATE");
    place.run(&["deploy", "dev/web", "--wait"]).ends(1);
    place.change(1);
    place.recovers();
    let first = place.row()["release"].clone();

    // A rollback that got stuck is continued, and serves what served before.
    place.change(2);
    place.fails("UPDATE");
    place.fails("UPDATE");
    place.run(&["deploy", "dev/web", "--wait"]).ends(1);
    place.recovers();
    assert_eq!(place.row()["release"], first);
    let nothing = place.run(&["rollback", "dev/web"]);
    assert!(
        nothing.code == 2 && nothing.out.contains("no-good-release"),
        "{nothing:?}"
    );

    // A deletion that got stuck is finished, and nothing serves.
    place.fails("DELETE");
    place.confirmed(&["teardown", "dev/web"]).ends(1);
    place.recovers_gone();
}

impl Home {
    fn recovers_gone(&self) {
        self.confirmed(&["unblock", "dev/web", "--way", "recover"])
            .ends(0);
        let row = self.row();
        assert_eq!(
            (
                row["state"].as_str(),
                row["release"].as_str().unwrap_or_default()
            ),
            (Some("GONE"), ""),
            "{row}"
        );
    }
}
