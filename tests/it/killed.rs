//! A store whose engine is killed: whatever was acknowledged is there, whole, and the next engine
//! goes on.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use holdpoint::domain::environment::EnvironmentEvent;
use holdpoint::domain::event::{Append, Event, StreamId};
use holdpoint::domain::line::{Id, Line, Severity, SourceKind, Turn};
use holdpoint::domain::person::Person;
use holdpoint::domain::time::Time;
use holdpoint::os::clock::Real;
use holdpoint::os::lock::Lock;
use holdpoint::os::paths::Home;
use holdpoint::os::random;
use holdpoint::store::spool::{Limits, Of, Position, Spool};
use holdpoint::store::sqlite::Sqlite;
use holdpoint::store::{By, EngineId, NO_END, Scope, Store as _};

const PLACE: &str = "HOLDPOINT_TEST_KILLED_HOME";

/// What SQLite keeps beside the database is a part of it.
#[test]
fn a_part_that_is_lost_after_a_kill_is_told_and_read_on() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("home");
    let acknowledged = killed_after(&place, 40, |_| ());
    for beside in ["store.db-wal", "store.db-shm"] {
        std::fs::remove_file(place.join(beside)).unwrap();
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let told = runtime.block_on(async {
        let home = Home::open(Some(&place)).unwrap();
        let lock = Lock::exclusive(&home.engine_lock()).unwrap().unwrap();
        let refused = Sqlite::engine(&home, &lock, Real::shared()).await;
        refused.err().expect("nothing is written there").to_string()
    });
    // It may have written a little more by the time it is killed.
    let marked = told
        .split("Place ")
        .nth(1)
        .and_then(|rest| rest.split(' ').next());
    let marked: u64 = marked
        .and_then(|place| place.parse().ok())
        .expect("a place is told");
    assert!(marked >= acknowledged, "{acknowledged}: {told}");
}

/// Kills a writer once it has acknowledged so many more events; says how many there are.
pub(crate) fn killed_after(place: &Path, patience: usize, with: impl Fn(&mut Command)) -> u64 {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([
            "--exact",
            "killed::writes_until_it_is_killed",
            "--ignored",
            "--nocapture",
        ])
        .env(PLACE, place)
        .stdout(Stdio::piped());
    with(&mut command);
    let mut child = command.spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let said = lines.map_while(Result::ok).filter_map(|line| {
        line.strip_prefix("acknowledged ")
            .and_then(|n| n.parse::<u64>().ok())
    });
    let acknowledged = said.take(patience).last().expect("it writes");
    child.kill().unwrap();
    child.wait().unwrap();
    acknowledged
}

#[test]
fn what_was_acknowledged_before_a_kill_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("home");
    let mut acknowledged = 0;
    // Each time it is killed a little later: in the first commit, between commits, in the middle of
    // a line.
    for patience in [1, 2, 5, 40, 90] {
        acknowledged = killed_after(&place, patience, |_| ());
        look(&place, acknowledged);
    }
    assert!(
        acknowledged >= 138,
        "every life went on where the one before was cut off: {acknowledged}"
    );
}

#[tokio::main(flavor = "current_thread")]
async fn look(place: &Path, acknowledged: u64) {
    let home = Home::open(Some(place)).unwrap();
    let store = Sqlite::client(&home, Real::shared()).await.unwrap();
    let checked = store.verify().await.unwrap();
    assert_eq!(checked.faults, [""; 0]);
    assert!(
        checked.events >= acknowledged,
        "{} of {acknowledged} events are there",
        checked.events
    );
    let folds = store.folds(5).await.unwrap();
    assert!(folds.broken.is_empty() && folds.seq == checked.events);
    let spool = Spool::open(&home, Limits::default()).unwrap();
    let (lines, _) = spool
        .tail(&Of::All, &Position::default(), usize::MAX)
        .unwrap();
    let expect: Vec<_> = (1..=lines.len()).map(|n| format!("line {n}")).collect();
    assert_eq!(
        lines
            .iter()
            .map(|line| line.text.as_str())
            .collect::<Vec<_>>(),
        expect,
        "no line twice, none torn, none lost"
    );
    assert!(lines.len() as u64 >= acknowledged);
}

#[test]
#[ignore = "started, and killed, by the test above"]
fn writes_until_it_is_killed() {
    let place = std::env::var_os(PLACE).expect("the test above says where");
    write(Path::new(&place));
}

#[tokio::main(flavor = "current_thread")]
async fn write(place: &Path) {
    let home = Home::open(Some(place)).unwrap();
    let lock = Lock::exclusive(&home.engine_lock())
        .unwrap()
        .expect("the one before is dead, and its lock with it");
    let store = Sqlite::engine(&home, &lock, Real::shared()).await.unwrap();
    let spool = Spool::open(
        &home,
        Limits {
            segment: 2_000,
            ..Limits::default()
        },
    )
    .unwrap();
    let stream = StreamId::Environment("dev".parse().unwrap());
    let under = store
        .take(EngineId(random::id()), &[Scope::All], NO_END)
        .await
        .unwrap()
        .leases;
    let by = By {
        person: Person::Engine,
        cause: None,
        at: Time(0),
        under,
    };
    let mut version = store.folds(0).await.unwrap().version(&stream);
    loop {
        if version.is_multiple_of(7) {
            store
                .snapshot(&store.folds(0).await.unwrap())
                .await
                .unwrap();
        }
        let mut append = Append::default();
        append.push(
            stream.clone(),
            version,
            Event::Environment(EnvironmentEvent::Thawed),
        );
        version = store.append(&append, &by, None).await.unwrap()[0].version;
        // What the last life may have written already comes again, as it does from a source that is
        // followed anew.
        let mut lines: Vec<_> = (1..=version).map(line).collect();
        spool.append(&mut lines).unwrap();
        // Past the capture of the test harness: another process reads it.
        let mut out = std::io::stdout();
        writeln!(out, "acknowledged {version}").unwrap();
    }
}

fn line(n: u64) -> Line {
    Line {
        turn: Turn::default(),
        phase: None,
        at: Time(i64::try_from(n).unwrap()),
        id: Id::Nth(n),
        kind: SourceKind::Out,
        source: "warm".into(),
        part: "stdout".into(),
        stack: "dev/api".parse().unwrap(),
        no: None,
        severity: Severity::Info,
        text: format!("line {n}").as_str().into(),
    }
}
