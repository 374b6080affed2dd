//! A desk for tests: a world to show, and a record of everything that was asked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use uuid::Uuid;

use crate::desk::{Batch, Desk, NotAsked, TailOf};
use crate::domain::ask::{Answer, Ask, AskState};
use crate::domain::card::Card;
use crate::domain::digest::Digest;
use crate::domain::environment::Class;
use crate::domain::hold::CardLine;
use crate::domain::ids::{AskId, StackId};
use crate::domain::level::{Danger, level, phrase};
use crate::domain::line::{Line, Severity, SourceKind, Turn};
use crate::domain::safe::Safe;
use crate::domain::time::Time;
use crate::world::World;
use crate::world::fixture::{self, NOW};

use super::console::Console;
use super::glyphs::Glyphs;
use super::keys::Keys;
use super::panes::{PaneDef, TABLE};
use super::theme::{Depth, Theme};

/// The desk.
#[derive(Default)]
pub(crate) struct Double {
    pub(crate) world: Mutex<Arc<World>>,
    /// Everything that was asked, in order.
    pub(crate) asked: Mutex<Vec<Ask>>,
    pub(crate) states: Mutex<BTreeMap<AskId, AskState>>,
    pub(crate) lines: Mutex<Vec<Line>>,
    /// Whether previews wait for an answer.
    pub(crate) slow: std::sync::atomic::AtomicBool,
}

impl Double {
    pub(crate) fn new(world: World) -> Arc<Self> {
        let double = Self::default();
        *double.world.lock().unwrap() = Arc::new(world);
        Arc::new(double)
    }

    /// The asks that could change something.
    pub(crate) fn changing(&self) -> Vec<Ask> {
        self.asked
            .lock()
            .unwrap()
            .iter()
            .filter(|ask| !matches!(ask, Ask::Preview { .. }))
            .cloned()
            .collect()
    }

    /// Answers the newest ask.
    pub(crate) fn answer(&self, answer: Answer) {
        let id = AskId(Uuid::from_u128(self.asked.lock().unwrap().len() as u128));
        self.states
            .lock()
            .unwrap()
            .insert(id, AskState::Answered { answer });
    }

    pub(crate) fn set(&self, world: World) {
        *self.world.lock().unwrap() = Arc::new(world);
    }
}

impl Desk for Double {
    fn submit(&self, ask: Ask) -> Result<AskId, NotAsked> {
        let mut asked = self.asked.lock().unwrap();
        let card = match &ask {
            Ask::Preview { .. } if self.slow.load(std::sync::atomic::Ordering::SeqCst) => None,
            Ask::Preview { intent, .. } => {
                let stack = match intent {
                    crate::domain::ask::Intent::Deploy { stacks, .. } => stacks[0].clone(),
                    crate::domain::ask::Intent::Teardown { stack, .. }
                    | crate::domain::ask::Intent::Rollback { stack, .. }
                    | crate::domain::ask::Intent::Unblock { stack, .. } => stack.clone(),
                    _ => fixture::id("dev/web"),
                };
                let class = self
                    .world
                    .lock()
                    .unwrap()
                    .record(&stack.env)
                    .map_or(Class::Development, |record| record.class);
                Some(card(&stack, class, intent.verb()))
            }
            _ => None,
        };
        asked.push(ask);
        let id = AskId(Uuid::from_u128(asked.len() as u128));
        let state = card.map_or(AskState::Asked, |card| AskState::Answered {
            answer: Answer::Card {
                card: Box::new(card),
            },
        });
        self.states.lock().unwrap().insert(id, state);
        Ok(id)
    }

    fn state(&self, id: AskId) -> AskState {
        self.states
            .lock()
            .unwrap()
            .get(&id)
            .cloned()
            .unwrap_or(AskState::Asked)
    }

    fn world(&self) -> Arc<World> {
        Arc::clone(&self.world.lock().unwrap())
    }

    fn watch(&self, _stacks: &[StackId]) {}

    fn tail(&self, _of: &TailOf) {}

    fn drain(&self, _of: &TailOf) -> Batch {
        Batch {
            lines: std::mem::take(&mut *self.lines.lock().unwrap()),
            dropped: 0,
        }
    }

    fn untail(&self, _of: &TailOf) {}
}

/// A card as an engine makes it.
pub(crate) fn card(stack: &StackId, class: Class, verb: crate::domain::level::Verb) -> Card {
    let (level, why) = level(class, verb, Danger::default());
    let line = |label: &str, text: &str| CardLine {
        label: label.to_owned(),
        text: text.to_owned(),
    };
    Card {
        verb,
        env: stack.env.clone(),
        class,
        account: "441200007731".to_owned(),
        region: "eu-west-1".to_owned(),
        stack: Some(stack.clone()),
        level,
        why,
        phrase: phrase(level, verb, stack.env.as_str()),
        needs_reason: u8::from(level) == 4,
        subject: Digest::of_bytes(b"one"),
        lines: vec![
            line("WHEN", "now"),
            line(
                "DOES",
                &format!(
                    "update the CloudFormation stack {}-{}",
                    stack.env, stack.app
                ),
            ),
            line("CHANGES", "2 modify, 0 replace, 0 delete"),
            line("UNDO", "roll back to 411"),
            line(
                "RUNS ON",
                "engine, role deployer; a cancel is possible until the service is scaled down",
            ),
        ],
        rows: Some(fixture::rows(true)),
        plan: None,
        made_at: NOW,
        valid_until: NOW + Duration::from_mins(1),
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
    pub(crate) desk: Arc<Double>,
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
        let desk = Double::new(world);
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
        self.console.wake(self.now);
        self
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
