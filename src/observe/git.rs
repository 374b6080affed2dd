//! The eye on branches: the commit that one leads to now, by the app that may read the repository, or
//! else by git.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::{Eye, LookOn};
use crate::domain::failure::Failure;
use crate::domain::look::{Look, Sight};
use crate::domain::refs::{Branch, Commit};
use crate::domain::repository::Repository;
use crate::domain::request::SourceBundle;
use crate::forms::git::{BRANCH, ReadAs, head, parts, sight};
use crate::hosts::{Hosts, Who};
use crate::os::git::git;
use crate::secrets;

/// How long a host may take to answer.
const ANSWER: Duration = Duration::from_secs(30);

/// Looks at branches.
pub(super) struct Branches(pub(super) Arc<Hosts>);

impl Branches {
    async fn by_app(
        &self,
        app: &ReadAs,
        repository: &str,
        branch: &str,
    ) -> Result<Option<Commit>, Failure> {
        let none = || Failure::new(format!("{repository}#{branch} is no branch of a git host"));
        let at: Repository = repository.parse().map_err(|_| none())?;
        let branch = branch.strip_prefix("refs/heads/").unwrap_or(branch);
        let branch: Branch = branch.parse().map_err(|_| none())?;
        let key = match app.secret() {
            Some(reference) => Some(secrets::read(reference).await?),
            None => None,
        };
        let who = Who {
            by: app,
            key: key.as_ref(),
            repository: at.path(),
        };
        self.0.head(who, &branch).await
    }
}

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
            let app: Option<ReadAs> = serde_json::from_value(look.with.clone()).map_err(|why| {
                Failure::new(format!("how {name} is read cannot be understood: {why}"))
            })?;
            if let Some(app) = &app {
                let head = self.by_app(app, repository, branch).await?;
                return Ok(sight(look.about.clone(), head));
            }
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
