//! Pages to read: who you are, what happened, what a stack is, why something failed. Everything on
//! them comes from the world.

mod audit;
mod details;
mod explain;
mod identity;

use crate::domain::cause::Cause;
use crate::domain::ids::StackId;
use crate::domain::time::{Time, short};
use crate::tui::layers::choose::{Choose, Entry, Leads};
use crate::tui::layers::page::{Page, Text};
use crate::tui::pane::Target;
use crate::tui::theme::Role;
use crate::world::audit::ending;

use super::Console;

impl Console {
    fn page(&mut self, title: impl Into<String>, target: Option<Target>, lines: Vec<Text>) {
        self.layers.push(Page::new(title, target, lines));
    }

    /// The stack under the cursor, or a word on the last line.
    fn page_stack(&mut self, now: Time) -> Option<StackId> {
        let target = self.target(now);
        let stack = target.as_ref().and_then(Target::stack).cloned();
        if stack.is_none() {
            self.say("choose a stack first", Role::Hint);
        }
        stack
    }

    pub(super) fn page_raw(&mut self, now: Time) {
        let Some(stack) = self.page_stack(now) else {
            return;
        };
        let fold = self.shown.world.folds.stack(&stack);
        let mut text = serde_json::to_string_pretty(&fold).unwrap_or_default();
        if let Some(d) = self.shown.world.latest(&stack) {
            text.push('\n');
            text.push_str(&serde_json::to_string_pretty(&**d).unwrap_or_default());
        }
        let lines = text
            .lines()
            .map(|line| Text::new("", line.to_owned()))
            .collect();
        self.page(
            format!("{stack}, the raw record"),
            Some(Target::Stack(stack)),
            lines,
        );
    }

    /// Whose lines are missing among those of everything, and why.
    pub(super) fn page_unfollowed(&mut self) {
        let all = &self.shown.views.unfollowed;
        if all.is_empty() {
            return self.say("everything that has lines is followed", Role::Said);
        }
        let lines = all
            .iter()
            .map(|one| {
                let group = one
                    .group
                    .as_ref()
                    .map_or_else(String::new, |group| format!("{group}: "));
                Text::new(one.stack.to_string(), format!("{group}{}", one.why))
            })
            .collect();
        self.page("What is not followed, and why", None, lines);
    }

    pub(super) fn page_history(&mut self, now: Time) {
        let Some(stack) = self.page_stack(now) else {
            return;
        };
        let mut entries = Vec::new();
        for d in self.shown.world.deployments_of(&stack) {
            let Some(request) = &d.request else { continue };
            let took = d
                .started_at
                .map(|from| short(d.ended_at.unwrap_or(now).since(from)))
                .unwrap_or_default();
            let end = d.end.as_ref().map_or_else(|| d.phase.to_string(), ending);
            entries.push(Entry {
                key: d.no().to_string(),
                name: format!(
                    "{}  {}",
                    d.created_at.text("%m-%d %H:%M"),
                    request.spec.release
                ),
                doc: format!(
                    "{end}  by {} {}  took {took}",
                    request.cause.by,
                    of(&request.cause)
                ),
                off: String::new(),
                leads: Leads::Deployment(d.id),
            });
        }
        if entries.is_empty() {
            return self.say(
                format!("no deployment of {stack} is known here"),
                Role::Hint,
            );
        }
        self.layers.push(Choose::new(
            format!("Deployments of {stack}: Enter opens one"),
            entries,
        ));
    }
}

/// What a deployment repeats, or nothing.
fn of(cause: &Cause) -> String {
    cause
        .of
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default()
}
