//! What is watched, and how many calls that takes: an account in this process, on a clock that is
//! stepped.

mod account;
mod beside;
mod deploys;

use std::fmt::Write as _;

use futures_util::FutureExt as _;
use serde_json::json;
use tokio::task::JoinHandle;

use super::*;
use crate::aws::AwsTarget;
use crate::domain::environment::EnvironmentEvent;
use crate::domain::event::{Event, Stored, StreamId};
use crate::domain::failure::Retry;
use crate::domain::look::Subject;
use crate::domain::person::Person;
use crate::domain::sighting::{SERVE, SightingKey, THING};
use crate::domain::time::Time;
use crate::engine::EyesByKind;
use crate::exec::cloudformation::executors;
use crate::forms::cloudformation::STACK;
use crate::os::clock::{Clock, Stepped};
use crate::store::memory::Memory;
use account::{Account, Called, job};

const S: fn(u64) -> Duration = Duration::from_secs;
const BEGUN: Time = Time(1_000_000_130);
/// So many reads may go before their time.
const QUICK: usize = 16;

#[test]
fn of_one_stack_is_followed_what_any_of_several_consoles_wants() {
    let interest = |name: Option<&str>, logs: &[&str]| Interest {
        given: false,
        stack: "dev/api".parse().unwrap(),
        about: name
            .map(|name| Subject::new("test.thing", name))
            .into_iter()
            .collect(),
        beside: Vec::new(),
        logs: logs.iter().map(|group| (*group).to_owned()).collect(),
        far: false,
    };
    let wanted = wanted(
        &Folds::default(),
        vec![
            interest(None, &["/b"]),
            interest(Some("dev-api"), &["/a", "/b"]),
            interest(Some("dev-api"), &[]),
        ],
        &BTreeSet::new(),
        BEGUN,
    );
    let what = &wanted[&"dev/api".parse().unwrap()];
    assert_eq!(
        (wanted.len(), what.about.as_slice(), what.logs.as_slice()),
        (
            1,
            [Subject::new("test.thing", "dev-api")].as_slice(),
            ["/b".to_owned(), "/a".to_owned()].as_slice()
        )
    );
}

/// How it stands is seen after its end, whoever looks; what could not be reached is looked at until
/// it can.
#[test]
fn what_has_ended_is_looked_at_once_more_and_what_is_out_of_reach_until_it_is_seen() {
    let world = crate::world::fixture::Scene::whole().world;
    let stack = world.folds.stacks.values().find(|stack| {
        let last = stack
            .last
            .and_then(|last| world.folds.deployments.get(&last));
        let about = |last: &crate::domain::deployment::Deployment| {
            last.request
                .as_ref()
                .is_some_and(|request| !request.spec.about.is_empty())
        };
        stack.current.is_none() && last.is_some_and(|last| last.ended_at.is_some() && about(last))
    });
    let stack = stack.unwrap();
    let ended = world.folds.deployments[&stack.last.unwrap()]
        .ended_at
        .unwrap();
    let far = |unreached: &[&StackId], now: Time| {
        let unreached = unreached.iter().map(|id| (*id).clone()).collect();
        let all = wanted(&world.folds, Vec::new(), &unreached, now);
        let one = all.get(&stack.id)?;
        assert!(one.no.is_none() && !one.about.is_empty());
        Some(one.far)
    };
    assert_eq!(far(&[], ended + S(29)), Some(false));
    assert_eq!(far(&[], ended + S(30)), None);
    assert_eq!(far(&[&stack.id], ended + S(3_600)), Some(false));
}

/// An engine that watches environments of one account, and steps that wait for stacks there.
struct Scene {
    clock: Stepped,
    account: Arc<Account>,
    clients: Arc<Clients>,
    store: Memory,
    folds: watch::Sender<Folds>,
    eyes: Arc<EyesByKind>,
    waiting: Vec<(String, JoinHandle<Time>)>,
    _config: tempfile::TempDir,
}

/// Lines that nobody reads.
struct Nowhere;

impl Lines for Nowhere {
    fn take(&self, _: Vec<crate::domain::line::Line>) {}
    fn kept(&self, _: &StackId, _: &str, _: Duration) -> Vec<(String, Time)> {
        Vec::new()
    }
}

impl Scene {
    /// Environments, each with its own profile, in these regions.
    fn of(regions: &[(&str, &str)]) -> Self {
        Self::over(regions, Duration::ZERO, Duration::ZERO)
    }

    /// The same, where each answer takes a while, and each stack that is made.
    fn over(regions: &[(&str, &str)], latency: Duration, takes: Duration) -> Self {
        let clock = Stepped::at(BEGUN);
        let account = Arc::new(Account::new(clock.clone(), latency, takes));
        let config = tempfile::tempdir().unwrap();
        let file = config.path().join("config");
        let mut text = String::new();
        let mut folds = Folds::default();
        for (env, region) in regions {
            let keys = format!("aws_access_key_id = AKIA{env}\naws_secret_access_key = s\n");
            let _ = write!(text, "[profile {env}]\nregion = {region}\n{keys}");
            let aws = AwsTarget {
                profile: Some((*env).to_owned()),
                region: Some((*region).to_owned()),
                ..AwsTarget::default()
            };
            let record = crate::world::fixture::record(crate::domain::class::EnvClass::Development);
            let record = crate::domain::environment::EnvironmentRecord {
                places: aws.place(Some(account::ID)).into(),
                ..record
            };
            folds.apply(&Stored {
                seq: 1,
                stream: StreamId::Environment(env.parse().unwrap()),
                version: 1,
                at: BEGUN,
                person: Person::Engine,
                cause: None,
                event: Ok(Event::Environment(EnvironmentEvent::Configured { record })),
            });
        }
        std::fs::write(&file, text).unwrap();
        let clients = Clients::over(
            Arc::new(clock.clone()),
            account.http(),
            &[("AWS_CONFIG_FILE", file.to_str().unwrap())],
        );
        let shared: SharedClock = Arc::new(clock.clone());
        let eyes = crate::observe::eyes(
            &clients,
            &crate::hosts::Hosts::of(&shared),
            &shared,
            "0a1b2c3d",
            &crate::domain::masks::Secret::new("key".to_owned()),
        );
        let eyes = Arc::new(EyesByKind::new(
            Arc::clone(&clients),
            shared,
            eyes,
            crate::places::all(),
        ));
        let folds = watch::Sender::new(folds);
        Self {
            clock,
            account,
            clients,
            store: Memory::new(),
            folds,
            eyes,
            waiting: Vec::new(),
            _config: config,
        }
    }

    /// The record of an environment has another place from now on.
    fn record(&self, env: &str, place: &Place) {
        self.folds.send_modify(|folds| {
            let env = folds.environments.get_mut(&env.parse().unwrap()).unwrap();
            let record = Arc::make_mut(env).record.as_mut().unwrap();
            record.places = place.clone().into();
        });
    }

    fn place(&self, env: &str) -> Place {
        self.folds.borrow().environments[&env.parse().unwrap()]
            .record
            .as_ref()
            .unwrap()
            .places
            .home()
            .unwrap()
            .clone()
    }

    /// A console has these stacks, on its screen or beside it.
    async fn told_of(&self, env: &str, many: usize, far: bool) -> Vec<String> {
        let names: Vec<String> = (0..many).map(|n| format!("{env}-{n}")).collect();
        let interests: Vec<String> = names
            .iter()
            .map(|name| {
                let about = vec![Subject::new(STACK, name)];
                Interest {
                    given: false,
                    stack: format!("{env}/{name}").parse().unwrap(),
                    about,
                    beside: Vec::new(),
                    logs: Vec::new(),
                    far,
                }
                .to_string()
            })
            .collect();
        self.store
            .put_interest(env, &interests, BEGUN + S(3_600))
            .await
            .unwrap();
        names
    }

    /// Somebody looks at these stacks, which are being changed.
    async fn shown(&self, env: &str, many: usize) -> Vec<String> {
        let names = self.told_of(env, many, false).await;
        for name in &names {
            self.account.begin(name);
        }
        names
    }

    /// Somebody looks at these stacks, which are being changed, and a step waits for the end of
    /// each.
    async fn stacks(&mut self, env: &str, many: usize) {
        let names = self.shown(env, many).await;
        let place = self.place(env);
        // Who we are is proven before any step starts.
        super::super::looks::prove(
            self.eyes.as_ref(),
            &env.parse().unwrap(),
            Some(&place),
            crate::engine::looks::PROOF,
        )
        .await
        .unwrap();
        for name in names {
            let verify = executors(&self.clients)
                .into_iter()
                .find(|one| one.kind().as_str() == "cloudformation.verify")
                .unwrap();
            let job = job(
                &self.clock,
                env,
                &place,
                json!({ "stack_name": name, "expect": "complete" }),
            );
            let clock = self.clock.clone();
            let waits = tokio::spawn(async move {
                // What has no contact is run again, as an engine does.
                while let Err(failure) = verify.run(job.clone()).await {
                    assert_eq!(failure.retry, Retry::Contact, "{failure:?}");
                    clock.sleep(S(5)).await;
                }
                clock.now()
            });
            self.waiting.push((name, waits));
        }
    }

    fn watch(&self) {
        let watcher = Watcher {
            store: Arc::new(self.store.clone()),
            clock: Arc::new(self.clock.clone()),
            clients: Arc::clone(&self.clients),
            eyes: self.eyes.clone(),
            lines: Arc::new(Nowhere),
        };
        tokio::spawn(watcher.run(self.folds.subscribe()));
    }

    /// Lets time pass, from one wake to the next.
    async fn pass(&self, time: Duration) {
        let until = self.clock.now() + time;
        loop {
            // Everybody goes on until he sleeps or waits.
            for _ in 0..300 {
                tokio::task::yield_now().await;
            }
            match self.clock.next_wake() {
                Some(wake) if wake <= until => self.clock.advance_to(wake),
                Some(_) | None => break,
            }
        }
        self.clock.advance_to(until);
    }

    /// The most calls in any second of the last ones.
    fn most_in_a_second(&self, last: Duration) -> usize {
        let from = self.clock.now() - last;
        let at: Vec<Time> = self
            .account
            .calls()
            .into_iter()
            .map(|call| call.at)
            .filter(|at| *at >= from)
            .collect();
        let within = |begin: &Time| {
            at.iter()
                .filter(|at| *at >= begin && at.since(*begin) < S(1))
                .count()
        };
        at.iter().map(within).max().unwrap_or(0)
    }

    /// How old the oldest of what is shown of an environment's stacks is.
    async fn oldest(&self, env: &str) -> Duration {
        let (all, _) = self.store.sightings(0).await.unwrap();
        let own = all
            .into_iter()
            .filter(|((of, by), _)| of.starts_with(&format!("stack/{env}/")) && by == THING);
        own.map(|(_, sighting)| self.clock.now().since(sighting.taken_at))
            .max()
            .unwrap()
    }

    async fn told_slow(&self, env: &str) -> Option<Slowed> {
        let (all, _) = self.store.sightings(0).await.unwrap();
        let told = all
            .into_iter()
            .find(|((of, by), _)| *of == format!("environment/{env}") && by == PACE);
        match told?.1.value {
            Seen::Pace { by, slowed } => {
                assert_eq!(by.is_empty(), slowed.is_none());
                slowed
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Whatever the number of stacks, four reads go a second; each is seen again soon, and its end at
/// once.
#[tokio::test]
async fn an_account_is_read_four_times_a_second_whatever_the_number_of_stacks() {
    // An end is seen at the next half second, behind the reads that others began before: the more
    // they are, the later.
    let (of_20, of_100) = (Duration::from_millis(1_500), Duration::from_millis(2_500));
    for (many, seen_within, ended_within) in
        [(1, S(3), S(1)), (20, S(3), of_20), (100, S(4), of_100)]
    {
        let mut scene = Scene::of(&[("dev", "eu-west-1")]);
        scene.stacks("dev", many).await;
        scene.watch();
        scene.pass(S(60)).await;
        let calls = scene.account.calls();
        // The proof of who we are, by which the account gets known, and then the pace of that
        // account.
        let calls = calls[1..].to_vec();
        assert!(
            calls.len() <= QUICK + 4 * 60,
            "{many} stacks: {} calls in a minute",
            calls.len()
        );
        for (nth, call) in calls.iter().enumerate() {
            let later = calls[nth..]
                .iter()
                .filter(|other| other.at.since(call.at) < S(1))
                .count();
            assert!(
                later <= QUICK + 4,
                "{many} stacks: {later} calls in the second from {}",
                call.at
            );
        }
        assert!(scene.most_in_a_second(S(56)) <= 4, "{many} stacks");
        assert!(
            scene.oldest("dev").await <= seen_within,
            "{many} stacks: {:?}",
            scene.oldest("dev").await
        );
        let read = |action: &str| {
            calls
                .iter()
                .filter(|call| call.action == action)
                .map(|call| call.on.clone())
                .collect::<Vec<_>>()
        };
        let events: std::collections::BTreeSet<_> =
            read("DescribeStackEvents").into_iter().collect();
        assert!(
            events.len() >= many.min(40),
            "{many} stacks: the events of {} were read",
            events.len()
        );

        // Their ends come one after the other, and at last of all.
        let (first, rest) = scene.waiting.split_first().unwrap();
        let ended = scene.clock.now() + Duration::from_millis(333);
        scene.account.end(&first.0, ended);
        for (name, _) in rest {
            scene.account.end(name, ended + S(10));
        }
        scene.pass(S(20)).await;
        for (nth, (name, waits)) in scene.waiting.drain(..).enumerate() {
            let took = waits.now_or_never().unwrap().unwrap().since(if nth == 0 {
                ended
            } else {
                ended + S(10)
            });
            assert!(
                took <= ended_within,
                "{many} stacks: the end of {name} was seen after {took:?}"
            );
        }
    }
}

/// The account asks for less: half as many reads go, it is said, and nothing fails; calm brings the
/// pace back.
#[tokio::test]
async fn a_throttle_is_answered_by_less_and_said() {
    let mut scene = Scene::of(&[("dev", "eu-west-1")]);
    scene.stacks("dev", 20).await;
    scene.watch();
    scene.pass(S(30)).await;
    assert_eq!(scene.told_slow("dev").await, None);
    scene.account.throttle(1);
    scene.pass(S(6)).await;
    assert!(scene.most_in_a_second(S(5)) <= 2);
    let told = scene.told_slow("dev").await.unwrap();
    assert_eq!(told.every_ms, 500, "{told:?}");
    assert!(
        scene.oldest("dev").await <= S(8),
        "what is shown says how old it is: {:?}",
        scene.oldest("dev").await
    );
    scene.pass(S(20)).await;
    assert_eq!(scene.told_slow("dev").await, None);
    assert!((3..=4).contains(&scene.most_in_a_second(S(5))));
    // Ten minutes of nothing but throttles are outlived.
    scene.account.throttle(usize::MAX);
    scene.pass(S(6)).await;
    assert!(
        scene.told_slow("dev").await.is_some(),
        "it is said while every look waits"
    );
    scene.pass(S(60)).await;
    let told = scene.told_slow("dev").await.unwrap();
    assert!(told.every_ms >= 4_000, "{told:?}");
    assert!(scene.most_in_a_second(S(20)) <= 1);
    scene.account.throttle(0);
    for (name, _) in &scene.waiting {
        scene.account.end(name, scene.clock.now());
    }
    scene.pass(S(60)).await;
    for (name, waits) in scene.waiting.drain(..) {
        let ended = waits
            .now_or_never()
            .unwrap_or_else(|| panic!("{name} still waits"));
        assert!(ended.is_ok(), "a throttle ended the wait for {name}");
    }
}

#[tokio::test]
async fn two_environments_of_an_account_share_its_budget_and_two_regions_do_not() {
    let counted = async |other: &str| {
        let mut scene = Scene::of(&[("dev", "eu-west-1"), ("test", other)]);
        scene.stacks("dev", 20).await;
        scene.stacks("test", 20).await;
        scene.watch();
        scene.pass(S(25)).await;
        let calls = scene.account.calls();
        let from = scene.clock.now() - S(10);
        let in_region = |region: &str| {
            calls
                .iter()
                .filter(|call: &&Called| call.region == region && call.at >= from)
                .count()
        };
        (
            scene.most_in_a_second(S(10)),
            in_region("eu-west-1"),
            in_region("us-east-1"),
        )
    };
    let (most, _, _) = counted("eu-west-1").await;
    assert!(
        most <= 4,
        "{most} reads in a second of one account and region"
    );
    let (_, here, there) = counted("us-east-1").await;
    assert!(
        here > 30 && there > 30 && here <= 40 && there <= 40,
        "{here} and {there} reads in 10 s"
    );
}

/// Stacks at rest of which each has a cluster of its own: to count their tasks takes a call each,
/// and keeps no state from being seen in its turn.
#[tokio::test]
async fn counting_tasks_keeps_no_stack_at_rest_from_being_seen() {
    let scene = Scene::of(&[("own", "eu-west-1")]);
    for name in scene.shown("own", 160).await {
        scene.account.end(&name, BEGUN);
    }
    scene.watch();
    // What each of them serves is found out one after the other, while somebody sees it.
    scene.pass(S(900)).await;
    scene.told_of("own", 160, true).await;
    let begun = scene.clock.now();
    let mut oldest = Duration::ZERO;
    for _ in 0..36 {
        scene.pass(S(5)).await;
        oldest = oldest.max(scene.oldest("own").await);
    }
    assert!(oldest <= S(38), "{oldest:?}");
    let calls = scene.account.calls();
    let counts = calls
        .iter()
        .filter(|call| call.action == "DescribeServices" && call.at >= begun)
        .count();
    assert!(
        counts >= 160,
        "{counts} of 160 were counted in three minutes"
    );
}

/// A new record of an environment is looked at at once, at its new place alone, also while a look
/// at the old one waits for its answer.
#[tokio::test]
async fn what_is_recorded_elsewhere_is_looked_at_there_at_once() {
    for latency in [Duration::ZERO, S(30)] {
        let scene = Scene::over(&[("dev", "eu-west-1")], latency, Duration::ZERO);
        scene.shown("dev", 2).await;
        scene.watch();
        scene.pass(S(62)).await;
        let moved = scene.place("dev").within(Some("us-east-1"));
        scene.record("dev", &moved);
        let from = scene.clock.now();
        scene.pass(S(20)).await;
        let here = |call: &Called| call.at >= from && call.region == "us-east-1";
        let calls = scene.account.calls();
        assert!(
            calls.iter().any(here),
            "nothing was read there within 20 s, where an answer takes {latency:?}"
        );
        scene.pass(S(200)).await;
        let (all, _) = scene.store.sightings(0).await.unwrap();
        let of = |subject: &str, source: &str| {
            let key = (subject.to_owned(), source.to_owned());
            let found = all.iter().find(|(of, _)| *of == key);
            found
                .unwrap_or_else(|| panic!("no {key:?}"))
                .1
                .place
                .clone()
        };
        assert_eq!(of("stack/dev/dev-0", THING).as_ref(), Some(&moved));
        assert_eq!(of("environment/dev", "proof/aws").as_ref(), Some(&moved));
        let last = scene.account.calls().pop().unwrap();
        assert_eq!(last.region, "us-east-1");
    }
}

/// A throttle denies nothing: who we are stays as it was proven, and gets older.
#[tokio::test]
async fn a_throttled_proof_makes_the_one_before_no_less_true() {
    let scene = Scene::of(&[("dev", "eu-west-1")]);
    scene.shown("dev", 1).await;
    scene.watch();
    scene.pass(S(30)).await;
    let told = async || {
        let (all, _) = scene.store.sightings(0).await.unwrap();
        let of = |(of, by): &SightingKey| of == "environment/dev" && by == "proof/aws";
        all.into_iter().find(|(key, _)| of(key)).unwrap().1
    };
    let before = told().await;
    scene.account.throttle(usize::MAX);
    scene.pass(S(600)).await;
    assert_eq!(told().await, before);
    scene.account.throttle(0);
    scene.pass(S(120)).await;
    let after = told().await;
    assert!(
        after.taken_at > before.taken_at && after.stale.is_none(),
        "{after:?}"
    );
}

/// Contact that is back is seen within seconds, on every stack and in the proof.
#[tokio::test]
async fn contact_that_is_back_ends_what_is_stale() {
    let scene = Scene::of(&[("dev", "eu-west-1")]);
    scene.shown("dev", 3).await;
    scene.watch();
    scene.pass(S(30)).await;
    let stale = async || {
        let (all, _) = scene.store.sightings(0).await.unwrap();
        let stale = all
            .into_iter()
            .filter(|((_, by), seen)| by != SERVE && seen.stale.is_some());
        stale
            .map(|((of, by), _)| format!("{of} {by}"))
            .collect::<Vec<_>>()
    };
    assert_eq!(stale().await, [""; 0]);
    scene.account.expire(true);
    scene.pass(S(75)).await;
    let stacks = (0..3).map(|n| format!("stack/dev/dev-{n} {THING}"));
    let proof = std::iter::once("environment/dev proof/aws".to_owned());
    assert_eq!(stale().await, proof.chain(stacks).collect::<Vec<_>>());
    scene.account.expire(false);
    scene.pass(S(10)).await;
    assert_eq!(stale().await, [""; 0]);
}

/// A stack that was never seen says why, and how it is once it can be seen.
#[tokio::test]
async fn what_was_never_seen_says_why() {
    let scene = Scene::of(&[("dev", "eu-west-1")]);
    scene.shown("dev", 1).await;
    scene.account.fail(true);
    scene.watch();
    let told = async || {
        let (all, _) = scene.store.sightings(0).await.unwrap();
        let mut of = all.into_iter().filter(|((_, by), _)| by == THING);
        of.next().map(|(_, told)| told)
    };
    scene.pass(S(15)).await;
    let first = told().await.expect("nothing is told");
    assert_eq!(first.value, Seen::Nothing);
    assert!(first.stale.unwrap().as_str().contains("AWS failed (500)"));
    scene.pass(S(60)).await;
    let later = told().await.unwrap();
    assert_eq!(later.taken_at, first.taken_at, "since when it fails");
    scene.account.fail(false);
    scene.pass(S(15)).await;
    let seen = told().await.unwrap();
    assert!(
        matches!(seen.value, Seen::Thing { .. }) && seen.stale.is_none(),
        "{seen:?}"
    );
}

/// Nobody looks, nothing runs: not one call.
#[tokio::test]
async fn what_nobody_looks_at_is_not_read() {
    let scene = Scene::of(&[("dev", "eu-west-1")]);
    scene.watch();
    scene.pass(S(120)).await;
    assert_eq!(scene.account.calls().len(), 0);
}
