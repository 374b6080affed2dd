//! `mach:` of an application: which configuration, and how Terraform of it is run.

use std::collections::BTreeMap;
use std::num::NonZeroU16;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tree::{Known, Registered, Variables};
use crate::domain::relative::{inside, plain};
use crate::systems::Tool;
use crate::systems::entry::{Form, Remarks};
use crate::systems::files::Need;
use crate::systems::reach::quoted;
use crate::systems::registry::RegistryEntry;
use crate::systems::variables::Lists;

/// The form.
pub(super) const FORM: Form = Form {
    schema: Form::schema_of::<MachEntry>,
    unbuilt: &[],
    example: "{ config: main.yml }",
    place: None,
};

/// `mach:` of an application: a configuration of MACH composer. Every site is a stack of its own, and
/// so is every component of a site that has a state of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MachEntry {
    /// The configuration, by its path below the folder of the estate file. `{env}` stands for the
    /// environment. Where SOPS encrypted it, `sops` on this machine decrypts it.
    pub config: String,
    /// What `${env.NAME}` stands for in it; Terraform is given these variables too. Never secrets.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Those of them that are secrets, by where they are: `env:NAME` in the environment of the
    /// engine, `file:/whole/path` on its machine.
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
    /// The original program, where it is to make the Terraform: plug-ins of others are rendered by it
    /// alone. Holdpoint makes it when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generator: Option<Generator>,
    /// Where the versions of its components are registered, as applications with `component:` do:
    /// `update` and `$LATEST` read it in place of git.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry: Option<MachRegistry>,
    /// The program that carries it out; Terraform when absent.
    #[serde(default)]
    pub program: Program,
    /// How many sites and components work at once where all of them are deployed; 4 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workers: Option<NonZeroU16>,
    /// The longest time of one plan, and of one apply, for example `30m`; an hour when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<String>,
}

/// Where the versions of components are registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MachRegistry {
    /// The bucket, of the account of the environment. `{env}` stands for the environment.
    pub bucket: String,
    /// The beginning of all its keys, with a slash at its end; none when absent. `{env}` stands for
    /// the environment.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    /// The components that are registered there; all of them when absent, but for those in folders
    /// of the estate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub components: Option<Vec<String>>,
}

impl MachRegistry {
    fn entry(&self) -> RegistryEntry {
        RegistryEntry {
            bucket: self.bucket.clone(),
            prefix: self.prefix.clone(),
        }
    }
}

/// A program that makes Terraform of a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Generator {
    /// MACH composer.
    #[serde(rename = "mach-composer")]
    MachComposer,
}

impl Generator {
    /// The same as a program of the engine's machine.
    pub(super) fn tool(self) -> Tool {
        let Generator::MachComposer = self;
        Tool {
            name: "mach-composer",
            does: "makes the Terraform of",
            hint: "install MACH composer where the engine runs, or leave `generator` out",
        }
    }
}

/// A program that carries out Terraform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Program {
    /// Terraform.
    #[default]
    Terraform,
    /// `OpenTofu`.
    Tofu,
}

impl Program {
    /// Its name as a command.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Program::Terraform => "terraform",
            Program::Tofu => "tofu",
        }
    }
}

impl Program {
    /// The same as a program of the engine's machine.
    pub(super) fn tool(self) -> Tool {
        Tool {
            name: self.word(),
            does: "carries out",
            hint: "install it where the engine runs, or name the other one with `program: terraform` or `program: tofu`",
        }
    }
}

/// What to do instead of a secret in clear text.
pub(super) const FETCH: &str = "name where it is: `secrets: { NAME: env:NAME }` or `secrets: { NAME: file:/whole/path }` beside `config`; \
    it is read when a step starts, kept nowhere, and covered in the output";

/// How many sites and components work at once, where nothing is said of it.
const WORKERS: usize = 4;

impl MachEntry {
    /// Its variables.
    pub(super) fn lists(&self) -> Lists<'_> {
        const NONE: &BTreeMap<String, String> = &BTreeMap::new();
        Lists {
            env: &self.env,
            secrets: &self.secrets,
            secret_files: NONE,
        }
    }

    /// Everything that is wrong with it.
    pub(super) fn check(&self, app: &str, told: &mut Remarks) {
        if let Err(says) = inside(&self.config) {
            let hint = "name a file below the folder of the estate file";
            told.say("path", &["config"], says, hint);
        }
        if let Some(Err(says)) = self.timeout.as_deref().map(crate::text::duration::read) {
            told.say("duration", &["timeout"], says, "");
        }
        if let Some(registry) = &self.registry {
            registry.entry().check(told);
        }
        self.lists().check(app, told);
    }

    /// How many parts work at once.
    pub(super) fn workers(&self) -> usize {
        self.workers.map_or(WORKERS, |workers| workers.get().into())
    }

    /// The configuration of an environment.
    pub(super) fn file(&self, env: &str) -> String {
        plain(&self.config.replace("{env}", env))
    }

    /// The files that it names, as far as they are the same in every environment.
    pub(super) fn names(&self) -> Vec<(Need, Vec<String>)> {
        if self.config.contains("{env}") {
            return Vec::new();
        }
        let path = plain(&self.config);
        let named = [Need::File(path.clone()), Need::Opened(path)];
        named.map(|need| (need, vec!["config".to_owned()])).to_vec()
    }

    /// What the references of the configuration may name.
    pub(super) fn known(&self, env: &str) -> Known {
        let registry = self.registry.as_ref().map(|registry| Registered {
            at: registry.entry().of(env),
            only: registry.components.clone(),
        });
        Known {
            registry,
            env: self.env.clone(),
            secrets: self.secrets.keys().cloned().collect(),
            variables: None::<Variables>,
            original: self.generator.is_some(),
        }
    }

    /// What it reaches, one sentence each.
    pub(super) fn reach(&self, app: &str, environments: &str) -> Vec<String> {
        let app = quoted(app);
        let generator = self
            .generator
            .map(|one| format!("{} and ", one.tool().name));
        let first = format!(
            "mach {app} in {environments}: runs {}{} on what {} says, and its secrets are read from that file",
            generator.unwrap_or_default(),
            self.program.word(),
            quoted(&self.config)
        );
        let rest = self.lists().reach("mach", &app);
        let registry = self.registry.as_ref().map(|registry| {
            let at = registry.entry().quoted();
            format!("mach {app} in {environments}: takes the versions that {at} says")
        });
        std::iter::once(first).chain(registry).chain(rest).collect()
    }
}
