//! The terminal: entered and left as it was found, whatever happens, and written only where the
//! picture changed.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste,
    EnableMouseCapture, KeyboardEnhancementFlags, PopKeyboardEnhancementFlags,
    PushKeyboardEnhancementFlags,
};
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, queue};
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::theme::Depth;

/// Whether the screen is ours now: the panic hook puts it back only then.
static ENTERED: AtomicBool = AtomicBool::new(false);
/// Whether key flags were pushed.
static FLAGS: AtomicBool = AtomicBool::new(false);

/// The terminal while the console runs. Dropping it restores what was found.
pub struct Terminal {
    shown: Buffer,
    mouse: bool,
    /// Bytes of one frame, written at once.
    frame: Vec<u8>,
}

impl Terminal {
    /// Takes the terminal over and hooks panics, so that their message is readable.
    ///
    /// # Errors
    /// When standard output is no terminal that can be set up.
    pub fn enter() -> io::Result<Self> {
        // Without this the library answers NO_COLOR with empty resets, which also wipe bold and
        // reverse.
        crossterm::style::force_color_output(true);
        hook_panics();
        let mut terminal = Self {
            shown: Buffer::empty(Rect::default()),
            mouse: false,
            frame: Vec::new(),
        };
        terminal.resume()?;
        Ok(terminal)
    }

    /// Takes the terminal over again after [`Terminal::leave`], or after a stop that somebody else
    /// did.
    ///
    /// # Errors
    /// When it cannot be set up.
    pub fn resume(&mut self) -> io::Result<()> {
        let ours = ENTERED.swap(true, Ordering::SeqCst);
        if ours {
            // The shell has set its own modes meanwhile, and the library believes that ours still
            // hold.
            disable_raw_mode()?;
        }
        enable_raw_mode()?;
        let mut out = io::stdout();
        queue!(
            out,
            EnterAlternateScreen,
            EnableBracketedPaste,
            cursor::Hide,
            Clear(ClearType::All)
        )?;
        if self.mouse {
            queue!(out, EnableMouseCapture)?;
        }
        if FLAGS.load(Ordering::SeqCst) && !ours {
            queue!(out, PushKeyboardEnhancementFlags(key_flags()))?;
        }
        out.flush()?;
        self.forget();
        Ok(())
    }

    /// Gives the terminal back as it was found.
    pub fn leave(&mut self) {
        restore();
    }

    /// Forgets what is shown: the next picture is drawn whole.
    pub fn forget(&mut self) {
        self.shown = Buffer::empty(Rect::default());
    }

    /// The size now.
    ///
    /// # Errors
    /// When the terminal cannot be asked.
    pub fn area(&self) -> io::Result<Rect> {
        let (width, height) = crossterm::terminal::size()?;
        Ok(Rect::new(0, 0, width, height))
    }

    /// Shows a picture: writes only the cells that differ, in one write, and nothing when none
    /// does.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn show(&mut self, picture: &Buffer) -> io::Result<()> {
        self.frame.clear();
        let whole = self.shown.area != picture.area;
        if whole {
            self.shown = Buffer::empty(picture.area);
        }
        let cells = self.shown.diff(picture);
        if cells.is_empty() && !whole {
            return Ok(());
        }
        queue!(self.frame, BeginSynchronizedUpdate)?;
        if whole {
            queue!(self.frame, Clear(ClearType::All))?;
        }
        CrosstermBackend::new(&mut self.frame).draw(cells.into_iter())?;
        queue!(self.frame, EndSynchronizedUpdate)?;
        let mut out = io::stdout().lock();
        out.write_all(&self.frame)?;
        out.flush()?;
        self.shown.clone_from(picture);
        Ok(())
    }

    /// Turns mouse reports on or off; answers what is on now.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn toggle_mouse(&mut self) -> io::Result<bool> {
        self.mouse = !self.mouse;
        let mut out = io::stdout();
        if self.mouse {
            queue!(out, EnableMouseCapture)?;
        } else {
            queue!(out, DisableMouseCapture)?;
        }
        out.flush()?;
        Ok(self.mouse)
    }

    /// Asks for exact keys, once the terminal has said that it can.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn exact_keys(&mut self) -> io::Result<()> {
        if !FLAGS.swap(true, Ordering::SeqCst) {
            let mut out = io::stdout();
            queue!(out, PushKeyboardEnhancementFlags(key_flags()))?;
            out.flush()?;
        }
        Ok(())
    }

    /// Sends a text to the terminal's clipboard (OSC 52). Whether it arrives is the terminal's
    /// affair.
    ///
    /// # Errors
    /// When the terminal is gone, or the text is too long for terminals to take.
    pub fn clip(&mut self, text: &str) -> io::Result<()> {
        // Terminals take about 75 kB encoded; more is dropped without a word.
        if text.len() > 56_000 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "too long for a terminal's clipboard; save it with S instead",
            ));
        }
        let mut out = io::stdout();
        queue!(
            out,
            crossterm::clipboard::CopyToClipboard::to_clipboard_from(text)
        )?;
        out.flush()
    }

    /// Rings the bell.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn ring(&mut self) -> io::Result<()> {
        let mut out = io::stdout();
        out.write_all(b"\x07")?;
        out.flush()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        restore();
    }
}

fn key_flags() -> KeyboardEnhancementFlags {
    KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES
        | KeyboardEnhancementFlags::REPORT_EVENT_TYPES
}

/// Puts the terminal back; harmless when it was not taken.
fn restore() {
    if !ENTERED.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    let mut put_back = || -> io::Result<()> {
        if FLAGS.load(Ordering::SeqCst) {
            queue!(out, PopKeyboardEnhancementFlags)?;
        }
        queue!(
            out,
            EndSynchronizedUpdate,
            DisableMouseCapture,
            DisableFocusChange,
            DisableBracketedPaste,
            LeaveAlternateScreen,
            cursor::Show
        )?;
        out.flush()
    };
    // The terminal may be gone; then there is nothing to put back and nobody to tell.
    let _ = put_back();
    let _ = disable_raw_mode();
}

fn hook_panics() {
    static HOOKED: AtomicBool = AtomicBool::new(false);
    if HOOKED.swap(true, Ordering::SeqCst) {
        return;
    }
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        restore();
        before(info);
    }));
}

/// What the variables say of colour: `NO_COLOR` first, then `COLORTERM` and `TERM`.
#[must_use]
pub fn depth(variable: impl Fn(&str) -> Option<String>) -> Depth {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let term = set("TERM").unwrap_or_default();
    if set("NO_COLOR").is_some() || term == "dumb" {
        Depth::Mono
    } else if set("COLORTERM").is_some_and(|value| value == "truecolor" || value == "24bit") {
        Depth::True
    } else if term.contains("256color") || term.contains("direct") || set("TMUX").is_some() {
        Depth::Palette
    } else {
        Depth::Sixteen
    }
}

/// Whether the locale can show more than ASCII.
#[must_use]
pub fn unicode(variable: impl Fn(&str) -> Option<String>) -> bool {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let locale = set("LC_ALL")
        .or_else(|| set("LC_CTYPE"))
        .or_else(|| set("LANG"))
        .unwrap_or_default()
        .to_ascii_lowercase();
    (locale.contains("utf-8") || locale.contains("utf8")) && set("TERM").as_deref() != Some("linux")
}

/// Whether the background is light, as far as a variable tells.
#[must_use]
pub fn light(variable: impl Fn(&str) -> Option<String>) -> bool {
    let value = variable("COLORFGBG").unwrap_or_default();
    matches!(
        value
            .rsplit(';')
            .next()
            .and_then(|back| back.parse::<u8>().ok()),
        Some(7 | 15)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<'a>(set: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| {
            set.iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        }
    }

    #[test]
    fn colour_depth_from_variables() {
        for (set, depth_is) in [
            (
                &[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")][..],
                Depth::True,
            ),
            (&[("TERM", "xterm-256color")], Depth::Palette),
            (&[("TERM", "tmux-256color"), ("TMUX", "x")], Depth::Palette),
            (&[("TERM", "xterm")], Depth::Sixteen),
            (&[("TERM", "linux")], Depth::Sixteen),
            (
                &[("TERM", "xterm-256color"), ("NO_COLOR", "1")],
                Depth::Mono,
            ),
            (
                &[("TERM", "xterm-256color"), ("NO_COLOR", "")],
                Depth::Palette,
            ),
            (&[("TERM", "dumb")], Depth::Mono),
        ] {
            assert_eq!(depth(with(set)), depth_is, "{set:?}");
        }
    }

    #[test]
    fn unicode_and_background_from_variables() {
        assert!(unicode(with(&[("LANG", "en_GB.UTF-8")])));
        assert!(!unicode(with(&[("LANG", "C")])));
        assert!(!unicode(with(&[("LANG", "en_GB.UTF-8"), ("LC_ALL", "C")])));
        assert!(!unicode(with(&[
            ("LANG", "en_GB.UTF-8"),
            ("TERM", "linux")
        ])));
        assert!(light(with(&[("COLORFGBG", "0;15")])));
        assert!(!light(with(&[("COLORFGBG", "15;0")])) && !light(with(&[])));
    }
}
