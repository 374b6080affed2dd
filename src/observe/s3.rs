//! The eyes on objects and buckets of S3: whether one is there.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::{Eye, LookOn};
use crate::aws::Clients;
use crate::domain::failure::Failure;
use crate::domain::look::{Look, Sight};
use crate::domain::request::SourceBundle;
use crate::forms::s3::{BUCKET, OBJECT, bucket_sight, parts, sight};

/// Looks at objects.
pub(super) struct Objects(pub(super) Arc<Clients>);

impl Eye for Objects {
    fn kind(&self) -> &'static str {
        OBJECT
    }

    fn look<'a>(
        &'a self,
        on: &'a LookOn,
        look: &'a Look,
        _bundle: Option<&'a SourceBundle>,
    ) -> BoxFuture<'a, Result<Sight, Failure>> {
        async move {
            let name = &look.about.name;
            let (bucket, key) = parts(&look.about)
                .ok_or_else(|| Failure::new(format!("{name:?} names no object")))?;
            let cloud = on.assuming(&self.0, look).await?;
            let head = cloud.object_head(bucket, key).await?;
            Ok(sight(look.about.clone(), head.map(|head| head.length)))
        }
        .boxed()
    }
}

/// Looks at buckets.
pub(super) struct Buckets(pub(super) Arc<Clients>);

impl Eye for Buckets {
    fn kind(&self) -> &'static str {
        BUCKET
    }

    fn look<'a>(
        &'a self,
        on: &'a LookOn,
        look: &'a Look,
        _bundle: Option<&'a SourceBundle>,
    ) -> BoxFuture<'a, Result<Sight, Failure>> {
        async move {
            let cloud = on.cloud(&self.0, &look.about).await?;
            let facts = cloud.bucket_facts(&look.about.name).await?;
            Ok(bucket_sight(look.about.clone(), facts))
        }
        .boxed()
    }
}
