//! What the engine does with a press: a deployment that moves its stack half-way, a hold for what
//! would be lost, a failure and the way out of it, a teardown; a part beside its whole; and that
//! being killed at any point costs a delay and nothing else.

use std::cell::Cell;

use super::eye::Reader;
use super::hand::Orders;
use super::works::{Meets, Works};
use super::*;
use crate::aws::Clients;
use crate::domain::card::Card;
use crate::domain::estate::Catalog;
use crate::domain::flag::Flags;
use crate::domain::folds::Folds;
use crate::domain::ids::Part;
use crate::domain::level::Level;
use crate::domain::sighting::CONTACT;
use crate::engine::EyesByKind;
use crate::engine::tests::kills::killed_at_every_point;
use crate::engine::tests::*;
use crate::observe::Eye;
use crate::os::clock::SharedClock;
use crate::text::safe::Safe;

/// The list of systems of this program.
static SYSTEMS: &[&dyn System] = &[&Press];

/// A bench with the works behind it, and the folder of its estate.
struct Shop {
    bench: Bench,
    works: Arc<Works>,
    folder: tempfile::TempDir,
    asked: Cell<u128>,
}

const ESTATE: &str = "
environments:
  dev: { class: development, on_failure: break }
applications:
  gazette:
    press: { sheets: sheets.txt, desks: [sport, culture] }
    environments: [dev]
";

impl Shop {
    async fn new() -> Self {
        let shop = Self {
            bench: Bench::new(),
            works: Arc::default(),
            folder: tempfile::tempdir().unwrap(),
            asked: Cell::new(0),
        };
        std::fs::write(shop.folder.path().join("holdpoint.yaml"), ESTATE).unwrap();
        shop.sheets("front\nback\n");
        let environments = shop.estate().environments;
        shop.act(Intent::Apply { environments }).await;
        shop
    }

    fn sheets(&self, text: &str) {
        std::fs::write(self.folder.path().join("sheets.txt"), text).unwrap();
    }

    /// The estate, read as any estate is: its systems are a list.
    fn estate(&self) -> Catalog {
        let file = self.folder.path().join("holdpoint.yaml");
        crate::config::catalog(
            &crate::config::load(&file, SYSTEMS).unwrap_or_else(|found| panic!("{found}")),
            &std::collections::BTreeMap::new(),
        )
    }

    /// What an engine is made of: the system, its hand and its eye are one entry each.
    fn parts(&self, failpoint: Option<Failpoint>) -> Parts {
        let hand: Arc<dyn Executor> = Arc::new(Orders(self.works.clone()));
        let eye: Arc<dyn Eye> = Arc::new(Reader(self.works.clone()));
        let clock: SharedClock = Arc::new(self.bench.clock.clone());
        let clients = Clients::new(
            clock.clone(),
            "tester",
            Arc::new(|| async { Err("not asked for".to_owned()) }.boxed()),
        );
        Parts {
            executors: Arc::new(BTreeMap::from([(hand.kind().as_str().to_owned(), hand)])),
            systems: |name| SYSTEMS.iter().copied().find(|system| system.name() == name),
            eyes: Arc::new(EyesByKind::new(
                clients,
                clock,
                vec![eye],
                crate::places::all(),
            )),
            ..self.bench.parts(failpoint)
        }
    }

    async fn ask(&self, ask: Ask) -> AskId {
        self.asked.set(self.asked.get() + 1);
        self.bench.ask(self.asked.get(), ask).await
    }

    async fn act(&self, intent: Intent) -> AskId {
        self.ask(Ask::Do {
            attached: self.attached(&intent),
            intent,
            confirm: Confirm::default(),
            armed: false,
        })
        .await
    }

    fn attached(&self, intent: &Intent) -> Vec<Attached> {
        let Intent::Deploy { stacks, .. } = intent else {
            return vec![];
        };
        let estate = self.estate();
        let of = |stack: &StackId| {
            let entry = estate.stacks[stack].clone();
            Attached {
                stack: stack.clone(),
                spec: entry.spec.unwrap(),
                bundle: entry.bundle,
            }
        };
        let parts = |stack: &StackId| -> Vec<StackId> {
            let spec = estate.stacks[stack].spec.as_ref().unwrap();
            let part = |part: &Part| StackId {
                part: Some(part.clone()),
                ..stack.clone()
            };
            std::iter::once(stack.clone())
                .chain(spec.parts.keys().map(part))
                .collect()
        };
        let all: Vec<StackId> = stacks.iter().flat_map(parts).collect();
        all.iter().map(of).collect()
    }

    async fn deploy(&self, stacks: &[&str]) -> AskId {
        let stacks = stacks.iter().map(|stack| stack.parse().unwrap()).collect();
        self.act(Intent::Deploy {
            stacks,
            source: Source::Estate,
            after: BTreeMap::new(),
            flags: Flags::new(),
        })
        .await
    }

    /// Reads the card of an intent and confirms it as it stands.
    async fn confirmed(&self, engine: &mut Engine, intent: Intent) -> Card {
        let id = self
            .ask(Ask::Preview {
                intent: intent.clone(),
                attached: self.attached(&intent),
            })
            .await;
        self.bench.settle(engine).await.unwrap();
        let Answer::Card { card } = self.bench.answer(id).await else {
            panic!("no card")
        };
        let confirm = Confirm {
            subject: Some(card.subject),
            text: card.phrase.clone().unwrap_or_default(),
            reason: "why".to_owned(),
        };
        self.ask(Ask::Do {
            attached: self.attached(&intent),
            intent,
            confirm,
            armed: false,
        })
        .await;
        *card
    }

    /// Works until the stack is in this phase.
    async fn until(&self, engine: &mut Engine, stack: &str, phase: &str) {
        for _ in 0..200 {
            engine.step(true).await.unwrap();
            tokio::task::yield_now().await;
            if engine.folds().stack(&stack.parse().unwrap()).phase == phase {
                return;
            }
            if self
                .bench
                .clock
                .next_wake()
                .is_some_and(|at| at.since(self.bench.clock.now()) < Duration::from_hours(1))
            {
                self.bench.clock.advance_to_next();
            }
        }
        panic!("{stack} is {} and never {phase}", phase_of(engine, stack));
    }
}

fn phase_of(engine: &Engine, stack: &str) -> String {
    engine.folds().stack(&stack.parse().unwrap()).phase.clone()
}

fn newest(engine: &Engine) -> Arc<Deployment> {
    engine
        .folds()
        .deployments
        .values()
        .max_by_key(|d| d.no())
        .unwrap()
        .clone()
}

#[tokio::test]
async fn a_part_is_printed_by_its_own_marks_and_its_whole_is_left_alone() {
    let shop = Shop::new().await;
    shop.deploy(&["dev/gazette/sport"]).await;
    let mut engine = Engine::open(shop.parts(None)).await.unwrap();
    shop.until(&mut engine, "dev/gazette/sport", "ORDERED")
        .await;
    shop.until(&mut engine, "dev/gazette/sport", "PRINTING")
        .await;
    assert_eq!(
        newest(&engine).end,
        None,
        "the mark moved the stack in the middle of its deployment"
    );
    shop.bench.settle(&mut engine).await.unwrap();
    assert_eq!(
        (
            newest(&engine).end.clone(),
            phase_of(&engine, "dev/gazette/sport").as_str()
        ),
        (Some(End::Done), "OUT")
    );
    assert_eq!(phase_of(&engine, "dev/gazette"), "NEW");
    assert_eq!(
        shop.works.orders(),
        ["set dev-gazette-sport", "roll dev-gazette-sport"]
    );
}

#[tokio::test]
async fn a_sheet_that_would_be_lost_is_named_and_typed_before_it_goes() {
    let shop = Shop::new().await;
    let mut engine = Engine::open(shop.parts(None)).await.unwrap();
    shop.deploy(&["dev/gazette"]).await;
    shop.bench.settle(&mut engine).await.unwrap();
    shop.sheets("front\n");
    shop.deploy(&["dev/gazette"]).await;
    for _ in 0..60 {
        engine.step(true).await.unwrap();
        tokio::task::yield_now().await;
        if newest(&engine).open_holds().next().is_some() {
            break;
        }
        if shop
            .bench
            .clock
            .next_wake()
            .is_some_and(|at| at.since(shop.bench.clock.now()) < Duration::from_hours(1))
        {
            shop.bench.clock.advance_to_next();
        }
    }
    let d = newest(&engine);
    let hold = d
        .open_holds()
        .next()
        .expect("a loss that no card showed is asked for")
        .clone();
    assert_eq!(
        (hold.phrase.as_str(), hold.level, d.loses()),
        ("back", Level::L3, vec!["back".to_owned()])
    );
    assert_eq!(phase_of(&engine, "dev/gazette"), "ORDERED");
    let confirm = Confirm {
        subject: Some(hold.subject),
        text: hold.phrase.clone(),
        reason: "why".to_owned(),
    };
    shop.ask(Ask::Approve {
        hold: hold.id,
        confirm,
        choice: None,
    })
    .await;
    shop.bench.settle(&mut engine).await.unwrap();
    assert_eq!(newest(&engine).end, Some(End::Done));
    assert_eq!(shop.works.edition("dev-gazette").unwrap().sheets, ["front"]);
}

#[tokio::test]
async fn who_is_busy_or_does_not_answer_is_waited_for() {
    let shop = Shop::new().await;
    let mut engine = Engine::open(shop.parts(None)).await.unwrap();
    shop.deploy(&["dev/gazette"]).await;
    shop.bench.settle(&mut engine).await.unwrap();
    let (begin, orders) = (shop.bench.clock.now(), shop.works.orders());
    // The first look is the one for the answer to the ask.
    shop.works
        .meet(&[Meets::Busy, Meets::NoContact, Meets::Busy]);
    shop.deploy(&["dev/gazette"]).await;
    for wait in [Duration::ZERO, Duration::from_secs(2)] {
        shop.bench.clock.advance(wait);
        for _ in 0..20 {
            engine.step(true).await.unwrap();
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(
        (newest(&engine).phase, shop.works.orders()),
        (Phase::Waiting, orders),
        "nothing is changed while somebody else prints"
    );
    let told = async || {
        let (all, _) = shop.bench.store.sightings(0).await.unwrap();
        let mut all = all.into_iter();
        let told = all.find(|((_, source), _)| source == CONTACT);
        told.map(|(_, sighting)| sighting.stale.map(Safe::into_string))
    };
    let why = "the works do not answer: it goes on by itself then";
    assert_eq!(told().await, Some(Some(why.to_owned())));
    shop.bench.settle(&mut engine).await.unwrap();
    assert_eq!(newest(&engine).end, Some(End::Done));
    assert_eq!(told().await, Some(None), "there is contact again");
    let took = shop.bench.clock.now().since(begin);
    assert!(took >= Duration::from_secs(2 + 5 + 2), "{took:?}");
    assert_eq!(shop.works.met(), None, "each was met");
}

#[tokio::test]
async fn a_jam_spoils_the_edition_and_a_new_one_brings_it_out() {
    let shop = Shop::new().await;
    let mut engine = Engine::open(shop.parts(None)).await.unwrap();
    shop.works.jam(true);
    shop.deploy(&["dev/gazette/culture"]).await;
    shop.bench.settle(&mut engine).await.unwrap();
    assert!(
        matches!(&newest(&engine).end, Some(End::Failed { failure }) if failure.summary.contains("is jammed"))
    );
    assert_eq!(phase_of(&engine, "dev/gazette/culture"), "SPOILT");
    shop.works.jam(false);
    shop.deploy(&["dev/gazette/culture"]).await;
    shop.bench.settle(&mut engine).await.unwrap();
    assert_eq!(phase_of(&engine, "dev/gazette/culture"), "OUT");
}

#[tokio::test]
async fn a_teardown_goes_by_its_own_phases_to_its_own_end() {
    let shop = Shop::new().await;
    let mut engine = Engine::open(shop.parts(None)).await.unwrap();
    shop.deploy(&["dev/gazette/sport", "dev/gazette/culture"])
        .await;
    shop.bench.settle(&mut engine).await.unwrap();
    let stack: StackId = "dev/gazette/sport".parse().unwrap();
    let card = shop.confirmed(&mut engine, Intent::teardown(stack)).await;
    assert_eq!(
        card.phrase.as_deref(),
        Some("teardown"),
        "a teardown is guarded whatever the system"
    );
    shop.until(&mut engine, "dev/gazette/sport", "RECALLED")
        .await;
    shop.until(&mut engine, "dev/gazette/sport", "PULPING")
        .await;
    shop.bench.settle(&mut engine).await.unwrap();
    assert_eq!(
        (
            phase_of(&engine, "dev/gazette/sport").as_str(),
            phase_of(&engine, "dev/gazette/culture").as_str()
        ),
        ("PULP", "OUT")
    );
    assert_eq!(shop.works.edition("dev-gazette-sport"), None);

    // What is read from the log alone is what the engine has.
    let mut again = Folds::default();
    for stored in shop.bench.store.since(0, 10_000).await.unwrap() {
        again.apply(&stored);
    }
    assert_eq!(
        (&again.stacks, &again.deployments),
        (&engine.folds().stacks, &engine.folds().deployments)
    );
    assert!(again.broken.is_empty(), "{:?}", again.broken);
}

#[tokio::test]
async fn killed_at_every_point_each_order_comes_once() {
    let shop = async || {
        let shop = Shop::new().await;
        shop.deploy(&["dev/gazette", "dev/gazette/sport"]).await;
        shop
    };
    let kills = killed_at_every_point(
        shop,
        |shop| &shop.bench,
        Shop::parts,
        |shop, engine, nth| {
            for stack in ["dev/gazette", "dev/gazette/sport"] {
                assert_eq!(phase_of(engine, stack), "OUT", "killed at point {nth}");
            }
            let mut orders = shop.works.orders();
            orders.sort();
            let once = [
                "roll dev-gazette",
                "roll dev-gazette-sport",
                "set dev-gazette",
                "set dev-gazette-sport",
            ];
            assert_eq!(orders, once, "killed at point {nth}");
        },
    )
    .await;
    assert!(kills > 30, "only {kills} points were passed");
}

/// [`Shop`] with an application that is its parts alone.
async fn daily() -> Shop {
    let shop = Shop::new().await;
    let split = "  daily:
    press: { sheets: sheets.txt, desks: [sport, culture, letters], split: true }
    environments: [dev]
";
    let file = shop.folder.path().join("holdpoint.yaml");
    std::fs::write(file, format!("{ESTATE}{split}")).unwrap();
    shop.deploy(&["dev/daily"]).await;
    shop
}

#[tokio::test]
async fn killed_at_every_point_each_part_of_a_whole_runs_once() {
    let kills = killed_at_every_point(
        daily,
        |shop| &shop.bench,
        |shop, failpoint| shop.parts(failpoint),
        |shop, engine, nth| {
            let whole = engine.folds().stack(&"dev/daily".parse().unwrap());
            let d = &engine.folds().deployments[&whole.last.unwrap()];
            assert_eq!(d.end, Some(End::Done), "killed at point {nth}");
            let children = engine.folds().children(d.id);
            assert_eq!(children.len(), 3, "killed at point {nth}");
            let numbers: std::collections::BTreeSet<_> = children.iter().map(|d| d.no()).collect();
            assert_eq!(numbers.len(), 3, "killed at point {nth}");
            for desk in ["sport", "culture", "letters"] {
                let roll = format!("roll dev-daily-{desk}");
                let orders = shop.works.orders();
                let rolled = orders.iter().filter(|order| **order == roll);
                assert_eq!(rolled.count(), 1, "{desk}, killed at point {nth}");
            }
        },
    )
    .await;
    assert!(kills > 30, "only {kills} points were passed");
}
