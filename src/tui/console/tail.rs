//! What the desk is told to tail and to watch: the stack that the console is about, once the cursor
//! rests on it.

use crate::desk::TailOf;
use crate::domain::ids::StackId;
use crate::domain::time::Time;

use super::Console;
use super::shown::Shown;
use crate::tui::pane::Pane;

/// What the desk was told.
#[derive(Debug, Default)]
pub(super) struct Tail {
    tailed: Option<TailOf>,
    watched: Vec<StackId>,
}

impl Tail {
    /// Forgets what was watched, so that the desk is told again.
    pub(super) fn look_again(&mut self) {
        self.watched.clear();
    }

    /// When the cursor will have rested long enough to tell the desk something new.
    pub(super) fn due(&self, shown: &Shown, now: Time) -> Option<Time> {
        let told = shown.about.is_none() || shown.about.as_ref() == self.watched.first();
        if told && wanted(shown) == self.tailed {
            None
        } else {
            shown.rests_at(now)
        }
    }
}

fn wanted(shown: &Shown) -> Option<TailOf> {
    if shown.everything {
        Some(TailOf::All)
    } else {
        shown.about.clone().map(TailOf::Stack)
    }
}

impl Console {
    /// Tells the desk, and gives the panes what came.
    pub(super) fn tail(&mut self, now: Time) {
        let (wanted, rested) = (wanted(&self.shown), self.shown.rested(now));
        if wanted != self.tail.tailed && (self.tail.tailed.is_none() || rested) {
            if let Some(old) = self.tail.tailed.take() {
                self.desk.untail(&old);
            }
            self.board.panes().for_each(Pane::forget_lines);
            if let Some(of) = &wanted {
                self.desk.tail(of);
            }
            self.tail.tailed = wanted;
        }
        // The stack that everything is about comes first: its log groups are followed.
        let about = self.shown.about.iter().cloned();
        let others = self
            .board
            .panes()
            .flat_map(|pane| pane.stacks())
            .filter(|stack| Some(stack) != self.shown.about.as_ref());
        let watched: Vec<StackId> = about.chain(others).collect();
        if watched != self.tail.watched && (self.tail.watched.is_empty() || rested) {
            self.desk.watch(&watched);
            self.tail.watched = watched;
        }
        if let Some(of) = &self.tail.tailed {
            let batch = self.desk.drain(of);
            if !batch.lines.is_empty() || batch.dropped > 0 {
                self.board.panes().for_each(|pane| pane.lines(&batch));
            }
        }
    }
}
