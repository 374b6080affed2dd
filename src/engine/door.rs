//! What others tell, on its way into the store and onto screens: looks, news, lines, notes and
//! outcomes. The secrets that this engine knows are covered by their value, and what is longer than
//! is kept is cut, or refused where it would not be what it was. What tells by its form that it is
//! a secret is masked where it is read.

mod eyes;
mod lines;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard};

use serde::Serialize;
use serde_json::Value;

use crate::domain::failure::Failure;
use crate::domain::look::{Member, PartSeen, Sight};
use crate::domain::masks::{Masks, Secret};
use crate::domain::plan::{Output, Plan};
use crate::domain::request::Spec;
use crate::domain::secret_ref::SecretRef;
use crate::os::mutex::locked;
use crate::secrets;
use crate::text::safe::Safe;

use super::{Eyes, Lines};

/// The longest summary of a failure, and the longest hint: one line.
const LINE: usize = 2_000;
/// The longest detail of a failure.
const DETAIL: usize = 64 << 10;
/// The longest note of an attempt.
const NOTE: usize = 256 << 10;
/// The longest output of a step, sight of a thing, or plan.
const WHOLE: usize = 4 << 20;

/// The door of one engine.
#[derive(Clone, Default)]
pub(super) struct Door {
    masks: Arc<Mutex<Masks>>,
    /// What was read, or could not be, and is not read again.
    learnt: Arc<Mutex<BTreeSet<SecretRef>>>,
}

impl Door {
    /// What covers the secrets that are known.
    pub(super) fn masks(&self) -> MutexGuard<'_, Masks> {
        locked(&self.masks)
    }

    /// Covers a secret from now on.
    pub(super) fn knows(&self, secret: &Secret) {
        self.masks().add(secret);
    }

    /// Reads the secrets that a release names, so that they are covered before any of its steps is
    /// given them: what they are for tells of them, too. One that cannot be read is told by the
    /// step that needs it.
    pub(super) async fn learn(&self, spec: &Spec) {
        let mut new = spec.secrets();
        new.retain(|reference| locked(&self.learnt).insert(reference.clone()));
        let read = secrets::read_all(&new).await;
        for (reference, read) in new.iter().zip(read) {
            match read {
                Ok(secret) => self.knows(&secret),
                Err(_) => drop(locked(&self.learnt).remove(reference)),
            }
        }
    }

    /// The same eyes behind the door.
    pub(super) fn eyes(&self, eyes: Arc<dyn Eyes>) -> Arc<dyn Eyes> {
        Arc::new(eyes::Guarded {
            eyes,
            door: self.clone(),
        })
    }

    /// The same way of lines behind the door.
    pub(super) fn lines(&self, lines: Arc<dyn Lines>) -> Arc<dyn Lines> {
        Arc::new(lines::Guarded {
            lines,
            door: self.clone(),
        })
    }

    fn text(&self, text: Safe) -> Safe {
        let masks = self.masks();
        if masks.longest() == 0 {
            text
        } else {
            Safe::new(&masks.cover_text(text.as_str()))
        }
    }

    fn words(&self, text: &str, longest: usize) -> String {
        cut(self.masks().cover_text(text), longest)
    }

    /// A failure.
    pub(super) fn failure(&self, failure: &Failure) -> Failure {
        Failure {
            summary: self.words(&failure.summary, LINE),
            detail: self.words(&failure.detail, DETAIL),
            hint: self.words(&failure.hint, LINE),
            retry: failure.retry,
            as_before: failure.as_before,
            changed_at: failure.changed_at,
        }
    }

    /// What an attempt ended with. An output that is not kept whole is none: what needs it would be
    /// given another one.
    pub(super) fn outcome(&self, result: Result<Output, Failure>) -> Result<Output, Failure> {
        let result = self.masks().cover_result(result);
        let whole = result.and_then(|output| {
            within(&output, WHOLE, "what the step gave")?;
            Ok(output)
        });
        whole.map_err(|failure| self.failure(&failure))
    }

    /// A note of an attempt.
    pub(super) fn note(&self, value: Value) -> Result<Value, Failure> {
        let value = self.masks().cover_value(value);
        within(&value, NOTE, "a note of the step")?;
        Ok(value)
    }

    /// What was seen of a thing.
    pub(super) fn sight(&self, sight: Sight) -> Result<Sight, Failure> {
        within(
            &sight,
            WHOLE,
            &format!("what was seen of {}", sight.about.name),
        )?;
        let part = |one: PartSeen| PartSeen {
            name: self.text(one.name),
            reason: self.text(one.reason),
            ..one
        };
        let member = |one: Member| Member {
            name: self.text(one.name),
            id: self.text(one.id),
            reason: self.text(one.reason),
            ..one
        };
        Ok(Sight {
            words: self.text(sight.words),
            reason: self.text(sight.reason),
            parts: sight.parts.into_iter().map(part).collect(),
            members: sight.members.into_iter().map(member).collect(),
            facts: self.masks().cover_value(sight.facts),
            ..sight
        })
    }

    /// A plan: its sentences repeat what was seen.
    pub(super) fn plan(&self, plan: Plan) -> Result<Plan, Failure> {
        within(&plan, WHOLE, "the plan")?;
        let says = plan.says.iter().map(|says| self.words(says, DETAIL));
        Ok(Plan {
            says: says.collect(),
            ..plan
        })
    }
}

/// A text of at most so many bytes: of a longer one the beginning, and how much is missing.
fn cut(text: String, longest: usize) -> String {
    if text.len() <= longest {
        return text;
    }
    let kept = &text[..text.floor_char_boundary(longest)];
    let missing = text.len() - kept.len();
    format!("{kept} … (and {missing} bytes more, which are not kept)")
}

/// Refuses what is longer than is kept.
fn within<T: Serialize>(what: &T, longest: usize, called: &str) -> Result<(), Failure> {
    let mut counted = Counted { bytes: 0, longest };
    if serde_json::to_writer(&mut counted, what).is_ok() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "{called} is longer than the {longest} bytes that are kept of one"
    ))
    .hint("let it tell less: what is long belongs in a file of its own"))
}

/// Counts what is written, as far as it may go.
struct Counted {
    bytes: usize,
    longest: usize,
}

impl std::io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.bytes += bytes.len();
        if self.bytes > self.longest {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
