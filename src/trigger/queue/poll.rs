//! Reading the queues that environments name, each by a task of its own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, join_all, select};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use super::read::{self, Told};
use super::{Letter, Missed, QueueState, Queues, Source, States, aside};
use crate::desk::Relay;
use crate::domain::aside::{Aside, AsideKind};
use crate::domain::ids::{AppName, EnvName};
use crate::domain::queue::QueueKind;
use crate::domain::tailed::Tailed;
use crate::os::clock::SharedClock;
use crate::trigger::keep::{self, Keep};
use crate::world::World;

/// How long a message is hidden while it is worked on; said again while that lasts.
const HIDDEN: Duration = Duration::from_mins(1);
/// How often a message is received that leads to nothing by its own fault, before it is set aside.
const TRIES: u32 = 5;
/// When a message is tried again, by how often it was received.
const AGAIN: [Duration; 3] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_mins(2),
];
/// How long until a queue in trouble is read again, at first and at most.
const SOON: Duration = Duration::from_secs(1);
const LATE: Duration = Duration::from_mins(1);
/// How often it is looked which queues there are.
const ROUND: Duration = Duration::from_secs(5);
/// How often what was found is kept although nothing is new.
const SAID: Duration = Duration::from_mins(1);
/// Under which name is kept how reading goes,
pub const STATES: &str = "queues";
/// and what was set aside.
pub const ASIDE: &str = "set-aside";

/// What reading is made of; the program puts it together.
pub struct Parts {
    /// Passes asks on, and shows the world.
    pub desk: Arc<dyn Relay>,
    /// The clock.
    pub clock: SharedClock,
    /// What is kept across restarts.
    pub keep: Arc<dyn Keep>,
    /// The queues.
    pub queues: Arc<dyn Queues>,
    /// Which application each app of an environment is an instance of, by the estate as it is now;
    /// blocks.
    pub families: Families,
}

/// The application of each environment of which each app is an instance.
pub type Families = Arc<dyn Fn() -> Result<BTreeMap<EnvName, AppName>, String> + Send + Sync>;

/// Reads queues.
pub struct Post {
    pub(super) parts: Parts,
    pub(super) states: Arc<States>,
    aside: Mutex<()>,
    saying: Mutex<()>,
}

/// What came of a message.
pub(super) enum Outcome {
    /// It led to what it asks for, durably, or there was nothing to do.
    Done(&'static str),
    /// It cannot be said now what it leads to; that is not its fault.
    Wait(String),
    /// It leads to nothing as things are; they may change.
    Retry(String),
    /// It leads to nothing, whatever happens.
    Poison(String),
}

impl Post {
    /// Reads what was kept.
    ///
    /// # Errors
    /// What was set aside cannot be read: it is not begun anew.
    pub fn open(parts: Parts, states: Arc<States>) -> Result<Arc<Self>, String> {
        kept_aside(parts.keep.as_ref())?;
        Ok(Arc::new(Self {
            parts,
            states,
            aside: Mutex::default(),
            saying: Mutex::default(),
        }))
    }

    /// Reads the queues that the environments name, for good.
    pub async fn run(self: Arc<Self>) {
        let mut tasks: BTreeMap<String, (Source, Running)> = BTreeMap::new();
        let mut said = None;
        loop {
            let sources = sources(&self.parts.desk.world());
            tasks.retain(|_, (source, _)| sources.contains(source));
            self.states.only(&sources);
            for source in sources {
                let key = format!("{} {}", source.env, source.kind);
                tasks.entry(key).or_insert_with(|| {
                    let post = Arc::clone(&self);
                    let own = source.clone();
                    (
                        source,
                        Running(tokio::spawn(async move { post.read(&own).await })),
                    )
                });
            }
            let now = self.parts.clock.now();
            if said.is_none_or(|at| now.since(at) >= SAID) && !(tasks.is_empty() && said.is_none())
            {
                said = Some(now);
                self.say().await;
            }
            self.parts.clock.sleep(ROUND).await;
        }
    }

    /// Keeps how reading goes, for who looks from elsewhere.
    async fn say(&self) {
        // In turn: an older word must not be kept over a newer one.
        let _turn = self.saying.lock().await;
        let rows = self.states.rows();
        if let Err(why) = self.keep(STATES, &rows).await {
            tracing::debug!("how reading of queues goes is not kept: {why}");
        }
    }

    async fn set(&self, source: &Source, state: QueueState, says: &str) {
        if !self.states.set(source, state, says, self.parts.clock.now()) {
            return;
        }
        let Source {
            name, kind, env, ..
        } = source;
        if state.is_trouble() {
            tracing::warn!("queue {name} ({kind} of {env}): {}: {says}", state.word());
        } else {
            tracing::info!("queue {name} ({kind} of {env}): {}", state.word());
        }
        self.say().await;
    }

    /// Reads one queue for good.
    async fn read(self: &Arc<Self>, source: &Source) {
        let clock = &self.parts.clock;
        self.set(source, QueueState::Opening, "").await;
        let mut pause = SOON;
        loop {
            let begun = clock.now();
            match self.parts.queues.receive(source, HIDDEN).await {
                Ok(letters) => {
                    self.set(source, QueueState::Listening, "").await;
                    pause = SOON;
                    let is_empty = letters.is_empty();
                    join_all(letters.iter().map(|letter| self.take(source, letter))).await;
                    // One that does not wait for messages is not asked all the time.
                    if is_empty && clock.now().since(begun) < SOON {
                        clock.sleep(SOON).await;
                    }
                }
                Err(missed) => {
                    self.set(source, missed.state, &missed.says).await;
                    clock.sleep(pause).await;
                    pause = (pause * 2).min(LATE);
                }
            }
        }
    }

    /// Works on a message, and keeps it hidden meanwhile.
    async fn take(self: &Arc<Self>, source: &Source, letter: &Letter) {
        let mut work = Box::pin(self.outcome(source, letter));
        let outcome = loop {
            match select(work, self.parts.clock.sleep(HIDDEN / 2)).await {
                Either::Left((outcome, _)) => break outcome,
                Either::Right(((), unfinished)) => {
                    work = unfinished;
                    self.hide(source, letter, HIDDEN).await;
                }
            }
        };
        let (outcome, fault) = match outcome {
            Outcome::Retry(why) if letter.received >= TRIES => {
                (Outcome::Poison(why), AsideKind::GivenUp)
            }
            other => (other, AsideKind::Unreadable),
        };
        let Source {
            name, kind, env, ..
        } = source;
        match outcome {
            Outcome::Done(what) => {
                self.states.count(source, what);
                self.delete(source, letter).await;
            }
            Outcome::Wait(why) | Outcome::Retry(why) => {
                self.states.count(source, "later");
                tracing::info!("a message of queue {name} ({kind} of {env}) waits: {why}");
                self.hide(source, letter, again(letter.received)).await;
            }
            Outcome::Poison(why) => {
                tracing::warn!("a message of queue {name} ({kind} of {env}) is set aside: {why}");
                match self.set_aside(source, letter, fault, &why).await {
                    Ok(()) => {
                        self.states.count(source, "set_aside");
                        self.delete(source, letter).await;
                    }
                    Err(why) => {
                        self.set(source, QueueState::NoRoom, &why).await;
                        self.hide(source, letter, again(letter.received)).await;
                    }
                }
            }
        }
    }

    async fn outcome(self: &Arc<Self>, source: &Source, letter: &Letter) -> Outcome {
        match read::read(source.kind, &source.env, &letter.body) {
            Err(why) => Outcome::Poison(why.to_string()),
            Ok(Told::Build(change)) => {
                let world = self.parts.desk.world();
                if !world.loaded {
                    return Outcome::Wait("the store was not read yet".to_owned());
                }
                if is_known(&world, &change.build, &change.project) {
                    self.parts.queues.build_went_on(&change.build);
                    return Outcome::Done("looked");
                }
                // It may have been started just now, and not be noted yet.
                Outcome::Retry(format!(
                    "build {} was not started from here, and nothing here watches {}",
                    change.build, change.project
                ))
            }
            Ok(Told::Asked(asked)) => self.ask(source, letter, &asked).await,
            Ok(Told::App(id, told)) => self.app(source, letter, id, &told).await,
        }
    }

    pub(super) async fn set_aside(
        &self,
        source: &Source,
        letter: &Letter,
        kind: AsideKind,
        why: &str,
    ) -> Result<(), String> {
        let _turn = self.aside.lock().await;
        // As it is now: a person may have moved the file away, to forget what stood there.
        let keep = Arc::clone(&self.parts.keep);
        let mut kept = tokio::task::spawn_blocking(move || kept_aside(keep.as_ref()))
            .await
            .map_err(|why| why.to_string())??;
        let now = self.parts.clock.now();
        kept.put(aside::set_aside(source, letter, kind, why, now));
        self.keep(ASIDE, &kept).await
    }

    /// A message that cannot be deleted comes again, and does nothing then.
    async fn delete(&self, source: &Source, letter: &Letter) {
        let deleted = self.parts.queues.delete(source, &letter.handle).await;
        self.note(source, deleted).await;
    }

    async fn hide(&self, source: &Source, letter: &Letter, hidden: Duration) {
        let hidden = self.parts.queues.hide(source, &letter.handle, hidden).await;
        self.note(source, hidden).await;
    }

    async fn note(&self, source: &Source, done: Result<(), Missed>) {
        if let Err(missed) = done {
            self.set(source, missed.state, &missed.says).await;
        }
    }

    async fn keep(&self, name: &'static str, what: &impl serde::Serialize) -> Result<(), String> {
        keep::write(&self.parts.keep, name, what).await
    }
}

/// What was set aside before.
fn kept_aside(keep: &dyn Keep) -> Result<Aside, String> {
    let Some(bytes) = keep.read(ASIDE)? else {
        return Ok(Aside::default());
    };
    serde_json::from_slice(&bytes).map_err(|_| {
        "what is kept of messages that were set aside is damaged: move heard/set-aside.json away, and they are forgotten".to_owned()
    })
}

/// A task that ends with whoever holds it.
struct Running(JoinHandle<()>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The queues that environments name, as they are recorded.
fn sources(world: &World) -> Vec<Source> {
    let recorded = world
        .folds
        .environments
        .iter()
        .filter_map(|(env, fold)| Some((env, fold.record.as_ref()?)));
    recorded
        .flat_map(|(env, record)| {
            record.places.iter().flat_map(move |place| {
                QueueKind::ALL.into_iter().filter_map(move |kind| {
                    Some(Source {
                        env: env.clone(),
                        name: kind.at(place)?.to_owned(),
                        place: place.clone(),
                        kind,
                    })
                })
            })
        })
        .collect()
}

/// Whether a build is one of ours: a deployment started it, or something watches its project.
fn is_known(world: &World, build: &str, project: &str) -> bool {
    let watched = Tailed::builds(project);
    let mut specs = world.catalog.stacks.values();
    let mut deployments = world.folds.deployments.values();
    specs.any(|entry| {
        let spec = entry.spec.as_ref();
        spec.is_ok_and(|spec| spec.watch_logs.contains(&watched))
    }) || deployments.any(|deployment| {
        let mut runs = deployment.steps.values();
        runs.any(|run| {
            let mut notes = run.notes.values();
            notes.any(|note| note.get("id").and_then(|id| id.as_str()) == Some(build))
        })
    })
}

fn again(received: u32) -> Duration {
    let nth = usize::try_from(received.saturating_sub(1)).unwrap_or(usize::MAX);
    AGAIN.get(nth).or(AGAIN.last()).copied().unwrap_or(HIDDEN)
}

#[cfg(test)]
mod tests;
