//! The eyes of an engine: each look goes to the eye of its kind; a proof of identity is kept for a
//! minute.

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::Mutex;

use crate::aws::Clients;
use crate::domain::failure::Failure;
use crate::domain::ids::{EnvName, StackId};
use crate::domain::look::{Look, Sight, Subject};
use crate::domain::place::{Place, PlaceName, Proof};
use crate::domain::request::SourceBundle;
use crate::domain::sighting::Slowed;
use crate::domain::time::Time;
use crate::observe::{Eye, Follow, LookOn};
use crate::os::clock::SharedClock;
use crate::os::mutex::locked;
use crate::places::{Kinds, Prover, With};

use super::looks::Eyes;

/// The proofs of a place.
#[derive(Debug, Default)]
struct Proofs {
    /// How many were tried.
    tried: AtomicU64,
    /// The newest, as the place was recorded then; or why there is none.
    newest: Mutex<Option<(Place, Result<Proof, Failure>)>>,
}

/// The eyes by the kind of what they look at, and the proofs of who we are.
pub struct EyesByKind {
    eyes: BTreeMap<&'static str, Arc<dyn Eye>>,
    /// By kind, with what people call it.
    provers: BTreeMap<&'static str, (&'static str, Arc<dyn Prover>)>,
    clock: SharedClock,
    /// By place: one that does not answer keeps no other one waiting.
    proofs: std::sync::Mutex<BTreeMap<(EnvName, PlaceName), Arc<Proofs>>>,
}

impl EyesByKind {
    /// These eyes, for places of these kinds.
    #[must_use]
    pub fn new(
        clients: Arc<Clients>,
        clock: SharedClock,
        eyes: Vec<Arc<dyn Eye>>,
        kinds: Kinds,
    ) -> Self {
        let eyes = eyes.into_iter().map(|eye| (eye.kind(), eye)).collect();
        let with = With { clients, clock };
        let provers = kinds
            .iter()
            .map(|kind| (kind.name(), (kind.called(), kind.prover(&with))))
            .collect();
        Self {
            eyes,
            provers,
            clock: with.clock,
            proofs: std::sync::Mutex::default(),
        }
    }

    fn of(&self, about: &Subject) -> Result<&Arc<dyn Eye>, Failure> {
        self.eyes.get(about.kind.as_str()).ok_or_else(|| {
            Failure::new(format!("this program cannot look at {}", about.kind))
                .hint("use the program that deployed it")
        })
    }
}

impl Eyes for EyesByKind {
    fn reads_files(&self, look: &Look) -> bool {
        self.of(&look.about).is_ok_and(|eye| eye.reads_files())
    }

    fn look<'a>(
        &'a self,
        on: &'a LookOn,
        look: &'a Look,
        bundle: Option<&'a SourceBundle>,
    ) -> BoxFuture<'a, Result<Sight, Failure>> {
        match self.of(&look.about) {
            Ok(eye) => eye.look(on, look, bundle),
            Err(failure) => ready(Err(failure)).boxed(),
        }
    }

    fn follow(&self, stack: &StackId, about: &Subject, since: Time) -> Option<Box<dyn Follow>> {
        self.of(about).ok()?.follow(stack, about, since)
    }

    fn prove<'a>(
        &'a self,
        env: &'a EnvName,
        place: &'a Place,
        within: Duration,
    ) -> BoxFuture<'a, Result<Proof, Failure>> {
        async move {
            let (_, prover) = self.provers.get(place.kind.as_str()).ok_or_else(|| {
                Failure::new(format!(
                    "this program cannot prove what {} of {env} is: it knows no places of the kind {}",
                    place.name, place.kind
                ))
                .hint("use the program that recorded it")
            })?;
            let key = (env.clone(), place.name.clone());
            let proofs = Arc::clone(locked(&self.proofs).entry(key).or_default());
            let before = proofs.tried.load(Ordering::Acquire);
            // One proof at a time: many that ask together share it, also where it fails. A place
            // that does not answer would keep the last of them waiting for as many failures.
            let mut newest = proofs.newest.lock().await;
            let waited = proofs.tried.load(Ordering::Acquire) > before;
            match &*newest {
                Some((of, Ok(proof)))
                    if of == place && self.clock.now().since(proof.at) < within =>
                {
                    return Ok(proof.clone());
                }
                Some((of, Err(failure))) if of == place && waited => return Err(failure.clone()),
                Some(_) | None => {}
            }
            let proof = prover.prove(place).await;
            *newest = Some((place.clone(), proof.clone()));
            proofs.tried.fetch_add(1, Ordering::Release);
            proof
        }
        .boxed()
    }

    fn slowed(&self, place: &Place) -> Option<(&'static str, Slowed)> {
        let (called, prover) = self.provers.get(place.kind.as_str())?;
        Some((called, prover.slowed(place)?))
    }
}

#[cfg(test)]
mod tests {
    use super::super::looks::{NEWLY, PROOF};
    use super::*;
    use crate::os::clock::Stepped;
    use crate::places::made_up::KINDS;

    /// A place that does not answer until it is told to, and then denies.
    #[derive(Default)]
    struct Slow {
        asked: AtomicU64,
        answers: tokio::sync::Notify,
    }

    impl Prover for Slow {
        fn prove<'a>(&'a self, _: &'a Place) -> BoxFuture<'a, Result<Proof, Failure>> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            async {
                self.answers.notified().await;
                Err(Failure::new("no answer in time"))
            }
            .boxed()
        }
    }

    #[tokio::test]
    async fn who_asks_together_shares_a_proof_that_fails() {
        let slow = Arc::new(Slow::default());
        let eyes = EyesByKind {
            eyes: BTreeMap::new(),
            provers: [("hill", ("a hill", Arc::clone(&slow) as Arc<dyn Prover>))].into(),
            clock: Arc::new(Stepped::at(Time(0))),
            proofs: std::sync::Mutex::default(),
        };
        let (env, hill) = ("dev".parse().unwrap(), Place::new("hill", "summit", "side"));
        let many = futures_util::future::join_all((0..9).map(|_| eyes.prove(&env, &hill, PROOF)));
        let (answers, ()) = tokio::join!(many, async { slow.answers.notify_one() });
        assert!(answers.iter().all(Result::is_err), "{answers:?}");
        assert_eq!(slow.asked.load(Ordering::Relaxed), 1);
        slow.answers.notify_one();
        assert!(eyes.prove(&env, &hill, PROOF).await.is_err());
        assert_eq!(
            slow.asked.load(Ordering::Relaxed),
            2,
            "who asks later asks anew"
        );
    }

    #[tokio::test]
    async fn a_proof_is_of_one_place_and_at_most_a_minute_old() {
        let clock = Stepped::at(Time(0));
        let shared: SharedClock = Arc::new(clock.clone());
        let clients = Clients::new(
            shared.clone(),
            "ana",
            Arc::new(|| async { Err("not here".to_owned()) }.boxed()),
        );
        let eyes = EyesByKind::new(clients, shared, vec![], KINDS);
        let env: EnvName = "dev".parse().unwrap();
        let hill = |path: &str| {
            Place::new("hill", "summit", "side")
                .of(Some("high"))
                .by("path", Some(path))
        };
        let who = async |place: &Place| {
            eyes.prove(&env, place, PROOF)
                .await
                .unwrap()
                .who
                .to_string()
        };
        assert_eq!(who(&hill("high")).await, "climber/1");
        clock.advance(Duration::from_secs(59));
        assert_eq!(who(&hill("high")).await, "climber/1");
        let newly = eyes.prove(&env, &hill("high"), NEWLY).await.unwrap();
        assert_eq!(
            newly.who.to_string(),
            "climber/2",
            "what changes needs a newer one"
        );
        clock.advance(Duration::from_secs(1));
        let shared = eyes.prove(&env, &hill("high"), NEWLY).await.unwrap();
        assert_eq!(
            shared.who.to_string(),
            "climber/2",
            "what begins together shares it"
        );
        clock.advance(Duration::from_secs(58));
        assert_eq!(who(&hill("high")).await, "climber/2");
        clock.advance(Duration::from_secs(1));
        assert_eq!(who(&hill("high")).await, "climber/3", "a minute is too old");
        assert_eq!(
            who(&hill("low")).await,
            "climber/4",
            "another way is another proof"
        );
        let other = Place {
            name: "second".into(),
            ..hill("low")
        };
        assert_eq!(
            (who(&other).await, who(&hill("low")).await),
            ("climber/5".to_owned(), "climber/4".to_owned())
        );
        let refused = super::super::looks::prove(&eyes, &env, Some(&hill("low")), PROOF)
            .await
            .unwrap_err();
        assert!(
            refused.summary.contains("dev is summit high")
                && refused.summary.contains("is summit low"),
            "{refused:?}"
        );
        let unknown = eyes
            .prove(&env, &Place::new("lake", "shore", "bay"), PROOF)
            .await
            .unwrap_err();
        assert!(
            unknown.summary.contains("no places of the kind lake"),
            "{unknown:?}"
        );
    }
}
