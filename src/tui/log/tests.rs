//! The log pane: the ring against a plain list, keys against what they must show, pictures in sizes and modes.

use std::sync::Mutex;

use crossterm::event::{KeyCode, KeyModifiers};
use proptest::prelude::*;

use super::*;
use crate::domain::ids::StackId;
use crate::domain::line::{Line, SourceKind};
use crate::domain::safe::Safe;
use crate::tui::glyphs::Glyphs;
use crate::tui::theme::Depth;
use crate::world::World;

fn line(at: i64, id: &str, kind: SourceKind, severity: Severity, text: &str) -> Line {
    let (source, part) = match kind {
        SourceKind::Cfn => ("shop-orders-prod", "orders-db/DBInstance"),
        SourceKind::Logs => ("/ecs/shop-production/orders", "orders/7f3a"),
        SourceKind::Out => ("migrate", ""),
        SourceKind::Engine => ("holdpoint", ""),
    };
    Line {
        at: Time(at),
        id: id.to_owned(),
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
    use SourceKind::{Cfn, Engine, Logs, Out};
    let rows = [
        (Engine, Info, "#2291 update started"),
        (Cfn, Info, "UPDATE_IN_PROGRESS DBInstance"),
        (Out, Debug, "0042_add_idx: checking"),
        (Cfn, Error, "UPDATE_FAILED DBInstance: storage-full"),
        (Logs, Error, "ERROR could not extend file: No space left on device \u{1b}[31mnow\u{1b}[0m"),
        (Logs, Info, r#"{"lvl":"warn","msg":"db failover","ids":[1,2],"esc":"a\u202eb"}"#),
        (Logs, Gap, "sampled: 500 lines a second at most from here"),
        (Logs, Warn, "WARN retry 1/5 connection refused by the database of orders, which is in the middle of a failover"),
        (Logs, Warn, "WARN retry 2/5 日本 connection refused"),
        (Cfn, Info, "UPDATE_ROLLBACK_IN_PROGRESS"),
    ];
    let lines = rows.iter().enumerate().map(|(n, (kind, severity, text))| line(after(n * 1_250), &n.to_string(), *kind, *severity, text));
    Batch { lines: lines.collect(), dropped: 0 }
}

fn numbered(count: usize) -> Batch {
    let lines = (0..count).map(|n| line(after(n), &n.to_string(), SourceKind::Logs, Severity::Info, &format!("line {n}")));
    Batch { lines: lines.collect(), dropped: 0 }
}

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
        pane.push(batch, Time(T0 + 12_450));
        Self { pane, world: World::default(), stack: "prod/orders".parse().unwrap(), size, zoomed: false }
    }

    fn scene<'a>(world: &'a World, stack: &'a StackId, zoomed: bool) -> Scene<'a> {
        Scene { zoomed, ..Scene::new(world, Time(T0 + 20_000)).focused(true).about(Some(stack)) }
    }

    fn draw_with(&mut self, theme: &Theme) -> Buffer {
        let area = Rect::new(0, 0, self.size.0, self.size.1);
        let mut buf = Buffer::empty(area);
        self.pane.draw(&Self::scene(&self.world, &self.stack, self.zoomed), theme, area, &mut buf);
        buf
    }

    fn shown(&mut self) -> String {
        let buf = self.draw_with(&Theme::built_in("dark", Depth::True, Glyphs::UNICODE).unwrap());
        text_of(&buf)
    }

    fn go(&mut self, motion: Motion) -> Flow {
        self.shown();
        self.pane.motion(motion, &Self::scene(&self.world, &self.stack, self.zoomed))
    }

    fn press(&mut self, code: KeyCode) {
        assert!(self.pane.typing());
        let key = KeyEvent::new(code, KeyModifiers::NONE);
        assert_eq!(self.pane.key(key, &Self::scene(&self.world, &self.stack, self.zoomed)), Flow::Used);
    }

    fn typed(&mut self, text: &str) {
        text.chars().for_each(|c| self.press(KeyCode::Char(c)));
    }

    fn at(&self) -> &str {
        self.pane.ring.row(self.pane.cursor).unwrap().text
    }
}

fn text_of(buf: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buf.area.height {
        let (mut line, mut x) = (String::new(), 0);
        while x < buf.area.width {
            let symbol = buf[(x, y)].symbol();
            line.push_str(symbol);
            x += u16::try_from(unicode_width::UnicodeWidthStr::width(symbol)).unwrap().max(1);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

#[test]
fn pictures() {
    let mut desk = Desk::new(&story(), (100, 14));
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
    assert!(!text.contains('\u{202e}') && !text.contains('\u{1b}'), "{text}");
}

#[test]
fn following_stops_when_the_cursor_moves_and_counts_what_comes() {
    let mut desk = Desk::new(&numbered(50), (80, 10));
    assert_eq!(desk.at(), "line 0");
    desk.shown();
    assert_eq!(desk.at(), "line 49");
    desk.go(Motion::Up);
    let before = desk.shown();
    desk.pane.push(&numbered(60), Time(T0));
    let after = desk.shown();
    assert!(after.contains("paused, 10 new"), "{after}");
    let lines = |text: &str| text.lines().filter(|line| line.contains("cwl")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(lines(&before), lines(&after), "a paused screen stands still");
    desk.go(Motion::Bottom);
    assert!(desk.shown().contains("line 59"));
    desk.go(Motion::Pause);
    assert!(desk.shown().contains("paused"));
    desk.go(Motion::Pause);
    assert!(desk.shown().contains("follow"));
}

#[test]
fn late_lines_go_to_their_place_and_the_cursor_stays_on_its_line() {
    let mut desk = Desk::new(&numbered(20), (80, 10));
    desk.go(Motion::Top);
    (0..5).for_each(|_| drop(desk.go(Motion::Down)));
    desk.go(Motion::SetMark);
    let late = Batch { lines: vec![line(T0 + 2, "late", SourceKind::Cfn, Severity::Info, "late")], dropped: 3 };
    desk.pane.push(&late, Time(T0));
    assert_eq!(desk.at(), "line 5");
    desk.go(Motion::Top);
    desk.go(Motion::JumpMark);
    assert_eq!(desk.at(), "line 5");
    (0..3).for_each(|_| drop(desk.go(Motion::Up)));
    assert_eq!(desk.at(), "late");
    assert!(desk.shown().contains("dropped 3"));
}

#[test]
fn errors_and_warnings_are_found_in_both_directions() {
    let mut desk = Desk::new(&story(), (100, 14));
    desk.go(Motion::Top);
    desk.go(Motion::NextError);
    assert!(desk.at().starts_with("UPDATE_FAILED"));
    desk.go(Motion::NextError);
    assert!(desk.at().starts_with("ERROR could"));
    assert_eq!(desk.go(Motion::NextError), Flow::Say("no error after this line".to_owned()));
    desk.go(Motion::NextWarning);
    desk.go(Motion::NextWarning);
    assert!(desk.at().contains("2/5"));
    desk.go(Motion::PrevWarning);
    assert!(desk.at().contains("1/5"));
    desk.go(Motion::PrevError);
    assert!(desk.at().starts_with("ERROR could"));
}

#[test]
fn searching_keeps_context_and_goes_round() {
    let mut desk = Desk::new(&numbered(3_000), (80, 10));
    desk.go(Motion::Top);
    desk.go(Motion::Find);
    desk.typed("line 2.5$");
    desk.press(KeyCode::Enter);
    assert_eq!(desk.at(), "line 205");
    assert!(desk.shown().contains("line 204") && desk.shown().contains("line 206"), "the other lines stay");
    (0..3).for_each(|_| drop(desk.go(Motion::NextMatch)));
    assert_eq!(desk.at(), "line 235");
    (0..4).for_each(|_| drop(desk.go(Motion::PrevMatch)));
    assert_eq!(desk.at(), "line 295", "round");
    assert!(desk.shown().contains("/line 2.5$ 10/10"), "{}", desk.shown());
    desk.go(Motion::Find);
    desk.typed("LINE");
    desk.press(KeyCode::Enter);
    assert!(matches!(desk.go(Motion::NextMatch), Flow::Say(_)), "large letters mean themselves");
    desk.go(Motion::Find);
    desk.typed("2999");
    desk.press(KeyCode::Esc);
    assert_eq!(desk.at(), "line 295", "leaving puts everything back");
}

#[test]
fn a_filter_hides_the_others_and_shows_what_stands_around() {
    let mut desk = Desk::new(&numbered(3_000), (80, 12));
    desk.go(Motion::Filter);
    desk.typed("line 1000 +1");
    desk.press(KeyCode::Enter);
    let text = desk.shown();
    let seen: Vec<_> = ["line 998", "line 999", "line 1000", "line 1001", "line 1002"].map(|l| text.contains(l)).into();
    assert_eq!(seen, [false, true, true, true, false], "{text}");
    desk.go(Motion::Invert);
    desk.go(Motion::ShowAll);
    desk.go(Motion::Filter);
    desk.typed("!1");
    desk.press(KeyCode::Enter);
    desk.go(Motion::Top);
    (0..2).for_each(|_| drop(desk.go(Motion::Down)));
    assert_eq!(desk.at(), "line 3", "lines without a 1");
    assert_eq!(desk.go(Motion::Escape), Flow::Used);
    assert_eq!(desk.go(Motion::Escape), Flow::Pass);
}

#[test]
fn copying_takes_the_selection_without_borders() {
    let mut desk = Desk::new(&story(), (60, 14));
    desk.go(Motion::Top);
    assert_eq!(desk.go(Motion::Copy), Flow::Copy("2023-11-14T22:22:51.000Z prod/orders hp holdpoint #2291 update started".to_owned()));
    desk.go(Motion::Select);
    (0..3).for_each(|_| drop(desk.go(Motion::Down)));
    let Flow::Copy(text) = desk.go(Motion::Copy) else { panic!("nothing copied") };
    assert_eq!(text.lines().count(), 4);
    assert!(text.ends_with("cfn shop-orders-prod orders-db/DBInstance ERROR UPDATE_FAILED DBInstance: storage-full"), "{text}");
}

#[test]
fn saving_writes_what_is_shown_and_says_where() {
    let saved = Arc::new(Mutex::new(Vec::new()));
    let into = saved.clone();
    let mut desk = Desk::new(&story(), (100, 14));
    assert!(matches!(desk.go(Motion::Save), Flow::Say(why) if why.contains("cannot")));
    desk.pane = std::mem::take(&mut desk.pane).saves_with(Arc::new(move |name, text| {
        into.lock().unwrap().push((name.to_owned(), text.to_owned()));
        Ok(format!("/home/ana/{name}"))
    }));
    desk.go(Motion::Filter);
    desk.typed("retry");
    desk.press(KeyCode::Enter);
    let said = desk.go(Motion::Save);
    assert_eq!(said, Flow::Say("2 lines saved to /home/ana/holdpoint-20231114T222311Z.log".to_owned()));
    assert_eq!(saved.lock().unwrap()[0].1.lines().count(), 2);
}

#[test]
fn no_area_is_too_small_and_no_key_hurts_an_empty_pane() {
    use Motion::*;
    let all = [
        Up,
        Down,
        Left,
        Right,
        HalfUp,
        HalfDown,
        PageUp,
        PageDown,
        Top,
        Bottom,
        ScrollLeft,
        ScrollRight,
        Open,
        Pause,
        Cycle,
        Invert,
        ShowAll,
        NextMatch,
        PrevMatch,
        NextError,
        PrevError,
        NextWarning,
        PrevWarning,
        NextSection,
        PrevSection,
        Follow,
        Wrap,
        Times,
        Columns,
        Pretty,
        Select,
        SetMark,
        JumpMark,
        Save,
        Copy,
        Escape,
    ];
    for batch in [Batch::default(), story()] {
        for size in [(0, 0), (1, 1), (3, 3), (10, 2), (5, 30), (200, 60)] {
            let mut desk = Desk::new(&batch, size);
            for motion in all {
                desk.go(motion);
            }
            desk.go(Motion::Find);
            desk.typed("retry");
            desk.shown();
            desk.press(KeyCode::Enter);
            desk.shown();
        }
    }
}

#[test]
fn json_keeps_its_order_and_its_escapes() {
    let lines = pretty(r#"INFO {"b": [1, {"a":"x, {y"}], "e": {}, "s": "q\"\\" } "#).unwrap();
    let wanted =
        ["{", "  \"b\": [", "    1,", "    {", "      \"a\": \"x, {y\"", "    }", "  ],", "  \"e\": {},", "  \"s\": \"q\\\"\\\\\"", "}"];
    assert_eq!(lines, wanted);
    assert!(pretty("no json {here").is_none() && pretty("").is_none());
}

/// What the ring must be: a list, sorted by time and arrival, without repeats, of which the newest are kept.
#[derive(Default)]
struct Model {
    lines: Vec<(i64, usize, String)>,
    arrived: usize,
}

impl Model {
    fn push(&mut self, batch: &[(i64, u16)], most: usize) {
        let mut known: HashSet<String> = self.lines.iter().map(|(.., id)| id.clone()).collect();
        for (at, id) in batch {
            if known.insert(id.to_string()) {
                self.arrived += 1;
                self.lines.push((*at, self.arrived, id.to_string()));
            }
        }
        self.lines.sort();
        let extra = self.lines.len().saturating_sub(most);
        self.lines.drain(..extra);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_ring_is_a_sorted_list_without_repeats(
        batches in prop::collection::vec(prop::collection::vec((0i64..400, 0u16..6_000), 0..1_200), 1..8),
        most in 1usize..4_000,
    ) {
        let (mut ring, mut model) = (Ring::new(most), Model::default());
        let mut hits = Hits::new(Query::read("7").unwrap());
        for batch in &batches {
            for (at, id) in batch {
                ring.put(&line(*at, &id.to_string(), SourceKind::Logs, Severity::Info, &id.to_string()));
            }
            ring.trim();
            model.push(batch, most);
            prop_assert_eq!(ring.len(), model.lines.len());
            let rows: Vec<_> = (0..ring.len()).map(|at| ring.row(at).map(|row| (row.at.0, row.text.to_owned())).unwrap()).collect();
            let wanted: Vec<_> = model.lines.iter().map(|(at, _, id)| (*at, id.clone())).collect();
            prop_assert_eq!(&rows, &wanted);
            // Hits that were found before and hits that are found now agree with a plain look.
            let plain: Vec<_> = (0..rows.len()).filter(|at| rows[*at].1.contains('7')).collect();
            let (mut found, mut at) = (Vec::new(), 0);
            while let Some(hit) = hits.at_or_after(&ring, at) {
                found.push(hit);
                at = hit + 1;
            }
            prop_assert_eq!(&found, &plain);
            let middle = rows.len() / 2;
            prop_assert_eq!(hits.at_or_before(&ring, middle), plain.iter().copied().rfind(|at| *at <= middle));
            prop_assert!(hits.search(&ring, usize::MAX));
            prop_assert_eq!(hits.count(&ring, middle), (plain.iter().filter(|at| **at <= middle).count(), plain.len()));
        }
    }

    #[test]
    fn what_is_shown_goes_both_ways_alike(count in 0usize..300, around in 0usize..4, digit in 0u8..10) {
        let mut pane = LogPane::default();
        pane.push(&numbered(count), Time(T0));
        let mut filter = Query::read(&format!("{digit} +{around}")).map(Hits::new);
        let forward = view::between(&pane.ring, &mut filter, 0, usize::MAX);
        let mut backward = Vec::new();
        let mut at = view::at_or_before(&pane.ring, &mut filter, usize::MAX);
        while let Some(row) = at {
            backward.insert(0, row);
            at = view::before(&pane.ring, &mut filter, row);
        }
        let hit = |row: usize| format!("line {row}").contains(char::from(b'0' + digit));
        let plain: Vec<_> = (0..count).filter(|row| (row.saturating_sub(around)..=(row + around).min(count - 1)).any(hit)).collect();
        prop_assert_eq!(&forward, &plain);
        prop_assert_eq!(&backward, &plain);
    }
}
