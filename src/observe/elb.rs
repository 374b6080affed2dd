//! The eye on listeners of load balancers: which places among their rules are taken.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::{Eye, LookOn};
use crate::aws::Clients;
use crate::domain::failure::Failure;
use crate::domain::look::{Look, Sight};
use crate::domain::request::SourceBundle;
use crate::forms::elb::{LISTENER, sight};

/// Looks at listeners.
pub(super) struct Listeners(pub(super) Arc<Clients>);

impl Eye for Listeners {
    fn kind(&self) -> &'static str {
        LISTENER
    }

    fn look<'a>(
        &'a self,
        on: &'a LookOn,
        look: &'a Look,
        _bundle: Option<&'a SourceBundle>,
    ) -> BoxFuture<'a, Result<Sight, Failure>> {
        async move {
            let cloud = on.assuming(&self.0, look).await?;
            let taken = cloud.priorities(&look.about.name).await?;
            Ok(sight(look.about.clone(), taken))
        }
        .boxed()
    }
}
