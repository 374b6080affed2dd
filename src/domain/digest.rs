//! Digests over canonical JSON: what an approval covers, and the names of stored content.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// A SHA-256 digest, written as 64 hex digits; people see the first eight.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

/// A text that is no digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a digest has 64 hex digits")]
pub struct BadDigest;

impl Digest {
    /// The digest of some bytes.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest of a value in canonical form: keys sorted, no spaces.
    /// `domain` separates uses, so that a digest of one kind can never stand for one of another.
    #[must_use]
    pub fn of(domain: &str, value: &Value) -> Self {
        let mut hash = Sha256::new();
        hash.update(domain.as_bytes());
        hash.update([0]);
        hash.update(canonical(value).as_bytes());
        Self(hash.finalize().into())
    }

    /// The first eight hex digits, for people.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string()[..8].to_owned()
    }

    /// The raw bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// A digest of bytes that come in pieces.
#[derive(Debug, Clone, Default)]
pub struct Digesting(Sha256);

impl Digesting {
    /// Takes the next piece.
    pub fn take(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The digest of all pieces.
    #[must_use]
    pub fn end(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

/// JSON text with object keys in order at every depth.
#[must_use]
pub fn canonical(value: &Value) -> String {
    // serde_json's map is a BTreeMap in this crate (feature `preserve_order` is off), so printing
    // sorts.
    value.to_string()
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({})", self.short())
    }
}

impl FromStr for Digest {
    type Err = BadDigest;
    fn from_str(text: &str) -> Result<Self, BadDigest> {
        let mut out = [0u8; 32];
        hex::decode_to_slice(text, &mut out).map_err(|_| BadDigest)?;
        Ok(Self(out))
    }
}

impl TryFrom<String> for Digest {
    type Error = BadDigest;
    fn try_from(text: String) -> Result<Self, BadDigest> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        digest.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn key_order_does_not_matter_but_domain_does() {
        let a = serde_json::from_str::<Value>(r#"{"b":1,"a":{"d":2,"c":3}}"#).unwrap();
        let b = json!({"a": {"c": 3, "d": 2}, "b": 1});
        assert_eq!(canonical(&a), r#"{"a":{"c":3,"d":2},"b":1}"#);
        assert_eq!(Digest::of("x", &a), Digest::of("x", &b));
        assert_ne!(Digest::of("x", &a), Digest::of("y", &b));
        let d = Digest::of("x", &a);
        assert_eq!(d.to_string().parse::<Digest>().unwrap(), d);
    }
}
