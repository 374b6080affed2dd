//! The form in which a service is stored with its deployments, and how it is made from the estate.
//! Never holds a secret.

mod made;

pub(super) use made::{spec_of_o5, versioned};

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::entry::{Downtime, ServiceEntry};
use super::o5::Kept;
use super::source::Source;
use crate::domain::digest::Digest;
use crate::domain::failure::Failure;
use crate::domain::ids::StackId;
use crate::domain::plan::Reserved;
use crate::domain::relative::plain;
use crate::domain::request::{FileRef, Release, SourceBundle, Spec};
use crate::forms::cloudformation::template::{self, Fixed, Parameter, Template};
use crate::forms::cloudformation::{self, COUNT, CfnInput, travel};
use crate::text::diagnostic::{Diagnostic, Diagnostics, closest};
use crate::text::secret;

/// What a service is made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Body {
    /// Template, parameters, tags. Our own tags are added when a plan is made.
    pub(super) input: CfnInput,
    /// The parameters that say how many tasks run, with the values that they end at.
    pub(super) counts: BTreeMap<String, String>,
    /// Those of them that its template does not let go to 0: what they must be.
    #[serde(default)]
    pub(super) fixed: BTreeMap<String, String>,
    /// Whether a change stops the service first.
    #[serde(default)]
    pub(super) downtime: Downtime,
    /// Types by logical id of the resources that its template makes with these parameters.
    #[serde(default)]
    pub(super) resources: BTreeMap<String, String>,
    /// Those of which it is known only at AWS whether they are made.
    #[serde(default)]
    pub(super) open: BTreeSet<String>,
    /// How many bytes its template has.
    #[serde(default)]
    pub(super) length: usize,
    /// What stays with it of the o5 files that it was made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) o5: Option<Kept>,
    /// The repository of its application file, and the commit that it was made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) source: Option<Source>,
    /// What its plan takes of real things; known where it is planned.
    #[serde(skip)]
    pub(super) reserves: BTreeSet<Reserved>,
}

impl Body {
    /// The stored form of a spec.
    pub(super) fn of(spec: &Spec) -> Result<Body, Failure> {
        spec.form("deploy from the estate's files instead")
    }

    /// The counts as low as its template takes them.
    pub(super) fn lowest(&self) -> BTreeMap<String, String> {
        let lowest = |(name, count): (&String, &String)| {
            let low = if self.fixed.contains_key(name) {
                count.clone()
            } else {
                "0".to_owned()
            };
            (name.clone(), low)
        };
        self.counts.iter().map(lowest).collect()
    }

    /// What is said where the release in service has a CloudFormation stack of another name.
    pub(super) fn left_behind(&self, serving: &Body) -> Option<String> {
        let (new, old) = (&self.input.stack_name, &serving.input.stack_name);
        (new != old).then(|| {
            format!(
                "The CloudFormation stack {old}, which serves now, is left as it is, and nobody looks after it any more: {new} is another one. To keep {old}, give stack_name back; to take it away once {new} serves: aws cloudformation delete-stack --stack-name {old}."
            )
        })
    }

    /// Secret parameters without a value here and without a default: an update keeps what is there,
    /// a new stack cannot.
    pub(super) fn kept(&self) -> Vec<&str> {
        let kept = self
            .input
            .declared
            .iter()
            .filter(|(_, one)| one.secret && !one.default);
        kept.map(|(name, _)| name.as_str())
            .filter(|name| !self.input.parameters.contains_key(*name))
            .collect()
    }
}

/// What a service is put together from, beside its entry.
struct Parts<'a> {
    /// The path of its template among the files.
    path: &'a str,
    /// The values of its parameters.
    given: BTreeMap<String, String>,
    /// Parameters whose values are known only where it is planned.
    late: BTreeSet<String>,
    /// What stays with it of o5 files.
    o5: Option<Kept>,
    /// What is tailed beside its deployments.
    logs: Vec<String>,
}

/// Reads the template and puts a service together.
///
/// # Errors
/// Everything that is wrong with the template, and with what the estate gives it.
pub(super) fn spec(
    stack: &StackId,
    entry: &ServiceEntry,
    late: BTreeSet<String>,
    bundle: &SourceBundle,
) -> Result<Spec, Diagnostics> {
    let path = plain(entry.template.as_deref().unwrap_or_default());
    let parts = Parts {
        path: &path,
        given: entry.given(stack.env.as_str()),
        late,
        o5: None,
        logs: Vec::new(),
    };
    assembled(stack, entry, parts, bundle)
}

fn assembled(
    stack: &StackId,
    entry: &ServiceEntry,
    parts: Parts<'_>,
    bundle: &SourceBundle,
) -> Result<Spec, Diagnostics> {
    let (path, given) = (parts.path, parts.given);
    let Some(file) = bundle.files.get(path) else {
        return Err(Diagnostic::of_file(
            "template",
            path,
            &format!("{path} is not among the files of {stack}"),
            "",
        )
        .into());
    };
    let length = file.bytes.len();
    if length > travel::LONGEST {
        let says = travel::too_long(path, length);
        return Err(Diagnostic::of_file("template-size", path, &says, travel::SHORTEN).into());
    }
    let (template, mut found) = template::read(path, &file.bytes);
    let Some(template) = template else {
        return Err(found);
    };
    let wrong = parameters(stack, &template, &given, &parts.late);
    found.0.extend(wrong);
    let capabilities = entry.acknowledged();
    found
        .0
        .extend(template.unacknowledged(&stack.to_string(), &capabilities));
    if !found.is_empty() {
        found.settle();
        return Err(found);
    }
    let declared = &template.parameters;
    let value = |name: &String, declared: &Parameter| {
        given
            .get(name)
            .cloned()
            .or_else(|| declared.default.clone())
    };
    let fixed = template.fixed();
    let counts = declared
        .iter()
        .filter(|(name, _)| name.starts_with(COUNT) && fixed.get(*name) != Some(&Fixed::NoCount))
        .filter_map(|(name, declared)| Some((name.clone(), value(name, declared)?)))
        .filter(|(_, value)| is_count(value))
        .collect();
    let stack_name = entry.stack_name(stack.env.as_str(), stack.app.as_str());
    let template::Made { resources, open } = template.made(&stack_name, &given);
    let digest = Digest::of_bytes(&file.bytes);
    let carried = parts.o5.as_ref().map(Kept::carried).unwrap_or_default();
    let release = released(digest, &given, &entry.tags, &carried);
    let o5 = parts.o5.map(|kept| Kept {
        template: Some(digest),
        ..kept
    });
    let about = vec![cloudformation::stack(&stack_name)];
    let body = Body {
        input: CfnInput {
            stack_name,
            template: FileRef {
                bundle: bundle.digest(),
                path: path.to_owned(),
            },
            parameters: given,
            declared: declared
                .iter()
                .map(|(name, one)| (name.clone(), one.declared()))
                .collect(),
            capabilities,
            tags: entry.tags.clone(),
            untag: BTreeSet::new(),
            role_arn: entry.cfn_role_arn.clone(),
        },
        counts,
        fixed: fixed
            .into_iter()
            .filter_map(|(name, fixed)| match fixed {
                Fixed::Refuses(must) => Some((name, must)),
                Fixed::NoCount => None,
            })
            .collect(),
        downtime: entry.downtime,
        resources,
        open,
        length,
        o5,
        source: None,
        reserves: BTreeSet::new(),
    };
    let body = serde_json::to_value(body).map_err(|why| {
        Diagnostics::from(Diagnostic::of_file("template", path, &why.to_string(), ""))
    })?;
    let release = Release::of_files(release);
    Ok(Spec {
        system: "service".to_owned(),
        release,
        body,
        bundle: bundle.digest(),
        about,
        watch_logs: parts.logs,
        parts: BTreeMap::new(),
    })
}

/// A spec with these values of parameters beside its own; `None` where it is none of a template.
pub(in crate::systems) fn with_parameters(
    spec: &Spec,
    values: BTreeMap<String, String>,
) -> Option<Spec> {
    let mut body = Body::of(spec).ok()?;
    body.input.parameters.extend(values);
    let of = json!([spec.release.digest, body.input.parameters]);
    let release = Release::of_files(Digest::of("holdpoint/given/1", &of));
    Some(Spec {
        release,
        body: serde_json::to_value(body).ok()?,
        ..spec.clone()
    })
}

/// What a release is known by.
fn released(
    template: Digest,
    parameters: &BTreeMap<String, String>,
    tags: &BTreeMap<String, String>,
    carried: &BTreeMap<String, Vec<Digest>>,
) -> Digest {
    let mut of = json!({ "template": template, "parameters": parameters, "tags": tags });
    // What is carried out here belongs to what is deployed; other services stay what they were.
    if !carried.is_empty() {
        of["migrations"] = json!(carried);
    }
    Digest::of("holdpoint/release/1", &of)
}

/// Whether a value says how many tasks run.
pub(super) fn is_count(value: &str) -> bool {
    value.trim().parse::<u32>().is_ok()
}

/// What is wrong with what is given, against what the template declares.
fn parameters(
    stack: &StackId,
    template: &Template,
    given: &BTreeMap<String, String>,
    late: &BTreeSet<String>,
) -> Vec<Diagnostic> {
    let mut wrong = Vec::new();
    let mut say = |name: &str, says: String, hint: &str| {
        wrong.push(template.about_parameter(name, &says, hint));
    };
    for name in given
        .keys()
        .filter(|name| !template.parameters.contains_key(*name))
    {
        let hint = closest(name, template.parameters.keys().map(String::as_str)).map_or_else(
            || "take it out of the estate file".to_owned(),
            |near| format!("did you mean {near:?}?"),
        );
        say(
            name,
            format!("{stack} gives the parameter {name:?}, which its template does not declare"),
            &hint,
        );
    }
    for (name, declared) in &template.parameters {
        let value = given.get(name);
        let used = value
            .or(declared.default.as_ref())
            .filter(|value| !declared.no_echo && !value.starts_with("{{resolve:"))
            // What may be a secret is not repeated.
            .filter(|value| declared.is_plain() || !secret::is_kept_in(name, value));
        match value {
            Some(value) if value.starts_with("{{resolve:") => {}
            // The value is a secret in clear text: it is named and never repeated.
            Some(_) if declared.no_echo => say(
                name,
                format!("{name} is a secret (NoEcho), and {stack} gives it in clear text"),
                "write {{resolve:secretsmanager:…}} or {{resolve:ssm-secure:…}}, or leave it out to keep the value that is there",
            ),
            Some(value) if !declared.is_plain() && secret::is_kept_in(name, value) => say(
                name,
                format!("{name} is a secret by its name, and {stack} gives it in clear text"),
                "write {{resolve:secretsmanager:…}} or {{resolve:ssm-secure:…}}; where it is none, declare it as a Number or with its AllowedValues",
            ),
            Some(_) => {}
            None if declared.default.is_some() || declared.no_echo || late.contains(name) => {}
            None => say(
                name,
                format!("{name} has no default, and {stack} gives no value"),
                "add it under parameters: in the estate file",
            ),
        }
        if let Some((value, must)) = used.and_then(|used| Some((used, declared.refuses(used)?))) {
            let source = if given.contains_key(name) {
                format!("{stack} gives")
            } else {
                "its default is".to_owned()
            };
            say(
                name,
                format!("{name} {must}, and {source} {value:?}"),
                declared.described(),
            );
        }
    }
    wrong
}
