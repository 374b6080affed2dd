//! Where an estate file names other files: what is wrong with one of those is told at the line that
//! names it.

use std::collections::BTreeMap;

use super::bundle::BundleError;
use super::check::place;
use crate::domain::estate::Application;
use crate::domain::ids::AppName;
use crate::systems::System;
use crate::systems::entry::Remark;
use crate::systems::files::Need;
use crate::text::diagnostic::{At, Diagnostic};
use crate::text::document::{Content, Node, Source};
use crate::text::safe::Safe;

/// An estate file as it was read.
#[derive(Debug, Clone)]
pub struct Named {
    source: Source,
    root: Node,
}

impl Default for Named {
    fn default() -> Self {
        Self {
            source: Source {
                name: Safe::default(),
                text: String::new(),
            },
            root: Node {
                at: At::START,
                tag: None,
                content: Content::Map(Vec::new()),
            },
        }
    }
}

impl Named {
    pub(super) fn new(source: Source, root: Node) -> Self {
        Self { source, root }
    }

    /// What is wrong with an environment by files that are read: as its kind of places tells it, or
    /// the system of a stack that is there.
    pub(super) fn remark(&self, env: &str, remark: &Remark) -> Diagnostic {
        let own = remark.path.iter().map(String::as_str);
        let path: Vec<&str> = ["environments", env].into_iter().chain(own).collect();
        self.at(remark.code, &path, remark.key, &remark.says, &remark.hint)
    }

    /// What is wrong with a file of an application as a whole, where no line of its entry names it.
    pub(super) fn of_application(&self, name: &AppName, says: &str, hint: &str) -> Diagnostic {
        self.at("files", &["applications", name.as_str()], true, says, hint)
    }

    fn at(
        &self,
        code: &'static str,
        path: &[&str],
        key: bool,
        says: &str,
        hint: &str,
    ) -> Diagnostic {
        self.source
            .diagnostic(code, place(&self.root, path, key), says, hint)
    }
}

/// The files that the entry of an application names.
pub(super) struct Files<'a> {
    estate: &'a Named,
    name: &'a AppName,
    system: &'static str,
    named: BTreeMap<Need, Vec<String>>,
}

impl<'a> Files<'a> {
    pub(super) fn of(
        estate: &'a Named,
        name: &'a AppName,
        app: &Application,
        system: &dyn System,
    ) -> Self {
        Self {
            estate,
            name,
            system: system.name(),
            // Where a file is named twice, the first place is told.
            named: system.names(&app.entry).into_iter().rev().collect(),
        }
    }

    /// What is wrong with a file that is needed: told where the entry names it, or at the
    /// application where another file does.
    pub(super) fn told(&self, need: &Need, error: &BundleError) -> Diagnostic {
        let Some(named) = self.named.get(need) else {
            let (says, hint) = (error.to_string(), error.hint());
            return self.estate.of_application(self.name, &says, hint);
        };
        let entry = ["applications", self.name.as_str(), self.system];
        let path: Vec<&str> = entry
            .into_iter()
            .chain(named.iter().map(String::as_str))
            .collect();
        self.estate
            .at("files", &path, false, &error.to_string(), error.hint())
    }
}

#[cfg(test)]
mod tests;
