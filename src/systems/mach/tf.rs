//! Terraform as text: blocks, attributes and values, laid out as `terraform fmt` does it. What is
//! written is the same for the same content, whatever made it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

/// How an expression begins that stands for a secret; its name and a quote follow.
const SECRET: &str = "var.secrets[\"";

/// What stands in a file or a block, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Body(pub(super) Vec<Item>);

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    /// `name = value`.
    Attribute(String, Value),
    /// `kind "label" { … }`.
    Block(String, Vec<String>, Body),
    /// `# text`.
    Comment(String),
    /// An empty line.
    Gap,
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// Nothing.
    Null,
    /// True or false.
    Switch(bool),
    /// A number, as it is written.
    Number(String),
    /// A text, of pieces.
    Text(Vec<Piece>),
    /// What Terraform works out: a reference, a call.
    Expression(String),
    /// A list.
    List(Vec<Value>),
    /// An object, with the order of its keys.
    Object(Vec<(String, Value)>),
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// Its own letters.
    Plain(String),
    /// What Terraform puts there.
    Expression(String),
}

impl Value {
    /// A text without anything that Terraform puts into it.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(vec![Piece::Plain(text.into())])
    }

    /// What Terraform works out.
    pub(super) fn expression(text: impl Into<String>) -> Self {
        Self::Expression(text.into())
    }
}

impl Body {
    /// Adds an attribute.
    pub(super) fn set(&mut self, name: &str, value: Value) {
        self.0.push(Item::Attribute(name.to_owned(), value));
    }

    /// Adds an attribute that is a text.
    pub(super) fn say(&mut self, name: &str, text: &str) {
        self.set(name, Value::text(text));
    }

    /// Adds an attribute that is a text, where there is one.
    pub(super) fn say_any(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            self.say(name, text);
        }
    }

    /// Adds a block, with an empty line before it where something stands before.
    pub(super) fn block(&mut self, kind: &str, labels: &[&str], body: Body) {
        if !matches!(self.0.last(), None | Some(Item::Gap | Item::Comment(_))) {
            self.0.push(Item::Gap);
        }
        let labels = labels.iter().map(|label| (*label).to_owned()).collect();
        self.0.push(Item::Block(kind.to_owned(), labels, body));
    }

    /// Its attributes, as the entries of an object.
    pub(super) fn attributes(self) -> Vec<(String, Value)> {
        let attributes = self.0.into_iter().filter_map(|item| match item {
            Item::Attribute(name, value) => Some((name, value)),
            Item::Block(..) | Item::Comment(_) | Item::Gap => None,
        });
        attributes.collect()
    }

    /// Adds everything of another.
    pub(super) fn extend(&mut self, other: Body) {
        for item in other.0 {
            match item {
                Item::Block(kind, labels, body) => {
                    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
                    self.block(&kind, &labels, body);
                }
                item => self.0.push(item),
            }
        }
    }

    /// Every secret in it, by its name.
    pub(super) fn secrets(&self, found: &mut BTreeSet<String>) {
        for item in &self.0 {
            match item {
                Item::Attribute(_, value) => value.secrets(found),
                Item::Block(_, _, body) => body.secrets(found),
                Item::Comment(_) | Item::Gap => {}
            }
        }
    }

    /// As the text of a file.
    pub(super) fn render(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, 0);
        out
    }

    fn write(&self, out: &mut String, depth: usize) {
        let lines = self.0.iter().map(|item| match item {
            Item::Attribute(name, value) => Line::Set(name.clone(), value.written(depth)),
            Item::Block(kind, labels, body) => Line::Whole(block(kind, labels, body, depth)),
            Item::Comment(text) => Line::Whole(format!("# {}", text.replace('\n', " "))),
            Item::Gap => Line::Gap,
        });
        out.push_str(&laid_out(&lines.collect::<Vec<_>>(), depth));
    }
}

fn block(kind: &str, labels: &[String], body: &Body, depth: usize) -> String {
    let mut head = kind.to_owned();
    for label in labels {
        let _ = write!(head, " {}", quoted(label));
    }
    if body.0.is_empty() {
        return format!("{head} {{}}");
    }
    let mut inner = String::new();
    body.write(&mut inner, depth + 1);
    format!("{head} {{\n{inner}{}}}", indent(depth))
}

/// A line, or what stands for several.
enum Line {
    Set(String, String),
    Whole(String),
    Gap,
}

/// Lines as they stand below each other: `=` of neighbours that have one line each in one column.
fn laid_out(lines: &[Line], depth: usize) -> String {
    let mut out = String::new();
    let mut from = 0;
    while from < lines.len() {
        let short = |line: &Line| matches!(line, Line::Set(_, value) if !value.contains('\n'));
        let chain = lines[from..].iter().take_while(|line| short(line)).count();
        let wide = lines[from..from + chain].iter().map(|line| match line {
            Line::Set(name, _) => name.chars().count(),
            Line::Whole(_) | Line::Gap => 0,
        });
        let wide = wide.max().unwrap_or(0);
        for line in &lines[from..from + chain.max(1)] {
            match line {
                Line::Set(name, value) => {
                    let _ = writeln!(out, "{}{name:wide$} = {value}", indent(depth));
                }
                Line::Whole(text) => {
                    let _ = writeln!(out, "{}{text}", indent(depth));
                }
                Line::Gap => out.push('\n'),
            }
        }
        from += chain.max(1);
    }
    out
}

fn indent(depth: usize) -> String {
    "  ".repeat(depth)
}

/// Every secret that an expression names.
fn named(text: &str, found: &mut BTreeSet<String>) {
    let mut rest = text;
    while let Some(begin) = rest.find(SECRET) {
        rest = &rest[begin + SECRET.len()..];
        let Some(end) = rest.find('"') else { return };
        found.insert(rest[..end].to_owned());
        rest = &rest[end..];
    }
}

impl Value {
    fn secrets(&self, found: &mut BTreeSet<String>) {
        match self {
            Value::Expression(text) => named(text, found),
            Value::Text(pieces) => pieces.iter().for_each(|piece| match piece {
                Piece::Expression(text) => named(text, found),
                Piece::Plain(_) => {}
            }),
            Value::List(items) => items.iter().for_each(|item| item.secrets(found)),
            Value::Object(all) => all.iter().for_each(|(_, value)| value.secrets(found)),
            Value::Null | Value::Switch(_) | Value::Number(_) => {}
        }
    }

    /// As it stands behind its `=`, at a depth; a list of single values on one line.
    fn written(&self, depth: usize) -> String {
        match self {
            Value::Null => "null".to_owned(),
            Value::Switch(is) => is.to_string(),
            Value::Number(text) | Value::Expression(text) => text.clone(),
            Value::Text(pieces) => text_of(pieces),
            Value::List(items) if items.is_empty() => "[]".to_owned(),
            Value::Object(entries) if entries.is_empty() => "{}".to_owned(),
            Value::List(items) => {
                let single = |item: &Value| !matches!(item, Value::List(_) | Value::Object(_));
                if items.iter().all(single) {
                    let items: Vec<String> = items.iter().map(|item| item.written(depth)).collect();
                    return format!("[{}]", items.join(", "));
                }
                let mut out = "[\n".to_owned();
                for item in items {
                    let _ = writeln!(out, "{}{},", indent(depth + 1), item.written(depth + 1));
                }
                format!("{out}{}]", indent(depth))
            }
            Value::Object(entries) => {
                let lines = entries
                    .iter()
                    .map(|(key, value)| Line::Set(key_of(key), value.written(depth + 1)));
                let inner = laid_out(&lines.collect::<Vec<_>>(), depth + 1);
                format!("{{\n{inner}{}}}", indent(depth))
            }
        }
    }
}

/// Whether a text is a name as Terraform has them: of a block, a key, an attribute.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

/// Whether a text is an expression of Terraform.
pub(super) fn is_expression(text: &str) -> bool {
    text.trim().parse::<hcl::edit::expr::Expression>().is_ok()
}

fn key_of(key: &str) -> String {
    if is_name(key) {
        key.to_owned()
    } else {
        quoted(key)
    }
}

/// A text in quotes, in which Terraform puts nothing.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

fn text_of(pieces: &[Piece]) -> String {
    let inner: String = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Plain(text) => escaped(text),
            Piece::Expression(text) => format!("${{{text}}}"),
        })
        .collect();
    format!("\"{inner}\"")
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' | '%' if chars.peek() == Some(&'{') => {
                out.push(c);
                out.push(c);
            }
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_laid_out_as_terraform_does_it() {
        let mut inner = Body::default();
        inner.say("source", "./a");
        inner.set("count", Value::Number("2".to_owned()));
        let object = vec![
            ("a".to_owned(), Value::Switch(true)),
            (
                "long name".to_owned(),
                Value::List(vec![Value::text("x"), Value::text("y ${z} \"q\"\n")]),
            ),
            (
                "o".to_owned(),
                Value::Object(vec![("k".to_owned(), Value::Null)]),
            ),
            (
                "l".to_owned(),
                Value::List(vec![Value::Object(vec![(
                    "i".to_owned(),
                    Value::expression("var.i"),
                )])]),
            ),
            ("e".to_owned(), Value::Object(Vec::new())),
        ];
        inner.set("variables", Value::Object(object));
        inner.set("tags", Value::expression("local.tags"));
        inner.set(
            "depends_on",
            Value::List(vec![Value::expression("module.b")]),
        );
        let mut body = Body(vec![Item::Comment("one".to_owned())]);
        body.block("module", &["a"], inner);
        body.block("features", &[], Body::default());
        let text = "# one\nmodule \"a\" {\n  source = \"./a\"\n  count  = 2\n  variables = {\n    a           = true\n    \"long name\" = [\"x\", \"y $${z} \\\"q\\\"\\n\"]\n    o = {\n      k = null\n    }\n    l = [\n      {\n        i = var.i\n      },\n    ]\n    e = {}\n  }\n  tags       = local.tags\n  depends_on = [module.b]\n}\n\nfeatures {}\n";
        assert_eq!(body.render(), text);
    }
}
