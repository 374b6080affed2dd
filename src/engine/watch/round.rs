//! One round of looks at the stacks of one environment.

use std::sync::Arc;

use futures_util::future::join_all;

use super::super::looks::prove;
use super::{FAR, FAR_SERVE, RUNNING, SHOWN, Wanted, Watcher};
use crate::domain::environment::AwsTarget;
use crate::domain::failure::Failure;
use crate::domain::ids::{DeploymentNo, EnvName, StackId};
use crate::domain::line::Line;
use crate::domain::look::{Sight, Standing};
use crate::domain::safe::Safe;
use crate::domain::sighting::{SERVE, Seen, Sighting, SightingKey, THING};
use crate::domain::time::Time;
use crate::observe::{Follow, Glance};
use crate::store::StoreError;

/// One stack that is watched.
pub(super) struct Watched {
    follow: Box<dyn Follow>,
    no: Option<DeploymentNo>,
    pub(super) due: Time,
    serve_due: Time,
    busy: bool,
    /// Fewer tasks, or more, than there should be.
    uneven: bool,
    far: bool,
    there: There,
}

/// Whether a stack was there at the last look.
enum There {
    Yes,
    /// Since when it is missing, where it was there before.
    No(Option<Time>),
}

impl Watched {
    /// A stack that is due at once.
    pub(super) fn new(follow: Box<dyn Follow>, now: Time) -> Self {
        Self { follow, no: None, due: now, serve_due: now, busy: false, uneven: false, far: false, there: There::Yes }
    }

    /// Takes what is wanted of it now: what comes onto the screen, or begins to run, is due at once.
    pub(super) fn wanted(&mut self, what: &Wanted, now: Time) {
        if std::mem::replace(&mut self.far, what.far) && !what.far {
            (self.due, self.serve_due) = (now, now);
        }
        self.no = what.no;
        if what.no.is_some() && self.due > now + RUNNING {
            self.due = now;
        }
    }
}

/// What one look at a stack gave.
struct Look {
    sightings: Vec<(SightingKey, Sighting)>,
    lines: Vec<Line>,
}

impl Watcher {
    /// Says who we are in the environment of a stack, where it is given, and looks at what is due.
    pub(super) async fn round(
        self: Arc<Self>,
        env: EnvName,
        place: Option<Wanted>,
        due: Vec<(StackId, Wanted, Watched)>,
        now: Time,
    ) -> Vec<(StackId, Watched)> {
        if let Some(place) = place {
            self.tell_identity(&env, &place, now).await;
        }
        let looked = join_all(due.into_iter().map(|(id, what, mut one)| {
            let it = &self;
            async move {
                let look = it.look(&id, &what, &mut one, now).await;
                (look, (id, one))
            }
        }))
        .await;
        let (looks, taken): (Vec<Look>, Vec<(StackId, Watched)>) = looked.into_iter().unzip();
        let (mut sightings, mut lines) = (Vec::new(), Vec::new());
        for look in looks {
            sightings.extend(look.sightings);
            lines.extend(look.lines);
        }
        if !sightings.is_empty() {
            let _ = self.store.put_sightings(&sightings).await;
        }
        if !lines.is_empty() {
            self.lines.take(lines);
        }
        taken
    }

    async fn look(&self, id: &StackId, what: &Wanted, one: &mut Watched, now: Time) -> Look {
        let mut look = Look { sightings: vec![], lines: vec![] };
        let subject = format!("stack/{id}");
        let Some(aws) = &what.aws else { return look };
        let seen = match prove(self.eyes.as_ref(), &id.env, what.aws.as_ref(), what.account.as_deref()).await {
            Ok(()) => self.seen(&subject, aws, one, now).await,
            Err(failure) => Err(failure),
        };
        let proven = seen.is_ok();
        match seen {
            Ok((sight, lines)) => {
                one.busy = sight.standing.is_busy();
                look.lines = lines;
                look.sightings
                    .push(((subject.clone(), THING.to_owned()), Sighting { value: Seen::Thing { sight }, taken_at: now, stale: None }));
            }
            Err(failure) => {
                // What was seen before stays, and says why it is old.
                look.sightings.extend(self.as_before(&subject, THING, &failure).await);
            }
        }
        let counts = one.serve_due <= now;
        if counts && proven {
            match one.follow.serve(aws).await {
                Ok(Some((running, desired))) => {
                    one.uneven = running != desired;
                    let value = Seen::Serve { running, desired };
                    look.sightings.push(((subject, SERVE.to_owned()), Sighting { value, taken_at: now, stale: None }));
                }
                Ok(None) => {}
                Err(failure) => look.sightings.extend(self.as_before(&subject, SERVE, &failure).await),
            }
        }
        let moves = one.busy || what.no.is_some();
        let (often, rarely) = if what.far { (FAR, FAR_SERVE) } else { (SHOWN, SHOWN) };
        one.due = now + if moves { RUNNING } else { often };
        if counts {
            one.serve_due = now + if moves || one.uneven { RUNNING * 2 } else { rarely };
        }
        look
    }

    async fn seen(&self, subject: &str, aws: &AwsTarget, one: &mut Watched, now: Time) -> Result<(Sight, Vec<Line>), Failure> {
        let (mut sight, lines) = one.follow.look(aws, Glance { far: one.far, no: one.no, now }).await?;
        if sight.standing != Standing::Missing {
            one.there = There::Yes;
            return Ok((sight, lines));
        }
        sight.changed_at = match one.there {
            There::No(since) => since,
            There::Yes => self.vanished(subject, now).await?,
        };
        one.there = There::No(sight.changed_at);
        Ok((sight, lines))
    }

    /// Since when a thing is missing that was there when it was seen last; none for one that never was.
    async fn vanished(&self, subject: &str, now: Time) -> Result<Option<Time>, Failure> {
        let old = self.old(subject, THING).await.map_err(|why| {
            Failure::new(format!("it is not there, and since when cannot be told: {why}")).hint("it is looked at again by itself")
        })?;
        Ok(match old.map(|old| old.value) {
            Some(Seen::Thing { sight }) if sight.standing == Standing::Missing => sight.changed_at,
            Some(Seen::Thing { .. }) => Some(now),
            Some(Seen::Serve { .. } | Seen::Identity { .. } | Seen::Tail { .. }) | None => None,
        })
    }

    /// What was seen before, with the reason why it is old.
    async fn as_before(&self, subject: &str, source: &str, failure: &Failure) -> Option<(SightingKey, Sighting)> {
        // A store that cannot be read can take no sighting either; what stands there grows old on the screen.
        let old = self.old(subject, source).await.ok().flatten()?;
        Some(((subject.to_owned(), source.to_owned()), Sighting { stale: Some(Safe::new(&failure.summary)), ..old }))
    }

    async fn old(&self, subject: &str, source: &str) -> Result<Option<Sighting>, StoreError> {
        let (all, _) = self.store.sightings(0).await?;
        Ok(all.into_iter().find(|((of, by), _)| of == subject && by == source).map(|(_, sighting)| sighting))
    }

    /// Who we are, by proof; another account than the recorded one is said with it.
    async fn tell_identity(&self, env: &EnvName, place: &Wanted, now: Time) {
        let Some(aws) = &place.aws else { return };
        let key = (format!("environment/{env}"), "identity".to_owned());
        let unproven = prove(self.eyes.as_ref(), env, Some(aws), place.account.as_deref()).await.err();
        let sighting = match (self.eyes.identity(env, aws).await, unproven) {
            (Ok(value), None) => Sighting { value, taken_at: now, stale: None },
            (Ok(value), Some(failure)) => Sighting { value, taken_at: now, stale: Some(why(&failure)) },
            (Err(failure), _) => {
                let unknown = || Sighting {
                    value: Seen::Identity { account: String::new(), arn: Safe::default(), region: String::new(), expires_at: None },
                    taken_at: now,
                    stale: None,
                };
                Sighting { stale: Some(why(&failure)), ..self.old(&key.0, &key.1).await.ok().flatten().unwrap_or_else(unknown) }
            }
        };
        let _ = self.store.put_sightings(&[(key, sighting)]).await;
    }
}

fn why(failure: &Failure) -> Safe {
    let says = if failure.hint.is_empty() { failure.summary.clone() } else { format!("{}: {}", failure.summary, failure.hint) };
    Safe::new(&says)
}
