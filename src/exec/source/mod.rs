//! `source.fetch {repository, app, commit, bucket, key}`: puts the files of exactly that commit, as a
//! zip archive that a git host packed for one of its apps, where a build reads them. It is checked
//! whole, and the folder around the files is taken away. Its output is `{commit, bucket, key, bytes}`.

use std::fs;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Either, ready, select};
use serde::Deserialize;
use serde_json::Value;

use super::again::{before, found, say};
use super::archived::{self, LONGEST, To};
use super::job::{cloud, params, require};
use super::{Executor, Found, Job};
use crate::aws::Clients;
use crate::domain::failure::Failure;
use crate::domain::plan::{Cancel, Output, StepKind};
use crate::domain::refs::Commit;
use crate::domain::repository::Repository;
use crate::forms::git::ReadAs;
use crate::hosts::{Hosts, Who};
use crate::os::{files, open};
use crate::text::archive::{Limits, Source, unwrapped};
use crate::text::safe::Safe;

const KIND: &str = "source.fetch";

/// The shortest beginning of a commit's name that says which one it is.
const SHORTEST: usize = 7;

/// Brings sources.
struct Fetch {
    clients: Arc<Clients>,
    hosts: Arc<Hosts>,
}

#[derive(Deserialize)]
struct Params {
    repository: String,
    app: ReadAs,
    commit: Commit,
    bucket: String,
    key: String,
}

/// All executors of sources that git hosts pack.
#[must_use]
pub fn executors(clients: &Arc<Clients>, hosts: &Arc<Hosts>) -> Vec<Arc<dyn Executor>> {
    vec![Arc::new(Fetch {
        clients: Arc::clone(clients),
        hosts: Arc::clone(hosts),
    })]
}

impl Executor for Fetch {
    fn kind(&self) -> StepKind {
        KIND.into()
    }

    fn check(&self, params: &Value) -> Result<(), String> {
        require(params, &["repository", "app", "commit", "bucket", "key"])?;
        let read = Params::deserialize(params).map_err(|why| why.to_string())?;
        let at = read.repository.parse::<Repository>();
        at.map(|_| ()).map_err(|why| format!("repository: {why}"))
    }

    fn run(&self, job: Job) -> BoxFuture<'_, Result<Output, Failure>> {
        async move {
            let params: Params = params(&job)?;
            let cloud = cloud(&self.clients, &job).await?;
            let source = self.source(&job, &params).await;
            let source = source.map_err(|failure| before(&job, failure))?;
            let (commit, bucket) = (&params.commit, params.bucket.as_str());
            let to = To {
                commit,
                bucket,
                key: &params.key,
            };
            let output = archived::put(&job, &cloud, to, &source.bytes).await?;
            let (files, length) = (source.files, source.bytes.len());
            let says = format!("{files} files, {length} bytes of source in {bucket}");
            say(&job, commit.short(), &says);
            Ok(Output::public(output))
        }
        .boxed()
    }

    fn find(&self, job: Job) -> BoxFuture<'_, Found> {
        ready(found(&job)).boxed()
    }

    fn cancel(&self) -> Cancel {
        Cancel::Full
    }
}

impl Fetch {
    /// The files of the commit, without a folder around them.
    async fn source(&self, job: &Job, params: &Params) -> Result<Source, Failure> {
        let (commit, app) = (&params.commit, &params.app);
        let at: Repository = params.repository.parse().map_err(|why| {
            Failure::new(format!("{:?}: {why}", params.repository)).hint("deploy again")
        })?;
        let key = match app.secret() {
            Some(reference) => Some(job.port.secret(reference).await?),
            None => None,
        };
        let kept = |why: &dyn std::fmt::Display| {
            Failure::new(format!("the source of {at} cannot be kept here: {why}"))
        };
        let path = job.folder.join("source.zip");
        files::private_folder(&job.folder).map_err(|why| kept(&why))?;
        let _ = fs::remove_file(&path);
        let mut to = open::fresh(&path, 0o600).map_err(|why| kept(&why))?;
        let who = Who {
            by: app,
            key: key.as_ref(),
            repository: at.path(),
        };
        let came = self.hosts.archive(who, commit, &mut to, LONGEST).boxed();
        let length = match select(came, job.port.cancelled()).await {
            Either::Left((came, _)) => came?,
            Either::Right(_) => {
                return Err(Failure::new("cancelled; nothing was changed").as_before());
            }
        };
        let says = format!("{length} bytes from {at}, as {app}");
        say(job, commit.short(), &says);
        let packed = path.clone();
        let read = tokio::task::spawn_blocking(move || {
            let packed = open::bytes(&packed)?;
            Ok::<_, std::io::Error>(unwrapped(&packed, &Limits::SOURCE))
        });
        let read = read.await.map_err(|why| kept(&why))?;
        // One that stays goes with the folder of the job.
        let _ = fs::remove_file(&path);
        let source = read.map_err(|why| kept(&why))?.map_err(|why| {
            let says = format!("the source of {at} at {} is not taken: {why}", commit.short());
            Failure::new(says).hint("take that out of the repository, or read it with git: take the app out of the estate file")
        })?;
        named(&source, app, commit).map_err(|other| {
            Failure::new(format!(
                "{at} gives {other} where {} was asked for",
                commit.short()
            ))
            .hint("deploy what the branch leads to now")
        })?;
        Ok(source)
    }
}

/// Whether an archive is of the commit that was asked for, as far as its host says which one it has;
/// else what it is of. GitHub says it in a comment; Bitbucket in the folder around the files, and
/// whether it says anything else is not promised.
fn named(source: &Source, app: &ReadAs, commit: &Commit) -> Result<(), String> {
    let says = source.comment.as_deref().map(str::parse::<Commit>);
    if let Some(Ok(other)) = says
        && other != *commit
    {
        return Err(other.short().to_owned());
    }
    match app {
        ReadAs::Github(_) => Ok(()),
        ReadAs::Bitbucket(_) => {
            let end = source.folder.rsplit('-').next().unwrap_or_default();
            let names = end.len() >= SHORTEST && commit.as_str().starts_with(end);
            names
                .then_some(())
                .ok_or_else(|| Safe::told(&source.folder).into_string())
        }
    }
}
