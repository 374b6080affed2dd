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
