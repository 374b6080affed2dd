//! Tasks of ECS that run once: started, looked at, stopped.

use serde::Deserialize;
use serde_json::{Value, json};

use super::CALLS;
use crate::aws::clients::Cloud;
use crate::aws::rest::{Answer, Ask, Json};
use crate::aws::trouble::Trouble;
use crate::forms::ecs::{Network, Task};

/// A task that is to run.
#[derive(Debug, Clone)]
pub struct NewTask {
    /// The cluster.
    pub cluster: String,
    /// The task definition, by its ARN.
    pub definition: String,
    /// Where it runs.
    pub network: Network,
    /// The same token starts one task.
    pub token: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Ran {
    tasks: Vec<Task>,
    failures: Vec<Refused>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Refused {
    reason: String,
    detail: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Defined {
    task_definition: Value,
}

impl Cloud {
    /// Starts a task; the error beside a task is what ECS says why none began.
    ///
    /// # Errors
    /// The call did not succeed.
    pub async fn run_task(&self, new: &NewTask) -> Result<Result<Task, String>, Trouble> {
        let mut asks = json!({
            "cluster": new.cluster,
            "taskDefinition": new.definition,
            "clientToken": new.token,
            "startedBy": new.token,
            "count": 1,
            "enableECSManagedTags": true,
            "propagateTags": "TASK_DEFINITION",
        });
        if !new.network.subnets.is_empty() {
            asks["networkConfiguration"] = json!({ "awsvpcConfiguration": {
                "subnets": new.network.subnets,
                "securityGroups": new.network.groups,
            } });
        }
        let ran: Ran = self
            .ecs_call("RunTask", "ecs:RunTask", &new.cluster, &asks)
            .await?;
        let refused = ran.failures.into_iter().next();
        Ok(ran.tasks.into_iter().next().ok_or_else(|| {
            let refused = refused.unwrap_or_default();
            match (refused.reason.as_str(), refused.detail.as_str()) {
                ("", _) => "no reason is said".to_owned(),
                (reason, "") => reason.to_owned(),
                (reason, detail) => format!("{reason}: {detail}"),
            }
        }))
    }

    /// A task, by its ARN; none where ECS does not know it any more.
    ///
    /// # Errors
    /// The call did not succeed.
    pub async fn task(&self, cluster: &str, arn: &str) -> Result<Option<Task>, Trouble> {
        let asks = json!({ "cluster": cluster, "tasks": [arn] });
        let ran: Ran = self
            .ecs_call("DescribeTasks", "ecs:DescribeTasks", cluster, &asks)
            .await?;
        Ok(ran.tasks.into_iter().next())
    }

    /// Asks ECS to stop a task.
    ///
    /// # Errors
    /// The call did not succeed.
    pub async fn stop_task(&self, cluster: &str, arn: &str, why: &str) -> Result<(), Trouble> {
        let asks = json!({ "cluster": cluster, "task": arn, "reason": why });
        let stopped: Result<Value, Trouble> = self
            .ecs_call("StopTask", "ecs:StopTask", cluster, &asks)
            .await;
        stopped.map(drop)
    }

    /// A task definition.
    ///
    /// # Errors
    /// The call did not succeed.
    pub async fn task_definition(&self, arn: &str) -> Result<Value, Trouble> {
        let asks = json!({ "taskDefinition": arn });
        let name = "ecs:DescribeTaskDefinition";
        let defined: Defined = self
            .ecs_call("DescribeTaskDefinition", name, arn, &asks)
            .await?;
        Ok(defined.task_definition)
    }

    /// Registers a task definition; answers its ARN. Each call makes another revision.
    ///
    /// # Errors
    /// The call did not succeed.
    pub async fn register_task(&self, definition: &Value) -> Result<String, Trouble> {
        let family = definition["family"].as_str().unwrap_or_default();
        let name = "ecs:RegisterTaskDefinition";
        let defined: Defined = self
            .ecs_call("RegisterTaskDefinition", name, family, definition)
            .await?;
        let arn = defined.task_definition["taskDefinitionArn"].as_str();
        Ok(arn.unwrap_or_default().to_owned())
    }

    pub(super) async fn ecs_call<T: for<'a> Deserialize<'a>>(
        &self,
        call: &str,
        action: &'static str,
        on: &str,
        asks: &Value,
    ) -> Result<T, Trouble> {
        let name = format!("{CALLS}.{call}");
        self.call(action, on, || {
            let ask = Ask::json(Json::V1_1, &name, asks);
            self.ecs.call(ask, Answer::json)
        })
        .await
    }
}
