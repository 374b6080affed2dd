//! Why something failed: what failed first, whether it was seen before, what to do.

use crate::domain::ids::StackId;
use crate::domain::line::Severity;
use crate::domain::time::Time;
use crate::tui::console::Console;
use crate::tui::layers::page::Text;
use crate::tui::pane::Near;
use crate::tui::scene::Scene;
use crate::tui::states;
use crate::tui::theme::{Role, Theme};

impl Console {
    pub(in crate::tui::console) fn page_explain(&mut self, now: Time) {
        let Some(stack) = self.page_stack(now) else {
            return;
        };
        // What was written then does not change while it is read.
        let ran = self.shown.world.failed_between(&stack);
        let near = ran.and_then(|ran| {
            let mut panes = self.board.panes();
            panes.find_map(|pane| pane.around(&stack, ran))
        });
        self.page_of(
            format!("Explain {stack}"),
            stack,
            move |stack, scene, theme| {
                let mut all = lines(stack, scene, theme);
                if let Some((_, ended)) = ran {
                    all.extend(around(ended, near.as_ref()));
                }
                all
            },
        );
    }
}

/// The lines around a failure, as far as they are here.
fn around(ended: Time, near: Option<&(Time, Vec<Near>)>) -> Vec<Text> {
    let says = match near {
        None => format!(
            "no line of the 30 s around {} is here: L shows what there is",
            ended.clock()
        ),
        Some((at, _)) => format!("the lines of the 30 s around {}:", at.clock()),
    };
    let mut all = vec![Text::new("", ""), Text::new("LINES", says).role(Role::Dim)];
    let near = near.into_iter().flat_map(|(_, lines)| lines);
    all.extend(near.map(|line| {
        let role = match line.severity {
            Severity::Error => Role::Fail,
            Severity::Warn => Role::Warn,
            Severity::Gap => Role::Dim,
            Severity::Debug | Severity::Info => Role::Text,
        };
        Text::new(line.at.clock(), line.text.clone()).role(role)
    }));
    all
}

fn lines(stack: &StackId, scene: &Scene<'_>, theme: &Theme) -> Vec<Text> {
    let verdict = scene.world.verdict(stack, scene.now);
    let mut lines = vec![
        Text::new(
            "",
            format!("{} {}", states::glyph(verdict.state, theme), verdict.line),
        )
        .role(Role::Strong),
        Text::new("", ""),
    ];
    if let Some(why) = &verdict.why {
        lines.push(Text::new("WHY", why.clone()).role(Role::Fail));
    }
    if let Some(known) = verdict.known {
        lines.push(Text::new("KNOWN", known.says()));
    }
    if let Some(seen) = &verdict.seen {
        lines.push(Text::new("SEEN", seen.says()));
    }
    let failure = scene
        .world
        .latest(stack)
        .filter(|_| verdict.repair.is_none())
        .and_then(|d| d.first_failure().cloned());
    if let Some(failure) = failure {
        if !failure.detail.is_empty() {
            for line in failure.detail.lines() {
                lines.push(Text::new("DETAIL", line.to_owned()));
            }
        }
        if !failure.hint.is_empty() {
            lines.push(Text::new("HINT", failure.hint));
        }
    }
    for offer in &verdict.next {
        let key = match scene.keys.first(offer.doing.name()) {
            key if key.is_empty() => format!(":{}", offer.doing.name()),
            key => key,
        };
        let (text, role) = match &offer.refused {
            None => (
                if offer.note.is_empty() {
                    offer.doing.name().to_owned()
                } else {
                    format!("{}: {}", offer.doing.name(), offer.note)
                },
                Role::Text,
            ),
            Some(not) => (
                format!("{} not now: {} {}", offer.doing.name(), not.why, not.when),
                Role::Dim,
            ),
        };
        lines.push(Text::new(format!("THEN [{key}]"), text).role(role));
    }
    if let Some(repair) = verdict.repair {
        lines.push(Text::new(
            "THEN",
            format!("`{}` {repair}", scene.world.doctor()),
        ));
    }
    if verdict.why.is_none() && verdict.next.is_empty() {
        lines.push(Text::new("", "nothing has failed here").role(Role::Dim));
    }
    lines
}
