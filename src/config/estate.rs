//! From the estate file as written to the [`Estate`]: names, references, cycles, defaults.
//! Everything wrong is said at once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use schemars::SchemaGenerator;
use serde_json::{Map, Value};

use super::check::Check;
use super::named::Named;
use super::raw::{self, File, Store};
use super::{entries, secrets, shape};
use crate::domain::class::EnvClass;
use crate::domain::environment::{EnvironmentRecord, OnFailure};
use crate::domain::estate::{Application, Estate};
use crate::domain::ids::{AppName, EnvName};
use crate::domain::level::Level;
use crate::domain::order::order;
use crate::domain::place::Places;
use crate::places::{Kinds, Written};
use crate::systems::System;
use crate::systems::entry::Remarks;
use crate::text::diagnostic::{Diagnostics, closest};
use crate::text::document::{self, Limits, Node};
use crate::text::duration;

/// How long a hold waits when the file says nothing.
pub const HOLD_EXPIRY: Duration = Duration::from_hours(24);

/// What an estate file says, and everything that is wrong with it. What has another shape than it
/// must have is left out, entry by entry; all else is there, so that it can be checked further.
/// There is no estate at all where the file is no tree or names no environments.
///
/// `folder` is where relative paths of files that AWS clients read begin.
pub(super) fn examine(
    name: &str,
    bytes: &[u8],
    folder: &Path,
    systems: &[&dyn System],
    kinds: Kinds,
) -> (Option<(Estate, Named)>, Diagnostics) {
    let (mut source, root) = match document::read(name, bytes, Limits::CONFIGURATION) {
        Ok(read) => read,
        Err(found) => return (None, found),
    };
    let secrets = secrets::find(&root, systems);
    secrets::hide(&mut source, &secrets);
    let (file, found) = shape::read_rest::<File>(
        &source,
        &root,
        &raw::schema(systems, kinds),
        &raw::unbuilt(systems),
    );
    let mut check = Check {
        source: &source,
        root: &root,
        folder,
        systems,
        kinds,
        found,
    };
    check
        .found
        .0
        .extend(secrets.iter().filter_map(|secret| secret.told(&source)));
    check.names();
    let estate = file.map(|file| check.estate(&file));
    check.found.settle();
    let found = check.found;
    (
        estate.map(|estate| (estate, Named::new(source, root))),
        found,
    )
}

impl Check<'_> {
    /// Names of environments and applications, and every reference to one.
    fn names(&mut self) {
        let root = self.root;
        let keys = |section: &str| root.get(section).map_or(&[][..], Node::entries);
        for (key, _) in keys("environments") {
            if let Err(error) = key.name.parse::<EnvName>() {
                self.say_at("name", key.at, error.to_string(), "");
            } else if key
                .name
                .bytes()
                .all(|b| b.is_ascii_digit() || b"hjkl".contains(&b))
            {
                let says = format!(
                    "{:?} is made of movement keys alone: typing it to confirm could happen by moving around",
                    key.name
                );
                self.say_at("name", key.at, says, "choose a name with another letter");
            }
        }
        for (key, _) in keys("applications") {
            if let Err(error) = key.name.parse::<AppName>() {
                self.say_at("name", key.at, error.to_string(), "");
            }
        }
        for (app, node) in keys("applications") {
            for (list, section, what) in [
                ("environments", "environments", "environment"),
                ("depends_on", "applications", "application"),
            ] {
                let mut seen = BTreeSet::new();
                for item in node.get(list).map_or(&[][..], Node::items) {
                    let Some(name) = item.text() else { continue };
                    if !keys(section).iter().any(|(key, _)| key.name == name) {
                        let known = keys(section).iter().map(|(key, _)| key.name.as_str());
                        let hint = closest(name, known)
                            .map_or_else(String::new, |near| format!("did you mean {near:?}?"));
                        self.say_at(
                            "unknown-name",
                            item.at,
                            format!(
                                "{} names the {what} {name:?}, which does not exist",
                                app.name
                            ),
                            hint,
                        );
                    } else if !seen.insert(name) {
                        self.say_at(
                            "twice",
                            item.at,
                            format!("{name:?} is listed twice in {list} of {}", app.name),
                            "",
                        );
                    } else if list == "depends_on" && name == app.name {
                        self.say_at("cycle", item.at, format!("{name} depends on itself"), "");
                    }
                }
            }
        }
    }

    /// Environments and applications.
    fn estate(&mut self, file: &File) -> Estate {
        // There is one kind of store: another one must say here what it means.
        let Store::Sqlite = file.store;
        let environments = self.environments(file);
        let applications = self.applications(file);
        entries::check(self, file, &environments);
        Estate {
            environments,
            applications,
        }
    }

    fn environments(&mut self, file: &File) -> BTreeMap<EnvName, EnvironmentRecord> {
        let mut out = BTreeMap::new();
        for (name, raw) in &file.environments {
            let protected = matches!(raw.class, EnvClass::Production | EnvClass::Staging);
            let places = self.places(name, raw);
            let hold_expiry = raw
                .hold_expiry
                .as_deref()
                .map_or(Ok(HOLD_EXPIRY), duration::read)
                .unwrap_or_else(|says| {
                    self.say("duration", &["environments", name, "hold_expiry"], says, "");
                    HOLD_EXPIRY
                });
            let record = EnvironmentRecord {
                class: raw.class,
                places,
                on_failure: raw.on_failure.unwrap_or(if protected {
                    OnFailure::Break
                } else {
                    OnFailure::Continue
                }),
                queue: raw.queue,
                mode: raw.mode,
                min_level: raw.min_level.and_then(|level| Level::try_from(level).ok()),
                hold_expiry,
            };
            if let Ok(name) = name.parse() {
                out.insert(name, record);
            }
        }
        out
    }

    /// The places of an environment, by the kinds that there are; the first of them is its home.
    fn places(&mut self, name: &str, raw: &raw::Environment) -> Places {
        let mut places = Vec::new();
        for kind in self.kinds {
            let of_kind = raw::keys(*kind, &mut SchemaGenerator::default());
            let keys: Map<String, Value> = raw
                .places
                .iter()
                .filter(|(key, _)| of_kind.contains_key(*key))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect();
            let mut told = Remarks::default();
            places.extend(kind.read(
                &Written {
                    env: name,
                    keys: &keys,
                    folder: self.folder,
                },
                &mut told,
            ));
            self.remarks(&["environments", name], &told);
        }
        places.into_iter().collect()
    }

    fn applications(&mut self, file: &File) -> BTreeMap<AppName, Application> {
        let mut out = BTreeMap::new();
        for (name, raw) in &file.applications {
            let own: Vec<(&str, &Value)> = self
                .systems
                .iter()
                .filter_map(|system| Some((system.name(), raw.entries.get(system.name())?)))
                .collect();
            let (system, entry) = match own.as_slice() {
                [one] => *one,
                [] => {
                    let says = format!("{name} does not say what it is");
                    let ways: Vec<String> = self
                        .systems
                        .iter()
                        .map(|system| format!("{}: {}", system.name(), system.form().example))
                        .collect();
                    self.say_key(
                        "kind",
                        &["applications"],
                        name,
                        says,
                        format!("add {}", ways.join(" or ")),
                    );
                    continue;
                }
                [first, .., last] => {
                    let says = format!(
                        "{name} is a {} and a {}; an application is one of them",
                        first.0, last.0
                    );
                    self.say_key(
                        "kind",
                        &["applications", name],
                        last.0,
                        says,
                        "make two applications of it",
                    );
                    continue;
                }
            };
            if let Ok(name) = name.parse() {
                out.insert(
                    name,
                    Application {
                        system: system.to_owned(),
                        entry: entry.clone(),
                        environments: raw
                            .environments
                            .iter()
                            .filter_map(|env| env.parse().ok())
                            .collect(),
                        depends_on: raw
                            .depends_on
                            .iter()
                            .filter_map(|app| app.parse().ok())
                            .collect(),
                        watch_logs: raw.watch.tails(),
                    },
                );
            }
        }
        let edges: BTreeMap<&str, Vec<&str>> = file
            .applications
            .iter()
            .map(|(name, raw)| {
                (
                    name.as_str(),
                    raw.depends_on.iter().map(String::as_str).collect(),
                )
            })
            .collect();
        if let Err(circle) = order(edges)
            && circle.len() > 1
        {
            let says = format!(
                "these applications wait for each other: {}",
                circle.join(", ")
            );
            self.say(
                "cycle",
                &["applications", circle[0], "depends_on"],
                says,
                "take one depends_on out",
            );
        }
        out
    }
}

#[cfg(test)]
pub(super) mod tests;
