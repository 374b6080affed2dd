//! All that was started below this process, also what left its group and its session: what loses its
//! parent is adopted by us, so that none of it is lost from sight. The system must tell who is whose
//! child (`/proc`); where it does not, nothing is found.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

/// From now on what loses its parent below this process becomes its child.
pub fn adopt() {
    #[cfg(target_os = "linux")]
    {
        // Where the system refuses, what leaves its group is out of sight as it was.
        let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    }
}

/// Lets go of adopted children that have ended; `but` is waited for by somebody else.
pub fn reap(but: u32) {
    let ours = std::process::id();
    for (pid, one) in processes() {
        if one.parent == ours && one.ended && pid != but {
            let _ = named(pid).map(|pid| waitpid(Some(pid), WaitOptions::NOHANG));
        }
    }
}

/// Whatever lives below this process.
#[must_use]
pub fn left() -> Vec<u32> {
    let all = processes();
    let mut below = BTreeSet::from([std::process::id()]);
    loop {
        let known = below.len();
        let more = all.iter().filter(|(_, one)| below.contains(&one.parent));
        below.extend(more.map(|(pid, _)| *pid).collect::<Vec<_>>());
        if below.len() == known {
            break;
        }
    }
    below
        .into_iter()
        .filter(|pid| *pid != std::process::id() && all.get(pid).is_some_and(|one| !one.ended))
        .collect()
}

/// Asks one process to end.
pub fn ask_to_end(pid: u32) {
    let _ = named(pid).map(|pid| kill_process(pid, Signal::TERM));
}

/// Ends one process.
pub fn kill(pid: u32) {
    let _ = named(pid).map(|pid| kill_process(pid, Signal::KILL));
}

fn named(pid: u32) -> Option<Pid> {
    i32::try_from(pid)
        .ok()
        .filter(|pid| *pid > 1)
        .and_then(Pid::from_raw)
}

#[derive(Debug)]
struct Process {
    parent: u32,
    ended: bool,
}

/// All processes that can be seen.
fn processes() -> BTreeMap<u32, Process> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return BTreeMap::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|pid: u32| {
            let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
            Some((pid, process(&String::from_utf8_lossy(&stat))?))
        })
        .collect()
}

/// What stands in its `stat`. The name in parentheses may hold anything: the fields after it begin
/// behind the last one.
fn process(stat: &str) -> Option<Process> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace();
    let ended = matches!(fields.next()?, "Z" | "X");
    Some(Process {
        parent: fields.next()?.parse().ok()?,
        ended,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_hides_nothing() {
        let one = process("7 (a) S 1 (b) Z 42 7 7 0").unwrap();
        assert_eq!((one.parent, one.ended), (42, true));
        let one = process("7 (sh) S 42 7 7 0").unwrap();
        assert_eq!((one.parent, one.ended), (42, false));
        assert!(process("7 (sh").is_none() && process("").is_none());
    }
}
