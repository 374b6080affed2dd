//! What is kept of a message that leads to nothing.

use super::{Letter, Source};
use crate::domain::aside::{AsideKind, SetAside};
use crate::domain::time::Time;
use crate::text::safe::Safe;

/// How much of a body is kept, in characters.
const BODY: usize = 2_000;

/// A message with its reason, as it is kept.
pub(super) fn set_aside(
    from: &Source,
    letter: &Letter,
    kind: AsideKind,
    why: &str,
    now: Time,
) -> SetAside {
    let few: String = letter.body.chars().take(BODY).collect();
    SetAside {
        queue: format!("{} ({} of {})", from.name, from.kind, from.env),
        of: Some(from.kind),
        kind: Some(kind),
        id: Safe::new(&letter.id).to_string(),
        why: Safe::told(why),
        body: Safe::told(&few),
        received: letter.received,
        at: now,
    }
}
