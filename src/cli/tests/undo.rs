//! `undo`: what the key takes back, from a shell.

use super::*;

fn undone(scene: &mut Scene, stack: &str) -> Answer {
    let id = scene.world.folds.stack(&fixture::id(stack)).queue[0].deployment;
    let by = crate::domain::given::ana();
    scene.ago(0).on(
        id,
        DeploymentEvent::Terminated {
            reason: "undone".to_owned(),
            by,
        },
    );
    Answer::Accepted {
        deployments: vec![],
        says: "it was undone; nothing had started".to_owned(),
    }
}

#[test]
fn what_is_armed_is_withdrawn_by_its_stack_or_by_its_number() {
    let world = fixture::scene();
    let armed = world.folds.stack(&fixture::id("dev/web")).queue[0].clone();
    for (words, waits) in [
        ("undo|dev/web".to_owned(), false),
        (format!("undo|{}", armed.no), false),
        ("undo|dev/web|--wait".to_owned(), true),
    ] {
        let ran = run_with(&words, vec![], None, |scene, desk| {
            let answer = if waits {
                // It is armed when it is asked, and over when it is waited for.
                let before = scene.world.clone();
                let answer = undone(scene, "dev/web");
                let after = std::mem::replace(&mut scene.world, before);
                *desk.by.later.lock().unwrap() = Some(Arc::new(after));
                answer
            } else {
                Answer::Accepted {
                    deployments: vec![],
                    says: "it was undone; nothing had started".to_owned(),
                }
            };
            desk.by.answers.lock().unwrap().push_back(answer);
        });
        assert_eq!(ran.code, Code::Done, "{words}: {}{}", ran.out, ran.err);
        assert!(
            matches!(&ran.asked[..], [Ask::Undo { deployment }] if *deployment == armed.deployment),
            "{words}: {:?}",
            ran.asked
        );
        assert!(ran.out.contains("was undone"), "{words}: {}", ran.out);
    }
}

#[test]
fn where_nothing_is_armed_nothing_is_asked_and_that_is_said() {
    for (words, code, says) in [
        ("undo|dev/orders", Code::Wrong, "nothing is armed"),
        ("undo|dev/ordres", Code::Wrong, "did you mean dev/orders"),
        ("undo|9999", Code::Wrong, "no deployment #9999"),
    ] {
        let ran = run_words(words, vec![], None);
        assert_eq!(ran.code, code, "{words}: {}", ran.err);
        assert!(ran.err.contains(says), "{words}: {}", ran.err);
        assert!(ran.asked.is_empty(), "{words}");
    }
    let started = Answer::Refused(Refused::new("started", "it has started: cancel it instead"));
    let ran = run_words("undo|2321", vec![started], None);
    assert_eq!(ran.code, Code::Wrong, "{}", ran.err);
    assert!(ran.err.contains("cancel it instead"), "{}", ran.err);
}

#[test]
fn what_is_armed_names_the_verb_that_takes_it_back() {
    let ran = run_words("show|dev/web", vec![], None);
    assert!(ran.out.contains("holdpoint undo dev/web"), "{}", ran.out);
}
