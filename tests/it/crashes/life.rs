//! Engines that die over one store, and the person who asks them: every hold is approved, every
//! card confirmed as it stands.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use holdpoint::aws::{AwsTarget, Clients};
use holdpoint::domain::artifact::Artifact;
use holdpoint::domain::ask::{Answer, Ask, AskState, Attached, Confirm, InboxAsk, Intent, Source};
use holdpoint::domain::cause::Via;
use holdpoint::domain::class::EnvClass;
use holdpoint::domain::deployment::Deployment;
use holdpoint::domain::environment::{
    EnvironmentEvent, EnvironmentRecord, Mode, OnFailure, QueuePolicy,
};
use holdpoint::domain::event::{Append, Event, StreamId};
use holdpoint::domain::folds::Folds;
use holdpoint::domain::hold::Hold;
use holdpoint::domain::ids::{AskId, DeploymentId, HoldId, StackId};
use holdpoint::domain::line::Line;
use holdpoint::domain::masks::Secret;
use holdpoint::domain::person::Person as Proven;
use holdpoint::domain::request::{SourceFile, Spec};
use holdpoint::engine::{Engine, EngineError, EyesByKind, Lines, Parts, Share, Signal};
use holdpoint::exec::Executor;
use holdpoint::hosts::Hosts;
use holdpoint::observe::eyes;
use holdpoint::os::clock::SharedClock;
use holdpoint::sandbox::who::ACCOUNT;
use holdpoint::store::memory::Memory;
use holdpoint::store::{By, Store as _};
use holdpoint::systems::files::{Files, Need, Read};
use holdpoint::systems::{self, System};
use serde_json::Value;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::cloud::Cloud;
use super::fate::Fates;

/// A net for engines that have come to rest before the deployment is over: nothing waits for it.
const PATIENCE: Duration = Duration::from_mins(1);

/// One store and the engines over it.
pub(super) struct Life {
    store: Memory,
    pub(super) fates: Fates,
    parts: Parts,
    cloud: Option<Arc<Cloud>>,
    stack: StackId,
    asks: u128,
}

/// What an application is deployed from.
pub(super) struct Release {
    pub(super) system: &'static dyn System,
    pub(super) entry: Value,
    pub(super) files: Vec<(&'static str, SourceFile)>,
}

/// The first stack of an application, with the files of them all.
fn first(stacks: Vec<(StackId, Spec)>, files: Files) -> Attached {
    let (stack, spec) = stacks.into_iter().next().unwrap();
    Attached {
        stack,
        spec,
        bundle: files.into_bundle(),
    }
}

impl Release {
    /// As its system reads it.
    pub(super) fn read(self, stack: &StackId) -> Attached {
        self.read_below("", stack)
    }

    /// The same of an estate in this folder.
    pub(super) fn read_below(self, folder: &str, stack: &StackId) -> Attached {
        let mut files = Files::below(folder);
        loop {
            match self.system.read(stack, &self.entry, &files) {
                Read::Parts(parts, _) => {
                    let mut parts = parts.into_iter();
                    let part = parts.find(|(_, spec, _)| !spec.is_whole());
                    let (stack, spec, bundle) = part.unwrap();
                    return Attached {
                        stack,
                        spec,
                        bundle,
                    };
                }
                Read::Stacks(stacks) => return first(stacks, files),
                Read::Rendered(stacks, made) => {
                    files.put(made);
                    return first(stacks, files);
                }
                Read::Wrong(found) => panic!("{found}"),
                Read::Needs(needs) => needs.into_iter().for_each(|need| {
                    let is_it = |name: &str| match &need {
                        Need::File(path) | Need::Maybe(path) | Need::Opened(path) => name == path,
                        // Of a folder, as all that are asked for here are.
                        Need::Glob(glob) => {
                            let from = glob.split('*').next().unwrap_or_default();
                            let to = glob.rsplit('*').next().unwrap_or_default();
                            name.starts_with(from) && name.ends_with(to)
                        }
                    };
                    let found = self
                        .files
                        .iter()
                        .filter(|(name, _)| is_it(name))
                        .map(|(name, file)| ((*name).to_owned(), file.clone()));
                    files.answer(need.clone(), found);
                }),
            }
        }
    }
}

struct NoLines;

impl Lines for NoLines {
    fn take(&self, _: Vec<Line>) {}
}

impl Life {
    /// The id of the store in memory.
    pub(super) const STORE: &str = "00c0ffee";

    pub(super) fn new(
        fates: Fates,
        stack: &str,
        clock: SharedClock,
        (clients, hosts): (&Arc<Clients>, &Arc<Hosts>),
        executors: Vec<Arc<dyn Executor>>,
        jobs: PathBuf,
    ) -> Self {
        let store = Memory::new();
        assert_eq!(store.id(), Self::STORE);
        let ids = AtomicU64::new(1);
        let key = Secret::new("key".to_owned());
        let seen = eyes(clients, hosts, &clock, &store.id(), &key);
        let parts = Parts {
            store: Arc::new(store.clone()),
            share: Share::All,
            clock: clock.clone(),
            executors: Arc::new(
                executors
                    .into_iter()
                    .map(|one| (one.kind().as_str().to_owned(), one))
                    .collect(),
            ),
            systems: systems::named,
            eyes: Arc::new(EyesByKind::new(
                Arc::clone(clients),
                clock,
                seen,
                holdpoint::places::all(),
            )),
            lasting: {
                let root = jobs.join("lasting");
                Arc::new(move |stack| root.join(stack.whole().to_string()))
            },
            job: Arc::new(move |deployment, step, attempt| {
                jobs.join(format!("{deployment}/{step}/{attempt}"))
            }),
            lines: Arc::new(NoLines),
            replies: None,
            failpoint: None,
            fresh: Arc::new(move || {
                Uuid::from_u128(u128::from(ids.fetch_add(1, Ordering::Relaxed)))
            }),
        };
        Self {
            store,
            fates,
            parts,
            cloud: None,
            stack: stack.parse().unwrap(),
            asks: 0,
        }
    }

    /// The engines' calls go to this cloud.
    pub(super) fn over(mut self, cloud: &Arc<Cloud>) -> Self {
        self.cloud = Some(Arc::clone(cloud));
        self
    }

    /// The environment, as it was recorded before the first engine.
    pub(super) fn environment(&self, aws: Option<AwsTarget>) {
        let record = EnvironmentRecord {
            class: EnvClass::Development,
            places: aws
                .into_iter()
                .map(|aws| aws.place(Some(ACCOUNT)))
                .collect(),
            on_failure: OnFailure::Break,
            queue: QueuePolicy::Queue,
            mode: Mode::Deploy,
            min_level: None,
            hold_expiry: Duration::from_hours(24),
        };
        let mut append = Append::default();
        append.push(
            StreamId::Environment(self.stack.env.clone()),
            0,
            Event::Environment(EnvironmentEvent::Configured { record }),
        );
        let by = By {
            person: Proven::Engine,
            cause: None,
            at: self.parts.clock.now(),
            under: self.store.all(),
        };
        now(self.store.append(&append, &by, None));
    }

    /// Keeps content beside the store.
    pub(super) async fn keep(&self, content: Vec<u8>, what: &str) -> Artifact {
        let now = self.parts.clock.now();
        let kept = self.store.put(Box::new(Cursor::new(content)), what, now);
        kept.await.unwrap()
    }

    /// Publishes an archive of a release.
    pub(super) async fn publish(
        &mut self,
        release: Release,
        version: &str,
        archive: Artifact,
    ) -> Arc<Deployment> {
        let attached = vec![release.read(&self.stack)];
        let source = Source::Archive {
            version: version.to_owned(),
            archive,
        };
        let intent = Intent::deploy(self.stack.clone(), source);
        self.carried_out(intent, attached).await
    }

    /// Deploys a release.
    pub(super) async fn deploy(&mut self, release: Release) -> Arc<Deployment> {
        let attached = vec![release.read(&self.stack)];
        let intent = Intent::deploy(self.stack.clone(), Source::Estate);
        self.carried_out(intent, attached).await
    }

    /// Asks for something that starts a deployment; one engine after the other sees to it until it
    /// is over.
    pub(super) async fn carried_out(
        &mut self,
        intent: Intent,
        attached: Vec<Attached>,
    ) -> Arc<Deployment> {
        self.until(intent, attached, None).await.0
    }

    /// The same, and a person cancels it once it has come through so many states; with whether it
    /// came so far.
    pub(super) async fn until(
        &mut self,
        intent: Intent,
        attached: Vec<Attached>,
        cancels: Option<usize>,
    ) -> (Arc<Deployment>, bool) {
        let person = Arc::new(Person {
            seed: self.fates.seed,
            store: self.store.clone(),
            clock: self.parts.clock.clone(),
            stack: self.stack.clone(),
            intent,
            attached,
            cancels,
            desk: Mutex::new(Desk {
                asks: self.asks,
                ..Desk::default()
            }),
        });
        person.ask(Confirm::default());
        while !self.engine(&person).await {}
        let desk = person.desk.lock().unwrap();
        self.asks = desk.asks;
        let d = self.folds().deployments[&desk.started.unwrap()].clone();
        (d, desk.cancel.is_some())
    }

    /// What a replay of the whole log leads to.
    pub(super) fn folds(&self) -> Folds {
        now(self.store.folds(50))
    }

    /// One engine; true when it has come to the end.
    async fn engine(&mut self, person: &Arc<Person>) -> bool {
        let fate = self.fates.next();
        if let Some(cloud) = &self.cloud {
            cloud.called_by(&fate);
        }
        let mut engine = Engine::open(Parts {
            store: Arc::new(self.store.elected()),
            failpoint: Some(fate.failpoint()),
            ..self.parts.clone()
        })
        .await
        .unwrap();
        let (to, mut signals) = mpsc::unbounded_channel();
        let (watching, its_fate) = (Arc::clone(person), Arc::clone(&fate));
        let committed = move |folds: &Folds| {
            its_fate.sees(folds);
            watching.look(folds, &to);
        };
        committed(engine.folds());
        engine.observe(Arc::new(move |folds, _| committed(folds)));
        let life = async {
            tokio::select! {
                biased;
                () = fate.death() => None,
                end = engine.run(&mut signals) => Some(end),
            }
        };
        let Ok(end) = tokio::time::timeout(PATIENCE, life).await else {
            panic!(
                "stuck: {}, {:#?}",
                self.fates.told(),
                engine.folds().deployments
            )
        };
        match end {
            Some(Ok(())) => {
                assert_eq!(
                    engine.folds(),
                    &self.folds(),
                    "a replay of the log leads where the engine is: {}",
                    self.fates.told()
                );
                true
            }
            Some(Err(EngineError::Killed(_))) | None => false,
            Some(Err(why)) => panic!("the engine ended: {why}: {}", self.fates.told()),
        }
    }
}

/// The person at the desk. They act on what is committed, whichever engine it was.
struct Person {
    seed: u64,
    store: Memory,
    clock: SharedClock,
    stack: StackId,
    intent: Intent,
    attached: Vec<Attached>,
    /// After how many states they cancel it.
    cancels: Option<usize>,
    desk: Mutex<Desk>,
}

#[derive(Default)]
struct Desk {
    /// Asks so far; the number is part of the next one's id.
    asks: u128,
    asked: Option<AskId>,
    started: Option<DeploymentId>,
    approved: BTreeSet<HoldId>,
    approvals: Vec<AskId>,
    /// The states that were seen: the phase, and the steps that run.
    states: Vec<String>,
    cancel: Option<AskId>,
}

impl Person {
    fn look(&self, folds: &Folds, engine: &mpsc::UnboundedSender<Signal>) {
        let asked = self.desk.lock().unwrap().asked;
        match asked.and_then(|id| self.answer(id)) {
            Some(Answer::Accepted { deployments, .. }) => {
                self.desk.lock().unwrap().started = deployments.first().map(|(id, _)| *id);
            }
            Some(Answer::Refused(refused)) => {
                let card = refused.card.unwrap_or_else(|| {
                    panic!(
                        "seed {}: {:?} is refused: {}",
                        self.seed, self.intent, refused.says
                    )
                });
                self.ask(Confirm {
                    subject: Some(card.subject),
                    text: card.phrase.unwrap_or_default(),
                    reason: String::new(),
                });
                let _ = engine.send(Signal::Asks);
            }
            Some(Answer::Card { .. }) | None => {}
        }
        let started = self.desk.lock().unwrap().started;
        let deployment = started.and_then(|id| folds.deployments.get(&id));
        if let Some(d) = deployment
            && self.cancel(d)
        {
            let _ = engine.send(Signal::Asks);
        }
        for hold in deployment.iter().flat_map(|d| d.open_holds()) {
            if self.desk.lock().unwrap().approved.insert(hold.id.clone()) {
                self.approve(hold);
                let _ = engine.send(Signal::Asks);
            }
        }
        for approval in self.desk.lock().unwrap().approvals.clone() {
            if let Some(Answer::Refused(refused)) = self.answer(approval) {
                panic!(
                    "seed {}: an approval is refused: {}",
                    self.seed, refused.says
                );
            }
        }
        if deployment.is_some_and(|d| d.is_over()) && folds.stack(&self.stack).current.is_none() {
            let _ = engine.send(Signal::End);
        }
    }

    /// Cancels it where it has come so far, with the guard that its card asks for; true where
    /// something was asked.
    fn cancel(&self, d: &Deployment) -> bool {
        let live = d.runs().filter(|(_, run)| run.is_live());
        let live: Vec<&str> = live.map(|(step, _)| step.id.as_str()).collect();
        let state = format!("{:?} {}", d.phase, live.join(" "));
        let asked = {
            let mut desk = self.desk.lock().unwrap();
            if !desk.states.contains(&state) {
                desk.states.push(state);
            }
            let due = self.cancels.is_some_and(|after| desk.states.len() > after);
            if !due || d.is_over() && desk.cancel.is_none() {
                return false;
            }
            desk.cancel
        };
        let confirm = match asked.map(|id| self.answer(id)) {
            None => Confirm::default(),
            Some(Some(Answer::Refused(refused))) => {
                // One that is over by then is none to cancel.
                let Some(card) = refused.card else {
                    return false;
                };
                Confirm {
                    subject: Some(card.subject),
                    text: card.phrase.unwrap_or_default(),
                    reason: String::new(),
                }
            }
            Some(_) => return false,
        };
        let id = self.submit(Ask::Do {
            intent: Intent::Cancel { deployment: d.id },
            attached: Vec::new(),
            confirm,
            armed: false,
        });
        self.desk.lock().unwrap().cancel = Some(id);
        true
    }

    fn ask(&self, confirm: Confirm) {
        let ask = Ask::Do {
            intent: self.intent.clone(),
            attached: self.attached.clone(),
            confirm,
            armed: false,
        };
        let id = self.submit(ask);
        self.desk.lock().unwrap().asked = Some(id);
    }

    /// Where there is a choice, the release before comes back.
    fn approve(&self, hold: &Hold) {
        let choice = hold
            .choices
            .iter()
            .find(|choice| choice.name == "old")
            .map(|choice| choice.name.clone());
        let confirm = Confirm {
            subject: Some(hold.subject),
            text: hold.words(choice.as_deref()),
            reason: String::new(),
        };
        let id = self.submit(Ask::Approve {
            hold: hold.id.clone(),
            confirm,
            choice,
        });
        self.desk.lock().unwrap().approvals.push(id);
    }

    fn submit(&self, ask: Ask) -> AskId {
        let mut desk = self.desk.lock().unwrap();
        desk.asks += 1;
        let id = AskId(Uuid::from_u128(1 << 64 | desk.asks));
        now(self
            .store
            .submit(&InboxAsk::new(id, Via::Verb, ask), self.clock.now()));
        id
    }

    fn answer(&self, id: AskId) -> Option<Answer> {
        match now(self.store.ask(id)) {
            Some(AskState::Answered { answer }) => Some(answer),
            Some(AskState::Asked) | None => None,
        }
    }
}

/// The store in memory answers at once.
fn now<T>(answer: impl Future<Output = Result<T, holdpoint::store::StoreError>>) -> T {
    answer
        .now_or_never()
        .expect("the store in memory answers at once")
        .unwrap()
}
