//! Commands under a keeper: real processes, the program's own binary as the keeper.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use holdpoint::domain::artifact::Artifact;
use holdpoint::domain::digest::Digest;
use holdpoint::domain::failure::{Failure, Retry};
use holdpoint::domain::ids::{DeploymentId, DeploymentNo};
use holdpoint::domain::line::Severity;
use holdpoint::domain::masks::Secret;
use holdpoint::domain::plan::Output;
use holdpoint::domain::request::{SourceBundle, SourceFile};
use holdpoint::domain::secret_ref::SecretRef;
use holdpoint::exec::process::Process;
use holdpoint::exec::{Content, Executor as _, Found, Job, Port};
use holdpoint::os::clock::{Clock as _, Real};
use holdpoint::os::slot::Slot;
use holdpoint::text::safe::Safe;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::small_disk::{Disk, until};

/// The engine's side: notes, lines by id, and a wish to stop once a line has come.
struct Desk {
    notes: Mutex<BTreeMap<String, Value>>,
    lines: Mutex<BTreeMap<u64, String>>,
    given: Mutex<usize>,
    contents: Mutex<BTreeMap<Digest, Vec<u8>>>,
    bundle: SourceBundle,
    cancel: watch::Sender<bool>,
    cancel_on: &'static str,
    /// On that line the engine dies instead.
    only_dies: bool,
    seen: tokio::sync::Notify,
    is_seen: AtomicBool,
}

impl Port for Desk {
    fn note<'a>(&'a self, key: &'a str, value: Value) -> BoxFuture<'a, Result<(), Failure>> {
        self.notes.lock().unwrap().insert(key.to_owned(), value);
        async { Ok(()) }.boxed()
    }

    fn out(&self, _: Severity, _: &str, text: Safe) {
        panic!("a command's line has an id: {text}");
    }

    fn line(&self, nth: u64, _: Severity, _: &str, text: Safe) {
        *self.given.lock().unwrap() += 1;
        if text.as_str() == self.cancel_on {
            self.cancel.send_replace(!self.only_dies);
            self.is_seen.store(true, Ordering::SeqCst);
            self.seen.notify_one();
        }
        self.lines.lock().unwrap().insert(nth, text.into_string());
    }

    fn reached(&self) -> BoxFuture<'_, Option<u64>> {
        let reached = self.lines.lock().unwrap().keys().next_back().copied();
        async move { reached }.boxed()
    }

    fn bundle(&self, _: Digest) -> BoxFuture<'_, Result<SourceBundle, Failure>> {
        async { Ok(self.bundle.clone()) }.boxed()
    }

    fn put<'a>(
        &'a self,
        mut content: Content,
        what: &'a str,
    ) -> BoxFuture<'a, Result<Artifact, Failure>> {
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes).unwrap();
        let artifact = Artifact {
            digest: Digest::of_bytes(&bytes),
            length: bytes.len() as u64,
            what: what.to_owned(),
        };
        self.contents.lock().unwrap().insert(artifact.digest, bytes);
        async { Ok(artifact) }.boxed()
    }

    fn get<'a>(&'a self, artifact: &'a Artifact) -> BoxFuture<'a, Result<Content, Failure>> {
        let content = self.contents.lock().unwrap().get(&artifact.digest).cloned();
        async move { Ok(Box::new(std::io::Cursor::new(content.unwrap())) as Content) }.boxed()
    }

    fn secret<'a>(&'a self, reference: &'a SecretRef) -> BoxFuture<'a, Result<Secret, Failure>> {
        holdpoint::secrets::read(reference).boxed()
    }

    fn covers(&self, _: &holdpoint::domain::masks::Secret) {}

    fn cancelled(&self) -> BoxFuture<'_, ()> {
        let mut cancel = self.cancel.subscribe();
        async move {
            let _ = cancel.wait_for(|cancel| *cancel).await;
        }
        .boxed()
    }

    fn is_cancelled(&self) -> bool {
        *self.cancel.borrow()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Real::new().sleep(duration)
    }
}

struct Run {
    place: tempfile::TempDir,
    desk: Arc<Desk>,
    executor: Process,
    job: Job,
}

impl Run {
    fn of(script: &str, params: &Value) -> Self {
        Self::watched(script, params, "\0", true)
    }

    fn cancelled_on(script: &str, line: &'static str) -> Self {
        Self::watched(script, &command(), line, false)
    }

    fn killed_on(script: &str, line: &'static str) -> Self {
        Self::watched(script, &command(), line, true)
    }

    fn watched(script: &str, params: &Value, cancel_on: &'static str, only_dies: bool) -> Self {
        let file = SourceFile {
            bytes: format!("#!/bin/sh\n{script}\n").into_bytes(),
            executable: true,
        };
        let bundle = SourceBundle {
            files: [("run".to_owned(), file)].into(),
            ..SourceBundle::default()
        };
        let mut params = params.clone();
        params["bundle"] = json!(bundle.digest());
        let place = tempfile::tempdir().unwrap();
        let desk = Arc::new(Desk {
            notes: Mutex::default(),
            lines: Mutex::default(),
            given: Mutex::default(),
            contents: Mutex::default(),
            bundle,
            cancel: watch::Sender::new(false),
            cancel_on,
            only_dies,
            seen: tokio::sync::Notify::new(),
            is_seen: AtomicBool::new(false),
        });
        let job = Job {
            store: "0a1b2c3d".into(),
            deployment: DeploymentId(uuid::Uuid::from_u128(7)),
            no: DeploymentNo(41),
            stack: "dev/chores".parse().unwrap(),
            step: "migrate".into(),
            attempt: 1,
            limit: Duration::from_hours(1),
            params,
            notes: BTreeMap::new(),
            env: "dev".parse().unwrap(),
            place: None,
            folder: place.path().join("job"),
            lasting: place.path().join("lasting"),
            port: desk.clone(),
        };
        Self {
            place,
            desk,
            executor: Process::with_keeper(env!("CARGO_BIN_EXE_holdpoint").into()),
            job,
        }
    }

    async fn to_its_end(&self) -> Result<Output, Failure> {
        self.executor.run(self.job.clone()).await
    }

    fn lines(&self) -> Vec<String> {
        self.desk.lines.lock().unwrap().values().cloned().collect()
    }

    /// The job as the next engine gets it.
    fn again(&self) -> Job {
        Job {
            notes: self.desk.notes.lock().unwrap().clone(),
            ..self.job.clone()
        }
    }
}

fn command() -> Value {
    json!({ "argv": ["./run"] })
}

#[tokio::test]
async fn words_and_variables_are_exactly_the_given_ones() {
    let hostile = [
        "; id",
        "$(id)",
        "`id`",
        "two\nlines",
        "--help",
        "-oProxyCommand=x",
        "@file",
        "%00",
        "'\"",
    ];
    let words: Vec<&str> = std::iter::once("./run").chain(hostile).collect();
    let run = Run::of(
        r#"for word in "$@"; do printf '<%s>' "$word"; done; echo; env | sort; pwd; ls -A; cat; echo oops >&2"#,
        &json!({ "argv": words, "env": { "GREETING": "hello $USER" } }),
    );
    let output = run.to_its_end().await.unwrap();
    assert_eq!(output.public, json!({ "exit": 0 }));
    let lines = run.lines();
    let told = lines[..2].join("\n");
    assert_eq!(told, hostile.map(|word| format!("<{word}>")).concat());
    let names: Vec<&str> = lines
        .iter()
        .filter_map(|line| line.split_once('=').map(|(name, _)| name))
        .filter(|name| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
        .collect();
    for name in [
        "GREETING",
        "HOME",
        "PATH",
        "LANG",
        "HOLDPOINT_STACK",
        "HOLDPOINT_STEP",
    ] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
    assert!(
        !names
            .iter()
            .any(|name| name.starts_with("CARGO") || name.starts_with("AWS")),
        "nothing of the caller's: {names:?}"
    );
    assert!(
        lines.contains(&"GREETING=hello $USER".to_owned())
            && lines.contains(&"HOLDPOINT_STACK=dev/chores".to_owned())
    );
    let work = run
        .place
        .path()
        .join("job/work")
        .canonicalize()
        .unwrap()
        .display()
        .to_string();
    assert!(
        lines.contains(&work) && lines.contains(&"oops".to_owned()),
        "{lines:?}"
    );
    assert_eq!(
        lines.iter().filter(|line| *line == "run").count(),
        1,
        "only the files of the bundle are there: {lines:?}"
    );
}

#[tokio::test]
async fn how_it_ended_is_told_rightly() {
    let cases = [
        (
            "echo first; echo why >&2; exit 3",
            "ended with exit code 3: why",
            Retry::After(Duration::from_secs(2)),
        ),
        (
            "kill -9 $$",
            "was ended by signal 9",
            Retry::After(Duration::from_secs(2)),
        ),
        // It closes its outputs and lives on for a while.
        (
            "exec >&- 2>&-; sleep 0.3; exit 7",
            "ended with exit code 7",
            Retry::After(Duration::from_secs(2)),
        ),
    ];
    for (script, summary, retry) in cases {
        let failure = Run::of(script, &command()).to_its_end().await.unwrap_err();
        assert!(
            failure.summary.contains(summary) && failure.retry == retry,
            "{script}: {failure:?}"
        );
    }
    let absent = Run::of("", &json!({ "argv": ["no-such-program-here"] }))
        .to_its_end()
        .await
        .unwrap_err();
    assert!(
        absent
            .summary
            .contains("there is no program no-such-program-here"),
        "{absent:?}"
    );
    let outside = Run::of("", &json!({ "argv": ["./other"] }))
        .to_its_end()
        .await
        .unwrap_err();
    assert!(
        outside.summary.contains("./other is not among the files"),
        "{outside:?}"
    );
    let garbage = Run::of("", &command());
    let odd = Run {
        job: Job {
            params: json!({ "argv": [] }),
            ..garbage.job.clone()
        },
        ..garbage
    };
    assert!(odd.executor.check(&odd.job.params).is_err());
}

/// A flood, a line without end, bytes that are no text, a child that leaves grandchildren.
#[tokio::test]
async fn what_it_writes_is_bounded_and_harmless() {
    let script = r"printf 'bad \377 \033[2J\n'; head -c 40000000 /dev/zero | tr '\0' x; echo; seq 1 1500000; sleep 600 & echo end";
    let run = Run::of(script, &command());
    run.to_its_end().await.unwrap();
    let lines = run.lines();
    assert!(lines[0].starts_with("bad ") && !lines.concat().contains('\u{1b}'));
    assert!(lines[1].len() < 20_000, "a line without end is cut");
    assert_eq!(lines.last().unwrap(), "end");
    assert_eq!(lines.len(), 1_500_003);
    let kept = run.place.path().join("job/output").metadata().unwrap();
    assert!(kept.len() < 40 << 20 && kept.permissions().mode() & 0o777 == 0o600);
    assert!(
        !alive(run.place.path(), "sleep"),
        "what it left in the background is stopped"
    );
}

/// What a command starts in a session of its own does not outlive its step, whether it ends by
/// itself or is cancelled.
#[tokio::test]
async fn what_leaves_the_group_ends_with_the_step() {
    let leaves = "(setsid sh -c 'echo > ../left; exec sleep 600' > /dev/null 2>&1 &); while [ ! -e ../left ]; do sleep 0.01; done; echo up";
    let run = Run::of(leaves, &command());
    run.to_its_end().await.unwrap();
    assert!(!alive(run.place.path(), "sleep"));
    let run = Run::cancelled_on(&format!("{leaves}; sleep 602"), "up");
    let failure = run.to_its_end().await.unwrap_err();
    assert!(failure.summary.contains("cancelled"), "{failure:?}");
    assert!(!alive(run.place.path(), "sleep"));
}

#[tokio::test]
async fn a_cancel_stops_the_whole_group_also_when_it_will_not() {
    let script = "trap '' TERM; (trap '' TERM; sleep 600) & echo up; while true; do sleep 1; done";
    let run = Run::cancelled_on(script, "up");
    let failure = run.to_its_end().await.unwrap_err();
    assert!(failure.summary.contains("cancelled"), "{failure:?}");
    assert!(!alive(run.place.path(), "sleep") && !alive(run.place.path(), "run"));
}

/// At its limit a command is ended with all that it started, before it is told: nothing else of its
/// stack starts beside it.
#[tokio::test]
async fn a_command_that_takes_too_long_is_ended_and_then_told() {
    let script = "trap '' TERM; (trap '' TERM; sleep 600) & echo up; while true; do sleep 1; done";
    let mut run = Run::of(script, &command());
    run.job.limit = Duration::from_secs(1);
    let failure = run.to_its_end().await.unwrap_err();
    assert!(
        failure.summary.contains("no end after 1s") && failure.summary.contains("were stopped"),
        "{failure:?}"
    );
    assert!(!alive(run.place.path(), "sleep") && !alive(run.place.path(), "run"));
    assert_eq!(
        run.lines().last().map(String::as_str),
        Some("stopped: no end after 1s; it wrote last: up")
    );
}

/// The engine dies while the command runs: the command runs on, the next engine attaches, no line
/// is lost or doubled, and it ran once.
#[tokio::test]
async fn a_command_outlives_its_engine() {
    let script = "echo begin >> ../ran; echo up; for n in $(seq 1 40); do echo line $n; sleep 0.02; done; echo over";
    for rounds in 1..4 {
        let run = Run::killed_on(script, "line 3");
        tokio::select! {
            _ = run.to_its_end() => panic!("it ended before its engine died"),
            () = run.desk.seen.notified() => {}
        }
        assert!(run.desk.is_seen.load(Ordering::SeqCst));
        for _ in 1..rounds {
            // Engines that die at once.
            let mut next = run.executor.run(run.again());
            let _ = futures_util::poll!(&mut next);
        }
        assert_eq!(run.executor.find(run.again()).await, Found::StillRunning);
        run.executor.run(run.again()).await.unwrap();
        let lines = run.lines();
        let expected: Vec<String> = std::iter::once("up".to_owned())
            .chain((1..=40).map(|n| format!("line {n}")))
            .chain(["over".to_owned()])
            .collect();
        assert_eq!(lines, expected);
        assert!(
            *run.desk.given.lock().unwrap() > lines.len(),
            "some were given twice, under the same ids"
        );
        assert_eq!(
            std::fs::read_to_string(run.place.path().join("job/ran")).unwrap(),
            "begin\n",
            "it ran once"
        );
    }
}

/// What was written before is not given again from its beginning, and no piece of a line is taken
/// for one.
#[tokio::test]
async fn a_long_output_is_read_on_where_it_was() {
    let run = Run::killed_on(
        "seq 1 60000; echo up; while [ ! -e ../go ]; do sleep 0.01; done; seq 60001 60100",
        "up",
    );
    tokio::select! {
        _ = run.to_its_end() => panic!("it ended before its engine died"),
        () = run.desk.seen.notified() => {}
    }
    std::fs::write(run.place.path().join("job/go"), "").unwrap();
    run.executor.run(run.again()).await.unwrap();
    let number = |n: i32| n.to_string();
    let expected: Vec<String> = (1..=60_000)
        .map(number)
        .chain(["up".to_owned()])
        .chain((60_001..=60_100).map(number))
        .collect();
    assert_eq!(run.lines(), expected);
    let again = *run.desk.given.lock().unwrap() - expected.len();
    assert!(
        (1..15_000).contains(&again),
        "{again} lines were given again"
    );
}

#[tokio::test]
async fn what_nobody_can_tell_is_not_guessed() {
    let run = Run::of("true", &command());
    assert_eq!(
        run.executor.find(run.job.clone()).await,
        Found::NeverStarted
    );
    let noted = |notes: &[&str]| Job {
        notes: notes
            .iter()
            .map(|key| ((*key).to_owned(), json!({})))
            .collect(),
        ..run.job.clone()
    };
    assert_eq!(
        run.executor.find(noted(&["intent"])).await,
        Found::NeverStarted
    );
    let gone = run.executor.find(noted(&["intent", "started"])).await;
    assert!(
        matches!(&gone, Found::CannotTell(failure) if failure.retry == Retry::AskAPerson),
        "{gone:?}"
    );
    run.to_its_end().await.unwrap();
    assert_eq!(
        run.executor.find(run.again()).await,
        Found::StillRunning,
        "its last lines are followed first"
    );
    Slot::at(run.place.path().join("job/state"))
        .write(br#"{"phase":"running","pid":4194303,"at":1}"#)
        .unwrap();
    let mut orphan = run.executor.find(run.again()).await;
    while orphan == Found::StillRunning {
        // The keeper has written its last state and is about to leave.
        Real::new().sleep(Duration::from_millis(5)).await;
        orphan = run.executor.find(run.again()).await;
    }
    assert!(
        matches!(&orphan, Found::CannotTell(failure) if failure.summary.contains("keeper was killed")),
        "{orphan:?}"
    );
}

/// The command goes on while nothing can be written, and ends so; how it ended and all that it
/// wrote is there once there is room.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_ends_on_a_full_disk_is_told_by_its_exit_code() {
    let Some(disk) = Disk::mount("1m") else {
        return;
    };
    let mut run = Run::killed_on(
        "echo up; while [ -e ../../wait ]; do sleep 0.02; done; seq 1 40000; exit 3",
        "up",
    );
    run.job.folder = disk.path().join("job");
    let wait = disk.path().join("wait");
    std::fs::write(&wait, "").unwrap();
    let run = Arc::new(run);
    let it = Arc::clone(&run);
    let running = tokio::spawn(async move { it.to_its_end().await });
    run.desk.seen.notified().await;
    disk.fill();
    std::fs::remove_file(wait).unwrap();
    let state = Slot::at(disk.path().join("job/state"));
    let told = || {
        state
            .read()
            .unwrap()
            .map(|bytes| String::from_utf8(bytes).unwrap())
            .filter(|state| state.contains("ended"))
    };
    let ended = until("the keeper's last word", told);
    assert!(
        ended.contains(r#""code":3"#) && !ended.contains(r#""waits":0"#),
        "{ended}"
    );
    assert!(
        !running.is_finished(),
        "the end of its output still waits for room"
    );
    disk.free();
    let failure = running.await.unwrap().unwrap_err();
    assert!(
        failure.summary.contains("ended with exit code 3"),
        "{failure:?}"
    );
    let lines = run.lines();
    let expected: Vec<String> = std::iter::once("up".to_owned())
        .chain((1..=40_000).map(|n| n.to_string()))
        .chain(["ended with exit code 3; it wrote last: 40000".to_owned()])
        .collect();
    assert!(
        lines == expected,
        "{} lines, the last {:?}",
        lines.len(),
        lines.last()
    );
}

/// There is no room to begin: nothing was started, so that it waits, and begins when there is.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_without_room_for_its_files_waits_for_room() {
    let Some(disk) = Disk::mount("1m") else {
        return;
    };
    let mut run = Run::of("echo it runs", &command());
    run.job.folder = disk.path().join("job");
    disk.fill();
    let mut running = Box::pin(run.to_its_end());
    let early = tokio::time::timeout(Duration::from_secs(1), &mut running).await;
    assert!(early.is_err(), "{early:?}");
    disk.free();
    running.await.unwrap();
    assert_eq!(run.lines(), ["it runs"]);
}

/// Whether a process of that name works below a folder.
fn alive(place: &Path, name: &str) -> bool {
    let place = place.canonicalize().unwrap();
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    processes.into_iter().any(|entry| {
        let named = std::fs::read_to_string(entry.path().join("comm"))
            .is_ok_and(|comm| comm.trim() == name);
        named
            && std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(&place))
    })
}

/// A file with a secret, for its owner alone.
fn secret(folder: &Path, value: &str) -> String {
    let path = folder.join("the-secret");
    std::fs::write(&path, format!("{value}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    format!("file:{}", path.display())
}

/// Every file below a folder that holds a text.
fn holding(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.path().is_dir() {
            found.extend(holding(&entry.path(), text));
        } else if memchr::memmem::find(&std::fs::read(entry.path()).unwrap(), text.as_bytes())
            .is_some()
        {
            found.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    found
}

/// The child gets the secret; nothing that is written, noted, given out or left behind has it, in
/// whatever writing it was printed.
#[tokio::test]
async fn a_secret_reaches_its_command_and_nothing_else() {
    const VALUE: &str = "p4ss/w0rd+x y=z";
    let place = tempfile::tempdir().unwrap();
    let reference = secret(place.path(), VALUE);
    let script = r#"test "$TOKEN" = "p4ss/w0rd+x y=z" && test "$(cat "$KEY")" = "$TOKEN" && echo right; stat -c %a "$KEY"
        echo "raw $TOKEN"; printf '%s' "${TOKEN%?????}"; sleep 0.2; echo "${TOKEN#??????????}"
        printf '%s' "$TOKEN" | base64; printf 'user:%s' "$TOKEN" | base64; echo 'p4ss%2Fw0rd%2Bx%20y%3Dz'; set -x; : "$TOKEN"; exit 3"#;
    let mut params = command();
    params["secrets"] = json!({ "TOKEN": reference });
    params["secret_files"] = json!({ "KEY": reference });
    let run = Run::of(script, &params);
    let failure = run.to_its_end().await.unwrap_err();
    let lines = run.lines();
    assert_eq!(lines[..4], ["right", "600", "raw ***", "***"], "{lines:?}");
    let told = format!(
        "{lines:?} {failure:?} {:?} {:?}",
        run.desk.notes.lock().unwrap(),
        run.job.params
    );
    for part in [VALUE, "p4ss", "cDRzcy93MHJk", "NHNzL3cwcmQ", "w0rd"] {
        assert!(!told.contains(part), "{part} in {told}");
        let kept = holding(run.place.path(), part);
        // The script itself names it here, so that it can be compared.
        assert!(
            kept.iter().all(|name| name == "run"),
            "{part} is in {kept:?}"
        );
    }
    assert!(
        !run.place.path().join("job/secrets").exists(),
        "the file is gone with the command"
    );
}

#[tokio::test]
async fn a_command_is_not_started_without_its_secret() {
    let mut params = command();
    params["secrets"] = json!({ "TOKEN": "file:/nowhere/token" });
    let run = Run::of("echo begun > ../begun", &params);
    let failure = run.to_its_end().await.unwrap_err();
    assert!(
        failure
            .summary
            .starts_with("migrate: not started without TOKEN: the secret file:/nowhere/token"),
        "{failure:?}"
    );
    assert!(failure.hint.contains("chmod 600"), "{failure:?}");
    assert_eq!(
        (failure.retry, run.desk.notes.lock().unwrap().len()),
        (Retry::Contact, 0),
        "it waits for the secret, and nothing was begun"
    );
    assert!(
        !run.place.path().join("job/begun").exists() && !run.place.path().join("job/work").exists()
    );
    // Out of contact it is looked for: it stays so until the secret is there.
    assert_eq!(
        run.executor.find(run.job.clone()).await,
        Found::CannotTell(failure)
    );
    let begun = Job {
        notes: [("intent".to_owned(), json!({}))].into(),
        params: {
            let mut params = run.job.params.clone();
            params["secrets"] = json!({ "TOKEN": secret(run.place.path(), "hunter2secret") });
            params
        },
        ..run.job.clone()
    };
    assert_eq!(run.executor.find(begun).await, Found::NeverStarted);
}

/// What no keeper began is not started any more once it is cancelled, also after a restart.
#[tokio::test]
async fn a_cancelled_command_that_no_keeper_began_is_not_started() {
    let run = Run::cancelled_on("echo begun > ../begun", "");
    run.desk.cancel.send_replace(true);
    let again = Job {
        notes: [("intent".to_owned(), json!({}))].into(),
        ..run.job.clone()
    };
    let failure = run.executor.run(again).await.unwrap_err();
    assert!(failure.summary.contains("was started"), "{failure:?}");
    assert!(!run.place.path().join("job/begun").exists());
}

#[tokio::test]
async fn a_secret_that_is_too_short_to_cover_is_told() {
    let place = tempfile::tempdir().unwrap();
    let mut params = command();
    params["secrets"] = json!({ "PIN": secret(place.path(), "1234") });
    let run = Run::of("echo up", &params);
    run.to_its_end().await.unwrap();
    assert_eq!(
        run.lines(),
        [
            "the secret PIN is not covered in this output: it is shorter than 6 characters",
            "up"
        ]
    );
}

#[tokio::test]
async fn what_a_command_makes_is_kept_and_laid_out_for_the_next() {
    let mut params = command();
    params["makes"] = json!(["dist/tool", "note"]);
    let run = Run::of(
        "mkdir dist; printf '#!/bin/sh\\necho made\\n' > dist/tool; chmod +x dist/tool; echo hello > note",
        &params,
    );
    let output = run.to_its_end().await.unwrap();
    let made = &output.public["made"];
    assert_eq!(
        (
            made["dist/tool"]["executable"].clone(),
            made["note"]["length"].clone()
        ),
        (json!(true), json!(6)),
        "{output:?}"
    );
    let next = Run::of("", &json!({ "argv": ["./dist/tool"], "made": made }));
    next.desk
        .contents
        .lock()
        .unwrap()
        .clone_from(&run.desk.contents.lock().unwrap());
    next.to_its_end().await.unwrap();
    assert_eq!(next.lines(), ["made"]);
    assert_eq!(
        std::fs::read_to_string(next.place.path().join("job/work/note")).unwrap(),
        "hello\n"
    );
    for missing in [
        "true",
        "ln -s /etc/passwd dist; echo x > note",
        "mkdir dist; ln -s /etc/passwd dist/tool; echo x > note",
    ] {
        let failure = Run::of(missing, &params).to_its_end().await.unwrap_err();
        assert!(
            failure.summary.contains("made no file dist/tool"),
            "{missing}: {failure:?}"
        );
    }
}
