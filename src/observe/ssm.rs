//! The eye on parameters of Systems Manager: which there are below a path.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::{Eye, LookOn};
use crate::aws::Clients;
use crate::domain::failure::Failure;
use crate::domain::look::{Look, Sight};
use crate::domain::request::SourceBundle;
use crate::forms::ssm::{PARAMETERS, sight};

/// Looks at parameters.
pub(super) struct Parameters(pub(super) Arc<Clients>);

impl Eye for Parameters {
    fn kind(&self) -> &'static str {
        PARAMETERS
    }

    fn look<'a>(
        &'a self,
        on: &'a LookOn,
        look: &'a Look,
        _bundle: Option<&'a SourceBundle>,
    ) -> BoxFuture<'a, Result<Sight, Failure>> {
        async move {
            let cloud = on.assuming(&self.0, look).await?;
            let names = cloud.parameters(&look.about.name).await?;
            Ok(sight(look.about.clone(), &names))
        }
        .boxed()
    }
}
