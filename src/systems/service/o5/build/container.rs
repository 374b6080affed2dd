//! Containers of tasks.

use serde_json::{Value, json};

use super::super::app::{Container, Image, Is, Variable};
use super::policy::Policy;
use super::sidecar::{SOCKETS, Sidecar};
use super::stack::{Source, Template, WellKnown, join, reference};
use super::store::{Reached, Stores};
use super::{names, store};
use crate::systems::message::Reading;

/// Variables as a container has them.
pub(super) fn pairs(variables: Vec<(&str, Value)>) -> Vec<Value> {
    variables
        .into_iter()
        .map(|(name, value)| json!({ "Name": name, "Value": value }))
        .collect()
}

/// Sends what a container writes to its own log group.
pub(super) fn logged(
    container: &mut Value,
    app: &str,
    name: &str,
    logs: &mut Vec<String>,
    template: &mut Template,
) {
    let group = [
        json!("ecs"),
        template.known(WellKnown::Environment),
        json!(app),
        json!(name),
    ];
    logs.push(format!("{app}/{name}"));
    container["LogConfiguration"] = json!({
        "LogDriver": "awslogs",
        "Options": {
            "awslogs-group": join("/", group),
            "awslogs-create-group": "true",
            "awslogs-region": reference("AWS::Region"),
            "awslogs-stream-prefix": name,
        },
    });
}

/// What a container may use of its task.
pub(super) struct Task<'a> {
    pub(super) stores: &'a Stores,
    pub(super) policy: &'a mut Policy,
    pub(super) sidecar: &'a mut Sidecar,
    pub(super) template: &'a mut Template,
}

impl Task<'_> {
    /// A container, with the ports that it opens to the load balancer.
    pub(super) fn container(
        &mut self,
        app: &str,
        spec: &Container,
        ports: &[u32],
        logs: &mut Vec<String>,
        reading: &mut Reading<'_>,
    ) -> Value {
        let (cpu, memory) = spec.demand.size();
        let mut environment = Vec::new();
        let mut secrets = Vec::new();
        let names_region = |one: &Variable| one.name.as_str() == "AWS_REGION";
        if !spec.variables.iter().any(names_region) {
            environment.push(("AWS_REGION", reference("AWS::Region")));
        }
        for variable in &spec.variables {
            let name = variable.name.as_str();
            match self.value(&variable.is, reading) {
                Some(Held::Text(value)) => environment.push((name, value)),
                Some(Held::Secret(from)) => {
                    secrets.push(json!({ "Name": name, "ValueFrom": from }));
                }
                None => {}
            }
        }
        let mut mounts = vec![json!({ "ContainerPath": SOCKETS, "SourceVolume": "sockets" })];
        if spec.docker {
            self.policy.pulls();
            let socket = "/var/run/docker.sock";
            mounts.push(json!({ "ContainerPath": socket, "SourceVolume": "docker-socket" }));
        }
        let mut container = json!({
            "Name": spec.name.text,
            "Essential": true,
            "Image": self.image(&spec.image),
            "Cpu": cpu,
            "MemoryReservation": memory,
            "Environment": pairs(environment),
            "MountPoints": mounts,
        });
        if !spec.command.is_empty() {
            container["Command"] = json!(spec.command);
        }
        if !secrets.is_empty() {
            container["Secrets"] = json!(secrets);
        }
        if !ports.is_empty() {
            let ports: Vec<Value> = ports
                .iter()
                .map(|port| json!({ "ContainerPort": port }))
                .collect();
            container["PortMappings"] = json!(ports);
        }
        logged(&mut container, app, &spec.name.text, logs, self.template);
        container
    }

    fn image(&mut self, image: &Image) -> Value {
        match image {
            Image::Url(url) => json!(url),
            Image::Named {
                name,
                tag,
                registry,
            } => {
                let registry = registry.as_ref().map_or_else(
                    || self.template.known(WellKnown::EcsRepo),
                    |registry| json!(registry),
                );
                let tag = tag
                    .as_ref()
                    .map_or_else(|| self.template.version(), |tag| json!(tag));
                join("", [registry, json!("/"), json!(name), json!(":"), tag])
            }
        }
    }

    fn value(&mut self, is: &Is, reading: &mut Reading<'_>) -> Option<Held> {
        Some(match is {
            Is::Value(text) => Held::Text(json!(text)),
            Is::Adapter => Held::Text(json!(self.sidecar.adapts())),
            Is::Environment(name) => {
                let parameter = format!("EnvVar{}", names::title(&[name.as_str()]));
                let says = format!("the variable {} of the environment", name.text);
                let source = Source::Variable(name.text.clone());
                Held::Text(
                    self.template
                        .parameter(&parameter, "String", says, source, name.at),
                )
            }
            Is::Secret(name, key) => {
                let secret = self.stores.secret(name, reading)?;
                Held::Secret(store::part_of(&secret, key.as_str()))
            }
            Is::Blobstore(name, path) => {
                let bucket = self.stores.bucket(name, reading)?;
                self.policy.bucket(bucket.access, bucket.arn.clone());
                let path = path.as_deref().unwrap_or_default().trim_start_matches('/');
                let mut parts = vec![json!("s3://"), bucket.name.clone()];
                if !path.is_empty() {
                    parts.push(json!(format!("/{path}")));
                }
                Held::Text(join("", parts))
            }
            Is::Database(name) => match self.stores.reached(name, reading)? {
                Reached::Secret(from) => Held::Secret(from),
                reached @ Reached::Iam { .. } => {
                    if let Reached::Iam { user, .. } = &reached {
                        self.policy.connects(user.clone());
                    }
                    Held::Text(json!(self.sidecar.connects(name.as_str(), reached)))
                }
            },
        })
    }
}

/// How a container gets the value of a variable.
enum Held {
    /// As a text.
    Text(Value),
    /// From a secret.
    Secret(Value),
}
