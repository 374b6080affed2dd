//! Keys in, asks out.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::*;
use crate::desk::Desk as _;
use crate::domain::estate::Brings;
use crate::domain::flag::{self, Flag, Flags, Form, Value};
use crate::domain::label::Label;
use crate::domain::plan::Leaves;
use crate::domain::purpose::Purpose;
use crate::domain::refused::Refused;

/// The scene, with the cursor on `dev/orders`.
fn on_dev_orders() -> Bench {
    let mut bench = Bench::new(fixture::scene());
    bench
        .keys("/dev/orders<Enter>")
        .wait(600)
        .keys("j")
        .wait(600);
    bench
}

#[test]
fn redeploy_in_development_is_armed_by_one_key() {
    let mut bench = on_dev_orders();
    bench.keys("r").wait(50);
    assert!(
        matches!(
            bench.changing().as_slice(),
            [Ask::Do {
                armed: true,
                intent: Intent::Deploy { .. },
                ..
            }]
        ),
        "{:?}",
        bench.desk.asked.lock().unwrap()
    );
    let armed = bench.wait(50).screen(120, 36);
    assert!(
        armed.contains("orders    ◷ ARMED") && armed.contains("accepted 14:03:24 #2326"),
        "{armed}"
    );
    let undone = bench.keys("u").wait(50).screen(120, 36);
    assert!(undone.contains("orders    ✓ OK"), "{undone}");
}

/// What the engine answers is read to its end beside what is armed, on a narrow screen too.
#[test]
fn what_is_said_is_not_cut_while_there_is_a_line_more() {
    let mut bench = on_dev_orders();
    bench.keys("r").wait(50);
    let narrow = bench.wait(50).screen(80, 24);
    let foot: Vec<&str> = narrow.lines().rev().take(2).collect();
    assert!(
        foot[1].contains("redeploy dev/orders: asked ")
            || foot[1].contains("deploy dev/orders: asked "),
        "{narrow}"
    );
    assert!(foot[0].contains("ARMED #2323 #2326, first in"), "{narrow}");
    assert!(
        foot.iter().all(|line| line.chars().count() < 80),
        "{narrow}"
    );
}

/// A menu waits, however long it stands: nothing is asked before a person has chosen.
#[test]
fn a_menu_of_ways_asks_nothing_by_itself() {
    let mut bench = on_dev_orders();
    bench.keys("n");
    let asked = bench.desk.asked.lock().unwrap().len();
    for _ in 0..20 {
        bench.wait(1_000);
    }
    assert_eq!(bench.desk.asked.lock().unwrap().len(), asked);
    let menu = bench.screen(120, 36);
    assert!(
        menu.contains("before you choose") && menu.contains("Enter look at what it would do"),
        "{menu}"
    );
    let chosen = bench.keys("<Down><Enter>").wait(600).screen(120, 36);
    assert!(chosen.contains("to deploy:"), "{chosen}");
    assert!(bench.changing().is_empty(), "{:?}", bench.changing());
}

/// The menu names what the estate brings in the words of its system, and offers as a release only
/// what came into service: a provisioning brought none.
#[test]
fn a_menu_names_the_branch_and_offers_no_provisioning_as_a_release() {
    let menu = |leaves: Leaves| {
        let mut scene = fixture::Scene::whole();
        let stack = fixture::id("dev/orders");
        let first = scene.good("dev/orders", fixture::spec("dev/orders", "b3ecbabc"));
        scene.good("dev/orders", fixture::spec("dev/orders", "9f01"));
        let d = scene.world.folds.deployments.get_mut(&first).unwrap();
        let plan = Arc::make_mut(d).plan.as_mut().unwrap();
        for step in &mut Arc::make_mut(plan).steps {
            step.leaves = Some(leaves);
        }
        let catalog = Arc::make_mut(&mut scene.world.catalog);
        catalog.stacks.get_mut(&stack).unwrap().brings = Brings::of(
            "provision the site; nothing is built yet",
            "deploy branch main as it is now",
        );
        let mut bench = Bench::new(scene.world);
        bench
            .keys("/dev/orders<Enter>")
            .wait(600)
            .keys("j")
            .wait(600)
            .keys("n");
        bench.screen(120, 36)
    };
    let released = menu(Leaves::New);
    assert!(released.contains("deploy b3ecbabc"), "{released}");
    let provisioned = menu(Leaves::Old);
    assert!(!provisioned.contains("b3ecbabc"), "{provisioned}");
    let branch = "deploy branch main as it is now";
    assert!(provisioned.contains(branch), "{provisioned}");
    assert!(
        !provisioned.contains("nothing is built yet"),
        "{provisioned}"
    );
}

/// A key that promises a choice waits for it, also where there is one way alone.
#[test]
fn a_menu_with_one_way_waits_as_well() {
    let mut bench = Bench::new(fixture::scene());
    bench
        .keys("/dev/reports<Enter>")
        .wait(600)
        .keys("gg<Down>")
        .wait(600)
        .keys("n");
    let menu = bench.wait(3_000).screen(120, 36);
    assert!(
        menu.contains("before you choose") && menu.contains("deploy the files now"),
        "{menu}"
    );
    assert!(bench.desk.asked.lock().unwrap().is_empty());
    bench.keys("<Enter>").wait(3_000);
    assert!(bench.changing().is_empty(), "{:?}", bench.changing());
}

/// Only the key that redeploys confirms by itself: all others say on a card what they would do.
#[test]
fn no_other_key_arms() {
    for key in ["B", "T", "t", "H", "X", "U"] {
        let mut bench = on_dev_orders();
        bench.keys(key).wait(3_000);
        assert!(bench.changing().is_empty(), "{key}: {:?}", bench.changing());
    }
}

/// Another console arms a stack after this one did: the key takes back what was armed here.
#[test]
fn undo_takes_back_what_was_armed_here_and_asks_about_all_else() {
    let mut bench = on_dev_orders();
    bench.keys("r").wait(50);
    let own = bench.changing().len();
    let mut scene = fixture::Scene::new();
    scene.world = (*bench.desk.world()).clone();
    let spec = fixture::spec("dev/web", "413");
    let other = scene.ask("dev/web", spec, Some(20), &[]);
    bench.desk.set(scene.world);
    let armed = bench.wait(50).screen(120, 36);
    assert!(
        armed.contains("ARMED #2323 #2326 #2327") && armed.contains("undoes #2326"),
        "{armed}"
    );
    bench.keys("u").wait(50);
    let undone = |bench: &Bench| match bench.changing().last() {
        Some(Ask::Undo { deployment }) => Some(*deployment),
        _ => None,
    };
    assert!(
        undone(&bench).is_some_and(|of| of != other),
        "{:?}",
        bench.changing()
    );
    let which = bench.wait(2_000).keys("u").wait(50).screen(120, 36);
    assert!(
        which.contains("Armed elsewhere") && which.contains("#2327 dev/web"),
        "{which}"
    );
    assert_eq!(bench.changing().len(), own + 1, "nothing before a choice");
    bench.keys("<Enter>").wait(50);
    assert_eq!(undone(&bench), Some(other));
}

/// The key alone arms, and the card that looks first says so.
#[test]
fn what_is_armed_by_one_key_says_so_before() {
    let mut bench = on_dev_orders();
    bench.desk.by.slow.store(true, Ordering::SeqCst);
    let looks = bench.keys("r").wait(2_000).screen(120, 36);
    assert!(
        looks.contains("it is armed then, with 5 s to undo") && !looks.contains("Up Down"),
        "{looks}"
    );
    let kept = bench.keys("<Down>").wait(50).screen(120, 36);
    assert!(!kept.contains("it is armed then"), "{kept}");
}

/// Each of several armed deployments is named, and the one that the key takes back.
#[test]
fn two_armed_deployments_are_both_named() {
    let mut bench = on_dev_orders();
    let screen = bench.keys("r").wait(50).screen(120, 36);
    let last = screen.lines().last().unwrap();
    assert!(
        last.contains("ARMED #2323 #2326, first in 1s  u undoes #2326"),
        "{last}"
    );
}

#[test]
fn production_is_read_only_until_it_is_unlocked_and_then_asks_for_its_name() {
    let mut bench = Bench::new(fixture::scene());
    bench.keys("/prod-eu/orders<Enter>j").wait(600);
    let said = bench.keys("H").screen(120, 36);
    assert!(
        said.contains("prod-eu is read-only, M unlocks it"),
        "{said}"
    );
    bench.keys("M<Esc>").wait(600);
    bench.keys("H").wait(500).keys("INC-7<Enter>");
    assert!(
        matches!(bench.changing().as_slice(), [Ask::Do { intent: Intent::Freeze { reason, .. }, armed: false, .. }] if reason == "INC-7")
    );
}

#[test]
fn a_hold_is_approved_by_its_phrase_alone() {
    let mut bench = Bench::new(fixture::scene());
    bench.keys("A").wait(600).keys("j<Enter>").wait(500);
    let card = bench.screen(120, 36);
    insta::assert_snapshot!("hold_card", card);
    bench.keys("<Enter>prod<Enter>");
    assert!(
        bench.changing().is_empty(),
        "an inexact text approves nothing"
    );
    bench.keys("<Esc><Esc>");
}

#[test]
fn a_hold_is_rejected_with_a_reason() {
    let mut bench = Bench::new(fixture::scene());
    bench
        .keys("A")
        .wait(600)
        .keys("j<Enter>")
        .wait(500)
        .keys("no<Enter>");
    assert!(bench.changing().is_empty(), "a rejection needs a reason");
    bench.keys(" too late<Enter>");
    assert!(
        matches!(bench.changing().as_slice(), [Ask::Reject { reason, .. }] if reason == "too late")
    );
}

#[test]
fn a_hold_that_changes_under_the_eyes_is_disarmed() {
    let mut bench = Bench::new(fixture::scene());
    bench
        .keys("A")
        .wait(600)
        .keys("j<Enter>")
        .wait(500)
        .keys("prod-us dow");
    let mut world = fixture::scene();
    let no = world.holds(fixture::NOW)[1].hold.id.no;
    for d in world
        .folds
        .deployments
        .values_mut()
        .filter(|d| d.no() == no)
    {
        let hold = std::sync::Arc::make_mut(d).holds.last_mut().unwrap();
        hold.subject = crate::domain::digest::Digest::of_bytes(b"another");
        hold.lines
            .iter_mut()
            .find(|line| line.label == Label::Downtime)
            .unwrap()
            .text = "5m likely".to_owned();
    }
    bench.desk.set(world);
    let card = bench.wait(50).screen(120, 36);
    assert!(
        card.contains("CHANGED   DOWNTIME was the service goes to 0"),
        "{card}"
    );
    bench.keys("n<Enter>prod-us down<Enter>");
    assert!(
        bench.changing().is_empty(),
        "what was typed for the old card, and what was typed too soon, approves nothing"
    );
    bench.wait(2_000).keys("prod-us down<Enter>");
    assert!(matches!(bench.changing().as_slice(), [Ask::Approve { .. }]));
}

#[test]
fn an_approval_covers_what_the_card_showed() {
    let mut bench = Bench::new(fixture::scene());
    let subject = fixture::scene().holds(fixture::NOW)[1].hold.subject;
    bench
        .keys("A")
        .wait(600)
        .keys("j<Enter>")
        .wait(500)
        .keys("prod-us down<Enter>");
    match bench.changing().as_slice() {
        [
            Ask::Approve {
                confirm,
                choice: None,
                ..
            },
        ] => {
            assert_eq!(
                (confirm.subject.as_ref(), confirm.text.as_str()),
                (Some(&subject), "prod-us down")
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_waited_is_not_said_to_wait_once_it_has_started() {
    let mut bench = on_dev_orders();
    let says = "#2326 of dev/orders starts in 4s";
    let waits = bench.keys("r").wait(50).screen(200, 50);
    assert!(
        waits.contains("accepted") && waits.contains(says),
        "{waits}"
    );
    let mut world = (*bench.desk.world()).clone();
    let no = crate::domain::ids::DeploymentNo(2326);
    let id = world.folds.by_no(no).unwrap().id;
    let d = world.folds.deployments.get_mut(&id).unwrap();
    std::sync::Arc::make_mut(d).phase = crate::domain::deployment::Phase::Triggered;
    bench.desk.set(world);
    let started = bench.wait(50).screen(200, 50);
    assert!(
        started.contains("accepted") && !started.contains(says),
        "{started}"
    );
}

#[test]
fn a_key_on_a_card_that_takes_none_says_why() {
    let mut bench = on_dev_orders();
    bench.desk.by.slow.store(true, Ordering::SeqCst);
    let looking = bench.keys("T").wait(500).keys("<Enter>").screen(120, 36);
    assert!(
        looking.contains("the card is still being made"),
        "{looking}"
    );
    bench
        .desk
        .answer(Answer::Refused(Refused::new("frozen", "it is frozen")));
    let refused = bench.wait(50).keys("d").screen(120, 36);
    assert!(refused.contains("nothing can be asked here"), "{refused}");
    assert!(bench.changing().is_empty());
}

/// Where there is no plan as it was asked, what may be chosen leads to another card.
#[test]
fn a_card_without_a_plan_offers_what_may_be_chosen() {
    const NAMES: [&str; 14] = [
        "infra-only",
        "b",
        "c",
        "d",
        "e",
        "f",
        "g",
        "h",
        "i",
        "j",
        "k",
        "l",
        "m",
        "last",
    ];
    let all = NAMES.map(|name| Flag {
        name,
        form: Form::Switch(false),
        purposes: &[Purpose::Deploy],
        says: "the stack alone",
    });
    let mut bench = on_dev_orders();
    bench.desk.by.slow.store(true, Ordering::SeqCst);
    bench.keys("r").wait(500);
    let flags = flag::offered(&all, Purpose::Deploy, &Flags::new());
    let no = |code: &str| Refused::new(code, "it has no version").choosing(flags.clone());
    bench.desk.answer(Answer::Refused(no("frozen")));
    let shut = bench.wait(50).screen(120, 36);
    assert!(!shut.contains("Tab choices"), "{shut}");
    bench.keys("<Esc>r").wait(500);
    bench.desk.answer(Answer::Refused(no(Refused::CANNOT_PLAN)));
    let refused = bench.wait(50).screen(120, 36);
    for says in ["it has no version", "Tab choices"] {
        assert!(refused.contains(says), "{refused}");
    }
    let rows = bench.keys("<Tab>").screen(120, 36);
    assert!(rows.contains("infra-only"), "{rows}");
    // What is under the cursor is in sight, with what it means, where not all of them are.
    for (key, last) in [("<Down>", true), ("<Up>", false)] {
        let small = bench.keys(&key.repeat(NAMES.len())).screen(80, 16);
        assert!(small.contains("MEANS"), "{small}");
        assert_eq!(small.contains("last"), last, "{small}");
        assert_eq!(small.contains("infra-only"), !last, "{small}");
    }
    bench.keys(" <Enter>").wait(600);
    let asked = bench.desk.asked.lock().unwrap();
    let chosen = asked.iter().rev().find_map(|ask| match ask {
        Ask::Preview { intent, .. } => intent.flags().cloned(),
        _ => None,
    });
    let first = "infra-only".parse().unwrap();
    let mut set = chosen.unwrap();
    assert_eq!(set.remove(&first), Some(Value::Switch(true)));
    assert!(set.values().all(|value| *value == Value::Switch(false)));
}

/// Enter on a card that is too old waits for a newer one, and says when that is there.
#[test]
fn a_card_that_was_looked_at_again_says_so() {
    let mut bench = on_dev_orders();
    bench.keys("T").wait(500);
    bench.desk.by.slow.store(true, Ordering::SeqCst);
    let waits = bench.wait(61_000).keys("<Enter>").screen(120, 36);
    assert!(waits.contains("looked at again; one moment"), "{waits}");
    bench.desk.by.slow.store(false, Ordering::SeqCst);
    bench.desk.answer_newest();
    let there = bench.wait(50).screen(120, 36);
    assert!(there.contains("it is the same: Enter once more"), "{there}");
    assert!(bench.changing().is_empty());
}

#[test]
fn a_line_in_one_piece_approves_nothing_and_says_so_whatever_follows() {
    let mut bench = Bench::new(fixture::scene());
    bench.keys("A").wait(600).keys("j<Enter>").wait(500);
    for c in "prod-us down".chars() {
        bench.press(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
    }
    let said = bench.wait(100).keys("<Enter>").screen(120, 36);
    assert!(said.contains("came too fast to be typed"), "{said}");
    assert!(bench.changing().is_empty());
}

#[test]
fn enter_closes_no_page_and_goes_no_further() {
    let mut bench = Bench::new(fixture::scene());
    let page = bench.keys("d").wait(50).screen(120, 36);
    assert!(page.contains("in the service stack lifecycle"), "{page}");
    let still = bench.keys("<Enter>").screen(120, 36);
    assert!(
        still.contains("in the service stack lifecycle") && still.contains("nothing to open here"),
        "{still}"
    );
    let left = bench.keys("<Esc>").screen(120, 36);
    assert!(!left.contains("in the service stack lifecycle"), "{left}");
}

#[test]
fn a_zoomed_pane_is_named() {
    let mut bench = Bench::new(fixture::scene());
    for (pane, name) in [
        ("1", "1 Stacks"),
        ("2", "2 Queue"),
        ("3", "3 Holds"),
        ("5", "5 Events"),
    ] {
        let screen = bench.keys(pane).keys("z").wait(50).screen(120, 36);
        assert!(screen.contains(name), "{screen}");
        bench.keys("z");
    }
}

/// A past deployment opens, and Esc goes back to the list.
#[test]
fn enter_opens_a_deployment_of_the_past() {
    let mut bench = on_dev_orders();
    let list = bench.keys("i").wait(50).screen(120, 36);
    assert!(
        list.contains("Deployments of dev/orders: Enter opens one"),
        "{list}"
    );
    let page = bench.keys("<Down><Enter>").wait(50).screen(120, 36);
    assert!(
        page.contains("of dev/orders") && page.contains("deployment") && page.contains("DONE"),
        "{page}"
    );
    let back = bench.keys("<Esc>").wait(50).screen(120, 36);
    assert!(
        back.contains("Deployments of dev/orders: Enter opens one"),
        "{back}"
    );
}

/// Without contact nothing on the screen is known to be so still: that stands on top.
#[test]
fn a_loss_of_contact_stands_above_all() {
    let mut scene = fixture::Scene::whole();
    for stack in [
        "dev/orders",
        "dev/web",
        "dev/billing",
        "dev/search",
        "dev/reports",
    ] {
        scene.stale(stack, "AWS cannot be reached");
    }
    let now = fixture::NOW;
    for (key, sighting) in &mut scene.world.sightings {
        if key.0.starts_with("stack/dev/") {
            sighting.taken_at = now - std::time::Duration::from_secs(90);
        }
    }
    let screen = Bench::new(scene.world).screen(120, 36);
    let rows: Vec<&str> = screen.lines().collect();
    assert!(
        rows[1].contains("LOST contact with dev since 14:01:") && screen.contains("looks again"),
        "{screen}"
    );
}

/// The lines of everything fill the screen; with the other panes come the lines of the stack again.
#[test]
fn leaving_the_lines_of_everything_comes_back_to_the_stack() {
    let mut bench = on_dev_orders();
    let all = bench.keys("L").wait(600).screen(120, 36);
    assert!(all.contains("Events + logs  all that is followed"), "{all}");
    let back = bench.keys("z").wait(600).screen(120, 36);
    assert!(back.contains("Events + logs  dev/orders"), "{back}");
}

/// On the page of an earlier deployment one sees what one goes back to: one key opens its card.
#[test]
fn a_rollback_is_asked_for_on_the_page_of_a_deployment() {
    let mut bench = on_dev_orders();
    bench.keys("i").wait(50).keys("<Down><Enter>").wait(50);
    let other = bench.keys("X").wait(50).screen(120, 36);
    assert!(other.contains("close this first: Esc"), "{other}");
    bench.keys("B").wait(50);
    let asked = bench.desk.asked.lock().unwrap();
    let previewed = asked.iter().any(|ask| {
        let rollback = |intent: &Intent| matches!(intent, Intent::Rollback { .. });
        matches!(ask, Ask::Preview { intent, .. } if rollback(intent))
    });
    assert!(previewed, "{asked:?}");
}
