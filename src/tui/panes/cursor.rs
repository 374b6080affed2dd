//! A cursor in a list of things with ids. The cursor is pinned to an id, never to a position, and
//! it remembers when the rows around it moved by themselves, so that no action hits what has just
//! slid under it.

use std::time::Duration;

use crossterm::event::KeyEvent;

use crate::domain::time::Time;
use crate::tui::motion::Motion;
use crate::tui::pane::Flow;
use crate::tui::scene::Scene;

/// How long after a move by itself the rows are not acted upon.
pub const SETTLE: Duration = Duration::from_millis(500);

/// The cursor.
#[derive(Debug, Clone)]
pub struct Cursor<K> {
    keys: Vec<K>,
    key: Option<K>,
    at: usize,
    top: usize,
    height: usize,
    moved_at: Option<Time>,
}

impl<K> Default for Cursor<K> {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            key: None,
            at: 0,
            top: 0,
            height: 1,
            moved_at: None,
        }
    }
}

impl<K: Clone + PartialEq> Cursor<K> {
    /// Takes the rows as they are now.
    pub fn sync(&mut self, keys: Vec<K>, now: Time) {
        let before = self.around();
        self.keys = keys;
        let found = self
            .key
            .as_ref()
            .and_then(|key| self.keys.iter().position(|other| other == key));
        let first = before.1.is_none();
        self.at = found.unwrap_or_else(|| self.at.min(self.keys.len().saturating_sub(1)));
        self.key = self.keys.get(self.at).cloned();
        if !first && self.around() != before {
            self.moved_at = Some(now);
        }
        self.scroll();
    }

    /// The row before, the row under the cursor, the row after, and how far the cursor is from the
    /// top of the list on the screen.
    fn around(&self) -> (Option<K>, Option<K>, Option<K>, usize) {
        let at = |n: Option<usize>| n.and_then(|n| self.keys.get(n)).cloned();
        (
            at(self.at.checked_sub(1)),
            self.key.clone(),
            at(Some(self.at + 1)),
            self.at.saturating_sub(self.top),
        )
    }

    /// What is under the cursor.
    #[must_use]
    pub fn key(&self) -> Option<&K> {
        self.key.as_ref()
    }

    /// Where the cursor is.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The rows that fit on the screen, as a range of positions.
    pub fn window(&mut self, height: usize) -> std::ops::Range<usize> {
        if self.height != height.max(1) {
            self.height = height.max(1);
            // Another height shows as much as it can before the cursor.
            self.top = self.top.min((self.at + 1).saturating_sub(self.height));
        }
        self.scroll();
        self.top..(self.top + height).min(self.keys.len())
    }

    /// The rows that are on the screen.
    #[must_use]
    pub fn shown(&self) -> &[K] {
        self.keys
            .get(self.top..(self.top + self.height).min(self.keys.len()))
            .unwrap_or_default()
    }

    /// Puts the cursor on an id; false when there is no such row.
    pub fn select(&mut self, key: &K) -> bool {
        let found = self.keys.iter().position(|other| other == key);
        if let Some(at) = found {
            self.go(at);
        }
        found.is_some()
    }

    /// Puts the cursor on the row at that place of the screen.
    pub fn select_shown(&mut self, row: usize) {
        self.go(self.top + row);
    }

    /// Moves; false for a motion that a list does not know.
    pub fn motion(&mut self, motion: Motion) -> bool {
        let last = self.keys.len().saturating_sub(1);
        let half = (self.height / 2).max(1);
        let to = match motion {
            Motion::Up => self.at.saturating_sub(1),
            Motion::Down => self.at + 1,
            Motion::HalfUp => self.at.saturating_sub(half),
            Motion::HalfDown => self.at + half,
            Motion::PageUp => self.at.saturating_sub(self.height),
            Motion::PageDown => self.at + self.height,
            Motion::Top => 0,
            Motion::Bottom => last,
            _ => return false,
        };
        self.go(to);
        true
    }

    /// Moves by a key that is no text, while text is typed.
    pub fn key_moves(&mut self, key: KeyEvent, scene: &Scene<'_>) -> Flow {
        match scene.keys.moves(key) {
            Some(motion) if self.motion(motion) => Flow::Used,
            Some(_) | None => Flow::Pass,
        }
    }

    fn go(&mut self, to: usize) {
        self.at = to.min(self.keys.len().saturating_sub(1));
        self.key = self.keys.get(self.at).cloned();
        self.scroll();
    }

    /// Whether the rows around the cursor moved by themselves a moment ago.
    #[must_use]
    pub fn unsettled(&self, now: Time) -> bool {
        self.moved_at.is_some_and(|at| now.since(at) < SETTLE)
    }

    fn scroll(&mut self) {
        let most = self.keys.len().saturating_sub(self.height);
        // One row before the cursor stays in sight: in a tree it may be the heading.
        let first = self.at.saturating_sub(usize::from(self.height > 2));
        if first < self.top {
            self.top = first;
        } else if self.at >= self.top + self.height {
            self.top = self.at + 1 - self.height;
        }
        self.top = self.top.min(most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(keys: &[&'static str]) -> Cursor<&'static str> {
        let mut cursor = Cursor::default();
        cursor.sync(keys.to_vec(), Time(0));
        cursor
    }

    #[test]
    fn the_cursor_stays_on_its_row_when_rows_move() {
        let mut cursor = over(&["a", "b", "c"]);
        cursor.motion(Motion::Down);
        assert!(!cursor.unsettled(Time(1)));
        cursor.sync(vec!["b", "a", "c"], Time(1_000));
        assert_eq!(cursor.key(), Some(&"b"));
        assert!(cursor.unsettled(Time(1_499)) && !cursor.unsettled(Time(1_500)));
    }

    #[test]
    fn a_row_that_vanished_gives_way_to_its_neighbour_and_that_is_unsettled() {
        let mut cursor = over(&["a", "b", "c"]);
        cursor.motion(Motion::Down);
        cursor.sync(vec!["a", "c"], Time(10));
        assert_eq!(cursor.key(), Some(&"c"));
        assert!(cursor.unsettled(Time(11)));
    }

    proptest::proptest! {
        #[test]
        fn rows_that_move_never_change_what_is_under_the_cursor(
            order in proptest::sample::subsequence((0..12u8).collect::<Vec<_>>(), 1..12),
            moves in proptest::collection::vec(0..4u8, 0..20),
        ) {
            let mut cursor = Cursor::default();
            cursor.sync((0..12u8).collect(), Time(0));
            for step in moves {
                cursor.motion([Motion::Up, Motion::Down, Motion::HalfDown, Motion::Bottom][usize::from(step)]);
            }
            let before = *cursor.key().unwrap();
            let mut shuffled = order.clone();
            shuffled.reverse();
            cursor.sync(shuffled.clone(), Time(9));
            if shuffled.contains(&before) {
                proptest::prop_assert_eq!(cursor.key(), Some(&before));
            } else {
                proptest::prop_assert!(cursor.unsettled(Time(10)));
            }
        }
    }
}
