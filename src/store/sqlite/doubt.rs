//! Reasons not to write to a store: a part of it is lost, or it is a copy of one that may be at work
//! elsewhere. It can be read; a person says when to go on with it.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqliteConnection;

use super::super::{StoreError, record};
use super::mark::Mark;
use super::rows::failed;
use crate::os::paths::Home;

/// Why nothing is written to a store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}. It can be read, and nothing is written. {}", self.is(), self.way_on())]
pub enum Doubt {
    /// A part of it is not there any more.
    Lost {
        /// Where it lies.
        home: String,
        /// The last place that was recorded.
        marked: u64,
        /// The last number that was given.
        marked_no: u64,
        /// The last place that it has.
        found: u64,
        /// The last number that it knows.
        found_no: u64,
    },
    /// It is not the store that was here.
    Replaced {
        /// Where it lies.
        home: String,
        /// The place in the log.
        place: u64,
    },
    /// Nobody can tell whether it is whole.
    Unmarked {
        /// Where it lies.
        home: String,
        /// The file that is missing.
        mark: String,
    },
    /// It is a copy.
    Copied {
        /// Where it lies.
        home: String,
        /// Where it was written.
        from: String,
    },
    /// It is a copy of one that is still there, which nobody can accept.
    Twin {
        /// Where it lies.
        home: String,
        /// Where the other one lies.
        from: String,
    },
}

impl Doubt {
    /// What it is.
    #[must_use]
    pub fn is(&self) -> String {
        match self {
            Self::Lost {
                home,
                marked,
                marked_no,
                found,
                found_no,
            } => format!(
                "{home}: a part of the store is lost. Place {marked} of its log (numbers up to #{marked_no}) was recorded there, and it ends at place {found} (#{found_no}): store.db-wal was lost, or store.db was cut short or replaced by an older one"
            ),
            Self::Replaced { home, place } => format!(
                "{home}: store.db is not the one that was written there last: what stands at place {place} of its log is something else"
            ),
            Self::Unmarked { home, mark } => format!(
                "{home}: {mark}, which says where the log ends, is missing or damaged, so nobody can tell whether store.db is whole"
            ),
            Self::Copied { home, from } => format!(
                "{home}: this store is a copy, or was brought back from one: it was written in {from}. Two stores would work on the same real stacks without knowing of each other"
            ),
            Self::Twin { home, from } => format!(
                "{home}: this store is a copy of the one in {from}, which is still there: both would work on the same real stacks"
            ),
        }
    }

    /// What a person can do.
    fn way_on(&self) -> String {
        const ACCEPT: &str = "holdpoint engine --accept-store";
        match self {
            Self::Lost { .. } | Self::Replaced { .. } | Self::Unmarked { .. } => {
                format!("Put the right file back; or go on with what is there: {ACCEPT}")
            }
            Self::Copied { .. } => format!(
                "To move a store, end its engine and move the whole folder (mv). To go on with this one, where the other is gone for good: {ACCEPT}"
            ),
            Self::Twin { from, .. } => {
                format!("Use that one (--home {from}); or take it away first, then: {ACCEPT}")
            }
        }
    }
}

/// Where the file of a store lies. It keeps its number when its folder is moved, and a copy has
/// another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Whereabouts {
    folder: PathBuf,
    device: u64,
    inode: u64,
    /// When the file was made, where the file system says: numbers are used again.
    born: Option<u64>,
}

impl Whereabouts {
    /// Of the store of that home.
    pub(super) fn of(home: &Home) -> io::Result<Self> {
        let about = fs::metadata(home.database())?;
        Ok(Self {
            folder: home.folder().canonicalize()?,
            device: about.dev(),
            inode: about.ino(),
            born: born(&about),
        })
    }

    /// Whether the file that was there is this one, wherever it was moved. Devices may be numbered
    /// otherwise after a restart of the machine.
    fn is(&self, now: &Self) -> bool {
        self.inode == now.inode
            && self.born == now.born
            && (self.folder == now.folder
                || (self.device == now.device && !self.is_there_beside(now)))
    }

    /// Whether the store is still where it was, and that is another folder than this one: a folder
    /// may have several names.
    fn is_there_beside(&self, now: &Self) -> bool {
        let number = |path: PathBuf| fs::metadata(path).map(|about| (about.dev(), about.ino()));
        let there = number(self.folder.join("store.db"));
        let (one, other) = (number(self.folder.clone()), number(now.folder.clone()));
        there.is_ok_and(|(_, inode)| inode == self.inode)
            && one.is_ok_and(|one| other.is_ok_and(|other| one != other))
    }
}

fn born(about: &fs::Metadata) -> Option<u64> {
    let since = about.created().ok()?.duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(since.as_nanos()).ok()
}

/// What the database says of itself.
pub(super) struct Found {
    pub mark: Mark,
    pub whereabouts: Option<Whereabouts>,
}

/// Reads what is to be compared; `at` is the place whose hash is wanted.
pub(super) async fn found(
    connection: &mut SqliteConnection,
    at: Option<u64>,
) -> Result<(Found, Option<Vec<u8>>), StoreError> {
    let last = "SELECT (SELECT value FROM meta WHERE key = 'id'), (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'last_no'),
                (SELECT value FROM meta WHERE key = 'whereabouts'), (SELECT coalesce(max(seq), 0) FROM events),
                (SELECT hash FROM events ORDER BY seq DESC LIMIT 1), (SELECT hash FROM events WHERE seq = ?)";
    let at = at.unwrap_or_default().cast_signed();
    let (store, no, whereabouts, seq, hash, there): Last = sqlx::query_as(last)
        .bind(at)
        .fetch_one(connection)
        .await
        .map_err(failed)?;
    let text =
        |bytes: Option<Vec<u8>>| String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned();
    let mark = Mark {
        store: text(store),
        seq: seq.cast_unsigned(),
        hash: text(hash),
        no: no.unwrap_or_default().cast_unsigned(),
        ..Mark::default()
    };
    let whereabouts = whereabouts.and_then(|text| serde_json::from_slice(&text).ok());
    Ok((Found { mark, whereabouts }, there))
}

type Last = (
    Option<Vec<u8>>,
    Option<i64>,
    Option<Vec<u8>>,
    i64,
    Option<Vec<u8>>,
    Option<Vec<u8>>,
);

/// Reasons not to write, the graver first.
pub(super) async fn doubts(
    connection: &mut SqliteConnection,
    home: &Home,
    mark: Option<&Mark>,
) -> Result<Vec<Doubt>, StoreError> {
    let (found, there) = found(connection, mark.map(|mark| mark.seq)).await?;
    let mut doubts = Vec::new();
    let here = Whereabouts::of(home).map_err(|why| StoreError::Unavailable(why.to_string()))?;
    if let Some(was) = found.whereabouts.filter(|was| !was.is(&here)) {
        let (home, from) = (
            home.folder().display().to_string(),
            was.folder.display().to_string(),
        );
        doubts.push(if was.is_there_beside(&here) {
            Doubt::Twin { home, from }
        } else {
            Doubt::Copied { home, from }
        });
    }
    doubts.extend(loss(home, mark, &found.mark, there.as_deref()));
    Ok(doubts)
}

/// What is lost of a store of which nothing is left.
pub(super) fn nothing_left(home: &Home, mark: Option<&Mark>) -> Option<Doubt> {
    mark.filter(|mark| !mark.is_empty())
        .and_then(|mark| loss(home, Some(mark), &Mark::default(), None))
}

fn loss(home: &Home, mark: Option<&Mark>, found: &Mark, there: Option<&[u8]>) -> Option<Doubt> {
    let folder = home.folder().display().to_string();
    let Some(mark) = mark else {
        return (!found.is_empty()).then(|| Doubt::Unmarked {
            home: folder,
            mark: home.mark().display().to_string(),
        });
    };
    if found.seq < mark.seq || found.no < mark.no {
        return Some(Doubt::Lost {
            home: folder,
            marked: mark.seq,
            marked_no: mark.no,
            found: found.seq,
            found_no: found.no,
        });
    }
    let same = there.unwrap_or_default() == mark.hash.as_bytes() && found.store == mark.store;
    (!same).then_some(Doubt::Replaced {
        home: folder,
        place: mark.seq,
    })
}

/// The whereabouts as they are kept.
pub(super) fn whereabouts(home: &Home) -> Result<String, StoreError> {
    let here = Whereabouts::of(home).map_err(|why| StoreError::Unavailable(why.to_string()))?;
    record::text(&here)
}
