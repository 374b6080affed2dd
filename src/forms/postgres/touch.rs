//! What a statement does to the tables that are there: which it locks and how, and whether it writes
//! one anew. By the documentation of Postgres 15; a statement of which that cannot be said is told.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::sql::{Word, place, statements};
use super::statement::does;

/// How a table is locked. The later, the more has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lock {
    /// It waits for nothing but what changes its form.
    RowExclusive,
    /// Reading and writing go on.
    ShareUpdateExclusive,
    /// Nobody writes.
    Share,
    /// Nobody writes, and nobody else does the same.
    ShareRowExclusive,
    /// Nobody does more than read.
    Exclusive,
    /// Nobody reads, and nobody writes.
    AccessExclusive,
}

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Lock::RowExclusive => "ROW EXCLUSIVE",
            Lock::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            Lock::Share => "SHARE",
            Lock::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            Lock::Exclusive => "EXCLUSIVE",
            Lock::AccessExclusive => "ACCESS EXCLUSIVE",
        })
    }
}

/// Whether a table is written anew.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rewrite {
    /// No.
    #[default]
    No,
    /// That depends on what is not in the file: the type of a column, what a function is.
    Perhaps,
    /// Yes, all of it and its indexes.
    Yes,
}

/// What is done to a table, or to the table of an index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touch {
    /// Its name as the file has it, with its schema where that is named.
    pub table: String,
    /// It is the name of an index.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub index: bool,
    /// The lock.
    pub lock: Lock,
    /// Whether it is written anew.
    #[serde(default)]
    pub rewrite: Rewrite,
}

/// What a file does to tables.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touches {
    /// Each table that was there before, with the worst that is done to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<Touch>,
    /// The lines of statements of which that is not known, each with why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<(usize, String)>,
}

/// What a statement does.
#[derive(Debug, Default)]
pub(super) struct Does {
    pub(super) touches: Vec<Touch>,
    /// The table that it makes.
    pub(super) makes: Option<String>,
    /// Why more may be done than is said here.
    pub(super) unknown: Option<String>,
}

impl Does {
    pub(super) fn unknown(why: impl Into<String>) -> Self {
        Self {
            unknown: Some(why.into()),
            ..Self::default()
        }
    }

    pub(super) fn touch(mut self, table: Option<(String, usize)>, lock: Lock) -> Self {
        match table {
            Some((table, _)) => self.touches.push(Touch {
                table,
                index: false,
                lock,
                rewrite: Rewrite::No,
            }),
            None => self.unknown = Some("names no table".to_owned()),
        }
        self
    }

    pub(super) fn anew(mut self) -> Self {
        for touch in &mut self.touches {
            touch.rewrite = Rewrite::Yes;
        }
        self
    }

    pub(super) fn of_index(mut self) -> Self {
        for touch in &mut self.touches {
            touch.index = true;
        }
        self
    }
}

/// Reads what a text of statements does.
#[must_use]
pub fn touches(text: &str) -> Touches {
    let (mut found, mut made) = (Touches::default(), BTreeSet::new());
    for statement in statements(text) {
        let does = does(&statement);
        if let Some(why) = does.unknown {
            found.unknown.push((place(text, statement.at).0, why));
        }
        for touch in does.touches {
            if made.contains(&touch.table) {
                continue;
            }
            let known = found
                .tables
                .iter_mut()
                .find(|known| known.table == touch.table && known.index == touch.index);
            match known {
                Some(known) => {
                    known.lock = known.lock.max(touch.lock);
                    known.rewrite = known.rewrite.max(touch.rewrite);
                }
                None => found.tables.push(touch),
            }
        }
        made.extend(does.makes);
    }
    found
}

/// The name that stands at a place, and where it ends.
pub(super) fn name(words: &[Word<'_>], at: usize) -> Option<(String, usize)> {
    let mut at = at;
    for skip in ["if", "not", "exists", "only"] {
        if words.get(at).is_some_and(|word| word.is(skip)) {
            at += 1;
        }
    }
    let mut whole = words.get(at)?.name()?;
    at += 1;
    while words.get(at).is_some_and(|word| word.is_sign(".")) {
        whole = format!("{whole}.{}", words.get(at + 1)?.name()?);
        at += 2;
    }
    if words.get(at).is_some_and(|word| word.is_sign("*")) {
        at += 1;
    }
    Some((whole, at))
}

/// Where a keyword stands outside of parentheses.
pub(super) fn find(words: &[Word<'_>], keyword: &str) -> Option<usize> {
    let mut depth = 0_usize;
    words.iter().position(|word| {
        match word.text {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && word.is(keyword)
    })
}

#[cfg(test)]
mod tests;
