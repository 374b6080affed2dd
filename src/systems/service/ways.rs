//! What a person may choose of a deployment; and whether a change stops the service first: by what was
//! chosen, by the estate, or by the o5 file.

use super::body::Body;
use super::chosen::EVALUATED;
use super::entry::Downtime;
use super::join::{BEFORE, DOWNTIME, PARALLEL, UPDATE};
use super::late;
use super::source;
use crate::domain::flag::{self, Flag, Flags, Form};
use crate::domain::purpose::Purpose;
use crate::forms::cloudformation::{StackFacts, UNDER_WAY};
use crate::systems::PlanAsk;

/// Everything that a person may choose of a service.
pub(super) const FLAGS: &[Flag] = &[
    late::VERSION_FLAG,
    source::COMMIT_FLAG,
    source::BRANCH_FLAG,
    source::TAG_FLAG,
    QUICK,
    PLANS,
    HOW,
    Choice::Import.flag(),
    Choice::InfraOnly.flag(),
    Choice::DbOnly.flag(),
    Choice::Recreate.flag(),
    Choice::Destroy.flag(),
    Choice::Rotate.flag(),
    Choice::CancelUpdates.flag(),
];

/// Each is a plan of its own; the first of them that is chosen is the plan.
const PARTS: [Choice; 5] = [
    Choice::Import,
    Choice::InfraOnly,
    Choice::Destroy,
    Choice::Recreate,
    Choice::DbOnly,
];

/// Something that is chosen or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// A new stack of what an earlier one left.
    Import,
    /// The stack alone, and no tasks.
    InfraOnly,
    /// Its databases alone.
    DbOnly,
    /// Its databases are destroyed and made anew.
    Recreate,
    /// Its databases are destroyed.
    Destroy,
    /// Its databases get new users.
    Rotate,
    /// An update that goes on, begun elsewhere, is cancelled first.
    CancelUpdates,
}

impl Choice {
    /// The name of its flag.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Choice::Import => "import-resources",
            Choice::InfraOnly => "infra-only",
            Choice::DbOnly => "db-only",
            Choice::Recreate => "recreate-database",
            Choice::Destroy => "destroy-database",
            Choice::Rotate => "rotate-credentials",
            Choice::CancelUpdates => "cancel-updates",
        }
    }

    const fn flag(self) -> Flag {
        Flag {
            name: self.name(),
            form: Form::Switch(false),
            purposes: &[Purpose::Deploy],
            says: match self {
                Choice::Import => {
                    "a new stack is made of the buckets and secrets that an earlier one left, and of nothing else"
                }
                Choice::InfraOnly => "the stack alone is changed, and left with no tasks",
                Choice::DbOnly => "its databases alone are made what they should be, and migrated",
                Choice::Recreate => {
                    "its databases are destroyed with all that is in them, and made anew"
                }
                Choice::Destroy => {
                    "its databases are destroyed with all that is in them; no task runs after that"
                }
                Choice::Rotate => {
                    "its databases get new users, with new passwords in their secrets"
                }
                Choice::CancelUpdates => {
                    "an update that somebody else began and that goes on is cancelled first"
                }
            },
        }
    }

    /// Whether it is chosen.
    pub(super) fn is_in(self, flags: &Flags) -> bool {
        flag::text(flags, self.name()).is_some_and(|text| text == "true")
    }
}

/// The same deployment without some of what was chosen, as a shell takes it.
pub(super) fn again(ask: &PlanAsk, but: &[&str]) -> String {
    format!(
        "holdpoint deploy {}{}",
        ask.stack,
        flag::typed(&ask.flags, but)
    )
}

/// Whether the update that goes on is to be cancelled.
pub(super) fn cancels(flags: &Flags, stack: &StackFacts) -> bool {
    Choice::CancelUpdates.is_in(flags) && stack.status == UNDER_WAY
}

/// What a deployment is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Only {
    /// All of the service.
    Everything,
    /// Some of it.
    One(Choice),
}

/// What a deployment is about: the first that is chosen, in the order of o5.
pub(super) fn only(flags: &Flags) -> Only {
    PARTS
        .into_iter()
        .find(|choice| choice.is_in(flags))
        .map_or(Only::Everything, Only::One)
}

/// What is chosen beside that and has no effect, as a sentence.
pub(super) fn passed_over(flags: &Flags, is_there: bool) -> Option<String> {
    let ways = [HOW.name, PLANS.name, QUICK.name].into_iter();
    let mut ways = ways.filter(|name| flag::text(flags, name).is_some());
    let Only::One(one) = only(flags) else {
        let names: Vec<&str> = ways.by_ref().filter(|_| !is_there).collect();
        return (!names.is_empty()).then(|| {
            let names = names.join(", ");
            format!(
                "Chosen, and without effect: {names}. A stack that is not there is made in one way."
            )
        });
    };
    let parts = PARTS.into_iter().filter(|choice| *choice != one);
    let rotate = (one != Choice::DbOnly).then_some(Choice::Rotate);
    let choices = parts.chain(rotate).filter(|choice| choice.is_in(flags));
    let names: Vec<&str> = choices.map(Choice::name).chain(ways).collect();
    (!names.is_empty()).then(|| {
        format!(
            "Chosen besides, and without effect: {}. {} is a plan of its own.",
            names.join(", "),
            one.name()
        )
    })
}

pub(super) const QUICK: Flag = Flag {
    name: "quick",
    form: Form::OneOf(&["true", "false"]),
    purposes: &[Purpose::Deploy],
    says: "true: it is updated as it runs, whatever is replaced; false: not so, though its o5 file says quick_mode",
};

pub(super) const PLANS: Flag = Flag {
    name: "plans",
    form: Form::OneOf(&["evaluated", "current"]),
    purposes: &[Purpose::Deploy],
    says: "evaluated: what changes says whether the service stops first; current: it does whenever anything changes",
};

pub(super) const HOW: Flag = Flag {
    name: "how",
    form: Form::OneOf(&[EVALUATED, UPDATE, PARALLEL, BEFORE, DOWNTIME]),
    purposes: &[Purpose::Deploy],
    says: "the way of the update, whatever its evaluation says; a less safe one needs a reason",
};

/// Whether a change stops the service first, and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Way {
    pub(super) policy: Downtime,
    pub(super) because: &'static str,
}

/// The way of a deployment: the first that says something.
pub(super) fn way(ask: &PlanAsk, body: &Body) -> Way {
    let (quick, plans) = (
        flag::text(&ask.flags, QUICK.name),
        flag::text(&ask.flags, PLANS.name),
    );
    let is_quick = body.o5.as_ref().is_some_and(|kept| kept.quick);
    let (policy, because) = match (quick.as_deref(), plans.as_deref(), body.downtime) {
        (Some("true"), _, _) => (Downtime::Never, "quick"),
        (_, Some("current"), _) => (Downtime::Always, "plans=current"),
        (_, Some("evaluated"), _) => (Downtime::Auto, ""),
        (_, _, Downtime::Always) => (Downtime::Always, "downtime: always in the estate"),
        (_, _, Downtime::Never) => (Downtime::Never, "downtime: never in the estate"),
        (None, None, Downtime::Auto) if is_quick => (Downtime::Never, "quick_mode in its o5 file"),
        (_, _, Downtime::Auto) => (Downtime::Auto, ""),
    };
    Way { policy, because }
}
