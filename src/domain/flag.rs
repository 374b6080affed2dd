//! Flags of an ask: what a system lets a person choose beside the release. Declared by the system,
//! checked at the ask, shown on the card, part of what a confirmation covers, and kept with the
//! deployment.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::ids::FlagName;
use super::parameter::Change;
use super::purpose::Purpose;
use super::refs::Commit;
use super::refused::Refused;
use crate::text::diagnostic::closest;
use crate::text::quote;
use crate::text::safe::Safe;
use crate::text::secret;

/// The longest name, and the longest version, of what one is made of.
const LONGEST: usize = 128;

/// The flags that are set, by name.
pub type Flags = BTreeMap<FlagName, Value>;

/// What a flag is set to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// On or off.
    Switch(bool),
    /// A whole number.
    Number(i64),
    /// A text on one line.
    Text(Safe),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Switch(on) => on.fmt(f),
            Value::Number(number) => number.fmt(f),
            Value::Text(text) => text.fmt(f),
        }
    }
}

/// What is chosen, in words; an empty text chooses nothing, and neither does a switch that is off.
#[must_use]
pub fn chosen(flags: &Flags) -> Vec<String> {
    let says = |value: &Value| match value {
        Value::Text(text) => !text.is_empty(),
        Value::Switch(on) => *on,
        Value::Number(_) => true,
    };
    flags
        .iter()
        .filter(|(_, value)| says(value))
        .map(|(name, value)| format!("{name}={value}"))
        .collect()
}

/// What is chosen as a shell takes it, each with a space before it, but for these names.
#[must_use]
pub fn typed(flags: &Flags, but: &[&str]) -> String {
    let typed = |(name, value): (&FlagName, &Value)| match value {
        Value::Switch(on) => on.then(|| format!(" --{name}")),
        Value::Number(number) => Some(format!(" --{name}={number}")),
        Value::Text(text) if text.is_empty() => None,
        Value::Text(text) => Some(format!(" --{name}={}", quote::shell(text.as_str()))),
    };
    let named = flags
        .iter()
        .filter(|(name, _)| !but.contains(&name.as_str()));
    named.filter_map(typed).collect()
}

/// What a flag is set to, as text; none where that is nothing.
#[must_use]
pub fn text(flags: &Flags, name: &str) -> Option<String> {
    let (_, value) = flags.iter().find(|(own, _)| own.as_str() == name)?;
    Some(value.to_string()).filter(|text| !text.is_empty())
}

/// The versions that a flag of that form names, each of what.
#[must_use]
pub fn versions(flags: &Flags, name: &str) -> BTreeMap<String, String> {
    let text = text(flags, name).unwrap_or_default();
    let all = text.split(',').filter_map(version);
    all.map(|(name, version)| (name.to_owned(), version.to_owned()))
        .collect()
}

/// A name, and its version.
fn version(part: &str) -> Option<(&str, &str)> {
    let (name, version) = part.split_once('=')?;
    let is_plain = |text: &str| {
        let taken = |b: u8| b.is_ascii_alphanumeric() || b"-_.+/".contains(&b);
        !text.is_empty() && text.len() <= LONGEST && text.bytes().all(taken)
    };
    (is_plain(name) && is_plain(version)).then_some((name, version))
}

/// Whether a switch is on.
#[must_use]
pub fn is_set(flags: &Flags, switch: &str) -> bool {
    let mut set = flags.iter();
    set.any(|(name, value)| name.as_str() == switch && *value == Value::Switch(true))
}

/// A flag, as its system declares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flag {
    /// Its name; in the form of the names of environments.
    pub name: &'static str,
    /// What it may be set to, and what it is when nobody sets it.
    pub form: Form,
    /// What it is for.
    pub purposes: &'static [Purpose],
    /// What it does, as a sentence for the card.
    pub says: &'static str,
}

/// What a flag may be set to, each with what it is when nobody sets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// On or off.
    Switch(bool),
    /// A whole number.
    Number(i64),
    /// A text on one line.
    Text(&'static str),
    /// One of these; none when nobody sets it.
    OneOf(&'static [&'static str]),
    /// A change of a parameter; none when nobody sets it.
    Change,
    /// A commit by its whole name; none when nobody sets it.
    Commit,
    /// What it is made of in other versions, as `NAME=VERSION`; none when nobody sets it.
    Version,
}

impl Form {
    fn preset(self) -> Value {
        match self {
            Form::Switch(on) => Value::Switch(on),
            Form::Number(number) => Value::Number(number),
            Form::Text(text) => Value::Text(text.into()),
            Form::OneOf(_) | Form::Change | Form::Commit | Form::Version => Value::Text("".into()),
        }
    }

    /// What it takes, for a person.
    fn takes(self) -> String {
        match self {
            Form::Switch(_) => "true or false".to_owned(),
            Form::Number(_) => "a whole number".to_owned(),
            Form::Text(_) => "a text".to_owned(),
            Form::OneOf(names) => format!("one of {}", names.join(", ")),
            Form::Change => "NAME=file:/whole/path, NAME=env:VARIABLE or -NAME".to_owned(),
            Form::Commit => "a commit by its whole name, 40 digits of 0-9a-f".to_owned(),
            Form::Version => "NAME=VERSION, each name once, with ',' between them".to_owned(),
        }
    }

    /// The value in this form; a shell gives texts alone.
    fn read(self, given: &Value) -> Option<Value> {
        match (self, given) {
            (Form::Switch(_), Value::Switch(_)) | (Form::Number(_), Value::Number(_)) => {
                Some(given.clone())
            }
            (Form::Switch(_), Value::Text(text)) => text.as_str().parse().ok().map(Value::Switch),
            (Form::Number(_), Value::Text(text)) => text.as_str().parse().ok().map(Value::Number),
            (Form::Text(_), Value::Text(text)) => {
                (!secret::is_in(text.as_str())).then(|| given.clone())
            }
            (Form::OneOf(names), Value::Text(text)) => {
                let is_one = text.is_empty() || names.contains(&text.as_str());
                is_one.then(|| given.clone())
            }
            (Form::Change, Value::Text(text)) => {
                let is_one = text.is_empty() || text.as_str().parse::<Change>().is_ok();
                is_one.then(|| given.clone())
            }
            (Form::Commit, Value::Text(text)) => {
                let is_one = text.is_empty() || text.as_str().parse::<Commit>().is_ok();
                is_one.then(|| given.clone())
            }
            (Form::Version, Value::Text(text)) => {
                let all = text.as_str().split(',').filter(|_| !text.is_empty());
                let mut named = BTreeSet::new();
                let mut all = all.map(version);
                let is_one = all.all(|one| one.is_some_and(|(name, _)| named.insert(name)));
                is_one.then(|| given.clone())
            }
            (_, Value::Number(_) | Value::Switch(_)) => None,
        }
    }
}

/// A flag as a card offers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offered {
    /// Its name.
    pub name: FlagName,
    /// What it may be set to; empty where that is a text or a number, which is typed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub among: Vec<Value>,
    /// What it is set to.
    pub value: Value,
    /// What it is when nobody sets it.
    pub usual: Value,
    /// What it does.
    pub says: String,
}

/// The flags that a card offers, as they are set; a change of a parameter has a form of its own.
#[must_use]
pub fn offered(declared: &[Flag], purpose: Purpose, set: &Flags) -> Vec<Offered> {
    let of = |flag: &Flag| {
        let texts = |names: &[&str]| {
            names
                .iter()
                .map(|name| Value::Text((*name).into()))
                .collect()
        };
        let among = match flag.form {
            Form::Switch(_) => vec![Value::Switch(false), Value::Switch(true)],
            Form::OneOf(names) => texts(&[&[""], names].concat()),
            Form::Number(_) | Form::Text(_) | Form::Commit | Form::Version => Vec::new(),
            Form::Change => return None,
        };
        let (name, usual) = (flag.name.parse::<FlagName>().ok()?, flag.form.preset());
        Some(Offered {
            among,
            value: set.get(&name).unwrap_or(&usual).clone(),
            usual,
            says: flag.says.to_owned(),
            name,
        })
    };
    let of_purpose = |flag: &&Flag| flag.purposes.contains(&purpose);
    declared.iter().filter(of_purpose).filter_map(of).collect()
}

/// Everything that the declared flags are set to, where some are given; and what is said of those
/// that are set otherwise than usual.
///
/// # Errors
/// A flag that is not declared, or a value of another form: with what is known.
pub fn set(
    declared: &[Flag],
    system: &str,
    purpose: Purpose,
    given: &Flags,
) -> Result<(Flags, Vec<String>), Refused> {
    let known: Vec<&Flag> = declared
        .iter()
        .filter(|flag| flag.purposes.contains(&purpose))
        .collect();
    if let Some(name) = given
        .keys()
        .find(|name| known.iter().all(|flag| flag.name != name.as_str()))
    {
        let names: Vec<&str> = known.iter().map(|flag| flag.name).collect();
        let hint = match (
            closest(name.as_str(), names.iter().copied()),
            names.as_slice(),
        ) {
            (_, []) => "take it out".to_owned(),
            (Some(near), _) => format!("did you mean {near}?"),
            (None, names) => format!("there is: {}", names.join(", ")),
        };
        return Err(Refused::new(
            "unknown-flag",
            format!("a {system} has no flag {name} for this"),
        )
        .hint(hint));
    }
    let (mut all, mut says) = (Flags::new(), Vec::new());
    for flag in known {
        let Ok(name) = flag.name.parse::<FlagName>() else {
            continue;
        };
        let value = match given.get(&name) {
            None => flag.form.preset(),
            Some(given) => flag.form.read(given).ok_or_else(|| {
                Refused::new(
                    "flag",
                    format!("{name} takes {}, and no secret", flag.form.takes()),
                )
                .hint(format!("{name}: {}", flag.says))
            })?,
        };
        if value != flag.form.preset() {
            says.push(format!("{name}={value} ({})", flag.says));
        }
        all.insert(name, value);
    }
    Ok((all, says))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DECLARED: &[Flag] = &[
        Flag {
            name: "destroy-database",
            form: Form::Switch(false),
            purposes: &[Purpose::Teardown],
            says: "the database goes too",
        },
        Flag {
            name: "slow",
            form: Form::Switch(false),
            purposes: &[Purpose::Deploy],
            says: "one task at a time",
        },
        Flag {
            name: "workers",
            form: Form::Number(1),
            purposes: &[Purpose::Deploy],
            says: "so many at once",
        },
        Flag {
            name: "note",
            form: Form::Text(""),
            purposes: &[Purpose::Deploy],
            says: "a word for the log",
        },
        Flag {
            name: "only",
            form: Form::OneOf(&["all", "code"]),
            purposes: &[Purpose::Deploy],
            says: "what is deployed",
        },
    ];

    #[test]
    fn a_commit_is_whole_or_none() {
        let whole = "3f".repeat(20);
        let read = |text: &str| Form::Commit.read(&Value::Text(text.into())).is_some();
        assert!(read("") && read(&whole));
        for wrong in [
            "zzzz",
            "3f3f3f3",
            &whole.to_uppercase(),
            &format!("{whole} "),
        ] {
            assert!(!read(wrong), "{wrong}");
        }
    }

    fn flags(given: &[(&str, &str)]) -> Flags {
        given
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), Value::Text((*value).into())))
            .collect()
    }

    fn deploy(given: &[(&str, &str)]) -> Result<(Flags, Vec<String>), Refused> {
        set(DECLARED, "shop", Purpose::Deploy, &flags(given))
    }

    #[test]
    fn a_card_offers_what_is_for_its_purpose_as_it_is_set() {
        let set = deploy(&[("slow", "true")]).unwrap().0;
        let told: Vec<String> = offered(DECLARED, Purpose::Deploy, &set)
            .iter()
            .map(|one| {
                let among: Vec<String> = one.among.iter().map(ToString::to_string).collect();
                format!(
                    "{} {:?} of {} else {:?}",
                    one.name,
                    one.value.to_string(),
                    among.join("|"),
                    one.usual.to_string()
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                r#"slow "true" of false|true else "false""#,
                r#"workers "1" of  else "1""#,
                r#"note "" of  else """#,
                r#"only "" of |all|code else """#,
            ]
        );
    }

    #[test]
    fn what_nobody_sets_is_as_usual_and_not_spoken_of() {
        let (all, says) = deploy(&[]).unwrap();
        assert_eq!(
            serde_json::to_string(&all).unwrap(),
            r#"{"note":"","only":"","slow":false,"workers":1}"#
        );
        assert!(says.is_empty());
        assert_eq!(
            deploy(&[("slow", "false")]).unwrap(),
            (all, says),
            "set to what it is anyway"
        );
        assert!(
            set(&[], "script", Purpose::Deploy, &Flags::new())
                .unwrap()
                .0
                .is_empty()
        );
    }

    #[test]
    fn texts_of_a_shell_are_read_by_the_form_that_is_declared() {
        let (all, says) = deploy(&[
            ("slow", "true"),
            ("workers", "4"),
            ("only", "code"),
            ("note", "12"),
        ])
        .unwrap();
        assert_eq!(
            serde_json::to_string(&all).unwrap(),
            r#"{"note":"12","only":"code","slow":true,"workers":4}"#
        );
        assert_eq!(
            says,
            [
                "slow=true (one task at a time)",
                "workers=4 (so many at once)",
                "note=12 (a word for the log)",
                "only=code (what is deployed)"
            ]
        );
        assert_eq!(typed(&all, &["workers"]), " --note=12 --only=code --slow");
        let again = set(DECLARED, "shop", Purpose::Deploy, &all).unwrap();
        assert_eq!(
            again,
            (all.clone(), says),
            "what was kept is read again as it is"
        );
        assert_eq!(
            serde_json::from_str::<Flags>(&serde_json::to_string(&all).unwrap()).unwrap(),
            all
        );
    }

    #[test]
    fn what_is_not_known_or_of_another_form_is_refused_with_what_is_known() {
        for (given, code, says) in [
            (("slwo", "true"), "unknown-flag", "did you mean slow?"),
            (
                ("elephants", "1"),
                "unknown-flag",
                "there is: slow, workers, note, only",
            ),
            (("destroy-database", "true"), "unknown-flag", "there is:"),
            (("slow", "yes"), "flag", "slow takes true or false"),
            (("workers", "many"), "flag", "workers takes a whole number"),
            (("only", "data"), "flag", "only takes one of all, code"),
            (
                ("note", "look at --password=hunter2"),
                "flag",
                "and no secret",
            ),
        ] {
            let refused = deploy(&[given]).unwrap_err();
            assert_eq!(refused.code, code, "{given:?}");
            assert!(refused.to_string().contains(says), "{refused}");
        }
        let typed = Flags::from([("note".parse().unwrap(), Value::Number(3))]);
        assert_eq!(
            set(DECLARED, "shop", Purpose::Deploy, &typed)
                .unwrap_err()
                .code,
            "flag"
        );
        let none = set(&[], "script", Purpose::Deploy, &flags(&[("slow", "true")])).unwrap_err();
        assert!(
            none.to_string().contains("a script has no flag slow"),
            "{none}"
        );
    }
}
