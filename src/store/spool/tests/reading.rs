//! What readers are given: in which order, from where on, and once.

use super::*;

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
