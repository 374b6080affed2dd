//! The versions of what an application pins, where they are: in git, of which a copy is kept in the
//! home, or in a registry of the account of the stack's environment.

use holdpoint::aws::Cloud;
use holdpoint::config::{self, Loaded};
use holdpoint::domain::ids::StackId;
use holdpoint::domain::instance::Instances;
use holdpoint::forms::registry::{Registered, Registry, in_order, of_key};
use holdpoint::os::git::history::{Commit, Repository, Since};
use holdpoint::os::paths::Home;
use holdpoint::systems::versions::{GitVersions, Versions};

use super::engine::clients;

/// How many of the newest are read and listed.
const MOST: usize = 50;

/// What came after a version, as that is now where it is wanted.
///
/// # Errors
/// A sentence: they cannot be read, or there is no such version.
pub(super) fn after(
    (home, loaded): (&Home, &Loaded),
    stack: &StackId,
    of: &Versions,
    (since, anew): (&str, bool),
) -> Result<Since, String> {
    let runtime = crate::runtime().map_err(|why| why.to_string())?;
    runtime.block_on(async {
        match of {
            Versions::Git(git) => in_git(home, git, since, anew).await,
            Versions::Registry(registry, name) => {
                let catalog = config::catalog(loaded, &Instances::new());
                let record = catalog.environments.get(&stack.env);
                let place = record.and_then(|record| record.places.home());
                let place = place.ok_or_else(|| {
                    format!(
                        "{} says nothing about AWS, where the registry is",
                        stack.env
                    )
                })?;
                let clients = clients(home);
                let cloud = clients.at(place).await.map_err(|why| why.summary)?;
                registered(&cloud, registry, name, since).await
            }
            Versions::Unlisted(why) => Err((*why).to_owned()),
        }
    })
}

async fn in_git(home: &Home, of: &GitVersions, since: &str, anew: bool) -> Result<Since, String> {
    let folder = home.repository(&of.address);
    let found = Repository::fetched(&of.address, &folder, anew).await?;
    found.since(since, &of.branch, &of.paths).await
}

async fn registered(
    cloud: &Cloud,
    registry: &Registry,
    name: &str,
    since: &str,
) -> Result<Since, String> {
    let (bucket, below) = (&registry.bucket, registry.versions(name));
    let all = cloud.objects(bucket, &below).await;
    let all = all.map_err(|trouble| trouble.failure.summary)?;
    let keys = in_order(all.iter().map(|listed| listed.key.as_str()), &below);
    let version = |key: &&str| of_key(key, &below).unwrap_or_default().to_owned();
    let Some(newest) = keys.last().map(version) else {
        return Err(format!(
            "no version of it is registered below s3://{bucket}/{below}"
        ));
    };
    let Some(at) = keys.iter().position(|key| version(key) == since) else {
        return Err(format!(
            "{since} is not registered below s3://{bucket}/{below}: the newest there is {newest}"
        ));
    };
    let later = &keys[at + 1..];
    let read = later.iter().rev().take(MOST);
    let mut commits = Vec::new();
    for key in read {
        let object = cloud.object(bucket, key).await;
        let object = object.map_err(|trouble| trouble.failure.summary)?;
        let told: Registered = serde_json::from_slice(&object.unwrap_or_default())
            .map_err(|why| format!("s3://{bucket}/{key} is no version: {why}"))?;
        commits.push(Commit {
            id: version(key),
            on: told.on,
            by: told.by,
            says: told.says,
            tags: Vec::new(),
        });
    }
    Ok(Since {
        newest,
        left_out: later.len() - commits.len(),
        commits,
        untagged: 0,
        elsewhere: false,
        registered: true,
    })
}
