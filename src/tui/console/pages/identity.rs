//! Who you are, who the engine is, and what it proved of every place.

use crate::domain::time::short;
use crate::tui::console::guard::Guard;
use crate::tui::console::{Console, Lock};
use crate::tui::layers::page::Text;
use crate::tui::scene::Scene;
use crate::tui::theme::Role;

impl Console {
    pub(in crate::tui::console) fn page_identity(&mut self) {
        // What was unlocked is locked again while the page is open.
        let guard = self.guard.clone();
        self.page("Who is who", None, move |scene, _| lines(&guard, scene));
    }
}

fn lines(guard: &Guard, scene: &Scene<'_>) -> Vec<Text> {
    let (world, now) = (scene.world, scene.now);
    let mut lines = vec![
        Text::new(
            "you",
            format!(
                "{} (the owner of the store; proven by its files)",
                world.you
            ),
        ),
        Text::new("engine", world.engine.says()),
        Text::new(
            "estate",
            if world.catalog.practice {
                "the practice estate".to_owned()
            } else {
                world.catalog.file.clone()
            },
        ),
        Text::new("", ""),
    ];
    for (why, stacks) in world.why_unseen(now) {
        let names: Vec<String> = stacks.iter().map(ToString::to_string).collect();
        lines.push(Text::new("LOST", why).role(Role::Alert));
        lines.push(Text::new("  of", names.join(", ")));
    }
    for untold in world.untold(now) {
        lines.push(Text::new("UNTOLD", untold.says()).role(Role::Warn));
    }
    for env in &scene.views.environments {
        let lock = match guard.lock(world, &env.name, &scene.keys.first("mode"), now) {
            Lock::Read(_) => "READ".to_owned(),
            Lock::Guarded(until) => format!("GUARDED {}", short(until.since(now))),
            Lock::Open => "OPEN".to_owned(),
        };
        let practice = if env.practice { " (practice)" } else { "" };
        lines.push(
            Text::new(
                format!("{}{practice}", env.name),
                format!("{}  {}  {lock}", env.class.word(), env.spot),
            )
            .role(Role::Strong),
        );
        let places = world.record(&env.name).map(|record| &record.places);
        for (nth, place) in places.into_iter().flatten().enumerate() {
            if nth > 0 {
                lines.push(Text::new(format!("  {}", place.name), place.whole()));
            }
            let Some(seen) = world.proof(&env.name, &place.name) else {
                lines.push(
                    Text::new("  proven", "not yet: the engine has not looked").role(Role::Dim),
                );
                continue;
            };
            lines.push(Text::new(
                "  proven",
                format!(
                    "{} ago as {}",
                    short(now.since(seen.taken_at)),
                    seen.proof.who
                ),
            ));
            if let Some(until) = seen.proof.expires_at {
                lines.push(Text::new(
                    "  until",
                    format!("{} (in {})", until.text("%H:%MZ"), short(until.since(now))),
                ));
            }
            if let Some(why) = seen.stale {
                let says = format!(
                    "{why}. What runs there goes on alone, nothing was cancelled, step timeouts are stopped."
                );
                lines.push(Text::new("  NO PROOF", says).role(Role::Alert));
            }
        }
        if let Some(says) = env.throttled_says() {
            lines.push(Text::new("  THROTTLED", says).role(Role::Warn));
        }
        if let Some(why) = env.differs.refuses(&env.name) {
            lines.push(Text::new("  DIFFERS", why).role(Role::Warn));
        }
    }
    lines
}
