//! Looking before planning: the rounds of looks that a planner asks for, and the plan that comes of
//! them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};

use crate::domain::failure::{Failure, Retry};
use crate::domain::flag::Flags;
use crate::domain::ids::{EnvName, StackId};
use crate::domain::lifecycles::of_system;
use crate::domain::look::{Look, Sight, Sights, Subject};
use crate::domain::place::{Place, Places, Proof};
use crate::domain::plan::{Plan, Reserved};
use crate::domain::request::{SourceBundle, SourceFile, Spec};
use crate::domain::sighting::Slowed;
use crate::domain::time::Time;
use crate::observe::{Follow, LookOn};
use crate::store::bundles;
use crate::systems::{PlanAsk, System};

use super::around;
use super::door::Door;
use super::{Engine, Parts};

/// Nothing is looked at where we are somebody else than we should be.
pub(super) async fn proven(on: &LookOn, about: &Subject, parts: &Parts) -> Result<(), Failure> {
    prove(parts.eyes.as_ref(), &on.env, on.place(about)?, PROOF).await
}

/// The eyes of an engine; they only read (a change set that is made to be described is deleted
/// again).
pub trait Eyes: Send + Sync {
    /// Whether a look reads the files of the release.
    fn reads_files(&self, look: &Look) -> bool;
    /// Takes a look. `bundle` has the files that it names.
    fn look<'a>(
        &'a self,
        on: &'a LookOn,
        look: &'a Look,
        bundle: Option<&'a SourceBundle>,
    ) -> BoxFuture<'a, Result<Sight, Failure>>;
    /// Follows a thing from a point in time; `None` where nobody can.
    fn follow(&self, stack: &StackId, about: &Subject, since: Time) -> Option<Box<dyn Follow>>;
    /// Who we are at a place of an environment, by a proof that is no older than this.
    fn prove<'a>(
        &'a self,
        env: &'a EnvName,
        place: &'a Place,
        within: Duration,
    ) -> BoxFuture<'a, Result<Proof, Failure>>;
    /// Whether a place asks for fewer reads now, and what people call its kind.
    fn slowed(&self, place: &Place) -> Option<(&'static str, Slowed)>;
}

/// How old a proof may be under which something is read.
pub(super) const PROOF: Duration = Duration::from_mins(1);
/// How old it may be under which something is changed, or told to be gone: who we are may have
/// changed within a minute. Those that begin together share it.
pub(super) const NEWLY: Duration = Duration::from_secs(2);

/// A place must be there and be the recorded one, by a proof that is no older than this. Without a
/// place there is nothing to prove.
///
/// # Errors
/// It is another one, or could not be asked.
pub(super) async fn prove(
    eyes: &dyn Eyes,
    env: &EnvName,
    place: Option<&Place>,
    within: Duration,
) -> Result<(), Failure> {
    match place {
        Some(place) => place.check(env, &eyes.prove(env, place, within).await?),
        None => Ok(()),
    }
}

/// When it is tried again to bring files, or to keep them where there was no room.
const LATER: Duration = Duration::from_secs(5);

/// At most this many rounds of looks.
const ROUNDS: usize = 4;

/// A plan, and what it was made from in the end.
pub(crate) struct Planned {
    pub plan: Plan,
    pub spec: Spec,
    pub seen: Sights,
    /// Its files, as they are kept, where they were put together for it.
    pub files: Option<SourceBundle>,
}

/// Everything that one plan is made from.
#[derive(Clone)]
pub(crate) struct Planning {
    pub system: &'static dyn System,
    pub ask: PlanAsk,
    pub spec: Spec,
    pub on: LookOn,
    pub bundle: Option<SourceBundle>,
    /// The application file that is given in place of the configured one.
    pub given: Option<(String, SourceFile)>,
    /// What was seen moments ago.
    pub seen: Sights,
    pub(super) door: Door,
}

impl Planning {
    /// Where it looks, and where its steps would act.
    pub(super) fn places(&self) -> &Places {
        &self.on.places
    }

    /// The same at the places to which a deployment is bound.
    pub(super) fn bound_to(mut self, places: &Places) -> Self {
        self.ask.env.places.clone_from(places);
        self.on.places.clone_from(places);
        self
    }

    /// The same beside what others take.
    pub(super) fn beside(mut self, reserved: BTreeSet<Reserved>) -> Self {
        self.ask.reserved = reserved;
        self
    }

    /// Looks as often as the planner asks, then plans, and checks what was planned.
    pub(crate) async fn plan(mut self, parts: &Parts) -> Result<Planned, Failure> {
        self.door.learn(&self.spec).await;
        let files = self.completed(parts).await?;
        for _ in 0..ROUNDS {
            let looks = self.system.looks(&self.ask, &self.spec, &self.seen);
            if looks.is_empty() {
                break;
            }
            self.look(parts, &looks).await?;
        }
        if let Some(spec) = self.system.settled(&self.ask, &self.spec, &self.seen) {
            self.spec = spec;
        }
        let plan = self.system.plan(&self.ask, &self.spec, &self.seen);
        let plan = plan
            .and_then(|plan| self.door.plan(plan))
            .map_err(|failure| self.door.failure(&failure))?;
        checked(parts, &self.on, &self.spec.system, &plan)?;
        Ok(Planned {
            plan,
            spec: self.spec,
            seen: self.seen,
            files,
        })
    }

    /// Brings what the spec lacks, and goes on with what comes of it; gives its files as they are
    /// kept. Nothing of a spec that lacks nothing.
    async fn completed(&mut self, parts: &Parts) -> Result<Option<SourceBundle>, Failure> {
        let told = |failure: Failure| self.door.failure(&failure);
        let brought = match &self.given {
            Some(_) => None,
            None => match self.system.fetches(&self.ask, &self.spec).map_err(told)? {
                Some(look) => {
                    proven(&self.on, &look.about, parts).await?;
                    let brought = parts.eyes.look(&self.on, &look, None).await;
                    Some(brought.map_err(soon)?)
                }
                None => return Ok(None),
            },
        };
        self.unpack(parts).await?;
        let files = self.bundle.take().unwrap_or_default();
        let (ask, spec) = (&self.ask, &self.spec);
        let made = match (&self.given, &brought) {
            (Some((name, file)), _) => self
                .system
                .given(ask, spec, &files, (name, file))
                .unwrap_or_else(|| Err(no_application(ask, spec))),
            (None, Some(brought)) => self.system.fetched(ask, spec, &files, brought),
            (None, None) => return Ok(None),
        };
        let (spec, files) = made.map_err(|failure| self.door.failure(&failure))?;
        let kept = bundles::pack(parts.store.as_ref(), files.clone(), parts.clock.now()).await;
        self.spec = spec;
        self.bundle = Some(files);
        kept.map(Some).map_err(|why| {
            Failure::new("the files of this release cannot be kept")
                .detail(why.to_string())
                .retry(Retry::After(LATER))
        })
    }

    /// Has all files of the release at hand.
    async fn unpack(&mut self, parts: &Parts) -> Result<(), Failure> {
        let bundle = match self.bundle.take() {
            Some(bundle) => Some(bundle),
            None => stored_bundle(parts, &self.spec).await?,
        };
        self.bundle = match bundle {
            Some(bundle) => Some(
                bundles::unpack(parts.store.as_ref(), bundle)
                    .await
                    .map_err(|why| unread(&why))?,
            ),
            None => None,
        };
        Ok(())
    }

    async fn look(&mut self, parts: &Parts, looks: &[Look]) -> Result<(), Failure> {
        if looks.iter().any(|look| parts.eyes.reads_files(look)) {
            self.unpack(parts).await?;
        }
        let (on, bundle, eyes) = (&self.on, self.bundle.as_ref(), &parts.eyes);
        for look in looks {
            proven(on, &look.about, parts).await?;
        }
        for sight in join_all(looks.iter().map(|look| eyes.look(on, look, bundle))).await {
            self.seen.put(sight?);
        }
        Ok(())
    }
}

/// Who is away for a moment is asked again: a push has nobody who would.
fn soon(failure: Failure) -> Failure {
    match failure.retry {
        Retry::Contact => failure.retry(Retry::After(LATER)),
        Retry::Never | Retry::After(_) | Retry::AskAPerson | Retry::Replan => failure,
    }
}

fn no_application(ask: &PlanAsk, spec: &Spec) -> Failure {
    let (stack, system) = (&ask.stack, &spec.system);
    Failure::new(format!(
        "{stack} is a {system} that is made of no application file: none can be given for it"
    ))
    .hint(format!(
        "`holdpoint deploy {stack}` deploys what the estate says"
    ))
}

async fn stored_bundle(parts: &Parts, spec: &Spec) -> Result<Option<SourceBundle>, Failure> {
    let bytes = parts
        .store
        .blob(spec.bundle)
        .await
        .map_err(|why| unread(&why))?;
    bytes
        .map(|bytes| serde_json::from_slice(&bytes))
        .transpose()
        .map_err(|why| unread(&why))
}

fn unread(why: &dyn std::fmt::Display) -> Failure {
    Failure::new("the files of this release cannot be read").detail(why.to_string())
}

/// A plan that can run: its graph is sound, and each step is one that somebody here can carry out.
fn checked(parts: &Parts, on: &LookOn, system: &str, plan: &Plan) -> Result<(), Failure> {
    let cannot = |why: &dyn std::fmt::Display| Failure::new(format!("the plan cannot run: {why}"));
    plan.check().map_err(|why| cannot(&why))?;
    plan.check_marks(of_system(system).map_err(|why| cannot(&why))?)
        .map_err(|why| cannot(&why))?;
    for step in &plan.steps {
        on.places
            .find(&on.env, step.acts_at())
            .map_err(|why| cannot(&format!("step {}: {}", step.id, why.summary)))?;
        let Some(kind) = step.kind.executor() else {
            continue;
        };
        let executor = parts
            .executors
            .get(kind)
            .ok_or_else(|| Failure::new(format!("step {}: nothing here can do {kind}", step.id)))?;
        executor
            .check(&step.params)
            .map_err(|why| Failure::new(format!("step {}: {why}", step.id)))?;
    }
    Ok(())
}

impl Engine {
    /// Puts together what a plan of this stack is made from.
    pub(super) fn planning(
        &self,
        stack: &StackId,
        spec: &Spec,
        purpose: crate::domain::purpose::Purpose,
        seen: Option<crate::domain::deployment::Shown>,
        flags: &Flags,
        token: &str,
    ) -> Result<Planning, Failure> {
        let system = (self.parts.systems)(&spec.system).ok_or_else(|| {
            Failure::new(format!("this program has no system {:?}", spec.system))
                .hint("use the program that deployed it")
        })?;
        let record = self
            .folds
            .environments
            .get(&stack.env)
            .and_then(|env| env.record.clone())
            .ok_or_else(|| {
                Failure::new(format!("this store knows no environment {}", stack.env))
                    .hint("holdpoint apply")
            })?;
        let places = record.places.clone();
        let fold = self.folds.stack(stack);
        let serving = fold.serving(&self.folds).cloned();
        let left_at = spec
            .about
            .first()
            .and_then(|about| fold.left_at(&self.folds, about));
        Ok(Planning {
            system,
            ask: PlanAsk {
                stack: stack.clone(),
                purpose,
                env: record,
                store: self.parts.store.id(),
                seen,
                serving,
                left_at,
                recorded: around::recorded(&self.folds, system, stack, spec),
                needed_by: around::needed_by(&self.folds, system, stack),
                standing: around::standing(&self.folds, stack, spec),
                flags: flags.clone(),
                reserved: Reserved::by_others(&self.folds, None),
            },
            spec: spec.clone(),
            on: LookOn {
                env: stack.env.clone(),
                places,
                stack: stack.clone(),
                token: token.to_owned(),
            },
            bundle: None,
            given: None,
            seen: Sights::default(),
            door: self.door.clone(),
        })
    }

    /// What was seen of a stack moments ago at these places, while nothing of ours ran there.
    pub(super) fn fresh_sight(&self, stack: &StackId, places: &Places) -> Option<Sights> {
        let (at, of, seen) = self.seen.get(stack)?;
        let fresh = self.now().since(*at) < std::time::Duration::from_secs(3);
        (fresh && of == places).then(|| seen.clone())
    }

    pub(super) fn remember(&mut self, stack: &StackId, places: &Places, seen: &Sights) {
        // What an update would change is looked at for one release: only how the thing stands is
        // kept.
        if let Some(main) = seen.main() {
            self.seen.insert(
                stack.clone(),
                (
                    self.now(),
                    places.clone(),
                    [main.clone()].into_iter().collect(),
                ),
            );
        }
    }

    /// Spawns a look that reports back; one of a name at a time.
    pub(super) fn spawn_look(
        &mut self,
        name: String,
        work: impl Future<Output = super::Msg> + Send + 'static,
    ) {
        if self.looking.contains_key(&name) {
            return;
        }
        let to = self.to.clone();
        let look = tokio::spawn(async move {
            let _ = to.send(work.await);
        });
        self.looking.insert(name, look.abort_handle());
    }

    pub(super) fn shared_parts(&self) -> Arc<Parts> {
        Arc::new(self.parts.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tests::eyes::Blind;

    #[tokio::test]
    async fn another_account_is_not_even_looked_at() {
        let eyes = Blind::proving(|_| Some(Blind::proof("111111111111", "ops")));
        let env = "prod".parse().unwrap();
        let place = |account: Option<&str>| Place::new("aws", "account", "region").of(account);
        let other = prove(&eyes, &env, Some(&place(Some("222222222222"))), PROOF)
            .await
            .unwrap_err();
        assert!(
            other.summary.contains("222222222222") && other.summary.contains("111111111111"),
            "{other:?}"
        );
        assert!(other.hint.contains("profile"), "{other:?}");
        assert_eq!(
            prove(&eyes, &env, Some(&place(Some("111111111111"))), PROOF).await,
            Ok(())
        );
        assert_eq!(
            prove(&eyes, &env, Some(&place(None)), PROOF).await,
            Ok(()),
            "any account will do"
        );
        assert_eq!(eyes.asked(), 3, "but which one it is, is known");
        assert_eq!(
            prove(&eyes, &env, None, PROOF).await,
            Ok(()),
            "an environment of scripts alone is nowhere"
        );
        assert_eq!(eyes.asked(), 3);
        let nobody = Blind::proving(|_| None);
        assert!(
            prove(&nobody, &env, Some(&place(None)), PROOF)
                .await
                .is_err(),
            "nothing is done where nobody knows who we are"
        );
    }
}
