//! What `${env.NAME}` and `${var.path}` stand for, put in its place; and in the place of secrets
//! that stand in the files, the variable of Terraform that holds them.

mod kept;

pub(in crate::systems::mach) use kept::{Kept, may_tell};

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use self::kept::{form, is_called_secret, is_secret, name, step};
use super::{Part, Tree};
use crate::forms::registry::Registry;
use crate::forms::terraform::{Form, parts};
use crate::systems::mach::tf::quoted;
use crate::text::diagnostic::{At, Diagnostics, closest};
use crate::text::document::{Content, Node, Source};

/// What the references of a configuration may name.
#[derive(Debug, Clone, Default)]
pub(in crate::systems::mach) struct Known {
    /// Variables of the environment, by what the estate's entry says.
    pub(in crate::systems::mach) env: BTreeMap<String, String>,
    /// Those of them that are secrets: known where a deployment runs.
    pub(in crate::systems::mach) secrets: BTreeSet<String>,
    /// The variables file; none where there is none.
    pub(in crate::systems::mach) variables: Option<Variables>,
    /// The original program makes the Terraform: it may say more than what is known here.
    pub(in crate::systems::mach) original: bool,
    /// Where versions are registered.
    pub(in crate::systems::mach) registry: Option<Registered>,
}

/// A registry, and which components stand there; all of them where none is named.
#[derive(Debug, Clone)]
pub(in crate::systems::mach) struct Registered {
    pub(in crate::systems::mach) at: Registry,
    pub(in crate::systems::mach) only: Option<Vec<String>>,
}

impl Registered {
    /// The registry, where the versions of that component are.
    pub(in crate::systems::mach) fn of(&self, component: &str) -> Option<&Registry> {
        let named = self.only.as_ref();
        let is_there = named.is_none_or(|all| all.iter().any(|one| one == component));
        is_there.then_some(&self.at)
    }
}

/// A variables file.
#[derive(Debug, Clone, Default)]
pub(in crate::systems::mach) struct Variables {
    /// Its path.
    pub(in crate::systems::mach) file: String,
    /// Its values, by the names that lead to them.
    pub(in crate::systems::mach) values: BTreeMap<String, String>,
    /// It is encrypted by SOPS: Terraform reads it, and nobody here.
    pub(in crate::systems::mach) encrypted: bool,
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

/// The variable of Terraform that holds a secret.
fn variable(name: &str) -> String {
    format!("var.secrets[{}]", quoted(name))
}

/// How references begin.
const REFERENCES: [&str; 3] = ["${env.", "${var.", "${component."];

/// Puts in what references stand for, and names secrets; references to nothing are told.
pub(in crate::systems::mach) fn put(
    tree: &mut Tree,
    known: &Known,
) -> (BTreeMap<String, Kept>, Diagnostics) {
    let mut putting = Putting {
        source: &tree.source,
        files: &tree.files,
        known,
        kept: BTreeMap::new(),
        wrong: Diagnostics::default(),
    };
    let path = Path::default();
    putting.node(&mut tree.root, &path);
    (putting.kept, putting.wrong)
}

struct Putting<'a> {
    source: &'a Source,
    files: &'a [Part],
    known: &'a Known,
    kept: BTreeMap<String, Kept>,
    wrong: Diagnostics,
}

/// Where a node stands: in which of the files, and by which steps from its root.
#[derive(Clone, Default)]
struct Path {
    file: usize,
    steps: Vec<String>,
    /// Everything below is a secret.
    secret: bool,
}

impl Path {
    fn step(&self, step: String, secret: bool) -> Self {
        let mut steps = self.steps.clone();
        steps.push(step);
        Self {
            steps,
            secret: self.secret || secret,
            ..*self
        }
    }
}

impl Putting<'_> {
    fn node(&mut self, node: &mut Node, path: &Path) {
        let at = node.at;
        let file = self.files.iter().rposition(|part| part.before < at.line);
        let file = file.unwrap_or(path.file);
        let path = &if file == path.file {
            path.clone()
        } else {
            // What another file says begins at what is named of that.
            let steps = self.files[file].within.clone();
            Path {
                file,
                steps,
                ..*path
            }
        };
        let items: Vec<String> = step(node.items());
        let empty = node.is_null();
        match &mut node.content {
            Content::Map(entries) => {
                for (key, inner) in entries {
                    let secret = if self.known.original {
                        is_called_secret(&key.name, &path.steps)
                    } else {
                        is_secret(&key.name, &path.steps)
                    };
                    self.node(inner, &path.step(key.name.clone(), secret));
                }
            }
            Content::List(list) => {
                for (item, step) in list.iter_mut().zip(items) {
                    self.node(item, &path.step(step, false));
                }
            }
            Content::Scalar { text, plain } => {
                self.ends(text, at);
                let put = if path.secret && !empty && !text.is_empty() {
                    Some(self.secret(text, *plain, at, path))
                } else {
                    self.text(text, at)
                };
                if let Some(put) = put {
                    *text = put;
                    // What came from a variable is a text, whatever its letters.
                    *plain = false;
                }
            }
        }
    }

    /// What stands in the place of a secret: what it refers to, and variables for its own letters.
    fn secret(&mut self, text: &str, plain: bool, at: At, path: &Path) -> String {
        let parts = parts(text);
        let file = self.files[path.file].name.as_str().to_owned();
        let form = match &parts[..] {
            [_] => form(text, plain),
            _ => Form::Parts,
        };
        let steps = path.steps.clone();
        let kept = Kept { file, steps, form };
        let mut name = name(&path.steps);
        if path.file > 0 {
            name = format!("{}:{name}", kept.file);
        }
        while self.kept.get(&name).is_some_and(|other| *other != kept) {
            name.push('~');
        }
        let mut out = String::new();
        let mut nth = 0;
        for (part, is_own) in &parts {
            if *is_own {
                let of = if parts.len() == 1 {
                    String::new()
                } else {
                    format!("[{nth}]")
                };
                nth += 1;
                let _ = write!(out, "${{{}{of}}}", variable(&name));
            } else {
                out.push_str(&self.referred(part, at, true));
            }
        }
        if nth > 0 {
            self.kept.insert(name, kept);
        }
        out
    }

    /// Says where a reference has no end.
    fn ends(&mut self, text: &str, at: At) {
        let begins = REFERENCES.iter().flat_map(|kind| text.match_indices(kind));
        let open = begins.filter(|(from, _)| !text[*from..].contains('}'));
        if let Some((from, _)) = open.into_iter().next() {
            let says = format!("{:?} has no end", &text[from..]);
            let told = self
                .source
                .diagnostic("reference", at, says, "write } behind its name");
            self.wrong.0.push(told);
        }
    }

    /// The text with everything put in; none where it refers to nothing of this.
    fn text(&mut self, text: &str, at: At) -> Option<String> {
        let parts = parts(text);
        let of_this = |part: &str| !part.starts_with("component.");
        if !parts.iter().any(|(part, own)| !own && of_this(part)) {
            return None;
        }
        let parts = parts.iter().map(|(part, own)| {
            if *own {
                (*part).to_owned()
            } else {
                self.referred(part, at, false)
            }
        });
        Some(parts.collect())
    }

    /// What a reference stands for, as it stands in a text: its value, or another reference.
    fn referred(&mut self, name: &str, at: At, secret: bool) -> String {
        if name.starts_with("component.") {
            return format!("${{{name}}}");
        }
        self.value(name, secret).unwrap_or_else(|(says, hint)| {
            let at = within(self.source, at, &format!("${{{name}}}"));
            let told = self.source.diagnostic("reference", at, says, hint);
            self.wrong.0.push(told);
            String::new()
        })
    }

    fn value(&mut self, name: &str, secret: bool) -> Result<String, (String, String)> {
        let near = |name: &str, all: Vec<&str>| {
            closest(name, all).map(|near| format!("did you mean {near:?}?"))
        };
        if let Some(name) = name.strip_prefix("env.") {
            if let Some(value) = self.known.env.get(name) {
                return Ok(value.clone());
            }
            if self.known.secrets.contains(name) {
                return Ok(format!("${{{}}}", variable(&format!("env.{name}"))));
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
        } else if secret {
            let kept = format!("var.{name}");
            let of = Kept {
                file: variables.file.clone(),
                steps: name.split('.').map(str::to_owned).collect(),
                form: Form::Text,
            };
            self.kept.insert(kept.clone(), of);
            format!("${{{}}}", variable(&kept))
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
