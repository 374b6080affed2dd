//! Sites: engines die while one is provisioned, published and taken down, and all of it was done
//! once, in the cloud and in the log.

use std::collections::BTreeMap;
use std::sync::Arc;

use holdpoint::domain::ask::{Intent, Source};
use holdpoint::domain::end::End;
use holdpoint::domain::ids::StackId;
use holdpoint::domain::parameter::Change;
use holdpoint::domain::person::Issuer;
use holdpoint::exec::executors;
use holdpoint::hosts::{self, Hosts};
use holdpoint::systems::website::Website;
use serde_json::{Value, json};

use super::SEEDS;
use super::cloud::Cloud;
use super::fate::{Fates, died_everywhere};
use super::life::{Life, Release};
use crate::bitbucket::{ACME, Bitbucket, KEY, known};
use crate::github::{GitHub, app};
use crate::zip::zip;

const STACK: &str = "dev/docs";
/// What builds it.
const PACKAGE: &str = r#"{ "scripts": { "build": "echo built" } }"#;
const COMMIT: &str = "6113728f27ae82c7b1a177c8d03f9e96e0adf246";

/// What is done to the site, one after the other.
#[derive(Clone, Copy)]
enum Done {
    Provisioned,
    /// From the newest commit.
    Built,
    /// From the newest commit, as an app of a git host.
    BuiltByApp(Issuer),
    /// With a domain of its own, and from no repository.
    Named,
    /// In this version.
    Published(&'static str),
    /// A parameter of its builds is put or deleted.
    Changed(&'static str),
    TakenDown,
}

use Done::{Built, BuiltByApp, Changed, Named, Provisioned, Published, TakenDown};

/// What is done, and how often which call changes something thereby; objects are put at least so
/// often.
struct Story {
    done: &'static [Done],
    effects: &'static [(&'static str, usize)],
}

impl Story {
    /// Whether something is built of what an app of that host reads.
    fn is_by(&self, host: Issuer) -> bool {
        self.done
            .iter()
            .any(|done| matches!(done, BuiltByApp(by) if *by == host))
    }
}

static NEW: Story = Story {
    done: &[Provisioned],
    effects: &[
        ("PutObject", 1),
        ("CreateOriginAccessControl", 1),
        ("CreateDistribution", 1),
        ("ChangeResourceRecordSets", 1),
    ],
};

/// The second version has another page and another asset; the first asset goes.
static NEWER: Story = Story {
    done: &[Provisioned, Published("1"), Published("2")],
    effects: &[
        ("PutObject", 1 + 2 + 2),
        ("CreateOriginAccessControl", 1),
        ("CreateDistribution", 1),
        ("ChangeResourceRecordSets", 1),
        ("DeleteObjects", 1),
        ("CreateInvalidation", 2),
    ],
};

/// What is built has a page, a script and another file.
static FROM_GIT: Story = Story {
    done: &[Provisioned, Built, Built],
    effects: &[
        ("PutObject", 1 + 1 + 3),
        ("CreateOriginAccessControl", 1),
        ("CreateDistribution", 1),
        ("ChangeResourceRecordSets", 1),
        ("StartBuild", 1),
        ("CreateInvalidation", 2),
    ],
};

/// The same, whichever way the source comes.
static FROM_GITHUB: Story = Story {
    done: &[
        Provisioned,
        BuiltByApp(Issuer::Github),
        BuiltByApp(Issuer::Github),
    ],
    effects: FROM_GIT.effects,
};

/// The same from Bitbucket.
static FROM_BITBUCKET: Story = Story {
    done: &[
        Provisioned,
        BuiltByApp(Issuer::Bitbucket),
        BuiltByApp(Issuer::Bitbucket),
    ],
    effects: FROM_GIT.effects,
};

/// The domain is proven by records of the site's own zone; then it leads there, and in the end
/// everything goes.
static NAMED: Story = Story {
    done: &[Named, Named, TakenDown],
    effects: &[
        ("PutObject", 1),
        ("CreateOriginAccessControl", 1),
        ("CreateDistribution", 1),
        ("RequestCertificate", 1),
        ("ChangeResourceRecordSets", 5),
        ("UpdateDistribution", 2),
        ("DeleteObjects", 1),
        ("DeleteDistribution", 1),
        ("DeleteCertificate", 1),
    ],
};

/// One parameter is new, and one goes.
static WITH_PARAMETERS: Story = Story {
    done: &[
        Provisioned,
        Changed("NEW=env:CARGO_PKG_NAME"),
        Changed("-TOKEN"),
    ],
    effects: &[
        ("PutObject", 1),
        ("CreateOriginAccessControl", 1),
        ("CreateDistribution", 1),
        ("ChangeResourceRecordSets", 1),
        ("PutParameter", 1),
        ("DeleteParameter", 1),
    ],
};

static GONE: Story = Story {
    done: &[Provisioned, Published("1"), TakenDown],
    effects: &[
        ("PutObject", 1 + 2),
        ("CreateOriginAccessControl", 1),
        ("CreateDistribution", 1),
        ("ChangeResourceRecordSets", 2),
        ("CreateInvalidation", 1),
        ("UpdateDistribution", 1),
        ("DeleteObjects", 1),
        ("DeleteDistribution", 1),
    ],
};

/// The story in which the engines of a kind die. Stories are known by where they stand, which a
/// constant does not have.
static TOLD: [(&str, &Story); 23] = [
    ("s3.put", &NEW),
    ("cloudfront.oac", &NEW),
    ("cloudfront.create", &NEW),
    ("cloudfront.deployed", &NEW),
    ("route53.upsert", &NEW),
    ("git.source", &FROM_GIT),
    ("source.fetch", &FROM_GITHUB),
    ("source.fetch", &FROM_BITBUCKET),
    ("codebuild.build", &FROM_GIT),
    ("s3.fetch", &FROM_GIT),
    ("s3.publish", &NEWER),
    ("cloudfront.invalidate", &NEWER),
    ("cloudfront.disable", &GONE),
    ("route53.remove", &GONE),
    ("s3.clear", &GONE),
    ("cloudfront.delete", &GONE),
    ("acm.request", &NAMED),
    ("route53.prove", &NAMED),
    ("acm.issued", &NAMED),
    ("cloudfront.names", &NAMED),
    ("acm.delete", &NAMED),
    ("ssm.put", &WITH_PARAMETERS),
    ("ssm.delete", &WITH_PARAMETERS),
];

/// The kinds that are told of here.
pub(super) fn kinds() -> impl Iterator<Item = &'static str> {
    TOLD.iter().map(|(kind, _)| *kind)
}

#[test]
fn a_site_is_provisioned_once() {
    told(&NEW);
}

#[test]
fn a_site_is_published_once() {
    told(&NEWER);
}

#[test]
fn a_commit_is_built_once() {
    told(&FROM_GIT);
}

#[test]
fn a_commit_of_github_is_built_once() {
    told(&FROM_GITHUB);
}

#[test]
fn a_commit_of_bitbucket_is_built_once() {
    told(&FROM_BITBUCKET);
}

#[test]
fn a_domain_is_put_on_a_site_once() {
    told(&NAMED);
}

#[test]
fn a_parameter_is_put_and_deleted_once() {
    told(&WITH_PARAMETERS);
}

#[test]
fn a_site_is_taken_down_once() {
    told(&GONE);
}

/// Tells a story with every seed, for each of its kinds.
#[tokio::main(flavor = "current_thread")]
async fn told(story: &'static Story) {
    let its = TOLD.iter().filter(|(_, of)| std::ptr::eq(*of, story));
    let kinds: Vec<&str> = its.map(|(kind, _)| *kind).collect();
    assert!(!kinds.is_empty(), "the story is told of no kind");
    for kind in kinds {
        let mut met = Vec::new();
        for seed in 0..SEEDS {
            met.push(lived(story, Fates::of(seed, kind)).await);
        }
        died_everywhere(kind, &met);
    }
}

/// Lives through a story, and gives the fates that were met.
async fn lived(story: &Story, fates: Fates) -> Fates {
    let cloud = Arc::new(Cloud::open(fates.seed).await);
    let clients = cloud.clients();
    let jobs = tempfile::tempdir().unwrap();
    let mut land = Land::around(&cloud);
    let mut hosts = Hosts::of(&cloud.clock());
    let now = hosts::now(&cloud.clock());
    if story.is_by(Issuer::Github) {
        let github = GitHub::open(now.clone(), |router| cloud.met(router)).await;
        github.push("main", COMMIT, vec![("package.json", PACKAGE)]);
        land.github = Some(github);
    }
    if story.is_by(Issuer::Bitbucket) {
        let bitbucket = Bitbucket::open(now.clone(), |router| cloud.met(router)).await;
        bitbucket.push("main", COMMIT, vec![("package.json", PACKAGE)]);
        hosts = Arc::new(Hosts {
            github: hosts::github::GitHub::new(now.clone()),
            bitbucket: bitbucket.called(now, Arc::new(|| Ok(known(&[ACME])))),
        });
        land.bitbucket = Some(bitbucket);
    }
    let mut life = Life::new(
        fates,
        STACK,
        cloud.clock(),
        (&clients, &hosts),
        executors(&clients, &hosts),
        jobs.path().to_owned(),
    )
    .over(&cloud);
    land.custom = story.done.iter().any(|done| matches!(done, Named));
    let before = cloud.effects().len();
    life.environment(Some(Cloud::target()));
    let mut served: &[(&str, &str)] = &[];
    for done in story.done {
        let d = match done {
            Provisioned | Named | Built | BuiltByApp(_) => life.deploy(land.release()).await,
            Published(version) => {
                served = files(version);
                let archive = life.keep(zip(served), version).await;
                life.publish(land.release(), version, archive).await
            }
            Changed(change) => {
                let change: Change = change.parse().unwrap();
                let intent = Intent::deploy(STACK.parse().unwrap(), Source::Estate);
                let attached = land.release().read(&STACK.parse().unwrap());
                life.carried_out(change.of(intent).unwrap(), vec![attached])
                    .await
            }
            TakenDown => {
                served = &[];
                let stack: StackId = STACK.parse().unwrap();
                life.carried_out(Intent::teardown(stack), vec![]).await
            }
        };
        let told = life.fates.told();
        assert_eq!(d.end, Some(End::Done), "{told}: {:#?}", d.steps);
        assert!(
            d.steps.values().all(|run| run.attempt <= 1),
            "that an engine dies is no failure of a step: {told}, {:#?}",
            d.steps
        );
    }
    let told = life.fates.told();
    let mut effects: BTreeMap<String, usize> = BTreeMap::new();
    for entry in &cloud.effects()[before..] {
        *effects.entry(entry.action.clone()).or_default() += 1;
    }
    let expected = story
        .effects
        .iter()
        .map(|(action, times)| ((*action).to_owned(), *times));
    let mut expected: BTreeMap<String, usize> = expected.collect();
    // The same object once more is the same object, and the same value the same value: a put whose
    // answer nobody heard may be made again.
    for put in ["PutObject", "PutParameter"] {
        let puts = [&mut effects, &mut expected].map(|all| all.remove(put).unwrap_or_default());
        assert!(puts[0] >= puts[1], "{puts:?} of {put}: {told}");
    }
    assert_eq!(effects, expected, "each was done once: {told}");
    if !served.is_empty() {
        let listed = cloud.call(
            "s3",
            "ListObjectsV2",
            json!({ "Bucket": "live", "ListType": "2" }),
        );
        let listed = listed["ListBucketResult"]["Contents"].as_array().unwrap();
        let keys: Vec<_> = listed
            .iter()
            .map(|one| one["Key"].as_str().unwrap())
            .collect();
        let whole: Vec<_> = served
            .iter()
            .map(|(name, _)| format!("pipeline/docs/docs/{name}"))
            .collect();
        assert_eq!(keys, whole, "the archive and nothing else is live: {told}");
    }
    life.fates
}

/// What a version has, in the order of names.
fn files(version: &str) -> &'static [(&'static str, &'static str)] {
    match version {
        "1" => &[("assets/a.js", "one"), ("index.html", "<p>one")],
        _ => &[("assets/b.js", "two"), ("index.html", "<p>two")],
    }
}

/// What is there before a site is.
struct Land {
    zone: String,
    repository: tempfile::TempDir,
    github: Option<GitHub>,
    bitbucket: Option<Bitbucket>,
    /// The site has a domain of its own, and no repository.
    custom: bool,
}

impl Land {
    fn around(cloud: &Cloud) -> Self {
        let place = json!({ "LocationConstraint": "eu-west-1" });
        for name in ["live", "sources", "versions", "lines"] {
            let bucket = json!({ "Bucket": name, "CreateBucketConfiguration": place });
            cloud.call("s3", "CreateBucket", bucket);
        }
        let token =
            json!({ "Name": "/sites/docs/TOKEN", "Value": "hidden", "Type": "SecureString" });
        cloud.call("ssm", "PutParameter", token);
        let zone = json!({ "Name": "example.com", "CallerReference": "1" });
        let zone = json!({ "CreateHostedZoneRequest": zone });
        let zone = cloud.call("route53", "CreateHostedZone", zone);
        let zone = zone.pointer("/CreateHostedZoneResponse/HostedZone/Id");
        let zone = zone.and_then(Value::as_str).unwrap();
        let project = json!({
            "name": "sites",
            "source": { "type": "S3", "location": "sources/any.zip" },
            "artifacts": { "type": "S3", "location": "versions", "packaging": "ZIP", "name": "any.zip" },
            "environment": { "type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0", "computeType": "BUILD_GENERAL1_SMALL" },
            "serviceRole": "arn:aws:iam::000000000000:role/build",
        });
        cloud.call("codebuild", "CreateProject", project);
        Self {
            zone: zone.rsplit('/').next().unwrap().to_owned(),
            repository: repository(),
            github: None,
            bitbucket: None,
            custom: false,
        }
    }

    fn release(&self) -> Release {
        let mut entry = json!({
            "domain": "example.com",
            "hosted_zone": self.zone,
            "buckets": { "live": "live", "source": "sources", "version": "versions", "log": "lines" },
            "parameters": "/sites/docs",
            "certificate": "arn:aws:acm:us-east-1:000000000000:certificate/1",
            "repository": format!("file://{}", self.repository.path().display()),
            "branch": "main",
            "codebuild_project": "sites",
        });
        if let Some(github) = &self.github {
            entry["repository"] = json!("https://github.com/acme/docs");
            entry["github_app"] = app(github, self.repository.path());
        }
        if self.bitbucket.is_some() {
            entry["repository"] = json!("https://bitbucket.org/acme/docs");
            entry["bitbucket_app"] = json!({ "key": KEY });
        }
        if self.custom {
            entry = json!({
                "domain": "example.com",
                "hosted_zone": self.zone,
                "buckets": { "live": "live" },
                "certificate": "arn:aws:acm:us-east-1:000000000000:certificate/1",
                "custom_domain": "www.example.com",
            });
        }
        Release {
            system: &Website,
            entry,
            files: Vec::new(),
        }
    }
}

/// A repository with one commit.
fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("package.json"), PACKAGE).unwrap();
    let who = ["-c", "user.name=ana", "-c", "user.email=ana@example.com"];
    for words in [
        &["init", "-q", "-b", "main"][..],
        &["add", "."],
        &[&who[..], &["commit", "-q", "-m", "first"]].concat(),
    ] {
        let done = std::process::Command::new("git")
            .args(words)
            .current_dir(folder.path())
            .status();
        assert!(done.unwrap().success(), "git {words:?}");
    }
    folder
}
