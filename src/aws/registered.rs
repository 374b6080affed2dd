//! Versions that are registered, and whether what they name is there.

use super::{Cloud, Trouble};
use crate::domain::failure::Failure;
use crate::forms::registry::{Published, Registered, Registry, in_order, of_key};

/// A version of a name, as it was registered.
///
/// # Errors
/// It was not: which one is the newest.
pub async fn version(
    cloud: &Cloud,
    registry: &Registry,
    name: &str,
    version: &str,
) -> Result<Registered, Failure> {
    let (bucket, below) = (registry.bucket.as_str(), registry.versions(name));
    let listed = cloud.objects(bucket, &below).await;
    let listed = listed.map_err(Trouble::held_open)?;
    let keys = in_order(listed.iter().map(|listed| listed.key.as_str()), &below);
    let own = keys
        .iter()
        .rfind(|key| of_key(key, &below) == Some(version));
    let Some(key) = own else {
        let newest = keys.last().and_then(|key| of_key(key, &below));
        let newest = newest.map_or_else(
            || format!("nothing of {name} is registered there"),
            |newest| format!("the newest that is registered is {newest}"),
        );
        let says = format!("{name} {version} is not registered in s3://{bucket}/{below}");
        return Err(Failure::new(says).hint(format!(
            "{newest}: name a version that is, or publish this one"
        )));
    };
    read(cloud, bucket, key).await?.ok_or_else(|| {
        Failure::new(format!("s3://{bucket}/{key} is not there any more")).hint("deploy again")
    })
}

/// What stands at the key of a version; none where nothing does.
///
/// # Errors
/// It cannot be read.
pub async fn read(cloud: &Cloud, bucket: &str, key: &str) -> Result<Option<Registered>, Failure> {
    let there = cloud.object(bucket, key).await;
    let Some(bytes) = there.map_err(Trouble::held_open)? else {
        return Ok(None);
    };
    let read = serde_json::from_slice(&bytes);
    read.map(Some).map_err(|why| {
        Failure::new(format!("s3://{bucket}/{key} cannot be read: {why}"))
            .hint("it is no version that was registered from here: move it away")
    })
}

/// What became of what was published, where it is not there as it was published.
///
/// # Errors
/// That cannot be seen.
pub async fn lost(cloud: &Cloud, artifact: &Published) -> Result<Option<String>, Failure> {
    let at = artifact.at.as_str();
    let (bucket, key) = at
        .strip_prefix("s3://")
        .and_then(|rest| rest.split_once('/'))
        .ok_or_else(|| Failure::new(format!("{at:?} is no object")))?;
    let head = cloud.object_head(bucket, key).await;
    let Some(head) = head.map_err(Trouble::held_open)? else {
        return Ok(Some(format!("{at} is not there any more")));
    };
    let sum = head.sum.as_deref();
    let is_it = head.length == artifact.bytes && sum == Some(artifact.sha256.as_str());
    Ok((!is_it).then(|| format!("{at} is not what was put there: somebody else wrote over it")))
}

/// Nothing, where what was published is there as it was published.
///
/// # Errors
/// What became of it, or that this cannot be seen.
pub async fn is_there(cloud: &Cloud, artifact: &Published) -> Result<(), Failure> {
    lost(cloud, artifact).await?.map_or(Ok(()), |says| {
        Err(Failure::new(says).hint(
            "deploy that commit of its component again, which puts the same file there if it can be made again; else take another version",
        ))
    })
}
