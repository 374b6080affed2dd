//! What was deployed long ago can be named still: the folds hold the newest deployments, the store
//! all of them.

use super::*;
use crate::domain::decide::NAMED;
use crate::domain::deployment::DeploymentEvent;
use crate::domain::event::{Append, Event, StreamId};
use crate::domain::ids::DeploymentNo;
use crate::domain::label::Label;
use crate::domain::person::Person;
use crate::domain::refused::Refused;

fn of_release(release: &str, steps: Vec<Step>) -> Ask {
    let Ask::Do {
        intent,
        mut attached,
        confirm,
        armed,
    } = deploy(steps)
    else {
        panic!("a deploy")
    };
    attached[0].spec.release = given::release(release);
    Ask::Do {
        intent,
        attached,
        confirm,
        armed,
    }
}

fn act(intent: &Intent, confirm: Confirm) -> Ask {
    Ask::Do {
        intent: intent.clone(),
        attached: vec![],
        confirm,
        armed: false,
    }
}

/// Asks for an intent and types what its card wants.
async fn answered(bench: &Bench, engine: &mut Engine, n: u128, intent: &Intent) -> Answer {
    let id = bench.ask(n, act(intent, Confirm::default())).await;
    bench.settle(engine).await.unwrap();
    let card = match bench.answer(id).await {
        Answer::Refused(Refused {
            card: Some(card), ..
        }) => card,
        other => return other,
    };
    let confirm = Confirm {
        subject: Some(card.subject),
        text: card.phrase.clone().unwrap_or_default(),
        reason: String::new(),
    };
    let id = bench.ask(n + 1_000, act(intent, confirm)).await;
    bench.settle(engine).await.unwrap();
    bench.answer(id).await
}

/// An engine on a store whose first two deployments, a good one and a failed one, are older than
/// what folds hold.
async fn long_ago(bench: &Bench) -> (Engine, DeploymentId) {
    bench.environment(EnvClass::Development).await;
    bench.ask(1, of_release("good", vec![step("a", &[])])).await;
    let mut engine = Engine::open(bench.parts(None)).await.unwrap();
    bench.settle(&mut engine).await.unwrap();
    bench.outside.failing.lock().unwrap().insert("c".into());
    bench
        .ask(
            2,
            of_release("bad", vec![step("b", &[]), step("c", &["b"])]),
        )
        .await;
    bench.settle(&mut engine).await.unwrap();
    bench.outside.failing.lock().unwrap().clear();
    let failed = engine.folds().by_no(DeploymentNo(2)).unwrap().id;
    for n in 3..60 {
        bench
            .ask(n, of_release(&format!("later-{n}"), vec![step("d", &[])]))
            .await;
        bench.settle(&mut engine).await.unwrap();
    }
    let engine = Engine::open(bench.parts(None)).await.unwrap();
    assert!(
        engine.folds().by_no(DeploymentNo(1)).is_none()
            && engine.folds().by_no(DeploymentNo(2)).is_none()
    );
    (engine, failed)
}

#[tokio::test]
async fn an_old_deployment_is_rolled_back_to_named_by_its_release_and_retried() {
    let bench = Bench::new();
    let (mut engine, failed) = long_ago(&bench).await;
    for (n, intent, release) in [
        (
            100,
            Intent::Rollback {
                stack: stack(),
                to: Some(DeploymentNo(1)),
            },
            "good",
        ),
        (
            101,
            Intent::deploy(stack(), Source::Release("bad".into())),
            "bad",
        ),
        (102, Intent::Retry { deployment: failed }, "bad"),
    ] {
        let answer = answered(&bench, &mut engine, n, &intent).await;
        let Answer::Accepted { deployments, .. } = &answer else {
            panic!("{intent:?}: {answer:?}")
        };
        let d = engine.folds().deployments[&deployments[0].0].clone();
        assert_eq!(
            (
                d.request.as_ref().unwrap().spec.release.name.as_str(),
                &d.end
            ),
            (release, &Some(End::Done))
        );
    }
    // Once in the old deployment, once in the one of its release; the retry carried it over.
    assert_eq!(bench.effects()["b"], 2);
    let nowhere = Intent::Rollback {
        stack: stack(),
        to: Some(DeploymentNo(999)),
    };
    let answer = answered(&bench, &mut engine, 103, &nowhere).await;
    assert!(matches!(answer, Answer::Refused(refused) if refused.code == "unknown-deployment"));
}

#[tokio::test]
async fn a_retry_that_outlives_its_engine_still_carries_over_what_was_done() {
    let bench = Bench::new();
    let (engine, failed) = long_ago(&bench).await;
    drop(engine);
    bench
        .ask(
            100,
            act(&Intent::Retry { deployment: failed }, Confirm::default()),
        )
        .await;
    let killed = AtomicBool::new(false);
    let accepted: Failpoint =
        Arc::new(move |at| at == "after commit" && !killed.swap(true, Ordering::Relaxed));
    let mut engine = Engine::open(bench.parts(Some(accepted))).await.unwrap();
    assert!(
        bench.settle(&mut engine).await.is_err(),
        "killed once it is accepted"
    );
    let mut engine = Engine::open(bench.parts(None)).await.unwrap();
    bench.settle(&mut engine).await.unwrap();
    let last = engine.folds().stack(&stack()).last.unwrap();
    let last = &engine.folds().deployments[&last];
    assert_eq!(
        (&last.end, last.request.as_ref().unwrap().cause.retries()),
        (&Some(End::Done), Some(failed))
    );
    assert_eq!(bench.effects()["b"], 1, "what was done stays done");
}

#[tokio::test]
async fn the_card_of_a_retry_says_what_is_done_already_and_what_runs() {
    let bench = Bench::new();
    let (mut engine, failed) = long_ago(&bench).await;
    let intent = Intent::Retry { deployment: failed };
    let attached = vec![];
    let id = bench.ask(100, Ask::Preview { intent, attached }).await;
    bench.settle(&mut engine).await.unwrap();
    let Answer::Card { card } = bench.answer(id).await else {
        panic!("no card")
    };
    let does = card
        .lines
        .iter()
        .find(|line| line.label == Label::Does)
        .unwrap();
    assert_eq!(does.text, "c (done already: b)");
}

/// Adds ended deployments to the store, of releases `old-2`, `old-3` and so on, as its first one
/// was asked for.
async fn grown(bench: &Bench, engine: &Engine, to: u64) {
    let by = By {
        person: Person::Engine,
        cause: None,
        at: bench.clock.now(),
        under: bench.store.all(),
    };
    let first = only(engine).request.clone().unwrap();
    for no in 2..=to {
        let mut request = (*first).clone();
        (request.no, request.spec.release) =
            (DeploymentNo(no), given::release(&format!("old-{no}")));
        let ended = DeploymentEvent::Terminated {
            reason: "enough".to_owned(),
            by: Person::Engine,
        };
        let mut append = Append::default();
        let stream = StreamId::Deployment(DeploymentId(Uuid::from_u128(u128::from(10_000 + no))));
        for event in [
            DeploymentEvent::Created {
                request: Box::new(request),
            },
            ended,
        ] {
            append.push(stream.clone(), 0, Event::Deployment(Box::new(event)));
        }
        bench.store.append(&append, &by, None).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_named_is_looked_for_with_few_reads_however_long_the_history() {
    let bench = Bench::new();
    bench.environment(EnvClass::Development).await;
    bench
        .ask(1, of_release("first", vec![step("a", &[])]))
        .await;
    let mut engine = Engine::open(bench.parts(None)).await.unwrap();
    bench.settle(&mut engine).await.unwrap();
    let most = NAMED as u64 + 100;
    grown(&bench, &engine, most).await;

    let release = |name: &str| Intent::deploy(stack(), Source::Release(name.to_owned()));
    let rollback = |no| Intent::Rollback {
        stack: stack(),
        to: Some(DeploymentNo(no)),
    };
    for (intent, reads, found) in [
        (release("typo"), 1 + NAMED, None),
        (release("old-50"), 1 + NAMED, None),
        (release("old-150"), 1 + NAMED, Some(150)),
        (rollback(50), 1 + 9, Some(50)),
        (rollback(2), 1 + 9, Some(2)),
        (rollback(most), 1 + 9, Some(most)),
        (rollback(9_999), 1 + 9, None),
    ] {
        let mut engine = Engine::open(bench.parts(None)).await.unwrap();
        let none_is_held = engine
            .folds()
            .deployments
            .values()
            .filter(|d| d.no() > DeploymentNo(1))
            .map(|d| d.id)
            .collect::<Vec<_>>();
        for id in none_is_held {
            engine.folds.deployments.remove(&id);
        }
        let before = bench.store.calls();
        engine.recall(&intent).await.unwrap();
        let calls = bench.store.calls() - before;
        assert!(calls <= reads as u64, "{intent:?}: {calls} reads");
        let recalled = engine
            .folds()
            .deployments
            .values()
            .map(|d| d.no().0)
            .find(|no| *no > 1);
        assert_eq!(recalled, found, "{intent:?}");
    }

    let mut engine = Engine::open(bench.parts(None)).await.unwrap();
    let answer = answered(&bench, &mut engine, 100, &release("typo")).await;
    let Answer::Refused(refused) = answer else {
        panic!("{answer:?}")
    };
    assert!(
        refused.says.contains("newest 200") && refused.hint.contains("rollback dev/chores --to"),
        "{refused}"
    );
}
