//! Artifacts: content that is too large for the log, kept by its digest: archives, plan files,
//! large templates.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::digest::Digest;

/// Content that is kept beside the store, as whoever needs it names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Artifact {
    /// The digest of its bytes.
    #[serde(rename = "artifact")]
    pub digest: Digest,
    /// How many bytes it has.
    pub length: u64,
    /// What it is, for people.
    pub what: String,
}

impl Artifact {
    /// The artifact that a value is.
    #[must_use]
    pub fn of(value: &Value) -> Option<Self> {
        serde_json::from_value(value.clone()).ok()
    }
}

/// Collects the digests of all artifacts that a value names.
pub fn named(value: &Value, found: &mut BTreeSet<Digest>) {
    match value {
        Value::Object(fields) => {
            found.extend(
                fields
                    .get("artifact")
                    .and_then(Value::as_str)
                    .and_then(|digest| digest.parse::<Digest>().ok()),
            );
            fields.values().for_each(|field| named(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| named(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_value_names_is_found_at_any_depth() {
        let of = |text: &str| Artifact {
            digest: Digest::of_bytes(text.as_bytes()),
            length: 1,
            what: text.to_owned(),
        };
        let value = serde_json::json!({ "plan": of("a"), "more": [1, { "deep": { "x": of("b") } }], "artifact": "no digest" });
        let mut found = BTreeSet::new();
        named(&value, &mut found);
        assert_eq!(found, [of("a").digest, of("b").digest].into());
        assert_eq!(Artifact::of(&value["plan"]), Some(of("a")));
        assert_eq!(Artifact::of(&value), None);
    }
}
