//! Lines of any bytes, in pieces of any size (the first byte says which): what comes of them is the same however they are cut,
//! has no control character, and no secret.
#![no_main]

use holdpoint::domain::masks::{Masks, Secret};
use holdpoint::text::safe::{Cleaner, Safe};
use holdpoint::text::secret;
use libfuzzer_sys::fuzz_target;

const VALUE: &str = "kw9Qz!4x7Lr2";

fuzz_target!(|input: &[u8]| {
    let Some((cut, bytes)) = input.split_first() else {
        return;
    };
    let whole = Safe::lines(bytes);
    let mut cleaner = Cleaner::default();
    let mut pieces = Vec::new();
    for piece in bytes.chunks(usize::from(*cut).max(1)) {
        cleaner.push(piece, |line| pieces.push(line));
    }
    pieces.extend(cleaner.end());
    assert_eq!(whole, pieces, "cut at {cut}");
    for line in &whole {
        assert!(!line.as_str().chars().any(char::is_control), "{line:?}");
    }
    for line in bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !holds(line))
    {
        let printed = [b"password=", VALUE.as_bytes(), b" ", line].concat();
        let masked = secret::masked(&printed);
        assert!(!holds(&masked), "a secret of a known form stands there");
    }
    let mut masks = Masks::default();
    masks.add(&Secret::new(VALUE.to_owned()));
    let mut carried = bytes.to_vec();
    carried.extend_from_slice(VALUE.as_bytes());
    carried.extend_from_slice(bytes);
    let covered = masks.cover(&carried);
    assert!(!holds(&covered), "the value of a secret stands there");
});

fn holds(text: &[u8]) -> bool {
    text.windows(VALUE.len())
        .any(|window| window == VALUE.as_bytes())
}
