//! The night screen: what is the matter, why, whether it was seen before, and what to do now.
//! Short, whole sentences that are never cut.

use crate::domain::deployment::{Deployment, End, StepState, Stopping};
use crate::domain::ids::{DeploymentNo, StackId};
use crate::domain::lifecycle::Class;
use crate::domain::time::{Time, short};

use super::World;
use super::available::{Doing, Offer};
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
    /// The same failure in earlier deployments, and what ended it.
    pub seen: Option<SeenBefore>,
    /// What can be done, the usual thing first; what cannot says when.
    pub next: Vec<Offer>,
}

/// An earlier deployment that failed in the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenBefore {
    /// Which.
    pub no: DeploymentNo,
    /// When it failed.
    pub at: Time,
    /// How often it was seen in all.
    pub times: usize,
    /// What ended it: `fixed by #1874 (ana): AllocatedStorage 100>200`; empty when nothing did.
    pub fixed: String,
}

impl SeenBefore {
    /// As one line.
    #[must_use]
    pub fn says(&self) -> String {
        let times = if self.times > 1 {
            format!(", {} times in all", self.times)
        } else {
            String::new()
        };
        let fixed = if self.fixed.is_empty() {
            "not fixed since"
        } else {
            &self.fixed
        };
        format!("{} {}: {fixed}{times}", self.no, self.at.text("%-d %b"))
    }
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
        let why = self.why(&row, shown);
        let seen = self.seen_before(stack, shown, why.as_ref().map(|why| why.reason.as_str()));
        let next = useful(&row, cancelling(shown))
            .iter()
            .map(|doing| self.offer(stack, *doing, now))
            .collect();
        Verdict {
            stack: stack.clone(),
            state: row.state,
            line: self.line(&row, shown, now),
            why: why.map(|why| why.text),
            seen,
            next,
        }
    }

    /// The one thing that needs a person now; services at zero above everything, also while that
    /// was approved and goes on. With it, how many other stacks need a person.
    #[must_use]
    pub fn needs(&self, now: Time) -> Option<(Verdict, usize)> {
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
        let others = rows.iter().skip(1).filter(|row| row.needs_me).count();
        rows.first()
            .map(|row| (self.verdict(&row.stack, now), others))
    }

    fn line(&self, row: &Row, shown: Option<&Deployment>, now: Time) -> String {
        let stack = &row.stack;
        let age = row.since.map_or_else(String::new, |since| {
            format!(" for {}", short(now.since(since)))
        });
        let serves = match (
            &row.serve,
            row.release.split('>').next().unwrap_or_default(),
        ) {
            (Some((running, desired)), "") => format!(" SERVES {running}/{desired}."),
            (Some((running, desired)), release) => {
                format!(" SERVES {release} {running}/{desired}.")
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
            State::Lost if cancelling(shown) => format!(
                "{stack} CANCELLING, NO CONTACT{no}{step}{age}.{serves} AWS goes on alone: it is cancelled when its end is known, or given up."
            ),
            State::Lost => {
                format!(
                    "{stack} NO CONTACT{no}{step}{age}.{serves} AWS goes on alone, nothing was cancelled, step timeouts are stopped."
                )
            }
            State::Stale => format!(
                "{stack} STALE: seen {}.{serves}",
                row.seen_at.map_or_else(
                    || "never".to_owned(),
                    |at| format!("{} ago", short(now.since(at)))
                )
            ),
            State::Roll => format!("{stack} ROLLING BACK{no}{age}.{serves} WAIT."),
            State::Canc => format!("{stack} CANCELLING{no}{age}.{serves}"),
            State::RunOutside => format!("{stack} IS BEING CHANGED BY SOMEBODY ELSE{age}.{serves}"),
            State::Run => format!("{stack} RUNNING{no}{step}{age}.{left}{serves}"),
            State::Armed | State::Que | State::Froz => {
                let waits = self
                    .queue(now)
                    .into_iter()
                    .find(|item| item.stack == *stack);
                let waits = waits.map_or_else(String::new, |item| {
                    format!(": {} {}", item.no, item.waits.says(now))
                });
                format!(
                    "{stack} {}{waits}.{serves}",
                    if row.state == State::Froz {
                        "FROZEN"
                    } else {
                        "WAITS"
                    }
                )
            }
            State::Ok => format!("{stack} OK.{serves}"),
            State::New => format!("{stack} was never deployed."),
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
        if self.folds.stack(stack).class() == Class::Broken {
            return "Its queue stands.".to_owned();
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

    fn why(&self, row: &Row, shown: Option<&Deployment>) -> Option<Why> {
        match row.state {
            State::Down
            | State::Fail
            | State::Brok
            | State::Unkn
            | State::Hold
            | State::Lost
            | State::Stale
            | State::Roll
            | State::Canc => {}
            State::RunOutside
            | State::Run
            | State::Armed
            | State::Que
            | State::Froz
            | State::Ok
            | State::New
            | State::Gone => return None,
        }
        let from_parts = || {
            let (own, all) = self.thing(&row.stack)?.failures();
            let first = own.first().filter(|first| {
                shown.is_none_or(|d| d.started_at.is_none_or(|at| first.at >= at))
            })?;
            let follow = all.saturating_sub(1);
            let of = if follow > 0 {
                format!(" (first of {all}, {follow} follow from it)")
            } else {
                String::new()
            };
            Some(Why {
                text: format!("{}: {} {}{of}", first.name, first.reason, first.at.clock()),
                reason: first.reason.to_string(),
            })
        };
        let failed = || {
            let d = shown?;
            let (step, run) = d
                .runs()
                .filter(|(_, run)| run.state == StepState::Failed)
                .min_by_key(|(_, run)| run.ended_at)?;
            let failure = run.failure.as_ref()?;
            // The thing itself says when its part failed; the step ended only after the way back.
            let part = self.thing(&row.stack).and_then(|thing| {
                thing
                    .failures()
                    .0
                    .first()
                    .map(|first| (first.reason.to_string(), first.at))
            });
            let at = part
                .filter(|(reason, _)| !reason.is_empty() && failure.summary.contains(reason))
                .map(|(_, at)| at);
            let at = at
                .or(run.ended_at)
                .map_or_else(String::new, |at| format!(" {}", at.clock()));
            Some(Why {
                text: format!("{}: {}{at}", step.id, failure.summary),
                reason: failure.summary.clone(),
            })
        };
        match row.state {
            State::Hold => None,
            State::Roll => from_parts().or_else(failed),
            State::Down
            | State::Fail
            | State::Brok
            | State::Unkn
            | State::Lost
            | State::Stale
            | State::Canc
            | State::RunOutside
            | State::Run
            | State::Armed
            | State::Que
            | State::Froz
            | State::Ok
            | State::New
            | State::Gone => failed().or_else(from_parts),
        }
        .or_else(|| {
            row.why.as_ref().map(|why| Why {
                text: why.clone(),
                reason: why.clone(),
            })
        })
    }

    fn seen_before(
        &self,
        stack: &StackId,
        shown: Option<&Deployment>,
        reason: Option<&str>,
    ) -> Option<SeenBefore> {
        let print = fingerprint(reason?);
        if print.len() < 6 {
            return None;
        }
        let this = shown.map(|d| d.id);
        let mut earlier: Vec<&Deployment> = self
            .folds
            .deployments
            .values()
            .map(|d| &**d)
            .filter(|d| {
                Some(d.id) != this
                    && d.is_over()
                    && d.stack().is_some_and(|other| other.app == stack.app)
            })
            .filter(|d| {
                d.first_failure().is_some_and(|failure| {
                    let other = fingerprint(&failure.summary);
                    other.contains(&print) || (other.len() >= 6 && print.contains(&other))
                })
            })
            .collect();
        earlier.sort_by_key(|d| std::cmp::Reverse(d.no()));
        let newest = earlier.first()?;
        let fix = self
            .folds
            .deployments
            .values()
            .filter(|d| {
                d.stack() == newest.stack()
                    && d.no() > newest.no()
                    && Some(d.id) != this
                    && matches!(d.end, Some(End::Done))
            })
            .min_by_key(|d| d.no());
        let fixed = fix
            .and_then(|fix| fix.request.as_ref().map(|request| (fix, request)))
            .map_or_else(String::new, |(fix, request)| {
                let changed = newest
                    .request
                    .as_ref()
                    .map(|old| changes(&old.spec.body, &request.spec.body))
                    .unwrap_or_default();
                let changed = if changed.is_empty() {
                    String::new()
                } else {
                    format!(": {}", changed.join(", "))
                };
                format!("fixed by {} ({}){changed}", fix.no(), request.cause.by)
            });
        Some(SeenBefore {
            no: newest.no(),
            at: newest.ended_at.unwrap_or_default(),
            times: earlier.len(),
            fixed,
        })
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
    let since = shown.and_then(Deployment::down_since).or(row.since);
    let age = since.map_or_else(String::new, |since| {
        format!(" for {}", short(now.since(since)))
    });
    let said = shown.and_then(|d| d.holds.iter().find_map(|hold| hold.outage));
    let said = said.map_or_else(String::new, |outage| {
        format!(" (said {} likely)", short(outage.likely))
    });
    let failed = shown.and_then(|d| {
        d.runs()
            .find(|(_, run)| run.state == StepState::Failed)
            .map(|(step, _)| format!(" {} failed", step.id))
    });
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
        "DOWN {}{count}{age}{said}{}{at}",
        row.stack,
        failed.unwrap_or_default()
    )
}

struct Why {
    text: String,
    /// The bare reason, for comparison.
    reason: String,
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
        State::Lost | State::Stale | State::RunOutside => &[],
        State::Canc => &[Doing::Abandon],
        State::Armed => &[Doing::Undo],
        State::Que => &[Doing::Cancel, Doing::Freeze],
        State::Froz => &[Doing::Thaw],
        State::Ok => &[Doing::Deploy, Doing::Redeploy, Doing::Rollback],
        State::New | State::Gone => &[Doing::Deploy],
    }
}

/// What makes two failures the same one: words without numbers, ids and quotes.
#[must_use]
pub fn fingerprint(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '(' | ')' | ',' | ';'))
        .filter(|word| !word.is_empty() && !word.chars().any(|c| c.is_ascii_digit()))
        .map(|word| {
            word.trim_matches(|c: char| !c.is_alphanumeric())
                .to_lowercase()
        })
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Which plain values differ between two specs, as `name old>new`; at most three. Digests and ids
/// say nothing to a person and are left out.
fn changes(old: &serde_json::Value, new: &serde_json::Value) -> Vec<String> {
    let mut out = Vec::new();
    walk("", old, new, &mut out);
    out.truncate(3);
    out
}

fn walk(name: &str, old: &serde_json::Value, new: &serde_json::Value, out: &mut Vec<String>) {
    use serde_json::Value;
    match (old, new) {
        (Value::Object(a), Value::Object(b)) => {
            for (key, value) in b {
                walk(key, a.get(key).unwrap_or(&Value::Null), value, out);
            }
        }
        (a, b) if a == b => {}
        (Value::Array(_) | Value::Object(_), _) | (_, Value::Array(_) | Value::Object(_)) => {}
        (a, b) => {
            let text = |value: &Value| {
                value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned)
            };
            let (a, b) = (text(a), text(b));
            if a.len() <= 24 && b.len() <= 24 {
                out.push(format!("{name} {a}>{b}"));
            }
        }
    }
}

#[cfg(test)]
mod tests;
