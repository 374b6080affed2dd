//! Secrets in clear text: what a file says is kept with every deployment for ever, so that it may hold
//! none. Looked for in the tree as written, so that they are found, and hidden wherever the file is
//! quoted, whatever else is wrong.

use crate::systems::message::unsaid;
use crate::text::diagnostic::{At, Diagnostics, closest};
use crate::text::document::{Content, Node, Source};
use crate::text::safe::Safe;
use crate::text::secret;

/// Everything in a file that is a secret in clear text; the source has it hidden then.
pub(super) fn hide(source: &mut Source, root: &Node) -> Diagnostics {
    let mut found = Vec::new();
    walk(root, &mut found);
    for (at, _) in &found {
        source.hide(*at);
    }
    let told = found.into_iter().map(|(at, what)| {
        let says = format!("{what} is a secret in clear text");
        let hint =
            "an application takes the value of one by its name: secret: { secret_name, json_key }";
        source.diagnostic("secret", at, says, hint)
    });
    Diagnostics(told.collect())
}

fn walk(node: &Node, found: &mut Vec<(At, String)>) {
    match &node.content {
        Content::Map(entries) => {
            let name = node.get("name").and_then(Node::text);
            for (key, inner) in entries {
                if secret::is_in(&key.name) {
                    found.push((key.at, "this key".to_owned()));
                }
                let is_of = name.filter(|_| key.name == "join" || is_value(&key.name));
                if key.name == "secrets" {
                    inner.items().iter().for_each(|one| of_secret(one, found));
                } else if let Some(name) = is_of {
                    of_variable(name, inner, found);
                } else {
                    walk(inner, found);
                }
            }
        }
        Content::List(items) => {
            let words = items.iter().map(|item| item.text().unwrap_or_default());
            let words: Vec<String> = words.map(str::to_owned).collect();
            for n in secret::in_words(&words) {
                found.push((items[n].at, "a word of this list".to_owned()));
            }
            for item in items.iter().filter(|item| item.text().is_none()) {
                walk(item, found);
            }
        }
        Content::Scalar { text, .. } => {
            if secret::is_in(text) {
                found.push((node.at, "what stands here".to_owned()));
            }
        }
    }
}

/// What cannot be read is told without its lines: nobody knows what of them is a secret.
pub(super) fn unread(found: Diagnostics) -> Diagnostics {
    let told = found.0.into_iter().map(|mut one| {
        one.text = String::new();
        if one.hint.as_str().is_empty() {
            one.hint = Safe::new("its line is not shown: of a file that cannot be read nobody knows what is a secret");
        }
        unsaid(one)
    });
    Diagnostics(told.collect())
}

/// Whether a key is that of a value, however it is written.
fn is_value(key: &str) -> bool {
    key == "value" || closest(key, ["value"]).is_some()
}

/// A secret of an application has a name, and no value.
fn of_secret(node: &Node, found: &mut Vec<(At, String)>) {
    for (key, inner) in node.entries() {
        if is_value(&key.name) && inner.text().is_some() {
            found.push((inner.at, "the value of a secret".to_owned()));
        } else {
            walk(inner, found);
        }
    }
}

/// The value of a variable, or what it is joined of.
fn of_variable(name: &str, node: &Node, found: &mut Vec<(At, String)>) {
    match &node.content {
        Content::Scalar { text, .. } => {
            if secret::is_kept_in(name, text) {
                found.push((node.at, format!("the variable {name}")));
            }
        }
        Content::List(items) => items.iter().for_each(|item| of_variable(name, item, found)),
        Content::Map(entries) => {
            for (_, inner) in entries {
                of_variable(name, inner, found);
            }
        }
    }
}
