//! Who somebody is: what was proven when they asked, never what was claimed.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ids::MemberName;
use crate::text::safe::Safe;

/// A person as the engine proved them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Person {
    /// The owner of the embedded store (its files are theirs alone), with the login name for
    /// display.
    Owner(Safe),
    /// The engine itself: timers, expiry, recovery.
    Engine,
    /// One of the people whom the environment's record names, with the ids by which that was
    /// proven.
    Member {
        /// The name in the record.
        id: MemberName,
        /// What was proven.
        proofs: Vec<Identity>,
    },
    /// Somebody elsewhere, for whom something of ours asks: a push, a message, a schedule.
    Outside {
        /// Who vouches for it.
        source: Issuer,
        /// Which one: an installation, a queue, a schedule.
        id: Safe,
        /// For whom it says that it asks; not proven.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        behalf: Option<Safe>,
    },
}

/// Who gives ids to people and to what asks for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Issuer {
    /// An AWS principal.
    Aws,
    /// A user of the store's database.
    Database,
    /// GitHub.
    Github,
    /// GitLab.
    Gitlab,
    /// Bitbucket.
    Bitbucket,
    /// A queue or a topic.
    Queue,
    /// A timer of ours.
    Schedule,
}

impl Issuer {
    /// Its name on a screen.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Issuer::Aws => "aws",
            Issuer::Database => "database",
            Issuer::Github => "github",
            Issuer::Gitlab => "gitlab",
            Issuer::Bitbucket => "bitbucket",
            Issuer::Queue => "queue",
            Issuer::Schedule => "schedule",
        }
    }
}

/// An id that was proven.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// Who gave it.
    pub issuer: Issuer,
    /// The id.
    pub id: Safe,
}

impl Person {
    /// True for a person who may decide what waits for one: what asks from outside may ask, and
    /// nothing more.
    #[must_use]
    pub fn decides(&self) -> bool {
        match self {
            Person::Owner(_) | Person::Member { .. } => true,
            Person::Engine | Person::Outside { .. } => false,
        }
    }
}

impl Person {
    /// What they are to the store, as one word.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Person::Owner(_) => "owner",
            Person::Engine => "engine",
            Person::Member { .. } => "member",
            Person::Outside { .. } => "outside",
        }
    }

    /// How they are known: what was proven of them, and by what.
    #[must_use]
    pub fn known(&self) -> String {
        match self {
            Person::Owner(_) => "owner of the store, by the operating system".to_owned(),
            Person::Engine => "the engine itself".to_owned(),
            Person::Member { proofs, .. } => {
                let proofs: Vec<String> = proofs
                    .iter()
                    .map(|proof| format!("{} {}", proof.issuer.word(), proof.id))
                    .collect();
                format!("member, proven as {}", proofs.join(", "))
            }
            Person::Outside {
                source,
                behalf: Some(_),
                ..
            } => format!(
                "outside: {} vouches for itself, for whom it asks is not proven",
                source.word()
            ),
            Person::Outside {
                source,
                behalf: None,
                ..
            } => format!("outside: {} vouches for it", source.word()),
        }
    }
}

/// The name to show. What is from outside says so first: it cannot show itself as one of ours.
impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Person::Owner(name) => f.pad(name.as_str()),
            Person::Engine => f.pad("engine"),
            Person::Member { id, .. } => f.pad(id.as_str()),
            Person::Outside {
                source,
                id,
                behalf: None,
            } => f.pad(&format!("{}:{id}", source.word())),
            Person::Outside {
                source,
                id,
                behalf: Some(behalf),
            } => f.pad(&format!("{}:{id} for {behalf}", source.word())),
        }
    }
}

/// What an ask brings to show who asks.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "proof", rename_all = "snake_case")]
pub enum Proof {
    /// That it stands in the inbox: it is of whoever could write there, which the store itself
    /// proves.
    #[default]
    Written,
    /// Who wrote it has checked a signature of somebody elsewhere, and asks in their name instead
    /// of its own.
    Checked {
        /// Who vouches for it.
        source: Issuer,
        /// Which one.
        id: Safe,
        /// For whom it says that it asks.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        behalf: Option<Safe>,
    },
}

impl Proof {
    /// Who asks, where `writer` wrote the ask. It never makes more of the writer than they are.
    #[must_use]
    pub fn person(&self, writer: &Person) -> Person {
        match self {
            Proof::Written => writer.clone(),
            Proof::Checked { source, id, behalf } => Person::Outside {
                source: *source,
                id: id.clone(),
                behalf: behalf.clone(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_asks_from_outside_cannot_show_itself_as_one_of_ours() {
        let outside = |id: &str, behalf: Option<&str>| Person::Outside {
            source: Issuer::Github,
            id: id.into(),
            behalf: behalf.map(Into::into),
        };
        for (person, shown) in [
            (Person::Owner("ana".into()), "ana"),
            (Person::Owner("a\u{1b}[31mna\u{202e}".into()), "ana<U+202E>"),
            (Person::Engine, "engine"),
            (
                Person::Member {
                    id: "ana".parse().unwrap(),
                    proofs: vec![],
                },
                "ana",
            ),
            (outside("ana", None), "github:ana"),
            (
                outside("4711", Some("ana\nengine")),
                "github:4711 for ana^Jengine",
            ),
        ] {
            assert_eq!(person.to_string(), shown);
            assert_eq!(format!("{person:<40}").len(), 40, "columns stay in line");
            let text = serde_json::to_string(&person).unwrap();
            assert_eq!(serde_json::from_str::<Person>(&text).unwrap(), person);
        }
    }

    #[test]
    fn an_ask_is_its_writers_or_of_somebody_outside_and_never_of_another_of_ours() {
        let writer = Person::Owner("ana".into());
        assert_eq!(Proof::Written.person(&writer), writer);
        let checked = Proof::Checked {
            source: Issuer::Gitlab,
            id: "7".into(),
            behalf: Some("owner".into()),
        };
        let person = checked.person(&writer);
        assert!(!person.decides() && writer.decides() && !Person::Engine.decides());
        for claimed in [
            json!({ "proof": "owner" }),
            json!({ "proof": "member", "id": "bo" }),
            json!("owner"),
        ] {
            assert!(serde_json::from_value::<Proof>(claimed).is_err());
        }
    }
}
