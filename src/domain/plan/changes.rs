//! What a plan or a step is known to change, by what it is about.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Shown;
use crate::domain::digest::Digest;
use crate::domain::look::Subject;

/// What a change does to one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Does {
    /// Makes it.
    Add,
    /// Takes in one that is there.
    Import,
    /// Changes it in place.
    Change,
    /// Changes it in place, or puts another one in its stead.
    MayReplace,
    /// Puts another one in its stead.
    Replace,
    /// Deletes it.
    Remove,
    /// What will be done is known only when it is done.
    Unclear,
}

impl Does {
    /// For lists.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Does::Add => "add",
            Does::Import => "import",
            Does::Change => "change",
            Does::MayReplace => "replace?",
            Does::Replace => "replace",
            Does::Remove => "remove",
            Does::Unclear => "unclear",
        }
    }
}

/// What becomes of what is there when a resource is deleted, or another one takes its place.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It is deleted.
    #[default]
    Goes,
    /// It is deleted, and a snapshot of it stays.
    Saved,
    /// It stays, and nobody looks after it any more.
    Stays,
}

impl Fate {
    /// True where it is deleted and nothing of it stays.
    #[must_use]
    pub fn goes(&self) -> bool {
        matches!(self, Fate::Goes)
    }
}

/// One row of what a change will do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ChangeRow {
    /// Logical id, with the nested stack before it where there is one.
    pub logical: String,
    /// Resource type.
    pub kind: String,
    /// What is done to it.
    pub does: Does,
    /// What becomes of what is there, where it is deleted or replaced.
    #[serde(default, skip_serializing_if = "Fate::goes")]
    pub fate: Fate,
    /// What changes (`Properties`, `Metadata`, `Tags` …), sorted.
    pub scope: Vec<String>,
    /// The names of the changed properties, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub properties: Vec<String>,
    /// From what to what each of them changes, by digest, where that is told: a value may be one
    /// that nobody keeps.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, Digest>,
    /// The same as a person reads it, without what is a secret; a property of which nothing is told
    /// has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shown: Vec<Shown>,
    /// Those of them that nothing but a count of tasks changes, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counted: Vec<String>,
    /// What it is part of, as a heading above such rows; empty where nothing is said of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group: String,
}

/// The groups of rows, in their order: each heading, and the rows that stand below it.
pub fn grouped(rows: &[ChangeRow]) -> impl Iterator<Item = (&str, &[ChangeRow])> {
    let groups = rows.chunk_by(|one, next| one.group == next.group);
    groups.filter_map(|group| Some((group.first()?.group.as_str(), group)))
}

impl ChangeRow {
    /// A row of which no more is known than what is done to which resource.
    #[must_use]
    pub fn new(logical: &str, kind: &str, does: Does) -> Self {
        Self {
            logical: logical.to_owned(),
            kind: kind.to_owned(),
            does,
            fate: Fate::default(),
            scope: Vec::new(),
            properties: Vec::new(),
            values: BTreeMap::new(),
            shown: Vec::new(),
            counted: Vec::new(),
            group: String::new(),
        }
    }

    /// True when the resource is deleted or may be replaced. One that only leaves its stack goes on
    /// as it is.
    #[must_use]
    pub fn destroys(&self) -> bool {
        match self.does {
            Does::Remove => self.fate != Fate::Stays,
            Does::Replace | Does::MayReplace => true,
            Does::Add | Does::Import | Does::Change | Does::Unclear => false,
        }
    }

    /// True when the resource leaves its stack and goes on as it is.
    #[must_use]
    pub fn is_left(&self) -> bool {
        self.does == Does::Remove && self.fate == Fate::Stays
    }

    /// The properties of which no value is told.
    #[must_use]
    pub fn untold(&self) -> Vec<&str> {
        let told = |property: &str| self.shown.iter().any(|one| one.is_of(property));
        let names = self.properties.iter().map(String::as_str);
        names.filter(|property| !told(property)).collect()
    }

    /// For lists.
    #[must_use]
    pub fn word(&self) -> &'static str {
        if self.is_left() {
            "leave"
        } else {
            self.does.word()
        }
    }

    /// True when a person who saw this row has seen all of the other: the same is done to the same
    /// resource, and no property changes that does not change here, from the same to the same. What
    /// changes fewer properties is nothing new: each of them was seen.
    #[must_use]
    pub fn covers(&self, other: &ChangeRow) -> bool {
        let of = |row: &ChangeRow| (row.logical.clone(), row.kind.clone(), row.does, row.fate);
        of(self) == of(other)
            && other.scope.iter().all(|one| self.scope.contains(one))
            && other.properties.iter().all(|name| {
                self.properties.contains(name) && self.values.get(name) == other.values.get(name)
            })
    }

    /// The row without what a count of tasks changes; `None` where that is all that it changes.
    #[must_use]
    pub fn uncounted(&self) -> Option<ChangeRow> {
        let left = |name: &String| !self.counted.contains(name);
        let properties: Vec<String> = self
            .properties
            .iter()
            .filter(|one| left(one))
            .cloned()
            .collect();
        let counts_alone =
            self.does == Does::Change && properties.is_empty() && !self.properties.is_empty();
        (!counts_alone).then(|| ChangeRow {
            properties,
            ..self.clone()
        })
    }
}

/// What is known to change of one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// Of what.
    pub about: Subject,
    /// What would be done to it.
    pub rows: Vec<ChangeRow>,
    /// What holds data and goes: logical names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub loses: Vec<String>,
    /// More than a person has seen of it before; false where nothing was compared.
    #[serde(default)]
    pub more_dangerous: bool,
}

/// What was known before, with what a later look found: a later word about one thing stands for all
/// earlier ones.
#[must_use]
pub fn united<'a>(before: &[Changes], later: impl Iterator<Item = &'a Changes>) -> Vec<Changes> {
    let mut all = before.to_vec();
    for one in later {
        match all.iter_mut().find(|known| known.about == one.about) {
            Some(known) => known.clone_from(one),
            None => all.push(one.clone()),
        }
    }
    all
}

/// How many tasks run, or are to run, by the name of the count.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Counts(pub BTreeMap<String, u32>);

impl Counts {
    /// True where no count is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All together.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.0
            .values()
            .fold(0, |all, count| all.saturating_add(*count))
    }

    /// The counts that these values are; one that is no number is not known.
    #[must_use]
    pub fn of(values: &BTreeMap<String, String>) -> Self {
        Self(
            values
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), value.trim().parse().ok()?)))
                .collect(),
        )
    }
}
