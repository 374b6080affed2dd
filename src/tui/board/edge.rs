//! What names a pane: its frame with key and title, the names of panes that share a cell, and the
//! line above a zoomed one.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::layout::Tabs;
use crate::tui::paint;
use crate::tui::pane::{Pane, Title};
use crate::tui::scene::Scene;
use crate::tui::theme::{Role, Theme};

use super::Board;

impl Board {
    /// The frame of panes that share a cell: the names of all, then what the one that is shown says
    /// besides its name.
    pub(super) fn frame_of(
        &self,
        tabs: &Tabs,
        scene: &Scene<'_>,
        theme: &Theme,
        buf: &mut Buffer,
    ) -> Rect {
        let (area, shown) = (tabs.area, &self.seats[tabs.shown]);
        // Where all panes share one cell, their names take the whole edge.
        let title = if tabs.panes.len() == self.seats.len() {
            Title::default()
        } else {
            shown.pane.title(scene)
        };
        let inside = paint::frame(buf, area, theme, scene.focused, "", &title.right);
        let tab = |at: usize| {
            let seat = &self.seats[at];
            let count = seat
                .pane
                .count(scene)
                .map_or_else(String::new, |count| format!(" {count}"));
            (scene.keys.first(seat.def.name), seat.def.title, count)
        };
        let names: Vec<(usize, (String, &str, String))> =
            tabs.panes.iter().map(|at| (*at, tab(*at))).collect();
        let width = |(_, (key, title, count)): &(usize, (String, &str, String))| {
            paint::width(key) + title.len() + paint::width(count) + 3
        };
        // Where the names do not fit, the keys stand for the panes behind.
        let short = names.iter().map(width).sum::<usize>() + 2 > usize::from(area.width);
        let end = area.right().saturating_sub(if title.right.is_empty() {
            1
        } else {
            paint::short(paint::width(&title.right)) + 4
        });
        let mut x = area.x + 1;
        for (at, (key, title, count)) in names {
            let name = if short && at != tabs.shown {
                key
            } else {
                format!("{key} {title}")
            };
            let (text, role) = match (at == tabs.shown, scene.focused) {
                (true, true) => (format!("[{name}{count}]"), Role::TitleFocused),
                (true, false) => (format!("[{name}{count}]"), Role::Strong),
                (false, _) => (format!(" {name}{count} "), Role::Title),
            };
            x = paint::spans(buf, x, area.y, end, &[(text, theme.style(role))]);
        }
        if !title.left.is_empty() && title.left != shown.def.title {
            let role = if scene.focused {
                Role::TitleFocused
            } else {
                Role::Title
            };
            paint::spans(
                buf,
                x,
                area.y,
                end,
                &[(format!(" {} ", title.left), theme.style(role))],
            );
        }
        inside
    }
}

/// Whether there is room for a line that names a zoomed pane.
pub(super) fn headed(area: Rect) -> bool {
    area.height > 4
}

/// The line that names a zoomed pane: it has no frame, so that what it shows can be selected and
/// copied. Answers what is below.
pub(super) fn heading(
    pane: &dyn Pane,
    name: &str,
    scene: &Scene<'_>,
    theme: &Theme,
    area: Rect,
    buf: &mut Buffer,
) -> Rect {
    if !headed(area) {
        return area;
    }
    let title = pane.title(scene);
    let left = format!(" {} {}", scene.keys.first(name), title.left);
    let wide = paint::short(paint::width(&title.right)) + 1;
    let style = theme.style(Role::TitleFocused);
    paint::spans(buf, area.x, area.y, area.right(), &[(left, style)]);
    paint::spans(
        buf,
        area.right().saturating_sub(wide).max(area.x),
        area.y,
        area.right(),
        &[(title.right, theme.style(Role::Title))],
    );
    Rect {
        y: area.y + 1,
        height: area.height - 1,
        ..area
    }
}

/// The frame of a pane with its key and its title; answers what is inside.
pub fn frame(
    pane: &dyn Pane,
    name: &str,
    scene: &Scene<'_>,
    theme: &Theme,
    area: Rect,
    buf: &mut Buffer,
) -> Rect {
    let title = pane.title(scene);
    let left = format!("{} {}", scene.keys.first(name), title.left);
    paint::frame(buf, area, theme, scene.focused, &left, &title.right)
}
