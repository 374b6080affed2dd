//! What is opened over the panes is drawn from the newest world, as they are.

use super::*;
use crate::domain::end::End;
use crate::domain::failure::Failure;
use crate::world::fixture::Scene;

fn on(stack: &str, scene: &Scene) -> Bench {
    let mut bench = Bench::new(scene.world.clone());
    bench
        .keys(&format!("/{stack}<Enter>"))
        .wait(600)
        .keys("gg<Down>")
        .wait(600);
    bench
}

/// The line of a screen that holds this.
fn line<'a>(screen: &'a str, holds: &str) -> &'a str {
    let found = screen.lines().find(|line| line.contains(holds));
    found.unwrap_or_else(|| panic!("no {holds}:\n{screen}"))
}

#[test]
fn the_details_of_a_stack_follow_it_and_their_ages_go_on() {
    let mut scene = Scene::whole();
    let stack = fixture::id("staging/orders");
    let d = scene.world.current(&stack).unwrap().id;
    let mut bench = on("staging/orders", &scene);
    let before = bench.keys("d").screen(120, 50);
    assert!(line(&before, " state ").contains("RUN"), "{before}");
    let failure = Failure::new("no room is left");
    scene.ago(0).fail_step(d, "execute", failure.clone()).end(
        "staging/orders",
        d,
        End::Failed { failure },
    );
    bench.desk.set(scene.world);
    let after = bench.wait(100).screen(120, 50);
    assert!(!line(&after, " state ").contains("RUN"), "{after}");
    assert!(after.contains("no room is left"), "{after}");
    let seen = line(&after, " seen ").to_owned();
    let later = bench.wait(7_000).screen(120, 50);
    assert_ne!(line(&later, " seen "), seen, "{later}");
}

#[test]
fn every_page_is_another_once_the_world_is() {
    for key in ["d", "I", "@", "a"] {
        let mut scene = Scene::whole();
        let mut bench = on("staging/orders", &scene);
        let before = bench.keys(key).screen(120, 200);
        let d = scene
            .world
            .current(&fixture::id("staging/orders"))
            .unwrap()
            .id;
        let failure = Failure::new("no room is left");
        scene.ago(0).fail_step(d, "execute", failure.clone()).end(
            "staging/orders",
            d,
            End::Failed { failure },
        );
        bench.desk.set(scene.world);
        let after = bench.wait(3_000).screen(120, 200);
        assert_ne!(before, after, "{key}");
    }
}

/// What is new stands on top, and the cursor stays on the one that it was on.
#[test]
fn the_list_of_deployments_takes_in_what_is_asked_while_it_is_open() {
    let mut scene = Scene::whole();
    let mut bench = on("dev/orders", &scene);
    bench.keys("i<Down>");
    let before = bench.screen(120, 36);
    let known = scene.world.deployments_of(&fixture::id("dev/orders"));
    let (newest, chosen) = (known[0].no(), known[1].no());
    assert!(before.contains(&newest.to_string()), "{before}");
    let spec = fixture::spec("dev/orders", "413");
    let d = scene.ask("dev/orders", spec, None, &[]);
    let no = scene.world.deployment(d).unwrap().no();
    bench.desk.set(scene.world);
    let after = bench.wait(100).screen(120, 36);
    assert!(after.contains(&no.to_string()), "{after}");
    let page = bench.keys("<Enter>").screen(120, 36);
    assert!(page.contains(&format!(" {chosen} of dev/orders")), "{page}");
}
