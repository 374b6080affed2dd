//! The tool `sops`: it decrypts a file to memory, and sets a value of one, with the keys that it finds
//! on this machine.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::child::{self, Child, Order};

/// How long it may take: keys may be far.
const LIMIT: Duration = Duration::from_mins(1);
/// The longest file.
const LONGEST: u64 = 32 << 20;

/// Why a file cannot be decrypted.
#[derive(Debug, thiserror::Error)]
pub enum SopsError {
    /// It is not there.
    #[error("it is encrypted by SOPS, and {0}")]
    Missing(String),
    /// It cannot be run.
    #[error("sops cannot be run: {0}")]
    Run(#[from] io::Error),
    /// It says nothing.
    #[error("sops said nothing for {} s", LIMIT.as_secs())]
    Silent,
    /// It says no: what it was to do, and what it says.
    #[error("sops cannot {0}: {1}")]
    Refused(&'static str, String),
}

impl SopsError {
    /// What to do.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            SopsError::Missing(_) => "install sops where this runs, or put its folder into PATH",
            SopsError::Run(_) | SopsError::Silent | SopsError::Refused(..) => {
                "try `sops decrypt FILE` as the person who runs this: its keys come from the same places"
            }
        }
    }
}

/// A YAML file, decrypted. Blocks.
///
/// # Errors
/// Why there is none.
pub fn decrypted(file: &Path) -> Result<Vec<u8>, SopsError> {
    let file = file.to_string_lossy();
    let words = [
        "--decrypt",
        "--input-type=yaml",
        "--output-type=yaml",
        &file,
    ];
    run("decrypt it", &words)
}

/// Sets a value of an encrypted YAML file, encrypted again: where, as `sops` names it
/// (`["a"][0]`), and what, as JSON. It is no secret: it stands in the list of arguments. Blocks.
///
/// # Errors
/// Why it is not set.
pub fn set(file: &Path, at: &str, value: &str) -> Result<(), SopsError> {
    let file = file.to_string_lossy();
    let words = [
        "--input-type=yaml",
        "--output-type=yaml",
        "--set",
        &format!("{at} {value}"),
        &file,
    ];
    run("set a value of it", &words).map(drop)
}

fn run(what: &'static str, words: &[&str]) -> Result<Vec<u8>, SopsError> {
    // It finds keys in the variables, the home and the agents of whoever runs it.
    let variables: BTreeMap<String, String> = std::env::vars().collect();
    let path = variables.get("PATH").map(String::as_str);
    let program = child::found("sops", path).map_err(SopsError::Missing)?;
    let words = ["--disable-version-check"].iter().chain(words);
    let arguments: Vec<String> = words.map(|word| (*word).to_owned()).collect();
    let order = Order {
        program: &program,
        arguments: &arguments,
        variables: &variables,
        folder: Path::new("/"),
    };
    let mut child = Child::start(order)?;
    let (out, err) = child.outputs();
    let (out, err) = (out.map(gathered), err.map(gathered));
    let begun = Instant::now();
    let exit = loop {
        if let Some(exit) = child.poll()? {
            break exit;
        }
        if begun.elapsed() >= LIMIT {
            child::kill(child.pid());
            return Err(SopsError::Silent);
        }
        child::pause(Duration::from_millis(5));
    };
    let text = |from: Option<JoinHandle<Vec<u8>>>| {
        from.and_then(|from| from.join().ok()).unwrap_or_default()
    };
    let (out, err) = (text(out), text(err));
    if exit.code == Some(0) {
        return Ok(out);
    }
    let err = String::from_utf8_lossy(&err);
    let lines = err.lines().map(str::trim).filter(|line| !line.is_empty());
    let says: Vec<&str> = lines.take(6).collect();
    Err(SopsError::Refused(what, says.join(" ")))
}

/// Everything that comes, read on a thread of its own.
fn gathered(from: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut all = Vec::new();
        let _ = from.take(LONGEST).read_to_end(&mut all);
        all
    })
}
