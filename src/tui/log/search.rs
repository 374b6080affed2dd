//! Searching and filtering: asking for the words, trying them as they are typed, and the way from
//! hit to hit.

use super::prompt::{Before, For, Prompt};
use super::{Flow, Hits, LogPane, Query, loop_round, view};

impl LogPane {
    pub(super) fn next_match(&mut self, forward: bool) -> Flow {
        let Some(hits) = &mut self.find else {
            return Flow::Say("there is no search yet; / starts one".to_owned());
        };
        let last = self.ring.len().saturating_sub(1);
        let found = loop_round(self.cursor, last, forward, |at| {
            let mut at = if forward {
                hits.at_or_after(&self.ring, at)
            } else {
                hits.at_or_before(&self.ring, at)
            };
            // A hit that the filter hides is none; what a fold hides is opened.
            while let Some(row) = at {
                let shown = if forward {
                    view::passes_after
                } else {
                    view::passes_before
                }(&self.ring, &mut self.filter, row)?;
                if shown == row {
                    return Some(row);
                }
                at = if forward {
                    hits.at_or_after(&self.ring, shown)
                } else {
                    hits.at_or_before(&self.ring, shown)
                };
            }
            None
        });
        match found {
            Some((row, round)) => {
                self.go(Some(row));
                if round {
                    Flow::Say(
                        if forward {
                            "from the top again"
                        } else {
                            "from the end again"
                        }
                        .to_owned(),
                    )
                } else {
                    Flow::Used
                }
            }
            None => Flow::Say(format!("no line with {}", hits.query.text)),
        }
    }

    pub(super) fn ask(&mut self, what: For) -> Flow {
        let text = |hits: &Option<Hits>| hits.as_ref().map(|hits| hits.query.text.clone());
        let before = Before {
            find: text(&self.find),
            filter: text(&self.filter),
            cursor: self.cursor,
            top: self.top,
            following: self.following,
            folds: self.folds.clone(),
        };
        self.prompt = Some(Prompt::new(what, before));
        Flow::Used
    }

    /// Searches or filters by what is typed so far; what the other of the two was before comes
    /// back.
    pub(super) fn try_typed(&mut self) {
        let Some(prompt) = &self.prompt else { return };
        let (typed, before, what) = (
            prompt.input.value().to_owned(),
            prompt.before.clone(),
            prompt.what,
        );
        let query = |text: &Option<String>| text.as_deref().and_then(Query::read).map(Hits::new);
        let typed = Query::read(&typed).map(Hits::new);
        self.searched = false;
        self.folds.clone_from(&before.folds);
        self.fold_all_as_wanted();
        match what {
            For::Find => {
                if self.filter.as_ref().map(|hits| &hits.query.text) != before.filter.as_ref() {
                    self.filter = query(&before.filter);
                }
                self.find = typed;
                self.cursor = before.cursor;
                if let Some(hits) = &mut self.find
                    && let Some(row) = hits
                        .at_or_after(&self.ring, before.cursor)
                        .or_else(|| hits.at_or_before(&self.ring, before.cursor))
                {
                    self.go(Some(row));
                }
            }
            For::Filter => {
                self.find = query(&before.find);
                self.filter = typed;
                let near = view::at_or_before(&self.ring, &mut self.filter, before.cursor);
                self.jumped = true;
                self.cursor = near
                    .or_else(|| view::at_or_after(&self.ring, &mut self.filter, before.cursor))
                    .unwrap_or(before.cursor);
            }
        }
    }

    pub(super) fn leave_prompt(&mut self, restore: bool) {
        let Some(prompt) = self.prompt.take() else {
            return;
        };
        if restore {
            let query = |text: Option<String>| text.as_deref().and_then(Query::read).map(Hits::new);
            let Before {
                find,
                filter,
                cursor,
                top,
                following,
                folds,
            } = prompt.before;
            self.folds = folds;
            self.fold_all_as_wanted();
            (self.find, self.filter, self.top) = (query(find), query(filter), top);
            self.follow(following);
            if !following {
                self.cursor = cursor;
            }
        }
    }

    pub(super) fn invert(&mut self) -> Flow {
        let flip = |hits: &Hits| {
            let text = hits
                .query
                .text
                .strip_prefix('!')
                .map_or_else(|| format!("!{}", hits.query.text), str::to_owned);
            Query::read(&text).map(Hits::new)
        };
        let which = if self.filter.is_some() {
            &mut self.filter
        } else {
            &mut self.find
        };
        let Some(hits) = which else {
            return Flow::Say("there is nothing to invert; / searches, & filters".to_owned());
        };
        if let Some(flipped) = flip(hits) {
            *which = Some(flipped);
        }
        self.searched = false;
        self.cursor =
            view::at_or_before(&self.ring, &mut self.filter, self.cursor).unwrap_or(self.cursor);
        Flow::Used
    }
}
