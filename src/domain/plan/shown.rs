//! From what to what a property changes, as a person reads it. What is a secret by its name or by its
//! form, and what its own system marks as one, is not told.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::text::counted::counted;
use crate::text::safe::Safe;
use crate::text::secret::{self, MASK};

/// How many values of one property are told.
const LEAVES: usize = 12;
/// The longest text that is told itself.
const LONGEST: usize = 120;
/// Of how many rows the values are told: nobody reads more of them, and each is stored.
const ROWS: usize = 200;
/// How long a text must be that is covered wherever it stands.
const SHORTEST: usize = 4;
/// What stands for what is known only once it is done.
pub const LATER: &str = "(known once it is done)";

/// One value that changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Shown {
    /// Where it stands: the property, and the way to the value within it (`tags.env`).
    pub path: Safe,
    /// What it is; none where there is nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Safe>,
    /// What it comes to be; none where it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Safe>,
}

impl Shown {
    /// Every value that differs between two of a property, up to a number of them.
    #[must_use]
    pub fn between(property: &str, from: &Value, to: &Value) -> Vec<Self> {
        let mut all = Vec::new();
        differences(property, property, from, to, &mut all);
        let more = all.len().saturating_sub(LEAVES);
        if more > 0 {
            all.truncate(LEAVES);
            all.push(Self {
                path: Safe::new(&format!("{property}, and {more} more values of it")),
                from: None,
                to: None,
            });
        }
        all
    }

    /// Whether it is of this property.
    #[must_use]
    pub fn is_of(&self, property: &str) -> bool {
        let rest = self.path.as_str().strip_prefix(property);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[', ',', ' ']))
    }

    /// The same, with another way of writing its texts.
    #[must_use]
    pub fn with(self, cover: impl Fn(&str) -> String) -> Self {
        let each = |text: Safe| Safe::new(&cover(text.as_str()));
        Self {
            path: each(self.path),
            from: self.from.map(each),
            to: self.to.map(each),
        }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |value: &Option<Safe>| {
            let text = value.as_ref().map(Safe::as_str);
            text.unwrap_or("(none)").to_owned()
        };
        match (&self.from, &self.to) {
            (None, None) => write!(f, "{}", self.path),
            (from, to) => write!(f, "{}: {} -> {}", self.path, of(from), of(to)),
        }
    }
}

/// Leaves the values of the first rows alone.
pub fn of_the_first(rows: &mut [super::ChangeRow]) {
    for row in rows.iter_mut().skip(ROWS) {
        row.shown.clear();
    }
}

/// Walks two values side by side. `name` is the last word of the way; below one that says that a secret
/// stands there nothing is told.
fn differences(path: &str, name: &str, from: &Value, to: &Value, all: &mut Vec<Shown>) {
    if from == to {
        return;
    }
    if hides(name) {
        let covered = |value: &Value| (!value.is_null()).then(|| Safe::new(MASK));
        all.push(Shown {
            path: Safe::new(path),
            from: covered(from),
            to: covered(to),
        });
        return;
    }
    match (written(from), written(to)) {
        (Value::Object(one), Value::Object(other)) => {
            let mut names: Vec<&String> = one.keys().chain(other.keys()).collect();
            names.sort();
            names.dedup();
            let told = [&one, &other].into_iter().find_map(named);
            for name in names {
                let of = |all: &Map<String, Value>| all.get(name).cloned().unwrap_or_default();
                let stands = told.filter(|_| is_value(name)).unwrap_or(name);
                let path = format!("{path}.{name}");
                differences(&path, stands, &of(&one), &of(&other), all);
            }
        }
        (Value::Array(one), Value::Array(other)) => {
            for n in 0..one.len().max(other.len()) {
                let of = |all: &[Value]| all.get(n).cloned().unwrap_or_default();
                differences(&format!("{path}[{n}]"), name, &of(&one), &of(&other), all);
            }
        }
        (Value::String(one), Value::String(other))
            if one.contains('\n') || other.contains('\n') =>
        {
            let same = one.lines().zip(other.lines());
            let same = same.take_while(|(a, b)| a == b).count();
            let lines = |text: &str| Safe::new(&counted(text.lines().count(), "line"));
            all.push(Shown {
                path: Safe::new(&format!("{path} (from line {})", same + 1)),
                from: Some(lines(&one)),
                to: Some(lines(&other)),
            });
        }
        (one, other) => {
            all.push(in_short(path, text(name, &one), text(name, &other)));
        }
    }
}

/// What a pair of a name and a value calls the value.
fn named(fields: &Map<String, Value>) -> Option<&String> {
    let names = ["name", "Name", "key", "Key"];
    fields.keys().find(|key| is_value(key))?;
    names.iter().find_map(|name| match fields.get(*name)? {
        Value::String(text) => Some(text),
        _ => None,
    })
}

/// Whether a word stands for the value of such a pair.
fn is_value(key: &str) -> bool {
    matches!(key, "value" | "Value")
}

/// Whether what stands below a name is told to nobody: more names than those that are masked in lines,
/// because nothing is lost where a value is not told.
fn hides(name: &str) -> bool {
    let name = name.strip_suffix('s').unwrap_or(name);
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = plain.to_ascii_lowercase();
    let ends = |ends: &[&str]| ends.iter().any(|end| plain.ends_with(end));
    secret::is_name(name)
        || ends(&[
            "password",
            "passwd",
            "secret",
            "token",
            "credential",
            "salt",
            "license",
            "signing",
        ])
        || ends(&[
            "auth",
            "authorization",
            "privatekey",
            "encryptionkey",
            "signingkey",
            "apikey",
        ])
        || matches!(plain.as_str(), "pin" | "pas")
}

/// Whether a text looks as if it were made by chance: no word, path or name of a thing does.
fn is_random(name: &str, text: &str) -> bool {
    let is_digest = ["hash", "sha", "digest", "etag", "checksum", "fingerprint"]
        .iter()
        .any(|word| name.to_ascii_lowercase().contains(word));
    let has = |is: fn(&u8) -> bool| text.bytes().any(|b| is(&b));
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"+/=".contains(&b);
    !is_digest
        && text.len() >= 24
        && text.bytes().all(plain)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_digit)
}

/// A value; a text that is a document is that document.
fn written(value: &Value) -> Value {
    match value {
        Value::String(text) if text.starts_with(['{', '[']) => {
            serde_json::from_str(text).unwrap_or_else(|_| value.clone())
        }
        other => other.clone(),
    }
}

/// A value as a text, without what is a secret; none where there is nothing.
fn text(name: &str, value: &Value) -> Option<Safe> {
    match value {
        Value::Null => None,
        Value::String(text) if text.contains('\n') => {
            Some(Safe::new(&counted(text.lines().count(), "line")))
        }
        Value::String(text) if is_random(name, text) => Some(Safe::new(MASK)),
        Value::String(text) => Some(Safe::told_of(name, text)),
        Value::Bool(_) | Value::Number(_) => Some(Safe::told_of(name, &value.to_string())),
        // Whatever stands in it under a telling name is covered there.
        Value::Array(_) | Value::Object(_) => Some(Safe::new(&covered(name, value).to_string())),
    }
}

/// A value whose secrets are covered by the names under which they stand.
fn covered(name: &str, value: &Value) -> Value {
    if hides(name) {
        return Value::String(MASK.to_owned());
    }
    match written(value) {
        text @ Value::String(_) => {
            let told = self::text(name, &text).map(Safe::into_string);
            Value::String(told.unwrap_or_default())
        }
        Value::Array(items) => items.iter().map(|item| covered(name, item)).collect(),
        Value::Object(fields) => {
            let told = named(&fields);
            let each = fields.iter().map(|(key, field)| {
                let stands = told.filter(|_| is_value(key)).unwrap_or(key);
                (Safe::told(key).into_string(), covered(stands, field))
            });
            each.collect::<Map<_, _>>().into()
        }
        other => other,
    }
}

/// Two texts; of long ones how long they are, and where they begin to differ. What is cut out of a text
/// may be half of a secret, which nobody knows then.
fn in_short(path: &str, from: Option<Safe>, to: Option<Safe>) -> Shown {
    let chars = |text: &Option<Safe>| -> Vec<char> {
        text.iter().flat_map(|text| text.as_str().chars()).collect()
    };
    let (one, other) = (chars(&from), chars(&to));
    if one.len().max(other.len()) <= LONGEST {
        return Shown {
            path: Safe::new(path),
            from,
            to,
        };
    }
    let same = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let told = |chars: &[char], text: Option<Safe>| {
        text.map(|_| Safe::new(&counted(chars.len(), "character")))
    };
    Shown {
        path: Safe::new(&format!("{path} (from character {})", same + 1)),
        from: told(&one, from),
        to: told(&other, to),
    }
}

/// A value whose parts that are marked are covered: `true` marks all that stands at its place, also
/// where nothing stands yet.
#[must_use]
pub fn without(value: &Value, marks: &Value, instead: &str) -> Value {
    let always = |_: Option<&Value>, _: &Value| Some(instead.to_owned());
    walked(Some(value), marks, &Value::Null, &always).unwrap_or_default()
}

/// A value whose marked parts are covered, and say whether they are what stands there in another one.
#[must_use]
pub fn without_unlike(value: &Value, marks: &Value, other: &Value) -> Value {
    let compared = |value: Option<&Value>, other: &Value| {
        let is = if value? == other { HIDDEN } else { ANOTHER };
        Some(is.to_owned())
    };
    walked(Some(value), marks, other, &compared).unwrap_or_default()
}

/// What stands in place of a marked part, and of what stands there in another value.
type Instead<'a> = dyn Fn(Option<&Value>, &Value) -> Option<String> + 'a;

fn walked(
    value: Option<&Value>,
    marks: &Value,
    other: &Value,
    instead: &Instead<'_>,
) -> Option<Value> {
    match (value, marks) {
        (value, Value::Bool(true)) => instead(value, other).map(Value::String),
        (Some(Value::Object(fields)), Value::Object(marks)) => {
            let mut all = fields.clone();
            for (name, mark) in marks {
                let other = other.get(name).unwrap_or(&Value::Null);
                if let Some(put) = walked(fields.get(name), mark, other, instead) {
                    all.insert(name.clone(), put);
                }
            }
            Some(Value::Object(all))
        }
        (Some(Value::Array(items)), Value::Array(marks)) => {
            let each = items.iter().enumerate().filter_map(|(n, item)| {
                let at = |all: &Value| all.get(n).cloned().unwrap_or_default();
                let mark = marks.get(n).unwrap_or(&Value::Null);
                walked(Some(item), mark, &at(other), instead)
            });
            Some(each.collect())
        }
        (value, _) => value.cloned(),
    }
}

/// The texts that stand where these marks say that a secret does.
pub fn marked(value: &Value, marks: &Value, all: &mut BTreeSet<String>) {
    match (value, marks) {
        (Value::String(text), Value::Bool(true)) if text.len() >= SHORTEST => {
            all.insert(text.clone());
        }
        (Value::Object(fields), Value::Bool(true)) => {
            for field in fields.values() {
                marked(field, marks, all);
            }
        }
        (Value::Array(items), Value::Bool(true)) => {
            for item in items {
                marked(item, marks, all);
            }
        }
        (Value::Object(fields), Value::Object(marks)) => {
            for (name, mark) in marks {
                marked(fields.get(name).unwrap_or(&Value::Null), mark, all);
            }
        }
        (Value::Array(items), Value::Array(marks)) => {
            let both = items.iter().zip(marks);
            both.for_each(|(item, mark)| marked(item, mark, all));
        }
        _ => {}
    }
}

/// A value in which none of these texts stands.
#[must_use]
pub fn without_texts(value: &Value, texts: &BTreeSet<String>) -> Value {
    let cover = |text: &str| {
        let all = texts.iter().rev();
        all.fold(text.to_owned(), |text, one| {
            text.replace(one.as_str(), MASK)
        })
    };
    match value {
        Value::String(text) => Value::String(cover(text)),
        Value::Array(items) => items
            .iter()
            .map(|item| without_texts(item, texts))
            .collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(key, field)| (cover(key), without_texts(field, texts)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// What stands for a secret that takes the place of another value.
const ANOTHER: &str = "*** (another)";

/// What stands for a secret that its own system marks.
pub const HIDDEN: &str = MASK;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(from: &Value, to: &Value) -> Vec<String> {
        let all = Shown::between("conf", from, to);
        all.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_value_that_differs_is_told_with_the_way_to_it() {
        let from = json!({ "tags": { "env": "dev", "team": "a" }, "size": 1, "on": true, "old": "x", "list": [1, 2] });
        let to = json!({ "tags": { "env": "prod", "team": "a" }, "size": 2, "on": true, "list": [1, 3, 4] });
        assert_eq!(
            told(&from, &to),
            [
                "conf.list[1]: 2 -> 3",
                "conf.list[2]: (none) -> 4",
                "conf.old: x -> (none)",
                "conf.size: 1 -> 2",
                "conf.tags.env: dev -> prod",
            ]
        );
        let policy =
            |action: &str| json!(json!({ "Statement": [{ "Action": action }] }).to_string());
        assert_eq!(
            told(&policy("s3:Get*"), &policy("s3:*")),
            ["conf.Statement[0].Action: s3:Get* -> s3:*"]
        );
        assert_eq!(told(&from, &from), [""; 0]);
    }

    #[test]
    fn no_secret_is_told() {
        let from = json!({ "password": "hunter2hunter2", "env": { "API_TOKEN": "aaaabbbb" }, "url": "postgres://u:pa55word@h/d" });
        let to = json!({ "password": "hunter3hunter3", "env": { "API_TOKEN": "ccccdddd", "DB_PASSWORD": "eeeeffff" }, "url": "postgres://u:pa66word@h/d" });
        let all = told(&from, &to).join("\n");
        for secret in ["hunter", "aaaa", "cccc", "eeee", "pa55", "pa66"] {
            assert!(!all.contains(secret), "{all}");
        }
        assert!(all.contains("conf.password: *** -> ***"), "{all}");
        for (from, to) in [
            (
                json!({ "password": { "current": "SEKRETa", "n": 1 } }),
                json!({ "password": { "current": "SEKRETb", "n": 1 } }),
            ),
            (
                json!({ "passwords": ["SEKRETa"] }),
                json!({ "passwords": ["SEKRETb"] }),
            ),
            (json!({ "tokens": { "a": "SEKRETa" } }), Value::Null),
            (
                json!([{ "name": "DB_PASSWORD", "value": "SEKRETa" }]),
                json!([{ "name": "DB_PASSWORD", "value": "SEKRETb" }]),
            ),
            (
                json!({ "Key": "api_token", "Value": "SEKRETa" }),
                Value::Null,
            ),
            (
                Value::Null,
                json!(r#"{"env":[{"name":"DB_PASSWORD","value":"SEKRETa"}]}"#),
            ),
            (
                json!("password: |\n  SEKRETa\n  SEKRETa"),
                json!("password: |\n  SEKRETb"),
            ),
            (
                json!({ "encryption_key": "SEKRETa" }),
                json!({ "auth": "SEKRETa", "salt": "SEKRETa", "PIN": "SEKRETa" }),
            ),
            (
                json!("wJalrXUtnFEMIK7MDENGbPxRfiCYSEKRETaKEY00"),
                json!("other"),
            ),
        ] {
            let all = told(&from, &to).join("\n");
            assert!(!all.contains("SEKRET") && !all.is_empty(), "{all}");
        }
        let lines = told(&json!("a\nb"), &json!("a\nc\nd"));
        assert_eq!(lines, ["conf (from line 2): 2 lines -> 3 lines"]);
        let made = told(&Value::Null, &json!([{ "password": "hunter2hunter2" }]));
        assert_eq!(made, [r#"conf: (none) -> [{"password":"***"}]"#]);
    }

    #[test]
    fn what_is_marked_is_covered_and_what_comes_later_is_named() {
        let value = json!({ "a": [{ "b": "x", "c": 1 }], "d": 2 });
        let marks = json!({ "a": [{ "b": true }], "arn": true });
        assert_eq!(
            without(&value, &marks, LATER),
            json!({ "a": [{ "b": LATER, "c": 1 }], "d": 2, "arn": LATER })
        );
        assert_eq!(without(&value, &json!(true), HIDDEN), json!("***"));
        let (was, is) = (
            json!({ "a": "x", "b": ["y"] }),
            json!({ "a": "x", "b": ["z"] }),
        );
        let marks = json!({ "a": true, "b": [true] });
        let told = Shown::between(
            "c",
            &without(&was, &marks, HIDDEN),
            &without_unlike(&is, &marks, &was),
        );
        let told: Vec<String> = told.iter().map(ToString::to_string).collect();
        assert_eq!(told, ["c.b[0]: *** -> *** (another)"]);
        let mut texts = BTreeSet::new();
        marked(
            &json!({ "a": [{ "b": "hunter2" }], "c": "seen" }),
            &json!({ "a": [{ "b": true }] }),
            &mut texts,
        );
        let bare = json!({ "out": "x hunter2 y", "hunter2": 1 });
        assert_eq!(
            without_texts(&bare, &texts),
            json!({ "out": "x *** y", "***": 1 })
        );
    }

    #[test]
    fn of_long_texts_it_is_told_where_they_begin_to_differ() {
        let long = |end: &str| json!(format!("{}{end}", "x".repeat(500)));
        let all = Shown::between("conf", &long("one"), &long("three"));
        assert_eq!(
            all[0].to_string(),
            "conf (from character 501): 503 characters -> 505 characters"
        );
        assert!(all[0].is_of("conf"));
        let many: Value = (0..40)
            .map(|n| (n.to_string(), json!(n)))
            .collect::<Map<_, _>>()
            .into();
        let all = told(&json!({}), &many);
        assert_eq!(
            (all.len(), all[12].as_str()),
            (13, "conf, and 28 more values of it")
        );
    }
}
