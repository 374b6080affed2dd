//! Routes: rules of the load balancer's listener, and the groups of targets that they lead to.

use serde_json::{Value, json};

use super::super::app::{Group, Protocol, Route};
use super::names::{Given, hashed};
use super::stack::{Source, Template, WellKnown, join, reference};
use crate::systems::message::Word;

/// The rules of one listener, of all runtimes.
#[derive(Debug, Default)]
pub(super) struct Listener {
    given: Given,
}

impl Listener {
    /// A rule that leads what a route says to a group of targets: its name.
    pub(super) fn rule(
        &mut self,
        runtime: &str,
        route: &Route,
        targets: &str,
        template: &mut Template,
    ) -> String {
        // The prefix names a rule, as o5 has it. Where two routes have one prefix (other hosts, another
        // protocol) the later ones are told apart by the rest: o5 kept one of them.
        let hosts: Vec<&str> = route.subdomains.iter().map(Word::as_str).collect();
        let rest = format!(
            "{}|{}|{:?}|{runtime}",
            route.prefix,
            hosts.join(","),
            route.protocol
        );
        let called = [hashed(&route.prefix), hashed(&rest)];
        let hash = self.given.first_free(&called);
        let name = format!("ListenerRule{hash}");
        let group = match route.group {
            Group::First => "First",
            Group::Normal => "",
            Group::Fallback => "Fallback",
        };
        let says = format!(":o5:priority:{}", route.prefix);
        let source = Source::Priority(route.group);
        let parameter = format!("ListenerRulePriority{group}{hash}");
        let priority = template.parameter(&parameter, "Number", says, source, route.at);
        let host = template.known(WellKnown::Host);
        let hosts: Vec<Value> = if route.subdomains.is_empty() {
            vec![host]
        } else {
            let of = |word: &_| subdomain(word, &host);
            route.subdomains.iter().map(|word| of(&word.text)).collect()
        };
        let path = format!("{}*", route.prefix.trim_end_matches('*'));
        let rule = json!({
            "ListenerArn": template.known(WellKnown::Listener),
            "Priority": priority,
            "Actions": [{
                "Type": "forward",
                "ForwardConfig": { "TargetGroups": [{ "TargetGroupArn": reference(targets) }] },
            }],
            "Conditions": [
                { "Field": "path-pattern", "Values": [path] },
                { "Field": "host-header", "Values": hosts },
            ],
        });
        template.add(&name, "AWS::ElasticLoadBalancingV2::ListenerRule", &rule);
        name
    }
}

fn subdomain(name: &String, host: &Value) -> Value {
    join(".", [json!(name), host.clone()])
}

/// A group of targets: a port of a container of each task.
pub(super) fn targets(protocol: Protocol, port: u32, template: &mut Template) -> Value {
    let mut group = json!({
        "VpcId": template.known(WellKnown::Vpc),
        "Port": port,
        "Protocol": "HTTP",
        "TargetType": "ip",
        "HealthCheckEnabled": true,
        "HealthCheckPort": "traffic-port",
        "HealthyThresholdCount": 2,
        "HealthCheckIntervalSeconds": 15,
        "TargetGroupAttributes": [{ "Key": "deregistration_delay.timeout_seconds", "Value": "30" }],
        "Tags": [template.source_tag()],
    });
    match protocol {
        Protocol::Http => {
            group["HealthCheckPath"] = json!("/healthz");
            group["Matcher"] = json!({ "HttpCode": "200,401,404" });
        }
        Protocol::Grpc => {
            group["ProtocolVersion"] = json!("GRPC");
            group["HealthCheckPath"] = json!("/AWS.ALB/healthcheck");
            group["Matcher"] = json!({ "GrpcCode": "0-99" });
        }
    }
    group
}
