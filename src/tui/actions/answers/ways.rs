//! The ways to deploy a stack, as a menu offers them.

use std::sync::Arc;

use crate::domain::ask::{Intent, Source};
use crate::domain::deployment::{Deployment, Request};
use crate::domain::end::End;
use crate::domain::ids::StackId;
use crate::domain::lifecycle::PhaseClass;
use crate::domain::plan::Leaves;
use crate::domain::purpose::Purpose;
use crate::domain::request::Release;
use crate::domain::stack::Stack;
use crate::world::available::Doing;

use super::super::{Cx, Denied, Offer};

impl Cx<'_> {
    /// What a deployment from the estate does: what that brings is read when it is chosen, and stands
    /// on the card.
    fn brings(&self, stack: &StackId) -> String {
        let entry = self.world.catalog.stacks.get(stack);
        let brings = entry.map(|entry| entry.brings.clone()).unwrap_or_default();
        let fold = self.world.folds.stacks.get(stack);
        let there = |fold: &&Arc<Stack>| self.was_up(stack) && fold.class() != PhaseClass::Gone;
        match fold.filter(there) {
            Some(_) => brings.then,
            None => brings.first,
        }
    }

    /// Whether a deployment of it ended well: a provisioning counts, though no release came by it.
    fn was_up(&self, stack: &StackId) -> bool {
        let mut all = self.world.deployments_of(stack).into_iter();
        all.any(|d| {
            let deploys = |request: &Arc<Request>| request.purpose == Purpose::Deploy;
            d.end == Some(End::Done) && d.request.as_ref().is_some_and(deploys)
        })
    }

    /// All ways to deploy: the same, what the estate says now, a retry, earlier releases.
    pub(super) fn deploys(&self, stack: &StackId) -> (Vec<Offer>, Option<Denied>) {
        let mut offers = Vec::new();
        let mut denied = None;
        let serving = self.world.folds.stacks.get(stack);
        let repeated = serving.and_then(|fold| fold.repeated(&self.world.folds));
        let last = repeated
            .and_then(|d| d.request.as_ref())
            .map(|request| request.spec.release.clone());
        // What brought no release has none to name.
        let is_empty = repeated.is_some_and(|d| d.end == Some(End::Done) && brought_nothing(d));
        let same = match (&last, is_empty) {
            (Some(release), false) => format!("redeploy the same ({release})"),
            (Some(_), true) | (None, _) => "redeploy the same".to_owned(),
        };
        for (doing, label) in [
            (Doing::Redeploy, same),
            (Doing::Deploy, self.brings(stack)),
            (Doing::Retry, self.retry_label(stack).to_owned()),
        ] {
            match self.offer(stack, doing) {
                // What was never deployed is "redeployed" from the files: one row, under its own
                // name.
                Ok((
                    Some(Intent::Deploy {
                        source: Source::Estate,
                        ..
                    }),
                    _,
                )) if doing == Doing::Redeploy => {}
                Ok((Some(intent), note)) => offers.push(Offer {
                    label,
                    note,
                    intent,
                }),
                Ok((None, _)) => {}
                Err(why) => denied = denied.or(Some(why)),
            }
        }
        if !offers.is_empty() {
            let mut known: Vec<&Release> = last.iter().collect();
            for d in self.world.deployments_of(stack) {
                let Some(request) = d
                    .request
                    .as_ref()
                    .filter(|_| matches!(d.end, Some(End::Done)))
                    .filter(|_| !brought_nothing(d))
                else {
                    continue;
                };
                let release = &request.spec.release;
                if known.iter().any(|one| one.is(release)) || known.len() > 7 {
                    continue;
                }
                known.push(release);
                let source = Source::Release(release.to_string());
                let serves = if serving.is_some_and(|fold| fold.has_in_service(release)) {
                    "in service, "
                } else {
                    ""
                };
                offers.push(Offer {
                    label: format!("deploy {release}"),
                    note: format!(
                        "{serves}{} of {}",
                        d.no(),
                        d.created_at.text("%-d %b %H:%M")
                    ),
                    intent: Intent::deploy(stack.clone(), source),
                });
            }
        }
        (offers, denied)
    }

    /// What a retry does: it goes on from the steps that are done, or is planned anew.
    pub(super) fn retry_label(&self, stack: &StackId) -> &'static str {
        let resumes = self
            .world
            .folds
            .stack(stack)
            .lifecycle()
            .is_some_and(|table| table.resumes);
        if resumes {
            "retry from the step that failed"
        } else {
            "retry: work out what is left, and do it"
        }
    }
}

/// What ended without its release in service, as a provisioning does.
pub(super) fn brought_nothing(d: &Deployment) -> bool {
    matches!(d.leaves(), Some(Leaves::Old | Leaves::Nothing))
}
