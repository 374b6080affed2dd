//! What `${env.NAME}` and `${var.path}` stand for, put in its place.

use std::collections::{BTreeMap, BTreeSet};

use super::Tree;
use crate::text::diagnostic::{At, Diagnostics, closest};
use crate::text::document::{Content, Node, Source};

/// What the references of a configuration may name.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Variables of the environment, by what the estate's entry says.
    pub env: BTreeMap<String, String>,
    /// Those of them that are secrets: known where a deployment runs.
    pub secrets: BTreeSet<String>,
    /// The variables file; none where there is none.
    pub variables: Option<Variables>,
}

/// A variables file.
#[derive(Debug, Clone, Default)]
pub struct Variables {
    /// Its path.
    pub file: String,
    /// Its values, by the names that lead to them.
    pub values: BTreeMap<String, String>,
    /// It is encrypted by SOPS: Terraform reads it, and nobody here.
    pub encrypted: bool,
}

impl Variables {
    /// What stands in a variables file: texts and numbers, by the names that lead to them.
    pub(in crate::systems::mach) fn of(file: &str, root: &Node) -> Self {
        let mut all = Self {
            file: file.to_owned(),
            values: BTreeMap::new(),
            encrypted: root.get("sops").is_some(),
        };
        let encrypted = all.encrypted;
        for (key, node) in root.entries() {
            if !(encrypted && key.name == "sops") {
                all.take(key.name.clone(), node);
            }
        }
        all
    }

    fn take(&mut self, name: String, node: &Node) {
        match &node.content {
            Content::Scalar { text, .. } if !node.is_null() => {
                self.values.insert(name, text.clone());
            }
            Content::Map(entries) => {
                for (key, inner) in entries {
                    self.take(format!("{name}.{}", key.name), inner);
                }
            }
            Content::Scalar { .. } | Content::List(_) => {}
        }
    }
}

/// The variable of Terraform that holds a secret of the environment.
fn secret(name: &str) -> String {
    format!("var.secrets[\"env.{name}\"]")
}

/// Puts in what references stand for; those to nothing are told.
pub(in crate::systems::mach) fn put(tree: &mut Tree, known: &Known) -> Diagnostics {
    let mut putting = Putting {
        source: &tree.source,
        known,
        wrong: Diagnostics::default(),
    };
    putting.node(&mut tree.root);
    putting.wrong
}

struct Putting<'a> {
    source: &'a Source,
    known: &'a Known,
    wrong: Diagnostics,
}

impl Putting<'_> {
    fn node(&mut self, node: &mut Node) {
        let at = node.at;
        match &mut node.content {
            Content::Map(entries) => entries.iter_mut().for_each(|(_, inner)| self.node(inner)),
            Content::List(items) => items.iter_mut().for_each(|item| self.node(item)),
            Content::Scalar { text, plain } => {
                if let Some(put) = self.text(text, at) {
                    *text = put;
                    // What came from a variable is a text, whatever its letters.
                    *plain = false;
                }
            }
        }
    }

    /// The text with everything put in; none where it refers to nothing of this.
    fn text(&mut self, text: &str, at: At) -> Option<String> {
        let mut out = String::new();
        let (mut rest, mut found) = (text, false);
        while let Some(begin) = rest.find("${") {
            let inner = &rest[begin + 2..];
            let end = inner
                .find('}')
                .filter(|_| ["env.", "var."].iter().any(|kind| inner.starts_with(kind)));
            let Some(end) = end else {
                out.push_str(&rest[..begin + 2]);
                rest = inner;
                continue;
            };
            found = true;
            out.push_str(&rest[..begin]);
            let name = &inner[..end];
            match self.value(name) {
                Ok(value) => out.push_str(&value),
                Err((says, hint)) => {
                    let at = within(self.source, at, &format!("${{{name}}}"));
                    let told = self.source.diagnostic("reference", at, says, hint);
                    self.wrong.0.push(told);
                }
            }
            rest = &inner[end + 1..];
        }
        out.push_str(rest);
        found.then_some(out)
    }

    fn value(&self, name: &str) -> Result<String, (String, String)> {
        let near = |name: &str, all: Vec<&str>| {
            closest(name, all).map(|near| format!("did you mean {near:?}?"))
        };
        if let Some(name) = name.strip_prefix("env.") {
            if let Some(value) = self.known.env.get(name) {
                return Ok(value.clone());
            }
            if self.known.secrets.contains(name) {
                return Ok(format!("${{{}}}", secret(name)));
            }
            let all = self.known.env.keys().chain(&self.known.secrets);
            let hint = near(name, all.map(String::as_str).collect());
            let says = format!("the variable {name} of the environment is given by nothing");
            return Err((
                says,
                hint.unwrap_or_else(|| {
                    format!("write env: {{ {name}: VALUE }} beside config in the estate file, or secrets: {{ {name}: env:{name} }}")
                }),
            ));
        }
        let name = name.strip_prefix("var.").unwrap_or(name);
        let Some(variables) = &self.known.variables else {
            return Err((
                format!("{name} stands in a variables file, and none is named"),
                "write variables_file: FILE below mach_composer, or beside config in the estate file"
                    .to_owned(),
            ));
        };
        let Some(value) = variables.values.get(name) else {
            let hint = near(name, variables.values.keys().map(String::as_str).collect());
            return Err((
                format!("{} has no {name:?}", variables.file),
                hint.unwrap_or_else(|| "add it there".to_owned()),
            ));
        };
        Ok(if variables.encrypted {
            format!("${{data.sops_external.variables.data[\"{name}\"]}}")
        } else {
            value.clone()
        })
    }
}

/// The place of some words in the line of a place, where they stand there once.
fn within(source: &Source, at: At, words: &str) -> At {
    let line = source.text.lines().nth(at.line - 1).unwrap_or_default();
    match line.match_indices(words).collect::<Vec<_>>()[..] {
        [(begin, _)] => At {
            column: line[..begin].chars().count() + 1,
            length: words.chars().count(),
            ..at
        },
        _ => at,
    }
}
