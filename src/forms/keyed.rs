//! The keyed digest of secrets: by it is known whether one is another than it was, and nothing else
//! of it.

use serde_json::{Value, json};

use crate::domain::look::{Look, Sight, Standing, Subject};
use crate::domain::secret_ref::SecretRef;

/// The kind of such a digest, as a thing.
pub const KEYED: &str = "secrets.keyed";

/// The look that gives the digest of secrets, in this order; `name` is whose they are.
#[must_use]
pub fn look(name: &str, secrets: &[SecretRef]) -> Look {
    Look::at(Subject::new(KEYED, name)).with(json!(secrets))
}

/// What such a look gives.
#[must_use]
pub fn sight(about: Subject, digest: &str) -> Sight {
    let mut sight = Sight::of(about, "digest of secrets", Standing::Good);
    sight.facts = json!({ "digest": digest });
    sight
}

/// The digest in a sight.
#[must_use]
pub fn digest(sight: &Sight) -> Option<&str> {
    sight.facts.get("digest").and_then(Value::as_str)
}
