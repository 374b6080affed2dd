//! Steps act at places: each attempt is held against the proof of its own place, before its hand is
//! asked for anything.

use super::*;

/// Whoever goes to a hill comes out on the low one.
fn lost(place: &Place) -> Proof {
    let whose = if place.kind == "hill" { "low" } else { "1" };
    Blind::proof(whose, "us")
}

async fn runs(steps: Vec<Step>) -> (BTreeMap<String, u32>, String) {
    let bench = Bench::new();
    let places = [
        Place::new("aws", "account", "region").of(Some("1")),
        Place::new("hill", "summit", "side").of(Some("high")),
    ];
    bench
        .environment_at(Class::Development, places.into_iter().collect())
        .await;
    bench.ask(1, deploy(steps)).await;
    let mut engine = Engine::open(Parts {
        eyes: Arc::new(Blind::proving(|place| Some(lost(place)))),
        ..bench.parts(None)
    })
    .await
    .unwrap();
    bench.settle(&mut engine).await.unwrap();
    let why = engine
        .folds()
        .deployments
        .values()
        .next()
        .and_then(|d| match &d.end {
            Some(End::Failed { failure }) => Some(failure.summary.clone()),
            _ => None,
        });
    (bench.effects(), why.unwrap_or_default())
}

#[tokio::test]
async fn a_step_whose_place_is_another_one_is_not_begun() {
    let (effects, why) = runs(vec![step("a", &[]), step("b", &["a"]).at("hill")]).await;
    assert_eq!(effects, BTreeMap::from([("a".into(), 1)]), "{why}");
    assert!(
        why.contains("dev is summit high") && why.contains("found at hill is summit low"),
        "{why}"
    );
}

#[tokio::test]
async fn a_plan_that_acts_where_nothing_is_recorded_does_not_run() {
    let (effects, _) = runs(vec![step("a", &[]), step("b", &["a"]).at("moon")]).await;
    assert_eq!(effects, BTreeMap::new());
}
