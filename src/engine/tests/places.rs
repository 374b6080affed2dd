//! Steps act at places: each attempt is held against the proof of its own place, before its hand is
//! asked for anything.

use super::*;

/// Proves hills; whoever goes to one comes out on the low one.
struct Lost;

impl Eyes for Lost {
    fn reads_files(&self, _: &Look) -> bool {
        false
    }
    fn follow(&self, _: &StackId, _: &Subject, _: Time) -> Option<Box<dyn Follow>> {
        None
    }
    fn look<'a>(
        &'a self,
        _: &'a LookOn,
        _: &'a Look,
        _: Option<&'a SourceBundle>,
    ) -> BoxFuture<'a, Result<Sight, Failure>> {
        async { Err(Failure::new("nothing to see")) }.boxed()
    }
    fn prove<'a>(
        &'a self,
        _: &'a EnvName,
        place: &'a Place,
    ) -> BoxFuture<'a, Result<Proof, Failure>> {
        let whose = if place.kind == "hill" { "low" } else { "1" }.to_owned();
        async {
            Ok(Proof {
                whose,
                within: String::new(),
                who: "us".into(),
                called: "us".into(),
                expires_at: None,
                at: Time(0),
            })
        }
        .boxed()
    }
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
        eyes: Arc::new(Lost),
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
