//! The sentences for how a command ended.

use std::time::Duration;

use serde_json::json;

use super::record::ERR;
use super::state::How;
use crate::domain::failure::{Failure, Retry};
use crate::domain::plan::Output;
use crate::domain::time::short;
use crate::exec::Job;
use crate::os::child;
use crate::os::clock::{Clock as _, Real};
use crate::text::safe::Safe;

/// How long is waited before a command that failed is tried again, where its step says so.
const AGAIN: Duration = Duration::from_secs(2);

/// The result of a command that has ended.
pub(super) fn told(
    job: &Job,
    argv: &[String],
    how: How,
    last: &[(u8, String)],
) -> Result<Output, Failure> {
    if how == (How::Exit { code: 0 }) {
        return Ok(Output::public(json!({ "exit": 0 })));
    }
    Err(bad(job, argv, how, last))
}

/// Why a command did not end well.
pub(in crate::exec) fn bad(job: &Job, argv: &[String], how: How, last: &[(u8, String)]) -> Failure {
    let command = Safe::new(&argv.join(" "));
    let quoted = reason(last)
        .map(|line| format!(": {line}"))
        .unwrap_or_default();
    let failure = match how {
        How::Exit { code } => Failure::new(format!(
            "{}: {command} ended with exit code {code}{quoted}",
            job.step
        ))
        .hint("its output says why; fix that, then deploy again")
        .retry(Retry::After(AGAIN)),
        How::Signal { signal } => Failure::new(format!(
            "{}: {command} was ended by signal {signal}{quoted}",
            job.step
        ))
        .hint("somebody or the system killed it; deploy again if it may be run again")
        .retry(Retry::After(AGAIN)),
        How::Cancelled => Failure::new(format!(
            "{}: cancelled; {command} and all it started were stopped",
            job.step
        ))
        .hint("what it had done by then stays done"),
        How::TooLong { limit } => Failure::new(format!(
            "{}: no end after {}; {command} and all it started were stopped{quoted}",
            job.step,
            short(limit)
        ))
        .hint("what it had done by then stays done; if it needs longer, raise its `timeout`")
        .retry(Retry::After(AGAIN)),
        How::Unwatched => Failure::new(format!(
            "{}: {command} was stopped because no engine watched it for 15 minutes",
            job.step
        ))
        .hint("check what it had done by then, then resolve the step as done or failed")
        .retry(Retry::AskAPerson),
        How::NotStarted { why } => Failure::new(format!(
            "{}: {command} could not be run: {}",
            job.step,
            Safe::new(&why)
        ))
        .hint("fix the command in the estate file and deploy again"),
    };
    let lines: Vec<&str> = last.iter().map(|(_, line)| line.as_str()).collect();
    failure.detail(lines.join("\n"))
}

/// How it ended, where that was badly and nobody asked for it; with what it wrote last.
pub(super) fn bad_end(how: &How, last: &[(u8, String)]) -> Option<String> {
    let ended = match how {
        How::Exit { code: 0 } | How::Cancelled => return None,
        How::Exit { code } => format!("ended with exit code {code}"),
        How::Signal { signal } => format!("ended by signal {signal}"),
        How::TooLong { limit } => format!("stopped: no end after {}", short(*limit)),
        How::Unwatched => "stopped because no engine watched it".to_owned(),
        How::NotStarted { why } => format!("could not be run: {why}"),
    };
    let quoted = reason(last).map_or_else(String::new, |line| format!("; it wrote last: {line}"));
    Some(format!("{ended}{quoted}"))
}

/// The last line of the errors; the last line of all where there are none.
fn reason(last: &[(u8, String)]) -> Option<&str> {
    let said = |errors: bool| {
        last.iter()
            .rev()
            .find(|(letter, line)| !line.is_empty() && (!errors || *letter == ERR))
    };
    said(true)
        .or_else(|| said(false))
        .map(|(_, line)| line.as_str())
}

/// It was cancelled before it was started.
pub(super) fn called_off(argv: &[String]) -> Failure {
    let command = Safe::new(&argv.join(" "));
    Failure::new(format!("cancelled before {command} was started"))
}

/// No keeper began, and none can any more.
pub(super) fn not_begun(job: &Job, waited: Duration) -> Failure {
    Failure::new(format!(
        "{}: nothing was started: no keeper began within {}",
        job.step,
        short(waited)
    ))
    .hint("this machine may be overloaded, or the program was replaced; deploy again")
    .retry(Retry::After(AGAIN))
}

/// Nobody can tell what became of it.
pub(super) fn lost(job: &Job, why: &str) -> Failure {
    Failure::new(format!(
        "{}: nobody can tell what became of the command: {why}",
        job.step
    ))
    .hint("check what it did, then resolve the step as done or failed")
    .retry(Retry::AskAPerson)
}

/// Its keeper was killed, and so nobody knows how it ended, or it still runs. Nobody looks again:
/// so it says when that was.
pub(super) fn orphan(job: &Job, pid: u32, born: Option<u64>) -> Failure {
    let lives = born.is_some() && child::born(pid) == born;
    let what = if lives {
        let now = Real::new().now();
        format!(
            "its keeper was killed, and at {} it still ran as process {pid}",
            now.text("%Y-%m-%d %H:%M:%SZ")
        )
    } else {
        format!("its keeper was killed; the command was process {pid} and is gone")
    };
    lost(job, &what)
}

pub(super) fn unreadable(job: &Job, why: &str) -> Failure {
    lost(job, &format!("its files cannot be read: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_end_is_a_line_with_what_was_written_last_to_stderr() {
        let last = [
            (ERR, "table orders is locked".to_owned()),
            (b'o', "bye".to_owned()),
        ];
        let says = |how| bad_end(&how, &last);
        assert_eq!(
            says(How::Exit { code: 3 }).as_deref(),
            Some("ended with exit code 3; it wrote last: table orders is locked")
        );
        assert!(says(How::Signal { signal: 9 }).is_some());
        assert_eq!(says(How::Exit { code: 0 }), None);
        assert_eq!(says(How::Cancelled), None, "it was asked for");
    }
}
