//! A door on a free port of this machine, a desk that keeps what it is asked, and calls as bytes.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};
use sha2::Digest as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::desk::{Batch, Desk, NotAsked, NotRelayed, Relay, Relayed, TailOf};
use crate::domain::ask::{Answer, Ask, AskState, InboxAsk};
use crate::domain::check::Check;
use crate::domain::failure::{Failure, Retry};
use crate::domain::ids::{AskId, StackId};
use crate::domain::person::Issuer;
use crate::domain::refused::Refused;
use crate::domain::time::Time;
use crate::forms::bitbucket::qsh;
use crate::os::clock::{Clock as _, Stepped};
use crate::systems::{Branches, ReplyTo};
use crate::text::jwt;
use crate::trigger::door::{App, Door, Hosts, Parts};
use crate::trigger::rules::Rule;
use crate::trigger::{Keep, Tells};
use crate::world::{EngineState, World};

/// A secret that every test has, by a variable that every test has.
pub(super) const SECRET: &str = env!("CARGO_MANIFEST_DIR");

/// The secret of an installation at Bitbucket.
pub(super) const TENANT: &str = "n7s8x0aSharedSecretOfOneTenant";

/// What a door is made of here.
#[derive(Clone)]
pub(super) struct Setup {
    pub(super) desk: Arc<Kept>,
    pub(super) clock: Stepped,
    pub(super) keep: Arc<dyn Keep>,
    pub(super) tells: Arc<Heard>,
    pub(super) hosts: Hosts,
}

/// Keeps in memory, for as long as it lives.
#[derive(Default)]
pub(in crate::trigger) struct InMemory(Mutex<BTreeMap<String, Vec<u8>>>);

impl Keep for InMemory {
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(self.0.lock().unwrap().get(name).cloned())
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), String> {
        self.0
            .lock()
            .unwrap()
            .insert(name.to_owned(), bytes.to_vec());
        Ok(())
    }
}

/// A host that keeps what it is told, once for each name of a check run.
#[derive(Default)]
pub(in crate::trigger) struct Heard {
    pub(in crate::trigger) told: Mutex<Vec<Check>>,
    /// How many calls fail before one is heard.
    pub(in crate::trigger) fails: Mutex<u32>,
}

impl Tells for Heard {
    fn tell<'a>(&'a self, _: &'a ReplyTo, check: &'a Check) -> BoxFuture<'a, Result<(), Failure>> {
        let mut fails = self.fails.lock().unwrap();
        let told = if *fails > 0 {
            *fails -= 1;
            Err(Failure::new("cut off").retry(Retry::Contact))
        } else {
            self.told.lock().unwrap().push(check.clone());
            Ok(())
        };
        std::future::ready(told).boxed()
    }
}

/// A desk that keeps what it is asked, once.
pub(in crate::trigger) struct Kept {
    asked: Mutex<Vec<InboxAsk>>,
    world: Mutex<Arc<World>>,
    /// Whether the store cannot be reached.
    pub(in crate::trigger) away: AtomicBool,
    /// Whether an engine takes everything.
    pub(in crate::trigger) accepts: AtomicBool,
    /// Why an engine refuses everything, where it does.
    pub(in crate::trigger) refuses: Mutex<Option<Refused>>,
}

impl Kept {
    /// That shows this world.
    pub(in crate::trigger) fn of(world: World) -> Self {
        Self {
            asked: Mutex::default(),
            world: Mutex::new(Arc::new(world)),
            away: AtomicBool::new(false),
            accepts: AtomicBool::new(false),
            refuses: Mutex::default(),
        }
    }

    pub(in crate::trigger) fn asked(&self) -> Vec<InboxAsk> {
        self.asked.lock().unwrap().clone()
    }

    /// From now on the store cannot be read.
    pub(super) fn fails(&self) {
        let mut world = self.world.lock().unwrap();
        Arc::make_mut(&mut world).trouble = Some("cut off".to_owned());
    }
}

impl Desk for Kept {
    fn submit(&self, _: Ask) -> Result<AskId, NotAsked> {
        Err(NotAsked::Gone)
    }

    fn state(&self, _: AskId) -> AskState {
        if self.accepts.load(Ordering::Relaxed) {
            let answer = Answer::said("it is asked for");
            return AskState::Answered { answer };
        }
        let refuses = self.refuses.lock().unwrap().clone();
        refuses.map_or(AskState::Asked, |why| AskState::Answered {
            answer: Answer::Refused(why),
        })
    }

    fn world(&self) -> Arc<World> {
        Arc::clone(&self.world.lock().unwrap())
    }

    fn watch(&self, _: &[StackId]) {}

    fn tail(&self, _: &TailOf) {}

    fn drain(&self, _: &TailOf) -> Batch {
        Batch::default()
    }

    fn untail(&self, _: &TailOf) {}

    fn look_for_newer(&self, _stack: &StackId) {}
}

impl Relay for Kept {
    fn relay(&self, ask: InboxAsk) -> BoxFuture<'static, Result<Relayed, NotRelayed>> {
        let mut asked = self.asked.lock().unwrap();
        let relayed = if self.away.load(Ordering::Relaxed) {
            Err(NotRelayed::Later("cut off".to_owned()))
        } else if asked.iter().any(|one| one.id == ask.id) {
            Ok(Relayed::Known(self.state(ask.id)))
        } else {
            asked.push(ask);
            Ok(Relayed::New)
        };
        std::future::ready(relayed).boxed()
    }

    fn forget(&self, _: AskId) {}
}

impl Setup {
    pub(super) fn new() -> Self {
        let secret = Some("env:CARGO_MANIFEST_DIR".parse().unwrap());
        let world = World {
            engine: EngineState::Live {
                pid: 1,
                version: "1".to_owned(),
            },
            loaded: true,
            ..World::default()
        };
        Self {
            desk: Arc::new(Kept::of(world)),
            clock: Stepped::at(Time(1_767_225_600_000)),
            keep: Arc::new(InMemory::default()),
            tells: Arc::default(),
            hosts: Hosts {
                github: secret.clone(),
                gitlab: secret.clone(),
                bitbucket: secret.clone(),
                app: Some(App {
                    key: "holdpoint-acme".to_owned(),
                    base: "https://hooks.acme.example".to_owned(),
                    named: ["connection:123".to_owned()].into(),
                }),
                reader: secret,
            },
        }
    }

    pub(super) fn try_open(&self) -> Result<Arc<Door>, String> {
        let rule = |stack: &str, repository: &str, tells: bool| Rule {
            stack: stack.parse().unwrap(),
            repository: repository.parse().unwrap(),
            branches: Branches::one("main".parse().unwrap()),
            tells: tells.then(|| ReplyTo {
                host: Issuer::Github,
                repository: repository.parse().unwrap(),
                by: Value::Null,
                called: Some("o5-deploy-dev".to_owned()),
            }),
        };
        let rules = vec![
            rule("dev/docs", "https://github.com/acme/docs", false),
            rule("dev/handbook", "git@github.com:acme/docs.git", false),
            rule("dev/mirror", "https://bitbucket.org/acme/docs", false),
            rule("dev/shop", "https://github.com/acme/shop", true),
        ];
        Door::open(Parts {
            desk: self.desk.clone(),
            clock: Arc::new(self.clock.clone()),
            rules: Arc::new(move || Ok(rules.clone())),
            keep: self.keep.clone(),
            heartbeat: Arc::new(|| Some(Duration::from_secs(3))),
            hosts: self.hosts.clone(),
            queues: Arc::default(),
            tells: self.tells.clone(),
        })
    }

    /// Opens it, for as long as the test runs.
    pub(super) async fn open(&self) -> SocketAddr {
        let door = self.try_open().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        tokio::spawn(door.serve(listener, std::future::pending()));
        at
    }
}

/// A token of the installation that [`Setup::new`] names, for a call there now.
pub(super) fn token(setup: &Setup, path: &str) -> String {
    let now = setup.clock.now().0 / 1_000;
    let canonical = qsh::canonical("POST", path, "");
    let claims = json!({
        "iss": "connection:123", "iat": now, "exp": now + 180,
        "qsh": hex::encode(sha2::Sha256::digest(canonical.as_bytes())),
    });
    let key = EncodingKey::from_secret(TENANT.as_bytes());
    jwt::sign(Algorithm::HS256, &claims, &key).unwrap()
}

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Came {
    pub(super) status: u16,
    /// As JSON, where it is.
    pub(super) body: Value,
}

/// Sends bytes and reads until the other end closes.
pub(super) async fn send(at: &SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(at).await.unwrap();
    // It may be cut off before all is sent.
    let _ = stream.write_all(bytes).await;
    let mut came = Vec::new();
    let _ = stream.read_to_end(&mut came).await;
    String::from_utf8(came).unwrap()
}

pub(super) async fn call(at: &SocketAddr, bytes: &[u8]) -> Came {
    let came = send(at, bytes).await;
    let (head, body) = came
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("no answer: {came:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let headers: BTreeMap<String, &str> = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .collect();
    assert_eq!(headers.get("connection"), Some(&"close"), "{head}");
    Came {
        status,
        body: serde_json::from_str(body).unwrap_or_default(),
    }
}
