//! Starting a program of our own that outlives its caller: the engine, the embedded cloud. Nothing
//! of the caller's terminal or variables goes with it but what it needs to find its files and its
//! AWS configuration.

use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::open;

/// The variables that go with it. No key of somebody's shell is among them.
const KEPT: [&str; 16] = [
    "HOME",
    "PATH",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "USER",
    "LOGNAME",
    "XDG_DATA_HOME",
    "XDG_CONFIG_HOME",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_CA_BUNDLE",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HOLDPOINT_LOG",
];

/// The most that a log keeps before it begins anew.
const LOG: u64 = 4 * 1024 * 1024;

/// Starts this program with other arguments, with `log` as its only output. The child calls
/// [`leave`] first thing, so that a closing terminal does not reach it.
///
/// # Errors
/// When it cannot be started.
pub fn start<S: AsRef<OsStr>>(arguments: &[S], log: &Path) -> io::Result<()> {
    let program = std::env::current_exe()?;
    let too_long = std::fs::metadata(log).is_ok_and(|about| about.len() > LOG);
    let mut options = OpenOptions::new();
    options.create(true).append(!too_long);
    options.write(true).truncate(too_long).mode(0o600);
    let out = open::with(&mut options, log)?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(out.try_clone()?)
        .stderr(out);
    for name in KEPT {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    let mut child = command.spawn()?;
    // Whoever started it may live long: the child is not left as a zombie when it ends.
    std::thread::Builder::new()
        .name("reaper".to_owned())
        .spawn(move || child.wait())?;
    Ok(())
}

/// Leaves the caller's session: signals of its terminal no longer come here. A process that leads a
/// session already stays as it is.
pub fn leave() {
    let _ = rustix::process::setsid();
}

/// The last lines of a log, for people.
#[must_use]
pub fn last_words(log: &Path) -> String {
    let text = open::bytes(log).unwrap_or_default();
    let from = text.len().saturating_sub(2_048);
    let cut = from > 0 && text[from - 1] != b'\n';
    let tail = String::from_utf8_lossy(&text[from..]);
    let mut lines: Vec<&str> = Vec::new();
    for line in tail.lines().filter(|line| !line.trim().is_empty()) {
        // One that was started again and again says the same again and again.
        lines.retain(|earlier| *earlier != line);
        lines.push(line);
    }
    if cut && lines.len() > 1 {
        lines.remove(0);
    }
    crate::text::safe::Safe::new(&lines[lines.len().saturating_sub(3)..].join(" | ")).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words_are_whole_lines_each_once() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("engine.log");
        let words = |text: &str| {
            std::fs::write(&log, text).unwrap();
            last_words(&log)
        };
        assert_eq!(words("a\nb\n\na\nb\n"), "a | b");
        let cut = format!("{}\nthe store cannot be opened\n", "x".repeat(3_000));
        assert_eq!(words(&cut), "the store cannot be opened");
        assert_eq!(words(&"x".repeat(3_000)).len(), 2_048);
        assert_eq!(words(&format!("y\nz{}\n", "\nz".repeat(1_100))), "z");
    }
}
