//! Whether changes may be asked for in an environment: production is read-only until it is unlocked
//! for a while.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::domain::ask::Ask;
use crate::domain::class::EnvClass;
use crate::domain::environment::{Lock as Recorded, Mode};
use crate::domain::ids::EnvName;
use crate::domain::time::{Time, short};
use crate::tui::actions::{Action, Cx, Denied, Does, Order};
use crate::tui::keys::Keys;
use crate::tui::theme::Role;
use crate::world::World;

use super::Console;

/// How long production stays unlocked.
pub const UNLOCKED: Duration = Duration::from_mins(15);

/// Whether changes may be asked for in an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lock {
    /// No: why.
    Read(String),
    /// Yes, until then.
    Guarded(Time),
    /// Yes: it is not protected.
    Open,
}

/// What a person unlocked and locked.
#[derive(Debug, Clone, Default)]
pub(super) struct Guard {
    unlocked: BTreeMap<EnvName, Time>,
    locked: BTreeSet<EnvName>,
}

impl Guard {
    /// Locks what was unlocked for long enough.
    pub(super) fn pass(&mut self, now: Time) {
        self.unlocked.retain(|_, until| *until > now);
    }

    /// Why an action is not possible now: for itself, or by the lock of the environment. A hold's
    /// card is its own guard, and an undo takes nothing away but a wish.
    pub(super) fn denies(&self, action: Action, cx: &Cx<'_>, keys: &Keys) -> Option<Denied> {
        let Does::Change(run) = action.does else {
            return None;
        };
        match run(cx) {
            Err(denied) => Some(denied),
            Ok(Order::Hold(..) | Order::Undo(..) | Order::UndoWhich) => None,
            Ok(Order::Card { .. } | Order::Freeze(_) | Order::Parameter(..)) => {
                match self.lock(cx.world, cx.target?.env(), &keys.first("mode"), cx.now) {
                    Lock::Read(why) => Some(Denied::new(why)),
                    Lock::Guarded(_) | Lock::Open => None,
                }
            }
        }
    }

    /// The lock of an environment; `key` unlocks it.
    pub(super) fn lock(&self, world: &World, env: &EnvName, key: &str, now: Time) -> Lock {
        let record = world.record(env);
        if record.is_some_and(|record| record.mode == Mode::Watch) {
            return Lock::Read(format!("{env} is only watched by this store"));
        }
        let protected = record.is_none_or(|record| record.class == EnvClass::Production);
        match self.unlocked.get(env) {
            Some(until) if *until > now => Lock::Guarded(*until),
            _ if protected || self.locked.contains(env) => {
                Lock::Read(format!("{env} is read-only, {key} unlocks it for 15 min"))
            }
            _ => Lock::Open,
        }
    }
}

impl Console {
    /// Whether changes may be asked for in an environment.
    #[must_use]
    pub fn lock(&self, env: &EnvName, now: Time) -> Lock {
        self.guard
            .lock(&self.shown.world, env, &self.keys.first("mode"), now)
    }

    /// READ becomes GUARDED or OPEN, and the other way round.
    pub(super) fn toggle_lock(&mut self, now: Time) {
        let Some(env) = self.target(now).map(|target| target.env().clone()) else {
            return self.say("choose a stack or an environment first", Role::Hint);
        };
        match self.lock(&env, now) {
            Lock::Guarded(_) => {
                self.guard.unlocked.remove(&env);
                self.locks(&env, Recorded::Read, format!("{env} is READ again"));
            }
            Lock::Open => {
                self.guard.locked.insert(env.clone());
                self.locks(&env, Recorded::Read, format!("{env} is READ"));
            }
            Lock::Read(_) if self.guard.locked.remove(&env) => {
                let says = format!("{env} is OPEN; every change still has its card");
                self.locks(&env, Recorded::Open, says);
            }
            Lock::Read(why) => {
                if self
                    .shown
                    .world
                    .record(&env)
                    .is_some_and(|record| record.mode == Mode::Watch)
                {
                    return self.say(why, Role::Warn);
                }
                let until = now + UNLOCKED;
                self.guard.unlocked.insert(env.clone(), until);
                let says = format!(
                    "{env} is GUARDED for {}; every change still has its card",
                    short(UNLOCKED)
                );
                self.locks(&env, Recorded::Guarded { until }, says);
            }
        }
    }

    /// Says what an environment is to this console now, and has it recorded: others can read who
    /// unlocked what, and when. It waits for nobody.
    fn locks(&mut self, env: &EnvName, lock: Recorded, says: String) {
        let ask = Ask::Lock {
            environment: env.clone(),
            lock,
        };
        match self.desk.submit(ask) {
            Ok(id) => {
                self.noted(id);
                self.say(says, Role::Said);
            }
            Err(why) => self.say(format!("{says}; not recorded: {why}"), Role::Warn),
        }
    }
}
