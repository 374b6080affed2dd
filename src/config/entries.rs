//! What is checked of single applications: their entries by their systems, the real things that
//! they would own, what they watch. No file is opened here.

use std::collections::BTreeMap;

use super::check::Check;
use super::raw::File;
use crate::domain::environment::EnvironmentRecord;
use crate::domain::ids::EnvName;
use crate::domain::place::Place;
use crate::domain::queue::QueueKind;
use crate::systems::System;
use crate::systems::entry::{Home, Remarks, Written};

/// Checks every application.
pub(super) fn check(
    check: &mut Check<'_>,
    file: &File,
    environments: &BTreeMap<EnvName, EnvironmentRecord>,
) {
    let mut owners = BTreeMap::new();
    let mut families = BTreeMap::new();
    for (app, raw) in &file.applications {
        for system in check.systems {
            let Some(entry) = raw.entries.get(system.name()) else {
                continue;
            };
            let family = system.is_family(entry);
            let mut told = Remarks::default();
            system.check(
                &Written {
                    app,
                    environments: &raw.environments,
                    entry,
                },
                &mut told,
            );
            check.remarks(&["applications", app, system.name()], &told);
            for env in &raw.environments {
                let Some(record) = env
                    .parse::<EnvName>()
                    .ok()
                    .and_then(|env| environments.get(&env))
                else {
                    continue;
                };
                let home = system
                    .form()
                    .place
                    .and_then(|name| check.kinds.iter().find(|kind| kind.name() == name));
                if let Some(kind) = home.filter(|kind| record.places.of_kind(kind.name()).is_none())
                {
                    let says = format!(
                        "{app} is a {}, and the environment {env} does not say how to reach {}",
                        system.name(),
                        kind.called()
                    );
                    check.say_key(
                        kind.name(),
                        &["environments"],
                        env,
                        says,
                        format!("add {}", kind.example()),
                    );
                    continue;
                }
                let ground = ground(*system, record);
                if family {
                    let path = &["applications", app, system.name()];
                    check_family(check, path, env, record, &mut families);
                }
                for claim in system.claims(app, &Home { name: env, record }, entry) {
                    if let Some(other) =
                        owners.insert((ground.clone(), claim.what.clone()), format!("{env}/{app}"))
                    {
                        let path: Vec<&str> = claim.path.iter().map(String::as_str).collect();
                        let says =
                            format!("{env}/{app} and {other} would be the same {}", claim.what);
                        check.say(
                            "same-stack",
                            &[&["applications", app, system.name()], path.as_slice()].concat(),
                            says,
                            claim.hint,
                        );
                    }
                }
            }
        }
        for (n, group) in raw.watch.logs.iter().enumerate() {
            let fits = (1..=512).contains(&group.len())
                && group
                    .replace("{env}", "x")
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "_-/.#".contains(c));
            if !fits {
                let says = format!("{group:?} is not a name of a log group");
                check.say(
                    "log-group",
                    &["applications", app, "watch", "logs", &n.to_string()],
                    says,
                    "use a-z A-Z 0-9 _ - / . #",
                );
            }
        }
        for (n, project) in raw.watch.codebuild.iter().enumerate() {
            let name = project.replace("{env}", "x");
            let fits = (2..=150).contains(&name.len())
                && name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
            if !fits {
                let says = format!("{project:?} is not a name of a project of CodeBuild");
                check.say(
                    "build-project",
                    &["applications", app, "watch", "codebuild", &n.to_string()],
                    says,
                    "use 2 to 150 of a-z A-Z 0-9 _ -",
                );
            }
        }
    }
}

/// Where the real things of a system's stacks are in an environment.
pub(super) fn ground(system: &dyn System, record: &EnvironmentRecord) -> String {
    let place = system.form().place;
    let place = place.and_then(|kind| record.places.of_kind(kind));
    let place = place.or_else(|| record.places.home());
    place.map(Place::ground).unwrap_or_default()
}

/// Checks a family in an environment: something tells of its apps, and they are of no other one.
fn check_family<'a>(
    check: &mut Check<'_>,
    path: &[&'a str; 3],
    env: &'a str,
    record: &EnvironmentRecord,
    families: &mut BTreeMap<&'a str, &'a str>,
) {
    let [_, app, _] = *path;
    let mut places = record.places.iter();
    if !places.any(|place| QueueKind::Apps.at(place).is_some()) {
        let says = format!("each app is an instance of {app}, and nothing tells of apps in {env}");
        let hint = format!(
            "name the queue: environments: {{ {env}: {{ aws: {{ queues: {{ apps: NAME }} }} }} }}"
        );
        check.say_key("no-queue", path, "each", says, hint);
    }
    if let Some(other) = families.insert(env, app) {
        let says = format!("an app of {env} would be an instance of {other} and of {app}");
        check.say_key(
            "two-families",
            path,
            "each",
            says,
            "let each of them live in environments of its own",
        );
    }
}
