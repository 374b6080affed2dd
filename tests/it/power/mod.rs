//! The power is cut: what had not reached the disk by then is gone, in part or as a whole, and what
//! was acknowledged is there all the same. What a writer does to its files, and what it brings to
//! the disk, is written down by a shim before the C library.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use holdpoint::os::clock::Real;
use holdpoint::os::lock::Lock;
use holdpoint::os::paths::Home;
use holdpoint::sandbox::dice::Dice;
use holdpoint::store::Store as _;
use holdpoint::store::sqlite::{Doubt, Sqlite};

use crate::killed;

/// One thing that was done to a file.
enum Did {
    Write(u64, Vec<u8>),
    Cut(u64),
    Sync,
    Unlink,
    /// It was said that so many events are recorded.
    Acknowledge(u64),
}

type Record = Vec<(PathBuf, Did)>;

fn read(bytes: &[u8]) -> Record {
    let mut record = Record::new();
    let mut rest = bytes;
    while rest.len() >= 32 {
        let (head, behind) = rest.split_at(32);
        let number = |at: usize| u64::from_le_bytes(head[at * 8..at * 8 + 8].try_into().unwrap());
        let kind = u8::try_from(number(0)).unwrap();
        let (named, at) = (usize::try_from(number(1)).unwrap(), number(2));
        let length = if kind == b'w' {
            usize::try_from(number(3)).unwrap()
        } else {
            0
        };
        // Killed while it was written down.
        if behind.len() < named + length {
            break;
        }
        let name = String::from_utf8_lossy(&behind[..named]).into_owned();
        let bytes = &behind[named..named + length];
        rest = &behind[named + length..];
        let said = || {
            let text = String::from_utf8_lossy(bytes);
            let last = text
                .lines()
                .rev()
                .find_map(|line| line.strip_prefix("acknowledged ")?.parse().ok());
            last.map(Did::Acknowledge)
        };
        let did = match kind {
            b'w' if name == "(said)" => said(),
            b'w' => Some(Did::Write(at, bytes.to_vec())),
            b't' => Some(Did::Cut(at)),
            b's' => Some(Did::Sync),
            _ => Some(Did::Unlink),
        };
        record.extend(did.map(|did| (name.into(), did)));
    }
    record
}

/// A file: what is on the disk, and what is on its way there.
#[derive(Default)]
struct OnDisk<'a> {
    bytes: Vec<u8>,
    on_its_way: Vec<&'a Did>,
}

impl OnDisk<'_> {
    fn sync(&mut self) {
        for did in std::mem::take(&mut self.on_its_way) {
            apply(&mut self.bytes, did, usize::MAX);
        }
    }
}

/// Applies the first so many bytes of what was done.
fn apply(bytes: &mut Vec<u8>, did: &Did, most: usize) {
    match did {
        Did::Write(at, written) => {
            let at = usize::try_from(*at).unwrap();
            let written = &written[..written.len().min(most)];
            bytes.resize(bytes.len().max(at + written.len()), 0);
            bytes[at..at + written.len()].copy_from_slice(written);
        }
        Did::Cut(length) => bytes.resize(usize::try_from(*length).unwrap(), 0),
        Did::Sync | Did::Unlink | Did::Acknowledge(_) => {}
    }
}

/// The files after a power cut behind so many deeds, and how many events were acknowledged by then.
fn cut(record: &Record, behind: usize, dice: &mut Dice) -> (BTreeMap<PathBuf, Vec<u8>>, u64) {
    let mut files: BTreeMap<&Path, OnDisk<'_>> = BTreeMap::new();
    let mut acknowledged = 0;
    for (path, did) in &record[..behind] {
        match did {
            Did::Acknowledge(n) => acknowledged = *n,
            Did::Unlink => drop(files.remove(path.as_path())),
            Did::Sync => files.entry(path).or_default().sync(),
            Did::Write(..) | Did::Cut(_) => files.entry(path).or_default().on_its_way.push(did),
        }
    }
    let left = files.into_iter().map(|(path, mut file)| {
        // The disk takes what it likes, in sectors, in any order.
        let kind = dice.below(3);
        for did in &file.on_its_way {
            match kind {
                0 => {}
                1 => apply(&mut file.bytes, did, usize::MAX),
                _ => match dice.below(3) {
                    0 => {}
                    1 => apply(&mut file.bytes, did, usize::MAX),
                    _ => {
                        let sectors = usize::try_from(dice.below(8)).unwrap();
                        apply(&mut file.bytes, did, sectors * 512);
                    }
                },
            }
        }
        (path.to_owned(), file.bytes)
    });
    (left.collect(), acknowledged)
}

/// What an engine finds there.
#[tokio::main(flavor = "current_thread")]
async fn look(home: &Home, acknowledged: u64) {
    let lock = Lock::exclusive(&home.engine_lock()).unwrap().unwrap();
    // That it lies somewhere else is true here; that something is lost must not be said.
    for doubt in Sqlite::accept(home, &lock, Real::shared()).await.unwrap() {
        assert!(matches!(doubt, Doubt::Copied { .. }), "{doubt}");
    }
    drop(lock);
    let store = Sqlite::client(home, Real::shared()).await.unwrap();
    assert_eq!(store.verify().await.unwrap().faults, [""; 0]);
    let found = store.folds(5).await.unwrap().seq;
    assert!(found >= acknowledged, "{found} of {acknowledged} events");
    store.close().await;
}

#[test]
fn what_was_acknowledged_before_a_power_cut_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let (shim, place) = (folder.path().join("shim.so"), folder.path().join("home"));
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/power/shim.c");
    let built = Command::new("cc")
        .args(["-O1", "-shared", "-fPIC", "-o"])
        .arg(&shim)
        .args([source, "-ldl", "-lpthread"])
        .status();
    if !cfg!(target_os = "linux") || !built.is_ok_and(|built| built.success()) {
        let _ = writeln!(std::io::stderr(), "skipped: no shim can be built here");
        return;
    }
    let record = folder.path().join("record");
    killed::killed_after(&place, 60, |child| {
        child
            .env("LD_PRELOAD", &shim)
            .env("HOLDPOINT_TEST_POWER_FOLDER", &place)
            .env("HOLDPOINT_TEST_POWER_RECORD", &record);
    });
    let record = read(&fs::read(&record).unwrap());
    // What is looked at below is a copy, and the original is gone.
    fs::rename(&place, folder.path().join("gone")).unwrap();
    let acknowledgements = record
        .iter()
        .enumerate()
        .filter(|(_, (_, did))| matches!(did, Did::Acknowledge(_)))
        .map(|(at, _)| at + 1);
    let mut points: Vec<usize> = acknowledgements.collect();
    assert!(points.len() >= 50, "only {} were noted", points.len());
    let first = points[0];
    let mut dice = Dice::new(7);
    let range = (record.len() - first) as u64;
    points.extend((0..60).map(|_| first + usize::try_from(dice.below(range)).unwrap()));
    for point in points {
        let (files, acknowledged) = cut(&record, point, &mut dice);
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(Some(&folder.path().join("home"))).unwrap();
        for (path, bytes) in files {
            let Ok(name) = path.strip_prefix(&place) else {
                continue;
            };
            // Memory that is shared, made anew by whoever comes first.
            if name.parent() != Some(Path::new("")) || name == Path::new("store.db-shm") {
                continue;
            }
            let file = home.folder().join(name);
            fs::write(&file, bytes).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        }
        look(&home, acknowledged);
    }
}
