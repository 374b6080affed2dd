//! Prefixes of keys, below which everything is a site's own.

use std::fmt;

/// A prefix: one segment or more, each with a slash behind it, so that what is below `site` is
/// never what is below `site2`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Prefix(String);

impl Prefix {
    /// Reads a prefix, written with or without the slashes around it.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let plain = text.trim_matches('/');
        if plain.is_empty() {
            return Err(
                "prefix: it is empty, and what is in the bucket beside the site would go with it"
                    .to_owned(),
            );
        }
        if plain.split('/').any(|one| ["", ".", ".."].contains(&one)) {
            return Err(format!("prefix: {text:?} leads elsewhere"));
        }
        Ok(Self(format!("{plain}/")))
    }

    /// The key of a name below it.
    pub(super) fn key(&self, name: &str) -> String {
        format!("{}{name}", self.0)
    }

    /// The name of a key below it.
    pub(super) fn name<'a>(&self, key: &'a str) -> Option<&'a str> {
        key.strip_prefix(&self.0)
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Checks the parameter of that name when the plan is made, where it is known by then.
    pub(super) fn check(params: &serde_json::Value) -> Result<(), String> {
        match params["prefix"].as_str() {
            Some(text) => Self::read(text).map(|_| ()),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_never_empty_and_never_the_beginning_of_another_name() {
        for (text, is) in [
            ("site", Some("site/")),
            ("/pipeline/dev/site/", Some("pipeline/dev/site/")),
            ("", None),
            ("/", None),
            ("//", None),
            ("a//b", None),
            ("a/../b", None),
            (".", None),
        ] {
            let prefix = Prefix::read(text).ok();
            assert_eq!(prefix.as_ref().map(Prefix::as_str), is, "{text}");
        }
        let prefix = Prefix::read("site").unwrap();
        assert_eq!(prefix.name(&prefix.key("a/b")), Some("a/b"));
        assert_eq!(prefix.name("site2/a"), None);
    }
}
