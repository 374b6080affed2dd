//! The night screen: what is the matter, why, whether it was seen before, and what to do now.
//! Short, whole sentences that are never cut.

mod before;
mod line;
mod rules;
mod why;

use crate::domain::deployment::{Deployment, Stopping};
use crate::domain::ids::StackId;
use crate::domain::purpose::Purpose;
use crate::domain::time::Time;

pub use before::{SeenBefore, fingerprint};
pub use rules::Rule;
use why::known_of;

use super::World;
use super::available::{Doing, Offer};
use super::damage::REPAIR;
use super::rows::{Row, State};

/// What is the matter with one stack, and what to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Which stack.
    pub stack: StackId,
    /// What it is in.
    pub state: State,
    /// The verdict: `prod-eu/orders ROLLING BACK for 30s. SERVES 412 5/6. WAIT.`
    pub line: String,
    /// The first failure: `orders-db/DBInstance: storage-full 14:02:51 (first of 3, 2 follow from
    /// it)`.
    pub why: Option<String>,
    /// What is known of such failures.
    pub known: Option<&'static Rule>,
    /// The same failure in earlier deployments, and what ended it.
    pub seen: Option<SeenBefore>,
    /// What can be done, the usual thing first; what cannot says when.
    pub next: Vec<Offer>,
    /// What is to be done first where nothing can be done to the stack itself.
    pub repair: Option<&'static str>,
}

impl World {
    /// What is the matter with a stack, and what to do.
    #[must_use]
    pub fn verdict(&self, stack: &StackId, now: Time) -> Verdict {
        let row = self.row(stack, now);
        let shown = row
            .deployment
            .and_then(|(id, _)| self.deployment(id))
            .map(|d| &**d);
        if self.damage(stack).is_some() {
            return Verdict {
                stack: stack.clone(),
                state: row.state,
                line: format!("{stack} CANNOT BE TOLD: its log is damaged. Nothing of it goes on."),
                why: row.why,
                known: None,
                seen: None,
                next: Vec::new(),
                repair: Some(REPAIR),
            };
        }
        let why = self.why(&row, shown);
        let known = why.as_ref().and_then(|why| known_of(shown, &why.reason));
        let seen = self.seen_before(stack, shown, why.as_ref().map(|why| why.reason.as_str()));
        let usual = useful(&row, cancelling(shown)).iter();
        let usual = usual.map(|doing| self.offer(stack, *doing, now));
        let next = self.anew(&row, now).into_iter().chain(usual).collect();
        Verdict {
            stack: stack.clone(),
            state: row.state,
            line: self.line(&row, shown, now),
            why: why.map(|why| why.text),
            known,
            seen,
            next,
            repair: None,
        }
    }

    /// What failed, done with what the files say now, where that is something else than what failed.
    fn anew(&self, row: &Row, now: Time) -> Option<Offer> {
        if !matches!(row.state, State::Fail | State::Brok) {
            return None;
        }
        let fold = self.folds.stack(&row.stack);
        let failed = self.failed_last(&fold)?.request.as_ref()?;
        let entry = self.catalog.stacks.get(&row.stack)?;
        let says_else = entry.spec.as_ref().is_ok_and(|spec| *spec != failed.spec);
        if failed.purpose != Purpose::Deploy || !says_else {
            return None;
        }
        let offer = self.offer(&row.stack, Doing::Deploy, now);
        let brings = if fold.is_to_be_provisioned() {
            &entry.brings.first
        } else {
            &entry.brings.then
        };
        let note = match offer.note.as_str() {
            "" => brings.clone(),
            note => format!("{brings}, {note}"),
        };
        Some(Offer { note, ..offer }).filter(|offer| offer.refused.is_none())
    }

    /// The one thing that needs a person now; services at zero above everything, also while that
    /// was approved and goes on. With it, how many other stacks need a person.
    #[must_use]
    pub fn needs(&self, now: Time) -> Option<(Verdict, usize)> {
        let rows = self.in_need(now);
        let others = rows.iter().skip(1).filter(|row| row.needs_me).count();
        rows.first()
            .map(|row| (self.verdict(&row.stack, now), others))
    }

    /// What needs a person though no hold is open on it: no list of holds names it.
    #[must_use]
    pub fn without_a_hold(&self, now: Time) -> Vec<Verdict> {
        let held = |row: &Row| {
            self.holds(now)
                .into_iter()
                .any(|view| view.stack == row.stack)
        };
        self.in_need(now)
            .iter()
            .filter(|row| row.needs_me && !held(row))
            .map(|row| self.verdict(&row.stack, now))
            .collect()
    }

    /// The stacks that need a person, or are to be watched, the worst first.
    fn in_need(&self, now: Time) -> Vec<Row> {
        let all = self.stacks().into_iter().map(|stack| self.row(stack, now));
        let mut rows: Vec<Row> = all
            .filter(|row| row.needs_me || row.outage || row.state == State::Roll)
            .collect();
        rows.sort_by_key(|row| {
            (
                row.state,
                row.outage,
                self.record(&row.stack.env).map(|record| record.class),
                row.since,
            )
        });
        rows
    }
}

/// True while a cancel has not come to its end.
fn cancelling(shown: Option<&Deployment>) -> bool {
    shown.is_some_and(|d| !d.is_over() && matches!(d.stopping, Some(Stopping::Cancelling { .. })))
}

/// What is worth offering in a state, the usual thing first.
fn useful(row: &Row, cancelling: bool) -> &'static [Doing] {
    match row.state {
        State::Lost if cancelling => &[Doing::Abandon],
        State::Unkn if cancelling => &[Doing::Unblock, Doing::Abandon],
        State::Down if row.outage => &[Doing::Cancel],
        // Nobody is at work on it: what served is brought back by deploying it.
        State::Down if row.step.is_none() => &[Doing::Unblock, Doing::Redeploy],
        State::Down | State::Unkn => &[Doing::Unblock, Doing::Cancel],
        State::Fail => &[Doing::Retry, Doing::Rollback, Doing::Redeploy],
        State::Brok | State::Roll => &[Doing::Unblock, Doing::Rollback, Doing::Redeploy],
        State::Hold | State::Run => &[Doing::Cancel],
        State::Lost | State::Stale | State::Blank | State::RunOutside => &[],
        State::Canc => &[Doing::Abandon],
        State::Armed => &[Doing::Undo],
        State::Que => &[Doing::Cancel, Doing::Freeze],
        State::Froz => &[Doing::Thaw],
        State::Ok => &[Doing::Deploy, Doing::Redeploy, Doing::Rollback],
        State::Cut => &[Doing::Redeploy, Doing::Rollback, Doing::Deploy],
        State::Input | State::New | State::Gone => &[Doing::Deploy],
    }
}

#[cfg(test)]
mod tests;
