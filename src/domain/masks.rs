//! Secrets by their value: never shown, never stored, and covered wherever they turn up in a text,
//! also in the writings that tools give them. What is a secret by its form alone is known in
//! `secret`.

mod pieces;

pub use pieces::Cut;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use serde_json::Value;

use self::pieces::Pieces;
use super::failure::Failure;
use super::plan::shown::LATER;
use super::plan::{ChangeRow, Changes, Output};
use crate::text::safe::Safe;
use crate::text::secret::{MASK, mask};

/// A secret that was read. It has no way into a text, a log or JSON but [`Secret::reveal`].
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a value.
    #[must_use]
    pub fn new(value: String) -> Self {
        Self(value)
    }

    /// The value itself, for whoever hands it to the one it is for.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Why it is not covered where it turns up: half of every text would be. `None` where it is.
    #[must_use]
    pub fn shows(&self) -> Option<&'static str> {
        if self.0.trim().len() < SHORTEST {
            Some("it is shorter than 6 characters")
        } else if COMMON.contains(&self.0.trim().to_ascii_lowercase().as_str()) {
            Some("it is a common word")
        } else {
            None
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

/// Shorter ones are not covered.
const SHORTEST: usize = 6;
/// The least length of a value that is covered because a secret comes in its place.
const OLD: usize = 4;
/// A shorter line of a secret of several lines tells nothing by itself.
const LINE: usize = 12;
/// Values that are none, and stand in every other line.
const COMMON: [&str; 9] = [
    "password",
    "secret",
    "changeme",
    "default",
    "example",
    "localhost",
    "postgres",
    "production",
    "development",
];
/// What a URL keeps as it is.
const IN_URLS: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What is covered in texts.
#[derive(Clone, Default)]
pub struct Masks {
    /// The longest first.
    patterns: Vec<Vec<u8>>,
    /// What of them is in base64.
    pieces: Pieces,
}

impl fmt::Debug for Masks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} patterns", self.patterns.len())
    }
}

impl Masks {
    /// Covers a secret from now on, where it can be.
    pub fn add(&mut self, secret: &Secret) {
        if secret.shows().is_some() {
            return;
        }
        let value = secret.reveal().trim();
        let mut lines: Vec<&str> = value
            .lines()
            .map(str::trim)
            .filter(|line| line.len() >= LINE)
            .collect();
        lines.push(value);
        for text in lines {
            self.patterns.extend(writings(text));
        }
        self.pieces.add(value.as_bytes());
        self.patterns
            .sort_by(|a, b| (b.len(), a).cmp(&(a.len(), b)));
        self.patterns.dedup();
    }

    /// The length of the longest writing: as much of a text must be seen at once.
    #[must_use]
    pub fn longest(&self) -> usize {
        let longest = self.patterns.first().map_or(0, Vec::len);
        longest.max(self.pieces.longest())
    }

    /// A text with all of them covered; the text itself where there are none.
    #[must_use]
    pub fn cover<'a>(&self, text: &'a [u8]) -> Cow<'a, [u8]> {
        self.cover_line(text, &mut Cut::default())
    }

    /// The same for one line of a text after another, which may end in the middle of a secret:
    /// `cut` goes from one to the next.
    #[must_use]
    pub fn cover_line<'a>(&self, text: &'a [u8], cut: &mut Cut) -> Cow<'a, [u8]> {
        let mut found: Vec<Range<usize>> = Vec::new();
        for pattern in &self.patterns {
            found.extend(memchr::memmem::find_iter(text, pattern).map(|at| at..at + pattern.len()));
        }
        self.pieces.find(text, cut, &mut found);
        mask(text, found)
    }

    /// The same for what is text already.
    #[must_use]
    pub fn cover_text(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.cover(text.as_bytes())).into_owned()
    }

    /// A value in which every text, and every key, is covered.
    #[must_use]
    pub fn cover_value(&self, value: Value) -> Value {
        if self.patterns.is_empty() {
            return value;
        }
        match value {
            Value::String(text) => Value::String(self.cover_text(&text)),
            Value::Array(items) => items
                .into_iter()
                .map(|item| self.cover_value(item))
                .collect(),
            Value::Object(fields) => fields
                .into_iter()
                .map(|(key, field)| (self.cover_text(&key), self.cover_value(field)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
            Value::Null | Value::Bool(_) | Value::Number(_) => value,
        }
    }

    /// What an attempt ended with, covered.
    pub fn cover_result(&self, result: Result<Output, Failure>) -> Result<Output, Failure> {
        if self.patterns.is_empty() {
            return result;
        }
        match result {
            Ok(output) => Ok(Output {
                public: self.cover_value(output.public),
                changes: output.changes.map(|changes| self.cover_changes(changes)),
                ..output
            }),
            Err(failure) => Err(Failure {
                summary: self.cover_text(&failure.summary),
                detail: self.cover_text(&failure.detail),
                hint: self.cover_text(&failure.hint),
                ..failure
            }),
        }
    }

    /// What would change, covered: names and values come from the outside. A value in whose place a
    /// secret comes was one itself, and is covered wherever it stands.
    fn cover_changes(&self, changes: Changes) -> Changes {
        let all = |texts: Vec<String>| texts.iter().map(|text| self.cover_text(text)).collect();
        let values = changes.rows.iter().flat_map(|row| &row.shown);
        let before: BTreeSet<String> = values
            .filter_map(|shown| {
                let is_covered = |text: &Option<Safe>| {
                    text.as_ref().is_some_and(|text| self.is_in(text.as_str()))
                };
                match (is_covered(&shown.from), is_covered(&shown.to)) {
                    (false, true) => shown.from.clone(),
                    (true, false) => shown.to.clone(),
                    (true, true) | (false, false) => None,
                }
            })
            .map(Safe::into_string)
            .filter(|text| text.len() >= OLD && ![MASK, LATER].contains(&text.as_str()))
            .collect();
        let cover = |text: &str| {
            let text = self.cover_text(text);
            let all = before.iter().rev();
            all.fold(text, |text, one| text.replace(one.as_str(), MASK))
        };
        let rows = changes.rows.into_iter().map(|row| ChangeRow {
            logical: self.cover_text(&row.logical),
            kind: self.cover_text(&row.kind),
            scope: all(row.scope),
            properties: all(row.properties),
            shown: row
                .shown
                .into_iter()
                .map(|shown| shown.with(cover))
                .collect(),
            counted: all(row.counted),
            group: self.cover_text(&row.group),
            ..row
        });
        Changes {
            rows: rows.collect(),
            loses: all(changes.loses),
            ..changes
        }
    }

    /// Whether a secret stands in a text.
    fn is_in(&self, text: &str) -> bool {
        self.cover_text(text) != text
    }
}

/// A text as it is, as a shell quotes it, in JSON and in a URL.
fn writings(text: &str) -> Vec<Vec<u8>> {
    let json = serde_json::to_string(text).unwrap_or_default();
    let json = json
        .strip_prefix('"')
        .and_then(|json| json.strip_suffix('"'))
        .unwrap_or(&json);
    let ascii = json
        .chars()
        .map(|c| {
            if c.is_ascii() {
                c.to_string()
            } else {
                utf16(c)
            }
        })
        .collect::<String>();
    let url = percent_encode(text.as_bytes(), IN_URLS).to_string();
    let all = [
        text.to_owned(),
        text.replace('\'', r"'\''"),
        json.to_owned(),
        json.replace('/', r"\/"),
        ascii,
        url.replace("%20", "+"),
        lower_escapes(&url),
        url,
    ];
    all.into_iter().map(String::into_bytes).collect()
}

/// A character as JSON of ASCII alone writes it.
fn utf16(c: char) -> String {
    c.encode_utf16(&mut [0; 2])
        .iter()
        .fold(String::new(), |all, unit| format!("{all}\\u{unit:04x}"))
}

/// The same with the digits of its escapes in lower case.
fn lower_escapes(url: &str) -> String {
    let mut parts = url.split('%');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| {
        let (digits, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        format!("{all}%{}{rest}", digits.to_ascii_lowercase())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::domain::look::Subject;
    use crate::domain::plan::{Does, Fate};

    /// Compiles only while a type is none of these: otherwise two could be meant.
    macro_rules! never {
        ($type:ty: $($way:path),*) => { $({
            trait Way<A> { fn is() {} }
            struct No;
            impl<T: ?Sized> Way<()> for T {}
            impl<T: ?Sized + $way> Way<No> for T {}
            let _ = <$type as Way<_>>::is;
        })* };
    }

    /// No secret has a way into a text, a log or the store.
    #[test]
    fn a_secret_can_be_neither_shown_nor_stored() {
        never!(Secret: fmt::Display, serde::Serialize, serde::de::DeserializeOwned, AsRef<str>, Into<String>, std::ops::Deref);
        never!(Masks: fmt::Display, serde::Serialize);
        let secret = Secret::new("hunter2secret".to_owned());
        let mut masks = Masks::default();
        masks.add(&secret);
        let shown = format!("{secret:?} {secret:#?} {masks:?} {:?}", Some(&secret));
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    fn masks(value: &str) -> Masks {
        let mut masks = Masks::default();
        masks.add(&Secret::new(value.to_owned()));
        masks
    }

    #[test]
    fn it_is_covered_in_every_writing() {
        let value = "p/4+s s'w\"o%rd=Ä";
        let masks = masks(value);
        for text in [
            "login p/4+s s'w\"o%rd=Ä done",
            r#"{"a":"p/4+s s'w\"o%rd=Ä"}"#,
            r#"{"a":"p\/4+s s'w\"o%rd=Ä"}"#,
            r#"{"a":"p/4+s s'w\"o%rd=\u00c4"}"#,
            "x?a=p%2F4%2Bs%20s%27w%22o%25rd%3D%C3%84&b=1",
            "x?a=p%2f4%2bs%20s%27w%22o%25rd%3d%c3%84&b=1",
            "x?a=p%2F4%2Bs+s%27w%22o%25rd%3D%C3%84&b=1",
            r#"+ A='p/4+s s'\''w"o%rd=Ä' ./x"#,
        ] {
            let shown = masks.cover_text(text);
            assert!(
                shown.contains(MASK) && !shown.contains("4+s") && !shown.contains("4%2"),
                "{text}: {shown}"
            );
        }
        assert_eq!(masks.cover_text("nothing here"), "nothing here");
        assert_eq!(
            masks.cover_value(json!({ "k": [value, 1, null], value: "v" })),
            json!({ "k": [MASK, 1, null], MASK: "v" })
        );
        let failure = Failure::new(value).detail(value).hint(value);
        assert!(!format!("{:?}", masks.cover_result(Err(failure))).contains("4+s"));
        let named = || vec![format!("x {value}")];
        let row = ChangeRow {
            logical: value.to_owned(),
            kind: value.to_owned(),
            does: Does::Change,
            fate: Fate::Goes,
            scope: named(),
            properties: named(),
            values: std::collections::BTreeMap::new(),
            shown: crate::domain::plan::Shown::between("x", &json!(value), &json!({ "y": value })),
            counted: Vec::new(),
            group: String::new(),
        };
        let output = Output {
            changes: Some(Changes {
                about: Subject::new("press", "daily"),
                rows: vec![row],
                loses: named(),
                more_dangerous: false,
            }),
            ..Output::default()
        };
        let shown = format!("{:?}", masks.cover_result(Ok(output)));
        assert!(shown.contains(MASK) && !shown.contains("4+s"), "{shown}");
        assert_eq!(
            format!("{:?} {masks:?}", Secret::new(value.to_owned())).find("4+s"),
            None
        );
    }

    #[test]
    fn base64_is_covered_wherever_the_value_stands_in_it() {
        // By `base64`: of "hunter2secret", "x:hunter2secret\n", "ab:hunter2secret".
        let masks = masks("hunter2secret");
        for (text, shown) in [
            ("aHVudGVyMnNlY3JldA==", "***A=="),
            ("eDpodW50ZXIyc2VjcmV0Cg==", "eDp***Cg=="),
            ("YWI6aHVudGVyMnNlY3JldA==", "YWI6***A=="),
        ] {
            assert_eq!(masks.cover_text(text), shown);
        }
    }

    #[test]
    fn each_line_of_a_key_is_covered_and_what_is_too_short_is_told() {
        let masks = masks("-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG\nab\n-----END KEY-----\n");
        assert_eq!(masks.cover_text("MIIEvQIBADANBgkqhkiG"), MASK);
        assert_eq!(masks.cover_text("ab"), "ab");
        for (value, covered) in [("short", false), ("Password", false), ("longer", true)] {
            assert_eq!(
                Secret::new(value.to_owned()).shows().is_none(),
                covered,
                "{value}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_text_shows_it(value in "[a-zA-Z0-9/+=\"' %]{8,60}", before in ".{0,20}", after in ".{0,20}") {
            prop_assume!(value.trim().len() >= SHORTEST && !before.contains(value.trim()) && !after.contains(value.trim()));
            let shown = masks(&value).cover_text(&format!("{before}{value}{after}"));
            prop_assert!(!shown.contains(value.trim()));
        }
    }
}
