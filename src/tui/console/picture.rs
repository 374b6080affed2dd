//! The whole picture: band, alert, panes, hints and the last line, at every size; layers above the panes, never above the band.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};

use crate::domain::time::{Time, short};
use crate::tui::actions;
use crate::tui::paint;
use crate::tui::theme::Role;
use crate::world::queue::Waits;

use super::{Console, HOLDS, LIVE, LOG, PANES, QUEUE, STACKS};

mod alert;
mod band;

/// Below this only a sentence is shown.
const SMALLEST: (u16, u16) = (60, 15);

impl Console {
    /// Draws the console.
    pub fn draw(&mut self, buf: &mut Buffer, now: Time) {
        let area = buf.area;
        paint::clear(buf, area, self.theme.style(Role::Text));
        if area != self.size {
            self.size = area;
            self.resized = true;
        }
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
        let body = Rect::new(area.x, area.y + 1 + tall, area.width, area.height.saturating_sub(1 + tall + foot));
        self.draw_panes(buf, body, now);
        if foot == 2 {
            self.draw_hints(buf, Rect::new(area.x, area.bottom() - 2, area.width, 1), now);
        }
        self.draw_last(buf, Rect::new(area.x, area.bottom() - 1, area.width, 1), now);
        let below_band = Rect::new(area.x, area.y, area.width, area.height - 1);
        let mut layers = std::mem::take(&mut self.layers);
        for layer in &mut layers {
            layer.pane().draw(&self.scene(now).focused(true), &self.theme, below_band, buf);
        }
        self.layers = layers;
        self.resized = false;
    }

    fn draw_small(&mut self, buf: &mut Buffer, area: Rect, now: Time) {
        if area.height > 2 {
            self.draw_band(buf, Rect { height: 1, ..area }, now);
        }
        let says = format!("{}x{} is too small to act in; {}x{} shows the panes", area.width, area.height, SMALLEST.0, SMALLEST.1);
        let mut rows: Vec<super::super::layers::paper::Row> =
            paint::wrap(&says, usize::from(area.width), 0).into_iter().map(|text| vec![(text, self.theme.style(Role::Strong))]).collect();
        rows.extend(self.alert_rows(usize::from(area.width), usize::from(area.height), now));
        let from = u16::from(area.height > 2);
        for (n, row) in rows.iter().enumerate().take(usize::from(area.height - from.min(area.height))) {
            paint::spans(buf, area.x, area.y + from + paint::short(n), area.right(), row);
        }
    }

    fn draw_panes(&mut self, buf: &mut Buffer, body: Rect, now: Time) {
        let places = self.places_in(body);
        // A list that moves on the screen without a key is as dangerous as a row that does.
        if !self.resized && places[..LIVE] != self.places[..LIVE] {
            self.shifted_at = Some(now);
        }
        self.places = places;
        for (which, place) in places.into_iter().enumerate() {
            if place.height == 0 || place.width == 0 {
                continue;
            }
            let theme = self.theme.clone();
            self.with_pane(which, now, |pane, scene| pane.draw(scene, &theme, place, buf));
        }
        if !self.zoom && body.width < 100 {
            self.draw_tabs(buf, body);
        }
    }

    /// Where each pane goes; an empty rectangle for one that is not shown.
    fn places_in(&self, body: Rect) -> [Rect; PANES] {
        let mut places = [Rect::default(); PANES];
        if self.zoom {
            places[self.focus] = body;
            return places;
        }
        let lists = |column: Rect, places: &mut [Rect; PANES]| {
            let (queue, holds) = (self.queue.wants(), self.holds.wants());
            let third = column.height / 3;
            let tall = |rows: usize| paint::short(rows + 2).clamp(3, third.max(3));
            let rows =
                Layout::vertical([Constraint::Fill(1), Constraint::Length(tall(queue)), Constraint::Length(tall(holds))]).split(column);
            places[STACKS] = rows[0];
            places[QUEUE] = rows[1];
            places[HOLDS] = rows[2];
        };
        match body.width {
            150.. => {
                let columns = Layout::horizontal([Constraint::Length(44), Constraint::Fill(1), Constraint::Fill(1)]).split(body);
                lists(columns[0], &mut places);
                places[LIVE] = columns[1];
                places[LOG] = columns[2];
            }
            100..=149 => {
                let columns =
                    Layout::horizontal([Constraint::Length(if body.width < 120 { 38 } else { 42 }), Constraint::Fill(1)]).split(body);
                lists(columns[0], &mut places);
                // The map gets the rows that its picture needs, where enough are left for the log; the log gets more under the cursor.
                let picture = self.live.wants() + 2;
                let live = match self.focus {
                    LOG => (body.height * 2 / 5).max(6),
                    _ if picture + 6 <= body.height => picture,
                    _ => (body.height * 11 / 20).max(6),
                };
                let rows = Layout::vertical([Constraint::Length(live), Constraint::Fill(1)]).split(columns[1]);
                places[LIVE] = rows[0];
                places[LOG] = rows[1];
            }
            80..=99 => {
                let tall = body.height;
                let (list, live) = match self.focus {
                    LIVE => (tall / 4, tall / 2),
                    LOG => (tall / 4, tall / 4),
                    _ => (tall * 2 / 5, tall * 3 / 10),
                };
                let rows =
                    Layout::vertical([Constraint::Length(list.max(5)), Constraint::Length(live.max(4)), Constraint::Fill(1)]).split(body);
                places[self.list] = rows[0];
                places[LIVE] = rows[1];
                places[LOG] = rows[2];
            }
            _ => places[self.focus] = body,
        }
        places
    }

    /// The names of the panes that share a place, on its upper edge.
    fn draw_tabs(&self, buf: &mut Buffer, body: Rect) {
        let all: &[(usize, &str)] = if body.width < 80 {
            &[(STACKS, "1 Stacks"), (QUEUE, "2 Queue"), (HOLDS, "3 Holds"), (LIVE, "4 Live"), (LOG, "5 Logs")]
        } else {
            &[(STACKS, "1 Stacks"), (QUEUE, "2 Queue"), (HOLDS, "3 Holds")]
        };
        let narrow = body.width < 80;
        let shown = if narrow { self.focus } else { self.list };
        let count = |which: usize| match which {
            QUEUE => format!(" {}", self.views.queue.len()),
            HOLDS => format!(" {}", self.known_holds),
            _ => String::new(),
        };
        let whole: usize = all.iter().map(|(which, name)| paint::width(name) + paint::width(&count(*which)) + 2).sum();
        let short = whole + 2 > usize::from(body.width);
        let end = if narrow { body.right().saturating_sub(1) } else { body.right().saturating_sub(14) };
        let mut at = body.x + 1;
        for (which, name) in all {
            // Where the names do not fit, the numbers stand for the panes behind.
            let name = if short && *which != shown { name.get(..1).unwrap_or(name) } else { name };
            let (text, role) = if *which == shown {
                (format!("[{name}{}]", count(*which)), if self.focus == *which { Role::TitleFocused } else { Role::Strong })
            } else {
                (format!(" {name}{} ", count(*which)), Role::Title)
            };
            at = paint::spans(buf, at, body.y, end, &[(text, self.theme.style(role))]);
        }
        if narrow && body.height > 1 {
            // The pane's own words on its edge would read on from the tabs.
            for x in at..end {
                let edge = buf[(x, body.bottom() - 1)].clone();
                buf[(x, body.y)] = edge;
            }
        }
    }

    fn draw_hints(&mut self, buf: &mut Buffer, area: Rect, now: Time) {
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
        if let Some(coach) = self.coach(now) {
            row.extend([
                ("try ".to_owned(), self.theme.style(Role::Said)),
                (coach, self.theme.style(Role::Strong)),
                ("   ".to_owned(), hint),
            ]);
        }
        let scoped: &[(&str, &str)] = match self.scope() {
            actions::Scope::Lists => &[("logs", "logs"), ("explain", "explain"), ("details", "details")],
            actions::Scope::Map => &[("view", "other view")],
            actions::Scope::Log => &[("log-pause", "pause"), ("log-filter", "filter"), ("log-next-error", "error"), ("log-wrap", "wrap")],
            actions::Scope::Everywhere => &[],
        };
        let changes = ["redeploy", "rollback", "cancel", "unblock", "freeze", "thaw", "teardown", "undo"];
        let changes: Vec<(&str, &str)> = changes
            .into_iter()
            .filter(|name| actions::named(name).is_some_and(|action| self.denied(action, now).is_none()))
            .map(|name| (name, name))
            .collect();
        let last = [("find", "find"), ("palette", "palette"), ("zoom", "zoom"), ("back", "back")];
        // A name is shown whole or not at all; all of them stand behind the last one.
        let help = (self.keys.first("help"), " keys");
        let wide = |row: &[(String, ratatui::style::Style)]| row.iter().map(|(text, _)| paint::width(text)).sum::<usize>();
        let room = usize::from(area.width).saturating_sub(paint::width(&help.0) + paint::width(help.1));
        for (n, (name, word)) in changes.iter().chain(scoped).chain(&last).enumerate() {
            let mark = if n == changes.len() { "| " } else { "" };
            let item = [(mark.to_owned(), hint), (self.keys.first(name), key), (format!(" {word}  "), hint)];
            if wide(&row) + wide(&item) > room {
                break;
            }
            row.extend(item);
        }
        row.extend([(help.0, key), (help.1.to_owned(), hint)]);
        paint::spans(buf, area.x, area.y, area.right(), &row);
    }

    /// The last line: what was said, what is armed, what is on its way.
    fn draw_last(&mut self, buf: &mut Buffer, area: Rect, now: Time) {
        let armed = self.views.queue.iter().find_map(|item| match item.waits {
            Waits::Armed { until } => Some((item.no, item.stack.clone(), until)),
            _ => None,
        });
        let mut row = vec![(" ".to_owned(), self.theme.style(Role::Text))];
        if let Some((no, stack, until)) = armed {
            let text = format!("ARMED {no} {stack} starts in {}", short(until.since(now)));
            row.extend([
                (text, self.theme.style(Role::Hold)),
                ("  ".to_owned(), self.theme.style(Role::Text)),
                (self.keys.first("undo"), self.theme.style(Role::Key)),
                (" undoes   ".to_owned(), self.theme.style(Role::Hint)),
            ]);
        }
        match &self.said {
            Some(said) => row.push((said.text.clone(), self.theme.style(said.role))),
            None if !self.tickets.is_empty() => {
                let says = format!("{} on the way; {}", self.tickets.len(), self.world.engine.says());
                row.push((says, self.theme.style(Role::Hint)));
            }
            None => {}
        }
        paint::spans(buf, area.x, area.y, area.right(), &row);
    }
}
