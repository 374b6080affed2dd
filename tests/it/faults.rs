//! What goes wrong under a running engine, as a person meets it: it costs that one stack a delay or
//! a decision, and nobody else anything; and nothing is called over that still goes on.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cloud::Cloud;
use crate::program::{Program, Run};
use crate::pty::PATIENCE;
use crate::wire::{http, query, tagged};

fn until<T>(what: &str, mut is: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = is() {
            return found;
        }
        assert!(Instant::now() < end, "not in time: {what}");
    }
}

const SCRIPTS: &str = "environments:\n  dev: { class: development }\n\
applications:\n\
\x20 slow: { script: { steps: { wait: { command: [bin/wait] } } }, environments: [dev] }\n\
\x20 quick: { script: { steps: { say: { command: [bin/say] } } }, environments: [dev] }\n";

/// The command names its own folder, so that the test's end finds it.
const WAIT: &str = "#!/bin/sh\necho begun\nexec tail -f \"$PWD/bin/wait\"\n";

/// The keeper of a command is killed: how it ends becomes a person's to tell, the engine works on
/// for everybody else, and it ends when it is told to.
#[test]
fn a_killed_keeper_costs_one_step_and_nobody_else() {
    let program = Program::with(&[
        ("holdpoint.yaml", SCRIPTS),
        ("bin/wait", WAIT),
        ("bin/say", "#!/bin/sh\necho said\n"),
    ]);
    program.run(&["deploy", "dev/slow"]).ends(0);
    until("the command runs", || {
        program
            .run(&["logs", "dev/slow"])
            .out
            .contains("begun")
            .then_some(())
    });
    let named = |word: &str| {
        program
            .processes()
            .into_iter()
            .find(|process| process.line.contains(word))
    };
    named(" keep ").expect("a keeper").kill();
    let told: Run = until("a person is asked", || {
        Some(program.run(&["show", "dev/slow"])).filter(|run| run.out.contains("UNKNOWN"))
    });
    assert!(told.out.contains("its keeper was killed"), "{}", told.out);

    // Longer than an engine waits before it would look for the step again.
    let begun = Instant::now();
    until("some time has passed", || {
        (begun.elapsed() > Duration::from_secs(6)).then_some(())
    });
    program.run(&["deploy", "dev/quick", "--wait"]).ends(0);
    let engine = named(" engine ").expect("an engine");
    engine.ask_to_end();
    until("the engine ends", || {
        program
            .processes()
            .iter()
            .all(|process| process.id != engine.id)
            .then_some(())
    });
    program.run(&["deploy", "dev/quick", "--wait"]).ends(0);
}

/// A service on an embedded cloud of its own.
struct Home {
    cloud: Cloud,
    program: Program,
}

const TEMPLATE: &str = r#"Parameters:
  DesiredCount: { Type: Number, Default: 2 }
  Delay: { Type: Number }
Resources:
  Queue: { Type: "AWS::SQS::Queue", Properties: { DelaySeconds: !Ref Delay } }
  Count: { Type: "AWS::SSM::Parameter", Properties: { Type: String, Value: !Ref DesiredCount } }
"#;

fn estate(endpoint: &str, delay: u32) -> String {
    format!(
        "environments:\n  dev: {{ class: development, account: \"000000000000\", aws: {{ region: eu-west-1, endpoint_url: \"{endpoint}\" }} }}\n\
         applications:\n\
         \x20 web: {{ service: {{ template: web.yaml, stack_name: fault-web, parameters: {{ Delay: \"{delay}\" }} }}, environments: [dev] }}\n"
    )
}

impl Home {
    /// The first release serves.
    fn new() -> Self {
        let cloud = Cloud::start();
        let program = Program::with(&[
            ("holdpoint.yaml", &estate(&cloud.endpoint, 1)),
            ("web.yaml", TEMPLATE),
        ]);
        program.run(&["deploy", "dev/web", "--wait"]).ends(0);
        Self { cloud, program }
    }

    fn lever(&self, name: &str, how: &Value) {
        let headers = [("Content-Type", "application/json")];
        let answer = http(
            &self.cloud.endpoint,
            "POST",
            &format!("/_holdpoint/{name}"),
            &headers,
            &how.to_string(),
        );
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    /// The queue takes so many seconds longer to do this.
    fn is_slow(&self, act: &str, seconds: u32) {
        self.lever(
            "fail",
            &json!({ "stack": "fault-web", "logical": "Queue", "act": act, "after": seconds }),
        );
    }

    fn effects(&self, action: &str) -> usize {
        self.cloud
            .ledger()
            .iter()
            .filter(|entry| entry["action"] == action && !entry["effect"].is_null())
            .count()
    }

    fn json(&self, words: &[&str]) -> Run {
        self.program.run(&[words, &["--json"]].concat())
    }

    fn card(&self, words: &[&str]) -> Value {
        self.json(words).ends(2).json()["card"].clone()
    }

    fn confirmed(&self, words: &[&str], card: &Value) -> Run {
        let text = |key: &str| {
            card[key]
                .as_str()
                .unwrap_or_else(|| panic!("no {key} in {card}"))
                .to_owned()
        };
        self.json(
            &[
                words,
                &["--confirm", &text("confirm"), "--subject", &text("subject")],
            ]
            .concat(),
        )
    }

    fn outcome(&self, no: &str) -> Option<String> {
        self.json(&["show", no]).ends(0).json()["outcome"]
            .as_str()
            .map(str::to_owned)
    }

    fn row(&self) -> Value {
        self.json(&["ls"]).ends(0).json()["environments"][0]["stacks"][0].clone()
    }
}

/// Credentials end while an update goes on, and somebody cancels: that is cancelled when
/// CloudFormation has rolled it back, and not when nobody can ask.
#[test]
fn a_cancel_without_contact_waits_for_what_becomes_of_it() {
    let place = Home::new();
    place.is_slow("UPDATE", 3_600);
    place
        .program
        .write("holdpoint.yaml", &estate(&place.cloud.endpoint, 2));
    place.program.run(&["deploy", "dev/web"]).ends(0);
    until("it updates", || {
        (place.effects("ExecuteChangeSet") == 1).then_some(())
    });
    place.lever("chaos", &json!({ "kind": "expired_token" }));
    let cancel = ["cancel", "dev/web"];
    let card = place.card(&cancel);
    assert!(card.to_string().contains("is asked to stop"), "{card}");
    place.confirmed(&cancel, &card).ends(0);
    until("it says so", || {
        place
            .program
            .run(&["show", "dev/web"])
            .out
            .contains("CANCELLING, NO CONTACT")
            .then_some(())
    });
    assert_eq!(
        (place.outcome("#2"), place.effects("CancelUpdateStack")),
        (None, 0)
    );

    place.lever("calm", &json!({}));
    let outcome = until("its end is known", || place.outcome("#2"));
    assert_eq!(
        (outcome.as_str(), place.effects("CancelUpdateStack")),
        ("ended", 1)
    );
    let stack = query(
        &place.cloud.endpoint,
        "cloudformation",
        "2010-05-15",
        "DescribeStacks",
        &[("StackName", "fault-web")],
    );
    assert_eq!(
        tagged(&stack.body, "StackStatus"),
        ["UPDATE_ROLLBACK_COMPLETE"]
    );
}

/// A teardown is cancelled while CloudFormation deletes: nothing can stop that, the card says so,
/// and what is gone is DELETED.
#[test]
fn a_removal_that_was_cancelled_too_late_ends_as_one() {
    let place = Home::new();
    place.is_slow("DELETE", 100);
    let teardown = ["teardown", "dev/web"];
    place.confirmed(&teardown, &place.card(&teardown)).ends(0);
    until("it deletes", || {
        (place.effects("DeleteStack") == 1).then_some(())
    });
    let cancel = ["cancel", "dev/web", "--wait"];
    let card = place.card(&cancel);
    let says = card.to_string();
    assert!(
        says.contains("cannot be cancelled once it has begun")
            && says.contains("is gone all the same"),
        "{says}"
    );
    let late = place.confirmed(&cancel, &card).ends(1);
    assert!(late.out.contains("done"), "{late:?}");
    assert_eq!(place.outcome("#2").as_deref(), Some("done"));
    assert_eq!(place.row()["state"], "GONE", "{}", place.row());
    let shown = place.program.run(&["show", "dev/web"]);
    assert!(
        !shown.out.contains("restore") && !shown.out.contains("DOWN"),
        "{}",
        shown.out
    );
    place.program.run(&["deploy", "dev/web", "--wait"]).ends(0);
}

/// Nobody confirmed anything, so nobody is told that what they confirmed is another thing by now.
#[test]
fn many_who_ask_for_the_same_at_once_are_all_served() {
    const MANY: usize = 12;
    let program = Program::with(&[
        ("holdpoint.yaml", SCRIPTS),
        ("bin/wait", WAIT),
        ("bin/say", "#!/bin/sh\necho said\n"),
    ]);
    program.run(&["ls"]).ends(0);
    let ran: Vec<Run> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..MANY)
            .map(|_| scope.spawn(|| program.run(&["deploy", "dev/quick", "--wait"])))
            .collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    for one in &ran {
        assert_eq!(one.code, 0, "{one:?}");
    }
    let said = program
        .run(&["logs", "dev/quick"])
        .out
        .matches("said")
        .count();
    assert_eq!(said, MANY, "each ran once");
}

/// An engine that was stopped holds its lock and does nothing: whoever looks is told, and it goes on
/// when it is let.
#[test]
fn a_stopped_engine_is_no_engine_at_work() {
    let program = Program::with(&[
        ("holdpoint.yaml", SCRIPTS),
        ("bin/wait", WAIT),
        ("bin/say", "#!/bin/sh\necho said\n"),
    ]);
    program.run(&["deploy", "dev/quick", "--wait"]).ends(0);
    let all = program.processes();
    let engine = all
        .iter()
        .find(|one| one.line.contains(" engine "))
        .unwrap();
    engine.stop(true);
    // As if that were long ago.
    let lock = std::fs::File::options()
        .append(true)
        .open(program.home().join("engine.lock"))
        .unwrap();
    let before = std::time::SystemTime::now() - Duration::from_mins(1);
    lock.set_modified(before).unwrap();
    for verb in [&["doctor"][..], &["ls"], &["deploy", "dev/quick"]] {
        let run = program.run(verb);
        assert!(
            format!("{}{}", run.out, run.err).contains("has not answered since")
                && (run.code != 0 || verb == ["ls"]),
            "{run:?}"
        );
    }
    engine.stop(false);
    until("it says so again", || {
        let run = program.run(&["ls"]);
        (!run.out.contains("does not answer")).then_some(())
    });
    program.run(&["deploy", "dev/quick", "--wait"]).ends(0);
}
