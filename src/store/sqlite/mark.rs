//! What was recorded last, kept outside the database: so it is noticed when a part of that is lost.
//! It is written behind each commit, and may lag by the one that was under way when its engine was
//! killed. It does not wait for the disk: after a power cut it may be older, and says less; the
//! database never lags behind it, because a commit has reached the disk before it is marked.

use serde::{Deserialize, Serialize};

use super::super::record::{self, Record};
use crate::os::files::FileError;
use crate::os::paths::Home;
use crate::os::slot::{Pen, Slot};

/// The last place of the log, and the last number that was given.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Mark {
    /// The id of the store.
    pub store: String,
    /// The last place; 0 when there is none.
    pub seq: u64,
    /// The hash of the event there.
    pub hash: String,
    /// The last number that was given to a deployment.
    pub no: u64,
}

impl Mark {
    /// The mark of a home; none where there is none, or it is damaged.
    pub(super) fn read(home: &Home) -> Result<Option<Mark>, FileError> {
        let value = Slot::at(home.mark()).read()?;
        Ok(value.and_then(|value| serde_json::from_slice(&value).ok()))
    }

    /// Whether nothing was recorded by then.
    pub(super) fn is_empty(&self) -> bool {
        self.seq == 0 && self.no == 0
    }
}

/// Keeps the mark of an engine's store.
pub(super) struct Marker {
    pen: Pen,
    mark: Mark,
}

impl Marker {
    /// Begins with what the database has now; that is on the disk when this ends.
    pub(super) fn begin(home: &Home, mark: Mark) -> Result<Self, FileError> {
        let slot = Slot::at(home.mark());
        if Mark::read(home)?.is_none() {
            slot.make()?;
        }
        let mut marker = Self {
            pen: slot.pen()?,
            mark,
        };
        marker.write()?;
        marker.pen.sync()?;
        Ok(marker)
    }

    /// A commit has reached the disk: its last event, if it had one, and the highest number of it.
    pub(super) fn recorded(&mut self, last: Option<&Record>, no: u64) {
        if last.is_none() && no <= self.mark.no {
            return;
        }
        if let Some(last) = last {
            self.mark.seq = last.seq;
            self.mark.hash.clone_from(&last.hash);
        }
        self.mark.no = self.mark.no.max(no);
        if let Err(why) = self.write() {
            tracing::warn!("the mark of the store is old, so a loss may not be noticed: {why}");
        }
    }

    fn write(&mut self) -> Result<(), FileError> {
        let text = record::text(&self.mark).unwrap_or_default();
        self.pen.write(text.as_bytes())
    }
}
