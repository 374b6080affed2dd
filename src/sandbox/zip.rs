//! Writes archives in the zip form, without compression.

use flate2::Crc;

/// How many files one archive may have.
pub const MOST: usize = 65_000;

/// An archive of these files.
#[must_use]
pub fn zip(files: &[(String, Vec<u8>)]) -> Vec<u8> {
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
