//! Thirty engines and consoles ended with -9 in the middle of deployments, each at another number
//! of calls. The next one carries on; the ledger of the embedded cloud, which counts every call and
//! what it changed, shows that nothing happened twice.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::program::Program;
use crate::pty::{PATIENCE, Terminal};
use crate::wire::http;

const KILLS: usize = 30;

#[test]
#[ignore = "minutes of kills; .ci/run starts it"]
fn thirty_kills_change_nothing_twice() {
    let cloud = Cloud::start();
    let program = Program::with(&[
        ("holdpoint.yaml", &estate(&cloud.endpoint, 0)),
        ("web.yaml", TEMPLATE),
    ]);
    let mut console = console(&program);
    let mut kills = (0, 0);
    let mut deployments = Vec::new();
    for round in 1.. {
        program.write("holdpoint.yaml", &estate(&cloud.endpoint, round));
        let begin = cloud.ledger().len();
        for stack in ["dev/web", "dev/api"] {
            let asked = program.run(&["deploy", stack, "--json"]).ends(0).json();
            deployments.push(asked["deployments"][0]["deployment"].as_u64().unwrap());
        }
        // another number of calls each time, from before the first to after the last
        for more in [1 + round * 5 % 17, 2 + round * 11 % 29] {
            let reached = cloud.wait_for_calls(begin + more, || over(&program, &deployments));
            for engine in program
                .processes()
                .iter()
                .filter(|process| process.line.contains(" engine "))
            {
                engine.kill();
                kills.0 += usize::from(reached);
            }
            if round % 3 == 0 {
                console.kill();
                console = self::console(&program);
                kills.1 += 1;
            }
        }
        wait_until("the deployments are over", || over(&program, &deployments));
        if kills.0 + kills.1 >= KILLS {
            break;
        }
        assert!(round < 60, "only {kills:?} kills met a running deployment");
    }
    console.kill();

    for no in &deployments {
        let shown = program
            .run(&["show", &format!("#{no}"), "--json"])
            .ends(0)
            .json();
        assert_eq!(shown["outcome"], "done", "{shown:#}");
    }
    let ledger = cloud.ledger();
    let mut by_token: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut by_action: BTreeMap<(String, String), usize> = BTreeMap::new();
    for entry in ledger.iter().filter(|entry| !entry["effect"].is_null()) {
        let text = |field: &str| entry[field].as_str().unwrap_or_default().to_owned();
        if !entry["token"].is_null() {
            *by_token.entry((text("action"), text("token"))).or_default() += 1;
        }
        *by_action
            .entry((text("action"), stack_of(&text("subject"))))
            .or_default() += 1;
    }
    let twice: Vec<_> = by_token.iter().filter(|(_, n)| **n > 1).collect();
    assert!(
        twice.is_empty(),
        "these tokens had more than one effect: {twice:?}"
    );
    let rounds = deployments.len() / 2;
    for stack in ["kill-web", "kill-api"] {
        let of = |action: &str| {
            by_action
                .get(&(action.to_owned(), stack.to_owned()))
                .copied()
                .unwrap_or_default()
        };
        assert_eq!(of("CreateStack"), 1, "{by_action:?}");
        assert_eq!(
            of("ExecuteChangeSet") + of("UpdateStack"),
            rounds - 1,
            "{by_action:?}"
        );
        assert_eq!(of("DeleteStack"), 0, "{by_action:?}");
    }
    println!(
        "kills: {} engines and {} consoles ended with -9 in {} deployments; {} calls, {} with effect, none twice",
        kills.0,
        kills.1,
        deployments.len(),
        ledger.len(),
        by_action.values().sum::<usize>()
    );
}

fn console(program: &Program) -> Terminal {
    let mut terminal = Terminal::start(program.in_terminal(&[]), 100, 30);
    terminal.wait_for("web");
    terminal
}

/// True when all of them have ended.
fn over(program: &Program, deployments: &[u64]) -> bool {
    deployments.iter().all(|no| {
        let shown = program.run(&["show", &format!("#{no}"), "--json"]);
        shown.code == 0 && !shown.json()["outcome"].is_null()
    })
}

fn wait_until(what: &str, mut is: impl FnMut() -> bool) {
    let until = Instant::now() + 2 * PATIENCE;
    while !is() {
        assert!(Instant::now() < until, "{what}: not in time");
    }
}

/// The stack's own name out of what the ledger has: a name, or an ARN.
fn stack_of(text: &str) -> String {
    text.split('/').nth(1).unwrap_or(text).to_owned()
}

/// The embedded cloud as a process of its own.
pub(crate) struct Cloud {
    child: Child,
    pub(crate) endpoint: String,
}

impl Cloud {
    pub(crate) fn start() -> Self {
        let mut command = std::process::Command::new(Program::path());
        command
            .env_clear()
            .args(["sandbox", "--story", "empty", "--speed", "10"]);
        let mut child = command
            .stdout(Stdio::piped())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let endpoint = line
            .split(' ')
            .find(|word| word.starts_with("http://"))
            .unwrap_or_else(|| panic!("no address in {line:?}"));
        Self {
            child,
            endpoint: endpoint.to_owned(),
        }
    }

    /// Every call so far.
    pub(crate) fn ledger(&self) -> Vec<Value> {
        let answer = http(&self.endpoint, "GET", "/_holdpoint/ledger", &[], "");
        answer
            .body
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    /// Reads the ledger until it has so many calls; false when everything is over before that.
    fn wait_for_calls(&self, calls: usize, over: impl Fn() -> bool) -> bool {
        let mut looked = Instant::now();
        while self.ledger().len() < calls {
            if looked.elapsed() > Duration::from_secs(5) {
                if over() {
                    return false;
                }
                looked = Instant::now();
            }
        }
        true
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn estate(endpoint: &str, round: usize) -> String {
    format!(
        "environments:\n  dev: {{ class: development, account: \"000000000000\", aws: {{ region: eu-west-1, endpoint_url: \"{endpoint}\" }} }}\n\
         applications:\n\
         \x20 web: {{ service: {{ template: web.yaml, stack_name: kill-web, parameters: {{ Name: web, Delay: \"{round}\" }} }}, environments: [dev] }}\n\
         \x20 api: {{ service: {{ template: web.yaml, stack_name: kill-api, parameters: {{ Name: api, Delay: \"{round}\" }} }}, environments: [dev] }}\n"
    )
}

const TEMPLATE: &str = r#"Parameters:
  Name: { Type: String }
  Delay: { Type: Number }
Resources:
  Queue: { Type: "AWS::SQS::Queue", Properties: { QueueName: !Sub "kill-${Name}", DelaySeconds: !Ref Delay } }
  Topic: { Type: "AWS::SNS::Topic", Properties: { DisplayName: !GetAtt Queue.QueueName } }
"#;
