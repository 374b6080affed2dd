//! A build as it is told, whatever comes first, and wherever its engine died.

use super::*;
use crate::forms::codebuild::{IN_PROGRESS, Log, place};

/// A build so far: each phase with how it ended.
fn seen(phases: &[(&str, &str)], status: &str) -> Build {
    let all = phases.iter().map(|(name, status)| Phase {
        name: (*name).to_owned(),
        place: place(name).unwrap(),
        status: (!status.is_empty()).then(|| (*status).to_owned()),
        took: (!status.is_empty()).then(|| Duration::from_secs(2)),
        why: if *status == "FAILED" {
            vec![("CODE".to_owned(), "exit status 1".to_owned())]
        } else {
            Vec::new()
        },
        ..Phase::default()
    });
    Build {
        id: "shop:1".to_owned(),
        status: status.to_owned(),
        phases: all.collect(),
        log: Some(Log::default()),
        ..Build::default()
    }
}

fn own(text: &str) -> String {
    format!("[Container] 2026/11/26 10:00:00.000001 {text}\n")
}

/// What a container writes from its beginning to its end.
fn written() -> Vec<String> {
    vec![
        own("Waiting for agent ping"),
        own("Phase complete: DOWNLOAD_SOURCE State: SUCCEEDED"),
        own("Phase context status code:  Message: "),
        own("Entering phase BUILD"),
        "one\ntwo\n".to_owned(),
        own("Phase complete: BUILD State: FAILED"),
        own("Phase context status code: CODE Message: exit status 1"),
    ]
}

fn whole() -> Build {
    let phases = [
        ("SUBMITTED", "SUCCEEDED"),
        ("DOWNLOAD_SOURCE", "SUCCEEDED"),
        ("BUILD", "FAILED"),
        ("FINALIZING", "SUCCEEDED"),
        ("COMPLETED", ""),
    ];
    seen(&phases, "FAILED")
}

fn all(told: &mut Told) -> Vec<Given> {
    for message in written() {
        told.read(Time(7), &message);
    }
    let build = whole();
    assert!(told.has_all(&build));
    let mut out = told.tell(&build, true);
    out.extend(told.finish(&build));
    out
}

#[test]
fn a_build_is_told_phase_by_phase() {
    let given = all(&mut Told::after(None));
    let texts: Vec<String> = given
        .iter()
        .map(|one| {
            let text = one.text.as_str().rsplit(".000001 ").next().unwrap();
            format!("{} {text}", one.part)
        })
        .collect();
    assert_eq!(
        texts,
        [
            "SUBMITTED begins",
            "SUBMITTED SUCCEEDED after 2s",
            "DOWNLOAD_SOURCE begins",
            "DOWNLOAD_SOURCE Waiting for agent ping",
            "DOWNLOAD_SOURCE Phase complete: DOWNLOAD_SOURCE State: SUCCEEDED",
            "DOWNLOAD_SOURCE Phase context status code:  Message: ",
            "DOWNLOAD_SOURCE SUCCEEDED after 2s",
            "BUILD begins",
            "BUILD Entering phase BUILD",
            "BUILD one",
            "BUILD two",
            "BUILD Phase complete: BUILD State: FAILED",
            "BUILD Phase context status code: CODE Message: exit status 1",
            "BUILD FAILED after 2s: exit status 1",
            "FINALIZING begins",
            "FINALIZING SUCCEEDED after 2s",
            "COMPLETED shop:1 FAILED after 8s",
        ]
    );
    assert!(given.windows(2).all(|pair| pair[0].nth < pair[1].nth));
    assert!(given.iter().all(|one| one.nth < 1 << 40));
    let bad: Vec<&str> = given
        .iter()
        .filter(|one| one.severity == Severity::Error)
        .map(|one| one.part)
        .collect();
    assert_eq!(bad, ["BUILD", "COMPLETED"]);
}

/// Wherever its engine died, the next one goes on with the next line: none is lost, none comes
/// twice.
#[test]
fn it_goes_on_where_it_was_left() {
    let given = all(&mut Told::after(None));
    for (many, one) in given.iter().enumerate() {
        assert_eq!(all(&mut Told::after(Some(one.nth))), given[many + 1..]);
    }
}

/// However what is seen comes, the same is told under the same numbers.
#[test]
fn phases_and_lines_wait_for_each_other() {
    let expected = all(&mut Told::after(None));
    let stages = [
        (seen(&[("SUBMITTED", "")], IN_PROGRESS), 0, 1),
        // Its lines are ahead of what CodeBuild says
        (seen(&[("SUBMITTED", "SUCCEEDED")], IN_PROGRESS), 5, 2),
        (
            seen(
                &[("SUBMITTED", "SUCCEEDED"), ("DOWNLOAD_SOURCE", "")],
                IN_PROGRESS,
            ),
            5,
            6,
        ),
        // and behind it.
        (
            seen(
                &[
                    ("SUBMITTED", "SUCCEEDED"),
                    ("DOWNLOAD_SOURCE", "SUCCEEDED"),
                    ("BUILD", ""),
                ],
                IN_PROGRESS,
            ),
            5,
            11,
        ),
        (whole(), 5, 11),
        (whole(), 7, 16),
    ];
    let mut told = Told::after(None);
    let (mut out, mut read) = (Vec::new(), 0);
    for (build, upto, many) in stages {
        for message in &written()[read..upto] {
            told.read(Time(7), message);
        }
        read = upto;
        out.extend(told.tell(&build, false));
        assert_eq!(out.len(), many, "{build:?}");
    }
    out.extend(told.finish(&whole()));
    assert_eq!(out, expected);
}

#[test]
fn without_lines_phases_wait_for_none() {
    for mute in [true, false] {
        let mut told = Told::after(None);
        let mut build = whole();
        if mute {
            told.mute();
        } else {
            build.log = None;
        }
        assert!(told.has_all(&build));
        assert_eq!(told.tell(&build, false).len(), 8);
    }
}

/// Lines of a phase that CodeBuild never tells of are told all the same, before the end.
#[test]
fn no_line_is_kept_back_in_the_end() {
    let mut told = Told::after(None);
    let build = seen(
        &[("DOWNLOAD_SOURCE", "STOPPED"), ("COMPLETED", "")],
        "STOPPED",
    );
    told.read(Time(7), &own("Waiting for agent ping"));
    told.read(Time(7), &own("Entering phase BUILD"));
    let given = [
        told.tell(&build, false),
        told.tell(&build, true),
        told.finish(&build),
    ];
    let texts: Vec<&str> = given[1].iter().map(|one| one.text.as_str()).collect();
    assert!(
        texts[0].ends_with("Entering phase BUILD") && texts.len() == 1,
        "{texts:?}"
    );
    let given = given.concat();
    assert!(given.windows(2).all(|pair| pair[0].nth < pair[1].nth));
}

#[test]
fn remarks_move_no_line() {
    let mut told = Told::after(None);
    let begun = seen(&[("BUILD", "")], IN_PROGRESS);
    told.read(Time(7), "one");
    let first = told.tell(&begun, false);
    let remarks = [
        told.remark(Severity::Warn, "asked to stop"),
        told.remark(Severity::Warn, "again"),
    ]
    .concat();
    told.read(Time(7), "two");
    let second = told.tell(&begun, false);
    let numbers: Vec<u64> = [first.clone(), remarks, second.clone()]
        .concat()
        .iter()
        .map(|one| one.nth)
        .collect();
    assert!(
        numbers.windows(2).all(|pair| pair[0] < pair[1]),
        "{numbers:?}"
    );
    let mut plain = Told::after(None);
    plain.read(Time(7), "one\ntwo");
    assert_eq!(plain.tell(&begun, false), [first, second].concat());
}

#[test]
fn what_tells_that_it_is_a_secret_is_covered() {
    let mut told = Told::after(None);
    told.read(
        Time(7),
        "token=ghp_0123456789abcdefghij\n-----BEGIN RSA PRIVATE KEY-----",
    );
    told.read(Time(7), "MIIEowIBAAKCAQEAzvVYl1kNQ9cG4\x1b[31m");
    let given = told.tell(&seen(&[("BUILD", "")], IN_PROGRESS), false);
    let texts: Vec<&str> = given[1..].iter().map(|one| one.text.as_str()).collect();
    assert!(texts[0].ends_with("***"), "{texts:?}");
    assert!(!texts.concat().contains("MIIEow") && !texts.concat().contains('\u{1b}'));
}

#[test]
fn a_failure_quotes_the_last_lines_of_a_phase() {
    let mut told = Told::after(None);
    for nth in 0..30 {
        told.read(Time(7), &format!("line {nth}"));
    }
    told.tell(&seen(&[("BUILD", "")], IN_PROGRESS), false);
    let last = told.last(place("BUILD").unwrap());
    assert_eq!((last.len(), last[0], last[19]), (20, "line 10", "line 29"));
    assert!(told.last(0).is_empty());
}
