//! What an estate file can reach, as sentences: what a person is shown before they trust it is what is remembered and compared.
//! Accounts, ways in and rules of environments; templates, names, roles and rights of CloudFormation stacks; commands, their files and
//! variables. Parameters, tags, order and log groups may change without asking again.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::environment::EnvironmentRecord;
use crate::domain::estate::{Application, Estate, Kind, ScriptStep};
use crate::domain::safe::Safe;

/// What an estate reaches: one sentence each, in a fixed order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Reach(Vec<String>);

impl Reach {
    /// What an estate reaches.
    pub(super) fn of(estate: &Estate) -> Self {
        let environments = estate.environments.iter().map(|(name, record)| environment(name.as_str(), record));
        let applications = estate.applications.iter().flat_map(|(name, app)| application(name.as_str(), app));
        Self(environments.chain(applications).collect())
    }

    /// The sentences, as they may be shown.
    pub fn lines(&self) -> impl Iterator<Item = Safe> {
        self.0.iter().map(|line| Safe::new(line))
    }

    /// What was not there before, and what is there no more.
    #[must_use]
    pub fn since(&self, before: &Reach) -> (Vec<Safe>, Vec<Safe>) {
        let only =
            |these: &Reach, those: &Reach| these.0.iter().filter(|line| !those.0.contains(line)).map(|line| Safe::new(line)).collect();
        (only(self, before), only(before, self))
    }
}

fn environment(name: &str, record: &EnvironmentRecord) -> String {
    let EnvironmentRecord { class, account, aws, on_failure, queue, mode, min_level, hold_expiry } = record;
    let ways = aws.iter().flat_map(|aws| {
        [
            ("profile", &aws.profile),
            ("region", &aws.region),
            ("role", &aws.role_arn),
            ("endpoint", &aws.endpoint_url),
            ("certificate authorities of", &aws.ca_bundle),
        ]
    });
    let ways = ways.filter_map(|(what, value)| Some(format!("{what} {}", quoted(value.as_ref()?))));
    let account = account.as_deref().map_or_else(|| "any account".to_owned(), |account| format!("account {}", quoted(account)));
    let rules = [
        serde_json::json!(on_failure).as_str().map(|word| format!("on_failure {word}")),
        serde_json::json!(queue).as_str().map(|word| format!("queue {word}")),
        serde_json::json!(mode).as_str().map(|word| format!("mode {word}")),
        min_level.map(|level| format!("level {} at least", u8::from(level))),
        Some(format!("holds expire after {}", exact(*hold_expiry))),
    ];
    let parts: Vec<String> = std::iter::once(account).chain(ways).chain(rules.into_iter().flatten()).collect();
    format!("environment {} ({}): {}", quoted(name), class.word(), parts.join(", "))
}

fn application(name: &str, app: &Application) -> Vec<String> {
    let environments = app.environments.iter().map(|env| quoted(env.as_str())).collect::<Vec<_>>().join(", ");
    let mut lines = Vec::new();
    match &app.kind {
        Kind::Service(entry) => {
            let name = quoted(name);
            let stack = entry.stack_name.as_deref().map(|stack| format!("stack {}", quoted(stack)));
            let role = entry.cfn_role_arn.as_deref().map(|role| format!("as role {}", quoted(role)));
            let rights = (!entry.capabilities.is_empty()).then(|| format!("with {}", words(&entry.capabilities)));
            let more: Vec<String> = [stack, role, rights].into_iter().flatten().map(|part| format!(", {part}")).collect();
            lines.push(format!("service {name} in {environments}: template {}{}", quoted(&entry.template), more.concat()));
        }
        Kind::Script(entry) => {
            let name = quoted(name);
            // The command last: nothing that is said of it can be taken for one of its words.
            let runs = |when: &str, step: &str, what: &ScriptStep| {
                let after = (!what.after.is_empty()).then(|| format!("after {}", words(&what.after)));
                let limit = what.timeout.as_deref().map(|limit| format!("{} at most", quoted(limit)));
                let tries = what.attempts.map(|n| format!("tried {n} times"));
                let how: Vec<String> = [after, limit, tries].into_iter().flatten().collect();
                let how = if how.is_empty() { String::new() } else { format!(" ({})", how.join(", ")) };
                format!("script {name} in {environments}: {when}{}{how} runs {}", quoted(step), words(&what.command))
            };
            lines.extend(entry.steps.iter().map(|(step, what)| runs("", step, what)));
            let teardown = entry.teardown.iter().flat_map(|down| &down.steps);
            lines.extend(teardown.map(|(step, what)| runs("teardown ", step, what)));
            if let Some(files) = &entry.files {
                lines.push(format!("script {name}: takes the files {}", words(files)));
            }
            lines.extend(entry.env.iter().map(|(key, value)| format!("script {name}: sets {}={}", quoted(key), quoted(value))));
        }
    }
    lines
}

/// A duration without rounding.
fn exact(duration: Duration) -> String {
    let secs = duration.as_secs();
    [(3_600, "h"), (60, "m"), (1, "s")]
        .into_iter()
        .find(|(unit, _)| secs.is_multiple_of(*unit))
        .map_or_else(String::new, |(unit, name)| format!("{}{name}", secs / unit))
}

fn words(words: &[String]) -> String {
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// A word as written; in quotes and with every strange character visible where it has any, so that two never look alike.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\\' | ',');
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("{word:?}") }
}

#[cfg(test)]
mod tests;
