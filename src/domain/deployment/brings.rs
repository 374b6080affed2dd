//! What a deployment brings, for lists: its release, or in a word what it is for where it brings
//! none.

use super::Deployment;
use crate::domain::plan::Leaves;
use crate::domain::purpose::Purpose;
use crate::domain::request::Release;

impl Deployment {
    /// The release that it is to bring into service; none where it takes away, repairs, or sees to
    /// what serves, as its plan says, or the plan on its card.
    #[must_use]
    pub fn release(&self) -> Option<&Release> {
        let request = self.request.as_ref()?;
        let planned = self.plan.as_ref().map(|plan| plan.leaves());
        let shown = || Some(request.seen.as_ref()?.plan.as_ref()?.leaves);
        let keeps = planned.or_else(shown) == Some(Some(Leaves::Old));
        let brings = request.purpose == Purpose::Deploy && !keeps && !self.is_beside();
        brings.then_some(&request.spec.release)
    }

    /// Whether it touches nothing of what its stack stands for: the stack stays as it is, however
    /// this ends.
    #[must_use]
    pub fn is_beside(&self) -> bool {
        self.plan.as_ref().is_some_and(|plan| plan.stays)
    }

    /// That release by its name, else what it is for: `teardown`, or what its plan is called.
    #[must_use]
    pub fn brings(&self) -> String {
        let Some(request) = &self.request else {
            return String::new();
        };
        match (self.release(), request.purpose) {
            (Some(release), _) => release.to_string(),
            (None, Purpose::Teardown) => "teardown".to_owned(),
            (None, Purpose::Recover) => "recovery".to_owned(),
            (None, Purpose::Deploy) => self
                .plan
                .as_ref()
                .map_or_else(|| "no release".to_owned(), |plan| plan.name.clone()),
        }
    }
}
