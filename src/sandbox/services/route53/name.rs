//! Names of zones and records as Route 53 gives them: small letters, a dot at the end, every byte
//! that is no letter, digit, hyphen or underscore as its octal code (`*` is `\052`). Names are
//! ordered by their labels from the end.

use serde::{Deserialize, Serialize};

use crate::sandbox::call::AwsError;

/// A name in that form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Name(String);

impl Name {
    /// Reads a name, with or without its last dot and its codes.
    pub(super) fn read(given: &str) -> Result<Self, AwsError> {
        let bad = || {
            AwsError::new(
                "InvalidDomainName",
                format!("{given} is not a valid domain name"),
            )
        };
        let mut name = String::new();
        for label in given.strip_suffix('.').unwrap_or(given).split('.') {
            let bytes = bytes(label).filter(|bytes| (1..=63).contains(&bytes.len()));
            for byte in bytes.ok_or_else(bad)? {
                match byte.to_ascii_lowercase() {
                    plain @ (b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_') => name.push(plain.into()),
                    other => name.extend(["\\", &format!("{other:03o}")]),
                }
            }
            name.push('.');
        }
        if name.len() > 1_024 {
            return Err(bad());
        }
        Ok(Self(name))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// True for the zone's own name and every name below it.
    pub(super) fn is_in(&self, zone: &Self) -> bool {
        let above = self.0.strip_suffix(zone.as_str());
        above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
    }

    /// The labels from the end, as text: names are in the order of these.
    pub(super) fn order(&self) -> String {
        let labels = self.0.trim_end_matches('.').rsplit('.');
        labels.flat_map(|label| [label, "."]).collect()
    }
}

/// The bytes of a label, in which `\052` stands for one; nothing where a code is not whole.
fn bytes(label: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = label.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        if *first == b'\\' {
            let code = std::str::from_utf8(more.get(..3)?).ok()?;
            bytes.push(u8::from_str_radix(code, 8).ok()?);
            rest = &more[3..];
        } else {
            bytes.push(*first);
            rest = more;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_given_in_one_form() {
        for (given, expected) in [
            ("Example.COM", "example.com."),
            ("example.com.", "example.com."),
            ("*.example.com", "\\052.example.com."),
            ("\\052.example.com.", "\\052.example.com."),
            ("_acme-challenge.a", "_acme-challenge.a."),
            ("a@b.c", "a\\100b.c."),
            ("ü.c", "\\303\\274.c."),
        ] {
            assert_eq!(Name::read(given).unwrap().as_str(), expected, "{given}");
        }
        let long = "a".repeat(64);
        for bad in [
            "", ".", "a..b", ".a", "\\05.a", "\\999.a", "\\", "\\ü.a", &long,
        ] {
            assert_eq!(
                Name::read(bad).unwrap_err().code,
                "InvalidDomainName",
                "{bad}"
            );
        }
    }

    #[test]
    fn names_are_ordered_from_the_end_and_lie_in_zones() {
        let name = |text: &str| Name::read(text).unwrap();
        assert_eq!(name("www.example.com").order(), "com.example.www.");
        let zone = name("example.com");
        for (other, is_in) in [
            ("example.com", true),
            ("a.b.example.com.", true),
            ("badexample.com", false),
            ("com", false),
            ("example.com.org", false),
        ] {
            assert_eq!(name(other).is_in(&zone), is_in, "{other}");
        }
    }
}
