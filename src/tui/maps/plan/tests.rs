//! Plans as boxes and as lists.

use proptest::prelude::*;

use super::layout::GraphLayout;
use super::*;
use crate::domain::deployment::StepState;
use crate::domain::failure::Failure;
use crate::domain::hold::HoldKind;
use crate::domain::plan::{Finaliser, HoldRule, HoldWhen, RetryRule, given};
use crate::tui::glyphs::Glyphs;
use crate::tui::theme::Depth;

fn step(id: &str, title: &str, after: &[&str]) -> Step {
    Step {
        title: title.to_owned(),
        kind: "process.run".into(),
        retry: RetryRule { attempts: 2 },
        ..given::step(id, after)
    }
}

fn plan(steps: Vec<Step>) -> Plan {
    Plan {
        name: "update".to_owned(),
        ..given::plan(steps)
    }
}

fn downtime() -> Plan {
    let held = |mut step: Step| {
        step.hold = Some(HoldRule {
            kind: HoldKind::Downtime,
            when: HoldWhen::Always,
            choices: Vec::new(),
            never_expires: false,
        });
        step
    };
    let only = |mut step: Step, branch: &str| {
        step.only_if = Some(("join".into(), branch.to_owned()));
        step
    };
    let mut last = step("restore", "Restore", &["down"]);
    last.finaliser = Some(Finaliser::BadEnd);
    plan(vec![
        step("changes", "Look", &[]),
        step("join", "Choose", &["changes"]),
        only(step("update", "Update", &["join"]), "update"),
        only(held(step("down", "Scale down", &["join"])), "downtime"),
        only(step("execute", "Execute", &["down", "join"]), "downtime"),
        only(step("up", "Scale up", &["execute"]), "downtime"),
        last,
    ])
}

fn runs() -> BTreeMap<StepId, StepRun> {
    let run = |state, from: i64, to: Option<i64>| StepRun {
        state,
        attempt: 1,
        started_at: Some(Time(from * 1_000)),
        ended_at: to.map(|to| Time(to * 1_000)),
        ..StepRun::blocked()
    };
    let mut skipped = StepRun::blocked();
    skipped.state = StepState::Skipped;
    skipped.reason = Some("the branch is downtime\u{1b}[2J".to_owned());
    let mut failed = run(StepState::Failed, 60, Some(90));
    failed.failure = Some(Failure::new("orders-db: storage-full"));
    BTreeMap::from([
        ("changes".into(), run(StepState::Done, 0, Some(12))),
        ("join".into(), run(StepState::Done, 12, Some(13))),
        ("update".into(), skipped),
        ("down".into(), run(StepState::Done, 20, Some(60))),
        ("execute".into(), failed),
        ("up".into(), StepRun::blocked()),
        ("restore".into(), run(StepState::Active, 90, None)),
    ])
}

fn shown(of: &PlanOf<'_>, view: &mut PlanView, width: u16, height: u16) -> String {
    let theme = Theme::built_in("dark", Depth::True, Glyphs::UNICODE).unwrap();
    let area = Rect::new(0, 0, width, height);
    let mut buf = Buffer::empty(area);
    view.draw(of, true, &theme, area, &mut buf);
    let line = |y: u16| {
        (0..width)
            .map(|x| buf[(x, y)].symbol().to_owned())
            .collect::<String>()
    };
    (0..height)
        .map(|y| line(y).trim_end().to_owned() + "\n")
        .collect()
}

#[test]
fn pictures() {
    let (plan, runs) = (downtime(), runs());
    let usual = |step: &Step| (step.id.as_str() == "restore").then(|| Duration::from_secs(20));
    let live = PlanOf {
        plan: &plan,
        runs: Some(&runs),
        now: Time(125_000),
        usual: Some(&usual),
        stands: None,
    };
    let mut view = PlanView::default();
    insta::assert_snapshot!(
        "card_boxes",
        shown(&PlanOf::card(&plan), &mut view, 110, 14)
    );
    insta::assert_snapshot!("card_list", shown(&PlanOf::card(&plan), &mut view, 60, 8));
    insta::assert_snapshot!("live_boxes", shown(&live, &mut view, 110, 14));
    view.motion(Motion::Down, &live);
    insta::assert_snapshot!("live_list", shown(&live, &mut view, 78, 8));
    insta::assert_snapshot!("live_list_short", shown(&live, &mut view, 40, 3));
}

#[test]
fn a_title_is_cut_only_where_there_is_no_room() {
    let titles = [
        "Compare with what was approved",
        "Bring the release before of staging-web up",
    ];
    let plan = plan(vec![
        step("a", titles[0], &[]),
        step("b", titles[1], &["a"]),
    ]);
    let list = shown(&PlanOf::card(&plan), &mut PlanView::default(), 120, 3);
    assert!(titles.iter().all(|title| list.contains(title)), "{list}");
}

/// Steps of ways that were not taken leave the others room; the cursor opens them.
#[test]
fn skipped_steps_share_a_row_where_room_is_short() {
    let names = ["one", "two", "three", "four", "five", "six"];
    let steps = names.iter().enumerate();
    let plan = plan(
        steps
            .map(|(n, id)| step(id, &format!("do {id}"), &names[n.saturating_sub(1)..n]))
            .collect(),
    );
    let state = |n| match n {
        1..=3 => StepState::Skipped,
        4 => StepState::Active,
        _ => StepState::Done,
    };
    let run = |n| StepRun {
        state: state(n),
        ..StepRun::blocked()
    };
    let runs: BTreeMap<StepId, StepRun> = (0..names.len())
        .map(|n| (names[n].into(), run(n)))
        .collect();
    let of = PlanOf {
        plan: &plan,
        runs: Some(&runs),
        now: Time(0),
        usual: None,
        stands: None,
    };
    let rows = |view: &mut PlanView, height| -> Vec<String> {
        let shown = shown(&of, view, 60, height);
        shown
            .lines()
            .map(|line| line.trim_end().to_owned())
            .collect()
    };
    let mut view = PlanView::default();
    assert_eq!(rows(&mut view, 6).len(), 6);
    let folded = rows(&mut view, 5);
    assert_eq!(
        folded.iter().filter(|row| !row.is_empty()).count(),
        4,
        "{folded:#?}"
    );
    assert!(
        folded[1].contains("SKIPPED   3 steps: do two; do three; do four"),
        "{folded:#?}"
    );
    view.motion(Motion::Top, &of);
    view.motion(Motion::Down, &of);
    let open = rows(&mut view, 5);
    assert!(
        open.join("\n").contains("do four") && !open.join("\n").contains("3 steps"),
        "{open:#?}"
    );
}

#[test]
fn the_longest_chain_is_the_critical_path() {
    let (plan, runs) = (downtime(), runs());
    let live = PlanOf {
        plan: &plan,
        runs: Some(&runs),
        now: Time(125_000),
        usual: None,
        stands: None,
    };
    let ids: Vec<_> = live.critical().into_iter().map(StepId::as_str).collect();
    assert_eq!(ids, ["changes", "join", "down", "restore"]);
}

#[test]
fn motions_stay_on_steps() {
    let plan = downtime();
    let of = PlanOf::card(&plan);
    for (width, height) in [(110, 14), (60, 4)] {
        let mut view = PlanView::default();
        for motion in [
            Motion::Down,
            Motion::Right,
            Motion::Right,
            Motion::Up,
            Motion::Left,
            Motion::Bottom,
            Motion::PageUp,
            Motion::Top,
        ] {
            shown(&of, &mut view, width, height);
            assert!(view.motion(motion, &of));
            assert!(view.selected(&plan).is_some(), "{motion:?}");
        }
        assert!(view.motion(Motion::Escape, &of) && view.selected(&plan).is_none());
        assert!(!view.motion(Motion::Wrap, &of));
    }
}

#[test]
fn chains_and_diamonds_become_boxes_and_what_cannot_be_read_does_not() {
    let laid = |edges: &[(usize, usize)]| {
        DagLayout.lay(&[(12, 4), (9, 4), (14, 4), (8, 4), (10, 4)], edges)
    };
    for edges in [
        vec![(0, 1), (1, 2), (2, 3), (3, 4)],
        vec![(0, 1), (0, 2), (1, 3), (2, 3), (3, 4)],
        vec![(0, 1), (0, 2), (0, 3), (0, 4)],
    ] {
        assert!(laid(&edges).is_some(), "{edges:?}");
    }
    let mut crossed = laid(&[(0, 1), (1, 2)]).unwrap();
    let middle = crossed.nodes[1];
    crossed.edges[0] = vec![
        (crossed.nodes[0].right() - 1, middle.y + 1),
        (crossed.nodes[2].x, middle.y + 1),
    ];
    assert!(!crossed.can_be_read(&[(0, 2)]), "a line through a box");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the shape: what is laid out has its sizes, lies inside, and no two boxes overlap.
    #[test]
    fn layouts_can_be_read(shape in prop::collection::vec((any::<u16>(), 3u16..18), 1..16)) {
        let sizes: Vec<(u16, u16)> = shape.iter().map(|(_, width)| (*width + 4, 4)).collect();
        let mut edges = Vec::new();
        for (at, (bits, _)) in shape.iter().enumerate() {
            edges.extend((0..at).filter(|from| bits >> (from % 16) & 3 == 3).map(|from| (from, at)));
        }
        let Some(laid) = DagLayout.lay(&sizes, &edges) else { return Ok(()) };
        for (n, node) in laid.nodes.iter().enumerate() {
            prop_assert_eq!((node.width, node.height), sizes[n]);
            prop_assert!(node.right() <= laid.width && node.bottom() <= laid.height);
            for other in &laid.nodes[n + 1..] {
                prop_assert!(node.intersection(*other).is_empty());
            }
        }
    }
}
