//! The embedded cloud as a process of its own, with its world in a folder.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::program::Program;
use crate::wire::http;

/// The embedded cloud, empty at first. What it makes is made ten times faster than usual.
pub(crate) struct Cloud {
    child: Child,
    state: TempDir,
    more: &'static [&'static str],
    pub(crate) endpoint: String,
}

impl Cloud {
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    /// The same, told more.
    pub(crate) fn with(more: &'static [&'static str]) -> Self {
        let state = TempDir::new().unwrap();
        let (child, endpoint) = begin(&state, "127.0.0.1:0", more);
        Self {
            child,
            state,
            more,
            endpoint,
        }
    }

    /// Ends it with -9; it is back at the same address, with the world that it had.
    pub(crate) fn kill(&mut self) {
        self.end();
        let address = self.endpoint.trim_start_matches("http://").to_owned();
        self.child = begin(&self.state, &address, self.more).0;
    }

    /// Every call so far, oldest first.
    pub(crate) fn ledger(&self) -> Vec<Value> {
        let answer = http(&self.endpoint, "GET", "/_holdpoint/ledger", &[], "");
        answer
            .body
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        self.end();
    }
}

/// Its process and its endpoint, once it takes calls.
fn begin(state: &TempDir, address: &str, more: &[&str]) -> (Child, String) {
    let mut child = Command::new(Program::path())
        .env_clear()
        .args(["sandbox", "--story", "empty", "--speed", "10", "--listen"])
        .args([
            address.as_ref(),
            "--state".as_ref(),
            state.path().join("world").as_os_str(),
        ])
        .args(more)
        .stdout(Stdio::piped())
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let endpoint = line
        .split(' ')
        .find(|word| word.starts_with("http://"))
        .unwrap_or_else(|| panic!("no address in {line:?}"))
        .to_owned();
    (child, endpoint)
}
