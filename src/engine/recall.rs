//! Deployments older than those that the folds hold: what an ask or a retry names is read from the
//! store before it is decided on.

use std::sync::Arc;

use crate::domain::ask::{Intent, Source};
use crate::domain::decide::NAMED;
use crate::domain::deployment::{Deployment, Request};
use crate::domain::event::StreamId;
use crate::domain::folds::Folds;
use crate::domain::ids::{DeploymentId, StackId};
use crate::domain::purpose::Purpose;
use crate::store::{Store, StoreError, folded};

use super::{Engine, EngineError};

/// How many ended deployments the folds hold that nothing refers to.
const OTHERS: usize = 50;

/// The folds as the store has them, with the deployments that unfinished ones carry on.
pub(super) async fn folds(store: &dyn Store) -> Result<Folds, StoreError> {
    let mut folds = store.folds(OTHERS).await?;
    complete(store, &mut folds).await?;
    Ok(folds)
}

/// Adds the deployments that unfinished ones carry on.
pub(super) async fn complete(store: &dyn Store, folds: &mut Folds) -> Result<(), StoreError> {
    let under_way = || folds.deployments.values().filter(|d| !d.is_over());
    let retried = under_way().filter_map(|d| d.request.as_ref()?.cause.retries());
    let parts = under_way().flat_map(|d| d.parts());
    let carried: Vec<DeploymentId> = retried
        .chain(parts)
        .filter(|id| !folds.deployments.contains_key(id))
        .collect();
    for id in carried {
        take(folds, read(store, id).await?);
    }
    Ok(())
}

impl Engine {
    /// Reads into the folds what an intent names and they do not hold. A store that does not answer
    /// leaves them as they are: the intent is refused then, and can be asked again.
    pub(super) async fn recall(&mut self, intent: &Intent) -> Result<(), EngineError> {
        match self.missing(intent).await {
            Ok(found) => {
                for one in found {
                    take(&mut self.folds, Some(one));
                }
                Ok(())
            }
            Err(why) if why.passes() => Ok(()),
            Err(why) => Err(why.into()),
        }
    }

    async fn missing(&self, intent: &Intent) -> Result<Vec<Arc<Deployment>>, StoreError> {
        let mut found = Vec::new();
        match intent {
            Intent::Rollback {
                stack,
                to: Some(no),
            } if self.folds.by_no(*no).is_none() => {
                if let Some(id) = self.parts.store.numbered(*no).await? {
                    found.extend(
                        self.known(id)
                            .await?
                            .filter(|one| one.stack() == Some(stack)),
                    );
                }
            }
            Intent::Deploy {
                stacks,
                source: Source::Release(name),
                ..
            } => {
                for stack in stacks {
                    let fits = |request: &Request| {
                        request.purpose == Purpose::Deploy && request.spec.release.is_called(name)
                    };
                    found.extend(self.newest(stack, fits).await?);
                }
            }
            Intent::Deploy {
                stacks,
                source: Source::Archive { version, .. },
                ..
            } => {
                for stack in stacks {
                    let fits =
                        |request: &Request| request.spec.release.name.as_str() == version.as_str();
                    found.extend(self.newest(stack, fits).await?);
                }
            }
            Intent::Retry { deployment }
            | Intent::Cancel { deployment }
            | Intent::Abandon { deployment }
                if !self.folds.deployments.contains_key(deployment) =>
            {
                found.extend(read(self.parts.store.as_ref(), *deployment).await?);
            }
            Intent::Deploy { .. }
            | Intent::Rollback { .. }
            | Intent::Retry { .. }
            | Intent::Cancel { .. }
            | Intent::Abandon { .. }
            | Intent::Teardown { .. }
            | Intent::Unblock { .. }
            | Intent::Freeze { .. }
            | Intent::Thaw { .. }
            | Intent::Apply { .. } => {}
        }
        Ok(found)
    }

    /// The newest deployment of a stack whose request fits, among the newest [`NAMED`]: while it is
    /// looked for, nothing else is done.
    async fn newest(
        &self,
        stack: &StackId,
        fits: impl Fn(&Request) -> bool,
    ) -> Result<Option<Arc<Deployment>>, StoreError> {
        for id in self.parts.store.deployments_of(stack, NAMED).await? {
            if let Some(one) = self
                .known(id)
                .await?
                .filter(|one| one.request.as_ref().is_some_and(|request| fits(request)))
            {
                return Ok(Some(one));
            }
        }
        Ok(None)
    }

    /// A deployment from the folds, or else from the store.
    async fn known(&self, id: DeploymentId) -> Result<Option<Arc<Deployment>>, StoreError> {
        match self.folds.deployments.get(&id) {
            Some(held) => Ok(Some(Arc::clone(held))),
            None => read(self.parts.store.as_ref(), id).await,
        }
    }
}

/// A deployment, folded from its stream; `None` where there is none, or its log cannot be read.
pub(super) async fn read(
    store: &dyn Store,
    id: DeploymentId,
) -> Result<Option<Arc<Deployment>>, StoreError> {
    let mut folds = folded(store, &StreamId::Deployment(id)).await?;
    Ok(folds
        .deployments
        .remove(&id)
        .filter(|_| folds.broken.is_empty()))
}

fn take(folds: &mut Folds, found: Option<Arc<Deployment>>) {
    if let Some(one) = found {
        folds.deployments.entry(one.id).or_insert(one);
    }
}
