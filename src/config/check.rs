//! The checks of one file: what is wrong with it is said with its place.

use std::path::Path;

use crate::places::Kinds;
use crate::systems::System;
use crate::systems::entry::Remarks;
use crate::text::diagnostic::{At, Diagnostics};
use crate::text::document::{Node, Source};

/// The checks of one file, with the places of what they are about.
pub(super) struct Check<'a> {
    pub(super) source: &'a Source,
    pub(super) root: &'a Node,
    pub(super) folder: &'a Path,
    pub(super) systems: &'a [&'a dyn System],
    pub(super) kinds: Kinds,
    pub(super) found: Diagnostics,
}

impl Check<'_> {
    /// Says something about the value at a path; the last part that exists gives the place.
    pub(super) fn say(
        &mut self,
        code: &'static str,
        path: &[&str],
        says: impl AsRef<str>,
        hint: impl AsRef<str>,
    ) {
        self.say_at(code, place(self.root, path, false), says, hint);
    }

    /// Says something about a key.
    pub(super) fn say_key(
        &mut self,
        code: &'static str,
        path: &[&str],
        key: &str,
        says: impl AsRef<str>,
        hint: impl AsRef<str>,
    ) {
        let path = [path, &[key]].concat();
        self.say_at(code, place(self.root, &path, true), says, hint);
    }

    /// Says what the owner of a part of the file says of it: a system of an entry, a kind of places
    /// of its keys.
    pub(super) fn remarks(&mut self, of: &[&str], told: &Remarks) {
        for remark in &told.0 {
            let path = [
                of,
                remark
                    .path
                    .iter()
                    .map(String::as_str)
                    .collect::<Vec<_>>()
                    .as_slice(),
            ]
            .concat();
            self.say_at(
                remark.code,
                place(self.root, &path, remark.key),
                &remark.says,
                &remark.hint,
            );
        }
    }

    pub(super) fn say_at(
        &mut self,
        code: &'static str,
        at: At,
        says: impl AsRef<str>,
        hint: impl AsRef<str>,
    ) {
        self.found
            .0
            .push(self.source.diagnostic(code, at, says, hint));
    }
}

/// Where a path of keys (and places in lists, from 0) leads; the last part that exists gives the
/// place, its key where `key` is true.
pub(super) fn place<P: AsRef<str>>(root: &Node, path: &[P], key: bool) -> At {
    let mut at = root.at;
    let mut node = root;
    for (n, part) in path.iter().enumerate() {
        let part = part.as_ref();
        if let Some((found, value)) = node.entries().iter().find(|(key, _)| key.name == part) {
            at = if key && n + 1 == path.len() {
                found.at
            } else {
                value.at
            };
            node = value;
        } else if let Some(item) = part.parse::<usize>().ok().and_then(|n| node.items().get(n)) {
            at = item.at;
            node = item;
        } else {
            break;
        }
    }
    at
}
