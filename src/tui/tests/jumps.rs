//! A jump ends where it promised, whatever hides that, or says why not.

use super::*;
use crate::domain::ids::StackId;
use crate::world::fixture::NOW;

/// The stack that the band names first.
fn needed() -> StackId {
    fixture::scene().needs(NOW).unwrap().0.stack
}

/// Hides it behind a filter on another one.
fn filtered() -> Bench {
    let mut bench = Bench::new(fixture::scene());
    bench
        .keys("/dev/web<Enter>")
        .wait(600)
        .keys("gg<Down>")
        .wait(600);
    bench
}

#[test]
fn the_key_of_the_band_goes_there_though_a_filter_hides_it_and_the_next_key_means_it() {
    let mut bench = filtered();
    let before = bench.screen(120, 36);
    assert!(
        before.contains("[0] goes there") && before.contains("/dev/web"),
        "{before}"
    );
    let after = bench.keys("0").screen(120, 36);
    let says = format!("the filter /dev/web hid {}: cleared", needed());
    assert!(
        after.contains(&says) && !after.contains("[0] goes there"),
        "{after}"
    );
    let page = bench.wait(600).keys("d").screen(120, 36);
    assert!(page.contains(&format!(" {} ", needed())), "{page}");
}

#[test]
fn it_goes_there_though_its_environment_is_folded() {
    let mut bench = Bench::new(fixture::scene());
    bench
        .keys("0")
        .wait(600)
        .keys("h")
        .wait(600)
        .keys("G")
        .wait(600);
    let before = bench.screen(120, 36);
    assert!(before.contains("[0] goes there"), "{before}");
    let after = bench.keys("0").screen(120, 36);
    let says = format!("{} was folded: opened", needed().env);
    assert!(
        after.contains(&says) && !after.contains("[0] goes there"),
        "{after}"
    );
}

#[test]
fn what_failed_is_sought_among_what_the_filter_leaves_and_else_among_all() {
    let mut bench = filtered();
    let all = bench.keys("]f").screen(120, 36);
    assert!(all.contains("the filter /dev/web hid "), "{all}");
    let mut narrow = Bench::new(fixture::scene());
    narrow.keys("/prod<Enter>").wait(600).keys("gg").wait(600);
    for key in ["]f", "]f", "[f", "[f"] {
        let screen = narrow.keys(key).screen(120, 36);
        assert!(
            !screen.contains("hid ") && screen.contains("/prod"),
            "{screen}"
        );
    }
}

#[test]
fn the_palette_goes_there_too() {
    for to in ["stack prod-us/orders", "env prod-us"] {
        let mut bench = filtered();
        bench.keys(":").keys(to);
        let there = bench.keys("<Enter>").screen(120, 36);
        assert!(
            there.contains("the filter /dev/web hid prod-us/"),
            "{to}: {there}"
        );
    }
}

/// A whole folds what is at rest below it, and nothing else: what moves or needs somebody stays.
#[test]
fn a_fold_hides_only_what_is_at_rest() {
    let mut bench = Bench::new(fixture::Scene::parted().world);
    let open = bench.screen(120, 36);
    assert!(
        open.contains("v commer") && open.contains("   de  "),
        "{open}"
    );
    let folded = bench.keys("h").wait(600).screen(120, 36);
    assert!(folded.contains("> commer"), "{folded}");
    assert!(!folded.contains("   de  "), "{folded}");
    assert!(
        folded.contains("nl/se") && folded.contains("nl/ca"),
        "{folded}"
    );
    let again = bench.keys(" ").wait(600).screen(120, 36);
    assert!(again.contains("   de  "), "{again}");
}
