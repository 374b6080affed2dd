//! What is wrong with `script:` of an application.

use std::collections::BTreeMap;

use globset::Glob;

use super::{ScriptEntry, ScriptStep, is_local};
use crate::domain::order::order;
use crate::domain::relative::{inside, plain};
use crate::systems::entry::Remarks;
use crate::text::duration;

impl ScriptEntry {
    /// Everything that is wrong with it.
    pub(in crate::systems::script) fn check(&self, app: &str, told: &mut Remarks) {
        steps(app, &["steps"], &self.steps, told);
        if let Some(teardown) = &self.teardown {
            steps(app, &["teardown", "steps"], &teardown.steps, told);
        }
        for (n, glob) in self.files.iter().flatten().enumerate() {
            if let Some(says) = inside(glob)
                .err()
                .or_else(|| Glob::new(glob).err().map(|error| error.to_string()))
            {
                told.say(
                    "path",
                    &["files", &n.to_string()],
                    says,
                    "write paths and globs below the estate's folder",
                );
            }
        }
        self.lists().check(app, told);
    }
}

pub(super) fn steps(
    app: &str,
    path: &[&str],
    steps: &BTreeMap<String, ScriptStep>,
    told: &mut Remarks,
) {
    if steps.is_empty() {
        told.say(
            "nothing",
            path,
            format!("{app} has no steps"),
            "add at least one",
        );
    }
    let mut makers: BTreeMap<String, &str> = BTreeMap::new();
    for (id, step) in steps {
        let at = |rest: &[&'static str]| [path, &[id.as_str()], rest].concat();
        if id.is_empty()
            || id.len() > 63
            || !id
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        {
            told.say_key(
                "name",
                &at(&[]),
                format!("{id:?} is not a name of a step"),
                "use 1 to 63 letters, digits, '-' and '_'",
            );
        }
        match step.command.first().map(String::as_str) {
            None | Some("") => told.say(
                "command",
                &at(&["command"]),
                format!("step {id} has no command"),
                "write [word, word, …]",
            ),
            Some(word) if is_local(word) => {
                if let Err(says) = inside(word) {
                    told.say(
                        "path",
                        &at(&["command", "0"]),
                        says,
                        "name a file below the estate's folder",
                    );
                }
            }
            Some(_) => {}
        }
        for (n, path) in step.makes.iter().enumerate() {
            let n = n.to_string();
            let place = [at(&["makes"]).as_slice(), &[n.as_str()]].concat();
            if let Err(says) = inside(path) {
                told.say(
                    "path",
                    &place,
                    says,
                    "name files below the working directory of the command",
                );
            } else if let Some(other) = makers.insert(plain(path), id) {
                told.say(
                    "twice",
                    &place,
                    format!("{path} is made by {other} and by {id}"),
                    "one step makes a file",
                );
            }
        }
        if step.command.iter().any(|word| word.contains('\0')) {
            told.say(
                "command",
                &at(&["command"]),
                format!("step {id} has a word with a NUL in it"),
                "",
            );
        }
        for (n, need) in step
            .after
            .iter()
            .enumerate()
            .filter(|(_, need)| !steps.contains_key(*need))
        {
            let n = n.to_string();
            let place = [at(&["after"]).as_slice(), &[n.as_str()]].concat();
            told.say(
                "unknown-name",
                &place,
                format!("step {id} comes after {need:?}, which does not exist"),
                "",
            );
        }
        if let Some(Err(says)) = step.timeout.as_deref().map(duration::read) {
            told.say("duration", &at(&["timeout"]), says, "");
        }
        if step.attempts.is_some_and(|n| !(1..=10).contains(&n)) {
            told.say(
                "attempts",
                &at(&["attempts"]),
                format!("step {id} must be tried 1 to 10 times"),
                "",
            );
        }
    }
    let edges: BTreeMap<&str, Vec<&str>> = steps
        .iter()
        .map(|(id, step)| (id.as_str(), step.after.iter().map(String::as_str).collect()))
        .collect();
    if let Err(circle) = order(edges) {
        let says = format!("these steps wait for each other: {}", circle.join(", "));
        told.say(
            "cycle",
            &[path, &[circle[0], "after"]].concat(),
            says,
            "take one `after` out",
        );
    }
}
