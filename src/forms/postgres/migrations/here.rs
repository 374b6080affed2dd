//! Files of migrations that are carried out here, statement by statement, and not by a tool: what they
//! may not have then, and which of them nobody carries out.

use super::{Migration, at_place, back, path, version};
use crate::domain::request::SourceBundle;
use crate::forms::postgres::sql::{self, place, statements};
use crate::text::diagnostic::{At, Diagnostic, Diagnostics};

/// The files of a folder that are carried out by nobody here, because no number says when.
#[must_use]
pub fn unnumbered(folder: &str, bundle: &SourceBundle) -> Vec<Diagnostic> {
    let below = format!("{}/", folder.trim_end_matches('/'));
    let names = bundle.files.keys();
    let names = names.filter_map(|path| Some((path, path.strip_prefix(&below)?)));
    let others = names.filter(|(_, name)| {
        let is_there = name.rsplit_once('.').is_some_and(|(stem, kind)| {
            kind == "sql" && !matches!(stem.rsplit_once('.'), Some((_, "down")))
        });
        is_there && !name.contains('/') && version(name).is_none()
    });
    let says = "it is not carried out: no number in its name says when";
    let told = others.map(|(path, _)| Diagnostic::of_file("not-rendered", path, says, ""));
    told.collect()
}

/// What is wrong with files that are carried out here, where that can be seen before.
pub(super) fn wrong(folder: &str, bundle: &SourceBundle, all: &[Migration]) -> Diagnostics {
    let mut wrong = Diagnostics::default();
    for one in all {
        let path = path(folder, &one.file);
        let Some(file) = bundle.files.get(&path) else {
            continue;
        };
        let Ok(text) = str::from_utf8(&file.bytes) else {
            let hint = "write it in UTF-8";
            let says = "it is no text in UTF-8, which is what the server is told";
            let found = Diagnostic::of_file("migration", &path, says, hint);
            wrong.0.push(found);
            continue;
        };
        let mut say = |at: usize, length: usize, says: &str, hint: &str| {
            let (line, column) = place(text, at);
            let at = At {
                line,
                column,
                length,
            };
            wrong.0.push(at_place(&path, text, at, says, hint));
        };
        if let Some(at) = back(text) {
            let length = text[at..].lines().next().unwrap_or_default().len();
            say(
                at,
                length,
                "what takes the migration back stands in the same file, which is carried out whole",
                "put it into a file of its own whose name ends with .down.sql, or leave it out",
            );
        }
        if let Some((at, what)) = sql::unclosed(text) {
            let says = format!("the {what} that begins here has no end");
            say(at, 1, &says, "close it where it ends");
        }
        for statement in statements(text) {
            let length = statement.words.first().map_or(1, |word| word.text.len());
            if let Some(why) = statement.refused() {
                let says = format!("{}: this {why}", statement.told());
                say(statement.at, length, &says, "leave it out");
            } else if statement.is_alone() && !one.alone {
                let says = format!("{}: no transaction can hold this", statement.told());
                let hint =
                    "give it a file of its own, with the comment -- holdpoint: no-transaction";
                say(statement.at, length, &says, hint);
            }
        }
    }
    wrong
}
