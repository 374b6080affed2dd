//! `script:` of an application: what it says, what it needs, what it reaches.

mod check;
mod clear;

pub(super) use clear::secrets;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::relative::plain;
use crate::systems::entry::Form;
use crate::systems::files::Need;
use crate::systems::reach::{quoted, words};
use crate::systems::variables::Lists;
use crate::text::counted::counted;

/// The form.
pub(super) const FORM: Form = Form {
    schema: Form::schema_of::<ScriptEntry>,
    unbuilt: &[],
    example: "{ steps: … }",
    place: None,
};

/// `script:` of an application: commands in an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScriptEntry {
    /// The steps by id.
    pub steps: BTreeMap<String, ScriptStep>,
    /// The files that travel (globs below the estate's folder); the relative first words of all
    /// commands when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<Vec<String>>,
    /// Literal variables, never secrets; nothing else of the caller's environment is passed on.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Variables that are secrets, by where they are: `env:NAME` in the environment of the engine,
    /// `file:/whole/path` on its machine. They are read when a step starts, kept nowhere, and
    /// covered in its output.
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
    /// The same for tools that want a file: the variable names one that is there as long as the
    /// command runs.
    #[serde(default)]
    pub secret_files: BTreeMap<String, String>,
    /// How to take it down again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teardown: Option<ScriptTeardown>,
}

/// One command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScriptStep {
    /// The words of the command; no shell is involved.
    #[schemars(extend("x-words" = true))]
    pub command: Vec<String>,
    /// Steps that must have ended well before.
    #[serde(default)]
    pub after: Vec<String>,
    /// Files that it makes in its working directory: the steps that come after it find them in
    /// theirs.
    #[serde(default)]
    pub makes: Vec<String>,
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

impl ScriptEntry {
    /// All steps: those of a run, then those of the teardown.
    fn all(&self) -> impl Iterator<Item = (&str, &String, &ScriptStep)> {
        let down = self
            .teardown
            .iter()
            .flat_map(|down| &down.steps)
            .map(|(id, step)| ("teardown ", id, step));
        self.steps
            .iter()
            .map(|(id, step)| ("", id, step))
            .chain(down)
    }

    /// The files that it needs.
    pub(super) fn needs(&self) -> Vec<Need> {
        self.names().into_iter().map(|(need, _)| need).collect()
    }

    /// The files that it needs and where it says so: those that it names, else the relative first
    /// words of its commands.
    pub(super) fn names(&self) -> Vec<(Need, Vec<String>)> {
        let need = |path: &String| {
            if path.contains(['*', '?', '[', '{']) {
                Need::Glob(plain(path))
            } else {
                Need::File(plain(path))
            }
        };
        if let Some(files) = &self.files {
            return files
                .iter()
                .enumerate()
                .map(|(n, path)| (need(path), vec!["files".to_owned(), n.to_string()]))
                .collect();
        }
        // What a step makes is promised: it is there when the steps behind it run.
        let made: Vec<String> = self
            .all()
            .flat_map(|(_, _, step)| &step.makes)
            .map(|path| plain(path))
            .collect();
        self.all()
            .filter_map(|(when, id, step)| {
                let path = plain(step.command.first().filter(|word| is_local(word))?);
                let of = [when.trim_end(), "steps", id, "command", "0"];
                let named = of.iter().filter(|part| !part.is_empty());
                let named = named.map(|part| (*part).to_owned()).collect();
                (!made.contains(&path)).then_some((Need::File(path), named))
            })
            .collect()
    }

    /// Its variables.
    fn lists(&self) -> Lists<'_> {
        Lists {
            env: &self.env,
            secrets: &self.secrets,
            secret_files: &self.secret_files,
        }
    }

    /// What it reaches, one sentence each. The command stands last: nothing that is said of it can
    /// be taken for one of its words.
    pub(super) fn reach(&self, app: &str, environments: &str) -> Vec<String> {
        let app = quoted(app);
        let runs = |(when, id, step): (&str, &String, &ScriptStep)| {
            let after = (!step.after.is_empty()).then(|| format!("after {}", words(&step.after)));
            let limit = step
                .timeout
                .as_deref()
                .map(|limit| format!("{} at most", quoted(limit)));
            let tries = step
                .attempts
                .map(|n| format!("tried {}", counted(n, "time")));
            let makes = (!step.makes.is_empty()).then(|| format!("makes {}", words(&step.makes)));
            let how: Vec<String> = [after, limit, tries, makes].into_iter().flatten().collect();
            let how = if how.is_empty() {
                String::new()
            } else {
                format!(" ({})", how.join(", "))
            };
            format!(
                "script {app} in {environments}: {when}{}{how} runs {}",
                quoted(id),
                words(&step.command)
            )
        };
        let files = self
            .files
            .iter()
            .map(|files| format!("script {app}: takes the files {}", words(files)));
        let variables = self.lists().reach("script", &app);
        self.all().map(runs).chain(files).chain(variables).collect()
    }
}

/// A first word that names a file of the estate.
fn is_local(word: &str) -> bool {
    word.contains('/') && !word.starts_with('/')
}
