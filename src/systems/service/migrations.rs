//! The migrations of a database as files of SQL: which there are, and what each says of the code that
//! runs beside it. Who carries them out is the application's own container; here they are read alone.

use serde::{Deserialize, Serialize};

use crate::domain::request::SourceBundle;
use crate::forms::postgres::Applied;
use crate::text::diagnostic::{At, Diagnostic, Diagnostics, closest};

/// What a migration means for the code that runs. The later, the worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Class {
    /// Old and new code work before and after it: it goes beside the update.
    Compatible,
    /// The code that runs works after it, and the new code only then: it goes before the new code.
    Before,
    /// The code that runs does not work after it.
    Breaking,
}

/// What stands in a file, in a comment: `-- holdpoint: before`.
const WORDS: [(&str, Class); 3] = [
    ("compatible", Class::Compatible),
    ("before", Class::Before),
    ("breaking", Class::Breaking),
];
/// What begins such a comment.
const MARK: &str = "holdpoint:";

/// A migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Migration {
    /// Its version: what tools of migrations record.
    pub(super) version: String,
    /// The name of its file.
    pub(super) file: String,
    /// What it says of the code that runs; none where it says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) class: Option<Class>,
}

impl Migration {
    /// What it means for the code that runs: what nobody says counts as breaking.
    pub(super) fn class(&self) -> Class {
        self.class.unwrap_or(Class::Breaking)
    }
}

/// The version in the name of a file: its first digits, without zeros before them; none for a file
/// that is no migration, or takes one back.
fn version(file: &str) -> Option<String> {
    let (stem, kind) = file.rsplit_once('.')?;
    let takes_back = matches!(stem.rsplit_once('.'), Some((_, "down")));
    if kind != "sql" || takes_back {
        return None;
    }
    let from = stem.strip_prefix(['V', 'v']).unwrap_or(stem);
    let digits: String = from.chars().take_while(char::is_ascii_digit).collect();
    (!digits.is_empty()).then(|| plain(&digits).to_owned())
}

/// A version as it is compared: tools write `0001` and record 1.
fn plain(version: &str) -> &str {
    let short = version.trim_start_matches('0');
    if short.is_empty() { version } else { short }
}

/// The migrations in a folder, in the order of their versions.
///
/// # Errors
/// A class that is none, two files of one version, a folder without any.
pub(super) fn read(folder: &str, bundle: &SourceBundle) -> Result<Vec<Migration>, Diagnostics> {
    let (mut all, mut wrong) = (Vec::<Migration>::new(), Diagnostics::default());
    let below = format!("{}/", folder.trim_end_matches('/'));
    for (path, file) in &bundle.files {
        let Some(name) = path.strip_prefix(&below).filter(|name| !name.contains('/')) else {
            continue;
        };
        let Some(version) = version(name) else {
            continue;
        };
        if let Some(other) = all.iter().find(|one| one.version == version) {
            let says = format!("{} and {name} are both version {version}", other.file);
            let hint = "give one of them another number";
            wrong
                .0
                .push(Diagnostic::of_file("migration", path, &says, hint));
        }
        let text = String::from_utf8_lossy(&file.bytes);
        let class = match class(&text) {
            Ok(class) => class,
            Err((at, word)) => {
                let says = format!("{word:?} is no class of migrations");
                let names = WORDS.map(|(name, _)| name);
                let hint = closest(&word, names).map_or_else(
                    || format!("it is one of {}", names.join(", ")),
                    |near| format!("did you mean {near:?}?"),
                );
                let mut found = Diagnostic::of_file("migration", path, &says, &hint);
                found.at = at;
                text.lines()
                    .nth(at.line - 1)
                    .unwrap_or_default()
                    .clone_into(&mut found.text);
                wrong.0.push(found);
                None
            }
        };
        all.push(Migration {
            version,
            file: name.to_owned(),
            class,
        });
    }
    if all.is_empty() && wrong.is_empty() {
        let says = format!("{folder} has no migrations: files like 0001_orders.sql");
        let hint = "name the folder where they are";
        return Err(Diagnostic::of_file("migration", folder, &says, hint).into());
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    all.sort_by(|a, b| (a.version.len(), &a.version).cmp(&(b.version.len(), &b.version)));
    Ok(all)
}

/// The class that stands in a text; where there are several, the worst.
fn class(text: &str) -> Result<Option<Class>, (At, String)> {
    let mut found = None;
    for (n, line) in text.lines().enumerate() {
        let Some(comment) = line.trim_start().strip_prefix("--") else {
            continue;
        };
        let Some(word) = comment.trim_start().strip_prefix(MARK) else {
            continue;
        };
        let word = word.trim();
        let class = WORDS.iter().find(|(name, _)| *name == word);
        let Some((_, class)) = class else {
            let column = line.find(word).filter(|_| !word.is_empty());
            let at = At {
                line: n + 1,
                column: column.unwrap_or(0) + 1,
                length: word.chars().count().max(1),
            };
            return Err((at, word.to_owned()));
        };
        found = found.max(Some(*class));
    }
    Ok(found)
}

/// The migrations that are not recorded as applied.
pub(super) fn pending<'a>(all: &'a [Migration], applied: Option<&Applied>) -> Vec<&'a Migration> {
    let Some(applied) = applied else {
        return all.iter().collect();
    };
    let done = |one: &&Migration| {
        if applied.through {
            let last = applied.versions.last().map_or("", |last| plain(last));
            return (one.version.len(), one.version.as_str()) <= (last.len(), last);
        }
        applied
            .versions
            .iter()
            .any(|done| plain(done) == one.version)
    };
    all.iter().filter(|one| !done(one)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::request::SourceFile;

    fn folder(files: &[(&str, &str)]) -> SourceBundle {
        let file = |(name, text): &(&str, &str)| {
            let file = SourceFile {
                bytes: text.as_bytes().to_vec(),
                executable: false,
            };
            (format!("db/{name}"), file)
        };
        SourceBundle {
            files: files.iter().map(file).collect(),
            ..SourceBundle::default()
        }
    }

    #[test]
    fn migrations_of_every_tool_are_known_by_the_number_of_their_file() {
        let all = read(
            "db/",
            &folder(&[
                ("0001_orders.sql", "CREATE TABLE orders (id int);"),
                (
                    "0010_paid.up.sql",
                    "-- holdpoint: before\nALTER TABLE orders ADD paid bool;",
                ),
                ("0010_paid.down.sql", "ALTER TABLE orders DROP paid;"),
                (
                    "V2__index.sql",
                    "  --holdpoint: compatible \n-- holdpoint: breaking\n",
                ),
                ("README.sql", ""),
                ("seeds/0003_x.sql", ""),
            ]),
        );
        let told: Vec<_> = all
            .unwrap()
            .into_iter()
            .map(|one| (one.version, one.class))
            .collect();
        assert_eq!(
            told,
            [
                ("1".to_owned(), None),
                ("2".to_owned(), Some(Class::Breaking)),
                ("10".to_owned(), Some(Class::Before)),
            ]
        );
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told_at_its_place() {
        let found = read(
            "db",
            &folder(&[
                ("0001_a.sql", "SELECT 1;\n-- holdpoint: befor"),
                ("1_b.sql", ""),
            ]),
        );
        let found = found.unwrap_err().to_string();
        for says in [
            "db/0001_a.sql:2:15",
            "did you mean \"before\"?",
            "are both version 1",
        ] {
            assert!(found.contains(says), "{found}");
        }
        let none = read("db", &folder(&[])).unwrap_err().to_string();
        assert!(none.contains("has no migrations"), "{none}");
    }

    #[test]
    fn what_is_recorded_is_not_pending() {
        let all = read(
            "db",
            &folder(&[("0001_a.sql", ""), ("0002_b.sql", ""), ("0010_c.sql", "")]),
        )
        .unwrap();
        let applied = |versions: &[&str], through| Applied {
            by: "goose_db_version".to_owned(),
            versions: versions.iter().map(|one| (*one).to_owned()).collect(),
            through,
        };
        let left = |applied: Option<&Applied>| -> Vec<String> {
            pending(&all, applied)
                .iter()
                .map(|one| one.version.clone())
                .collect()
        };
        assert_eq!(left(None), ["1", "2", "10"]);
        assert_eq!(left(Some(&applied(&["1", "10"], false))), ["2"]);
        assert_eq!(left(Some(&applied(&["0001", "0002"], false))), ["10"]);
        assert_eq!(left(Some(&applied(&["2"], true))), ["10"]);
        assert_eq!(left(Some(&applied(&[], true))), ["1", "2", "10"]);
    }
}
