//! The eye on a registry: the newest version of a name, and whether one that is asked for is there,
//! with all that was published of it.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::json;

use super::{Eye, LookOn};
use crate::aws::{Clients, Cloud, registered};
use crate::domain::failure::Failure;
use crate::domain::look::{Look, Sight};
use crate::domain::request::SourceBundle;
use crate::forms::registry::{IS_THERE, VERSIONS, asks, of_key, parts, sight};
use crate::hosts::images;

/// Looks at what is registered.
pub(super) struct Versions(pub(super) Arc<Clients>);

/// Whether what is registered with this key is there as it was published. What cannot be seen of an
/// image is not known to be there: whoever publishes it has its credentials, and looks again.
async fn is_there(cloud: &Cloud, bucket: &str, key: &str) -> Result<bool, Failure> {
    let Some(registered) = registered::read(cloud, bucket, key).await? else {
        return Ok(false);
    };
    if let Some(artifact) = &registered.artifact
        && registered::lost(cloud, artifact).await?.is_some()
    {
        return Ok(false);
    }
    let Some(image) = &registered.image else {
        return Ok(true);
    };
    let digest = images::digest(image.as_str(), None).await;
    Ok(matches!(digest, Ok(Some(_))))
}

impl Eye for Versions {
    fn kind(&self) -> &'static str {
        VERSIONS
    }

    fn look<'a>(
        &'a self,
        on: &'a LookOn,
        look: &'a Look,
        _bundle: Option<&'a SourceBundle>,
    ) -> BoxFuture<'a, Result<Sight, Failure>> {
        async move {
            let name = &look.about.name;
            let (bucket, below) = parts(&look.about)
                .ok_or_else(|| Failure::new(format!("{name:?} names no registry")))?;
            let cloud = on.cloud(&self.0, &look.about).await?;
            let all = cloud.objects(bucket, below).await?;
            let keys = || all.iter().map(|listed| listed.key.as_str());
            let mut seen = sight(look.about.clone(), keys());
            if let Some(version) = asks(&look.with) {
                let key = keys().find(|key| of_key(key, below) == Some(version));
                let is_there = match key {
                    Some(key) => is_there(&cloud, bucket, key).await?,
                    None => false,
                };
                seen.facts[IS_THERE] = json!(is_there);
            }
            Ok(seen)
        }
        .boxed()
    }
}
