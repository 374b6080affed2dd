//! The plan as a list in the order of work, one row a step. Where that is too long for the pane, steps
//! that were skipped one after another share a row until the cursor comes to them.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use unicode_width::UnicodeWidthStr;

use crate::domain::deployment::StepState;
use crate::domain::ids::StepId;
use crate::domain::plan::Step;
use crate::text::safe::Safe;
use crate::tui::paint::fit;
use crate::tui::theme::{Role, Theme};

use super::PlanOf;
use super::step::{look, says, slow, time};

/// Draws the rows from `top` on, moved so that the cursor, or else the first step that runs or
/// waits for a person, is seen. Gives the new top.
#[expect(clippy::too_many_arguments, reason = "plain values of one drawing")]
pub(super) fn draw(
    of: &PlanOf<'_>,
    order: &[&Step],
    critical: &[&StepId],
    selected: Option<&StepId>,
    top: usize,
    theme: &Theme,
    area: Rect,
    buf: &mut Buffer,
) -> usize {
    let (height, width) = (usize::from(area.height), usize::from(area.width));
    let listed = listed(of, order, selected, height);
    let now = listed.iter().position(|steps| {
        of.run(&steps[0].id)
            .is_some_and(|run| !run.state.is_over() && run.state != StepState::Blocked)
    });
    let focus = selected
        .and_then(|id| listed.iter().position(|steps| steps[0].id == *id))
        .or(now)
        .unwrap_or(0);
    let top = top
        .clamp((focus + 1).saturating_sub(height), focus)
        .min(listed.len().saturating_sub(height));
    let titles = order
        .iter()
        .map(|step| step.title.width())
        .max()
        .unwrap_or(0)
        .min(width / 3);
    let times = order
        .iter()
        .map(|step| time(of, step).width())
        .max()
        .unwrap_or(0);
    let running = of.runs.is_some();
    for (y, steps) in (area.top()..area.bottom()).zip(listed.iter().skip(top)) {
        let step = steps[0];
        let state = of.state(step);
        let (glyph, role) = look(state, theme.glyphs);
        let here = selected == Some(&step.id);
        let mut style = theme.style(role);
        if critical.contains(&&step.id) {
            style = style.add_modifier(Modifier::BOLD);
        }
        let text = if here {
            theme.style(Role::Cursor)
        } else {
            style
        };
        buf.set_style(
            Rect {
                y,
                height: 1,
                ..area
            },
            text,
        );
        let mut x = area.x;
        // Writes into the next `room` cells and gives how many there were.
        let mut put = |words: &str, room: usize, style| {
            let free = usize::from(area.right().saturating_sub(x));
            buf.set_stringn(x, y, words, room.min(free), style);
            x = x.saturating_add(u16::try_from(room.min(free)).unwrap_or(0));
            room.min(free)
        };
        put(if here { theme.glyphs.pointer() } else { " " }, 2, text);
        put(glyph, 2, text);
        if running {
            put(state.map_or("", |state| state.word()), 10, text);
        }
        if steps.len() > 1 {
            let titles: Vec<&str> = steps.iter().map(|step| step.title.as_str()).collect();
            let all = Safe::new(&format!("{} steps: {}", steps.len(), titles.join("; ")));
            let room = width.saturating_sub(14);
            put(&fit(all.as_str(), room), room, text);
            continue;
        }
        let (title, took, says) = (Safe::new(&step.title), time(of, step), says(of, step));
        // A title that is longer than its column goes on where its own row has room: what stands
        // behind it moves, and nothing is cut without need.
        let before = if running { 14 } else { 4 };
        let behind = if took.is_empty() { 2 } else { took.width() + 4 };
        let left = width.saturating_sub(before + behind + says.width());
        let spills = title.as_str().width().min(left) > titles;
        let room = if spills {
            title.as_str().width().min(left)
        } else {
            titles
        };
        put(&fit(title.as_str(), room), room, text);
        put("", 2, text);
        let times = if spills { took.width() } else { times };
        if times > 0 {
            put(
                &took,
                times,
                if slow(of, step) && !here {
                    theme.style(Role::Warn)
                } else {
                    text
                },
            );
            put("", 2, text);
        }
        if says.width() > put(&says, width, text) {
            buf.set_stringn(area.right() - 1, y, ">", 1, theme.style(Role::Hint));
        }
    }
    top
}

/// The rows: a step each, or several that were skipped one after another.
fn listed<'o, 'p>(
    of: &PlanOf<'_>,
    order: &'o [&'p Step],
    selected: Option<&StepId>,
    height: usize,
) -> Vec<&'o [&'p Step]> {
    let folds = |step: &Step| {
        of.run(&step.id)
            .is_some_and(|run| run.state == StepState::Skipped)
    };
    if order.len() <= height {
        return order.chunks(1).collect();
    }
    let groups = order.chunk_by(|one, next| folds(one) && folds(next));
    let open = |group: &[&Step]| group.iter().any(|step| selected == Some(&step.id));
    groups
        .flat_map(|group| group.chunks(if open(group) { 1 } else { group.len() }))
        .collect()
}
