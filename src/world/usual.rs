//! How long things take here, from what they took before: ranges with their basis, work apart from
//! waiting for people. Never invented: without history there is no number.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::deployment::{Deployment, StepRun, StepState};
use crate::domain::ids::{DeploymentNo, StackId, StepId};
use crate::domain::plan::{Output, Step};
use crate::domain::time::{Time, short};

use super::World;

/// What something usually takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usual {
    /// Half took no longer.
    pub p50: Duration,
    /// Nine of ten took no longer.
    pub p90: Duration,
    /// How many there were.
    pub n: usize,
    /// What they have in common with this one.
    pub basis: Basis,
}

/// What the earlier ones have in common with this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// The same step of the same stack.
    Stack,
    /// The same step of the same application elsewhere.
    Application,
}

impl Usual {
    /// For a pane: `2:10`, or `4-8m of 23`.
    #[must_use]
    pub fn says(&self) -> String {
        format!("{} of {}", range(self.p50, self.p90), self.n)
    }
}

/// How many times its usual time a step must take to be called slow, and how long at least.
const SLOW: u32 = 3;
const LEAST: Duration = Duration::from_mins(1);

/// A step that takes several times what it usually takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slow {
    /// Which.
    pub step: StepId,
    /// How long it runs already.
    pub spent: Duration,
    /// What it usually takes.
    pub usual: Usual,
}

impl Slow {
    /// `execute runs for 12:00, 4 times its usual ~3:00 of 7`.
    #[must_use]
    pub fn says(&self) -> String {
        let times = self.spent.as_secs() / self.usual.p90.as_secs().max(1);
        format!(
            "{} runs for {}, {times} times its usual {}",
            self.step,
            short(self.spent),
            self.usual.says()
        )
    }
}

/// Whether a person said how it ended: its time is theirs.
fn resolved(run: &StepRun) -> bool {
    let public = run.output.as_ref().map(Output::value);
    public.is_some_and(|value| value.get("resolved_by").is_some())
}

/// The work that is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// Likely.
    pub low: Duration,
    /// In a bad case.
    pub high: Duration,
    /// The smallest number of earlier runs behind any part of it.
    pub n: usize,
    /// Whether a person must decide first; their time is not in the numbers.
    pub people: bool,
    /// Whether the running step takes longer than nine of ten did.
    pub slow: bool,
}

impl Left {
    /// For a pane: `4-8m`, `~40s`, `4-8m + a person`.
    #[must_use]
    pub fn says(&self) -> String {
        let people = if self.people { " + a person" } else { "" };
        format!("{}{people}", range(self.low, self.high))
    }
}

/// `~40s` when both ends read the same, else `4-8m`.
#[must_use]
pub fn range(low: Duration, high: Duration) -> String {
    let (a, b) = (short(low), short(high));
    match (a.strip_suffix('m'), b.strip_suffix('m')) {
        _ if a == b => format!("~{a}"),
        (Some(a), Some(_)) => format!("{a}-{b}"),
        (Some(_) | None, _) => format!("{a}-{b}"),
    }
}

impl World {
    /// What a step usually takes.
    #[must_use]
    pub fn usual(&self, stack: &StackId, step: &StepId) -> Option<Usual> {
        self.usual_but(stack, step, None)
    }

    /// The same, by other deployments than this one.
    pub(super) fn usual_but(
        &self,
        stack: &StackId,
        step: &StepId,
        but: Option<DeploymentNo>,
    ) -> Option<Usual> {
        self.usual_by(stack, step, |d, run| {
            (Some(d.no()) != but).then_some(())?;
            (run.state == StepState::Done && run.ever_started() && !resolved(run)).then_some(())?;
            Some(run.ended_at?.since(run.started_at?))
        })
    }

    /// What a phase of a step usually takes, by those that ended well in other deployments than
    /// this one.
    #[must_use]
    pub fn usual_phase(
        &self,
        stack: &StackId,
        step: &StepId,
        phase: &str,
        but: Option<DeploymentNo>,
    ) -> Option<Usual> {
        self.usual_by(stack, step, |d, run| {
            (Some(d.no()) != but).then_some(())?;
            let mut phases = run.phases().into_iter();
            let same = phases.find(|one| one.name.as_str() == phase && !one.is_bad)?;
            same.took_ms.map(Duration::from_millis)
        })
    }

    fn usual_by(
        &self,
        stack: &StackId,
        step: &StepId,
        took: impl Fn(&Deployment, &StepRun) -> Option<Duration>,
    ) -> Option<Usual> {
        let took = |same: &dyn Fn(&StackId) -> bool| -> Vec<Duration> {
            self.folds
                .deployments
                .values()
                .filter(|d| d.stack().is_some_and(same))
                // How long a part waits for people and in its queue is no work.
                .filter(|d| {
                    !d.runs()
                        .any(|(one, _)| one.id == *step && one.kind.part().is_some())
                })
                .filter_map(|d| took(d, d.steps.get(step)?))
                .collect()
        };
        usual_of(took(&|other| other == stack), Basis::Stack)
            .or_else(|| usual_of(took(&|other| other.is_alike(stack)), Basis::Application))
    }

    /// The running step that takes several times what it usually takes, where that is known.
    #[must_use]
    pub fn slow(&self, d: &Deployment, now: Time) -> Option<Slow> {
        let stack = d.stack()?;
        d.runs()
            // How long a part waits for people and in its queue is no work.
            .filter(|(step, run)| run.is_live() && step.kind.executor().is_some())
            .filter(|(_, run)| run.state == StepState::Active)
            .find_map(|(step, run)| {
                let spent = now.since(run.started_at?);
                let usual = self.usual(stack, &step.id)?;
                let long = spent > usual.p90 * SLOW && spent > LEAST;
                long.then(|| Slow {
                    step: step.id.clone(),
                    spent,
                    usual,
                })
            })
    }

    /// The work that is left of a deployment; `None` where history says nothing about a part of it.
    #[must_use]
    pub fn left(&self, d: &Deployment, now: Time) -> Option<Left> {
        if d.stopping.is_some() {
            // What is left of a bad end has no history to go by.
            return None;
        }
        let stack = d.stack()?;
        let plan = d.plan.as_ref()?;
        if plan.steps.iter().any(|step| step.kind.part().is_some()) {
            // What its parts wait for has no history to go by.
            return None;
        }
        let mut ends: BTreeMap<&StepId, (Duration, Duration)> = BTreeMap::new();
        let mut left = Left {
            low: Duration::ZERO,
            high: Duration::ZERO,
            n: usize::MAX,
            people: false,
            slow: false,
        };
        for id in plan.order().ok()? {
            let (Some(step), Some(run)) = (plan.step(id), d.steps.get(id)) else {
                continue;
            };
            if run.state.is_over() || !expected(d, step) {
                continue;
            }
            let before = step
                .after
                .iter()
                .filter_map(|need| ends.get(need))
                .fold((Duration::ZERO, Duration::ZERO), |a, b| {
                    (a.0.max(b.0), a.1.max(b.1))
                });
            let held = step.hold.is_some()
                && run.passed.is_none()
                && !d.approved(&step.id)
                && !run.ever_started();
            left.people |= held || run.state == StepState::Lost;
            let (low, high) = if step.kind.is_pure() {
                (Duration::ZERO, Duration::ZERO)
            } else {
                let usual = self.usual(stack, id)?;
                left.n = left.n.min(usual.n);
                let spent = if run.is_live() {
                    run.started_at.map_or(Duration::ZERO, |at| now.since(at))
                } else {
                    Duration::ZERO
                };
                left.slow |= run.is_live() && spent > usual.p90;
                (
                    usual.p50.saturating_sub(spent),
                    usual.p90.saturating_sub(spent),
                )
            };
            let end = (before.0 + low, before.1 + high);
            left.low = left.low.max(end.0);
            left.high = left.high.max(end.1);
            ends.insert(id, end);
        }
        (left.n < usize::MAX).then_some(left)
    }
}

/// Whether a step is on the way: no waiting finaliser, and behind no branch other than the one that
/// was chosen, or is expected: a plan that is made to run is made before its changes are known, and
/// the card knew them.
pub(super) fn expected(d: &Deployment, step: &Step) -> bool {
    if step.finaliser.is_some() {
        return d
            .steps
            .get(&step.id)
            .is_some_and(|run| !matches!(run.state, StepState::Blocked | StepState::Skipped));
    }
    let Some(plan) = &d.plan else { return true };
    if let Some((chooser, branch)) = &step.only_if {
        let chosen = d
            .steps
            .get(chooser)
            .and_then(|run| run.branch.as_ref())
            .or(plan.branch.as_ref())
            .or_else(|| d.request.as_ref()?.seen.as_ref()?.branch.as_ref());
        return chosen.is_none_or(|chosen| chosen == branch);
    }
    let mut needs = step
        .after
        .iter()
        .filter_map(|need| plan.step(need))
        .peekable();
    needs.peek().is_none() || needs.any(|need| expected(d, need))
}

/// By how long earlier ones took; nothing where there are none.
#[must_use]
pub fn usual_of(mut took: Vec<Duration>, basis: Basis) -> Option<Usual> {
    took.sort_unstable();
    let last = took.len().checked_sub(1)?;
    let at = |percent: usize| took.get((last * percent).div_ceil(100)).copied();
    Some(Usual {
        p50: at(50)?,
        p90: at(90)?,
        n: took.len(),
        basis,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::fixture::{self, NOW};

    #[test]
    fn percentiles_of_few() {
        let secs = |list: &[u64]| {
            usual_of(
                list.iter().map(|s| Duration::from_secs(*s)).collect(),
                Basis::Stack,
            )
        };
        assert_eq!(secs(&[]), None);
        let one = secs(&[10]).unwrap();
        assert_eq!((one.p50.as_secs(), one.p90.as_secs(), one.n), (10, 10, 1));
        let many = secs(&[5, 1, 2, 3, 4, 9, 8, 7, 6, 10, 100]).unwrap();
        assert_eq!((many.p50.as_secs(), many.p90.as_secs()), (6, 10));
    }

    #[test]
    fn ranges_read_at_a_glance() {
        let says = |a, b| range(Duration::from_secs(a), Duration::from_secs(b));
        assert_eq!(
            [says(40, 40), says(600, 900), says(40, 700)],
            ["~40s", "10-15m", "40s-11m"]
        );
    }

    #[test]
    fn what_is_left_is_work_alone_and_never_invented() {
        let world = fixture::scene();
        let running = world.current(&fixture::id("staging/orders")).unwrap();
        let left = world.left(running, NOW).unwrap();
        assert_eq!(
            (left.says(), left.n, left.slow),
            ("~50s".to_owned(), 3, false)
        );
        let held = world.current(&fixture::id("prod-us/orders")).unwrap();
        assert!(
            world.left(held, NOW).is_none(),
            "a downtime that never happened here has no number"
        );
    }
}
