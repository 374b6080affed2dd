//! Puts what was made where others take it from, and says then that its version is there. A version
//! that was registered never becomes another one.

use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use super::{checked_out, made};
use crate::aws::s3::Object;
use crate::aws::{Clients, Cloud, Trouble, registered};
use crate::domain::digest::Digest;
use crate::domain::failure::Failure;
use crate::domain::plan::Output;
use crate::exec::Job;
use crate::exec::again::{before, begin, say};
use crate::exec::archived::LONGEST;
use crate::exec::job::{cloud, params};
use crate::forms::registry::{Published, Registered, Registry};
use crate::os::open;
use crate::text::safe::Safe;

/// A version of something in a registry.
#[derive(Deserialize)]
pub(super) struct Versioned {
    registry: Registry,
    name: String,
    pub(super) version: String,
    nth: u64,
}

#[derive(Deserialize)]
struct Push {
    folder: String,
    file: String,
    #[serde(flatten)]
    of: Versioned,
}

#[derive(Deserialize)]
struct Register {
    #[serde(flatten)]
    of: Versioned,
    commit: Safe,
    repository: Safe,
    on: Safe,
    by: Safe,
    says: Safe,
    #[serde(default)]
    artifact: Option<Published>,
    #[serde(default)]
    image: Option<Safe>,
}

impl Versioned {
    /// The key by which it is registered.
    fn key(&self) -> String {
        self.registry.version(&self.name, self.nth, &self.version)
    }
}

/// The version as it was registered; none where it was not. This is only looked at.
pub(super) async fn registered(
    job: &Job,
    clients: &Clients,
    of: &Versioned,
) -> Result<Option<Registered>, Failure> {
    let cloud: Arc<Cloud> = cloud(clients, job).await?;
    let there = registered::read(&cloud, &of.registry.bucket, &of.key()).await;
    there.map_err(|failure| before(job, failure))
}

/// Its output is `{artifact}`.
pub(super) async fn push(job: &Job, clients: &Clients) -> Result<Output, Failure> {
    let push: Push = params(job)?;
    let cloud: Arc<Cloud> = cloud(clients, job).await?;
    let Versioned { registry, name, .. } = &push.of;
    let (bucket, version) = (registry.bucket.as_str(), push.of.version.as_str());
    let there = registered(job, clients, &push.of).await?;
    let there = there.and_then(|there| there.artifact);
    if let Some(artifact) = &there {
        let lost = registered::lost(&cloud, artifact).await;
        let Some(says) = lost.map_err(|failure| before(job, failure))? else {
            let says = "is registered, and its artifact is there: that stays";
            say(job, version, says);
            return Ok(Output::public(json!({ "artifact": artifact })));
        };
        say(job, version, &says);
    }
    let folder = checked_out(job, &push.folder)?;
    let bytes = read(&folder, &push.file).map_err(|failure| before(job, failure))?;
    let key = registry.artifact(name, version, &push.file);
    let sum = Digest::of_bytes(&bytes).to_string();
    // A version that is registered never becomes another one: only the same bytes are put there again.
    if let Some(artifact) = there.filter(|artifact| artifact.sha256.as_str() != sum) {
        let says = format!(
            "{name} {version} is registered with {}, which is not there as it was, and building it again makes another file",
            artifact.at
        );
        let failure = Failure::new(says)
            .hint("publish another commit, and take that version in place of this one");
        return Err(before(job, failure));
    }
    begin(job, json!({ "bucket": bucket, "key": key })).await?;
    let object = Object {
        bytes: &bytes,
        content_type: "application/octet-stream",
        cache_control: "no-cache",
        unless_there: false,
    };
    let put = cloud.put_object(bucket, &key, &object).await;
    put.map_err(Trouble::held_open)?;
    let at = format!("s3://{bucket}/{key}");
    say(job, version, &format!("{} bytes at {at}", bytes.len()));
    let artifact = Published {
        at: Safe::new(&at),
        bytes: bytes.len() as u64,
        sha256: Safe::new(&sum),
    };
    Ok(Output::public(json!({ "artifact": artifact })))
}

/// A file that was made.
fn read(folder: &Path, file: &str) -> Result<Vec<u8>, Failure> {
    let path = made(folder, file)?;
    let wrong = |why: std::io::Error| Failure::new(format!("{file} cannot be read: {why}"));
    let length = path.metadata().map_err(wrong)?.len();
    if length > LONGEST {
        let says = format!("{file} has {length} bytes, and {LONGEST} are taken");
        return Err(Failure::new(says));
    }
    open::bytes(&path).map_err(wrong)
}

/// Its output is `{version, at}`.
pub(super) async fn register(job: &Job, clients: &Clients) -> Result<Output, Failure> {
    let register: Register = params(job)?;
    let cloud: Arc<Cloud> = cloud(clients, job).await?;
    let Versioned {
        registry,
        name,
        version,
        nth,
    } = &register.of;
    let (bucket, key) = (registry.bucket.as_str(), register.of.key());
    let at = format!("s3://{bucket}/{key}");
    // A version is there once what it names is there.
    if let Some(artifact) = &register.artifact {
        registered::is_there(&cloud, artifact)
            .await
            .map_err(|failure| before(job, failure))?;
    }
    begin(job, json!({ "bucket": bucket, "key": key })).await?;
    let document = Registered {
        name: Safe::new(name),
        version: Safe::new(version),
        commit: register.commit.clone(),
        nth: *nth,
        repository: register.repository.clone(),
        on: register.on.clone(),
        by: register.by.clone(),
        says: register.says.clone(),
        artifact: register.artifact.clone(),
        image: register.image.clone(),
    };
    let bytes = serde_json::to_vec(&document).map_err(|why| Failure::new(why.to_string()))?;
    let there = cloud.object(bucket, &key).await;
    let is_new = there.map_err(Trouble::held_open)?.is_none();
    if is_new {
        let object = Object {
            bytes: &bytes,
            content_type: "application/json",
            cache_control: "no-cache",
            unless_there: true,
        };
        let put = cloud.put_object(bucket, &key, &object).await;
        put.map_err(Trouble::held_open)?;
    }
    let says = if is_new {
        "is registered"
    } else {
        "is registered already"
    };
    say(job, version, &format!("{says}: {at}"));
    Ok(Output::public(json!({ "version": version, "at": at })))
}
