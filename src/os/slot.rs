//! A small value in a file whose room on the disk is taken when it is made, so that it can be
//! written when the disk is full. Two places are written in turn, each with a number and a
//! checksum: a reader finds the newest value that is whole.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::PathBuf;

use super::files::FileError;
use super::open;
use crate::domain::digest::Digest;

/// The bytes of one place: two of them fill the block that file systems give a file at least.
const PLACE: usize = 2_048;
/// The longest value: a place without what stands before the value.
pub const LONGEST: usize = PLACE - 64;

/// The file of one value. One process at a time writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot(PathBuf);

impl Slot {
    /// The slot in that file; nothing is made.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// Makes the file, private and without a value, and takes its room.
    ///
    /// # Errors
    /// When it cannot be made: there is no room, for example.
    pub fn make(&self) -> Result<(), FileError> {
        let made = (|| {
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(true);
            let mut file = open::with(options.mode(0o600), &self.0)?;
            // Bytes that are written, not a length that is set: a hole has no room.
            file.write_all(&[b'\n'; 2 * PLACE])?;
            file.sync_all()
        })();
        made.map_err(FileError::io(&self.0, "made"))
    }

    /// The value that was written last; none where there was none, or no file.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn read(&self) -> Result<Option<Vec<u8>>, FileError> {
        match open::bytes(&self.0) {
            Ok(bytes) => Ok(newest(&bytes).map(|(_, value)| value.to_vec())),
            Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(why) => Err(FileError::io(&self.0, "read")(why)),
        }
    }

    /// Writes a value into the place of the older one. The file must have been made.
    ///
    /// # Errors
    /// When the value is too long, or the file is gone or cannot be written.
    pub fn write(&self, value: &[u8]) -> Result<(), FileError> {
        let mut pen = self.pen()?;
        pen.write(value)?;
        pen.sync()
    }

    /// Keeps the file open, for whoever writes often. The file must have been made.
    ///
    /// # Errors
    /// When the file is gone or cannot be opened.
    pub fn pen(&self) -> Result<Pen, FileError> {
        let opened = open::bytes(&self.0).and_then(|before| Ok((before, open::write(&self.0)?)));
        let (before, file) = opened.map_err(FileError::io(&self.0, "written"))?;
        Ok(Pen {
            path: self.0.clone(),
            number: newest(&before).map_or(0, |(number, _)| number),
            file,
        })
    }
}

/// A slot that is written often.
#[derive(Debug)]
pub struct Pen {
    path: PathBuf,
    file: File,
    number: u64,
}

impl Pen {
    /// Writes a value into the place of the older one; it outlives the process, and reaches the
    /// disk when the system finds the time.
    ///
    /// # Errors
    /// When the value is too long, or cannot be written.
    pub fn write(&mut self, value: &[u8]) -> Result<(), FileError> {
        let written = (|| {
            if value.len() > LONGEST {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    format!("{} bytes are more than fit", value.len()),
                ));
            }
            let number = self.number + 1;
            let mut place =
                format!("{number} {} {}\n", value.len(), sum(number, value)).into_bytes();
            place.extend_from_slice(value);
            let at = if number.is_multiple_of(2) {
                PLACE as u64
            } else {
                0
            };
            self.file.write_all_at(&place, at)?;
            self.number = number;
            Ok(())
        })();
        written.map_err(FileError::io(&self.path, "written"))
    }

    /// Brings what was written to the disk.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn sync(&self) -> Result<(), FileError> {
        self.file
            .sync_data()
            .map_err(FileError::io(&self.path, "written"))
    }
}

/// The newest value that is whole, with its number.
fn newest(bytes: &[u8]) -> Option<(u64, &[u8])> {
    bytes
        .chunks(PLACE)
        .filter_map(whole)
        .max_by_key(|(number, _)| *number)
}

fn whole(place: &[u8]) -> Option<(u64, &[u8])> {
    let end = memchr::memchr(b'\n', place)?;
    let head = std::str::from_utf8(&place[..end]).ok()?;
    let [number, length, sum] = head.split(' ').collect::<Vec<_>>()[..] else {
        return None;
    };
    let (number, length): (u64, usize) = (number.parse().ok()?, length.parse().ok()?);
    let value = place.get(end + 1..)?.get(..length)?;
    (self::sum(number, value) == sum).then_some((number, value))
}

/// Of number and value: half of a new one before half of an old one is neither.
fn sum(number: u64, value: &[u8]) -> String {
    Digest::of_bytes(&[&number.to_be_bytes(), value].concat()).short()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    fn slot() -> (tempfile::TempDir, Slot) {
        let folder = tempfile::tempdir().unwrap();
        let slot = Slot::at(folder.path().join("state"));
        (folder, slot)
    }

    #[test]
    fn the_last_value_is_read_and_no_write_needs_new_room() {
        let (_folder, slot) = slot();
        assert_eq!(slot.read().unwrap(), None);
        assert!(slot.write(b"x").is_err(), "it was never made");
        slot.make().unwrap();
        assert_eq!(slot.read().unwrap(), None);
        let room = |slot: &Slot| {
            fs::metadata(&slot.0)
                .map(|about| (about.len(), about.blocks(), about.mode() & 0o777))
                .unwrap()
        };
        let before = room(&slot);
        assert!(
            before.1 * 512 >= before.0 && before.2 == 0o600,
            "{before:?}"
        );
        for n in 0..20_usize {
            let value = vec![b'a'; n * 100];
            slot.write(&value).unwrap();
            assert_eq!(slot.read().unwrap(), Some(value));
        }
        slot.write(&[7; LONGEST]).unwrap();
        assert!(slot.write(&[7; LONGEST + 1]).is_err());
        assert_eq!(
            (slot.read().unwrap(), room(&slot)),
            (Some(vec![7; LONGEST]), before)
        );
    }

    #[test]
    fn a_write_that_was_cut_leaves_the_value_before_it() {
        let (_folder, slot) = slot();
        slot.make().unwrap();
        slot.write(b"one").unwrap();
        slot.write(b"two").unwrap();
        let before = fs::read(&slot.0).unwrap();
        slot.write(b"three").unwrap();
        let after = fs::read(&slot.0).unwrap();
        for cut in 0..PLACE {
            let torn = [&after[..cut], &before[cut..]].concat();
            fs::write(&slot.0, &torn).unwrap();
            let read = slot.read().unwrap().unwrap();
            assert!(read == b"two" || read == b"three", "cut at {cut}: {read:?}");
        }
        slot.write(b"four").unwrap();
        assert_eq!(slot.read().unwrap().unwrap(), b"four");
    }
}
