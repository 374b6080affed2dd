//! What comes of an application once its file is read from the repository: the same service that the
//! estate's own files would make. Until then it is known where it runs, and not what.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Of, Source};
use crate::domain::digest::Digest;
use crate::domain::failure::Failure;
use crate::domain::ids::StackId;
use crate::domain::look::Sight;
use crate::domain::request::{Made, Release, SourceBundle, SourceFile, Spec};
use crate::domain::row::Row;
use crate::forms::cloudformation;
use crate::forms::sources::FilesSeen;
use crate::systems::PlanAsk;
use crate::systems::files::{Files, Read};
use crate::systems::service::body::{Body, spec_of_o5, versioned};
use crate::systems::service::entry::ServiceEntry;
use crate::systems::service::o5::{self, Ground};
use crate::text::diagnostic::{Diagnostic, Diagnostics};
use crate::text::safe::Safe;

/// Where the files of the repository stand among those of a deployment.
const BELOW: &str = ".source/";
/// How many of the things that are wrong are told.
const TOLD: usize = 5;

/// A service whose application file was not read yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::systems::service) struct Unmade {
    /// The repository.
    pub(in crate::systems::service) source: Source,
    /// The entry.
    pub(in crate::systems::service) entry: ServiceEntry,
    /// Where it runs.
    pub(in crate::systems::service) ground: Ground,
}

impl Unmade {
    /// The service of an entry that names a repository; none where something of that is wrong, which
    /// the check tells.
    pub(in crate::systems::service) fn spec(
        stack: &StackId,
        entry: ServiceEntry,
        ground: Ground,
        bundle: &SourceBundle,
    ) -> Option<Spec> {
        let (env, app) = (stack.env.as_str(), stack.app.as_str());
        let about = vec![cloudformation::stack(&entry.stack_name(env, app))];
        let unmade = Self {
            source: Source::named(&entry, env, app)?,
            entry,
            ground,
        };
        let digest = bundle.digest();
        let release = Digest::of("holdpoint/release/1", &json!([unmade, digest]));
        Some(Spec {
            system: "service".to_owned(),
            release: Release::of_files(release),
            body: json!(unmade),
            bundle: digest,
            about,
            watch_logs: Vec::new(),
            parts: BTreeMap::new(),
        })
    }

    /// The stored form of a spec; none of a service that is made.
    ///
    /// # Errors
    /// It is stored in another form.
    pub(in crate::systems::service) fn of(spec: &Spec) -> Result<Option<Self>, Failure> {
        if spec.body.get("ground").is_none() {
            return Ok(None);
        }
        spec.form("deploy from the estate's files instead")
            .map(Some)
    }

    /// What the page of a stack says of it.
    pub(in crate::systems::service) fn rows(&self) -> Vec<Row> {
        let mut rows = self.source.rows();
        rows.extend([
            Row::new("o5 environment", &self.ground.environment),
            Row::new("o5 cluster", &self.ground.cluster),
        ]);
        rows
    }
}

/// The service of an entry whose application file stands in a repository: of the estate's files those
/// are read that say where it runs.
pub(in crate::systems::service) fn read(
    whole: &StackId,
    entry: ServiceEntry,
    files: &Files,
) -> Read {
    let (env, app) = (whole.env.as_str(), whole.app.as_str());
    let asked = match entry.beside(env, entry.stack_name(env, app), files) {
        Ok(asked) => asked,
        Err(needs) => return Read::Needs(needs),
    };
    match o5::ground(&asked, files.bundle()) {
        Ok(ground) => match Unmade::spec(whole, entry, ground, files.bundle()) {
            Some(spec) => Read::Stacks(vec![(whole.clone(), spec)]),
            // That is told at the entry.
            None => Read::Wrong(Diagnostics::default()),
        },
        Err(found) => Read::Wrong(found),
    }
}

/// What a service comes to be with what was read of its repository, and all files that it is made of.
///
/// # Errors
/// There is no such commit, or its files make none: with file, line, column and reason.
pub(in crate::systems::service) fn fetched(
    ask: &PlanAsk,
    spec: &Spec,
    files: &SourceBundle,
    sight: &Sight,
) -> Result<(Spec, SourceBundle), Failure> {
    let stack = &ask.stack;
    let Some(unmade) = Unmade::of(spec)? else {
        return Ok((spec.clone(), files.clone()));
    };
    let Unmade { source, entry, .. } = unmade;
    let at = source.at(&ask.flags)?;
    let seen: Option<FilesSeen> = serde_json::from_value(sight.facts.clone()).map_err(|why| {
        Failure::new(format!(
            "what {} gave is not understood: {why}",
            sight.about
        ))
    })?;
    let (
        Some(FilesSeen {
            commit,
            files: read,
        }),
        Some(at),
    ) = (seen, at)
    else {
        let what = sight.about.name.rsplit('#').next().unwrap_or_default();
        return Err(
            Failure::new(format!("{} has no {what}", source.repository)).hint(format!(
                "push it, or name another one: holdpoint deploy {stack} --branch, --tag or --commit"
            )),
        );
    };
    let of = commit.clone();
    let wrong = |found: &Diagnostics| not_made(stack, of.short(), found);
    let places = entry.places_of_config();
    let there: Vec<&String> = places
        .iter()
        .filter(|path| read.contains_key(*path))
        .collect();
    let config = match there.as_slice() {
        [one] => format!("{BELOW}{one}"),
        [] => {
            let says = "there is no application file of o5";
            let hint = format!("write it as {}", places.join(", or as "));
            return Err(wrong(
                &Diagnostic::of_file("o5", &places[0], says, &hint).into(),
            ));
        }
        [one, others @ ..] => {
            let says = format!("{} is an application file as well", others[0]);
            let hint = "a repository has one application: take one of them out";
            return Err(wrong(&Diagnostic::of_file("o5", one, &says, hint).into()));
        }
    };
    let mut bundle = files.clone();
    let below = read
        .into_iter()
        .map(|(path, file)| (format!("{BELOW}{path}"), file));
    bundle.files.extend(below);
    let (made, bundle) = put_together((stack, &entry), spec, (config, BELOW), bundle)
        .map_err(|found| wrong(&found))?;
    // The tag of images is that of the commit, where nobody says another one.
    let made = match &entry.version {
        Some(_) => made,
        None => versioned(&made, commit.as_str()).unwrap_or(made),
    };
    let from = Made::Commit {
        repo: Safe::new(&source.repository),
        at: Safe::new(&at.whole()),
        sha: Safe::new(commit.as_str()),
    };
    let of = Some(Of { commit, at });
    let source = Source { of, ..source };
    Ok((of_source(made, Some(source), from)?, bundle))
}

/// What a service comes to be with an application file that is given in place of its own; none of a
/// service that is made of a template.
pub(in crate::systems::service) fn given(
    ask: &PlanAsk,
    spec: &Spec,
    files: &SourceBundle,
    (name, file): (&str, &SourceFile),
) -> Option<Result<(Spec, SourceBundle), Failure>> {
    let stack = &ask.stack;
    let entry = spec.body.get(ENTRY)?.clone();
    let made = || {
        let entry: ServiceEntry = serde_json::from_value(entry).map_err(|why| {
            Failure::new(format!("the entry of {stack} is not understood: {why}"))
        })?;
        if let Some(asked) = super::asked_at(&ask.flags)? {
            let says = format!("{name} is given, and {asked} as well: each says what is deployed");
            return Err(Failure::new(says).hint("give one of them"));
        }
        let source = Source::of(spec);
        let mut bundle = files.clone();
        let config = format!("{BELOW}{name}");
        bundle.files.insert(config.clone(), file.clone());
        // Of the migrations in a repository nothing is read: which are pending is not known then.
        let entry = match source {
            Some(_) => ServiceEntry {
                migrations: BTreeMap::new(),
                ..entry
            },
            None => entry,
        };
        let made = put_together((stack, &entry), spec, (config, ""), bundle);
        let (made, bundle) = made.map_err(|found| not_made(stack, name, &found))?;
        let from = Made::Given {
            name: Safe::new(name),
        };
        Ok((of_source(made, source, from)?, bundle))
    };
    Some(made())
}

/// Where a service of o5 runs, whether or not it is made.
pub(in crate::systems::service) fn ground_of(spec: &Spec) -> Option<Ground> {
    match Unmade::of(spec) {
        Ok(Some(unmade)) => Some(unmade.ground),
        Ok(None) => Some(Body::of(spec).ok()?.o5?.ground()),
        Err(_) => None,
    }
}

/// Where the stored form of a service keeps the entry that it was read from.
const ENTRY: &str = "entry";

/// A spec that keeps the entry which it was read from, so that another application file may take the
/// place of its own.
pub(in crate::systems::service) fn keeping(mut spec: Spec, entry: &ServiceEntry) -> Spec {
    if let Some(body) = spec.body.as_object_mut() {
        body.insert(ENTRY.to_owned(), json!(entry));
    }
    spec
}

/// The service that an entry and an application file among these files make, and all of its files.
fn put_together(
    (stack, entry): (&StackId, &ServiceEntry),
    spec: &Spec,
    (config, below): (String, &str),
    mut bundle: SourceBundle,
) -> Result<(Spec, SourceBundle), Diagnostics> {
    let env = stack.env.as_str();
    let name = entry.stack_name(env, stack.app.as_str());
    let mut made = o5::make(&entry.made_from(env, name, config, below), &bundle)?;
    made.kept.notes = made.kept.notes.iter().map(of_repository).collect();
    let (mut made, rendered) = spec_of_o5(stack, entry, made, &bundle)?;
    bundle.files.extend(rendered);
    let more = spec.watch_logs.iter();
    let more: Vec<_> = more
        .filter(|one| !made.watch_logs.contains(one))
        .cloned()
        .collect();
    made.watch_logs.extend(more);
    Ok((made, bundle))
}

/// The same service, with where it comes from.
fn of_source(made: Spec, source: Option<Source>, from: Made) -> Result<Spec, Failure> {
    let body = Body {
        source,
        ..Body::of(&made)?
    };
    let release = Release {
        source: Some(from),
        ..made.release.clone()
    };
    Ok(Spec {
        release,
        body: json!(body),
        ..made
    })
}

/// What is said of a file, by its path in the repository.
fn of_repository(text: &Safe) -> Safe {
    Safe::new(&text.as_str().replace(BELOW, ""))
}

/// Why a commit or a file makes no service: everything that is wrong, each with its place.
fn not_made(stack: &StackId, of: &str, found: &Diagnostics) -> Failure {
    let place = |one: &Diagnostic| {
        let (file, at, says) = (&one.file, one.at, &one.says);
        let whole = format!("{file}:{}:{}: {says}", at.line, at.column);
        whole.replace(BELOW, "")
    };
    let mut told: Vec<String> = found.0.iter().take(TOLD).map(place).collect();
    let more = found.0.len().saturating_sub(TOLD);
    if more > 0 {
        told.push(format!("and {more} more"));
    }
    let hints = found.0.iter().map(|one| one.hint.as_str());
    let hint = hints.into_iter().find(|hint| !hint.is_empty());
    Failure::new(format!(
        "{stack} cannot be made of {of}: {}",
        told.join("; ")
    ))
    .hint(hint.unwrap_or("put the file right, and push it"))
}
