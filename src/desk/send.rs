//! Sending asks: fills them with the estate's files, inserts them in order, and refuses what cannot
//! be sent.

use crate::domain::ask::{Answer, Ask, AskState, Confirm, InboxAsk, Intent, few_words};
use crate::domain::ids::AskId;
use crate::domain::refused::Refused;
use crate::os::mutex::locked;
use crate::store::{StoreError, bundles};

use super::attach::{attach, wants_files};
use super::work::{SENDING, Worker};
use super::{NotRelayed, Relayed};

enum NotSent {
    Refused(Refused),
    Later(String),
}

impl Worker {
    /// Sends what waits, in order; what cannot be sent for long is refused. At the end nothing is
    /// waited for.
    pub(super) async fn send_all(&mut self, last: bool) {
        let mut waiting = std::mem::take(&mut self.unsent).into_iter();
        while let Some((ask, since)) = waiting.next() {
            let id = ask.id;
            if let Err(why) = self.send(&ask).await {
                let given_up = last || self.now().since(since) >= SENDING;
                match why {
                    NotSent::Refused(refused) => self.refuse(id, refused),
                    NotSent::Later(why) if given_up => {
                        let refused =
                            Refused::new(Refused::STORE, format!("it was not asked: {why}"))
                                .hint("try again");
                        self.refuse(id, refused);
                    }
                    NotSent::Later(_) => {
                        self.unsent.push((ask, since));
                        self.unsent.extend(waiting);
                        return;
                    }
                }
            }
        }
    }

    async fn send(&mut self, ask: &InboxAsk) -> Result<(), NotSent> {
        // An engine refuses it as well; said here, it is not stored.
        let own = ask.ask.clone().in_own_words().map_err(NotSent::Refused)?;
        for typed in ask.ask.typed() {
            few_words(typed).map_err(NotSent::Refused)?;
        }
        let store = self.reading().map_err(NotSent::Later)?;
        if wants_files(&ask.ask) {
            let read = self.read_files().await.map_err(NotSent::Later)?;
            if read.map_err(|why| NotSent::Refused(Refused::new("estate", why)))? {
                self.publish();
            }
        }
        let mut filled = attach(own, &self.catalog, &self.folds).map_err(NotSent::Refused)?;
        if let Ask::Preview { attached, .. } | Ask::Do { attached, .. } = &mut filled {
            for one in attached {
                let whole = std::mem::take(&mut one.bundle);
                one.bundle = bundles::pack(store.as_ref(), whole, self.now())
                    .await
                    .map_err(|why| NotSent::Later(why.to_string()))?;
            }
        }
        let filled = InboxAsk {
            ask: filled,
            ..ask.clone()
        };
        store
            .submit(&filled, self.now())
            .await
            .map_err(|why| match why {
                StoreError::Doubted(doubt) => NotSent::Refused(Refused::new(
                    Refused::STORE,
                    format!("it was not asked: {doubt}"),
                )),
                passes => NotSent::Later(passes.to_string()),
            })?;
        self.open_asks.insert(ask.id);
        Ok(())
    }

    /// Passes an ask on, once.
    pub(super) async fn relay(&mut self, ask: &InboxAsk) -> Result<Relayed, NotRelayed> {
        let store = self.reading().map_err(NotRelayed::Later)?;
        let known = store.ask(ask.id).await;
        if let Some(state) = known.map_err(|why| NotRelayed::Later(why.to_string()))? {
            return Ok(Relayed::Known(state));
        }
        match self.send(ask).await {
            Ok(()) => Ok(Relayed::New),
            Err(NotSent::Refused(refused)) => Err(NotRelayed::Refused(refused)),
            Err(NotSent::Later(why)) => Err(NotRelayed::Later(why)),
        }
    }

    fn refuse(&mut self, id: AskId, refused: Refused) {
        locked(&self.shared.states).insert(
            id,
            AskState::Answered {
                answer: Answer::Refused(refused),
            },
        );
        self.shared.tell();
    }

    /// Records environments that the file has and the store never heard of; those that are
    /// different stay as they are (DIFFERS).
    pub(super) fn record_new_environments(&mut self) {
        if self.applied || !self.loaded {
            return;
        }
        self.applied = true;
        let new: std::collections::BTreeMap<_, _> = self
            .catalog
            .environments
            .iter()
            .filter(|(name, _)| {
                self.folds
                    .environments
                    .get(*name)
                    .is_none_or(|env| env.record.is_none())
            })
            .map(|(name, record)| (name.clone(), record.clone()))
            .collect();
        if !new.is_empty() {
            let id = AskId((self.parts.fresh)());
            let ask = Ask::Do {
                intent: Intent::Apply { environments: new },
                attached: Vec::new(),
                confirm: Confirm::default(),
                armed: false,
            };
            self.unsent
                .push((InboxAsk::new(id, self.parts.via, ask), self.now()));
        }
    }
}
