//! Deployments of which a part arrived, and their children.

use std::collections::BTreeMap;

use super::outside::{leaving, plan, step};
use super::serving::served;
use super::sim::{Sim, stack};
use crate::domain::ask::{Intent, Source};
use crate::domain::cause::Parent;
use crate::domain::decide::*;
use crate::domain::deployment::{Deployment, DeploymentEvent, Phase, Request};
use crate::domain::end::End;
use crate::domain::environment::OnFailure;
use crate::domain::flag::Flags;
use crate::domain::plan::Leaves;

/// A whole of which some parts did not arrive is a failure: what needs it never starts, it may be
/// retried, and the way back is known.
#[test]
fn a_partial_end_breaks_the_stack_or_goes_on_and_is_never_a_success() {
    let serves = plan(vec![leaving(step("all", &[]), Leaves::New)]);
    let plan = plan(vec![step("nl", &[])]);
    let parts = |name: &str| -> StackId { format!("prod/orders/{name}").parse().unwrap() };
    let (arrived, missing) = (
        vec![parts("de")],
        vec![parts("nl/cart"), parts("nl/search")],
    );
    for (policy, phase) in [
        (OnFailure::Break, "BROKEN"),
        (OnFailure::Continue, "AVAILABLE"),
    ] {
        let mut sim = Sim::new(policy);
        served(&mut sim, &serves, "r0");
        let good = sim.newest().id;
        let next: StackId = "prod/web".parse().unwrap();
        let stacks = vec![stack(), next.clone()];
        let files: Vec<_> = stacks
            .iter()
            .map(|stack| super::sim::attached(stack, "r1", &plan))
            .collect();
        let after = BTreeMap::from([(next, vec![stack()])]);
        sim.ask(
            &Intent::Deploy {
                stacks,
                source: Source::Estate,
                after,
                flags: Flags::new(),
            },
            &files,
            true,
            false,
        )
        .unwrap();
        sim.grant();
        let id = sim.folds.stack(&stack()).current.unwrap();
        let end = End::Partial {
            arrived: arrived.clone(),
            missing: missing.clone(),
        };
        let append = finish(&sim.folds, id, &end);
        sim.take(append);
        sim.grant();
        let d = sim.folds.deployments[&id].clone();
        assert_eq!((d.phase, d.end.as_ref()), (Phase::Partial, Some(&end)));
        assert_eq!(d.class(), crate::domain::lifecycle::PhaseClass::Broken);
        let fold = sim.folds.stack(&stack());
        assert_eq!((fold.phase.as_str(), fold.last_good), (phase, Some(good)));
        assert_eq!(
            fold.rollback_to(&sim.folds),
            Some(good),
            "it is in doubt what serves: back to the last good one"
        );
        let says = "2 of 3 parts did not arrive: prod/orders/nl/cart, prod/orders/nl/search";
        assert_eq!(
            fold.broken.as_deref(),
            (policy == OnFailure::Break).then_some(says)
        );
        let waited = sim.newest();
        assert!(
            matches!(&waited.end, Some(End::Terminated { reason, .. }) if reason.contains("prod/orders")),
            "{:?}",
            waited.end
        );
        sim.ask(&Intent::Retry { deployment: id }, &[], true, false)
            .unwrap();
        assert_eq!(sim.replayed(), sim.folds);
    }
}

/// A form that says nothing, or two things, is no end; a child whose id is not its parent's is no
/// child.
#[test]
fn a_partial_end_and_a_child_that_contradict_themselves_are_a_broken_log() {
    let mut sim = Sim::new(OnFailure::Break);
    sim.deploy(&plan(vec![step("a", &[])])).unwrap();
    sim.grant();
    let d = sim.newest();
    let part = |n: u8| -> StackId { format!("prod/orders/{n}").parse().unwrap() };
    for (arrived, missing) in [
        (vec![], vec![part(1)]),
        (vec![part(1)], vec![]),
        (vec![part(1), part(2)], vec![part(2)]),
    ] {
        let mut d = (*d).clone();
        assert!(
            d.apply(&DeploymentEvent::Partial { arrived, missing }, sim.now)
                .is_err()
        );
        assert_eq!(d.end, None);
    }
    let parent = Parent {
        deployment: d.id,
        step: "a".into(),
        attempt: 1,
    };
    let request = Box::new(Request {
        parent: Some(parent.clone()),
        ..(**d.request.as_ref().unwrap()).clone()
    });
    let created = DeploymentEvent::Created { request };
    assert!(
        Deployment::new(DeploymentId(uuid::Uuid::from_u128(9)))
            .apply(&created, sim.now)
            .is_err()
    );
    let mut child = Deployment::new(parent.child());
    child.apply(&created, sim.now).unwrap();
    assert_eq!(child.parent(), Some(&parent));
}
