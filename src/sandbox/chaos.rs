//! Mishaps on the wire, by rule: how often which action of which account meets what.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::call::{AwsError, Call};

/// The rules in force, tried in order.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Chaos {
    rules: Vec<Rule>,
}

/// One rule. What is not named matches everything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The service.
    #[serde(default)]
    pub service: Option<String>,
    /// The action.
    #[serde(default)]
    pub action: Option<String>,
    /// The caller's account.
    #[serde(default)]
    pub account: Option<String>,
    /// A part of what the call is about (a stack's name); empty: only calls that are about nothing
    /// by name.
    #[serde(default)]
    pub subject: Option<String>,
    /// How many calls pass first.
    #[serde(default)]
    pub skip: u32,
    /// How many calls it meets; every one when not given.
    #[serde(default)]
    pub times: Option<u32>,
    /// What happens.
    pub kind: Trouble,
    /// For latency: how long.
    #[serde(default)]
    pub millis: u64,
}

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// The answer comes late.
    Latency,
    /// "Rate exceeded".
    Throttle,
    /// HTTP 500.
    ServerError,
    /// HTTP 503.
    Unavailable,
    /// The session's token is over.
    ExpiredToken,
    /// The caller may not.
    AccessDenied,
    /// The connection is cut and nothing was done.
    CutBefore,
    /// It was done, and then the connection is cut.
    CutAfter,
    /// A proxy answers 200 with a page, and nothing was done.
    PageBefore,
    /// It was done, and a proxy answers 200 with a page.
    PageAfter,
    /// The answer is 200 and empty, and nothing was done.
    EmptyBefore,
    /// It was done, and the answer is 200 and empty.
    EmptyAfter,
}

/// What a call meets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mishap {
    /// This error, with no effect.
    Error(AwsError),
    /// The answer is held back.
    Delay(Duration),
    /// Something else comes instead of the answer, after the effect or without one.
    Instead(Instead, Effect),
}

/// What comes instead of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instead {
    /// The connection is cut.
    Cut,
    /// A page.
    Page,
    /// Nothing.
    Nothing,
}

/// Whether a call whose answer is lost took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It did.
    Done,
    /// It did not.
    None,
}

/// What is known of a call beside itself.
#[derive(Debug, Clone, Copy)]
pub struct Met<'a> {
    /// The caller's account.
    pub account: &'a str,
    /// What the call is about; empty when it is about nothing by name.
    pub subject: &'a str,
    /// True for a service whose errors are named as the JSON protocols name them.
    pub is_json: bool,
}

impl Chaos {
    /// Puts a rule in force.
    pub fn add(&mut self, rule: Rule) {
        self.rules.push(rule);
    }

    /// Ends all rules.
    pub fn clear(&mut self) {
        self.rules.clear();
    }

    /// The rules in force.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// What this call meets; counts the rule down.
    pub fn take(&mut self, call: &Call, met: &Met<'_>) -> Option<Mishap> {
        let rule = self.rules.iter_mut().find(|rule| rule.matches(call, met))?;
        if rule.skip > 0 {
            rule.skip -= 1;
            return None;
        }
        if let Some(times) = &mut rule.times {
            *times = times.saturating_sub(1);
        }
        let mishap = rule.mishap(met.is_json);
        self.rules.retain(|rule| rule.times != Some(0));
        Some(mishap)
    }
}

impl Rule {
    fn matches(&self, call: &Call, met: &Met<'_>) -> bool {
        let subject = |part: &str| {
            if part.is_empty() {
                met.subject.is_empty()
            } else {
                met.subject.contains(part)
            }
        };
        self.service
            .as_deref()
            .is_none_or(|service| service == call.service)
            && self
                .action
                .as_deref()
                .is_none_or(|action| action == call.action)
            && self
                .account
                .as_deref()
                .is_none_or(|wanted| wanted == met.account)
            && self.subject.as_deref().is_none_or(subject)
    }

    fn mishap(&self, json: bool) -> Mishap {
        let error = |code: &str, message: &str, status| {
            Mishap::Error(AwsError {
                code: code.to_owned(),
                message: message.to_owned(),
                status,
            })
        };
        match self.kind {
            Trouble::Latency => Mishap::Delay(Duration::from_millis(self.millis)),
            Trouble::Throttle if json => error("ThrottlingException", "Rate exceeded", 400),
            Trouble::Throttle => error("Throttling", "Rate exceeded", 400),
            Trouble::ServerError => error("InternalFailure", "An internal error occurred", 500),
            Trouble::Unavailable => error(
                "ServiceUnavailable",
                "Service is currently unavailable",
                503,
            ),
            Trouble::ExpiredToken if json => error(
                "ExpiredTokenException",
                "The security token included in the request is expired",
                400,
            ),
            Trouble::ExpiredToken => error(
                "ExpiredToken",
                "The security token included in the request is expired",
                403,
            ),
            Trouble::AccessDenied if json => error(
                "AccessDeniedException",
                "You are not authorized to perform this action",
                400,
            ),
            Trouble::AccessDenied => error(
                "AccessDenied",
                "User is not authorized to perform this action",
                403,
            ),
            Trouble::CutBefore => Mishap::Instead(Instead::Cut, Effect::None),
            Trouble::CutAfter => Mishap::Instead(Instead::Cut, Effect::Done),
            Trouble::PageBefore => Mishap::Instead(Instead::Page, Effect::None),
            Trouble::PageAfter => Mishap::Instead(Instead::Page, Effect::Done),
            Trouble::EmptyBefore => Mishap::Instead(Instead::Nothing, Effect::None),
            Trouble::EmptyAfter => Mishap::Instead(Instead::Nothing, Effect::Done),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn take(chaos: &mut Chaos, action: &str, subject: &str) -> Option<Mishap> {
        chaos.take(
            &Call::new("cloudformation", action, json!({})),
            &Met {
                account: "000000000000",
                subject,
                is_json: false,
            },
        )
    }

    #[test]
    fn a_rule_skips_counts_and_ends() {
        let mut chaos = Chaos::default();
        let rule = json!({"action": "CreateStack", "skip": 1, "times": 2, "kind": "throttle"});
        chaos.add(serde_json::from_value(rule).unwrap());
        let mut met = |action: &str| take(&mut chaos, action, "").is_some();
        assert_eq!(
            [
                met("CreateStack"),
                met("DescribeStacks"),
                met("CreateStack"),
                met("CreateStack"),
                met("CreateStack")
            ],
            [false, false, true, true, false]
        );
        assert!(chaos.rules().is_empty());
    }

    #[test]
    fn a_rule_meets_a_part_of_a_name_or_no_name_at_all() {
        for (subject, met) in [
            (json!(null), [true, true, true]),
            (json!("ord"), [false, true, false]),
            (json!(""), [true, false, false]),
        ] {
            let mut chaos = Chaos::default();
            chaos.add(
                serde_json::from_value(json!({ "subject": subject, "kind": "throttle" })).unwrap(),
            );
            assert_eq!(
                ["", "orders", "web"]
                    .map(|name| take(&mut chaos, "DescribeStacks", name).is_some()),
                met,
                "{subject}"
            );
        }
    }
}
