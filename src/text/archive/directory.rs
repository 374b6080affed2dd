//! The directory at the end of an archive. It stands directly before the end, which is the end of
//! the file; entries lie before it and beside each other. What is in another form is refused, and
//! so is what two readers could understand in two ways.

use std::io::{Read, Seek, SeekFrom};

use super::name::Names;
use super::{ArchiveError, Entry, Limits};

/// The length of what stands before an entry, without its name.
pub(super) const LOCAL: usize = 30;
/// The length of an entry of the directory, without its name.
const CENTRAL: usize = 46;
/// The length of the end, without its comment.
const END: usize = 22;
/// The largest directory in bytes that is read.
const LARGEST: u64 = 64 << 20;

/// How an entry is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Stored,
    Deflated,
}

impl Packing {
    /// Its number in archives.
    pub(super) fn number(self) -> usize {
        match self {
            Packing::Stored => 0,
            Packing::Deflated => 8,
        }
    }
}

/// The files of an archive, in the order of their names.
pub(super) fn read(
    from: &mut (impl Read + Seek),
    limits: &Limits,
) -> Result<(Vec<Entry>, Option<String>), ArchiveError> {
    let end = End::find(from)?;
    if end.entries > limits.entries {
        return Err(ArchiveError::refused(format!(
            "it has {} entries, and {} are taken",
            end.entries, limits.entries
        )));
    }
    let mut bytes = vec![0; usize::try_from(end.length).unwrap_or(0)];
    from.seek(SeekFrom::Start(end.begins))?;
    from.read_exact(&mut bytes)?;
    let (mut rest, mut names, mut files) = (Fields(&bytes), Names::default(), Vec::new());
    for _ in 0..end.entries {
        files.extend(entry(&mut rest, &mut names, limits)?);
    }
    if !rest.0.is_empty() {
        return Err(ArchiveError::refused(
            "its directory holds more than its entries",
        ));
    }
    side_by_side(&mut files, end.begins)?;
    let all: u64 = files.iter().map(|file| file.size).sum();
    if all > limits.bytes {
        return Err(ArchiveError::refused(format!(
            "it unpacks to {all} bytes, and {} are taken",
            limits.bytes
        )));
    }
    if all > end.archive.saturating_mul(limits.ratio) {
        return Err(ArchiveError::refused(format!(
            "it unpacks to more than {} times its length",
            limits.ratio
        )));
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok((files, end.comment))
}

/// The end of an archive.
struct End {
    entries: usize,
    begins: u64,
    length: u64,
    /// The length of the whole file.
    archive: u64,
    /// What the archive says of itself, where that is text.
    comment: Option<String>,
}

impl End {
    fn find(from: &mut (impl Read + Seek)) -> Result<Self, ArchiveError> {
        let archive = from.seek(SeekFrom::End(0))?;
        let tail = archive.min((END + usize::from(u16::MAX)) as u64);
        let mut bytes = vec![0; usize::try_from(tail).unwrap_or(0)];
        from.seek(SeekFrom::Start(archive - tail))?;
        from.read_exact(&mut bytes)?;
        let ends = (0..=bytes.len().saturating_sub(END)).rev().find(|at| {
            let end = bytes.get(*at..).unwrap_or_default();
            // The comment goes on to the end of the file, and not beyond it.
            end.starts_with(b"PK\x05\x06")
                && end.len() >= END
                && end.len() == END + usize::from(u16::from_le_bytes([end[20], end[21]]))
        });
        let Some(at) = ends else {
            return Err(ArchiveError::refused("it is no zip archive"));
        };
        let comment = bytes.get(at + END..).filter(|said| !said.is_empty());
        let comment = comment.and_then(|said| std::str::from_utf8(said).ok());
        let comment = comment.map(ToOwned::to_owned);
        let mut end = Fields(&bytes[at + 4..]);
        let (disk, first, here, entries) = (end.two()?, end.two()?, end.two()?, end.two()?);
        let (length, begins) = (u64::from(end.four()?), u64::from(end.four()?));
        if entries == usize::from(u16::MAX) || begins == u64::from(u32::MAX) {
            return Err(ArchiveError::refused(
                "it has the zip64 form, which is for archives larger than are taken",
            ));
        }
        let end_at = archive - tail + at as u64;
        if disk != 0 || first != 0 || here != entries || begins + length != end_at {
            return Err(ArchiveError::refused(
                "its directory is not where its end says",
            ));
        }
        if length > LARGEST {
            return Err(ArchiveError::refused("its directory is too large"));
        }
        Ok(Self {
            entries,
            begins,
            length,
            archive,
            comment,
        })
    }
}

/// An entry of the directory; none where it is a folder.
fn entry(
    rest: &mut Fields<'_>,
    names: &mut Names,
    limits: &Limits,
) -> Result<Option<Entry>, ArchiveError> {
    let mut fields = Fields(rest.take(CENTRAL)?);
    if fields.take(4)? != b"PK\x01\x02" {
        return Err(ArchiveError::refused("its directory is damaged"));
    }
    let (_made_by, _needs, flags, packing) =
        (fields.two()?, fields.two()?, fields.two()?, fields.two()?);
    let (_when, crc) = (fields.four()?, fields.four()?);
    let (packed, size) = (u64::from(fields.four()?), u64::from(fields.four()?));
    let (name, extra, comment) = (fields.two()?, fields.two()?, fields.two()?);
    let (disk, _form) = (fields.two()?, fields.two()?);
    let (mode, begins) = (fields.four()? >> 16, u64::from(fields.four()?));
    let name = std::str::from_utf8(rest.take(name)?)
        .map_err(|_| ArchiveError::refused("an entry has a name that is no UTF-8"))?;
    rest.take(extra + comment)?;
    let refused = |why: &str| Err(ArchiveError::entry(name, why));
    if flags & 0x2041 != 0 {
        return refused("is encrypted");
    }
    let is_file = names.take(name, limits.depth)?;
    let wanted = if is_file { 0o100_000 } else { 0o040_000 };
    let is_link = limits.links && is_file && mode & 0o170_000 == 0o120_000;
    if ![0, wanted].contains(&(mode & 0o170_000)) && !is_link || mode & 0o6_000 != 0 {
        return refused("is a link, a device or something else that is no ordinary file");
    }
    let packing = match packing {
        0 if packed == size => Packing::Stored,
        8 => Packing::Deflated,
        0 => return refused("has another length than it is stored with"),
        _ => return refused("is packed in a way that is not taken: use deflate"),
    };
    if disk != 0 || [packed, size, begins].contains(&u64::from(u32::MAX)) {
        return refused("has the zip64 form, which is for files larger than are taken");
    }
    if size > limits.file {
        return Err(ArchiveError::entry(
            name,
            &format!("has {size} bytes, and {} are taken", limits.file),
        ));
    }
    if !is_file && size > 0 {
        return refused("is a folder with a content");
    }
    Ok(is_file.then(|| Entry {
        name: name.to_owned(),
        size,
        packed,
        packing,
        crc,
        mode,
        begins,
        ends: 0,
    }))
}

/// Checks that entries lie beside each other and before the directory; says of each where it must
/// end.
fn side_by_side(files: &mut [Entry], directory: u64) -> Result<(), ArchiveError> {
    files.sort_by_key(|file| file.begins);
    let mut next = directory;
    for file in files.iter_mut().rev() {
        file.ends = next;
        let least = file.begins + (LOCAL + file.name.len()) as u64 + file.packed;
        if least > next {
            return Err(ArchiveError::entry(&file.name, "lies over another entry"));
        }
        next = file.begins;
    }
    Ok(())
}

/// Fields that stand one after the other.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, many: usize) -> Result<&'a [u8], ArchiveError> {
        let (taken, rest) = self
            .0
            .split_at_checked(many)
            .ok_or_else(|| ArchiveError::refused("its directory is cut off"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn two(&mut self) -> Result<usize, ArchiveError> {
        let bytes = self.take(2)?;
        Ok(usize::from(bytes[0]) | usize::from(bytes[1]) << 8)
    }

    fn four(&mut self) -> Result<u32, ArchiveError> {
        let bytes = self.take(4)?;
        Ok(bytes
            .iter()
            .rev()
            .fold(0, |all, byte| all << 8 | u32::from(*byte)))
    }
}
