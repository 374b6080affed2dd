//! The eye on databases of applications: what one holds, who is connected, what was migrated.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde::Deserialize as _;

use super::{Eye, LookOn};
use crate::aws::Clients;
use crate::domain::failure::Failure;
use crate::domain::look::{Look, Sight};
use crate::domain::request::SourceBundle;
use crate::forms::postgres::{DATABASE, Database, sight};
use crate::postgres::{Admin, Called};

/// Looks at databases.
pub(super) struct Databases(pub(super) Arc<Clients>);

impl Eye for Databases {
    fn kind(&self) -> &'static str {
        DATABASE
    }

    fn look<'a>(
        &'a self,
        on: &'a LookOn,
        look: &'a Look,
        _bundle: Option<&'a SourceBundle>,
    ) -> BoxFuture<'a, Result<Sight, Failure>> {
        async move {
            let database = Database::deserialize(&look.with).map_err(|why| {
                let says = format!("how {} is reached cannot be read: {why}", look.about);
                Failure::new(says).hint("deploy again: the plan is made anew")
            })?;
            let cloud = on.cloud(&self.0, &look.about).await?;
            let called = Called::of(&format!("{} looks", on.stack));
            let admin = Admin::of(&cloud, &database, called).await?;
            let facts = admin.facts().await?;
            Ok(sight(look.about.clone(), &facts))
        }
        .boxed()
    }
}
