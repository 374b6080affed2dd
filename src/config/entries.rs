//! What is checked of single applications: paths, names for CloudFormation, steps of scripts. No file is opened here.

use std::collections::BTreeMap;

use globset::Glob;

use super::estate::{Check, circle};
use super::raw::File;
use crate::domain::diagnostic::closest;
use crate::domain::duration;
use crate::domain::environment::EnvironmentRecord;
use crate::domain::estate::{ScriptEntry, ScriptStep, ServiceEntry};
use crate::domain::ids::EnvName;

const CAPABILITIES: [&str; 3] = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"];

/// Everything that is wrong with single applications.
pub(super) fn check(check: &mut Check<'_>, file: &File, environments: &BTreeMap<EnvName, EnvironmentRecord>) {
    let mut places: BTreeMap<String, String> = BTreeMap::new();
    for (app, raw) in &file.applications {
        if let Some(entry) = &raw.service {
            service(check, app, entry, &raw.environments);
            for env in &raw.environments {
                let Some(record) = env.parse::<EnvName>().ok().and_then(|env| environments.get(&env)) else { continue };
                let Some(aws) = &record.aws else {
                    let says = format!("{app} is a service, and the environment {env} does not say how to reach AWS");
                    check.say_key("aws", &["environments"], env, says, "add aws: { region: …, profile: … }");
                    continue;
                };
                let name = stack_name(entry, env, app);
                let place = serde_json::json!([record.account, aws.region, aws.endpoint_url, name]);
                let place = if record.account.is_some() { place.to_string() } else { serde_json::json!([aws, name]).to_string() };
                if let Some(other) = places.insert(place, format!("{env}/{app}")) {
                    let says = format!("{env}/{app} and {other} would be the same CloudFormation stack {name:?}");
                    check.say("same-stack", &["applications", app, "service", "stack_name"], says, "put {env} into stack_name");
                }
            }
        }
        if let Some(entry) = &raw.script {
            script(check, app, entry);
        }
        for (n, group) in raw.watch.logs.iter().enumerate() {
            let fits = (1..=512).contains(&group.len())
                && group.replace("{env}", "x").chars().all(|c| c.is_ascii_alphanumeric() || "_-/.#".contains(c));
            if !fits {
                let says = format!("{group:?} is no name of a log group");
                check.say("log-group", &["applications", app, "watch", "logs", &n.to_string()], says, "use a-z A-Z 0-9 _ - / . #");
            }
        }
    }
}

/// The name of the CloudFormation stack of an application in an environment.
fn stack_name(entry: &ServiceEntry, env: &str, app: &str) -> String {
    entry.stack_name.as_deref().map_or_else(|| format!("{env}-{app}"), |name| name.replace("{env}", env))
}

fn service(check: &mut Check<'_>, app: &str, entry: &ServiceEntry, environments: &[String]) {
    let at = |field| ["applications", app, "service", field];
    if let Err(says) = inside(&entry.template) {
        check.say("path", &at("template"), says, "name a file below the folder of the estate file");
    }
    if entry.stack_name.is_some() {
        let name = stack_name(entry, "x", app);
        let fits = (1..=128).contains(&name.len())
            && name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if !fits {
            let says = format!("{name:?} cannot be the name of a CloudFormation stack");
            check.say(
                "stack-name",
                &at("stack_name"),
                says,
                "use a letter, then up to 127 letters, digits and '-'; {env} stands for the environment",
            );
        }
    }
    for (n, capability) in entry.capabilities.iter().enumerate() {
        if !CAPABILITIES.contains(&capability.as_str()) {
            let hint = closest(capability, CAPABILITIES).unwrap_or("one of CAPABILITY_IAM, CAPABILITY_NAMED_IAM, CAPABILITY_AUTO_EXPAND");
            let path = ["applications", app, "service", "capabilities", &n.to_string()];
            check.say("capability", &path, format!("CloudFormation has no capability {capability:?}"), format!("write {hint}"));
        }
    }
    for key in entry.tags.keys() {
        if key.starts_with("aws:") || key.starts_with("holdpoint:") || key.is_empty() || key.len() > 128 {
            let says = format!("the tag {key:?} cannot be set here");
            check.say_key("tag", &["applications", app, "service", "tags"], key, says, "aws: and holdpoint: belong to others");
        }
    }
    if let Some(role) = &entry.cfn_role_arn
        && !role.starts_with("arn:")
    {
        check.say("role", &at("cfn_role_arn"), format!("{role:?} is no ARN"), "write arn:aws:iam::ACCOUNT:role/NAME");
    }
    for env in entry.parameters_by_environment.keys().filter(|env| !environments.contains(env)) {
        let says = format!("{app} does not live in {env:?}");
        let hint = closest(env, environments.iter().map(String::as_str)).map_or_else(String::new, |near| format!("did you mean {near:?}?"));
        check.say_key("unknown-name", &["applications", app, "service", "parameters_by_environment"], env, says, hint);
    }
}

fn script(check: &mut Check<'_>, app: &str, entry: &ScriptEntry) {
    steps(check, app, &["applications", app, "script", "steps"], &entry.steps);
    if let Some(teardown) = &entry.teardown {
        steps(check, app, &["applications", app, "script", "teardown", "steps"], &teardown.steps);
    }
    for (n, glob) in entry.files.iter().flatten().enumerate() {
        let wrong = inside(glob).err().or_else(|| Glob::new(glob).err().map(|error| error.to_string()));
        if let Some(says) = wrong {
            check.say(
                "path",
                &["applications", app, "script", "files", &n.to_string()],
                says,
                "write paths and globs below the estate's folder",
            );
        }
    }
    for name in entry.env.keys() {
        let fits =
            name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !fits || name.starts_with("HOLDPOINT_") {
            let says = format!("{name:?} cannot be the name of a variable here");
            check.say_key("variable", &["applications", app, "script", "env"], name, says, "use letters, digits and _; HOLDPOINT_ is ours");
        }
    }
}

fn steps(check: &mut Check<'_>, app: &str, path: &[&str], steps: &BTreeMap<String, ScriptStep>) {
    let place = |id: &str, rest: &[&str]| -> Vec<String> { path.iter().chain(&[id]).chain(rest).map(|part| (*part).to_owned()).collect() };
    let mut found = Vec::new();
    if steps.is_empty() {
        check.say("nothing", path, format!("{app} has no steps"), "add at least one");
    }
    for (id, step) in steps {
        if id.is_empty() || id.len() > 63 || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
            check.say_key("name", path, id, format!("{id:?} is no name of a step"), "use 1 to 63 letters, digits, '-' and '_'");
        }
        match step.command.first().map(String::as_str) {
            None | Some("") => {
                found.push(("command", place(id, &["command"]), format!("step {id} has no command"), "write [word, word, …]"));
            }
            Some(word) if word.contains('/') && !word.starts_with('/') => {
                if let Err(says) = inside(word) {
                    found.push(("path", place(id, &["command", "0"]), says, "name a file below the estate's folder"));
                }
            }
            Some(_) => {}
        }
        if step.command.iter().any(|word| word.contains('\0')) {
            found.push(("command", place(id, &["command"]), format!("step {id} has a word with a NUL in it"), ""));
        }
        for (n, need) in step.after.iter().enumerate().filter(|(_, need)| !steps.contains_key(*need)) {
            found.push((
                "unknown-name",
                place(id, &["after", &n.to_string()]),
                format!("step {id} comes after {need:?}, which does not exist"),
                "",
            ));
        }
        if let Some(Err(says)) = step.timeout.as_deref().map(duration::read) {
            found.push(("duration", place(id, &["timeout"]), says, ""));
        }
        if step.attempts.is_some_and(|n| !(1..=10).contains(&n)) {
            found.push(("attempts", place(id, &["attempts"]), format!("step {id} must be tried 1 to 10 times"), ""));
        }
    }
    let edges: BTreeMap<&str, Vec<&str>> =
        steps.iter().map(|(id, step)| (id.as_str(), step.after.iter().map(String::as_str).collect())).collect();
    if let Some(circle) = circle(&edges) {
        let says = format!("these steps wait for each other: {}", circle.join(", "));
        found.push(("cycle", place(circle[0], &["after"]), says, "take one `after` out"));
    }
    for (code, path, says, hint) in found {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        check.say(code, &path, says, hint);
    }
}

/// A path below a folder: relative, without `..`.
pub(super) fn inside(path: &str) -> Result<(), String> {
    if path.is_empty() {
        Err("an empty path names no file".to_owned())
    } else if path.starts_with('/') || path.starts_with('~') || path.contains('\\') || path.contains('\0') {
        Err(format!("{path:?} is no path below the estate's folder"))
    } else if path.split('/').any(|part| part == "..") {
        Err(format!("{path:?} leads out of the estate's folder"))
    } else {
        Ok(())
    }
}

/// `./a//b` as `a/b`.
pub(super) fn plain(path: &str) -> String {
    path.split('/').filter(|part| !part.is_empty() && *part != ".").collect::<Vec<_>>().join("/")
}
