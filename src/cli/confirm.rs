//! What a person reads and types before something is changed; where nobody can be asked, the exact
//! command that would do it.

use crate::domain::ask::{Confirm, WHY};
use crate::domain::card::Card;
use crate::domain::digest::Digest;

use super::args::Guard;
use super::json::{AskedDoc, ShownDoc};
use super::{Code, Out, Stop, card};

/// The guard, where nothing must be typed or a person types it now.
pub(super) fn met(
    shown: &Card,
    guard: &Guard,
    out: &mut Out<'_, '_>,
) -> Result<Option<Confirm>, Stop> {
    let reason = guard.reason.clone().unwrap_or_default();
    let Some(phrase) = &shown.phrase else {
        return Ok(Some(Confirm {
            subject: Some(shown.subject),
            text: String::new(),
            reason,
        }));
    };
    if !out.can_ask() {
        return Ok(None);
    }
    for line in card::card(shown) {
        out.aside(&line)?;
    }
    let reason = if shown.needs_reason && reason.trim().is_empty() {
        out.ask("why: ")?.unwrap_or_default()
    } else {
        reason
    };
    let typed = out
        .ask(&format!(
            "type  {phrase}  to go on (anything else leaves it): "
        ))?
        .unwrap_or_default();
    if typed.trim() != phrase || (shown.needs_reason && reason.trim().is_empty()) {
        return Err(Stop::wrong(
            "not-confirmed",
            "nothing was asked: what was typed is not what the card asks for",
        ));
    }
    Ok(Some(Confirm {
        subject: Some(shown.subject),
        text: phrase.clone(),
        reason: reason.trim().to_owned(),
    }))
}

/// Nobody can be asked: the card, the exact command, and code 2.
pub(super) fn unconfirmed(shown: &Card, out: &mut Out<'_, '_>) -> Result<Code, Stop> {
    let says = format!(
        "level {}: {}; read the card, then run the command",
        shown.level, shown.why
    );
    let phrase = shown.phrase.as_deref().unwrap_or_default();
    to_confirm(
        says,
        &card::card(shown),
        ShownDoc::from(shown),
        (phrase, shown.subject, shown.needs_reason),
        out,
    )
}

/// Says what must be read, and the command that confirms it: its words, its subject, and whether it
/// needs a reason.
pub(super) fn to_confirm(
    says: String,
    card: &[String],
    doc: ShownDoc,
    (phrase, subject, needs_reason): (&str, Digest, bool),
    out: &mut Out<'_, '_>,
) -> Result<Code, Stop> {
    let subject = subject.to_string();
    let mut more = vec![("--confirm", phrase), ("--subject", subject.as_str())];
    if needs_reason && !out.says_already("--reason") {
        more.push(("--reason", WHY));
    }
    let command = out.command(&more);
    if out.is_json() {
        let (card, command) = (Some(doc), Some(command));
        out.document(&AskedDoc {
            outcome: "confirm",
            says,
            card,
            command,
            exit: Code::Wrong as u8,
            ..AskedDoc::default()
        })?;
    } else {
        for line in card {
            out.aside(line)?;
        }
        out.aside(&format!("\n{says}:\n  {command}"))?;
    }
    Ok(Code::Wrong)
}
