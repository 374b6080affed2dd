//! Databases on Postgres servers: how plans name them, and what is seen of them.

mod alter;
pub mod migrations;
pub mod sql;
mod statement;
pub mod touch;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::json;

use self::migrations::Carried;
use crate::domain::failure::Failure;
use crate::domain::look::{Look, Sight, Standing, Subject};
use crate::domain::row::Row;
use crate::text::counted::{counted, size};

/// The kind of a database, as a real thing that is looked at. Its name is `database@host:port`.
pub const DATABASE: &str = "postgres.database";

/// The kind of the step that carries out files of migrations.
pub const MIGRATE: &str = "postgres.migrate";

/// What it is called where a person reads of it.
const CALLED: &str = "database";

/// A server, and how it lets in who makes databases there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How it lets in.
    pub auth: Auth,
    /// The certificates, as PEM, by one of which its own must be signed; those that the machine
    /// knows where there are none. On loopback there is no TLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
}

/// How a server lets in who makes databases there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Auth {
    /// By a token of IAM.
    Iam {
        /// The user.
        user: String,
        /// The database that it connects to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        database: Option<String>,
    },
    /// By what a secret of Secrets Manager holds, by its name or ARN.
    Secret(String),
}

impl Auth {
    /// Whether applications are let in by IAM as well.
    #[must_use]
    pub fn is_iam(&self) -> bool {
        matches!(self, Auth::Iam { .. })
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// A name on a server, as it may stand in a statement: letters, digits, `_`, and no longer than the
/// server keeps.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

/// As much of a name as a server keeps, in bytes.
pub const LONGEST: usize = 63;

impl Name {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        if !text.is_empty() && text.len() <= LONGEST && text.bytes().all(plain) {
            return Ok(Self(text));
        }
        Err(format!(
            "{text:?} is no name of a database: 1 to {LONGEST} letters, digits and _"
        ))
    }
}

impl From<Name> for String {
    fn from(name: Name) -> String {
        name.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A database on a server. The role that owns it and all that is in it has the same name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// The server.
    pub server: Server,
    /// Its name there.
    pub name: Name,
}

impl Database {
    /// As a real thing.
    #[must_use]
    pub fn subject(&self) -> Subject {
        Subject::new(DATABASE, &format!("{}@{}", self.name, self.server))
    }

    /// Why it is left alone: it is somebody else's.
    #[must_use]
    pub fn of_another(&self, mark: &Mark) -> Failure {
        let says = format!(
            "the database {} on {} is that of {}",
            self.name, self.server, mark.of
        );
        Failure::new(says).hint("two applications that reach one database would take it from each other: give one of them another db_name_suffix")
    }

    /// A look at it.
    #[must_use]
    pub fn look(&self) -> Look {
        Look::at(self.subject()).with(json!(self))
    }
}

/// What a look at a database tells.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct DatabaseFacts {
    /// The number under which the server knows it; none where it is not there.
    pub oid: Option<u32>,
    /// Its owner.
    #[serde(default)]
    pub owner: String,
    /// Its size in bytes.
    #[serde(default)]
    pub bytes: u64,
    /// Who is connected, by user and application, and how often.
    #[serde(default)]
    pub sessions: BTreeMap<String, u32>,
    /// Its extensions.
    #[serde(default)]
    pub extensions: Vec<String>,
    /// Its tables with what they hold, the largest first.
    #[serde(default)]
    pub tables: Vec<Table>,
    /// What was migrated, as a tool of migrations recorded it; none where no tool did.
    #[serde(default)]
    pub applied: Option<Applied>,
    /// What was carried out here of the files of its migrations.
    #[serde(default)]
    pub carried: Vec<Carried>,
    /// The users that are members of its role.
    #[serde(default)]
    pub users: Vec<String>,
    /// What was remembered of it.
    #[serde(default)]
    pub mark: Option<Mark>,
    /// The version of the server.
    #[serde(default)]
    pub version: String,
}

impl DatabaseFacts {
    /// How many sessions there are on it.
    #[must_use]
    pub fn connected(&self) -> u32 {
        self.sessions.values().sum()
    }
}

/// What is remembered of a database.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Mark {
    /// Whose it is: a store, and a stack of it.
    pub of: String,
    /// By what it was migrated last; empty where that did not end well.
    #[serde(default)]
    pub migrated: String,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Schema and name.
    pub name: String,
    /// How many rows it has, as the server estimates; none where it never counted.
    pub rows: Option<u64>,
    /// Its size in bytes, with its indexes; of a partitioned one with its partitions.
    pub bytes: u64,
    /// How many sessions hold locks on it.
    #[serde(default)]
    pub held: u32,
    /// Its indexes by their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indexes: Vec<String>,
}

/// What a tool of migrations recorded.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Applied {
    /// The table where it did.
    pub by: String,
    /// The versions that are applied, in order.
    pub versions: Vec<String>,
    /// It records the last one alone: all before it are applied too.
    #[serde(default)]
    pub through: bool,
}

/// As it is seen.
#[must_use]
pub fn sight(about: Subject, facts: &DatabaseFacts) -> Sight {
    let words = if facts.oid.is_some() {
        let sessions = counted(facts.connected(), "session");
        format!("{}, {sessions}", size(facts.bytes))
    } else {
        "not there".to_owned()
    };
    let standing = facts.oid.map_or(Standing::Missing, |_| Standing::Good);
    let mut rows = vec![Row::new("server", &format!("Postgres {}", facts.version))];
    let largest = facts.tables.first();
    rows.extend(largest.map(|one| Row::new("largest table", &one.says())));
    Sight {
        words: words.as_str().into(),
        rows,
        facts: json!(facts),
        ..Sight::of(about, CALLED, standing)
    }
}

impl Table {
    /// `public.orders (1.2 GB, about 10,000,000 rows)`.
    #[must_use]
    pub fn says(&self) -> String {
        format!("{} ({})", self.name, self.holds())
    }

    /// `1.2 GB, about 10,000,000 rows`.
    #[must_use]
    pub fn holds(&self) -> String {
        let rows = self.rows.map_or_else(
            || "rows never counted".to_owned(),
            |rows| format!("about {} rows", grouped(rows)),
        );
        format!("{}, {rows}", size(self.bytes))
    }
}

/// `10,000,000`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_told_with_its_size() {
        let table = |rows| Table {
            name: "public.orders".to_owned(),
            rows,
            bytes: 1_288_490_189,
            held: 0,
            indexes: Vec::new(),
        };
        assert_eq!(
            table(Some(10_000_000)).says(),
            "public.orders (1.2 GB, about 10,000,000 rows)"
        );
        assert_eq!(
            table(None).says(),
            "public.orders (1.2 GB, rows never counted)"
        );
    }

    #[test]
    fn a_name_has_only_what_needs_no_quoting() {
        let name = |text: &str| Name::try_from(text.to_owned());
        for right in ["dev_billing_main", "a", &"x".repeat(63)] {
            assert_eq!(name(right).unwrap().as_str(), right);
        }
        for wrong in ["", "a-b", "a b", "a\"b", "ä", "a;b", &"x".repeat(64)] {
            assert!(name(wrong).is_err(), "{wrong}");
        }
    }
}
