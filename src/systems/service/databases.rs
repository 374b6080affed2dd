//! The databases of a service that is made of o5 files: what a plan does with them, in which order,
//! and what it says of them. A database belongs to its server, not to the stack: it outlives it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::body::Body;
use super::migrations::{self, Class, Migration};
use super::o5::{Postgres, VERSION};
use super::steps::{self, from};
use crate::domain::failure::Failure;
use crate::domain::hold::HoldKind;
use crate::domain::look::{Look, Sights};
use crate::domain::plan::{ChangeRow, Changes, Does, Fate, HoldRule, Role, Step, Task};
use crate::forms::cloudformation::{StackFacts, facts};
use crate::forms::ecs::{REGISTER, RUN_TASK};
use crate::forms::postgres::{DATABASE, Database, DatabaseFacts};
use crate::text::counted::{counted, size};

impl Body {
    /// Its databases.
    pub(super) fn databases(&self) -> &[Postgres] {
        self.o5.as_ref().map_or(&[], |o5| &o5.databases)
    }
}

/// The looks at databases that were not taken yet.
pub(super) fn looks(body: &Body, seen: &Sights) -> Vec<Look> {
    let unseen = |one: &&Postgres| seen.of(&one.on.subject()).is_none();
    body.databases()
        .iter()
        .filter(unseen)
        .map(|one| one.on.look())
        .collect()
}

/// A database as it was seen.
fn seen_of(database: &Database, seen: &Sights) -> Result<DatabaseFacts, Failure> {
    let sight = seen.of(&database.subject()).ok_or_else(|| {
        Failure::new(format!("the database {} was not looked at", database.name)).hint("try again")
    })?;
    facts(sight)
}

/// What databases need where another version comes.
#[derive(Debug, Default)]
pub(super) struct Needs {
    /// What that means for the code that runs, and why; none where they need nothing.
    pub(super) data: Option<Data>,
    /// The names of those that are migrated.
    pub(super) migrated: BTreeSet<String>,
    /// What is done to them, by what it is about.
    pub(super) changes: Vec<Changes>,
    /// Sentences for the card.
    pub(super) says: Vec<String>,
    /// Each of them is there.
    pub(super) all_there: bool,
}

/// What is done to databases, for the choice of a way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Data {
    /// The worst of it.
    pub(super) class: Class,
    /// Each thing, to stand behind "because it".
    pub(super) why: Vec<String>,
}

impl Needs {
    fn need(&mut self, class: Class, why: String) {
        let data = self.data.get_or_insert(Data {
            class,
            why: Vec::new(),
        });
        data.class = data.class.max(class);
        data.why.push(why);
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

/// By its files, where they are known; else another version may bring anything.
fn pending<'a>(one: &'a Postgres, there: &DatabaseFacts, is_other: bool) -> Pending<'a> {
    if one.migration.is_none() {
        return Pending::Nothing;
    }
    let Some(files) = &one.migrations else {
        return if is_other {
            Pending::Unknown
        } else {
            Pending::Nothing
        };
    };
    let left = migrations::pending(files, there.applied.as_ref());
    if left.is_empty() {
        Pending::Nothing
    } else {
        Pending::Files(left)
    }
}

/// What the databases need.
pub(super) fn needs(body: &Body, stack: &StackFacts, seen: &Sights) -> Result<Needs, Failure> {
    let runs = stack.parameters.get(VERSION);
    let is_other = runs.is_none() || body.input.parameters.get(VERSION) != runs;
    let mut needs = Needs {
        all_there: true,
        ..Needs::default()
    };
    for one in body.databases() {
        let there = seen_of(&one.on, seen)?;
        let name = &one.on.name;
        if there.oid.is_none() {
            needs.all_there = false;
            needs.need(Class::Breaking, format!("makes the database {name}"));
            needs
                .says
                .push(format!("The database {name} is made on {}.", one.on.server));
            needs.changes.push(changes(&one.on, Some(Does::Add)));
            continue;
        }
        let (does, how) = match pending(one, &there, is_other) {
            Pending::Nothing => (None, "stays as it is".to_owned()),
            Pending::Unknown => {
                let why = format!(
                    "migrates {name}, and nobody says that the code which runs works with that"
                );
                needs.need(Class::Breaking, why);
                (Some(Does::Change), "is migrated".to_owned())
            }
            Pending::Files(files) => {
                for file in &files {
                    needs.need(file.class(), told_of(name.as_str(), file));
                }
                (Some(Does::Change), listed(&files))
            }
        };
        if does.is_some() {
            needs.migrated.insert(one.name.clone());
        }
        needs.says.push(told(one, &there, &how));
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

/// `is migrated by 0002_paid.sql and 2 more`.
fn listed(files: &[&Migration]) -> String {
    let first: Vec<&str> = files.iter().take(3).map(|one| one.file.as_str()).collect();
    let more = files.len() - first.len();
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("is migrated by {}{more}", first.join(", "))
}

/// What is known of a database that is there.
fn told(one: &Postgres, there: &DatabaseFacts, does: &str) -> String {
    let name = &one.on.name;
    let sessions: u32 = there.sessions.values().sum();
    let largest = there.tables.first();
    let largest = largest.map_or_else(String::new, |table| {
        format!("; its largest table is {}", table.says())
    });
    format!(
        "The database {name} {does}: {}, {}{largest}.",
        size(there.bytes),
        counted(sessions, "session")
    )
}

/// What is done to one, as a change; none where nothing of it can be seen.
fn changes(database: &Database, does: Option<Does>) -> Changes {
    let row = |does| ChangeRow {
        logical: database.name.to_string(),
        kind: DATABASE.to_owned(),
        does,
        fate: Fate::Goes,
        scope: Vec::new(),
        properties: Vec::new(),
        values: std::collections::BTreeMap::new(),
        counted: Vec::new(),
    };
    let rows: Vec<ChangeRow> = does.map(row).into_iter().collect();
    super::weight::weighed(database.subject(), rows)
}

/// What a teardown leaves on servers.
pub(super) fn left(body: &Body) -> Option<String> {
    let all: Vec<String> = body
        .databases()
        .iter()
        .map(|one| format!("{} on {}", one.on.name, one.on.server))
        .collect();
    (!all.is_empty()).then(|| {
        format!(
            "Databases stay on their servers: {}. To destroy them, deploy with destroy-database before.",
            all.join(", ")
        )
    })
}

/// The steps of all databases that come after another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chains<'a> {
    pub(super) body: &'a Body,
    /// The step after which the stack is what they need. Its outputs name the tasks that migrate.
    pub(super) after: &'a str,
    /// What the ids of the steps end with.
    pub(super) end: &'a str,
    /// Whether users are made anew.
    pub(super) rotates: bool,
}

impl Chains<'_> {
    /// Each database made what it should be, and migrated where its application does that: the
    /// steps, and the last one of each.
    pub(super) fn migrated(&self) -> (Vec<Step>, Vec<String>) {
        let (mut all, mut ends) = (Vec::new(), Vec::new());
        for one in self.body.databases() {
            let upsert = self.upsert(one);
            let Some(output) = &one.migration else {
                ends.push(upsert.id.to_string());
                all.push(upsert);
                continue;
            };
            let before = self.cleanup(one, "cleanup", &upsert);
            let definition = from(self.after, &format!("/outputs/{output}"));
            let migrate = self.migrate(one, &definition, &[before.id.as_str()]);
            let after = self.cleanup(one, "cleanup-after", &migrate);
            ends.push(after.id.to_string());
            all.extend([upsert, before, migrate, after]);
        }
        (all, ends)
    }

    /// Each database made what it should be, and no more.
    pub(super) fn upserted(&self) -> (Vec<Step>, Vec<String>) {
        let all: Vec<Step> = self
            .body
            .databases()
            .iter()
            .map(|one| self.upsert(one))
            .collect();
        let ends = all.iter().map(|step| step.id.to_string()).collect();
        (all, ends)
    }

    /// A database migrated by the task of another version, before the stack has it: by a definition
    /// that is registered from one which is there.
    pub(super) fn registered(
        &self,
        one: &Postgres,
        definition: &Value,
        (from_version, to_version): (&str, &str),
        after: &[&str],
    ) -> Vec<Step> {
        let params = json!({ "definition": definition, "from": from_version, "to": to_version });
        let title = format!("define the task that migrates {}", one.on.name);
        let id = self.id("define", one);
        let define = Step::new(Role::Build, id.as_str(), title, REGISTER, params)
            .after(after)
            .tasks([task("DB.Migrate", one)]);
        let mut all = vec![define];
        all.extend(self.run(one, &from(&id, "/definition"), &[&id]));
        all
    }

    /// A database migrated by a task of this definition.
    pub(super) fn run(&self, one: &Postgres, definition: &Value, after: &[&str]) -> Vec<Step> {
        let migrate = self.migrate(one, definition, after);
        let cleanup = self.cleanup(one, "cleanup", &migrate);
        vec![migrate, cleanup]
    }

    fn id(&self, what: &str, one: &Postgres) -> String {
        format!("{what}-{}{}", one.name, self.end)
    }

    fn upsert(&self, one: &Postgres) -> Step {
        let params = json!({
            "database": one.on,
            "extensions": one.extensions,
            "secret": one.secret,
            "rotate": self.rotates,
        });
        let title = format!("make {} what it should be", one.on.name);
        Step::new(
            Role::Change,
            self.id("upsert", one).as_str(),
            title,
            "postgres.upsert",
            params,
        )
        .about(one.on.subject())
        .after(&[self.after])
        .undo("what is there already stays as it is; nothing is taken away")
        .tasks([task("DB.Upsert", one)])
    }

    fn cleanup(&self, one: &Postgres, what: &str, after: &Step) -> Step {
        let title = format!("give what users of {} made to its role", one.on.name);
        let params = json!({ "database": one.on });
        Step::new(
            Role::Change,
            self.id(what, one).as_str(),
            title,
            "postgres.cleanup",
            params,
        )
        .about(one.on.subject())
        .after(&[after.id.as_str()])
        .tasks([task("DB.Cleanup", one)])
    }

    fn migrate(&self, one: &Postgres, definition: &Value, after: &[&str]) -> Step {
        let tasks = self.body.o5.as_ref().map(|o5| &o5.tasks);
        let params = json!({
            "cluster": tasks.map(|tasks| tasks.cluster.as_str()),
            "definition": definition,
            "network": network(tasks, one),
        });
        let title = format!("migrate {}", one.on.name);
        Step::new(
            Role::Migrate,
            self.id("migrate", one).as_str(),
            title,
            RUN_TASK,
            params,
        )
        .about(one.on.subject())
        .after(after)
        .undo("never by itself: the database stays as its migration left it")
        .tasks([task("DB.Migrate", one)])
    }

    /// Each database taken away: only the one that was seen, and only once a person typed its name.
    pub(super) fn destroyed(&self, seen: &Sights) -> Result<(Vec<Step>, Vec<String>), Failure> {
        let mut all = Vec::new();
        for one in self.body.databases() {
            let there = seen_of(&one.on, seen)?;
            let params = json!({ "database": one.on, "oid": there.oid });
            let title = format!("destroy the database {}", one.on.name);
            let id = self.id("destroy", one);
            let step = Step::new(Role::Remove, id.as_str(), title, "postgres.destroy", params)
                .about(one.on.subject())
                .after(&[self.after])
                .hold(Some(HoldRule::always(HoldKind::DestroyData)))
                .undo("never: what is in it is gone; a snapshot of its server at RDS is all that can bring it back")
                .tasks([task("DB.Destroy", one)]);
            all.push(step);
        }
        let ends = all.iter().map(|step| step.id.to_string()).collect();
        Ok((all, ends))
    }
}

/// The step, where users were made anew before.
pub(super) fn rotated(step: &mut Step) {
    if let Some(rotate) = step.params.get_mut("rotate") {
        *rotate = Value::Bool(false);
    }
}

/// A step as the o5 deployer calls it.
fn task(kind: &str, one: &Postgres) -> Task {
    Task::step(&format!("{kind}.{}", one.name))
}

/// Where the task of a migration runs: as all tasks of the application, with the group of those who
/// reach its server.
fn network(tasks: Option<&super::o5::Tasks>, one: &Postgres) -> Value {
    let mut groups: Vec<&String> = tasks.into_iter().flat_map(|tasks| &tasks.groups).collect();
    groups.extend(&one.client_group);
    json!({
        "subnets": tasks.map(|tasks| tasks.subnets.clone()).unwrap_or_default(),
        "groups": groups,
    })
}

/// What goes with databases that are destroyed, in changes and sentences.
pub(super) fn destruction(
    body: &Body,
    seen: &Sights,
) -> Result<(Vec<Changes>, Vec<String>), Failure> {
    let (mut all, mut says) = (Vec::new(), Vec::new());
    for one in body.databases() {
        let there = seen_of(&one.on, seen)?;
        let name = &one.on.name;
        if there.oid.is_none() {
            says.push(format!("The database {name} is not there; nothing of it is left to destroy but its users and its role."));
            all.push(changes(&one.on, None));
            continue;
        }
        let sessions: u32 = there.sessions.values().sum();
        let tables = there
            .tables
            .iter()
            .take(3)
            .map(crate::forms::postgres::Table::says);
        let tables: Vec<String> = tables.collect();
        let holds = if tables.is_empty() {
            "it has no tables".to_owned()
        } else {
            format!("its largest tables are {}", tables.join(", "))
        };
        says.push(format!(
            "The database {name} on {} goes for good with all that is in it: {}, {holds}; {} end.",
            one.on.server,
            size(there.bytes),
            counted(sessions, "session")
        ));
        all.push(changes(&one.on, Some(Does::Remove)));
    }
    Ok((all, says))
}

/// The step that brings the counts up once all of these are done; none where they are there already.
pub(super) fn up(body: &Body, id: &str, after: &[String]) -> Option<Step> {
    let lowest = body.lowest();
    let name = &body.input.stack_name;
    let title = format!("scale {name} {}", steps::told(&lowest, &body.counts));
    let after: Vec<&str> = after.iter().map(String::as_str).collect();
    (lowest != body.counts)
        .then(|| steps::scale(Role::ScaleUp, id, title, name, &body.counts, &after))
}
