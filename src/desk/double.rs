//! A desk for tests: a world to show, a record of everything that was asked, and somebody who
//! answers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use uuid::Uuid;

use super::attach::attach;
use super::{Batch, Desk, NotAsked, TailOf};
use crate::domain::ask::{Answer, Ask, AskState};
use crate::domain::ids::{AskId, StackId};
use crate::domain::line::Line;
use crate::world::World;

/// Who answers asks.
pub(crate) trait Answers: Send + Sync {
    /// The answer to an ask, if it is given at once; what it leads to happens in the world.
    fn answer(&self, ask: &Ask, id: AskId, world: &mut Arc<World>) -> Option<Answer>;
}

/// The desk.
#[derive(Default)]
pub(crate) struct Double<A> {
    pub(crate) world: Mutex<Arc<World>>,
    /// Everything that was asked, in order.
    pub(crate) asked: Mutex<Vec<Ask>>,
    pub(crate) lines: Mutex<Vec<Line>>,
    pub(crate) by: A,
    states: Mutex<BTreeMap<AskId, AskState>>,
}

impl<A: Answers> Double<A> {
    /// A desk with this world to show.
    pub(crate) fn over(world: World, by: A) -> Self {
        Self {
            world: Mutex::new(Arc::new(world)),
            asked: Mutex::default(),
            lines: Mutex::default(),
            by,
            states: Mutex::default(),
        }
    }

    /// The newest ask, answered anew.
    pub(crate) fn answer_newest(&self) {
        let (id, ask) = {
            let asked = self.asked.lock().unwrap();
            (nth(asked.len()), asked.last().unwrap().clone())
        };
        self.take(id, ask);
    }

    /// Answers the newest ask.
    pub(crate) fn answer(&self, answer: Answer) {
        let id = nth(self.asked.lock().unwrap().len());
        self.states
            .lock()
            .unwrap()
            .insert(id, AskState::Answered { answer });
    }

    pub(crate) fn set(&self, world: World) {
        *self.world.lock().unwrap() = Arc::new(world);
    }

    fn take(&self, id: AskId, ask: Ask) {
        let mut world = self.world.lock().unwrap();
        let answer = match attach(ask, &world.catalog, &world.folds) {
            Ok(ask) => self.by.answer(&ask, id, &mut world),
            Err(refused) => Some(Answer::Refused(refused)),
        };
        let state = answer.map_or(AskState::Asked, |answer| AskState::Answered { answer });
        self.states.lock().unwrap().insert(id, state);
    }
}

fn nth(nth: usize) -> AskId {
    AskId(Uuid::from_u128(nth as u128))
}

impl<A: Answers> Desk for Double<A> {
    fn submit(&self, ask: Ask) -> Result<AskId, NotAsked> {
        let id = {
            let mut asked = self.asked.lock().unwrap();
            asked.push(ask.clone());
            nth(asked.len())
        };
        self.take(id, ask);
        Ok(id)
    }

    fn state(&self, id: AskId) -> AskState {
        self.states
            .lock()
            .unwrap()
            .get(&id)
            .cloned()
            .unwrap_or(AskState::Asked)
    }

    fn world(&self) -> Arc<World> {
        Arc::clone(&self.world.lock().unwrap())
    }

    fn watch(&self, _stacks: &[StackId]) {}

    fn tail(&self, _of: &TailOf) {}

    fn drain(&self, _of: &TailOf) -> Batch {
        Batch {
            lines: std::mem::take(&mut *self.lines.lock().unwrap()),
            dropped: 0,
        }
    }

    fn untail(&self, _of: &TailOf) {}

    fn look_for_newer(&self, _stack: &StackId) {}
}
