//! Reading one document: the tree, while the parser's events build it.

use std::collections::BTreeMap;

use granit_parser::{ErrorKind, Event, Marker, Parser, ScalarStyle, ScanError, Span, Tag};

use super::super::diagnostic::{At, Diagnostics};
use super::source::source;
use super::{Content, Key, Limits, Node, Source, escape, merge};

/// Reads one document.
///
/// # Errors
/// Everything that is wrong with its form.
pub fn read(name: &str, bytes: &[u8], limits: Limits) -> Result<(Source, Node), Diagnostics> {
    let source = source(name, bytes, limits)?;
    // JSON may be indented by tabs, YAML may not; a raw tab cannot stand in a JSON string.
    let json = is_json(&source.text).then(|| source.text.replace('\t', " "));
    let mut tree = Tree {
        source: &source,
        limits,
        open: Vec::new(),
        root: None,
        anchors: BTreeMap::new(),
        nodes: 0,
        found: Diagnostics::default(),
        documents: 0,
    };
    tree.run(json.as_deref().unwrap_or(&source.text));
    let Tree {
        root, mut found, ..
    } = tree;
    match root {
        Some(root) if found.is_empty() => Ok((source, root)),
        root => {
            if root.is_none() && found.is_empty() {
                found.0.push(source.diagnostic(
                    "empty",
                    At::START,
                    format!("{} is empty", source.name),
                    "",
                ));
            }
            found.settle();
            Err(found)
        }
    }
}

/// True for text that is JSON, or YAML in its braces.
fn is_json(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

/// A collection that is being filled.
struct Open {
    node: Node,
    anchor: usize,
    /// The key that waits for its value, in a mapping.
    key: Option<Waits>,
    /// The mapping is to have what these have, where it says nothing itself: the first first.
    merged: Option<Vec<Node>>,
    /// How many nodes there were when it began.
    since: usize,
}

/// A key that waits for its value.
struct Waits {
    key: Key,
    /// It is `<<`: its value's entries are the mapping's.
    merges: bool,
}

struct Tree<'a> {
    source: &'a Source,
    limits: Limits,
    open: Vec<Open>,
    root: Option<Node>,
    anchors: BTreeMap<usize, (Node, usize)>,
    nodes: usize,
    found: Diagnostics,
    documents: usize,
}

impl Tree<'_> {
    fn run(&mut self, text: &str) {
        for next in Parser::new_from_str(text) {
            let (event, span) = match next {
                Ok(next) => next,
                Err(error) => return self.refuse(&error),
            };
            if !self.take(event, &span) {
                return;
            }
        }
    }

    /// Says why the parser cannot go on, at the place that is meant.
    fn refuse(&mut self, error: &ScanError) {
        let at = place(error.marker(), None);
        match escape::find(&self.source.text, at).filter(|_| is_escape(error.kind())) {
            Some(bad) if bad.half => {
                let says = "this escape is one half of a character, and its other half does not stand beside it";
                return self.say(
                    "not-yaml",
                    bad.at,
                    says,
                    "write both halves, as in \\ud83e\\udd16, or the character itself",
                );
            }
            Some(bad) => {
                return self.say(
                    "not-yaml",
                    bad.at,
                    "this escape stands for no character",
                    "write a backslash twice where it is meant as one",
                );
            }
            None => {}
        }
        let line = self
            .source
            .text
            .lines()
            .nth(at.line - 1)
            .unwrap_or_default();
        let indent = &line[..line.len() - line.trim_start().len()];
        if indent.contains('\t') && !is_json(&self.source.text) {
            return self.say(
                "not-yaml",
                at,
                "a tab stands in the indentation",
                "indent with spaces",
            );
        }
        self.say(
            "not-yaml",
            at,
            format!("this is not YAML: {}", error.info()),
            "",
        );
    }

    /// One event; false when reading on makes no sense.
    fn take(&mut self, event: Event<'_>, span: &Span) -> bool {
        let at = place(&span.start, Some(&span.end));
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.say(
                        "documents",
                        at,
                        "a second document begins here; one file holds one",
                        "take out the line ---",
                    );
                    return false;
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                let content = Content::Scalar {
                    text: text.into_owned(),
                    plain: style == ScalarStyle::Plain,
                };
                let node = Node {
                    at,
                    tag: own_tag(tag.as_deref()),
                    content,
                };
                return self.count(1, at) && self.close(node, anchor, 1);
            }
            Event::SequenceStart(_, anchor, tag) => {
                return self.begin(at, Content::List(Vec::new()), anchor, tag.as_deref());
            }
            Event::MappingStart(_, anchor, tag) => {
                return self.begin(at, Content::Map(Vec::new()), anchor, tag.as_deref());
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(open) = self.open.pop() {
                    let (anchor, size) = (open.anchor, self.nodes - open.since + 1);
                    let node = match open.merged {
                        Some(others) => merge::merge(open.node, others),
                        None => open.node,
                    };
                    return self.close(node, anchor, size);
                }
            }
            Event::Alias(id) => {
                if !self.limits.aliases {
                    self.say(
                        "alias",
                        at,
                        "an alias stands here, and what reads this file understands none",
                        "write the value out",
                    );
                    return false;
                }
                let Some((node, size)) = self.anchors.get(&id).cloned() else {
                    self.say(
                        "alias",
                        at,
                        "this alias names a value that contains it",
                        "write the value out",
                    );
                    return false;
                };
                return self.count(size, at) && self.close(Node { at, ..node }, 0, size);
            }
            _ => {}
        }
        true
    }

    fn begin(&mut self, at: At, content: Content, anchor: usize, tag: Option<&Tag>) -> bool {
        if self.open.len() >= self.limits.depth {
            let says = format!(
                "values stand more than {} deep in each other",
                self.limits.depth
            );
            self.say("too-deep", at, says, "");
            return false;
        }
        let node = Node {
            at: At { length: 1, ..at },
            tag: own_tag(tag),
            content,
        };
        self.open.push(Open {
            node,
            anchor,
            key: None,
            merged: None,
            since: self.nodes,
        });
        self.count(1, at)
    }

    fn count(&mut self, more: usize, at: At) -> bool {
        self.nodes = self.nodes.saturating_add(more);
        if self.nodes > self.limits.nodes {
            let says = format!(
                "the file holds more than {} values, counting what its aliases repeat",
                self.limits.nodes
            );
            self.say("too-many", at, says, "");
            return false;
        }
        true
    }

    /// A whole value: goes into what is open, or is the root.
    fn close(&mut self, node: Node, anchor: usize, size: usize) -> bool {
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), size));
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return true;
        };
        match &mut open.node.content {
            Content::List(items) => items.push(node),
            Content::Map(entries) => match open.key.take() {
                None => {
                    let Content::Scalar { text, plain } = node.content else {
                        self.say(
                            "key",
                            node.at,
                            format!("{} stands where a key is expected", node.word()),
                            "quote it if it is text",
                        );
                        return false;
                    };
                    open.key = Some(Waits {
                        merges: plain && text == merge::KEY && self.limits.aliases,
                        key: Key {
                            name: text,
                            at: node.at,
                        },
                    });
                }
                Some(Waits { key, merges: true }) => {
                    if open.merged.is_some() {
                        let says = "<< is in this mapping twice";
                        let hint = "write one, with a list of what is to be merged";
                        self.say("twice", key.at, says, hint);
                    } else if let Some(parts) = merge::mappings(node) {
                        open.merged = Some(parts);
                    } else {
                        let says = "<< takes a mapping, or a list of mappings";
                        self.say(
                            "merge",
                            key.at,
                            says,
                            "name one by its alias, as in <<: *base",
                        );
                    }
                }
                Some(Waits { key, merges: false }) => {
                    if let Some((first, _)) = entries.iter().find(|(k, _)| k.name == key.name) {
                        let says = format!(
                            "{:?} is in this mapping twice; first on line {}",
                            key.name, first.at.line
                        );
                        let at = key.at;
                        self.say("twice", at, says, "take one of them out");
                    } else {
                        entries.push((key, node));
                    }
                }
            },
            Content::Scalar { .. } => {}
        }
        true
    }

    fn say(&mut self, code: &'static str, at: At, says: impl AsRef<str>, hint: &str) {
        self.found
            .0
            .push(self.source.diagnostic(code, at, says, hint));
    }
}

/// True for errors about an escape in a quoted text; the parser gives them the place of the text.
fn is_escape(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::UnknownQuotedScalarEscape
            | ErrorKind::InvalidQuotedScalarHexEscape
            | ErrorKind::InvalidLowSurrogateHexEscape
            | ErrorKind::InvalidLowSurrogate
            | ErrorKind::MissingLowSurrogate
            | ErrorKind::UnpairedLowSurrogate
            | ErrorKind::InvalidUnicodeEscape
    )
}

/// A place of the parser (columns from 0) as ours; a stretch over several lines is cut to one
/// character.
fn place(start: &Marker, end: Option<&Marker>) -> At {
    let length = end
        .filter(|end| end.line() == start.line())
        .map_or(1, |end| end.col().saturating_sub(start.col()).max(1));
    At {
        line: start.line().max(1),
        column: start.col() + 1,
        length,
    }
}

/// The tags of YAML's core schema, which say what a value is anyway.
const CORE: [&str; 7] = ["map", "seq", "str", "null", "bool", "int", "float"];

/// The name of a tag that is not of the YAML core: `!GetAtt` is `GetAtt`, `!!binary` is `!binary`.
fn own_tag(tag: Option<&Tag>) -> Option<String> {
    let tag = tag?;
    let whole = format!("{}{}", tag.handle(), tag.suffix());
    match whole.strip_prefix("tag:yaml.org,2002:") {
        Some(core) if CORE.contains(&core) => None,
        Some(other) => Some(format!("!{other}")),
        None => Some(whole.strip_prefix('!').unwrap_or(&whole).to_owned()),
    }
}
