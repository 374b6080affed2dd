//! JSON for whoever reads it: what a terminal that shows it would obey is written as its number, so
//! that nothing of it acts and nothing is lost.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Error;

use super::safe::acts;

/// A document on one line.
///
/// # Errors
/// When it has no form in JSON.
pub fn line(document: &(impl Serialize + ?Sized)) -> Result<String, Error> {
    serde_json::to_string(document).map(escaped)
}

/// A document on many lines.
///
/// # Errors
/// When it has no form in JSON.
pub fn pages(document: &(impl Serialize + ?Sized)) -> Result<String, Error> {
    serde_json::to_string_pretty(document).map(escaped)
}

/// Outside of texts JSON has line breaks and ASCII that is seen; inside, what is below a space is
/// escaped already. What acts beside that stands in a text, where its number may stand instead.
fn escaped(json: String) -> String {
    let is_harmless = |c: char| c == '\n' || !acts(c);
    if json.chars().all(is_harmless) {
        return json;
    }
    let mut out = String::with_capacity(json.len() + 64);
    for c in json.chars() {
        if is_harmless(c) {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_a_number() {
        let raw = "a\u{9b}2J\u{9d}0;x\u{7f}\u{202e}b\u{200b}\u{2028}\u{feff}\u{e0041}ü世\u{1f600}";
        let text = line(&json!({ raw: raw })).unwrap();
        let is =
            "a\\u009b2J\\u009d0;x\\u007f\\u202eb\\u200b\\u2028\\ufeff\\udb40\\udc41ü世\u{1f600}";
        assert_eq!(text, format!("{{\"{is}\":\"{is}\"}}"));
        assert_eq!(pages(&json!(["\u{9b}"])).unwrap(), "[\n  \"\\u009b\"\n]");
    }

    proptest! {
        #[test]
        fn nothing_acts_and_nothing_is_lost(fields in proptest::collection::btree_map("\\PC*|.*", ".*", 0..4)) {
            let fields: BTreeMap<String, String> = fields;
            for text in [line(&fields).unwrap(), pages(&fields).unwrap()] {
                prop_assert!(text.chars().all(|c| c == '\n' || !acts(c)), "{text:?}");
                prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), json!(fields));
            }
        }
    }
}
