//! One round of looks at the stacks of one environment: the state of all of them by few calls, and
//! then a closer look at some (news, tasks), in turn, so that a round is soon over whatever the
//! number of stacks.

use std::sync::Arc;

use futures_util::future::join_all;

use super::super::looks::{PROOF, prove};
use super::before::Before;
use super::watched::{There, Watched};
use super::{Looked, Wanted, Watcher};
use crate::domain::failure::{Failure, Retry};
use crate::domain::ids::{EnvName, StackId};
use crate::domain::line::Line;
use crate::domain::look::{Look, Sight, Standing};
use crate::domain::place::{Place, Places, Proof};
use crate::domain::sighting::{SERVE, Seen, Sighting, SightingKey, THING, proof_of};
use crate::domain::time::Time;
use crate::observe::Served;
use crate::text::safe::Safe;

/// How many closer looks there are in a round,
const CLOSER: usize = 3;
/// and how many of them may read news while it is to be found out elsewhere what serves.
const NEWS: usize = 2;

/// Of so many stacks the tasks are counted in a round,
const COUNTS: usize = 12;
/// and so many of them are those that wait longest, seen by somebody or not.
const OLDEST: usize = 4;

/// One stack in a round.
pub(super) struct One {
    pub(super) id: StackId,
    shown: bool,
    /// Its environment's places, and what is looked at there beside how it stands.
    pub(super) places: Places,
    pub(super) beside: Vec<Look>,
    /// Whether it was its turn to be looked at; else its tasks alone are counted.
    looked: bool,
    pub(super) watched: Watched,
    /// When its state was seen, and since when it is missing if it is; or why it was not seen.
    pub(super) seen: Result<(Time, Option<Time>), Failure>,
}

impl One {
    fn subject(&self) -> String {
        format!("stack/{}", self.id)
    }
}

impl Watcher {
    /// Says who we are at the places that are given, and looks at what is due.
    pub(super) async fn round(
        self: Arc<Self>,
        env: EnvName,
        places: Places,
        due: Vec<(StackId, Wanted, Watched)>,
        now: Time,
    ) -> Looked {
        let proofs = places.iter().map(|place| self.tell_proof(&env, place, now));
        let proven = join_all(proofs).await.into_iter().all(|proven| proven);
        let before = Before::default();
        let mut all = self.states(due, &before, now).await;
        self.news(&mut all, now).await;
        self.counts(&mut all, &before, now).await;
        self.beside(&mut all, &before, now).await;
        let unreached = all.iter().filter(|one| one.seen.is_err());
        let unreached = unreached.map(|one| one.id.clone()).collect();
        let looked = all.into_iter().map(|mut one| {
            if one.looked {
                one.watched.looked(now);
            }
            (one.id, one.watched)
        });
        Looked {
            all: looked.collect(),
            unreached,
            proven,
        }
    }

    pub(super) async fn keep(&self, sightings: Vec<(SightingKey, Sighting)>) {
        if !sightings.is_empty() {
            let _ = self.store.put_sightings(&sightings).await;
        }
    }

    /// The states of all that is due, asked for at the same time.
    async fn states(
        &self,
        due: Vec<(StackId, Wanted, Watched)>,
        before: &Before,
        now: Time,
    ) -> Vec<One> {
        let (due, counted): (Vec<_>, Vec<_>) = due
            .into_iter()
            .partition(|(_, _, watched)| watched.due <= now);
        let looked = join_all(due.into_iter().map(|(id, what, mut watched)| async move {
            let subject = format!("stack/{id}");
            let seen = match prove(self.eyes.as_ref(), &id.env, Some(&watched.place), PROOF).await {
                Ok(()) => {
                    self.state(&id.env, &subject, &mut watched, before, now)
                        .await
                }
                Err(failure) => Err(failure),
            };
            watched.seen_at = seen.as_ref().ok().map(|(_, at)| *at);
            let place = &watched.place;
            let (sighting, seen) = match seen {
                Ok((sight, at)) => {
                    let missing = sight.changed_at;
                    (Some(thing(subject, sight, at, place)), Ok((at, missing)))
                }
                // What was seen before stays, and says why it is old.
                Err(failure) => (
                    self.as_before(&subject, THING, place, &failure, before)
                        .await,
                    Err(failure),
                ),
            };
            (
                sighting,
                One {
                    id,
                    shown: what.shown,
                    places: what.places,
                    beside: what.beside,
                    looked: true,
                    watched,
                    seen,
                },
            )
        }))
        .await;
        let (sightings, mut all): (Vec<_>, Vec<One>) = looked.into_iter().unzip();
        self.keep(sightings.into_iter().flatten().collect()).await;
        all.extend(counted.into_iter().map(|(id, what, watched)| One {
            id,
            shown: what.shown,
            places: what.places,
            beside: Vec::new(),
            looked: false,
            watched,
            seen: Ok((now, None)),
        }));
        all
    }

    async fn state(
        &self,
        env: &EnvName,
        subject: &str,
        one: &mut Watched,
        before: &Before,
        now: Time,
    ) -> Result<(Sight, Time), Failure> {
        let glance = one.glance(now);
        let (mut sight, at) = one.follow.look(&one.place, glance).await?;
        one.busy = sight.standing.is_busy();
        if sight.standing == Standing::Missing {
            sight.changed_at = match one.there {
                There::No(since) => since,
                There::Yes => self.vanished(env, subject, &one.place, before, now).await?,
            };
            one.there = There::No(sight.changed_at);
        } else {
            one.there = There::Yes;
        }
        Ok((sight, at))
    }

    /// Reads the news of the few whose turn it is: what is on a screen first, then whoever waits
    /// longest.
    async fn news(&self, all: &mut [One], now: Time) {
        let surveys = all
            .iter()
            .filter(|one| one.looked && one.seen.is_ok() && one.watched.wants_survey(now))
            .count();
        let mut turn: Vec<&mut One> = all
            .iter_mut()
            .filter(|one| one.looked && one.seen.is_ok() && one.watched.wants_news(now))
            .collect();
        turn.sort_by_key(|one| one.watched.news_at);
        if let Some(shown) = turn.iter().position(|one| one.shown) {
            turn[..=shown].rotate_right(1);
        }
        let places = CLOSER - surveys.min(CLOSER - NEWS);
        // What was seen a moment ago, in this round, is what was seen before.
        let before = Before::default();
        let before = &before;
        let read = join_all(turn.into_iter().take(places).map(|one| async move {
            one.watched.news_at = now;
            let (glance, subject) = (one.watched.glance(now), one.subject());
            let Watched { follow, place, .. } = &mut one.watched;
            match (follow.news(place, glance).await, &one.seen) {
                (Ok((mut sight, lines)), Ok((at, changed_at))) => {
                    if sight.standing == Standing::Missing {
                        sight.changed_at = *changed_at;
                    }
                    (Some(thing(subject, sight, *at, place)), lines)
                }
                (Err(failure), _) => (
                    self.as_before(&subject, THING, place, &failure, before)
                        .await,
                    Vec::new(),
                ),
                (Ok((_, lines)), Err(_)) => (None, lines),
            }
        }));
        let (sightings, lines): (Vec<Option<_>>, Vec<Vec<Line>>) = read.await.into_iter().unzip();
        self.keep(sightings.into_iter().flatten().collect()).await;
        let lines: Vec<Line> = lines.into_iter().flatten().collect();
        if !lines.is_empty() {
            self.lines.take(lines);
        }
    }

    /// Finds out of a few what of them serves, and counts the tasks of some of which that is known:
    /// where each has a cluster of its own that is a call each, and the states of all wait for it.
    async fn counts(&self, all: &mut [One], before: &Before, now: Time) {
        let mut sightings = Vec::new();
        let unsurveyed = all
            .iter_mut()
            .filter(|one| one.looked && one.seen.is_ok() && one.watched.wants_survey(now));
        for one in unsurveyed.take(CLOSER - NEWS) {
            let subject = one.subject();
            let Watched { follow, place, .. } = &mut one.watched;
            if let Err(failure) = follow.survey(place, now).await {
                sightings.extend(
                    self.as_before(&subject, SERVE, place, &failure, before)
                        .await,
                );
                one.watched.counted(None, now);
            }
        }
        let mut due: Vec<&mut One> = all
            .iter_mut()
            .filter(|one| one.seen.is_ok() && one.watched.wants_count(now))
            .collect();
        due.sort_by_key(|one| one.watched.serve_due);
        let mut others = due.split_off(OLDEST.min(due.len()));
        others.sort_by_key(|one| one.watched.is_far());
        let due = due.into_iter().chain(others).take(COUNTS);
        let counted = join_all(due.map(|one| async move {
            let (subject, glance) = (one.subject(), one.watched.glance(now));
            let Watched { follow, place, .. } = &mut one.watched;
            let (served, place) = (follow.serve(place, glance).await, place.clone());
            let counts = served.as_ref().ok().and_then(Option::as_ref);
            one.watched.counted(counts.map(Served::counts), now);
            match served {
                Ok(Some(served)) => {
                    let (running, desired) = served.counts();
                    one.watched.streams = served.streams;
                    let value = Seen::Serve {
                        running,
                        desired,
                        services: served.services,
                    };
                    let sighting = Sighting {
                        value,
                        taken_at: now,
                        place: Some(place),
                        stale: None,
                    };
                    (Some(((subject, SERVE.to_owned()), sighting)), served.lines)
                }
                Ok(None) => (None, Vec::new()),
                Err(failure) => {
                    let old = self.as_before(&subject, SERVE, &place, &failure, before);
                    (old.await, Vec::new())
                }
            }
        }));
        let (counted, lines): (Vec<Option<_>>, Vec<Vec<Line>>) = counted.await.into_iter().unzip();
        let lines: Vec<Line> = lines.into_iter().flatten().collect();
        if !lines.is_empty() {
            self.lines.take(lines);
        }
        sightings.extend(counted.into_iter().flatten());
        self.keep(sightings).await;
    }

    /// What was seen before, with the reason why it is old. That a thing was never seen is told
    /// with its reason too, but for a throttle, which denies nothing and is told of its place.
    pub(super) async fn as_before(
        &self,
        subject: &str,
        source: &str,
        place: &Place,
        failure: &Failure,
        before: &Before,
    ) -> Option<(SightingKey, Sighting)> {
        // A store that cannot be read can take no sighting either; what stands there grows old on
        // the screen.
        let old = before.of(&*self.store, subject, source, place).await;
        let never = || Sighting {
            value: Seen::Nothing,
            taken_at: self.clock.now(),
            place: Some(place.clone()),
            stale: None,
        };
        let tells = source != SERVE && self.eyes.slowed(place).is_none();
        let old = old.ok()?.or_else(|| tells.then(never))?;
        Some((
            (subject.to_owned(), source.to_owned()),
            Sighting {
                stale: Some(failure.says()),
                ..old
            },
        ))
    }

    /// Who we are at a place, by proof; another place than the recorded one is said with it. False
    /// where nobody can tell.
    async fn tell_proof(&self, env: &EnvName, place: &Place, now: Time) -> bool {
        let key = (format!("environment/{env}"), proof_of(&place.name));
        let proof = self.eyes.prove(env, place, PROOF).await;
        let proven = proof.is_ok();
        let sighting = match proof {
            Ok(proof) => Sighting {
                taken_at: proof.at,
                place: Some(place.clone()),
                stale: place.check(env, &proof).err().as_ref().map(Failure::says),
                value: Seen::Proof { proof },
            },
            // A throttle denies nothing: what was proven before stands, and gets older.
            Err(Failure {
                retry: Retry::After(_),
                ..
            }) => return true,
            Err(failure) => {
                let (whose, within) = (String::new(), String::new());
                let nobody = Proof {
                    whose,
                    within,
                    who: Safe::default(),
                    called: Safe::default(),
                    expires_at: None,
                    at: now,
                };
                let unknown = || Sighting {
                    value: Seen::Proof { proof: nobody },
                    taken_at: now,
                    place: Some(place.clone()),
                    stale: None,
                };
                Sighting {
                    stale: Some(failure.says()),
                    ..Before::default()
                        .of(&*self.store, &key.0, &key.1, place)
                        .await
                        .ok()
                        .flatten()
                        .unwrap_or_else(unknown)
                }
            }
        };
        let _ = self.store.put_sightings(&[(key, sighting)]).await;
        proven
    }
}

fn thing(subject: String, sight: Sight, taken_at: Time, place: &Place) -> (SightingKey, Sighting) {
    (
        (subject, THING.to_owned()),
        Sighting {
            value: Seen::Thing { sight },
            taken_at,
            place: Some(place.clone()),
            stale: None,
        },
    )
}
