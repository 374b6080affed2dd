//! YAML (and JSON) as a tree in which every value knows its place. It checks form alone: encoding,
//! size, depth, duplicate keys, aliases; what the words mean is for those who read the tree. Text
//! stays as written, so that `0441…` keeps its zero.

use std::collections::BTreeMap;

use granit_parser::{ErrorKind, Event, Marker, Parser, ScalarStyle, ScanError, Span, Tag};

use super::diagnostic::{At, Diagnostic, Diagnostics};
use super::safe::Safe;

mod escape;

/// A value with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it stands.
    pub at: At,
    /// Its own tag as written after the exclamation mark, for example `GetAtt`; core tags are none.
    pub tag: Option<String>,
    /// What it is.
    pub content: Content,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Text as written, after escapes.
    Scalar {
        /// The text.
        text: String,
        /// Written without quotes: `~`, `true` and `12` may mean more than their letters.
        plain: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// A mapping in the order of the file.
    Map(Vec<(Key, Node)>),
}

/// The key of an entry, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its text.
    pub name: String,
    /// Where it stands.
    pub at: At,
}

impl Node {
    /// The value under a key of a mapping.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries()
            .iter()
            .find(|(k, _)| k.name == key)
            .map(|(_, node)| node)
    }

    /// The entries of a mapping; none for anything else.
    #[must_use]
    pub fn entries(&self) -> &[(Key, Node)] {
        match &self.content {
            Content::Map(entries) => entries,
            Content::Scalar { .. } | Content::List(_) => &[],
        }
    }

    /// The items of a list; none for anything else.
    #[must_use]
    pub fn items(&self) -> &[Node] {
        match &self.content {
            Content::List(items) => items,
            Content::Scalar { .. } | Content::Map(_) => &[],
        }
    }

    /// The text of a scalar that is not null.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar { text, .. } if !self.is_null() => Some(text),
            Content::Scalar { .. } | Content::List(_) | Content::Map(_) => None,
        }
    }

    /// True for nothing, `~` and `null` without quotes.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(&self.content, Content::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// What it is, in words.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match &self.content {
            Content::Scalar { .. } if self.is_null() => "nothing",
            Content::Scalar { .. } => "a single value",
            Content::List(_) => "a list",
            Content::Map(_) => "a mapping",
        }
    }
}

/// A file while it is read: gives places their text.
#[derive(Debug, Clone)]
pub struct Source {
    /// The file's name as shown.
    pub name: Safe,
    /// Its text.
    pub text: String,
}

impl Source {
    /// A diagnostic at a place of this file; a place outside is moved to the nearest one inside.
    #[must_use]
    pub fn diagnostic(
        &self,
        code: &'static str,
        at: At,
        says: impl AsRef<str>,
        hint: impl AsRef<str>,
    ) -> Diagnostic {
        let last = self.text.lines().count().max(1);
        let line = at.line.clamp(1, last);
        let text = self
            .text
            .lines()
            .nth(line - 1)
            .unwrap_or_default()
            .to_owned();
        let chars = text.chars().count();
        let column = if at.line > last {
            chars + 1
        } else {
            at.column.clamp(1, chars + 1)
        };
        let length = at
            .length
            .clamp(1, (chars + 1).saturating_sub(column).max(1));
        Diagnostic {
            code,
            file: self.name.clone(),
            at: At {
                line,
                column,
                length,
            },
            says: Safe::new(says.as_ref()),
            hint: Safe::new(hint.as_ref()),
            text,
        }
    }
}

/// What a file may be at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes.
    pub bytes: usize,
    /// Values within values.
    pub depth: usize,
    /// Values in all, those that aliases repeat included.
    pub nodes: usize,
    /// Whether `&anchors` and `*aliases` are understood.
    pub aliases: bool,
}

impl Limits {
    /// For configuration that people write.
    pub const CONFIGURATION: Limits = Limits {
        bytes: 1 << 20,
        depth: 32,
        nodes: 100_000,
        aliases: true,
    };
    /// For templates: CloudFormation knows no aliases.
    pub const TEMPLATE: Limits = Limits {
        bytes: 1 << 20,
        depth: 64,
        nodes: 200_000,
        aliases: false,
    };
}

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

/// Bytes to text, within the size.
fn source(name: &str, bytes: &[u8], limits: Limits) -> Result<Source, Diagnostics> {
    let mut source = Source {
        name: Safe::new(name),
        text: String::new(),
    };
    if bytes.len() > limits.bytes {
        let says = format!(
            "{} has {} bytes; at most {} are read",
            source.name,
            bytes.len(),
            limits.bytes
        );
        return Err(source
            .diagnostic(
                "too-big",
                At::START,
                says,
                "split it or take out what is not configuration",
            )
            .into());
    }
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => {
            text.clone_into(&mut source.text);
            Ok(source)
        }
        Err(error) => {
            let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            let (line, column) = (
                good.matches('\n').count() + 1,
                good.rsplit('\n').next().unwrap_or_default().chars().count() + 1,
            );
            source.text = String::from_utf8_lossy(bytes).into_owned();
            let at = At {
                line,
                column,
                length: 1,
            };
            let says = format!(
                "{} is not UTF-8: the byte 0x{:02x} cannot stand here",
                source.name,
                bytes[error.valid_up_to()]
            );
            Err(source
                .diagnostic("not-utf8", at, says, "save the file as UTF-8")
                .into())
        }
    }
}

/// A collection that is being filled.
struct Open {
    node: Node,
    anchor: usize,
    /// The key that waits for its value, in a mapping.
    key: Option<Key>,
    /// How many nodes there were when it began.
    since: usize,
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
            format!("this is no YAML: {}", error.info()),
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
                    return self.close(open.node, open.anchor, self.nodes - open.since + 1);
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
                    let Content::Scalar { text, .. } = node.content else {
                        self.say(
                            "key",
                            node.at,
                            format!("{} stands where a key is expected", node.word()),
                            "quote it if it is text",
                        );
                        return false;
                    };
                    open.key = Some(Key {
                        name: text,
                        at: node.at,
                    });
                }
                Some(key) => {
                    if let Some((first, _)) = entries.iter().find(|(k, _)| k.name == key.name) {
                        let says = format!(
                            "{:?} stands twice in this mapping; first on line {}",
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

/// The name of a tag that is not of the YAML core: `!GetAtt` is `GetAtt`.
fn own_tag(tag: Option<&Tag>) -> Option<String> {
    let tag = tag?;
    let whole = format!("{}{}", tag.handle(), tag.suffix());
    (!whole.starts_with("tag:yaml.org,2002:")).then(|| whole.trim_start_matches('!').to_owned())
}

#[cfg(test)]
mod tests;
