//! How well a hold is guarded, and what is typed for it.

use crate::domain::class::EnvClass;
use crate::domain::deployment::Deployment;
use crate::domain::environment::EnvironmentRecord;
use crate::domain::hold::HoldKind;
use crate::domain::level::{Level, of_lost};

/// True where the guard of an ask may stand for the hold: the same kind of decision, at least as
/// well guarded.
pub(in crate::domain::decide) fn coverable(kind: HoldKind, class: EnvClass, guard: Level) -> bool {
    let same_kind = match kind {
        HoldKind::FirstTouch | HoldKind::Teardown | HoldKind::RecoverStack => true,
        // An outage in a protected environment has a card and words of its own, and so has what may
        // be one.
        HoldKind::Downtime | HoldKind::ReviewPlan => {
            !matches!(class, EnvClass::Production | EnvClass::Staging)
        }
        // What goes is typed where it goes, and what is done by hand once it is done, whatever was typed
        // before.
        HoldKind::RestoreService | HoldKind::DestroyData | HoldKind::Manual => false,
    };
    same_kind && guard >= level_of(kind, class).min(Level::L3)
}

/// How well a hold is guarded.
pub(super) fn level_of(kind: HoldKind, class: EnvClass) -> Level {
    let protected = class == EnvClass::Production;
    match kind {
        HoldKind::Teardown | HoldKind::DestroyData if protected => Level::L4,
        HoldKind::Downtime | HoldKind::DestroyData => Level::L3,
        HoldKind::RestoreService
        | HoldKind::RecoverStack
        | HoldKind::ReviewPlan
        | HoldKind::FirstTouch
        | HoldKind::Manual
            if protected =>
        {
            Level::L3
        }
        HoldKind::Teardown
        | HoldKind::RestoreService
        | HoldKind::RecoverStack
        | HoldKind::ReviewPlan
        | HoldKind::FirstTouch
        | HoldKind::Manual => Level::L2,
    }
}

/// What is typed for a hold. The words differ by kind, so that no one habit serves all.
fn phrase_of(kind: HoldKind, class: EnvClass, env: &str, stack: &str) -> String {
    let word = match kind {
        HoldKind::Downtime => return format!("{env} down"),
        HoldKind::Teardown => return stack.to_owned(),
        HoldKind::DestroyData => "destroy",
        HoldKind::RestoreService => "restore",
        HoldKind::RecoverStack => "recover",
        HoldKind::ReviewPlan => "review",
        HoldKind::FirstTouch => "first",
        HoldKind::Manual => "done",
    };
    if class == EnvClass::Production {
        format!("{env} {word}")
    } else {
        word.to_owned()
    }
}

/// Level and words of a hold now. Data whose loss no card showed yet, that of the ask or of a hold
/// approved since, is named and typed, as the card of the ask would have had it.
pub(super) fn guard_of(
    d: &Deployment,
    kind: HoldKind,
    record: &EnvironmentRecord,
    env: &str,
    stack: &str,
) -> (Level, String) {
    let level = level_of(kind, record.class);
    let asked = d
        .request
        .iter()
        .filter_map(|request| request.seen.as_ref())
        .flat_map(|seen| &seen.changes);
    let asked = asked
        .flat_map(|changes| &changes.rows)
        .filter(|row| row.destroys())
        .map(|row| &row.logical);
    let approved = d
        .holds
        .iter()
        .filter(|hold| hold.is_approved())
        .flat_map(|hold| &hold.loses);
    let shown: Vec<&String> = asked.chain(approved).collect();
    let loses = d.loses();
    let lost = loses
        .iter()
        .filter(|name| kind == HoldKind::DestroyData || !shown.contains(name));
    match (kind, of_lost(lost)) {
        (
            HoldKind::Downtime
            | HoldKind::DestroyData
            | HoldKind::RecoverStack
            | HoldKind::ReviewPlan
            | HoldKind::FirstTouch,
            Some(lost),
        ) => (
            level.max(if record.class == EnvClass::Production {
                Level::L4
            } else {
                Level::L3
            }),
            lost,
        ),
        (_, None) | (HoldKind::RestoreService | HoldKind::Teardown | HoldKind::Manual, Some(_)) => {
            (level, phrase_of(kind, record.class, env, stack))
        }
    }
}
