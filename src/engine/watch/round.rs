//! One round of looks at the stacks of one environment.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::join_all;

use super::super::looks::prove;
use super::{FAR, FAR_SERVE, HISTORY, RUNNING, SHOWN, Wanted, Watcher};
use crate::aws::Cloud;
use crate::domain::environment::AwsTarget;
use crate::domain::failure::Failure;
use crate::domain::ids::{DeploymentNo, EnvName, StackId};
use crate::domain::line::Line;
use crate::domain::safe::Safe;
use crate::domain::sighting::{ResourceSeen, Seen, Sighting, SightingKey};
use crate::domain::time::Time;
use crate::observe::events::Follower;
use crate::observe::serve::serve;

/// How many resources a sighting keeps.
const RESOURCES: usize = 200;

/// One stack that is watched.
pub(super) struct Watched {
    follower: Follower,
    no: Option<DeploymentNo>,
    resources: BTreeMap<String, ResourceSeen>,
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
    pub(super) fn new(follower: Follower, now: Time) -> Self {
        Self {
            follower,
            no: None,
            resources: BTreeMap::new(),
            due: now,
            serve_due: now,
            busy: false,
            uneven: false,
            far: false,
            there: There::Yes,
        }
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
            lines.sort_by(|a, b| a.key().cmp(&b.key()));
            self.lines.take(lines);
        }
        taken
    }

    async fn look(&self, id: &StackId, what: &Wanted, one: &mut Watched, now: Time) -> Look {
        let mut look = Look { sightings: vec![], lines: vec![] };
        let subject = format!("stack/{id}");
        let (Some(aws), Some(cfn)) = (&what.aws, &what.cfn) else { return look };
        let seen = match prove(self.eyes.as_ref(), &id.env, what.aws.as_ref(), what.account.as_deref()).await {
            Ok(()) => self.seen(&subject, aws, cfn, one, now).await,
            Err(failure) => Err(failure),
        };
        let proven = seen.is_ok();
        match seen {
            Ok((status, lines)) => {
                one.busy = matches!(&status, Seen::Cfn { status, .. } if status.ends_with("_IN_PROGRESS"));
                look.lines = lines;
                look.sightings.push(((subject.clone(), "cfn".to_owned()), Sighting { value: status, taken_at: now, stale: None }));
            }
            Err(failure) => {
                // What was seen before stays, and says why it is old.
                if let Some(old) = self.old(&subject, "cfn").await {
                    look.sightings
                        .push(((subject.clone(), "cfn".to_owned()), Sighting { stale: Some(Safe::new(&failure.summary)), ..old }));
                }
            }
        }
        let counts = one.serve_due <= now;
        if counts
            && proven
            && let Ok(cloud) = self.clients.of(aws).await
            && let Ok(Some(value)) = serve(&cloud, cfn).await
        {
            one.uneven = matches!(value, Seen::Serve { running, desired } if running != desired);
            look.sightings.push(((subject, "serve".to_owned()), Sighting { value, taken_at: now, stale: None }));
        }
        let moves = one.busy || what.no.is_some();
        let (often, rarely) = if what.far { (FAR, FAR_SERVE) } else { (SHOWN, SHOWN) };
        one.due = now + if moves { RUNNING } else { often };
        if counts {
            one.serve_due = now + if moves || one.uneven { RUNNING * 2 } else { rarely };
        }
        look
    }

    async fn seen(&self, subject: &str, aws: &AwsTarget, cfn: &str, one: &mut Watched, now: Time) -> Result<(Seen, Vec<Line>), Failure> {
        let cloud: Arc<Cloud> = self.clients.of(aws).await?;
        let Some(stack) = cloud.stack(cfn).await? else {
            one.resources.clear();
            // It was deleted perhaps: its last events are told still.
            let events = if one.far { Vec::new() } else { one.follower.poll(&cloud).await? };
            let lines = events.iter().map(|event| one.follower.line(event, one.no)).collect();
            let changed_at = match one.there {
                There::No(since) => since,
                There::Yes => self.vanished(subject, now).await,
            };
            one.there = There::No(changed_at);
            let missing = Seen::Cfn { status: "MISSING".to_owned(), reason: Safe::default(), changed_at, resources: vec![] };
            return Ok((missing, lines));
        };
        one.there = There::Yes;
        let quiet = one.far && one.no.is_none() && !stack.status.ends_with("_IN_PROGRESS");
        let events = if quiet { Vec::new() } else { one.follower.poll(&cloud).await? };
        let no = one.no;
        let lines = events.iter().map(|event| one.follower.line(event, no)).collect();
        for event in &events {
            let logical = format!("{}/{}", event.stack_name, event.logical);
            let seen = ResourceSeen {
                logical: event.logical.clone(),
                kind: event.kind.clone(),
                status: event.status.clone(),
                reason: event.reason.clone(),
                at: event.at,
            };
            if event.is_root() && event.status.ends_with("_IN_PROGRESS") && event.reason.as_str().contains("User Initiated") {
                // A new operation: what failed in the one before is history.
                one.resources.clear();
            }
            one.resources.insert(logical, seen);
        }
        let mut resources: Vec<ResourceSeen> =
            one.resources.values().filter(|seen| !seen.status.ends_with("_COMPLETE") || now.since(seen.at) < HISTORY).cloned().collect();
        resources.sort_by_key(|seen| seen.at);
        resources.truncate(RESOURCES);
        let seen = Seen::Cfn { status: stack.status, reason: stack.reason, changed_at: stack.changed_at, resources };
        Ok((seen, lines))
    }

    /// Since when a stack is missing that was there when it was seen last; none for one that never was.
    async fn vanished(&self, subject: &str, now: Time) -> Option<Time> {
        match self.old(subject, "cfn").await?.value {
            Seen::Cfn { status, changed_at, .. } if status == "MISSING" => changed_at,
            Seen::Cfn { .. } => Some(now),
            Seen::Serve { .. } | Seen::Identity { .. } | Seen::Tail { .. } => None,
        }
    }

    async fn old(&self, subject: &str, source: &str) -> Option<Sighting> {
        let (all, _) = self.store.sightings(0).await.ok()?;
        all.into_iter().find(|((of, by), _)| of == subject && by == source).map(|(_, sighting)| sighting)
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
                Sighting { stale: Some(why(&failure)), ..self.old(&key.0, &key.1).await.unwrap_or_else(unknown) }
            }
        };
        let _ = self.store.put_sightings(&[(key, sighting)]).await;
    }
}

fn why(failure: &Failure) -> Safe {
    let says = if failure.hint.is_empty() { failure.summary.clone() } else { format!("{}: {}", failure.summary, failure.hint) };
    Safe::new(&says)
}
