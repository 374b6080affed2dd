//! A registry of versions: in a bucket an object for each, beside what was published of it. Their keys
//! say the order, so that the newest is known by a list of them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::look::{Sight, Standing, Subject};
use crate::text::safe::Safe;

/// The kind of what is registered of a name, as a thing that is looked at. Its name is `s3://`, the
/// bucket, a slash, and the beginning of the keys of its versions ([`newest`]).
pub const VERSIONS: &str = "registry.versions";
/// The fact whether a version that was asked for is there.
pub const IS_THERE: &str = "is_there";
/// What it is called where a person reads of it.
const CALLED: &str = "registry";
/// What stands before the address of one.
const SCHEME: &str = "s3://";
/// How many digits of a commit's name a version has.
const DIGITS: usize = 7;

/// Where a registry is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registry {
    /// Its bucket.
    pub bucket: String,
    /// The beginning of all keys.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
}

/// A version that is registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// Of what.
    pub name: Safe,
    /// Its name.
    pub version: Safe,
    /// The commit that it was made of.
    pub commit: Safe,
    /// How many commits lead to it: which of two is the newer one.
    pub nth: u64,
    /// The repository.
    pub repository: Safe,
    /// The day of the commit.
    pub on: Safe,
    /// Who made the commit.
    pub by: Safe,
    /// The first line of what the commit says.
    pub says: Safe,
    /// What was published; none where there is nothing but its files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<Published>,
    /// The container image, by its digest: `ghcr.io/acme/cart@sha256:…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Safe>,
}

/// What was published of a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// Where: `s3://bucket/key`.
    pub at: Safe,
    /// How many bytes.
    pub bytes: u64,
    /// Of its bytes, by SHA-256.
    pub sha256: Safe,
}

/// The facts of a look at what is registered of a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewestFacts {
    /// The newest version.
    pub version: String,
    /// How many there are.
    pub versions: usize,
    /// Of a look at one version ([`asked`]): whether that is registered, and all that was published
    /// of it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_there: Option<bool>,
}

impl Registry {
    /// The beginning of the keys of all versions of a name.
    #[must_use]
    pub fn versions(&self, name: &str) -> String {
        format!("{}registry/{name}/", self.prefix)
    }

    /// The key of a version; later ones come after earlier ones.
    #[must_use]
    pub fn version(&self, name: &str, nth: u64, version: &str) -> String {
        format!("{}{nth:010}-{version}.json", self.versions(name))
    }

    /// The key of what is published of a version, which ends like its file.
    #[must_use]
    pub fn artifact(&self, name: &str, version: &str, file: &str) -> String {
        let file = file.rsplit('/').next().unwrap_or(file);
        let end = file
            .find('.')
            .filter(|at| *at > 0)
            .map_or("", |at| &file[at..]);
        format!("{}{name}-{version}{end}", self.prefix)
    }

    /// What is registered of a name, as a thing that is looked at.
    #[must_use]
    pub fn newest(&self, name: &str) -> Subject {
        let (bucket, below) = (&self.bucket, self.versions(name));
        Subject::new(VERSIONS, &format!("{SCHEME}{bucket}/{below}"))
    }
}

/// What a look at what is registered of a name needs to know, to tell also whether a version is there.
#[must_use]
pub fn asked(version: &str) -> Value {
    json!({ "version": version })
}

/// The version that a look asks for; none where it asks for the newest alone.
#[must_use]
pub fn asks(with: &Value) -> Option<&str> {
    with.get("version")?.as_str()
}

/// The version that a commit is.
#[must_use]
pub fn version(commit: &str) -> String {
    commit.get(..DIGITS).unwrap_or(commit).to_owned()
}

/// Whether something is named like what is registered, and not like a branch.
#[must_use]
pub fn is_one(name: &str) -> bool {
    name.starts_with(SCHEME)
}

/// The bucket, and the beginning of the keys, of what is looked at.
#[must_use]
pub fn parts(about: &Subject) -> Option<(&str, &str)> {
    about.name.strip_prefix(SCHEME)?.split_once('/')
}

/// The version that a key is of.
#[must_use]
pub fn of_key<'a>(key: &'a str, below: &str) -> Option<&'a str> {
    let (nth, version) = key
        .strip_prefix(below)?
        .strip_suffix(".json")?
        .split_once('-')?;
    let is_number = nth.len() == 10 && nth.bytes().all(|b| b.is_ascii_digit());
    (is_number && !version.is_empty()).then_some(version)
}

/// The keys of versions, oldest first.
#[must_use]
pub fn in_order<'a>(keys: impl Iterator<Item = &'a str>, below: &str) -> Vec<&'a str> {
    let mut all: Vec<&str> = keys.filter(|key| of_key(key, below).is_some()).collect();
    all.sort_unstable();
    all
}

/// As what is registered is seen, by the keys of its versions.
#[must_use]
pub fn sight<'a>(about: Subject, keys: impl Iterator<Item = &'a str>) -> Sight {
    let below = parts(&about).map(|(_, below)| below.to_owned());
    let below = below.unwrap_or_default();
    let all = in_order(keys, &below);
    let newest = all.last().and_then(|key| of_key(key, &below));
    let facts = newest.map_or(Value::Null, |version| {
        let (version, versions) = (version.to_owned(), all.len());
        json!(NewestFacts {
            version,
            versions,
            is_there: None
        })
    });
    let standing = if newest.is_some() {
        Standing::Good
    } else {
        Standing::Missing
    };
    Sight {
        words: newest.unwrap_or("no version").into(),
        facts,
        ..Sight::of(about, CALLED, standing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_is_the_one_to_which_most_commits_lead() {
        let registry = Registry {
            bucket: "parts".to_owned(),
            prefix: "shop/".to_owned(),
        };
        let keys = [
            registry.version("cart", 2, "fffffff"),
            registry.version("cart", 10, "aaaaaaa"),
            registry.version("cart", 9, "bbbbbbb"),
            "shop/registry/cart/notes.txt".to_owned(),
            registry.version("cart-list", 99, "ccccccc"),
        ];
        let seen = sight(registry.newest("cart"), keys.iter().map(String::as_str));
        let facts = NewestFacts::deserialize(&seen.facts).unwrap();
        assert_eq!((facts.version.as_str(), facts.versions), ("aaaaaaa", 3));
        let none = sight(registry.newest("list"), keys.iter().map(String::as_str));
        assert_eq!(none.standing, Standing::Missing);
    }

    #[test]
    fn what_is_published_is_called_by_name_and_version_and_ends_like_its_file() {
        let registry = Registry {
            bucket: "parts".to_owned(),
            prefix: String::new(),
        };
        for (file, key) in [
            ("dist/cart.zip", "cart-abc1234.zip"),
            ("cart.tar.gz", "cart-abc1234.tar.gz"),
            ("dist.d/bundle", "cart-abc1234"),
        ] {
            assert_eq!(registry.artifact("cart", "abc1234", file), key);
        }
    }
}
