//! What is told of apps, in whatever order it comes.

use super::outside::{leaving, plan, step};
use super::serving::served;
use super::sim::{Sim, attached, stack};
use crate::domain::ask::{Intent, Source};
use crate::domain::decide::app_told;
use crate::domain::environment::OnFailure;
use crate::domain::folds::Folds;
use crate::domain::instance::{AppTold, Instance, Slug};
use crate::domain::plan::Leaves;
use crate::domain::time::Time;
use crate::text::safe::Safe;

fn there(title: &str, told_at: i64) -> AppTold {
    AppTold::There {
        instance: Instance {
            id: "a1".parse().unwrap(),
            name: Slug::of(title).unwrap(),
            title: Safe::new(title),
            sign_in: None,
            owner: None,
            told_at: Time(told_at),
            since: Time(told_at),
        },
    }
}

fn gone(told_at: i64) -> AppTold {
    let told_at = Time(told_at);
    AppTold::Gone { told_at }
}

/// In whatever order words come, and however often: the newest one counts.
#[test]
fn the_newest_word_of_an_app_counts_in_whatever_order_they_come() {
    let words = [there("Acme", 1), there("Acme Shop", 3), gone(5)];
    let orders = [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ];
    for order in orders {
        let mut sim = Sim::new(OnFailure::Break);
        for n in order.into_iter().chain(order) {
            let (append, _) = app_told(&sim.folds, &stack(), &words[n]).unwrap();
            sim.take(append);
        }
        let fold = sim.folds.stack(&stack());
        assert_eq!(fold.living_app(), None, "{order:?}");
        assert!(fold.has_left(), "{order:?}");
    }
}

#[test]
fn a_name_in_addresses_stays_and_an_app_may_come_back() {
    let mut sim = Sim::new(OnFailure::Break);
    let mut tell = |told: &AppTold| {
        let (append, _) = app_told(&sim.folds, &stack(), told).unwrap();
        let events = append.writes.len();
        sim.take(append);
        let fold = sim.folds.stack(&stack());
        let app = fold.living_app();
        let app = app.map(|app| format!("{} {}", app.name.as_str(), app.title));
        (events, app)
    };
    let acme = Some("acme Acme".to_owned());
    assert_eq!(tell(&there("Acme", 1)), (1, acme.clone()));
    assert_eq!(tell(&there("Acme", 1)), (0, acme), "it is known");
    let shop = Some("acme Acme Shop".to_owned());
    assert_eq!(tell(&there("Acme Shop", 3)), (1, shop.clone()));
    assert_eq!(tell(&there("Acme", 2)), (0, shop.clone()), "it is older");
    assert_eq!(tell(&gone(2)), (0, shop.clone()), "so is this");
    assert_eq!(tell(&gone(4)), (1, None));
    assert_eq!(tell(&there("Acme Shop", 4)), (0, None), "gone counts");
    assert_eq!(tell(&there("Acme Shop", 5)).1, shop);
    let folds = Folds::default();
    let refused = app_told(&folds, &stack(), &gone(1)).unwrap_err();
    assert_eq!(refused.code, "unknown-environment");
}

/// Also where its teardown was rejected: it is no site of anybody any more.
#[test]
fn nothing_is_deployed_for_an_app_that_is_gone() {
    let mut sim = Sim::new(OnFailure::Break);
    let brings = plan(vec![leaving(step("a", &[]), Leaves::New)]);
    served(&mut sim, &brings, "r1");
    for told in [there("Acme", 1), gone(2)] {
        let (append, _) = app_told(&sim.folds, &stack(), &told).unwrap();
        sim.take(append);
    }
    let files = [attached(&stack(), "r2", &brings)];
    for source in [Source::Estate, Source::Same] {
        let deploy = Intent::deploy(stack(), source);
        let refused = sim.ask(&deploy, &files, true, false);
        assert_eq!(refused, Err("app-gone".to_owned()));
    }
    assert_eq!(
        sim.ask(&Intent::teardown(stack()), &[], true, false),
        Ok(())
    );
}
