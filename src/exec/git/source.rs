//! `git.source {repository, ref, commit, bucket, key}`: puts the files of exactly that commit, as a
//! zip archive, where a build reads them. A commit that the repository does not give any more is a
//! failure: no other one takes its place. Its output is `{commit, bucket, key, bytes, written: {author,
//! subject}}`; the last is what the commit says of itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::aws::Cloud;
use crate::domain::deployment::{WRITTEN, Written};
use crate::domain::failure::{Failure, Retry};
use crate::domain::plan::{Cancel, Output};
use crate::domain::refs::{Commit, Ref};
use crate::exec::Job;
use crate::exec::again::{Again, before, say};
use crate::exec::archived::{self, LONGEST, To};
use crate::forms::git::wrong_repository;
use crate::os::git::git;
use crate::os::{files, open};
use crate::text::safe::Safe;

/// How long the commit may take to come.
const FETCH: Duration = Duration::from_mins(10);
/// How long the tool may take here.
const HERE: Duration = Duration::from_mins(2);
/// How many commits of a branch are read where a host does not give a commit by its id.
const DEPTH: &str = "--depth=500";
/// After how long it is tried again where a repository does not answer.
const AGAIN: Duration = Duration::from_secs(10);

/// Brings sources.
pub(super) struct Source;

#[derive(Deserialize)]
pub(super) struct Params {
    repository: String,
    #[serde(rename = "ref")]
    at: String,
    commit: Commit,
    bucket: String,
    key: String,
}

impl Again for Source {
    type Params = Params;
    const KIND: &'static str = "git.source";
    const NEEDS: &'static [&'static str] = &["repository", "ref", "commit", "bucket", "key"];
    const CANCEL: Cancel = Cancel::Full;

    fn check(params: &Value) -> Result<(), String> {
        let text = |name: &str| params[name].as_str().unwrap_or_default();
        if let Some(why) = wrong_repository(text("repository")) {
            return Err(format!("repository: {why}"));
        }
        let commit = text("commit").parse::<Commit>();
        commit.map_err(|why| format!("commit: {why}"))?;
        let at = text("ref").parse::<Ref>();
        at.map(|_| ()).map_err(|why| format!("ref: {why}"))
    }

    async fn run(job: &Job, cloud: &Arc<Cloud>, params: Params) -> Result<Output, Failure> {
        Self::check(&job.params).map_err(|why| Failure::new(why).as_before())?;
        let read = archive(job, &params).await;
        let (bytes, written) = read.map_err(|failure| before(job, failure))?;
        let (commit, bucket) = (&params.commit, params.bucket.as_str());
        let to = To {
            commit,
            bucket,
            key: &params.key,
        };
        let mut output = archived::put(job, cloud, to, &bytes).await?;
        let says = format!("{} bytes of source in {bucket}", bytes.len());
        say(job, commit.short(), &says);
        output[WRITTEN] = json!(written);
        Ok(Output::public(output))
    }
}

/// The files of the commit, as an archive, and what it says of itself.
async fn archive(job: &Job, params: &Params) -> Result<(Vec<u8>, Written), Failure> {
    let (repository, commit) = (params.repository.as_str(), &params.commit);
    let folder = job.folder.join("source");
    let _ = fs::remove_dir_all(&folder);
    files::private_folder(&folder).map_err(|why| Failure::new(why.to_string()))?;
    local(&["init", "-q", "--bare", "."], &folder).await?;
    let quiet = ["fetch", "-q", "--no-tags"];
    let by_id = [
        &quiet[..],
        &["--depth=1", "--", repository, commit.as_str()],
    ]
    .concat();
    if git(&by_id, &folder, FETCH).await.is_err() {
        // Not every host gives a commit by its id.
        let by_ref = [&quiet[..], &[DEPTH, "--", repository, &params.at]].concat();
        let fetched = git(&by_ref, &folder, FETCH).await;
        fetched.map_err(|why| {
            Failure::new(format!("{repository} cannot be read: {why}"))
                .hint(format!(
                    "try `git ls-remote {repository}` as the person whose engine this is"
                ))
                .retry(Retry::After(AGAIN))
        })?;
    }
    let known = format!("{}^{{commit}}", commit.as_str());
    let has = git(&["cat-file", "-e", &known], &folder, HERE).await;
    has.map_err(|_| {
        let says = format!("{repository} does not give {} any more", commit.short());
        Failure::new(says).hint("it was pushed away: deploy what the branch leads to now")
    })?;
    let says = format!("read from {repository} ({})", params.at);
    say(job, commit.short(), &says);
    let pack = [
        "archive",
        "--format=zip",
        "-o",
        "source.zip",
        commit.as_str(),
    ];
    local(&pack, &folder).await?;
    let written = written(commit, &folder).await?;
    let read = read(folder.join("source.zip")).await;
    // What stays goes with the folder of the job.
    let _ = fs::remove_dir_all(&folder);
    Ok((read?, written))
}

/// What a commit says of itself.
async fn written(commit: &Commit, folder: &Path) -> Result<Written, Failure> {
    let asked = ["show", "-s", "--format=%an%n%s", commit.as_str()];
    let said = git(&asked, folder, HERE).await;
    let said = said.map_err(|why| Failure::new(format!("git show: {why}")))?;
    let mut lines = said.lines();
    let mut line = || {
        let text: String = lines.next().unwrap_or_default().chars().take(200).collect();
        Safe::told(text.trim())
    };
    Ok(Written {
        author: line(),
        subject: line(),
    })
}

async fn local(arguments: &[&str], folder: &Path) -> Result<(), Failure> {
    let said = git(arguments, folder, HERE).await;
    said.map(|_| ())
        .map_err(|why| Failure::new(format!("git {}: {why}", arguments[0])))
}

async fn read(path: PathBuf) -> Result<Vec<u8>, Failure> {
    let wrong = |why: String| Failure::new(format!("the source cannot be read: {why}"));
    let read = tokio::task::spawn_blocking(move || {
        let length = fs::metadata(&path)?.len();
        if length > LONGEST {
            return Ok(Err(length));
        }
        open::bytes(&path).map(Ok)
    });
    match read.await.map_err(|why| wrong(why.to_string()))? {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(length)) => Err(Failure::new(format!(
            "the source has {length} bytes as an archive, and {LONGEST} are taken"
        ))),
        Err(why) => Err(wrong(why.to_string())),
    }
}
