//! The night screen: a store that nobody may write to or a full disk, under which nothing goes on; then the one thing that needs a
//! person, what it is, why, and what to do now. Verdict and deed are never cut.

use crate::domain::time::Time;
use crate::tui::console::Console;
use crate::tui::layers::paper::Row;
use crate::tui::layout::Slot;
use crate::tui::paint::wrap;
use crate::tui::states;
use crate::tui::theme::Role;
use crate::world::DiskFull;
use crate::world::rows::State;
use crate::world::verdict::Verdict;

impl Console {
    /// The rows of the alert: verdict, why, seen, then. Why and seen give way where `most` rows are
    /// not enough.
    pub(super) fn alert_rows(&self, wide: usize, most: usize, now: Time) -> Vec<Row> {
        let mut rows = self.store_rows(wide);
        rows.extend(self.unseen_rows(wide, now));
        let Some((verdict, more)) = &self.shown.views.needs else {
            return rows;
        };
        let down = verdict.state == State::Down;
        let mark = if down {
            "!!"
        } else {
            states::glyph(verdict.state, &self.theme)
        };
        let more = if *more > 0 {
            format!("  (+{more} more)")
        } else {
            String::new()
        };
        let style = self.theme.style(if down {
            Role::Down
        } else {
            states::role(verdict.state)
        });
        let text = self.theme.style(Role::Text);
        let block = |label: &str, words: &str, style| -> Vec<Row> {
            wrap(words, wide.saturating_sub(7), 0)
                .into_iter()
                .enumerate()
                .map(|(n, line)| {
                    let label = if n == 0 {
                        format!(" {label:<5} ")
                    } else {
                        " ".repeat(7)
                    };
                    vec![(label, self.theme.style(Role::Label)), (line, style)]
                })
                .collect()
        };
        let head: Vec<Row> = wrap(
            &format!("{}{more}", verdict.line),
            wide.saturating_sub(4),
            0,
        )
        .into_iter()
        .enumerate()
        .map(|(n, line)| {
            let mark = if n == 0 {
                format!(" {mark:<2} ")
            } else {
                "    ".to_owned()
            };
            vec![
                (mark, style),
                (
                    line,
                    if down {
                        style
                    } else {
                        self.theme.style(Role::Strong)
                    },
                ),
            ]
        })
        .collect();
        let then = block(
            "THEN",
            &self.then(verdict, now),
            self.theme.style(Role::Strong),
        );
        let why = verdict
            .why
            .as_ref()
            .map(|why| block("WHY", why, text))
            .unwrap_or_default();
        let seen = verdict.seen.as_ref().map(|seen| {
            block(
                "SEEN",
                &format!("{}  [{}] explain", seen.says(), self.keys.first("explain")),
                text,
            )
        });
        let seen = seen.unwrap_or_default();
        rows.extend(head);
        let left = most.saturating_sub(rows.len() + then.len());
        if why.len() <= left {
            let left = left - why.len();
            rows.extend(why);
            if seen.len() <= left {
                rows.extend(seen);
            }
        }
        rows.extend(then);
        rows
    }

    /// What is out of sight: until contact is back nothing below is known to be so still.
    fn unseen_rows(&self, wide: usize, now: Time) -> Vec<Row> {
        let Some(first) = self.shown.views.unseen.first() else {
            return Vec::new();
        };
        let reasons = self.shown.world.why_unseen(now).len();
        let more = match reasons.saturating_sub(1) {
            0 => String::new(),
            1 => format!(
                "  (+1 more reason: [{}] lists all)",
                self.keys.first("identity")
            ),
            more => format!(
                "  (+{more} more reasons: [{}] lists all)",
                self.keys.first("identity")
            ),
        };
        let mark = states::glyph(State::Lost, &self.theme);
        let style = self.theme.style(Role::Alert);
        let head = wrap(
            &format!("{}{more}", first.says(now)),
            wide.saturating_sub(4),
            0,
        );
        let mut rows: Vec<Row> = head
            .into_iter()
            .enumerate()
            .map(|(n, line)| {
                let mark = if n == 0 { mark } else { " " };
                vec![(format!(" {mark}  "), style), (line, style)]
            })
            .collect();
        let then = format!(
            "{}   [{}] looks again",
            first.then(),
            self.keys.first("refresh")
        );
        for (n, line) in wrap(&then, wide.saturating_sub(7), 0)
            .into_iter()
            .enumerate()
        {
            let label = if n == 0 { " THEN  " } else { "       " };
            rows.push(vec![
                (label.to_owned(), self.theme.style(Role::Label)),
                (line, self.theme.style(Role::Strong)),
            ]);
        }
        rows
    }

    /// What is wrong with the store, and with its disk.
    fn store_rows(&self, wide: usize) -> Vec<Row> {
        let world = &self.shown.world;
        let doubt = world.doubt.as_ref().map(ToString::to_string);
        let disk = world.disk_full.as_ref().map(DiskFull::says);
        let style = self.theme.style(Role::Fail);
        let row = |(n, line): (usize, String)| -> Row {
            let mark = if n == 0 { " !! " } else { "    " };
            vec![(mark.to_owned(), style), (line, style)]
        };
        let words = doubt.into_iter().chain(disk);
        words
            .flat_map(|words| {
                wrap(&words, wide.saturating_sub(4), 0)
                    .into_iter()
                    .enumerate()
            })
            .map(row)
            .collect()
    }

    /// What to do now, with keys; what is not possible yet says when it will be.
    fn then(&self, verdict: &Verdict, now: Time) -> String {
        if let Some(repair) = verdict.repair {
            return format!("`{}` {repair}", self.shown.world.doctor());
        }
        let hold = self
            .shown
            .world
            .holds(now)
            .into_iter()
            .find(|view| view.stack == verdict.stack);
        let mut deeds: Vec<String> = Vec::new();
        if let Some(view) = hold {
            if view.is_restore() {
                deeds.push(format!("[{}] restore", self.keys.first("unblock")));
            } else {
                // Among lines the same key opens a line.
                let lines = self.board.def().slot == Slot::Lines;
                let way = if lines {
                    format!("[{}] ", self.keys.first("holds"))
                } else {
                    String::new()
                };
                deeds.push(format!(
                    "{way}[{}] reads the card of {}",
                    self.keys.first("open"),
                    view.hold.id
                ));
            }
        }
        let mut later: Vec<String> = Vec::new();
        for offer in &verdict.next {
            let name = offer.doing.name();
            let key = match self.keys.first(name) {
                key if key.is_empty() => format!(":{name}"),
                key => key,
            };
            match &offer.refused {
                None if deeds
                    .iter()
                    .any(|deed| deed.starts_with(&format!("[{key}]"))) => {}
                None if offer.note.is_empty() => deeds.push(format!("[{key}] {name}")),
                None => deeds.push(format!("[{key}] {name} ({})", offer.note)),
                Some(not) if !not.when.is_empty() => later.push(format!("{name} {}", not.when)),
                Some(_) => {}
            }
        }
        deeds.extend(later);
        let deeds = if deeds.is_empty() {
            "wait; nothing can be done now".to_owned()
        } else {
            deeds.join("   ")
        };
        // The keys act on what is under the cursor: they are named as keys of this stack only once
        // the cursor is there.
        if self.shown.about.as_ref() == Some(&verdict.stack) {
            deeds
        } else {
            format!("[{}] goes there, then   {deeds}", self.keys.first("needs"))
        }
    }
}
