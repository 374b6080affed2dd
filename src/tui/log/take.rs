//! Taking lines along: selection, copy, save, marks.

use super::{Flow, LogPane, Time, text, view};

impl LogPane {
    pub(super) fn selected(&mut self) -> Vec<usize> {
        match self.select {
            Some(from) => view::between(
                &self.ring,
                &mut self.filter,
                from.min(self.cursor),
                from.max(self.cursor),
            ),
            None => vec![self.cursor],
        }
    }

    pub(super) fn text_of(&self, rows: &[usize]) -> String {
        let mut text = String::new();
        for row in rows.iter().filter_map(|row| self.ring.row(*row)) {
            text.push_str(&text::plain(&row));
            text.push('\n');
        }
        text
    }

    pub(super) fn copy(&mut self) -> Flow {
        let rows = self.selected();
        let text = self.text_of(&rows);
        self.select = None;
        if text.is_empty() {
            Flow::Say("no line to copy".to_owned())
        } else {
            Flow::Copy(text.trim_end().to_owned())
        }
    }

    /// What is shown, and a name for the file.
    pub(super) fn save(&mut self, now: Time) -> Flow {
        let rows = view::between(&self.ring, &mut self.filter, 0, usize::MAX);
        Flow::Save(
            now.text("holdpoint-%Y%m%dT%H%M%SZ.log"),
            self.text_of(&rows),
        )
    }

    pub(super) fn mark(&mut self) -> Flow {
        if let Some(at) = self.marks.iter().position(|mark| *mark == self.cursor) {
            self.marks.remove(at);
        } else if self.cursor < self.ring.len() {
            self.marks.push(self.cursor);
            self.marks.sort_unstable();
        }
        Flow::Used
    }

    pub(super) fn jump(&mut self) -> Flow {
        let next = self
            .marks
            .iter()
            .find(|mark| **mark > self.cursor)
            .or_else(|| self.marks.first())
            .copied();
        match next {
            Some(row) => self.go(Some(row)),
            None => Flow::Say("no line is marked; m marks".to_owned()),
        }
    }
}
