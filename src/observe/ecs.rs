//! The ECS services of a stack, followed: how many tasks run, what the services say of themselves,
//! which tasks stop and why, and where the lines are of those that began with a deployment. What
//! they say comes with the counts and costs no call; tasks are listed where that tells of something
//! new, a service at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Glance, Served, Stream};
use crate::aws::ecs::Service;
use crate::aws::{Cloud, Trouble, TroubleKind};
use crate::domain::failure::Failure;
use crate::domain::ids::{DeploymentNo, StackId};
use crate::domain::line::{Line, Severity, SourceKind, Turn, of_task};
use crate::domain::sighting::ServiceSeen;
use crate::domain::time::Time;
use crate::forms::ecs::{Logged, Task, Told, logged};
use crate::text::safe::Safe;

/// How often the tasks of one service are listed at most,
const LISTED: Duration = Duration::from_secs(4);
/// and on this machine.
const HERE: Duration = Duration::from_secs(1);
/// By how much the clock of AWS may be behind ours.
const BEFORE: Duration = Duration::from_secs(5);
/// How long a task that failed counts.
const RECENT: Duration = Duration::from_mins(10);

/// The services of one stack.
pub(super) struct Services {
    stack: StackId,
    /// Nothing that happened before this is told.
    since: Time,
    deployment: Option<Deployment>,
    known: BTreeMap<Service, Known>,
    /// Where the lines of containers are, by task definition, which never changes.
    definitions: BTreeMap<String, Vec<Logged>>,
}

/// The deployment that runs on the stack, or ran a moment ago.
#[derive(Debug, Clone, Copy)]
struct Deployment {
    no: DeploymentNo,
    /// Tasks that were made before this are not of it.
    since: Time,
}

/// What is known of a service.
#[derive(Default)]
struct Known {
    /// The events of the last answer that were given.
    given: BTreeSet<String>,
    /// What told of its tasks when they were listed last.
    hint: Option<Hint>,
    listed_at: Time,
    tasks: BTreeMap<String, Task>,
    /// Some of them are about to stop.
    leaves: bool,
    /// Tasks whose end was told.
    parted: BTreeSet<String>,
    /// That its tasks may not be listed was told.
    denied: bool,
    /// Why it does not come to be what the deployment brings.
    why: Option<Safe>,
}

/// What of a service changes where something becomes of its tasks.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hint {
    event: Option<String>,
    counts: (u32, u32, u32),
    fails: u32,
}

impl Hint {
    fn of(told: &Told) -> Self {
        Self {
            event: told.events.first().map(|event| event.id.clone()),
            counts: (told.running_count, told.desired_count, told.pending_count),
            fails: told.deployments.iter().map(|one| one.failed_tasks).sum(),
        }
    }
}

impl Known {
    fn why(&self, told: &Told, since: Time) -> Option<Safe> {
        let new = self.tasks.values();
        let new = new.filter(|task| task.is_over() && task.created_at >= since);
        let mut stopped: Vec<Task> = new.cloned().collect();
        stopped.sort_by_key(|task| task.stopped_at);
        told.why(since, &stopped).map(|why| Safe::told(&why))
    }
}

impl Services {
    pub(super) fn new(stack: StackId, since: Time) -> Self {
        Self {
            stack,
            since,
            deployment: None,
            known: BTreeMap::new(),
            definitions: BTreeMap::new(),
        }
    }

    /// How these services are, and what is new; none where there are none.
    ///
    /// # Errors
    /// When AWS could not be asked, or does not tell of one of them.
    pub(super) async fn served(
        &mut self,
        cloud: &Cloud,
        services: &[Service],
        glance: Glance,
    ) -> Result<Option<Served>, Failure> {
        self.known.retain(|service, _| services.contains(service));
        if services.is_empty() {
            return Ok(None);
        }
        self.deployment = glance.recent.map(|(no, began)| Deployment {
            no,
            since: began - BEFORE,
        });
        let answer = cloud.services(services).await?;
        let told: Vec<(&Service, &Told)> = each(services, &answer)?;
        let mut lines = Vec::new();
        if !glance.far || self.deployment.is_some() {
            for (service, told) in &told {
                lines.extend(self.said(service, told));
            }
            let due = told
                .iter()
                .filter(|(service, told)| self.is_due(service, told, cloud.is_local(), glance.now));
            // Whose tasks were listed longest ago.
            let next = due.min_by_key(|(service, _)| {
                self.known
                    .get(*service)
                    .map_or(Time(0), |known| known.listed_at)
            });
            if let Some((service, told)) = next {
                lines.extend(self.tasks(cloud, service, told, glance.now).await);
            }
        }
        if let Some(Deployment { since, .. }) = self.deployment {
            for (service, told) in &told {
                let known = self.known.entry((*service).clone()).or_default();
                known.why = known.why(told, since);
            }
        }
        let services: Vec<ServiceSeen> = told
            .iter()
            .map(|(service, told)| told.seen(&self.failed(service, told, glance.now)))
            .collect();
        Ok(Some(Served {
            services,
            lines,
            streams: self.streams(),
        }))
    }

    /// Why the service of that ARN does not come to be what the deployment brings, where that is
    /// known.
    pub(super) fn why(&self, arn: &str) -> Option<&Safe> {
        self.known.get(&Service::of(arn))?.why.as_ref()
    }

    /// What a service says that it had not said before.
    fn said(&mut self, service: &Service, told: &Told) -> Vec<Line> {
        let known = self.known.entry(service.clone()).or_default();
        let before = std::mem::replace(
            &mut known.given,
            told.events.iter().map(|event| event.id.clone()).collect(),
        );
        let new = told
            .said(self.since)
            .filter(|event| !before.contains(&event.id));
        new.map(|event| {
            let text = event.without(&told.service_name);
            let id = format!("ecs/{}", event.id);
            self.line(service, id, event.created_at, event.severity(), text)
        })
        .collect()
    }

    /// Whether its tasks are to be listed: something tells that there is news of them, and either a
    /// deployment runs or they are not as they should be.
    fn is_due(&self, service: &Service, told: &Told, is_local: bool, now: Time) -> bool {
        let hint = Hint::of(told);
        let is_even = told.running_count == told.desired_count && hint.fails == 0;
        if self.deployment.is_none() && is_even {
            return false;
        }
        let pause = if is_local { HERE } else { LISTED };
        self.known.get(service).is_none_or(|known| {
            let is_new = known.leaves || known.hint.as_ref() != Some(&hint);
            is_new && !known.denied && now.since(known.listed_at) >= pause
        })
    }

    /// Lists the tasks of a service, and tells of those that stopped.
    async fn tasks(
        &mut self,
        cloud: &Cloud,
        service: &Service,
        told: &Told,
        now: Time,
    ) -> Vec<Line> {
        let mut known = self.known.remove(service).unwrap_or_default();
        known.listed_at = now;
        let lines = match self.listed(cloud, service, &mut known).await {
            Ok(lines) => {
                known.hint = Some(Hint::of(told));
                lines
            }
            Err(trouble) if is_refusal(&trouble) => {
                known.denied = true;
                let text = format!(
                    "which of its tasks stop is missing here: {}",
                    trouble.failure.summary
                );
                let id = format!("gap/tasks/{service}/{}", now.0);
                vec![self.line(service, id, now, Severity::Gap, &text)]
            }
            // It is tried again.
            Err(_) => Vec::new(),
        };
        self.known.insert(service.clone(), known);
        lines
    }

    async fn listed(
        &mut self,
        cloud: &Cloud,
        service: &Service,
        known: &mut Known,
    ) -> Result<Vec<Line>, Trouble> {
        let running = cloud.tasks_of(service, false).await?;
        let stopped = cloud.tasks_of(service, true).await?;
        let listed: BTreeSet<&String> = running.iter().chain(&stopped).collect();
        let is_over = |arn: &&&String| known.tasks.get(**arn).is_some_and(Task::is_over);
        let wanted: Vec<String> = listed
            .iter()
            .filter(|arn| !is_over(arn))
            .map(|arn| (*arn).clone())
            .collect();
        let told = cloud.tasks_by(service, &wanted).await?;
        known.tasks.retain(|arn, _| listed.contains(arn));
        known.parted.retain(|arn| listed.contains(arn));
        for task in told {
            known.tasks.insert(task.task_arn.clone(), task);
        }
        let leaving = stopped.iter().filter_map(|arn| known.tasks.get(arn));
        known.leaves = leaving.into_iter().any(|task| !task.is_over());
        let mut lines = Vec::new();
        if let Some(deployment) = self.deployment {
            let new = known.tasks.values();
            let new = new.filter(|task| task.created_at >= deployment.since);
            let new: BTreeSet<&String> = new.map(|task| &task.task_definition_arn).collect();
            for arn in new {
                lines.extend(self.define(cloud, service, arn).await?);
            }
        }
        let mut ended: Vec<&Task> = known.tasks.values().filter(|task| task.is_over()).collect();
        ended.sort_by_key(|task| task.stopped_at);
        for task in ended {
            if known.parted.insert(task.task_arn.clone()) && task.stopped_at >= self.since {
                let (severity, text) = task.parting();
                let id = format!("stopped/{}", task.id());
                lines.push(self.line(service, id, task.stopped_at, severity, &text));
            }
        }
        Ok(lines)
    }

    /// Learns where the lines of a task definition are.
    async fn define(
        &mut self,
        cloud: &Cloud,
        service: &Service,
        arn: &str,
    ) -> Result<Option<Line>, Trouble> {
        if self.definitions.contains_key(arn) {
            return Ok(None);
        }
        match cloud.task_definition(arn).await {
            Ok(definition) => {
                self.definitions.insert(arn.to_owned(), logged(&definition));
                Ok(None)
            }
            Err(trouble) if is_refusal(&trouble) => {
                self.definitions.insert(arn.to_owned(), Vec::new());
                let why = &trouble.failure.summary;
                let text = format!("the lines of its tasks are missing here: {why}");
                let at = cloud.now();
                let id = format!("gap/{arn}");
                Ok(Some(self.line(service, id, at, Severity::Gap, &text)))
            }
            Err(trouble) => Err(trouble),
        }
    }

    /// The tasks of the newest deployment of a service that failed of late, the oldest first.
    fn failed(&self, service: &Service, told: &Told, now: Time) -> Vec<&Task> {
        let newest = told.deployments.iter().find(|one| one.status == "PRIMARY");
        let tasks = self.known.get(service).into_iter();
        let mut failed: Vec<&Task> = tasks
            .flat_map(|known| known.tasks.values())
            .filter(|task| {
                task.started_by.as_deref() == newest.map(|newest| newest.id.as_str())
                    && now.since(task.stopped_at) < RECENT
                    && task.trouble_in_service().is_some()
            })
            .collect();
        failed.sort_by_key(|task| task.stopped_at);
        failed
    }

    /// Where the lines are of the tasks that began with the deployment.
    fn streams(&self) -> Vec<Stream> {
        let Some(deployment) = self.deployment else {
            return Vec::new();
        };
        let tasks = self.known.values().flat_map(|known| known.tasks.values());
        tasks
            .filter(|task| task.created_at >= deployment.since)
            .flat_map(|task| {
                let logged = self.definitions.get(&task.task_definition_arn);
                logged.into_iter().flatten().map(move |one| Stream {
                    group: one.group.clone(),
                    stream: one.stream(task.id()),
                    part: of_task(&one.container, task.id()),
                    no: deployment.no,
                    is_over: task.is_over(),
                })
            })
            .collect()
    }

    fn line(&self, of: &Service, id: String, at: Time, severity: Severity, text: &str) -> Line {
        Line {
            turn: Turn::default(),
            phase: None,
            at,
            id: id.into(),
            kind: SourceKind::Events,
            source: Safe::told(&of.to_string()),
            part: Safe::default(),
            stack: self.stack.clone(),
            no: self.deployment.map(|deployment| deployment.no),
            severity,
            text: Safe::told(text),
        }
    }
}

fn is_refusal(trouble: &Trouble) -> bool {
    matches!(trouble.kind, TroubleKind::Denied | TroubleKind::Refused)
}

/// What is told of each service.
fn each<'a>(
    services: &'a [Service],
    answer: &'a crate::aws::ecs::Services,
) -> Result<Vec<(&'a Service, &'a Told)>, Failure> {
    let told = services.iter().map(|service| match answer.get(service) {
        Some(told) => Ok((service, &**told)),
        None => Err(Failure::new(format!(
            "ECS was asked for the service {service} and says nothing about it"
        ))),
    });
    told.collect()
}

#[cfg(test)]
mod tests;
