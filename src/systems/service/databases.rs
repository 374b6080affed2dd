//! The databases of a service that is made of o5 files: what a plan does with them, in which order,
//! and what it says of them. A database belongs to its server, not to the stack: it outlives it.

mod chains;
mod needs;
mod pending;

pub(super) use chains::{Chains, rotated};
pub(super) use needs::{Data, Needs, anew, needs, of_rotation};

use super::body::Body;
use super::o5::{Postgres, VERSION};
use super::steps;
use crate::domain::failure::Failure;
use crate::domain::look::{Look, Sights};
use crate::domain::plan::{ChangeRow, Changes, Does, Role, Step};
use crate::forms::cloudformation::facts;
use crate::forms::postgres::{DATABASE, Database, DatabaseFacts, Table};
use crate::systems::PlanAsk;
use crate::text::counted::{counted, size};

impl Body {
    /// Its databases.
    pub(super) fn databases(&self) -> &[Postgres] {
        self.o5.as_ref().map_or(&[], |o5| &o5.databases)
    }
}

/// The looks at databases that were not taken yet.
pub(super) fn looks(body: &Body, seen: &Sights) -> Vec<Look> {
    if body.is_dry() {
        return Vec::new();
    }
    let unseen = |one: &&Postgres| seen.of(&one.on.subject()).is_none();
    body.databases()
        .iter()
        .filter(unseen)
        .map(|one| one.on.look())
        .collect()
}

/// Whose a database is that a stack made, as its server remembers it.
pub(super) fn owner(ask: &PlanAsk) -> String {
    format!("{} of the store {}", ask.stack, ask.store)
}

/// By what a database was migrated, as its server remembers it: version, and the task of that.
pub(super) fn marked(body: &Body, one: &Postgres) -> String {
    let version = body.input.parameters.get(VERSION);
    let defined = one.defined.map(|digest| digest.short());
    format!(
        "{} {}",
        version.map_or("", String::as_str),
        defined.unwrap_or_default()
    )
}

/// A database as it was seen.
fn seen_of(database: &Database, seen: &Sights) -> Result<DatabaseFacts, Failure> {
    let sight = seen.of(&database.subject()).ok_or_else(|| {
        Failure::new(format!("the database {} was not looked at", database.name)).hint("try again")
    })?;
    facts(sight)
}

/// What is done to one, as a change; none where nothing of it can be seen.
fn changes(database: &Database, does: Option<Does>) -> Changes {
    let row = |does| ChangeRow::new(database.name.as_str(), DATABASE, does);
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
        let tables = there.tables.iter().take(3).map(Table::says);
        let tables: Vec<String> = tables.collect();
        let holds = if tables.is_empty() {
            "it has no tables".to_owned()
        } else {
            format!("its largest tables are {}", tables.join(", "))
        };
        says.push(format!(
            "The database {name} on {} goes for good with all that is in it: {}, {holds}; {} on it.",
            one.on.server,
            size(there.bytes),
            counted(there.connected(), "session")
        ));
        all.push(changes(&one.on, Some(Does::Remove)));
    }
    Ok((all, says))
}

/// Brings the counts up once these steps are done, where they are not there already; says which
/// steps are the last then.
pub(super) fn up(body: &Body, all: &mut Vec<Step>, ends: Vec<String>) -> Vec<String> {
    const UP: &str = "scale-up";
    let lowest = body.lowest();
    if lowest == body.counts {
        return ends;
    }
    let name = &body.input.stack_name;
    let title = format!("scale {name} {}", steps::told(&lowest, &body.counts));
    let after: Vec<&str> = ends.iter().map(String::as_str).collect();
    all.push(steps::scale(
        Role::ScaleUp,
        UP,
        title,
        name,
        &body.counts,
        &after,
    ));
    vec![UP.to_owned()]
}
