//! The way of an update that a person chose, beside the one that its evaluation chooses: a safer one
//! is taken as it is, a less safe one needs a reason.

use super::databases::Needs;
use super::join::{BEFORE, DOWNTIME, NOP, PARALLEL, UPDATE};
use super::ways::{HOW, PLANS, QUICK};
use crate::domain::failure::Failure;
use crate::domain::flag;
use crate::systems::PlanAsk;

/// Stands for the way of an evaluation that cannot be made yet.
pub(super) const UNKNOWN: &str = "unknown";

/// How little a way asks of the code that runs meanwhile: a higher number is safer.
fn safety(way: &str) -> u8 {
    match way {
        DOWNTIME => 2,
        BEFORE => 1,
        PARALLEL | UPDATE => 0,
        // What is not known may come to any.
        _ => 3,
    }
}

/// Whether one way is less safe than another.
pub(super) fn is_less_safe(way: &str, than: &str) -> bool {
    way != DOWNTIME && safety(way) < safety(than)
}

/// The ways that are open to an update. Where nothing runs, or where a database is made first, there
/// is one alone.
pub(super) fn open(needs: &Needs, runs: bool) -> &'static [&'static str] {
    match &needs.data {
        _ if !runs => &[],
        None => &[UPDATE, DOWNTIME],
        Some(_) if needs.makes => &[],
        Some(_) => &[PARALLEL, BEFORE, DOWNTIME],
    }
}

/// The way that was chosen; none where the evaluation chooses.
///
/// # Errors
/// It is not open to this update, or something else chooses too.
pub(super) fn chosen(
    ask: &PlanAsk,
    needs: &Needs,
    runs: bool,
) -> Result<Option<&'static str>, Failure> {
    let Some(asked) = flag::text(&ask.flags, HOW.name).filter(|way| way != EVALUATED) else {
        return Ok(None);
    };
    let stack = &ask.stack;
    for other in [QUICK.name, PLANS.name] {
        if flag::text(&ask.flags, other).is_some() {
            let says = format!("how and {other} both choose how {stack} is updated");
            return Err(Failure::new(says).hint("choose one of them"));
        }
    }
    let open = open(needs, runs);
    if let Some(way) = open.iter().find(|way| **way == asked) {
        return Ok(Some(way));
    }
    let why = match &needs.data {
        _ if !runs => "nothing of it runs, so that there is one way alone".to_owned(),
        Some(data) if needs.makes => format!(
            "the deployment {}, and no task runs before that is done",
            data.why.join(", ")
        ),
        Some(_) => "its databases are migrated by this deployment".to_owned(),
        None => "nothing is migrated by this deployment".to_owned(),
    };
    let hint = match open {
        [] => "leave how out".to_owned(),
        open => format!("choose one of {}, or leave it out", open.join(", ")),
    };
    Err(Failure::new(format!("{stack} cannot be updated the way {asked}: {why}")).hint(hint))
}

/// The value of the flag that leaves the choice to the evaluation.
pub(super) const EVALUATED: &str = "evaluated";

/// Which way is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) way: &'static str,
    pub(super) why: String,
    /// What the evaluation chooses and why, where a person chose otherwise.
    pub(super) evaluated: Option<(&'static str, String)>,
}

impl Taken {
    /// What the evaluation says, unless another way was chosen. Where nothing would change no way is
    /// taken.
    pub(super) fn of((evaluated, why): (&'static str, String), chosen: Option<&str>) -> Self {
        let way = [UPDATE, PARALLEL, BEFORE, DOWNTIME]
            .into_iter()
            .find(|way| Some(*way) == chosen && *way != evaluated && evaluated != NOP);
        match way {
            None => Self {
                way: evaluated,
                why,
                evaluated: None,
            },
            Some(way) => Self {
                way,
                why: format!("was chosen with how={way}"),
                evaluated: Some((evaluated, why)),
            },
        }
    }

    /// The way of the evaluation, where the one that is taken is less safe.
    pub(super) fn instead_of(&self) -> Option<&'static str> {
        let (evaluated, _) = self.evaluated.as_ref()?;
        is_less_safe(self.way, evaluated).then_some(evaluated)
    }

    /// What the evaluation says of another way that was chosen.
    pub(super) fn overruled(&self) -> Option<String> {
        let (evaluated, why) = self.evaluated.as_ref()?;
        let how = if is_less_safe(self.way, evaluated) {
            "less safe"
        } else {
            "safer"
        };
        Some(format!(
            "The evaluation chooses {evaluated} ({why}); {} is {how}.",
            self.way
        ))
    }

    /// The ways that are open and not taken, each with how safe it is beside this one.
    pub(super) fn others(&self, open: &[&str]) -> String {
        let others = open
            .iter()
            .filter(|way| **way != self.way && self.way != NOP);
        let others: Vec<String> = others
            .map(|way| {
                let evaluated = self.evaluated.as_ref().map_or(self.way, |(way, _)| way);
                let how = if is_less_safe(way, evaluated) {
                    "less safe, with a reason"
                } else if is_less_safe(way, self.way) {
                    "less safe, and what its evaluation allows"
                } else if safety(way) == safety(self.way) {
                    "as safe"
                } else {
                    "safer"
                };
                format!("{way} ({how})")
            })
            .collect();
        others.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Down in the table is safer; whoever goes up needs a reason.
    #[test]
    fn a_less_safe_way_is_one_that_asks_more_of_what_runs() {
        let ways = [UPDATE, PARALLEL, BEFORE, DOWNTIME];
        for (n, way) in ways.iter().enumerate() {
            for (m, than) in ways.iter().enumerate() {
                let beside = n < 2 && m < 2;
                assert_eq!(is_less_safe(way, than), n < m && !beside, "{way} {than}");
            }
            assert_eq!(
                is_less_safe(way, UNKNOWN),
                *way != DOWNTIME,
                "{way}: nobody knows what it would be instead of"
            );
        }
    }

    #[test]
    fn a_choice_stands_over_the_evaluation_but_where_nothing_changes() {
        let evaluated = || (BEFORE, "migrates orders".to_owned());
        let taken = Taken::of(evaluated(), None);
        assert_eq!((taken.way, taken.instead_of()), (BEFORE, None));
        assert_eq!(Taken::of(evaluated(), Some(BEFORE)), taken);
        let less = Taken::of(evaluated(), Some(PARALLEL));
        assert_eq!((less.way, less.instead_of()), (PARALLEL, Some(BEFORE)));
        let safer = Taken::of(evaluated(), Some(DOWNTIME));
        assert_eq!((safer.way, safer.instead_of()), (DOWNTIME, None));
        assert_eq!(
            safer.overruled().unwrap(),
            "The evaluation chooses before (migrates orders); downtime is safer."
        );
        assert_eq!(
            safer.others(&[PARALLEL, BEFORE, DOWNTIME]),
            "parallel (less safe, with a reason), before (less safe, and what its evaluation allows)"
        );
        let nothing = Taken::of((NOP, "nothing would change".to_owned()), Some(DOWNTIME));
        assert_eq!((nothing.way, nothing.evaluated), (NOP, None));
    }
}
