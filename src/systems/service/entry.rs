//! `service:` of an application: what it says, what is wrong with it, what it reaches.

mod files;
mod repository;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::relative::plain;
use crate::systems::apps::{self, GithubApp};
use crate::systems::entry::{Claim, Form, Home, PERHAPS_SECRET, Remarks, SECRET, Written};
use crate::systems::reach::{quoted, words};
use crate::text::diagnostic::closest;
use crate::text::document::Node;
use crate::text::secret;

const CAPABILITIES: [&str; 3] = [
    "CAPABILITY_IAM",
    "CAPABILITY_NAMED_IAM",
    "CAPABILITY_AUTO_EXPAND",
];

/// The form.
pub(super) const FORM: Form = Form {
    schema: Form::schema_of::<ServiceEntry>,
    unbuilt: &[],
    example: "{ template: FILE } or { config: FILE, cluster: FILE }",
    place: Some("aws"),
};

/// `service:` of an application: a CloudFormation template, or the o5 files that one is made of; its
/// parameters, its name.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceEntry {
    /// The template file (YAML or JSON), below the estate's folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// An o5 application file in place of a template; or, with a `/` at its end, the folder of a
    /// repository that has one as `ext/o5/app.yaml` or `o5.yaml`. With `repository`, where it stands
    /// there; at its root when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
    /// The repository in which the o5 application file stands, by its address as git has it: a
    /// deployment is of one commit of it. Git on the machine of the engine knows how to sign in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The app of GitHub by which the repository is read; without one it is read with git.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub github_app: Option<GithubApp>,
    /// The branch that is deployed, in all environments; master when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// In place of `branch`: by branch, the environments in which its pushes are deployed. `"*"`
    /// stands for every branch.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub branches: BTreeMap<String, Vec<String>>,
    /// The o5 cluster file: where the application runs. It may hold the environments too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// The o5 environment file, where the cluster file does not hold it. `{env}` stands for the
    /// environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment_file: Option<String>,
    /// The o5 environment, by its full name or its id, where it is called otherwise than here.
    /// `{env}` stands for the environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// What stands over the words of the o5 cluster: `sidecarImageVersion`.
    #[serde(default)]
    pub overrides: BTreeMap<String, Override>,
    /// The same in single environments; nothing (null) takes one away.
    #[serde(default)]
    pub overrides_by_environment: BTreeMap<String, BTreeMap<String, Override>>,
    /// The version of an o5 application: the tag of its images. The flag `version` of a deployment
    /// goes before it; without both, the version stays that runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Scalar>,
    /// The file with the certificates (PEM) by which those of the servers of databases are signed,
    /// where this machine does not know them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database_ca: Option<String>,
    /// By database of an o5 application, the folder of the SQL files of its migrations. Its
    /// `migrate_container` carries them out; of a database without one Holdpoint does. They are read
    /// to know which are pending, and what each says of the code that runs (`-- holdpoint:
    /// compatible`, `before` or `breaking`).
    #[serde(default)]
    pub migrations: BTreeMap<String, String>,
    /// What is done with the databases of an o5 application.
    #[serde(default)]
    pub databases: Databases,
    /// Parameter values.
    #[serde(default)]
    pub parameters: BTreeMap<String, Scalar>,
    /// Parameter values of single environments, over `parameters`.
    #[serde(default)]
    pub parameters_by_environment: BTreeMap<String, BTreeMap<String, Scalar>>,
    /// The CloudFormation stack's name; `<environment>-<application>` when absent. `{env}` stands
    /// for the environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack_name: Option<String>,
    /// Capabilities to acknowledge, for example `CAPABILITY_NAMED_IAM`.
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// Tags. Others that the stack has are kept; one that is taken out here goes from the stack.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// The role that CloudFormation assumes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cfn_role_arn: Option<String>,
    /// Whether a change stops the service first: `auto` when the change set replaces a service, a
    /// database or a volume.
    #[serde(default)]
    pub downtime: Downtime,
}

/// What is done with databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Databases {
    /// They are made what they should be, and migrated.
    #[default]
    Change,
    /// Their servers are not reached: the steps of a plan say what they would do, and what is pending is
    /// told by the files that the release in service does not have. All else is done.
    DryRun,
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

/// A plain value (a list as one text: `a,b`); kept as the text that was written, so that account ids keep their zeros.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(extend("x-list" = "joined"))]
pub struct Scalar(pub String);

/// What stands over a word of an o5 cluster; nothing (null) takes away what stood over it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(extend("x-null" = "takes away"))]
pub struct Override(pub Option<Scalar>);

impl ServiceEntry {
    /// The name of the CloudFormation stack of an application in an environment.
    pub(super) fn stack_name(&self, env: &str, app: &str) -> String {
        self.stack_name
            .as_deref()
            .map_or_else(|| format!("{env}-{app}"), |name| name.replace("{env}", env))
    }

    /// The parameter values in an environment.
    pub(super) fn given(&self, env: &str) -> BTreeMap<String, String> {
        let own = self
            .parameters_by_environment
            .get(env)
            .into_iter()
            .flatten();
        self.parameters
            .iter()
            .chain(own)
            .map(|(key, value)| (key.clone(), value.0.clone()))
            .collect()
    }

    /// Everything that is wrong with it, whatever its template says.
    pub(super) fn check(&self, written: &Written<'_>, told: &mut Remarks) {
        self.check_files(told);
        self.check_repository(written, told);
        if self.stack_name.is_some() {
            let name = self.stack_name("x", written.app);
            let fits = (1..=128).contains(&name.len())
                && name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            if !fits {
                let says = format!("{name:?} cannot be the name of a CloudFormation stack");
                let hint = "use a letter, then up to 127 letters, digits and '-'; {env} stands for the environment";
                told.say("stack-name", &["stack_name"], says, hint);
            }
        }
        for (n, capability) in self.capabilities.iter().enumerate() {
            if !CAPABILITIES.contains(&capability.as_str()) {
                let hint = closest(capability, CAPABILITIES).unwrap_or(
                    "one of CAPABILITY_IAM, CAPABILITY_NAMED_IAM, CAPABILITY_AUTO_EXPAND",
                );
                let says = format!("CloudFormation has no capability {capability:?}");
                told.say(
                    "capability",
                    &["capabilities", &n.to_string()],
                    says,
                    format!("write {hint}"),
                );
            }
        }
        for key in self.tags.keys() {
            if key.starts_with("aws:")
                || key.starts_with("holdpoint:")
                || key.is_empty()
                || key.len() > 128
            {
                told.say_key(
                    "tag",
                    &["tags", key],
                    format!("the tag {key:?} cannot be set here"),
                    "aws: and holdpoint: belong to others",
                );
            }
        }
        if let Some(role) = self
            .cfn_role_arn
            .as_ref()
            .filter(|role| !role.starts_with("arn:"))
        {
            told.say(
                "role",
                &["cfn_role_arn"],
                format!("{role:?} is not an ARN"),
                "write arn:aws:iam::ACCOUNT:role/NAME",
            );
        }
        let parameters = self.parameters_by_environment.keys();
        let overrides = self.overrides_by_environment.keys();
        let named = parameters
            .map(|env| ("parameters_by_environment", env))
            .chain(overrides.map(|env| ("overrides_by_environment", env)));
        for (key, env) in named.filter(|(_, env)| !written.environments.contains(env)) {
            let near = closest(env, written.environments.iter().map(String::as_str));
            let hint = near.map_or_else(String::new, |near| format!("did you mean {near:?}?"));
            let says = format!("{} does not live in {env:?}", written.app);
            told.say_key("unknown-name", &[key, env], says, hint);
        }
    }

    /// The CloudFormation stack that it is in an environment, and the application.
    pub(super) fn claims(&self, home: &Home<'_>, app: &str) -> Vec<Claim> {
        let stack = Claim {
            what: format!("CloudFormation stack {:?}", self.stack_name(home.name, app)),
            path: vec!["stack_name".to_owned()],
            hint: "put {env} into stack_name".to_owned(),
        };
        // What is made of an o5 application has its name and that of the environment.
        let config = self.config.as_deref();
        let config = config.or(self.repository.as_ref().map(|_| ""));
        let of = self.repository.as_ref();
        let of = of.map_or_else(String::new, |of| format!(" of {of:?}"));
        let o5 = config.map(|config| Claim {
            what: format!(
                "o5 application {:?}{of} of the environment {:?}",
                plain(config),
                self.called(home.name)
            ),
            path: vec!["config".to_owned()],
            hint: "let them be of two environments, or of two files with names of their own"
                .to_owned(),
        });
        [stack].into_iter().chain(o5).collect()
    }

    /// What it reaches, as a sentence.
    pub(super) fn reach(&self, app: &str, environments: &str) -> String {
        let stack = self
            .stack_name
            .as_deref()
            .map(|stack| format!("stack {}", quoted(stack)));
        let role = self
            .cfn_role_arn
            .as_deref()
            .map(|role| format!("as role {}", quoted(role)));
        let capabilities = self.acknowledged();
        let rights = (!capabilities.is_empty()).then(|| format!("with {}", words(&capabilities)));
        let more: Vec<String> = [stack, role, rights]
            .into_iter()
            .flatten()
            .map(|part| format!(", {part}"))
            .collect();
        format!(
            "service {} in {environments}: {}{}",
            quoted(app),
            self.made_of(),
            more.concat()
        )
    }
}

/// What a person may write for a parameter that its template declares as a number, or as one of a
/// few words: its template says whether it is a secret.
fn may_be_plain(value: &str) -> bool {
    const WORDS: [&str; 16] = [
        "allow", "allowed", "always", "denied", "deny", "disable", "disabled", "enable", "enabled",
        "n", "never", "off", "on", "optional", "required", "y",
    ];
    value.parse::<f64>().is_ok() || WORDS.contains(&value.to_ascii_lowercase().as_str())
}

/// Parameters that are secrets in clear text. `entry` is what stands in the file, whatever else is
/// wrong with it.
pub(super) fn secrets(app: &str, entry: &Node) -> Remarks {
    let mut told = Remarks::default();
    apps::secrets_in(app, entry, &mut told);
    let own = entry
        .get("parameters")
        .map(|node| (vec!["parameters"], node));
    let of_environments = entry
        .get("parameters_by_environment")
        .map_or(&[][..], Node::entries)
        .iter();
    let of_environments = of_environments
        .map(|(env, node)| (vec!["parameters_by_environment", env.name.as_str()], node));
    for (path, node) in own.into_iter().chain(of_environments) {
        for (name, value) in node.entries() {
            if value
                .text()
                .is_some_and(|text| secret::is_kept_in(&name.name, text))
            {
                let says = format!(
                    "the parameter {} of {app} is a secret in clear text",
                    name.name
                );
                let path = [path.as_slice(), &[name.name.as_str()]].concat();
                let code = if value.text().is_some_and(may_be_plain) {
                    PERHAPS_SECRET
                } else {
                    SECRET
                };
                told.say(
                    code,
                    &path,
                    says,
                    "write {{resolve:secretsmanager:…}} or {{resolve:ssm-secure:…}}",
                );
            }
        }
    }
    if let Some(version) = entry.get("version").and_then(Node::text)
        && secret::is_in(version)
    {
        let says = format!("the version of {app} is a secret in clear text");
        told.say(SECRET, &["version"], says, "write the tag of its images");
    }
    told
}
