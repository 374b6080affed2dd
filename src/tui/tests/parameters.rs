//! The form of a parameter: it takes where a value is, and leads to a card.

use std::sync::Arc;

use super::*;
use crate::domain::flag::Value;

/// On a stack whose builds have parameters, with the form open.
fn form() -> Bench {
    let mut world = fixture::scene();
    let catalog = Arc::make_mut(&mut world.catalog);
    let entry = catalog.stacks.get_mut(&fixture::id("dev/orders")).unwrap();
    entry.parameters = Some("/sites/dev/orders".to_owned());
    let mut bench = Bench::new(world);
    bench
        .keys("/dev/orders<Enter>")
        .wait(600)
        .keys("j")
        .wait(600);
    bench.act("parameter").wait(400);
    bench
}

/// What is chosen in the previews that were asked for.
fn chosen(bench: &Bench) -> Vec<String> {
    let asked = bench.desk.asked.lock().unwrap();
    let flags = asked.iter().filter_map(|ask| match ask {
        Ask::Preview { intent, .. } => intent.flags(),
        _ => None,
    });
    let said = flags.flat_map(|flags| flags.values().map(Value::to_string));
    said.collect()
}

#[test]
fn the_form_says_what_it_does_and_leads_to_the_card() {
    for (typed, change) in [
        ("TOKEN<Tab>file:/run/token<Enter>", "TOKEN=file:/run/token"),
        ("TOKEN<Tab>delete<Enter>", "-TOKEN"),
    ] {
        let mut bench = form();
        let screen = bench.screen(120, 36);
        assert!(screen.contains("PARAMETER OF dev/orders"), "{screen}");
        assert!(screen.contains("/sites/dev/orders"), "{screen}");
        bench.keys(typed).wait(600);
        assert_eq!(chosen(&bench), [change]);
        assert_eq!(bench.changing(), [], "the card comes first");
        assert!(!bench.screen(80, 24).contains("PARAMETER OF"));
    }
}

/// What is typed where a value is to be named may be the value: it is asked of nobody, and not shown
/// again.
#[test]
fn a_value_in_the_place_of_a_reference_goes_nowhere() {
    let mut bench = form();
    bench.keys("TOKEN<Tab>hunter2<Enter>").wait(600);
    let screen = bench.screen(120, 36);
    assert!(screen.contains("never the value"), "{screen}");
    assert!(!screen.contains("hunter2"), "{screen}");
    assert_eq!((chosen(&bench), bench.changing()), (vec![], vec![]));
    bench.keys("<Tab><Enter>").wait(600);
    assert_eq!(chosen(&bench), Vec::<String>::new());
}

#[test]
fn where_builds_have_no_parameters_the_key_says_so() {
    let mut bench = Bench::new(fixture::scene());
    bench
        .keys("/dev/orders<Enter>")
        .wait(600)
        .keys("j")
        .wait(600);
    bench.act("parameter");
    let screen = bench.wait(50).screen(200, 50);
    assert!(
        screen.contains("have no parameters by the estate file"),
        "{screen}"
    );
}
