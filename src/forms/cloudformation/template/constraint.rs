//! What CloudFormation checks of a parameter's value before it does anything else. A pattern that is
//! written in a way which only CloudFormation's own engine reads is left to it.

use regex::Regex;

use super::parameter::{Parameter, value};
use crate::text::diagnostic::At;
use crate::text::document::{Content, Node};

/// The longest value, in bytes.
const LONGEST: usize = 4_096;

/// What a template says that a value must be.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Rules {
    /// The values that it may have; any when empty.
    pub(super) allowed: Vec<String>,
    /// What it must match as a whole.
    pattern: Option<String>,
    /// How many characters it must have at least.
    min_length: Option<f64>,
    /// And at most.
    max_length: Option<f64>,
    /// How large a number must be at least.
    min_value: Option<f64>,
    /// And at most.
    max_value: Option<f64>,
    /// The same in the words of the template's author.
    pub(super) described: String,
}

impl Rules {
    /// Reads them, saying what cannot be read.
    pub(super) fn read(name: &str, node: &Node, say: &mut impl FnMut(At, String, &str)) -> Self {
        let mut allowed = Vec::new();
        if let Some(node) = node.get("AllowedValues") {
            if !matches!(node.content, Content::List(_)) {
                let says = format!(
                    "AllowedValues of {name} is {}, and must be a list",
                    node.word()
                );
                say(node.at, says, "");
            }
            for item in node.items() {
                match value(item) {
                    Some(text) => allowed.push(text),
                    None => say(
                        item.at,
                        format!(
                            "an allowed value of {name} is {}, and must be a single value",
                            item.word()
                        ),
                        "",
                    ),
                }
            }
        }
        let mut number = |key: &str| {
            let node = node.get(key)?;
            let read = node.text().and_then(number);
            if read.is_none() {
                say(node.at, format!("{key} of {name} must be a number"), "");
            }
            read
        };
        let (min_length, max_length) = (number("MinLength"), number("MaxLength"));
        let (min_value, max_value) = (number("MinValue"), number("MaxValue"));
        let text = |key: &str| node.get(key).and_then(Node::text).map(str::to_owned);
        Self {
            allowed,
            pattern: text("AllowedPattern"),
            min_length,
            max_length,
            min_value,
            max_value,
            described: text("ConstraintDescription").unwrap_or_default(),
        }
    }

    /// What one value, or one item of a list, must be and is not.
    fn broken_by(&self, of_numbers: bool, value: &str) -> Option<String> {
        if !self.allowed.is_empty() && !self.allowed.iter().any(|one| one == value) {
            return Some(format!("may be {}", self.allowed.join(", ")));
        }
        if of_numbers {
            let Some(number) = number(value) else {
                return Some("is a number".to_owned());
            };
            return self.bounded(number);
        }
        if let Some(pattern) = &self.pattern
            && Regex::new(&format!("^(?:{pattern})$")).is_ok_and(|whole| !whole.is_match(value))
        {
            return Some(format!("must match {pattern} as a whole"));
        }
        None
    }

    fn bounded(&self, number: f64) -> Option<String> {
        let least = self.min_value.filter(|least| number < *least);
        let most = self.max_value.filter(|most| number > *most);
        least
            .map(|least| format!("must be {least} or more (MinValue)"))
            .or_else(|| most.map(|most| format!("must be {most} or less (MaxValue)")))
    }

    /// What is wrong with the length of a text, counted as CloudFormation counts.
    fn long(&self, value: &str) -> Option<String> {
        let length = value.encode_utf16().count();
        let counted = f64::from(u32::try_from(length).unwrap_or(u32::MAX));
        let least = self.min_length.filter(|least| counted < *least);
        let most = self.max_length.filter(|most| counted > *most);
        least
            .map(|least| format!("must have {least} characters or more (MinLength)"))
            .or_else(|| most.map(|most| format!("must have {most} characters or less (MaxLength)")))
    }
}

/// What a parameter must be, where a value is not that.
pub(super) fn refuses(parameter: &Parameter, rules: &Rules, value: &str) -> Option<String> {
    if value.len() > LONGEST {
        return Some(format!("may have {LONGEST} bytes"));
    }
    // What is given there is the name of the value, and the rules are about the name.
    if parameter.is_looked_up() || !parameter.is_list() {
        let of_numbers = parameter.kind == "Number";
        return rules
            .broken_by(of_numbers, value)
            .or_else(|| rules.long(value).filter(|_| !of_numbers));
    }
    let of_numbers = parameter.kind == "List<Number>";
    let items = || value.split(',').map(str::trim);
    items()
        .find_map(|item| rules.broken_by(of_numbers, item))
        .map(|must| format!("is a list of which each item {must}"))
        // Nobody says whether the items or the whole have this length: it is refused where neither
        // has.
        .or_else(|| {
            rules
                .long(value)
                .filter(|_| items().any(|item| rules.long(item).is_some()))
        })
}

/// A number as CloudFormation takes one; no words for what is none or has no end.
fn number(text: &str) -> Option<f64> {
    let written = text
        .bytes()
        .all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    text.parse().ok().filter(|_| written)
}
