//! Replies over a host that keeps what it is told, and can be unkind: away, refusing, or cut off
//! after it took something.

use std::collections::VecDeque;
use std::sync::Mutex;

use futures_util::FutureExt as _;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::domain::cause::Via;
use crate::domain::check::{CheckState, Conclusion};
use crate::domain::deployment::DeploymentEvent;
use crate::domain::event::{Append, Event, StreamId};
use crate::domain::flag::{Flags, Value as FlagValue};
use crate::domain::given;
use crate::domain::person::{Issuer, Person};
use crate::domain::stack::{QueueEnd, Queued, StackEvent};
use crate::store::By;
use crate::store::memory::Memory;

const SHA: &str = "6113728f27ae82c7b1a177c8d03f9e96e0adf246";
const NOW: Time = Time(1_800_000_000_000);

/// What happens to a call.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    /// Nobody answers.
    Away,
    /// It is refused.
    Refused,
    /// It is taken, and the answer is lost.
    Cut,
}

#[derive(Default)]
struct Host {
    runs: Mutex<Vec<Check>>,
    asked: Mutex<Vec<&'static str>>,
    faults: Mutex<VecDeque<Option<Fault>>>,
}

impl Host {
    fn call(
        &self,
        what: &'static str,
        takes: impl FnOnce(&mut Vec<Check>) -> Given,
    ) -> Result<Given, Failure> {
        self.asked.lock().unwrap().push(what);
        let away = || Failure::new("nobody answers").retry(Retry::Contact);
        match self.faults.lock().unwrap().pop_front().flatten() {
            Some(Fault::Away) => Err(away()),
            Some(Fault::Refused) => Err(Failure::new("it may not").hint("give it the right")),
            Some(Fault::Cut) => {
                takes(&mut self.runs.lock().unwrap());
                Err(away())
            }
            None => Ok(takes(&mut self.runs.lock().unwrap())),
        }
    }

    fn asked(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    /// The next calls go wrong.
    fn fails(&self, faults: &[Fault]) {
        *self.faults.lock().unwrap() = faults.iter().copied().map(Some).collect();
    }

    /// The call behind so many others goes wrong.
    fn fails_at(&self, clear: usize, fault: Fault) {
        let clear = std::iter::repeat_n(None, clear);
        *self.faults.lock().unwrap() = clear.chain([Some(fault)]).collect();
    }

    fn states(&self) -> Vec<CheckState> {
        let runs = self.runs.lock().unwrap();
        runs.iter().map(|check| check.state).collect()
    }
}

impl Replies for Arc<Host> {
    fn find<'a>(
        &'a self,
        _: &'a ReplyTo,
        check: &'a Check,
    ) -> BoxFuture<'a, Result<Option<Given>, Failure>> {
        let mut found = None;
        let told = self.call("find", |runs| {
            let at = runs.iter().position(|run| run.id == check.id);
            found = at.map(|at| Given {
                run: at as u64,
                is_over: runs[at].state.is_over(),
            });
            Given {
                run: 0,
                is_over: false,
            }
        });
        async move { told.map(|_| found) }.boxed()
    }

    fn make<'a>(
        &'a self,
        _: &'a ReplyTo,
        check: &'a Check,
    ) -> BoxFuture<'a, Result<Given, Failure>> {
        let made = self.call("make", |runs| {
            runs.push(check.clone());
            Given {
                run: runs.len() as u64 - 1,
                is_over: check.state.is_over(),
            }
        });
        async move { made }.boxed()
    }

    fn tell<'a>(
        &'a self,
        _: &'a ReplyTo,
        run: u64,
        check: &'a Check,
    ) -> BoxFuture<'a, Result<Given, Failure>> {
        let told = self.call("tell", |runs| {
            let one = &mut runs[usize::try_from(run).unwrap()];
            assert!(!one.state.is_over(), "what is over was written to again");
            *one = check.clone();
            Given {
                run,
                is_over: check.state.is_over(),
            }
        });
        async move { told }.boxed()
    }
}

/// A store with deployments of pushes, and the host.
struct Scene {
    store: Memory,
    host: Arc<Host>,
}

fn site() -> crate::domain::request::Spec {
    let build = json!({
        "repository": "https://github.com/acme/docs",
        "app": { "id": 7, "secrets": { "private_key": "env:KEY" } },
        "checks": true, "branch": "main", "project": "build", "source": "sources", "version": "versions",
        "recipe": { "manager": "npm", "node": "NODE_22", "build": "build", "out": "build" },
    });
    let site = json!({
        "host": "docs.acme.example", "zone": "Z1", "live": "live", "prefix": "pipeline/docs/docs/",
        "certificate": "c", "kind": "react", "build": build,
    });
    given::spec("website", "r1", json!({ "site": site }))
}

impl Scene {
    fn new() -> Self {
        Self {
            store: Memory::new(),
            host: Arc::default(),
        }
    }

    /// A program that was just started.
    fn replier(&self) -> Replier {
        let store = Arc::new(self.store.clone());
        Replier::new(
            store,
            crate::systems::named,
            Arc::new(Arc::clone(&self.host)),
        )
    }

    async fn on(&self, id: DeploymentId, events: Vec<DeploymentEvent>, at: Time) {
        let stream = StreamId::Deployment(id);
        let version = self.store.stream(&stream).await.unwrap().len() as u64;
        let mut append = Append::default();
        for event in events {
            if let DeploymentEvent::Created { request } = &event {
                let entry = Queued {
                    deployment: id,
                    no: request.no,
                    purpose: request.purpose,
                    not_before: None,
                    after: Vec::new(),
                };
                let stack = StreamId::Stack(request.stack.clone());
                let version = self.store.stream(&stack).await.unwrap().len() as u64;
                let system = "website".to_owned();
                let asked = Event::Stack(StackEvent::Requested {
                    system,
                    entry,
                    place: QueueEnd::Tail,
                });
                append.push(stack, version, asked);
            }
            append.push(stream.clone(), version, Event::Deployment(Box::new(event)));
        }
        let by = By {
            person: Person::Engine,
            cause: None,
            at,
            under: self.store.all(),
        };
        self.store.append(&append, &by, None).await.unwrap();
    }

    /// A push that became a deployment.
    async fn push(&self, no: u64) -> DeploymentId {
        let id = DeploymentId(Uuid::from_u128(u128::from(no)));
        let mut request = given::request(no, &"dev/docs".parse().unwrap(), site());
        request.cause.via = Via::Push;
        request.cause.by = Person::Outside {
            source: Issuer::Github,
            id: "github.com/acme/docs".into(),
            behalf: None,
        };
        request.flags = Flags::from([("commit".parse().unwrap(), FlagValue::Text(SHA.into()))]);
        let request = Box::new(request);
        self.on(id, vec![DeploymentEvent::Created { request }], NOW)
            .await;
        id
    }

    async fn end(&self, id: DeploymentId, at: Time) {
        let (reason, by) = ("cancelled".to_owned(), Person::Engine);
        self.on(id, vec![DeploymentEvent::Terminated { reason, by }], at)
            .await;
    }

    async fn folds(&self) -> Folds {
        self.store.folds(50).await.unwrap()
    }

    async fn round(&self, replier: &mut Replier, now: Time) -> Option<Time> {
        replier.round(&self.folds().await, now).await
    }

    async fn named(&self) -> Option<String> {
        let (all, _) = self.store.sightings(0).await.unwrap();
        let one = all
            .into_iter()
            .find(|((subject, source), _)| subject == "stack/dev/docs" && source == REPLY);
        one?.1.stale.map(Safe::into_string)
    }
}

#[tokio::test]
async fn what_becomes_of_a_push_is_told_once_for_each_thing_that_becomes_of_it() {
    let scene = Scene::new();
    let mut replier = scene.replier();
    let d = scene.push(1).await;
    assert_eq!(scene.round(&mut replier, NOW).await, None);
    assert_eq!(scene.host.asked(), ["find", "make"]);
    assert_eq!(scene.host.states(), [CheckState::Queued]);
    scene.round(&mut replier, NOW).await;
    assert_eq!(scene.host.asked(), [""; 0], "nothing new");
    scene.on(d, vec![DeploymentEvent::Triggered], NOW).await;
    scene.round(&mut replier, NOW).await;
    assert_eq!(scene.host.states(), [CheckState::Running]);
    scene.end(d, NOW).await;
    scene.round(&mut replier, NOW).await;
    assert_eq!(
        scene.host.states(),
        [CheckState::Ended(Conclusion::Cancelled, NOW)]
    );
    assert_eq!(scene.host.asked(), ["tell", "tell"]);
    scene.round(&mut replier, NOW).await;
    assert_eq!(scene.host.asked(), [""; 0]);
    // A program that is started later finds it over, and says nothing.
    let mut later = scene.replier();
    scene.round(&mut later, NOW).await;
    scene.round(&mut later, NOW).await;
    assert_eq!(scene.host.asked(), ["find"]);
}

/// Killed at each call, before the host takes it and after, when nobody hears the answer. One check
/// run comes of it, with its end.
#[tokio::test]
async fn a_kill_costs_a_delay_and_no_second_check_run() {
    for (killed_at, fault) in (0..4).flat_map(|at| [(at, Fault::Away), (at, Fault::Cut)]) {
        let scene = Scene::new();
        let d = scene.push(1).await;
        let mut replier = scene.replier();
        let mut later = 0;
        let mut killed = false;
        for stage in 0..3 {
            match stage {
                1 => scene.on(d, vec![DeploymentEvent::Triggered], NOW).await,
                2 => scene.end(d, NOW).await,
                _ => {}
            }
            if later <= killed_at && !killed {
                scene.host.fails_at(killed_at - later, fault);
            }
            scene.round(&mut replier, NOW).await;
            later += scene.host.asked().len();
            if !killed && later > killed_at {
                killed = true;
                replier = scene.replier();
                scene.round(&mut replier, NOW).await;
            }
        }
        assert!(killed, "there is no call {killed_at}");
        assert_eq!(
            scene.host.states(),
            [CheckState::Ended(Conclusion::Cancelled, NOW)],
            "{killed_at}"
        );
    }
}

#[tokio::test]
async fn a_host_that_does_not_answer_is_asked_ever_less_and_named_once_that_lasts() {
    let scene = Scene::new();
    let mut replier = scene.replier();
    scene.push(1).await;
    scene.push(2).await;
    scene.host.fails(&[Fault::Away; 7]);
    let (mut now, mut waits) = (NOW, Vec::new());
    for _ in 0..7 {
        let again = scene.round(&mut replier, now).await.unwrap();
        waits.push(again.since(now).as_secs());
        let early = again - Duration::from_secs(1);
        scene.host.asked();
        assert_eq!(scene.round(&mut replier, early).await, Some(again));
        assert_eq!(scene.host.asked(), [""; 0], "it is left alone, by all");
        now = again;
        assert_eq!(scene.named().await.is_some(), waits.len() >= 7, "{waits:?}");
    }
    assert_eq!(waits, [5, 10, 20, 40, 80, 160, 300]);
    let says = scene.named().await.unwrap();
    assert_eq!(says, "nobody answers: it goes on by itself then");
    assert_eq!(scene.round(&mut replier, now).await, None);
    assert_eq!(scene.host.states().len(), 2, "nothing is lost");
    assert_eq!(scene.named().await, None, "and it is said no more");
}

#[tokio::test]
async fn what_is_refused_is_named_and_rarely_tried_again_and_keeps_nothing_else_waiting() {
    let scene = Scene::new();
    let mut replier = scene.replier();
    scene.push(1).await;
    scene.host.fails(&[Fault::Refused]);
    let again = scene.round(&mut replier, NOW).await.unwrap();
    assert_eq!(again.since(NOW), REFUSED);
    assert_eq!(
        scene.named().await.unwrap(),
        "it may not: give it the right"
    );
    scene.host.asked();
    let d = scene.push(2).await;
    scene.round(&mut replier, NOW).await;
    assert_eq!(
        scene.host.asked(),
        ["find", "make"],
        "another commit is told"
    );
    scene.end(d, NOW).await;
    // A day after its end a deployment owes nothing more, whatever became of it.
    let first = DeploymentId(Uuid::from_u128(1));
    scene.end(first, NOW).await;
    scene.host.fails(&[Fault::Refused; 100]);
    let mut now = NOW;
    while let Some(again) = scene.round(&mut replier, now).await {
        now = again;
    }
    assert_eq!(now.since(NOW), KEPT);
    let tries = scene.host.asked().len();
    assert!((20..60).contains(&tries), "{tries} tries in a day");
}

#[tokio::test]
async fn nobody_but_whoever_pushed_and_asked_for_it_is_told() {
    let scene = Scene::new();
    let d = scene.push(1).await;
    let held = scene.folds().await.deployments[&d].as_ref().clone();
    let request = held.request.clone().unwrap();
    let owed = |change: fn(&mut crate::domain::deployment::Request)| {
        let (mut d, mut request) = (held.clone(), (*request).clone());
        change(&mut request);
        d.request = Some(Arc::new(request));
        owed::of(&d, crate::systems::named, NOW)
    };
    let one = owed(|_| {}).unwrap();
    assert_eq!(one.to.repository.to_string(), "github.com/acme/docs");
    assert_eq!(one.check.name, "holdpoint/dev/docs");
    let not: [fn(&mut crate::domain::deployment::Request); 5] = [
        |request| request.cause.via = Via::Verb,
        |request| request.cause.by = Person::Engine,
        |request| request.flags = Flags::new(),
        |request| request.spec.body["site"]["build"]["checks"] = json!(false),
        |request| {
            let build = request.spec.body["site"]["build"].as_object_mut().unwrap();
            build.remove("app");
        },
    ];
    for (nth, change) in not.into_iter().enumerate() {
        assert!(owed(change).is_none(), "{nth}");
    }
}

/// While a host is away more may end than an engine keeps in mind.
#[tokio::test]
async fn what_ended_lately_is_still_told_by_a_program_that_starts_later() {
    let scene = Scene::new();
    for no in 1..=60 {
        let d = scene.push(no).await;
        let at = if no <= 3 { NOW - KEPT } else { NOW };
        scene.end(d, at).await;
    }
    scene.round(&mut scene.replier(), NOW).await;
    assert_eq!(scene.host.states().len(), 57);
}
