//! The plan as boxes from left to right.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use unicode_width::UnicodeWidthStr;

use crate::domain::deployment::StepState;
use crate::domain::ids::StepId;
use crate::domain::plan::Step;
use crate::text::safe::Safe;
use crate::tui::maps::canvas::{Canvas, Pen};
use crate::tui::motion::Motion;
use crate::tui::theme::{Role, Theme};

use super::PlanOf;
use super::layout::{GraphLayout, Laid};
use super::step::{hold, look, slow, time};

/// Plans of more steps are shown as a list.
const MOST: usize = 30;

/// The plan laid out, if it fits the area.
pub(super) fn lay(
    of: &PlanOf<'_>,
    order: &[&Step],
    with: &impl GraphLayout,
    area: Rect,
) -> Option<Laid> {
    if order.is_empty() || order.len() > MOST {
        return None;
    }
    let sizes: Vec<(u16, u16)> = order
        .iter()
        .map(|step| {
            let lines = lines(of, step);
            (
                u16::try_from(lines.iter().map(|line| line.width()).max().unwrap_or(0) + 4)
                    .unwrap_or(u16::MAX),
                4,
            )
        })
        .collect();
    // No box is wider than the area; checked before the engine is asked for something absurd.
    if sizes.iter().any(|(width, _)| *width > area.width) {
        return None;
    }
    with.lay(&sizes, &needs(order))
        .filter(|laid| laid.width <= area.width && laid.height <= area.height)
}

/// Pairs of places in `order`: a need and who needs it. A need that is implied by another is left
/// out.
fn needs(order: &[&Step]) -> Vec<(usize, usize)> {
    let place = |id: &StepId| order.iter().position(|step| step.id == *id);
    let mut behind: Vec<std::collections::BTreeSet<usize>> = Vec::new();
    let mut out = Vec::new();
    for (at, step) in order.iter().enumerate() {
        let direct: std::collections::BTreeSet<usize> = step
            .after
            .iter()
            .filter_map(place)
            .filter(|need| *need < at)
            .collect();
        let implied: std::collections::BTreeSet<usize> = direct
            .iter()
            .flat_map(|need| behind[*need].iter().copied())
            .collect();
        out.extend(direct.difference(&implied).map(|need| (*need, at)));
        behind.push(direct.union(&implied).copied().collect());
    }
    out
}

fn lines(of: &PlanOf<'_>, step: &Step) -> [String; 2] {
    let title = Safe::new(&step.title).into_string();
    let took = time(of, step);
    let second = hold(of, step).map_or(took.clone(), |kind| format!("? {} {took}", kind.word()));
    [format!("x {title}"), second.trim_end().to_owned()]
}

#[expect(clippy::too_many_arguments, reason = "plain values of one drawing")]
pub(super) fn draw(
    of: &PlanOf<'_>,
    order: &[&Step],
    laid: &Laid,
    critical: &[&StepId],
    selected: Option<&StepId>,
    theme: &Theme,
    area: Rect,
    buf: &mut Buffer,
) {
    let state = |step: &Step| of.state(step);
    let mut canvas = Canvas::new(laid.width, laid.height);
    let mut edges: Vec<_> = needs(order).into_iter().zip(&laid.edges).collect();
    let travelled = |(from, to): (usize, usize)| {
        state(order[from]) == Some(StepState::Done)
            && !matches!(
                state(order[to]),
                None | Some(
                    StepState::Blocked
                        | StepState::Ready
                        | StepState::Skipped
                        | StepState::Cancelled
                )
            )
    };
    let on_path = |(from, to): (usize, usize)| {
        critical
            .windows(2)
            .any(|pair| *pair[0] == order[from].id && *pair[1] == order[to].id)
    };
    edges.sort_by_key(|(pair, _)| (travelled(*pair), on_path(*pair)));
    for (pair, corners) in edges {
        let gone = [pair.0, pair.1]
            .iter()
            .any(|at| state(order[*at]) == Some(StepState::Skipped));
        let mut style = theme.style(if travelled(pair) {
            Role::EdgeTravelled
        } else {
            Role::Edge
        });
        if on_path(pair) {
            style = style.add_modifier(Modifier::BOLD);
        } else if gone {
            style = style.add_modifier(Modifier::DIM);
        }
        canvas.wire(
            corners,
            Pen {
                heavy: travelled(pair) || on_path(pair),
                dashed: !travelled(pair),
                style,
            },
            true,
            theme.glyphs,
        );
    }
    for (step, area) in order.iter().zip(&laid.nodes) {
        let (glyph, role) = look(state(step), theme.glyphs);
        let mut style = theme.style(role);
        if critical.contains(&&step.id) {
            style = style.add_modifier(Modifier::BOLD);
        }
        let here = selected == Some(&step.id);
        let frame = if here {
            theme.style(Role::NodeSelected)
        } else {
            style
        };
        canvas.frame(
            *area,
            Pen {
                heavy: here || state(step) == Some(StepState::Active),
                dashed: false,
                style: frame,
            },
        );
        let [first, second] = lines(of, step);
        canvas.text(area.x + 2, area.y + 1, glyph, style);
        canvas.text(
            area.x + 4,
            area.y + 1,
            first.get(2..).unwrap_or_default(),
            style,
        );
        canvas.text(
            area.x + 2,
            area.y + 2,
            &second,
            if slow(of, step) {
                theme.style(Role::Warn)
            } else {
                style
            },
        );
    }
    canvas.draw(theme.glyphs, area, buf);
}

/// The box beside another in the direction of a motion.
pub(super) fn beside(places: &[(StepId, Rect)], from: &StepId, motion: Motion) -> Option<StepId> {
    let here = places.iter().find(|(id, _)| id == from)?.1;
    crate::tui::maps::nearest(here, motion, places.iter().map(|(id, area)| (*area, id))).cloned()
}
