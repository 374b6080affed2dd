//! An engine that was stopped while another one took over its store (F2): when it goes on, its next
//! write is refused, it ends, and nothing that it was about happens a second time.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use holdpoint::os::paths::Home;

use crate::cloud::Cloud;
use crate::program::{Process, Program};
use crate::pty::PATIENCE;

/// After how many more calls the engine is stopped: before its first, in the middle, near the end.
const STOPPED_AT: [usize; 4] = [1, 6, 11, 17];

#[test]
fn an_engine_that_was_stopped_and_taken_over_writes_and_calls_no_more() {
    let cloud = Cloud::start();
    let program = Program::with(&[
        ("holdpoint.yaml", &estate(&cloud.endpoint, 0)),
        ("web.yaml", TEMPLATE),
        ("bin/run", "#!/bin/sh\necho ran >> \"$LEDGER\"\nsleep 2\n"),
    ]);
    program.run(&["trust"]);
    let ran = program.home().with_file_name("ran");
    let (mut deployments, mut started) = (Vec::new(), Vec::new());
    for (round, more) in STOPPED_AT.into_iter().enumerate() {
        let text = estate(&cloud.endpoint, round).replace("LEDGER_FILE", &ran.to_string_lossy());
        program.write("holdpoint.yaml", &text);
        program.run(&["trust"]);
        deploy(&program, "dev/chores", &mut deployments);
        // Its command runs under a keeper, which outlives whoever started it.
        until("the command has begun", || lines(&ran) > round);
        let begin = cloud.ledger().len();
        deploy(&program, "dev/web", &mut deployments);
        until("the calls that it is stopped after", || {
            cloud.ledger().len() >= begin + more || over(&program, &deployments)
        });
        let [old] = &engines(&program)[..] else {
            panic!("{:?}", program.processes())
        };
        old.stop(true);
        // As far as everybody else can see, nobody holds the store any more.
        std::fs::remove_file(Home::open(Some(&program.home())).unwrap().engine_lock()).unwrap();
        started.push(Engine::start(&program));
        until("another engine carries on", || {
            let ended = started.last_mut().is_some_and(Engine::has_ended);
            if ended {
                // It was stopped in the middle of a write: nobody gets past that before it is whole.
                old.stop(false);
                over(&program, &deployments[..1]);
                old.stop(true);
                started.push(Engine::start(&program));
            }
            !ended && over(&program, &deployments)
        });
        let [new] = &others(&program, old)[..] else {
            panic!("{:?}", program.processes())
        };

        old.stop(false);
        until("the one that was taken over has ended", || {
            engines(&program).iter().all(|one| one.id != old.id)
        });
        assert!(
            engines(&program).iter().any(|one| one.id == new.id),
            "the one that took over goes on: {:?}",
            program.processes()
        );
    }

    for no in &deployments {
        let shown = program
            .run(&["show", &format!("#{no}"), "--json"])
            .ends(0)
            .json();
        assert_eq!(shown["outcome"], "done", "{shown:#}");
    }
    program.run(&["doctor", "--here"]).ends(0);
    let mut by_token: BTreeMap<String, usize> = BTreeMap::new();
    let mut changes = 0;
    for entry in cloud
        .ledger()
        .iter()
        .filter(|entry| !entry["effect"].is_null())
    {
        if let Some(token) = entry["token"].as_str() {
            *by_token
                .entry(format!("{} {token}", entry["action"]))
                .or_default() += 1;
        }
        let action = entry["action"].as_str().unwrap_or_default();
        changes +=
            usize::from(["CreateStack", "ExecuteChangeSet", "UpdateStack"].contains(&action));
    }
    by_token.retain(|_, times| *times > 1);
    assert!(by_token.is_empty(), "more than one effect: {by_token:?}");
    assert_eq!(
        changes,
        STOPPED_AT.len(),
        "one change of the stack for each deployment"
    );
    let ran = std::fs::read_to_string(ran).unwrap();
    assert_eq!(
        ran.lines().count(),
        STOPPED_AT.len(),
        "each command ran once"
    );
}

/// An engine that a test starts itself.
struct Engine(std::process::Child);

impl Engine {
    fn start(program: &Program) -> Self {
        let mut command = program.command(&["engine"]);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        Self(command.stderr(Stdio::null()).spawn().unwrap())
    }

    fn has_ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn engines(program: &Program) -> Vec<Process> {
    let mut all = program.processes();
    all.retain(|process| process.line.contains(" engine "));
    all
}

fn others(program: &Program, than: &Process) -> Vec<Process> {
    let mut all = engines(program);
    all.retain(|process| process.id != than.id);
    all
}

fn deploy(program: &Program, stack: &str, deployments: &mut Vec<u64>) {
    let asked = program.run(&["deploy", stack, "--json"]).ends(0).json();
    deployments.push(asked["deployments"][0]["deployment"].as_u64().unwrap());
}

fn lines(ran: &Path) -> usize {
    std::fs::read_to_string(ran).map_or(0, |ran| ran.lines().count())
}

/// Whether all of them have ended.
fn over(program: &Program, deployments: &[u64]) -> bool {
    deployments.iter().all(|no| {
        let shown = program.run(&["show", &format!("#{no}"), "--json"]);
        shown.code == 0 && !shown.json()["outcome"].is_null()
    })
}

fn until(what: &str, mut is: impl FnMut() -> bool) {
    let until = Instant::now() + 2 * PATIENCE;
    while !is() {
        assert!(Instant::now() < until, "{what}: not in time");
    }
}

fn estate(endpoint: &str, round: usize) -> String {
    format!(
        "environments:\n  dev: {{ class: development, account: \"000000000000\", aws: {{ region: eu-west-1, endpoint_url: \"{endpoint}\" }} }}\n\
         applications:\n\
         \x20 web: {{ service: {{ template: web.yaml, stack_name: fenced-web, parameters: {{ Delay: \"{round}\" }} }}, environments: [dev] }}\n\
         \x20 chores: {{ script: {{ steps: {{ run: {{ command: [bin/run] }} }}, env: {{ LEDGER: LEDGER_FILE, ROUND: \"{round}\" }} }}, environments: [dev] }}\n"
    )
}

const TEMPLATE: &str = r#"Parameters:
  Delay: { Type: Number }
Resources:
  Queue: { Type: "AWS::SQS::Queue", Properties: { DelaySeconds: !Ref Delay } }
"#;
