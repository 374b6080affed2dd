//! The keeper of one child: a process of its own that outlives a killed engine. It starts the
//! child, records what it writes and how it ends, and stops it with all it started when that is
//! wished or when nobody watches any more. It decides nothing else. A full disk costs it nothing
//! but time: its last word has its room from the start, and what else it has to write it tries
//! again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use super::folder::{Folder, Order, Told};
use super::record::{ERR, GAP, OUT, Record, Splitter};
use super::state::{How, State};
use super::watch::Watch;
use crate::domain::masks::{Masks, Secret};
use crate::os::child::{self, Child, Exit};
use crate::os::clock::{Clock as _, Real};
use crate::os::detach;
use crate::os::family;
use crate::os::files::FileError;
use crate::os::mutex::locked;
use crate::os::open;
use crate::text::secret;

/// How long a child that was asked to end may take.
pub(super) const GRACE: Duration = Duration::from_secs(5);
/// How long is waited for the last output when something that could not be ended holds it open.
const LAST_OUTPUT: Duration = Duration::from_secs(2);
/// How often the state says how much was written.
const PROGRESS: Duration = Duration::from_secs(5);
/// How often is tried what could not be written.
const AGAIN: Duration = Duration::from_secs(1);
/// How long the keeper waits for room for the end of the output once the command has ended.
const ROOM: Duration = Duration::from_mins(15);
/// How often a start is tried of a program whose file somebody has open for writing.
const TRIES: u32 = 50;

/// Keeps the child of a job folder until it has ended. One keeper alone works on a folder, and only
/// once.
pub fn keep(folder: &Path) -> ExitCode {
    detach::leave();
    family::adopt();
    let folder = Folder::new(folder.to_owned());
    // All of it before anything is begun. Who began to tell and died has told nothing: the command
    // is not started then.
    let told = child::told()
        .ok()
        .filter(|told| !told.is_empty())
        .map_or(Some(Told::default()), |told| {
            serde_json::from_slice(&told).ok()
        });
    let Some(told) = told else {
        return ExitCode::FAILURE;
    };
    match folder.lock() {
        Ok(Some(lock)) => {
            let result = work(&folder, &told);
            let _ = folder.forget();
            drop(lock);
            if result.is_ok() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        // Another keeper is at work.
        Ok(None) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn work(folder: &Folder, told: &Told) -> Result<(), FileError> {
    if folder.state()?.is_some() {
        return Ok(());
    }
    // Told for another order: whoever wrote this one starts a keeper for it.
    let Some(order) = folder
        .order()?
        .filter(|order| order.secrets == told.names())
    else {
        return Ok(());
    };
    // What covers lines is made now: made with the first line, the other stream would overtake it.
    let _ = secret::masked(b"");
    let clock = Real::new();
    folder.set_state(&State::Starting)?;
    let output = folder.output();
    let file = open::write(&output).map_err(FileError::io(&output, "opened"))?;
    let (how, record) = if folder.is_cancelled() {
        (How::Cancelled, Shared::new(file, &clock, told))
    } else {
        run(folder, &order, told, &clock, file)
    };
    let at = clock.now();
    let mut wrote = record.locked().finish(at);
    say(
        folder,
        &State::Ended {
            how: how.clone(),
            at,
            wrote,
        },
        &clock,
    )?;
    // How it ended is known by now. The end of its output is waited for as long as that may have
    // sense; what is missing then is told by whoever follows.
    while wrote.waits > 0 && clock.now().since(at) < ROOM {
        child::pause(AGAIN);
        record.locked().again(clock.now());
        wrote = record.locked().wrote();
        folder.set_state(&State::Ended {
            how: how.clone(),
            at,
            wrote,
        })?;
    }
    Ok(())
}

/// Says a state until it is written: nobody else knows how the command ended. It has its room, but
/// not every file system keeps room that was taken.
fn say(folder: &Folder, state: &State, clock: &Real) -> Result<(), FileError> {
    let from = clock.now();
    loop {
        match folder.set_state(state) {
            Err(why)
                if why.is_full() || (folder.path().exists() && clock.now().since(from) < ROOM) =>
            {
                child::pause(AGAIN);
            }
            done => return done,
        }
    }
}

/// The variables of the command, with its secrets: as they are, or as the paths of files that are
/// written now.
fn variables(
    folder: &Folder,
    order: &Order,
    told: &Told,
) -> Result<BTreeMap<String, String>, FileError> {
    let mut all = order.variables.clone();
    all.extend(told.variables.clone());
    for (name, secret) in &told.files {
        all.insert(
            name.clone(),
            folder.hand(name, secret)?.to_string_lossy().into_owned(),
        );
    }
    Ok(all)
}

fn run(folder: &Folder, order: &Order, told: &Told, clock: &Real, file: File) -> (How, Shared) {
    let record = Shared::new(file, clock, told);
    let work = order.folder.clone().unwrap_or_else(|| folder.work());
    let variables = match variables(folder, order, told) {
        Ok(variables) => variables,
        Err(why) => return (How::not_started(&why.to_string()), record),
    };
    let start = child::Order {
        program: &order.program,
        arguments: &order.arguments,
        variables: &variables,
        folder: &work,
    };
    let mut child = match started(start) {
        Ok(child) => child,
        Err(why) => return (How::not_started(&why.to_string()), record),
    };
    let pid = child.pid();
    let running = |record: &Shared, at| State::Running {
        pid,
        born: child::born(pid),
        at,
        wrote: record.locked().wrote(),
    };
    let started = clock.now();
    let said = folder.set_state(&running(&record, started));
    let (out, err) = child.outputs();
    let readers = [
        out.map(|out| record.read(OUT, out)),
        err.map(|err| record.read(ERR, err)),
    ];
    let mut watch = Watch::new(folder, order, clock.now());
    if said.is_err() {
        // Nobody could find it again: it must not run on.
        watch.stop(
            How::not_started("its process id could not be written down"),
            pid,
            clock.now(),
        );
    }
    let (mut told, mut tried) = (started, started);
    let mut pause = Duration::from_millis(2);
    let exit = loop {
        match child.poll() {
            Ok(Some(exit)) => break exit,
            Ok(None) => {}
            // It cannot be waited for: whatever became of it, it is not there for us.
            Err(_) => {
                break Exit {
                    code: None,
                    signal: None,
                };
            }
        }
        let now = clock.now();
        watch.look(folder, pid, now);
        if now.since(tried) >= AGAIN {
            tried = now;
            record.locked().again(now);
        }
        if now.since(told) >= PROGRESS {
            told = now;
            family::reap(pid);
            let _ = folder.set_state(&running(&record, started));
        }
        child::pause(pause);
        pause = (pause * 2).min(Duration::from_millis(100));
    };
    end_group(pid, clock);
    end_left(pid, clock);
    let _ = folder.forget();
    for reader in readers.into_iter().flatten() {
        let _ = reader.recv_timeout(LAST_OUTPUT);
    }
    (watch.why.unwrap_or_else(|| how(exit)), record)
}

/// The engine wrote the program's file, and has closed it; a process that it began to start at that
/// time holds it open until it is another program, which is soon.
fn started(order: child::Order<'_>) -> io::Result<Child> {
    for _ in 1..TRIES {
        match Child::start(order) {
            Err(why) if why.kind() == io::ErrorKind::ExecutableFileBusy => {
                child::pause(Duration::from_millis(20));
            }
            other => return other,
        }
    }
    Child::start(order)
}

/// Ends what the child left behind in its group.
fn end_group(pid: u32, clock: &Real) {
    if !child::ask_to_end(pid) {
        return;
    }
    let asked = clock.now();
    while child::group_lives(pid) && clock.now().since(asked) < GRACE {
        child::pause(Duration::from_millis(20));
    }
    child::kill(pid);
}

/// Ends what left the child's group: whatever still lives below this keeper.
fn end_left(pid: u32, clock: &Real) {
    let from = clock.now();
    let mut asked = BTreeSet::new();
    loop {
        family::reap(pid);
        let (left, waited) = (family::left(), clock.now().since(from));
        // What no signal ends any more must not keep the end of the command from being told.
        if left.is_empty() || waited >= 2 * GRACE {
            return;
        }
        for one in left {
            if waited >= GRACE {
                family::kill(one);
            } else if asked.insert(one) {
                family::ask_to_end(one);
            }
        }
        child::pause(Duration::from_millis(20));
    }
}

fn how(exit: Exit) -> How {
    match (exit.code, exit.signal) {
        (Some(code), _) => How::Exit { code },
        (None, Some(signal)) => How::Signal { signal },
        (None, None) => How::not_started("nobody can tell how it ended"),
    }
}

/// The record, shared by the readers of both streams.
#[derive(Clone)]
struct Shared {
    record: Arc<Mutex<Record>>,
    masks: Masks,
    clock: Real,
}

impl Shared {
    fn new(file: File, clock: &Real, told: &Told) -> Self {
        let (mut masks, mut record) = (Masks::default(), Record::new(file));
        for (name, value) in told.variables.iter().chain(&told.files).chain(&told.within) {
            let secret = Secret::new(value.clone());
            masks.add(&secret);
            if let Some(why) = secret.shows() {
                record.say(
                    GAP,
                    &format!("the secret {name} is not covered in this output: {why}"),
                    clock.now(),
                );
            }
        }
        Self {
            record: Arc::new(Mutex::new(record)),
            masks,
            clock: clock.clone(),
        }
    }

    fn locked(&self) -> MutexGuard<'_, Record> {
        locked(&self.record)
    }

    /// Reads a stream to its end on a thread of its own; the channel tells when that is.
    fn read(&self, letter: u8, mut stream: impl Read + Send + 'static) -> Receiver<()> {
        let (done, is_done) = channel();
        let it = self.clone();
        std::thread::spawn(move || {
            let mut splitter = Splitter::new(letter, it.masks.clone());
            let mut piece = vec![0; 64 * 1024];
            loop {
                match stream.read(&mut piece) {
                    Ok(0) => break,
                    Ok(length) => splitter.feed(&piece[..length], &mut it.locked(), it.clock.now()),
                    Err(why) if why.kind() == std::io::ErrorKind::Interrupted => {}
                    Err(_) => break,
                }
            }
            splitter.close(&mut it.locked(), it.clock.now());
            let _ = done.send(());
        });
        is_done
    }
}
