//! What the card of a hold shows: what is decided about, and below it what to type.

use crate::domain::deployment::Deployment;
use crate::domain::hold::{Hold, Verdict};
use crate::domain::time::short;
use crate::tui::layers::paper::{self, Row};
use crate::tui::scene::Scene;
use crate::tui::theme::{Role, Theme};

use super::HoldCard;

impl HoldCard {
    pub(super) fn body(
        &self,
        d: &Deployment,
        hold: &Hold,
        wide: usize,
        scene: &Scene<'_>,
        theme: &Theme,
    ) -> Vec<Row> {
        let mut rows: Vec<Row> = Vec::new();
        for text in &self.changed {
            rows.extend(paper::labelled("CHANGED", text, wide, theme));
        }
        if self.diff {
            rows.extend(paper::diff(d.rows().as_deref(), wide, theme));
            return rows;
        }
        let title = d
            .plan
            .as_ref()
            .and_then(|plan| plan.step(&hold.id.step))
            .map_or("", |step| step.title.as_str());
        if !hold.lines.iter().any(|line| line.label == "STEP") {
            let text = format!(
                "{} {title}   {} {}   {}",
                hold.id.step,
                d.no(),
                self.stack,
                hold.kind.word()
            );
            rows.extend(paper::labelled("STEP", &text, wide, theme));
        }
        rows.extend(paper::lines(&hold.lines, wide, theme));
        rows.extend(paper::labelled(
            "SUBJECT",
            &format!(
                "{:.12}   opened {}",
                hold.subject.to_string(),
                hold.opened_at.clock()
            ),
            wide,
            theme,
        ));
        if let Some(left) = hold.left(scene.now)
            && !hold.lines.iter().any(|line| line.label == "IF NOBODY")
        {
            rows.extend(paper::labelled(
                "IF NOBODY",
                &format!("rejected in {}", short(left)),
                wide,
                theme,
            ));
        }
        if let Some(decision) = &hold.decision {
            let what = match &decision.verdict {
                Verdict::Approved {
                    choice: Some(choice),
                    ..
                } => format!("approved: {choice}"),
                Verdict::Approved { choice: None, .. } => "approved".to_owned(),
                Verdict::Rejected => "rejected".to_owned(),
                Verdict::Expired => "expired".to_owned(),
                Verdict::Void => "void".to_owned(),
            };
            let note = if decision.note.is_empty() {
                String::new()
            } else {
                format!(": {}", decision.note)
            };
            rows.extend(paper::labelled(
                "DECIDED",
                &format!("{what} by {} at {}{note}", decision.by, decision.at.clock()),
                wide,
                theme,
            ));
        }
        rows
    }

    pub(super) fn foot(&self, hold: &Hold, scene: &Scene<'_>, theme: &Theme) -> Vec<Row> {
        let (hint, key) = (theme.style(Role::Hint), theme.style(Role::Key));
        let mut rows: Vec<Row> = vec![Vec::new()];
        let open = hold.is_open() && !self.sent;
        if open {
            for (n, choice) in hold.choices.iter().enumerate() {
                let here = n == self.chosen;
                let mark = if here { theme.glyphs.pointer() } else { " " };
                let style = theme.style(if here { Role::Strong } else { Role::Dim });
                rows.push(vec![
                    (format!("{mark} {}", choice.name), style),
                    (format!("   {}", choice.does), theme.style(Role::Dim)),
                ]);
            }
        }
        if !self.form.said.is_empty() {
            rows.push(vec![(self.form.said.clone(), theme.style(Role::Warn))]);
        }
        if self.sent && hold.is_open() {
            rows.push(vec![(
                "asked; waiting for the engine's answer".to_owned(),
                theme.style(Role::Run),
            )]);
        }
        if open {
            let choice = self
                .choice(hold)
                .map_or_else(String::new, |name| format!(" {name}"));
            let unread = self.form.deaf(scene.now).is_some() && !self.changed.is_empty();
            rows.push(vec![
                ("type  ".to_owned(), hint),
                (self.phrase(hold), theme.style(Role::Strong)),
                (format!("  to approve{choice},  "), hint),
                ("no <reason>".to_owned(), theme.style(Role::Strong)),
                ("  to reject:  ".to_owned(), hint),
            ]);
            let text = if unread {
                "(changed: read it first)".to_owned()
            } else {
                self.form.shown(0)
            };
            rows.push(vec![
                ("> ".to_owned(), key),
                (text, theme.style(Role::Field)),
            ]);
            if self.form.asks(1) {
                rows.push(vec![
                    ("and why:  ".to_owned(), hint),
                    (self.form.shown(1), theme.style(Role::Field)),
                ]);
            }
        }
        let mut keys: Row = Vec::new();
        let mut offer = |name: &str, does: &str| {
            keys.extend([(name.to_owned(), key), (format!(" {does}   "), hint)]);
        };
        if open {
            offer("Enter", "on an exact match");
            offer("Tab", if self.diff { "the card" } else { "the diff" });
            if hold.choices.len() > 1 {
                offer("Up Down", "choose");
            }
        }
        offer("Esc", "leave it waiting");
        rows.push(keys);
        rows
    }
}
