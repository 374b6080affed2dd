//! Reading for those who wait: lines of the tails, and what is older than the world keeps.

use std::sync::Arc;

use crate::domain::deployment::{Deployment, DeploymentEvent};
use crate::domain::event::{Event, StreamId};
use crate::domain::folds::Folds;
use crate::domain::ids::{DeploymentId, DeploymentNo};
use crate::os::bell::Listener;
use crate::store::Store;

use super::live::held;
use super::tails::Lent;
use super::work::{PAGE, Worker};

impl Worker {
    /// Reads what came for the tails; aside, because files may be slow.
    pub(super) async fn read_tails(&mut self) {
        let Some(spool) = self.parts.spool.clone() else { return };
        if held(&self.shared.tails).is_empty() {
            self.spool_ear = None;
            return;
        }
        if self.spool_ear.is_none()
            && let Some(home) = &self.parts.home
        {
            self.spool_ear = Listener::at(&home.spool_bell()).ok();
        }
        let mut lent = held(&self.shared.tails).lend(true);
        while !lent.is_empty() {
            let mut any = false;
            for Lent { of, id, begin, follow } in lent {
                let (stack, spool) = (of.stack().cloned(), Arc::clone(&spool));
                let reading = tokio::task::spawn_blocking(move || {
                    let mut follow = follow.unwrap_or_else(|| spool(stack.as_ref(), begin));
                    let read = follow.more();
                    (follow, read)
                });
                if let Ok((follow, read)) = reading.await {
                    any |= held(&self.shared.tails).give_back(&of, id, follow, read);
                }
            }
            if any {
                self.shared.tell();
            }
            lent = held(&self.shared.tails).lend(false);
        }
    }
}

pub(super) async fn old_deployments(store: &Arc<dyn Store>, ids: Vec<DeploymentId>) -> Result<Vec<Deployment>, String> {
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        let stream = StreamId::Deployment(id);
        let events = store.stream(&stream).await.map_err(|why| why.to_string())?;
        let mut folds = Folds::default();
        for stored in &events {
            folds.apply(stored);
        }
        found.extend(folds.deployments.remove(&id).map(|d| (*d).clone()));
    }
    Ok(found)
}

/// Goes back through the log until the deployment of that number is found.
pub(super) async fn numbered(store: &Arc<dyn Store>, no: DeploymentNo) -> Result<Option<Deployment>, String> {
    let mut below = 0;
    loop {
        let page = store.newest(below, PAGE).await.map_err(|why| why.to_string())?;
        for stored in &page {
            if let (StreamId::Deployment(id), Ok(Event::Deployment(event))) = (&stored.stream, &stored.event)
                && let DeploymentEvent::Created { request } = &**event
                && request.no == no
            {
                return old_deployments(store, vec![*id]).await.map(|mut found| found.pop());
            }
        }
        match page.last() {
            Some(oldest) if page.len() == PAGE && oldest.seq > 1 => below = oldest.seq - 1,
            Some(_) | None => return Ok(None),
        }
    }
}
