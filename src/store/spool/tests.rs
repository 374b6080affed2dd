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
fn a_whole_and_its_parts_keep_their_lines_apart() {
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
                    ..line
                })
                .collect()
        };
        assert_eq!(own(kept), own(lines(stack, 0..3)), "{stack}");
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
fn lines_come_back_once_in_the_order_of_arrival_also_after_a_restart() {
    let spot = spot();
    let spool = Spool::open(&spot.home, small()).unwrap();
    for part in lines("dev/api", 5..30).chunks_mut(5) {
        assert_eq!(spool.append(&mut part.to_vec()).unwrap(), 5);
    }
    assert_eq!(
        spool.append(&mut lines("dev/api", 0..10)).unwrap(),
        5,
        "older ones come later, known ones not again"
    );
    assert_eq!(
        spool
            .append(&mut [line("dev/api", 40), line("dev/api", 40)])
            .unwrap(),
        1
    );
    drop(spool);
    let spool = Spool::open(&spot.home, small()).unwrap();
    assert_eq!(
        spool.append(&mut lines("dev/api", 0..42)).unwrap(),
        11,
        "30..40 and 41"
    );
    let (all, _) = spool
        .tail(&api(), &Position::default(), usize::MAX)
        .unwrap();
    let expect = [
        lines("dev/api", 5..30),
        lines("dev/api", 0..5),
        vec![line("dev/api", 40)],
        lines("dev/api", 30..40),
        lines("dev/api", 41..42),
    ];
    assert_eq!(bare(all), expect.concat());
    assert!(
        std::fs::read_dir(spot.home.spool().join("dev/api"))
            .unwrap()
            .count()
            > 3,
        "it is in several segments"
    );
    let mut other = line("dev/api", 1);
    other.source = "another".into();
    assert_eq!(
        spool.append(&mut [other]).unwrap(),
        1,
        "the same id of another source is another line"
    );
}

#[test]
fn a_tail_goes_on_where_it_was_whatever_its_steps() {
    let spot = spot();
    let spool = Spool::open(&spot.home, small()).unwrap();
    let all = lines("dev/api", 0..60);
    for most in [1, 3, 7, 100] {
        let (mut got, mut position) = (Vec::new(), Position::default());
        for part in all.chunks(13) {
            spool.append(&mut part.to_vec()).unwrap();
            loop {
                let (some, behind) = spool.tail(&api(), &position, most).unwrap();
                assert!(some.len() <= most);
                position = behind;
                if some.is_empty() {
                    break;
                }
                got.extend(some);
            }
        }
        assert_eq!(bare(got), all, "{most} at a time");
    }
}

#[test]
fn a_tail_begins_with_the_last_lines() {
    let all = lines("dev/api", 0..60);
    for most in [0, 1, 12, 59, 60, 61, 1_000] {
        let spot = spot();
        let spool = Spool::open(&spot.home, small()).unwrap();
        for part in all.chunks(7) {
            spool.append(&mut part.to_vec()).unwrap();
        }
        let (last, position) = spool.last(&api(), most).unwrap();
        assert_eq!(
            bare(last),
            all[all.len() - most.min(all.len())..],
            "the last {most}"
        );
        assert!(
            spool.tail(&api(), &position, 9).unwrap().0.is_empty(),
            "nothing is behind the last line"
        );
        spool.append(&mut [line("dev/api", 1_000)]).unwrap();
        assert_eq!(
            bare(spool.tail(&api(), &position, 9).unwrap().0),
            [line("dev/api", 1_000)]
        );
    }
}

#[test]
fn all_stacks_together_are_in_the_order_of_their_keys() {
    let spot = spot();
    let spool = Spool::open(&spot.home, Limits::default()).unwrap();
    spool
        .append(&mut [
            line("dev/web", 3),
            line("dev/api", 2),
            line("prod/api", 1),
            line("dev/api", 4),
        ])
        .unwrap();
    let (all, position) = spool.tail(&Of::All, &Position::default(), 10).unwrap();
    assert_eq!(
        all.iter().map(|line| line.at.0).collect::<Vec<_>>(),
        [1, 2, 3, 4]
    );
    spool.append(&mut [line("new/one", 9)]).unwrap();
    assert_eq!(
        bare(spool.tail(&Of::All, &position, 10).unwrap().0),
        [line("new/one", 9)]
    );
    assert_eq!(
        spool.last(&Of::All, 1).unwrap().0.len(),
        4,
        "the last of each"
    );
    assert_eq!(
        spool
            .tail(
                &Of::Stack("no/thing".parse().unwrap()),
                &Position::default(),
                10
            )
            .unwrap()
            .0,
        []
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

/// A line of a log group.
fn logged(group: &str, n: i64) -> Line {
    Line {
        kind: SourceKind::Logs,
        source: group.into(),
        ..line("dev/api", n)
    }
}

#[test]
fn a_tail_goes_on_from_the_newest_line_of_its_group() {
    let spot = spot();
    let spool = Spool::open(&spot.home, small()).unwrap();
    let back = Duration::from_millis(10);
    let times = |group: &str| -> Vec<i64> {
        spool
            .newest(&"dev/api".parse().unwrap(), group, back)
            .unwrap()
            .iter()
            .map(|line| line.at.0)
            .collect()
    };
    assert_eq!(times("/g"), [0; 0]);
    for n in 0..60 {
        spool
            .append(&mut [logged("/g", n), line("dev/api", 1_000 + n)])
            .unwrap();
    }
    // Late, another group with a longer name, and a line that says that lines are missing.
    spool
        .append(&mut [
            logged("/g", 55_000_000),
            logged("/g", 54_999_995),
            logged("/g", 7),
            logged("/g/2", 90_000_000),
        ])
        .unwrap();
    spool
        .append(&mut [Line {
            severity: Severity::Gap,
            id: "gap".into(),
            ..logged("/g", 99_000_000)
        }])
        .unwrap();
    assert_eq!(times("/g"), [54_999_995, 55_000_000]);
    assert_eq!(times("/g/2"), [90_000_000]);
    for n in 0..60 {
        spool.append(&mut [line("dev/api", 2_000 + n)]).unwrap();
    }
    assert_eq!(
        times("/g"),
        [54_999_995, 55_000_000],
        "also when it is some segments back"
    );
}

#[test]
fn reading_begins_at_a_time_and_what_is_kept_says_where_it_begins() {
    let spot = spot();
    let spool = Spool::open(&spot.home, small()).unwrap();
    assert_eq!(spool.begins(&Of::All).unwrap(), None);
    for n in 0..60 {
        spool.append(&mut [line("dev/api", n)]).unwrap();
    }
    let newest = spool
        .segments(&"dev/api".parse().unwrap())
        .list()
        .unwrap()
        .last()
        .unwrap()
        .changed_at;
    // The older segments were written long ago.
    let folder = spot.home.spool().join("dev/api");
    for number in 1..=3 {
        let file = std::fs::File::options()
            .append(true)
            .open(folder.join(format!("{number:06}.jsonl")))
            .unwrap();
        let long_ago = std::time::UNIX_EPOCH + Duration::from_secs(1_000 * number);
        file.set_modified(long_ago).unwrap();
    }
    let read = |time: Time| {
        bare(
            spool
                .tail(&api(), &spool.since(&api(), time).unwrap(), usize::MAX)
                .unwrap()
                .0,
        )
    };
    assert_eq!(read(Time(0)), lines("dev/api", 0..60));
    let later = read(Time(3_000_000) + Duration::from_mins(6));
    assert!(
        !later.is_empty() && later.len() < 60 && later.last() == Some(&line("dev/api", 59)),
        "{}",
        later.len()
    );
    assert_eq!(read(newest + Duration::from_hours(1)), []);
    assert_eq!(spool.begins(&api()).unwrap(), Some(Time(0)));
    std::fs::remove_file(folder.join("000001.jsonl")).unwrap();
    assert!(spool.begins(&Of::All).unwrap() > Some(Time(0)));
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
fn a_reader_begins_where_it_is_told_and_reads_everything_in_pieces() {
    let spot = spot();
    let limits = Limits {
        segment: 500_000,
        ..Limits::default()
    };
    let spool = Spool::open(&spot.home, limits).unwrap();
    for part in lines("dev/api", 0..25_000).chunks(1_000) {
        spool.append(&mut part.to_vec()).unwrap();
    }
    let read = |begin| {
        let mut reader = Reader::new(spot.home.clone(), limits, api(), begin);
        let (mut lines, mut pieces) = (Vec::new(), 0);
        loop {
            let piece = reader.more().unwrap();
            assert_eq!(piece.begins, Some(Time(0)));
            lines.extend(piece.lines);
            pieces += 1;
            if !piece.more {
                return (bare(lines), pieces, piece.older);
            }
        }
    };
    assert_eq!(
        read(Begin::Since(Time(0))),
        (lines("dev/api", 0..25_000), 3, false)
    );
    assert_eq!(
        read(Begin::Since(Time(24_000))).0,
        lines("dev/api", 24_000..25_000)
    );
    assert_eq!(
        read(Begin::Newest),
        (lines("dev/api", 20_000..25_000), 1, true),
        "older ones are kept, and that is said"
    );
    let mut reader = Reader::new(
        spot.home.clone(),
        limits,
        Of::Stack("no/thing".parse().unwrap()),
        Begin::Newest,
    );
    assert_eq!(reader.more().unwrap(), Piece::default());
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

/// A line of a source that counts.
fn counted(step: &str, nth: u64, at: i64) -> Line {
    Line {
        id: Id::Nth(nth),
        source: step.into(),
        at: Time(at),
        text: format!("{step} {nth}").as_str().into(),
        ..line("dev/api", at)
    }
}

/// Every writer is a new life over what the one before left: cut anywhere in its last write, and
/// its sources given anew from the beginning, in small pieces that cross segments.
#[test]
fn sources_that_count_are_told_once_and_in_order_over_any_number_of_restarts() {
    let spot = spot();
    // Far more lines than are remembered by their names; times that stand still, and go back.
    let (steps, total) = (["one", "two", "three", "four"], 7_000);
    let at = |nth: u64| i64::try_from(nth / 50 % 7).unwrap();
    let path = spot.home.spool().join("dev/api");
    for life in 1..=7 {
        let spool = Spool::open(
            &spot.home,
            Limits {
                segment: 60_000,
                ..Limits::default()
            },
        )
        .unwrap();
        for nth in 0..life * 1_000 {
            spool
                .append(&mut steps.map(|step| counted(step, nth, at(nth))))
                .unwrap();
        }
        assert_eq!(
            spool
                .reached(&"dev/api".parse().unwrap(), &counted("two", 0, 0).giver())
                .unwrap(),
            Some(life * 1_000 - 1)
        );
        let last = spool
            .segments(&"dev/api".parse().unwrap())
            .list()
            .unwrap()
            .last()
            .copied()
            .unwrap();
        let file = std::fs::File::options()
            .write(true)
            .open(path.join(format!("{:06}.jsonl", last.number)))
            .unwrap();
        file.set_len(last.bytes - (last.bytes.min(life * 37)))
            .unwrap();
    }
    let spool = Spool::open(&spot.home, Limits::default()).unwrap();
    for nth in 0..total {
        spool
            .append(&mut steps.map(|step| counted(step, nth, at(nth))))
            .unwrap();
    }
    let (mut all, _) = spool
        .tail(&api(), &Position::default(), usize::MAX)
        .unwrap();
    all.reverse();
    all.sort_by_key(Line::key);
    for step in steps {
        let its: Vec<&str> = all
            .iter()
            .filter(|line| line.source.as_str() == step)
            .map(|line| line.text.as_str())
            .collect();
        let expect: Vec<String> = (0..total).map(|nth| format!("{step} {nth}")).collect();
        assert_eq!(its, expect);
    }
}
