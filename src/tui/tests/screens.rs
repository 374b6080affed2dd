//! Whole screens as text, in the sizes that matter.

use super::*;

fn settled() -> Bench {
    let mut bench = Bench::new(fixture::scene());
    *bench.desk.lines.lock().unwrap() = some_lines(&fixture::id("prod-eu/orders"));
    bench.wait(10_000);
    bench
}

#[test]
fn sizes() {
    for (width, height) in [(120, 36), (80, 24), (60, 15), (200, 60), (150, 40), (50, 10)] {
        insta::assert_snapshot!(format!("console_{width}x{height}"), settled().screen(width, height));
    }
}

#[test]
fn the_card_of_a_change() {
    let mut bench = settled();
    bench.keys("/prod-eu/orders<Enter>j").wait(600).keys("M").wait(600).keys("B").wait(100);
    insta::assert_snapshot!("card_120x36", bench.screen(120, 36));
    insta::assert_snapshot!("card_80x24", bench.screen(80, 24));
    bench.keys("<Tab>");
    insta::assert_snapshot!("card_diff", bench.screen(80, 24));
}

#[test]
fn pages_and_lists() {
    for (name, keys) in [
        ("identity", "I"),
        ("audit", "@"),
        ("explain", "x"),
        ("details", "d"),
        ("deployments", "i"),
        ("help", "?"),
        ("menu", "a"),
        ("palette", ":ord"),
    ] {
        let mut bench = settled();
        bench.keys("]f").wait(600).keys(keys);
        insta::assert_snapshot!(name, bench.screen(120, 36));
    }
}
