//! A buildspec, as far as it is told: the commands of its phases, its runtimes, and where what it
//! makes is.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::phase::Kind;
use crate::sandbox::values::text_of;

/// What a build is told to do.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Buildspec {
    /// By phase.
    pub(super) commands: BTreeMap<Kind, Vec<String>>,
    /// Names and versions of `runtime-versions`.
    pub(super) runtimes: Vec<(String, String)>,
    /// Variables, each with the name of the parameter that holds its value.
    pub(super) parameters: BTreeMap<String, String>,
    /// Below which folder the files of the artifact are.
    pub(super) base: Option<String>,
    /// By phase, what is run at its end, however that comes.
    pub(super) finally: BTreeMap<Kind, Vec<String>>,
    /// Variables, with their values.
    pub(super) variables: BTreeMap<String, String>,
    /// Which files belong to the artifact.
    pub(super) files: Vec<String>,
}

impl Buildspec {
    /// Reads a text. The error is what `CodeBuild` says of it.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let tree: Value = serde_yaml::from_str(text).map_err(|error| error.to_string())?;
        if tree.get("version").is_none() {
            return Err("invalid buildspec version specified".to_owned());
        }
        Self::of(&tree)
    }

    /// What stands in a source that nobody looks into.
    pub(super) fn usual() -> Self {
        let tree = json!({
            "phases": {
                "install": { "runtime-versions": { "nodejs": 22 }, "commands": ["npm ci"] },
                "build": { "commands": ["npm run build"] },
            },
            "artifacts": { "base-directory": "dist", "files": ["**/*"] },
        });
        Self::of(&tree).unwrap_or_default()
    }

    fn of(tree: &Value) -> Result<Self, String> {
        let phases = tree.get("phases").and_then(Value::as_object);
        let (mut commands, mut finally) = (BTreeMap::new(), BTreeMap::new());
        for (name, phase) in phases.into_iter().flatten() {
            let kind = Kind::of(&name.to_uppercase())
                .filter(|kind| kind.has_commands())
                .ok_or_else(|| format!("unknown phase {name} in the buildspec"))?;
            for (field, into) in [("commands", &mut commands), ("finally", &mut finally)] {
                let lines = listed(phase.get(field));
                if !lines.is_empty() {
                    into.insert(kind, lines);
                }
            }
        }
        let runtimes = tree.pointer("/phases/install/runtime-versions");
        let runtimes = runtimes.and_then(Value::as_object).into_iter().flatten();
        let parameters = tree.pointer("/env/parameter-store");
        let parameters = parameters.and_then(Value::as_object).into_iter().flatten();
        let variables = tree.pointer("/env/variables");
        let variables = variables.and_then(Value::as_object).into_iter().flatten();
        let base = tree.pointer("/artifacts/base-directory");
        Ok(Self {
            commands,
            runtimes: runtimes
                .map(|(name, version)| (name.clone(), text_of(version)))
                .collect(),
            parameters: parameters
                .map(|(name, parameter)| (name.clone(), text_of(parameter)))
                .collect(),
            base: base.map(text_of),
            finally,
            variables: variables
                .map(|(name, value)| (name.clone(), text_of(value)))
                .collect(),
            files: listed(tree.pointer("/artifacts/files")),
        })
    }

    /// Where the files of the artifact were made: the folder that the build moves to its base, else the
    /// base itself.
    pub(super) fn made_in(&self) -> Option<&str> {
        let base = self.base.as_deref()?;
        let moved = self.commands(Kind::Build).iter().find_map(|command| {
            let from = command
                .strip_prefix("mv -- ")?
                .strip_suffix(base)?
                .trim_end();
            Some(from.trim_matches('\''))
        });
        Some(moved.unwrap_or(base))
    }

    /// The commands of a phase.
    pub(super) fn commands(&self, kind: Kind) -> &[String] {
        self.commands.get(&kind).map_or(&[], Vec::as_slice)
    }
}

/// The texts of a list, or the lines of one text.
fn listed(given: Option<&Value>) -> Vec<String> {
    match given {
        Some(Value::Array(all)) => all.iter().map(text_of).collect(),
        Some(Value::String(all)) => all.lines().map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}
