use crate::world::fixture::{self, NOW, id};
use std::fmt::Write as _;

use super::*;

#[test]
fn the_night_screen_of_every_stack() {
    let world = fixture::scene();
    let mut text = String::new();
    for stack in world.stacks() {
        let verdict = world.verdict(stack, NOW);
        writeln!(text, "{}", verdict.line).unwrap();
        if let Some(why) = &verdict.why {
            writeln!(text, "  WHY  {why}").unwrap();
        }
        if let Some(seen) = &verdict.seen {
            writeln!(text, "  SEEN {}", seen.says()).unwrap();
        }
        for offer in &verdict.next {
            let when = offer.refused.as_ref().map_or_else(|| offer.note.clone(), |no| format!("not now: {} {}", no.why, no.when));
            writeln!(text, "  THEN {} {when}", offer.doing.name()).unwrap();
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_service_at_zero_stands_above_everything() {
    let world = fixture::scene();
    let needs = world.needs(NOW).unwrap();
    assert_eq!((needs.stack.to_string().as_str(), needs.state), ("prod-us/billing", State::Down));
    assert_eq!(needs.line, "DOWN prod-us/billing 0/6 for 4:12 (said 3m10) execute-2 failed");
}

#[test]
fn the_same_failure_is_recognised_without_its_numbers() {
    assert_eq!(fingerprint("DBInstance: storage-full on volume vol-0a1b2c"), fingerprint("DBInstance: storage-full on volume vol-99ff"));
    assert_ne!(fingerprint("storage-full"), fingerprint("quota exceeded"));
    let world = fixture::scene();
    let seen = world.verdict(&id("prod-eu/orders"), NOW).seen.unwrap();
    assert!(seen.says().contains("AllocatedStorage 100>200"), "{}", seen.says());
}

#[test]
fn every_state_has_a_sentence() {
    let world = fixture::scene();
    for stack in world.stacks() {
        let line = world.verdict(stack, NOW).line;
        assert!(line.contains(&stack.to_string()) && line.len() > stack.to_string().len() + 3, "{line}");
    }
}
