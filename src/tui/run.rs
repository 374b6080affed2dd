//! The loop: one thread that owns the screen and sleeps on one channel, fed by the keys, by whoever
//! wakes it, and by a timer only while something on the screen moves.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use crossterm::event::Event as Input;
use ratatui::buffer::Buffer;

use crate::desk::Desk;
use crate::domain::time::Time;

use super::console::{Console, Saver, Wish};
use super::glyphs::Glyphs;
use super::keys::Keys;
use super::panes;
use super::terminal::Terminal;
use super::theme::{BadTheme, Depth, Role, Theme};

/// Frames that nobody asked for by a key are at least this far apart.
const FRAME: Duration = Duration::from_millis(33);
/// A size is drawn when it has not changed for this long.
const RESIZE: Duration = Duration::from_millis(50);
/// How often it is looked whether the terminal is still there, when nothing else wakes the loop.
const THERE: Duration = Duration::from_secs(3);

/// Why the console ended, or did not begin.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be shown here.
    #[error(
        "the console needs a terminal that can move its cursor (TERM is {0:?}); `holdpoint ls --plain` and the other verbs work anywhere"
    )]
    NoScreen(String),
    /// The terminal failed.
    #[error("the terminal cannot be used: {0}")]
    Terminal(#[from] io::Error),
    /// The theme cannot be used.
    #[error("{0}")]
    Theme(#[from] BadTheme),
    /// The key map cannot be used.
    #[error("{0}")]
    Keys(#[from] crate::text::diagnostic::Diagnostics),
}

/// What wakes the console from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outside {
    /// The desk has something new.
    Changed,
    /// The program is to end: the terminal hung up, or somebody asked it to.
    End,
    /// The program is to be suspended (SIGTSTP from outside).
    Stop,
    /// The program goes on after a stop that it did not do itself.
    Continue,
}

/// Wakes the console; may be called from any thread and never waits.
#[derive(Clone)]
pub struct Waker {
    to: Sender<Event>,
    /// Whether a change was told and not yet looked at: many changes are one.
    told: Arc<AtomicBool>,
}

impl Waker {
    /// Tells the console what happened.
    pub fn wake(&self, what: Outside) {
        if what == Outside::Changed && self.told.swap(true, Ordering::SeqCst) {
            return;
        }
        // A console that has ended needs no waking.
        let _ = self.to.send(Event::Outside(what));
    }
}

/// What the console needs of the program around it.
pub struct Options {
    /// The clock.
    pub now: Arc<dyn Fn() -> Time + Send + Sync>,
    /// Given the waker once the loop listens: whoever has news keeps it.
    pub on_start: Box<dyn FnOnce(Waker)>,
    /// Stops this process and answers when it goes on.
    pub suspend: Box<dyn Fn()>,
    /// The name of the theme.
    pub theme: String,
    /// A person's own theme: its name and bytes. Terminals without enough colours do not use it.
    pub own_theme: Option<(String, Vec<u8>)>,
    /// How much colour the terminal shows.
    pub depth: Depth,
    /// The characters that it shows.
    pub glyphs: Glyphs,
    /// The value of TERM.
    pub term: String,
    /// A person's own key map: its name and bytes.
    pub keymap: Option<(String, Vec<u8>)>,
    /// Writes what a log shows to a file of its owner alone.
    pub save: Saver,
    /// What is said on the last line at the start.
    pub greeting: String,
}

enum Event {
    Input(Input, Time),
    Outside(Outside),
    /// The terminal can report keys exactly.
    ExactKeys,
    /// The input has ended.
    Ended,
}

/// Runs the console until it is left.
///
/// # Errors
/// [`Error`]: it cannot begin here, or the terminal went away in a way that is worth telling.
pub fn run(desk: Arc<dyn Desk>, options: Options) -> Result<(), Error> {
    if options.term == "dumb" || options.term.is_empty() {
        return Err(Error::NoScreen(options.term));
    }
    let own = options
        .keymap
        .as_ref()
        .map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
    let keys = Keys::read(own, panes::TABLE)?;
    let theme = match (&options.own_theme, options.depth) {
        (Some((name, bytes)), Depth::Palette | Depth::True) => {
            Theme::read(name, bytes, options.depth, options.glyphs)?
        }
        _ => Theme::built_in(&options.theme, options.depth, options.glyphs)?,
    };
    let now = Arc::clone(&options.now);
    let mut console = Console::new(desk, theme, keys, panes::TABLE, now()).saves_with(options.save);
    console.greet(&options.greeting);
    let (to, from) = mpsc::channel();
    let told = Arc::new(AtomicBool::new(false));
    let mut terminal = Terminal::enter()?;
    let mut picture = Buffer::empty(terminal.area()?);
    console.draw(&mut picture, now());
    terminal.show(&picture)?;
    (options.on_start)(Waker {
        to: to.clone(),
        told: Arc::clone(&told),
    });
    read_input(to, Arc::clone(&now), may_have_exact_keys(&options.term))?;
    let mut screen = Screen {
        console,
        terminal,
        picture,
        drawn_at: now(),
        owed: None,
        resizing: None,
    };
    let done = screen.serve(&from, &told, now.as_ref(), options.suspend.as_ref());
    // The terminal may be gone for good; then there is nobody to tell.
    match done {
        Err(_) if !is_there() => Ok(()),
        other => other.map_err(Error::Terminal),
    }
}

struct Screen {
    console: Console,
    terminal: Terminal,
    picture: Buffer,
    drawn_at: Time,
    /// When a frame is due that nobody asked for by a key.
    owed: Option<Time>,
    resizing: Option<Time>,
}

impl Screen {
    fn serve(
        &mut self,
        from: &Receiver<Event>,
        told: &AtomicBool,
        now: &dyn Fn() -> Time,
        suspend: &dyn Fn(),
    ) -> io::Result<()> {
        loop {
            let at = now();
            let due = [self.console.next_wake(at), self.owed, self.resizing]
                .into_iter()
                .flatten()
                .min();
            let long = due.map_or(THERE, |due| due.since(at)).min(THERE);
            let mut next = match from.recv_timeout(long) {
                Ok(event) => Some(event),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            };
            let idle = next.is_none();
            let mut pressed = false;
            while let Some(event) = next {
                match event {
                    Event::Input(input, at) => pressed |= self.input(input, at),
                    Event::Outside(Outside::Changed) => told.store(false, Ordering::SeqCst),
                    Event::Outside(Outside::End) | Event::Ended => return Ok(()),
                    Event::Outside(Outside::Stop) => self.suspend(suspend)?,
                    Event::Outside(Outside::Continue) => self.terminal.resume()?,
                    Event::ExactKeys => self.terminal.exact_keys()?,
                }
                next = from.try_recv().ok();
            }
            if idle && !is_there() {
                return Ok(());
            }
            let at = now();
            self.console.wake(at);
            for wish in self.console.wishes() {
                pressed = true;
                match wish {
                    Wish::Quit => return Ok(()),
                    Wish::Suspend => self.suspend(suspend)?,
                    Wish::Redraw => self.terminal.forget(),
                    Wish::Ring => self.terminal.ring()?,
                    Wish::Mouse => {
                        let on = self.terminal.toggle_mouse()?;
                        self.console.said(
                            if on {
                                "mouse on; Shift-drag selects text"
                            } else {
                                "mouse off"
                            },
                            Role::Hint,
                        );
                    }
                    Wish::Clip(text) => {
                        if let Err(why) = self.terminal.clip(&text) {
                            self.console.said(&format!("not sent: {why}"), Role::Warn);
                        }
                    }
                }
            }
            self.draw_if_due(pressed, at)?;
        }
    }

    fn draw_if_due(&mut self, pressed: bool, now: Time) -> io::Result<()> {
        if self.resizing.is_some_and(|at| now < at) {
            return Ok(());
        }
        let resized = self.resizing.take().is_some();
        let due = self.drawn_at + FRAME;
        if !pressed && !resized && now < due && now >= self.drawn_at {
            self.owed = Some(due);
            return Ok(());
        }
        self.owed = None;
        self.drawn_at = now;
        let area = self.terminal.area()?;
        if area != self.picture.area {
            self.picture = Buffer::empty(area);
        }
        self.console.draw(&mut self.picture, now);
        self.terminal.show(&self.picture)
    }

    /// Takes an input event; true when a person expects to see something at once.
    fn input(&mut self, input: Input, at: Time) -> bool {
        match input {
            Input::Key(key) => self.console.key(key, at),
            Input::Paste(text) => self.console.paste(&text, at),
            Input::Mouse(mouse) => self.console.mouse(mouse, at),
            Input::Resize(..) => {
                self.console.resized();
                self.resizing = Some(at + RESIZE);
                return false;
            }
            Input::FocusGained | Input::FocusLost => return false,
        }
        true
    }

    fn suspend(&mut self, suspend: &dyn Fn()) -> io::Result<()> {
        self.terminal.leave();
        suspend();
        self.terminal.resume()
    }
}

/// The only reader of the terminal. It ends with the process.
fn read_input(
    to: Sender<Event>,
    now: Arc<dyn Fn() -> Time + Send + Sync>,
    ask: bool,
) -> io::Result<()> {
    let read = move || {
        // Asked only where the answer may be yes: a terminal that says nothing would hold the first
        // keys back.
        if ask
            && crossterm::terminal::supports_keyboard_enhancement().unwrap_or(false)
            && to.send(Event::ExactKeys).is_err()
        {
            return;
        }
        while let Ok(input) = crossterm::event::read() {
            let at = now();
            if to.send(Event::Input(input, at)).is_err() {
                return;
            }
        }
        let _ = to.send(Event::Ended);
    };
    std::thread::Builder::new()
        .name("keys".to_owned())
        .spawn(read)
        .map(drop)
}

/// Terminals that are known to speak the exact key protocol; it is still confirmed before it is
/// used.
fn may_have_exact_keys(term: &str) -> bool {
    ["kitty", "ghostty", "foot", "alacritty", "wezterm"]
        .iter()
        .any(|name| term.contains(name))
}

/// Whether the terminal is still there. After a hang-up nothing else tells: reading gives no end,
/// and at rest nothing is written.
fn is_there() -> bool {
    rustix::termios::isatty(rustix::stdio::stdout())
}
