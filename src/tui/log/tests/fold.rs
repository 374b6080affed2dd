//! Phases in the log: headers, folds, and that none of them loses, doubles or moves a line.

use proptest::prelude::*;

use super::*;
use crate::domain::deployment::{PHASES, PhaseRun, StepRun};
use crate::domain::ids::DeploymentNo;
use crate::domain::line::{InPhase, PhaseMark};

fn in_phase(n: usize, part: &str, mark: PhaseMark, severity: Severity, text: &str) -> Line {
    Line {
        source: Safe::new("build"),
        part: Safe::new(part),
        no: Some(DeploymentNo(12)),
        phase: Some(InPhase { run: 1, mark }),
        ..line(
            after(n * 1_000),
            &n.to_string(),
            SourceKind::Out,
            severity,
            text,
        )
    }
}

fn begins(n: usize, part: &str) -> Line {
    in_phase(n, part, PhaseMark::Begins, Severity::Info, "begins")
}

fn said(n: usize, part: &str, text: &str) -> Line {
    in_phase(n, part, PhaseMark::Within, Severity::Info, text)
}

fn ends(n: usize, part: &str, status: &str, secs: u64) -> Line {
    let is_bad = status != "SUCCEEDED";
    let severity = if is_bad {
        Severity::Error
    } else {
        Severity::Info
    };
    let mark = PhaseMark::ends(status, Some(Duration::from_secs(secs)), is_bad);
    in_phase(n, part, mark, severity, &format!("{status} after {secs}s"))
}

fn batch(lines: Vec<Line>) -> Batch {
    Batch { lines, dropped: 0 }
}

/// A build whose tests fail, with a line of a log group in between.
fn build() -> Batch {
    batch(vec![
        begins(0, "SUBMITTED"),
        ends(1, "SUBMITTED", "SUCCEEDED", 1),
        begins(2, "INSTALL"),
        said(3, "INSTALL", "added 812 packages"),
        line(
            after(3_500),
            "x",
            SourceKind::Logs,
            Severity::Warn,
            "WARN of another",
        ),
        said(4, "INSTALL", "found 0 vulnerabilities"),
        ends(5, "INSTALL", "SUCCEEDED", 3),
        begins(6, "PRE_BUILD"),
        said(7, "PRE_BUILD", "1 test failed"),
        ends(8, "PRE_BUILD", "FAILED", 2),
        in_phase(
            9,
            "COMPLETED",
            PhaseMark::ends("FAILED", Some(Duration::from_secs(6)), true),
            Severity::Error,
            "docs:1 FAILED after 6s",
        ),
    ])
}

fn rows(shown: &str, word: &str) -> usize {
    shown.lines().filter(|line| line.contains(word)).count()
}

#[test]
fn pictures_of_phases() {
    let mut desk = Desk::new(&build(), (100, 16));
    insta::assert_snapshot!("phases_100", desk.shown());
    desk.go(Motion::FoldAll);
    insta::assert_snapshot!("phases_folded", desk.shown());
    desk.go(Motion::FoldAll);
    desk.size = (80, 18);
    insta::assert_snapshot!("phases_80", desk.shown());
}

#[test]
fn what_went_well_folds_by_itself_and_what_failed_is_open() {
    let mut desk = Desk::new(
        &batch(vec![begins(0, "INSTALL"), said(1, "INSTALL", "one")]),
        (80, 14),
    );
    assert_eq!(rows(&desk.shown(), " one"), 1, "it goes on");
    desk.pane
        .push(&batch(vec![ends(2, "INSTALL", "SUCCEEDED", 2)]));
    let shown = desk.shown();
    assert!(
        rows(&shown, " one") == 0 && shown.contains("> INSTALL  SUCCEEDED 2s  1 line"),
        "{shown}"
    );
    desk.pane.push(&batch(vec![
        begins(3, "BUILD"),
        said(4, "BUILD", "two"),
        ends(5, "BUILD", "FAILED", 2),
    ]));
    let shown = desk.shown();
    assert!(
        shown.contains("v BUILD  FAILED 2s  1 line") && rows(&shown, " two") == 1,
        "{shown}"
    );
}

#[test]
fn what_is_read_does_not_fold_by_itself() {
    let mut desk = Desk::new(
        &batch(vec![begins(0, "INSTALL"), said(1, "INSTALL", "one")]),
        (80, 14),
    );
    desk.shown();
    desk.go(Motion::Pause);
    desk.pane
        .push(&batch(vec![ends(2, "INSTALL", "SUCCEEDED", 2)]));
    assert_eq!(rows(&desk.shown(), " one"), 1);
}

#[test]
fn keys_fold_and_unfold_and_the_cursor_goes_along() {
    let mut desk = Desk::new(&build(), (100, 20));
    desk.go(Motion::Top);
    assert!(matches!(desk.go(Motion::Fold), Flow::Used));
    assert_eq!(rows(&desk.shown(), "SUCCEEDED after 1s"), 1);
    desk.go(Motion::Down);
    assert_eq!(desk.at(), "SUCCEEDED after 1s");
    desk.go(Motion::Left);
    assert_eq!(desk.at(), "begins", "on the header");
    desk.go(Motion::Open);
    assert_eq!(rows(&desk.shown(), "SUCCEEDED after 1s"), 1);
    desk.go(Motion::FoldAll);
    assert_eq!(rows(&desk.shown(), "FAILED after 2s"), 0);
    desk.go(Motion::FoldAll);
    let shown = desk.shown();
    assert_eq!(
        (rows(&shown, "added 812"), rows(&shown, "FAILED after 2s")),
        (1, 1)
    );
    let mut other = Desk::new(&story(), (100, 14));
    assert!(matches!(other.go(Motion::Fold), Flow::Say(_)));
}

#[test]
fn a_search_looks_into_folds_and_opens_what_it_finds() {
    let mut desk = Desk::new(&build(), (100, 20));
    desk.go(Motion::Top);
    desk.go(Motion::Find);
    desk.typed("vulnerab");
    assert_eq!(desk.at(), "found 0 vulnerabilities");
    assert_eq!(rows(&desk.shown(), "added 812"), 1);
    desk.press(KeyCode::Esc);
    assert_eq!(rows(&desk.shown(), "added 812"), 0, "what was open before");
    desk.go(Motion::Filter);
    desk.typed("added");
    desk.press(KeyCode::Enter);
    let shown = desk.shown();
    assert!(
        rows(&shown, "added 812") == 1 && !shown.contains("> INSTALL"),
        "{shown}"
    );
    desk.go(Motion::ShowAll);
    desk.go(Motion::Top);
    desk.go(Motion::NextWarning);
    assert_eq!(desk.at(), "WARN of another");
}

/// What is folded is taken along where it is saved.
#[test]
fn folds_lose_nothing_that_is_saved() {
    let mut desk = Desk::new(&build(), (100, 20));
    desk.go(Motion::FoldAll);
    let Flow::Save(_, text) = desk.go(Motion::Save) else {
        panic!("nothing is saved")
    };
    assert_eq!(text.lines().count(), build().lines.len());
    assert!(text.contains("INSTALL added 812 packages"), "{text}");
}

/// The time of a phase stands beside what it usually takes where an earlier build tells, and only
/// there.
#[test]
fn a_header_says_what_is_usual_on_a_basis() {
    let mut desk = Desk::new(&build(), (100, 20));
    assert!(!desk.shown().contains("usual"));
    let scene = crate::world::fixture::Scene::whole();
    let mut earlier = (**scene.world.folds.deployments.values().next().unwrap()).clone();
    let request = std::sync::Arc::make_mut(earlier.request.as_mut().unwrap());
    request.stack = desk.stack.clone();
    request.no = DeploymentNo(11);
    let phases = [PhaseRun {
        name: Safe::new("INSTALL"),
        status: Some(Safe::new("SUCCEEDED")),
        is_bad: false,
        begun_at: None,
        took_ms: Some(9_000),
    }];
    let mut run = StepRun::blocked();
    run.notes
        .insert(PHASES.to_owned(), serde_json::json!(phases));
    earlier.steps.insert("build".into(), run);
    let deployments = &mut desk.world.folds.deployments;
    deployments.insert(earlier.id, std::sync::Arc::new(earlier));
    let shown = desk.shown();
    assert!(
        shown.contains("INSTALL  SUCCEEDED 3s  2 lines  usual ~9s of 1"),
        "{shown}"
    );
}

#[derive(Debug, Clone)]
struct Made {
    at: usize,
    phase: Option<(usize, usize)>,
}

fn made() -> impl Strategy<Value = Made> {
    let phase = prop::option::weighted(0.8, (0..4_usize, 0..3_usize));
    (0..40_usize, phase).prop_map(|(at, phase)| Made { at, phase })
}

proptest! {
    /// Whatever comes in whatever order, and whatever is forgotten: each line is shown once, in its
    /// order, unless its phase is folded; then the first of its lines stands for it.
    #[test]
    fn folds_hide_what_they_say_and_nothing_else(
        all in prop::collection::vec(made(), 1..60),
        folded in prop::collection::vec(any::<bool>(), 4),
        most in 1..50_usize,
    ) {
        let mut ring = Ring::new(most);
        for (n, made) in all.iter().enumerate() {
            let line = match made.phase {
                None => line(after(made.at), &format!("l{n}"), SourceKind::Logs, Severity::Info, "x"),
                Some((phase, kind)) => {
                    let part = ["A", "B", "C", "D"][phase];
                    let mark = match kind {
                        0 => PhaseMark::Begins,
                        1 => PhaseMark::Within,
                        _ => PhaseMark::ends("SUCCEEDED", None, false),
                    };
                    Line { id: n.to_string().as_str().into(), ..in_phase(made.at, part, mark, Severity::Info, "y") }
                }
            };
            ring.put(&line);
            ring.trim();
        }
        let place = |part: &str| ["A", "B", "C", "D"].iter().position(|one| *one == part);
        let ids: HashMap<u64, bool> = (0..ring.len())
            .filter_map(|at| {
                let row = ring.row(at)?;
                Some((row.section?.id, folded[place(row.source.part.as_str())?]))
            })
            .collect();
        ring.fold(|section| ids.get(&section.id).copied());
        let mut seen: HashSet<&str> = HashSet::new();
        let mut wanted = Vec::new();
        for at in 0..ring.len() {
            let row = ring.row(at).unwrap();
            let Some(section) = row.section else {
                wanted.push(at);
                continue;
            };
            let is_first = seen.insert(row.source.part.as_str());
            prop_assert_eq!(row.is_head, is_first);
            if is_first {
                prop_assert_eq!(ring.head_of(section.id), Some(at));
            }
            if is_first || !section.is_folded() {
                wanted.push(at);
            }
        }
        let mut down = Vec::new();
        let mut at = ring.open_at_or_after(0);
        while let Some(row) = at {
            down.push(row);
            at = ring.open_at_or_after(row + 1);
        }
        prop_assert_eq!(&down, &wanted);
        let mut up = Vec::new();
        let mut at = ring.open_at_or_before(ring.len() - 1);
        while let Some(row) = at {
            up.push(row);
            at = row.checked_sub(1).and_then(|row| ring.open_at_or_before(row));
        }
        up.reverse();
        prop_assert_eq!(&up, &wanted);
        for section in ring.sections() {
            let own = (0..ring.len()).filter_map(|at| ring.row(at)).filter(|row| row.section == Some(section) && row.text == "y");
            prop_assert!(section.lines <= own.count());
        }
    }
}

/// Builds that a tail tells have no deployment: what is usual is said by those whose lines are here.
#[test]
fn builds_of_a_tail_say_what_is_usual_by_the_others_that_are_kept() {
    let tailed = |n: usize, part: &str, status: &str, secs: u64| {
        let line = ends(n, part, status, secs);
        Line {
            kind: SourceKind::Logs,
            source: Safe::new("codebuild:sites-dev"),
            no: None,
            ..line
        }
    };
    let of_build = |n: usize, build: usize, status: &str, secs: u64| {
        let part = format!("#{build} INSTALL");
        let begun = Line {
            phase: Some(InPhase {
                run: 1,
                mark: PhaseMark::Begins,
            }),
            ..tailed(n, &part, status, secs)
        };
        [begun, tailed(n + 1, &part, status, secs)]
    };
    let mut all = of_build(0, 1, "SUCCEEDED", 9).to_vec();
    let shown = Desk::new(&batch(all.clone()), (100, 20)).shown();
    assert!(!shown.contains("usual"), "there is no other: {shown}");
    all.extend(of_build(2, 2, "FAILED", 80));
    all.extend(of_build(4, 3, "SUCCEEDED", 3));
    let shown = Desk::new(&batch(all), (100, 20)).shown();
    for header in [
        "#1 INSTALL  SUCCEEDED 9s  usual ~3s of 1",
        "#2 INSTALL  FAILED 80s  usual ~9s of 2",
        "#3 INSTALL  SUCCEEDED 3s  usual ~9s of 1",
    ] {
        let header = header.replace("80s", &crate::domain::time::short(Duration::from_secs(80)));
        assert!(shown.contains(&header), "no {header:?} in\n{shown}");
    }
}
