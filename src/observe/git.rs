//! The eye on branches: the commit that one leads to now.

use std::path::Path;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::{Eye, LookOn};
use crate::domain::failure::Failure;
use crate::domain::look::{Look, Sight};
use crate::domain::request::SourceBundle;
use crate::forms::git::{BRANCH, head, parts, sight};
use crate::os::git::git;

/// How long a host may take to answer.
const ANSWER: Duration = Duration::from_secs(30);

/// Looks at branches.
pub(super) struct Branches;

impl Eye for Branches {
    fn kind(&self) -> &'static str {
        BRANCH
    }

    fn look<'a>(
        &'a self,
        _on: &'a LookOn,
        look: &'a Look,
        _bundle: Option<&'a SourceBundle>,
    ) -> BoxFuture<'a, Result<Sight, Failure>> {
        async move {
            let name = &look.about.name;
            let (repository, branch) = parts(&look.about)
                .ok_or_else(|| Failure::new(format!("{name:?} names no branch")))?;
            let asked = ["ls-remote", "--", repository, branch];
            let listed = git(&asked, Path::new("/"), ANSWER).await.map_err(|why| {
                Failure::new(format!("{repository} cannot be read: {why}"))
                    .hint(format!("try `git ls-remote {repository}` as the person whose engine this is, then try again"))

            })?;
            Ok(sight(look.about.clone(), head(&listed, branch)))
        }
        .boxed()
    }
}
