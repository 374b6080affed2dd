//! Elastic Load Balancing: listeners, as far as the rules that stacks make stand at them. Nothing is
//! balanced. A listener is whatever the ARN of one names in its account and region: what makes
//! listeners is no part of the embedded cloud.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::sandbox::call::{AwsError, Call};
use crate::sandbox::door::{Ready, Thing};
use crate::sandbox::protocol::Protocol;
use crate::sandbox::realm::{Cx, Site};
use crate::sandbox::service::{Offer, Reply, Service};

/// Elastic Load Balancing.
pub const OFFER: Offer = Offer {
    subjects: &["ListenerArn"],
    types: include_str!("resources.yaml"),
    ..Offer::of::<Elb>(
        "elasticloadbalancing",
        Protocol::Query {
            version: "2015-12-01",
            namespace: "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
        },
    )
};

/// A page has so many rows, unless it is asked for less.
const PAGE: usize = 400;
/// The type of a rule.
const RULE: &str = "AWS::ElasticLoadBalancingV2::ListenerRule";

/// The rules of a realm.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Elb {
    /// By listener, the rules by their ARN.
    listeners: BTreeMap<String, BTreeMap<String, u32>>,
}

impl Service for Elb {
    fn call(&mut self, call: &Call, cx: &mut Cx<'_>) -> Result<Reply, AwsError> {
        if call.action != "DescribeRules" {
            let says = format!(
                "The embedded cloud does not answer {} of elasticloadbalancing",
                call.action
            );
            return Err(AwsError::new("InvalidAction", says));
        }
        let params = call.params();
        let listener = params.text("ListenerArn").unwrap_or_default();
        if !is_listener(listener, &cx.place) {
            return Err(AwsError::new(
                "ListenerNotFound",
                "One or more listeners not found",
            ));
        }
        let size = params.text("PageSize").and_then(|size| size.parse().ok());
        let size = size.unwrap_or(PAGE).clamp(1, PAGE);
        let from = params.text("Marker").and_then(|marker| marker.parse().ok());
        let from: usize = from.unwrap_or(0);
        let mut rows: Vec<Value> = self
            .listeners
            .get(listener)
            .into_iter()
            .flatten()
            .map(|(arn, priority)| row(arn, &priority.to_string()))
            .collect();
        rows.push(row(&format!("{listener}/default"), "default"));
        let all = rows.len();
        let page: Vec<Value> = rows.into_iter().skip(from).take(size).collect();
        let mut answer = json!({ "Rules": page });
        if from + size < all {
            answer["NextMarker"] = json!((from + size).to_string());
        }
        Ok(Reply::from(answer))
    }

    fn places(&self, thing: &Thing<'_>) -> Vec<(&'static str, String)> {
        // The ARN of a rule is that of its listener, but for one word.
        let listener = listener(thing).replacen(":listener/", ":listener-rule/", 1);
        vec![("listener", listener)]
    }

    fn make(&mut self, thing: &Thing<'_>, _is_new: bool, cx: &mut Cx<'_>) -> Result<Ready, String> {
        if thing.kind != RULE {
            return Ok(Ready::InTime);
        }
        let listener = listener(thing);
        if !is_listener(&listener, &cx.place) {
            return Err("One or more listeners not found (Service: ElasticLoadBalancingV2, Status Code: 400, Error Code: ListenerNotFound)".to_owned());
        }
        let written = &thing.properties["Priority"];
        let text = written
            .as_str()
            .map_or_else(|| written.to_string(), str::to_owned);
        let priority = text.parse().ok().filter(|n| (1..=50_000).contains(n));
        let Some(priority) = priority else {
            return Err(format!(
                "Priority '{text}' is not valid (Service: ElasticLoadBalancingV2, Status Code: 400, Error Code: ValidationError)"
            ));
        };
        let rules = self.listeners.entry(listener).or_default();
        let other = rules
            .iter()
            .any(|(arn, taken)| *taken == priority && arn != thing.physical);
        if other {
            return Err(format!(
                "Priority '{priority}' is currently in use (Service: ElasticLoadBalancingV2, Status Code: 400, Error Code: PriorityInUse)"
            ));
        }
        rules.insert(thing.physical.to_owned(), priority);
        Ok(Ready::InTime)
    }

    fn remove(&mut self, thing: &Thing<'_>, _cx: &mut Cx<'_>) -> Result<Ready, String> {
        if thing.kind == RULE {
            for rules in self.listeners.values_mut() {
                rules.remove(thing.physical);
            }
        }
        Ok(Ready::InTime)
    }
}

fn listener(thing: &Thing<'_>) -> String {
    let arn = thing.properties["ListenerArn"].as_str();
    arn.unwrap_or_default().to_owned()
}

/// Whether it is the ARN of a listener of this account and region.
fn is_listener(arn: &str, site: &Site) -> bool {
    let of = format!(
        "arn:aws:elasticloadbalancing:{}:{}:listener/",
        site.region, site.account
    );
    arn.len() > of.len() && arn.starts_with(&of)
}

fn row(arn: &str, priority: &str) -> Value {
    json!({ "RuleArn": arn, "Priority": priority, "IsDefault": priority == "default" })
}
