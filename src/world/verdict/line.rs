//! The verdict itself, one line for each state: what is the matter, since when, what serves.

use crate::domain::deployment::{CANCEL_LIMIT, Deployment, Stopping};
use crate::domain::ids::StackId;
use crate::domain::lifecycle::PhaseClass;
use crate::domain::purpose::Purpose;
use crate::domain::time::{Time, short};
use crate::world::World;
use crate::world::rows::{Row, State, lost_step};

use super::cancelling;

impl World {
    pub(super) fn line(&self, row: &Row, shown: Option<&Deployment>, now: Time) -> String {
        let stack = &row.stack;
        let age = row.since.map_or_else(String::new, |since| {
            format!(" for {}", short(now.since(since)))
        });
        let flow = row.serves.flow();
        let word = row.serve_word();
        let word = word.map_or_else(String::new, |word| format!(" {word}."));
        let serves = match (&row.serve, &row.serving) {
            (Some((running, desired)), None) => {
                format!(" SERVES {running}/{desired}{flow}.{word}")
            }
            // It is there, and nobody reaches it.
            (Some((0, 0)), Some(release)) => format!(" SERVES NOTHING: {release} 0/0.{word}"),
            (Some((running, desired)), Some(release)) => {
                format!(" SERVES {release} {running}/{desired}{flow}.{word}")
            }
            (None, _) => String::new(),
        };
        let step = row.step.as_ref().map_or_else(String::new, |at| {
            format!(" {} ({}/{})", at.id, at.nth, at.of)
        });
        let left = shown
            .filter(|d| !d.is_over())
            .and_then(|d| self.left(d, now))
            .map_or_else(String::new, |left| format!(" {} left.", left.says()));
        let no = row
            .deployment
            .map_or_else(String::new, |(_, no)| format!(" {no}"));
        // A deployment that came to its end without a release, where it was to take nothing away.
        let brought = shown
            .filter(|d| d.is_over() && d.release().is_none())
            .filter(|d| {
                d.request
                    .as_ref()
                    .is_some_and(|request| request.purpose == Purpose::Deploy)
            })
            .map(|d| format!("{} ({})", d.no(), d.brings()));
        match row.state {
            State::Down => down_line(row, shown, now),
            State::Fail if shown.is_some_and(|d| !d.is_over()) => {
                format!("{stack} FAILING{no}{step}{age}.{serves}")
            }
            State::Fail => {
                format!(
                    "{stack} FAILED{no}{}.{serves}",
                    row.since
                        .map_or_else(String::new, |at| format!(" {} ago", short(now.since(at))))
                )
            }
            State::Brok => format!("{stack} BROKEN{age}.{serves} {}", self.stands(stack)),
            State::Unkn if cancelling(shown) => {
                format!(
                    "{stack} CANCELLING, OUTCOME UNKNOWN{no}{step}{age}.{serves} A person must look."
                )
            }
            State::Unkn => {
                format!("{stack} OUTCOME UNKNOWN{no}{step}{age}.{serves} A person must look.")
            }
            State::Hold => {
                let hold = shown.and_then(|d| d.open_holds().next());
                let what = hold.map_or_else(String::new, |hold| format!(" {}", hold.kind.word()));
                let expires = hold
                    .and_then(|hold| hold.left(now))
                    .map_or_else(String::new, |left| format!(", expires in {}", short(left)));
                format!("{stack} HOLD{what}{no}{age}{expires}.{serves}")
            }
            State::Lost => {
                let (word, what) = out_of_contact(shown, now);
                format!("{stack} {word}{no}{step}{age}.{serves} {what}")
            }
            State::Stale => format!(
                "{stack} STALE: seen {}.{serves}",
                row.seen_at.map_or_else(
                    || "never".to_owned(),
                    |at| format!("{} ago", short(now.since(at)))
                )
            ),
            State::Blank => format!("{stack} BLANK: nobody has looked at it yet."),
            State::Roll => format!("{stack} ROLLING BACK{no}{age}.{serves} WAIT."),
            State::Canc => format!("{stack} CANCELLING{no}{age}.{serves}"),
            State::RunOutside => format!("{stack} IS BEING CHANGED BY SOMEBODY ELSE{age}.{serves}"),
            State::Run if row.slow.is_some() => {
                format!("{stack} NO PROGRESS{no}{step}{age}.{serves}")
            }
            State::Run => format!("{stack} RUNNING{no}{step}{age}.{left}{serves}"),
            State::Armed | State::Que | State::Froz => {
                let waits = self
                    .queue(now)
                    .into_iter()
                    .find(|item| item.stack == *stack);
                let waits = waits.map_or_else(String::new, |item| {
                    format!(": {} {}", item.no, item.waits.says(now))
                });
                let word = if row.state == State::Froz {
                    "FROZEN"
                } else {
                    "WAITS"
                };
                // Where nothing waits the freeze says for itself what it is.
                let freeze = self
                    .frozen(stack, now)
                    .filter(|_| row.state == State::Froz && waits.is_empty())
                    .map_or_else(String::new, |freeze| format!(" {}", freeze.says()));
                format!("{stack} {word}{waits}{freeze}.{serves}")
            }
            State::Cut => format!(
                "{stack} CANCELLED{no}{}: what it had changed stays.{serves}",
                row.since
                    .map_or_else(String::new, |at| format!(" {} ago", short(now.since(at))))
            ),
            State::Input => format!("{stack} HAS A STALE INPUT.{serves}"),
            State::Ok if self.serve(stack) == Some((0, 0)) => {
                format!("{stack} OK, with no task, as it was deployed.{serves}")
            }
            State::Ok => format!("{stack} OK.{serves}"),
            State::New => format!("{stack} was never deployed."),
            State::Gone if let Some(brought) = brought => {
                format!("Nothing of {stack} serves: {brought} brought no release.")
            }
            State::Gone => {
                format!(
                    "{stack} was torn down{}.",
                    row.since
                        .map_or_else(String::new, |at| format!(" {} ago", short(now.since(at))))
                )
            }
        }
    }

    /// What stands still with a broken stack: its queue; or only the real stack, where the stack
    /// itself is at rest.
    fn stands(&self, stack: &StackId) -> String {
        let fold = self.folds.stack(stack);
        if fold.class() == PhaseClass::Broken {
            return if fold.needs_unblocking() {
                "Its queue stands."
            } else {
                "Its queue goes on."
            }
            .to_owned();
        }
        let Some(thing) = self.thing(stack) else {
            return String::new();
        };
        let until = if thing.sight.standing.is_shut() {
            "nothing can be deployed before it is repaired"
        } else {
            "recover it, or deploy again"
        };
        format!(
            "The {} is {}: {until}.",
            thing.sight.called, thing.sight.words
        )
    }
}

/// The word for a deployment with a step out of contact, and what goes on of that by its name:
/// nothing, where the log says that nothing was begun.
fn out_of_contact(shown: Option<&Deployment>, now: Time) -> (&'static str, String) {
    let lost = shown.and_then(lost_step);
    let name = lost.map_or("it", |(step, _)| step.id.as_str());
    if shown.is_some_and(|d| d.plan.is_none()) {
        let what = "It is planned by itself once that is put right, and can be cancelled.";
        return ("NOT STARTED", what.to_owned());
    }
    if lost.is_some_and(|(_, run)| !run.has_begun()) {
        let what = format!(
            "Nothing of {name} was begun: it starts by itself once that is put right, and can be cancelled."
        );
        return ("NOT STARTED", what);
    }
    match shown.and_then(|d| d.stopping.as_ref()) {
        Some(Stopping::Cancelling { at, .. }) => {
            let due = *at + CANCEL_LIMIT;
            let given_up = if now < due {
                format!("it can be given up after {}", due.clock())
            } else {
                "it can be given up".to_owned()
            };
            let what = format!(
                "What {name} began goes on alone: it is cancelled when its end is known; {given_up}."
            );
            ("CANCELLING, NO CONTACT", what)
        }
        Some(Stopping::Failing) | None => {
            let what = format!(
                "What {name} began goes on alone, nothing was cancelled, step timeouts are stopped."
            );
            ("NO CONTACT", what)
        }
    }
}

/// `DOWN prod-us/orders 0/6 for 4:12 (said 3:10 likely) migrate failed`.
fn down_line(row: &Row, shown: Option<&Deployment>, now: Time) -> String {
    let (running, desired) = row.serve.unwrap_or_default();
    let was = shown.map_or(0, Deployment::wanted).max(desired);
    let count = if was > 0 {
        format!(" {running}/{was}")
    } else {
        format!(" {running}")
    };
    let down: Vec<String> = row.serves.down().map(|one| one.name.to_string()).collect();
    let which = if running > 0 && !down.is_empty() {
        format!(" ({} at 0)", down.join(", "))
    } else {
        String::new()
    };
    let since = shown.and_then(Deployment::down_since).or(row.since);
    let age = since.map_or_else(String::new, |since| {
        format!(" for {}", short(now.since(since)))
    });
    let said = shown.and_then(|d| d.holds.iter().find_map(|hold| hold.outage));
    let said = said.map_or_else(String::new, |outage| {
        format!(" (said {} likely)", short(outage.likely))
    });
    let failed = shown.and_then(Deployment::first_failed);
    let failed = failed.map(|(step, _)| format!(" {} failed", step.id));
    let approved = if row.outage { ", as approved" } else { "" };
    // Where a person decides, no step is at work.
    let at_work = row
        .step
        .as_ref()
        .filter(|_| shown.is_none_or(|d| d.open_holds().next().is_none()));
    let at = at_work.map_or_else(String::new, |at| {
        format!("{approved}: {} ({}/{})", at.id, at.nth, at.of)
    });
    format!(
        "DOWN {}{count}{which}{age}{said}{}{at}",
        row.stack,
        failed.unwrap_or_default()
    )
}
