//! A console for tests, over a desk whose asks are answered as an engine answers them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::desk::Desk;
use crate::desk::double::{Answers, Double};
use crate::domain::ask::{Answer, Ask};
use crate::domain::ids::{AskId, StackId};
use crate::domain::line::{Line, Severity, SourceKind, Turn};
use crate::domain::plan::ChangeRow;
use crate::domain::time::Time;
use crate::text::safe::Safe;
use crate::world::World;
use crate::world::fixture::{self, NOW};

use super::console::Console;
use super::glyphs::Glyphs;
use super::keys::Keys;
use super::panes::{PaneDef, TABLE};
use super::theme::{Depth, Theme};

/// Answers as an engine does.
pub(crate) struct Clerk {
    /// Whether it takes its time: nothing is answered.
    pub(crate) slow: AtomicBool,
    /// What an update would change.
    pub(crate) changes: Mutex<Vec<ChangeRow>>,
    now: Mutex<Time>,
}

impl Answers for Clerk {
    fn answer(&self, ask: &Ask, id: AskId, world: &mut Arc<World>) -> Option<Answer> {
        if self.slow.load(Ordering::SeqCst) {
            return None;
        }
        let now = *self.now.lock().unwrap();
        let changes = self.changes.lock().unwrap();
        Some(match fixture::decided(world, ask, id, &changes, now) {
            Ok((append, answer)) => {
                fixture::append(Arc::make_mut(world), append, now);
                answer
            }
            Err(refused) => Answer::Refused(refused),
        })
    }
}

/// Lines as a tail gives them.
pub(crate) fn some_lines(stack: &StackId) -> Vec<Line> {
    [
        (
            SourceKind::Events,
            "orders-db",
            "UPDATE_IN_PROGRESS DBInstance",
            Severity::Info,
        ),
        (
            SourceKind::Logs,
            "app",
            "WARN retry 1/5 connection refused",
            Severity::Warn,
        ),
        (
            SourceKind::Events,
            "orders-db",
            "UPDATE_FAILED DBInstance: storage-full",
            Severity::Error,
        ),
        (
            SourceKind::Logs,
            "app",
            "ERROR could not extend file: No space left on device",
            Severity::Error,
        ),
        (
            SourceKind::Engine,
            "",
            "step execute failed",
            Severity::Info,
        ),
    ]
    .into_iter()
    .enumerate()
    .map(|(n, (kind, part, text, severity))| Line {
        turn: Turn::default(),
        phase: None,
        at: fixture::ago(60 - 7 * n as u64),
        id: n.to_string().into(),
        kind,
        source: Safe::new("source"),
        part: Safe::new(part),
        stack: stack.clone(),
        no: None,
        severity,
        text: Safe::new(text),
    })
    .collect()
}

/// A console over a desk, with a clock of its own.
pub(crate) struct Bench {
    pub(crate) console: Console,
    pub(crate) desk: Arc<Double<Clerk>>,
    pub(crate) now: Time,
}

impl Bench {
    pub(crate) fn new(world: World) -> Self {
        Self::themed(world, Depth::True, Glyphs::UNICODE)
    }

    pub(crate) fn themed(world: World, depth: Depth, glyphs: Glyphs) -> Self {
        Self::over(
            world,
            TABLE,
            Theme::built_in("dark", depth, glyphs).unwrap(),
        )
    }

    /// A console with other panes.
    pub(crate) fn with(world: World, panes: &'static [PaneDef]) -> Self {
        Self::over(
            world,
            panes,
            Theme::built_in("dark", Depth::True, Glyphs::UNICODE).unwrap(),
        )
    }

    fn over(world: World, panes: &'static [PaneDef], theme: Theme) -> Self {
        let clerk = Clerk {
            slow: AtomicBool::new(false),
            changes: Mutex::new(fixture::rows(false)),
            now: Mutex::new(NOW),
        };
        let desk = Arc::new(Double::over(world, clerk));
        let keys = Keys::read(None, panes).unwrap();
        let console = Console::new(Arc::clone(&desk) as Arc<dyn Desk>, theme, keys, panes, NOW);
        Self {
            console,
            desk,
            now: NOW,
        }
    }

    /// Lets time pass and wakes the console.
    pub(crate) fn wait(&mut self, ms: u64) -> &mut Self {
        self.now = self.now + Duration::from_millis(ms);
        *self.desk.by.now.lock().unwrap() = self.now;
        self.console.wake(self.now);
        self
    }

    /// The asks that could change something.
    pub(crate) fn changing(&self) -> Vec<Ask> {
        let asked = self.desk.asked.lock().unwrap();
        let changing = asked
            .iter()
            .filter(|ask| !matches!(ask, Ask::Preview { .. } | Ask::Lock { .. }));
        changing.cloned().collect()
    }

    pub(crate) fn press(&mut self, key: KeyEvent) -> &mut Self {
        self.console.key(key, self.now);
        self.console.wake(self.now);
        self
    }

    /// Presses keys as a person does, a tenth of a second apart: letters, or `<Enter>`, `<Esc>`,
    /// `<Tab>`, `<Up>`, `<Down>`.
    pub(crate) fn keys(&mut self, script: &str) -> &mut Self {
        let mut rest = script;
        while let Some(c) = rest.chars().next() {
            let (code, used) = match rest
                .strip_prefix('<')
                .and_then(|body| body.split_once('>'))
                .map(|(name, _)| name)
            {
                Some("Enter") => (KeyCode::Enter, 7),
                Some("Esc") => (KeyCode::Esc, 5),
                Some("Tab") => (KeyCode::Tab, 5),
                Some("Up") => (KeyCode::Up, 4),
                Some("Down") => (KeyCode::Down, 6),
                _ => (KeyCode::Char(c), c.len_utf8()),
            };
            self.wait(100);
            self.press(KeyEvent::new(code, KeyModifiers::NONE));
            rest = &rest[used..];
        }
        self
    }

    /// Does an action as if it was chosen from the palette.
    pub(crate) fn act(&mut self, name: &str) -> &mut Self {
        self.console.act_named(name, self.now);
        self.console.wake(self.now);
        self
    }

    /// The screen at a size, as text.
    pub(crate) fn screen(&mut self, width: u16, height: u16) -> String {
        let buf = self.buffer(width, height);
        text(&buf)
    }

    pub(crate) fn buffer(&mut self, width: u16, height: u16) -> Buffer {
        let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
        self.console.draw(&mut buf, self.now);
        buf
    }
}

/// The symbols of a buffer, one line a row.
pub(crate) fn text(buf: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buf.area.height {
        let row: String = (0..buf.area.width).map(|x| buf[(x, y)].symbol()).collect();
        out.push_str(row.trim_end());
        out.push('\n');
    }
    out
}
