//! The console: what keys, the world and time do to panes and layers. It knows no terminal; what it wants of one are wishes.

mod act;
mod asks;
mod coach;
mod copied;
mod input;
mod lists;
mod pages;
mod picture;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use ratatui::layout::Rect;

use crate::desk::{Desk, TailOf};
use crate::domain::environment::{Class, Mode as Use};
use crate::domain::ids::{DeploymentId, EnvName, StackId};
use crate::domain::time::Time;
use crate::world::World;

use super::actions::Scope;
use super::keys::Keys;
use super::layers::Layer;
use super::log::{LogPane, Saver};
use super::pane::{Pane, Target};
use super::panes::holds::Holds;
use super::panes::live::Live;
use super::panes::queue::Queue;
use super::panes::stacks::Stacks;
use super::scene::Scene;
use super::theme::{Role, Theme};
use super::views::Views;

use asks::Ticket;

/// How long production stays unlocked.
pub const UNLOCKED: Duration = Duration::from_mins(15);
/// Two interrupts within this leave the console.
const TWICE: Duration = Duration::from_secs(2);
/// How long what was said stands on the last line.
const SAID: Duration = Duration::from_secs(15);
/// How long a moved cursor rests before another stack's log is fetched.
const REST: Duration = Duration::from_millis(150);

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

/// Whether changes may be asked for in an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lock {
    /// No: why.
    Read(String),
    /// Yes, until then.
    Guarded(Time),
    /// Yes: it is not protected.
    Open,
}

/// What was said on the last line.
#[derive(Debug, Clone)]
struct Said {
    text: String,
    role: Role,
    /// How many keys it outlives: an answer of the engine is still there after a hasty one.
    keys: u8,
    /// Until when it is true enough to stand there; a warning stays until a key.
    until: Option<Time>,
}

/// The panes in the order of their numbers.
const PANES: usize = 5;
const STACKS: usize = 0;
const QUEUE: usize = 1;
const HOLDS: usize = 2;
const LIVE: usize = 3;
const LOG: usize = 4;

/// The console.
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own: zoom, everything, leaving, resized")]
pub struct Console {
    desk: Arc<dyn Desk>,
    theme: Theme,
    keys: Keys,
    world: Arc<World>,
    views: Views,
    /// The second for which the views were worked out.
    viewed_at: Time,
    stacks: Stacks,
    queue: Queue,
    holds: Holds,
    live: Live,
    log: LogPane,
    focus: usize,
    /// The list that is shown where only one fits.
    list: usize,
    zoom: bool,
    layers: Vec<Layer>,
    about: Option<StackId>,
    about_since: Time,
    everything: bool,
    tailed: Option<TailOf>,
    watched: Vec<StackId>,
    unlocked: BTreeMap<EnvName, Time>,
    locked: BTreeSet<EnvName>,
    tickets: Vec<Ticket>,
    /// Deployments that were asked for here and have not ended yet: their ends are told.
    followed: Vec<DeploymentId>,
    said: Option<Said>,
    wishes: Vec<Wish>,
    interrupted_at: Option<Time>,
    leaving: bool,
    /// Where the list panes were drawn, and when that last changed without a key.
    places: [Rect; PANES],
    shifted_at: Option<Time>,
    resized: bool,
    size: Rect,
    known_holds: usize,
}

impl Console {
    /// A console over a desk.
    #[must_use]
    pub fn new(desk: Arc<dyn Desk>, theme: Theme, keys: Keys, now: Time) -> Self {
        let world = desk.world();
        let mut it = Self {
            views: Views::of(&world, now, 1),
            viewed_at: now,
            known_holds: world.holds(now).len(),
            desk,
            theme,
            keys,
            world,
            stacks: Stacks::default(),
            queue: Queue::default(),
            holds: Holds::default(),
            live: Live::default(),
            log: LogPane::default(),
            focus: STACKS,
            list: STACKS,
            zoom: false,
            layers: Vec::new(),
            about: None,
            about_since: now,
            everything: false,
            tailed: None,
            watched: Vec::new(),
            unlocked: BTreeMap::new(),
            locked: BTreeSet::new(),
            tickets: Vec::new(),
            followed: Vec::new(),
            said: None,
            wishes: Vec::new(),
            interrupted_at: None,
            leaving: false,
            places: [Rect::default(); PANES],
            shifted_at: None,
            resized: true,
            size: Rect::default(),
        };
        it.settle(now);
        it
    }

    /// The same console with a way to save what its log shows.
    #[must_use]
    pub fn saves_with(mut self, saver: Saver) -> Self {
        self.log = std::mem::take(&mut self.log).saves_with(saver);
        self
    }

    /// What the terminal should do.
    pub fn wishes(&mut self) -> Vec<Wish> {
        std::mem::take(&mut self.wishes)
    }

    /// The desk or time woke the console: takes the fresh world, new lines, and answers to asks.
    pub fn wake(&mut self, now: Time) {
        let fresh = self.desk.world();
        let new = !Arc::ptr_eq(&fresh, &self.world);
        self.world = fresh;
        let second = now.0.div_euclid(1_000) != self.viewed_at.0.div_euclid(1_000);
        if new || second {
            self.views = Views::of(&self.world, now, self.views.version + 1);
            self.viewed_at = now;
            let holds = self.world.holds(now).len();
            if holds > self.known_holds {
                self.wishes.push(Wish::Ring);
            }
            self.known_holds = holds;
        }
        self.answers(now);
        if new {
            self.tell_ends();
        }
        self.let_go(now);
        self.previews(now);
        self.settle(now);
    }

    /// Everything that follows from where the cursors are: which stack the console is about, which log is tailed.
    fn settle(&mut self, now: Time) {
        let (world, views) = (Arc::clone(&self.world), std::mem::take(&mut self.views));
        let scene = Scene { views: &views, ..Scene::new(&world, now) };
        self.stacks.sync(&scene);
        self.queue.sync(&scene);
        self.holds.sync(&scene);
        let target = match self.focus {
            QUEUE => self.queue.target(&scene),
            HOLDS => self.holds.target(&scene),
            STACKS => self.stacks.target(&scene),
            _ => None,
        };
        self.views = views;
        let about = target.as_ref().and_then(Target::stack).or(self.about.as_ref()).cloned();
        if about != self.about {
            self.about = about;
            self.about_since = now;
        }
        self.unlocked.retain(|_, until| *until > now);
        self.tail(now);
    }

    fn tail(&mut self, now: Time) {
        let wanted = if self.everything { Some(TailOf::All) } else { self.about.clone().map(TailOf::Stack) };
        let rested = now.since(self.about_since) >= REST;
        if wanted != self.tailed && (self.tailed.is_none() || rested) {
            if let Some(old) = self.tailed.take() {
                self.desk.untail(&old);
            }
            self.log.clear();
            if let Some(of) = &wanted {
                self.desk.tail(of);
            }
            self.tailed = wanted;
        }
        let shown = self.shown();
        // A cursor on its way through a list asks for nothing.
        if shown != self.watched && (self.watched.is_empty() || rested) {
            self.desk.watch(&shown);
            self.watched = shown;
        }
        if let Some(of) = &self.tailed {
            let batch = self.desk.drain(of);
            if !batch.lines.is_empty() || batch.dropped > 0 {
                self.log.push(&batch);
            }
        }
    }

    /// The stacks that are on the screen, and the one that it is about.
    fn shown(&mut self) -> Vec<StackId> {
        // The stack that everything is about comes first: its log groups are followed.
        let others = self.stacks.shown().into_iter().filter(|stack| Some(stack) != self.about.as_ref());
        self.about.iter().cloned().chain(others).collect()
    }

    /// When the console must be woken although nothing happens: a clock runs, a card waits, a log is to be fetched.
    #[must_use]
    pub fn next_wake(&self, now: Time) -> Option<Time> {
        let mut next: Option<Time> = None;
        let mut at = |time: Time| next = Some(next.map_or(time, |next| next.min(time)));
        let second = Time((now.0.div_euclid(1_000) + 1) * 1_000);
        let minute = Time((now.0.div_euclid(60_000) + 1) * 60_000);
        at(if self.views.moving() || !self.tickets.is_empty() { second } else { minute });
        if let Some(until) = self.said.as_ref().and_then(|said| said.until) {
            at(until);
        }
        let scene = self.scene(now);
        let panes = (self.places[LOG].height > 0).then(|| self.log.moves(&scene)).flatten();
        for long in self.layers.iter().map(|layer| layer.seen().moves(&scene)).chain([panes]).flatten() {
            at(now + long.max(Duration::from_millis(20)));
        }
        let wanted = if self.everything { Some(TailOf::All) } else { self.about.clone().map(TailOf::Stack) };
        let told = self.about.is_none() || self.about.as_ref() == self.watched.first();
        if (wanted != self.tailed || !told) && self.about_since + REST > now {
            at(self.about_since + REST);
        }
        next
    }

    fn scene(&self, now: Time) -> Scene<'_> {
        Scene { views: &self.views, ..Scene::new(&self.world, now) }.about(self.about.as_ref())
    }

    /// Does something with a pane and the scene that it sees.
    fn with_pane<T>(&mut self, which: usize, now: Time, does: impl FnOnce(&mut dyn Pane, &Scene<'_>) -> T) -> T {
        let about = self.about.clone().filter(|_| !(which == LOG && self.everything));
        let (world, views) = (Arc::clone(&self.world), std::mem::take(&mut self.views));
        let scene =
            Scene { views: &views, zoomed: self.zoom, ..Scene::new(&world, now) }.about(about.as_ref()).focused(which == self.focus);
        let pane: &mut dyn Pane = match which {
            STACKS => &mut self.stacks,
            QUEUE => &mut self.queue,
            HOLDS => &mut self.holds,
            LIVE => &mut self.live,
            _ => &mut self.log,
        };
        let done = does(pane, &scene);
        self.views = views;
        done
    }

    /// Does something with the top layer; nothing when there is none.
    fn with_layer<T>(&mut self, now: Time, does: impl FnOnce(&mut dyn Pane, &Scene<'_>) -> T) -> Option<T> {
        let mut layer = self.layers.pop()?;
        let done = does(layer.pane(), &self.scene(now).focused(true));
        self.layers.push(layer);
        Some(done)
    }

    fn scope(&self) -> Scope {
        match self.focus {
            STACKS | QUEUE | HOLDS => Scope::Lists,
            LIVE => Scope::Map,
            _ => Scope::Log,
        }
    }

    /// Whether changes may be asked for in an environment.
    #[must_use]
    pub fn lock(&self, env: &EnvName, now: Time) -> Lock {
        let record = self.world.record(env);
        if record.is_some_and(|record| record.mode == Use::Watch) {
            return Lock::Read(format!("{env} is only watched by this store"));
        }
        let protected = record.is_none_or(|record| record.class == Class::Production);
        let key = self.keys.first("mode");
        match self.unlocked.get(env) {
            Some(until) if *until > now => Lock::Guarded(*until),
            _ if protected || self.locked.contains(env) => Lock::Read(format!("{env} is read-only, {key} unlocks it for 15 min")),
            _ => Lock::Open,
        }
    }

    /// The terminal has another size; rows that move for that are no surprise.
    pub fn resized(&mut self) {
        self.resized = true;
    }

    /// Says something on the last line.
    pub fn said(&mut self, text: &str, role: Role) {
        self.say(text, role);
    }

    /// What is said at the start; nothing when empty.
    pub fn greet(&mut self, text: &str) {
        if !text.is_empty() {
            self.say(text, Role::Said);
        }
    }

    /// What was said is not said for ever: after a while the screen alone tells how things are.
    fn let_go(&mut self, now: Time) {
        let Some(said) = self.said.as_mut().filter(|said| said.role != Role::Warn) else { return };
        if now >= *said.until.get_or_insert(now + SAID) {
            self.said = None;
        }
    }

    fn forget_said(&mut self) {
        self.said = self.said.take().and_then(|said| Some(Said { keys: said.keys.checked_sub(1)?, ..said }));
    }

    fn say(&mut self, text: impl Into<String>, role: Role) {
        self.said = Some(Said { text: text.into(), role, keys: u8::from(role == Role::Said) * 2, until: None });
    }

    fn focus_on(&mut self, which: usize) {
        self.focus = which;
        if which <= HOLDS {
            self.list = which;
        }
        self.resized = true;
    }
}
