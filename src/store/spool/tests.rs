//! Lines on the disk: kept apart, whole, private and not for ever; what is read of them, and what
//! sources that count make of a restart, in files beside this one.

mod counted;
mod reading;

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use super::*;
use crate::domain::line::{Id, Severity, SourceKind, Turn};

struct Spot {
    home: Home,
    _folder: tempfile::TempDir,
}

fn spot() -> Spot {
    let folder = tempfile::tempdir().unwrap();
    Spot {
        home: Home::open(Some(&folder.path().join("home"))).unwrap(),
        _folder: folder,
    }
}

fn line(stack: &str, n: i64) -> Line {
    Line {
        turn: Turn::default(),
        phase: None,
        at: Time(n),
        id: format!("id-{n}").into(),
        kind: SourceKind::Out,
        source: "warm".into(),
        part: "stdout".into(),
        stack: stack.parse().unwrap(),
        no: None,
        severity: Severity::Info,
        text: format!("line {n}").as_str().into(),
    }
}

fn lines(stack: &str, range: std::ops::Range<i64>) -> Vec<Line> {
    range.map(|n| line(stack, n)).collect()
}

/// Lines as they were given: without their turns.
fn bare(lines: Vec<Line>) -> Vec<Line> {
    lines
        .into_iter()
        .map(|line| Line {
            turn: Turn::default(),
            phase: None,
            ..line
        })
        .collect()
}

fn api() -> Of {
    Of::Stack("dev/api".parse().unwrap())
}

/// Small segments, so that a test crosses many of them.
fn small() -> Limits {
    Limits {
        segment: 1_000,
        ..Limits::default()
    }
}

#[test]
fn a_whole_has_the_lines_of_its_parts_and_each_part_its_own() {
    let spot = spot();
    let spool = Spool::open(&spot.home, small()).unwrap();
    let stacks = [
        "dev/shop",
        "dev/shop/nl",
        "dev/shop/NL",
        "dev/shop/nl/cart",
        "dev/shop/nl.cart",
        "dev/shop/000001.jsonl",
    ];
    for stack in stacks {
        assert_eq!(spool.append(&mut lines(stack, 0..3)).unwrap(), 3, "{stack}");
    }
    drop(spool);
    let spool = Spool::open(&spot.home, small()).unwrap();
    for stack in stacks {
        let (kept, _) = spool
            .tail(
                &Of::Stack(stack.parse().unwrap()),
                &Position::default(),
                usize::MAX,
            )
            .unwrap();
        let own = |all: Vec<Line>| -> Vec<Line> {
            all.into_iter()
                .map(|line| Line {
                    turn: Turn::default(),
                    phase: None,
                    ..line
                })
                .collect()
        };
        let (of_it, of_parts): (Vec<Line>, Vec<Line>) = kept
            .into_iter()
            .partition(|line| line.stack.to_string() == stack);
        assert_eq!(own(of_it), own(lines(stack, 0..3)), "{stack}");
        let is_part = |one: &&&str| one.starts_with(&format!("{stack}/"));
        let parts = match stack.matches('/').count() {
            1 => stacks.iter().filter(is_part).count(),
            _ => 0,
        };
        assert_eq!(of_parts.len(), 3 * parts, "{stack}");
    }
    let (all, _) = spool
        .tail(&Of::All, &Position::default(), usize::MAX)
        .unwrap();
    assert_eq!(
        all.len(),
        3 * stacks.len(),
        "every folder is read as its stack's"
    );
}

#[test]
fn a_torn_line_is_not_read_and_spoils_no_other() {
    let spot = spot();
    let spool = Spool::open(&spot.home, Limits::default()).unwrap();
    spool.append(&mut lines("dev/api", 0..3)).unwrap();
    let path = spot.home.spool().join("dev/api/000001.jsonl");
    let whole = std::fs::read(&path).unwrap();
    // Cut at every byte of the last line, as a kill may.
    let start = whole[..whole.len() - 1]
        .iter()
        .rposition(|byte| *byte == b'\n')
        .unwrap()
        + 1;
    for cut in start..whole.len() {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let (read, position) = spool.tail(&api(), &Position::default(), 10).unwrap();
        assert_eq!(bare(read), lines("dev/api", 0..2));
        let next = Spool::open(&spot.home, Limits::default()).unwrap();
        assert_eq!(
            next.append(&mut lines("dev/api", 0..3)).unwrap(),
            1,
            "the torn one is new again"
        );
        assert_eq!(
            bare(next.tail(&api(), &position, 10).unwrap().0),
            [line("dev/api", 2)]
        );
    }
    // Damage in the middle costs the damaged line.
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .unwrap();
    file.write_all(b"\xff{]\n").unwrap();
    let next = Spool::open(&spot.home, Limits::default()).unwrap();
    next.append(&mut [line("dev/api", 3)]).unwrap();
    assert_eq!(
        bare(next.tail(&api(), &Position::default(), 10).unwrap().0),
        lines("dev/api", 0..4)
    );
}

#[test]
fn the_old_and_then_the_oldest_go_and_readers_go_on() {
    let spot = spot();
    let limits = Limits {
        segment: 1_000,
        bytes: 5_000,
        age: Duration::from_hours(1),
    };
    let spool = Spool::open(&spot.home, limits).unwrap();
    let size = || -> u64 {
        spool
            .segments(&"dev/api".parse().unwrap())
            .list()
            .unwrap()
            .iter()
            .map(|segment| segment.bytes)
            .sum()
    };
    for n in 0..100 {
        spool.append(&mut [line("dev/api", n)]).unwrap();
    }
    let newest = spool
        .segments(&"dev/api".parse().unwrap())
        .list()
        .unwrap()
        .last()
        .unwrap()
        .changed_at;
    let (_, early) = spool.tail(&api(), &Position::default(), 1).unwrap();
    assert!(size() > 5_000);
    assert!(spool.sweep(newest).unwrap() > 0);
    assert!(size() <= 5_000);
    assert_eq!(spool.sweep(newest).unwrap(), 0);
    let (rest, position) = spool.tail(&api(), &early, 1_000).unwrap();
    assert_eq!(
        rest.last().map(|line| line.text.as_str()),
        Some("line 99"),
        "what is left is read on, the newest last"
    );
    assert!(rest.len() < 99);

    assert!(spool.sweep(newest + Duration::from_hours(2)).unwrap() > 0);
    assert_eq!(size(), 0);
    assert_eq!(spool.sweep(newest + Duration::from_hours(4)).unwrap(), 0);
    spool.append(&mut [line("dev/api", 100)]).unwrap();
    assert_eq!(
        bare(spool.tail(&api(), &position, 10).unwrap().0),
        [line("dev/api", 100)],
        "an old position still holds"
    );
}

#[test]
fn a_deleted_folder_is_begun_anew_and_the_gap_is_said() {
    let spot = spot();
    let spool = Spool::open(&spot.home, Limits::default()).unwrap();
    spool.append(&mut lines("dev/api", 0..3)).unwrap();
    let (_, behind) = spool.tail(&api(), &Position::default(), 10).unwrap();
    std::fs::remove_dir_all(spot.home.spool()).unwrap();
    spool.append(&mut [line("dev/api", 3)]).unwrap();
    for from in [&behind, &Position::default()] {
        let (found, _) = spool.tail(&api(), from, 10).unwrap();
        assert_eq!(found[0].severity, Severity::Gap);
        assert!(found[0].text.as_str().contains("was deleted"));
        assert_eq!(bare(found[1..].to_vec()), [line("dev/api", 3)]);
    }
}

#[test]
fn nobody_else_can_read_it() {
    let spot = spot();
    Spool::open(&spot.home, Limits::default())
        .unwrap()
        .append(&mut [line("dev/api", 1)])
        .unwrap();
    for (path, mode) in [
        ("", 0o700),
        ("dev", 0o700),
        ("dev/api", 0o700),
        ("dev/api/000001.jsonl", 0o600),
    ] {
        let about = std::fs::metadata(spot.home.spool().join(path)).unwrap();
        assert_eq!(about.permissions().mode() & 0o777, mode, "{path}");
    }
}

#[tokio::test]
async fn the_bell_rings_for_new_lines_alone() {
    use futures_util::FutureExt as _;
    let spot = spot();
    let spool = Spool::open(&spot.home, Limits::default()).unwrap();
    let mut bell = crate::os::bell::Listener::at(&spot.home.spool_bell()).unwrap();
    spool.append(&mut [line("dev/api", 1)]).unwrap();
    bell.heard().await.unwrap();
    spool.append(&mut [line("dev/api", 1)]).unwrap();
    assert!(bell.heard().now_or_never().is_none());
}

#[test]
fn it_is_swept_at_first_then_hourly_and_whenever_a_segment_was_begun() {
    let spot = spot();
    let spool = Spool::open(
        &spot.home,
        Limits {
            segment: 1_000,
            bytes: 5_000,
            age: Duration::from_hours(1),
        },
    )
    .unwrap();
    let list = || spool.segments(&"dev/api".parse().unwrap()).list().unwrap();
    spool.append(&mut [line("dev/api", 0)]).unwrap();
    let now = list().last().unwrap().changed_at;
    assert_eq!(spool.sweep_when_due(now).unwrap(), 0);
    for n in 1..100 {
        spool.append(&mut [line("dev/api", n)]).unwrap();
        spool.sweep_when_due(now).unwrap();
        let bytes: u64 = list().iter().map(|segment| segment.bytes).sum();
        assert!(bytes <= 5_000 + 1_000, "{bytes} bytes after {n} lines");
    }
    assert_eq!(
        spool.sweep_when_due(now + Duration::from_mins(59)).unwrap(),
        0
    );
    assert!(
        spool.sweep_when_due(now + Duration::from_mins(61)).unwrap() > 0,
        "nothing is written, and it is too old"
    );
}

#[test]
fn what_cannot_be_written_waits_and_what_is_given_up_is_said() {
    let spot = spot();
    let spool = Arc::new(Spool::open(&spot.home, Limits::default()).unwrap());
    let mut writer = Writer::new(Arc::clone(&spool));
    // A file stands where the stack's folder is to be.
    let folder = spot.home.spool().join("dev");
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).unwrap();
    std::fs::write(folder.join("api"), b"").unwrap();
    assert!(
        writer
            .write(vec![line("dev/api", 1), line("dev/web", 1)])
            .is_err()
    );
    assert!(writer.write(lines("dev/api", 2..10_011)).is_err());
    assert!(writer.waits());
    std::fs::remove_file(folder.join("api")).unwrap();
    writer.write(Vec::new()).unwrap();
    assert!(!writer.waits());
    let all = |stack: &str| {
        bare(
            spool
                .tail(
                    &Of::Stack(stack.parse().unwrap()),
                    &Position::default(),
                    usize::MAX,
                )
                .unwrap()
                .0,
        )
    };
    let api = all("dev/api");
    assert_eq!(
        (api.len(), api[0].severity, api[0].text.as_str()),
        (
            10_001,
            Severity::Gap,
            "10 lines from 1970-01-01T00:00:00Z to 1970-01-01T00:00:00Z are missing here: they could not be written"
        )
    );
    assert_eq!(&api[1..], lines("dev/api", 11..10_011).as_slice());
    assert_eq!(
        all("dev/web"),
        [line("dev/web", 1)],
        "another stack is not concerned"
    );
}

/// What stands in the place of a segment must not be waited for.
#[test]
fn a_pipe_in_place_of_a_segment_is_refused_at_once_and_concerns_its_stack_alone() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    let spot = spot();
    let spool = Arc::new(Spool::open(&spot.home, Limits::default()).unwrap());
    for stack in ["dev/api", "dev/web"] {
        spool.append(&mut lines(stack, 1..3)).unwrap();
    }
    let pipe = spot.home.spool().join("dev/api/000002.jsonl");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let (told, heard) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let api = spool.last(&api(), 9).map(drop);
        let web = Of::Stack("dev/web".parse().unwrap());
        let web = spool.last(&web, 9).map(|(lines, _)| lines.len());
        let fresh = Spool::open(&spot.home, Limits::default()).unwrap();
        let appended = fresh.append(&mut lines("dev/api", 3..4)).map(drop);
        told.send((api, web, appended)).unwrap();
    });
    let waited = std::time::Duration::from_secs(20);
    let (api, web, appended) = heard.recv_timeout(waited).expect("nobody waits for a pipe");
    for refused in [api, appended] {
        let says = refused.unwrap_err().to_string();
        assert!(
            says.contains("000002.jsonl") && says.contains("not an ordinary file"),
            "{says}"
        );
    }
    assert_eq!(web.unwrap(), 2);
}
