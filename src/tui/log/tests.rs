//! The log pane: pictures in sizes and modes; what keys must show, the ring against a plain list
//! and the footer each in a file.

mod fold;
mod footer;
mod keys;
mod ring;

use std::sync::LazyLock;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::*;
use crate::domain::ids::StackId;
use crate::domain::line::{Line, Severity, SourceKind, Turn};
use crate::domain::sighting::{Seen, Sighting};
use crate::text::safe::Safe;
use crate::tui::board::frame;
use crate::tui::glyphs::Glyphs;
use crate::tui::keys::Keys;
use crate::tui::motion::Motion;
use crate::tui::pane::Pane;
use crate::tui::panes::TABLE;
use crate::tui::scene::Scene;
use crate::tui::theme::{Depth, Theme};
use crate::world::World;
use crate::world::sightings::of_stack;

fn line(at: i64, id: &str, kind: SourceKind, severity: Severity, text: &str) -> Line {
    let (source, part) = match kind {
        SourceKind::Events => ("shop-orders-prod", "orders-db/DBInstance"),
        SourceKind::Logs => ("/ecs/shop-production/orders", "orders/7f3a"),
        SourceKind::Out => ("migrate", ""),
        SourceKind::Engine => ("holdpoint", ""),
    };
    Line {
        turn: Turn::default(),
        phase: None,
        at: Time(at),
        id: id.into(),
        kind,
        source: Safe::new(source),
        part: Safe::new(part),
        stack: "prod/orders".parse().unwrap(),
        no: None,
        severity,
        text: Safe::new(text),
    }
}

const T0: i64 = 1_700_000_571_000;

fn after(ms: usize) -> i64 {
    T0 + i64::try_from(ms).unwrap()
}

fn story() -> Batch {
    use Severity::{Debug, Error, Gap, Info, Warn};
    use SourceKind::{Engine, Events, Logs, Out};
    let rows = [
        (Engine, Info, "#2291 update started"),
        (Events, Info, "UPDATE_IN_PROGRESS DBInstance"),
        (Out, Debug, "0042_add_idx: checking"),
        (Events, Error, "UPDATE_FAILED DBInstance: storage-full"),
        (
            Logs,
            Error,
            "ERROR could not extend file: No space left on device \u{1b}[31mnow\u{1b}[0m",
        ),
        (
            Logs,
            Info,
            r#"{"lvl":"warn","msg":"db failover","ids":[1,2],"esc":"a\u202eb"}"#,
        ),
        (
            Logs,
            Gap,
            "nobody followed /ecs/shop-production/orders from 2023-11-12T22:22:51Z to 2023-11-13T22:22:51Z: what came then is not here",
        ),
        (
            Logs,
            Warn,
            "WARN retry 1/5 connection refused by the database of orders, which is in the middle of a failover",
        ),
        (Logs, Warn, "WARN retry 2/5 日本 connection refused"),
        (Events, Info, "UPDATE_ROLLBACK_IN_PROGRESS"),
    ];
    let lines = rows.iter().enumerate().map(|(n, (kind, severity, text))| {
        line(after(n * 1_250), &n.to_string(), *kind, *severity, text)
    });
    Batch {
        lines: lines.collect(),
        dropped: 0,
    }
}

fn numbered(count: usize) -> Batch {
    let lines = (0..count).map(|n| {
        line(
            after(n),
            &n.to_string(),
            SourceKind::Logs,
            Severity::Info,
            &format!("line {n}"),
        )
    });
    Batch {
        lines: lines.collect(),
        dropped: 0,
    }
}

static KEYS: LazyLock<Keys> = LazyLock::new(|| Keys::read(None, TABLE).unwrap());

struct Desk {
    pane: LogPane,
    world: World,
    stack: StackId,
    size: (u16, u16),
    zoomed: bool,
}

impl Desk {
    fn new(batch: &Batch, size: (u16, u16)) -> Self {
        let mut pane = LogPane::default();
        pane.push(batch);
        Self {
            pane,
            world: World::default(),
            stack: "prod/orders".parse().unwrap(),
            size,
            zoomed: false,
        }
    }

    fn scene<'a>(world: &'a World, stack: &'a StackId) -> Scene<'a> {
        Scene {
            keys: &KEYS,
            ..Scene::new(world, Time(T0 + 20_000))
                .focused(true)
                .about(Some(stack))
        }
    }

    fn draw_with(&mut self, theme: &Theme) -> Buffer {
        let area = Rect::new(0, 0, self.size.0, self.size.1);
        let mut buf = Buffer::empty(area);
        let scene = Self::scene(&self.world, &self.stack);
        let inside = if self.zoomed {
            area
        } else {
            frame(&self.pane, "pane-5", &scene, theme, area, &mut buf)
        };
        self.pane.draw(&scene, theme, inside, &mut buf);
        buf
    }

    fn shown(&mut self) -> String {
        let buf = self.draw_with(&Theme::built_in("dark", Depth::True, Glyphs::UNICODE).unwrap());
        text_of(&buf)
    }

    fn go(&mut self, motion: Motion) -> Flow {
        self.shown();
        self.pane
            .motion(motion, &Self::scene(&self.world, &self.stack))
    }

    fn press(&mut self, code: KeyCode) {
        assert!(self.pane.typing());
        let key = KeyEvent::new(code, KeyModifiers::NONE);
        assert_eq!(
            self.pane.key(key, &Self::scene(&self.world, &self.stack)),
            Flow::Used
        );
    }

    fn typed(&mut self, text: &str) {
        text.chars().for_each(|c| self.press(KeyCode::Char(c)));
    }

    fn at(&self) -> &str {
        self.pane.ring.row(self.pane.cursor).unwrap().text
    }
}

/// Tells how the tail of a group was doing some seconds ago.
fn tell(desk: &mut Desk, group: &str, value: Seen, secs_ago: u64, why: Option<&str>) {
    let taken_at = Time(T0 + 20_000) - Duration::from_secs(secs_ago);
    let key = (of_stack(&desk.stack), format!("tail/{group}"));
    desk.world.sightings.insert(
        key,
        Sighting {
            value,
            taken_at,
            place: None,
            stale: why.map(Safe::new),
        },
    );
}

fn tail(live: bool, sampled: bool, dropped: u64, lag_ms: u64) -> Seen {
    Seen::Tail {
        live,
        dropped,
        sampled,
        lag_ms,
    }
}

fn text_of(buf: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buf.area.height {
        let (mut line, mut x) = (String::new(), 0);
        while x < buf.area.width {
            let symbol = buf[(x, y)].symbol();
            line.push_str(symbol);
            x += u16::try_from(unicode_width::UnicodeWidthStr::width(symbol))
                .unwrap()
                .max(1);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

#[test]
fn pictures() {
    let mut desk = Desk::new(&story(), (100, 14));
    tell(
        &mut desk,
        "/ecs/shop-production/orders",
        tail(true, true, 0, 1_200),
        2,
        None,
    );
    insta::assert_snapshot!("follow_100", desk.shown());
    desk.go(Motion::Find);
    insta::assert_snapshot!("prompt_empty", desk.shown());
    desk.typed("retry");
    insta::assert_snapshot!("prompt_retry", desk.shown());
    desk.press(KeyCode::Tab);
    insta::assert_snapshot!("prompt_filter", desk.shown());
    desk.press(KeyCode::Enter);
    desk.go(Motion::ShowAll);
    desk.go(Motion::PrevSection);
    desk.go(Motion::Top);
    (0..5).for_each(|_| drop(desk.go(Motion::Down)));
    desk.go(Motion::Pretty);
    desk.go(Motion::Wrap);
    desk.go(Motion::Times);
    desk.go(Motion::Times);
    insta::assert_snapshot!("json_wrapped_since", desk.shown());
    desk.size = (60, 10);
    desk.go(Motion::Escape);
    desk.go(Motion::Wrap);
    desk.go(Motion::ScrollRight);
    insta::assert_snapshot!("narrow_scrolled", desk.shown());
    desk.size = (40, 5);
    desk.zoomed = true;
    insta::assert_snapshot!("zoomed_small", desk.shown());
    let mut mono = Desk::new(&story(), (78, 6));
    let theme = Theme::built_in("dark", Depth::Mono, Glyphs::ASCII).unwrap();
    insta::assert_snapshot!("ascii_mono", text_of(&mono.draw_with(&theme)));
    insta::assert_snapshot!("empty", Desk::new(&Batch::default(), (78, 6)).shown());
}

#[test]
fn nothing_foreign_reaches_the_screen_even_from_opened_json() {
    let mut desk = Desk::new(&story(), (100, 24));
    desk.go(Motion::Top);
    (0..5).for_each(|_| drop(desk.go(Motion::Down)));
    desk.go(Motion::Pretty);
    let text = desk.shown();
    assert!(text.contains(r#""esc": "a\u202eb""#), "{text}");
    assert!(
        !text.contains('\u{202e}') && !text.contains('\u{1b}'),
        "{text}"
    );
}

#[test]
fn json_keeps_its_order_and_its_escapes() {
    let lines = pretty(r#"INFO {"b": [1, {"a":"x, {y"}], "e": {}, "s": "q\"\\" } "#).unwrap();
    let wanted = [
        "{",
        "  \"b\": [",
        "    1,",
        "    {",
        "      \"a\": \"x, {y\"",
        "    }",
        "  ],",
        "  \"e\": {},",
        "  \"s\": \"q\\\"\\\\\"",
        "}",
    ];
    assert_eq!(lines, wanted);
    assert!(pretty("no json {here").is_none() && pretty("").is_none());
}
