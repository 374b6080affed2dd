//! Deployments that are older than the world keeps, folded from their own streams.

use crate::domain::deployment::Deployment;
use crate::domain::event::StreamId;
use crate::domain::ids::{DeploymentId, DeploymentNo};
use crate::store::{Store, folded};

pub(super) async fn old_deployments(
    store: &dyn Store,
    ids: Vec<DeploymentId>,
) -> Result<Vec<Deployment>, String> {
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        let mut folds = folded(store, &StreamId::Deployment(id))
            .await
            .map_err(|why| why.to_string())?;
        found.extend(folds.deployments.remove(&id).map(|d| (*d).clone()));
    }
    Ok(found)
}

pub(super) async fn numbered(
    store: &dyn Store,
    no: DeploymentNo,
) -> Result<Option<Deployment>, String> {
    match store.numbered(no).await.map_err(|why| why.to_string())? {
        Some(id) => old_deployments(store, vec![id])
            .await
            .map(|mut found| found.pop()),
        None => Ok(None),
    }
}
