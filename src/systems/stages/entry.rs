//! `stages:` of an application: the list of its stages, and the configuration that all of them read.

use std::num::NonZeroU16;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::relative::{inside, plain};
use crate::systems::entry::{Form, Remarks};
use crate::systems::files::Need;
use crate::systems::reach::quoted;

/// The form.
pub(super) const FORM: Form = Form {
    schema: Form::schema_of::<StagesEntry>,
    unbuilt: &[],
    example: "{ stages: stages.yml, config: config.yml }",
    place: Some("aws"),
};

/// How many stages work at once, where nothing is said of it.
const WORKERS: usize = 4;

/// `stages:` of an application: a deployment in an order. Every stage is a stack of its own, after
/// those that it needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StagesEntry {
    /// The file with the stages, below the estate's folder. `{env}` stands for the environment.
    pub stages: String,
    /// The file with what all of them read: `${NAME}` in the list of stages stands for a value of it.
    /// `{env}` stands for the environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
    /// How many stages work at once; 4 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workers: Option<NonZeroU16>,
}

impl StagesEntry {
    /// The files of an environment: the stages, and what they read.
    pub(super) fn files(&self, env: &str) -> (String, Option<String>) {
        let of = |path: &String| plain(&path.replace("{env}", env));
        (of(&self.stages), self.config.as_ref().map(of))
    }

    /// How many stages work at once.
    pub(super) fn workers(&self) -> usize {
        self.workers.map_or(WORKERS, |workers| workers.get().into())
    }

    /// The files that it names, each with where it does.
    pub(super) fn names(&self) -> Vec<(Need, Vec<String>)> {
        let all = [
            ("stages", Some(&self.stages)),
            ("config", self.config.as_ref()),
        ];
        let all = all.into_iter().filter_map(|(key, path)| Some((key, path?)));
        // Which file it is only an environment says.
        let known = all.filter(|(_, path)| !path.contains("{env}"));
        known
            .map(|(key, path)| (Need::File(plain(path)), vec![key.to_owned()]))
            .collect()
    }

    /// Says what is wrong with it.
    pub(super) fn check(&self, told: &mut Remarks) {
        let all = [
            ("stages", Some(&self.stages)),
            ("config", self.config.as_ref()),
        ];
        for (key, path) in all.into_iter().filter_map(|(key, path)| Some((key, path?))) {
            if let Err(says) = inside(path) {
                told.say("path", &[key], says, "write it as deploy/stages.yml");
            }
        }
    }

    /// What it reaches.
    pub(super) fn reach(&self, app: &str, environments: &str) -> Vec<String> {
        let app = quoted(app);
        let config = self.config.as_deref();
        let config = config.map_or_else(String::new, |config| {
            format!(", with what {} says", quoted(config))
        });
        vec![format!(
            "stages {app} in {environments}: changes what the stages in {} say{config}",
            quoted(&self.stages)
        )]
    }
}
