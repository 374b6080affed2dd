//! Archives in the zip form, read strictly: an archive is taken whole or not at all, and only where
//! its directory says one thing in one way. No path leads out of it, nothing in it is a link, no
//! name stands twice, and nothing unpacks to more than it says. Nothing is written anywhere.

mod directory;
mod name;
mod unwrapped;

use std::io::{self, Read, Seek, SeekFrom};

use flate2::Crc;
use flate2::read::DeflateDecoder;

use self::directory::Packing;
pub use self::unwrapped::{Source, unwrapped};
use super::safe::Safe;

/// How much is unpacked at a time.
const PIECE: usize = 64 * 1024;

/// How much of an archive is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many entries it may have.
    pub entries: usize,
    /// How many bytes all that is in it may have.
    pub bytes: u64,
    /// How many bytes one of its files may have.
    pub file: u64,
    /// How many times longer all that is in it may be than the archive.
    pub ratio: u64,
    /// How many folders deep a file may stand.
    pub depth: usize,
    /// Whether a file may be a symbolic link. Nothing can stand below one.
    pub links: bool,
}

impl Limits {
    /// How much of a site is taken.
    pub const SITE: Limits = Limits {
        entries: 50_000,
        bytes: 2 << 30,
        file: 128 << 20,
        ratio: 200,
        depth: 64,
        links: false,
    };
    /// How much of the source of a build is taken.
    pub const SOURCE: Limits = Limits {
        entries: 65_000,
        links: true,
        ..Limits::SITE
    };
}

/// The longest archive of a site, in bytes.
pub const LONGEST_SITE: u64 = 1 << 30;
/// The page that a site begins with.
pub const INDEX: &str = "index.html";

/// What to do about the files of a site, by their names, where none of them is the page that it
/// begins with; nothing where one is.
pub fn without_index<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Option<String> {
    if names.clone().any(|name| name == INDEX) {
        return None;
    }
    let below = names.map(|name| name.rsplit_once('/').unwrap_or_default());
    Some(match below.into_iter().find(|(_, file)| *file == INDEX) {
        Some((folder, _)) => {
            let folder = Safe::new(folder);
            format!("pack what is in {folder}, and not the folder around it")
        }
        None => "check what the build puts into its output folder".to_owned(),
    })
}

/// Why an archive is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It is not as it should be.
    #[error("{0}")]
    Refused(String),
    /// It could not be read.
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
}

impl ArchiveError {
    fn refused(why: impl Into<String>) -> Self {
        Self::Refused(why.into())
    }

    /// An entry that is the reason.
    fn entry(name: &str, why: &str) -> Self {
        Self::Refused(format!("{} {why}", Safe::new(name)))
    }
}

/// A file of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its path within the archive, parted by slashes.
    pub name: String,
    /// How many bytes it has.
    pub size: u64,
    /// How many it has in the archive.
    packed: u64,
    packing: Packing,
    crc: u32,
    /// What it is and who may do what with it, as Unix has it; 0 where that is not said.
    mode: u32,
    /// Where it begins, and where the next thing does.
    begins: u64,
    ends: u64,
}

/// An archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive {
    /// Its files, in the order of their names.
    pub files: Vec<Entry>,
    /// What it says of itself, where it does.
    pub comment: Option<String>,
}

impl Archive {
    /// Reads the directory of an archive, and checks every entry of it.
    ///
    /// # Errors
    /// It is no archive, or is not taken; the message says why, and which entry is the reason.
    pub fn read(from: &mut (impl Read + Seek), limits: &Limits) -> Result<Self, ArchiveError> {
        let (files, comment) = directory::read(from, limits)?;
        Ok(Self { files, comment })
    }
}

impl Entry {
    /// True for a symbolic link, whose content says where it leads.
    #[must_use]
    pub fn is_link(&self) -> bool {
        self.mode & 0o170_000 == 0o120_000
    }

    /// True for a file that may be executed.
    #[must_use]
    pub fn is_program(&self) -> bool {
        self.mode & 0o111 != 0
    }

    /// Gives out the content in pieces. It is whole only where this returns without an error.
    ///
    /// # Errors
    /// The content is not what the directory says.
    pub fn pour(
        &self,
        from: &mut (impl Read + Seek),
        mut take: impl FnMut(&[u8]),
    ) -> Result<(), ArchiveError> {
        let begins = self.header(from)?;
        from.seek(SeekFrom::Start(begins))?;
        let packed = from.take(self.packed);
        let mut content: Box<dyn Read + '_> = match self.packing {
            Packing::Stored => Box::new(packed),
            Packing::Deflated => Box::new(DeflateDecoder::new(packed)),
        };
        let (mut left, mut crc) = (self.size, Crc::new());
        let mut piece = vec![0; PIECE];
        loop {
            let many = match content.read(&mut piece) {
                Ok(0) => break,
                Ok(many) => many,
                Err(why) if why.kind() == io::ErrorKind::Interrupted => continue,
                Err(why) if is_damage(&why) => {
                    return Err(ArchiveError::entry(&self.name, "is damaged"));
                }
                Err(why) => return Err(why.into()),
            };
            left = left.checked_sub(many as u64).ok_or_else(|| {
                ArchiveError::entry(&self.name, "holds more than the archive says")
            })?;
            crc.update(&piece[..many]);
            take(&piece[..many]);
        }
        if left > 0 {
            return Err(ArchiveError::entry(
                &self.name,
                "holds less than the archive says",
            ));
        }
        if crc.sum() != self.crc {
            return Err(ArchiveError::entry(&self.name, "is damaged"));
        }
        Ok(())
    }

    /// The whole content.
    ///
    /// # Errors
    /// As [`Entry::pour`].
    pub fn content(&self, from: &mut (impl Read + Seek)) -> Result<Vec<u8>, ArchiveError> {
        let mut all = Vec::new();
        self.pour(from, |piece| all.extend_from_slice(piece))?;
        Ok(all)
    }

    /// Where the content begins: behind what stands before it, which says the same as the
    /// directory.
    fn header(&self, from: &mut (impl Read + Seek)) -> Result<u64, ArchiveError> {
        let wrong = || ArchiveError::entry(&self.name, "is another entry than the directory says");
        from.seek(SeekFrom::Start(self.begins))?;
        let mut header = [0; directory::LOCAL];
        from.read_exact(&mut header)?;
        let at = |place: usize| usize::from(u16::from_le_bytes([header[place], header[place + 1]]));
        let (name, extra) = (at(26), at(28));
        if header[..4] != *b"PK\x03\x04" || at(8) != self.packing.number() {
            return Err(wrong());
        }
        let mut named = vec![0; name];
        from.read_exact(&mut named)?;
        let begins = self.begins + (directory::LOCAL + name + extra) as u64;
        if named != self.name.as_bytes() || begins + self.packed > self.ends {
            return Err(wrong());
        }
        Ok(begins)
    }
}

fn is_damage(why: &io::Error) -> bool {
    matches!(
        why.kind(),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
    )
}

#[cfg(test)]
pub(crate) mod tests;
