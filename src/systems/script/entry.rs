//! `script:` of an application: what it says, what is wrong with it, what it reaches.

use std::collections::BTreeMap;

use globset::Glob;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::document::Node;
use crate::domain::duration;
use crate::domain::order::circle;
use crate::domain::relative::{inside, plain};
use crate::domain::secret;
use crate::domain::secret_ref::SecretRef;
use crate::secrets;
use crate::systems::entry::{Form, Remarks};
use crate::systems::files::Need;
use crate::systems::reach::{quoted, words};

/// What to do instead of a secret.
const FETCH: &str = "give the command a variable: `secrets: { NAME: env:NAME }` or `secrets: { NAME: file:/whole/path }` beside `steps`; \
    it is read when a step starts, kept nowhere, and covered in the output";

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

    /// The files that it needs: those that it names, else the relative first words of its commands.
    pub(super) fn needs(&self) -> Vec<Need> {
        let need = |path: &String| {
            if path.contains(['*', '?', '[', '{']) {
                Need::Glob(plain(path))
            } else {
                Need::File(plain(path))
            }
        };
        if let Some(files) = &self.files {
            return files.iter().map(need).collect();
        }
        // What a step makes is promised: it is there when the steps behind it run.
        let made: Vec<String> = self
            .all()
            .flat_map(|(_, _, step)| &step.makes)
            .map(|path| plain(path))
            .collect();
        let first = self
            .all()
            .filter_map(|(_, _, step)| step.command.first())
            .filter(|word| is_local(word));
        first
            .map(|word| plain(word))
            .filter(|path| !made.contains(path))
            .map(Need::File)
            .collect()
    }

    /// Everything that is wrong with it.
    pub(super) fn check(&self, app: &str, told: &mut Remarks) {
        steps(app, &["steps"], &self.steps, told);
        if let Some(teardown) = &self.teardown {
            steps(app, &["teardown", "steps"], &teardown.steps, told);
        }
        for (n, glob) in self.files.iter().flatten().enumerate() {
            if let Some(says) = inside(glob)
                .err()
                .or_else(|| Glob::new(glob).err().map(|error| error.to_string()))
            {
                told.say(
                    "path",
                    &["files", &n.to_string()],
                    says,
                    "write paths and globs below the estate's folder",
                );
            }
        }
        for (key, names) in [
            ("env", &self.env),
            ("secrets", &self.secrets),
            ("secret_files", &self.secret_files),
        ] {
            for name in names.keys() {
                variable(key, name, told);
            }
        }
        for (key, name, given) in self.secrets() {
            if let Some(Err(says)) = given
                .parse::<SecretRef>()
                .ok()
                .map(|reference| secrets::check(&reference))
            {
                told.say(
                    "secret-ref",
                    &[key, name],
                    format!("{name} of {app}: {says}"),
                    format!("write {}", secrets::forms()),
                );
            }
            let others = [&self.env, &self.secrets, &self.secret_files]
                .into_iter()
                .filter(|names| names.contains_key(name))
                .count();
            if others > 1 {
                told.say_key(
                    "twice",
                    &[key, name],
                    format!("{name} of {app} stands in two lists of variables"),
                    "give it once",
                );
            }
        }
    }

    /// All secrets: the list in which each stands, its name, where it is.
    fn secrets(&self) -> impl Iterator<Item = (&'static str, &str, &str)> {
        self.secrets
            .iter()
            .map(|(name, given)| ("secrets", name.as_str(), given.as_str()))
            .chain(
                self.secret_files
                    .iter()
                    .map(|(name, given)| ("secret_files", name.as_str(), given.as_str())),
            )
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
            let tries = step.attempts.map(|n| format!("tried {n} times"));
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
        let variables = self
            .env
            .iter()
            .map(|(key, value)| format!("script {app}: sets {}={}", quoted(key), quoted(value)));
        let secrets = self.secrets().map(|(key, name, given)| {
            let how = if key == "secrets" {
                "as"
            } else {
                "in a file as"
            };
            format!(
                "script {app}: reads the secret {} and gives it {how} {}",
                quoted(given),
                quoted(name)
            )
        });
        self.all()
            .map(runs)
            .chain(files)
            .chain(variables)
            .chain(secrets)
            .collect()
    }
}

/// Checks the name of a variable.
fn variable(key: &str, name: &str, told: &mut Remarks) {
    let first = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let fits = first && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !fits || name.starts_with("HOLDPOINT_") {
        let says = format!("{name:?} cannot be the name of a variable here");
        told.say_key(
            "variable",
            &[key, name],
            says,
            "use letters, digits and _; HOLDPOINT_ is ours",
        );
    }
}

/// A first word that names a file of the estate.
fn is_local(word: &str) -> bool {
    word.contains('/') && !word.starts_with('/')
}

fn steps(app: &str, path: &[&str], steps: &BTreeMap<String, ScriptStep>, told: &mut Remarks) {
    if steps.is_empty() {
        told.say(
            "nothing",
            path,
            format!("{app} has no steps"),
            "add at least one",
        );
    }
    let mut makers: BTreeMap<String, &str> = BTreeMap::new();
    for (id, step) in steps {
        let at = |rest: &[&'static str]| [path, &[id.as_str()], rest].concat();
        if id.is_empty()
            || id.len() > 63
            || !id
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        {
            told.say_key(
                "name",
                &at(&[]),
                format!("{id:?} is not a name of a step"),
                "use 1 to 63 letters, digits, '-' and '_'",
            );
        }
        match step.command.first().map(String::as_str) {
            None | Some("") => told.say(
                "command",
                &at(&["command"]),
                format!("step {id} has no command"),
                "write [word, word, …]",
            ),
            Some(word) if is_local(word) => {
                if let Err(says) = inside(word) {
                    told.say(
                        "path",
                        &at(&["command", "0"]),
                        says,
                        "name a file below the estate's folder",
                    );
                }
            }
            Some(_) => {}
        }
        for (n, path) in step.makes.iter().enumerate() {
            let n = n.to_string();
            let place = [at(&["makes"]).as_slice(), &[n.as_str()]].concat();
            if let Err(says) = inside(path) {
                told.say(
                    "path",
                    &place,
                    says,
                    "name files below the working directory of the command",
                );
            } else if let Some(other) = makers.insert(plain(path), id) {
                told.say(
                    "twice",
                    &place,
                    format!("{path} is made by {other} and by {id}"),
                    "one step makes a file",
                );
            }
        }
        if step.command.iter().any(|word| word.contains('\0')) {
            told.say(
                "command",
                &at(&["command"]),
                format!("step {id} has a word with a NUL in it"),
                "",
            );
        }
        for (n, need) in step
            .after
            .iter()
            .enumerate()
            .filter(|(_, need)| !steps.contains_key(*need))
        {
            let n = n.to_string();
            let place = [at(&["after"]).as_slice(), &[n.as_str()]].concat();
            told.say(
                "unknown-name",
                &place,
                format!("step {id} comes after {need:?}, which does not exist"),
                "",
            );
        }
        if let Some(Err(says)) = step.timeout.as_deref().map(duration::read) {
            told.say("duration", &at(&["timeout"]), says, "");
        }
        if step.attempts.is_some_and(|n| !(1..=10).contains(&n)) {
            told.say(
                "attempts",
                &at(&["attempts"]),
                format!("step {id} must be tried 1 to 10 times"),
                "",
            );
        }
    }
    let edges: BTreeMap<&str, Vec<&str>> = steps
        .iter()
        .map(|(id, step)| (id.as_str(), step.after.iter().map(String::as_str).collect()))
        .collect();
    if let Some(circle) = circle(&edges) {
        let says = format!("these steps wait for each other: {}", circle.join(", "));
        told.say(
            "cycle",
            &[path, &[circle[0], "after"]].concat(),
            says,
            "take one `after` out",
        );
    }
}

/// Variables and words of commands that are secrets in clear text. `entry` is what stands in the
/// file, whatever else is wrong with it.
pub(super) fn secrets(app: &str, entry: &Node) -> Remarks {
    let mut told = Remarks::default();
    for (name, value) in entry.get("env").map_or(&[][..], Node::entries) {
        if value
            .text()
            .is_some_and(|text| secret::is_kept_in(&name.name, text))
        {
            let says = format!(
                "{} of {app} is a secret in clear text, and would be kept with every deployment",
                name.name
            );
            told.say("secret", &["env", &name.name], says, FETCH);
        }
    }
    for list in ["secrets", "secret_files"] {
        for (name, value) in entry.get(list).map_or(&[][..], Node::entries) {
            if value
                .text()
                .is_some_and(|text| text.parse::<SecretRef>().is_err())
            {
                let says = format!(
                    "{} of {app} says no place where the secret is: is it the secret itself?",
                    name.name
                );
                told.say(
                    "secret",
                    &[list, &name.name],
                    says,
                    format!("write {}", secrets::forms()),
                );
            }
        }
    }
    for path in [&["steps"][..], &["teardown", "steps"]] {
        let steps = path.iter().try_fold(entry, |node, part| node.get(part));
        for (step, node) in steps.map_or(&[][..], Node::entries) {
            let command = node.get("command").map_or(&[][..], Node::items);
            let texts: Vec<String> = command
                .iter()
                .map(|word| word.text().unwrap_or_default().to_owned())
                .collect();
            for n in secret::in_words(&texts) {
                let says = format!(
                    "the command of step {} of {app} has a secret in clear text, and would be kept with every deployment",
                    step.name
                );
                told.say(
                    "secret",
                    &[path, &[&step.name, "command", &n.to_string()]].concat(),
                    says,
                    FETCH,
                );
            }
        }
    }
    told
}
