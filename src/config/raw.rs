//! The estate file as it is written: the types behind the JSON Schema. Everything else of this room turns them into an [`Estate`].
//!
//! [`Estate`]: crate::domain::estate::Estate

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::shape::Unbuilt;
use crate::domain::environment::{Class, Mode, OnFailure, QueuePolicy};
use crate::domain::estate::{ScriptEntry, ServiceEntry};

/// The estate: environments, and the applications that live in them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// Where things are deployed, by name: 1 to 63 of a-z, 0-9 and '-'.
    pub(super) environments: BTreeMap<String, Environment>,
    /// What is deployed, by name.
    #[serde(default)]
    pub(super) applications: BTreeMap<String, Application>,
    /// Where the store keeps its log. This version has `sqlite`.
    #[serde(default)]
    pub(super) store: Store,
}

/// Where the store keeps its log.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Store {
    /// In a file of the person who runs the engine.
    #[default]
    Sqlite,
}

/// One environment.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Environment {
    /// What kind it is; decides levels and defaults.
    pub(super) class: Class,
    /// The account id that must be found there: twelve digits, in quotes so that zeros stay.
    #[serde(default)]
    #[schemars(regex(pattern = r"^[0-9]{12}$"))]
    pub(super) account: Option<String>,
    /// The region; the same as `aws: { region }`.
    #[serde(default)]
    pub(super) region: Option<String>,
    /// How to reach AWS: names of profiles and roles, never keys.
    #[serde(default)]
    pub(super) aws: Option<Aws>,
    /// What a failed deployment does to its stack: `break` in production and staging, `continue` elsewhere.
    #[serde(default)]
    pub(super) on_failure: Option<OnFailure>,
    /// What a deployment does that is asked for while another one waits or runs.
    #[serde(default)]
    pub(super) queue: QueuePolicy,
    /// Deploy, or only look.
    #[serde(default)]
    pub(super) mode: Mode,
    /// The lowest level of any change here, 0 to 4; it can only raise.
    #[serde(default)]
    #[schemars(range(min = 0, max = 4))]
    pub(super) min_level: Option<u8>,
    /// How long a hold waits before it rejects, for example `24h`, which is the default.
    #[serde(default)]
    pub(super) hold_expiry: Option<String>,
}

/// How to reach AWS.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Aws {
    /// Profile of the shared AWS configuration.
    pub(super) profile: Option<String>,
    /// Region; from the profile when absent.
    pub(super) region: Option<String>,
    /// Role to assume: its ARN.
    #[schemars(regex(pattern = r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$"))]
    pub(super) role_arn: Option<String>,
    /// Endpoint for every service: a URL, or `sandbox` for the embedded cloud.
    pub(super) endpoint_url: Option<String>,
    /// File with extra certificate authorities (PEM), below the estate's folder or absolute.
    pub(super) ca_bundle: Option<String>,
}

/// One application: exactly one of `service` and `script`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Application {
    /// A CloudFormation template.
    #[serde(default)]
    pub(super) service: Option<ServiceEntry>,
    /// Commands.
    #[serde(default)]
    pub(super) script: Option<ScriptEntry>,
    /// Where it lives.
    #[schemars(length(min = 1))]
    pub(super) environments: Vec<String>,
    /// Applications that come first in `deploy --all`.
    #[serde(default)]
    pub(super) depends_on: Vec<String>,
    /// What to tail beside its deployments.
    #[serde(default)]
    pub(super) watch: Watch,
}

/// What to tail beside deployments.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Watch {
    /// CloudWatch log groups; `{env}` stands for the environment.
    pub(super) logs: Vec<String>,
}

/// What the file format has a place for and this version does not do. Refused by name: a policy that is not honoured must not
/// look as if it were.
pub(super) const UNBUILT: &[Unbuilt] = &[
    ("", "people", "people beyond the store's owner are"),
    ("", "rights", "rights beyond those of the store's owner are"),
    ("", "policies", "policies over several people are"),
    ("environments.*", "people", "people beyond the store's owner are"),
    ("environments.*", "rights", "rights beyond those of the store's owner are"),
    ("environments.*", "approvers", "a second person's approval is"),
    ("environments.*", "self_approval", "a second person's approval is"),
    ("environments.*", "policies", "policies over several people are"),
    ("environments.*", "deny", "denied actions are"),
    ("environments.*", "freeze_windows", "freeze windows are"),
    ("applications.*", "website", "websites are"),
    ("applications.*", "mach", "MACH configurations are"),
    ("applications.*", "review", "review environments are"),
    ("applications.*", "stages", "staged deployments are"),
    ("applications.*.service", "config", "o5 application files are"),
    ("applications.*.service", "cluster", "o5 application files are"),
    ("applications.*.watch", "codebuild", "CodeBuild logs are"),
    ("store", "postgres_env", "a store on Postgres is"),
];
