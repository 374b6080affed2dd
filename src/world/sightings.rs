//! Typed access to the sightings. Looks at nothing itself.

use std::fmt;
use std::time::Duration;

use crate::domain::deployment::{Deployment, Phase};
use crate::domain::end::End;
use crate::domain::ids::{EnvName, StackId};
use crate::domain::lifecycle::PhaseFlag;
use crate::domain::look::{Health, PartSeen, Sight, Standing};
use crate::domain::place::{Place, PlaceName, Proof, Spot};
use crate::domain::sighting::{
    CONTACT, PACE, SERVE, Seen, ServiceSeen, Sighting, Slowed, THING, proof_of,
};
use crate::domain::stack::Stack;
use crate::domain::time::Time;
use crate::text::safe::Safe;

use super::World;

/// What a console has beside its screen is looked at twice a minute.
const OVERDUE: Duration = Duration::from_mins(2);

/// How old the word of an engine that reads are throttled may be: it is said again every ten
/// seconds.
const SAID: Duration = Duration::from_secs(45);

/// The thing that says how a stack stands, as it was last seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ThingSighting<'a> {
    /// What was seen.
    pub sight: &'a Sight,
    /// When.
    pub taken_at: Time,
}

/// Who the engine is at a place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProofSighting<'a> {
    /// As it was proven.
    pub proof: &'a Proof,
    /// When.
    pub taken_at: Time,
    /// Why the newest proof failed, if it did.
    pub stale: Option<&'a Safe>,
}

impl<'a> ThingSighting<'a> {
    /// True while it is being changed.
    #[must_use]
    pub fn in_progress(&self) -> bool {
        self.sight.standing.is_busy()
    }

    /// True while it goes back to what it was.
    #[must_use]
    pub fn rolls_back(&self) -> bool {
        self.sight.standing == Standing::Returning
    }

    /// True when there is none.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.sight.standing == Standing::Missing
    }

    /// Parts that failed for a reason of their own, the earliest first; and how many failed in all.
    #[must_use]
    pub fn failures(&self) -> (Vec<&'a PartSeen>, usize) {
        let failed = self
            .sight
            .parts
            .iter()
            .filter(|part| matches!(part.health, Health::Failed | Health::Stopped));
        let mut own: Vec<&PartSeen> = failed
            .clone()
            .filter(|part| part.health == Health::Failed)
            .collect();
        own.sort_by_key(|part| part.at);
        (own, failed.count())
    }
}

/// The subject under which sightings of a stack are kept.
#[must_use]
pub fn of_stack(stack: &StackId) -> String {
    format!("stack/{stack}")
}

/// The subject under which sightings of an environment are kept.
#[must_use]
pub fn of_env(env: &EnvName) -> String {
    format!("environment/{env}")
}

/// That what is read of an environment is throttled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Throttled {
    /// By whom ("AWS").
    pub by: String,
    /// Where.
    pub of: Spot,
    /// Since when, and how often is read now.
    pub pace: Slowed,
}

impl Throttled {
    /// The same with what is done about it.
    #[must_use]
    pub fn with_what_is_done(&self) -> String {
        format!(
            "{self}; nothing fails by it, what is shown grows older, and the pace comes back by itself"
        )
    }
}

impl fmt::Display for Throttled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let every = match self.pace.every_ms {
            ms if ms < 1_000 => format!("{ms} ms"),
            ms => format!("{} s", ms / 1_000),
        };
        let (by, of) = (&self.by, self.of.words("/"));
        let since = self.pace.since.text("%H:%M:%SZ");
        write!(
            f,
            "{by} throttles reads of {of} since {since}: reading once in {every}"
        )
    }
}

impl World {
    /// A sighting.
    #[must_use]
    pub fn sighting(&self, subject: &str, source: &str) -> Option<&Sighting> {
        // The map's key is a pair of owned texts; a world holds few sightings, and only those of
        // one subject are looked at.
        self.sightings
            .range((subject.to_owned(), source.to_owned())..)
            .next()
            .filter(|(key, _)| key.0 == subject && key.1 == source)
            .map(|(_, s)| s)
    }

    /// All sightings of a subject with their sources.
    pub fn sightings_of(&self, subject: &str) -> impl Iterator<Item = (&str, &Sighting)> {
        let own = subject.to_owned();
        self.sightings
            .range((subject.to_owned(), String::new())..)
            .take_while(move |(key, _)| key.0 == own)
            .map(|(key, s)| (key.1.as_str(), s))
    }

    /// What a source says of a stack, seen where the stack is now: what was seen at another place
    /// says nothing of it.
    pub(super) fn of_here(&self, stack: &StackId, source: &str) -> Option<&Sighting> {
        self.sighting(&of_stack(stack), source)
            .filter(|sighting| sighting.place.as_ref() == self.place(stack))
    }

    /// The thing that says how a stack stands.
    #[must_use]
    pub fn thing(&self, stack: &StackId) -> Option<ThingSighting<'_>> {
        let sighting = self.of_here(stack, THING)?;
        Some(ThingSighting {
            sight: sighting.value.thing()?,
            taken_at: sighting.taken_at,
        })
    }

    /// Running and desired tasks of a stack.
    #[must_use]
    pub fn serve(&self, stack: &StackId) -> Option<(u32, u32)> {
        match &self.counted(stack)?.value {
            Seen::Serve {
                running, desired, ..
            } => Some((*running, *desired)),
            Seen::Nothing
            | Seen::Thing { .. }
            | Seen::Proof { .. }
            | Seen::Pace { .. }
            | Seen::Reply { .. }
            | Seen::Tail { .. } => None,
        }
    }

    /// The services of a stack, and when they were counted; none where they have not been.
    #[must_use]
    pub fn services(&self, stack: &StackId) -> Option<(&[ServiceSeen], Time)> {
        let counted = self.counted(stack)?;
        match &counted.value {
            Seen::Serve { services, .. } => Some((services, counted.taken_at)),
            Seen::Nothing
            | Seen::Thing { .. }
            | Seen::Proof { .. }
            | Seen::Pace { .. }
            | Seen::Reply { .. }
            | Seen::Tail { .. } => None,
        }
    }

    /// The newest count of a stack's tasks that tells how they are now.
    fn counted(&self, stack: &StackId) -> Option<&Sighting> {
        if self.thing(stack).is_some_and(|thing| thing.is_missing()) {
            // What ran before its stack was deleted runs no more.
            return None;
        }
        let counted = self.of_here(stack, SERVE)?;
        // A step has ended since: what it left is not counted yet.
        let is_before = self.changed(stack).is_some_and(|at| counted.taken_at < at);
        (!is_before).then_some(counted)
    }

    /// When the newest step of a stack ended that can have changed what runs.
    fn changed(&self, stack: &StackId) -> Option<Time> {
        let stack = self.folds.stacks.get(stack)?;
        let newest = self.deployment(stack.current.or(stack.last)?)?;
        let ended = newest.runs().filter(|(step, _)| step.changes());
        ended.filter_map(|(_, run)| run.ended_at).max()
    }

    /// How long nobody has looked at a stack, where that is too long for what is shown to be called
    /// its state.
    #[must_use]
    pub fn overdue(&self, stack: &StackId, now: Time) -> Option<Duration> {
        // A deployment that ended well looked at what it left.
        let last = self.folds.stack(stack).last;
        let ended = last
            .and_then(|last| self.deployment(last))
            .filter(|last| matches!(last.end, Some(End::Done)))
            .and_then(|last| last.ended_at);
        let seen = Some(self.thing(stack)?.taken_at).max(ended)?;
        let age = now.since(seen);
        (age > OVERDUE && self.is_outside(stack)).then_some(age)
    }

    /// Whether there is something outside to look at, in an environment where it can be reached.
    #[must_use]
    pub fn is_outside(&self, stack: &StackId) -> bool {
        let spec = self
            .catalog
            .stacks
            .get(stack)
            .and_then(|entry| entry.spec.as_ref().ok());
        spec.is_some_and(|spec| !spec.about.is_empty()) && self.place(stack).is_some()
    }

    /// Who the engine is at a place of an environment, as that is recorded now.
    #[must_use]
    pub fn proof(&self, env: &EnvName, place: &PlaceName) -> Option<ProofSighting<'_>> {
        let recorded = self.record(env)?.places.at(Some(place))?;
        let sighting = self
            .sighting(&of_env(env), &proof_of(place))
            .filter(|sighting| sighting.place.as_ref() == Some(recorded))?;
        match &sighting.value {
            Seen::Proof { proof } => Some(ProofSighting {
                proof,
                taken_at: sighting.taken_at,
                stale: sighting.stale.as_ref(),
            }),
            Seen::Nothing
            | Seen::Thing { .. }
            | Seen::Serve { .. }
            | Seen::Pace { .. }
            | Seen::Reply { .. }
            | Seen::Tail { .. } => None,
        }
    }

    /// Which place it is: as recorded, else as proven.
    pub(super) fn spot(&self, env: &EnvName, place: &Place) -> Spot {
        let proof = self.proof(env, &place.name).map(|seen| seen.proof);
        place.spot().or_proven(proof)
    }

    /// That what is read of an environment is throttled, as an engine says now.
    #[must_use]
    pub fn throttled(&self, env: &EnvName, now: Time) -> Option<Throttled> {
        let sighting = self
            .sighting(&of_env(env), PACE)
            .filter(|sighting| now.since(sighting.taken_at) < SAID)?;
        match &sighting.value {
            Seen::Pace { by, slowed } => Some(Throttled {
                by: by.clone(),
                of: self.spot(env, sighting.place.as_ref()?),
                pace: (*slowed)?,
            }),
            Seen::Nothing
            | Seen::Thing { .. }
            | Seen::Serve { .. }
            | Seen::Proof { .. }
            | Seen::Reply { .. }
            | Seen::Tail { .. } => None,
        }
    }

    /// Where a stack is: where the deployment that runs on it acts, else where its environment's
    /// record says.
    pub(super) fn place(&self, stack: &StackId) -> Option<&Place> {
        let last = || self.latest(stack)?.request.as_ref();
        let listed = || self.catalog.stacks.get(stack)?.spec.as_ref().ok();
        let spec = match self.folds.running(stack) {
            Some(request) => Some(&request.spec),
            // Where the files cannot be read that say what a stack is, it is what was deployed
            // last.
            None => listed().or_else(|| last().map(|request| &request.spec)),
        };
        let about = spec
            .and_then(|spec| spec.about.first())
            .and_then(|about| about.place.as_ref());
        let places = self.folds.places_of(stack);
        places
            .or_else(|| Some(&self.record(&stack.env)?.places))?
            .at(about)
    }

    /// Since when a deployment of a stack waits for contact before it is planned, and why, with what
    /// to do.
    #[must_use]
    pub fn out_of_contact(&self, stack: &Stack) -> Option<(Time, &Safe)> {
        let from = match stack.current {
            Some(current) => {
                let current = self.deployment(current)?;
                let planned = !matches!(current.phase, Phase::Waiting | Phase::Available);
                current.started_at.filter(|_| !planned)?
            }
            None if stack.is(PhaseFlag::LookFirst) => {
                self.deployment(stack.queue.first()?.deployment)?.created_at
            }
            None => return None,
        };
        let sighting = self.sighting(&of_stack(&stack.id), CONTACT)?;
        let why = sighting.stale.as_ref()?;
        (sighting.taken_at >= from).then_some((sighting.taken_at, why))
    }

    /// The same of a deployment: one that waits behind another does not wait for contact.
    #[must_use]
    pub fn waits_for_contact(&self, d: &Deployment) -> Option<(Time, &Safe)> {
        let stack = self.folds.stacks.get(d.stack()?)?;
        let first = || Some(stack.queue.first()?.deployment);
        let is_it = stack.current.or_else(first) == Some(d.id);
        self.out_of_contact(stack).filter(|_| is_it)
    }

    /// When a stack was seen last, and why the newest look failed, if it did.
    #[must_use]
    pub fn freshness(&self, stack: &StackId) -> (Option<Time>, Option<&Safe>) {
        let here = self.place(stack);
        let mut newest = None;
        let mut stale = None;
        for (source, sighting) in self.sightings_of(&of_stack(stack)) {
            if (source == THING || source == SERVE) && sighting.place.as_ref() == here {
                let seen = (sighting.value != Seen::Nothing).then_some(sighting.taken_at);
                newest = newest.max(seen);
                stale = stale.or(sighting.stale.as_ref());
            }
        }
        let proof = || self.proof(&stack.env, &here?.name)?.stale;
        (newest, self.doubt.as_ref().or(stale).or_else(proof))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::environment::EnvironmentRecord;
    use crate::domain::look::Subject;
    use crate::world::fixture::{NOW, Scene, id};

    #[test]
    fn what_was_counted_before_a_step_ended_is_not_what_that_step_left() {
        let mut scene = Scene::whole();
        let mut stacks = scene.world.folds.stacks.keys();
        let (stack, at) = stacks
            .find_map(|stack| Some((stack.clone(), scene.world.changed(stack)?)))
            .unwrap();
        scene.serve(&stack.to_string(), 2, 2);
        let mut counted = |at: Time| {
            let key = (of_stack(&stack), SERVE.to_owned());
            scene.world.sightings.get_mut(&key).unwrap().taken_at = at;
            scene.world.serve(&stack)
        };
        assert_eq!(counted(at), Some((2, 2)));
        assert_eq!(counted(at - Duration::from_millis(1)), None);
    }

    #[test]
    fn what_was_seen_elsewhere_says_nothing_of_the_place_that_is_recorded_now() {
        let mut scene = Scene::whole();
        let (stack, env) = (id("dev/orders"), "dev".parse::<EnvName>().unwrap());
        let home: PlaceName = "aws".into();
        let shown = |world: &World| {
            (
                world.thing(&stack).is_some(),
                world.serve(&stack).is_some(),
                world.freshness(&stack).0.is_some(),
                world.proof(&env, &home).is_some(),
            )
        };
        scene.serve("dev/orders", 1, 1);
        assert_eq!(shown(&scene.world), (true, true, true, true));
        let before = scene.world.record(&env).unwrap().clone();
        let moved = |of: &Place, region: &str| of.clone().within(Some(region));
        let after = EnvironmentRecord {
            places: before
                .places
                .iter()
                .map(|at| moved(at, "eu-south-1"))
                .collect(),
            ..before.clone()
        };
        scene.recorded("dev", after);
        assert_eq!(shown(&scene.world), (false, false, false, false));
        let view = scene.world.environments(NOW);
        let view = view.iter().find(|view| view.name == env).unwrap();
        assert_eq!(
            (view.spot.within.is.as_deref(), view.proven),
            (Some("eu-south-1"), false)
        );
        scene.recorded("dev", before);
        assert_eq!(shown(&scene.world), (true, true, true, true));
    }

    #[test]
    fn the_first_failure_is_the_earliest_with_a_reason_of_its_own() {
        let part = |name: &str, health, at| PartSeen {
            name: name.into(),
            kind: "AWS::X".into(),
            health,
            words: "UPDATE_FAILED".into(),
            reason: Safe::default(),
            at: Time(at),
            removes: false,
        };
        let parts = vec![
            part("B", Health::Stopped, 1),
            part("C", Health::Failed, 9),
            part("A", Health::Failed, 5),
            part("D", Health::Moves, 2),
        ];
        let sight = Sight {
            parts,
            ..Sight::of(
                Subject::new("test.thing", "x"),
                "thing",
                Standing::Returning,
            )
        };
        let (own, all) = ThingSighting {
            sight: &sight,
            taken_at: Time(0),
        }
        .failures();
        assert_eq!((own[0].name.as_str(), own.len(), all), ("A", 2, 3));
    }
}
