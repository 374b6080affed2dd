//! One task: how far it and its containers are, and how it is told.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Container, Ecs};
use crate::domain::time::Time;
use crate::sandbox::realm::Site;
use crate::sandbox::values::{last_part, seconds};

/// The code of a task that never ran.
pub(super) const FAILED: &str = "TaskFailedToStart";
/// The code of a task that somebody stopped.
pub(super) const STOPPED_BY_USER: &str = "UserInitiated";
/// The exit code of a process that was told to end.
pub(super) const TERMINATED: i64 = 143;

/// One task.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Task {
    /// Its cluster.
    pub cluster: String,
    /// The ARN of its definition.
    pub definition: String,
    /// The service that started it.
    pub service: Option<String>,
    /// When it was asked for.
    pub created: Time,
    /// When it runs.
    pub starts: Time,
    /// When it ends, once that is known.
    pub ends: Option<Time>,
    /// How the containers of a service's task end.
    pub exit: Option<i64>,
    /// Why it ends.
    pub reason: Option<String>,
    /// Who asked for it.
    pub started_by: Option<String>,
    /// True once it said that it runs.
    pub greeted: bool,
    /// True once it said that it ended.
    pub parted: bool,
    /// What kind of end it has; that of a service or of an essential container where it is not said.
    #[serde(default)]
    pub code: Option<String>,
    /// True when it never runs.
    #[serde(default)]
    pub fails: bool,
    /// When somebody asked for its end.
    #[serde(default)]
    pub stopping: Option<Time>,
    /// When its service knew that it ended and was not meant to.
    #[serde(default)]
    pub missed: Option<Time>,
    /// Its containers, for a task of its own or one that goes as its variables say: those of any
    /// other task of a service do what it does.
    #[serde(default)]
    pub runs: Vec<Run>,
    /// Its tags, as `{"key": ..., "value": ...}`.
    #[serde(default)]
    pub tags: Vec<Value>,
    /// What else is told of it, as it was asked for.
    #[serde(default)]
    pub about: Value,
}

/// One container of a task of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The name of the container.
    pub name: String,
    /// When it ends.
    pub ends: Time,
    /// How it ends.
    pub exit: i64,
    /// Why, where that is its own.
    pub reason: Option<String>,
    /// What it was told to run.
    pub command: Vec<String>,
    /// The lines that it still has to say, the last one first.
    pub says: Vec<String>,
    /// When it says the next of them.
    pub next_line: Option<Time>,
    /// The thousandths of a second between two of them, at normal pace.
    pub pause: u32,
    /// True once it said that it ended.
    pub parted: bool,
}

impl Task {
    /// How far it is.
    #[must_use]
    pub fn status(&self, now: Time) -> &'static str {
        match (self.is_over(now), now >= self.starts) {
            (true, _) => "STOPPED",
            (false, true) => "RUNNING",
            (false, false) => "PENDING",
        }
    }

    /// How far it is meant to be.
    #[must_use]
    pub fn desired(&self, now: Time) -> &'static str {
        if self.is_over(now) || self.stopping.is_some() {
            "STOPPED"
        } else {
            "RUNNING"
        }
    }

    fn is_over(&self, now: Time) -> bool {
        self.ends.is_some_and(|ends| now >= ends)
    }

    /// The stream that one of its containers writes to.
    #[must_use]
    pub fn stream(&self, arn: &str, container: &Container) -> String {
        let id = arn.rsplit('/').next().unwrap_or(arn);
        format!(
            "{}/{}/{id}",
            container.prefix.as_deref().unwrap_or("ecs"),
            container.name
        )
    }

    /// When something happens to it next.
    pub(super) fn next_due(&self) -> Option<Time> {
        let start = (!self.greeted).then_some(self.starts);
        let end = self.ends.filter(|_| !self.parted);
        let runs = self.runs.iter().filter(|_| !self.fails);
        let runs = runs.flat_map(|run| [run.next_line, (!run.parted).then_some(run.ends)]);
        start.into_iter().chain(end).chain(runs.flatten()).min()
    }

    /// Whether it ended, and nobody had asked for that.
    pub(super) fn fell(&self, now: Time) -> bool {
        self.is_over(now) && self.stopping.is_none()
    }

    /// Whether it ended because somebody asked for that, who is not its service.
    pub(super) fn was_stopped(&self, now: Time) -> bool {
        self.is_over(now) && self.code.as_deref() == Some(STOPPED_BY_USER)
    }

    /// Its service stops it.
    pub(super) fn leave(&mut self, reason: &str, now: Time) {
        self.stopping = Some(now);
        self.ends = Some(now);
        self.exit = Some(0);
        self.code = None;
        self.reason = Some(reason.to_owned());
        self.fails |= now < self.starts;
        for run in self.runs.iter_mut().filter(|run| run.ends > now) {
            run.ends = now;
            run.exit = TERMINATED;
            run.reason = None;
        }
    }

    /// It never runs.
    pub(super) fn fail(&mut self, reason: String, now: Time) {
        self.fails = true;
        self.ends = Some(now);
        self.code = Some(FAILED.to_owned());
        self.reason = Some(reason);
        for run in &mut self.runs {
            run.next_line = None;
        }
    }

    /// It is asked to end, and ends then; what has ended stays as it ended.
    pub(super) fn stop(&mut self, reason: &str, now: Time, ends: Time) {
        if self.is_over(now) || self.stopping.is_some() {
            return;
        }
        let ends = self.ends.map_or(ends, |natural| natural.min(ends));
        self.stopping = Some(now);
        self.ends = Some(ends);
        self.exit = Some(TERMINATED);
        self.code = Some(STOPPED_BY_USER.to_owned());
        self.reason = Some(reason.to_owned());
        // One that did not run yet never will.
        self.fails |= now < self.starts;
        for run in self.runs.iter_mut().filter(|run| run.ends > now) {
            run.ends = ends;
            run.exit = TERMINATED;
            run.reason = None;
        }
    }

    /// As it is told; its tags where they are asked for.
    pub(super) fn shown(&self, arn: &str, ecs: &Ecs, place: &Site, now: Time) -> Value {
        let is_over = self.is_over(now);
        let usual = if self.service.is_some() {
            "ServiceSchedulerInitiated"
        } else {
            "EssentialContainerExited"
        };
        let ran = now >= self.starts && !self.fails;
        let told = json!({
            "taskArn": arn,
            "clusterArn": super::arn(place, "cluster", &self.cluster),
            "taskDefinitionArn": self.definition,
            "lastStatus": self.status(now),
            "desiredStatus": self.desired(now),
            "group": self.service.as_deref().map(|service| format!("service:{}", last_part(service))),
            "startedBy": self.started_by,
            "createdAt": seconds(self.created),
            "startedAt": ran.then(|| seconds(self.starts)),
            "stoppingAt": self.stopping.or(self.ends.filter(|_| is_over)).map(seconds),
            "stoppedAt": self.ends.filter(|_| is_over).map(seconds),
            "executionStoppedAt": self.ends.filter(|_| is_over && ran).map(seconds),
            "stoppedReason": self.reason.as_ref().filter(|_| is_over || self.stopping.is_some()),
            "stopCode": (is_over || self.stopping.is_some()).then(|| self.code.as_deref().unwrap_or(usual)),
            "containers": self.containers(arn, ecs, place, now),
            "launchType": "FARGATE",
            "attachments": [],
        });
        let mut told = told;
        if let (Some(told), Some(about)) = (told.as_object_mut(), self.about.as_object()) {
            told.extend(
                about
                    .iter()
                    .map(|(name, value)| (name.clone(), value.clone())),
            );
        }
        told
    }

    fn containers(&self, arn: &str, ecs: &Ecs, place: &Site, now: Time) -> Vec<Value> {
        let status = self.status(now);
        let id = last_part(arn);
        let defined = ecs.definitions.get(&self.definition);
        let row = |container: &Container| {
            let run = self.runs.iter().find(|run| run.name == container.name);
            let has_ended = !self.fails && run.is_some_and(|run| now >= run.ends);
            let is_over = status == "STOPPED" || has_ended;
            let exit = run.map(|run| run.exit).or(self.exit);
            let reason = if self.fails && self.stopping.is_none() {
                self.reason.as_ref()
            } else {
                run.and_then(|run| run.reason.as_ref())
            };
            json!({
                "containerArn": super::arn(place, "container", &format!("{}/{id}/{}", self.cluster, container.name)),
                "taskArn": arn, "name": container.name, "image": container.image,
                "lastStatus": if is_over { "STOPPED" } else { status },
                "exitCode": exit.filter(|_| is_over && !self.fails),
                "reason": reason.filter(|_| is_over),
                "networkInterfaces": [],
            })
        };
        defined
            .into_iter()
            .flat_map(|one| &one.containers)
            .map(row)
            .collect()
    }
}
