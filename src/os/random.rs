//! Random bytes of the system, for names that must not meet: never for a decision.

use std::fs::File;
use std::io::{self, Read as _};

/// Some random bytes.
pub fn bytes<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// A new id (UUID v7): ids made later sort later, and no two meet.
#[must_use]
pub fn id() -> uuid::Uuid {
    uuid::Uuid::now_v7()
}
