//! What a person does is in the audit: every action of the table that changes something, and what
//! is decided on a card.

use super::*;
use crate::desk::Desk as _;
use crate::domain::ask::{Confirm, QueueOf, Source};
use crate::domain::given::ana;
use crate::domain::ids::StackId;
use crate::tui::keys::Keys;
use crate::tui::panes::TABLE;
use crate::world::audit::sentence;
use crate::world::available::Doing;
use crate::world::fixture::NOW;

/// What ana did since the world had so many events, as sentences.
fn told(bench: &Bench, before: usize) -> Vec<String> {
    let world = bench.desk.world();
    let new = world.recent.iter().skip(before);
    new.filter(|stored| stored.person == ana())
        .map(|stored| sentence(stored, &world.folds))
        .filter(|sentence| sentence.person)
        .map(|sentence| format!("{}: {}", sentence.on, sentence.what))
        .collect()
}

/// Asks for an intent with the guard that its card asks for.
fn carry_out(bench: &mut Bench, intent: Intent) {
    let id = bench
        .desk
        .submit(Ask::Preview {
            intent: intent.clone(),
            attached: Vec::new(),
        })
        .unwrap();
    let confirm = match bench.desk.state(id) {
        crate::domain::ask::AskState::Answered {
            answer: Answer::Card { card },
        } => Confirm {
            subject: Some(card.subject),
            text: card.phrase.clone().unwrap_or_default(),
            reason: "INC-7".to_owned(),
        },
        other => panic!("{intent:?}: {other:?}"),
    };
    done(
        bench,
        &Ask::Do {
            intent,
            attached: Vec::new(),
            confirm,
            armed: false,
        },
    );
}

fn done(bench: &mut Bench, ask: &Ask) {
    let id = bench.desk.submit(ask.clone()).unwrap();
    match bench.desk.state(id) {
        crate::domain::ask::AskState::Answered {
            answer: Answer::Accepted { .. },
        } => {
            bench.wait(50);
        }
        other => panic!("{ask:?}: {other:?}"),
    }
}

fn offered(bench: &Bench, stack: &StackId, doing: Doing) -> Intent {
    let offer = bench.desk.world().offer(stack, doing, NOW);
    offer
        .intent
        .unwrap_or_else(|| panic!("{doing:?} {stack}: {:?}", offer.refused))
}

/// Does what an action of the table does, somewhere where it can be done.
fn act(bench: &mut Bench, action: &str) {
    let id = fixture::id;
    let intent = match action {
        "redeploy" => Intent::deploy(id("dev/orders"), Source::Same),
        "release" => offered(bench, &id("dev/orders"), Doing::Deploy),
        "rollback" => offered(bench, &id("dev/orders"), Doing::Rollback),
        "retry" => offered(bench, &id("dev/chores"), Doing::Retry),
        "cancel" => offered(bench, &id("staging/orders"), Doing::Cancel),
        "unblock" => offered(bench, &id("staging/web"), Doing::Unblock),
        "freeze" => Intent::Freeze {
            target: QueueOf::Stack(id("dev/orders")),
            reason: "INC-7".to_owned(),
            until: None,
        },
        "thaw" => offered(bench, &id("prod-us/web"), Doing::Thaw),
        "teardown" => offered(bench, &id("dev/orders"), Doing::Teardown),
        // A deployment, of which the systems here let nothing be chosen.
        "parameter" => Intent::deploy(id("dev/orders"), Source::Estate),
        "undo" => {
            let deployment = bench.desk.world().folds.stack(&id("dev/web")).queue[0].deployment;
            return done(bench, &Ask::Undo { deployment });
        }
        "mode" => {
            bench.keys("M").wait(50);
            return;
        }
        other => panic!("{other} is a new action: say here what it does, and see that it is told"),
    };
    carry_out(bench, intent);
}

#[test]
fn every_action_that_changes_something_is_in_the_audit() {
    let keys = Keys::read(None, TABLE).unwrap();
    let changing = keys
        .actions()
        .iter()
        .filter(|action| action.changes() || action.name == "mode");
    for action in changing {
        let mut bench = Bench::new(fixture::scene());
        bench.wait(600);
        let before = bench.desk.world().recent.len();
        act(&mut bench, action.name);
        let sentences = told(&bench, before);
        assert!(!sentences.is_empty(), "{} leaves no trace", action.name);
        let page = bench.wait(600).keys("@").screen(200, 60);
        let shown = sentences.iter().any(|one| {
            let begin: String = one.chars().take(40).collect();
            page.contains(&begin)
        });
        assert!(shown, "{}: {sentences:?}\n{page}", action.name);
    }
}

#[test]
fn a_cancel_names_who_asked_for_it_and_a_lock_what_it_opened() {
    for (action, says) in [
        ("cancel", "is being cancelled"),
        ("mode", "made it GUARDED at a console"),
        ("thaw", "thawed"),
    ] {
        let mut bench = Bench::new(fixture::scene());
        bench.wait(600);
        act(&mut bench, action);
        let page = bench.wait(600).keys("@").screen(200, 60);
        let line = page.lines().find(|line| line.contains(says));
        assert!(
            line.is_some_and(|line| line.contains("ana")),
            "{action}:\n{page}"
        );
    }
}

#[test]
fn what_is_not_followed_is_said_where_everything_is_shown() {
    let mut bench = Bench::new(fixture::scene());
    bench.wait(600).keys("L").wait(600);
    let screen = bench.screen(120, 36);
    assert!(
        screen.contains("NOT FOLLOWED") && screen.contains("L lists them"),
        "{screen}"
    );
    let page = bench.keys("L").screen(120, 36);
    assert!(
        page.contains("What is not followed, and why") && page.contains("watch:"),
        "{page}"
    );
}
