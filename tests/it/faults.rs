//! What goes wrong under a running engine, as a person meets it: it costs that one stack a delay or a decision, and nobody else
//! anything.

use std::time::{Duration, Instant};

use crate::program::{Program, Run};
use crate::pty::PATIENCE;

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

/// The keeper of a command is killed: how it ends becomes a person's to tell, the engine works on for everybody else, and it ends when
/// it is told to.
#[test]
fn a_killed_keeper_costs_one_step_and_nobody_else() {
    let program = Program::with(&[("holdpoint.yaml", SCRIPTS), ("bin/wait", WAIT), ("bin/say", "#!/bin/sh\necho said\n")]);
    program.run(&["deploy", "dev/slow"]).ends(0);
    until("the command runs", || program.run(&["logs", "dev/slow"]).out.contains("begun").then_some(()));
    let named = |word: &str| program.processes().into_iter().find(|process| process.line.contains(word));
    named(" keep ").expect("a keeper").kill();
    let told: Run = until("a person is asked", || Some(program.run(&["show", "dev/slow"])).filter(|run| run.out.contains("UNKNOWN")));
    assert!(told.out.contains("its keeper was killed"), "{}", told.out);

    // Longer than an engine waits before it would look for the step again.
    let begun = Instant::now();
    until("some time has passed", || (begun.elapsed() > Duration::from_secs(6)).then_some(()));
    program.run(&["deploy", "dev/quick", "--wait"]).ends(0);
    let engine = named(" engine ").expect("an engine");
    engine.ask_to_end();
    until("the engine ends", || program.processes().iter().all(|process| process.id != engine.id).then_some(()));
    program.run(&["deploy", "dev/quick", "--wait"]).ends(0);
}
