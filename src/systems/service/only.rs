//! The plans of a service of o5 files that are about a part of it: its stack alone, its databases
//! alone, or databases that are destroyed.

use serde_json::json;

use super::body::Body;
use super::databases::{self, Chains, Needs, destruction, up};
use super::entry::Downtime;
use super::foreseen::Foreseen;
use super::join;
use super::o5::VERSION;
use super::plan::{self, first_touch, ours, reviewed, touch};
use super::retained;
use super::running::running;
use super::steps::{self, Counts};
use super::ways::{Choice, Way, again};
use super::weight;
use super::{create, dry, late};
use crate::domain::failure::Failure;
use crate::domain::flag;
use crate::domain::hold::HoldKind;
use crate::domain::level::Danger;
use crate::domain::look::{Sights, Standing};
use crate::domain::plan::{HoldRule, Leaves, Plan, Role};
use crate::forms::cloudformation::StackFacts;
use crate::forms::postgres::migrations::Class;
use crate::systems::PlanAsk;

/// The plan of a part.
///
/// # Errors
/// The service has no such part, or it is not there yet.
pub(super) fn part(
    ask: &PlanAsk,
    body: &Body,
    serving: Option<&Body>,
    (stack, seen): (&StackFacts, &Sights),
    choice: Choice,
) -> Result<Plan, Failure> {
    let name = body.input.stack_name.as_str();
    let is_there = stack.standing() != Standing::Missing;
    if choice == Choice::Import {
        return import(ask, body, stack, seen);
    }
    if choice != Choice::InfraOnly {
        if body.databases().is_empty() {
            let says = format!(
                "{} has no database: {} means nothing",
                ask.stack,
                choice.name()
            );
            return Err(Failure::new(says).hint("leave it out"));
        }
        if body.is_dry() {
            let says = format!(
                "{} is about databases, which are left alone ({})",
                choice.name(),
                dry::WHY
            );
            return Err(Failure::new(says)
                .hint("take that out of the estate file, or the flag out of the deployment"));
        }
        if !is_there {
            return Err(Failure::new(format!(
                "the CloudFormation stack {name} is not there: {} needs one",
                choice.name()
            ))
            .hint(format!(
                "{} makes it, with its databases",
                again(ask, &[choice.name()])
            )));
        }
        same_version(ask, body, stack, choice)?;
    }
    let first = first_touch(ask, touch(ask, name, stack)?);
    let on = Part {
        ask,
        body,
        serving,
        counts: running(stack, serving, name).counts,
        stack,
        first,
    };
    match choice {
        Choice::InfraOnly if is_there => on.infra(seen),
        Choice::InfraOnly => create::bare(ask, body, stack, seen),
        Choice::DbOnly => on.databases(seen),
        Choice::Destroy => on.destroyed(seen, false),
        Choice::Recreate => on.destroyed(seen, true),
        // They change how a plan goes, and are none of their own.
        Choice::Import | Choice::Rotate | Choice::CancelUpdates => {
            plan::update(ask, body, serving, stack, seen)
        }
    }
}

/// A new stack of what an earlier one left: of an o5 application, where there is no stack.
fn import(ask: &PlanAsk, body: &Body, stack: &StackFacts, seen: &Sights) -> Result<Plan, Failure> {
    let flag = Choice::Import.name();
    if body.o5.is_none() {
        let says = format!(
            "{} is made of a template: {flag} is for o5 applications",
            ask.stack
        );
        return Err(Failure::new(says).hint("leave it out"));
    }
    if stack.standing() != Standing::Missing {
        let (name, status) = (&body.input.stack_name, &stack.status);
        let says =
            format!("the CloudFormation stack {name} is there ({status}): {flag} makes a new one");
        return Err(
            Failure::new(says).hint(format!("leave it out; {} updates it", again(ask, &[flag])))
        );
    }
    retained::imported(ask, body, stack, seen)
}

/// Refuses another version than the one that runs: none is brought by what is done to databases.
fn same_version(
    ask: &PlanAsk,
    body: &Body,
    stack: &StackFacts,
    choice: Choice,
) -> Result<(), Failure> {
    let runs = stack.parameters.get(VERSION).map_or("", String::as_str);
    let asked = body
        .input
        .parameters
        .get(VERSION)
        .map_or("", String::as_str);
    if runs == asked {
        return Ok(());
    }
    let (stack, name) = (&ask.stack, choice.name());
    let says =
        format!("{name} is about the databases of {stack} and brings no version: it runs {runs:?}");
    // What runs may have changed since it was asked for.
    let named = flag::text(&ask.flags, late::VERSION_FLAG.name).is_some();
    if ask.seen.is_some() && !named {
        return Err(Failure::new(format!(
            "{says} now, and ran {asked:?} when this was asked for"
        ))
        .hint(format!(
            "holdpoint deploy {stack} --{name} asks for it with what runs now"
        )));
    }
    Err(
        Failure::new(format!("{says}, and {asked:?} is asked for")).hint(format!(
            "holdpoint deploy {stack} --{name} --version {runs}; then holdpoint deploy {stack} --version {asked}"
        )),
    )
}

struct Part<'a> {
    ask: &'a PlanAsk,
    body: &'a Body,
    /// What serves.
    serving: Option<&'a Body>,
    /// What runs.
    counts: Counts,
    stack: &'a StackFacts,
    first: Option<HoldRule>,
}

impl Part<'_> {
    fn name(&self) -> &str {
        &self.body.input.stack_name
    }

    fn runs(&self) -> bool {
        self.counts.values().any(|count| count != "0")
    }

    /// The hold before the first step that changes something: that of an outage where there is one.
    fn guard(&self) -> Option<HoldRule> {
        if self.runs() {
            return Some(HoldRule::always(HoldKind::Downtime));
        }
        self.first.clone()
    }

    /// The stack is updated with every count at 0, and stays there.
    fn infra(&self, seen: &Sights) -> Result<Plan, Failure> {
        let (name, lowest) = (self.name(), self.body.lowest());
        let foreseen = Foreseen::of(name, self.stack, seen)?;
        let input = ours(self.ask, &self.body.input, self.serving);
        let way = Way {
            policy: Downtime::Never,
            because: "infra-only",
        };
        let joined = plan::joined(
            self.ask,
            self.body,
            &way,
            &self.counts,
            None,
            &Needs::default(),
        );
        let update = steps::execute("execute", name, "change-set", &["join"])
            .only("join", join::UPDATE)
            .hold(Some(reviewed(self.guard())));
        let all = vec![
            steps::change_set("change-set", &input, Some(&lowest), &[]),
            joined,
            update,
            steps::verify("verify", name, &lowest, &["execute"]),
        ];
        let says = if foreseen.empty {
            format!("Nothing would change: {name} is as it should be, and no task of it runs.")
        } else {
            format!(
                "{name} is updated, and no task of it runs after that; its databases stay as they are."
            )
        };
        Ok(Plan {
            name: Choice::InfraOnly.name().to_owned(),
            steps: all,
            danger: Danger {
                downtime: self.runs(),
                ..foreseen.danger()
            },
            says: std::iter::once(says)
                .chain(foreseen.doubt())
                .chain(foreseen.says())
                .collect(),
            changes: foreseen.changes(name).into_iter().collect(),
            ..Plan::default()
        })
    }

    /// Its databases are made what they should be and migrated, and its stack stays as it is.
    fn databases(&self, seen: &Sights) -> Result<Plan, Failure> {
        let needs = databases::needs(self.ask, (self.body, self.serving), seen, true)?;
        let found = steps::outputs("discover", self.name(), &[]);
        let chains = Chains {
            by: self.serving,
            ..Chains::after(self.ask, self.body, "discover")
        };
        let (mut all, _) = chains.migrated();
        let breaks = needs.data.as_ref();
        let breaks = breaks.filter(|data| self.runs() && data.class == Class::Breaking);
        if let Some(first) = all.first_mut() {
            let review = breaks.map(|_| HoldRule::always(HoldKind::ReviewPlan));
            if breaks.is_some() {
                first.undo = "none by itself: what a file takes away is gone, and a file that fails is taken back whole".into();
            }
            first.hold = self.first.clone().or(review);
        }
        if let Some(last) = all.last_mut() {
            last.leaves = Some(Leaves::Old);
        }
        all.insert(0, found);
        let mut says = needs.says;
        if let Some(data) = breaks {
            says.push(format!(
                "The service goes on meanwhile, and may fail: it {}.",
                data.why.join(", ")
            ));
        }
        let by_tasks = self
            .body
            .databases()
            .iter()
            .any(|one| one.migration.is_some());
        let whose = if by_tasks {
            "; its migrations are those of the version that was deployed last"
        } else {
            ""
        };
        says.push(format!(
            "The stack {} stays as it is, and what runs goes on{whose}.",
            self.name()
        ));
        Ok(Plan {
            name: Choice::DbOnly.name().to_owned(),
            steps: all,
            changes: needs.changes,
            danger: Danger {
                outdated: breaks.is_some(),
                ..Danger::default()
            },
            says,
            ..Plan::default()
        })
    }

    /// Its tasks end, and its databases are destroyed; made anew and migrated where that is wanted,
    /// and then its tasks come back.
    fn destroyed(&self, seen: &Sights, anew: bool) -> Result<Plan, Failure> {
        let (name, zero) = (self.name(), steps::zero(&self.counts));
        let title = format!("scale {name} {}", steps::told(&self.counts, &zero));
        let down = steps::scale(Role::ScaleDown, "scale-down", title, name, &zero, &[]);
        let down = steps::as_seen(down, json!(self.stack.as_seen()));
        // Asked before anything is done: who says no has a service that runs.
        let down = down.hold(Some(HoldRule::always(HoldKind::DestroyData)));
        let mut chains = Chains {
            rotates: false,
            alone: true,
            by: self.serving,
            ..Chains::after(self.ask, self.body, "scale-down")
        };
        let (destroy, ends) = chains.destroyed(seen)?;
        let mut all = vec![down];
        all.extend(destroy);
        let after: Vec<&str> = ends.iter().map(String::as_str).collect();
        let last = if anew {
            all.push(steps::outputs("discover", name, &after));
            chains.after = "discover";
            let (made, ends) = chains.migrated();
            all.extend(made);
            up(self.body, &mut all, ends)
        } else {
            ends
        };
        let last: Vec<&str> = last.iter().map(String::as_str).collect();
        let counts = if anew { &self.body.counts } else { &zero };
        all.push(steps::verify("verify", name, counts, &last).leaving(Leaves::Old));
        let (mut changes, mut says) = destruction(self.body, seen)?;
        // Of the stack nothing is changed but its counts.
        changes.push(weight::weighed(steps::about(name), Vec::new()));
        let made = if anew {
            databases::anew(self.body, self.serving)
        } else {
            Needs::default()
        };
        says.push(if anew {
            "Then they are made anew, empty but for what their migrations make, and its tasks come back.".to_owned()
        } else {
            format!("No task of {name} runs after that; the next deployment makes its databases anew.")
        });
        says.extend(made.says);
        let choice = if anew {
            Choice::Recreate
        } else {
            Choice::Destroy
        };
        let destroys = changes.iter().any(|one| !one.loses.is_empty());
        Ok(Plan {
            name: choice.name().to_owned(),
            steps: all,
            changes,
            danger: Danger {
                downtime: self.runs(),
                destroys,
                outdated: made.outdates,
                ..Danger::default()
            },
            says,
            ..Plan::default()
        })
    }
}
