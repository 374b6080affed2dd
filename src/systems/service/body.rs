//! The form in which a service is stored with its deployments, and how it is made from the estate. Never holds a secret.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::template::{self, Rights, Template};
use crate::domain::diagnostic::closest;
use crate::domain::digest::Digest;
use crate::domain::estate::{Downtime, ServiceEntry};
use crate::domain::failure::Failure;
use crate::domain::ids::StackId;
use crate::domain::look::{CfnInput, FileRef};
use crate::domain::request::{SourceBundle, Spec};

/// What a service is made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Body {
    /// Template, parameters, tags. Our own tags are added when a plan is made.
    pub(super) input: CfnInput,
    /// The parameters that say how many tasks run, with the values that they end at.
    pub(super) counts: BTreeMap<String, String>,
    /// Secret parameters without a value here and without a default: an update keeps what is there, a new stack cannot.
    #[serde(default)]
    pub(super) kept: Vec<String>,
    /// Whether a change stops the service first.
    #[serde(default)]
    pub(super) downtime: Downtime,
    /// Types of the template's resources by logical id.
    #[serde(default)]
    pub(super) resources: BTreeMap<String, String>,
}

/// Parameters whose names begin so say how many tasks run.
pub(super) const COUNT: &str = "DesiredCount";

impl Body {
    /// The stored form of a spec.
    pub(super) fn of(spec: &Spec) -> Result<Body, Failure> {
        serde_json::from_value(spec.body.clone()).map_err(|why| {
            Failure::new(format!("release {} is stored in a form that this version cannot read", spec.release))
                .detail(why.to_string())
                .hint("deploy from the estate's files instead")
        })
    }
}

/// Reads the template and puts a service together.
///
/// # Errors
/// A full message: with its place where the template is at fault.
pub(super) fn spec(stack: &StackId, entry: &ServiceEntry, watch_logs: Vec<String>, bundle: &SourceBundle) -> Result<Spec, String> {
    let path = entry.template.split('/').filter(|part| !part.is_empty() && *part != ".").collect::<Vec<_>>().join("/");
    let file = bundle.files.get(&path).ok_or_else(|| format!("{path} is not among the files of {stack}"))?;
    let read = template::read(&path, &file.bytes)?;
    let env = stack.env.as_str();
    let mut given: BTreeMap<String, String> = entry.parameters.iter().map(|(key, value)| (key.clone(), value.0.clone())).collect();
    given.extend(entry.parameters_by_environment.get(env).into_iter().flatten().map(|(key, value)| (key.clone(), value.0.clone())));
    let about = |name: &str, says: String, hint: &str| template::about_parameter(&path, &file.bytes, name, &says, hint);
    let kept = parameters(stack, &read, &given, &about)?;
    rights(stack, &read, entry)?;
    let value = |name: &String, declared: &template::Parameter| given.get(name).cloned().or_else(|| declared.default.clone());
    let counts = read
        .parameters
        .iter()
        .filter(|(name, declared)| name.starts_with(COUNT) && !declared.no_echo)
        .filter_map(|(name, declared)| Some((name.clone(), value(name, declared)?)))
        .collect();
    let stack_name = entry.stack_name.as_deref().map_or_else(|| format!("{env}-{}", stack.app), |name| name.replace("{env}", env));
    let release =
        Digest::of("holdpoint/release/1", &json!({ "template": Digest::of_bytes(&file.bytes), "parameters": given, "tags": entry.tags }));
    let body = Body {
        input: CfnInput {
            stack_name,
            template: FileRef { bundle: bundle.digest(), path },
            parameters: given,
            capabilities: entry.capabilities.clone(),
            tags: entry.tags.clone(),
            role_arn: entry.cfn_role_arn.clone(),
        },
        counts,
        kept,
        downtime: entry.downtime,
        resources: read.resources,
    };
    let body = serde_json::to_value(body).map_err(|why| why.to_string())?;
    Ok(Spec { system: "service".to_owned(), release: release.short(), body, bundle: bundle.digest(), watch_logs })
}

/// Checks what is given against what the template declares; gives the secrets that keep the value they have.
fn parameters(
    stack: &StackId,
    template: &Template,
    given: &BTreeMap<String, String>,
    about: &impl Fn(&str, String, &str) -> String,
) -> Result<Vec<String>, String> {
    let mut wrong = Vec::new();
    for name in given.keys().filter(|name| !template.parameters.contains_key(*name)) {
        let hint = closest(name, template.parameters.keys().map(String::as_str))
            .map_or_else(|| "take it out of the estate file".to_owned(), |near| format!("did you mean {near:?}?"));
        wrong.push(format!("{stack} gives the parameter {name:?}, which its template does not declare: {hint}\n"));
    }
    let mut kept = Vec::new();
    for (name, declared) in &template.parameters {
        match given.get(name) {
            // The value is a secret in clear text: it is named and never repeated.
            Some(value) if declared.no_echo && !value.starts_with("{{resolve:") => wrong.push(about(
                name,
                format!("{name} is a secret (NoEcho), and {stack} gives it in clear text"),
                "write {{resolve:secretsmanager:…}} or {{resolve:ssm-secure:…}}, or leave it out to keep the value that is there",
            )),
            Some(value) if !declared.no_echo && !value.starts_with("{{resolve:") => {
                if !declared.allowed.is_empty() && !declared.allowed.contains(value) {
                    let says = format!("{name} may be {}, and {stack} gives {value:?}", declared.allowed.join(", "));
                    wrong.push(about(name, says, ""));
                } else if declared.kind == "Number" && value.parse::<f64>().is_err() {
                    wrong.push(about(name, format!("{name} is a number, and {stack} gives {value:?}"), ""));
                }
            }
            Some(_) => {}
            None if declared.default.is_some() => {}
            None if declared.no_echo => kept.push(name.clone()),
            None => wrong.push(about(
                name,
                format!("{name} has no default, and {stack} gives no value"),
                "add it under parameters: in the estate file",
            )),
        }
    }
    if wrong.is_empty() { Ok(kept) } else { Err(wrong.join("\n")) }
}

/// Capabilities that the template needs are acknowledged.
fn rights(stack: &StackId, template: &Template, entry: &ServiceEntry) -> Result<(), String> {
    let has = |name: &str| entry.capabilities.iter().any(|capability| capability == name);
    let (enough, needed) = match template.rights {
        Rights::None => return Ok(()),
        Rights::Made => (has("CAPABILITY_IAM") || has("CAPABILITY_NAMED_IAM"), "CAPABILITY_IAM"),
        Rights::Named => (has("CAPABILITY_NAMED_IAM"), "CAPABILITY_NAMED_IAM"),
    };
    if enough {
        return Ok(());
    }
    Err(format!("the template of {stack} makes IAM rights, which must be acknowledged: add capabilities: [{needed}] to its service\n"))
}
