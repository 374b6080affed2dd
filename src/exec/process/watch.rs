//! When a child is to be stopped: it is wished, its time is over, or nobody watches any more.

use std::time::Duration;

use super::call::Asks;
use super::folder::{End, Folder, Order};
use super::state::How;
use crate::domain::time::Time;
use crate::os::child;

/// How long the child may run after whoever watches was last heard of.
const UNWATCHED: Duration = Duration::from_mins(15);

/// Whether the child is to be stopped, and how far that is.
pub(super) struct Watch {
    begun: Time,
    limit: Duration,
    end: End,
    heard: Time,
    said: String,
    looked: Time,
    pub(super) why: Option<How>,
    kill_at: Time,
}

impl Watch {
    pub(super) fn new(folder: &Folder, order: &Order, now: Time) -> Self {
        Self {
            begun: now,
            limit: order.limit,
            end: order.end,
            heard: now,
            said: folder.watched(),
            looked: now,
            why: None,
            kill_at: now,
        }
    }

    pub(super) fn look(&mut self, folder: &Folder, pid: u32, now: Time) {
        if self.why.is_some() {
            if now >= self.kill_at {
                child::kill(pid);
            }
            return;
        }
        if folder.is_cancelled() {
            return self.stop(How::Cancelled, pid, now);
        }
        let limit = self.limit;
        if now.since(self.begun) >= limit {
            return self.stop(How::TooLong { limit }, pid, now);
        }
        if now.since(self.looked) >= Duration::from_secs(1) {
            self.looked = now;
            let said = folder.watched();
            if said != self.said {
                self.said = said;
                self.heard = now;
            }
        }
        if now.since(self.heard) >= UNWATCHED {
            self.stop(How::Unwatched, pid, now);
        }
    }

    pub(super) fn stop(&mut self, why: How, pid: u32, now: Time) {
        self.why = Some(why);
        self.kill_at = now + self.end.within;
        match self.end.asks {
            Asks::Terminate => child::ask_to_end(pid),
            Asks::Interrupt => child::interrupt(pid),
        };
    }
}
