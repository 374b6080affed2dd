//! Single steps of a site's plans, each in one place, so that every plan speaks of the same thing
//! in the same form.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::buildspec::buildspec;
use super::entry::{Build, Kind, Site};
use crate::domain::look::Subject;
use crate::domain::plan::{Leaves, Role, Step, Task, When};
use crate::domain::refs::Commit;
use crate::forms::cloudfront::{DISTRIBUTION, DistributionFacts, EVERYTHING};
use crate::forms::role::ASSUMES;

/// The origin access control of all distributions of an account, by its name.
const ACCESS: &str = "distro-to-s3";

/// How long a distribution may take to reach all edges.
pub(super) const EDGES: Duration = Duration::from_mins(45);

/// How long a build may take, its wait for a place among it.
const BUILD: Duration = Duration::from_hours(2);

/// What stands there until something is published.
const PLACEHOLDER: &str = "<!doctype html>\n<meta charset=\"utf-8\">\n<title>Nothing here yet</title>\n<p>Nothing was published here yet.</p>\n";

/// What all steps of a site are about.
pub(super) fn about(site: &Site) -> Subject {
    Subject::new(DISTRIBUTION, &site.host)
}

/// The output of an earlier step.
pub(super) fn from(step: &str, pointer: &str) -> Value {
    json!({ "from": step, "output": pointer })
}

pub(super) fn step(
    role: Role,
    site: &Site,
    id: &str,
    title: String,
    kind: &str,
    params: Value,
    after: &[&str],
) -> Step {
    Step::new(role, id, title, kind, params)
        .about(about(site))
        .after(after)
}

/// A page where nothing was published yet.
pub(super) fn placeholder(site: &Site) -> Step {
    let params = json!({
        "bucket": site.live,
        "key": format!("{}index.html", site.prefix),
        "text": PLACEHOLDER,
        "content_type": "text/html; charset=utf-8",
        "cache_control": "no-cache",
        "unless_there": true,
    });
    let title = format!("put a placeholder into {}", site.live);
    step(
        Role::Build,
        site,
        "placeholder",
        title,
        "s3.put",
        params,
        &[],
    )
}

/// What lets distributions read the bucket.
pub(super) fn access(site: &Site) -> Step {
    let params = json!({ "name": ACCESS });
    let title = format!("find the origin access control {ACCESS}");
    step(
        Role::Build,
        site,
        "access",
        title,
        "cloudfront.oac",
        params,
        &["placeholder"],
    )
}

/// The distribution; one that the site has already is taken.
pub(super) fn distribution(site: &Site, owner: &str, found: Option<&DistributionFacts>) -> Step {
    let params = json!({
        "caller_reference": site.host,
        "comment": owner,
        "alias": site.host,
        "origin_bucket": site.live,
        "origin_path": format!("/{}", site.prefix.trim_end_matches('/')),
        "oac": from("access", "/id"),
        "certificate_arn": site.certificate,
        "elsewhere": match site.kind {
            Kind::React => "index",
            Kind::Node => "not-found",
        },
    });
    let title = match found {
        None => format!("make the distribution of {}", site.host),
        Some(found) if found.enabled => format!("take the distribution {}", found.id),
        Some(found) => format!("enable the distribution {}", found.id),
    };
    step(
        Role::Change,
        site,
        "distribution",
        title,
        "cloudfront.create",
        params,
        &["access"],
    )
    .undo("a teardown disables and deletes it")
}

/// Waits until it has reached all edges.
pub(super) fn at_the_edges(site: &Site) -> Step {
    let params = json!({ "id": from("distribution", "/id") });
    let title = "wait until it is at all edges".to_owned();
    step(
        Role::Verify,
        site,
        "edges",
        title,
        "cloudfront.deployed",
        params,
        &["distribution"],
    )
    .within(EDGES)
}

/// The name of the site, as an alias of the distribution.
pub(super) fn name(site: &Site) -> Step {
    named(site, "name", &site.host, &["distribution"])
}

/// A name of its zone, as an alias of the distribution.
pub(super) fn named(site: &Site, id: &str, name: &str, after: &[&str]) -> Step {
    let params = json!({
        "zone_id": site.zone,
        "name": name,
        "dns_name": from("distribution", "/domain_name"),
        "kinds": ["A"],
    });
    let title = format!("point {name} to it");
    step(
        Role::Change,
        site,
        id,
        title,
        "route53.upsert",
        params,
        after,
    )
    .leaving(Leaves::Old)
    .undo("a teardown removes it")
}

/// The same step, with the role that is assumed for what has to do with the build.
pub(super) fn assuming(mut params: Value, build: &Build) -> Value {
    if let (Some(role), Some(params)) = (&build.role, params.as_object_mut()) {
        params.insert(ASSUMES.to_owned(), json!(role));
    }
    params
}

/// Brings the source of a commit to where its build reads it.
pub(super) fn source(site: &Site, build: &Build, commit: &Commit, key: &str) -> Step {
    let mut params = json!({
        "repository": build.repository,
        "commit": commit,
        "bucket": build.source,
        "key": key,
    });
    let kind = if let Some(app) = &build.app {
        params["app"] = json!(app);
        "source.fetch"
    } else {
        params["ref"] = json!(format!("refs/heads/{}", build.branch.as_str()));
        "git.source"
    };
    let title = format!("download the source of {}", commit.short());
    let params = assuming(params, build);
    step(Role::Build, site, "source", title, kind, params, &[])
        .tasks([Task::step("Download Source")])
}

/// Builds it, with these variables, each from the parameter of that name.
pub(super) fn build(
    site: &Site,
    build: &Build,
    key: &str,
    variables: &BTreeMap<String, String>,
) -> Step {
    let prefix = site.prefix.trim_end_matches('/');
    let mut params = json!({
        "project": build.project,
        "source": { "bucket": build.source, "key": key },
        "buildspec": buildspec(&build.recipe, variables),
        "artifacts": { "bucket": build.version, "key": key },
    });
    if let Some(bucket) = &build.logs {
        params["logs"] = json!({ "bucket": bucket, "key": prefix });
    }
    let title = format!("build it in {}", build.project);
    step(
        Role::Build,
        site,
        "build",
        title,
        "codebuild.build",
        assuming(params, build),
        &["source"],
    )
    .reaching(When::Started, "deploying")
    .ended_within(BUILD)
    .tasks(tasks(build.recipe.test.is_some()))
}

/// The tasks of a build, by the phases in which they are done.
fn tasks(tested: bool) -> Vec<Task> {
    let test = tested.then(|| Task::phases("Test", &["PRE_BUILD"]));
    [Some(Task::phases("Install", &["INSTALL"])), test]
        .into_iter()
        .flatten()
        .chain([
            Task::phases("Build", &["BUILD"]),
            Task::phases("Archive", &["UPLOAD_ARTIFACTS"]),
        ])
        .collect()
}

/// Brings what was built, which is kept by its commit.
pub(super) fn built(site: &Site, build: &Build, key: &str, after: &[&str]) -> Step {
    let what = format!("{key} of {}", build.version);
    let params = json!({ "bucket": build.version, "key": key, "what": what });
    let title = format!("take what was built from {}", build.version);
    step(
        Role::Build,
        site,
        "archive",
        title,
        "s3.fetch",
        assuming(params, build),
        after,
    )
    .tasks([Task::step("Archive")])
}

/// Brings the files of an archive, which an earlier step may bring.
pub(super) fn files(site: &Site, archive: &Value, after: &[&str]) -> Step {
    let params = json!({ "archive": archive, "bucket": site.live, "prefix": site.prefix });
    let title = format!("bring the files to {}", site.live);
    step(
        Role::Publish,
        site,
        "files",
        title,
        "s3.publish",
        params,
        after,
    )
    .leaving(Leaves::New)
    .undo("a rollback brings the files of another release")
    .tasks([Task::step("Deploy")])
}

/// The archive that an earlier step brings.
pub(super) fn archive() -> Value {
    from("archive", "/archive")
}

/// The deployment begins with this step.
pub(super) fn begins(step: Step) -> Step {
    step.reaching(When::Started, "deploying")
}

/// Lets the edges take them.
pub(super) fn refresh(site: &Site, id: &str) -> Step {
    let params = json!({ "id": id, "paths": [EVERYTHING] });
    let title = "refresh the distribution".to_owned();
    step(
        Role::Change,
        site,
        "refresh",
        title,
        "cloudfront.invalidate",
        params,
        &["files"],
    )
    .tasks([Task::step("Deploy")])
}

/// The site answers no more.
pub(super) fn disable(site: &Site, id: &str) -> Step {
    let params = json!({ "id": id });
    let title = format!("disable the distribution {id}");
    step(
        Role::Remove,
        site,
        "disable",
        title,
        "cloudfront.disable",
        params,
        &[],
    )
    .leaving(Leaves::Nothing)
}

/// Waits until it answers no more anywhere: it cannot be deleted before.
pub(super) fn disabled(site: &Site, id: &str) -> Step {
    let params = json!({ "id": id });
    let title = "wait until it is disabled at all edges".to_owned();
    step(
        Role::Verify,
        site,
        "disabled",
        title,
        "cloudfront.deployed",
        params,
        &["disable"],
    )
    .within(EDGES)
}

/// The name goes before what it points to: nobody else can take what a name points to.
pub(super) fn unname(site: &Site, dns_name: &str) -> Step {
    unnamed(site, "name", &site.host, dns_name).reaching(When::Started, "deleting")
}

/// A name of its zone goes.
pub(super) fn unnamed(site: &Site, id: &str, name: &str, dns_name: &str) -> Step {
    let params = json!({ "zone_id": site.zone, "name": name, "dns_name": dns_name });
    let title = format!("remove the name {name}");
    step(
        Role::Remove,
        site,
        id,
        title,
        "route53.remove",
        params,
        &["disabled"],
    )
}

/// The files go.
pub(super) fn clear(site: &Site, after: &[&str]) -> Step {
    let params = json!({ "bucket": site.live, "prefix": site.prefix });
    let title = format!("delete the files in {}", site.live);
    step(
        Role::Remove,
        site,
        "files",
        title,
        "s3.clear",
        params,
        after,
    )
    .leaving(Leaves::Nothing)
}

/// The distribution goes last: as long as it is there, a teardown can be taken up again.
pub(super) fn delete(site: &Site, id: &str) -> Step {
    let params = json!({ "id": id });
    let title = format!("delete the distribution {id}");
    step(
        Role::Remove,
        site,
        "delete",
        title,
        "cloudfront.delete",
        params,
        &["name", "files"],
    )
    .within(EDGES)
}
