//! What the rules ask of one source file: the full paths it names (renames undone, groups opened),
//! its words and texts, and which of its lines are tests.

use std::collections::BTreeMap;

use super::tokens::{Token, TokenKind, tokens};

/// A path as it would read without any `use`, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    pub(crate) parts: Vec<String>,
    pub(crate) line: usize,
}

impl Path {
    /// True when the parts stand in this path side by side.
    pub(crate) fn has(&self, parts: &[&str]) -> bool {
        self.parts.windows(parts.len()).any(|w| w == parts)
    }
}

/// One source file, without its tests.
#[derive(Debug)]
pub(crate) struct Code {
    /// Where it is, below `src/`.
    pub(crate) file: String,
    /// What is left without tests and comments.
    pub(crate) tokens: Vec<Token>,
    /// Every path that is named.
    pub(crate) paths: Vec<Path>,
    /// How many lines are no tests.
    pub(crate) lines: usize,
    /// The modules in files of their own that exist in tests only.
    pub(crate) test_files: Vec<String>,
}

impl Code {
    /// Reads a file; `file` is its path below `src/`.
    pub(crate) fn read(file: &str, source: &str) -> Self {
        let (tokens, test_lines, test_mods) = without_tests(&tokens(source));
        let folder = match file.strip_suffix(".rs") {
            Some(path) if path == "lib" || path == "main" => String::new(),
            Some(path) => path
                .strip_suffix("mod")
                .map_or_else(|| format!("{path}/"), ToOwned::to_owned),
            None => String::new(),
        };
        Self {
            file: file.to_owned(),
            paths: paths(&tokens, depth(file)),
            tokens,
            lines: source.lines().count().saturating_sub(test_lines),
            test_files: test_mods
                .into_iter()
                .map(|name| format!("{folder}{name}"))
                .collect(),
        }
    }

    /// The room: the folder below `src/`, or the name of a file at its root.
    pub(crate) fn room(&self) -> &str {
        self.file
            .split('/')
            .next()
            .unwrap_or_default()
            .trim_end_matches(".rs")
    }
}

/// How many `super` lead from this file's module to the crate.
fn depth(file: &str) -> usize {
    let path = file.trim_end_matches(".rs");
    match path {
        "lib" | "main" => 0,
        _ => path.split('/').filter(|part| *part != "mod").count(),
    }
}

/// Takes out what stands under `#[cfg(test)]`; also gives how many lines that were and the modules
/// in files of their own.
fn without_tests(tokens: &[Token]) -> (Vec<Token>, usize, Vec<String>) {
    let (mut kept, mut lines, mut mods, mut at) = (Vec::new(), 0, Vec::new(), 0);
    while at < tokens.len() {
        match attribute(tokens, at) {
            Some(end) if is_test(&tokens[at..end]) => {
                if tokens[at + 1].sign("!") {
                    lines += tokens.last().map_or(0, |t| t.line);
                    return (Vec::new(), lines, mods);
                }
                let item = item_end(tokens, end);
                if let Some(name) = tokens[end..item]
                    .windows(3)
                    .find(|w| w[0].word("mod") && w[2].sign(";"))
                {
                    mods.push(name[1].text.clone());
                }
                lines += tokens[item - 1].line - tokens[at].line + 1;
                at = item;
            }
            _ => {
                kept.push(tokens[at].clone());
                at += 1;
            }
        }
    }
    (kept, lines, mods)
}

/// The end of the attribute that begins here, if one does.
fn attribute(tokens: &[Token], at: usize) -> Option<usize> {
    let open = match (tokens.get(at), tokens.get(at + 1), tokens.get(at + 2)) {
        (Some(a), Some(b), _) if a.sign("#") && b.sign("[") => at + 1,
        (Some(a), Some(b), Some(c)) if a.sign("#") && b.sign("!") && c.sign("[") => at + 2,
        _ => return None,
    };
    Some(group_end(tokens, open))
}

fn is_test(attribute: &[Token]) -> bool {
    let word = |w| attribute.iter().any(|t| t.word(w));
    word("cfg") && word("test") && !word("not") && !word("feature")
}

/// The end of the group that opens here.
fn group_end(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.text.as_str() {
            "(" | "[" | "{" if token.kind == TokenKind::Sign => depth += 1,
            ")" | "]" | "}" if token.kind == TokenKind::Sign => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    tokens.len()
}

/// The end of the item that begins here, its other attributes included.
fn item_end(tokens: &[Token], from: usize) -> usize {
    let mut at = from;
    while at < tokens.len() {
        if let Some(end) = attribute(tokens, at) {
            at = end;
        } else if tokens[at].sign("(") || tokens[at].sign("[") {
            at = group_end(tokens, at);
        } else if tokens[at].sign("{") {
            let end = group_end(tokens, at);
            // a `use` with a group goes on to its semicolon
            return if tokens.get(end).is_some_and(|t| t.sign(";")) {
                end + 1
            } else {
                end
            };
        } else if tokens[at].sign(";") {
            return at + 1;
        } else if tokens[at].sign("}") {
            return at;
        } else {
            at += 1;
        }
    }
    at
}

/// Every path, with groups opened, renames undone and `super` followed to the crate.
fn paths(tokens: &[Token], depth: usize) -> Vec<Path> {
    let (mut found, mut names) = (Vec::new(), BTreeMap::new());
    let mut inline: Vec<usize> = Vec::new();
    let mut braces = 0_usize;
    let mut at = 0;
    while at < tokens.len() {
        let token = &tokens[at];
        if token.sign("{") {
            braces += 1;
            if at >= 2 && tokens[at - 2].word("mod") {
                inline.push(braces);
            }
        } else if token.sign("}") {
            if inline.last() == Some(&braces) {
                inline.pop();
            }
            braces = braces.saturating_sub(1);
        } else if token.word("use") && !tokens.get(at + 1).is_some_and(|t| t.sign("<")) {
            let end = item_end(tokens, at);
            let mut read = at + 1;
            let mut leaves = Vec::new();
            tree(&tokens[..end], &mut read, &[], &mut leaves);
            for (mut path, name) in leaves {
                path.parts = home(path.parts, depth + inline.len());
                if let Some(name) = name {
                    names.insert(name, path.parts.clone());
                }
                found.push(path);
            }
            at = end;
            continue;
        } else if token.kind == TokenKind::Word
            && !at
                .checked_sub(1)
                .is_some_and(|before| tokens[before].sign("::"))
        {
            let (parts, end) = chain(tokens, at);
            if parts.len() > 1 {
                found.push(Path {
                    parts: home(parts, depth + inline.len()),
                    line: token.line,
                });
            }
            at = end;
            continue;
        }
        at += 1;
    }
    for path in &mut found {
        if let Some(full) = path
            .parts
            .first()
            .and_then(|first| names.get(first))
            .filter(|full| full.first() != path.parts.first())
        {
            path.parts = full.iter().chain(&path.parts[1..]).cloned().collect();
        }
    }
    found
}

/// Words joined by `::`; type arguments between them are stepped over by ending the chain.
fn chain(tokens: &[Token], from: usize) -> (Vec<String>, usize) {
    let mut parts = vec![tokens[from].text.clone()];
    let mut at = from + 1;
    while at + 1 < tokens.len() && tokens[at].sign("::") && tokens[at + 1].kind == TokenKind::Word {
        parts.push(tokens[at + 1].text.clone());
        at += 2;
    }
    (parts, at)
}

/// The leaves of a `use` tree, each with the name it gets here.
fn tree(
    tokens: &[Token],
    at: &mut usize,
    before: &[String],
    leaves: &mut Vec<(Path, Option<String>)>,
) {
    let mut parts = before.to_vec();
    while let Some(token) = tokens.get(*at) {
        *at += 1;
        if token.sign("::") {
            continue;
        }
        if token.sign("{") {
            while *at < tokens.len() && !tokens[*at].sign("}") {
                let from = *at;
                tree(tokens, at, &parts, leaves);
                // a comma, or a sign that no tree begins with
                *at += usize::from(*at == from || tokens.get(*at).is_some_and(|t| t.sign(",")));
            }
            *at += 1;
            return;
        }
        if token.kind != TokenKind::Word && !token.sign("*") {
            *at -= 1;
            return;
        }
        parts.push(token.text.clone());
        if tokens.get(*at).is_some_and(|t| t.sign("::")) {
            continue;
        }
        if token.word("self") && parts.len() > 1 {
            parts.pop();
        }
        let mut name = parts.last().cloned();
        if tokens.get(*at).is_some_and(|t| t.word("as")) {
            name = tokens.get(*at + 1).map(|t| t.text.clone());
            *at += 2;
        }
        leaves.push((
            Path {
                parts,
                line: token.line,
            },
            name,
        ));
        return;
    }
}

/// `super` followed as far as the crate, and the crate under its own name.
fn home(mut parts: Vec<String>, depth: usize) -> Vec<String> {
    if parts.first().is_some_and(|p| p == "self") {
        parts.remove(0);
    }
    let ups = parts.iter().take_while(|p| *p == "super").count();
    if ups > 0 && ups >= depth {
        parts.splice(..ups, ["crate".to_owned()]);
    }
    if parts.first().is_some_and(|p| p == "holdpoint") {
        parts[0] = "crate".into();
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(file: &str, source: &str) -> Vec<String> {
        Code::read(file, source)
            .paths
            .into_iter()
            .map(|p| p.parts.join("::"))
            .collect()
    }

    #[test]
    fn groups_renames_and_super_are_followed() {
        for (file, source, want) in [
            (
                "a/b.rs",
                "use crate::{x::{Y, Z as W}, v};",
                vec!["crate::x::Y", "crate::x::Z", "crate::v"],
            ),
            (
                "a/b.rs",
                "use std::time::Instant as I; fn f() { I::now() }",
                vec!["std::time::Instant", "std::time::Instant::now"],
            ),
            (
                "a/b.rs",
                "use std::process; fn f() { process::Command::new(x) }",
                vec!["std::process", "std::process::Command::new"],
            ),
            (
                "a/b.rs",
                "use std::{time::{self, Duration}};",
                vec!["std::time", "std::time::Duration"],
            ),
            (
                "a/b.rs",
                "use super::super::exec::Job;",
                vec!["crate::exec::Job"],
            ),
            ("a/b.rs", "use super::Job;", vec!["super::Job"]),
            (
                "a/mod.rs",
                "use super::exec::Job;",
                vec!["crate::exec::Job"],
            ),
            (
                "a/mod.rs",
                "mod x { use super::super::exec::Job; }",
                vec!["crate::exec::Job"],
            ),
            (
                "a/mod.rs",
                "mod x { use super::exec::Job; }",
                vec!["super::exec::Job"],
            ),
            (
                "main.rs",
                "fn main() { holdpoint::cli::run() }",
                vec!["crate::cli::run"],
            ),
            (
                "a/b.rs",
                "use x::*; fn f() { y::z::<T>(1) }",
                vec!["x::*", "y::z"],
            ),
            (
                "a/b.rs",
                "use crate::{\n    x,\n    y,\n}; use z::w;",
                vec!["crate::x", "crate::y", "z::w"],
            ),
        ] {
            assert_eq!(named(file, source), want, "{source}");
        }
    }

    #[test]
    fn tests_do_not_count() {
        let code = Code::read(
            "a/b.rs",
            "fn f() {}\n#[cfg(test)]\n#[allow(x)]\nmod tests {\n    use crate::x::Y;\n}\nfn g() { p::q() }\n",
        );
        assert_eq!(code.paths.len(), 1);
        assert_eq!(code.lines, 2);
        assert!(code.tokens.iter().any(|t| t.word("g")));

        assert_eq!(
            Code::read("a/b.rs", "#[cfg(test)]\nmod tests;").test_files,
            ["a/b/tests"]
        );
        assert_eq!(
            Code::read("a/mod.rs", "#[cfg(test)]\npub(crate) mod fixture;").test_files,
            ["a/fixture"]
        );
        assert_eq!(
            Code::read("a/b.rs", "#[cfg(test)]\nuse crate::{x, y};\nuse z::w;")
                .paths
                .len(),
            1
        );
        assert_eq!(
            Code::read("a/b.rs", "#[cfg(not(test))]\nuse crate::x;")
                .paths
                .len(),
            1
        );
        assert_eq!(
            Code::read("a/b.rs", "#![cfg(test)]\nuse crate::x;")
                .paths
                .len(),
            0
        );
    }
}
