//! What keys do, and what must be on the screen after them.

use unicode_width::UnicodeWidthStr;

use super::*;

#[test]
fn following_stops_when_the_cursor_moves_and_counts_what_comes() {
    let mut desk = Desk::new(&numbered(50), (80, 10));
    assert_eq!(desk.at(), "line 0");
    desk.shown();
    assert_eq!(desk.at(), "line 49");
    desk.go(Motion::Up);
    let before = desk.shown();
    desk.pane.push(&numbered(60));
    let after = desk.shown();
    assert!(after.contains("paused, 10 new"), "{after}");
    let lines = |text: &str| {
        text.lines()
            .filter(|line| line.contains("cwl"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        lines(&before),
        lines(&after),
        "a paused screen stands still"
    );
    desk.go(Motion::Bottom);
    assert!(desk.shown().contains("line 59"));
    desk.go(Motion::Pause);
    assert!(desk.shown().contains("paused"));
    desk.go(Motion::Pause);
    assert!(desk.shown().contains("follow"));
}

#[test]
fn late_lines_go_to_their_place_and_the_cursor_stays_on_its_line() {
    let mut desk = Desk::new(&numbered(20), (80, 10));
    desk.go(Motion::Top);
    (0..5).for_each(|_| drop(desk.go(Motion::Down)));
    desk.go(Motion::SetMark);
    let late = Batch {
        lines: vec![line(
            T0 + 2,
            "late",
            SourceKind::Events,
            Severity::Info,
            "late",
        )],
        dropped: 3,
    };
    desk.pane.push(&late);
    assert_eq!(desk.at(), "line 5");
    desk.go(Motion::Top);
    desk.go(Motion::JumpMark);
    assert_eq!(desk.at(), "line 5");
    (0..3).for_each(|_| drop(desk.go(Motion::Up)));
    assert_eq!(desk.at(), "late");
    assert!(desk.shown().contains("dropped 3"));
}

#[test]
fn the_first_error_is_the_deployments_own() {
    use Severity::{Error, Warn};
    use SourceKind::{Events, Logs};
    let rows = [
        (Logs, Error, "ERROR upstream timed out, hours before"),
        (Logs, Error, "ERROR upstream timed out, while it ran"),
        (
            Events,
            Warn,
            "UPDATE_FAILED Service: Resource update cancelled",
        ),
        (Events, Error, "CREATE_FAILED LateAlarm: no such metric"),
    ];
    let lines = rows
        .iter()
        .enumerate()
        .map(|(n, (kind, how, text))| line(after(n * 1_000), &n.to_string(), *kind, *how, text));
    let mut desk = Desk::new(
        &Batch {
            lines: lines.collect(),
            dropped: 0,
        },
        (100, 14),
    );
    let began = Some(Time(after(500)));
    // What ended much later is explained by the lines around what failed first.
    let stack = "prod/orders".parse().unwrap();
    let around = |ran: (usize, usize)| {
        desk.pane
            .around(&stack, (Time(after(ran.0)), Time(after(ran.1))))
    };
    let (at, near) = around((500, 600_000)).unwrap();
    assert_eq!((at, near.len()), (Time(after(3_000)), 4));
    assert!(
        near[3]
            .text
            .ends_with("CREATE_FAILED LateAlarm: no such metric")
    );
    assert_eq!(around((500, 1_000)).unwrap().0, Time(after(1_000)));
    assert_eq!(around((500_000, 600_000)), None);
    let other = "prod/billing".parse().unwrap();
    assert_eq!(
        desk.pane.around(&other, (Time(0), Time(after(9_000)))),
        None
    );
    desk.pane.first_error(began);
    assert_eq!(desk.at(), "CREATE_FAILED LateAlarm: no such metric");
    assert_eq!(
        desk.pane.first_error(Some(Time(after(3_500)))),
        Flow::Say("there is no error in these lines".to_owned())
    );

    let mut quiet = Desk::new(
        &Batch {
            lines: vec![
                line(after(0), "a", Logs, Error, "old"),
                line(after(900), "b", Logs, Error, "new"),
            ],
            dropped: 0,
        },
        (100, 14),
    );
    quiet.pane.first_error(began);
    assert_eq!(
        quiet.at(),
        "new",
        "where CloudFormation says nothing, the first line that calls itself an error"
    );
}

#[test]
fn errors_and_warnings_are_found_in_both_directions() {
    let mut desk = Desk::new(&story(), (100, 14));
    desk.go(Motion::Top);
    desk.go(Motion::NextError);
    assert!(desk.at().starts_with("UPDATE_FAILED"));
    desk.go(Motion::NextError);
    assert!(desk.at().starts_with("ERROR could"));
    assert_eq!(
        desk.go(Motion::NextError),
        Flow::Say("no error after this line".to_owned())
    );
    desk.go(Motion::NextWarning);
    desk.go(Motion::NextWarning);
    assert!(desk.at().contains("2/5"));
    desk.go(Motion::PrevWarning);
    assert!(desk.at().contains("1/5"));
    desk.go(Motion::PrevError);
    assert!(desk.at().starts_with("ERROR could"));
}

#[test]
fn searching_keeps_context_and_goes_round() {
    let mut desk = Desk::new(&numbered(3_000), (80, 10));
    desk.go(Motion::Top);
    desk.go(Motion::Find);
    desk.typed("line 2.5$");
    desk.press(KeyCode::Enter);
    assert_eq!(desk.at(), "line 205");
    assert!(
        desk.shown().contains("line 204") && desk.shown().contains("line 206"),
        "the other lines stay"
    );
    (0..3).for_each(|_| drop(desk.go(Motion::NextMatch)));
    assert_eq!(desk.at(), "line 235");
    (0..4).for_each(|_| drop(desk.go(Motion::PrevMatch)));
    assert_eq!(desk.at(), "line 295", "round");
    assert!(
        desk.shown().contains("/line 2.5$ 10/10"),
        "{}",
        desk.shown()
    );
    desk.go(Motion::Find);
    desk.typed("LINE");
    desk.press(KeyCode::Enter);
    assert!(
        matches!(desk.go(Motion::NextMatch), Flow::Say(_)),
        "large letters mean themselves"
    );
    desk.go(Motion::Find);
    desk.typed("2999");
    desk.press(KeyCode::Esc);
    assert_eq!(desk.at(), "line 295", "leaving puts everything back");
}

#[test]
fn a_filter_hides_the_others_and_shows_what_stands_around() {
    let mut desk = Desk::new(&numbered(3_000), (80, 12));
    desk.go(Motion::Filter);
    desk.typed("line 1000 +1");
    desk.press(KeyCode::Enter);
    let text = desk.shown();
    let seen: Vec<_> = [
        "line 998",
        "line 999",
        "line 1000",
        "line 1001",
        "line 1002",
    ]
    .map(|l| text.contains(l))
    .into();
    assert_eq!(seen, [false, true, true, true, false], "{text}");
    desk.go(Motion::Invert);
    desk.go(Motion::ShowAll);
    desk.go(Motion::Filter);
    desk.typed("!1");
    desk.press(KeyCode::Enter);
    desk.go(Motion::Top);
    (0..2).for_each(|_| drop(desk.go(Motion::Down)));
    assert_eq!(desk.at(), "line 3", "lines without a 1");
    assert_eq!(desk.go(Motion::Escape), Flow::Used);
    assert_eq!(desk.go(Motion::Escape), Flow::Pass);
}

#[test]
fn copying_takes_the_selection_without_borders() {
    let mut desk = Desk::new(&story(), (60, 14));
    desk.go(Motion::Top);
    assert_eq!(
        desk.go(Motion::Copy),
        Flow::Copy(
            "2023-11-14T22:22:51.000Z prod/orders hp holdpoint #2291 update started".to_owned()
        )
    );
    desk.go(Motion::Select);
    (0..3).for_each(|_| drop(desk.go(Motion::Down)));
    let Flow::Copy(text) = desk.go(Motion::Copy) else {
        panic!("nothing copied")
    };
    assert_eq!(text.lines().count(), 4);
    assert!(
        text.ends_with(
            "evt shop-orders-prod orders-db/DBInstance ERROR UPDATE_FAILED DBInstance: storage-full"
        ),
        "{text}"
    );
}

#[test]
fn what_is_shown_is_saved() {
    let mut desk = Desk::new(&story(), (100, 14));
    desk.go(Motion::Filter);
    desk.typed("retry");
    desk.press(KeyCode::Enter);
    let Flow::Save(name, text) = desk.go(Motion::Save) else {
        panic!("nothing to save")
    };
    assert_eq!(
        (name.as_str(), text.lines().count()),
        ("holdpoint-20231114T222311Z.log", 2)
    );
}

#[test]
fn no_area_is_too_small_and_no_key_hurts_an_empty_pane() {
    use Motion::*;
    let all = [
        Up,
        Down,
        Left,
        Right,
        HalfUp,
        HalfDown,
        PageUp,
        PageDown,
        Top,
        Bottom,
        ScrollLeft,
        ScrollRight,
        Open,
        Pause,
        Cycle,
        Invert,
        ShowAll,
        NextMatch,
        PrevMatch,
        NextError,
        PrevError,
        NextWarning,
        PrevWarning,
        NextSection,
        PrevSection,
        Follow,
        Wrap,
        Times,
        Columns,
        Pretty,
        Select,
        SetMark,
        JumpMark,
        Save,
        Copy,
        Escape,
    ];
    let rows = |text: &str| {
        text.lines()
            .filter(|line| line.starts_with("\u{2502}>") || line.starts_with("\u{2502}*"))
            .count()
    };
    for batch in [Batch::default(), story()] {
        for size in [(0, 0), (1, 1), (3, 3), (10, 2), (5, 30), (30, 8), (200, 60)] {
            let mut desk = Desk::new(&batch, size);
            let fits = |text: &str, what: &str| {
                let inside = |line: &str| line.width() <= usize::from(size.0);
                assert!(
                    text.lines().count() == usize::from(size.1) && text.lines().all(inside),
                    "{what} in {size:?}:\n{text}"
                );
                let room = !batch.lines.is_empty() && size.0 >= 6 && size.1 >= 5;
                assert_eq!(
                    rows(text) > 0,
                    room,
                    "the row under the cursor after {what} in {size:?}:\n{text}"
                );
            };
            let first = desk.shown();
            fits(&first, "nothing");
            assert_eq!(
                first.contains("UPDATE_ROLLBACK_IN_PROGRESS"),
                size == (200, 60) && !batch.lines.is_empty(),
                "{first}"
            );
            for motion in all {
                desk.go(motion);
                fits(&desk.shown(), &format!("{motion:?}"));
            }
            desk.go(Motion::Find);
            desk.typed("retry");
            let typed = desk.shown();
            fits(&typed, "a search");
            assert_eq!(
                typed.contains("/retry"),
                size.0 >= 10 && size.1 >= 5,
                "{typed}"
            );
            desk.press(KeyCode::Enter);
            fits(&desk.shown(), "Enter");
        }
    }
}

#[test]
fn a_filter_that_matches_nothing_says_so() {
    let mut desk = Desk::new(&numbered(20), (80, 10));
    desk.pane.filter = super::super::Query::read("nowhere").map(super::super::Hits::new);
    desk.shown();
    let shown = desk.shown();
    assert!(
        shown.contains("none of 20 lines matches nowhere"),
        "{shown}"
    );
}

/// What a line says of its level is not said before it again.
#[test]
fn a_level_stands_once_in_what_is_saved_and_copied() {
    use Severity::{Error, Info, Warn};
    use SourceKind::{Events, Logs};
    let rows = [
        (Logs, Warn, "WARN retry 1/5"),
        (Logs, Warn, "2026-03-01 12:00:01 [warning] retry 2/5"),
        (Logs, Error, "level=error msg=gone"),
        (Logs, Warn, "retry, without a word for it"),
        (Events, Error, "UPDATE_FAILED DBInstance"),
        (Logs, Info, "calm"),
    ];
    let lines = rows.iter().enumerate();
    let lines =
        lines.map(|(n, (kind, how, text))| line(after(n), &n.to_string(), *kind, *how, text));
    let batch = Batch {
        lines: lines.collect(),
        dropped: 0,
    };
    let mut desk = Desk::new(&batch, (100, 14));
    let Flow::Save(_, text) = desk.go(Motion::Save) else {
        panic!("nothing to save")
    };
    let ends: Vec<&str> = text
        .lines()
        .map(|line| {
            line.split_once("7f3a ")
                .or_else(|| line.split_once("DBInstance "))
                .unwrap()
                .1
        })
        .collect();
    assert_eq!(
        ends,
        [
            "WARN retry 1/5",
            "2026-03-01 12:00:01 [warning] retry 2/5",
            "level=error msg=gone",
            "WARN retry, without a word for it",
            "ERROR UPDATE_FAILED DBInstance",
            "calm",
        ]
    );
}

/// A pattern that is none says what is wrong with it, and where, instead of finding nothing.
#[test]
fn what_is_wrong_with_a_pattern_is_said_with_its_place() {
    for (typed, says) in [
        ("retry (", "no pattern: unclosed group at character 7"),
        (
            "!ab[",
            "no pattern: unclosed character class at character 4",
        ),
        (
            "*",
            "no pattern: repetition operator missing expression at character 1",
        ),
    ] {
        for motion in [Motion::Find, Motion::Filter] {
            let mut desk = Desk::new(&story(), (120, 14));
            desk.go(motion);
            desk.typed(typed);
            let text = desk.shown();
            assert!(text.contains(says), "{typed}: {text}");
            desk.press(KeyCode::Enter);
            let text = desk.shown();
            assert!(text.contains(says), "{typed}, entered: {text}");
        }
    }
    let mut desk = Desk::new(&story(), (120, 14));
    desk.go(Motion::Find);
    desk.typed("ret.y");
    assert!(!desk.shown().contains("no pattern"));
}
