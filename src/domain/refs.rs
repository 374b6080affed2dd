//! Names in repositories: branches, tags, commits. Only what git itself would take is read, and it is
//! compared as a whole: no pattern, no part of a name, no other writing of it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::text::safe::acts;

/// A text is no name of a branch, a tag or a commit. It is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is no {0}")]
pub struct BadRef(&'static str);

/// The name of a branch, or of a tag, below its `refs/` folder: at most 255 bytes that git takes, and
/// that a person can see.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Branch(String);

/// The longest name.
const LONGEST: usize = 255;

impl Branch {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The rules of `git check-ref-format`, and no character that acts instead of being seen.
fn is_name(text: &str) -> bool {
    let segment = |segment: &str| {
        !segment.is_empty()
            && !segment.starts_with('.')
            && segment
                .rsplit_once('.')
                .is_none_or(|(_, end)| end != "lock")
            && !segment.ends_with('.')
    };
    let plain = |c: char| !acts(c) && !" ~^:?*[\\".contains(c);
    text.len() <= LONGEST
        && text != "@"
        && !text.starts_with('-')
        && !text.contains("..")
        && !text.contains("@{")
        && text.chars().all(plain)
        && text.split('/').all(segment)
}

impl FromStr for Branch {
    type Err = BadRef;

    fn from_str(text: &str) -> Result<Self, BadRef> {
        if is_name(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadRef("name of a branch or a tag"))
        }
    }
}

impl TryFrom<String> for Branch {
    type Error = BadRef;

    fn try_from(text: String) -> Result<Self, BadRef> {
        text.parse()
    }
}

impl From<Branch> for String {
    fn from(branch: Branch) -> Self {
        branch.0
    }
}

impl fmt::Display for Branch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What a push moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ref {
    /// `refs/heads/NAME`.
    Branch(Branch),
    /// `refs/tags/NAME`.
    Tag(Branch),
}

impl FromStr for Ref {
    type Err = BadRef;

    fn from_str(text: &str) -> Result<Self, BadRef> {
        match (
            text.strip_prefix("refs/heads/"),
            text.strip_prefix("refs/tags/"),
        ) {
            (Some(name), _) => name.parse().map(Ref::Branch),
            (None, Some(name)) => name.parse().map(Ref::Tag),
            (None, None) => Err(BadRef("whole name of a branch or a tag")),
        }
    }
}

impl fmt::Display for Ref {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ref::Branch(name) => write!(f, "branch {name}"),
            Ref::Tag(name) => write!(f, "tag {name}"),
        }
    }
}

/// The whole name of a commit: 40 (SHA-1) or 64 (SHA-256) lower-case digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Commit(String);

impl Commit {
    /// The whole name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Enough of it for a person.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..10).unwrap_or(&self.0)
    }

    /// Reads what hosts write for a commit: all zeros stand for none.
    ///
    /// # Errors
    /// Where it is neither.
    pub fn or_none(text: &str) -> Result<Option<Self>, BadRef> {
        let commit: Self = text.parse()?;
        Ok(commit.0.bytes().any(|b| b != b'0').then_some(commit))
    }
}

impl FromStr for Commit {
    type Err = BadRef;

    fn from_str(text: &str) -> Result<Self, BadRef> {
        let is_hex = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if matches!(text.len(), 40 | 64) && is_hex {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadRef("whole name of a commit"))
        }
    }
}

impl TryFrom<String> for Commit {
    type Error = BadRef;

    fn try_from(text: String) -> Result<Self, BadRef> {
        text.parse()
    }
}

impl From<Commit> for String {
    fn from(commit: Commit) -> Self {
        commit.0
    }
}

impl fmt::Display for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_branch_is_what_git_takes_and_a_person_sees() {
        for fine in [
            "main",
            "feature/CU-86b1x2",
            "a.b",
            "$(x)",
            "v1@2",
            "\u{fc}ber",
            "refs/heads/main",
        ] {
            assert_eq!(fine.parse::<Branch>().unwrap().as_str(), fine);
        }
        let long = "x".repeat(300);
        for wrong in [
            "",
            "@",
            "a..b",
            "../main",
            ".a",
            "a/.b",
            "a.lock",
            "a.lock/b",
            "a.",
            "/a",
            "a/",
            "a//b",
            "a b",
            "a\nb",
            "a\0b",
            "a\u{1b}[31m",
            "a~1",
            "a^",
            "a:b",
            "a?",
            "a*",
            "a[",
            "a\\b",
            "a@{1}",
            "-a",
            "ma\u{202e}in",
            "ma\u{200b}in",
            &long,
        ] {
            assert!(wrong.parse::<Branch>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_ref_is_whole() {
        let branch = |name: &str| Ref::Branch(name.parse().unwrap());
        assert_eq!("refs/heads/main".parse(), Ok(branch("main")));
        assert_eq!(
            "refs/tags/main".parse(),
            Ok(Ref::Tag("main".parse().unwrap()))
        );
        assert_eq!(
            "refs/heads/refs/heads/main".parse(),
            Ok(branch("refs/heads/main"))
        );
        for wrong in [
            "main",
            "heads/main",
            "refs/heads/",
            "refs/notes/x",
            "Refs/heads/main",
            " refs/heads/main",
        ] {
            assert!(wrong.parse::<Ref>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_commit_is_whole_and_zeros_are_none() {
        let one = "6113728f27ae82c7b1a177c8d03f9e96e0adf246";
        assert_eq!(Commit::or_none(one).unwrap().unwrap().short(), "6113728f27");
        assert_eq!(Commit::or_none(&"0".repeat(40)), Ok(None));
        assert_eq!(Commit::or_none(&"0".repeat(64)), Ok(None));
        assert!(Commit::or_none(&"a".repeat(64)).unwrap().is_some());
        for wrong in [
            "",
            "6113728f",
            &one.to_uppercase(),
            &format!("{one}0"),
            &one.replace('6', "g"),
            "main",
        ] {
            assert!(Commit::or_none(wrong).is_err(), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_as_it_was(text in ".{0,40}") {
            if let Ok(branch) = text.parse::<Branch>() {
                prop_assert_eq!(branch.to_string(), text.clone());
                prop_assert_eq!(format!("refs/heads/{text}").parse::<Ref>(), Ok(Ref::Branch(branch)));
            }
        }
    }
}
