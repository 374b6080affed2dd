//! Plan graphs: what is refused, and that references resolve.

use proptest::prelude::*;
use serde_json::json;

use super::given::{plan, step};
use super::*;

#[test]
fn refuses_what_cannot_run() {
    assert_eq!(
        plan(vec![step("a", &[]), step("a", &[])]).check(),
        Err(BadPlan::Twice("a".into()))
    );
    assert_eq!(
        plan(vec![step("a", &["x"])]).check(),
        Err(BadPlan::Missing("a".into(), "x".into()))
    );
    assert_eq!(
        plan(vec![step("a", &["b"]), step("b", &["a"])]).check(),
        Err(BadPlan::Cycle(vec!["a".into(), "b".into()]))
    );
    let mut taker = step("b", &[]);
    taker.params = json!({"deep": [{"from": "a", "output": "/x"}]});
    assert_eq!(
        plan(vec![step("a", &[]), taker.clone()]).check(),
        Err(BadPlan::NotNeeded("b".into(), "a".into()))
    );
    taker.after = vec!["a".into()];
    assert_eq!(plan(vec![step("a", &[]), taker]).check(), Ok(()));
}

#[test]
fn ten_thousand_steps_in_one_chain() {
    let steps: Vec<_> = (0..10_000)
        .map(|n| {
            step(
                &n.to_string(),
                &if n == 0 {
                    vec![]
                } else {
                    vec![(n - 1).to_string()]
                }
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>(),
            )
        })
        .collect();
    assert_eq!(plan(steps).order().unwrap().len(), 10_000);
}

#[test]
fn references_resolve_or_say_why() {
    let outputs = BTreeMap::from([("a".into(), Output::public(json!({"x": {"y": 7}})))]);
    assert_eq!(
        resolve(&json!({"n": {"from": "a", "output": "/x/y"}}), &outputs),
        Ok(json!({"n": 7}))
    );
    assert!(
        resolve(&json!({"from": "a", "output": "/z"}), &outputs)
            .unwrap_err()
            .contains("/z")
    );
    assert!(
        resolve(&json!({"from": "b", "output": ""}), &outputs)
            .unwrap_err()
            .contains("no output")
    );
}

proptest! {
    /// Any graph whose edges point backwards in the list can run, and its order respects every
    /// edge.
    #[test]
    fn order_respects_needs(edges in prop::collection::vec((0usize..20, 0usize..20), 0..60)) {
        let mut steps: Vec<_> = (0..20).map(|n| step(&format!("s{n}"), &[])).collect();
        for (a, b) in edges {
            let (low, high) = (a.min(b), a.max(b));
            if low != high {
                steps[high].after.push(StepId(format!("s{low}")));
            }
        }
        let plan = plan(steps);
        prop_assert_eq!(plan.check(), Ok(()));
        let order = plan.order().unwrap();
        let place = |id: &StepId| order.iter().position(|o| *o == id).unwrap();
        for step in &plan.steps {
            for need in &step.after {
                prop_assert!(place(need) < place(&step.id));
            }
        }
    }
}
