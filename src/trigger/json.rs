//! Bodies in JSON, read strictly: a document that two readers might take differently (a key twice), or
//! that is no sound JSON anywhere in it, is refused as a whole, also where nothing is read of it.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use crate::text::safe::Safe;

/// Why a body tells nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the body cannot be read: {0}")]
pub struct Unread(Safe);

/// The most characters of a reason: it may repeat a part of the body.
const FEW: usize = 240;

impl Unread {
    /// What is wrong with it; may repeat what stands there.
    pub(super) fn new(why: &impl fmt::Display) -> Self {
        let few: String = why.to_string().chars().take(FEW).collect();
        Self(Safe::told(&few))
    }
}

/// Reads a body.
///
/// # Errors
/// [`Unread`] where it is not sound JSON, or has another form than `T`.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Unread> {
    // 128 levels are the most that the parser goes down.
    let Sound = serde_json::from_slice(body).map_err(|why| Unread::new(&why))?;
    serde_json::from_slice(body).map_err(|why| Unread::new(&why))
}

/// Any sound document, of which nothing is kept.
struct Sound;

impl<'de> Deserialize<'de> for Sound {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Walk)
    }
}

struct Walk;

impl<'de> Visitor<'de> for Walk {
    type Value = Sound;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_str<E>(self, _: &str) -> Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_unit<E>(self) -> Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Sound, A::Error> {
        while items.next_element::<Sound>()?.is_some() {}
        Ok(Sound)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Sound, A::Error> {
        let mut keys = BTreeSet::new();
        while let Some(key) = entries.next_key::<String>()? {
            let Sound = entries.next_value()?;
            if !keys.insert(key) {
                return Err(A::Error::custom("a key stands there twice"));
            }
        }
        Ok(Sound)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Few {
        a: u64,
    }

    #[test]
    fn what_is_not_sound_anywhere_is_refused() {
        assert_eq!(
            read::<Few>(br#"{"a": 1, "b": [{"c": null}, 1.5, -1, true]}"#)
                .unwrap()
                .a,
            1
        );
        let deep = format!(
            r#"{{"a": 1, "b": {}1{}}}"#,
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        let long = format!(r#"{{"a": "{}"}}"#, "x".repeat(10_000));
        for wrong in [
            &b""[..],
            b"null",
            b"[]",
            br#"{"a": 1"#,
            br#"{"a": 1} {}"#,
            br#"{"a": 1, "a": 1}"#,
            br#"{"a": 1, "b": {"c": 1, "c": 2}}"#,
            br#"{"a": 1, "b": 1e999}"#,
            br#"{"a": 1, "b": "\ud800"}"#,
            b"{\"a\": 1, \"b\": \"\xff\"}",
            br#"{"a": 1, "b": NaN}"#,
            br#"{"a": null}"#,
            br#"{"a": -1}"#,
            br#"{"a": "1"}"#,
            br#"{"b": 1}"#,
            deep.as_bytes(),
            long.as_bytes(),
        ] {
            let why = read::<Few>(wrong).unwrap_err().to_string();
            assert!(why.len() < 400, "{why}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..256)) {
            let strict = read::<Value>(&body).is_ok();
            prop_assert!(!strict || serde_json::from_slice::<Value>(&body).is_ok());
        }
    }
}
