//! The form in which a node is stored with its deployments, and how it is made of a configuration.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::entry::{MachEntry, Program};
use super::generate::Generated;
use super::graph::Node;
use super::instead::Instead;
use super::latest::Pin;
use super::make::Made;
use super::tree::Kept;
use crate::domain::digest::Digest;
use crate::domain::failure::{Failure, millis};
use crate::domain::ids::StackId;
use crate::domain::request::{Release, SourceBundle, SourceFile, Spec};
use crate::domain::row::Row;
use crate::domain::secret_ref::SecretRef;
use crate::forms::registry::Registry;
use crate::forms::terraform::{Artifact, Form, Original, Told};
use crate::systems::files::Files;
use crate::systems::variables::references;
use crate::text::duration;

/// The longest time of one plan, and of one apply, where nothing is said of it.
const LIMIT: Duration = Duration::from_hours(1);

/// What a deployment of a node brings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Body {
    /// The node: a site, or a component of one.
    pub(super) node: String,
    /// What carries it out.
    pub(super) program: Program,
    /// What the configuration calls the environment.
    pub(super) environment: String,
    /// Its components, each with its version.
    pub(super) components: Vec<(String, String)>,
    /// Those whose version is the newest of a branch, each with that branch, until it is found.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) latest: BTreeMap<String, String>,
    /// Those for which it was found.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) pins: BTreeMap<String, Pin>,
    /// Those that a person asked for in another version than the file says.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) instead: BTreeMap<String, Instead>,
    /// Those whose module is not fetched by their version.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) fixed: BTreeSet<String>,
    /// Where versions of them are registered.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) registered: BTreeMap<String, Registry>,
    /// The nodes that come before it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) after: BTreeSet<String>,
    /// Where its state is, in words.
    pub(super) state: String,
    /// Variables of Terraform's environment.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) env: BTreeMap<String, String>,
    /// Those of them that are secrets.
    #[serde(default, skip_serializing_if = "Variables::is_empty")]
    pub(super) variables: Variables,
    /// What it is told as `var.secrets`, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) secrets: BTreeMap<String, Told>,
    /// The longest time of one plan, and of one apply.
    #[serde(with = "millis")]
    pub(super) limit: Duration,
    /// Its files.
    pub(super) bundle: Digest,
    /// What the original program makes them of, where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) original: Option<Original>,
}

/// The release of a node, by its stored form.
pub(super) fn release(body: &Value) -> Release {
    Release::of_files(Digest::of("holdpoint/release/1", body))
}

/// Secrets by the variables that hold them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Variables {
    /// By name.
    pub(super) secrets: BTreeMap<String, SecretRef>,
}

impl Variables {
    fn is_empty(&self) -> bool {
        self.secrets.is_empty()
    }
}

impl Body {
    /// The stored form of a spec.
    pub(super) fn of(spec: &Spec) -> Result<Self, Failure> {
        spec.form("deploy from the estate's files instead")
    }

    /// Its components with their versions.
    pub(super) fn versions(&self) -> Vec<Row> {
        let all = self.components.iter();
        all.map(|(name, version)| Row::new(name, version)).collect()
    }

    /// What a step needs to know beyond that.
    pub(super) fn params_with(&self, more: Value) -> Value {
        let mut params = self.params();
        if let (Value::Object(all), Value::Object(more)) = (&mut params, more) {
            all.extend(more);
        }
        params
    }

    /// What its steps need to know.
    pub(super) fn params(&self) -> Value {
        let put = self.put();
        let artifacts = self.components.iter().filter_map(|(name, version)| {
            let registry = self.registered.get(name)?.clone();
            let version = version.clone();
            Some((name, Artifact { registry, version }))
        });
        json!({
            "artifacts": artifacts.collect::<BTreeMap<_, _>>(),
            "put": put["put"],
            "versions": put["versions"],
            "original": self.original,
            "node": self.node,
            "program": self.program.word(),
            "bundle": self.bundle,
            "env": self.env,
            "variables": self.variables.secrets,
            "secrets": self.secrets,
        })
    }
}

/// Everything that is needed to make specs of what was made of a configuration.
pub(super) struct Making<'a> {
    pub(super) whole: &'a StackId,
    pub(super) entry: &'a MachEntry,
    pub(super) made: &'a Made,
    pub(super) files: &'a Files,
}

impl Making<'_> {
    /// The stacks of all nodes, each with its files.
    ///
    /// # Errors
    /// A sentence: a node cannot be a part of a stack, a secret has no place.
    pub(super) fn specs(&self) -> Result<Vec<(StackId, Spec, SourceBundle)>, String> {
        let own = references(self.whole, &self.entry.secrets)?;
        let nodes = self.made.nodes.iter();
        nodes
            .map(|(node, generated)| self.spec(node, generated, &own))
            .collect()
    }

    fn spec(
        &self,
        node: &Node,
        generated: &Generated,
        own: &BTreeMap<String, SecretRef>,
    ) -> Result<(StackId, Spec, SourceBundle), String> {
        let name = node.name();
        let part = name.parse().map_err(|why| format!("{name:?}: {why}"))?;
        let stack = self.whole.with(part);
        let original = self.original();
        let bundle = match &original {
            Some(_) => SourceBundle::default(),
            None => self.bundle(&name, generated),
        };
        let digest = bundle.digest();
        let mut variables = Variables {
            secrets: own.clone(),
        };
        let is_ours = |_: &_| original.is_none();
        for (variable, secret) in self.made.of_states.iter().filter(is_ours) {
            let told = self.told(secret, own)?;
            variables.secrets.insert(variable.clone(), told.from);
        }
        // The original program writes secrets into what it makes, and may say any of them: none is told
        // to Terraform, and all are covered.
        let secrets: Box<dyn Iterator<Item = &String>> = match &original {
            Some(_) => Box::new(self.made.secrets.keys()),
            None => Box::new(generated.secrets.iter()),
        };
        let secrets: Result<_, String> = secrets
            .map(|secret| Ok((secret.clone(), self.told(secret, own)?)))
            .collect();
        let timeout = self.entry.timeout.as_deref();
        let before = self.made.graph.0.get(node).into_iter().flatten();
        let body = Body {
            node: name,
            program: self.entry.program,
            environment: self.made.environment.clone(),
            components: generated.components.clone(),
            latest: generated.latest.clone(),
            pins: BTreeMap::new(),
            instead: BTreeMap::new(),
            fixed: generated.fixed.clone(),
            registered: generated.registered.clone(),
            after: before.map(Node::name).collect(),
            state: generated.state.clone(),
            env: self.entry.env.clone(),
            variables,
            secrets: secrets?,
            limit: timeout.map_or(Ok(LIMIT), duration::read)?,
            bundle: digest,
            original,
        };
        let body = serde_json::to_value(body).map_err(|why| why.to_string())?;
        let spec = Spec {
            system: super::NAME.to_owned(),
            release: release(&body),
            body,
            bundle: digest,
            about: Vec::new(),
            watch_logs: Vec::new(),
            parts: BTreeMap::new(),
        };
        Ok((stack, spec, bundle))
    }

    /// What the original program is to make Terraform of, where it does.
    fn original(&self) -> Option<Original> {
        let generator = self.entry.generator?;
        let whole = |path: &str| format!("{}/{path}", self.files.folder());
        let files = self.files.bundle().files.iter();
        let files = files.map(|(path, file)| (whole(path), Digest::of_bytes(&file.bytes)));
        Some(Original {
            program: generator.tool().name.to_owned(),
            config: whole(&self.entry.file(self.whole.env.as_str())),
            files: files.collect(),
        })
    }

    /// The files of a node, as they are laid out for Terraform.
    fn bundle(&self, name: &str, generated: &Generated) -> SourceBundle {
        let mut bundle = SourceBundle::default();
        let main = SourceFile {
            bytes: generated.text.clone().into_bytes(),
            executable: false,
        };
        bundle.files.insert(format!("{name}/main.tf"), main);
        let encrypted = generated.encrypted.iter();
        let encrypted = encrypted.map(|path| (format!("{name}/{path}"), path));
        let modules = generated.modules.iter();
        for (laid, path) in modules
            .map(|(laid, path)| (laid.clone(), path))
            .chain(encrypted)
        {
            if let Some(file) = self.files.get(path) {
                bundle.files.insert(laid, file.clone());
            }
        }
        bundle
    }

    /// Where a secret is, and what it is there.
    fn told(&self, name: &str, own: &BTreeMap<String, SecretRef>) -> Result<Told, String> {
        let given = name.strip_prefix("env.").and_then(|name| own.get(name));
        if let Some(from) = given {
            return Ok(Told {
                from: from.clone(),
                form: Form::Text,
            });
        }
        let kept = self.made.secrets.get(name);
        let Kept { file, steps, form } = kept.ok_or_else(|| format!("{name} is no secret"))?;
        let steps = steps.iter().map(|step| {
            let step = step.replace('~', "~0").replace('/', "~1");
            step.replace('#', "~2")
        });
        let steps: Vec<String> = steps.collect();
        let from = format!("yaml:{}/{file}#/{}", self.files.folder(), steps.join("/"));
        let from = from.parse().map_err(|why| format!("{name}: {why}"))?;
        let form = *form;
        Ok(Told { from, form })
    }
}
