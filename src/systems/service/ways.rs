//! Whether a change stops the service first: by what a person chose, by the estate, or by the o5 file.

use super::body::Body;
use super::entry::Downtime;
use super::late;
use crate::domain::flag::{self, Flag, Form};
use crate::domain::purpose::Purpose;
use crate::systems::PlanAsk;

/// Everything that a person may choose of a service.
pub(super) const FLAGS: &[Flag] = &[late::VERSION_FLAG, QUICK, PLANS];

const QUICK: Flag = Flag {
    name: "quick",
    form: Form::OneOf(&["true", "false"]),
    purposes: &[Purpose::Deploy],
    says: "true: it is updated as it runs, whatever is replaced; false: not so, though its o5 file says quick_mode",
};

const PLANS: Flag = Flag {
    name: "plans",
    form: Form::OneOf(&["evaluated", "current"]),
    purposes: &[Purpose::Deploy],
    says: "evaluated: what changes says whether the service stops first; current: it always does",
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
