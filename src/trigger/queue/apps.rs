//! What is told of apps: each is an instance of an application of its environment, from the first word
//! of it until it is gone and its site torn down.

use std::sync::Arc;
use std::time::Duration;

use super::poll::{Outcome, Post};
use super::read::{Asked, Wish};
use super::{Letter, Source, asked};
use crate::domain::ids::{Part, StackId};
use crate::domain::instance::AppTold;
use crate::domain::time::short;
use crate::text::safe::Safe;

/// How far ahead of ours the clock of whoever tells of apps may be.
const AHEAD: Duration = Duration::from_hours(1);

impl Post {
    /// Records what was told; asks for the teardown of what stands for an app that is gone.
    pub(super) async fn app(
        self: &Arc<Self>,
        source: &Source,
        letter: &Letter,
        id: Part,
        told: &AppTold,
    ) -> Outcome {
        let ahead = told.at().since(self.parts.clock.now());
        if ahead > AHEAD {
            return Outcome::Poison(format!(
                "its TimeStamp is {} ahead of the clock: nothing that is told later would count",
                short(ahead)
            ));
        }
        let families = self.parts.families.clone();
        let read = tokio::task::spawn_blocking(move || families()).await;
        let families = match read.map_err(|why| why.to_string()) {
            Ok(Ok(families)) => families,
            Ok(Err(why)) | Err(why) => return Outcome::Wait(why),
        };
        let Some(app) = families.get(&source.env) else {
            return Outcome::Retry(format!(
                "no application of {} says `each: app`: of none would the app be an instance",
                source.env
            ));
        };
        let stack = StackId {
            part: Some(id),
            ..StackId::new(source.env.clone(), app.clone())
        };
        let recorded = self.pass_on(
            (source, letter),
            asked::app(source, letter, &stack, told),
            &stack,
        );
        match (recorded.await, told) {
            (Outcome::Done(_), AppTold::Gone { .. }) if self.stands(&stack) => {
                let teardown = Asked {
                    stack,
                    wish: Wish::Teardown,
                    // Another ask than that which records it, and the same one each time.
                    id: Some(format!("{} gone", letter.id)),
                    by: None,
                    reason: Some(Safe::new("its app is gone")),
                };
                self.ask(source, letter, &teardown).await
            }
            (outcome, _) => outcome,
        }
    }

    /// Whether anything stands for an instance, or is on its way.
    fn stands(&self, stack: &StackId) -> bool {
        let world = self.parts.desk.world();
        let fold = world.folds.stacks.get(stack);
        fold.is_some_and(|fold| !fold.holds_nothing())
    }
}
