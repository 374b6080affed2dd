//! Watching: looks at what runs and at what is on a screen, now and then at what a console has
//! beside it, and at nothing else. What it sees becomes sightings and lines; it decides nothing,
//! and a look that fails makes what was seen before STALE.

mod before;
mod beside;
mod round;
mod tails;
mod vanished;
mod wanted;
mod watched;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

use crate::aws::Clients;
use crate::domain::environment::Environment;
use crate::domain::folds::Folds;
use crate::domain::ids::{EnvName, StackId};
use crate::domain::interest::Interest;
use crate::domain::place::{Place, Places};
use crate::domain::sighting::{PACE, Seen, Sighting, Slowed, THING};
use crate::domain::time::Time;
use crate::os::clock::SharedClock;
use crate::store::Store;

use super::looks::PROOF;
use super::{Eyes, Lines};
use wanted::{Wanted, wanted};
use watched::Watched;

/// How often what runs is looked at.
const RUNNING: Duration = Duration::from_secs(1);
/// How often what is only on a screen is looked at.
const SHOWN: Duration = Duration::from_secs(8);
/// How often that is looked at which a page shows beside how its stack stands.
const BESIDE: Duration = Duration::from_secs(30);
/// How often what is not on the screen now is looked at.
const FAR: Duration = Duration::from_secs(30);
/// How often its tasks are counted.
const FAR_SERVE: Duration = Duration::from_mins(2);
/// How soon a place is proven again that was not.
const AGAIN: Duration = Duration::from_secs(5);
/// How long before a deployment its events are interesting.
const BEFORE: Duration = Duration::from_secs(30);
/// How far back events are read of a stack that is only looked at.
const HISTORY: Duration = Duration::from_hours(1);
/// How often it is said again that reads are throttled.
const SLOWED: Duration = Duration::from_secs(10);

/// What was told last of the pace of each environment, and when.
type Paces = BTreeMap<EnvName, (Option<Pace>, Time)>;

/// That a place asks for fewer reads.
#[derive(Debug, Clone, PartialEq)]
struct Pace {
    /// What people call its kind.
    by: String,
    place: Place,
    slowed: Slowed,
}

/// What a watcher is made of.
pub struct Watcher {
    /// Where interests are read and sightings kept.
    pub store: Arc<dyn Store>,
    /// The clock.
    pub clock: SharedClock,
    /// The clients.
    pub clients: Arc<Clients>,
    /// The eyes.
    pub eyes: Arc<dyn Eyes>,
    /// Where lines go.
    pub lines: Arc<dyn Lines>,
}

impl Watcher {
    /// Watches until `folds` ends: the newest folds of the engine. Each environment has its own
    /// rounds: one that does not answer keeps no other one from being seen.
    pub async fn run(self, folds: watch::Receiver<Folds>) {
        let mut tails = tails::Tails::new(&self);
        let it = Arc::new(self);
        let mut watched: BTreeMap<StackId, Watched> = BTreeMap::new();
        let mut proven: BTreeMap<EnvName, Proven> = BTreeMap::new();
        // What could not be reached when it was looked at last, also by an engine before.
        let mut unreached = it.unreached().await;
        let mut rounds: JoinSet<Looked> = JoinSet::new();
        let mut under_way: HashMap<tokio::task::Id, Round> = HashMap::new();
        let mut interests: Vec<Interest> = Vec::new();
        let mut paces = Paces::new();
        loop {
            let now = it.clock.now();
            match it.store.interests(now).await {
                // One that this program cannot read is of a newer console.
                Ok(told) => interests = told.iter().filter_map(|text| text.parse().ok()).collect(),
                // Nobody has stopped looking: what was followed is followed on.
                Err(why) => tracing::warn!("who looks at what cannot be read: {why}"),
            }
            let (wanted, recorded) = {
                let folds = folds.borrow();
                let wanted = wanted(&folds, interests.clone(), &unreached, now);
                (wanted, recorded(&folds))
            };
            watched.retain(|id, _| wanted.contains_key(id));
            tails.keep(&wanted);
            for (env, stacks) in by_environment(&wanted) {
                let meant = recorded.get(env).cloned().unwrap_or_default();
                // Also while a round waits: what is throttled may not come to its end for a while.
                it.tell_pace(env, it.slowed(&meant, &stacks), now, &mut paces)
                    .await;
                let at = stacks.iter().filter_map(|(_, what)| what.place());
                let at: Vec<Place> = at.chain(&meant).cloned().collect();
                if let Some(round) = under_way.values().find(|round| round.env == *env) {
                    // Nobody waits for what is said at a place that is not meant any more.
                    if !round.at.iter().all(|place| at.contains(place)) {
                        round.task.abort();
                    }
                    continue;
                }
                let due = it.due(&stacks, &mut watched, now);
                let unproven = proven
                    .get(env)
                    .is_none_or(|proven| proven.of != meant || proven.until <= now);
                if unproven {
                    let (of, until) = (meant.clone(), now + PROOF);
                    proven.insert(env.clone(), Proven { of, until });
                }
                if unproven || !due.is_empty() {
                    let prove = Some(meant).filter(|_| unproven).unwrap_or_default();
                    let at = due.iter().filter_map(|(_, what, _)| what.place());
                    let at = at.chain(&prove).cloned().collect();
                    let round = Arc::clone(&it).round(env.clone(), prove, due, now);
                    let (env, task) = (env.clone(), rounds.spawn(round));
                    under_way.insert(task.id(), Round { env, at, task });
                }
            }
            if folds.has_changed().is_err() {
                return;
            }
            let pause = if wanted.values().any(|what| what.no.is_some()) {
                RUNNING
            } else {
                Duration::from_secs(2)
            };
            let mut pause = it.clock.sleep(pause);
            loop {
                tokio::select! {
                    Some(done) = rounds.join_next_with_id() => match done {
                        Ok((id, looked)) => {
                            let env = under_way.remove(&id).map(|round| round.env);
                            if let Some(proven) = env.and_then(|env| proven.get_mut(&env))
                                && !looked.proven
                            {
                                proven.until = it.clock.now() + AGAIN;
                            }
                            unreached.retain(|id| !looked.all.iter().any(|(seen, _)| seen == id));
                            unreached.extend(looked.unreached);
                            for (id, one) in &looked.all {
                                if let Some(what) = wanted.get(id) {
                                    tails.streams(id, what, &one.streams);
                                }
                            }
                            watched.extend(looked.all);
                        }
                        // What it had taken is looked at anew; at once where it was given up.
                        Err(died) => {
                            under_way.remove(&died.id());
                            if died.is_cancelled() {
                                break;
                            }
                        }
                    },
                    () = &mut pause => break,
                }
            }
        }
    }
}

/// Which places of an environment were proven, and until when that holds.
struct Proven {
    of: Places,
    until: Time,
}

/// What came of a round of looks.
pub(super) struct Looked {
    all: Vec<(StackId, Watched)>,
    /// Those of them that could not be reached.
    unreached: Vec<StackId>,
    /// Every place that was to be proven was.
    proven: bool,
}

/// A round of looks under way.
struct Round {
    env: EnvName,
    /// Where it looks.
    at: Vec<Place>,
    task: AbortHandle,
}

/// The places of each environment, as they are recorded now.
fn recorded(folds: &Folds) -> BTreeMap<EnvName, Places> {
    let places = |env: &Environment| Some(env.record.as_ref()?.places.clone());
    folds
        .environments
        .iter()
        .filter_map(|(name, env)| Some((name.clone(), places(env)?)))
        .collect()
}

/// The stacks of each environment that has an outside.
fn by_environment(
    wanted: &BTreeMap<StackId, Wanted>,
) -> BTreeMap<&EnvName, Vec<(&StackId, &Wanted)>> {
    let mut all: BTreeMap<&EnvName, Vec<(&StackId, &Wanted)>> = BTreeMap::new();
    for (id, what) in wanted.iter().filter(|(_, what)| !what.places.is_empty()) {
        all.entry(&id.env).or_default().push((id, what));
    }
    all
}

impl Watcher {
    /// The stacks that were seen last, and could not be reached when they were looked at after that.
    async fn unreached(&self) -> BTreeSet<StackId> {
        // A store that cannot be read now shows nothing either.
        let (all, _) = self.store.sightings(0).await.unwrap_or_default();
        all.iter()
            .filter(|((_, source), sighting)| source == THING && sighting.stale.is_some())
            .filter_map(|((subject, _), _)| subject.strip_prefix("stack/")?.parse().ok())
            .collect()
    }

    /// Which place of an environment asks for fewer reads: of those that are recorded, or where
    /// something of it still runs.
    fn slowed(&self, places: &Places, stacks: &[(&StackId, &Wanted)]) -> Option<Pace> {
        let running = stacks.iter().filter(|(_, what)| what.no.is_some());
        let running = running.map(|(_, what)| &what.places);
        std::iter::once(places)
            .chain(running.filter(|other| *other != places))
            .flatten()
            .find_map(|place| {
                let (by, slowed) = self.eyes.slowed(place)?;
                Some(Pace {
                    by: by.to_owned(),
                    place: place.clone(),
                    slowed,
                })
            })
    }

    /// Says that what is read in an environment is throttled, now and then as long as it is, and
    /// when it is over.
    async fn tell_pace(&self, env: &EnvName, pace: Option<Pace>, now: Time, told: &mut Paces) {
        let known = match told.get(env) {
            Some((before, at)) => *before == pace && (pace.is_none() || now.since(*at) < SLOWED),
            None => pace.is_none(),
        };
        if known {
            return;
        }
        let sighting = Sighting {
            value: Seen::Pace {
                by: pace
                    .as_ref()
                    .map(|pace| pace.by.clone())
                    .unwrap_or_default(),
                slowed: pace.as_ref().map(|pace| pace.slowed),
            },
            taken_at: now,
            place: pace.as_ref().map(|pace| pace.place.clone()),
            stale: None,
        };
        if self
            .store
            .put_sightings(&[((format!("environment/{env}"), PACE.to_owned()), sighting)])
            .await
            .is_ok()
        {
            told.insert(env.clone(), (pace, now));
        }
    }

    /// Takes the stacks whose turn it is.
    fn due(
        &self,
        stacks: &[(&StackId, &Wanted)],
        watched: &mut BTreeMap<StackId, Watched>,
        now: Time,
    ) -> Vec<(StackId, Wanted, Watched)> {
        let mut due = Vec::new();
        for (id, what) in stacks {
            let Some(about) = what.about.first() else {
                continue;
            };
            let since = what.since.unwrap_or(now - HISTORY) - BEFORE;
            let Some(place) = what.place() else {
                continue;
            };
            // What is looked at elsewhere than before, or is another thing, is followed anew.
            let one = watched
                .remove(*id)
                .filter(|one| one.is_of(about, place))
                .or_else(|| {
                    let follow = self.eyes.follow(id, about, since)?;
                    Some(Watched::new(follow, about.clone(), place.clone(), now))
                });
            let Some(mut one) = one else { continue };
            one.wanted(what, now);
            if one.due <= now || one.is_to_be_counted(now) {
                due.push(((*id).clone(), (*what).clone(), one));
            } else {
                watched.insert((*id).clone(), one);
            }
        }
        due
    }
}

#[cfg(test)]
mod tests;
