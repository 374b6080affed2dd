//! What stands on the last line is so: it counts down, changes with what it rests on, and goes.

use std::sync::Arc;

use super::*;
use crate::desk::Desk as _;
use crate::domain::environment::Freeze;
use crate::domain::given::ana;
use crate::world::World;

fn on(stack: &str) -> Bench {
    let mut bench = Bench::new(fixture::scene());
    bench
        .keys(&format!("/{stack}<Enter>"))
        .wait(600)
        .keys("j")
        .wait(600);
    bench
}

/// The last line of the screen.
fn last(bench: &mut Bench) -> String {
    let screen = bench.wait(50).screen(200, 50);
    screen.lines().last().unwrap().to_owned()
}

fn change(bench: &Bench, change: impl FnOnce(&mut World)) {
    let mut world = (*bench.desk.world()).clone();
    change(&mut world);
    bench.desk.set(world);
}

fn freeze(world: &mut World, stack: &str, frozen: bool, at: crate::domain::time::Time) {
    let fold = world.folds.stacks.get_mut(&fixture::id(stack)).unwrap();
    Arc::make_mut(fold).freeze = frozen.then(|| Freeze {
        reason: "INC-7".to_owned(),
        by: ana(),
        at,
        until: None,
    });
}

#[test]
fn what_is_armed_is_counted_down_and_does_not_start_while_it_is_frozen() {
    let mut bench = on("dev/orders");
    bench.keys("r");
    let armed = last(&mut bench);
    assert!(
        armed.contains("accepted") && armed.contains("dev/orders starts in 4s"),
        "{armed}"
    );
    bench.wait(2_000);
    let later = last(&mut bench);
    assert!(
        later.contains("starts in 2s") && !later.contains("in 4s"),
        "{later}"
    );
    let now = bench.now;
    change(&bench, |world| freeze(world, "dev/orders", true, now));
    let frozen = last(&mut bench);
    assert!(
        frozen.contains("frozen by ana since 12 Mar 14:03Z until thawed: INC-7")
            && !frozen.contains("starts in"),
        "{frozen}"
    );
    let screen = bench.screen(120, 36);
    assert!(!screen.contains("starts in"), "{screen}");
}

#[test]
fn what_was_withdrawn_by_somebody_else_is_not_said_to_start() {
    let mut bench = on("dev/orders");
    bench.keys("r").wait(50);
    change(&bench, |world| {
        let stack = fixture::id("dev/orders");
        let fold = world.folds.stacks.get_mut(&stack).unwrap();
        Arc::make_mut(fold).queue.clear();
    });
    let gone = last(&mut bench);
    assert!(
        gone.contains("accepted") && !gone.contains("dev/orders starts in"),
        "{gone}"
    );
}

#[test]
fn a_freeze_is_said_as_long_as_it_holds() {
    let mut bench = on("dev/orders");
    bench.keys("H").wait(500).keys("INC-7<Enter>");
    let frozen = last(&mut bench);
    assert!(frozen.contains("dev/orders is frozen"), "{frozen}");
    let now = bench.now;
    change(&bench, |world| freeze(world, "dev/orders", false, now));
    let thawed = last(&mut bench);
    assert!(!thawed.contains("is frozen"), "{thawed}");
}

#[test]
fn why_something_is_not_possible_is_said_as_long_as_it_is_not() {
    let mut other = on("dev/orders");
    other.keys("r").wait(50);
    let mut bench = on("dev/orders");
    bench.keys("X");
    let denied = last(&mut bench);
    assert!(
        denied.contains("cancel: nothing of dev/orders waits"),
        "{denied}"
    );
    bench.desk.set((*other.desk.world()).clone());
    let armed = last(&mut bench);
    assert!(!armed.contains("nothing of dev/orders waits"), "{armed}");
}

#[test]
fn that_nothing_needs_a_person_is_said_while_nothing_does() {
    let mut bench = Bench::new(fixture::scene());
    let needy = (*bench.desk.world()).clone();
    change(&bench, |world| {
        world.folds.stacks.clear();
        world.folds.deployments.clear();
        std::sync::Arc::make_mut(&mut world.catalog).stacks.clear();
    });
    bench.wait(100).keys("0");
    assert!(last(&mut bench).contains("nothing needs a person"));
    bench.desk.set(needy);
    assert!(!last(&mut bench).contains("nothing needs a person"));
}
