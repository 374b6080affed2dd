//! Subscriptions: a queue of each runtime, and the rules that bring messages there.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::app::{From, Subscription, Topic};
use super::names;
use super::stack::{Source, Template, WellKnown, attribute, join, reference};

/// The queue of a runtime, with everything that brings messages there: its name.
pub(super) fn queue(
    app: &str,
    runtime: &str,
    subscriptions: &[Subscription],
    template: &mut Template,
) -> String {
    let kind = "AWS::SQS::Queue";
    let queue = template.name(kind, &[runtime]);
    let name = join("-", [reference("AWS::StackName"), json!(runtime)]);
    let tag = template.source_tag();
    let properties = json!({ "QueueName": name, "SqsManagedSseEnabled": true, "Tags": [tag] });
    template.add(&queue, kind, &properties);
    let mut statements = Vec::new();
    let sends = rules(app, runtime, subscriptions, &queue, template);
    if !sends.is_empty() {
        statements.push(may_send("events.amazonaws.com", &queue, &sends));
    }
    let topics = topics(app, runtime, subscriptions, &queue, template);
    if !topics.is_empty() {
        statements.push(may_send("sns.amazonaws.com", &queue, &topics));
    }
    let kind = "AWS::SQS::QueuePolicy";
    let policy = template.name(kind, &[&names::title(&[app, runtime])]);
    let document = json!({ "Version": "2012-10-17", "Statement": statements });
    let properties = json!({ "Queues": [reference(&queue)], "PolicyDocument": document });
    template.add(&policy, kind, &properties);
    queue
}

/// A service may send to the queue what these of its things bring.
fn may_send(service: &str, queue: &str, things: &[Value]) -> Value {
    json!({
        "Effect": "Allow",
        "Principal": { "Service": service },
        "Action": "sqs:SendMessage",
        "Resource": attribute(queue, "Arn"),
        "Condition": { "ArnEquals": { "aws:SourceArn": things } },
    })
}

/// Topics of the cluster, subscribed over SNS: their ARNs.
fn topics(
    app: &str,
    runtime: &str,
    subscriptions: &[Subscription],
    queue: &str,
    template: &mut Template,
) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    for subscription in subscriptions {
        let Topic::Infra(topic) = &subscription.topic else {
            continue;
        };
        let cluster = template.known(WellKnown::Cluster);
        let text = format!(
            "arn:${{AWS::Partition}}:sns:${{AWS::Region}}:${{AWS::AccountId}}:${{Cluster}}-{topic}"
        );
        let arn = json!({ "Fn::Sub": [text, { "Cluster": cluster }] });
        if all.contains(&arn) {
            continue;
        }
        let kind = "AWS::SNS::Subscription";
        let name = template.name(kind, &[&names::title(&[app, runtime, topic])]);
        // What is told of the cluster comes with the frame of SNS.
        let properties = json!({
            "TopicArn": arn,
            "Protocol": "sqs",
            "RawMessageDelivery": false,
            "Endpoint": attribute(queue, "Arn"),
        });
        template.add(&name, kind, &properties);
        all.push(arn);
    }
    all
}

/// A rule of the event bus for each environment from which messages come: their ARNs.
fn rules(
    app: &str,
    runtime: &str,
    subscriptions: &[Subscription],
    queue: &str,
    template: &mut Template,
) -> Vec<Value> {
    let mut by_source: BTreeMap<&From, Vec<&Subscription>> = BTreeMap::new();
    for one in subscriptions {
        if !matches!(one.topic, Topic::Infra(_)) {
            by_source.entry(&one.from).or_default().push(one);
        }
    }
    let mut arns = Vec::new();
    for (from, all) in by_source {
        let (source, called) = match from {
            From::Here => (Some(template.known(WellKnown::Environment)), ""),
            From::Everywhere => (None, "all"),
            From::Linked(name, at) => {
                let parameter = names::title(&[name, "FullName"]);
                let says = format!("the full name of the environment that is linked as {name}");
                let linked = Source::Linked(name.clone());
                let value = template.parameter(&parameter, "String", says, linked, *at);
                (Some(value), name.as_str())
            }
        };
        let mut patterns = patterns(&all);
        let here = template.known(WellKnown::Environment);
        for pattern in &mut patterns {
            if let Some(source) = &source {
                pattern.insert("sourceEnv".to_owned(), json!([source]));
            }
            // Of replies those alone that are for us.
            let us = join("/", [here.clone(), json!(app)]);
            let reply = json!({ "replyTo": [{ "exists": false }, us] });
            pattern.insert("reply".to_owned(), reply);
        }
        let detail = match <[Map<String, Value>; 1]>::try_from(patterns) {
            Ok([only]) => json!(only),
            Err(several) => json!({ "$or": several }),
        };
        let kind = "AWS::Events::Rule";
        let title = names::title(&[app, runtime, "subscription", called]);
        let name = template.name(kind, &[&title]);
        let properties = json!({
            "Description": format!("What {app} {runtime} is told of"),
            "EventBusName": template.known(WellKnown::Bus),
            "EventPattern": { "detail": detail },
            "Targets": [{ "Arn": attribute(queue, "Arn"), "Id": "SQS" }],
        });
        template.add(&name, kind, &properties);
        arns.push(attribute(&name, "Arn"));
    }
    arns
}

/// What of the messages is meant: topics together, services together, methods by their service.
fn patterns(all: &[&Subscription]) -> Vec<Map<String, Value>> {
    let (mut topics, mut services, mut kinds) = (Vec::new(), Vec::new(), Vec::new());
    let mut methods: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for one in all {
        match &one.topic {
            Topic::Named(topic) => topics.push(topic.as_str()),
            Topic::Service(service) => services.push(service.as_str()),
            Topic::Method(service, method) => methods.entry(service).or_default().push(method),
            Topic::Global(kind) => kinds.push(*kind),
            Topic::Infra(_) => {}
        }
    }
    let of = |fields: Vec<(&str, Value)>| -> Map<String, Value> {
        fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    };
    let mut patterns = Vec::new();
    if !topics.is_empty() {
        patterns.push(of(vec![("destinationTopic", json!(topics))]));
    }
    if !services.is_empty() {
        patterns.push(of(vec![("grpcService", json!(services))]));
    }
    patterns.extend(methods.into_iter().map(|(service, methods)| {
        of(vec![
            ("grpcService", json!([service])),
            ("grpcMethod", json!(methods)),
        ])
    }));
    // A message of a kind has the name of what it is about.
    patterns.extend(
        kinds
            .into_iter()
            .map(|kind| of(vec![(kind, json!({ "entityName": [{ "exists": true }] }))])),
    );
    patterns
}
