//! Eyes: one file a kind of thing. An eye says what a real thing is like now, and follows it for
//! those who watch. Reads only; a change set that is made to be described is deleted again.

mod arrivals;
pub mod cloudformation;
mod cloudfront;
pub mod codebuild;
mod ecs;
mod elb;
mod git;
mod given;
mod images;
mod keyed;
pub mod logs;
mod postgres;
mod registry;
mod s3;
mod secretsmanager;
mod sources;
mod ssm;

use std::future::ready;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use crate::aws::{Clients, Cloud};
use crate::domain::failure::Failure;
use crate::domain::ids::{DeploymentNo, EnvName, StackId};
use crate::domain::line::Line;
use crate::domain::look::{Look, Sight, Subject};
use crate::domain::masks::Secret;
use crate::domain::place::{Place, Places};
use crate::domain::request::SourceBundle;
use crate::domain::sighting::ServiceSeen;
use crate::domain::time::Time;
use crate::forms::role::LookAs;
use crate::hosts::Hosts;
use crate::os::clock::SharedClock;

/// Where a look is taken, and for what.
#[derive(Debug, Clone)]
pub struct LookOn {
    /// The environment.
    pub env: EnvName,
    /// Its places.
    pub places: Places,
    /// The stack.
    pub stack: StackId,
    /// What the look is for: part of the names of what is made and deleted again. It changes
    /// nothing of what is read.
    pub token: String,
}

impl LookOn {
    /// Where a thing is; none where the environment has no place at all.
    ///
    /// # Errors
    /// It is at a place that is not recorded.
    pub fn place(&self, about: &Subject) -> Result<Option<&Place>, Failure> {
        self.places.find(&self.env, about.place.as_ref())
    }

    /// Where a thing of AWS is.
    fn aws(&self, about: &Subject) -> Result<&Place, Failure> {
        self.place(about)?.ok_or_else(|| {
            Failure::new(format!("{} has no `aws:` in the estate file", self.env))
                .hint("add `aws: { region: … }` and `holdpoint apply`")
        })
    }

    /// The clients of where a thing is that is looked at with a role, where the look names one.
    async fn assuming(&self, clients: &Clients, look: &Look) -> Result<Arc<Cloud>, Failure> {
        let with = LookAs::of(&look.with).map_err(|why| {
            Failure::new(format!(
                "with which role {} is looked at cannot be read: {why}",
                look.about
            ))
            .hint("deploy again: the plan is made anew")
        })?;
        let place = self.aws(&look.about)?;
        clients.assuming(place, with.assumes.as_deref()).await
    }

    /// The clients of where it is.
    async fn cloud(&self, clients: &Clients, about: &Subject) -> Result<Arc<Cloud>, Failure> {
        clients.at(self.aws(about)?).await
    }
}

/// An eye: it looks at things of one kind.
pub trait Eye: Send + Sync {
    /// The kind.
    fn kind(&self) -> &'static str;
    /// Whether its looks read the files of the release.
    fn reads_files(&self) -> bool {
        false
    }
    /// Takes a look. `bundle` has the files of the release, where they are read.
    fn look<'a>(
        &'a self,
        on: &'a LookOn,
        look: &'a Look,
        bundle: Option<&'a SourceBundle>,
    ) -> BoxFuture<'a, Result<Sight, Failure>>;
    /// Follows a thing from a point in time, for those who watch it; `None` where nobody can.
    fn follow(&self, stack: &StackId, about: &Subject, since: Time) -> Option<Box<dyn Follow>> {
        let _ = (stack, about, since);
        None
    }
}

/// How a thing that is followed is looked at this time.
#[derive(Debug, Clone, Copy)]
pub struct Glance {
    /// Its state alone: nobody sees it now.
    pub far: bool,
    /// Whether what it was given and what it gives is told with its state.
    pub given: bool,
    /// The deployment that runs on it.
    pub no: Option<DeploymentNo>,
    /// That deployment, or the one that ended a moment ago, and when it began.
    pub recent: Option<(DeploymentNo, Time)>,
    /// The time.
    pub now: Time,
}

/// What serves of a thing that is followed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Served {
    /// Its services.
    pub services: Vec<ServiceSeen>,
    /// What they say that they had not said before.
    pub lines: Vec<Line>,
    /// Where the lines of their tasks are that began with the deployment that runs.
    pub streams: Vec<Stream>,
}

impl Served {
    /// Running and desired tasks of all services together.
    #[must_use]
    pub fn counts(&self) -> (u32, u32) {
        let sum = |(running, desired): (u32, u32), one: &ServiceSeen| {
            (running + one.running, desired + one.desired)
        };
        self.services.iter().fold((0, 0), sum)
    }
}

/// A stream of lines that a container of a task writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// The log group.
    pub group: String,
    /// Its name there.
    pub stream: String,
    /// What its lines are of: the container, and the beginning of the task's id.
    pub part: String,
    /// The deployment with which the task began.
    pub no: DeploymentNo,
    /// Whether the task has stopped.
    pub is_over: bool,
}

/// A thing that is followed: what is told between two looks is told once. A look is cheap, and few
/// calls answer all who look at the same time; news and parts cost a call each, and are read in
/// turn.
pub trait Follow: Send {
    /// How it is, and when it was so. Of a thing that is gone, `changed_at` is left to who knows
    /// since when.
    fn look<'a>(
        &'a mut self,
        place: &'a Place,
        glance: Glance,
    ) -> BoxFuture<'a, Result<(Sight, Time), Failure>>;
    /// Whether the last look tells that there are news which were not read; never of a thing that is told
    /// by its state alone.
    fn has_news(&self, glance: Glance) -> bool {
        let _ = glance;
        false
    }
    /// Reads the news: the thing as it was at the last look, with what they tell of its parts; and
    /// their lines.
    fn news<'a>(
        &'a mut self,
        place: &'a Place,
        glance: Glance,
    ) -> BoxFuture<'a, Result<(Sight, Vec<Line>), Failure>> {
        async move {
            let (sight, _) = self.look(place, glance).await?;
            Ok((sight, Vec::new()))
        }
        .boxed()
    }
    /// Whether it has to be found out what of it serves, before that can be counted.
    fn is_unsurveyed(&self, now: Time) -> bool {
        let _ = now;
        false
    }
    /// Finds out what of it serves.
    fn survey<'a>(&'a mut self, place: &'a Place, now: Time) -> BoxFuture<'a, Result<(), Failure>> {
        let _ = (place, now);
        ready(Ok(())).boxed()
    }
    /// How many tasks of it run, of how many that should, and what is new of them; `None` where it
    /// has none. Few calls answer all who ask at the same time.
    fn serve<'a>(
        &'a mut self,
        place: &'a Place,
        glance: Glance,
    ) -> BoxFuture<'a, Result<Option<Served>, Failure>> {
        let _ = (place, glance);
        ready(Ok(None)).boxed()
    }
}

/// Every eye that there is; `key` is that of digests of secrets.
#[must_use]
pub fn eyes(
    clients: &Arc<Clients>,
    hosts: &Arc<Hosts>,
    clock: &SharedClock,
    store: &str,
    key: &Secret,
) -> Vec<Arc<dyn Eye>> {
    vec![
        Arc::new(cloudformation::Stacks::new(Arc::clone(clients))),
        Arc::new(cloudformation::ChangeSets::new(
            Arc::clone(clients),
            clock.clone(),
            store.to_owned(),
        )),
        Arc::new(cloudfront::Distributions(Arc::clone(clients))),
        Arc::new(git::Branches(Arc::clone(hosts))),
        Arc::new(images::Images),
        Arc::new(sources::Sources(Arc::clone(hosts))),
        Arc::new(s3::Objects(Arc::clone(clients))),
        Arc::new(registry::Versions(Arc::clone(clients))),
        Arc::new(s3::Buckets(Arc::clone(clients))),
        Arc::new(ssm::Parameters(Arc::clone(clients))),
        Arc::new(postgres::Databases(Arc::clone(clients))),
        Arc::new(secretsmanager::Secrets(Arc::clone(clients))),
        Arc::new(elb::Listeners(Arc::clone(clients))),
        Arc::new(keyed::Keyed(key.clone())),
    ]
}
