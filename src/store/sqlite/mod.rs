//! The embedded store: one SQLite file of the owner's. Who holds a lease writes events; a file lock
//! elects the one engine that takes it. Other processes read, and insert single inbox rows. Every
//! statement of this crate stands below this folder.

mod contents;
mod doubt;
mod heard;
mod mark;
mod op;
mod open;
mod place;
mod reads;
mod rows;
mod snapshot;
mod verify;
mod write;

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::FutureExt as _;
use sqlx::sqlite::SqlitePool;

pub use doubt::Doubt;
pub use open::OpenError;
pub use verify::Checked;

use self::heard::Heard;
use self::mark::Mark;
use self::op::{Appending, Op, Reply};
use self::rows::failed;
use self::write::Writer;
use super::blobs::Blobs;
use super::{
    Answered, By, Content, Ear, EngineId, Lease, Preview, Ring, Scope, Store, StoreError, Swept,
    Taken, record,
};
use crate::domain::artifact::Artifact;
use crate::domain::ask::{AskState, InboxAsk, Waiting};
use crate::domain::digest::Digest;
use crate::domain::event::{Append, Stored, StreamId};
use crate::domain::folds::Folds;
use crate::domain::gap::Gap;
use crate::domain::ids::{AskId, DeploymentId, DeploymentNo, StackId};
use crate::domain::person::Person;
use crate::domain::sighting::{Sighting, SightingKey};
use crate::domain::time::Time;
use crate::os::bell::{Bell, Listener};
use crate::os::clock::SharedClock;
use crate::os::paths::Home;

/// The embedded store of a home.
pub struct Sqlite {
    id: String,
    /// Opened by one who reads and asks: whether it may be written is looked at each time.
    client: bool,
    /// As an engine found it when it opened it.
    gap: Option<Gap>,
    home: Home,
    clock: SharedClock,
    owner: Person,
    readers: SqlitePool,
    writer: Writer,
    inbox: Bell,
    log: Bell,
}

impl Sqlite {
    /// Ends it in order: what was asked for is written, files are closed. Dropping it instead loses
    /// nothing that was acknowledged.
    pub async fn close(self) {
        self.writer.close().await;
        self.readers.close().await;
    }

    async fn doubts(&self) -> Result<Vec<Doubt>, StoreError> {
        let marked =
            Mark::read(&self.home).map_err(|why| StoreError::Unavailable(why.to_string()))?;
        let mut connection = self.readers.acquire().await.map_err(failed)?;
        doubt::doubts(&mut connection, &self.home, marked.as_ref()).await
    }

    fn blobs(&self) -> Blobs {
        Blobs::at(self.home.blobs())
    }

    async fn write<T: Send + 'static>(
        &self,
        ring: Option<Ring>,
        op: impl FnOnce(Reply<T>) -> Op,
    ) -> Result<T, StoreError> {
        if self.client
            && let Some(doubt) = self.doubts().await?.first()
        {
            return Err(StoreError::Doubted(doubt.to_string()));
        }
        let written = self.writer.ask(op).await?;
        match ring {
            Some(Ring::Inbox) => self.inbox.ring(),
            Some(Ring::Log) => self.log.ring(),
            None => {}
        }
        Ok(written)
    }
}

/// Does what blocks on a thread that may.
async fn off<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|why| Err(StoreError::Unavailable(why.to_string())))
}

impl Store for Sqlite {
    fn id(&self) -> String {
        self.id.clone()
    }

    fn gap(&self) -> Option<Gap> {
        self.gap
    }

    fn close_gap(&self) -> Answered<'_, ()> {
        self.write(None, Op::CloseGap).boxed()
    }

    fn doubt(&self) -> Answered<'_, Option<String>> {
        async { Ok(self.doubts().await?.first().map(ToString::to_string)) }.boxed()
    }

    fn listen(&self, ring: Ring) -> Result<Box<dyn Ear>, StoreError> {
        let path = match ring {
            Ring::Inbox => self.home.inbox_bell(),
            Ring::Log => self.home.log_bell(),
        };
        let listener =
            Listener::at(&path).map_err(|why| StoreError::Unavailable(why.to_string()))?;
        Ok(Box::new(Heard(listener)))
    }

    fn take<'a>(
        &'a self,
        engine: EngineId,
        scopes: &'a [Scope],
        length: Duration,
    ) -> Answered<'a, Taken> {
        let (scopes, now) = (scopes.to_vec(), self.clock.now());
        self.write(None, move |reply| Op::Take {
            engine,
            scopes,
            now,
            length,
            reply,
        })
        .boxed()
    }

    fn extend<'a>(&'a self, leases: &'a [Lease], length: Duration) -> Answered<'a, Vec<Lease>> {
        let (leases, now) = (leases.to_vec(), self.clock.now());
        self.write(None, move |reply| Op::Extend {
            leases,
            now,
            length,
            reply,
        })
        .boxed()
    }

    fn holds<'a>(&'a self, leases: &'a [Lease]) -> Answered<'a, bool> {
        reads::holds(&self.readers, leases).boxed()
    }

    fn give_back<'a>(&'a self, leases: &'a [Lease]) -> Answered<'a, ()> {
        let leases = leases.to_vec();
        self.write(None, move |reply| Op::GiveBack { leases, reply })
            .boxed()
    }

    fn append<'a>(
        &'a self,
        append: &'a Append,
        by: &'a By,
        answer: Option<(AskId, AskState)>,
    ) -> Answered<'a, Vec<Stored>> {
        async move {
            let appending = Appending::new(append, by, answer)?;
            self.write(Some(Ring::Log), |reply| {
                Op::Append(Box::new(appending), reply)
            })
            .await
        }
        .boxed()
    }

    fn numbers(&self, how_many: usize) -> Answered<'_, Vec<DeploymentNo>> {
        self.write(None, move |reply| Op::Numbers(how_many as u64, reply))
            .boxed()
    }

    fn given_up(&self) -> Answered<'_, u64> {
        snapshot::given_up(&self.readers).boxed()
    }

    fn folds(&self, others: usize) -> Answered<'_, Folds> {
        reads::folds(&self.readers, others).boxed()
    }

    fn since(&self, seq: u64, limit: usize) -> Answered<'_, Vec<Stored>> {
        reads::since(&self.readers, seq, limit).boxed()
    }

    fn newest(&self, seq: u64, limit: usize) -> Answered<'_, Vec<Stored>> {
        reads::newest(&self.readers, seq, limit).boxed()
    }

    fn stream<'a>(&'a self, stream: &'a StreamId) -> Answered<'a, Vec<Stored>> {
        reads::stream(&self.readers, stream).boxed()
    }

    fn deployments_of<'a>(
        &'a self,
        stack: &'a StackId,
        limit: usize,
    ) -> Answered<'a, Vec<DeploymentId>> {
        reads::deployments_of(&self.readers, stack, limit).boxed()
    }

    fn numbered(&self, no: DeploymentNo) -> Answered<'_, Option<DeploymentId>> {
        reads::numbered(&self.readers, no).boxed()
    }

    fn submit<'a>(&'a self, ask: &'a InboxAsk, at: Time) -> Answered<'a, ()> {
        async move {
            let (id, text) = (ask.id.to_string(), record::text(ask)?);
            self.write(Some(Ring::Inbox), |reply| Op::Submit {
                id,
                ask: text,
                at,
                reply,
            })
            .await
        }
        .boxed()
    }

    fn asks(&self) -> Answered<'_, Vec<Waiting>> {
        async move {
            let (asks, strange) = reads::asks(&self.readers, &self.owner).await?;
            for (id, state) in strange {
                // Set aside for good, else it would come back at every start; a client has no right
                // to, and need not.
                let state = record::text(&state)?;
                match self
                    .write(Some(Ring::Log), |reply| Op::SetAside { id, state, reply })
                    .await
                {
                    Ok(()) | Err(StoreError::Fenced) => {}
                    Err(why) => return Err(why),
                }
            }
            Ok(asks)
        }
        .boxed()
    }

    fn ask(&self, id: AskId) -> Answered<'_, Option<AskState>> {
        reads::ask(&self.readers, id).boxed()
    }

    fn keep_preview<'a>(
        &'a self,
        id: AskId,
        preview: &'a Preview,
        drop_before: Time,
    ) -> Answered<'a, ()> {
        async move {
            let (subject, made_at) = (preview.card.subject.to_string(), preview.card.made_at);
            let (id, preview) = (id.to_string(), record::text(preview)?);
            self.write(None, |reply| Op::KeepPreview {
                id,
                subject,
                made_at,
                preview,
                drop_before,
                reply,
            })
            .await
        }
        .boxed()
    }

    fn preview(&self, subject: Digest) -> Answered<'_, Option<Preview>> {
        reads::preview(&self.readers, subject).boxed()
    }

    fn put_sightings<'a>(&'a self, sightings: &'a [(SightingKey, Sighting)]) -> Answered<'a, ()> {
        async move {
            let rows: Vec<_> = sightings
                .iter()
                .map(|((subject, source), sighting)| Ok((subject, source, record::text(sighting)?)))
                .collect::<Result<_, StoreError>>()?;
            let rows = record::text(&rows)?;
            self.write(Some(Ring::Log), |reply| Op::PutSightings { rows, reply })
                .await
        }
        .boxed()
    }

    fn sightings(&self, after: u64) -> Answered<'_, (Vec<(SightingKey, Sighting)>, u64)> {
        reads::sightings(&self.readers, after).boxed()
    }

    fn put_interest<'a>(
        &'a self,
        console: &'a str,
        subjects: &'a [String],
        until: Time,
    ) -> Answered<'a, ()> {
        async move {
            let (console, subjects) = (console.to_owned(), record::text(&subjects)?);
            self.write(Some(Ring::Inbox), |reply| Op::PutInterest {
                console,
                subjects,
                until,
                reply,
            })
            .await
        }
        .boxed()
    }

    fn interests(&self, now: Time) -> Answered<'_, Vec<String>> {
        reads::interests(&self.readers, now).boxed()
    }

    fn put<'a>(&'a self, content: Content, what: &'a str, at: Time) -> Answered<'a, Artifact> {
        let blobs = self.blobs();
        async move {
            let (digest, length) = off(move || blobs.put(content, at)).await?;
            Ok(Artifact {
                digest,
                length,
                what: what.to_owned(),
            })
        }
        .boxed()
    }

    fn get(&self, digest: Digest) -> Answered<'_, Option<Content>> {
        let blobs = self.blobs();
        off(move || {
            Ok(blobs
                .get(digest)?
                .map(|content| Box::new(content) as Content))
        })
        .boxed()
    }

    fn sweep<'a>(&'a self, named: &'a BTreeSet<Digest>, before: Time) -> Answered<'a, Swept> {
        async move {
            let mut named = named.clone();
            reads::named(&self.readers, &mut named).await?;
            let blobs = self.blobs();
            off(move || blobs.sweep(&named, before)).await
        }
        .boxed()
    }

    fn blob(&self, digest: Digest) -> Answered<'_, Option<Vec<u8>>> {
        reads::blob(&self.readers, digest).boxed()
    }

    fn snapshot<'a>(&'a self, folds: &'a Folds) -> Answered<'a, ()> {
        let folds = Box::new(folds.clone());
        self.write(None, |reply| Op::Snapshot(folds, reply)).boxed()
    }
}
