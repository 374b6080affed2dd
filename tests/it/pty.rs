//! A program in a terminal of its own: keys in, screen out. Waiting means reading until something
//! is there, never sleeping; when it does not come in time, the test ends with the screen as it
//! was.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

/// How long anything may take before a test says that it does not come: much more than it needs, as
/// machines may be busy.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A program in a terminal.
pub(crate) struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    parser: vt100::Parser,
    written: Vec<u8>,
}

impl Terminal {
    /// Starts the program in a terminal of this size; its environment is what the command says and
    /// nothing else.
    pub(crate) fn start(command: CommandBuilder, columns: u16, rows: u16) -> Self {
        let pair = native_pty_system()
            .openpty(PtySize {
                rows,
                cols: columns,
                pixel_width: 0,
                pixel_height: 0,
            })
            .unwrap();
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = vec![0; 65536];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..n].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self {
            child,
            writer: pair.master.take_writer().unwrap(),
            master: pair.master,
            output,
            parser: vt100::Parser::new(cells(rows), cells(columns), 0),
            written: Vec::new(),
        }
    }

    /// Presses keys, by name as in the key map (`enter`, `ctrl-c`, `shift-tab`, `f2`, `a`).
    pub(crate) fn press(&mut self, keys: &[&str]) {
        for key in keys {
            self.send(&bytes_of(key));
        }
    }

    /// Types text, each character a key of its own.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.writer.write_all(bytes).unwrap();
        self.writer.flush().unwrap();
    }

    /// Another size.
    pub(crate) fn resize(&mut self, columns: u16, rows: u16) {
        self.master
            .resize(PtySize {
                rows,
                cols: columns,
                pixel_width: 0,
                pixel_height: 0,
            })
            .unwrap();
        self.parser.set_size(cells(rows), cells(columns));
    }

    /// Reads until the screen shows the text.
    pub(crate) fn wait_for(&mut self, text: &str) {
        self.wait(&format!("{text:?}"), |screen| {
            screen.contents().contains(text)
        });
    }

    /// Reads until the screen is as asked; `what` is for the message.
    pub(crate) fn wait(&mut self, what: &str, is: impl Fn(&vt100::Screen) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !is(self.parser.screen()) {
            assert!(
                self.read(until),
                "{what} did not come; the screen:\n{}",
                self.text()
            );
        }
    }

    /// Reads until the screen shows the text: true; or the other one, or until the time has passed:
    /// false.
    pub(crate) fn comes(&mut self, text: &str, span: Duration, or: &str) -> bool {
        let until = Instant::now() + span;
        loop {
            let screen = self.parser.screen().contents();
            if screen.contains(text) || screen.contains(or) || !self.read(until) {
                return screen.contains(text);
            }
        }
    }

    /// Reads until nothing has come for this long; true when it became quiet before `PATIENCE` ran
    /// out.
    pub(crate) fn quiet(&mut self, span: Duration) -> bool {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            match self.output.recv_timeout(span) {
                Ok(bytes) => self.take(&bytes),
                Err(_) => return true,
            }
        }
        false
    }

    /// Reads whatever comes in this span.
    pub(crate) fn read_for(&mut self, span: Duration) {
        let until = Instant::now() + span;
        while self.read(until) {}
    }

    /// Reads to the end of the program.
    pub(crate) fn end(&mut self) -> ExitStatus {
        let until = Instant::now() + PATIENCE;
        while self.read(until) {}
        let left = Instant::now() < until;
        assert!(
            left,
            "the program does not end; the screen:\n{}",
            self.text()
        );
        self.child.wait().unwrap()
    }

    /// Ends the program with -9, as a crash would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        let _ = self.child.wait();
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// The screen.
    pub(crate) fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    /// The screen as text, without blanks at the ends of lines.
    pub(crate) fn text(&self) -> String {
        let columns = self.parser.screen().size().1.get();
        self.parser
            .screen()
            .rows(0, columns)
            .map(|row| row.trim_end().to_owned())
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// Every byte that the program has written so far.
    pub(crate) fn written(&self) -> &[u8] {
        &self.written
    }

    /// Reads once; false at the end of the program or of the time.
    fn read(&mut self, until: Instant) -> bool {
        match self
            .output
            .recv_timeout(until.saturating_duration_since(Instant::now()))
        {
            Ok(bytes) => {
                self.take(&bytes);
                true
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => false,
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.written.extend_from_slice(bytes);
        self.parser.process(bytes);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn cells(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).unwrap()
}

/// What a terminal sends for a key, the old way that every terminal knows.
pub(crate) fn bytes_of(key: &str) -> Vec<u8> {
    if let Some(rest) = key.strip_prefix("ctrl-") {
        return match rest {
            "space" => vec![0],
            _ if rest.len() == 1 => vec![rest.as_bytes()[0].to_ascii_uppercase() & 0x1f],
            _ => panic!("no bytes for the key {key}"),
        };
    }
    if let Some(rest) = key.strip_prefix("alt-") {
        return [vec![0x1b], bytes_of(rest)].concat();
    }
    let text = match key {
        "enter" => "\r",
        "esc" => "\x1b",
        "tab" => "\t",
        "shift-tab" | "backtab" | "shift-backtab" => "\x1b[Z",
        "space" => " ",
        "backspace" => "\x7f",
        "delete" => "\x1b[3~",
        "insert" => "\x1b[2~",
        "up" => "\x1b[A",
        "down" => "\x1b[B",
        "right" => "\x1b[C",
        "left" => "\x1b[D",
        "shift-up" => "\x1b[1;2A",
        "shift-down" => "\x1b[1;2B",
        "shift-right" => "\x1b[1;2C",
        "shift-left" => "\x1b[1;2D",
        "home" => "\x1b[H",
        "end" => "\x1b[F",
        "pageup" => "\x1b[5~",
        "pagedown" => "\x1b[6~",
        "f1" => "\x1bOP",
        "f2" => "\x1bOQ",
        "f3" => "\x1bOR",
        "f4" => "\x1bOS",
        "f5" => "\x1b[15~",
        "hyphen" | "minus" => "-",
        _ => match key.strip_prefix("shift-") {
            Some(letter) if letter.chars().count() == 1 => {
                return letter.to_uppercase().into_bytes();
            }
            None if key.chars().count() == 1 => key,
            _ => panic!("no bytes for the key {key}"),
        },
    };
    text.as_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_shows_what_is_written_and_hands_in_keys() {
        let mut command = CommandBuilder::new("/bin/sh");
        command.args(["-c", r"stty -echo; printf '\033[31mred\033[0m ready\n'; read line; echo got $line; stty size; exit 7"]);
        let mut terminal = Terminal::start(command, 40, 5);
        terminal.wait_for("red ready");
        assert_eq!(
            terminal.screen().cell(0, 0).unwrap().fgcolor(),
            vt100::Color::Idx(1)
        );
        assert!(terminal.written().windows(5).any(|w| w == b"\x1b[31m"));
        terminal.resize(60, 6);
        terminal.press(&["h", "i", "enter"]);
        terminal.wait_for("6 60");
        assert!(terminal.text().contains("got hi"), "{}", terminal.text());
        assert_eq!(terminal.end().exit_code(), 7);
    }

    #[test]
    fn keys_are_the_bytes_that_terminals_send() {
        for (key, bytes) in [
            ("a", b"a".to_vec()),
            ("?", b"?".to_vec()),
            ("shift-m", b"M".to_vec()),
            ("M", b"M".to_vec()),
            ("ctrl-c", vec![3]),
            ("alt-x", b"\x1bx".to_vec()),
            ("shift-tab", b"\x1b[Z".to_vec()),
            ("pagedown", b"\x1b[6~".to_vec()),
        ] {
            assert_eq!(bytes_of(key), bytes, "{key}");
        }
    }
}
