//! What cannot be known any more of a stack, because what is kept of it is damaged or written by a
//! newer program. Nothing is decided on it then: the store is repaired first.

use crate::domain::event::StreamId;
use crate::domain::ids::StackId;

use super::World;

/// What is to be done then, and all that can be: what [`World::doctor`] does, and what follows.
pub const REPAIR: &str = "checks the whole store and says what is damaged; then go on with a copy of it from before, or with the newer version that wrote it";

impl World {
    /// The command that looks at the whole store.
    #[must_use]
    pub fn doctor(&self) -> &'static str {
        if self.catalog.practice {
            "holdpoint --practice doctor"
        } else {
            "holdpoint doctor"
        }
    }

    /// Why nothing more is known of a stack than what is shown: its log, or that of the deployment
    /// which holds it, cannot be read any further.
    #[must_use]
    pub fn damage(&self, id: &StackId) -> Option<String> {
        let of = |stream: StreamId| self.folds.broken.get(&stream);
        if let Some(why) = of(StreamId::Stack(id.clone())) {
            return Some(format!("its log cannot be read any further: {why}"));
        }
        let current = self.folds.stacks.get(id)?.current?;
        let why = of(StreamId::Deployment(current))?;
        let no = self.deployment(current)?.no();
        Some(format!("the log of {no} cannot be read any further: {why}"))
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::lifecycle::PhaseClass;
    use crate::world::available::Doing;
    use crate::world::fixture::{self, NOW, Scene};
    use crate::world::rows::State;

    use super::*;

    /// A stack that failed before its log was damaged, and one whose deployment's log is.
    #[test]
    fn it_is_explained_by_the_damage_alone_and_nothing_is_offered() {
        let scene = Scene::whole();
        let failed = scene.world.stacks().into_iter().find(|id| {
            let fold = scene.world.folds.stack(id);
            fold.class() == PhaseClass::Broken && fold.current.is_none()
        });
        let held = fixture::id("staging/orders");
        let current = scene.world.current(&held).unwrap().id;
        for (stack, stream) in [
            (
                failed.unwrap().clone(),
                StreamId::Stack(failed.unwrap().clone()),
            ),
            (held.clone(), StreamId::Stack(held.clone())),
            (held.clone(), StreamId::Deployment(current)),
        ] {
            let mut world = scene.world.clone();
            let before = world.verdict(&stack, NOW);
            assert!(before.repair.is_none() && !before.next.is_empty());
            world
                .folds
                .broken
                .insert(stream, "bytes are no text".to_owned());
            let (row, verdict) = (world.row(&stack, NOW), world.verdict(&stack, NOW));
            assert_eq!(row.state, State::Unkn);
            assert!(row.needs_me && row.step.is_none(), "{row:?}");
            let why = verdict.why.unwrap();
            assert!(
                why.ends_with("cannot be read any further: bytes are no text"),
                "{why}"
            );
            assert!(
                verdict.line.starts_with(&format!("{stack} CANNOT BE TOLD")),
                "{}",
                verdict.line
            );
            assert_eq!(
                (verdict.seen, verdict.next, verdict.repair),
                (None, vec![], Some(REPAIR))
            );
            for doing in Doing::ALL {
                let offer = world.offer(&stack, doing, NOW);
                assert_eq!(
                    offer.refused.map(|not| not.why),
                    Some(why.clone()),
                    "{doing:?}"
                );
            }
        }
    }
}
