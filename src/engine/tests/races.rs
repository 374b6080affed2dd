//! Approve, reject and cancel at the same time, on two engines, in every order: one of them counts,
//! the log says which, and nothing runs that nobody approved.

use super::*;
use crate::domain::deployment::DeploymentEvent;
use crate::domain::event::Event;
use crate::sandbox::dice::Dice;

async fn step_one(engines: &mut [Option<Engine>], which: u64) {
    let place = &mut engines[usize::try_from(which).unwrap()];
    place.as_mut().unwrap().step(true).await.unwrap();
    for _ in 0..which * 3 {
        tokio::task::yield_now().await;
    }
}

async fn one_race(seed: u64) -> (bool, bool) {
    let mut dice = Dice::new(seed);
    let bench = Bench::new();
    bench.environment(EnvClass::Development).await;
    let plan = vec![held(step("b", &[]), HoldKind::ReviewPlan)];
    bench.ask(1, deploy(plan)).await;
    let mut engines = [Some(two::any(&bench).await), Some(two::any(&bench).await)];
    for _ in 0..12 {
        step_one(&mut engines, 0).await;
        step_one(&mut engines, 1).await;
        // What one has the other gets once it is over.
        bench.clock.advance(Duration::from_secs(1));
    }
    let folds = bench.store.folds(5).await.unwrap();
    let d = folds.deployments.values().next().unwrap();
    let hold = d.open_holds().next().expect("a hold is open").clone();
    let cancel = Intent::Cancel { deployment: d.id };
    let preview = Ask::Preview {
        intent: cancel.clone(),
        attached: vec![],
    };
    let shown = bench.ask(2, preview).await;
    for _ in 0..6 {
        step_one(&mut engines, 0).await;
        step_one(&mut engines, 1).await;
    }
    let Answer::Card { card } = bench.answer(shown).await else {
        panic!("no card")
    };
    let confirm = |subject, text: &str| Confirm {
        subject: Some(subject),
        text: text.to_owned(),
        reason: String::new(),
    };
    let mut asks = vec![
        Ask::Approve {
            hold: hold.id.clone(),
            confirm: confirm(hold.subject, &hold.phrase),
            choice: None,
        },
        Ask::Reject {
            hold: hold.id.clone(),
            reason: "no".into(),
        },
        Ask::Do {
            intent: cancel,
            attached: vec![],
            confirm: confirm(card.subject, &card.phrase.unwrap_or_default()),
            armed: false,
        },
    ];
    let (mut approve, mut reject) = (None, None);
    for n in 0..3 {
        let which = dice.below(asks.len() as u64);
        let ask = asks.remove(usize::try_from(which).unwrap());
        let (approves, rejects) = (
            matches!(ask, Ask::Approve { .. }),
            matches!(ask, Ask::Reject { .. }),
        );
        let id = bench.ask(10 + n, ask).await;
        if approves {
            approve = Some(id);
        } else if rejects {
            reject = Some(id);
        }
        for _ in 0..dice.below(3) {
            let which = dice.below(2);
            step_one(&mut engines, which).await;
        }
    }
    two::work(&bench, &mut engines).await;

    let accepted = async |id: Option<AskId>| {
        matches!(bench.answer(id.unwrap()).await, Answer::Accepted { .. })
    };
    let (approved, rejected) = (accepted(approve).await, accepted(reject).await);
    assert!(!(approved && rejected), "seed {seed}: both count");
    let all = bench.store.since(0, usize::MAX).await.unwrap();
    let decided = all
        .iter()
        .filter(|stored| match stored.event.as_ref().unwrap() {
            Event::Deployment(event) => matches!(**event, DeploymentEvent::HoldDecided { .. }),
            Event::Stack(_) | Event::Environment(_) => false,
        })
        .count();
    assert!(decided <= 1, "seed {seed}: decided {decided} times");
    let ran = bench.effects().contains_key("b");
    assert!(
        approved || !ran,
        "seed {seed}: it ran and nobody approved it"
    );
    let end = bench.store.folds(5).await.unwrap();
    let end = end.deployments.values().next().unwrap().end.clone();
    match end {
        Some(End::Done) => assert!(approved && ran, "seed {seed}"),
        Some(End::Terminated { .. }) => {}
        other => panic!("seed {seed}: {other:?}"),
    }
    (approved, rejected)
}

#[tokio::test]
async fn of_an_approval_a_rejection_and_a_cancel_one_counts() {
    let (mut approved, mut rejected, mut neither) = (0, 0, 0);
    for seed in 1..=60 {
        match one_race(seed).await {
            (true, _) => approved += 1,
            (_, true) => rejected += 1,
            (false, false) => neither += 1,
        }
    }
    assert!(
        approved > 5 && rejected > 5 && neither > 5,
        "every one of them comes first at times: {approved} {rejected} {neither}"
    );
}
