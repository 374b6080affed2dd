//! Random bytes of the system, for names that must not meet: never for a decision.

use std::fs::File;
use std::io::{self, Read as _};

/// Some random bytes.
pub fn bytes<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}
