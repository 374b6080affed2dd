//! Which spec each stack of an intent is deployed from: the estate's files, or what was deployed
//! before.

use crate::domain::ask::{Attached, Intent, Source, Way};
use crate::domain::cause::Of;
use crate::domain::deployment::Deployment;
use crate::domain::end::End;
use crate::domain::flag::{self, Flag, Flags};
use crate::domain::folds::Folds;
use crate::domain::ids::{DeploymentId, DeploymentNo, StackId, StepId};
use crate::domain::purpose::Purpose;
use crate::domain::refused::Refused;
use crate::domain::request::Spec;
use crate::domain::stack::Stack;

/// Among how many deployments of a stack, the newest, a release is looked for by its name.
pub const NAMED: usize = 200;

/// What an intent starts on one stack.
#[derive(Debug, Clone, PartialEq)]
pub struct StartOf {
    /// Which stack.
    pub stack: StackId,
    /// What for.
    pub purpose: Purpose,
    /// From what.
    pub spec: Spec,
    /// What is chosen beside it.
    pub flags: Flags,
    /// Those of it that are not as usual, as the card says them.
    pub with: Vec<String>,
    /// What it repeats, or goes back to; absent for a plain deploy.
    pub of: Option<Of>,
    /// Of a retry: the steps of its plan that ended well already and are not run again.
    pub carried: Vec<StepId>,
}

/// The starts of an intent; none for an intent that starts no deployment.
///
/// # Errors
/// A refusal when a stack has nothing to be deployed from.
pub fn specs(
    folds: &Folds,
    intent: &Intent,
    attached: &[Attached],
) -> Result<Vec<StartOf>, Refused> {
    let from_estate = |stack: &StackId| {
        attached
            .iter()
            .find(|entry| entry.stack == *stack)
            .map(|entry| entry.spec.clone())
            .ok_or_else(|| Refused::unlisted(stack))
    };
    match intent {
        Intent::Deploy { stacks, source, .. } => stacks
            .iter()
            .map(|id| {
                let stack = folds.stack(id);
                let (spec, of) = match source {
                    Source::Estate => {
                        let spec = from_estate(id)?;
                        let of = stack.has_in_service(&spec.release).then_some(Of::Serving);
                        (spec, of)
                    }
                    // What the archive or the file makes of it is its system's to say.
                    Source::Archive { .. } | Source::Application { .. } => (from_estate(id)?, None),
                    Source::Same => match stack.repeated(folds).and_then(|d| deployed(folds, d.id))
                    {
                        Some((last, spec)) => (spec, Some(Of::Redeploy { no: last.no() })),
                        None => (from_estate(id)?, None),
                    },
                    Source::Release(name) => {
                        let found = folds
                            .deployments
                            .values()
                            .filter(|d| d.stack() == Some(id))
                            .filter(|d| d.release().is_some_and(|one| one.is_called(name)))
                            .filter_map(|d| d.request.as_ref())
                            .max_by_key(|request| request.no);
                        match found {
                            Some(request) => {
                                (request.spec.clone(), Some(Of::Release { no: request.no }))
                            }
                            // Never deployed: its whole name must be written.
                            None => match from_estate(id)
                                .ok()
                                .filter(|spec| spec.release.name.as_str() == name)
                            {
                                Some(spec) => (spec, None),
                                None => {
                                    return Err(unknown_release(id, name));
                                }
                            },
                        }
                    }
                };
                Ok(StartOf::plain(id, Purpose::Deploy, spec, of))
            })
            .collect(),
        Intent::Rollback { stack: id, to } => {
            let stack = folds.stack(id);
            let (d, spec) = rollback_target(folds, &stack, *to)?;
            Ok(vec![StartOf::plain(
                id,
                Purpose::Deploy,
                spec,
                Some(Of::Rollback { no: d.no() }),
            )])
        }
        Intent::Retry { deployment } => {
            let (d, spec) =
                deployed(folds, *deployment).ok_or_else(|| unknown_deployment(*deployment))?;
            let request = d
                .request
                .as_ref()
                .ok_or_else(|| unknown_deployment(*deployment))?;
            match &d.end {
                None => Err(Refused::new(
                    "not-over",
                    format!("{} still runs: there is nothing to retry", d.no()),
                )),
                Some(End::Done) => Err(Refused::new(
                    "done",
                    format!("{} is done: there is nothing to retry", d.no()),
                )
                .hint(format!("`holdpoint redeploy {}`", request.stack))),
                Some(_) if folds.stack(&request.stack).mended.is_some() => Err(Refused::new(
                    "mended",
                    format!(
                        "what {} left out was brought since: there is nothing to retry",
                        d.no()
                    ),
                )
                .hint(format!("`holdpoint deploy {}`", request.stack))),
                Some(End::Partial { .. } | End::Failed { .. } | End::Terminated { .. }) => {
                    Ok(vec![StartOf {
                        stack: request.stack.clone(),
                        purpose: request.purpose,
                        spec,
                        of: Some(Of::Retry {
                            no: d.no(),
                            deployment: *deployment,
                        }),
                        flags: request.flags.clone(),
                        with: Vec::new(),
                        carried: Vec::new(),
                    }])
                }
            }
        }
        Intent::Teardown { stack: id, .. } => {
            let stack = folds.stack(id);
            let spec = match stack
                .had
                .or(stack.last_good)
                .or(stack.last)
                .and_then(|last| deployed(folds, last))
            {
                Some((_, spec)) => spec,
                None => from_estate(id)?,
            };
            Ok(vec![StartOf::plain(id, Purpose::Teardown, spec, None)])
        }
        Intent::Unblock { stack: id, way, .. } => unblock(folds, id, way, attached),
        Intent::Cancel { .. }
        | Intent::Abandon { .. }
        | Intent::Freeze { .. }
        | Intent::Thaw { .. }
        | Intent::Apply { .. } => Ok(vec![]),
    }
}

/// Sets the flags of what starts: those that are given, those of what is retried, and else what is
/// usual. `declared` are the flags of a spec.
///
/// # Errors
/// A flag that the system does not have for this, or a value of another form.
pub fn choose(
    starts: &mut [StartOf],
    given: Option<&Flags>,
    declared: impl Fn(&Spec) -> &'static [Flag],
) -> Result<(), Refused> {
    let given = given.filter(|flags| !flags.is_empty());
    if let (Some(name), []) = (given.and_then(|flags| flags.keys().next()), &*starts) {
        return Err(Refused::new(
            "unknown-flag",
            format!("nothing starts that could take the flag {name}"),
        )
        .hint("take it out"));
    }
    for start in starts {
        let system = start.spec.system.as_str();
        let mut chosen = start.flags.clone();
        chosen.extend(given.cloned().unwrap_or_default());
        let kept = |refused: Refused| match given {
            Some(_) => refused,
            None => refused
                .hint("the deployment that is repeated was asked for with it: deploy anew instead"),
        };
        (start.flags, start.with) =
            flag::set(declared(&start.spec), system, start.purpose, &chosen).map_err(kept)?;
    }
    Ok(())
}

/// Gives starts the specs that they came to be when they were planned.
pub fn settle_specs(folds: &Folds, starts: &mut [StartOf], specs: &[(StackId, Spec)]) {
    for start in starts {
        let settled = specs.iter().find(|(stack, _)| *stack == start.stack);
        let Some((_, spec)) = settled.filter(|(_, spec)| *spec != start.spec) else {
            continue;
        };
        let serves = folds.stack(&start.stack).has_in_service(&spec.release);
        start.of = serves.then_some(Of::Serving);
        start.spec = spec.clone();
    }
}

fn unblock(
    folds: &Folds,
    id: &StackId,
    way: &Way,
    attached: &[Attached],
) -> Result<Vec<StartOf>, Refused> {
    let stack = folds.stack(id);
    let last = stack.last.and_then(|last| deployed(folds, last));
    match way {
        Way::Recover => {
            let files = attached
                .iter()
                .find(|entry| entry.stack == *id)
                .map(|entry| entry.spec.clone());
            let last = last.map(|(_, spec)| spec);
            // What never served is made from the files as they are now: the release that failed
            // would fail again.
            let spec = if stack.last_good.is_none() {
                files.or(last)
            } else {
                last.or(files)
            }
            .ok_or_else(|| Refused::new("unknown-stack", format!("nothing is known of {id}")))?;
            Ok(vec![StartOf::plain(
                id,
                Purpose::Recover,
                spec,
                Some(Of::Recovery),
            )])
        }
        Way::Retry => {
            let (d, _) = last.ok_or_else(|| {
                Refused::new(
                    "nothing-to-retry",
                    format!("{id} has no deployment to retry"),
                )
            })?;
            specs(folds, &Intent::Retry { deployment: d.id }, attached)
        }
        Way::LastGood => {
            let (d, spec) = stack
                .last_good
                .and_then(|good| deployed(folds, good))
                .ok_or_else(|| {
                    Refused::new(
                        "no-good-release",
                        format!("{id} has no release that ended well here"),
                    )
                })?;
            Ok(vec![StartOf::plain(
                id,
                Purpose::Deploy,
                spec,
                Some(Of::LastGood { no: d.no() }),
            )])
        }
        Way::Free | Way::ResolveDone { .. } | Way::ResolveFailed { .. } => Ok(vec![]),
    }
}

fn unknown_release(id: &StackId, name: &str) -> Refused {
    Refused::new("unknown-release", format!("none of the newest {NAMED} deployments of {id} had a release {name}"))
        .hint(format!("write at least 6 letters of its name: `holdpoint show {id}` lists the newest; `holdpoint rollback {id} --to NO` takes any older one by its number"))
}

/// The deployment that a rollback goes back to.
fn rollback_target<'a>(
    folds: &'a Folds,
    stack: &Stack,
    to: Option<DeploymentNo>,
) -> Result<(&'a Deployment, Spec), Refused> {
    let chosen = match to {
        Some(no) => folds.by_no(no).map(|d| d.id),
        None => stack.rollback_to(folds),
    };
    let found = chosen
        .and_then(|id| deployed(folds, id))
        .filter(|(d, _)| d.stack() == Some(&stack.id));
    if let Some((d, _)) = found.as_ref().filter(|(d, _)| d.release().is_none()) {
        let (no, brings) = (d.no(), d.brings());
        return Err(Refused::new(
            "no-release",
            format!("{no} brought no release into service ({brings})"),
        )
        .hint(format!("`holdpoint show {}` lists what did", stack.id)));
    }
    found.ok_or_else(|| match to {
        Some(no) => Refused::new(
            "unknown-deployment",
            format!("{no} is not a deployment of {}", stack.id),
        ),
        None => Refused::new(
            "no-good-release",
            format!("{} has no earlier release that ended well here", stack.id),
        )
        .hint("choose one: `holdpoint deploy STACK --release R`"),
    })
}

fn deployed(folds: &Folds, id: DeploymentId) -> Option<(&Deployment, Spec)> {
    let d = folds.deployments.get(&id)?;
    Some((d, d.request.as_ref()?.spec.clone()))
}

impl StartOf {
    /// A start with nothing chosen and nothing carried over.
    pub(super) fn plain(stack: &StackId, purpose: Purpose, spec: Spec, of: Option<Of>) -> Self {
        Self {
            stack: stack.clone(),
            purpose,
            spec,
            of,
            flags: Flags::new(),
            with: Vec::new(),
            carried: Vec::new(),
        }
    }
}

pub(super) fn unknown_deployment(id: DeploymentId) -> Refused {
    Refused::new("unknown-deployment", format!("there is no deployment {id}"))
        .hint("`holdpoint events` lists them")
}
