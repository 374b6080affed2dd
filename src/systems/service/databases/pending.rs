//! What a card says of the files that a database is migrated by: of each its class, and which tables it
//! locks and writes anew, with what those hold now; and which files nobody may carry out.

use crate::domain::failure::Failure;
use crate::forms::postgres::migrations::{Carried, Class, Migration};
use crate::forms::postgres::touch::{Rewrite, Touch};
use crate::forms::postgres::{DatabaseFacts, Table};
use crate::systems::service::o5::Postgres;
use crate::text::counted::counted;

/// So many files have a line of their own.
const LINES: usize = 20;
/// From this size on, what is written anew takes a time that people notice.
const LARGE: u64 = 100 << 20;

/// A line for each file.
pub(super) fn told_of_files(
    one: &Postgres,
    files: &[&Migration],
    there: &DatabaseFacts,
) -> Vec<String> {
    let mut lines: Vec<String> = files
        .iter()
        .take(LINES)
        .map(|file| line(file, there))
        .collect();
    let more = files.len().saturating_sub(LINES);
    if more > 0 {
        lines.push(format!("{} more follow.", counted(more, "file")));
    }
    if one.carried().is_some() && files.iter().any(|file| file.alone) {
        lines.push("A file of no transaction that is cut half-way is not carried out again by itself: a person says then what became of it.".to_owned());
    }
    lines
}

/// `0007_widen.sql (breaking): ACCESS EXCLUSIVE on orders, rewrites 1.2 GB, about 10,000,000 rows.`
fn line(file: &Migration, there: &DatabaseFacts) -> String {
    let class = file
        .class
        .map_or("breaking, because it says nothing", Class::word);
    let alone = if file.alone { ", no transaction" } else { "" };
    let mut does: Vec<String> = file
        .touches
        .tables
        .iter()
        .map(|touch| touched(touch, there))
        .collect();
    let unknown = file.touches.unknown.iter();
    does.extend(unknown.map(|(line, why)| match why.as_str() {
        "not understood" => format!("not understood: line {line}"),
        why => format!("not understood: line {line} ({why})"),
    }));
    if does.is_empty() {
        does.push("locks no table that is there".to_owned());
    }
    let doubt = doubt(file, there).unwrap_or_default();
    format!(
        "{} ({class}{alone}): {}{doubt}.",
        file.file,
        does.join("; ")
    )
}

fn touched(touch: &Touch, there: &DatabaseFacts) -> String {
    let table = table(touch, there);
    let on = match (touch.index, table) {
        (false, _) => touch.table.clone(),
        (true, Some(table)) => format!("{}, for its index {}", table.name, touch.table),
        (true, None) => format!("the table of the index {}", touch.table),
    };
    let how = match touch.rewrite {
        Rewrite::No => "",
        Rewrite::Perhaps => "may rewrite ",
        Rewrite::Yes => "rewrites ",
    };
    let lock = format!("{} on {on}", touch.lock);
    let Some(table) = table else {
        let is_new = "no such table is there yet";
        return match touch.rewrite {
            Rewrite::No => format!("{lock} ({is_new})"),
            Rewrite::Perhaps | Rewrite::Yes => format!("{lock}, {how}it ({is_new})"),
        };
    };
    let held = match table.held {
        0 => String::new(),
        1 => ", 1 session holds locks on it now".to_owned(),
        many => format!(", {many} sessions hold locks on it now"),
    };
    format!("{lock}, {how}{}{held}", table.holds())
}

/// The table as it was seen.
fn table<'a>(touch: &Touch, there: &'a DatabaseFacts) -> Option<&'a Table> {
    let named = |name: &str| name == touch.table || is_short(name, &touch.table);
    let mut all = there.tables.iter();
    if touch.index {
        return all.find(|table| table.indexes.iter().any(|index| named(index)));
    }
    let found: Vec<&Table> = all.filter(|table| named(&table.name)).collect();
    let public = found.iter().find(|table| table.name.starts_with("public."));
    public.or_else(|| found.first()).copied()
}

/// Whether a name without schema is that of one with it.
fn is_short(whole: &str, short: &str) -> bool {
    whole.split_once('.').is_some_and(|(_, name)| name == short)
}

/// What a file does beside what its comment claims.
fn doubt(file: &Migration, there: &DatabaseFacts) -> Option<String> {
    let class = file.class.filter(|class| *class != Class::Breaking)?;
    let long = file.touches.tables.iter().find(|touch| {
        touch.rewrite == Rewrite::Yes
            && table(touch, there).is_some_and(|table| table.bytes >= LARGE)
    })?;
    Some(format!(
        "; and yet its comment says {}: nobody reads or writes {} while that is written anew",
        class.word(),
        long.table
    ))
}

/// Files that were carried out and that a release does not have: it does not take them back.
pub(super) struct Beyond {
    /// That, and what it means for the code of the release.
    pub(super) says: String,
    /// One of them came with what serves, and the code before it does not work with it.
    pub(super) outdates: bool,
}

/// What a database has beyond the files of a release; `serving` are those of what serves.
pub(super) fn beyond(
    one: &Postgres,
    files: &[Migration],
    serving: Option<&Postgres>,
    there: &DatabaseFacts,
) -> Option<Beyond> {
    let has = |files: &[Migration], done: &Carried| {
        files
            .iter()
            .find(|file| file.version == done.version)
            .map(|file| file.class)
    };
    let others: Vec<&Carried> = there
        .carried
        .iter()
        .filter(|done| has(files, done).is_none())
        .collect();
    let last = others.last()?;
    let known = serving.and_then(Postgres::carried).unwrap_or_default();
    let of = |wanted: &dyn Fn(Option<Option<Class>>) -> bool| {
        let named = others.iter().filter(|done| wanted(has(known, done)));
        named.map(|done| done.file.as_str()).collect::<Vec<_>>()
    };
    let breaking =
        of(&|class| class.is_some_and(|class| class.unwrap_or(Class::Breaking) == Class::Breaking));
    let unknown = of(&|class| class.is_none());
    let (more, were) = match others.len() - 1 {
        0 => (
            String::new(),
            "was carried out there, is not among its files, and stays",
        ),
        more => (
            format!(" and {more} before it"),
            "were carried out there, are not among its files, and stay",
        ),
    };
    let means = if !breaking.is_empty() {
        let marked = of(&|class| class == Some(Some(Class::Breaking))).len() == breaking.len();
        let why = if marked { "" } else { ", or says nothing" };
        format!(
            "the code of this release may fail: {} is breaking{why}",
            breaking.join(", ")
        )
    } else if serving.is_none() {
        "nobody here knows whether the code of this release works with that".to_owned()
    } else if unknown.is_empty() {
        "by what they say, the code of this release works with that".to_owned()
    } else {
        format!(
            "nobody here knows whether the code of this release works with that: what serves does not have {} either",
            unknown.join(", ")
        )
    };
    Some(Beyond {
        says: format!(
            "The database {} is further than this release: {}{more} {were}; {means}.",
            one.on.name, last.file
        ),
        outdates: !breaking.is_empty(),
    })
}

/// Refuses files that were changed after they were carried out, and a database in which one was left
/// half-way.
pub(super) fn refused(
    one: &Postgres,
    files: &[Migration],
    there: &DatabaseFacts,
) -> Result<(), Failure> {
    for done in &there.carried {
        if !done.done {
            return Err(done.half_way(&one.on.name));
        }
        let file = files.iter().find(|file| file.version == done.version);
        let digest = file.and_then(|file| file.digest);
        if let Some((file, digest)) = file.zip(digest)
            && digest.to_string() != done.digest
        {
            return Err(done.changed(&one.on.name, &file.file, &digest));
        }
    }
    Ok(())
}
