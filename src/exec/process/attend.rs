//! Attending a command that a keeper runs, until it has ended.

use std::time::Duration;

use super::super::Job;
use super::call::{Call, Said};
use super::folder::Folder;
use super::follow::{Follower, Written};
use super::state::{How, State};
use super::{AGAIN, BEGINS, QUOTED, WATCH, off, outcome, record};
use crate::domain::failure::Failure;
use crate::domain::line::Severity;
use crate::os::files::FileError;
use crate::text::safe::Safe;

/// Waits until the keeper has begun.
pub(super) async fn await_keeper(job: &Job, folder: &Folder) -> Result<(), Failure> {
    let mut waited = Duration::ZERO;
    loop {
        let here = folder.clone();
        if off(move || Ok(here.state()?.is_some_and(|state| state != State::Starting))).await? {
            return Ok(());
        }
        if waited >= BEGINS {
            let here = folder.clone();
            if off(move || here.call_off()).await? {
                return Err(outcome::not_begun(job, BEGINS));
            }
            return Err(outcome::lost(job, "its keeper does not start"));
        }
        let pause = (waited / 4).clamp(Duration::from_millis(2), Duration::from_millis(200));
        job.port.sleep(pause).await;
        waited += pause;
    }
}

/// Gives out what the command writes until it has ended; gives how it ended, and its last lines.
pub(super) async fn follow(
    job: &Job,
    folder: &Folder,
    command: &Call<'_>,
) -> Result<(How, Vec<(u8, String)>), Failure> {
    // What is kept already is known by its number when it comes again.
    let kept = job.port.reached().await.unwrap_or_default();
    let mut reader = Follower::new(&folder.output(), kept.saturating_sub(AGAIN));
    let mut last: Vec<(u8, String)> = Vec::new();
    let (mut pause, mut since_watch, mut watches) = (Duration::ZERO, WATCH, 0_u64);
    let mut cancelled = false;
    loop {
        if since_watch >= WATCH {
            since_watch = Duration::ZERO;
            watches += 1;
            let (here, text) = (folder.clone(), format!("{} {watches}", std::process::id()));
            // Where there is no room after all, the keeper bears that for longer than it takes to
            // try again.
            off(move || unless_full(here.watch(&text))).await?;
        }
        if job.port.is_cancelled() && !cancelled {
            let here = folder.clone();
            cancelled = off(move || unless_full(here.cancel())).await?;
        }
        // The output last: what an ended command wrote is all there.
        let here = folder.clone();
        let (state, free, lines, back) = tokio::task::spawn_blocking(move || {
            // The lock first: a keeper that is gone by now has written its last state before.
            let free = here.is_free();
            let state = here.state();
            let lines = reader.more();
            (state, free, lines, reader)
        })
        .await
        .map_err(|why| Failure::new(format!("step {}: {why}", job.step)))?;
        reader = back;
        let lines = lines.map_err(|why| outcome::unreadable(job, &why.to_string()))?;
        let some = !lines.is_empty();
        last.extend(given_out(job, &lines, command.says));
        last.drain(..last.len().saturating_sub(QUOTED));
        if !some {
            match (
                state.map_err(|why| outcome::unreadable(job, &why.to_string()))?,
                free,
            ) {
                // The end of the output still waits for room.
                (Some(State::Ended { wrote, .. }), Ok(false)) if wrote.waits > 0 => {}
                (Some(State::Ended { how, wrote, .. }), _) => {
                    if wrote.waits > 0 {
                        let text = format!(
                            "the last {} bytes of output were not kept: the disk was full",
                            wrote.waits
                        );
                        job.port
                            .line(reader.offset, Severity::Gap, "", Safe::new(&text));
                    }
                    // How it ended stands among its lines, as an error: whoever looks for one there
                    // finds it, whatever the command wrote. Its number is behind all others.
                    let well = matches!(how, How::Exit { code } if command.well.contains(&code));
                    if let Some(says) = outcome::bad_end(&how, &last).filter(|_| !well) {
                        let (nth, text) = (reader.offset + 1, Safe::new(&says));
                        job.port.line(nth, Severity::Error, "", text);
                    }
                    return Ok((how, last));
                }
                (Some(State::Running { pid, born, .. }), Ok(true)) => {
                    return Err(outcome::orphan(job, pid, born));
                }
                (Some(State::Starting | State::Running { .. }) | None, _) => {}
            }
        }
        pause = if some {
            Duration::ZERO
        } else {
            (pause * 2).clamp(Duration::from_millis(5), Duration::from_millis(250))
        };
        if !pause.is_zero() {
            if cancelled {
                job.port.sleep(pause).await;
            } else {
                futures_util::future::select(job.port.sleep(pause), job.port.cancelled()).await;
            }
            since_watch += pause;
        }
    }
}

/// Gives out lines, and gives what they said.
fn given_out(
    job: &Job,
    lines: &[Written],
    says: fn(&str) -> Option<Said<'_>>,
) -> Vec<(u8, String)> {
    let mut said = Vec::new();
    for line in lines {
        let (severity, part, text) = match line.letter {
            record::GAP => (Severity::Gap, String::new(), line.text.clone()),
            record::ERR => (Severity::Info, "stderr".to_owned(), line.text.clone()),
            _ => match says(line.text.as_str()) {
                Some(said) => said.line(),
                None => continue,
            },
        };
        job.port.line(line.at, severity, &part, text.clone());
        let letter = if severity == Severity::Error {
            record::ERR
        } else {
            line.letter
        };
        said.push((letter, text.into_string()));
    }
    said
}

/// Whether it was written; not, where there is no room: it is tried again.
fn unless_full(written: Result<(), FileError>) -> Result<bool, FileError> {
    match written {
        Ok(()) => Ok(true),
        Err(why) if why.is_full() => Ok(false),
        Err(why) => Err(why),
    }
}
