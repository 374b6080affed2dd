//! The coach of the practice estate: one line that names the next key. Nothing is said outside practice.

use crate::domain::time::Time;
use crate::tui::actions;

use super::{Console, HOLDS, LOG, Lock, STACKS};

impl Console {
    /// What to try next.
    pub(super) fn coach(&mut self, now: Time) -> Option<String> {
        if !self.world.catalog.practice {
            return None;
        }
        let key = |name: &str| self.keys.first(name);
        let holds = self.world.holds(now).len();
        if holds > 0 && self.focus != HOLDS {
            return Some(format!("{} : a hold waits for you", key("holds")));
        }
        if holds > 0 {
            return Some(format!("{} : read its card", key("open")));
        }
        if self.views.queue.is_empty() && self.focus == STACKS {
            let redeploy = actions::named("redeploy")?;
            let (redeploy_key, down, up) = (key("redeploy"), key("down"), key("up"));
            return Some(match self.denied(redeploy, now) {
                None => format!("{redeploy_key} : redeploy what is under the cursor"),
                Some(_) => match self.views.environments.iter().find(|env| self.lock(&env.name, now) == Lock::Open) {
                    Some(env) => format!("{down} {up} : go to {}, where {redeploy_key} redeploys", env.name),
                    None => format!("{down} : choose a stack"),
                },
            });
        }
        if self.focus == STACKS {
            return Some(format!("{} : the map lights up as it goes; {} the lines", key("pane-4"), key("logs")));
        }
        if self.focus == LOG {
            return Some(format!("{} : find in these lines; {} back", key("find"), key("back")));
        }
        Some(format!("{} : all keys", key("help")))
    }
}
