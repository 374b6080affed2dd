use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::environment::{Class as EnvClass, EnvironmentRecord};
use crate::world::fixture::{self, NOW, Scene, id};

use super::*;

fn list(world: &World, stack: &str) -> String {
    let line = |offer: Offer| match offer.refused {
        None => format!("{}: yes {}", offer.doing.name(), offer.note),
        Some(NotNow { why, when, .. }) => format!("{}: no, {why} {when}", offer.doing.name()),
    };
    world.offers(&id(stack), NOW).into_iter().map(line).map(|l| l.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_is_possible_in_every_state_of_the_scene() {
    let world = fixture::scene();
    let mut text = String::new();
    for stack in world.stacks() {
        write!(text, "{stack} {}\n{}\n\n", world.row(stack, NOW).state.word(), list(&world, &stack.to_string())).unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn nothing_can_be_changed_where_the_file_differs_or_nobody_would_do_it() {
    let mut world = fixture::scene();
    let stack = id("dev/orders");
    assert!(world.offer(&stack, Doing::Deploy, NOW).refused.is_none());
    world.engine = EngineSeen::None("the folder is read-only".to_owned());
    assert!(world.offers(&stack, NOW).iter().all(|offer| offer.refused.is_some()));
    world.engine = EngineSeen::Starting;
    let file = EnvironmentRecord { account: Some("000000000001".to_owned()), ..fixture::record(EnvClass::Development) };
    Arc::make_mut(&mut world.catalog).environments.insert(stack.env.clone(), file);
    for offer in world.offers(&stack, NOW) {
        assert!(offer.refused.unwrap().why.contains("DIFFERS"));
    }
}

#[test]
fn a_cancel_that_does_not_end_can_be_abandoned_after_its_time() {
    use crate::domain::deployment::{DeploymentEvent, Stopping};
    use crate::domain::person::Person;
    let mut scene = Scene::whole();
    let stack = id("staging/orders");
    let current = scene.world.current(&stack).unwrap().id;
    scene.ago(0);
    let stopping = Stopping::Cancelling { reason: "wrong one".to_owned(), by: Person::Owner("ana".to_owned()), at: NOW };
    scene.on(current, DeploymentEvent::Stopping { stopping });
    let refused = |doing, now| scene.world.offer(&stack, doing, now).refused;
    assert!(refused(Doing::Cancel, NOW).unwrap().when.contains("14:13:22"));
    assert!(refused(Doing::Abandon, NOW).is_some());
    assert!(refused(Doing::Abandon, NOW + Duration::from_mins(10)).is_none());
}
