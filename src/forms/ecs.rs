//! Tasks of ECS: how plans say those that run once, and what the end of one means; services, which
//! run tasks for good.

mod told;

pub use told::{Event, Rollout, Told};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::time::Time;

/// The step kind that runs one.
pub const RUN_TASK: &str = "ecs.run-task";

/// The step kind that registers a definition with the images of another version.
pub const REGISTER: &str = "ecs.register";

/// Where a task runs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Its subnets; none for a task that has no network of its own.
    #[serde(default)]
    pub subnets: Vec<String>,
    /// Its security groups.
    #[serde(default)]
    pub groups: Vec<String>,
}

/// A container of a task.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Container {
    /// Its name.
    pub name: String,
    /// How it ended.
    pub exit_code: Option<i64>,
    /// Why, where ECS says so.
    pub reason: Option<String>,
}

/// A task as ECS tells of it.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Task {
    /// Its ARN.
    pub task_arn: String,
    /// Where it stands: `PROVISIONING`, `PENDING`, `RUNNING`, …, `STOPPED`.
    pub last_status: String,
    /// By what it stopped.
    pub stop_code: Option<String>,
    /// Why.
    pub stopped_reason: Option<String>,
    /// Its containers.
    pub containers: Vec<Container>,
    /// Its definition.
    pub task_definition_arn: String,
    /// What it belongs to: `service:NAME`, where a service runs it.
    pub group: Option<String>,
    /// Who asked for it: a deployment of its service, by its id.
    pub started_by: Option<String>,
    /// When it was asked for.
    #[serde(deserialize_with = "told::seconds")]
    pub created_at: Time,
    /// When it had stopped.
    #[serde(deserialize_with = "told::seconds")]
    pub stopped_at: Time,
}

/// Where the lines of a container are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// The container.
    pub container: String,
    /// The log group.
    pub group: String,
    /// What its streams begin with.
    pub prefix: String,
}

impl Logged {
    /// The stream that it writes to in a task.
    #[must_use]
    pub fn stream(&self, task: &str) -> String {
        format!("{}/{}/{task}", self.prefix, self.container)
    }
}

impl Task {
    /// True once it has stopped.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.last_status == "STOPPED"
    }

    /// The last part of its ARN.
    #[must_use]
    pub fn id(&self) -> &str {
        self.task_arn.rsplit('/').next().unwrap_or(&self.task_arn)
    }

    /// Why it did not end well; none where it did. Only a task that ran to its end by itself, with
    /// no container that failed, did.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        let code = self.stop_code.as_deref().unwrap_or("no stop code");
        let reason = self
            .stopped_reason
            .as_deref()
            .filter(|text| !text.is_empty());
        let told = |end: &str| match reason {
            Some(reason) => format!("{end}: {reason}"),
            None => end.to_owned(),
        };
        match code {
            "EssentialContainerExited" => {
                let mut ended = self.containers.iter();
                let failed = ended.find(|one| one.exit_code.is_some_and(|code| code != 0));
                if let Some(one) = failed {
                    let code = one.exit_code.unwrap_or_default();
                    let end = format!("the container {} ended with exit code {code}", one.name);
                    return Some(match one.reason.as_deref() {
                        Some(why) if !why.is_empty() => format!("{end}: {why}"),
                        Some(_) | None => end,
                    });
                }
                if self.containers.iter().any(|one| one.exit_code.is_some()) {
                    return None;
                }
                let why: Vec<&str> = self
                    .containers
                    .iter()
                    .filter_map(|one| one.reason.as_deref())
                    .collect();
                Some(if why.is_empty() {
                    told("it stopped, and no container says how it ended")
                } else {
                    format!("it stopped without an exit code: {}", why.join("; "))
                })
            }
            "TaskFailedToStart" => Some(told("it did not start")),
            "UserInitiated" => Some(told("somebody stopped it")),
            "ServiceSchedulerInitiated" => Some(told("the scheduler stopped it")),
            "SpotInterruption" => Some(told("its spot capacity was taken back")),
            "TerminationNotice" => Some(told("its machine was taken away")),
            other => Some(told(&format!("it stopped ({other})"))),
        }
    }
}

/// Where the lines of the containers of a task definition are, in its order.
#[must_use]
pub fn logged(definition: &Value) -> Vec<Logged> {
    let containers = definition["containerDefinitions"].as_array();
    let read = |one: &Value| {
        let log = &one["logConfiguration"];
        let option = |name: &str| Some(log["options"][name].as_str()?.to_owned());
        Some(Logged {
            container: one["name"].as_str()?.to_owned(),
            group: option("awslogs-group").filter(|_| log["logDriver"] == "awslogs")?,
            prefix: option("awslogs-stream-prefix")?,
        })
    };
    containers.into_iter().flatten().filter_map(read).collect()
}

/// What only ECS says of a task definition, and is not taken when one is registered.
const SAID: [&str; 8] = [
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
    "registeredBy",
    "deregisteredAt",
];

/// A task definition, ready to be registered, with images of another version: those whose tag is
/// `from` get the tag `to`. None where no image has that tag.
#[must_use]
pub fn versioned(definition: &Value, from: &str, to: &str) -> Option<Value> {
    let mut new = definition.clone();
    let fields = new.as_object_mut()?;
    fields.retain(|name, value| !SAID.contains(&name.as_str()) && !value.is_null());
    let mut is_changed = from == to;
    for container in fields.get_mut("containerDefinitions")?.as_array_mut()? {
        let image = container.get_mut("image");
        if let Some(image) = image
            && let Some(base) = image
                .as_str()
                .and_then(|text| text.strip_suffix(&format!(":{from}")))
        {
            *image = Value::String(format!("{base}:{to}"));
            is_changed = true;
        }
    }
    is_changed.then_some(new)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn stopped(code: &str, exits: &[Option<i64>]) -> Task {
        let container = |(n, exit): (usize, &Option<i64>)| Container {
            name: format!("c{n}"),
            exit_code: *exit,
            reason: exit.is_none().then(|| "OutOfMemoryError".to_owned()),
        };
        Task {
            task_arn: "arn:aws:ecs:eu-west-1:1:task/main/0a1b".to_owned(),
            last_status: "STOPPED".to_owned(),
            stop_code: Some(code.to_owned()),
            stopped_reason: Some("because".to_owned()),
            containers: exits.iter().enumerate().map(container).collect(),
            ..Task::default()
        }
    }

    /// Only an end by itself with no failed container is a good one; every other code is none.
    #[test]
    fn a_task_ended_well_or_it_is_said_why_not() {
        const EXITED: &str = "EssentialContainerExited";
        for (code, exits, says) in [
            (EXITED, vec![Some(0)], None),
            (EXITED, vec![Some(0), None], None),
            (
                EXITED,
                vec![Some(0), Some(1)],
                Some("c1 ended with exit code 1"),
            ),
            (EXITED, vec![None], Some("OutOfMemoryError")),
            (EXITED, vec![], Some("no container says")),
            (
                "TaskFailedToStart",
                vec![None],
                Some("did not start: because"),
            ),
            ("UserInitiated", vec![Some(0)], Some("somebody stopped it")),
            (
                "ServiceSchedulerInitiated",
                vec![Some(0)],
                Some("the scheduler"),
            ),
            ("SpotInterruption", vec![Some(0)], Some("spot capacity")),
            (
                "TerminationNotice",
                vec![Some(0)],
                Some("machine was taken away"),
            ),
            ("SomethingNew", vec![Some(0)], Some("SomethingNew")),
        ] {
            let trouble = stopped(code, &exits).trouble();
            assert_eq!(trouble.is_some(), says.is_some(), "{code} {exits:?}");
            let trouble = trouble.unwrap_or_default();
            assert!(trouble.contains(says.unwrap_or_default()), "{trouble}");
        }
    }

    #[test]
    fn a_definition_gets_the_images_of_another_version() {
        let image = |image: &str| json!({ "name": "c", "image": image });
        let definition = json!({
            "family": "shop_migrate", "taskDefinitionArn": "arn", "revision": 3, "status": "ACTIVE",
            "containerDefinitions": [image("ghcr.io/acme/shop:v1"), image("o5-sidecar:1.4.0"), image("shop:v12")],
        });
        let new = versioned(&definition, "v1", "v2").unwrap();
        let images = [
            image("ghcr.io/acme/shop:v2"),
            image("o5-sidecar:1.4.0"),
            image("shop:v12"),
        ];
        assert_eq!(
            new,
            json!({ "family": "shop_migrate", "containerDefinitions": images })
        );
        assert_eq!(versioned(&definition, "v7", "v8"), None);
    }

    #[test]
    fn the_lines_of_a_container_are_where_its_definition_says() {
        let log = json!({ "logDriver": "awslogs", "options": { "awslogs-group": "ecs/dev/x/migrate", "awslogs-stream-prefix": "migrate" } });
        let definition = json!({ "containerDefinitions": [
            { "name": "migrate", "logConfiguration": log },
            { "name": "mute" },
        ] });
        let all = logged(&definition);
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].group, "ecs/dev/x/migrate");
    }
}
