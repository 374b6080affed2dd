//! Going from line to line by what they are.

use std::ops::Range;

use crate::domain::line::{Severity, SourceKind};
use crate::domain::time::Time;
use crate::tui::pane::Flow;

use super::{LogPane, Row, view};

impl LogPane {
    /// Goes to the first error at or after a time: to what the outside says failed, where it says
    /// so, else to the first line that calls itself an error. What failed only because something
    /// else did is a warning.
    pub fn first_error(&mut self, since: Option<Time>) -> Flow {
        let from = since.map_or(0, |at| self.ring.place_of(at));
        match self.error_in(from..self.ring.len(), |_| true) {
            Some(at) => {
                self.filter = None;
                self.go(Some(at))
            }
            None => Flow::Say("there is no error in these lines".to_owned()),
        }
    }

    /// The first error among some lines, in the same sense.
    pub(super) fn error_in(
        &self,
        places: Range<usize>,
        counts: impl Fn(&Row<'_>) -> bool,
    ) -> Option<usize> {
        let is = |at: &usize, outside: bool| {
            let row = self.ring.row(*at).filter(&counts);
            row.is_some_and(|row| {
                row.severity == Severity::Error
                    && (!outside || row.source.kind == SourceKind::Events)
            })
        };
        let outside = places.clone().find(|at| is(at, true));
        outside.or_else(|| places.clone().find(|at| is(at, false)))
    }

    /// The next line of a kind, or the one before, folded or not.
    pub(super) fn seek(
        &mut self,
        forward: bool,
        what: &str,
        is: impl Fn(&Row<'_>, &Row<'_>) -> bool,
    ) -> Flow {
        let Some(here) = self.ring.row(self.cursor) else {
            return Flow::Say(format!("no {what}"));
        };
        let mut next = |from: usize| {
            if forward {
                view::passes_after(&self.ring, &mut self.filter, from + 1)
            } else {
                view::passes_before(&self.ring, &mut self.filter, from.checked_sub(1)?)
            }
        };
        let mut at = next(self.cursor);
        while let Some(row) = at {
            if self.ring.row(row).is_some_and(|row| is(&here, &row)) {
                return self.go(Some(row));
            }
            at = next(row);
        }
        Flow::Say(format!(
            "no {what} {} this line",
            if forward { "after" } else { "before" }
        ))
    }
}
