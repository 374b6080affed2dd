//! The source of a build, as git hosts pack it: in one folder, of which nobody can know the name.
//! What stands in that folder is packed anew as it is, and nothing is unpacked for it but to see
//! that it is whole.

use std::io::Cursor;

use super::directory::LOCAL;
use super::{Archive, ArchiveError, Limits};

/// The source of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// As an archive without a folder around it.
    pub bytes: Vec<u8>,
    /// What the archive said of itself: git hosts say which commit it has.
    pub comment: Option<String>,
    /// The name of the folder that was around its files.
    pub folder: String,
    /// How many files it has.
    pub files: usize,
}

/// Takes the folder away in which all files of an archive stand.
///
/// # Errors
/// It is no archive, or is not taken; the message says why, and which entry is the reason.
pub fn unwrapped(archive: &[u8], limits: &Limits) -> Result<Source, ArchiveError> {
    let mut from = Cursor::new(archive);
    let Archive { files, comment } = Archive::read(&mut from, limits)?;
    let around = files
        .first()
        .and_then(|file| file.name.split_once('/'))
        .map(|(folder, _)| format!("{folder}/"))
        .ok_or_else(|| ArchiveError::refused("there is no folder with files in it"))?;
    let (mut bytes, mut directory) = (Vec::with_capacity(archive.len()), Vec::new());
    for file in &files {
        let name = file
            .name
            .strip_prefix(&around)
            .ok_or_else(|| ArchiveError::entry(&file.name, "stands beside the folder"))?;
        file.pour(&mut from, |_| ())?;
        let at = usize::try_from(file.header(&mut from)?).unwrap_or_default();
        let content = archive.get(at..at + usize::try_from(file.packed).unwrap_or_default());
        let begins = four(bytes.len() as u64)?;
        // Version 2.0, names in UTF-8, no time: the same source is the same archive.
        let about = [
            &[20, 0, 0, 8][..],
            &two(file.packing.number())?,
            &[0; 2],
            &[0x21, 0],
            &file.crc.to_le_bytes(),
            &four(file.packed)?,
            &four(file.size)?,
            &two(name.len())?,
            &[0; 2],
        ]
        .concat();
        bytes.extend_from_slice(b"PK\x03\x04");
        bytes.extend_from_slice(&about);
        debug_assert_eq!(about.len() + 4, LOCAL);
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(content.unwrap_or_default());
        directory.extend_from_slice(b"PK\x01\x02\x14\x03");
        directory.extend_from_slice(&about);
        directory.extend_from_slice(&[0; 6]);
        directory.extend_from_slice(&(file.mode << 16).to_le_bytes());
        directory.extend_from_slice(&begins);
        directory.extend_from_slice(name.as_bytes());
    }
    let (many, begins) = (two(files.len())?, four(bytes.len() as u64)?);
    let long = four(directory.len() as u64)?;
    bytes.append(&mut directory);
    bytes.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    for field in [&many[..], &many, &long, &begins, &[0; 2]] {
        bytes.extend_from_slice(field);
    }
    let folder = around.trim_end_matches('/').to_owned();
    Ok(Source {
        bytes,
        comment,
        folder,
        files: files.len(),
    })
}

fn two(number: usize) -> Result<[u8; 2], ArchiveError> {
    u16::try_from(number)
        .map(u16::to_le_bytes)
        .map_err(|_| ArchiveError::refused("it has more than an archive can say"))
}

fn four(number: u64) -> Result<[u8; 4], ArchiveError> {
    u32::try_from(number)
        .map(u32::to_le_bytes)
        .map_err(|_| ArchiveError::refused("it is longer than an archive can say"))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::text::archive::tests::{Packed, zip};

    /// A file with this mode.
    fn file(name: &str, content: &str, mode: u32) -> Packed {
        Packed::stored(name, content.as_bytes()).with_mode(mode)
    }

    #[test]
    fn the_folder_goes_and_everything_else_stays() {
        let archive = zip(&[
            file("acme-docs-6113728/", "", 0o040_755),
            Packed::deflated("acme-docs-6113728/src/a b.js", &b"let a;".repeat(9)),
            file("acme-docs-6113728/build.sh", "exit 0", 0o100_755),
            file("acme-docs-6113728/latest", "src", 0o120_777),
        ]);
        let source = unwrapped(&archive, &Limits::SOURCE).unwrap();
        assert_eq!(
            (source.files, source.folder.as_str()),
            (3, "acme-docs-6113728")
        );
        let mut from = Cursor::new(&source.bytes);
        let read = Archive::read(&mut from, &Limits::SOURCE).unwrap();
        let told: Vec<_> = read
            .files
            .iter()
            .map(|file| {
                let content = file.content(&mut from).unwrap();
                (
                    file.name.as_str(),
                    String::from_utf8(content).unwrap(),
                    file.mode,
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                ("build.sh", "exit 0".to_owned(), 0o100_755),
                ("latest", "src".to_owned(), 0o120_777),
                ("src/a b.js", "let a;".repeat(9), 0o100_644),
            ]
        );
        assert_eq!(source, unwrapped(&archive, &Limits::SOURCE).unwrap());
    }

    #[test]
    fn what_is_no_folder_of_files_is_refused() {
        let plain = |name: &str| file(name, "x", 0o100_644);
        for (files, why) in [
            (vec![plain("a")], "no folder"),
            (vec![file("a/", "", 0o040_755)], "no folder"),
            (vec![plain("a/x"), plain("b/x")], "beside the folder"),
            (vec![plain("a/../../x")], "leads out"),
            (
                vec![file("a/link", "/etc", 0o120_777), plain("a/link/passwd")],
                "a file, too",
            ),
            (vec![file("a/pipe", "", 0o010_644)], "no ordinary file"),
        ] {
            let refused = unwrapped(&zip(&files), &Limits::SOURCE).unwrap_err();
            assert!(refused.to_string().contains(why), "{refused}");
        }
        let mut damaged = zip(&[file("a/x", "content", 0o100_644)]);
        let at = damaged
            .windows(7)
            .position(|some| some == b"content")
            .unwrap();
        damaged[at] = b'K';
        assert!(unwrapped(&damaged, &Limits::SOURCE).is_err());
        assert!(unwrapped(b"<html>", &Limits::SOURCE).is_err());
    }
}
