//! The repository in which an application file stands: what is wrong with what an entry says of it,
//! and what it reaches.

use std::collections::BTreeMap;

use super::ServiceEntry;
use crate::domain::refs::Branch;
use crate::domain::relative::inside;
use crate::systems::apps::{self, GithubApp};
use crate::systems::entry::{Remarks, Written};
use crate::systems::files::{Files, Need};
use crate::systems::reach::quoted;
use crate::systems::service::o5::Asked;
use crate::systems::service::source::EVERY;
use crate::text::diagnostic::closest;

impl ServiceEntry {
    /// The application file, where it is one of the estate's.
    pub(super) fn of_estate(&self) -> Option<&str> {
        let config = self.config.as_deref();
        config.filter(|_| self.repository.is_none())
    }

    /// The o5 environment as a check run names it: an id is nobody's word.
    pub(in crate::systems::service) fn named_at_o5(&self, env: &str) -> String {
        let called = self.called(env);
        match called.parse::<uuid::Uuid>() {
            Ok(_) => env.to_owned(),
            Err(_) => called,
        }
    }

    /// The o5 files of an environment that are the estate's, where the application's is not.
    ///
    /// # Errors
    /// Those that must be read first.
    pub(in crate::systems::service) fn beside(
        &self,
        env: &str,
        stack: String,
        files: &Files,
    ) -> Result<Asked, Vec<Need>> {
        let asked = Asked {
            migrations: BTreeMap::new(),
            ..self.made_from(env, stack, String::new(), "")
        };
        let own = [&asked.cluster].into_iter();
        let own = own.chain(&asked.environment).chain(&asked.database_ca);
        let missing = files.missing(own.map(|path| Need::File(path.clone())).collect());
        if missing.is_empty() {
            Ok(asked)
        } else {
            Err(missing)
        }
    }

    /// What it reads of a repository, and which pushes are deployed where, as trust shows it.
    pub(super) fn read_from(&self) -> Option<String> {
        let repository = self.repository.as_ref()?;
        let by = self.github_app.as_ref().map(GithubApp::reach);
        let follows = if self.branches.is_empty() {
            let branch = self.branch.as_deref().unwrap_or("master");
            format!("deploying pushes to {}", quoted(branch))
        } else {
            let each = self.branches.iter().map(|(branch, environments)| {
                let to: Vec<String> = environments.iter().map(|env| quoted(env)).collect();
                format!("{} to {}", quoted(branch), to.join(" and "))
            });
            format!(
                "deploying pushes of {}",
                each.collect::<Vec<_>>().join("; ")
            )
        };
        Some(format!(
            "read from {}{}, {follows}",
            quoted(repository),
            by.unwrap_or_default()
        ))
    }

    /// Everything that is wrong with what it says of its repository.
    pub(super) fn check_repository(&self, written: &Written<'_>, told: &mut Remarks) {
        let Some(repository) = &self.repository else {
            let alone = [
                ("github_app", self.github_app.is_some()),
                ("branch", self.branch.is_some()),
                ("branches", !self.branches.is_empty()),
            ];
            let alone = alone.into_iter().filter(|(_, is_there)| *is_there);
            for (key, _) in alone.filter(|_| self.template.is_none()) {
                let says = format!("{key} belongs to a repository, and none is named");
                let hint = "write repository: ADDRESS beside it, or leave it out";
                told.say_key("alone", &[key], says, hint);
            }
            return;
        };
        apps::check_repository(repository, told);
        if let Some(app) = &self.github_app {
            app.check(repository, told);
        }
        if let Some(Err(says)) = self
            .config
            .as_deref()
            .filter(|path| *path != "/")
            .map(inside)
        {
            let hint = "name a file or a folder of the repository: ext/o5/app.yaml";
            told.say("path", &["config"], says, hint);
        }
        if let (Some(_), false) = (&self.branch, self.branches.is_empty()) {
            told.say_key(
                "both",
                &["branches"],
                "it says branch and branches, and follows what one of them says",
                "leave branch out",
            );
        }
        let mut branch = |path: &[&str], name: &str| {
            if let Err(why) = name.parse::<Branch>() {
                let hint = "write it as git does, without refs/heads/";
                told.say_key("branch", path, format!("{name:?}: {why}"), hint);
            }
        };
        if let Some(name) = &self.branch {
            branch(&["branch"], name);
        }
        for name in self.branches.keys().filter(|name| *name != EVERY) {
            branch(&["branches", name], name);
        }
        for (name, environments) in &self.branches {
            for (n, env) in environments.iter().enumerate() {
                if written.environments.contains(env) {
                    continue;
                }
                let near = closest(env, written.environments.iter().map(String::as_str));
                let hint = near.map_or_else(String::new, |near| format!("did you mean {near:?}?"));
                let says = format!("{} does not live in {env:?}", written.app);
                told.say(
                    "unknown-name",
                    &["branches", name, &n.to_string()],
                    says,
                    hint,
                );
            }
        }
    }
}
