//! The archive that a build leaves: a small site that says from what it was made, in the zip form
//! without compression.

use std::io::Write as _;

use flate2::write::GzEncoder;
use flate2::{Compression, Crc};

/// The files of a site, by their paths.
pub(super) fn site(title: &str, from: &str) -> Vec<(String, Vec<u8>)> {
    let mut crc = Crc::new();
    crc.update(title.as_bytes());
    crc.update(from.as_bytes());
    let script = format!("assets/index-{:08x}.js", crc.sum());
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{0}</title><script type=\"module\" src=\"/{script}\"></script></head>\n<body><h1>{0}</h1><p>{1}</p></body>\n</html>\n",
        escaped(title),
        escaped(from),
    );
    vec![
        ("index.html".to_owned(), page.into_bytes()),
        (
            script,
            format!("document.documentElement.dataset.build = {from:?};\n").into_bytes(),
        ),
        ("robots.txt".to_owned(), b"User-agent: *\n".to_vec()),
    ]
}

/// A text as it is kept: in the form of gzip.
pub(super) fn packed(text: &str) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    // Memory takes all that is written.
    let _ = packed.write_all(text.as_bytes());
    packed.finish().unwrap_or_default()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// An archive of these files.
pub(super) fn zip(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in files {
        let mut crc = Crc::new();
        crc.update(content);
        // Version 2.0, no flags, stored, midnight of 1980-01-01.
        let about = [
            &[20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0][..],
            &crc.sum().to_le_bytes(),
            &four(content.len()),
            &four(content.len()),
            &two(name.len()),
            &[0; 2],
        ]
        .concat();
        directory.extend_from_slice(b"PK\x01\x02\x14\x03");
        directory.extend_from_slice(&about);
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&four(out.len()));
        directory.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"PK\x03\x04");
        out.extend_from_slice(&about);
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(content);
    }
    let begins = out.len();
    out.extend_from_slice(&directory);
    out.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    out.extend_from_slice(&two(files.len()));
    out.extend_from_slice(&two(files.len()));
    out.extend_from_slice(&four(directory.len()));
    out.extend_from_slice(&four(begins));
    out.extend_from_slice(&[0; 2]);
    out
}

/// Four bytes: nothing here is longer.
fn four(number: usize) -> [u8; 4] {
    u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes()
}

fn two(number: usize) -> [u8; 2] {
    u16::try_from(number).unwrap_or(u16::MAX).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::text::archive::{Archive, Limits};

    #[test]
    fn the_archive_is_taken_by_who_reads_archives_strictly() {
        let files = site("shop <&>", "build 7");
        let mut bytes = Cursor::new(zip(&files));
        let limits = Limits {
            entries: 10,
            bytes: 10_000,
            file: 10_000,
            ratio: 10,
            depth: 3,
            links: false,
        };
        let archive = Archive::read(&mut bytes, &limits).unwrap();
        let read: Vec<(String, Vec<u8>)> = archive
            .files
            .iter()
            .map(|entry| {
                let content = entry.content(&mut bytes).unwrap();
                (entry.name.clone(), content)
            })
            .collect();
        let mut sorted = files.clone();
        sorted.sort();
        assert_eq!(read, sorted);
        let page = String::from_utf8_lossy(&files[0].1);
        assert!(page.contains("<h1>shop &lt;&amp;></h1>"));
    }
}
