//! The migrations of a database as files of SQL: which there are, what each says of the code that runs
//! beside it, and what it does to tables. Who plans reads them, and who carries them out.

mod here;

pub use here::unnumbered;

use serde::{Deserialize, Serialize};

use super::sql::{comments, place};
use super::touch::{Touches, touches};
use super::{Applied, DatabaseFacts, Name};
use crate::domain::digest::Digest;
use crate::domain::failure::Failure;
use crate::domain::request::SourceBundle;
use crate::text::diagnostic::{At, Diagnostic, Diagnostics, closest};

/// What a migration means for the code that runs. The later, the worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Old and new code work before and after it: it goes beside the update.
    Compatible,
    /// The code that runs works after it, and the new code only then: it goes before the new code.
    Before,
    /// The code that runs does not work after it.
    Breaking,
}

impl Class {
    /// As it stands in a file, in a comment: `-- holdpoint: before`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Class::Compatible => "compatible",
            Class::Before => "before",
            Class::Breaking => "breaking",
        }
    }
}

/// All of them.
const CLASSES: [Class; 3] = [Class::Compatible, Class::Before, Class::Breaking];
/// What stands in such a comment of a file that no transaction can hold.
const ALONE: &str = "no-transaction";
/// What begins such a comment.
const MARK: &str = "holdpoint:";
/// Comments by which tools tell the way back from the way there, in one file.
const BACK: [&str; 4] = [
    "+goose down",
    "+migrate down",
    "migrate:down",
    "+micrate down",
];

/// A migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Migration {
    /// Its version: what tools of migrations record.
    pub version: String,
    /// The name of its file.
    pub file: String,
    /// What it says of the code that runs; none where it says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<Class>,
    /// It says that no transaction can hold it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub alone: bool,
    /// What stands in it, by its digest; none of what an earlier program read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// What it does to tables.
    #[serde(default)]
    pub touches: Touches,
}

impl Migration {
    /// What it means for the code that runs: what nobody says counts as breaking.
    #[must_use]
    pub fn class(&self) -> Class {
        self.class.unwrap_or(Class::Breaking)
    }
}

/// What was carried out here of the files of a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// The version of a file.
    pub version: String,
    /// Its name.
    pub file: String,
    /// What stood in it, by its digest.
    pub digest: String,
    /// By which deployment.
    pub by: String,
    /// When that began, as the server writes it.
    pub began: String,
    /// It came to its end. One that did not was cut, or failed half-way: it is of a file that no
    /// transaction holds.
    pub done: bool,
    /// How many of its statements are known to be carried out.
    pub statements: u32,
    /// Why the one after them failed, where the server said that.
    pub trouble: String,
}

impl Carried {
    /// How many of its statements are known to be carried out.
    #[must_use]
    pub fn known(&self) -> String {
        match self.statements {
            1 => "1 statement of it is known to be carried out".to_owned(),
            many => format!("{many} statements of it are known to be carried out"),
        }
    }

    /// Why nothing more is carried out while its end is not known.
    #[must_use]
    pub fn half_way(&self, database: &Name) -> Failure {
        let (file, version) = (&self.file, &self.version);
        let says = format!(
            "{file} was begun in {database} by {}, and did not come to its end: {}",
            self.by,
            self.known()
        );
        let after = if self.trouble.is_empty() {
            "the next one may be, in part or whole: the session was cut".to_owned()
        } else {
            format!("the next one failed: {}", self.trouble)
        };
        Failure::new(says)
            .detail(format!("it began {}, and no transaction holds it; {after}", self.began))
            .hint(format!(
                "see what of it is there (an index that was cut is left invalid: \\d of its table in psql); then do the rest by hand and say so there: UPDATE holdpoint.migrations SET done_at = now() WHERE version = '{version}'; or take it away and let it be carried out anew: DELETE FROM holdpoint.migrations WHERE version = '{version}'"
            ))
    }

    /// Why a file is refused that was changed after it was carried out.
    #[must_use]
    pub fn changed(&self, database: &Name, file: &str, digest: &Digest) -> Failure {
        Failure::new(format!(
            "{file} was changed after it was carried out in {database} by {}",
            self.by
        ))
        .detail(format!(
            "what was carried out {} had the digest {}, and it has {digest} now",
            self.began, self.digest
        ))
        .hint(format!(
            "put {file} back as it was, and write what is to change into a new file"
        ))
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
pub fn read(folder: &str, bundle: &SourceBundle) -> Result<Vec<Migration>, Diagnostics> {
    sound(parsed(folder, bundle))
}

/// The same of files that are carried out here.
///
/// # Errors
/// Those, and what would end their transaction, or takes no part in one, or takes back what was done.
pub fn read_here(folder: &str, bundle: &SourceBundle) -> Result<Vec<Migration>, Diagnostics> {
    let (all, mut wrong) = parsed(folder, bundle);
    wrong.0.extend(here::wrong(folder, bundle, &all).0);
    sound((all, wrong))
}

fn sound((all, wrong): (Vec<Migration>, Diagnostics)) -> Result<Vec<Migration>, Diagnostics> {
    if wrong.is_empty() {
        Ok(all)
    } else {
        Err(wrong)
    }
}

/// All of them, and what is wrong with them.
fn parsed(folder: &str, bundle: &SourceBundle) -> (Vec<Migration>, Diagnostics) {
    let (mut all, mut wrong) = (Vec::<Migration>::new(), Diagnostics::default());
    let below = format!("{}/", folder.trim_end_matches('/'));
    for (path, file) in &bundle.files {
        let Some(name) = path.strip_prefix(&below).filter(|name| !name.contains('/')) else {
            continue;
        };
        let Some(version) = version(name) else {
            continue;
        };
        let text = String::from_utf8_lossy(&file.bytes);
        if let Some(other) = all.iter().find(|one| one.version == version) {
            let says = format!("{} and {name} are both version {version}", other.file);
            let hint = "give one of them another number";
            wrong.0.push(at_place(path, &text, At::START, &says, hint));
        }
        let said = said(&text).unwrap_or_else(|(at, says, hint)| {
            wrong.0.push(at_place(path, &text, at, &says, &hint));
            Said::default()
        });
        let there = back(&text).map_or(&*text, |at| text.get(..at).unwrap_or_default());
        all.push(Migration {
            version,
            file: name.to_owned(),
            class: said.class,
            alone: said.alone,
            digest: Some(Digest::of_bytes(&file.bytes)),
            touches: touches(there),
        });
    }
    if all.is_empty() && wrong.is_empty() {
        let says = format!("{folder} has no migrations: files like 0001_orders.sql");
        let hint = "name the folder where they are";
        wrong
            .0
            .push(Diagnostic::of_file("migration", folder, &says, hint));
    }
    all.sort_by(|a, b| (a.version.len(), &a.version).cmp(&(b.version.len(), &b.version)));
    (all, wrong)
}

/// What a file says of itself.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    class: Option<Class>,
    alone: bool,
}

/// What the comments of a file say; what none of them may say with its place, and what to do.
fn said(text: &str) -> Result<Said, (At, String, String)> {
    let mut found = Said::default();
    for (begin, comment) in comments(text) {
        let Some(word) = comment
            .trim_start_matches('-')
            .trim_start()
            .strip_prefix(MARK)
        else {
            continue;
        };
        let word = word.trim();
        let column = comment.find(word).filter(|_| !word.is_empty());
        let wrong = |says: String, hint: String| {
            let (line, column) = place(text, begin + column.unwrap_or(0));
            let length = word.chars().count().max(1);
            let at = At {
                line,
                column,
                length,
            };
            Err((at, says, hint))
        };
        if word == ALONE {
            found.alone = true;
            continue;
        }
        let Some(class) = CLASSES.into_iter().find(|class| class.word() == word) else {
            let names = CLASSES.map(Class::word);
            let hint = closest(word, names.into_iter().chain([ALONE])).map_or_else(
                || format!("it is one of {}, or {ALONE}", names.join(", ")),
                |near| format!("did you mean {near:?}?"),
            );
            return wrong(format!("{word:?} is no class of migrations"), hint);
        };
        if let Some(other) = found.class.filter(|other| *other != class) {
            let says = format!("this file is {word} here, and {} above", other.word());
            return wrong(
                says,
                "leave one of them out, or make two files of it".to_owned(),
            );
        }
        found.class = Some(class);
    }
    Ok(found)
}

/// Where the way back begins that stands in the same file.
fn back(text: &str) -> Option<usize> {
    let mut all = comments(text);
    let found = all.find(|(_, comment)| {
        let words = comment.trim_start_matches('-').trim().to_lowercase();
        BACK.iter().any(|back| words.starts_with(back))
    });
    found.map(|(at, _)| at)
}

fn at_place(path: &str, text: &str, at: At, says: &str, hint: &str) -> Diagnostic {
    let mut found = Diagnostic::of_file("migration", path, says, hint);
    found.at = at;
    text.lines()
        .nth(at.line - 1)
        .unwrap_or_default()
        .clone_into(&mut found.text);
    found
}

/// Where a file of a folder is.
#[must_use]
pub fn path(folder: &str, file: &str) -> String {
    format!("{}/{file}", folder.trim_end_matches('/'))
}

impl Applied {
    /// Whether a tool recorded this version.
    #[must_use]
    pub fn has(&self, version: &str) -> bool {
        if self.through {
            let last = self.versions.last().map_or("", |last| plain(last));
            return (version.len(), version) <= (last.len(), last);
        }
        self.versions.iter().any(|done| plain(done) == version)
    }
}

impl DatabaseFacts {
    /// Whether a migration was carried out, here or by a tool.
    #[must_use]
    pub fn has(&self, one: &Migration) -> bool {
        let here = |done: &Carried| done.done && done.version == one.version;
        self.carried.iter().any(here)
            || self
                .applied
                .as_ref()
                .is_some_and(|applied| applied.has(&one.version))
    }
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
                    "SELECT 1; --holdpoint: breaking \n-- holdpoint: breaking\n",
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
                (
                    "2_c.sql",
                    "-- holdpoint: before\nSELECT ' -- holdpoint: x'; -- holdpoint: breaking",
                ),
            ]),
        );
        let found = found.unwrap_err().to_string();
        for says in [
            "db/0001_a.sql:2:15",
            "did you mean \"before\"?",
            "are both version 1",
            "db/2_c.sql:2:42",
            "this file is breaking here, and before above",
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
            let facts = DatabaseFacts {
                applied: applied.cloned(),
                ..DatabaseFacts::default()
            };
            let pending = all.iter().filter(|one| !facts.has(one));
            pending.map(|one| one.version.clone()).collect()
        };
        assert_eq!(left(None), ["1", "2", "10"]);
        assert_eq!(left(Some(&applied(&["1", "10"], false))), ["2"]);
        assert_eq!(left(Some(&applied(&["0001", "0002"], false))), ["10"]);
        assert_eq!(left(Some(&applied(&["2"], true))), ["10"]);
        assert_eq!(left(Some(&applied(&[], true))), ["1", "2", "10"]);
    }
}
