//! Asks: of whom they are, what is chosen with them, and the numbers of the deployments that they
//! make.

use super::*;
use crate::domain::cause::Reply;
use crate::domain::flag::Flags;
use crate::domain::ids::DeploymentNo;
use crate::domain::label::Label;
use crate::domain::person::{Issuer, Person, Proof};
use crate::store::StoreError;
use crate::store::memory::Fault;

/// The guard of a card that nobody saw is met at a hold: the ask itself is taken, with a number.
#[tokio::test]
async fn what_the_outside_asks_of_production_is_taken_and_waits_at_a_hold() {
    let bench = Bench::new();
    bench.environment(EnvClass::Production).await;
    let ask = InboxAsk {
        proof: Proof::Checked {
            source: Issuer::Github,
            id: "4711".into(),
            behalf: None,
        },
        ..InboxAsk::new(
            AskId(Uuid::from_u128(1)),
            Via::Push,
            deploy(vec![step("a", &[])]),
        )
    };
    bench.store.submit(&ask, bench.clock.now()).await.unwrap();
    let mut engine = Engine::open(bench.parts(None)).await.unwrap();
    for _ in 0..40 {
        engine.step(true).await.unwrap();
        tokio::task::yield_now().await;
    }
    let answer = bench.answer(ask.id).await;
    assert!(matches!(answer, Answer::Accepted { .. }), "{answer:?}");
    assert_eq!(only(&engine).open_holds().count(), 1);
    assert!(bench.effects().is_empty(), "nothing is done meanwhile");
}

#[tokio::test]
async fn an_ask_is_of_whoever_it_was_proven_for_and_the_outside_decides_nothing() {
    let bench = Bench::new();
    bench.environment(EnvClass::Development).await;
    let proof = Proof::Checked {
        source: Issuer::Github,
        id: "4711".into(),
        behalf: Some("bo".into()),
    };
    let reply = Reply::CheckRun {
        host: Issuer::Github,
        repo: "shop/chores".into(),
        run: 9,
    };
    let pushed = |n: u128, ask: Ask| InboxAsk {
        proof: proof.clone(),
        reply: Some(reply.clone()),
        ..InboxAsk::new(AskId(Uuid::from_u128(n)), Via::Push, ask)
    };
    let push = pushed(1, deploy(vec![held(step("a", &[]), HoldKind::ReviewPlan)]));
    bench.store.submit(&push, bench.clock.now()).await.unwrap();
    let mut engine = Engine::open(bench.parts(None)).await.unwrap();
    for _ in 0..40 {
        engine.step(true).await.unwrap();
        tokio::task::yield_now().await;
    }
    let cause = only(&engine).request.as_ref().unwrap().cause.clone();
    let outside = Person::Outside {
        source: Issuer::Github,
        id: "4711".into(),
        behalf: Some("bo".into()),
    };
    assert_eq!(
        (cause.by, cause.via, cause.ask, cause.reply),
        (outside.clone(), Via::Push, push.id, Some(reply.clone()))
    );
    let newest = bench.store.newest(0, 100).await.unwrap();
    let created = newest
        .iter()
        .find(|stored| {
            stored
                .event
                .as_ref()
                .is_ok_and(|event| event.tag() == "created")
        })
        .unwrap();
    assert_eq!(created.person, outside, "the log says so too");

    let hold = only(&engine)
        .open_holds()
        .next()
        .expect("a hold is open")
        .clone();
    let confirm = Confirm {
        subject: Some(hold.subject),
        text: hold.phrase.clone(),
        reason: String::new(),
    };
    let decide = [
        pushed(
            2,
            Ask::Approve {
                hold: hold.id.clone(),
                confirm: confirm.clone(),
                choice: None,
            },
        ),
        pushed(
            3,
            Ask::Reject {
                hold: hold.id.clone(),
                reason: "no".into(),
            },
        ),
    ];
    for ask in decide {
        bench.store.submit(&ask, bench.clock.now()).await.unwrap();
        engine.step(true).await.unwrap();
        assert!(
            matches!(bench.answer(ask.id).await, Answer::Refused(refused) if refused.code == "person")
        );
    }
    let own = bench
        .ask(
            4,
            Ask::Approve {
                hold: hold.id.clone(),
                confirm,
                choice: None,
            },
        )
        .await;
    engine.step(true).await.unwrap();
    assert!(
        matches!(bench.answer(own).await, Answer::Accepted { .. }),
        "the same ask in the inbox is the owner's"
    );
}

#[tokio::test]
async fn a_flag_is_checked_shown_covered_kept_and_given_to_the_planner() {
    let bench = Bench::new();
    bench.environment(EnvClass::Development).await;
    let mut engine = Engine::open(bench.parts(None)).await.unwrap();
    let asked = |name: &str, value: flag::Value| {
        let Ask::Do {
            intent:
                Intent::Deploy {
                    stacks,
                    source,
                    after,
                    ..
                },
            attached,
            ..
        } = deploy(vec![step("a", &[])])
        else {
            unreachable!()
        };
        let flags = Flags::from([(name.parse().unwrap(), value)]);
        (
            Intent::Deploy {
                stacks,
                source,
                after,
                flags,
            },
            attached,
        )
    };
    let on = || flag::Value::Text("true".into());
    let preview = |n, (intent, attached)| bench.ask(n, Ask::Preview { intent, attached });
    let mut cards = Vec::new();
    for (n, one) in [
        (1, asked("thorough", on())),
        (2, asked("thorough", flag::Value::Switch(false))),
    ] {
        let id = preview(n, one).await;
        bench.settle(&mut engine).await.unwrap();
        let Answer::Card { card } = bench.answer(id).await else {
            panic!("a card")
        };
        cards.push(*card);
    }
    let with = |card: &crate::domain::card::Card| {
        card.lines
            .iter()
            .find(|line| line.label == Label::With)
            .map(|line| line.text.clone())
    };
    assert_eq!(
        (with(&cards[0]).as_deref(), with(&cards[1])),
        (Some("thorough=true (looks twice)"), None)
    );
    assert_ne!(
        cards[0].subject, cards[1].subject,
        "a confirmation of one is none of the other"
    );

    for (n, name, value) in [
        (3, "thorogh", on()),
        (4, "thorough", flag::Value::Number(1)),
    ] {
        let id = preview(n, asked(name, value)).await;
        bench.settle(&mut engine).await.unwrap();
        assert!(
            matches!(bench.answer(id).await, Answer::Refused(refused) if refused.to_string().contains("thorough"))
        );
    }
    let (intent, attached) = asked("thorough", on());
    let confirm = Confirm {
        subject: Some(cards[0].subject),
        ..Confirm::default()
    };
    bench
        .ask(
            5,
            Ask::Do {
                intent,
                attached,
                confirm,
                armed: false,
            },
        )
        .await;
    bench.settle(&mut engine).await.unwrap();
    let d = only(&engine);
    assert_eq!(
        serde_json::to_value(&d.request.as_ref().unwrap().flags).unwrap(),
        json!({ "thorough": true })
    );
    assert_eq!(
        (d.end.clone(), bench.effects().get("again")),
        (Some(End::Done), Some(&1)),
        "the planner got it"
    );
}

/// A number that an engine has in hand when it dies is nobody's: a gap stays, and no number is
/// given twice.
#[tokio::test]
async fn an_engine_that_dies_with_a_number_in_hand_leaves_a_gap() {
    let bench = Bench::recorded().await;
    let first = bench.ask(1, deploy(vec![step("a", &[])])).await;
    let mut dying = Engine::open(bench.parts(Some(Arc::new(|point| point == "before commit"))))
        .await
        .unwrap();
    assert!(matches!(
        bench.settle(&mut dying).await,
        Err(EngineError::Killed(_))
    ));
    drop(dying);
    let mut engine = Engine::open(bench.parts(None)).await.unwrap();
    bench.settle(&mut engine).await.unwrap();
    let second = bench.ask(2, deploy(vec![step("a", &[])])).await;
    bench.settle(&mut engine).await.unwrap();
    assert_eq!(
        bench.numbers(&[first, second]).await,
        [DeploymentNo(2), DeploymentNo(3)]
    );
}

/// Where the store has no number to give, the ask waits in the inbox: nothing is half done, and
/// nobody has to ask again.
#[tokio::test]
async fn an_ask_that_gets_no_number_waits_for_one() {
    for (fault, full) in [
        (StoreError::Full("disk".into()), true),
        (StoreError::Unavailable("busy".into()), false),
    ] {
        let bench = Bench::recorded().await;
        let mut engine = Engine::open(bench.parts(None)).await.unwrap();
        let id = bench.ask(1, deploy(vec![step("a", &[])])).await;
        let before = bench.store.transcript();
        engine.step(true).await.unwrap();
        for _ in 0..8 {
            tokio::task::yield_now().await;
        }
        // It is planned: what the store is asked for next is a number.
        bench.store.fail(1, Fault::Before(fault));
        engine.step(false).await.unwrap();
        assert_eq!(
            (bench.store.ask(id).await.unwrap(), bench.store.transcript()),
            (Some(AskState::Asked), before)
        );
        assert_eq!(engine.no_room().load(Ordering::Relaxed), full);
        bench.settle(&mut engine).await.unwrap();
        assert_eq!(bench.numbers(&[id]).await, [DeploymentNo(1)]);
        assert_eq!(only(&engine).end, Some(End::Done));
    }
}

/// An ask over several stacks keeps its place in the line of each of them while it looks.
#[tokio::test]
async fn what_is_asked_later_of_any_stack_of_an_ask_that_looks_waits_for_its_answer() {
    let bench = Bench::recorded().await;
    let mut engine = Engine::open(bench.parts(None)).await.unwrap();
    let other: StackId = "dev/other".parse().unwrap();
    let on = |stack: &StackId, step: Step| {
        let stack = stack.clone();
        let Ask::Do { attached, .. } = deploy(vec![step]) else {
            panic!("no deployment")
        };
        attached.into_iter().map(move |one| Attached {
            stack: stack.clone(),
            ..one
        })
    };
    let ask_for = |attached: Vec<Attached>| Ask::Do {
        intent: Intent::Deploy {
            stacks: attached.iter().map(|one| one.stack.clone()).collect(),
            source: Source::Estate,
            after: BTreeMap::new(),
            flags: Flags::default(),
        },
        attached,
        confirm: Confirm::default(),
        armed: false,
    };
    let both = on(&stack(), step("a", &[])).chain(on(&other, step("b", &[])));
    let first = bench.ask(1, ask_for(both.collect())).await;
    let later = bench
        .ask(2, ask_for(on(&other, step("c", &[])).collect()))
        .await;
    engine.step(true).await.unwrap();
    assert_eq!(engine.parked.keys().collect::<Vec<_>>(), [&first]);
    bench.settle(&mut engine).await.unwrap();
    assert_eq!(
        bench.numbers(&[first, later]).await,
        [DeploymentNo(1), DeploymentNo(2), DeploymentNo(3)]
    );
}

/// Somebody waits for the answer, and nothing is said to them meanwhile.
#[tokio::test]
async fn what_goes_on_failing_is_the_answer_within_seconds() {
    let bench = Bench::recorded().await;
    let mut engine = Engine::open(bench.parts(None)).await.unwrap();
    let mut ask = deploy(vec![]);
    if let Ask::Do { attached, .. } = &mut ask {
        attached[0].spec.body = json!({ "fails": 5 });
    }
    let (id, from) = (bench.ask(1, ask).await, bench.clock.now());
    while matches!(bench.store.ask(id).await, Ok(Some(AskState::Asked))) {
        engine.step(true).await.unwrap();
        for _ in 0..8 {
            tokio::task::yield_now().await;
        }
        engine.step(true).await.unwrap();
        bench.clock.advance_to_next();
    }
    let Answer::Refused(refused) = bench.answer(id).await else {
        panic!("it was taken");
    };
    assert_eq!(refused.says, "the cloud failed (500)");
    let waited = bench.clock.now().since(from);
    assert!(waited <= Duration::from_secs(25), "{waited:?}");
}

impl Bench {
    /// With an environment that an engine has recorded.
    async fn recorded() -> Self {
        let bench = Self::new();
        bench.environment(EnvClass::Development).await;
        bench
            .settle(&mut Engine::open(bench.parts(None)).await.unwrap())
            .await
            .unwrap();
        bench
    }

    /// The numbers of the deployments that these asks made, one each.
    async fn numbers(&self, asks: &[AskId]) -> Vec<DeploymentNo> {
        let mut numbers = Vec::new();
        for id in asks {
            let answer = self.answer(*id).await;
            let Answer::Accepted { deployments, .. } = answer else {
                panic!("{id}: {answer:?}")
            };
            numbers.extend(deployments.into_iter().map(|(_, no)| no));
        }
        numbers
    }
}
