//! Sites as plans: what is provisioned, published and taken down, and that no plan can do what it
//! must not.

mod hosts;
mod parameters;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use super::*;
use crate::domain::class::EnvClass;
use crate::domain::digest::Digest;
use crate::domain::environment::{EnvironmentRecord, Mode, OnFailure, QueuePolicy};
use crate::domain::flag::Flags;
use crate::domain::hold::HoldKind;
use crate::domain::instance::Slug;
use crate::domain::lifecycles::WEBSITE;
use crate::domain::look::{Sight, Subject};
use crate::domain::place::Places;
use crate::domain::plan::{Does, Leaves, Step, references};
use crate::domain::request::{Made, SourceBundle};
use crate::domain::time::Time;
use crate::forms::cloudfront::{self, DistributionFacts};
use crate::forms::role::ASSUMES;
use crate::forms::{git, s3, ssm};
use crate::text::safe::Safe;

fn entry() -> WebsiteEntry {
    serde_json::from_value(json!({
        "domain": "{env}.example.com",
        "hosted_zone": "Z1DEV",
        "buckets": { "live": "live-{env}" },
        "certificate": "arn:aws:acm:us-east-1:000000000000:certificate/1",
        "by_environment": { "prod": { "domain": "example.com", "hosted_zone": "Z1PROD" } },
    }))
    .unwrap()
}

fn stack(env: &str) -> StackId {
    format!("{env}/docs").parse().unwrap()
}

fn site(env: &str) -> Spec {
    body::spec(&stack(env), &entry(), &SourceBundle::default())
}

pub(super) fn archive() -> Artifact {
    Artifact {
        digest: Digest::of_bytes(b"zip"),
        length: 3,
        what: "docs.zip".to_owned(),
    }
}

pub(super) fn ask(env: &str, purpose: Purpose) -> PlanAsk {
    let class = if env == "prod" {
        EnvClass::Production
    } else {
        EnvClass::Development
    };
    PlanAsk {
        stack: stack(env),
        purpose,
        env: EnvironmentRecord {
            class,
            places: Places::default(),
            on_failure: OnFailure::Break,
            queue: QueuePolicy::Queue,
            mode: Mode::Deploy,
            min_level: None,
            hold_expiry: Duration::from_hours(24),
        },
        store: "0a1b2c3d".to_owned(),
        seen: None,
        serving: None,
        left_at: None,
        recorded: None,
        needed_by: Vec::new(),
        standing: std::collections::BTreeMap::new(),
        reserved: std::collections::BTreeSet::new(),
        flags: Flags::default(),
    }
}

fn sight(comment: &str) -> Sights {
    let facts = DistributionFacts {
        id: "E1DOCS".to_owned(),
        domain_name: "d1.cloudfront.net".to_owned(),
        enabled: true,
        status: "Deployed".to_owned(),
        comment: comment.to_owned(),
        ..DistributionFacts::default()
    };
    seen(facts.sight(about()))
}

pub(super) fn about() -> Subject {
    Subject::new(DISTRIBUTION, "docs.example.com")
}

pub(super) fn seen(sight: Sight) -> Sights {
    let mut seen = Sights::default();
    seen.put(sight);
    seen
}

pub(super) fn missing() -> Sights {
    seen(cloudfront::missing(about()))
}

fn there() -> Sights {
    sight("holdpoint 0a1b2c3d prod/docs")
}

pub(super) fn plan(
    env: &str,
    purpose: Purpose,
    spec: &Spec,
    seen: &Sights,
) -> Result<Plan, Failure> {
    plan_of(&ask(env, purpose), spec, seen)
}

pub(super) fn plan_of(ask: &PlanAsk, spec: &Spec, seen: &Sights) -> Result<Plan, Failure> {
    let plan = Website.plan(ask, spec, seen)?;
    plan.check().unwrap();
    plan.check_marks(&WEBSITE).unwrap();
    assert!(plan.rows().is_some(), "what it changes is known");
    Ok(plan)
}

pub(super) fn ids(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().map(|step| step.id.as_str()).collect()
}

pub(super) fn named<'a>(plan: &'a Plan, id: &str) -> &'a Step {
    plan.step(&id.into()).unwrap()
}

#[test]
fn a_site_has_its_own_name_zone_and_place_in_each_environment() {
    let of = |env| entry().site(env, "docs");
    let (dev, prod) = (of("dev"), of("prod"));
    assert_eq!(
        (dev.host.as_str(), dev.zone.as_str(), dev.live.as_str()),
        ("docs.dev.example.com", "Z1DEV", "live-dev")
    );
    assert_eq!(
        (prod.host.as_str(), prod.zone.as_str(), prod.live.as_str()),
        ("docs.example.com", "Z1PROD", "live-prod")
    );
    assert_eq!(prod.prefix, "pipeline/docs/docs/");
}

#[test]
fn a_new_site_is_provisioned_in_order_and_serves_nothing_by_that() {
    let made = plan("dev", Purpose::Deploy, &site("dev"), &missing()).unwrap();
    assert_eq!(
        ids(&made),
        ["placeholder", "access", "distribution", "edges", "name"]
    );
    let distribution = named(&made, "distribution");
    assert_eq!(
        distribution.params["caller_reference"],
        "docs.dev.example.com"
    );
    assert_eq!(distribution.params["origin_path"], "/pipeline/docs/docs");
    assert_eq!(references(&distribution.params), ["access".into()]);
    assert_eq!(
        references(&named(&made, "name").params),
        ["distribution".into()]
    );
    assert_eq!(distribution.params["elsewhere"], "index");
    assert!(made.steps.iter().all(|step| step.hold.is_none()));
    let leaves: Vec<_> = made.steps.iter().filter_map(|step| step.leaves).collect();
    assert_eq!(leaves, [Leaves::Old], "no release comes into service");
    let there = plan("prod", Purpose::Deploy, &site("prod"), &missing()).unwrap();
    let mut holds = there.steps.iter().filter(|step| step.hold.is_some());
    assert!(holds.next().is_none(), "nothing of anybody is touched");
}

/// What a visitor gets where there is no file is said by the type of the site.
#[test]
fn a_site_of_pages_says_what_it_has_not() {
    let spec = with(json!({ "type": "node" }));
    let made = plan("prod", Purpose::Deploy, &spec, &missing()).unwrap();
    assert_eq!(
        named(&made, "distribution").params["elsewhere"],
        "not-found"
    );
}

#[test]
fn an_archive_is_published_where_there_is_a_site_and_refused_where_there_is_none() {
    let spec = body::published(&site("prod"), "1.4.2", &archive()).unwrap();
    assert_eq!(spec.release.name.as_str(), "1.4.2");
    let made = plan("prod", Purpose::Deploy, &spec, &there()).unwrap();
    assert_eq!(ids(&made), ["files", "refresh"]);
    let files = named(&made, "files");
    assert_eq!(Artifact::of(&files.params["archive"]), Some(archive()));
    assert_eq!(files.leaves, Some(Leaves::New));
    assert_eq!(named(&made, "refresh").params["id"], "E1DOCS");
    let refused = plan("prod", Purpose::Deploy, &spec, &missing()).unwrap_err();
    assert_eq!(
        (refused.summary.as_str(), refused.hint.as_str()),
        (
            "prod/docs is not provisioned: there is no distribution of docs.example.com",
            "holdpoint deploy prod/docs"
        )
    );
}

/// One archive is one release, whatever it is called; the same name with other files is another.
#[test]
fn a_release_is_known_by_its_files() {
    let of = |version: &str, bytes: &[u8]| {
        let archive = Artifact {
            digest: Digest::of_bytes(bytes),
            ..archive()
        };
        body::published(&site("prod"), version, &archive)
            .unwrap()
            .release
    };
    assert!(of("1", b"a").is(&of("2", b"a")));
    assert!(!of("1", b"a").is(&of("1", b"b")));
    assert!(matches!(of("1", b"a").source, Some(Made::Archive { .. })));
}

fn from_git() -> Spec {
    with(json!({}))
}

/// The site that is built from a repository, with these keys instead.
pub(super) fn with(more: Value) -> Spec {
    body::spec(
        &stack("prod"),
        &from_git_entry(more),
        &SourceBundle::default(),
    )
}

fn from_git_entry(more: Value) -> WebsiteEntry {
    let mut entry = json!({
        "domain": "example.com",
        "hosted_zone": "Z1PROD",
        "buckets": { "live": "live", "source": "sources", "version": "versions" },
        "certificate": "arn:aws:acm:us-east-1:000000000000:certificate/1",
        "repository": "https://git.example.com/acme/docs",
        "branch": "main",
        "codebuild_project": "sites-{env}",
    });
    let Value::Object(more) = more else { panic!() };
    entry.as_object_mut().unwrap().extend(more);
    serde_json::from_value(entry).unwrap()
}

fn head(commit: &str) -> Sight {
    let about = git::branch(
        "https://git.example.com/acme/docs",
        &"main".parse().unwrap(),
    );
    git::sight(about, commit.parse().ok())
}

/// What a build of a commit leaves, as its spec says.
fn key_of(spec: &Spec, commit: &str) -> String {
    let body = Body::of(spec).unwrap();
    body.kept(&commit.parse().unwrap()).unwrap().1
}

fn kept(spec: &Spec, commit: &str, there: bool) -> Sight {
    let about = s3::object("versions", &key_of(spec, commit));
    s3::sight(about, there.then_some(1_000))
}

/// What is built otherwise is another archive: by another command, or with the parameters of
/// another environment.
#[test]
fn what_is_kept_of_a_commit_is_known_by_how_it_was_built() {
    let commit = "c0ffee".repeat(6) + "c0ff";
    let of = |more: Value| key_of(&with(more), &commit);
    let plain = of(json!({}));
    assert!(
        plain.starts_with(&format!("pipeline/docs/docs/{commit}-")),
        "{plain}"
    );
    assert_eq!(plain, of(json!({ "branch": "next" })));
    for more in [
        json!({ "build_command": "build:prod" }),
        json!({ "out_dir": "public" }),
        json!({ "parameters": "/sites/{env}/docs" }),
    ] {
        assert_ne!(plain, of(more.clone()), "{more}");
    }
}

/// Looks as long as the planner asks, at a world in which the branch leads to this commit; and
/// plans.
fn planned(
    spec: &Spec,
    mut seen: Sights,
    commit: &str,
    was_built: bool,
) -> (Spec, Result<Plan, Failure>) {
    let asked = ask("prod", Purpose::Deploy);
    for _ in 0..3 {
        for look in Website.looks(&asked, spec, &seen) {
            seen.put(match look.about.kind.as_str() {
                git::BRANCH => head(commit),
                s3::OBJECT => {
                    let sight = kept(spec, commit, was_built);
                    assert_eq!(look.about, sight.about);
                    sight
                }
                ssm::PARAMETERS => {
                    let names = ["TOKEN", "2-fold"];
                    let names = names.map(|name| format!("/sites/prod/docs/{name}"));
                    ssm::sight(look.about, &names)
                }
                _ => panic!("{look:?}"),
            });
        }
    }
    let spec = Website
        .settled(&asked, spec, &seen)
        .unwrap_or_else(|| spec.clone());
    let plan = plan("prod", Purpose::Deploy, &spec, &seen);
    (spec, plan)
}

#[test]
fn the_commit_of_the_branch_is_built_kept_and_served() {
    let commit = "3f".repeat(20);
    let (spec, made) = planned(&from_git(), there(), &commit, false);
    assert_eq!(spec.release.name.as_str(), "3f3f3f3f3f");
    assert!(
        matches!(&spec.release.source, Some(Made::Commit { sha, at, .. })
        if sha.as_str() == commit && at.as_str() == "refs/heads/main")
    );
    let made = made.unwrap();
    assert_eq!(
        ids(&made),
        ["source", "build", "archive", "files", "refresh"]
    );
    let key = key_of(&spec, &commit);
    let build = named(&made, "build");
    assert_eq!(
        build.params["source"],
        json!({ "bucket": "sources", "key": key })
    );
    assert_eq!(
        build.params["artifacts"],
        json!({ "bucket": "versions", "key": key })
    );
    assert_eq!(build.params["project"], "sites-prod");
    assert_eq!(
        build.reaches.as_ref().unwrap().1.edge(),
        "reached:deploying"
    );
    assert_eq!(named(&made, "source").params["commit"], json!(commit));
    assert_eq!(
        references(&named(&made, "files").params),
        ["archive".into()]
    );
    let leaves: Vec<_> = made.steps.iter().filter_map(|step| step.leaves).collect();
    assert_eq!(
        leaves,
        [Leaves::New],
        "a build that fails changes nothing of what is served"
    );
}

/// The way back: what was built is served again, and nothing is built.
#[test]
fn a_commit_that_was_built_is_not_built_again() {
    let commit = "3f".repeat(20);
    let (spec, _) = planned(&from_git(), there(), &commit, false);
    // The branch leads elsewhere by now.
    let (again, made) = planned(&spec, there(), &commit, true);
    assert_eq!(again, spec);
    let made = made.unwrap();
    assert_eq!(ids(&made), ["archive", "files", "refresh"]);
    assert_eq!(
        named(&made, "archive").reaches.as_ref().unwrap().1.edge(),
        "reached:deploying"
    );
    assert!(made.says[0].contains("nothing is built"));
}

/// A flag builds again what was built: what is kept of it then is what this build leaves.
#[test]
fn a_commit_is_built_again_where_that_is_asked_for() {
    let commit = "3f".repeat(20);
    let (spec, _) = planned(&from_git(), there(), &commit, false);
    let mut asked = ask("prod", Purpose::Deploy);
    let given = [(REBUILD.parse().unwrap(), flag::Value::Switch(true))];
    (asked.flags, _) =
        flag::set(Website.flags(), "website", Purpose::Deploy, &given.into()).unwrap();
    for (was_built, says) in [(true, "is replaced"), (false, "is built in sites-prod")] {
        let mut seen = there();
        seen.put(kept(&spec, &commit, was_built));
        let made = Website.plan(&asked, &spec, &seen).unwrap();
        assert_eq!(
            ids(&made),
            ["source", "build", "archive", "files", "refresh"]
        );
        let all = made.says.join(" ");
        assert!(all.contains(says), "{all}");
    }
}

/// What runs code of others is in an account of its own: all of the build, and nothing else.
#[test]
fn a_role_is_assumed_for_the_build_and_for_nothing_else() {
    let role = "arn:aws:iam::222233334444:role/builds-prod";
    let spec = with(json!({
        "build_role": "arn:aws:iam::222233334444:role/builds-{env}",
        "buckets": { "live": "live", "source": "sources", "version": "versions", "log": "logs-{env}" },
    }));
    let commit = "3f".repeat(20);
    let (spec, made) = planned(&spec, there(), &commit, false);
    let made = made.unwrap();
    let assumes: Vec<_> = made
        .steps
        .iter()
        .filter(|step| step.params[ASSUMES] == role)
        .map(|step| step.id.as_str())
        .collect();
    assert_eq!(assumes, ["source", "build", "archive"]);
    assert_eq!(
        named(&made, "build").params["logs"],
        json!({ "bucket": "logs-prod", "key": "pipeline/docs/docs" })
    );
    assert!(made.says.join(" ").contains(role));
    let looks = Website.looks(&ask("prod", Purpose::Deploy), &spec, &there());
    let look = looks.iter().find(|look| look.about.kind == s3::OBJECT);
    assert_eq!(look.unwrap().with, json!({ "assumes": role }));
}

/// Each app has a site of its own, with its own name and repository.
#[test]
fn an_entry_for_each_app_is_a_site_of_its_own_for_each() {
    let each = json!(WebsiteEntry {
        each: Some(entry::Each::App),
        subdomain: Some("{name}-{owner}".to_owned()),
        repository: Some("https://github.com/{owner}/{id}".to_owned()),
        ..from_git_entry(json!({ "parameters": "/sites/{env}/{id}" }))
    });
    assert!(Website.is_family(&each) && !Website.is_family(&json!(entry())));
    let mut app = Instance {
        id: "7C1F".parse().unwrap(),
        name: Slug::of("Acme Shop").unwrap(),
        title: Safe::new("Acme Shop"),
        sign_in: Some(Safe::new("clientCredentials")),
        owner: "acme".parse().ok(),
        told_at: Time(1),
        since: Time(1),
    };
    assert_eq!(Website.instance(&json!(entry()), &app), None);
    let stack: StackId = "prod/shops/7C1F".parse().unwrap();
    let site = |app: &Instance| {
        let own = Website.instance(&each, app).unwrap();
        match Website.read(&stack, &own, &Files::default()) {
            Read::Stacks(stacks) => Ok(stacks),
            Read::Wrong(found) => Err(found.to_string()),
            Read::Needs(_) | Read::Rendered(..) | Read::Parts(..) => {
                panic!("it needs no file, and makes none")
            }
        }
    };
    let stacks = site(&app).unwrap();
    assert_eq!(stacks[0].0, stack);
    let Body { site: own, .. } = Body::of(&stacks[0].1).unwrap();
    assert_eq!(own.host, "acme-shop-acme.example.com");
    assert_eq!(own.prefix, "pipeline/shops/acme-shop-acme/");
    assert_eq!(own.kind, entry::Kind::Node);
    let build = own.build.unwrap();
    assert_eq!(build.repository, "https://github.com/acme/7c1f");
    assert_eq!(build.parameters.as_deref(), Some("/sites/prod/7c1f"));
    // What cannot be a name of a host is told, and is no stack.
    app.owner = "a_b".parse().ok();
    let told = site(&app).unwrap_err();
    assert!(
        told.contains("\"acme-shop-a_b\" cannot be a name below a domain"),
        "{told}"
    );
}

/// A push asks for its commit, wherever the branch leads when its turn comes.
#[test]
fn a_site_follows_its_branch_and_is_deployed_at_the_commit_of_a_push() {
    let follows = Website.follows(&from_git()).unwrap();
    assert_eq!(follows.repository.to_string(), "git.example.com/acme/docs");
    assert_eq!(follows.branches, Branches::one("main".parse().unwrap()));
    assert_eq!(Website.follows(&site("prod")), None);
    let (pushed, newer) = ("3f".repeat(20), "aa".repeat(20));
    let mut asked = ask("prod", Purpose::Deploy);
    let given = [(
        COMMIT.parse().unwrap(),
        flag::Value::Text(pushed.as_str().into()),
    )];
    (asked.flags, _) =
        flag::set(Website.flags(), "website", Purpose::Deploy, &given.into()).unwrap();
    let mut seen = there();
    let looks = Website.looks(&asked, &from_git(), &seen);
    assert_eq!(
        looks
            .iter()
            .map(|look| look.about.clone())
            .collect::<Vec<_>>(),
        [kept(&from_git(), &pushed, false).about]
    );
    seen.put(head(&newer));
    let spec = Website.settled(&asked, &from_git(), &seen).unwrap();
    assert!(
        matches!(&spec.release.source, Some(Made::Commit { sha, .. }) if sha.as_str() == pushed)
    );
}

#[test]
fn a_site_is_provisioned_before_anything_is_built() {
    let commit = "3f".repeat(20);
    let (spec, made) = planned(&from_git(), missing(), &commit, false);
    assert_eq!(spec, from_git(), "no commit comes into service by that");
    assert_eq!(ids(&made.unwrap())[0], "placeholder");
    let (pushed, _) = planned(&from_git(), there(), &commit, false);
    let (_, refused) = planned(&pushed, missing(), &commit, false);
    assert!(refused.unwrap_err().summary.contains("is not provisioned"));
}

#[test]
fn a_branch_that_is_not_there_is_named() {
    let mut seen = there();
    seen.put(git::sight(
        git::branch(
            "https://git.example.com/acme/docs",
            &"main".parse().unwrap(),
        ),
        None,
    ));
    let asked = ask("prod", Purpose::Deploy);
    assert_eq!(Website.settled(&asked, &from_git(), &seen), None);
    let refused = plan("prod", Purpose::Deploy, &from_git(), &seen).unwrap_err();
    assert_eq!(
        refused.summary,
        "https://git.example.com/acme/docs has no branch main"
    );
}

#[test]
fn what_is_missing_for_a_build_is_told_at_once() {
    let mut entry = entry();
    entry.repository = Some("ext::sh -c x".to_owned());
    entry.branch = "a b".to_owned();
    entry.build_command = "build; rm".to_owned();
    entry.out_dir = "../x".to_owned();
    entry.parameters = Some("sites/docs".to_owned());
    entry.build_role = Some("arn:aws:iam::12:role/builds".to_owned());
    let told = checked(&entry);
    assert_eq!(
        told,
        [
            "repository",
            "missing-key",
            "missing-key",
            "missing-key",
            "package-script",
            "folder",
            "branch",
            "role",
            "parameters",
            "unknown-name"
        ]
    );
}

#[test]
fn a_teardown_disables_first_and_deletes_what_it_can_be_taken_up_by_last() {
    let made = plan("prod", Purpose::Teardown, &site("prod"), &there()).unwrap();
    assert_eq!(
        ids(&made),
        ["disable", "disabled", "name", "files", "delete"]
    );
    let first = named(&made, "disable");
    assert_eq!(first.hold.as_ref().unwrap().kind, HoldKind::Teardown);
    assert!(first.after.is_empty() && made.steps[1..].iter().all(|step| !step.after.is_empty()));
    let (_, mark) = named(&made, "name").reaches.clone().unwrap();
    assert_eq!(mark.edge(), "reached:deleting");
    assert_eq!(
        named(&made, "delete").after,
        ["name".into(), "files".into()]
    );
    assert!(made.danger.destroys && made.danger.downtime);
    let rest = plan("prod", Purpose::Teardown, &site("prod"), &missing()).unwrap();
    assert_eq!(ids(&rest), ["files"]);
    assert!(rest.steps[0].hold.is_some());
}

#[test]
fn a_distribution_of_another_store_or_stack_is_left_alone() {
    let spec = site("prod");
    for other in [
        "holdpoint ffffffff prod/docs",
        "holdpoint 0a1b2c3d prod/blog",
    ] {
        for purpose in [Purpose::Deploy, Purpose::Teardown] {
            let seen = sight(other);
            let refused = plan("prod", purpose, &spec, &seen).unwrap_err();
            assert!(
                refused.summary.contains("the distribution E1DOCS"),
                "{refused:?}"
            );
        }
    }
    let foreign = plan("prod", Purpose::Deploy, &spec, &sight("by hand")).unwrap();
    let hold = named(&foreign, "distribution").hold.as_ref().unwrap();
    assert_eq!(hold.kind, HoldKind::FirstTouch, "it was not made from here");
    // Nothing is published behind it before it is taken.
    let spec = body::published(&site("prod"), "1.4.2", &archive()).unwrap();
    let refused = plan("prod", Purpose::Deploy, &spec, &sight("by hand")).unwrap_err();
    assert!(
        refused
            .hint
            .starts_with("holdpoint deploy prod/docs takes it")
    );
    let mut seen = sight("by hand");
    seen.put(head(&"1a".repeat(20)));
    let settled = Website.settled(&ask("prod", Purpose::Deploy), &from_git(), &seen);
    assert!(settled.is_none(), "it is provisioned first");
}

#[test]
fn what_is_wrong_with_an_entry_is_told_at_once() {
    let mut entry = entry();
    entry.subdomain = Some("Docs_1".to_owned());
    entry.domain = "example".to_owned();
    entry.hosted_zone = "/hostedzone/Z1".to_owned();
    entry.buckets.live = "Live_Bucket".to_owned();
    entry.certificate = "arn:aws:acm:eu-west-1:0:certificate/1".to_owned();
    assert_eq!(
        checked(&entry),
        [
            "subdomain",
            "domain",
            "hosted-zone",
            "bucket",
            "certificate",
            "unknown-name"
        ]
    );
}

#[test]
fn a_domain_of_its_own_is_a_domain_and_another_than_the_sites() {
    let of = |custom: &str| checked(&from_git_entry(json!({ "custom_domain": custom })));
    assert_eq!(of("www.acme.org"), [""; 0]);
    for wrong in [
        "docs.example.com",
        "WWW.acme.org",
        "acme",
        "a_b.org",
        "x..org",
    ] {
        assert_eq!(of(wrong), ["domain"], "{wrong}");
    }
}

/// The codes of what is wrong with an entry.
fn checked(entry: &WebsiteEntry) -> Vec<&'static str> {
    let environments = ["dev".to_owned()];
    let written = Written {
        app: "docs",
        environments: &environments,
        entry: &json!(entry),
    };
    let mut told = Remarks::default();
    Website.check(&written, &mut told);
    told.0.iter().map(|remark| remark.code).collect()
}

/// A menu and `doctor` say what a site is made from: a branch by git, a branch by an app, an archive.
#[test]
fn what_a_site_brings_and_needs_follows_from_where_it_is_read() {
    let branch = from_git();
    let brings = Website.brings(&branch);
    assert_eq!(brings.first, "provision the site; nothing is built yet");
    let then = brings.then;
    assert!(
        then.starts_with("deploy branch ") && then.ends_with(" as it is now"),
        "{then}"
    );
    assert_eq!(Website.tools(&branch), [Tool::GIT]);
    let archive = site("prod");
    assert!(
        Website
            .brings(&archive)
            .then
            .contains("`holdpoint publish` brings files")
    );
    assert_eq!(Website.tools(&archive), []);
}
