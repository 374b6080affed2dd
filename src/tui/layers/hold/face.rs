//! What the card of a hold shows: what is decided about, and below it what to type.

use crate::domain::deployment::Deployment;
use crate::domain::hold::Hold;
use crate::domain::label::Label;
use crate::domain::time::short;
use crate::tui::layers::foot;
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
            rows.extend(paper::line(Label::Changed, text, wide, theme));
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
        if !hold.lines.iter().any(|line| line.label == Label::Step) {
            let text = format!(
                "{} {title}   {} {}   {}",
                hold.id.step,
                d.no(),
                self.stack,
                hold.kind.word()
            );
            rows.extend(paper::line(Label::Step, &text, wide, theme));
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
            && !hold.lines.iter().any(|line| line.label == Label::IfNobody)
        {
            rows.extend(paper::line(
                Label::IfNobody,
                &format!("rejected in {}", short(left)),
                wide,
                theme,
            ));
        }
        if let Some(decision) = &hold.decision {
            rows.extend(paper::labelled("DECIDED", &decision.says(), wide, theme));
        }
        rows
    }

    pub(super) fn foot(
        &self,
        hold: &Hold,
        wide: usize,
        scene: &Scene<'_>,
        theme: &Theme,
    ) -> Vec<Row> {
        let (hint, strong) = (theme.style(Role::Hint), theme.style(Role::Strong));
        let mut rows: Vec<Row> = vec![Vec::new()];
        let open = hold.is_open() && !self.sent;
        if open {
            let ways = hold.choices.iter();
            let ways = ways.map(|choice| (choice.name.as_str(), choice.does.as_str()));
            rows.extend(foot::ways(ways, self.chosen, wide, theme));
        }
        rows.extend(foot::said(&self.form, wide, theme));
        if self.sent && hold.is_open() {
            rows.push(foot::asked(theme));
        }
        if open {
            let choice = self
                .choice(hold)
                .map_or_else(String::new, |name| format!(" {name}"));
            rows.push(vec![
                ("type  ".to_owned(), hint),
                (self.phrase(hold), strong),
                (format!("  to approve{choice},  "), hint),
                ("no <reason>".to_owned(), strong),
                ("  to reject:  ".to_owned(), hint),
            ]);
            let typed = foot::typed(&self.form, !self.changed.is_empty(), scene.now);
            rows.push(vec![
                ("> ".to_owned(), theme.style(Role::Key)),
                (typed, theme.style(Role::Field)),
            ]);
            rows.extend(foot::why(&self.form, theme));
        }
        let mut keys = Vec::new();
        if open {
            keys.push(("Enter", "on an exact match"));
            keys.push(("Tab", if self.diff { "the card" } else { "the diff" }));
            if hold.choices.len() > 1 {
                keys.push(("Up Down", "choose"));
            }
        }
        keys.push(("Esc", "leave it waiting"));
        rows.push(foot::keys(keys, theme));
        rows
    }
}
