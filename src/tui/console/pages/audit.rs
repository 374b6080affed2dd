//! Who did what, the newest first.

use crate::domain::end::End;
use crate::domain::hold::Verdict as Decided;
use crate::domain::time::Time;
use crate::tui::console::Console;
use crate::tui::layers::page::Text;
use crate::tui::theme::Role;
use crate::world::audit::ending;

impl Console {
    pub(in crate::tui::console) fn page_audit(&mut self) {
        let mut lines: Vec<(Time, Text)> = Vec::new();
        let mut add = |at: Time, who: &dyn std::fmt::Display, what: String, role: Role| {
            lines.push((
                at,
                Text::new(format!("{}  {who}", at.text("%m-%d %H:%M:%S")), what).role(role),
            ));
        };
        for d in self.shown.world.folds.deployments.values() {
            let Some(request) = &d.request else { continue };
            let what = |text: &str| format!("{} {}: {text}", d.no(), request.stack);
            let of = request
                .cause
                .of
                .as_ref()
                .map_or_else(String::new, |of| format!(", {of}"));
            let why = if request.cause.reason.is_empty() {
                String::new()
            } else {
                format!(", because {}", request.cause.reason)
            };
            let asked = format!(
                "asked for {} from {}{of}{why}",
                request.spec.release, request.cause.via
            );
            add(d.created_at, &request.cause.by, what(&asked), Role::Text);
            for hold in &d.holds {
                add(
                    hold.opened_at,
                    &"engine",
                    what(&format!(
                        "hold {} opened on {}",
                        hold.kind.word(),
                        hold.id.step
                    )),
                    Role::Dim,
                );
                if let Some(decision) = &hold.decision {
                    let verdict = match &decision.verdict {
                        Decided::Approved {
                            choice: Some(choice),
                            ..
                        } => format!("approved {choice}"),
                        Decided::Approved { choice: None, .. } => "approved".to_owned(),
                        Decided::Rejected => "rejected".to_owned(),
                        Decided::Expired => "let expire".to_owned(),
                        Decided::Void => "voided".to_owned(),
                    };
                    let note = if decision.note.is_empty() {
                        String::new()
                    } else {
                        format!(": {}", decision.note)
                    };
                    add(
                        decision.at,
                        &decision.by,
                        what(&format!(
                            "{verdict} {} on {}{note}",
                            hold.kind.word(),
                            hold.id.step
                        )),
                        Role::Strong,
                    );
                }
            }
            if let (Some(end), Some(at)) = (&d.end, d.ended_at) {
                let role = if matches!(end, End::Partial { .. } | End::Failed { .. }) {
                    Role::Fail
                } else {
                    Role::Dim
                };
                add(at, &"engine", what(&ending(end)), role);
            }
        }
        for stack in self.shown.world.folds.stacks.values() {
            if let Some(freeze) = &stack.freeze {
                add(
                    freeze.at,
                    &freeze.by,
                    format!("{}: froze the queue: {}", stack.id, freeze.reason),
                    Role::Strong,
                );
            }
        }
        for env in self.shown.world.folds.environments.values() {
            if let Some(freeze) = &env.freeze {
                add(
                    freeze.at,
                    &freeze.by,
                    format!("{}: froze all queues: {}", env.name, freeze.reason),
                    Role::Strong,
                );
            }
        }
        lines.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        lines.truncate(500);
        let mut lines: Vec<Text> = lines.into_iter().map(|(_, text)| text).collect();
        lines.push(Text::new("", "older: holdpoint audit").role(Role::Dim));
        self.page("Who did what, newest first", None, lines);
    }
}
