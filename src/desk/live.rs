//! The real desk: a handle to a thread with its own runtime, which follows the store, keeps the
//! world and sends asks.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use crate::domain::artifact::Artifact;
use crate::domain::ask::{Ask, AskState, InboxAsk};
use crate::domain::cause::Via;
use crate::domain::deployment::Deployment;
use crate::domain::event::Stored;
use crate::domain::ids::{AskId, DeploymentNo, StackId};
use crate::os::mutex::locked;
use crate::store::Content;
use crate::world::World;

use super::parts::Parts;
use super::shared::{Command, Shared};
use super::{
    Batch, Begin, Desk, NotAsked, NotRelayed, Patient, Reading, Relay, Relayed, TailOf, work,
};

/// The most asks that wait to be sent.
const ASKS: usize = 64;

/// A desk at work.
pub struct LiveDesk {
    shared: Arc<Shared>,
    commands: Option<mpsc::Sender<Command>>,
    worker: Option<JoinHandle<()>>,
    via: Via,
    fresh: Arc<dyn Fn() -> uuid::Uuid + Send + Sync>,
}

impl LiveDesk {
    /// Starts to work; the world is empty until the store was read.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(parts: Parts) -> std::io::Result<LiveDesk> {
        let world = World {
            catalog: Arc::new(parts.catalog.clone()),
            you: parts.you.clone(),
            at: parts.clock.now(),
            ..World::default()
        };
        let shared = Arc::new(Shared {
            world: Mutex::new(Arc::new(world)),
            states: Mutex::default(),
            tails: Mutex::default(),
            watched: Mutex::default(),
            wake: Mutex::default(),
            changes: Mutex::default(),
            changed: Condvar::new(),
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (to, from) = mpsc::channel(ASKS);
        let (via, fresh, theirs) = (parts.via, Arc::clone(&parts.fresh), Arc::clone(&shared));
        let worker = std::thread::Builder::new()
            .name("desk".to_owned())
            .spawn(move || {
                runtime.block_on(work::work(parts, theirs, from));
                // A follower that still reads is not waited for.
                runtime.shutdown_background();
            })?;
        Ok(Self {
            shared,
            commands: Some(to),
            worker: Some(worker),
            via,
            fresh,
        })
    }

    /// Calls this whenever something changed; from the desk's thread, so it must return at once.
    pub fn wake_with(&self, wake: Box<dyn Fn() + Send + Sync>) {
        *locked(&self.shared.wake) = Some(wake);
    }

    /// Waits until the log has been read, for `limit` at most; true when it has.
    pub fn ready(&self, limit: Duration) -> bool {
        let changes = locked(&self.shared.changes);
        let loading = |_: &mut u64| !locked(&self.shared.world).loaded;
        let waited = self
            .shared
            .changed
            .wait_timeout_while(changes, limit, loading);
        drop(waited);
        self.world().loaded
    }

    fn send(&self, command: Command) -> Result<(), NotAsked> {
        let commands = self.commands.as_ref().ok_or(NotAsked::Gone)?;
        commands.try_send(command).map_err(|why| match why {
            TrySendError::Full(_) => NotAsked::Busy,
            TrySendError::Closed(_) => NotAsked::Gone,
        })
    }

    fn ask_thread<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<T, String>>) -> Command,
    ) -> Result<T, String> {
        let (reply, answer) = oneshot::channel();
        self.send(command(reply)).map_err(|why| why.to_string())?;
        answer
            .blocking_recv()
            .map_err(|_| NotAsked::Gone.to_string())?
    }
}

impl Desk for LiveDesk {
    fn submit(&self, ask: Ask) -> Result<AskId, NotAsked> {
        let id = AskId((self.fresh)());
        locked(&self.shared.states).insert(id, AskState::Asked);
        self.send(Command::Submit(Box::new(InboxAsk::new(id, self.via, ask))))
            .inspect_err(|_| {
                locked(&self.shared.states).remove(&id);
            })?;
        Ok(id)
    }

    fn state(&self, id: AskId) -> AskState {
        locked(&self.shared.states)
            .get(&id)
            .cloned()
            .unwrap_or(AskState::Asked)
    }

    fn world(&self) -> Arc<World> {
        Arc::clone(&locked(&self.shared.world))
    }

    fn watch(&self, stacks: &[StackId]) {
        let mut watched = locked(&self.shared.watched);
        if *watched != stacks {
            *watched = stacks.to_vec();
            drop(watched);
            let _ = self.send(Command::Look);
        }
    }

    fn tail(&self, of: &TailOf) {
        self.tail_from(of, Begin::Newest);
    }

    fn drain(&self, of: &TailOf) -> Batch {
        let (batch, more) = locked(&self.shared.tails).drain(of);
        if more {
            let _ = self.send(Command::Look);
        }
        batch
    }

    fn untail(&self, of: &TailOf) {
        locked(&self.shared.tails).end(of);
    }

    fn look_for_newer(&self, stack: &StackId) {
        let _ = self.send(Command::Newer(stack.whole()));
    }
}

impl Patient for LiveDesk {
    fn tail_from(&self, of: &TailOf, begin: Begin) {
        let new = locked(&self.shared.tails).keep(of, begin);
        if new {
            let _ = self.send(Command::Look);
        }
    }

    fn reading(&self, of: &TailOf) -> Reading {
        locked(&self.shared.tails).reading(of)
    }

    fn read_on(&self) {
        let _ = self.send(Command::Look);
    }

    fn changed(&self, limit: Duration) -> bool {
        let changes = locked(&self.shared.changes);
        let (mut changes, _) = self
            .shared
            .changed
            .wait_timeout_while(changes, limit, |changes| *changes == 0)
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *changes) > 0
    }

    fn newest(&self, seq: u64, limit: usize) -> Result<Vec<Stored>, String> {
        self.ask_thread(|reply| Command::Newest(seq, limit, reply))
    }

    fn history(&self, stack: &StackId, limit: usize) -> Result<Vec<Deployment>, String> {
        self.ask_thread(|reply| Command::History(stack.clone(), limit, reply))
    }

    fn keep(&self, content: Content, what: &str) -> Result<Artifact, String> {
        self.ask_thread(|reply| Command::Keep(content, what.to_owned(), reply))
    }

    fn numbered(&self, no: DeploymentNo) -> Result<Option<Deployment>, String> {
        self.ask_thread(|reply| Command::Numbered(no, reply))
    }
}

impl Relay for LiveDesk {
    fn relay(&self, ask: InboxAsk) -> BoxFuture<'static, Result<Relayed, NotRelayed>> {
        let (reply, answer) = oneshot::channel();
        let sent = self.send(Command::Relay(Box::new(ask), reply));
        async move {
            let gone = |why: NotAsked| NotRelayed::Later(why.to_string());
            sent.map_err(gone)?;
            answer.await.map_err(|_| gone(NotAsked::Gone))?
        }
        .boxed()
    }

    fn forget(&self, id: AskId) {
        locked(&self.shared.states).remove(&id);
    }
}

impl Drop for LiveDesk {
    fn drop(&mut self) {
        // The thread sends what it was given, then ends because nobody can give it more.
        self.commands = None;
        if let Some(worker) = self.worker.take() {
            let _ = worker.join();
        }
    }
}
