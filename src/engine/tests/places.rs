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
        .environment_at(EnvClass::Development, places.into_iter().collect())
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

fn hill() -> Place {
    Place::new("hill", "summit", "side").of(Some("low"))
}

/// What records these places of dev.
fn recording(engine: &Engine, places: &[Place]) -> Intent {
    let dev: EnvName = "dev".parse().unwrap();
    let known = engine.folds().environments[&dev].record.clone().unwrap();
    let record = EnvironmentRecord {
        places: places.iter().cloned().collect(),
        ..known
    };
    Intent::Apply {
        environments: BTreeMap::from([(dev, record)]),
    }
}

/// What asks for this, once its card was read.
async fn read(bench: &Bench, engine: &mut Engine, n: u128, intent: Intent) -> Ask {
    let shown = Ask::Preview {
        intent: intent.clone(),
        attached: vec![],
    };
    let id = bench.ask(n + 100, shown).await;
    engine.step(true).await.unwrap();
    let Answer::Card { card } = bench.answer(id).await else {
        panic!("no card of {intent:?}");
    };
    Ask::Do {
        intent,
        attached: vec![],
        confirm: Confirm {
            subject: Some(card.subject),
            text: card.phrase.unwrap_or_default(),
            reason: String::new(),
        },
        armed: false,
    }
}

/// Asks for it as somebody does who has read what it means.
async fn done(bench: &Bench, engine: &mut Engine, n: u128, intent: Intent) {
    let ask = read(bench, engine, n, intent).await;
    let id = bench.ask(n, ask).await;
    engine.step(true).await.unwrap();
    let answer = bench.answer(id).await;
    assert!(matches!(answer, Answer::Accepted { .. }), "{answer:?}");
}

/// An engine whose record of dev has these places.
async fn at(places: &[Place]) -> (Bench, Engine) {
    let bench = Bench::new();
    bench
        .environment_at(EnvClass::Development, places.iter().cloned().collect())
        .await;
    let mut engine = Engine::open(Parts {
        eyes: Arc::new(Blind::proving(|place| Some(lost(place)))),
        ..bench.parts(None)
    })
    .await
    .unwrap();
    bench.settle(&mut engine).await.unwrap();
    (bench, engine)
}

/// What was asked for, and shown, for one place does not act, or plan, at another one that is
/// recorded before its turn comes.
#[tokio::test]
async fn a_deployment_looks_and_acts_at_the_places_of_its_ask() {
    let (bench, mut engine) = at(&[hill()]).await;
    let frozen = QueueOf::Stack(stack());
    let freeze = Intent::Freeze {
        target: frozen.clone(),
        reason: "wait".to_owned(),
        until: None,
    };
    done(&bench, &mut engine, 1, freeze).await;
    bench.ask(2, deploy(vec![step("a", &[]).at("hill")])).await;
    bench.settle(&mut engine).await.unwrap();
    let elsewhere = recording(&engine, &[Place::new("lake", "shore", "bay")]);
    done(&bench, &mut engine, 3, elsewhere).await;
    assert_eq!(bench.effects(), BTreeMap::new());
    done(&bench, &mut engine, 4, Intent::Thaw { target: frozen }).await;
    bench.settle(&mut engine).await.unwrap();
    assert_eq!(only(&engine).end, Some(End::Done));
    assert_eq!(bench.effects(), BTreeMap::from([("a".into(), 1)]));
}

/// A card is of the place that is recorded when it is answered, also where that is another one than
/// when the looks for it began.
#[tokio::test]
async fn a_record_that_changes_while_an_ask_is_looked_for_has_it_looked_for_anew() {
    let lake = Place::new("lake", "shore", "bay");
    let (bench, mut engine) = at(&[lake]).await;
    let apply = recording(&engine, &[hill()]);
    let apply = read(&bench, &mut engine, 1, apply).await;
    let Ask::Do {
        intent, attached, ..
    } = deploy(vec![step("a", &[]).at("hill")])
    else {
        unreachable!()
    };
    // Both are read in one round: the looks of the first begin before the second is decided.
    let card = bench.ask(2, Ask::Preview { intent, attached }).await;
    bench.ask(3, apply).await;
    for _ in 0..8 {
        engine.step(true).await.unwrap();
        tokio::task::yield_now().await;
    }
    let answer = bench.answer(card).await;
    assert!(matches!(answer, Answer::Card { .. }), "{answer:?}");
}
