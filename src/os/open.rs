//! Opens files by their names, ordinary ones alone: a pipe, a socket or a device that stands where
//! a file is expected would be waited for without an end, or has one that never comes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;

/// Opens a file to read it.
///
/// # Errors
/// When it is not there, cannot be opened, or is no ordinary file.
pub fn read(path: &Path) -> io::Result<File> {
    with(OpenOptions::new().read(true), path)
}

/// Opens a file that is there to write in it.
///
/// # Errors
/// As [`read`].
pub fn write(path: &Path) -> io::Result<File> {
    with(OpenOptions::new().write(true), path)
}

/// Makes a file that is not there yet, to write in it.
///
/// # Errors
/// When anything of that name is there, or it cannot be made.
pub fn fresh(path: &Path, mode: u32) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
}

/// All bytes of a file.
///
/// # Errors
/// As [`read`].
pub fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    read(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The whole text of a file.
///
/// # Errors
/// As [`read`], and when it is no UTF-8.
pub fn text(path: &Path) -> io::Result<String> {
    io::read_to_string(read(path)?)
}

/// Opens a file in another way.
///
/// # Errors
/// As [`read`].
pub(super) fn with(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    // Opening does not wait for the other end of a pipe; of an ordinary file it changes nothing.
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let opened = options
        .custom_flags(i32::try_from(flags.bits()).unwrap_or_default())
        .open(path);
    let about = match &opened {
        Ok(file) => file.metadata()?,
        // What is no file may refuse to be opened at all, with words that help nobody.
        Err(why) if why.kind() == io::ErrorKind::NotFound => return opened,
        Err(_) => match fs::metadata(path) {
            Ok(about) => about,
            Err(_) => return opened,
        },
    };
    ordinary(&about)?;
    opened
}

/// Refuses what is there and is no ordinary file, without opening it: for a file that others open.
///
/// # Errors
/// When it is none.
pub fn check(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(about) => ordinary(&about),
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(why) => Err(why),
    }
}

fn ordinary(about: &fs::Metadata) -> io::Result<()> {
    if about.is_file() {
        return Ok(());
    }
    let kind = about.file_type();
    let is = if kind.is_dir() {
        "a folder"
    } else if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    };
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("it is not an ordinary file but {is}: take it away, or put the file in its place"),
    ))
}

#[cfg(test)]
mod tests {
    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    #[test]
    fn what_is_no_ordinary_file_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        mknodat(CWD, at("pipe"), FileType::Fifo, Mode::RWXU, 0).unwrap();
        std::os::unix::fs::symlink(at("pipe"), at("link")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        let kinds = [
            (at("pipe"), "a pipe"),
            (at("link"), "a pipe"),
            (at("socket"), "a socket"),
            (folder.path().to_owned(), "a folder"),
            ("/dev/zero".into(), "a device"),
        ];
        for (path, is) in kinds {
            let ways = [
                read(&path).err(),
                bytes(&path).err(),
                text(&path).err(),
                with(OpenOptions::new().read(true).write(true), &path).err(),
                with(OpenOptions::new().append(true), &path).err(),
                check(&path).err(),
            ];
            for refused in ways {
                let says = refused.unwrap().to_string();
                assert!(
                    says.contains("not an ordinary file") && says.contains(is),
                    "{says}"
                );
            }
        }
        fs::write(at("file"), "x").unwrap();
        std::os::unix::fs::symlink(at("file"), at("to-file")).unwrap();
        assert_eq!(text(&at("to-file")).unwrap(), "x");
        assert_eq!(
            read(&at("none")).unwrap_err().kind(),
            io::ErrorKind::NotFound
        );
        check(&at("none")).unwrap();
        check(&at("to-file")).unwrap();
        assert!(fresh(&at("pipe"), 0o600).is_err());
    }
}
