//! Watching: looks at what runs and at what is on a screen, now and then at what a console has beside it, and at nothing else. What it sees becomes sightings and lines; it
//! decides nothing, and a look that fails makes what was seen before STALE.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::watch;

use crate::aws::{Clients, Cloud};
use crate::domain::environment::AwsTarget;
use crate::domain::failure::Failure;
use crate::domain::folds::Folds;
use crate::domain::ids::{DeploymentNo, EnvName, StackId};
use crate::domain::interest::{Interest, cfn_name};
use crate::domain::safe::Safe;
use crate::domain::sighting::{ResourceSeen, Seen, Sighting, SightingKey};
use crate::domain::time::Time;
use crate::observe::events::Follower;
use crate::observe::serve::serve;
use crate::os::clock::SharedClock;
use crate::store::Store;

use super::{Eyes, Lines};

/// How often what runs is looked at.
const RUNNING: Duration = Duration::from_secs(1);
/// How often what is only on a screen is looked at.
const SHOWN: Duration = Duration::from_secs(8);
/// How often what is not on the screen now is looked at.
const FAR: Duration = Duration::from_secs(30);
/// How often its tasks are counted.
const FAR_SERVE: Duration = Duration::from_mins(2);
/// How long before a deployment its events are interesting.
const BEFORE: Duration = Duration::from_secs(30);
/// How far back events are read of a stack that is only looked at.
const HISTORY: Duration = Duration::from_hours(1);
/// How many resources a sighting keeps.
const RESOURCES: usize = 200;

/// What a watcher is made of.
pub struct Watcher {
    /// Where interests are read and sightings kept.
    pub store: Arc<dyn Store>,
    /// The clock.
    pub clock: SharedClock,
    /// The clients.
    pub clients: Arc<Clients>,
    /// The eyes, for the proof of identity.
    pub eyes: Arc<dyn Eyes>,
    /// Where lines go.
    pub lines: Arc<dyn Lines>,
}

/// One stack that is watched.
struct Watched {
    follower: Follower,
    no: Option<DeploymentNo>,
    resources: BTreeMap<String, ResourceSeen>,
    due: Time,
    serve_due: Time,
    busy: bool,
    /// Fewer tasks, or more, than there should be.
    uneven: bool,
    far: bool,
}

/// What one look at a stack gave.
struct Look {
    sightings: Vec<(SightingKey, Sighting)>,
    lines: Vec<crate::domain::line::Line>,
}

impl Watcher {
    /// Watches until `folds` ends: the newest folds of the engine.
    pub async fn run(self, folds: watch::Receiver<Folds>) {
        let mut watched: BTreeMap<StackId, Watched> = BTreeMap::new();
        let mut proven: BTreeMap<EnvName, Time> = BTreeMap::new();
        let mut tails = super::tails::Tails::new(&self);
        loop {
            let now = self.clock.now();
            let interests: Vec<Interest> =
                self.store.interests(now).await.unwrap_or_default().iter().filter_map(|text| text.parse().ok()).collect();
            let wanted = wanted(&folds.borrow(), interests);
            watched.retain(|id, _| wanted.contains_key(id));
            tails.keep(&wanted);
            self.prove(&wanted, &mut proven, now).await;
            let mut due = Vec::new();
            for (id, what) in &wanted {
                let Some(cfn) = &what.cfn else { continue };
                let entry = watched.entry(id.clone()).or_insert_with(|| Watched {
                    follower: Follower::new(id.clone(), cfn, what.since.unwrap_or(now - HISTORY) - BEFORE),
                    no: None,
                    resources: BTreeMap::new(),
                    due: now,
                    serve_due: now,
                    busy: false,
                    uneven: false,
                    far: what.far,
                });
                if std::mem::replace(&mut entry.far, what.far) && !what.far {
                    (entry.due, entry.serve_due) = (now, now);
                }
                entry.no = what.no;
                if entry.due <= now || (what.no.is_some() && entry.due > now + RUNNING) {
                    due.push(id.clone());
                }
            }
            let mut taken: Vec<(StackId, Watched)> = due.iter().filter_map(|id| watched.remove_entry(id)).collect();
            let looks = join_all(taken.iter_mut().filter_map(|(id, one)| {
                let what = wanted.get(id)?;
                Some(self.look(id, what, one, now))
            }))
            .await;
            let (mut sightings, mut lines) = (Vec::new(), Vec::new());
            for look in looks {
                sightings.extend(look.sightings);
                lines.extend(look.lines);
            }
            watched.extend(taken);
            if !sightings.is_empty() {
                let _ = self.store.put_sightings(&sightings).await;
            }
            if !lines.is_empty() {
                lines.sort_by(|a, b| a.key().cmp(&b.key()));
                self.lines.take(lines);
            }
            if folds.has_changed().is_err() {
                return;
            }
            let pause = if wanted.values().any(|what| what.no.is_some()) { RUNNING } else { Duration::from_secs(2) };
            self.clock.sleep(pause).await;
        }
    }

    async fn look(&self, id: &StackId, what: &Wanted, one: &mut Watched, now: Time) -> Look {
        let mut look = Look { sightings: vec![], lines: vec![] };
        let subject = format!("stack/{id}");
        let (Some(aws), Some(cfn)) = (&what.aws, &what.cfn) else { return look };
        match self.seen(aws, cfn, one, now).await {
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
        if one.serve_due <= now
            && let Ok(cloud) = self.clients.of(aws).await
            && let Ok(Some(value)) = serve(&cloud, cfn).await
        {
            one.uneven = matches!(value, Seen::Serve { running, desired } if running != desired);
            look.sightings.push(((subject, "serve".to_owned()), Sighting { value, taken_at: now, stale: None }));
        }
        let moves = one.busy || what.no.is_some();
        one.due = now + if moves { RUNNING } else { [SHOWN, FAR][usize::from(what.far)] };
        if one.serve_due <= now {
            one.serve_due = now + if moves || one.uneven { RUNNING * 2 } else { [SHOWN, FAR_SERVE][usize::from(what.far)] };
        }
        look
    }

    async fn seen(
        &self,
        aws: &AwsTarget,
        cfn: &str,
        one: &mut Watched,
        now: Time,
    ) -> Result<(Seen, Vec<crate::domain::line::Line>), Failure> {
        let cloud: Arc<Cloud> = self.clients.of(aws).await?;
        let Some(stack) = cloud.stack(cfn).await? else {
            one.resources.clear();
            // It was deleted perhaps: its last events are told still.
            let events = if one.far { Vec::new() } else { one.follower.poll(&cloud).await? };
            let lines = events.iter().map(|event| one.follower.line(event, one.no)).collect();
            let missing = Seen::Cfn { status: "MISSING".to_owned(), reason: Safe::default(), changed_at: None, resources: vec![] };
            return Ok((missing, lines));
        };
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

    async fn old(&self, subject: &str, source: &str) -> Option<Sighting> {
        let (all, _) = self.store.sightings(0).await.ok()?;
        all.into_iter().find(|((of, by), _)| of == subject && by == source).map(|(_, sighting)| sighting)
    }

    /// Who we are in each environment on a screen: by proof, once a minute.
    async fn prove(&self, wanted: &BTreeMap<StackId, Wanted>, proven: &mut BTreeMap<EnvName, Time>, now: Time) {
        let mut envs: BTreeMap<&EnvName, &AwsTarget> = BTreeMap::new();
        for (id, what) in wanted {
            if let Some(aws) = &what.aws
                && proven.get(&id.env).is_none_or(|at| now.since(*at) >= Duration::from_mins(1))
            {
                envs.insert(&id.env, aws);
            }
        }
        for (env, aws) in envs {
            proven.insert(env.clone(), now);
            let key = (format!("environment/{env}"), "identity".to_owned());
            let sighting = match self.eyes.identity(env, aws).await {
                Ok(value) => Some(Sighting { value, taken_at: now, stale: None }),
                Err(failure) => {
                    let old = self.old(&key.0, &key.1).await;
                    let unknown = || Sighting {
                        value: Seen::Identity { account: String::new(), arn: Safe::default(), region: String::new(), expires_at: None },
                        taken_at: now,
                        stale: None,
                    };
                    let why = if failure.hint.is_empty() { failure.summary } else { format!("{}: {}", failure.summary, failure.hint) };
                    Some(Sighting { stale: Some(Safe::new(&why)), ..old.unwrap_or_else(unknown) })
                }
            };
            if let Some(sighting) = sighting {
                let _ = self.store.put_sightings(&[(key, sighting)]).await;
            }
        }
    }
}

/// What is to be watched of a stack.
#[derive(Default)]
pub(super) struct Wanted {
    pub aws: Option<AwsTarget>,
    pub cfn: Option<String>,
    pub logs: Vec<String>,
    /// The deployment that runs, and since when.
    pub no: Option<DeploymentNo>,
    pub since: Option<Time>,
    /// Nothing runs, and nobody has it on the screen now.
    pub far: bool,
}

/// What runs, and what is on a screen.
fn wanted(folds: &Folds, interests: Vec<Interest>) -> BTreeMap<StackId, Wanted> {
    let aws = |env: &EnvName| folds.environments.get(env).and_then(|env| env.record.as_ref()?.aws.clone());
    let mut all: BTreeMap<StackId, Wanted> = BTreeMap::new();
    for one in interests {
        let aws = aws(&one.stack.env);
        // Several may look at one stack: what any of them wants to follow is followed.
        let entry = all.entry(one.stack).or_insert_with(|| Wanted { aws, cfn: None, logs: vec![], no: None, since: None, far: true });
        entry.far &= one.far;
        entry.cfn = entry.cfn.take().or(one.cfn);
        for group in one.logs {
            if !entry.logs.contains(&group) {
                entry.logs.push(group);
            }
        }
    }
    for stack in folds.stacks.values() {
        let Some(d) = stack.current.and_then(|current| folds.deployments.get(&current)) else { continue };
        let Some(request) = &d.request else { continue };
        let logs = request.spec.watch_logs.clone();
        let entry = all.entry(stack.id.clone()).or_default();
        entry.far = false;
        entry.aws.clone_from(&request.aws);
        entry.cfn = cfn_name(&request.spec);
        entry.no = Some(request.no);
        entry.since = d.started_at;
        if entry.logs.is_empty() {
            entry.logs = logs;
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_one_stack_is_followed_what_any_of_several_consoles_wants() {
        let interest = |cfn: Option<&str>, logs: &[&str]| Interest {
            stack: "dev/api".parse().unwrap(),
            cfn: cfn.map(str::to_owned),
            logs: logs.iter().map(|group| (*group).to_owned()).collect(),
            far: false,
        };
        let wanted = wanted(
            &Folds::default(),
            vec![interest(None, &["/b"]), interest(Some("dev-api"), &["/a", "/b"]), interest(Some("dev-api"), &[])],
        );
        let what = &wanted[&"dev/api".parse().unwrap()];
        assert_eq!(
            (wanted.len(), what.cfn.as_deref(), what.logs.as_slice()),
            (1, Some("dev-api"), ["/b".to_owned(), "/a".to_owned()].as_slice())
        );
    }
}
