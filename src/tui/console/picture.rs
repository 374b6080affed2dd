//! The whole picture: band, alert, panes, hints and the last line, at every size; layers above the
//! panes, never above the band.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::domain::time::{Time, short};
use crate::tui::actions::undone;
use crate::tui::layers::paper::Row;
use crate::tui::paint;
use crate::tui::pane::Pane;
use crate::tui::theme::Role;

use super::Console;

mod alert;
mod band;

/// Below this only a sentence is shown.
const SMALLEST: (u16, u16) = (60, 15);

impl Console {
    /// Draws the console.
    pub fn draw(&mut self, buf: &mut Buffer, now: Time) {
        let area = buf.area;
        paint::clear(buf, area, self.theme.style(Role::Text));
        if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
            return self.draw_small(buf, area, now);
        }
        self.draw_band(buf, Rect { height: 1, ..area }, now);
        let most = (area.height / 4).max(3);
        let alert = self.alert_rows(usize::from(area.width), usize::from(most), now);
        let tall = paint::short(alert.len());
        for (n, row) in alert.iter().enumerate() {
            paint::spans(buf, area.x, area.y + 1 + paint::short(n), area.right(), row);
        }
        let foot = if area.height < 20 { 1 } else { 2 };
        let body = Rect::new(
            area.x,
            area.y + 1 + tall,
            area.width,
            area.height.saturating_sub(1 + tall + foot),
        );
        self.board.draw(
            &self.shown.scene(&self.keys, now),
            &self.theme,
            area,
            body,
            buf,
        );
        let foot = Rect::new(area.x, area.bottom() - foot, area.width, foot);
        self.draw_foot(buf, foot, now);
        let below_band = Rect::new(area.x, area.y, area.width, area.height - 1);
        let scene = self.shown.scene(&self.keys, now).focused(true);
        for (_, layer) in self.layers.iter_mut() {
            layer.draw(&scene, &self.theme, below_band, buf);
        }
    }

    fn draw_small(&self, buf: &mut Buffer, area: Rect, now: Time) {
        if area.height > 2 {
            self.draw_band(buf, Rect { height: 1, ..area }, now);
        }
        let says = format!(
            "{}x{} is too small to act in; {}x{} shows the panes",
            area.width, area.height, SMALLEST.0, SMALLEST.1
        );
        let mut rows: Vec<Row> = paint::wrap(&says, usize::from(area.width), 0)
            .into_iter()
            .map(|text| vec![(text, self.theme.style(Role::Strong))])
            .collect();
        rows.extend(self.alert_rows(usize::from(area.width), usize::from(area.height), now));
        let from = u16::from(area.height > 2);
        for (n, row) in rows
            .iter()
            .enumerate()
            .take(usize::from(area.height - from.min(area.height)))
        {
            paint::spans(
                buf,
                area.x,
                area.y + from + paint::short(n),
                area.right(),
                row,
            );
        }
    }

    fn draw_hints(&self, buf: &mut Buffer, area: Rect, now: Time) {
        let (key, hint) = (self.theme.style(Role::Key), self.theme.style(Role::Hint));
        let mut row: Vec<(String, ratatui::style::Style)> = vec![(" ".to_owned(), hint)];
        if let Some((begun, follow)) = self.keys.begun() {
            row.push((format!("{begun} ... "), key));
            for (keys, action) in follow {
                row.extend([(keys, key), (format!(" {}  ", action.doc), hint)]);
            }
            paint::spans(buf, area.x, area.y, area.right(), &row);
            return;
        }
        let typing = self
            .layers
            .seen()
            .map_or_else(|| self.board.seen().typing(), Pane::typing);
        if typing {
            row.extend([
                ("Esc".to_owned(), key),
                (
                    " leaves; every letter is text for what is open".to_owned(),
                    hint,
                ),
            ]);
            paint::spans(buf, area.x, area.y, area.right(), &row);
            return;
        }
        if let Some(layer) = self.layers.seen() {
            row.extend(layer.hints().iter().flat_map(|(name, word)| {
                [(self.keys.first(name), key), (format!(" {word}  "), hint)]
            }));
            paint::spans(buf, area.x, area.y, area.right(), &row);
            return;
        }
        if let Some(coach) = self.coach(now) {
            row.extend([
                ("try ".to_owned(), self.theme.style(Role::Said)),
                (coach, self.theme.style(Role::Strong)),
                ("   ".to_owned(), hint),
            ]);
        }
        let scoped = self.board.seen().hints();
        let changes = [
            "redeploy", "rollback", "cancel", "unblock", "freeze", "thaw", "teardown", "undo",
        ];
        let changes: Vec<(&str, &str)> = changes
            .into_iter()
            .filter(|name| {
                self.keys
                    .action(name)
                    .is_some_and(|action| self.denied(action, now).is_none())
            })
            .map(|name| (name, name))
            .collect();
        let last = [
            ("find", "find"),
            ("palette", "palette"),
            ("zoom", "zoom"),
            ("back", "back"),
        ];
        // A name is shown whole or not at all; all of them stand behind the last one.
        let help = (self.keys.first("help"), " keys");
        let wide = |row: &[(String, ratatui::style::Style)]| {
            row.iter()
                .map(|(text, _)| paint::width(text))
                .sum::<usize>()
        };
        let room =
            usize::from(area.width).saturating_sub(paint::width(&help.0) + paint::width(help.1));
        for (n, (name, word)) in changes.iter().chain(scoped).chain(&last).enumerate() {
            let mark = if n == changes.len() { "| " } else { "" };
            let item = [
                (mark.to_owned(), hint),
                (self.keys.first(name), key),
                (format!(" {word}  "), hint),
            ];
            if wide(&row) + wide(&item) > room {
                break;
            }
            row.extend(item);
        }
        row.extend([(help.0, key), (help.1.to_owned(), hint)]);
        paint::spans(buf, area.x, area.y, area.right(), &row);
    }

    /// Everything that is armed, and which of it the key takes back.
    fn armed(&self, now: Time) -> Row {
        // What is frozen starts at no time that is known.
        let mut armed = self.shown.world.armed(now);
        armed.retain(|(stack, _)| self.shown.world.frozen(stack, now).is_none());
        let first = armed.iter().filter_map(|(_, entry)| entry.not_before);
        let Some(first) = first.min() else {
            return Row::new();
        };
        let first = short(first.since(now));
        let text = if let [(stack, entry)] = armed.as_slice() {
            format!("ARMED {} {stack} starts in {first}", entry.no)
        } else {
            let numbers: Vec<String> = armed
                .iter()
                .map(|(_, entry)| entry.no.to_string())
                .collect();
            format!("ARMED {}, first in {first}", numbers.join(" "))
        };
        let does = match undone(&self.cx(None, now)) {
            Some((_, no)) if armed.len() > 1 => format!(" undoes {no}   "),
            Some(_) => " undoes   ".to_owned(),
            // Nothing of it was asked from here.
            None => " undoes one, which you choose   ".to_owned(),
        };
        vec![
            (text, self.theme.style(Role::Hold)),
            ("  ".to_owned(), self.theme.style(Role::Text)),
            (self.keys.first("undo"), self.theme.style(Role::Key)),
            (does, self.theme.style(Role::Hint)),
        ]
    }

    /// The last line: what was said, what is armed, what is on its way.
    /// Where that is longer than the line, it takes the line of the keys as well, if there is one.
    fn draw_foot(&self, buf: &mut Buffer, area: Rect, now: Time) {
        let (text, style) = match &self.said {
            Some(said) => (said.text.clone(), self.theme.style(said.role)),
            None if self.asks.under_way() => {
                let (count, engine) = (self.asks.count(), self.shown.world.engine.says());
                let says = format!("{count} on the way; {engine}");
                (says, self.theme.style(Role::Hint))
            }
            None => (String::new(), self.theme.style(Role::Text)),
        };
        let margin = || (" ".to_owned(), self.theme.style(Role::Text));
        let mut last: Row = vec![margin()];
        last.extend(self.armed(now));
        let taken: usize = last.iter().map(|(text, _)| paint::width(text)).sum();
        let above = Rect { height: 1, ..area };
        if area.height < 2 {
            last.push((text, style));
        } else if taken + paint::width(&text) <= usize::from(area.width) {
            self.draw_hints(buf, above, now);
            last.push((text, style));
        } else {
            let lines = paint::wrap(&text, usize::from(area.width.saturating_sub(2)), 0);
            let (first, rest) = lines
                .split_first()
                .map_or((text.as_str(), &[][..]), |(first, rest)| (first, rest));
            let first = [margin(), (first.to_owned(), style)];
            paint::spans(buf, above.x, above.y, above.right(), &first);
            last.push((rest.join(" "), style));
        }
        paint::spans(buf, area.x, area.bottom() - 1, area.right(), &last);
    }
}
