//! S3: what is seen of an object, and of a bucket.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::look::{Sight, Standing, Subject};

/// The kind of an object, as a real thing that is looked at. Its name is the bucket, a slash, and
/// the key.
pub const OBJECT: &str = "s3.object";
/// What an object is called where a person reads of it.
const CALLED: &str = "S3 object";
/// The kind of a bucket, as a real thing that is looked at. Its name is that of the bucket.
pub const BUCKET: &str = "s3.bucket";

/// The facts of a look at a bucket. Names of buckets are one for all accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BucketFacts {
    /// There is none of that name.
    Missing,
    /// It is there, and open to who looks.
    Ours,
    /// It is there, and shut to who looks: that of another account, or of a policy that keeps out.
    Shut,
}

/// The facts of a look at an object that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectFacts {
    /// How many bytes it has.
    pub length: u64,
}

/// An object of a bucket.
#[must_use]
pub fn object(bucket: &str, key: &str) -> Subject {
    Subject::new(OBJECT, &format!("{bucket}/{key}"))
}

/// A bucket.
#[must_use]
pub fn bucket(name: &str) -> Subject {
    Subject::new(BUCKET, name)
}

/// As a bucket is seen.
#[must_use]
pub fn bucket_sight(about: Subject, facts: BucketFacts) -> Sight {
    let (words, standing) = match facts {
        BucketFacts::Missing => ("not there", Standing::Missing),
        BucketFacts::Ours => ("there", Standing::Good),
        BucketFacts::Shut => ("shut to us", Standing::Good),
    };
    Sight {
        words: words.into(),
        facts: json!(facts),
        ..Sight::of(about, "S3 bucket", standing)
    }
}

/// Whether a text may be the name of a bucket.
#[must_use]
pub fn is_bucket(text: &str) -> bool {
    (3..=63).contains(&text.len()) && text.split('.').all(is_label)
}

/// Whether a text is a part of the name of a host: small letters, digits and inner dashes.
#[must_use]
pub fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// The bucket and the key of an object.
#[must_use]
pub fn parts(about: &Subject) -> Option<(&str, &str)> {
    about.name.split_once('/')
}

/// As an object is seen; none where it is not there.
#[must_use]
pub fn sight(about: Subject, length: Option<u64>) -> Sight {
    let standing = if length.is_some() {
        Standing::Good
    } else {
        Standing::Missing
    };
    let words = length.map_or_else(|| "MISSING".to_owned(), |length| format!("{length} bytes"));
    Sight {
        words: words.as_str().into(),
        facts: length.map_or(Value::Null, |length| json!(ObjectFacts { length })),
        ..Sight::of(about, CALLED, standing)
    }
}
