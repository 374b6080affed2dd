//! Lines of one source keep the order in which it gave them: from a command's pipe to the shell,
//! the screen's ring and what is saved, whatever dies on the way.

use std::collections::BTreeMap;
use std::time::Instant;

use holdpoint::domain::line::Line;
use holdpoint::os::paths::Home;
use holdpoint::store::spool::{Begin, Limits, Of, Reader};
use holdpoint::tui::log::Ring;

use crate::program::Program;
use crate::pty::PATIENCE;

const ESTATE: &str = r"
environments:
  dev: { class: development }
applications:
  count:
    script:
      steps:
        lines: { command: [bin/twenty] }
    environments: [dev]
  story:
    script:
      steps:
        one: { command: [bin/tell, one, GATES] }
        two: { command: [bin/tell, two, GATES] }
        three: { command: [bin/tell, three, GATES] }
    environments: [dev]
";

/// What it prints in one go has the same time.
const TWENTY: &str = "#!/bin/sh\nseq -f 'line %02.0f' 1 20\n";
/// In spurts, after each of which it waits at a gate, so that it can be met there.
const TELL: &str = r#"#!/bin/sh
for spurt in 0 1 2 3 4; do
    seq -f "$1 %g" $((spurt * 200 + 1)) $((spurt * 200 + 200))
    while [ ! -e "$2/$spurt" ]; do sleep 0.02; done
done
"#;
const SPURTS: usize = 5;
const SPURT: usize = 200;

fn program() -> Program {
    let program = Program::with(&[("bin/twenty", TWENTY), ("bin/tell", TELL)]);
    program.write(
        "holdpoint.yaml",
        &ESTATE.replace(
            "GATES",
            &program.home().with_file_name("gates").display().to_string(),
        ),
    );
    program
}

/// What is kept of all stacks, in the order in which the console has it: over its ring.
fn shown(program: &Program) -> Vec<String> {
    kept(program, Begin::Newest)
}

/// The same from another point on.
pub(crate) fn kept(program: &Program, begin: Begin) -> Vec<String> {
    let home = Home::open(Some(&program.home())).unwrap();
    let mut reader = Reader::new(home, Limits::default(), Of::All, begin);
    let mut ring = Ring::new(100_000);
    loop {
        let piece = reader.more().unwrap();
        for line in &piece.lines {
            ring.put(line);
        }
        if !piece.more {
            return (0..ring.len())
                .map(|at| ring.row(at).unwrap().text.to_owned())
                .collect();
        }
    }
}

/// The lines of a verb's output that are the command's own.
fn own(text: &str) -> Vec<String> {
    text.lines()
        .filter_map(|line| {
            line.find("line ")
                .map(|at| line[at..].trim_end().to_owned())
        })
        .collect()
}

#[test]
fn twenty_lines_are_shown_and_printed_as_they_were_written() {
    let program = program();
    let expected: Vec<String> = (1..=20).map(|n| format!("line {n:02}")).collect();
    let wait = program
        .run(&["--here", "deploy", "dev/count", "--wait"])
        .ends(0);
    assert_eq!(own(&wait.out), expected);
    assert_eq!(shown(&program), expected);
    for words in [
        &["logs", "dev/count"][..],
        &["logs", "dev/count", "--since", "1h"],
        &["logs", "#1"],
    ] {
        let logs = program.run(&[&["--here"], words].concat()).ends(0);
        assert_eq!(own(&logs.out), expected, "{words:?}");
    }
    let json = program
        .run(&["--here", "logs", "dev/count", "--json"])
        .ends(0)
        .out;
    let mut lines: Vec<Line> = json
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    lines.reverse();
    lines.sort_by_key(|line| line.turn);
    assert_eq!(
        lines
            .iter()
            .map(|line| line.text.to_string())
            .collect::<Vec<_>>(),
        expected
    );
}

/// Three commands at once; their engine is killed again and again, and in the end a keeper too.
#[test]
fn the_lines_of_several_commands_keep_their_order_over_engines_and_keepers_that_are_killed() {
    let program = program();
    let gates = program.home().with_file_name("gates");
    std::fs::create_dir(&gates).unwrap();
    program.run(&["deploy", "dev/story"]).ends(0);
    let until = Instant::now() + 2 * PATIENCE;
    let come = |count: usize| {
        while shown(&program).len() < count {
            assert!(
                Instant::now() < until,
                "{count} lines do not come: {:?}",
                shown(&program)
            );
            // Whoever looks starts the next engine.
            program.run(&["ls"]).ends(0);
        }
    };
    for spurt in 0..SPURTS {
        let last = spurt + 1 == SPURTS;
        come(3 * SPURT * (spurt + 1));
        let dies = |line: &str| {
            line.contains(" engine ")
                || (last && line.contains(" keep ") && line.contains("/three."))
        };
        let killed = program
            .processes()
            .iter()
            .filter(|process| dies(&process.line))
            .map(crate::program::Process::kill)
            .count();
        assert!(killed > usize::from(last), "{:?}", program.processes());
        std::fs::write(gates.join(spurt.to_string()), "").unwrap();
    }
    loop {
        let show = program.run(&["show", "#1", "--json"]).ends(0).json();
        let state = |step: &str| {
            show["steps"]
                .as_array()
                .unwrap()
                .iter()
                .find(|s| s["id"] == step)
                .map(|s| s["state"].clone())
                .unwrap()
        };
        if [state("one"), state("two"), state("three")] == ["DONE", "DONE", "LOST"] {
            break;
        }
        assert!(Instant::now() < until, "{show:#}");
    }
    let mut by_step: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for line in shown(&program) {
        let (step, nth) = line.split_once(' ').unwrap();
        by_step
            .entry(step.to_owned())
            .or_default()
            .push(nth.parse().unwrap());
    }
    for (step, numbers) in &by_step {
        assert_eq!(*numbers, (1..=numbers.len()).collect::<Vec<_>>(), "{step}");
    }
    assert!(
        by_step.len() == 3
            && by_step
                .values()
                .all(|numbers| numbers.len() == SPURTS * SPURT)
    );
}
