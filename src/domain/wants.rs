//! What a machine wants now, and when to ask it again.

use super::time::Time;

/// Wants at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wants<W> {
    /// What is wanted now.
    pub now: Vec<W>,
    /// When something else will be wanted, if nothing happens before.
    pub wake: Option<Time>,
}

impl<W> Default for Wants<W> {
    fn default() -> Self {
        Self {
            now: Vec::new(),
            wake: None,
        }
    }
}

impl<W> Wants<W> {
    /// Wants something at a time: now if it has come, else by waking then.
    pub fn at(&mut self, now: Time, when: Time, want: impl FnOnce() -> W) {
        if when <= now {
            self.now.push(want());
        } else {
            self.wake_at(when);
        }
    }

    /// Asks to be asked again then.
    pub fn wake_at(&mut self, when: Time) {
        self.wake = Some(self.wake.map_or(when, |wake| wake.min(when)));
    }
}
