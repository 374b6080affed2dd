//! The tasks of ECS services: which there are, what became of them, and why a service did not come
//! to be what it should.

use serde::Deserialize;
use serde_json::json;

use super::Service;
use crate::aws::clients::Cloud;
use crate::aws::trouble::Trouble;
use crate::domain::time::Time;
use crate::forms::ecs::Task;

/// How many tasks one call describes.
const BATCH: usize = 100;
/// How many pages of tasks are read at most.
const PAGES: usize = 5;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Listed {
    task_arns: Vec<String>,
    next_token: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Described {
    tasks: Vec<Task>,
}

/// Which tasks are listed.
#[derive(Debug, Clone, Copy)]
enum Of<'a> {
    Service(&'a str),
    Family(&'a str),
}

impl Cloud {
    /// The ARNs of the tasks of a service: those that are to run, or those that are not any more.
    /// ECS forgets a task about an hour after it stopped.
    ///
    /// # Errors
    /// The call did not succeed.
    pub async fn tasks_of(&self, of: &Service, is_over: bool) -> Result<Vec<String>, Trouble> {
        self.listed(of, Of::Service(&of.name), is_over).await
    }

    async fn listed(
        &self,
        at: &Service,
        of: Of<'_>,
        is_over: bool,
    ) -> Result<Vec<String>, Trouble> {
        let (name, value) = match of {
            Of::Service(name) => ("serviceName", name),
            Of::Family(name) => ("family", name),
        };
        let mut all = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..PAGES {
            let mut asks = json!({
                "cluster": at.cluster(),
                "desiredStatus": if is_over { "STOPPED" } else { "RUNNING" },
            });
            asks[name] = json!(value);
            if let Some(token) = &token {
                asks["nextToken"] = json!(token);
            }
            let page: Listed = self
                .ecs_call("ListTasks", "ecs:ListTasks", at.cluster(), &asks)
                .await?;
            all.extend(page.task_arns);
            token = page.next_token;
            if token.is_none() {
                break;
            }
        }
        Ok(all)
    }

    /// Tasks by their ARNs; those that ECS does not know any more are left out.
    ///
    /// # Errors
    /// The call did not succeed.
    pub async fn tasks_by(&self, of: &Service, arns: &[String]) -> Result<Vec<Task>, Trouble> {
        let mut all = Vec::new();
        for some in arns.chunks(BATCH) {
            let asks = json!({ "cluster": of.cluster(), "tasks": some });
            let told: Described = self
                .ecs_call("DescribeTasks", "ecs:DescribeTasks", of.cluster(), &asks)
                .await?;
            all.extend(told.tasks);
        }
        Ok(all)
    }

    /// Why a service did not come to be what it was updated to since then; and what it and its tasks
    /// said meanwhile. None where that is not known, or may not be read: it is asked for beside
    /// what is known.
    pub async fn why_unstable(&self, arn: &str, since: Time) -> Option<Unstable> {
        let service = Service::of(arn);
        let asked = self.services(std::slice::from_ref(&service)).await.ok()?;
        let told = asked.get(&service)?;
        // A service that was taken away again lists no tasks; its family does.
        let family = told.task_definition.rsplit('/').next().unwrap_or_default();
        let family = family.rsplit_once(':').map_or(family, |(family, _)| family);
        let group = format!("service:{}", service.name);
        let mut arns = self.tasks_of(&service, true).await.unwrap_or_default();
        if arns.is_empty() && !family.is_empty() {
            let of = Of::Family(family);
            arns = self.listed(&service, of, true).await.unwrap_or_default();
        }
        let stopped = self.tasks_by(&service, &arns).await.unwrap_or_default();
        let mut stopped: Vec<Task> = stopped
            .into_iter()
            .filter(|task| task.created_at >= since && task.group.as_deref() == Some(&group))
            .collect();
        stopped.sort_by(|a, b| (a.stopped_at, &a.task_arn).cmp(&(b.stopped_at, &b.task_arn)));
        let why = told.why(since, &stopped)?;
        let name = told.service_name.as_str();
        let mut said: Vec<(Time, String)> = told
            .said(since)
            .map(|event| (event.created_at, event.without(name).to_owned()))
            .collect();
        said.extend(
            stopped
                .iter()
                .map(|task| (task.stopped_at, task.parting().1)),
        );
        said.sort_by_key(|(at, _)| *at);
        Some(Unstable { why, said })
    }
}

/// Why a service did not come to be what it should.
#[derive(Debug, Clone)]
pub struct Unstable {
    /// In few words.
    pub why: String,
    /// What it and its tasks said meanwhile, the oldest first.
    pub said: Vec<(Time, String)>,
}
