//! Child processes: the only place that starts one for a step, signals one, or asks whether one
//! lives. Arguments are a list, no shell is involved; variables are exactly the given ones; every
//! child leads a process group of its own, so that all it starts can be stopped with it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{ChildStderr, ChildStdout, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

/// What is to be started.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// The program, by its whole path.
    pub program: &'a Path,
    /// Its arguments.
    pub arguments: &'a [String],
    /// All its variables.
    pub variables: &'a BTreeMap<String, String>,
    /// Its working directory.
    pub folder: &'a Path,
}

/// A child whose output is read by its parent.
#[derive(Debug)]
pub struct Child(std::process::Child);

/// How a child ended: with a code, or by a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit {
    /// The code, if it ended by itself.
    pub code: Option<i32>,
    /// The signal, if one ended it.
    pub signal: Option<i32>,
}

impl Child {
    /// Starts it, without input, in a process group of its own.
    pub fn start(order: Order<'_>) -> io::Result<Self> {
        Command::new(order.program)
            .args(order.arguments)
            .env_clear()
            .envs(order.variables)
            .current_dir(order.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map(Self)
    }

    /// Its process id, which is also that of its group.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Its outputs; once.
    pub fn outputs(&mut self) -> (Option<ChildStdout>, Option<ChildStderr>) {
        (self.0.stdout.take(), self.0.stderr.take())
    }

    /// How it ended, if it has.
    pub fn poll(&mut self) -> io::Result<Option<Exit>> {
        Ok(self.0.try_wait()?.map(|status| Exit {
            code: status.code(),
            signal: status.signal(),
        }))
    }
}

/// What whoever started this program told it.
pub fn told() -> io::Result<Vec<u8>> {
    let mut told = Vec::new();
    io::stdin().lock().read_to_end(&mut told)?;
    Ok(told)
}

/// Asks all processes of a group to end; false when there are none.
pub fn ask_to_end(group: u32) -> bool {
    signal(group, Signal::TERM)
}

/// Asks all processes of a group to end, as a person at a keyboard does; false when there are none.
pub fn interrupt(group: u32) -> bool {
    signal(group, Signal::INT)
}

/// Ends all processes of a group; false when there are none.
pub fn kill(group: u32) -> bool {
    signal(group, Signal::KILL)
}

/// True while a process of the group is there.
#[must_use]
pub fn group_lives(group: u32) -> bool {
    named(group).is_some_and(|pid| test_kill_process_group(pid).is_ok())
}

fn signal(group: u32, signal: Signal) -> bool {
    named(group).is_some_and(|pid| kill_process_group(pid, signal).is_ok())
}

/// A group that can be meant: 0 is our own and 1 everybody's.
fn named(group: u32) -> Option<Pid> {
    i32::try_from(group)
        .ok()
        .filter(|pid| *pid > 1)
        .and_then(Pid::from_raw)
}

/// When a process was born, in the system's own count; tells it from a later one of the same id.
/// `None` when it is gone, or where the system does not say.
#[must_use]
pub fn born(pid: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything, also parentheses: the fields after it begin behind
    // the last one.
    let (_, fields) = text.rsplit_once(')')?;
    fields.split_whitespace().nth(19)?.parse().ok()
}

/// Starts a program that lives on its own: no output, no variables, not in our folder; it leaves our
/// session itself. What it is told may stand in no file and in no list of arguments: it reads it to
/// its end.
pub fn start_told<S: AsRef<OsStr>>(program: &Path, arguments: &[S], told: &[u8]) -> io::Result<()> {
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .current_dir("/")
        .stdin(if told.is_empty() {
            Stdio::null()
        } else {
            Stdio::piped()
        })
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let input = child.stdin.take();
    // Whoever started it may live long: it is not left as a zombie when it ends.
    std::thread::Builder::new()
        .name("reaper".to_owned())
        .spawn(move || child.wait())?;
    input.map_or(Ok(()), |mut input| input.write_all(told))
}

/// The program that runs now, as it can be started again; also after an update replaced its file.
pub fn this_program() -> io::Result<PathBuf> {
    let path = std::env::current_exe()?;
    let replaced = path
        .to_str()
        .and_then(|text| text.strip_suffix(" (deleted)"))
        .map(PathBuf::from);
    Ok(replaced
        .filter(|fresh| !path.exists() && fresh.exists())
        .unwrap_or(path))
}

/// Blocks this thread for a while: for the keeper, which has no runtime.
pub fn pause(duration: Duration) {
    std::thread::sleep(duration);
}

/// The program that a command's first word names: below `folder` when it has a slash, else in the
/// folders of `path`. Folders that are not whole paths are left out: what `.` is depends on who
/// stands where.
#[must_use]
pub fn program(word: &str, folder: &Path, path: &str) -> Option<PathBuf> {
    let runs = |file: &PathBuf| {
        file.metadata()
            .is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
    };
    if word.contains('/') {
        return Some(folder.join(word)).filter(runs);
    }
    path.split(':')
        .filter(|folder| folder.starts_with('/'))
        .map(|folder| Path::new(folder).join(word))
        .find(runs)
}

/// Where a program is on this machine, by the PATH of this process.
///
/// # Errors
/// A sentence: it is not there.
pub fn here(word: &str) -> Result<PathBuf, String> {
    found(word, std::env::var("PATH").ok().as_deref())
}

/// Where a program is in the folders of `path`, or in the usual ones.
///
/// # Errors
/// A sentence: it is not there.
pub fn found(word: &str, path: Option<&str>) -> Result<PathBuf, String> {
    let path = path.unwrap_or(PATH);
    let found = program(word, Path::new("/"), path);
    found.ok_or_else(|| format!("there is no program {word} in {path}"))
}

/// Where programs are looked for, where nobody says.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_by_whole_paths_alone() {
        let folder = tempfile::tempdir().unwrap();
        let tool = folder.path().join("tool");
        std::fs::write(&tool, "#!/bin/sh\n").unwrap();
        let here = folder.path().to_str().unwrap();
        assert_eq!(
            program("./tool", folder.path(), ""),
            None,
            "it may not be executed"
        );
        std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o700)).unwrap();
        assert!(program("./tool", folder.path(), "").is_some());
        assert_eq!(program("tool", folder.path(), here), Some(tool));
        assert_eq!(program("tool", folder.path(), ".::relative"), None);
        assert_eq!(
            program(".", folder.path(), here),
            None,
            "a folder is not a program"
        );
    }

    #[test]
    fn groups_that_mean_others_are_never_signalled() {
        assert!(!ask_to_end(0) && !kill(1) && !group_lives(0) && !kill(u32::MAX));
    }

    #[test]
    fn a_process_is_told_by_its_birth() {
        if cfg!(target_os = "linux") {
            assert!(born(std::process::id()).is_some());
            assert_eq!(born(u32::MAX), None);
        }
    }
}
