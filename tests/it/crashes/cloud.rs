//! The embedded cloud as engines that die meet it: before and after each call stands a point, and
//! time goes on when somebody sleeps.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use holdpoint::aws::{AwsTarget, Clients};
use holdpoint::domain::time::Time;
use holdpoint::os::clock::{Clock, SharedClock};
use holdpoint::sandbox::call::Call;
use holdpoint::sandbox::ledger::Entry;
use holdpoint::sandbox::levers::{self, PRACTICE};
use holdpoint::sandbox::shared::Shared;
use holdpoint::sandbox::wire;
use holdpoint::sandbox::world::World;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::fate::Fate;

/// How many times faster than usual things are made: fewer polls, and each of them costs in a debug
/// build.
const PACE: f64 = 1_000.0;
/// A wait until a time that is no further away is over at once; what is further away comes when
/// others have slept so long.
const SOON: Duration = Duration::from_mins(1);

/// The embedded cloud, put together here so that its calls can be met.
pub(super) struct Cloud {
    shared: Shared,
    beat: Arc<watch::Sender<Time>>,
    port: u16,
    /// Who calls now.
    caller: Arc<Mutex<Option<Arc<Fate>>>>,
    server: JoinHandle<()>,
}

impl Cloud {
    pub(super) async fn open(seed: u64) -> Self {
        let start = Time(1_790_000_000_000);
        let (beat, now) = watch::channel(start);
        let shared = Shared::new(World::new(start, seed, PACE), None, now, None);
        let caller: Arc<Mutex<Option<Arc<Fate>>>> = Arc::default();
        let router = met(&caller, wire::router(shared.clone()));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            shared,
            beat: Arc::new(beat),
            port,
            caller,
            server,
        }
    }

    /// Whom else the engines call: its calls are met as those of the cloud are.
    pub(super) fn met(&self, router: Router) -> Router {
        met(&self.caller, router)
    }

    /// From now on an engine with this fate calls.
    pub(super) fn called_by(&self, fate: &Arc<Fate>) {
        *self.caller.lock().unwrap() = Some(Arc::clone(fate));
    }

    pub(super) fn clock(&self) -> SharedClock {
        Arc::new(Pace {
            shared: self.shared.clone(),
            beat: Arc::clone(&self.beat),
        })
    }

    pub(super) fn clients(&self) -> Arc<Clients> {
        self.clients_by(self.clock())
    }

    /// Clients with another clock.
    pub(super) fn clients_by(&self, clock: SharedClock) -> Arc<Clients> {
        let port = self.port;
        Clients::new(
            clock,
            "tester",
            Arc::new(move || async move { Ok(port) }.boxed()),
        )
    }

    pub(super) fn target() -> AwsTarget {
        AwsTarget {
            endpoint_url: Some("sandbox".into()),
            region: Some("eu-west-1".into()),
            ..AwsTarget::default()
        }
    }

    /// A stack that is there before anybody deploys, marked as one of this store.
    pub(super) fn make(&self, name: &str, template: &str, tags: &[(&str, &str)]) {
        let tags: Vec<Value> = tags
            .iter()
            .map(|(key, value)| json!({ "Key": key, "Value": value }))
            .collect();
        let params = json!({ "StackName": name, "TemplateBody": template, "Tags": tags });
        self.shared
            .call(&Call::new("cloudformation", "CreateStack", params).by("test", "eu-west-1"))
            .answer
            .unwrap();
        tick(&self.shared, &self.beat, Duration::from_mins(1));
    }

    /// A call of somebody else, before anybody deploys or after.
    pub(super) fn call(&self, service: &str, action: &str, params: Value) -> Value {
        let call = Call::new(service, action, params).by("test", "eu-west-1");
        let reply = self.shared.call(&call).answer.unwrap();
        reply.tree().clone()
    }

    /// A resource will fail to be updated.
    pub(super) fn fails(&self, stack: &str, logical: &str, times: u32) {
        let how = json!({ "stack": stack, "logical": logical, "act": "UPDATE", "reason": "no room", "times": times });
        self.shared
            .call(&levers::lever("Fail", how))
            .answer
            .unwrap();
    }

    /// The calls that changed something, but for levers.
    pub(super) fn effects(&self) -> Vec<Entry> {
        self.shared.look(|world| {
            world
                .ledger
                .effects()
                .filter(|entry| entry.service != PRACTICE)
                .cloned()
                .collect()
        })
    }
}

/// Calls of the engine that calls now stand between two points.
fn met(caller: &Arc<Mutex<Option<Arc<Fate>>>>, router: Router) -> Router {
    let gate = Arc::clone(caller);
    router.layer(from_fn(move |request: Request, next: Next| {
        let fate = gate.lock().unwrap().clone().unwrap();
        async move {
            fate.passes("before call").await;
            let answer = next.run(request).await;
            fate.passes("after call").await;
            answer
        }
    }))
}

impl Drop for Cloud {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// The time of the cloud: whoever sleeps moves it on.
struct Pace {
    shared: Shared,
    beat: Arc<watch::Sender<Time>>,
}

impl Clock for Pace {
    fn now(&self) -> Time {
        self.shared.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let (shared, beat) = (self.shared.clone(), Arc::clone(&self.beat));
        async move {
            tick(&shared, &beat, duration);
            tokio::task::yield_now().await;
        }
        .boxed()
    }

    fn sleep_until(&self, time: Time) -> BoxFuture<'static, ()> {
        let wait = time.since(self.now());
        if wait <= SOON {
            return self.sleep(wait);
        }
        let beat = Arc::clone(&self.beat);
        async move {
            let _ = beat.subscribe().wait_for(|now| *now >= time).await;
        }
        .boxed()
    }
}

fn tick(shared: &Shared, beat: &watch::Sender<Time>, by: Duration) {
    beat.send_modify(|now| *now = *now + by);
    shared.advance();
}
