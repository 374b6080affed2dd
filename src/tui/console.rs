//! The console: what keys, the world and time do to panes and layers. It knows no terminal; what it
//! wants of one are wishes.

mod act;
mod asks;
mod coach;
mod copied;
mod guard;
mod input;
mod lists;
mod pages;
mod picture;
mod said;
mod shown;
mod tail;

use std::sync::Arc;
use std::time::Duration;

use crate::desk::Desk;
use crate::domain::time::Time;

use super::board::Board;
use super::keys::Keys;
use super::layers::Layers;
use super::pane::{Pane, Target};
use super::panes::PaneDef;
use super::scene::Scene;
use super::theme::Theme;

pub use guard::{Lock, UNLOCKED};

use asks::Asks;
use guard::Guard;
use said::Said;
use shown::Shown;
use tail::Tail;

/// Two interrupts within this leave the console.
const TWICE: Duration = Duration::from_secs(2);

/// Writes a file that its owner alone can read: a proposed name and the text; gives the path, or
/// why not.
pub type Saver = Arc<dyn Fn(&str, &str) -> Result<String, String> + Send + Sync>;

/// What the console wants of its terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Send a text to the clipboard.
    Clip(String),
    /// Mouse on or off.
    Mouse,
    /// Suspend.
    Suspend,
    /// Draw everything again.
    Redraw,
    /// Ring the bell.
    Ring,
    /// End.
    Quit,
}

/// The console.
pub struct Console {
    desk: Arc<dyn Desk>,
    theme: Theme,
    keys: Keys,
    saver: Option<Saver>,
    shown: Shown,
    board: Board,
    layers: Layers,
    tail: Tail,
    guard: Guard,
    asks: Asks,
    said: Option<Said>,
    wishes: Vec<Wish>,
    interrupted_at: Option<Time>,
    /// Whether it was asked whether to leave.
    leaving: bool,
    /// When the newest message was set aside that was read here.
    aside_seen: Option<Time>,
}

impl Console {
    /// A console over a desk, with the panes of a table.
    #[must_use]
    pub fn new(
        desk: Arc<dyn Desk>,
        theme: Theme,
        keys: Keys,
        panes: &'static [PaneDef],
        now: Time,
    ) -> Self {
        let mut it = Self {
            shown: Shown::new(desk.world(), now),
            desk,
            theme,
            keys,
            saver: None,
            board: Board::new(panes),
            layers: Layers::default(),
            tail: Tail::default(),
            guard: Guard::default(),
            asks: Asks::default(),
            said: None,
            wishes: Vec::new(),
            interrupted_at: None,
            leaving: false,
            aside_seen: None,
        };
        it.settle(now);
        it
    }

    /// The same console with a way to save what a pane shows.
    #[must_use]
    pub fn saves_with(self, saver: Saver) -> Self {
        Self {
            saver: Some(saver),
            ..self
        }
    }

    /// What the terminal should do.
    pub fn wishes(&mut self) -> Vec<Wish> {
        std::mem::take(&mut self.wishes)
    }

    /// The desk or time woke the console: takes the fresh world, new lines, and answers to asks.
    pub fn wake(&mut self, now: Time) {
        let news = self.shown.take(self.desk.world(), now);
        if news.holds {
            self.wishes.push(Wish::Ring);
        }
        self.answers(now);
        self.outdate(now);
        if news.new {
            self.tell_ends();
        }
        self.let_go(now);
        self.due(now);
        self.settle(now);
    }

    /// Everything that follows from where the cursors are: which stack the console is about, which
    /// log is tailed.
    fn settle(&mut self, now: Time) {
        let scene = self.shown.scene(&self.keys, now);
        self.board.panes().for_each(|pane| pane.sync(&scene));
        let leads = self.board.leads(&scene);
        if let Some(stack) = leads.as_ref().and_then(Target::stack) {
            self.shown.turn_to(stack.clone(), now);
        }
        self.guard.pass(now);
        self.tail(now);
    }

    /// When the console must be woken although nothing happens: a clock runs, a card waits, a log
    /// is to be fetched.
    #[must_use]
    pub fn next_wake(&self, now: Time) -> Option<Time> {
        let second = Time((now.0.div_euclid(1_000) + 1) * 1_000);
        let minute = Time((now.0.div_euclid(60_000) + 1) * 60_000);
        let clock = if self.shown.views.moving() || self.asks.under_way() {
            second
        } else {
            minute
        };
        let said = self.said.as_ref().and_then(|said| said.until);
        let scene = self.shown.scene(&self.keys, now);
        let layers = self.layers.iter().filter_map(|layer| layer.moves(&scene));
        let moves = self
            .board
            .shown()
            .filter_map(|pane| pane.moves(&scene))
            .chain(layers)
            .min();
        let moves = moves.map(|long| now + long.max(Duration::from_millis(20)));
        [Some(clock), said, moves, self.tail.due(&self.shown, now)]
            .into_iter()
            .flatten()
            .min()
    }

    fn scene(&self, now: Time) -> Scene<'_> {
        self.shown.scene(&self.keys, now)
    }

    /// Does something with the pane that has the focus.
    fn with_pane<T>(&mut self, now: Time, does: impl FnOnce(&mut dyn Pane, &Scene<'_>) -> T) -> T {
        does(
            self.board.pane(),
            &self.shown.scene(&self.keys, now).focused(true),
        )
    }

    /// The terminal has another size; rows that move for that are no surprise.
    pub fn resized(&mut self) {
        self.board.resized();
    }
}

#[cfg(test)]
impl Console {
    /// Does an action as if it was chosen from the palette.
    pub(super) fn act_named(&mut self, name: &str, now: Time) {
        if let Some(action) = self.keys.action(name) {
            self.act(action, true, now);
            self.settle(now);
        }
    }
}
