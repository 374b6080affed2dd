//! Apps that another program tells of, each of which makes one instance of an application: a stack
//! that stands beside the estate file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ids::{Part, StackId};
use super::row::Row;
use super::time::Time;
use crate::text::safe::Safe;

/// An app, as it was told of last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// Its id: the part of the application that its stack is.
    pub id: Part,
    /// Its name as it may stand in addresses. It stays what it was first, because addresses do.
    pub name: Slug,
    /// Its name now, for people.
    pub title: Safe,
    /// How its users sign in, in the words of whoever tells of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign_in: Option<Safe>,
    /// Whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Part>,
    /// When it was so, by the clock of whoever tells of it.
    pub told_at: Time,
    /// When it was told of first: of two with one address it has the one who was there before.
    #[serde(default)]
    pub since: Time,
}

/// What is told of an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "told", rename_all = "snake_case")]
pub enum AppTold {
    /// It is there, and this is what it is.
    There {
        /// What.
        instance: Instance,
    },
    /// It is there no more.
    Gone {
        /// Since when, by the clock of whoever tells of it.
        told_at: Time,
    },
}

impl AppTold {
    /// When it was so, by the clock of whoever tells of it.
    #[must_use]
    pub fn at(&self) -> Time {
        match self {
            AppTold::There { instance } => instance.told_at,
            AppTold::Gone { told_at } => *told_at,
        }
    }
}

/// The apps that are known, by their stacks.
pub type Instances = BTreeMap<StackId, Instance>;

/// A name of 1 to 63 of a-z, 0-9 and '-', with a letter or digit at both ends: it may stand in
/// addresses and paths.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slug(String);

impl Slug {
    /// What stays of a name; none where nothing does.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        let mut slug = String::new();
        for c in name.chars().flat_map(char::to_lowercase) {
            if c.is_ascii_alphanumeric() {
                slug.push(c);
            } else if !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
        }
        slug.truncate(63);
        let slug = slug.trim_end_matches('-');
        (!slug.is_empty()).then(|| Self(slug.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Slug {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::of(&text)
            .filter(|slug| slug.0 == text)
            .ok_or("a name for addresses is 1 to 63 of a-z, 0-9 and '-'")
    }
}

impl From<Slug> for String {
    fn from(slug: Slug) -> Self {
        slug.0
    }
}

impl Instance {
    /// What its page says of it.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        let mut rows = vec![Row::new("app", self.title.as_str())];
        rows.extend(
            self.owner
                .as_ref()
                .map(|owner| Row::new("owner", owner.as_str())),
        );
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_for_addresses_is_what_stays_of_a_name() {
        let long = "ä".repeat(3) + &"x".repeat(80);
        let cases = [
            ("Acme Shop", Some("acme-shop")),
            ("  --Größe!! 2 ", Some("gr-e-2")),
            ("ÄÖ", None),
            ("", None),
        ];
        for (name, slug) in cases {
            let of = Slug::of(name);
            assert_eq!(of.as_ref().map(Slug::as_str), slug, "{name}");
        }
        assert_eq!(Slug::of(&long).unwrap().as_str().len(), 63);
        assert!(Slug::try_from("Acme".to_owned()).is_err());
    }
}
