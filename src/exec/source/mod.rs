//! `source.fetch {repository, app, commit, bucket, key}`: puts the files of exactly that commit, as a
//! zip archive that GitHub packed for one of its apps, where a build reads them. It is checked whole,
//! and the folder around the files is taken away. Its output is `{commit, bucket, key, bytes}`.

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
use crate::forms::git::App;
use crate::hosts::github::{GitHub, Who};
use crate::os::{files, open};
use crate::text::archive::{Limits, Source, unwrapped};

const KIND: &str = "source.fetch";

/// Brings sources.
struct Fetch {
    clients: Arc<Clients>,
    github: GitHub,
}

#[derive(Deserialize)]
struct Params {
    repository: String,
    app: App,
    commit: Commit,
    bucket: String,
    key: String,
}

/// All executors of sources that git hosts pack.
#[must_use]
pub fn executors(clients: &Arc<Clients>) -> Vec<Arc<dyn Executor>> {
    let clock = Arc::clone(clients);
    vec![Arc::new(Fetch {
        clients: Arc::clone(clients),
        github: GitHub::new(Arc::new(move || clock.now())),
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
        let key = job.port.secret(&app.secrets.private_key).await?;
        let kept = |why: &dyn std::fmt::Display| {
            Failure::new(format!("the source of {at} cannot be kept here: {why}"))
        };
        let path = job.folder.join("source.zip");
        files::private_folder(&job.folder).map_err(|why| kept(&why))?;
        let _ = fs::remove_file(&path);
        let mut to = open::fresh(&path, 0o600).map_err(|why| kept(&why))?;
        let who = Who {
            app,
            key: &key,
            repository: at.path(),
        };
        let came = self.github.archive(who, commit, &mut to, LONGEST).boxed();
        let length = match select(came, job.port.cancelled()).await {
            Either::Left((came, _)) => came?,
            Either::Right(_) => {
                return Err(Failure::new("cancelled; nothing was changed").as_before());
            }
        };
        let says = format!("{length} bytes from {at}, as the GitHub app {}", app.id);
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
            Failure::new(says).hint("take that out of the repository, or read it with git: take github_app out of the estate file")
        })?;
        // GitHub says in an archive which commit it has.
        match source.comment.as_deref().map(str::parse::<Commit>) {
            Some(Ok(other)) if other != *commit => Err(Failure::new(format!(
                "{at} gives {} where {} was asked for",
                other.short(),
                commit.short()
            ))
            .hint("deploy what the branch leads to now")),
            Some(_) | None => Ok(source),
        }
    }
}
