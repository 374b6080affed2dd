//! What is out of sight, and why: every reason can be read, at the least size too.

use super::*;
use crate::domain::class::EnvClass;
use crate::domain::sighting::{Seen, THING};

fn bench() -> Bench {
    let mut scene = fixture::Scene::new();
    scene.env("dev", EnvClass::Development);
    for (app, why) in [
        ("a", "AWS cannot be reached"),
        ("b", "access denied to the role deployer"),
        ("c", "the credentials have ended"),
        ("d", "AWS cannot be reached"),
    ] {
        let stack = format!("dev/{app}");
        scene.listed(&stack, Ok(fixture::spec(&stack, "1")));
        let sight = fixture::seen(&stack, "UPDATE_COMPLETE");
        scene.sighting(&format!("stack/{stack}"), THING, Seen::Thing { sight }, 60);
        scene.stale(&stack, why);
    }
    let mut bench = Bench::new(scene.world);
    bench.wait(1_000);
    bench
}

#[test]
fn the_band_says_where_every_reason_can_be_read() {
    for (width, height) in [(120, 36), (80, 24)] {
        let mut bench = bench();
        let screen = bench.screen(width, height);
        let words = screen.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("LOST contact with dev"), "{screen}");
        assert!(
            words.contains("(+2 more reasons: [I] lists all)"),
            "{screen}"
        );
        let page = bench.keys("I").wait(100).screen(width, height);
        for told in [
            "AWS cannot be reached",
            "dev/a, dev/d",
            "access denied to the role deployer",
            "dev/b",
            "the credentials have ended",
            "dev/c",
        ] {
            assert!(page.contains(told), "no {told} at {width}x{height}\n{page}");
        }
    }
}
