//! A file while it is read: what is wrong with it is gathered, each with its place.

use crate::text::diagnostic::{At, Diagnostic, Diagnostics};
use crate::text::document::Source;
use crate::text::safe::Safe;
use crate::text::secret;

/// One file while it is read: what is wrong with it, and what of it is understood and does nothing.
pub(in crate::systems) struct Reading<'a> {
    pub(in crate::systems) source: &'a Source,
    pub(in crate::systems) found: Diagnostics,
    pub(in crate::systems) notes: Vec<Diagnostic>,
    pub(super) form: Form,
}

/// How files of a kind are written, and the code of what is wrong with them.
#[derive(Debug, Clone, Copy)]
pub(in crate::systems) struct Form {
    pub(in crate::systems) code: &'static str,
    /// A key may be written in `camelCase` too.
    pub(in crate::systems) camel: bool,
}

impl Form {
    /// What a key may be called besides.
    pub(super) fn also(self, key: &str) -> Option<String> {
        self.camel.then(|| super::camel(key))
    }
}

impl<'a> Reading<'a> {
    pub(in crate::systems) fn of(source: &'a Source, form: Form) -> Self {
        Self {
            source,
            form,
            found: Diagnostics::default(),
            notes: Vec::new(),
        }
    }

    /// Something is wrong.
    pub(in crate::systems) fn say(&mut self, at: At, says: impl AsRef<str>, hint: impl AsRef<str>) {
        self.coded(self.form.code, at, says, hint);
    }

    /// Something is wrong, of a kind of its own.
    pub(in crate::systems) fn coded(
        &mut self,
        code: &'static str,
        at: At,
        says: impl AsRef<str>,
        hint: impl AsRef<str>,
    ) {
        let found = self.source.diagnostic(code, at, says, hint);
        self.found.0.push(unsaid(found));
    }

    /// Something is understood and has no effect.
    pub(in crate::systems) fn note(&mut self, at: At, says: impl AsRef<str>) {
        self.notes
            .push(self.source.diagnostic("not-rendered", at, says, ""));
    }
}

/// The same without anything in it that tells by its form that it is a secret: the line is left out,
/// and the word masked.
pub(in crate::systems) fn unsaid(mut found: Diagnostic) -> Diagnostic {
    if secret::masked(found.text.as_bytes()).as_ref() != found.text.as_bytes() {
        found.text = String::new();
    }
    found.says = Safe::told(found.says.as_str());
    found
}
