//! Who did what, the newest first.

use crate::domain::end::End;
use crate::domain::person::Person;
use crate::domain::time::Time;
use crate::tui::console::Console;
use crate::tui::layers::page::Text;
use crate::tui::theme::Role;
use crate::world::audit;

impl Console {
    pub(in crate::tui::console) fn page_audit(&mut self) {
        let mut lines: Vec<(Time, Text)> = Vec::new();
        let mut add = |at: Time, who: &Person, what: String, role: Role| {
            lines.push((
                at,
                Text::new(format!("{}  {who}", at.text("%m-%d %H:%M:%S")), what).role(role),
            ));
        };
        for d in self.shown.world.folds.deployments.values() {
            let Some(request) = &d.request else { continue };
            let what = |text: &str| format!("{} {}: {text}", d.no(), request.stack);
            let asked = what(&audit::asked(request));
            add(d.created_at, &request.cause.by, asked, Role::Text);
            for hold in &d.holds {
                let opened = what(&audit::opened(hold));
                add(hold.opened_at, &Person::Engine, opened, Role::Dim);
                if let Some(decision) = &hold.decision {
                    let decided = what(&audit::decided(&hold.id, decision));
                    add(decision.at, &decision.by, decided, Role::Strong);
                }
            }
            if let (Some(end), Some(at)) = (&d.end, d.ended_at) {
                let role = if matches!(end, End::Partial { .. } | End::Failed { .. }) {
                    Role::Fail
                } else {
                    Role::Dim
                };
                add(at, &Person::Engine, what(&audit::ending(end)), role);
            }
        }
        for stack in self.shown.world.folds.stacks.values() {
            if let Some(freeze) = &stack.freeze {
                let froze = audit::froze(audit::QUEUE, freeze);
                let froze = format!("{}: {froze}", stack.id);
                add(freeze.at, &freeze.by, froze, Role::Strong);
            }
        }
        for env in self.shown.world.folds.environments.values() {
            if let Some(freeze) = &env.freeze {
                let froze = audit::froze(audit::ALL_QUEUES, freeze);
                let froze = format!("{}: {froze}", env.name);
                add(freeze.at, &freeze.by, froze, Role::Strong);
            }
        }
        lines.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        lines.truncate(500);
        let mut lines: Vec<Text> = lines.into_iter().map(|(_, text)| text).collect();
        lines.push(Text::new("", "older: holdpoint audit").role(Role::Dim));
        self.page("Who did what, newest first", None, lines);
    }
}
