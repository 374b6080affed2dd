//! Pane 4 follows what goes on, until a view is pinned.

use super::*;
use crate::domain::end::End;
use crate::domain::failure::Failure;
use crate::domain::ids::StackId;

/// Goes to a stack and says what pane 4 shows of it.
fn shown(bench: &mut Bench, stack: &StackId) -> String {
    bench
        .keys("1<Esc>")
        .keys(&format!("/{stack}<Enter>gg<Down>"))
        .wait(1_000);
    title(bench)
}

fn title(bench: &mut Bench) -> String {
    let screen = bench.screen(120, 36);
    let edge = screen
        .lines()
        .find_map(|line| line.split_once("\u{250c} 4 "))
        .unwrap_or_else(|| panic!("no pane 4:\n{screen}"))
        .1;
    edge.split(['\u{2500}', '\u{2510}'])
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" | ")
}

#[test]
fn the_plan_while_something_runs_or_waits_for_a_person_and_the_map_otherwise() {
    let mut bench = Bench::new(fixture::scene());
    for (stack, view) in [
        ("staging/orders", "Plan"),
        ("prod-us/orders", "Plan"),
        ("prod-us/billing", "Plan"),
        ("dev/billing", "Plan"),
        ("prod-eu/orders", "Plan"),
        ("dev/orders", "Stack"),
        ("staging/web", "Stack"),
        ("prod-us/web", "Stack"),
        ("dev/web", "Stack"),
        ("dev/reports", "Stack"),
        ("dev/chores", "Stack"),
    ] {
        let title = shown(&mut bench, &fixture::id(stack));
        assert!(
            title.starts_with(&format!("{view}  {stack}")),
            "{stack}: {title}"
        );
        assert!(
            title.ends_with("[v] other view") && !title.contains("pinned"),
            "{title}"
        );
    }
}

#[test]
fn it_turns_to_the_map_when_the_deployment_is_over() {
    let stack = fixture::id("staging/orders");
    let mut scene = fixture::Scene::whole();
    let mut bench = Bench::new(scene.world.clone());
    assert!(shown(&mut bench, &stack).starts_with("Plan"));
    let d = scene.world.current(&stack).unwrap().id;
    let failure = Failure::new("no");
    scene.ago(0).fail_step(d, "execute", failure.clone()).end(
        "staging/orders",
        d,
        End::Failed { failure },
    );
    bench.desk.set(scene.world);
    bench.wait(100);
    assert!(
        title(&mut bench).starts_with("Stack"),
        "{}",
        title(&mut bench)
    );
}

#[test]
fn the_key_pins_a_view_from_every_pane_and_the_last_press_lets_go() {
    for pane in crate::tui::panes::TABLE {
        let (orders, running) = (fixture::id("dev/orders"), fixture::id("staging/orders"));
        let mut bench = Bench::new(fixture::scene());
        shown(&mut bench, &orders);
        bench.keys("l").keys(if pane.key == "2" || pane.key == "3" {
            "1"
        } else {
            pane.key
        });
        for (view, pinned) in [
            ("Deployment", true),
            ("Plan", true),
            ("Stack", false),
            ("Deployment", true),
        ] {
            let title = title(bench.keys("v"));
            assert!(
                title.starts_with(&format!("{view}  dev/orders")),
                "{}: {title}",
                pane.name
            );
            assert_eq!(
                title.contains("pinned  [v] other view"),
                pinned,
                "{}: {title}",
                pane.name
            );
        }
        assert!(
            shown(&mut bench, &running).starts_with("Deployment  staging/orders"),
            "what is pinned stays"
        );
        for (view, pinned) in [("Plan", false), ("Stack", true)] {
            let title = title(bench.keys("v"));
            assert!(
                title.starts_with(&format!("{view}  staging/orders"))
                    && title.contains("pinned") == pinned,
                "{title}"
            );
        }
    }
}

#[test]
fn where_it_is_hidden_the_key_shows_it() {
    let mut bench = Bench::new(fixture::scene());
    bench.wait(1_000);
    assert!(!bench.screen(60, 15).contains("4 Plan") && !bench.screen(60, 15).contains("[4 Live]"));
    bench.keys("v");
    assert!(
        bench.screen(60, 15).contains("[4 Live]"),
        "{}",
        bench.screen(60, 15)
    );
}

/// Enter on a step in the plan: the card of the hold where that step waits, else the lines.
#[test]
fn enter_in_the_plan_opens_what_waits_there() {
    let mut bench = Bench::new(fixture::scene());
    shown(&mut bench, &fixture::id("prod-us/orders"));
    bench.screen(120, 36);
    assert!(
        bench.keys("4<Down>").screen(120, 36).contains("4 Plan"),
        "the cursor stands on the step that is not over"
    );
    assert!(
        bench
            .keys("<Enter>")
            .wait(500)
            .screen(120, 36)
            .contains("APPROVE ON")
    );
    bench.keys("<Esc>4gg<Enter>");
    let screen = bench.screen(120, 36);
    assert!(
        !screen.contains("APPROVE ON") && screen.contains("filter"),
        "the hints are those of the lines:\n{screen}"
    );
}
