//! The files of a configuration as one tree: what `$ref` and `${include()}` name stands in the place
//! of the reference, and still knows its own file and line; and what `${env…}` and `${var…}` stand
//! for is put in.

mod put;

pub(super) use put::{Kept, Known, Registered, Variables, may_tell, put};

use crate::domain::relative::joined;
use crate::systems::files::{Files, Need};
use crate::text::diagnostic::{At, Diagnostic, Diagnostics};
use crate::text::document::{self, Content, Limits, Node, Source};
use crate::text::safe::Safe;

/// How deep files may name files.
const DEEP: usize = 8;
/// How large a configuration of many sites may be.
pub(super) const LIMITS: Limits = Limits {
    bytes: 16 << 20,
    depth: 64,
    nodes: 2_000_000,
    aliases: true,
};

/// Files as one text, whose lines are numbered through.
pub(super) struct Tree {
    /// All of them, one below the other.
    pub(super) source: Source,
    /// The root of the first, with everything that is named in its place.
    pub(super) root: Node,
    /// Each file, where it begins.
    files: Vec<Part>,
    /// What is read although it is written in a way that is given up.
    pub(super) notes: Diagnostics,
}

/// A file of a tree.
struct Part {
    name: Safe,
    /// How many lines are before it.
    before: usize,
    /// What of it is named: the keys that lead there.
    within: Vec<String>,
}

/// What comes of reading.
pub(super) enum Read {
    /// These are needed first.
    Needs(Vec<Need>),
    /// All of them.
    Tree(Box<Tree>),
    /// What is wrong with them.
    Wrong(Diagnostics),
}

/// Reads a file, and what it names.
pub(super) fn read(path: &str, files: &Files) -> Read {
    let missing = files.missing(vec![Need::File(path.to_owned())]);
    if !missing.is_empty() {
        return Read::Needs(missing);
    }
    let mut reader = Reader {
        files,
        text: String::new(),
        known: Vec::new(),
        needs: Vec::new(),
        wrong: Diagnostics::default(),
        notes: Diagnostics::default(),
    };
    let root = reader.file(path, 0, Vec::new());
    if !reader.needs.is_empty() {
        return Read::Needs(reader.needs);
    }
    match root.filter(|_| reader.wrong.is_empty()) {
        Some(root) => Read::Tree(Box::new(Tree {
            source: Source {
                name: Safe::new(path),
                text: reader.text,
            },
            root,
            files: reader.known,
            notes: reader.notes,
        })),
        None => Read::Wrong(reader.wrong),
    }
}

impl Tree {
    /// The same diagnostic with the file in which its place is, and the line there.
    pub(super) fn placed(&self, mut found: Diagnostic) -> Diagnostic {
        (found.file, found.at) = self.place(found.at);
        found
    }

    /// The file in which a place is, and the place there.
    pub(super) fn place(&self, mut at: At) -> (Safe, At) {
        let mut all = self.files.iter().rev();
        let file = all.find(|part| part.before < at.line);
        at.line -= file.map_or(0, |part| part.before);
        let name = file.map_or(&self.source.name, |part| &part.name);
        (name.clone(), at)
    }
}

/// Whether SOPS encrypted a file.
pub(super) fn is_encrypted(root: &Node) -> bool {
    root.get("sops").is_some_and(|own| own.get("mac").is_some())
}

struct Reader<'a> {
    files: &'a Files,
    text: String,
    known: Vec<Part>,
    needs: Vec<Need>,
    wrong: Diagnostics,
    notes: Diagnostics,
}

impl Reader<'_> {
    fn file(&mut self, path: &str, deep: usize, within: Vec<String>) -> Option<Node> {
        let file = self.files.get(path)?;
        let mut read = document::read(path, &file.bytes, LIMITS);
        if read.as_ref().is_ok_and(|(_, root)| is_encrypted(root)) {
            let needs = self.files.missing(vec![Need::Opened(path.to_owned())]);
            if !needs.is_empty() {
                self.needs.extend(needs);
                return None;
            }
            // One that cannot be opened is told by whoever tried.
            read = document::read(path, self.files.opened(path)?, LIMITS);
        }
        let (source, root) = match read {
            Ok(read) => read,
            Err(found) => {
                self.wrong.0.extend(found.0);
                return None;
            }
        };
        let before = self.text.matches('\n').count();
        self.known.push(Part {
            name: source.name.clone(),
            before,
            within,
        });
        self.text.push_str(&source.text);
        if !source.text.ends_with('\n') {
            self.text.push('\n');
        }
        Some(self.node(root, &source, before, deep))
    }

    /// A node with its lines numbered through, and with what it names.
    fn node(&mut self, mut node: Node, source: &Source, before: usize, deep: usize) -> Node {
        let named = named(&node);
        if let Some(named) = named {
            if named.old {
                let says = "${include()} is given up by MACH composer";
                let hint = "write $ref: FILE below the key";
                self.notes
                    .0
                    .push(source.diagnostic("deprecated", node.at, says, hint));
            }
            return self.referred(&named, node.at, source, deep).unwrap_or(node);
        }
        node.at.line += before;
        node.content = match node.content {
            Content::Map(entries) => {
                let entries = entries.into_iter().map(|(mut key, inner)| {
                    key.at.line += before;
                    (key, self.node(inner, source, before, deep))
                });
                Content::Map(entries.collect())
            }
            Content::List(items) => {
                let items = items.into_iter();
                Content::List(
                    items
                        .map(|item| self.node(item, source, before, deep))
                        .collect(),
                )
            }
            scalar @ Content::Scalar { .. } => scalar,
        };
        node
    }

    /// What stands in another file.
    fn referred(&mut self, named: &Named, at: At, source: &Source, deep: usize) -> Option<Node> {
        let mut say = |says: String, hint: &str| {
            let found = source.diagnostic("include", at, says, hint);
            self.wrong.0.push(found);
        };
        let path = match joined(source.name.as_str(), &named.file) {
            Ok(path) => path,
            Err(why) => {
                say(
                    format!("{:?}: {why}", named.file),
                    "name a file below the folder of the estate file",
                );
                return None;
            }
        };
        if deep >= DEEP {
            say(
                format!("{path} is named by files that name each other, more than {DEEP} deep"),
                "take the circle out",
            );
            return None;
        }
        let needs = self.files.missing(vec![Need::File(path.clone())]);
        if !needs.is_empty() {
            self.needs.extend(needs);
            return None;
        }
        if self.files.get(&path).is_none() {
            say(
                format!("there is no file {path}"),
                "write it, or name another",
            );
            return None;
        }
        let mut root = self.file(&path, deep + 1, named.within.clone())?;
        for part in &named.within {
            let Some(inner) = root.get(part) else {
                let says = format!("{path} has no {:?}", named.within.join("/"));
                let found = source.diagnostic("include", at, says, "name a key that is there");
                self.wrong.0.push(found);
                return None;
            };
            root = inner.clone();
        }
        Some(root)
    }
}

/// A reference to another file.
struct Named {
    file: String,
    within: Vec<String>,
    /// In the old way.
    old: bool,
}

/// What a node refers to; none for one that stands for itself.
fn named(node: &Node) -> Option<Named> {
    if let Some(text) = node.text() {
        let file = text.strip_prefix("${include(")?.strip_suffix(")}")?;
        return Some(Named {
            file: file.trim().to_owned(),
            within: Vec::new(),
            old: true,
        });
    }
    let text = node.get("$ref")?.text()?;
    let (file, within) = text.split_once('#').unwrap_or((text, ""));
    let parts = within.split('/').filter(|part| !part.is_empty());
    Some(Named {
        file: file.to_owned(),
        within: parts.map(str::to_owned).collect(),
        old: false,
    })
}
