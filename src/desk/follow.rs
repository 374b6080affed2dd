//! What the desk follows of the store: it opens it, and takes what is new of events, sightings and
//! answers.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::domain::ask::AskState;
use crate::domain::event::Stored;
use crate::domain::folds::Folds;
use crate::domain::ids::AskId;
use crate::os::mutex::locked;
use crate::store::{Ring, Store, StoreError};
use crate::text::safe::Safe;

use super::work::Worker;

/// The newest deployments that are loaded beside the unfinished ones.
const OTHERS: usize = 50;
/// The newest events that the world keeps.
const RECENT: usize = 500;
/// Events in one read.
const PAGE: usize = 1_000;

impl Worker {
    pub(super) async fn open(&mut self) {
        let opened = (self.parts.open)().await;
        let store = match opened {
            Ok(store) => store,
            Err(StoreError::Doubted(why)) => return self.is_doubted(Some(Safe::new(&why))),
            Err(StoreError::Unavailable(why)) => return self.trouble(Some(why)),
            Err(why) => return self.trouble(Some(why.to_string())),
        };
        let loaded = async {
            // The ear first: what is written from here on rings.
            let ear = store.listen(Ring::Log)?;
            let doubt = store.doubt().await?;
            let given_up = store.given_up().await?;
            let folds = store.folds(OTHERS).await?;
            let mut recent: VecDeque<Arc<Stored>> = store
                .newest(0, RECENT)
                .await?
                .into_iter()
                .map(Arc::new)
                .collect();
            recent.make_contiguous().reverse();
            Ok::<_, StoreError>((ear, doubt, given_up, folds, recent))
        };
        match loaded.await {
            Ok((ear, doubt, given_up, folds, recent)) => {
                self.doubt = doubt.as_deref().map(Safe::new);
                self.recent = recent;
                self.given_up = given_up;
                // What was committed between the two reads is taken by `follow`, which passes over
                // what it has.
                self.recent.retain(|stored| stored.seq <= folds.seq);
                self.trouble = self
                    .read_sightings(&store)
                    .await
                    .err()
                    .map(|why| why.to_string());
                (self.ear, self.folds, self.store) = (Some(ear), folds, Some(store));
                self.loaded = true;
                self.see_to_instances().await;
                if self.doubt.is_some() {
                    // None is started any more.
                    self.see_to_the_engine();
                }
                self.publish();
            }
            Err(why) => self.trouble(Some(why.to_string())),
        }
    }

    /// Looks whether the store is still the one that was written.
    pub(super) async fn doubt(&mut self) {
        let Some(store) = &self.store else { return };
        match store.doubt().await {
            Ok(doubt) => self.is_doubted(doubt.as_deref().map(Safe::new)),
            Err(why) => self.trouble(Some(why.to_string())),
        }
    }

    /// Where the store is doubted no engine is started any more.
    fn is_doubted(&mut self, doubt: Option<Safe>) {
        if self.doubt != doubt {
            self.doubt = doubt;
            self.see_to_the_engine();
            self.publish();
        }
    }

    /// Takes what is new in the store: events, sightings, answers.
    pub(super) async fn follow(&mut self) {
        let Some(store) = self.store.clone() else {
            return;
        };
        // Before the events: an answer stands in the log with what it led to, and whoever sees it
        // sees that too.
        let answers = self.read_answers(&store).await;
        let mut news = match self.take_anew(&store).await {
            Ok(anew) => anew,
            Err(why) => return self.trouble(Some(why.to_string())),
        };
        loop {
            match store.since(self.folds.seq, PAGE).await {
                Ok(events) => {
                    let full = events.len() == PAGE;
                    for stored in events {
                        news = true;
                        self.folds.apply(&stored);
                        self.recent.push_back(Arc::new(stored));
                    }
                    if !full {
                        break;
                    }
                }
                Err(why) => return self.trouble(Some(why.to_string())),
            }
        }
        let extra = self.recent.len().saturating_sub(RECENT);
        self.recent.drain(..extra);
        if self.folds.deployments.len() > 8 * OTHERS
            && let Ok(fresh) = store.folds(OTHERS).await
        {
            // What a long-lived console has gathered is let go of.
            self.folds
                .deployments
                .retain(|id, d| !d.is_over() || fresh.deployments.contains_key(id));
        }
        let sightings = self.read_sightings(&store).await;
        news |= matches!(sightings, Ok(true));
        let (answers, unread) = answers;
        let trouble = sightings.err().or(unread).map(|why| why.to_string());
        if news {
            self.see_to_instances().await;
        }
        if news || self.trouble != trouble {
            self.trouble = trouble;
            self.publish();
        }
        if self.give(answers) {
            self.shared.tell();
        }
        self.record_new_environments();
    }

    /// Takes all folds anew where a check found that some are wrong; says whether it did.
    async fn take_anew(&mut self, store: &Arc<dyn Store>) -> Result<bool, StoreError> {
        let given_up = store.given_up().await?;
        if given_up == self.given_up {
            return Ok(false);
        }
        let fresh = store.folds(OTHERS).await?;
        self.given_up = given_up;
        // What is newer than the old ones is still to be told; it is not applied twice.
        let seq = self.folds.seq.min(fresh.seq);
        self.folds = Folds { seq, ..fresh };
        Ok(true)
    }

    async fn read_sightings(&mut self, store: &Arc<dyn Store>) -> Result<bool, StoreError> {
        let (fresh, mark) = store.sightings(self.mark).await?;
        self.mark = mark;
        let any = !fresh.is_empty();
        self.sightings.extend(fresh);
        Ok(any)
    }

    /// What the store says of the open asks, and why where one could not be read: that keeps no other
    /// one back.
    async fn read_answers(
        &self,
        store: &Arc<dyn Store>,
    ) -> (Vec<(AskId, AskState)>, Option<StoreError>) {
        let (mut read, mut unread) = (Vec::new(), None);
        for id in &self.open_asks {
            match store.ask(*id).await {
                Ok(state) => read.extend(state.map(|state| (*id, state))),
                Err(why) => unread = Some(why),
            }
        }
        (read, unread)
    }

    /// Gives the answers to whoever waits; says whether there was a new one.
    fn give(&mut self, answers: Vec<(AskId, AskState)>) -> bool {
        let mut new = false;
        for (id, state) in answers {
            if matches!(state, AskState::Answered { .. }) {
                self.open_asks.remove(&id);
            }
            let before = locked(&self.shared.states).insert(id, state.clone());
            new |= before != Some(state);
        }
        new
    }
}
