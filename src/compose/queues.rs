//! The queues that `serve` reads, in AWS: found by their names in the place that is recorded, and
//! read only where that is proven.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use holdpoint::aws::{Clients, Cloud, Trouble, TroubleKind};
use holdpoint::cli::Fact;
use holdpoint::domain::aside::Aside;
use holdpoint::domain::failure::Failure;
use holdpoint::domain::place::Place;
use holdpoint::domain::time::Time;
use holdpoint::os::clock::SharedClock;
use holdpoint::os::open;
use holdpoint::os::paths::Home;
use holdpoint::trigger::queue::{self, KeptState, Letter, Missed, QueueState, Queues, Source};
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;

/// How long a proof of the place holds.
const PROOF: Duration = Duration::from_mins(1);

/// Queues of SQS.
pub(super) struct Sqs {
    clients: Arc<Clients>,
    clock: SharedClock,
    /// Where each queue was found, and until when that counts.
    found: Mutex<Vec<(Place, String, String, Time)>>,
}

impl Sqs {
    pub(super) fn new(clients: Arc<Clients>, clock: SharedClock) -> Self {
        Self {
            clients,
            clock,
            found: Mutex::default(),
        }
    }

    /// The clients of a queue's place and its address. Nothing is received from another account than
    /// the one that is recorded.
    async fn find(&self, source: &Source) -> Result<(Arc<Cloud>, String), Missed> {
        let Source { place, name, .. } = source;
        let cloud = self.clients.at(place).await.map_err(unusable)?;
        let now = self.clock.now();
        let mut found = self.found.lock().await;
        found.retain(|(.., until)| now < *until);
        let known = found
            .iter()
            .find(|(of, own, ..)| of == place && own == name);
        if let Some((_, _, url, _)) = known {
            return Ok((cloud, url.clone()));
        }
        drop(found);
        let proof = cloud.identity(now).await.map_err(missed)?;
        if let Some(whose) = &place.whose.is
            && *whose != proof.whose
        {
            let says = format!(
                "these credentials are of {} {}, and {} is recorded: mend the profile or the estate",
                place.whose.what, proof.whose, place.whose
            );
            return Err(Missed {
                state: QueueState::OtherPlace,
                says,
            });
        }
        let url = cloud.queue(name, None).await.map_err(missed)?;
        let row = (place.clone(), name.clone(), url.clone(), now + PROOF);
        self.found.lock().await.push(row);
        Ok((cloud, url))
    }

    /// What was found counts no longer once a call failed.
    async fn done<T>(&self, source: &Source, done: Result<T, Trouble>) -> Result<T, Missed> {
        if done.is_err() {
            let mut found = self.found.lock().await;
            found.retain(|(of, own, ..)| *of != source.place || *own != source.name);
        }
        done.map_err(missed)
    }
}

impl Queues for Sqs {
    fn receive<'a>(
        &'a self,
        from: &'a Source,
        hidden: Duration,
    ) -> BoxFuture<'a, Result<Vec<Letter>, Missed>> {
        async move {
            let (cloud, url) = self.find(from).await?;
            let received = cloud.receive(&url, hidden).await;
            let messages = self.done(from, received).await?;
            let letter = |message: holdpoint::aws::sqs::Message| Letter {
                id: message.id,
                handle: message.handle,
                body: message.body,
                received: message.received,
            };
            Ok(messages.into_iter().map(letter).collect())
        }
        .boxed()
    }

    fn delete<'a>(
        &'a self,
        from: &'a Source,
        handle: &'a str,
    ) -> BoxFuture<'a, Result<(), Missed>> {
        async move {
            let (cloud, url) = self.find(from).await?;
            let deleted = cloud.delete_message(&url, handle).await;
            self.done(from, or_taken(deleted)).await
        }
        .boxed()
    }

    fn hide<'a>(
        &'a self,
        from: &'a Source,
        handle: &'a str,
        hidden: Duration,
    ) -> BoxFuture<'a, Result<(), Missed>> {
        async move {
            let (cloud, url) = self.find(from).await?;
            let done = cloud.hide_message(&url, handle, hidden).await;
            self.done(from, or_taken(done)).await
        }
        .boxed()
    }

    fn build_went_on(&self, build: &str) {
        self.clients.build_went_on(build);
    }
}

/// How `serve` reads queues, as it kept that: for `doctor`.
pub(super) fn facts(home: &Home) -> Vec<Fact> {
    let mut facts = Vec::new();
    let states = home.heard().join(format!("{}.json", queue::STATES));
    let aside = home.set_aside();
    if states.exists() {
        match kept::<Vec<KeptState>>(&states) {
            Err(why) => facts.push(Fact::note("queues", why)),
            Ok(rows) => facts.extend(rows.iter().map(|row| {
                let what = format!("queue {}", row.name);
                let says = format!(
                    "{}; as `holdpoint serve` told at {}",
                    row.told(),
                    row.told_at
                );
                if row.state.is_trouble() {
                    Fact::wrong(what, says)
                } else {
                    Fact::right(what, says)
                }
            })),
        }
    }
    if aside.exists() {
        match kept::<Aside>(&aside) {
            Err(why) => facts.push(Fact::wrong("set aside", why)),
            Ok(kept) => facts.extend(kept.messages.last().map(|newest| {
                let says = format!(
                    "{} messages of queues led to nothing, the newest at {}, {} of {}: {}; `holdpoint aside` shows them; they stand in {}, and moving that file away forgets them",
                    kept.total,
                    newest.at,
                    newest.id,
                    newest.queue,
                    newest.why,
                    aside.display()
                );
                Fact::note("set aside", says)
            })),
        }
    }
    facts
}

fn kept<T: DeserializeOwned>(file: &Path) -> Result<T, String> {
    let bytes = open::bytes(file).map_err(|why| format!("{}: {why}", file.display()))?;
    serde_json::from_slice(&bytes).map_err(|why| format!("{}: {why}", file.display()))
}

/// A message that its queue does not give us any more is in somebody else's hands: nothing is wrong
/// with the queue.
fn or_taken(done: Result<(), Trouble>) -> Result<(), Trouble> {
    done.or_else(|trouble| {
        let is_taken = [
            "ReceiptHandleIsInvalid",
            "InvalidParameterValue",
            "MessageNotInflight",
        ]
        .iter()
        .any(|code| trouble.is(code));
        if is_taken { Ok(()) } else { Err(trouble) }
    })
}

/// What trouble of a call is called.
fn missed(trouble: Trouble) -> Missed {
    let is_missing = [
        "QueueDoesNotExist",
        "AWS.SimpleQueueService.NonExistentQueue",
    ]
    .iter()
    .any(|code| trouble.is(code));
    let state = match trouble.kind {
        _ if is_missing => QueueState::Missing,
        TroubleKind::Throttled => QueueState::Throttled,
        TroubleKind::Login => QueueState::Credentials,
        TroubleKind::Denied => QueueState::Denied,
        TroubleKind::Server
        | TroubleKind::Timeout
        | TroubleKind::Unreachable
        | TroubleKind::Garbled
        | TroubleKind::Endless
        | TroubleKind::Refused => QueueState::Unreachable,
    };
    let says = if is_missing {
        "there is no queue of that name in this account and region: make it, or mend its name in the estate".to_owned()
    } else {
        sentence(*trouble.failure)
    };
    Missed { state, says }
}

fn unusable(why: Failure) -> Missed {
    Missed {
        state: QueueState::Unreachable,
        says: sentence(why),
    }
}

fn sentence(why: Failure) -> String {
    if why.hint.is_empty() {
        why.summary
    } else {
        format!("{}; {}", why.summary, why.hint)
    }
}
