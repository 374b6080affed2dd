//! The stored form of an event, the same in every store: text and numbers, each record chained by
//! hash to the one before it in its stream.

use std::collections::HashMap;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{By, StoreError};
use crate::domain::deployment::DeploymentEvent;
use crate::domain::digest::canonical;
use crate::domain::event::{Event, FORM, Stored, StreamId};
use crate::domain::person::{Issuer, Person};
use crate::domain::time::Time;
use crate::text::safe::Safe;

/// An event as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(super) struct Record {
    pub seq: u64,
    pub stream: String,
    pub version: u64,
    pub tag: String,
    pub form: u32,
    pub payload: String,
    pub at: i64,
    pub person: String,
    pub cause: Option<String>,
    pub hash: String,
    /// What of it is no text, where it was read and is damaged; it stands here with marks in place
    /// of what is none.
    #[serde(skip)]
    pub garbled: Vec<&'static str>,
}

/// What comes before the first event of a stream.
pub(super) const FIRST: &str = "";

impl Record {
    /// The record of a new event; its place and its hash come when it is written.
    pub(super) fn new(stream: &StreamId, event: &Event, by: &By) -> Result<Self, StoreError> {
        let payload =
            serde_json::to_value(event).map_err(|why| unreadable("an event to write", &why))?;
        Ok(Self {
            seq: 0,
            stream: stream.to_string(),
            version: 0,
            tag: event.tag().to_owned(),
            form: FORM,
            payload: canonical(&payload),
            at: by.at.0,
            person: text(&by.person)?,
            cause: by.cause.map(|id| id.to_string()),
            hash: String::new(),
            garbled: Vec::new(),
        })
    }

    /// Takes its place behind the record with that version and hash.
    pub(super) fn follow(&mut self, seq: u64, version: u64, hash: &str) {
        self.seq = seq;
        self.version = version + 1;
        self.hash = self.hash_after(hash);
    }

    /// The hash that this record must have behind that one.
    pub(super) fn hash_after(&self, before: &str) -> String {
        let mut hash = Sha256::new();
        // Lengths before contents: no two different records feed the same bytes.
        let mut feed = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        feed(b"holdpoint/event/1");
        for part in [
            before,
            &self.stream,
            &self.tag,
            &self.payload,
            &self.person,
            self.cause.as_deref().unwrap_or_default(),
        ] {
            feed(part.as_bytes());
        }
        feed(&self.version.to_le_bytes());
        feed(&self.form.to_le_bytes());
        feed(&self.at.to_le_bytes());
        hex::encode(hash.finalize())
    }

    /// The event that is kept here. What this program cannot read freezes its stream alone.
    pub(super) fn read(&self) -> Result<Stored, StoreError> {
        let stream = StreamId::try_from(self.stream.clone())
            .map_err(|why| unreadable("the name of a stream", &why))?;
        let event = self
            .whole()
            .and_then(|()| {
                serde_json::from_str::<Value>(&self.payload)
                    .map_err(|why| format!("an event of {stream} is not JSON: {why}"))
            })
            .and_then(|payload| Event::read(&stream, self.form, &payload));
        // A person of a newer program freezes the stream alone as well; until then it is shown as
        // it stands.
        let (person, event) = match serde_json::from_str(&self.person) {
            Ok(person) => (person, event),
            Err(why) => {
                let stranger = Person::Outside {
                    source: Issuer::Database,
                    id: Safe::new(&self.person),
                    behalf: None,
                };
                (
                    stranger,
                    Err(format!(
                        "who recorded an event of {stream} cannot be read: {why}"
                    )),
                )
            }
        };
        let (cause, event) = match self.cause.as_deref().map(str::parse).transpose() {
            Ok(cause) => (cause, event),
            Err(why) => (
                None,
                event.and(Err(format!(
                    "the cause of an event of {stream} cannot be read: {why}"
                ))),
            ),
        };
        Ok(Stored {
            seq: self.seq,
            version: self.version,
            at: Time(self.at),
            person,
            cause,
            event,
            stream,
        })
    }

    fn whole(&self) -> Result<(), String> {
        if self.garbled.is_empty() {
            return Ok(());
        }
        Err(format!(
            "version {} of {} is damaged: its {} is not text",
            self.version,
            self.stream,
            self.garbled.join(", ")
        ))
    }
}

/// The chains of hashes, followed while events are read in their order.
#[derive(Debug, Default)]
pub(super) struct Chains(HashMap<String, (u64, String)>);

impl Chains {
    /// Reading goes on behind these: the last version and hash that each stream had by then.
    pub(super) fn behind(heads: impl IntoIterator<Item = (String, u64, String)>) -> Self {
        let heads = heads.into_iter();
        Self(
            heads
                .map(|(name, version, hash)| (name, (version, hash)))
                .collect(),
        )
    }

    /// The next event; one that is not what was written freezes its stream.
    pub(super) fn read(&mut self, record: &Record) -> Result<Stored, StoreError> {
        let mut stored = record.read()?;
        let (version, hash) = self
            .0
            .get(&record.stream)
            .map_or((0, FIRST), |(version, hash)| (*version, hash.as_str()));
        if stored.event.is_ok()
            && record.version == version + 1
            && record.hash != record.hash_after(hash)
        {
            stored.event = Err(format!(
                "version {} of {} is damaged: it is not what was written",
                record.version, record.stream
            ));
        }
        self.0
            .insert(record.stream.clone(), (record.version, record.hash.clone()));
        Ok(stored)
    }
}

/// The number that an event gives to a new deployment.
pub(super) fn number(event: &Event) -> Option<u64> {
    let Event::Deployment(event) = event else {
        return None;
    };
    match &**event {
        DeploymentEvent::Created { request } => Some(request.no.0),
        _ => None,
    }
}

/// A value as JSON text.
pub(super) fn text<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|why| unreadable("a value to write", &why))
}

/// A value from JSON text.
pub(super) fn value<T: serde::de::DeserializeOwned>(
    text: impl AsRef<[u8]>,
    what: &str,
) -> Result<T, StoreError> {
    serde_json::from_slice(text.as_ref()).map_err(|why| unreadable(what, &why))
}

/// What is stored cannot be read.
pub(super) fn unreadable(what: &str, why: &dyn std::fmt::Display) -> StoreError {
    StoreError::Corrupt(format!(
        "{what} cannot be read: {why}; `holdpoint doctor` checks the whole store"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::environment::EnvironmentEvent;

    type Change = (&'static str, fn(&mut Record));

    fn record() -> Record {
        let by = By {
            person: Person::Owner("ana".into()),
            cause: None,
            at: Time(7),
            under: vec![],
        };
        let mut record = Record::new(
            &StreamId::Environment("dev".parse().unwrap()),
            &Event::Environment(EnvironmentEvent::Thawed),
            &by,
        )
        .unwrap();
        record.follow(9, 3, "abc");
        record
    }

    #[test]
    fn it_reads_back_what_was_written() {
        let stored = record().read().unwrap();
        assert_eq!((stored.seq, stored.version, stored.at), (9, 4, Time(7)));
        assert_eq!(
            stored.event,
            Ok(Event::Environment(EnvironmentEvent::Thawed))
        );
    }

    #[test]
    fn every_part_but_the_place_in_the_log_counts_for_the_hash() {
        let good = record();
        assert_eq!(good.hash, good.hash_after("abc"));
        assert_ne!(good.hash, good.hash_after("abd"), "what came before");
        let changes: [Change; 7] = [
            ("stream", |r| r.stream.push('x')),
            ("version", |r| r.version += 1),
            ("tag", |r| r.tag.push('x')),
            ("form", |r| r.form += 1),
            ("payload", |r| r.payload.push(' ')),
            ("time", |r| r.at += 1),
            ("person", |r| r.person = r#""engine""#.into()),
        ];
        for (what, change) in changes {
            let mut other = good.clone();
            change(&mut other);
            assert_ne!(other.hash_after("abc"), good.hash, "{what}");
        }
        let mut other = good.clone();
        other.cause = Some("x".into());
        assert_ne!(other.hash_after("abc"), good.hash, "cause");
    }

    #[test]
    fn what_is_not_known_is_said_and_nothing_else_is_lost() {
        let cases: [fn(&mut Record); 7] = [
            |r| r.form = 99,
            |r| r.payload = r#"{"event":"sung"}"#.into(),
            |r| r.payload = r#"{"event":"thawed","gently":true}"#.into(),
            |r| r.payload = "{".into(),
            |r| r.person = r#"{"robot":"r2"}"#.into(),
            |r| r.cause = Some("because".into()),
            |r| r.garbled = vec!["person"],
        ];
        for spoil in cases {
            let mut other = record();
            spoil(&mut other);
            let stored = other.read().unwrap();
            assert!(stored.event.unwrap_err().contains("environment/dev"));
        }
    }
}
