//! Small strokes: text cut to a width by whole characters, frames with titles, columns. Nothing
//! here knows what it draws.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::theme::{Role, Theme};

/// How many cells a text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    text.width()
}

/// The text cut to so many cells; a cut is shown by `~`.
#[must_use]
pub fn fit(text: &str, cells: usize) -> String {
    if text.width() <= cells {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        let w = grapheme.width();
        if used + w + 1 > cells {
            break;
        }
        used += w;
        out.push_str(grapheme);
    }
    if cells > 0 {
        out.push('~');
    }
    out
}

/// The text in exactly so many cells, the rest blank.
#[must_use]
pub fn pad(text: &str, cells: usize) -> String {
    let mut out = fit(text, cells);
    let blank = cells.saturating_sub(out.width());
    out.extend(std::iter::repeat_n(' ', blank));
    out
}

/// A name in exactly so many cells; of a longer one the end is kept, which tells more of log
/// groups, nested stacks and parts.
#[must_use]
pub fn end(name: &str, cells: usize) -> String {
    let width = name.width();
    if width <= cells {
        return format!("{name}{}", " ".repeat(cells - width));
    }
    let mut kept = String::new();
    let mut used = 1;
    for grapheme in name.graphemes(true).rev() {
        if used + grapheme.width() > cells {
            break;
        }
        used += grapheme.width();
        kept.insert_str(0, grapheme);
    }
    format!("<{kept}{}", " ".repeat(cells.saturating_sub(used)))
}

/// A name that ends in `part`, in exactly so many cells. Of a longer one the part is kept; where
/// that alone does not fit, its beginning.
#[must_use]
pub fn part(name: &str, part: &str, cells: usize) -> String {
    if name.width() <= cells || part.width() < cells {
        end(name, cells)
    } else {
        format!("<{}", pad(part, cells.saturating_sub(1)))
    }
}

/// The text over several rows, broken at spaces where there are any; never cut. The blanks that it
/// begins with stay, on every row of it, as far as they leave room; rows after the first begin with
/// `indent` more.
#[must_use]
pub fn wrap(text: &str, cells: usize, indent: usize) -> Vec<String> {
    let cells = cells.max(4);
    let own = text.len() - text.trim_start_matches(' ').len();
    let (own, text) = (own.min(cells / 2), &text[own..]);
    let indent = own + indent;
    let indent = if indent + 4 > cells { 0 } else { indent };
    let mut rows = vec![" ".repeat(own)];
    let mut used = own;
    let mut fresh = true;
    let row = |rows: &mut Vec<String>, used: &mut usize| {
        rows.push(" ".repeat(indent));
        *used = indent;
    };
    for word in text.split_word_bounds_at_spaces() {
        let w = word.width();
        if word == " " {
            if !fresh && used < cells {
                if let Some(last) = rows.last_mut() {
                    last.push(' ');
                }
                used += 1;
            }
            continue;
        }
        if used + w > cells && !fresh {
            if let Some(last) = rows.last_mut() {
                last.truncate(last.trim_end().len());
            }
            row(&mut rows, &mut used);
        }
        for grapheme in word.graphemes(true) {
            let w = grapheme.width();
            if used + w > cells {
                row(&mut rows, &mut used);
            }
            if let Some(last) = rows.last_mut() {
                last.push_str(grapheme);
            }
            used += w;
        }
        fresh = false;
    }
    if let Some(last) = rows.last_mut() {
        last.truncate(last.trim_end().len());
    }
    rows
}

trait Words {
    /// Words, and a single space for each run of spaces between them.
    fn split_word_bounds_at_spaces(&self) -> impl Iterator<Item = &str>;
}

impl Words for str {
    fn split_word_bounds_at_spaces(&self) -> impl Iterator<Item = &str> {
        self.split(' ').enumerate().flat_map(|(n, word)| {
            let space = (n > 0).then_some(" ");
            space.into_iter().chain((!word.is_empty()).then_some(word))
        })
    }
}

/// Lays the cursor's style over a row. A mark that has a ground of its own keeps it: a hold under
/// the cursor stays readable.
pub fn lay(buf: &mut Buffer, row: Rect, style: Style) {
    for place in row.positions() {
        if let Some(cell) = buf.cell_mut(place).filter(|cell| cell.bg == Color::Reset) {
            cell.set_style(style);
        }
    }
}

/// A frame with a title on the left and one on the right; answers what is inside.
pub fn frame(
    buf: &mut Buffer,
    area: Rect,
    theme: &Theme,
    focused: bool,
    title: &str,
    right: &str,
) -> Rect {
    if area.width < 2 || area.height < 2 {
        return Rect::new(area.x, area.y, 0, 0);
    }
    let style = theme.style(if focused {
        Role::BorderFocused
    } else {
        Role::Border
    });
    edge(buf, area, theme.glyphs.border(), style);
    let room = usize::from(area.width.saturating_sub(4));
    let heading = theme.style(if focused {
        Role::TitleFocused
    } else {
        Role::Title
    });
    let title = fit(title, room);
    let used = width(&title);
    if used > 0 {
        buf.set_string(area.x + 1, area.y, format!(" {title} "), heading);
    }
    let left = room.saturating_sub(used + 3);
    if !right.is_empty() && left > 4 {
        let text = format!(" {} ", fit(right, left));
        let at = area.right().saturating_sub(short(width(&text)) + 1);
        buf.set_string(at, area.y, text, theme.style(Role::Dim));
    }
    Rect::new(area.x + 1, area.y + 1, area.width - 2, area.height - 2)
}

/// A border of any kind of lines.
pub fn edge(buf: &mut Buffer, area: Rect, set: ratatui::symbols::border::Set<'_>, style: Style) {
    if area.width < 2 || area.height < 2 {
        return;
    }
    let (left, right, top, bottom) = (area.left(), area.right() - 1, area.top(), area.bottom() - 1);
    for x in left..=right {
        buf.set_string(x, top, set.horizontal_top, style);
        buf.set_string(x, bottom, set.horizontal_bottom, style);
    }
    for y in top..=bottom {
        buf.set_string(left, y, set.vertical_left, style);
        buf.set_string(right, y, set.vertical_right, style);
    }
    for (x, y, corner) in [
        (left, top, set.top_left),
        (right, top, set.top_right),
        (left, bottom, set.bottom_left),
        (right, bottom, set.bottom_right),
    ] {
        buf.set_string(x, y, corner, style);
    }
}

/// Writes spans from the left; answers the column after the last. What does not fit is cut.
pub fn spans(buf: &mut Buffer, x: u16, y: u16, right: u16, spans: &[(String, Style)]) -> u16 {
    let mut at = x;
    for (text, style) in spans {
        if at >= right {
            break;
        }
        let (next, _) = buf.set_stringn(at, y, text, usize::from(right - at), *style);
        at = next;
    }
    at
}

/// Blanks a rectangle.
pub fn clear(buf: &mut Buffer, area: Rect, style: Style) {
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            if let Some(cell) = buf.cell_mut((x, y)) {
                cell.reset();
                cell.set_style(style);
            }
        }
    }
}

/// A number of cells as the terminal counts.
#[must_use]
pub fn short(cells: usize) -> u16 {
    u16::try_from(cells).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_at_whole_characters_and_shows_the_cut() {
        for (text, cells, fits) in [
            ("orders", 6, "orders"),
            ("orders", 5, "orde~"),
            ("日本語", 5, "日本~"),
            ("日本語", 4, "日~"),
            ("x", 0, ""),
        ] {
            assert_eq!(fit(text, cells), fits);
            assert_eq!(width(&pad(text, cells)), cells.max(width(fits)));
        }
    }

    proptest::proptest! {
        #[test]
        fn wrapping_loses_no_word_and_keeps_the_width(words in proptest::collection::vec("[a-z]{1,30}", 0..20), cells in 4usize..40, indent in 0usize..6) {
            let text = words.join(" ");
            let rows = wrap(&text, cells, indent);
            proptest::prop_assert!(rows.iter().all(|row| width(row) <= cells));
            let joined: String = rows.concat().split_whitespace().collect();
            proptest::prop_assert_eq!(joined, words.concat());
        }

        #[test]
        fn wrapping_keeps_what_a_text_begins_with(blanks in 0usize..30, words in proptest::collection::vec("[a-z]{1,30}", 1..20), cells in 10usize..60) {
            let rows = wrap(&format!("{}{}", " ".repeat(blanks), words.join(" ")), cells, 0);
            let begins = " ".repeat(blanks.min(cells / 2));
            proptest::prop_assert!(rows.iter().all(|row| width(row) <= cells));
            proptest::prop_assert!(rows[0].starts_with(&begins) && !rows[0][begins.len()..].starts_with(' '));
            proptest::prop_assert!(begins.len() + 4 > cells || rows.iter().all(|row| row.starts_with(&begins)));
        }
    }
}
