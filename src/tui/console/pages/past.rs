//! The deployments of a stack, the newest first: Enter opens one.

use crate::domain::ids::StackId;
use crate::domain::time::{Time, short};
use crate::tui::console::Console;
use crate::tui::layers::choose::{Choose, Entry, Leads};
use crate::tui::scene::Scene;
use crate::tui::theme::Role;
use crate::world::audit::ending;

use super::of;

impl Console {
    pub(in crate::tui::console) fn page_history(&mut self, now: Time) {
        let Some(stack) = self.page_stack(now) else {
            return;
        };
        if entries(&stack, &self.scene(now)).is_empty() {
            return self.say(
                format!("no deployment of {stack} is known here"),
                Role::Hint,
            );
        }
        self.layers.push(Choose::new(
            format!("Deployments of {stack}: Enter opens one"),
            move |scene| entries(&stack, scene),
        ));
    }
}

fn entries(stack: &StackId, scene: &Scene<'_>) -> Vec<Entry> {
    let mut entries = Vec::new();
    let serves = scene.world.in_service(stack);
    for d in scene.world.deployments_of(stack) {
        let Some(request) = &d.request else { continue };
        let took = d
            .started_at
            .map(|from| short(d.ended_at.unwrap_or(scene.now).since(from)))
            .unwrap_or_default();
        let end = d.end.as_ref().map_or_else(|| d.phase.to_string(), ending);
        let serves = if serves.is_some_and(|one| one.id == d.id) {
            "IN SERVICE  "
        } else {
            ""
        };
        let says = d.says();
        let says = if says.is_empty() {
            String::new()
        } else {
            format!("  {says}")
        };
        entries.push(Entry {
            key: d.no().to_string(),
            name: format!("{}  {}", d.created_at.text("%m-%d %H:%M"), d.brings()),
            doc: format!(
                "{serves}{end}  by {} {}  took {took}{says}",
                request.cause.by,
                of(&request.cause)
            ),
            off: String::new(),
            leads: Leads::Deployment(d.id),
        });
    }
    entries
}
