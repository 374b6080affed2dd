//! What a build leaves whose commands are not run: a small site that says from what it was made.

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

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::sandbox::zip::zip;
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
