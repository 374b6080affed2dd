//! Folding phases: those that went well fold by themselves, those that run or failed are open. What
//! a person folds or unfolds stays so; a jump into a fold opens it. A filter shows what it finds,
//! folded or not.

use crate::tui::pane::Flow;

use super::{LogPane, Section};

impl LogPane {
    /// Each phase as a person wanted it, else as it does by itself.
    pub(super) fn fold_all_as_wanted(&mut self) {
        let folds = &self.folds;
        self.ring.fold(|section| folds.get(&section.id).copied());
    }

    /// What is open stays so while nobody follows: it may be read just now.
    pub(super) fn keep_open(&mut self) {
        for section in self.ring.sections().filter(|one| !one.is_folded()) {
            self.folds.entry(section.id).or_insert(false);
        }
    }

    /// Opens the fold that hides the line under the cursor.
    pub(super) fn reveal(&mut self) {
        if self.filter.is_none()
            && self.ring.is_hidden(self.cursor)
            && let Some(id) = self.here().map(|section| section.id)
        {
            self.set(id, false);
        }
    }

    /// The phase under the cursor.
    fn here(&self) -> Option<&Section> {
        self.ring.row(self.cursor)?.section
    }

    /// Whether the cursor is in a phase that can be folded.
    pub(super) fn is_in_phase(&self) -> bool {
        self.here().is_some()
    }

    fn set(&mut self, id: u64, folded: bool) {
        self.folds.insert(id, folded);
        self.fold_all_as_wanted();
        self.leave_hidden(folded.then_some(id));
    }

    /// From a line that is hidden now the cursor goes to the header of its phase; who follows goes on
    /// with what comes.
    fn leave_hidden(&mut self, phase: Option<u64>) {
        if !self.following && self.ring.is_hidden(self.cursor) {
            let head = phase.and_then(|id| self.ring.head_of(id));
            self.go(head);
        }
    }

    /// Folds the phase under the cursor or unfolds it; without `to` whichever it is not.
    pub(super) fn fold(&mut self, to: Option<bool>) -> Flow {
        if self.filter.is_some() {
            return Flow::Say(
                "a filter shows what it finds; folds are back with all lines".to_owned(),
            );
        }
        let Some((id, folded)) = self.here().map(|section| (section.id, section.is_folded()))
        else {
            return Flow::Say("this line is in no phase".to_owned());
        };
        if to != Some(folded) {
            self.set(id, !folded);
        }
        Flow::Used
    }

    /// Folds all phases, or unfolds all where none is open.
    pub(super) fn fold_all(&mut self) -> Flow {
        let folded = self.ring.sections().any(|section| !section.is_folded());
        let ids: Vec<u64> = self.ring.sections().map(|section| section.id).collect();
        if ids.is_empty() {
            return Flow::Say("there are no phases in these lines".to_owned());
        }
        let head = self.here().map(|section| section.id);
        self.folds.extend(ids.into_iter().map(|id| (id, folded)));
        self.fold_all_as_wanted();
        self.leave_hidden(head);
        Flow::Say(
            if folded {
                "all phases are folded"
            } else {
                "all phases are open"
            }
            .to_owned(),
        )
    }
}
