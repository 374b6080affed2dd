//! Pages to read: who you are, what happened, what a stack is, why something failed. Everything on
//! them comes from the newest world, as long as they are open.

mod aside;
mod audit;
mod details;
mod explain;
mod identity;
mod past;
mod versions;

use crate::domain::cause::Cause;
use crate::domain::ids::StackId;
use crate::domain::time::Time;
use crate::tui::layers::page::{Page, Text};
use crate::tui::pane::Target;
use crate::tui::scene::Scene;
use crate::tui::theme::{Role, Theme};

use super::Console;

impl Console {
    fn page(
        &mut self,
        title: impl Into<String>,
        target: Option<Target>,
        of: impl Fn(&Scene<'_>, &Theme) -> Vec<Text> + 'static,
    ) {
        self.layers.push(Page::new(title, target, of));
    }

    /// A page about a stack.
    fn page_of(
        &mut self,
        title: String,
        stack: StackId,
        of: impl Fn(&StackId, &Scene<'_>, &Theme) -> Vec<Text> + 'static,
    ) {
        let target = Some(Target::Stack(stack.clone()));
        self.page(title, target, move |scene, theme| of(&stack, scene, theme));
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
        if let Some(stack) = self.page_stack(now) {
            self.page_of(
                format!("{stack}, the raw record"),
                stack,
                |stack, scene, _| raw(stack, scene),
            );
        }
    }

    /// Whose lines are missing among those of everything, and why.
    pub(super) fn page_unfollowed(&mut self) {
        if self.shown.views.unfollowed.is_empty() {
            return self.say("everything that has lines is followed", Role::Said);
        }
        self.page("What is not followed, and why", None, |scene, _| {
            unfollowed(scene)
        });
    }
}

fn unfollowed(scene: &Scene<'_>) -> Vec<Text> {
    let all = scene.views.unfollowed.iter();
    all.map(|one| {
        let group = one
            .group
            .as_ref()
            .map_or_else(String::new, |group| format!("{group}: "));
        Text::new(one.stack.to_string(), format!("{group}{}", one.why))
    })
    .collect()
}
fn raw(stack: &StackId, scene: &Scene<'_>) -> Vec<Text> {
    let fold = scene.world.folds.stack(stack);
    let mut text = serde_json::to_string_pretty(&fold).unwrap_or_default();
    if let Some(d) = scene.world.latest(stack) {
        text.push('\n');
        text.push_str(&serde_json::to_string_pretty(&**d).unwrap_or_default());
    }
    text.lines()
        .map(|line| Text::new("", line.to_owned()))
        .collect()
}

/// What a deployment repeats, or nothing.
fn of(cause: &Cause) -> String {
    cause
        .of
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default()
}
