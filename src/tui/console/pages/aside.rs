//! What was set aside, the newest first: messages of queues that led to nothing, why, and what to do.

use crate::domain::time::short;
use crate::tui::console::Console;
use crate::tui::layers::page::Text;
use crate::tui::scene::Scene;
use crate::tui::theme::Role;

impl Console {
    /// Shows them; the band counts those alone that come after it.
    pub(in crate::tui::console) fn page_aside(&mut self) {
        let newest = self.shown.world.aside.kept.messages.iter();
        self.aside_seen = newest.map(|one| one.at).max().max(self.aside_seen);
        self.page("What was set aside, newest first", None, |scene, _| {
            lines(scene)
        });
    }
}

fn lines(scene: &Scene<'_>) -> Vec<Text> {
    let (read, now) = (&scene.world.aside, scene.now);
    let mut lines = Vec::new();
    if let Some(why) = &read.trouble {
        lines.push(Text::new("NOT READ", why.to_string()).role(Role::Fail));
    }
    if read.kept.messages.is_empty() {
        let says = "no message of a queue was set aside";
        lines.push(Text::new("", says).role(Role::Dim));
        return lines;
    }
    for one in read.kept.messages.iter().rev() {
        let age = short(now.since(one.at));
        lines.push(Text::new(one.at.text("%m-%d %H:%M:%S"), one.queue.clone()).role(Role::Strong));
        lines.push(Text::new("  why", one.why.to_string()).role(Role::Warn));
        lines.push(Text::new("  then", one.then()));
        lines.push(
            Text::new(
                "  message",
                format!("{}, {}, {age} ago", one.id, one.tries()),
            )
            .role(Role::Dim),
        );
        lines.push(Text::new("  said", one.body.to_string()).role(Role::Dim));
    }
    let kept = read.kept.messages.len();
    let older = read.kept.total.saturating_sub(kept as u64);
    if older > 0 {
        let says = format!("{older} older ones are kept no longer");
        lines.push(Text::new("", says).role(Role::Dim));
    }
    lines
}
