//! Between rows and records, and what the database's errors mean for the caller.

use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row as _};

use super::super::StoreError;
use super::super::record::Record;

/// The columns of a record, in the order in which [`Record`] is read.
macro_rules! columns {
    () => {
        "seq, stream, version, tag, form, payload, at, person, cause, hash"
    };
}
pub(super) use columns;

/// A text of a row, as it is read: one that is no text is damage of that row alone.
pub(super) type Text = Vec<u8>;

impl FromRow<'_, SqliteRow> for Record {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let mut garbled = Vec::new();
        // Bytes, because one that is no text must not take all other rows with it.
        let mut text = |at: usize, what| -> Result<Option<String>, sqlx::Error> {
            let bytes: Option<&[u8]> = row.try_get_unchecked(at)?;
            Ok(bytes.map(|bytes| {
                if std::str::from_utf8(bytes).is_err() {
                    garbled.push(what);
                }
                String::from_utf8_lossy(bytes).into_owned()
            }))
        };
        let stream = text(1, "stream")?.unwrap_or_default();
        let tag = text(3, "tag")?.unwrap_or_default();
        let payload = text(5, "payload")?.unwrap_or_default();
        let person = text(7, "person")?.unwrap_or_default();
        let cause = text(8, "cause")?;
        let hash = text(9, "hash")?.unwrap_or_default();
        Ok(Self {
            seq: row.try_get::<i64, _>(0)?.cast_unsigned(),
            stream,
            version: row.try_get::<i64, _>(2)?.cast_unsigned(),
            tag,
            form: row.try_get(4)?,
            payload,
            at: row.try_get(6)?,
            person,
            cause,
            hash,
            garbled,
        })
    }
}

/// A limit as the database takes it.
pub(super) fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// SQLite's code for memory shared with other processes that could not grow: its file found no
/// room.
const NO_ROOM_TO_SHARE: u32 = 4_874;

/// What an error of the database means. By value, so that it fits `map_err`.
#[allow(clippy::needless_pass_by_value)]
pub(super) fn failed(why: sqlx::Error) -> StoreError {
    let sqlx::Error::Database(error) = &why else {
        return match &why {
            sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::Decode(_)
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::RowNotFound => {
                StoreError::Corrupt(format!("{why}; `holdpoint doctor` checks the whole store"))
            }
            _ => StoreError::Unavailable(why.to_string()),
        };
    };
    let code = error
        .code()
        .and_then(|code| code.parse::<u32>().ok())
        .unwrap_or_default();
    let text = error.message();
    if code == NO_ROOM_TO_SHARE {
        return StoreError::Full(text.to_owned());
    }
    // The low byte of SQLite's result code names the kind of error.
    match code & 0xff {
        5 | 6 => StoreError::Unavailable(format!("another process keeps it busy ({text})")),
        13 => StoreError::Full(text.to_owned()),
        11 | 26 => StoreError::Corrupt(format!(
            "the file is damaged ({text}): end the engine, copy the folder aside, and restore a backup"
        )),
        1 | 19 => StoreError::Corrupt(format!("{text}; `holdpoint doctor` checks the whole store")),
        _ => StoreError::Unavailable(text.to_owned()),
    }
}
