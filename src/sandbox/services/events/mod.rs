//! EventBridge: rules of the bus that every account has. An event that a rule's pattern fits is
//! brought to its targets, queues and topics. The bus promises no order, and may lose an event or
//! bring it twice: a lever makes it do so.

mod pattern;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::sandbox::call::{Answer, AwsError, Call, Params};
use crate::sandbox::protocol::Protocol;
use crate::sandbox::realm::{Cx, Site};
use crate::sandbox::service::{Offer, Reply, Service};
use crate::sandbox::services::sns::{self, Notice};
use crate::sandbox::services::sqs::{Message, Sqs};

/// EventBridge.
pub const OFFER: Offer = Offer {
    subjects: &["Name", "Rule"],
    ..Offer::of::<Events>(
        "events",
        Protocol::Json {
            version: "1.1",
            target: "AWSEvents",
        },
    )
};

/// The rules of a realm.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Events {
    /// By name.
    pub rules: BTreeMap<String, Rule>,
}

/// A rule.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Rule {
    /// What an event must be like.
    pub pattern: Value,
    /// False while it does nothing.
    pub is_enabled: bool,
    /// The ARNs of queues and topics, by id.
    pub targets: BTreeMap<String, String>,
}

/// What happened.
#[derive(Debug, Clone)]
pub struct Happened<'a> {
    /// Who says so, for example `aws.codebuild`.
    pub source: &'a str,
    /// What kind of thing, for example `CodeBuild Build State Change`.
    pub kind: &'a str,
    /// The ARNs that it is about.
    pub resources: Vec<String>,
    /// All of it.
    pub detail: Value,
}

impl Service for Events {
    fn call(&mut self, call: &Call, cx: &mut Cx<'_>) -> Result<Reply, AwsError> {
        let params = call.params();
        let answer = match call.action.as_str() {
            "PutRule" => self.put_rule(call, cx),
            "DeleteRule" => self.delete_rule(params, cx),
            "ListRules" => {
                let begin = params.text("NamePrefix").unwrap_or("");
                let rules = self.rules.iter();
                let rows: Vec<Value> = rules
                    .filter(|(name, _)| name.starts_with(begin))
                    .map(|(name, rule)| rule.told(name, &cx.place))
                    .collect();
                Ok(json!({ "Rules": rows }))
            }
            "DescribeRule" => {
                let name = need(params, "Name")?;
                let rule = self.rules.get(name).ok_or_else(|| no_rule(name))?;
                Ok(rule.told(name, &cx.place))
            }
            "PutTargets" => self.put_targets(params, cx),
            "RemoveTargets" => {
                let rule = self.rule(params)?;
                let ids = params.texts("Ids");
                rule.targets.retain(|id, _| !ids.contains(&id.as_str()));
                cx.effect = Some(format!("{} targets removed", ids.len()));
                Ok(json!({ "FailedEntryCount": 0, "FailedEntries": [] }))
            }
            "ListTargetsByRule" => {
                let rows: Vec<Value> = self
                    .rule(params)?
                    .targets
                    .iter()
                    .map(|(id, arn)| json!({ "Id": id, "Arn": arn }))
                    .collect();
                Ok(json!({ "Targets": rows }))
            }
            "PutEvents" => self.put_events(params, cx),
            _ => Err(AwsError::unanswered(call)),
        };
        answer.map(Reply::from)
    }
}

impl Events {
    fn put_rule(&mut self, call: &Call, cx: &mut Cx<'_>) -> Answer {
        let params = call.params();
        let known = ["Name", "EventPattern", "State", "Description"];
        let mut given = call.params.as_object().into_iter().flatten();
        if let Some((other, _)) = given.find(|(own, _)| !known.contains(&own.as_str())) {
            return Err(AwsError::validation(format!(
                "the embedded cloud does not answer PutRule with {other}"
            )));
        }
        let name = need(params, "Name")?;
        let pattern = pattern::read(need(params, "EventPattern")?)
            .map_err(|why| AwsError::new("InvalidEventPatternException", why))?;
        let targets = self.rules.get(name).map(|rule| rule.targets.clone());
        let rule = Rule {
            pattern,
            is_enabled: params.text("State") != Some("DISABLED"),
            targets: targets.unwrap_or_default(),
        };
        self.rules.insert(name.to_owned(), rule);
        cx.effect = Some(format!("rule {name}"));
        Ok(json!({ "RuleArn": arn(&cx.place, name) }))
    }

    fn delete_rule(&mut self, params: Params<'_>, cx: &mut Cx<'_>) -> Answer {
        let name = need(params, "Name")?;
        if self
            .rules
            .get(name)
            .is_some_and(|rule| !rule.targets.is_empty())
        {
            return Err(AwsError::validation(
                "Rule can't be deleted since it has targets.",
            ));
        }
        if self.rules.remove(name).is_some() {
            cx.effect = Some(format!("rule {name} deleted"));
        }
        Ok(json!({}))
    }

    fn put_targets(&mut self, params: Params<'_>, cx: &mut Cx<'_>) -> Answer {
        let own = |kind: &str| format!("arn:aws:{kind}:{}:{}:", cx.place.region, cx.place.account);
        let kinds = [own("sqs"), own("sns")];
        let mut targets = BTreeMap::new();
        for target in params.list("Targets") {
            let (id, arn) = (need(Params(target), "Id")?, need(Params(target), "Arn")?);
            let is_plain = target.as_object().is_none_or(|fields| fields.len() == 2);
            if !is_plain || !kinds.iter().any(|begin| arn.starts_with(begin)) {
                return Err(AwsError::validation(
                    "the embedded cloud brings whole events to queues and topics of the rule's own account and region: Id and Arn",
                ));
            }
            targets.insert(id.to_owned(), arn.to_owned());
        }
        let rule = self.rule(params)?;
        cx.effect = Some(format!("{} targets", targets.len()));
        rule.targets.extend(targets);
        Ok(json!({ "FailedEntryCount": 0, "FailedEntries": [] }))
    }

    fn put_events(&self, params: Params<'_>, cx: &mut Cx<'_>) -> Answer {
        let mut told = Vec::new();
        for entry in params.list("Entries").iter().map(Params) {
            let detail = serde_json::from_str(need(entry, "Detail")?).ok();
            let Some(detail @ Value::Object(_)) = detail else {
                told.push(json!({ "ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed." }));
                continue;
            };
            let source = need(entry, "Source")?;
            if source.starts_with("aws.") {
                told.push(json!({
                    "ErrorCode": "NotAuthorizedForSourceException",
                    "ErrorMessage": "Not authorized for the source.",
                }));
                continue;
            }
            let happened = Happened {
                source,
                kind: need(entry, "DetailType")?,
                resources: entry
                    .texts("Resources")
                    .into_iter()
                    .map(str::to_owned)
                    .collect(),
                detail,
            };
            let id = bring(&self.rules, &happened, cx);
            told.push(json!({ "EventId": id }));
        }
        let failed = told
            .iter()
            .filter(|one| one.get("ErrorCode").is_some())
            .count();
        cx.effect = Some(format!("{} events", told.len() - failed));
        Ok(json!({ "FailedEntryCount": failed, "Entries": told }))
    }

    fn rule(&mut self, params: Params<'_>) -> Result<&mut Rule, AwsError> {
        let name = need(params, "Rule")?;
        self.rules.get_mut(name).ok_or_else(|| no_rule(name))
    }
}

impl Rule {
    fn told(&self, name: &str, place: &Site) -> Value {
        json!({
            "Name": name, "Arn": arn(place, name), "EventBusName": "default",
            "EventPattern": self.pattern.to_string(),
            "State": if self.is_enabled { "ENABLED" } else { "DISABLED" },
        })
    }
}

/// Says what happened, as a service of the cloud does.
pub fn happened(happened: &Happened<'_>, cx: &mut Cx<'_>) {
    let rules = cx
        .realm()
        .get::<Events>()
        .map(|events| events.rules.clone());
    if let Some(rules) = rules.filter(|rules| !rules.is_empty()) {
        bring(&rules, happened, cx);
    }
}

/// Brings an event to all targets of the rules that it fits; gives its id.
fn bring(rules: &BTreeMap<String, Rule>, happened: &Happened<'_>, cx: &mut Cx<'_>) -> String {
    let id = cx.dice.uuid();
    let event = json!({
        "version": "0",
        "id": id,
        "detail-type": happened.kind,
        "source": happened.source,
        "account": cx.place.account,
        "time": cx.now.text("%Y-%m-%dT%H:%M:%SZ"),
        "region": cx.place.region,
        "resources": happened.resources,
        "detail": happened.detail,
    });
    let text = event.to_string();
    let fit = rules
        .values()
        .filter(|rule| rule.is_enabled && pattern::fits(&rule.pattern, &event));
    for target in fit.flat_map(|rule| rule.targets.values()) {
        for _ in 0..cx.levers.deliveries.times() {
            if target.starts_with("arn:aws:sns:") {
                let notice = Notice {
                    message: &text,
                    ..Notice::default()
                };
                sns::publish(target, &notice, cx);
            } else {
                let message = Message::new(cx.dice.uuid(), text.clone(), "AIDAPRACTICEBUS", cx.now);
                let now = cx.now;
                if let Some(sqs) = cx.get_mut::<Sqs>() {
                    sqs.put(target, message, now);
                }
            }
        }
    }
    id
}

fn arn(place: &Site, name: &str) -> String {
    format!(
        "arn:aws:events:{}:{}:rule/{name}",
        place.region, place.account
    )
}

fn need<'a>(params: Params<'a>, name: &str) -> Result<&'a str, AwsError> {
    params
        .need(name)
        .map_err(|error| AwsError::new("ValidationException", error.message))
}

fn no_rule(name: &str) -> AwsError {
    AwsError::new(
        "ResourceNotFoundException",
        format!("Rule {name} does not exist on EventBus default."),
    )
}
