//! Deciding a hold: a person approves or rejects, or time does.

use crate::domain::ask::{Answer, Confirm, own_words};
use crate::domain::deployment::{Deployment, DeploymentEvent, Stopping};
use crate::domain::event::Append;
use crate::domain::folds::Folds;
use crate::domain::hold::{Decision, Hold, Verdict};
use crate::domain::ids::HoldId;
use crate::domain::level::Level;
use crate::domain::refused::Refused;

use super::super::{Cx, Decided, on_deployment};
use super::subject;

/// A person approves: the subject must be the hold's, and still what is true.
pub fn approve(
    folds: &Folds,
    id: &HoldId,
    confirm: &Confirm,
    choice: Option<&str>,
    cx: &Cx<'_>,
) -> Decided {
    let (d, hold) = open_hold(folds, id, cx)?;
    let step = d
        .plan
        .as_ref()
        .and_then(|plan| plan.step(&id.step))
        .ok_or_else(|| gone(id))?;
    if confirm.subject != Some(hold.subject) {
        return Err(Refused::new(
            "subject",
            format!(
                "the subject of {id} is {}, which is not what you confirmed",
                hold.subject.short()
            ),
        )
        .hint(format!("read it again: `holdpoint show '{id}'`")));
    }
    if subject(folds, d, step) != hold.subject {
        let mut append = Append::default();
        let decision = Decision {
            verdict: Verdict::Void,
            by: crate::domain::person::Person::Engine,
            at: cx.now,
            note: "what it covers has changed".to_owned(),
        };
        decided(&mut append, folds, d, id, decision);
        let refused = Refused::new(
            "changed",
            format!("what {id} covers has changed since it opened; nothing was approved"),
        )
        .hint("a new hold opens: read it");
        return Ok((append, Answer::Refused(refused)));
    }
    let choice = match (hold.choices.as_slice(), choice) {
        ([], None) => None,
        ([], Some(choice)) => {
            return Err(Refused::new(
                "choice",
                format!("{id} offers no choices, so {choice:?} is none"),
            ));
        }
        (choices, Some(choice)) if choices.iter().any(|offered| offered.name == choice) => {
            Some(choice.to_owned())
        }
        (choices, _) => {
            let names: Vec<_> = choices
                .iter()
                .map(|offered| offered.name.as_str())
                .collect();
            return Err(
                Refused::new("choice", format!("choose one of: {}", names.join(", ")))
                    .hint("--choice NAME"),
            );
        }
    };
    let words = hold.words(choice.as_deref());
    if confirm.text != words {
        return Err(Refused::new(
            "guard",
            format!("to approve {id}, type exactly: {words}"),
        ));
    }
    if hold.level >= Level::L4 && confirm.reason.trim().is_empty() {
        return Err(
            Refused::new("reason", format!("{id} is level 4: give a reason")).hint("--reason TEXT"),
        );
    }
    let note = own_words(&confirm.reason)?;
    let mut append = Append::default();
    let decision = Decision {
        verdict: Verdict::Approved {
            subject: hold.subject,
            choice,
        },
        by: cx.person.clone(),
        at: cx.now,
        note,
    };
    decided(&mut append, folds, d, id, decision);
    // The environment's record is part of the subject: if it moves before this is written, nothing
    // is.
    if let Some(stack) = d.stack() {
        let stream = crate::domain::event::StreamId::Environment(stack.env.clone());
        append.reads.push((stream.clone(), folds.version(&stream)));
    }
    Ok((
        append,
        Answer::said(format!("approved {id}; {} starts", step.title)),
    ))
}

/// A person rejects.
pub fn reject(folds: &Folds, id: &HoldId, reason: &str, cx: &Cx<'_>) -> Decided {
    let (d, hold) = open_hold(folds, id, cx)?;
    if reason.trim().is_empty() {
        return Err(Refused::new("reason", "a rejection needs a reason").hint("--reason TEXT"));
    }
    let reason = own_words(reason)?;
    let decision = Decision {
        verdict: Verdict::Rejected,
        by: cx.person.clone(),
        at: cx.now,
        note: reason.clone(),
    };
    let append = end_hold(
        folds,
        d,
        &hold.id,
        decision,
        format!("rejected: {reason}"),
        cx,
    );
    Ok((append, Answer::said(format!("rejected {id}"))))
}

/// Time rejects.
#[must_use]
pub fn expire(folds: &Folds, d: &Deployment, id: &HoldId, cx: &Cx<'_>) -> Append {
    let decision = Decision {
        verdict: Verdict::Expired,
        by: cx.person.clone(),
        at: cx.now,
        note: String::new(),
    };
    end_hold(
        folds,
        d,
        id,
        decision,
        format!("nobody decided {id} in time"),
        cx,
    )
}

fn decided(append: &mut Append, folds: &Folds, d: &Deployment, id: &HoldId, decision: Decision) {
    let hold = id.clone();
    let event = DeploymentEvent::HoldDecided { hold, decision };
    on_deployment(append, folds, d.id, event);
}

fn end_hold(
    folds: &Folds,
    d: &Deployment,
    id: &HoldId,
    decision: Decision,
    reason: String,
    cx: &Cx<'_>,
) -> Append {
    let mut append = Append::default();
    decided(&mut append, folds, d, id, decision);
    let finaliser = d
        .plan
        .as_ref()
        .and_then(|plan| plan.step(&id.step))
        .is_some_and(|step| step.finaliser.is_some());
    if !finaliser && d.stopping.is_none() {
        let stopping = Stopping::Cancelling {
            reason,
            by: cx.person.clone(),
            at: cx.now,
        };
        on_deployment(
            &mut append,
            folds,
            d.id,
            DeploymentEvent::Stopping { stopping },
        );
    }
    append
}

fn open_hold<'a>(
    folds: &'a Folds,
    id: &HoldId,
    cx: &Cx<'_>,
) -> Result<(&'a Deployment, &'a Hold), Refused> {
    let (d, hold) = folds.hold(id).ok_or_else(|| gone(id))?;
    if !cx.person.decides() {
        return Err(Refused::new(
            "person",
            format!(
                "{id} is decided by a person whom this store knows, not by {}",
                cx.person
            ),
        ));
    }
    if let Some(decision) = &hold.decision {
        return Err(Refused::new(
            "decided",
            format!("{id} is {}", decision.says()),
        ));
    }
    if hold.expires_at.is_some_and(|at| at <= cx.now) {
        return Err(Refused::new(
            "expired",
            format!("{id} has expired; nothing was approved"),
        ));
    }
    Ok((d, hold))
}

fn gone(id: &HoldId) -> Refused {
    Refused::new("unknown-hold", format!("there is no hold {id}"))
        .hint("`holdpoint holds` lists those that are open")
}
