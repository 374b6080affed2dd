//! The simulated outside: what a real stack serves and is stuck in, the plans that fit it, and
//! random plans.

use proptest::prelude::*;
use serde_json::json;

use super::sim::Ends;
use crate::domain::failure::Failure;
use crate::domain::hold::HoldKind;
use crate::domain::ids::StepId;
use crate::domain::look::{Quiet, Sight, Standing};
pub(super) use crate::domain::plan::given::{plan, step};
use crate::domain::plan::{Finaliser, HoldRule, HoldWhen, Leaves, Mark, Plan, Role, Step, When};
use crate::domain::purpose::Purpose;
use crate::domain::request::{Release, Spec};
use crate::forms::cloudformation::StackFacts;

/// A real stack.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Outside {
    /// The release that serves.
    pub(super) serves: Option<Release>,
    /// The dead end that it is in.
    pub(super) stuck: Option<&'static str>,
}

impl Outside {
    pub(super) fn status(&self) -> &'static str {
        match (self.stuck, &self.serves) {
            (Some(status), _) => status,
            (None, Some(_)) => "UPDATE_COMPLETE",
            (None, None) => "MISSING",
        }
    }

    /// As it is seen.
    pub(super) fn sight(&self) -> Sight {
        StackFacts {
            status: self.status().to_owned(),
            ..StackFacts::default()
        }
        .sight("x")
    }

    pub(super) fn quiet(&self, purpose: Purpose) -> Quiet {
        if purpose == Purpose::Deploy && self.sight().standing.is_shut() {
            return Quiet::Stuck(Failure::new("stuck"));
        }
        Quiet::Quiet
    }

    /// A step that changes what is in service has ended.
    pub(super) fn ended(&mut self, leaves: Leaves, release: &Release, how: Ends) {
        match (how, leaves) {
            (Ends::Well, Leaves::New) => {
                *self = Self {
                    serves: Some(release.clone()),
                    stuck: None,
                }
            }
            (Ends::Well, Leaves::Old) => self.stuck = None,
            (Ends::Well, Leaves::Nothing) => *self = Self::default(),
            (Ends::Stuck, Leaves::Nothing) => self.stuck = Some("DELETE_FAILED"),
            // What failed before it was ever made cannot be rolled back.
            (Ends::Badly | Ends::Stuck, Leaves::New) if self.serves.is_none() => {
                self.stuck = Some("ROLLBACK_COMPLETE");
            }
            (Ends::Stuck, Leaves::New | Leaves::Old) => self.stuck = Some("UPDATE_ROLLBACK_FAILED"),
            (Ends::Badly | Ends::Lost | Ends::Refused | Ends::Changed, _) => {}
        }
    }
}

/// The plan that fits what is there, as the service system makes it; a release's own plan stands in
/// its spec. What brings the release before back brings all of it where it is known, else its
/// counts alone, which leaves what serves.
pub(super) fn plan_for(
    purpose: Purpose,
    spec: &Spec,
    outside: &Outside,
    serving: Option<&Spec>,
) -> Result<Plan, Failure> {
    let own = || -> Result<Plan, Failure> {
        let mut plan: Plan = serde_json::from_value(spec.body.clone())
            .map_err(|why| Failure::new(why.to_string()))?;
        let restores = plan
            .steps
            .iter_mut()
            .filter(|step| step.finaliser.is_some());
        restores.for_each(|step| step.leaves = step.leaves.filter(|_| serving.is_some()));
        Ok(plan)
    };
    let held = |kind, step: Step| held(step, kind);
    Ok(match (purpose, outside.sight().standing) {
        (Purpose::Deploy, standing) if standing.is_shut() => return Err(Failure::new("stuck")),
        (Purpose::Recover, Standing::Good) => return Err(Failure::new("nothing to recover")),
        (Purpose::Deploy, _) | (Purpose::Recover, Standing::Missing) => own()?,
        (Purpose::Teardown, _) => {
            let delete =
                leaving(step("delete", &[]), Leaves::Nothing).reaching(When::Started, "pulping");
            named(
                "teardown",
                vec![
                    held(HoldKind::Teardown, delete),
                    Step {
                        role: Role::Verify,
                        ..step("gone", &["delete"])
                    },
                ],
            )
        }
        (Purpose::Recover, Standing::RollbackStuck) => mend(vec![
            held(
                HoldKind::RecoverStack,
                leaving(step("continue", &[]), Leaves::Old),
            ),
            step("verify", &["continue"]),
        ]),
        (Purpose::Recover, Standing::DeleteStuck) => mend(vec![
            held(
                HoldKind::RecoverStack,
                leaving(step("delete", &[]), Leaves::Nothing),
            ),
            Step {
                role: Role::Verify,
                ..step("gone", &["delete"])
            },
        ]),
        (Purpose::Recover, _) => {
            let delete = held(
                HoldKind::RecoverStack,
                leaving(step("delete", &[]), Leaves::Nothing),
            );
            mend(vec![
                delete,
                leaving(step("create", &["delete"]), Leaves::New),
                step("verify", &["create"]),
            ])
        }
    })
}

/// A system may call its repairs as it likes.
fn mend(steps: Vec<Step>) -> Plan {
    Plan {
        repairs: true,
        ..named("mend", steps)
    }
}

fn named(name: &str, steps: Vec<Step>) -> Plan {
    Plan {
        name: name.into(),
        ..plan(steps)
    }
}

pub(super) fn held(mut step: Step, kind: HoldKind) -> Step {
    step.hold = Some(HoldRule {
        kind,
        when: HoldWhen::Always,
        choices: vec![],
        never_expires: false,
    });
    step
}

/// When the step runs that brings back what served before.
pub(super) fn restores() -> (Option<Finaliser>, Option<Leaves>) {
    (Some(Finaliser::BadEnd), Some(Leaves::Old))
}

pub(super) fn leaving(mut step: Step, leaves: Leaves) -> Step {
    step.leaves = Some(leaves);
    step
}

/// One step of a random plan: which earlier ones it needs, whether a branch decides, its hold, its
/// attempts, its mark.
type Seed = (u8, bool, u8, u32, Option<When>);

/// Plans of any shape: needs, branches, holds of both forms, repeats, finalisers, both ways to go
/// on after a failure. One step that is never skipped brings the release into service. Some wait
/// for each other: the planner's check lets none of those run, the machine must end them all the
/// same.
pub(super) fn plans() -> impl Strategy<Value = Plan> {
    let mark = prop::option::weighted(0.4, prop::sample::select(vec![When::Started, When::Done]));
    let seed = (
        any::<u8>(),
        prop::bool::weighted(0.25),
        0u8..6,
        1u32..3,
        mark,
    );
    let shape = (
        any::<bool>(),
        0u8..4,
        any::<u8>(),
        prop::bool::weighted(0.05),
    );
    (prop::collection::vec(seed, 1..6), shape).prop_map(
        |(seeds, (independent, finalisers, serves, circle))| {
            let mut steps: Vec<Step> = Vec::new();
            let mut sure: Vec<usize> = Vec::new();
            for (n, seed) in seeds.iter().enumerate() {
                let one = random(n, *seed, &steps);
                let never_skipped = one.only_if.is_none()
                    && (one.after.is_empty()
                        || sure.iter().any(|s| one.after.contains(&steps[*s].id)));
                sure.extend(never_skipped.then_some(n));
                steps.push(one);
            }
            let serving = sure[usize::from(serves) % sure.len()];
            steps[serving].leaves = Some(Leaves::New);
            for n in 0..finalisers.min(2) {
                let mut last = step(&format!("f{n}"), &["s0"]);
                (last.finaliser, last.leaves) = if n == 0 {
                    restores()
                } else {
                    (Some(Finaliser::Always), None)
                };
                steps.push(if finalisers == 3 {
                    held(last, HoldKind::RestoreService)
                } else {
                    last
                });
            }
            if circle {
                let last = seeds.len() - 1;
                steps[last].after.push("s0".into());
                let id = steps[last].id.clone();
                steps[0].after.push(id);
            }
            let plan = Plan {
                finish_independent: independent,
                ..plan(steps)
            };
            assert_eq!(plan.check().is_ok(), !circle);
            plan
        },
    )
}

fn random(n: usize, (needs, branch, hold, attempts, mark): Seed, before: &[Step]) -> Step {
    let after: Vec<&str> = before
        .iter()
        .enumerate()
        .filter(|(i, _)| needs & (1 << i) != 0)
        .map(|(_, step)| step.id.as_str())
        .collect();
    let chooser = after.first().map(|id| StepId::from(*id));
    let mut one = step(&format!("s{n}"), &after);
    one.retry.attempts = attempts;
    one.reaches = mark.map(|when| (when, Mark("rolling".to_owned())));
    one.only_if = chooser
        .clone()
        .filter(|_| branch)
        .map(|chooser| (chooser, "x".to_owned()));
    match (hold, chooser) {
        (0, _) => one = held(one, HoldKind::Downtime),
        (1, _) => one = held(one, HoldKind::FirstTouch),
        (2, Some(step)) => {
            let when = HoldWhen::Output {
                step,
                pointer: "/ask".to_owned(),
                equals: json!(true),
            };
            one.hold = Some(HoldRule {
                kind: HoldKind::ReviewPlan,
                when,
                choices: vec![],
                never_expires: false,
            });
        }
        _ => {}
    }
    one
}
