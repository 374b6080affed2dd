//! What serves on a stack, and what a rollback brings back: its own record with the deployments
//! around it.

use crate::domain::deployment::Deployment;
use crate::domain::end::End;
use crate::domain::ids::{DeploymentId, DeploymentNo};
use crate::domain::lifecycle::PhaseClass;
use crate::domain::look::{Sight, Standing, Subject};
use crate::domain::plan::Leaves;
use crate::domain::purpose::Purpose;
use crate::domain::request::Spec;
use crate::domain::stack::{Stack, is_one};
use crate::domain::time::Time;

use serde_json::Value;

use super::Folds;

impl Stack {
    /// What serves now, where the last good deployment brought it. `None` where something else
    /// serves, as after a release that came into service and then failed: what to bring back as it
    /// was is not known then.
    #[must_use]
    pub fn serving<'a>(&self, folds: &'a Folds) -> Option<&'a Spec> {
        let good = self.last_good.filter(|_| self.serves_the_good_one())?;
        folds
            .deployments
            .get(&good)?
            .request
            .as_ref()
            .map(|request| &request.spec)
    }

    /// The deployment that is repeated by who asks for the same once more: the last one, where it
    /// failed or was cut off half-way; else the one that brought what the stack has, or had last. A
    /// teardown and a recovery are repeated by nobody: what they name of a release is what they
    /// found. Where nothing stands that a release needs, none is repeated either.
    #[must_use]
    pub fn repeated<'a>(&self, folds: &'a Folds) -> Option<&'a Deployment> {
        // What its parts come to since they mended it was brought by no one deployment.
        if self.is_to_be_provisioned() || self.mended.is_some() {
            return None;
        }
        let again = self.last.filter(|last| {
            folds.deployments.get(last).is_some_and(|d| {
                let deploys = d
                    .request
                    .as_ref()
                    .is_some_and(|request| request.purpose == Purpose::Deploy);
                deploys
                    && d.release().is_some()
                    && match d.end {
                        Some(End::Failed { .. } | End::Partial { .. }) => true,
                        Some(End::Terminated { .. }) => d.changed_anything() && !d.is_restored(),
                        Some(End::Done) | None => false,
                    }
            })
        });
        let id = again.or(self.had).or(self.last_good).or(self.last)?;
        folds.deployments.get(&id).map(|d| &**d)
    }

    /// True where this thing is what the release in service runs on; also where that is not known.
    /// A release that was to run on another one, and never came, says nothing of what serves.
    #[must_use]
    pub fn runs_on(&self, folds: &Folds, thing: &Subject) -> bool {
        let had = self.had.and_then(|had| folds.deployments.get(&had));
        had.and_then(|d| d.request.as_ref()?.spec.about.first())
            .is_none_or(|about| about.kind == thing.kind && about.name == thing.name)
    }

    /// When what this stack is was last changed from here, by its own clock. `None` where that is
    /// not known, as after a deployment that changed something and came to a bad end.
    #[must_use]
    pub fn left_at(&self, folds: &Folds, about: &Subject) -> Option<Time> {
        let tells = |d: &Deployment| {
            let in_doubt = d.changed_anything() && !matches!(d.end, Some(End::Done));
            let left = d.left_at(about);
            (in_doubt || left.is_some()).then_some(left.filter(|_| !in_doubt))
        };
        if let Some(told) = tells(folds.deployments.get(&self.last?)?) {
            return told;
        }
        // It touched nothing: the newest before it that did.
        folds
            .deployments
            .values()
            .filter(|d| d.is_over() && d.stack() == Some(&self.id))
            .filter_map(|d| Some((d.no(), tells(d)?)))
            .max_by_key(|(no, _)| *no)
            .and_then(|(_, told)| told)
    }

    /// What the deployment recorded that brought what serves, and its number. `None` where none did,
    /// or a later one came to a bad end.
    #[must_use]
    pub fn recorded<'a>(&self, folds: &'a Folds) -> Option<(DeploymentNo, &'a Value)> {
        let good = self.last_good.filter(|_| self.serves_the_good_one())?;
        if self.unsettled.is_some() {
            return None;
        }
        let d = folds.deployments.get(&good)?;
        let mut runs = d.runs();
        let (_, run) = runs.find(|(step, _)| step.leaves == Some(Leaves::New))?;
        Some((d.no(), run.output.as_ref()?.public.get("record")?))
    }

    /// When somebody else changed what was brought from here; `None` where nothing shows that.
    #[must_use]
    pub fn changed_elsewhere(&self, folds: &Folds, seen: &Sight) -> Option<Time> {
        let left = self.left_at(folds, &seen.about)?;
        seen.changed_at
            .filter(|at| *at > left && seen.standing != Standing::Missing)
    }

    /// The deployment whose release a rollback brings back: the last good one, where something else
    /// serves, may serve soon, or it is in doubt what serves, and after a deployment that failed,
    /// whatever that left: nobody who goes back from it means to leave what was good before it;
    /// where that one serves, the good one before it.
    #[must_use]
    pub fn rollback_to(&self, folds: &Folds) -> Option<DeploymentId> {
        let of = |id: Option<DeploymentId>| folds.deployments.get(&id?);
        let coming = of(self.current).is_some_and(|d| {
            let request = d.request.as_ref();
            request.is_some_and(|request| request.purpose != Purpose::Deploy)
                || d.release()
                    .is_some_and(|release| !is_one(self.good_release.as_ref(), Some(release)))
        });
        let in_doubt = of(self.last).filter(|_| self.mended.is_none());
        let in_doubt = in_doubt.is_some_and(|d| {
            let deploys = d
                .request
                .as_ref()
                .is_some_and(|request| request.purpose == Purpose::Deploy);
            match d.end {
                Some(End::Done) => false,
                Some(End::Failed { .. } | End::Partial { .. }) => deploys || d.changed_anything(),
                Some(End::Terminated { .. }) => d.changed_anything() && !d.is_restored(),
                None => d.changed_anything(),
            }
        });
        let serves = self.release.is_some()
            && self.serves_the_good_one()
            && self.class() != PhaseClass::Broken;
        if serves && !coming && !in_doubt {
            self.previous_good
        } else {
            self.last_good
        }
    }
}
