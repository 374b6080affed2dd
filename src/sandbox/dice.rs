//! Seeded chance: the same seed gives the same world, and the state is one number that is stored
//! with it.

use serde::{Deserialize, Serialize};

/// A small seeded source of numbers (splitmix64). It is no source of secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dice(u64);

impl Dice {
    /// Starts at a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `limit` (0 when the limit is 0).
    pub fn below(&mut self, limit: u64) -> u64 {
        self.roll().checked_rem(limit).unwrap_or(0)
    }

    /// A text in the form of a UUID.
    pub fn uuid(&mut self) -> String {
        let bits = (u128::from(self.roll()) << 64) | u128::from(self.roll());
        uuid::Builder::from_random_bytes(bits.to_be_bytes())
            .into_uuid()
            .to_string()
    }

    /// `length` capital letters and digits, as in generated names.
    pub fn letters(&mut self, length: usize) -> String {
        const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
        (0..length)
            .map(|_| char::from(LETTERS[usize::try_from(self.roll() % 32).unwrap_or(0)]))
            .collect()
    }

    /// `length` hexadecimal digits, as in task ids.
    pub fn hex(&mut self, length: usize) -> String {
        (0..length)
            .map(|_| {
                char::from_digit(u32::try_from(self.roll() % 16).unwrap_or(0), 16).unwrap_or('0')
            })
            .collect()
    }
}
