//! What is chosen beside a release: kept by a retry, set anew by who asks, and said where it cannot
//! be.

use super::sim::{Sim, attached, stack};
use crate::domain::ask::{Intent, Source};
use crate::domain::decide::{StartOf, choose, specs};
use crate::domain::environment::OnFailure;
use crate::domain::flag::{Flag, Flags, Form, Value};
use crate::domain::plan::given::{plan, step};
use crate::domain::purpose::Purpose;

const DECLARED: &[Flag] = &[
    Flag {
        name: "slow",
        form: Form::Switch(false),
        purposes: &[Purpose::Deploy],
        says: "one at a time",
    },
    Flag {
        name: "workers",
        form: Form::Number(1),
        purposes: &[Purpose::Deploy],
        says: "so many at once",
    },
];

fn flags(given: &[(&str, &str)]) -> Flags {
    given
        .iter()
        .map(|(name, value)| (name.parse().unwrap(), Value::Text((*value).into())))
        .collect()
}

fn starts(kept: &[(&str, &str)]) -> Vec<StartOf> {
    let sim = Sim::new(OnFailure::Break);
    let files = [attached(&stack(), "r1", &plan(vec![step("a", &[])]))];
    let mut starts = specs(&sim.folds, &Intent::deploy(stack(), Source::Estate), &files).unwrap();
    starts[0].flags = flags(kept);
    starts
}

fn chosen(
    kept: &[(&str, &str)],
    given: &[(&str, &str)],
    declared: &'static [Flag],
) -> Result<String, String> {
    let mut starts = starts(kept);
    let given = flags(given);
    choose(&mut starts, Some(&given), |_| declared).map_err(|refused| refused.to_string())?;
    Ok(starts[0].with.join("; "))
}

#[test]
fn what_is_given_goes_before_what_is_kept_one_flag_at_a_time() {
    let slow = "slow=true (one at a time)";
    assert_eq!(chosen(&[], &[], DECLARED), Ok(String::new()));
    assert_eq!(
        chosen(&[("slow", "true")], &[], DECLARED).as_deref(),
        Ok(slow),
        "a retry keeps it"
    );
    assert_eq!(
        chosen(&[("slow", "true")], &[("slow", "false")], DECLARED),
        Ok(String::new())
    );
    let both = chosen(&[("slow", "true")], &[("workers", "3")], DECLARED).unwrap();
    assert_eq!(
        both,
        format!("{slow}; workers=3 (so many at once)"),
        "the other one stays as it was"
    );
}

#[test]
fn a_flag_that_nothing_takes_is_said_with_a_way_on() {
    let given = chosen(&[], &[("slwo", "true")], DECLARED).unwrap_err();
    assert!(given.contains("did you mean slow?"), "{given}");
    let kept = chosen(&[("slow", "true")], &[], &[]).unwrap_err();
    assert!(
        kept.contains("has no flag slow") && kept.contains("deploy anew"),
        "{kept}"
    );
    let nothing = choose(&mut [], Some(&flags(&[("slow", "true")])), |_| DECLARED).unwrap_err();
    assert!(nothing.to_string().contains("nothing starts"), "{nothing}");
}
