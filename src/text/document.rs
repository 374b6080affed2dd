//! YAML (and JSON) as a tree in which every value knows its place. It checks form alone: encoding,
//! size, depth, duplicate keys, aliases; what the words mean is for those who read the tree. Text
//! stays as written, so that `0441…` keeps its zero.

use super::diagnostic::At;

mod escape;
mod merge;
mod read;
mod source;

pub use read::read;
pub use source::Source;

/// A value with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it stands.
    pub at: At,
    /// Its own tag as written after the exclamation mark, for example `GetAtt`; core tags are none.
    pub tag: Option<String>,
    /// What it is.
    pub content: Content,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Text as written, after escapes.
    Scalar {
        /// The text.
        text: String,
        /// Written without quotes: `~`, `true` and `12` may mean more than their letters.
        plain: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// A mapping in the order of the file.
    Map(Vec<(Key, Node)>),
}

/// The key of an entry, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its text.
    pub name: String,
    /// Where it stands.
    pub at: At,
}

impl Node {
    /// The value under a key of a mapping.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries()
            .iter()
            .find(|(k, _)| k.name == key)
            .map(|(_, node)| node)
    }

    /// The entries of a mapping; none for anything else.
    #[must_use]
    pub fn entries(&self) -> &[(Key, Node)] {
        match &self.content {
            Content::Map(entries) => entries,
            Content::Scalar { .. } | Content::List(_) => &[],
        }
    }

    /// The items of a list; none for anything else.
    #[must_use]
    pub fn items(&self) -> &[Node] {
        match &self.content {
            Content::List(items) => items,
            Content::Scalar { .. } | Content::Map(_) => &[],
        }
    }

    /// The text of a scalar that is not null.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar { text, .. } if !self.is_null() => Some(text),
            Content::Scalar { .. } | Content::List(_) | Content::Map(_) => None,
        }
    }

    /// True for nothing, `~` and `null` without quotes.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(&self.content, Content::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// What it is, in words.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match &self.content {
            Content::Scalar { .. } if self.is_null() => "nothing",
            Content::Scalar { .. } => "a single value",
            Content::List(_) => "a list",
            Content::Map(_) => "a mapping",
        }
    }
}

/// What a file may be at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes.
    pub bytes: usize,
    /// Values within values.
    pub depth: usize,
    /// Values in all, those that aliases repeat included.
    pub nodes: usize,
    /// Whether `&anchors` and `*aliases` are understood.
    pub aliases: bool,
}

impl Limits {
    /// For configuration that people write.
    pub const CONFIGURATION: Limits = Limits {
        bytes: 1 << 20,
        depth: 32,
        nodes: 100_000,
        aliases: true,
    };
    /// For templates: CloudFormation knows no aliases.
    pub const TEMPLATE: Limits = Limits {
        bytes: 1 << 20,
        depth: 64,
        nodes: 200_000,
        aliases: false,
    };
}

#[cfg(test)]
mod tests;
