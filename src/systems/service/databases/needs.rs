//! What databases need where another version comes, and what that means for the code that runs.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::pending::{beyond, refused, told_of_files};
use super::{changes, marked, owner, seen_of};
use crate::domain::failure::Failure;
use crate::domain::look::Sights;
use crate::domain::plan::{Changes, Does};
use crate::forms::postgres::DatabaseFacts;
use crate::forms::postgres::migrations::{Class, Migration};
use crate::systems::PlanAsk;
use crate::systems::service::body::Body;
use crate::systems::service::dry;
use crate::systems::service::o5::Postgres;
use crate::text::counted::{counted, size};

/// What databases need where another version comes.
#[derive(Debug, Default)]
pub(in crate::systems::service) struct Needs {
    /// What that means for the code that runs, and why; none where they need nothing.
    pub(in crate::systems::service) data: Option<Data>,
    /// Whether one is made.
    pub(in crate::systems::service) makes: bool,
    /// The names of those that are migrated.
    pub(in crate::systems::service) migrated: BTreeSet<String>,
    /// What is done to them, by what it is about.
    pub(in crate::systems::service) changes: Vec<Changes>,
    /// What they are migrated by, and what stays whatever comes of the rest: `main: 0002_a.sql
    /// (breaking)`.
    pub(in crate::systems::service) stays: Vec<String>,
    /// Whether code comes that is older than what one was migrated for.
    pub(in crate::systems::service) outdates: bool,
    /// Sentences for the card.
    pub(in crate::systems::service) says: Vec<String>,
}

/// What is done to databases, for the choice of a way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::systems::service) struct Data {
    /// The worst of it.
    pub(in crate::systems::service) class: Class,
    /// Each thing that is so bad, to stand behind "because it".
    pub(in crate::systems::service) why: Vec<String>,
}

impl Needs {
    /// What a way back does not take back; none where nothing is migrated.
    pub(in crate::systems::service) fn left(&self) -> Option<String> {
        let breaks = self
            .data
            .as_ref()
            .is_some_and(|data| data.class == Class::Breaking);
        let means = if breaks {
            ", and the release before may fail with it"
        } else {
            ""
        };
        let stays = self.stays.join("; ");
        (!stays.is_empty()).then(|| format!("what was carried out stays ({stays}){means}"))
    }

    fn need(&mut self, class: Class, why: String) {
        let data = self.data.get_or_insert(Data {
            class,
            why: Vec::new(),
        });
        // The worst of it is the reason; what is less does not matter then.
        if class > data.class {
            data.class = class;
            data.why.clear();
        }
        if class == data.class {
            data.why.push(why);
        }
    }
}

/// What is left to do in a database that is there.
enum Pending<'a> {
    /// Nothing.
    Nothing,
    /// What its container does nobody here knows.
    Unknown,
    /// These files.
    Files(Vec<&'a Migration>),
}

/// By its files, where they are known; else by what it was migrated last: anything else may bring
/// anything.
fn pending<'a>(body: &Body, one: &'a Postgres, there: &DatabaseFacts) -> Pending<'a> {
    if !one.is_migrated() {
        return Pending::Nothing;
    }
    let Some(files) = &one.migrations else {
        let known = there.mark.as_ref().map(|mark| mark.migrated.as_str());
        return if known == Some(&marked(body, one)) {
            Pending::Nothing
        } else {
            Pending::Unknown
        };
    };
    let left: Vec<&Migration> = files.iter().filter(|file| !there.has(file)).collect();
    if left.is_empty() {
        Pending::Nothing
    } else {
        Pending::Files(left)
    }
}

/// What the databases need for what is asked, where `serving` runs; `always` where those that have a
/// migration run it whatever is pending.
pub(in crate::systems::service) fn needs(
    ask: &PlanAsk,
    (body, serving): (&Body, Option<&Body>),
    seen: &Sights,
    always: bool,
) -> Result<Needs, Failure> {
    let mut needs = Needs::default();
    for one in body.databases() {
        let there = seen_of(&one.on, seen)?;
        let name = &one.on.name;
        if let Some(mark) = there.mark.as_ref().filter(|mark| mark.of != owner(ask)) {
            return Err(one.on.of_another(mark));
        }
        if there.oid.is_none() {
            needs.makes = true;
            needs.need(Class::Breaking, format!("makes the database {name}"));
            if body.is_dry() {
                let files = if one.is_migrated() {
                    ", and migrated"
                } else {
                    ""
                };
                let how = format!("be made on {}{files}", one.on.server);
                needs.says.push(would(name.as_str(), &how));
                continue;
            }
            needs
                .says
                .push(format!("The database {name} is made on {}.", one.on.server));
            if let Some(files) = one.carried() {
                let all = files.iter().collect::<Vec<_>>();
                needs.says.extend(told_of_files(one, &all, &there));
            }
            needs.changes.push(changes(&one.on, Some(Does::Add)));
            continue;
        }
        if let Some(files) = one.carried() {
            refused(one, files, &there)?;
        }
        let runs = serving.and_then(|body| body.databases().iter().find(|its| its.on == one.on));
        let beyond = one
            .carried()
            .and_then(|files| beyond(one, files, runs, &there));
        let mut lines = Vec::new();
        let (does, how) = match pending(body, one, &there) {
            Pending::Nothing if always && one.migration.is_some() => {
                (Some(Does::Change), "is migrated once more".to_owned())
            }
            Pending::Nothing => (None, "stays as it is".to_owned()),
            Pending::Unknown => {
                let why = format!(
                    "migrates {name}, and nobody says that the code which runs works with that"
                );
                needs.need(Class::Breaking, why);
                needs.stays.push(format!("{name}: what its container does"));
                (Some(Does::Change), "is migrated".to_owned())
            }
            Pending::Files(files) => {
                for file in &files {
                    needs.need(file.class(), told_of(name.as_str(), file));
                }
                lines = told_of_files(one, &files, &there);
                needs.stays.push(format!("{name}: {}", classed(&files)));
                (Some(Does::Change), listed(one, &files))
            }
        };
        if does.is_some() {
            needs.migrated.insert(one.name.clone());
        }
        if body.is_dry() {
            let how = how.strip_prefix("is ").map(|how| format!("be {how}"));
            let how = how.unwrap_or_else(|| "stay as it is".to_owned());
            needs.says.push(would(name.as_str(), &how));
            needs.outdates |= beyond.as_ref().is_some_and(|beyond| beyond.outdates);
            needs.says.extend(beyond.map(|beyond| beyond.says));
            continue;
        }
        needs.says.push(told(one, &there, &how));
        needs.says.extend(lines);
        needs.outdates |= beyond.as_ref().is_some_and(|beyond| beyond.outdates);
        needs.says.extend(beyond.map(|beyond| beyond.says));
        needs.changes.push(changes(&one.on, does));
    }
    Ok(needs)
}

/// Why a migration matters for the code that runs.
fn told_of(name: &str, file: &Migration) -> String {
    let means = match file.class {
        Some(Class::Compatible) => "with which the code that runs and the new code work",
        Some(Class::Before) => "which the new code needs and the code that runs works with",
        Some(Class::Breaking) => "with which the code that runs does not work",
        None => "of which nobody says that the code which runs works with it",
    };
    format!("migrates {name} by {}, {means}", file.file)
}

/// `0002_paid.sql (breaking), 0003_a.sql (before)`.
fn classed(files: &[&Migration]) -> String {
    let all = files.iter();
    let all = all.map(|file| format!("{} ({})", file.file, file.class().word()));
    all.collect::<Vec<_>>().join(", ")
}

/// What comes of databases that are made anew beside a release that serves: its code may be older
/// than the files.
pub(in crate::systems::service) fn anew(body: &Body, serving: Option<&Body>) -> Needs {
    let mut needs = Needs::default();
    for one in body.databases() {
        let Some(files) = one.carried() else {
            continue;
        };
        let none = DatabaseFacts::default();
        let all: Vec<&Migration> = files.iter().collect();
        needs.says.extend(told_of_files(one, &all, &none));
        let mut known = serving.iter().flat_map(|serving| serving.databases());
        let known = known
            .find(|its| its.on == one.on)
            .and_then(Postgres::carried);
        let is_new = |file: &&&Migration| {
            known.is_some_and(|known| !known.iter().any(|its| its.version == file.version))
        };
        let new: Vec<&Migration> = all.iter().filter(is_new).copied().collect();
        if new.is_empty() {
            continue;
        }
        let breaks = new.iter().any(|file| file.class() == Class::Breaking);
        needs.outdates |= breaks;
        let means = if breaks {
            "its code may fail with that"
        } else {
            "by what they say, its code works with that"
        };
        needs.says.push(format!(
            "What serves does not have {} of {}: {means}.",
            classed(&new),
            one.on.name
        ));
    }
    needs
}

/// `is migrated by 0002_paid.sql and 2 more`.
fn listed(one: &Postgres, files: &[&Migration]) -> String {
    let first: Vec<&str> = files.iter().take(3).map(|one| one.file.as_str()).collect();
    let more = files.len() - first.len();
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    let by = one
        .carried()
        .map_or("", |_| ", which Holdpoint itself carries out");
    format!("is migrated by {}{more}{by}", first.join(", "))
}

/// What it means that its databases get new users.
pub(in crate::systems::service) fn of_rotation(body: &Body) -> String {
    if body.is_dry() {
        return format!("Its databases keep their users: {}.", dry::WHY);
    }
    "Its databases get new users: tasks that run keep the one before until they are started anew, which that alone does not do; it is let in until a deployment at which nothing runs.".to_owned()
}

/// What would be done with a database whose server nobody reaches.
fn would(name: &str, how: &str) -> String {
    format!(
        "The database {name} would {how}. Nothing of that is done: {}, so no server is reached, and what is pending is told by the files of the release in service.",
        dry::WHY
    )
}

/// What is known of a database that is there.
fn told(one: &Postgres, there: &DatabaseFacts, does: &str) -> String {
    let name = &one.on.name;
    let largest = there.tables.first();
    let largest = largest.map_or_else(String::new, |table| {
        format!("; its largest table is {}", table.says())
    });
    format!(
        "The database {name} {does}: {}, {}{largest}.",
        size(there.bytes),
        counted(there.connected(), "session")
    )
}
