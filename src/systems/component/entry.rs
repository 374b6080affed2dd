//! `component:` of an application: where its commits are, how they are built, where they are published.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::refs::Branch;
use crate::domain::relative::{inside, plain};
use crate::systems::apps;
use crate::systems::entry::{Claim, Form, Home, Remarks};
use crate::systems::image::ImageEntry;
use crate::systems::reach::{quoted, words};
use crate::systems::registry::RegistryEntry;
use crate::systems::variables::Lists;
use crate::text::duration;

/// The form.
pub(super) const FORM: Form = Form {
    schema: Form::schema_of::<ComponentEntry>,
    unbuilt: &[],
    example: "{ repository: …, build: […], artifact: …, registry: { bucket: … } }",
    place: Some("aws"),
};

/// What to do instead of a secret in clear text.
pub(super) const FETCH: &str = "name where it is: `secrets: { NAME: env:NAME }` or `secrets: { NAME: file:/whole/path }` beside `build`; \
    it is read when a step starts, kept nowhere, and covered in the output";

/// The branch that publishes, where nothing is said of it.
const BRANCH: &str = "main";
/// The folder of the Terraform module, where nothing is said of it.
const MODULE: &str = "terraform";

/// `component:` of an application: a repository whose commits are built and tested. Those of one
/// branch are published, and registered as versions for who takes them from there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComponentEntry {
    /// Its repository, by its address as git has it. Git on the machine of the engine knows how to
    /// sign in.
    pub repository: String,
    /// The branch whose commits are published; `main` when absent. Those of others are built and
    /// tested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The words of the command that builds it; no shell is involved. It runs in a folder with the
    /// files of the commit. `HOLDPOINT_VERSION` and `HOLDPOINT_COMMIT` name what is built.
    #[serde(default)]
    #[schemars(extend("x-words" = true))]
    pub build: Vec<String>,
    /// The words of the command that tests it, in the same folder.
    #[serde(default)]
    #[schemars(extend("x-words" = true))]
    pub test: Vec<String>,
    /// The file that the build makes, below the repository: it is published as `NAME-VERSION`, with
    /// the end of its name. Absent where its files are all that there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<String>,
    /// The container image that is made of it after its tests, with the version as its tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageEntry>,
    /// The folder of its Terraform module; `terraform` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terraform: Option<String>,
    /// Where its versions are published and registered.
    pub registry: RegistryEntry,
    /// Its name there; the application's name when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Literal variables of its commands, never secrets; nothing else of the engine's environment is
    /// passed on.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Variables that are secrets, by where they are: `env:NAME` in the environment of the engine,
    /// `file:/whole/path` on its machine.
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
    /// The same for tools that want a file: the variable names one that is there as long as a
    /// command runs.
    #[serde(default)]
    pub secret_files: BTreeMap<String, String>,
    /// The longest time of a command, for example `10m`; 30 minutes when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<String>,
}

impl ComponentEntry {
    /// The branch that publishes.
    pub(super) fn branch(&self) -> &str {
        self.branch.as_deref().unwrap_or(BRANCH)
    }

    /// The folder of its Terraform module.
    pub(super) fn module(&self) -> &str {
        self.terraform.as_deref().unwrap_or(MODULE)
    }

    /// Its name in the registry.
    pub(super) fn called<'a>(&'a self, app: &'a str) -> &'a str {
        self.name.as_deref().unwrap_or(app)
    }

    fn lists(&self) -> Lists<'_> {
        Lists {
            env: &self.env,
            secrets: &self.secrets,
            secret_files: &self.secret_files,
        }
    }

    /// Everything that is wrong with it.
    pub(super) fn check(&self, app: &str, told: &mut Remarks) {
        apps::check_repository(&self.repository, told);
        if let Err(why) = self.branch().parse::<Branch>() {
            let says = format!("{:?}: {why}", self.branch());
            let hint = "write it as git does, without refs/heads/";
            told.say("branch", &["branch"], says, hint);
        }
        for (key, command) in [("build", &self.build), ("test", &self.test)] {
            if command.first().is_some_and(String::is_empty) {
                let says = format!("{key} of {app} names no program");
                told.say("command", &[key, "0"], says, "write it as [make, package]");
            }
        }
        let named = [
            ("artifact", self.artifact.as_deref()),
            ("terraform", self.terraform.as_deref()),
        ];
        for (key, path) in named {
            let wrong = path.filter(|path| inside(path).is_err() || plain(path) != **path);
            if let Some(path) = wrong.filter(|path| !(key == "terraform" && **path == *".")) {
                let says = format!("{path:?} is not a path below the repository");
                told.say("path", &[key], says, "write it as dist/cart.zip");
            }
        }
        if self.artifact.is_some() && self.build.is_empty() {
            let says = format!("{app} has an artifact, and nothing builds it");
            told.say_key("missing-key", &["artifact"], says, "add build");
        }
        let name = self.called(app);
        if !is_name(name) {
            let says = format!("{name:?} cannot be the name of a component");
            let hint = "1 to 100 letters, digits, '-' and '_'";
            told.say("name", &["name"], says, hint);
        }
        if let Some(image) = &self.image {
            image.check(told);
        }
        self.registry.check(told);
        if let Some(Err(says)) = self.timeout.as_deref().map(duration::read) {
            told.say("duration", &["timeout"], says, "");
        }
        self.lists().check(app, told);
    }

    /// What it reaches, one sentence each. Commands stand last: nothing that is said of one can be
    /// taken for its words.
    pub(super) fn reach(&self, app: &str, environments: &str) -> Vec<String> {
        let name = self.called(app);
        let app = quoted(app);
        let mut all = vec![format!(
            "component {app} in {environments}: reads {}, and publishes {} of it as {} in {}",
            quoted(&self.repository),
            quoted(self.branch()),
            quoted(name),
            self.registry.quoted(),
        )];
        let commands = [("builds", &self.build), ("tests", &self.test)];
        let commands = commands.iter().filter(|(_, command)| !command.is_empty());
        all.extend(commands.map(|(does, command)| {
            format!(
                "component {app} in {environments}: {does} any commit of it by {}",
                words(command)
            )
        }));
        all.extend(self.image.iter().map(|image| {
            format!(
                "component {app} in {environments}: builds an image of any commit of it, and puts that of {} at {}",
                quoted(self.branch()),
                image.quoted(),
            )
        }));
        all.extend(self.lists().reach("component", &app));
        all
    }

    /// Two that publish under one name would hide each other's versions.
    pub(super) fn claims(&self, home: &Home<'_>, app: &str) -> Vec<Claim> {
        let registry = self.registry.of(home.name);
        let below = registry.versions(self.called(app));
        vec![Claim {
            what: format!("registered name s3://{}/{below}", registry.bucket),
            path: vec!["registry".to_owned()],
            hint: "give one of them another `name`".to_owned(),
        }]
    }
}

fn is_name(text: &str) -> bool {
    (1..=100).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
}
