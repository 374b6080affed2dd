//! Mappings of configuration with keys that are known: of protocol buffers as people write them (keys
//! in `snake_case` or `camelCase`, enumerations by their whole name or its end), and of other tools.
//! Everything that is wrong is said at once, each with its place.

mod reading;

pub(super) use self::reading::{Form, Reading, unsaid};

use std::borrow::Cow;

use crate::text::diagnostic::{At, closest};
use crate::text::document::{Content, Node};
use crate::text::safe::acts;

/// A text with its place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Word {
    /// The text.
    pub(super) text: String,
    /// Where it stands.
    pub(super) at: At,
}

impl Word {
    /// The text.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }
}

/// A message that is being read.
pub(super) struct Message<'n> {
    node: &'n Node,
    /// What it is, for a person: `the route /v1`.
    what: String,
    /// Where it stands: the key that it is under; of one in a list its first key, else itself.
    pub(super) at: At,
    known: Vec<Cow<'static, str>>,
}

impl<'n> Message<'n> {
    /// A value as a message; nothing where it is none, which is said.
    pub(super) fn of(
        node: &'n Node,
        what: impl Into<String>,
        reading: &mut Reading<'_>,
    ) -> Option<Self> {
        let what = what.into();
        if !matches!(node.content, Content::Map(_)) {
            let says = format!("{what} is {}, and must be a mapping", node.word());
            reading.say(node.at, says, "");
            return None;
        }
        let at = node.entries().first().map_or(node.at, |(key, _)| key.at);
        Some(Self {
            node,
            what,
            at,
            known: Vec::new(),
        })
    }

    /// Calls it something else, now that its name is known.
    pub(super) fn called(&mut self, what: String) {
        self.what = what;
    }

    /// What it is called.
    pub(super) fn what(&self) -> &str {
        &self.what
    }

    /// The value under a key that is a mapping; what is none is told, and answered all the same.
    pub(super) fn mapping(
        &mut self,
        key: &'static str,
        reading: &mut Reading<'_>,
    ) -> Option<&'n Node> {
        let node = self.get(key, reading)?;
        if !matches!(node.content, Content::Map(_)) {
            let (what, is) = (&self.what, node.word());
            let says = format!("{key} of {what} is {is}, and must be a mapping");
            reading.say(node.at, says, "");
        }
        Some(node)
    }

    /// The value under a key, in either spelling; nothing for null.
    pub(super) fn get(
        &mut self,
        key: impl Into<Cow<'static, str>>,
        reading: &mut Reading<'_>,
    ) -> Option<&'n Node> {
        let key = key.into();
        self.known.push(key.clone());
        let key = &*key;
        let also = reading.form.also(key);
        let entries = self.node.entries().iter();
        let mut there =
            entries.filter(|(found, _)| found.name == key || also.as_ref() == Some(&found.name));
        let (first, node) = there.next()?;
        if let Some((again, _)) = there.next() {
            let says = format!(
                "{} says {key} twice, as {} and as {}",
                self.what, first.name, again.name
            );
            reading.say(again.at, says, "leave one of them out");
        }
        (!node.is_null()).then_some(node)
    }

    /// A text.
    pub(super) fn text(&mut self, key: &'static str, reading: &mut Reading<'_>) -> Option<Word> {
        let node = self.get(key, reading)?;
        self.as_text(key, node, reading)
    }

    /// A text that must be there.
    pub(super) fn needed(&mut self, key: &'static str, reading: &mut Reading<'_>) -> Option<Word> {
        let before = reading.found.0.len();
        let word = self.text(key, reading).filter(|word| !word.text.is_empty());
        if word.is_none() && reading.found.0.len() == before {
            reading.say(self.at, format!("{} has no {key}", self.what), "");
        }
        word
    }

    /// The name of a thing of AWS that must be there.
    pub(super) fn arn(&mut self, key: &'static str, reading: &mut Reading<'_>) -> Option<Word> {
        let word = self.needed(key, reading)?;
        let mut parts = word.text.splitn(6, ':');
        let is_one = parts.next() == Some("arn") && parts.count() == 5;
        if !is_one {
            let says = format!("{key} of {} is no ARN: {:?}", self.what, word.text);
            reading.say(word.at, says, "arn:PARTITION:SERVICE:REGION:ACCOUNT:NAME");
        }
        is_one.then_some(word)
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, key: &'static str, reading: &mut Reading<'_>) -> Vec<Word> {
        let nodes = self.list(key, reading);
        let read = nodes.iter().map(|node| self.as_text(key, node, reading));
        read.collect::<Vec<_>>().into_iter().flatten().collect()
    }

    /// A switch; off where nothing is written.
    pub(super) fn switch(&mut self, key: &'static str, reading: &mut Reading<'_>) -> bool {
        let Some(node) = self.get(key, reading) else {
            return false;
        };
        match node.text() {
            Some("true") => true,
            Some("false") => false,
            _ => {
                let says = format!("{key} of {} is neither true nor false", self.what);
                reading.say(node.at, says, "");
                false
            }
        }
    }

    /// A whole number within limits.
    pub(super) fn number(
        &mut self,
        key: &'static str,
        within: std::ops::RangeInclusive<u32>,
        reading: &mut Reading<'_>,
    ) -> Option<u32> {
        let node = self.get(key, reading)?;
        let number = node.text().and_then(|text| text.parse().ok());
        let fits = number.filter(|number| within.contains(number));
        if fits.is_none() {
            let says = format!(
                "{key} of {} must be a whole number from {} to {}",
                self.what,
                within.start(),
                within.end()
            );
            reading.say(node.at, says, "");
        }
        fits
    }

    /// One of some values, by its whole name (`DEMAND_LIGHT`) or without what all begin with.
    pub(super) fn one_of<T: Copy>(
        &mut self,
        key: &'static str,
        prefix: &str,
        values: &[(&str, T)],
        reading: &mut Reading<'_>,
    ) -> Option<T> {
        let node = self.get(key, reading)?;
        let text = node.text().unwrap_or_default();
        let short = text.strip_prefix(prefix).unwrap_or(text);
        if short == "UNSPECIFIED" {
            return None;
        }
        let found = values.iter().find(|(name, _)| *name == short);
        if found.is_none() {
            let names: Vec<&str> = values.iter().map(|(name, _)| *name).collect();
            let says = format!("{key} of {} cannot be {text:?}", self.what);
            reading.say(node.at, says, format!("one of {}", names.join(", ")));
        }
        found.map(|(_, value)| *value)
    }

    /// A message within it.
    pub(super) fn message(
        &mut self,
        key: &'static str,
        reading: &mut Reading<'_>,
    ) -> Option<Message<'n>> {
        let node = self.get(key, reading)?;
        let mut inner = Message::of(node, format!("{key} of {}", self.what), reading)?;
        inner.at = self.place(key).unwrap_or(inner.at);
        Some(inner)
    }

    /// A list of messages.
    pub(super) fn messages(
        &mut self,
        key: &'static str,
        reading: &mut Reading<'_>,
    ) -> Vec<Message<'n>> {
        let nodes = self.list(key, reading);
        let what = |n: usize| format!("number {} of {key} of {}", n + 1, self.what);
        let read = nodes.iter().enumerate();
        read.filter_map(|(n, node)| Message::of(node, what(n), reading))
            .collect()
    }

    /// What is understood and has no effect: it is noted where it is written.
    pub(super) fn unrendered(&mut self, key: &'static str, why: &str, reading: &mut Reading<'_>) {
        let Some(node) = self.get(key, reading) else {
            return;
        };
        let is_nothing = node.text() == Some("false")
            || matches!(&node.content, Content::List(items) if items.is_empty());
        if !is_nothing {
            let says = format!("{key} of {} has no effect: {why}", self.what);
            reading.note(self.place(key).unwrap_or(node.at), says);
        }
    }

    /// Says that at most one of these keys may be written, and at least one where it is needed.
    pub(super) fn exactly_one(
        &mut self,
        keys: &[&'static str],
        is_needed: bool,
        reading: &mut Reading<'_>,
    ) {
        let there: Vec<&'static str> = keys
            .iter()
            .copied()
            .filter(|key| self.get(*key, reading).is_some())
            .collect();
        if let [first, second, ..] = there[..] {
            let says = format!("{} says {first} and {second}", self.what);
            let at = self.place(second).unwrap_or(self.at);
            reading.say(at, says, format!("one of {}", keys.join(", ")));
        } else if there.is_empty() && is_needed {
            let says = format!("{} says none of {}", self.what, keys.join(", "));
            reading.say(self.at, says, "write one of them");
        }
    }

    /// Says what stands in it that nobody knows. `!type`, which some writers put beside the one that
    /// is there, says nothing of its own.
    pub(super) fn end(self, reading: &mut Reading<'_>) {
        for (key, _) in self.node.entries() {
            let is = |known: &Cow<'_, str>| {
                key.name == **known || reading.form.also(known).as_ref() == Some(&key.name)
            };
            if key.name == "!type" || self.known.iter().any(is) {
                continue;
            }
            let near = closest(&key.name, self.known.iter().map(|key| &**key));
            let mut known = self.known.clone();
            known.sort_unstable();
            known.dedup();
            let hint = near.map_or_else(
                || format!("known are {}", known.join(", ")),
                |near| format!("did you mean {near:?}?"),
            );
            let says = format!("{} has no {:?}", self.what, key.name);
            reading.coded("unknown-key", key.at, says, hint);
        }
    }

    /// Where a key stands.
    pub(super) fn place(&self, key: &str) -> Option<At> {
        let camel = camel(key);
        let mut entries = self.node.entries().iter();
        entries
            .find(|(found, _)| found.name == key || found.name == camel)
            .map(|(found, _)| found.at)
    }

    fn list(&mut self, key: &'static str, reading: &mut Reading<'_>) -> &'n [Node] {
        let Some(node) = self.get(key, reading) else {
            return &[];
        };
        if !matches!(node.content, Content::List(_)) {
            let says = format!(
                "{key} of {} is {}, and must be a list",
                self.what,
                node.word()
            );
            reading.say(node.at, says, "");
        }
        node.items()
    }

    fn as_text(&self, key: &str, node: &Node, reading: &mut Reading<'_>) -> Option<Word> {
        let text = node.text();
        if text.is_some_and(|text| text.chars().any(|c| acts(c) && !matches!(c, '\n' | '\t'))) {
            let says = format!(
                "{key} of {} has a character that acts on a terminal",
                self.what
            );
            reading.say(node.at, says, "take it out");
            return None;
        }
        if text.is_none() {
            let says = format!(
                "{key} of {} is {}, and must be a text",
                self.what,
                node.word()
            );
            reading.say(node.at, says, "");
        }
        text.map(|text| Word {
            text: text.to_owned(),
            at: node.at,
        })
    }
}

/// `env_vars` as `envVars`.
fn camel(key: &str) -> String {
    let mut parts = key.split('_');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str(&capital(part));
    }
    text
}

/// A word with a capital first letter.
pub(super) fn capital(word: &str) -> String {
    let mut chars = word.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(chars).collect()
}
