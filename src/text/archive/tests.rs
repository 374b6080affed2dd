//! Archives as packers write them, and as somebody writes them who means harm.

use std::io::{Cursor, Write as _};

use flate2::Compression;
use flate2::write::DeflateEncoder;
use proptest::prelude::*;

use super::*;

pub(crate) const LIMITS: Limits = Limits {
    entries: 100,
    bytes: 1 << 20,
    file: 1 << 19,
    ratio: 200,
    depth: 8,
    links: false,
};

/// An entry as it is written; all that it says may be a lie.
#[derive(Debug, Clone)]
pub(crate) struct Packed {
    name: Vec<u8>,
    /// The name that stands before the content.
    local: Vec<u8>,
    bytes: Vec<u8>,
    method: u16,
    flags: u16,
    crc: u32,
    size: u32,
    length: u32,
    mode: u32,
    /// Where it says that it begins, where that is a lie.
    begins: Option<u32>,
}

impl Packed {
    pub(crate) fn deflated(name: &str, content: &[u8]) -> Self {
        let mut to = DeflateEncoder::new(Vec::new(), Compression::default());
        to.write_all(content).unwrap();
        Self {
            bytes: to.finish().unwrap(),
            method: 8,
            ..Self::stored(name, content)
        }
        .measured()
    }

    pub(crate) fn stored(name: &str, content: &[u8]) -> Self {
        let mut crc = Crc::new();
        crc.update(content);
        Self {
            name: name.into(),
            local: name.into(),
            bytes: content.to_vec(),
            method: 0,
            flags: 0,
            crc: crc.sum(),
            size: u32::try_from(content.len()).unwrap(),
            length: 0,
            mode: if name.ends_with('/') {
                0o040_755
            } else {
                0o100_644
            },
            begins: None,
        }
        .measured()
    }

    /// The same as Unix has it.
    pub(crate) fn with_mode(self, mode: u32) -> Self {
        Self { mode, ..self }
    }

    fn measured(self) -> Self {
        Self {
            length: u32::try_from(self.bytes.len()).unwrap(),
            ..self
        }
    }
}

/// The bytes of an archive of these entries.
pub(crate) fn zip(entries: &[Packed]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    let two = |number: usize| u16::try_from(number).unwrap().to_le_bytes();
    for one in entries {
        let begins = one.begins.unwrap_or(u32::try_from(out.len()).unwrap());
        let about = [
            &20u16.to_le_bytes()[..],
            &one.flags.to_le_bytes(),
            &one.method.to_le_bytes(),
            &[0; 4],
            &one.crc.to_le_bytes(),
            &one.length.to_le_bytes(),
            &one.size.to_le_bytes(),
        ]
        .concat();
        out.extend([&b"PK\x03\x04"[..], &about, &two(one.local.len()), &[0; 2]].concat());
        out.extend([&one.local[..], &one.bytes].concat());
        directory.extend([&b"PK\x01\x02\x14\x03"[..], &about, &two(one.name.len())].concat());
        directory.extend([&[0; 8][..], &[0; 2], &two((one.mode & 0xffff) as usize)].concat());
        directory.extend([&begins.to_le_bytes()[..], &one.name].concat());
    }
    let begins = u32::try_from(out.len()).unwrap();
    let many = two(entries.len());
    out.extend(&directory);
    out.extend([&b"PK\x05\x06\0\0\0\0"[..], &many, &many].concat());
    out.extend(u32::try_from(directory.len()).unwrap().to_le_bytes());
    out.extend([&begins.to_le_bytes()[..], &[0; 2]].concat());
    out
}

/// All files of an archive with their contents, if it is taken whole.
fn all(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, ArchiveError> {
    let mut from = Cursor::new(bytes);
    let archive = Archive::read(&mut from, &LIMITS)?;
    archive
        .files
        .iter()
        .map(|file| Ok((file.name.clone(), file.content(&mut from)?)))
        .collect()
}

fn why(bytes: &[u8]) -> String {
    all(bytes).unwrap_err().to_string()
}

#[test]
fn what_packers_write_is_read() {
    let mut bytes = zip(&[
        Packed::stored("assets/", b""),
        Packed::deflated("assets/app é.js", &b"let x;".repeat(99)),
        Packed::stored("index.html", b"<p>"),
    ]);
    // A comment of the archive.
    let end = bytes.len() - 2;
    bytes[end] = 3;
    bytes.extend(b"PK\x05");
    assert_eq!(
        all(&bytes).unwrap(),
        [
            ("assets/app é.js".to_owned(), b"let x;".repeat(99)),
            ("index.html".to_owned(), b"<p>".to_vec()),
        ]
    );
    assert_eq!(all(&zip(&[])).unwrap(), []);
}

/// P1: names that lead elsewhere, or that are two things.
#[test]
fn names_that_lead_out_and_names_that_are_two_things_are_refused() {
    let long = "x".repeat(5_000);
    for (name, says) in [
        ("../x", "leads out"),
        ("a/../../x", "leads out"),
        ("a/./x", "leads out"),
        ("a//x", "leads out"),
        ("..", "leads out"),
        ("", "leads out"),
        ("/x", "begins outside"),
        ("C:\\x", "backslash"),
        ("C:x", "begins outside"),
        ("a\\..\\..\\x", "backslash"),
        ("a\0b", "not seen"),
        ("a\nb", "not seen"),
        ("a\u{202e}b", "not seen"),
        (long.as_str(), "too long"),
        ("1/2/3/4/5/6/7/8/9", "too many folders"),
    ] {
        let told = why(&zip(&[
            Packed::stored("index.html", b""),
            Packed::stored(name, b""),
        ]));
        assert!(told.contains(says), "{name:?}: {told}");
    }
    for (first, then, says) in [
        ("a", "a", "twice"),
        ("Index.html", "index.HTML", "twice"),
        ("a", "a/b", "a folder that is a file"),
        ("a/b", "a", "a folder, too"),
        ("a", "a/", "a folder that is a file"),
        ("A/b", "a", "a folder, too"),
    ] {
        let told = why(&zip(&[
            Packed::stored(first, b""),
            Packed::stored(then, b""),
        ]));
        assert!(told.contains(says), "{first} {then}: {told}");
    }
    let mut foreign = Packed::stored("x", b"");
    foreign.name = vec![0xff, 0xfe];
    foreign.local = vec![0xff, 0xfe];
    assert!(why(&zip(&[foreign])).contains("UTF-8"));
}

/// P2: what is no ordinary file.
#[test]
fn links_and_devices_are_refused() {
    for mode in [
        0o120_777, 0o020_644, 0o060_644, 0o010_644, 0o140_644, 0o104_755, 0o102_755, 0o040_755,
    ] {
        let odd = Packed {
            mode,
            ..Packed::stored("x", b"/etc/passwd")
        };
        assert!(why(&zip(&[odd])).contains("no ordinary file"), "{mode:o}");
    }
    let plain = Packed {
        mode: 0,
        ..Packed::stored("x", b"")
    };
    assert!(all(&zip(&[plain])).is_ok());
}

/// P3: archives that are larger than they look, and that say one thing twice.
#[test]
fn archives_that_unpack_to_more_than_they_may_or_say_are_refused() {
    let many: Vec<Packed> = (0..101)
        .map(|n| Packed::stored(&n.to_string(), b""))
        .collect();
    assert!(why(&zip(&many)).contains("101 entries"));
    assert!(why(&zip(&[Packed::deflated("x", &vec![0; (1 << 19) + 1])])).contains("524289 bytes"));
    let halves = ["a", "b", "c"].map(|name| Packed::deflated(name, &vec![0; 1 << 19]));
    assert!(why(&zip(&halves)).contains("it unpacks to 1572864 bytes"));
    assert!(why(&zip(&[Packed::deflated("x", &vec![0; 1 << 19])])).contains("200 times"));

    let good = || Packed::deflated("x", b"content");
    for (lies, says) in [
        (Packed { size: 6, ..good() }, "holds more"),
        (Packed { size: 8, ..good() }, "holds less"),
        (Packed { crc: 1, ..good() }, "damaged"),
        (
            Packed {
                bytes: vec![0xff; 9],
                length: 9,
                ..good()
            },
            "damaged",
        ),
        (Packed { flags: 1, ..good() }, "encrypted"),
        (
            Packed {
                method: 14,
                ..good()
            },
            "packed in a way",
        ),
        (
            Packed {
                size: u32::MAX,
                ..good()
            },
            "zip64",
        ),
        (
            Packed {
                length: 10_000,
                ..good()
            },
            "lies over",
        ),
        (
            Packed {
                local: b"y".to_vec(),
                ..good()
            },
            "another entry",
        ),
        (
            Packed {
                begins: Some(1),
                ..good()
            },
            "lies over",
        ),
        (
            Packed {
                size: 9,
                ..Packed::stored("x", b"content")
            },
            "another length",
        ),
    ] {
        let told = why(&zip(std::slice::from_ref(&lies)));
        assert!(told.contains(says), "{lies:?}: {told}");
    }
    let over = [
        Packed::stored("a", b"one"),
        Packed {
            begins: Some(0),
            ..Packed::stored("b", b"one")
        },
    ];
    assert!(why(&zip(&over)).contains("lies over"));
}

#[test]
fn what_is_no_archive_is_refused() {
    let whole = zip(&[Packed::stored("index.html", b"<p>")]);
    for length in 0..whole.len() {
        assert!(all(&whole[..length]).is_err(), "{length}");
    }
    assert!(
        all(&[&b"#!/bin/sh\n"[..], &whole].concat()).is_err(),
        "something before it"
    );
    assert!(
        all(&[&whole[..], b"x"].concat()).is_err(),
        "something behind it"
    );
    assert!(why(b"<html>").contains("no zip archive"));
}

proptest! {
    /// Whatever stands in an archive, it is read whole or refused.
    #[test]
    fn no_byte_makes_it_fail_otherwise(at in 0usize..400, byte in any::<u8>()) {
        let mut bytes = zip(&[
            Packed::deflated("assets/app.js", &b"let x;".repeat(20)),
            Packed::stored("index.html", b"<p>"),
        ]);
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(files) = all(&bytes) {
            prop_assert!(files.iter().all(|(name, _)| !name.contains("..") && !name.starts_with('/')));
        }
    }
}
