//! A store that is doubted, as somebody at a shell meets it: what is told, what can still be done,
//! and how to go on.

use std::fs;

use crate::program::Program;
use crate::pty::Terminal;
use crate::small_disk::until;

const ESTATE: &str = r"
environments:
  dev: { class: development }
applications:
  chores:
    script:
      steps:
        one: { command: [echo, one] }
    environments: [dev]
";

fn deployed() -> Program {
    let program = Program::with(&[("holdpoint.yaml", ESTATE)]);
    program.run(&["trust"]).ends(0);
    program
        .run(&["deploy", "dev/chores", "--here", "--wait"])
        .ends(0);
    program
}

#[test]
fn an_older_store_is_read_told_and_accepted_by_a_person() {
    let program = deployed();
    let files = ["store.db", "store.db-wal", "store.db-shm"].map(|name| program.home().join(name));
    let older: Vec<_> = files.iter().map(|file| fs::read(file).ok()).collect();
    program
        .run(&["deploy", "dev/chores", "--here", "--wait"])
        .ends(0);
    for (file, bytes) in files.iter().zip(older) {
        match bytes {
            Some(bytes) => fs::write(file, bytes).unwrap(),
            None => drop(fs::remove_file(file)),
        }
    }

    let lost = "a part of the store is lost";
    let listed = program.run(&["ls"]).ends(0);
    assert!(
        listed.out.contains("STALE") && listed.out.contains("chores"),
        "{}",
        listed.out
    );
    let json = program.run(&["ls", "--json"]).ends(0).json();
    assert!(json["store"].to_string().contains(lost), "{json}");
    for words in [
        &["show", "dev/chores"][..],
        &["holds"],
        &["events"],
        &["ls"],
    ] {
        let told = program.run(words).ends(0);
        assert!(told.err.contains(lost), "{words:?}: {}", told.err);
    }
    let mut console = Terminal::start(program.in_terminal(&[]), 120, 36);
    console.wait_for("STORE IN DOUBT");
    console.wait_for(lost);
    assert!(
        !console.text().contains("engine starting"),
        "{}",
        console.text()
    );
    console.kill();
    let looked = program.run(&["doctor", "--here"]).ends(1);
    let refused = program.run(&["deploy", "dev/chores", "--here", "--wait"]);
    assert_ne!(refused.code, 0, "{}", refused.out);
    for told in [&looked.out, &refused.err] {
        assert!(
            told.contains("a part of the store is lost") && told.contains("--accept-store"),
            "{told}"
        );
    }
    let accepted = program.run(&["engine", "--accept-store"]).ends(0);
    assert!(accepted.out.contains("accepted: "), "{}", accepted.out);
    let done = program
        .run(&["deploy", "dev/chores", "--here", "--wait", "--json"])
        .ends(0);
    assert!(
        done.out.contains("\"#3\"") || done.out.contains("#3"),
        "{}",
        done.out
    );
    let again = program.run(&["engine", "--accept-store"]).ends(0);
    assert!(again.out.contains("nothing to accept"), "{}", again.out);
}

/// Of a store of which nothing is left no stack is shown as new.
#[test]
fn a_store_of_which_nothing_is_left_is_told() {
    let program = deployed();
    fs::write(program.home().join("store.db"), "").unwrap();
    for beside in ["store.db-wal", "store.db-shm"] {
        let _ = fs::remove_file(program.home().join(beside));
    }
    let lost = "a part of the store is lost";
    let listed = program.run(&["ls"]).ends(4);
    assert!(listed.err.contains(lost), "{}", listed.err);
    let mut console = Terminal::start(program.in_terminal(&[]), 120, 36);
    console.wait_for("STORE IN DOUBT");
    console.wait_for(lost);
    assert!(console.text().contains("STALE"), "{}", console.text());
    console.kill();
}

/// A ring that nobody hears is no loss: whoever waits also looks by himself.
#[test]
fn bells_that_nobody_hears_cost_seconds() {
    let program = deployed();
    let mut engine = program
        .command(&["engine"])
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let live = || {
        let said = fs::read_to_string(program.home().join("engine.lock")).ok()?;
        said.contains(&format!("\"pid\":{}", engine.id()))
            .then_some(())
    };
    until("the engine", live);
    // It answers, so it listens; what it listens to is not what is rung from now on.
    program.run(&["deploy", "dev/chores", "--wait"]).ends(0);
    for bell in ["inbox.bell", "log.bell"] {
        fs::remove_file(program.home().join(bell)).unwrap();
    }
    let done = program.run(&["deploy", "dev/chores", "--wait"]).ends(0);
    assert!(done.out.contains("#3"), "{}", done.out);
    engine.kill().unwrap();
    engine.wait().unwrap();
}

#[test]
fn a_copied_home_reads_and_does_nothing() {
    let program = deployed();
    let copy = program.home().with_file_name("copy");
    let copied = std::process::Command::new("cp")
        .arg("-a")
        .args([program.home(), copy.clone()])
        .status();
    assert!(copied.unwrap().success());
    let on_copy = |words: &[&str]| {
        let estate = program.estate();
        let mut command = program.command(&[]);
        command
            .args(words)
            .args(["--home".as_ref(), copy.as_os_str()]);
        let output = command.arg("--estate").arg(estate).output().unwrap();
        (
            output.status.code(),
            String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
        )
    };
    let (code, told) = on_copy(&["deploy", "dev/chores", "--here", "--wait"]);
    assert!(
        code != Some(0) && told.contains("is a copy of the one in"),
        "{code:?} {told}"
    );
    let (code, told) = on_copy(&["engine", "--accept-store"]);
    assert!(
        code == Some(1) && told.contains("still there"),
        "{code:?} {told}"
    );
    fs::rename(program.home(), program.home().with_file_name("moved")).unwrap();
    let (code, told) = on_copy(&["engine", "--accept-store"]);
    assert!(
        code == Some(0) && told.contains("accepted: "),
        "{code:?} {told}"
    );
    let (code, told) = on_copy(&["deploy", "dev/chores", "--here", "--wait"]);
    assert_eq!(code, Some(0), "{told}");
}
