//! Services of ECS: how many of their tasks run, which deployments are under way, what they say of
//! themselves; and why their tasks do not come to run, in few words.

use serde::{Deserialize, Deserializer};

use super::Task;
use crate::domain::line::{self, Severity};
use crate::domain::sighting::ServiceSeen;
use crate::domain::time::Time;
use crate::text::safe::Safe;

/// So many tasks of a deployment that failed in a row are no accident.
const FAILS: u32 = 2;

/// A service as ECS tells of it.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Told {
    /// Its ARN.
    pub service_arn: String,
    /// Its name.
    pub service_name: String,
    /// How many of its tasks run,
    pub running_count: u32,
    /// how many should,
    pub desired_count: u32,
    /// and how many are about to.
    pub pending_count: u32,
    /// The task definition that it has.
    pub task_definition: String,
    /// Its deployments: one, or several while it changes.
    pub deployments: Vec<Rollout>,
    /// What it says, the newest first.
    pub events: Vec<Event>,
}

/// A deployment of a service.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Rollout {
    /// Its id: tasks say that it started them.
    pub id: String,
    /// `PRIMARY` is the newest.
    pub status: String,
    /// How many of its tasks run,
    pub running_count: u32,
    /// and how many should.
    pub desired_count: u32,
    /// How many of them failed in a row.
    pub failed_tasks: u32,
    /// `IN_PROGRESS`, `COMPLETED` or `FAILED`.
    pub rollout_state: Option<String>,
    /// Why.
    pub rollout_state_reason: Option<String>,
}

/// Something that a service says.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Event {
    /// Its id.
    pub id: String,
    /// When.
    #[serde(deserialize_with = "seconds")]
    pub created_at: Time,
    /// What.
    pub message: String,
}

/// A time as ECS tells it: seconds, with parts of them.
pub(super) fn seconds<'de, D: Deserializer<'de>>(from: D) -> Result<Time, D::Error> {
    let seconds = Option::<f64>::deserialize(from)?.unwrap_or_default();
    // The nearest thousandth: what was told may be a little less than what was meant.
    let since = std::time::Duration::try_from_secs_f64(seconds + 0.000_5).unwrap_or_default();
    Ok(Time(i64::try_from(since.as_millis()).unwrap_or_default()))
}

impl Told {
    /// The newest deployment, while it is under way.
    #[must_use]
    pub fn in_flight(&self) -> Option<&Rollout> {
        let newest = self
            .deployments
            .iter()
            .find(|one| one.status == "PRIMARY")?;
        let is_under_way = match newest.rollout_state.as_deref() {
            Some(state) => state != "COMPLETED",
            None => self.deployments.len() > 1,
        };
        is_under_way.then_some(newest)
    }

    /// Why its tasks do not come to run, where they do not: by what it counts itself, and by those
    /// of its tasks that are known to have failed of late.
    #[must_use]
    pub fn trouble(&self, failed: &[&Task]) -> Option<String> {
        let counted = self.deployments.iter().map(|one| one.failed_tasks).max();
        let counted = counted.unwrap_or_default();
        let given_up = self.deployments.iter().find(|one| one.is_given_up());
        let known = u32::try_from(failed.len()).unwrap_or(u32::MAX);
        if given_up.is_none() && counted.max(known) < FAILS {
            return None;
        }
        let ends = failed.last().and_then(|task| task.trouble_in_service());
        let reason = given_up.and_then(|one| one.rollout_state_reason.clone());
        let count = counted.max(known);
        Some(match (ends, reason) {
            (Some(ends), _) => format!("its tasks fail: {ends} ({count} of late)"),
            (None, Some(reason)) => reason,
            (None, None) => format!("its tasks fail: {count} in a row"),
        })
    }

    /// As it is shown.
    #[must_use]
    pub fn seen(&self, failed: &[&Task]) -> ServiceSeen {
        let coming = self.in_flight();
        ServiceSeen {
            name: Safe::told(&self.service_name),
            running: self.running_count,
            desired: self.desired_count,
            pending: self.pending_count,
            coming: coming.map(|one| (one.running_count, one.desired_count)),
            trouble: self.trouble(failed).map(|why| Safe::told(&why)),
        }
    }

    /// What it said from then on, the oldest first.
    pub fn said(&self, since: Time) -> impl Iterator<Item = &Event> {
        let events = self.events.iter().rev();
        events.filter(move |event| event.created_at >= since)
    }

    /// Why an update of it did not come about, from what it said since it began and from those of
    /// its tasks that stopped meanwhile, the oldest first: in few words, with no name that is
    /// another one the next time. None where nothing of that tells it.
    #[must_use]
    pub fn why(&self, since: Time, stopped: &[Task]) -> Option<String> {
        let failed = stopped.iter().filter_map(Task::trouble_in_service);
        let failed: Vec<String> = failed.collect();
        let said: Vec<&Event> = self.said(since).collect();
        let given_up = said.iter().rev().find(|event| event.gives_up());
        let reasons = self.deployments.iter().filter(|one| one.is_given_up());
        let mut reasons = reasons.filter_map(|one| one.rollout_state_reason.clone());
        let last = reasons.next().or_else(|| {
            let words = given_up?.without(&self.service_name);
            // "(deployment ecs-svc/0123) deployment failed: …"
            let words = words.split_once(") ").map_or(words, |(_, words)| words);
            Some(words.to_owned())
        });
        let first = if let Some(first) = failed.first() {
            let many = match failed.len() {
                1 => String::new(),
                many => format!(" ({many} tasks)"),
            };
            Some(format!("its tasks fail: {first}{many}"))
        } else {
            let mut hindered = said.iter().filter(|event| !event.gives_up());
            let hindered = hindered.find(|event| event.hinders());
            hindered.map(|event| event.without(&self.service_name).to_owned())
        };
        match (first, last) {
            (Some(first), Some(last)) => Some(format!("{first}; {last}")),
            (first, last) => first.or(last),
        }
    }
}

impl Rollout {
    fn is_given_up(&self) -> bool {
        self.rollout_state.as_deref() == Some("FAILED")
    }
}

impl Event {
    /// What it says, without the name of the service that begins it.
    #[must_use]
    pub fn without(&self, service: &str) -> &str {
        let after = self.message.strip_prefix("(service ");
        let after = after.and_then(|rest| rest.strip_prefix(service)?.strip_prefix(") "));
        after.unwrap_or(&self.message)
    }

    /// Whether a deployment is given up.
    fn gives_up(&self) -> bool {
        self.message.contains("deployment failed")
    }

    /// Whether it tells what hinders tasks from coming to run.
    fn hinders(&self) -> bool {
        const WORDS: [&str; 5] = ["unable to", "failed", "unhealthy", "throttled", "error"];
        let text = self.message.to_ascii_lowercase();
        WORDS.iter().any(|word| text.contains(word))
    }

    /// How serious it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        if self.gives_up() {
            Severity::Error
        } else if self.hinders() || self.message.contains("rolling back") {
            Severity::Warn
        } else {
            Severity::Info
        }
    }
}

impl Task {
    /// Why it stopped, where a service did not mean it to: its tasks run for good, so that one that
    /// ends by itself failed, however it ended.
    #[must_use]
    pub fn trouble_in_service(&self) -> Option<String> {
        let is_meant = || {
            let reason = self.stopped_reason.as_deref().unwrap_or_default();
            let reason = reason.to_ascii_lowercase();
            self.stop_code.as_deref() == Some("ServiceSchedulerInitiated")
                && !["fail", "unhealthy", "error"]
                    .iter()
                    .any(|word| reason.contains(word))
        };
        if !self.is_over() || is_meant() {
            return None;
        }
        let by_itself = || "it ended by itself, with exit code 0".to_owned();
        Some(self.trouble().unwrap_or_else(by_itself))
    }

    /// The beginning of its id, as lines have it.
    #[must_use]
    pub fn short(&self) -> &str {
        line::short(self.id())
    }

    /// What is told once it has stopped in a service: how serious that is, and in words.
    #[must_use]
    pub fn parting(&self) -> (Severity, String) {
        let reason = self.stopped_reason.as_deref().unwrap_or_default();
        let (severity, words) = match self.trouble_in_service() {
            Some(words) if reason.is_empty() || words.contains(reason) => (Severity::Error, words),
            Some(words) => (Severity::Error, format!("{words}: {reason}")),
            None => (Severity::Info, reason.to_owned()),
        };
        let ends = self.containers.iter().filter(|_| self.containers.len() > 1);
        let ends: Vec<String> = ends
            .map(|one| {
                let end = one
                    .exit_code
                    .map_or_else(|| "no exit code".to_owned(), |code| format!("exit {code}"));
                match one.reason.as_deref().filter(|why| !why.is_empty()) {
                    Some(why) => format!("{} {end}: {why}", one.name),
                    None => format!("{} {end}", one.name),
                }
            })
            .collect();
        let ends = if ends.is_empty() {
            String::new()
        } else {
            format!(" ({})", ends.join(", "))
        };
        (
            severity,
            format!("task {} stopped: {words}{ends}", self.short()),
        )
    }
}

#[cfg(test)]
mod tests;
