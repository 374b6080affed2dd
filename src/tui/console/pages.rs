//! Pages to read: who you are, what happened, what a stack is, why something failed. Everything on
//! them comes from the world.

mod audit;
mod details;
mod explain;
mod identity;

use crate::domain::cause::Cause;
use crate::domain::end::End;
use crate::domain::ids::StackId;
use crate::domain::time::{Time, short};
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

    pub(super) fn page_history(&mut self, now: Time) {
        let Some(stack) = self.page_stack(now) else {
            return;
        };
        let mut lines = Vec::new();
        for d in self.shown.world.deployments_of(&stack) {
            let Some(request) = &d.request else { continue };
            let took = d
                .started_at
                .map(|from| short(d.ended_at.unwrap_or(now).since(from)))
                .unwrap_or_default();
            let end = d.end.as_ref().map_or_else(|| d.phase.to_string(), ending);
            let role = match &d.end {
                Some(End::Partial { .. } | End::Failed { .. }) => Role::Fail,
                Some(End::Terminated { .. }) => Role::Dim,
                Some(End::Done) => Role::Text,
                None => Role::Run,
            };
            let text = format!(
                "{}  {}  by {} {}  took {took}  {end}",
                d.created_at.text("%m-%d %H:%M"),
                request.spec.release,
                request.cause.by,
                of(&request.cause)
            );
            lines.push(Text::new(d.no().to_string(), text).role(role));
        }
        if lines.is_empty() {
            lines.push(Text::new("", "none known here").role(Role::Dim));
        }
        self.page(
            format!("Deployments of {stack}"),
            Some(Target::Stack(stack)),
            lines,
        );
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
