//! A runtime: a service of ECS with the task that it runs.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::app::{Application, Database, Is, Protocol, Route, Runtime};
use super::super::cluster::Cluster;
use super::container::Task;
use super::policy::Policy;
use super::route::{Listener, targets};
use super::sidecar::{self, Sidecar};
use super::stack::{Source, Template, WellKnown, attribute, reference};
use super::store::{Stores, nearest};
use super::{events, names};
use crate::systems::message::{Reading, Word};

/// What makes the services of an application, one after the other.
pub(super) struct Maker<'a, 'r> {
    pub(super) app: &'a Application,
    pub(super) cluster: &'a Cluster,
    pub(super) stores: &'a Stores,
    pub(super) listener: &'a mut Listener,
    pub(super) template: &'a mut Template,
    pub(super) logs: &'a mut Vec<String>,
    pub(super) reading: &'a mut Reading<'r>,
}

/// Where the load balancer reaches a service: a port of a container.
struct Target {
    container: String,
    port: u32,
    group: String,
}

impl Maker<'_, '_> {
    /// The service of a runtime, with everything that is its own.
    pub(super) fn service(&mut self, runtime: &Runtime, outboxes: &[&Database]) {
        let app = self.app.name.text.as_str();
        let (mut policy, mut sidecar) = (Policy::default(), Sidecar::new(runtime.worker));
        self.told(runtime, &mut policy, &mut sidecar);
        let (reached, rules) = self.routes(runtime, &mut sidecar);
        let ports = |container: &str| {
            let own = reached
                .iter()
                .filter(|target| target.container == container);
            let mut ports: Vec<u32> = own.map(|target| target.port).collect();
            ports.sort_unstable();
            ports.dedup();
            ports
        };
        let mut containers = Vec::new();
        for spec in &runtime.containers {
            let mut task = Task {
                stores: self.stores,
                policy: &mut policy,
                sidecar: &mut sidecar,
                template: self.template,
            };
            let ports = ports(&spec.name.text);
            containers.push(task.container(app, spec, &ports, self.logs, self.reading));
        }
        for database in outboxes {
            if let Some((reached, _)) = self.stores.served(database.name.as_str()) {
                if let super::store::Reached::Iam { user, .. } = reached {
                    policy.connects(user.clone());
                }
                sidecar.sends(database.name.as_str(), reached.clone(), database.delayable);
            }
        }
        for named in &runtime.policies {
            policy.named(self.policy_of(runtime, named));
        }
        self.clash(runtime, &sidecar);
        let has_bus = self.cluster.bus.is_some();
        if has_bus && (sidecar.is_needed() || !self.app.targets.is_empty()) {
            policy.publishes();
        }
        if sidecar.is_needed() {
            let own = sidecar.container(app, has_bus, self.logs, self.template);
            containers.push(own);
        }
        let family = format!("{app}_{}", runtime.name.text);
        let docker = runtime.containers.iter().any(|spec| spec.docker);
        let name = runtime.name.as_str();
        let task = definition(name, &family, &containers, docker, &policy, self.template);
        self.running(runtime, outboxes, &task, &reached, &rules);
    }

    /// What it is told of: its queue, and what of its sidecar takes that.
    fn told(&mut self, runtime: &Runtime, policy: &mut Policy, sidecar: &mut Sidecar) {
        let app = self.app.name.text.as_str();
        if runtime.subscriptions.is_empty() {
            return;
        }
        if self.cluster.bus.is_none() {
            let says = format!(
                "{} is told of events, and the cluster {} names no event bus",
                runtime.name.text, self.cluster.name.text
            );
            let hint = "write event_bridge: { event_bus_arn } below aws of the cluster";
            self.reading.say(runtime.name.at, says, hint);
        }
        for one in &runtime.subscriptions {
            self.container_of(runtime, one.container.as_ref());
            sidecar.hands_to(one.port);
        }
        let name = runtime.name.as_str();
        let queue = events::queue(app, name, &runtime.subscriptions, self.template);
        policy.takes(attribute(&queue, "Arn"));
        sidecar.takes(reference(&queue));
    }

    /// Its routes: where the load balancer reaches it, and the rules that lead there.
    fn routes(&mut self, runtime: &Runtime, sidecar: &mut Sidecar) -> (Vec<Target>, Vec<String>) {
        let mut groups: BTreeMap<(Protocol, String, u32), String> = BTreeMap::new();
        let (mut reached, mut rules) = (Vec::new(), Vec::new());
        if let Some(route) = runtime.routes.first() {
            self.balanced(route);
        }
        for route in &runtime.routes {
            let Some(container) = self.container_of(runtime, route.container.as_ref()) else {
                continue;
            };
            let (container, port) = if route.bypass || runtime.direct {
                (container, route.port)
            } else {
                sidecar.hands_to(route.port);
                sidecar.serves();
                (sidecar::NAME.to_owned(), sidecar::PUBLIC)
            };
            let key = (route.protocol, container.clone(), port);
            let group = groups.entry(key).or_insert_with(|| {
                let group = self.targets(runtime, route.protocol, &container, port);
                reached.push(Target {
                    container,
                    port,
                    group: group.clone(),
                });
                group
            });
            let name = runtime.name.as_str();
            rules.push(self.listener.rule(name, route, group, self.template));
        }
        (reached, rules)
    }

    fn targets(
        &mut self,
        runtime: &Runtime,
        protocol: Protocol,
        container: &str,
        port: u32,
    ) -> String {
        let kind = "AWS::ElasticLoadBalancingV2::TargetGroup";
        let protocol_name = match protocol {
            Protocol::Http => "ROUTE_PROTOCOL_HTTP",
            Protocol::Grpc => "ROUTE_PROTOCOL_GRPC",
        };
        // The name that o5 gives leaves out port and runtime, by which a second group is told apart.
        let called = format!("{protocol_name}{container}");
        let whole = format!("{}_{called}_{port}", runtime.name.text);
        let group = self.template.name(kind, &[&called, &whole]);
        let properties = targets(protocol, port, self.template);
        self.template.add(&group, kind, &properties);
        group
    }

    /// Says where a container would need a port that the sidecar has: they have one network.
    fn clash(&mut self, runtime: &Runtime, sidecar: &Sidecar) {
        let taken = sidecar.ports();
        let routes = runtime.routes.iter().map(|route| (route.port, route.at));
        let told = runtime
            .subscriptions
            .iter()
            .map(|one| (one.port, runtime.name.at));
        for (port, at) in routes.chain(told) {
            if taken.contains(&port) {
                let says = format!(
                    "the port {port} of the runtime {} is the sidecar's own",
                    runtime.name.text
                );
                self.reading
                    .say(at, says, "let the container take another one");
            }
        }
        if groups_of(runtime) > 5 {
            let says = format!(
                "the routes of the runtime {} lead to more than 5 ports, and ECS takes 5 for a service",
                runtime.name.text
            );
            self.reading.say(
                runtime.name.at,
                says,
                "let some of them go through the sidecar",
            );
        }
    }

    /// Says where the cluster names no load balancer for a route.
    fn balanced(&mut self, route: &Route) {
        let lacks = match (&self.cluster.listener, &self.cluster.listener_group) {
            (None, _) => "no load balancer (alb_ingress)",
            (_, None) => {
                "no security group of its load balancer (security_group_id of alb_ingress)"
            }
            (Some(_), Some(_)) => return,
        };
        let says = format!(
            "the route {:?} needs what the cluster {} does not name: {lacks}",
            route.prefix, self.cluster.name.text
        );
        let hint =
            "write alb_ingress: { listener_arn, security_group_id } below aws of the cluster";
        self.reading.say(route.at, says, hint);
    }

    /// The container that is meant: the first where none is named.
    fn container_of(&mut self, runtime: &Runtime, named: Option<&Word>) -> Option<String> {
        let all = || runtime.containers.iter().map(|spec| spec.name.as_str());
        let Some(named) = named else {
            return all().next().map(str::to_owned);
        };
        if all().any(|name| name == named.as_str()) {
            return Some(named.text.clone());
        }
        let says = format!(
            "the runtime {} has no container {:?}",
            runtime.name.text, named.text
        );
        let hint = nearest(named.as_str(), all().collect::<Vec<_>>());
        self.reading.say(named.at, says, hint);
        None
    }

    /// A policy that its environment names.
    fn policy_of(&mut self, runtime: &Runtime, named: &Word) -> Value {
        let family = format!("{}_{}", self.app.name.text, runtime.name.text);
        let parameter = names::title(&["Named IAM Policy", &family, named.as_str()]);
        let says = format!("the policy that the environment names {}", named.text);
        let source = Source::Policy(named.text.clone());
        self.template
            .parameter(&parameter, "String", says, source, named.at)
    }

    /// The service itself, with its security group and its count.
    fn running(
        &mut self,
        runtime: &Runtime,
        outboxes: &[&Database],
        task: &str,
        reached: &[Target],
        rules: &[String],
    ) {
        let name = runtime.name.as_str();
        let kind = "AWS::EC2::SecurityGroup";
        let own = self.template.name(kind, &[name]);
        let mut group = json!({
            "VpcId": self.template.known(WellKnown::Vpc),
            "GroupDescription": format!("Tasks of {} {name}", self.app.name.text),
        });
        if !reached.is_empty() {
            let balancer = self.template.known(WellKnown::ListenerGroup);
            let mut ports: Vec<u32> = reached.iter().map(|target| target.port).collect();
            ports.sort_unstable();
            ports.dedup();
            let lets_in = |port: u32| {
                json!({
                    "IpProtocol": "tcp",
                    "FromPort": port,
                    "ToPort": port,
                    "SourceSecurityGroupId": balancer,
                    "Description": "The load balancer",
                })
            };
            let ingress: Vec<Value> = ports.into_iter().map(lets_in).collect();
            group["SecurityGroupIngress"] = json!(ingress);
        }
        self.template.add(&own, kind, &group);
        let mut groups = vec![attribute(&own, "GroupId")];
        for database in databases_of(runtime, outboxes) {
            if let Some((_, client)) = self.stores.served(&database)
                && !groups.contains(client)
            {
                groups.push(client.clone());
            }
        }
        let base = &self.cluster.groups;
        groups.extend(base.iter().map(|group| json!(group)));
        let count = format!("DesiredCount{name}");
        let says = format!("how many tasks of {name} run");
        let at = runtime.name.at;
        let count = self
            .template
            .parameter(&count, "Number", says, Source::Count, at);
        let subnets = self.template.known(WellKnown::Subnets);
        let mut service = json!({
            "Cluster": self.template.known(WellKnown::EcsCluster),
            "TaskDefinition": reference(task),
            "DesiredCount": count,
            "DeploymentConfiguration": {
                "DeploymentCircuitBreaker": { "Enable": true, "Rollback": true },
                "MinimumHealthyPercent": 0,
            },
            "PropagateTags": "TASK_DEFINITION",
            "NetworkConfiguration": {
                "AwsvpcConfiguration": {
                    "SecurityGroups": groups,
                    "Subnets": { "Fn::Split": [",", subnets] },
                },
            },
        });
        if !reached.is_empty() {
            let balancers: Vec<Value> = reached
                .iter()
                .map(|target| {
                    json!({
                        "ContainerName": target.container,
                        "ContainerPort": target.port,
                        "TargetGroupArn": reference(&target.group),
                    })
                })
                .collect();
            service["LoadBalancers"] = json!(balancers);
        }
        let kind = "AWS::ECS::Service";
        let logical = self.template.name(kind, &[name]);
        self.template.add(&logical, kind, &service);
        self.template.after(&logical, rules);
    }
}

/// How many groups of targets its routes need.
fn groups_of(runtime: &Runtime) -> usize {
    let mut all: Vec<_> = runtime
        .routes
        .iter()
        .map(|route| {
            let direct = route.bypass || runtime.direct;
            let container = route.container.as_ref().map(Word::as_str);
            (route.protocol, direct.then_some((container, route.port)))
        })
        .collect();
    all.sort();
    all.dedup();
    all.len()
}

/// The databases that its containers and its sidecar reach.
fn databases_of(runtime: &Runtime, outboxes: &[&Database]) -> Vec<String> {
    let variables = runtime.containers.iter().flat_map(|spec| &spec.variables);
    let named = variables.filter_map(|variable| match &variable.is {
        Is::Database(name) => Some(name.text.clone()),
        _ => None,
    });
    named
        .chain(outboxes.iter().map(|database| database.name.text.clone()))
        .collect()
}

/// A task: what runs together, and what it may do. Its name.
pub(super) fn definition(
    task: &str,
    family: &str,
    containers: &[Value],
    docker: bool,
    policy: &Policy,
    template: &mut Template,
) -> String {
    let kind = "AWS::ECS::TaskDefinition";
    let role = policy.role(task, family, template);
    let mut volumes = vec![json!({ "Name": "sockets" })];
    if docker {
        let path = json!({ "SourcePath": "/var/run/docker.sock" });
        volumes.push(json!({ "Name": "docker-socket", "Host": path }));
    }
    let version = json!({ "Key": "o5-deployment-version", "Value": template.version() });
    let tags = vec![version, template.source_tag()];
    let properties = json!({
        "Family": family,
        "RequiresCompatibilities": ["EC2"],
        "NetworkMode": "awsvpc",
        "ExecutionRoleArn": template.known(WellKnown::ExecutionRole),
        "TaskRoleArn": attribute(&role, "Arn"),
        "ContainerDefinitions": containers,
        "Volumes": volumes,
        "Tags": tags,
    });
    let name = template.name(kind, &[task]);
    template.add(&name, kind, &properties);
    name
}
