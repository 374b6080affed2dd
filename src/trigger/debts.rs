//! What a commit is owed whose push leads to no deployment: a check run that failed, with the reason.
//! What becomes of a deployment is told by the engine; of what an engine refused nothing stands in
//! the log, so that it is kept here until it is told, across restarts.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::keep::{self, Keep};
use crate::desk::{Relay, Relayed};
use crate::domain::ask::{Answer, AskState, InboxAsk};
use crate::domain::check::{self, Check};
use crate::domain::failure::{Failure, Retry};
use crate::domain::ids::{AskId, StackId};
use crate::domain::refs::Commit;
use crate::domain::refused::Refused;
use crate::domain::time::Time;
use crate::os::clock::SharedClock;
use crate::systems::ReplyTo;

/// Under which name they are kept.
const NAME: &str = "checks";
/// After how long it is looked again whether an ask is answered, or a host called again; each time
/// after twice as long.
const FIRST: Duration = Duration::from_secs(5);
/// The longest of these waits.
const LONGEST: Duration = Duration::from_mins(5);
/// How long nothing is said after it was refused for a reason that does not pass.
const REFUSED: Duration = Duration::from_hours(1);
/// How long after its push a commit is owed anything.
const KEPT: Duration = Duration::from_hours(24);

/// Who tells hosts.
pub trait Tells: Send + Sync {
    /// Gives a check run as it is in the end; one that was given before is found, and given its end.
    fn tell<'a>(&'a self, to: &'a ReplyTo, check: &'a Check) -> BoxFuture<'a, Result<(), Failure>>;
}

/// What is owed where an ask comes to nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Debt {
    /// The ask, as it was passed on.
    pub(super) ask: InboxAsk,
    /// Which stack it is about.
    pub(super) stack: StackId,
    /// To whom it is owed.
    pub(super) to: ReplyTo,
    /// The commit.
    pub(super) commit: Commit,
    /// When it was told.
    pub(super) at: Time,
}

/// All debts.
pub(super) struct Debts {
    desk: Arc<dyn Relay>,
    clock: SharedClock,
    keep: Arc<dyn Keep>,
    tells: Arc<dyn Tells>,
    all: Mutex<Vec<Debt>>,
}

impl Debts {
    /// With those that were kept.
    pub(super) fn open(
        desk: Arc<dyn Relay>,
        clock: SharedClock,
        keep: Arc<dyn Keep>,
        tells: Arc<dyn Tells>,
    ) -> Result<Arc<Self>, String> {
        let kept: Vec<Debt> = keep::read(keep.as_ref(), NAME)?;
        Ok(Arc::new(Self {
            desk,
            clock,
            keep,
            tells,
            all: Mutex::new(kept),
        }))
    }

    /// Sees to those that were kept.
    pub(super) async fn resume(self: &Arc<Self>) {
        for debt in self.all.lock().await.iter() {
            tokio::spawn(Arc::clone(self).see_to(debt.clone()));
        }
    }

    /// Keeps one whose ask is in the inbox, and sees to it.
    pub(super) async fn owe(self: &Arc<Self>, debt: Debt) {
        let mut all = self.all.lock().await;
        if all.iter().any(|one| one.ask.id == debt.ask.id) {
            return;
        }
        all.push(debt.clone());
        self.write(&all).await;
        drop(all);
        tokio::spawn(Arc::clone(self).see_to(debt));
    }

    async fn write(&self, all: &[Debt]) {
        if let Err(why) = keep::write(&self.keep, NAME, &all).await {
            tracing::warn!("which commits are owed an answer cannot be kept: {why}");
        }
    }

    async fn over(&self, id: AskId) {
        let mut all = self.all.lock().await;
        all.retain(|debt| debt.ask.id != id);
        self.write(&all).await;
    }

    async fn see_to(self: Arc<Self>, debt: Debt) {
        let mut wait = FIRST;
        while self.clock.now().since(debt.at) < KEPT {
            let again = match self.tried(&debt).await {
                Ok(true) => return self.over(debt.ask.id).await,
                Ok(false) => wait,
                Err(why) => {
                    let name = name(&debt.to, &debt.stack);
                    tracing::warn!("{name} is not told: {}: {}", why.summary, why.advice());
                    match why.retry {
                        Retry::Contact => wait,
                        Retry::After(pause) => pause.max(wait),
                        Retry::Never | Retry::AskAPerson | Retry::Replan => REFUSED,
                    }
                }
            };
            wait = (wait * 2).min(LONGEST);
            self.clock.sleep(again).await;
        }
        self.over(debt.ask.id).await;
    }

    /// Whether nothing is owed any more.
    async fn tried(&self, debt: &Debt) -> Result<bool, Failure> {
        // It is in the inbox: nothing is asked by this, it says where the ask stands.
        let Ok(Relayed::Known(state)) = self.desk.relay(debt.ask.clone()).await else {
            return Ok(false);
        };
        match state {
            AskState::Asked => Ok(false),
            AskState::Answered {
                answer: Answer::Refused(why),
            } => {
                let check = check(debt, &why);
                self.tells.tell(&debt.to, &check).await.map(|()| true)
            }
            // The engine tells what becomes of a deployment.
            AskState::Answered {
                answer: Answer::Accepted { .. } | Answer::Card { .. },
            } => Ok(true),
        }
    }
}

/// What the check run of a stack is called.
pub(super) fn name(to: &ReplyTo, stack: &StackId) -> String {
    to.called.clone().unwrap_or_else(|| check::name(stack))
}

fn check(debt: &Debt, why: &Refused) -> Check {
    let called = name(&debt.to, &debt.stack);
    check::refused(
        (debt.ask.id, &debt.stack),
        &debt.commit,
        why,
        debt.at,
        called,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ask::{Confirm, Intent, Source};
    use crate::domain::cause::Via;
    use crate::domain::check::{CheckState, Conclusion};
    use crate::domain::person::{Issuer, Proof};
    use crate::os::clock::{Clock as _, Stepped};
    use crate::trigger::ask::outside;
    use crate::trigger::door::tests::double::{Heard, InMemory, Kept};
    use crate::world::World;

    const NOW: Time = Time(1_790_000_000_000);

    struct Scene {
        desk: Arc<Kept>,
        keep: Arc<dyn Keep>,
        tells: Arc<Heard>,
        clock: Stepped,
    }

    impl Scene {
        fn new() -> Self {
            Self {
                desk: Arc::new(Kept::of(World::default())),
                keep: Arc::new(InMemory::default()),
                tells: Arc::default(),
                clock: Stepped::at(NOW),
            }
        }

        fn open(&self) -> Arc<Debts> {
            Debts::open(
                self.desk.clone(),
                Arc::new(self.clock.clone()),
                self.keep.clone(),
                self.tells.clone(),
            )
            .unwrap()
        }

        fn refuses(&self, says: &str) {
            let why = Refused::new("cannot-plan", says.to_owned()).hint("put it right");
            *self.desk.refuses.lock().unwrap() = Some(why);
        }

        fn kept(&self) -> usize {
            keep::read::<Vec<Debt>>(self.keep.as_ref(), NAME)
                .unwrap()
                .len()
        }

        /// Lets time pass until nothing is kept any more.
        async fn until_over(&self) {
            for _ in 0..10_000 {
                if self.kept() == 0 {
                    return;
                }
                tokio::task::yield_now().await;
                self.clock.advance_to_next();
            }
            panic!("it is kept for ever");
        }
    }

    fn debt() -> Debt {
        let stack: StackId = "dev/shop".parse().unwrap();
        let intent = Intent::deploy(stack.clone(), Source::Estate);
        let id = AskId(uuid::Uuid::from_u128(7));
        let reason = Confirm::default().reason;
        Debt {
            ask: outside(id, Via::Push, Proof::Written, intent, reason),
            stack,
            to: ReplyTo {
                host: Issuer::Github,
                repository: "https://github.com/acme/shop".parse().unwrap(),
                by: serde_json::Value::Null,
                called: Some("o5-deploy-dev".to_owned()),
            },
            commit: "6113728f27ae82c7b1a177c8d03f9e96e0adf246".parse().unwrap(),
            at: NOW,
        }
    }

    /// By the reason of who refused it, however often the host does not answer; also where the
    /// program was killed in between.
    #[tokio::test]
    async fn what_was_refused_is_told_and_a_restart_loses_nothing() {
        let scene = Scene::new();
        let debt = debt();
        scene.desk.relay(debt.ask.clone()).await.unwrap();
        scene.open().owe(debt.clone()).await;
        assert_eq!(scene.kept(), 1, "nothing is answered yet");
        assert!(scene.tells.told.lock().unwrap().is_empty());
        // Another process, and an answer.
        scene.refuses("dev/shop cannot be made of 6113728f27: ext/o5/app.yaml:3:5: no such key");
        *scene.tells.fails.lock().unwrap() = 3;
        scene.open().resume().await;
        scene.until_over().await;
        let told = scene.tells.told.lock().unwrap().clone();
        let check = told.first().unwrap();
        assert_eq!(check.id, debt.ask.id.0);
        assert_eq!(
            (check.name.as_str(), &check.commit),
            ("o5-deploy-dev", &debt.commit)
        );
        assert!(
            matches!(check.state, CheckState::Ended(Conclusion::Failure, _)),
            "{check:?}"
        );
        let summary = check.summary.join("\n");
        for words in ["ext/o5/app.yaml:3:5: no such key", "put it right"] {
            assert!(summary.contains(words), "{summary}");
        }
    }

    /// The engine tells what becomes of a deployment; what nobody answers is given up in a day.
    #[tokio::test]
    async fn what_nobody_refuses_is_owed_nothing() {
        let scene = Scene::new();
        scene.desk.relay(debt().ask).await.unwrap();
        scene.open().owe(debt()).await;
        scene.until_over().await;
        assert!(scene.clock.now() >= NOW + KEPT);
        let accepted = Scene::new();
        accepted.desk.relay(debt().ask).await.unwrap();
        accepted
            .desk
            .accepts
            .store(true, std::sync::atomic::Ordering::Relaxed);
        accepted.open().owe(debt()).await;
        accepted.until_over().await;
        assert!(accepted.clock.now() < NOW + KEPT);
        for scene in [scene, accepted] {
            assert!(scene.tells.told.lock().unwrap().is_empty());
        }
    }
}
