//! Committing: decisions are taken on the folds at once, made durable together, and only then have
//! effects outside.

use std::sync::atomic::Ordering;

use futures_util::future::join_all;
use tokio::sync::oneshot;

use crate::domain::ask::AskState;
use crate::domain::event::{Append, Stored};
use crate::domain::failure::{Failure, Retry};
use crate::domain::grant::Attempt;
use crate::domain::ids::AskId;
use crate::domain::person::Person;
use crate::store::{By, StoreError};

use super::{Engine, EngineError};

/// How long previews are kept; they may be confirmed for a minute only.
const KEEP_PREVIEWS: std::time::Duration = std::time::Duration::from_mins(10);

/// What is owed once a decision is durable.
pub(crate) enum Promise {
    /// A task may make its next call.
    Noted(oneshot::Sender<Result<(), Failure>>),
    /// A new attempt may start: nothing was called for it before.
    Fresh(Attempt),
}

/// What came of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Committed {
    /// There was nothing to make durable.
    Nothing,
    /// All is durable.
    All,
    /// Not all is: the truth was read again.
    Failed,
}

impl Engine {
    /// Takes a decision of the engine's own.
    pub(super) fn take(&mut self, append: Append) {
        self.take_by(append, Person::Engine, None, None);
    }

    /// Takes a decision. The folds follow at once; if it cannot be made durable they are read
    /// again.
    pub(super) fn take_by(
        &mut self,
        append: Append,
        person: Person,
        cause: Option<AskId>,
        answer: Option<(AskId, AskState)>,
    ) {
        if append.is_empty() && answer.is_none() {
            return;
        }
        let by = By {
            person,
            cause,
            at: self.now(),
            under: self.own.leases.clone(),
        };
        for write in &append.writes {
            for (offset, event) in (1u64..).zip(&write.events) {
                self.folds.apply(&Stored {
                    seq: self.folds.seq,
                    stream: write.stream.clone(),
                    version: write.expected + offset,
                    at: by.at,
                    person: by.person.clone(),
                    cause,
                    event: Ok(event.clone()),
                });
            }
        }
        // The engine's own decisions of one round are one append: one commit for all machines.
        if answer.is_none()
            && cause.is_none()
            && let Some((last, last_by, None)) = self.pending.last_mut()
            && last_by.person == by.person
            && last_by.cause.is_none()
            && last_by.at == by.at
        {
            for write in append.writes {
                for event in write.events {
                    last.push(write.stream.clone(), write.expected, event);
                }
            }
            last.reads.extend(append.reads);
            last.blobs.extend(append.blobs);
            return;
        }
        self.pending.push((append, by, answer));
    }

    /// Makes everything durable that was taken.
    pub(super) async fn commit(&mut self) -> Result<Committed, EngineError> {
        if self.pending.is_empty() {
            return Ok(Committed::Nothing);
        }
        self.failpoint("before commit")?;
        self.keep_previews().await?;
        let pending = std::mem::take(&mut self.pending);
        let promises = std::mem::take(&mut self.promises);
        let store = self.parts.store.clone();
        let results = join_all(
            pending
                .iter()
                .map(|(append, by, answer)| store.append(append, by, answer.clone())),
        )
        .await;
        let mut stored = Vec::new();
        let mut failed = None;
        for result in results {
            match result {
                Ok(events) => stored.extend(events),
                // The answer stands already: an engine before us gave it and died before it could
                // go on.
                Err(StoreError::Duplicate) => failed = failed.or(Some(StoreError::Duplicate)),
                Err(why) => failed = Some(why),
            }
        }
        if let Some(last) = stored.iter().map(|event| event.seq).max() {
            self.folds.seq = self.folds.seq.max(last);
        }
        self.failpoint("after commit")?;
        if let Some(why) = failed {
            self.recover(why, promises).await?;
            return Ok(Committed::Failed);
        }
        for promise in promises {
            match promise {
                Promise::Noted(reply) => {
                    let _ = reply.send(Ok(()));
                }
                Promise::Fresh(key) => {
                    self.fresh.insert(key);
                }
            }
        }
        if let Some(observer) = &self.observer {
            observer(&self.folds, &stored);
        }
        Ok(Committed::All)
    }

    async fn keep_previews(&mut self) -> Result<(), EngineError> {
        let drop_before = self.now() - KEEP_PREVIEWS;
        for (ask, preview) in std::mem::take(&mut self.previews) {
            match self
                .parts
                .store
                .keep_preview(ask, &preview, drop_before)
                .await
            {
                // A preview that is not kept is made again when it is confirmed.
                Ok(()) => {}
                Err(why) if why.passes() => {}
                Err(why) => return Err(why.into()),
            }
        }
        Ok(())
    }

    /// Lets it be said that there was no room.
    pub(super) fn note_room(&self, why: &StoreError) {
        if matches!(why, StoreError::Full(_)) {
            self.no_room.store(true, Ordering::Relaxed);
        }
    }

    /// Something could not be made durable: read the truth again; tasks that wait for a note are
    /// told to stop.
    async fn recover(
        &mut self,
        why: StoreError,
        promises: Vec<Promise>,
    ) -> Result<(), EngineError> {
        for promise in promises {
            if let Promise::Noted(reply) = promise {
                let _ = reply.send(Err(Failure::new("the store did not take a note")
                    .detail(why.to_string())
                    .retry(Retry::Contact)));
            }
        }
        match &why {
            StoreError::Conflict { .. } | StoreError::Duplicate => {}
            StoreError::Unavailable(_) | StoreError::Full(_) => {
                self.note_room(&why);
                let wait = std::time::Duration::from_millis(500);
                self.parts.clock.sleep(wait).await;
            }
            // Of the work of many engines, only what was taken over is lost.
            StoreError::Fenced if self.shares().is_some() => {}
            StoreError::Fenced | StoreError::Corrupt(_) | StoreError::Doubted(_) => {
                return Err(why.into());
            }
        }
        loop {
            match self.read_again(why == StoreError::Fenced).await {
                Ok(()) => return Ok(()),
                Err(why) if why.passes() => {
                    self.parts
                        .clock
                        .sleep(std::time::Duration::from_secs(1))
                        .await;
                }
                Err(why) => return Err(why.into()),
            }
        }
    }

    async fn read_again(&mut self, fenced: bool) -> Result<(), StoreError> {
        if let Some(length) = self.shares().filter(|_| fenced) {
            self.extend(length).await?;
        }
        self.folds = super::recall::folds(self.parts.store.as_ref()).await?;
        self.own.mark = self.folds.seq;
        Ok(())
    }
}
