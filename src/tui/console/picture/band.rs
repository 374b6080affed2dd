//! The band: which environment one is about to change, unmistakable. Class by colour and word,
//! name, all digits of the account, what the engine proved, the lock, counts, the clock.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::domain::class::EnvClass;
use crate::domain::time::{Time, short};
use crate::tui::paint;
use crate::tui::states;
use crate::tui::theme::Role;
use crate::world::EngineState;
use crate::world::rows::{EnvView, State};

use crate::tui::console::{Console, Lock};

/// For how long what was set aside is news.
const NEW: Duration = Duration::from_hours(24);

/// One piece of the band and how much it is needed; the least needed go first when there is no
/// room.
struct Piece {
    text: String,
    style: Style,
    need: u8,
}

impl Console {
    pub(super) fn draw_band(&self, buf: &mut Buffer, area: Rect, now: Time) {
        let practice = self.shown.world.catalog.practice;
        let target = self
            .layers
            .seen()
            .and_then(|layer| layer.target(&self.scene(now)))
            .or_else(|| self.target(now));
        let env = target
            .map(|target| target.env().clone())
            .or_else(|| self.shown.about.as_ref().map(|stack| stack.env.clone()));
        let view = env.and_then(|env| {
            self.shown
                .views
                .environments
                .iter()
                .find(|view| view.name == env)
        });
        let practice = practice || view.is_some_and(|view| view.practice);
        let role = match (practice, view.map(|view| view.class)) {
            (true, _) => Role::BandPractice,
            (false, Some(EnvClass::Production)) => Role::BandProduction,
            (false, Some(EnvClass::Staging)) => Role::BandStaging,
            (false, Some(EnvClass::Development) | None) => Role::BandDevelopment,
            (false, Some(EnvClass::Branch)) => Role::BandBranch,
        };
        let band = self.theme.style(role);
        buf.set_style(area, band);
        let mut left = vec![Piece {
            text: format!(" {} ", word(practice, view)),
            style: band,
            need: 9,
        }];
        if let Some(view) = view {
            let name = if practice {
                format!("{} (practice)", view.name)
            } else {
                view.name.to_string()
            };
            left.push(Piece {
                text: format!("{} {name} ", self.theme.glyphs.pointer()),
                style: band,
                need: 9,
            });
            if let Some(whose) = &view.spot.whose.is {
                let unproven = if view.proven { "" } else { "?" };
                left.push(Piece {
                    text: format!("{whose}{unproven} "),
                    style: band,
                    need: 8,
                });
            }
            if let Some(within) = &view.spot.within.is {
                left.push(Piece {
                    text: format!("{within} "),
                    style: band,
                    need: 6,
                });
            }
            let lock = match self.lock(&view.name, now) {
                Lock::Read(_) => "READ ".to_owned(),
                Lock::Guarded(until) => format!("GUARDED {} ", minutes(until, now)),
                Lock::Open => "OPEN ".to_owned(),
            };
            left.push(Piece {
                text: lock,
                style: band,
                need: 8,
            });
            if view.differs.disagree() {
                left.push(Piece {
                    text: "DIFFERS ".to_owned(),
                    style: band,
                    need: 8,
                });
            }
            left.push(Piece {
                text: format!(" {}", self.identity(view, now)),
                style: band,
                need: 3,
            });
        }
        let mut right: Vec<Piece> = Vec::new();
        if let Some(throttled) = view.and_then(|view| view.throttled.as_ref()) {
            let style = self.theme.style(Role::Warn);
            right.push(Piece {
                text: format!(
                    " {} THROTTLES READS since {} ",
                    throttled.by.to_uppercase(),
                    throttled.pace.since.text("%H:%MZ")
                ),
                style,
                need: 7,
            });
        }
        if !self.shown.world.untold(now).is_empty() {
            right.push(Piece {
                text: " COMMITS UNTOLD ".to_owned(),
                style: self.theme.style(Role::Warn),
                need: 6,
            });
        }
        if self.shown.world.doubt.is_some() {
            right.push(Piece {
                text: " STORE IN DOUBT ".to_owned(),
                style: self.theme.style(Role::Fail),
                need: 10,
            });
        }
        if let Some(disk) = &self.shown.world.disk_full {
            let style = self.theme.style(Role::Fail);
            right.push(Piece {
                text: format!(" DISK FULL since {} ", disk.since.text("%H:%MZ")),
                style,
                need: 9,
            });
        }
        if let Some(gap) = self.shown.world.gap {
            let style = self.theme.style(Role::Warn);
            right.push(Piece {
                text: format!(" CLOCK UNSURE from {} ", gap.from.text("%a %H:%MZ")),
                style,
                need: 8,
            });
        }
        if let Some(words) = self.aside(now) {
            right.push(Piece {
                text: format!(" {words} "),
                style: self.theme.style(Role::Warn),
                need: 6,
            });
        }
        if let Some(words) = engine(&self.shown.world.engine) {
            right.push(Piece {
                text: format!(" {words} "),
                style: band,
                need: 7,
            });
        }
        // States that share a glyph are counted together, in the order of need.
        let mut counts: Vec<(&str, usize)> = Vec::new();
        let mut all: Vec<(State, usize)> = self
            .shown
            .views
            .environments
            .iter()
            .flat_map(|env| env.counts.iter().map(|(s, n)| (*s, *n)))
            .collect();
        all.sort_by_key(|(state, _)| *state);
        for (state, n) in all
            .into_iter()
            .filter(|(state, _)| !matches!(state, State::Ok | State::New | State::Gone))
        {
            let glyph = states::glyph(state, &self.theme);
            match counts.iter_mut().find(|(known, _)| *known == glyph) {
                Some((_, sum)) => *sum += n,
                None => counts.push((glyph, n)),
            }
        }
        right.extend(counts.into_iter().map(|(glyph, n)| Piece {
            text: format!("{glyph}{n} "),
            style: band,
            need: 5,
        }));
        let clock = if self.shown.views.moving() {
            now.text("%H:%M:%SZ ")
        } else {
            now.text("%H:%MZ ")
        };
        right.push(Piece {
            text: clock,
            style: band,
            need: 4,
        });
        shrink(&mut left, &mut right, usize::from(area.width));
        let cells = |pieces: &[Piece]| {
            pieces
                .iter()
                .map(|piece| (piece.text.clone(), piece.style))
                .collect::<Vec<_>>()
        };
        paint::spans(buf, area.x, area.y, area.right(), &cells(&left));
        let wide: usize = right.iter().map(|piece| paint::width(&piece.text)).sum();
        paint::spans(
            buf,
            area.right().saturating_sub(paint::short(wide)),
            area.y,
            area.right(),
            &cells(&right),
        );
    }

    /// What was set aside in the last day, but what was read here.
    fn aside(&self, now: Time) -> Option<String> {
        let read = &self.shown.world.aside;
        let key = self.keys.first("aside");
        if read.trouble.is_some() {
            return Some(format!("SET ASIDE: NOT READ [{key}]"));
        }
        let from = Some(now - NEW).max(self.aside_seen)?;
        match read.kept.after(from).count() {
            0 => None,
            new => Some(format!("{new} SET ASIDE [{key}]")),
        }
    }

    /// `you ana · engine role deployer 11h`.
    fn identity(&self, view: &EnvView, now: Time) -> String {
        let separator = self.theme.glyphs.pick("\u{b7}", "-");
        let world = &self.shown.world;
        let home = world.record(&view.name).map(|record| record.places.home());
        let engine = match home.map(|home| home.map(|home| world.proof(&view.name, &home.name))) {
            Some(Some(Some(seen))) => {
                let left = seen
                    .proof
                    .expires_at
                    .map_or_else(String::new, |until| format!(" {}", short(until.since(now))));
                format!("engine {}{left}", seen.proof.called)
            }
            Some(None) => "engine here, nothing outside".to_owned(),
            Some(Some(None)) | None => "engine unproven here".to_owned(),
        };
        format!("you {} {separator} {engine}", self.shown.world.you)
    }
}

/// The word of the class; practice says so, whatever the class.
fn word(practice: bool, view: Option<&EnvView>) -> &'static str {
    match (practice, view) {
        (true, _) => "PRACTICE",
        (false, Some(view)) => view.class.word(),
        (false, None) => "HOLDPOINT",
    }
}

/// What must be said of the engine; nothing when it runs.
fn engine(seen: &EngineState) -> Option<String> {
    match seen {
        EngineState::Live { .. } | EngineState::Unknown => None,
        EngineState::None(_) => Some("NO ENGINE".to_owned()),
        EngineState::Silent { since, .. } => Some(format!(
            "ENGINE DOES NOT ANSWER since {}",
            since.text("%H:%MZ")
        )),
        EngineState::Starting => Some("engine starting".to_owned()),
        EngineState::Draining { .. } => Some("engine handing over".to_owned()),
    }
}

/// Whole minutes that are left, so that the band does not tick.
fn minutes(until: Time, now: Time) -> String {
    format!("{}m", until.since(now).as_secs().div_ceil(60))
}

/// Leaves pieces out, the least needed first, until all fit.
fn shrink(left: &mut Vec<Piece>, right: &mut Vec<Piece>, cells: usize) {
    let wide = |pieces: &[Piece]| {
        pieces
            .iter()
            .map(|piece| paint::width(&piece.text))
            .sum::<usize>()
    };
    while wide(left) + wide(right) > cells {
        let least = left
            .iter()
            .chain(right.iter())
            .map(|piece| piece.need)
            .min()
            .unwrap_or(9);
        if least >= 9 {
            return;
        }
        // Of equals the last one goes.
        if let Some(at) = right.iter().rposition(|piece| piece.need == least) {
            right.remove(at);
        } else if let Some(at) = left.iter().rposition(|piece| piece.need == least) {
            left.remove(at);
        }
    }
}
