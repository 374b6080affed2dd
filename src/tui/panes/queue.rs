//! Pane 2: one queue over all environments, with the reason why each waits.

use ratatui::style::Style;

use crate::domain::ids::{DeploymentId, DeploymentNo, StackId};
use crate::domain::time::short;
use crate::tui::paint::{fit, pad, width};
use crate::tui::pane::Target;
use crate::tui::scene::Scene;
use crate::tui::states;
use crate::tui::theme::{Role, Theme};
use crate::world::queue::QueueItem;

use super::list::{List, Listed};
use super::named;

/// The pane.
pub type Queue = List<Queued>;

/// What runs and what waits.
#[derive(Debug)]
pub struct Queued;

/// How wide the columns are: the pane, the number, the stack.
#[derive(Debug)]
pub struct Columns {
    wide: usize,
    no: usize,
    stack: usize,
}

impl Listed for Queued {
    type Item<'a> = &'a QueueItem;
    type Key = (StackId, DeploymentId, DeploymentNo);
    type Columns = Columns;
    const TITLE: &'static str = "Queue";
    const EMPTY: &'static str = "nothing runs, nothing waits";

    fn all<'a>(scene: &Scene<'a>) -> Vec<&'a QueueItem> {
        scene.views.queue.iter().collect()
    }

    fn key(item: &&QueueItem) -> Self::Key {
        (item.stack.clone(), item.deployment, item.no)
    }

    fn field(item: &&QueueItem, name: &str) -> String {
        match name {
            "state" => item.state.word().to_lowercase(),
            "by" => item.by.clone(),
            _ => format!(
                "{} {} {} {}",
                item.no,
                item.stack,
                item.state.word(),
                item.by
            ),
        }
    }

    fn columns(items: &[&QueueItem], wide: usize) -> Columns {
        let longest = items
            .iter()
            .map(|item| width(&item.stack.to_string()))
            .max()
            .unwrap_or(0);
        Columns {
            wide,
            no: items
                .iter()
                .map(|item| item.no.to_string().len())
                .max()
                .unwrap_or(0)
                + 1,
            stack: (longest + 1).min(if wide < 60 { wide * 2 / 5 } else { 32 }),
        }
    }

    fn row(
        item: &&QueueItem,
        columns: &Columns,
        scene: &Scene<'_>,
        theme: &Theme,
    ) -> Vec<(String, Style)> {
        let Columns { wide, no, stack } = *columns;
        let (badge, style) = states::badge(item.state, theme);
        let badge = fit(&badge, 7);
        let age = if wide < 60 {
            String::new()
        } else {
            format!(
                " {:>5} {}",
                short(scene.now.since(item.since)),
                pad(&item.by, 8)
            )
        };
        let rest = wide.saturating_sub(no + stack + 8 + width(&age));
        let (text, dim) = (theme.style(Role::Text), theme.style(Role::Dim));
        let gap = " ".repeat(8 - width(&badge));
        vec![
            (pad(&item.no.to_string(), no), dim),
            (
                format!(
                    "{} ",
                    named(
                        &item.stack,
                        &item.stack.to_string(),
                        stack.saturating_sub(1)
                    )
                ),
                text,
            ),
            (badge, style),
            (gap, text),
            (pad(&item.waits.says(scene.now), rest), dim),
            (age, dim),
        ]
    }

    fn target((stack, id, no): &Self::Key) -> Target {
        Target::Deployment(stack.clone(), *id, *no)
    }

    fn copied((stack, _, no): &Self::Key) -> String {
        format!("{no} {stack}")
    }
}
