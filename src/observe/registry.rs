//! The eye on a registry: the newest version of a name.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::{Eye, LookOn};
use crate::aws::Clients;
use crate::domain::failure::Failure;
use crate::domain::look::{Look, Sight};
use crate::domain::request::SourceBundle;
use crate::forms::registry::{VERSIONS, parts, sight};

/// Looks at what is registered.
pub(super) struct Versions(pub(super) Arc<Clients>);

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
            let keys = all.iter().map(|listed| listed.key.as_str());
            Ok(sight(look.about.clone(), keys))
        }
        .boxed()
    }
}
