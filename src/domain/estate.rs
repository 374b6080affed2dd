//! The estate as its file says: environments and applications. Reading it with line and column is `config`'s work.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::environment::EnvironmentRecord;
use super::ids::{AppName, EnvName, StackId};
use super::request::{SourceBundle, Spec};

/// An estate as read and checked.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Estate {
    /// Environments by name.
    pub environments: BTreeMap<EnvName, EnvironmentRecord>,
    /// Applications by name.
    pub applications: BTreeMap<AppName, Application>,
}

/// One application.
#[derive(Debug, Clone, PartialEq)]
pub struct Application {
    /// Which system, and what it says there.
    pub kind: Kind,
    /// Where it lives.
    pub environments: Vec<EnvName>,
    /// Which applications of the same environment come first in `deploy --all`.
    pub depends_on: Vec<AppName>,
    /// Log groups to tail beside its deployments.
    pub watch_logs: Vec<String>,
}

/// The entry of one system.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A CloudFormation template.
    Service(ServiceEntry),
    /// Commands.
    Script(ScriptEntry),
}

/// `service:` of an application: a CloudFormation template, its parameters, its name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceEntry {
    /// The template file (YAML or JSON), below the estate's folder.
    pub template: String,
    /// Parameter values.
    #[serde(default)]
    pub parameters: BTreeMap<String, Scalar>,
    /// Parameter values of single environments, over `parameters`.
    #[serde(default)]
    pub parameters_by_environment: BTreeMap<String, BTreeMap<String, Scalar>>,
    /// The CloudFormation stack's name; `<environment>-<application>` when absent. `{env}` stands for the environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack_name: Option<String>,
    /// Capabilities to acknowledge, for example `CAPABILITY_NAMED_IAM`.
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// The role that CloudFormation assumes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cfn_role_arn: Option<String>,
    /// Whether a change stops the service first: `auto` when the change set replaces a service, a database or a volume.
    #[serde(default)]
    pub downtime: Downtime,
}

/// Whether a change stops the service first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Downtime {
    /// When the change set replaces a service, a database or a volume.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// A plain value; kept as the text that was written, so that account ids keep their zeros.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Scalar(pub String);

/// `script:` of an application: commands in an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScriptEntry {
    /// The steps by id.
    pub steps: BTreeMap<String, ScriptStep>,
    /// The files that travel (globs below the estate's folder); the relative first words of all commands when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<Vec<String>>,
    /// Literal variables, never secrets; nothing else of the caller's environment is passed on.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// How to take it down again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teardown: Option<ScriptTeardown>,
}

/// One command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScriptStep {
    /// The words of the command; no shell is involved.
    pub command: Vec<String>,
    /// Steps that must have ended well before.
    #[serde(default)]
    pub after: Vec<String>,
    /// The longest time, for example `10m`; 30 minutes when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<String>,
    /// How often it is tried; once when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
}

/// `teardown:` of a script.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScriptTeardown {
    /// The steps by id.
    pub steps: BTreeMap<String, ScriptStep>,
}

/// The estate resolved: what each stack would be deployed from now. Given to the desk by the program.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Catalog {
    /// The estate file, for display.
    pub file: String,
    /// Whether this is the practice estate.
    pub practice: bool,
    /// The environments as the file says; the store may say otherwise (DIFFERS).
    pub environments: BTreeMap<EnvName, EnvironmentRecord>,
    /// The stacks.
    pub stacks: BTreeMap<StackId, Entry>,
}

/// One stack of the catalog.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// What it is; or why its files cannot be read now, as a full message.
    pub spec: Result<Spec, String>,
    /// The files that its deployments need.
    pub bundle: SourceBundle,
    /// Applications of the same environment that come first.
    pub depends_on: Vec<AppName>,
}
