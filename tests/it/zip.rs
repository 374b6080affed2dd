//! Archives as a build makes them.

use flate2::Crc;

/// An archive of these files.
pub(crate) fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    let four = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
    let two = |number: usize| u16::try_from(number).unwrap().to_le_bytes();
    for (name, content) in files {
        let mut crc = Crc::new();
        crc.update(content.as_bytes());
        let length = four(content.len());
        let about = [
            &b"\x14\0\0\0\0\0\0\0\0\0"[..],
            &crc.sum().to_le_bytes(),
            &length,
            &length,
            &two(name.len()),
            &[0; 2],
        ]
        .concat();
        directory.extend([&b"PK\x01\x02\x14\x03"[..], &about, &[0; 10]].concat());
        directory.extend([&four(out.len())[..], name.as_bytes()].concat());
        out.extend(
            [
                &b"PK\x03\x04"[..],
                &about,
                name.as_bytes(),
                content.as_bytes(),
            ]
            .concat(),
        );
    }
    let begins = out.len();
    out.extend(&directory);
    let many = two(files.len());
    out.extend(
        [
            &b"PK\x05\x06\0\0\0\0"[..],
            &many,
            &many,
            &four(directory.len()),
        ]
        .concat(),
    );
    out.extend([&four(begins)[..], &[0; 2]].concat());
    out
}
