//! The eye on secrets of Secrets Manager: whether one is there.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::{Eye, LookOn};
use crate::aws::Clients;
use crate::domain::failure::Failure;
use crate::domain::look::{Look, Sight};
use crate::domain::request::SourceBundle;
use crate::forms::secretsmanager::{SECRET, sight};

/// Looks at secrets.
pub(super) struct Secrets(pub(super) Arc<Clients>);

impl Eye for Secrets {
    fn kind(&self) -> &'static str {
        SECRET
    }

    fn look<'a>(
        &'a self,
        on: &'a LookOn,
        look: &'a Look,
        _bundle: Option<&'a SourceBundle>,
    ) -> BoxFuture<'a, Result<Sight, Failure>> {
        async move {
            let cloud = on.cloud(&self.0, &look.about).await?;
            let facts = cloud.secret_facts(&look.about.name).await?;
            Ok(sight(look.about.clone(), &facts))
        }
        .boxed()
    }
}
