//! A configuration as a whole: the deployments of its parts.

use serde_json::json;

use super::plans::{ask, read};
use super::*;
use crate::domain::flag::Value as Chosen;
use crate::domain::level::Danger;
use crate::domain::plan::{Leaves, Plan, Role, StepKind};

fn whole() -> (StackId, Spec) {
    let (id, spec, _) = read().remove(0);
    (id, spec)
}

fn filtered(filter: &str) -> Result<Plan, Failure> {
    let (id, spec) = whole();
    let mut ask = ask(&id, Purpose::Deploy);
    let value = Chosen::Text(filter.into());
    ask.flags.insert("filter".parse().unwrap(), value);
    let plan = Mach.plan(&ask, &spec, &Sights::default())?;
    assert_eq!(plan.check(), Ok(()));
    Ok(plan)
}

fn parts(plan: &Plan) -> Vec<String> {
    let steps = plan.steps.iter();
    let parts = steps.filter_map(|step| step.kind.part());
    parts.map(ToString::to_string).collect()
}

#[test]
fn a_whole_has_its_parts_and_deploys_them_in_their_order() {
    let (id, spec) = whole();
    assert_eq!(id.to_string(), "dev/shop");
    let names: Vec<&str> = spec
        .parts
        .keys()
        .map(crate::domain::ids::Part::as_str)
        .collect();
    assert_eq!(names, ["nl", "nl/b"]);
    assert!(spec.is_whole() && spec.bundles().count() == 3);
    let plan = Mach
        .plan(&ask(&id, Purpose::Deploy), &spec, &Sights::default())
        .unwrap();
    assert_eq!(plan.check(), Ok(()));
    assert_eq!(parts(&plan), ["dev/shop/nl", "dev/shop/nl/b"]);
    let last = &plan.steps[1];
    assert_eq!(
        (last.role, &last.after[..]),
        (Role::Child, &["nl".into()][..])
    );
    assert_eq!(last.kind, StepKind::Part("dev/shop/nl/b".parse().unwrap()),);
    assert_eq!(last.params["flags"]["auto-approve"], json!(false));
    assert!(plan.finish_independent && plan.danger.unknown);
    assert_eq!((plan.at_once, plan.leaves()), (Some(4), None));
    assert_eq!(
        plan.says[0],
        "Every part is new, or has other files than what is in service."
    );
}

/// What is the same everywhere and has no secret can change nothing that nobody saw.
#[test]
fn a_card_says_which_parts_have_other_files() {
    let (id, spec) = whole();
    let mut ask = ask(&id, Purpose::Deploy);
    for (part, own) in &spec.parts {
        let part = StackId {
            part: Some(part.clone()),
            ..id.clone()
        };
        ask.standing.insert(part, own.clone());
    }
    let plan = |ask: &PlanAsk| Mach.plan(ask, &spec, &Sights::default()).unwrap();
    let same = plan(&ask);
    assert_eq!(
        same.says[0],
        "Every part has the files of what is in service: nothing starts there where nothing else changed."
    );
    assert!(same.danger.unknown, "its secrets may be others by now");
    let part: StackId = "dev/shop/nl/b".parse().unwrap();
    let own = ask.standing.remove(&part).unwrap();
    ask.standing.insert("dev/shop/fr".parse().unwrap(), own);
    let says = plan(&ask).says;
    let left = "Not in the file any more, and left as they are until they are torn down: fr.";
    assert!(says.iter().any(|one| one == left), "{says:?}");
    let says = &says[0];
    assert!(
        says.starts_with(
            "1 part new or with other files than what is in service: nl/b. 1 part with the same"
        ),
        "{says}"
    );
}

/// [O] A filter names a site with its components, a component, or one of a site; `...` takes what
/// comes after with it. What serves as a whole stays as it was.
#[test]
fn a_filter_deploys_some_parts_alone() {
    let all = ["dev/shop/nl", "dev/shop/nl/b"];
    for (filter, expected) in [
        ("nl", &all[..]),
        ("b", &all[1..]),
        ("nl/b", &all[1..]),
        ("nl/b...", &all[1..]),
        ("nl...", &all[..]),
        (" nl/b , b ", &all[1..]),
        ("", &all[..]),
    ] {
        let plan = filtered(filter).unwrap();
        assert_eq!(parts(&plan), expected, "{filter}");
        let some = expected.len() < all.len();
        assert_eq!(plan.leaves(), some.then_some(Leaves::Old), "{filter}");
    }
    let plan = filtered("b").unwrap();
    assert_eq!(plan.name, "deploy 1 of 2 parts");
    let says = plan.says.last().unwrap();
    assert_eq!(
        says,
        "One part comes before these, and never deployed from here: nl."
    );
    for nothing in [",", "...", "nl,..."] {
        let none = filtered(nothing).unwrap_err();
        assert!(none.summary.ends_with("names nothing"), "{none:?}");
    }
    let unknown = filtered("nl,cart").unwrap_err();
    assert_eq!(unknown.summary, "dev/shop has no part \"cart\"");
    let near = filtered("nl/bb").unwrap_err();
    assert_eq!(near.hint, "did you mean nl/b?");
}

/// Those that need others go first, and only what is there.
#[test]
fn a_teardown_walks_the_edges_in_reverse() {
    let (id, spec) = whole();
    let mut ask = ask(&id, Purpose::Teardown);
    let plan = |ask: &PlanAsk| Mach.plan(ask, &spec, &Sights::default()).unwrap();
    let nothing = plan(&ask);
    assert!(nothing.steps.is_empty() && !nothing.danger.destroys);
    for (part, own) in &spec.parts {
        let part = StackId {
            part: Some(part.clone()),
            ..id.clone()
        };
        ask.standing.insert(part, own.clone());
    }
    let all = plan(&ask);
    assert_eq!(parts(&all), ["dev/shop/nl/b", "dev/shop/nl"]);
    assert_eq!(all.steps[1].after, ["nl/b".into()]);
    assert!(all.danger.destroys && all.check().is_ok());
}

#[test]
fn a_look_for_drift_at_a_whole_looks_at_each_part() {
    let (id, spec) = whole();
    let mut ask = ask(&id, Purpose::Deploy);
    let on = Chosen::Switch(true);
    ask.flags.insert("refresh-only".parse().unwrap(), on);
    let plan = Mach.plan(&ask, &spec, &Sights::default()).unwrap();
    assert!(plan.stays && plan.danger == Danger::default());
    let steps: Vec<_> = plan.steps.iter().map(|step| step.title.as_str()).collect();
    assert_eq!(steps, ["look at nl", "look at nl/b"]);
    let flags = &plan.steps[0].params["flags"];
    assert_eq!(flags["refresh-only"], json!(true));
}
