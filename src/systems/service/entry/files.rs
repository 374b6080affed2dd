//! The files that a service is made of: a template, or those of o5.

use super::{Databases, ServiceEntry};
use crate::domain::relative::{inside, plain};
use crate::forms::cloudformation::COUNT;
use crate::systems::entry::Remarks;
use crate::systems::files::{Files, Need};
use crate::systems::reach::quoted;
use crate::systems::service::late::{TAG, is_tag};
use crate::systems::service::o5::{Asked, CONFIGS, OVERRIDES};

/// Roles of o5 applications have names of their own.
const NAMED_ROLES: &str = "CAPABILITY_NAMED_IAM";

impl ServiceEntry {
    /// Whether it is made of o5 files.
    pub(in crate::systems::service) fn is_of_o5(&self) -> bool {
        self.config.is_some() || self.repository.is_some()
    }

    /// What is acknowledged: what is written, and what o5 files always need.
    pub(in crate::systems::service) fn acknowledged(&self) -> Vec<String> {
        let mut all = self.capabilities.clone();
        if self.is_of_o5() && !all.iter().any(|one| one == NAMED_ROLES) {
            all.push(NAMED_ROLES.to_owned());
        }
        all
    }

    /// What it is made of, as trust shows it.
    pub(super) fn made_of(&self) -> String {
        let named = |what: &str, file: &Option<String>| {
            let file = file.as_deref()?;
            Some(format!("{what} {}", quoted(file)))
        };
        let all = [
            named("template", &self.template),
            named("application", &self.config),
            self.read_from(),
            named("cluster", &self.cluster),
            named("environment", &self.environment_file),
        ];
        all.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// Says what is wrong with the files that it names, whatever stands in them.
    pub(super) fn check_files(&self, told: &mut Remarks) {
        for (key, file) in [
            ("template", self.template.as_deref()),
            ("config", self.of_estate()),
            ("cluster", self.cluster.as_deref()),
            ("environment_file", self.environment_file.as_deref()),
            ("database_ca", self.database_ca.as_deref()),
        ] {
            if let Some(Err(says)) = file.map(inside) {
                let hint = "name a file below the folder of the estate file";
                told.say("path", &[key], says, hint);
            }
        }
        for (database, folder) in &self.migrations {
            if let Err(says) = inside(folder) {
                let hint = "name a folder below that of the estate file";
                told.say("path", &["migrations", database], says, hint);
            }
        }
        for path in self.wrong_overrides() {
            let key = path.last().copied().unwrap_or_default();
            let says = format!("nothing of a cluster is overridden by {key:?}");
            let hint = format!("what can be is {}", OVERRIDES.join(", "));
            told.say_key("unknown-key", &path, says, hint);
        }
        if let Some(version) = self.version.as_ref().filter(|one| !is_tag(&one.0)) {
            let says = format!("{:?} cannot be a version", version.0);
            told.say("version", &["version"], says, TAG);
        }
        match (
            &self.template,
            self.config.as_ref().or(self.repository.as_ref()),
        ) {
            (None, None) => told.say(
                "missing",
                &[],
                "it says neither template nor config: what it is made of",
                "write template: FILE, or config: FILE and cluster: FILE of o5",
            ),
            (Some(_), Some(_)) if self.config.is_none() => self.without_o5(told),
            (Some(_), Some(_)) => told.say_key(
                "both",
                &["config"],
                "it says template and config, and is made of one of them",
                "leave one of them out",
            ),
            (Some(_), None) => self.without_o5(told),
            (None, Some(_)) => self.with_o5(told),
        }
    }

    /// Says which keys mean nothing beside a template.
    fn without_o5(&self, told: &mut Remarks) {
        let there = [
            ("cluster", self.cluster.is_some()),
            ("environment_file", self.environment_file.is_some()),
            ("environment", self.environment.is_some()),
            ("overrides", !self.overrides.is_empty()),
            (
                "overrides_by_environment",
                !self.overrides_by_environment.is_empty(),
            ),
            ("version", self.version.is_some()),
            ("migrations", !self.migrations.is_empty()),
            ("databases", self.databases != Databases::default()),
            ("repository", self.repository.is_some()),
            ("github_app", self.github_app.is_some()),
            ("branch", self.branch.is_some()),
            ("branches", !self.branches.is_empty()),
            ("database_ca", self.database_ca.is_some()),
        ];
        for (key, _) in there.into_iter().filter(|(_, is_there)| *is_there) {
            let says = format!("{key} belongs to o5 files, and this service has a template");
            told.say_key("both", &[key], says, "leave it out");
        }
    }

    /// Says what is missing beside an o5 application, and what its files say already.
    fn with_o5(&self, told: &mut Remarks) {
        if self.cluster.is_none() {
            let key = self.config.as_ref().map_or("repository", |_| "config");
            told.say_key(
                "missing",
                &[key],
                "an o5 application needs the file of the cluster where it runs",
                format!("write cluster: FILE beside {key}"),
            );
        }
        let own = self.parameters.keys().map(|name| vec!["parameters", name]);
        let by_environment = self.parameters_by_environment.iter();
        let by_environment = by_environment.flat_map(|(env, all)| {
            all.keys()
                .map(move |name| vec!["parameters_by_environment", env, name])
        });
        for path in own.chain(by_environment) {
            let name = path.last().copied().unwrap_or_default();
            if !name.starts_with(COUNT) {
                let says = format!("the parameter {name} is what the o5 files say");
                let hint = "change the files; counts of tasks (DesiredCount…) can be given here";
                told.say_key("derived", &path, says, hint);
            }
        }
    }

    /// Where something is overridden that cannot be.
    fn wrong_overrides(&self) -> Vec<Vec<&str>> {
        let own = self.overrides.keys().map(|key| vec!["overrides", key]);
        let by_environment = self.overrides_by_environment.iter();
        let by_environment = by_environment.flat_map(|(env, all)| {
            all.keys()
                .map(move |key| vec!["overrides_by_environment", env, key])
        });
        let known = |path: &Vec<&str>| path.last().is_some_and(|key| OVERRIDES.contains(key));
        own.chain(by_environment)
            .filter(|path| !known(path))
            .collect()
    }

    /// The files that it names, whatever the environment, each with the key that does.
    pub(in crate::systems::service) fn names(&self) -> Vec<(Need, Vec<String>)> {
        let named = [
            ("template", self.template.as_deref()),
            ("config", self.of_estate()),
            ("cluster", self.cluster.as_deref()),
            ("environment_file", self.environment_file.as_deref()),
            ("database_ca", self.database_ca.as_deref()),
        ];
        let named = named
            .into_iter()
            .filter_map(|(key, file)| Some((key, file?)));
        let folders = self.migrations.iter().map(|(database, folder)| {
            let need = Need::Glob(format!("{}/*.sql", plain(folder)));
            (need, vec!["migrations".to_owned(), database.clone()])
        });
        named
            .filter(|(_, file)| !file.contains("{env}"))
            .map(|(key, file)| {
                // Of a folder the usual file is what is missing where none is there.
                let folder = file.ends_with('/').then(|| format!("{file}{}", CONFIGS[0]));
                let path = plain(folder.as_deref().unwrap_or(file));
                (Need::File(path), vec![key.to_owned()])
            })
            .chain(folders.filter(|_| self.repository.is_none()))
            .collect()
    }

    /// What the environment is called at o5.
    pub(super) fn called(&self, env: &str) -> String {
        let own = self.environment.as_deref();
        own.map_or_else(|| env.to_owned(), |own| own.replace("{env}", env))
    }

    /// The o5 files of an environment, where the application's is found.
    ///
    /// # Errors
    /// The files that must be looked for first; none where the folder has no application file.
    pub(in crate::systems::service) fn asked(
        &self,
        env: &str,
        stack: String,
        files: &Files,
    ) -> Result<Asked, Vec<Need>> {
        let config = self.config.as_deref().unwrap_or_default();
        let config = match config.strip_suffix('/') {
            None => plain(config),
            Some(folder) => {
                let places = CONFIGS.map(|name| plain(&format!("{folder}/{name}")));
                let looked = places.clone().map(Need::Maybe);
                let missing = files.missing(looked.to_vec());
                if !missing.is_empty() {
                    return Err(missing);
                }
                let mut there = places.iter().filter(|path| files.get(path).is_some());
                let first = there.next().cloned();
                // Where none is there, the usual one is what is missing.
                first.unwrap_or_else(|| places[0].clone())
            }
        };
        let asked = self.made_from(env, stack, config, "");
        let files_of_it = [&asked.config, &asked.cluster]
            .into_iter()
            .chain(&asked.environment)
            .chain(&asked.database_ca);
        let folders = asked.migrations.values();
        let needs = files_of_it
            .map(|path| Need::File(path.clone()))
            .chain(folders.map(|folder| Need::Glob(format!("{folder}/*.sql"))))
            .collect();
        let missing = files.missing(needs);
        if missing.is_empty() {
            Ok(asked)
        } else {
            Err(missing)
        }
    }

    /// The o5 files of an environment beside an application file; what is read of the same
    /// repository stands below `below`.
    pub(in crate::systems::service) fn made_from(
        &self,
        env: &str,
        stack: String,
        config: String,
        below: &str,
    ) -> Asked {
        let in_env = |text: &str| text.replace("{env}", env);
        let own = self.overrides_by_environment.get(env).into_iter().flatten();
        let overrides = self.overrides.iter().chain(own);
        Asked {
            config,
            cluster: plain(self.cluster.as_deref().unwrap_or_default()),
            environment: self
                .environment_file
                .as_deref()
                .map(|file| plain(&in_env(file))),
            called: self.called(env),
            stack,
            database_ca: self.database_ca.as_deref().map(|file| plain(&in_env(file))),
            migrations: self
                .migrations
                .iter()
                .map(|(database, folder)| (database.clone(), format!("{below}{}", plain(folder))))
                .collect(),
            overrides: overrides
                .map(|(key, value)| (key.clone(), value.0.as_ref().map(|one| one.0.clone())))
                .collect(),
        }
    }
}
