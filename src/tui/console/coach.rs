//! The coach of the practice estate: one line that names the next key. Nothing is said outside
//! practice.

use crate::domain::time::Time;
use crate::tui::layout::Slot;
use crate::tui::pane::Target;

use super::{Console, Lock};

impl Console {
    /// What to try next.
    pub(super) fn coach(&self, now: Time) -> Option<String> {
        if !self.shown.world.catalog.practice {
            return None;
        }
        let key = |name: &str| self.keys.first(name);
        let holds = self.shown.world.holds(now).len();
        if holds > 0 {
            let there = matches!(self.target(now), Some(Target::Hold(..)));
            return Some(if there {
                format!("{} : read its card", key("open"))
            } else {
                format!("{} : a hold waits for you", key("holds"))
            });
        }
        if self.shown.views.queue.is_empty() && self.board.at_root() {
            let redeploy = self.keys.action("redeploy")?;
            let (redeploy_key, down, up) = (key("redeploy"), key("down"), key("up"));
            return Some(match self.denied(redeploy, now) {
                None => format!("{redeploy_key} : redeploy what is under the cursor"),
                Some(_) => match self
                    .shown
                    .views
                    .environments
                    .iter()
                    .find(|env| self.lock(&env.name, now) == Lock::Open)
                {
                    Some(env) => format!(
                        "{down} {up} : go to {}, where {redeploy_key} redeploys",
                        env.name
                    ),
                    None => format!("{down} : choose a stack"),
                },
            });
        }
        if self.board.at_root() {
            let picture = self.board.first(Slot::Picture)?;
            return Some(format!(
                "{} : the plan as it goes; {} the lines",
                key(picture.name),
                key("logs")
            ));
        }
        if self.board.def().slot == Slot::Lines {
            return Some(format!(
                "{} : find in these lines; {} back",
                key("find"),
                key("back")
            ));
        }
        Some(format!("{} : all keys", key("help")))
    }
}
