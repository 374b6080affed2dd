//! How far each source of a stack has come: the turn of its next line, and which lines came before.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Giver, Line, Turn};

/// Sources that are remembered; of more, those that spoke last.
const MOST: usize = 512;

/// The newest line of each source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(Giver, Head)>", into = "Vec<(Giver, Head)>")]
pub struct Heads(BTreeMap<Giver, Head>);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    turn: Turn,
    /// How far it has counted, where it counts.
    nth: Option<u64>,
}

impl Heads {
    /// Gives a line that comes now its turn, by the next number. False for a line that came before:
    /// its source has counted past it.
    pub fn place(&mut self, line: &mut Line, number: u64) -> bool {
        let nth = line.id.nth();
        let head = self.0.entry(line.giver()).or_default();
        if nth.is_some() && nth <= head.nth {
            return false;
        }
        line.turn = Turn(line.at.max(head.turn.0), number);
        *head = Head {
            turn: line.turn,
            nth: nth.or(head.nth),
        };
        if self.0.len() > 2 * MOST {
            self.trim();
        }
        true
    }

    /// Learns from a line that was placed before.
    pub fn recall(&mut self, line: &Line) {
        let head = self.0.entry(line.giver()).or_default();
        *head = Head {
            turn: line.turn.max(head.turn),
            nth: line.id.nth().max(head.nth),
        };
        if self.0.len() > 2 * MOST {
            self.trim();
        }
    }

    /// How far a source has counted; none when it is not known to count.
    #[must_use]
    pub fn nth(&self, giver: &Giver) -> Option<u64> {
        self.0.get(giver)?.nth
    }

    /// Forgets the sources that were silent for longest.
    fn trim(&mut self) {
        let mut numbers: Vec<u64> = self.0.values().map(|head| head.turn.1).collect();
        numbers.sort_unstable();
        let from = numbers
            .len()
            .checked_sub(MOST)
            .and_then(|extra| numbers.get(extra))
            .copied()
            .unwrap_or_default();
        self.0.retain(|_, head| head.turn.1 >= from);
    }
}

impl From<Vec<(Giver, Head)>> for Heads {
    fn from(heads: Vec<(Giver, Head)>) -> Self {
        Self(heads.into_iter().collect())
    }
}

impl From<Heads> for Vec<(Giver, Head)> {
    fn from(heads: Heads) -> Self {
        heads.0.into_iter().collect()
    }
}

#[cfg(test)]
mod tests;
