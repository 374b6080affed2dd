//! What a build of a site does, as CodeBuild reads it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::entry::{PackageManager, Runtime};

/// Where the artifact is taken from. `CodeBuild` takes it also of a build that failed, and what is kept of
/// a commit counts as built: the folder is there once everything went well.
const BUILT: &str = "holdpoint-built";

/// What the build of a site does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Recipe {
    /// What installs the packages and runs the scripts.
    pub(super) manager: PackageManager,
    /// In which Node.
    pub(super) node: Runtime,
    /// The script that builds.
    pub(super) build: String,
    /// The script that tests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) test: Option<String>,
    /// The folder in which the build leaves its files.
    pub(super) out: String,
}

/// The buildspec, with variables whose values CodeBuild reads from parameters. It is JSON, which is YAML too, so that no name in it can mean anything else.
pub(super) fn buildspec(recipe: &Recipe, variables: &BTreeMap<String, String>) -> String {
    let (install, run): (&[&str], &str) = match recipe.manager {
        PackageManager::Npm => (&["npm ci"], "npm run"),
        PackageManager::Yarn => (
            &[
                "npm install --global yarn@1",
                "yarn install --frozen-lockfile",
            ],
            "yarn run",
        ),
        PackageManager::YarnBerry => (&["corepack enable", "yarn install --immutable"], "yarn run"),
    };
    let node = match recipe.node {
        Runtime::Node16 => 16,
        Runtime::Node18 => 18,
        Runtime::Node20 => 20,
        Runtime::Node22 => 22,
    };
    let script = |name: &String| format!("{run} {name}");
    let mut phases = json!({
        "install": { "runtime-versions": { "nodejs": node }, "commands": install },
        "build": { "commands": [script(&recipe.build), format!("mv -- '{}' {BUILT}", recipe.out)] },
    });
    if let (Some(test), Value::Object(phases)) = (&recipe.test, &mut phases) {
        phases.insert(
            "pre_build".to_owned(),
            json!({ "commands": [script(test)] }),
        );
    }
    let mut spec = json!({
        "version": "0.2",
        "phases": phases,
        "artifacts": { "files": ["**/*"], "base-directory": BUILT },
    });
    if !variables.is_empty() {
        spec["env"] = json!({ "parameter-store": variables });
    }
    spec.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_installs_by_the_lock_file_tests_and_builds() {
        let recipe = |manager, test: Option<&str>| Recipe {
            manager,
            node: Runtime::Node20,
            build: "build:all".to_owned(),
            test: test.map(str::to_owned),
            out: "dist".to_owned(),
        };
        let read = |recipe: &Recipe| -> Value {
            serde_json::from_str(&buildspec(recipe, &BTreeMap::new())).unwrap()
        };
        let npm = read(&recipe(PackageManager::Npm, Some("test")));
        assert_eq!(npm["phases"]["install"]["commands"], json!(["npm ci"]));
        assert_eq!(npm["phases"]["install"]["runtime-versions"]["nodejs"], 20);
        assert_eq!(
            npm["phases"]["pre_build"]["commands"],
            json!(["npm run test"])
        );
        assert_eq!(
            npm["phases"]["build"]["commands"],
            json!(["npm run build:all", "mv -- 'dist' holdpoint-built"])
        );
        assert_eq!(npm["artifacts"]["base-directory"], "holdpoint-built");
        assert_eq!(npm["env"], Value::Null);
        let berry = read(&recipe(PackageManager::YarnBerry, None));
        assert_eq!(berry["phases"]["install"]["commands"][0], "corepack enable");
        assert_eq!(berry["phases"]["pre_build"], Value::Null);
    }
}
