//! The sidecar: it takes what comes from outside to the containers, and what they send to the outside.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::super::app::Worker;
use super::container::{logged, pairs};
use super::stack::{Template, WellKnown, reference};
use super::store::Reached;

/// The name of its container.
pub(super) const NAME: &str = "o5_runtime";
/// Where it takes requests of the load balancer. Containers of a task have one network, so that this
/// is a port which none of them is likely to have.
pub(super) const PUBLIC: u32 = 8888;
/// Where it takes requests of the containers.
pub(super) const ADAPTER: u32 = 8081;
/// Where containers find the databases that it connects to.
pub(super) const SOCKETS: &str = "/sockets";

/// What it is to do; nothing where no task needs it.
#[derive(Debug, Default)]
pub(super) struct Sidecar {
    endpoints: BTreeSet<String>,
    is_public: bool,
    adapts: bool,
    queue: Option<Value>,
    proxied: BTreeSet<String>,
    outboxes: BTreeSet<String>,
    delayable: bool,
    reached: BTreeMap<String, Reached>,
    worker: Worker,
}

impl Sidecar {
    pub(super) fn new(worker: Worker) -> Self {
        Self {
            worker,
            ..Self::default()
        }
    }

    /// It hands requests and messages to a port of a container.
    pub(super) fn hands_to(&mut self, port: u32) {
        self.endpoints.insert(format!("localhost:{port}"));
    }

    /// It takes requests of the load balancer.
    pub(super) fn serves(&mut self) {
        self.is_public = true;
    }

    /// It takes requests of the containers; the address.
    pub(super) fn adapts(&mut self) -> String {
        self.adapts = true;
        format!("http://localhost:{ADAPTER}")
    }

    /// It takes messages of a queue.
    pub(super) fn takes(&mut self, queue: Value) {
        self.queue = Some(queue);
    }

    /// It connects to a database by IAM; how containers reach it then.
    pub(super) fn connects(&mut self, database: &str, reached: Reached) -> String {
        let key = key(database);
        self.proxied.insert(key.clone());
        self.reached.insert(key, reached);
        format!("host={SOCKETS} user={database} dbname={database} sslmode=disable")
    }

    /// It sends what the outbox of a database holds.
    pub(super) fn sends(&mut self, database: &str, reached: Reached, delayable: bool) {
        let key = key(database);
        self.outboxes.insert(key.clone());
        self.reached.insert(key, reached);
        self.delayable |= delayable;
    }

    /// The ports on which it listens.
    pub(super) fn ports(&self) -> Vec<u32> {
        let public = self.is_public.then_some(PUBLIC);
        let adapter = self.adapts.then_some(ADAPTER);
        public.into_iter().chain(adapter).collect()
    }

    /// Whether a task needs it.
    pub(super) fn is_needed(&self) -> bool {
        !self.endpoints.is_empty()
            || self.adapts
            || self.queue.is_some()
            || !self.reached.is_empty()
    }

    /// Its container.
    pub(super) fn container(
        &self,
        app: &str,
        has_bus: bool,
        logs: &mut Vec<String>,
        template: &mut Template,
    ) -> Value {
        let mut variables: Vec<(&str, Value)> = vec![
            ("APP_NAME", json!(app)),
            ("AWS_REGION", reference("AWS::Region")),
            ("ENVIRONMENT_NAME", template.known(WellKnown::Environment)),
        ];
        if has_bus {
            variables.push(("EVENTBRIDGE_ARN", template.known(WellKnown::Bus)));
        }
        if self.is_public {
            variables.push(("PUBLIC_ADDR", json!(format!(":{PUBLIC}"))));
            variables.push(("JWKS", template.known(WellKnown::Jwks)));
            variables.push(("CORS_ORIGINS", template.known(WellKnown::Origins)));
        }
        if self.adapts {
            variables.push(("ADAPTER_ADDR", json!(format!(":{ADAPTER}"))));
        }
        if let Some(queue) = &self.queue {
            variables.push(("SQS_URL", queue.clone()));
        }
        for (name, all) in [
            ("SERVICE_ENDPOINT", &self.endpoints),
            ("POSTGRES_IAM_PROXY", &self.proxied),
            ("POSTGRES_OUTBOX", &self.outboxes),
        ] {
            if !all.is_empty() {
                let all: Vec<&str> = all.iter().map(String::as_str).collect();
                variables.push((name, json!(all.join(","))));
            }
        }
        if !self.proxied.is_empty() {
            let socket = format!("{SOCKETS}/.s.PGSQL.5432");
            variables.push(("POSTGRES_PROXY_BIND", json!(socket)));
        }
        if self.delayable {
            variables.push(("POSTGRES_OUTBOX_DELAYABLE", json!("true")));
        }
        for (name, chance) in [
            ("DEADLETTER_CHANCE", self.worker.dead),
            ("RESEND_CHANCE", self.worker.replay),
        ] {
            if chance > 0 {
                variables.push((name, json!(chance.to_string())));
            }
        }
        if self.worker.no_dead_letters {
            variables.push(("NO_DEADLETTERS", json!("true")));
        }
        let mut environment = pairs(variables);
        let mut secrets = Vec::new();
        for (key, reached) in &self.reached {
            let name = format!("DB_CREDS_{key}");
            match reached {
                Reached::Secret(from) => {
                    secrets.push(json!({ "Name": name, "ValueFrom": from }));
                }
                Reached::Iam { all, .. } => {
                    environment.push(json!({ "Name": name, "Value": all }));
                }
            }
        }
        let mut container = json!({
            "Name": NAME,
            "Essential": true,
            "Image": template.known(WellKnown::Sidecar),
            "Cpu": 128,
            "Memory": 128,
            "Environment": environment,
            "MountPoints": [{ "ContainerPath": SOCKETS, "SourceVolume": "sockets" }],
        });
        if !secrets.is_empty() {
            container["Secrets"] = json!(secrets);
        }
        if self.is_public {
            container["PortMappings"] = json!([{ "ContainerPort": PUBLIC }]);
        }
        logged(&mut container, app, NAME, logs, template);
        container
    }
}

/// What stands for a database in the variables of the sidecar.
fn key(database: &str) -> String {
    database.to_ascii_uppercase().replace('-', "_")
}
