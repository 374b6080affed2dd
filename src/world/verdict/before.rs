//! Whether a failure was seen before: the newest deployment that failed in the same way, and what
//! ended it.

use std::collections::BTreeSet;

use crate::domain::deployment::Deployment;
use crate::domain::end::End;
use crate::domain::ids::{DeploymentId, DeploymentNo, StackId};
use crate::domain::purpose::Purpose;
use crate::domain::time::Time;
use crate::world::World;

/// An earlier deployment that failed in the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenBefore {
    /// Which.
    pub no: DeploymentNo,
    /// When it failed.
    pub at: Time,
    /// How often it was seen in all.
    pub times: usize,
    /// What ended it: `fixed by #1874 (ana): AllocatedStorage 100>200`; empty when nothing did.
    pub fixed: String,
}

impl SeenBefore {
    /// As one line.
    #[must_use]
    pub fn says(&self) -> String {
        let times = if self.times > 1 {
            format!(", {} times in all", self.times)
        } else {
            String::new()
        };
        let fixed = if self.fixed.is_empty() {
            "not fixed since"
        } else {
            &self.fixed
        };
        format!("{} {}: {fixed}{times}", self.no, self.at.text("%-d %b"))
    }
}

impl World {
    pub(super) fn seen_before(
        &self,
        stack: &StackId,
        shown: Option<&Deployment>,
        reason: Option<&str>,
    ) -> Option<SeenBefore> {
        let print = fingerprint(reason?);
        if print.len() < 6 {
            return None;
        }
        let (this, of) = (shown.map(|d| d.id), shown.map(asked_by));
        let mut earlier: Vec<&Deployment> = self
            .folds
            .deployments
            .values()
            .map(|d| &**d)
            .filter(|d| {
                Some(asked_by(d)) != of
                    && d.is_over()
                    && d.stack().is_some_and(|other| other.app == stack.app)
            })
            .filter(|d| {
                d.first_failure().is_some_and(|failure| {
                    let other = fingerprint(&failure.summary);
                    other.contains(&print) || (other.len() >= 6 && print.contains(&other))
                })
            })
            .collect();
        earlier.sort_by_key(|d| std::cmp::Reverse(d.no()));
        let newest = earlier.first()?;
        let fix = self
            .folds
            .deployments
            .values()
            .filter(|d| {
                d.stack() == newest.stack()
                    && d.no() > newest.no()
                    && Some(d.id) != this
                    && !d.is_beside()
                    && d.request
                        .as_ref()
                        .is_some_and(|request| request.purpose != Purpose::Teardown)
                    && matches!(d.end, Some(End::Done))
            })
            .min_by_key(|d| d.no());
        let fixed = fix
            .and_then(|fix| fix.request.as_ref().map(|request| (fix, request)))
            .map_or_else(String::new, |(fix, request)| {
                let changed = newest
                    .request
                    .as_ref()
                    .map(|old| changes(&old.spec.body, &request.spec.body))
                    .unwrap_or_default();
                let changed = if changed.is_empty() {
                    String::new()
                } else {
                    format!(": {}", changed.join(", "))
                };
                format!("fixed by {} ({}){changed}", fix.no(), request.cause.by)
            });
        let times: BTreeSet<DeploymentId> = earlier.iter().map(|d| asked_by(d)).collect();
        Some(SeenBefore {
            no: newest.no(),
            at: newest.ended_at.unwrap_or_default(),
            times: times.len(),
            fixed,
        })
    }
}

/// The deployment that a person asked for: of a part, that of its whole. What fails in several parts
/// of one has failed once.
fn asked_by(d: &Deployment) -> DeploymentId {
    d.parent().map_or(d.id, |parent| parent.deployment)
}

/// What makes two failures the same one: words without numbers, ids and quotes.
#[must_use]
pub fn fingerprint(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '(' | ')' | ',' | ';'))
        .filter(|word| !word.is_empty() && !word.chars().any(|c| c.is_ascii_digit()))
        .map(|word| {
            word.trim_matches(|c: char| !c.is_alphanumeric())
                .to_lowercase()
        })
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Which plain values differ between two specs, as `name old>new`; at most three. Digests and ids
/// say nothing to a person and are left out, and what stands in two places is told once.
pub(super) fn changes(old: &serde_json::Value, new: &serde_json::Value) -> Vec<String> {
    let mut out = Vec::new();
    walk("", old, new, &mut out);
    out.truncate(3);
    out
}

fn walk(name: &str, old: &serde_json::Value, new: &serde_json::Value, out: &mut Vec<String>) {
    use serde_json::Value;
    match (old, new) {
        (Value::Object(a), Value::Object(b)) => {
            for (key, value) in b {
                walk(key, a.get(key).unwrap_or(&Value::Null), value, out);
            }
        }
        (a, b) if a == b => {}
        (Value::Array(_) | Value::Object(_), _) | (_, Value::Array(_) | Value::Object(_)) => {}
        (a, b) => {
            let text = |value: &Value| {
                value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned)
            };
            let (a, b) = (text(a), text(b));
            let told = format!("{name} {a}>{b}");
            if a.len() <= 24 && b.len() <= 24 && !out.contains(&told) {
                out.push(told);
            }
        }
    }
}
