//! The stacks of an estate: each application in each environment, or one for each app that was told
//! of, as its system reads it from its entry and the files that it names.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

use super::bundle::{BundleError, Caps, Gathering};
use super::entries::ground;
use super::{Loaded, named};
use crate::domain::estate::Application;
use crate::domain::ids::{AppName, EnvName, StackId};
use crate::domain::instance::Instances;
use crate::domain::request::{SourceBundle, Spec};
use crate::systems::System;
use crate::systems::entry::Home;
use crate::systems::files::{Files, Read};
use crate::systems::versions::Pinned;
use crate::text::diagnostic::{Diagnostic, Diagnostics};
use crate::text::safe::Safe;

/// A stack that was found in an estate, with the files that it was read from.
pub(super) struct Found<'a> {
    pub(super) stack: StackId,
    pub(super) app: &'a Application,
    pub(super) spec: Result<Spec, Diagnostics>,
    pub(super) bundle: SourceBundle,
    /// What the files of several stacks say that has no effect, at the first of them.
    pub(super) notes: Vec<Safe>,
}

/// The application of each environment of which each app is an instance.
pub(super) fn families(loaded: &Loaded) -> BTreeMap<EnvName, AppName> {
    let mut all = BTreeMap::new();
    for (name, app) in &loaded.estate.applications {
        let system = loaded.system(&app.system);
        if system.is_some_and(|system| system.is_family(&app.entry)) {
            all.extend(
                app.environments
                    .iter()
                    .map(|env| (env.clone(), name.clone())),
            );
        }
    }
    all
}

/// What an application is in an environment: its stack, or that of each app, with its entry.
fn members<'a>(
    system: &dyn System,
    whole: StackId,
    app: &'a Application,
    instances: &Instances,
) -> Vec<(StackId, Cow<'a, Value>)> {
    if !system.is_family(&app.entry) {
        return vec![(whole, Cow::Borrowed(&app.entry))];
    }
    let own = instances.iter().filter(|(stack, _)| stack.whole() == whole);
    own.filter_map(|(stack, instance)| {
        let entry = system.instance(&app.entry, instance)?;
        Some((stack.clone(), Cow::Owned(entry)))
    })
    .collect()
}

/// What is wrong with instances that would be the same real thing as another stack: those of the file
/// have it, and of two apps the one that was told of first.
fn taken(loaded: &Loaded, instances: &Instances) -> BTreeMap<StackId, Diagnostics> {
    let mut owners: BTreeMap<(String, String), StackId> = BTreeMap::new();
    let mut wrong = BTreeMap::new();
    let mut claims = Vec::new();
    for (name, app) in &loaded.estate.applications {
        let Some(system) = loaded.system(&app.system) else {
            continue;
        };
        for env in &app.environments {
            let Some(record) = loaded.estate.environments.get(env) else {
                continue;
            };
            let ground = ground(system, record);
            let home = Home {
                name: env.as_str(),
                record,
            };
            let whole = StackId::new(env.clone(), name.clone());
            for (stack, entry) in members(system, whole, app, instances) {
                let since = instances.get(&stack).map(|app| app.since);
                for claim in system.claims(name.as_str(), &home, &entry) {
                    claims.push((since, stack.clone(), (ground.clone(), claim.what)));
                }
            }
        }
    }
    // What is no instance has no time, and comes first.
    claims.sort();
    for (since, stack, what) in claims {
        let owner = owners.entry(what.clone()).or_insert_with(|| stack.clone());
        if since.is_some() && *owner != stack {
            let says = format!("{stack} and {owner} would be the same {}", what.1);
            let hint = "let subdomain name the app by {id}, or take one of them away";
            let found = Diagnostic::of_file("same-stack", &stack.to_string(), &says, hint);
            wrong.insert(stack, found.into());
        }
    }
    wrong
}

/// Every stack of an estate, as its system reads it.
pub(super) fn stacks<'a>(loaded: &'a Loaded, instances: &Instances) -> Vec<Found<'a>> {
    let mut all = Vec::new();
    let taken = taken(loaded, instances);
    for (name, app) in &loaded.estate.applications {
        let Some(system) = loaded.system(&app.system) else {
            continue;
        };
        let own = app.environments.iter().flat_map(|env| {
            let whole = StackId::new(env.clone(), name.clone());
            members(system, whole, app, instances)
        });
        for (whole, entry) in own {
            let env = &whole.env;
            match read(loaded, system, &whole, app, &entry) {
                Ok((stacks, mut notes)) => {
                    all.extend(stacks.into_iter().map(|(stack, mut spec, bundle)| {
                        let own = app.watch_logs.iter();
                        let own: Vec<String> = own
                            .map(|group| group.replace("{env}", env.as_str()))
                            .collect();
                        tails(&mut spec, &own);
                        spec.parts.values_mut().for_each(|part| tails(part, &own));
                        let lacking = lacking(loaded, system, env, &spec)
                            .or_else(|| taken.get(&stack).cloned());
                        Found {
                            stack,
                            app,
                            spec: lacking.map_or(Ok(spec), Err),
                            bundle,
                            notes: std::mem::take(&mut notes),
                        }
                    }));
                }
                Err(found) => all.push(Found {
                    stack: whole,
                    app,
                    spec: Err(found),
                    bundle: SourceBundle::default(),
                    notes: Vec::new(),
                }),
            }
        }
    }
    all
}

/// What is tailed of a stack beside what its system says.
fn tails(spec: &mut Spec, own: &[String]) {
    for group in own {
        if !spec.watch_logs.contains(group) {
            spec.watch_logs.push(group.clone());
        }
    }
}

/// What a stack needs of its environment, and the environment does not name.
fn lacking(
    loaded: &Loaded,
    system: &dyn System,
    env: &EnvName,
    spec: &Spec,
) -> Option<Diagnostics> {
    let record = loaded.estate.environments.get(env)?;
    let name = env.as_str();
    let told = system.lacks(spec, &Home { name, record });
    let told = told.0.iter();
    let found = Diagnostics(told.map(|one| loaded.named.remark(name, one)).collect());
    Some(found).filter(|found| !found.is_empty())
}

/// How often a system may ask for further files.
const ROUNDS: usize = 32;

/// A stack with all its files.
type Stack = (StackId, Spec, SourceBundle);

/// Stacks that have the same files.
fn with(stacks: Vec<(StackId, Spec)>, bundle: &SourceBundle) -> Vec<Stack> {
    let stacks = stacks.into_iter();
    stacks
        .map(|(stack, spec)| (stack, spec, bundle.clone()))
        .collect()
}

/// The versions that the files of an application pin.
///
/// # Errors
/// Everything that is wrong with its files.
pub fn pinned(loaded: &Loaded, whole: &StackId) -> Result<Vec<Pinned>, Diagnostics> {
    let app = loaded.estate.applications.get(&whole.app);
    let app = app.filter(|app| app.environments.contains(&whole.env));
    let Some((app, system)) = app.and_then(|app| Some((app, loaded.system(&app.system)?))) else {
        return Ok(Vec::new());
    };
    let (_, files) = gathered(loaded, system, whole, app, &app.entry)?;
    Ok(system.pinned(whole, &app.entry, &files))
}

/// What an entry is in one environment, with all files that its system asked for, and what its files
/// say that has no effect.
fn read(
    loaded: &Loaded,
    system: &dyn System,
    whole: &StackId,
    app: &Application,
    entry: &Value,
) -> Result<(Vec<Stack>, Vec<Safe>), Diagnostics> {
    let (read, mut files) = gathered(loaded, system, whole, app, entry)?;
    Ok(match read {
        Read::Stacks(stacks) => (with(stacks, &files.into_bundle()), Vec::new()),
        Read::Rendered(stacks, made) => {
            files.put(made);
            (with(stacks, &files.into_bundle()), Vec::new())
        }
        Read::Parts(stacks, notes) => (stacks, notes),
        Read::Wrong(found) => return Err(found),
        Read::Needs(_) => (Vec::new(), Vec::new()),
    })
}

/// What a system makes of an entry, once it has all files that it asked for.
fn gathered(
    loaded: &Loaded,
    system: &dyn System,
    whole: &StackId,
    app: &Application,
    entry: &Value,
) -> Result<(Read, Files), Diagnostics> {
    let named = named::Files::of(&loaded.named, &whole.app, app, system);
    let mut gathering = Gathering::new(&loaded.folder, Caps::default()).map_err(|error| {
        let says = error.to_string();
        let named = &loaded.named;
        Diagnostics::from(named.of_application(&whole.app, &says, error.hint()))
    })?;
    let root = std::path::absolute(&loaded.folder).unwrap_or_else(|_| loaded.folder.clone());
    let mut files = Files::below(&root.to_string_lossy());
    let mut wrong = Diagnostics::default();
    // What a need that was not met names; what is said of it besides is told with it.
    let mut missing = Vec::new();
    for _ in 0..ROUNDS {
        let read = system.read(whole, entry, &files);
        match read {
            Read::Needs(needs) => {
                for need in needs {
                    match gathering.fetch(&need) {
                        Ok(found) => files.answer(need, found),
                        Err(errors) => {
                            let all = errors.iter().map(|error| named.told(&need, error));
                            wrong.0.extend(all);
                            if errors.iter().any(BundleError::ends_all) {
                                return Err(wrong);
                            }
                            missing.push(need.path().to_owned());
                            files.answer(need, []);
                        }
                    }
                }
            }
            Read::Wrong(found) => {
                let is_told =
                    |one: &Diagnostic| missing.iter().any(|path| one.file.as_str() == path);
                let others = found.0.into_iter().filter(|one| !is_told(one));
                wrong.0.extend(others);
                return Err(wrong);
            }
            _ if !wrong.is_empty() => return Err(wrong),
            made @ (Read::Stacks(_) | Read::Rendered(..) | Read::Parts(..)) => {
                return Ok((made, files));
            }
        }
    }
    let says = format!(
        "{whole} asks for further files again and again: files that name each other in a circle?"
    );
    let named = &loaded.named;
    Err(named
        .of_application(&whole.app, &says, "take the circle out")
        .into())
}
