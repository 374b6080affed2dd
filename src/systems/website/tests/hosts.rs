//! Repositories that are read as an app of their host.

use super::*;
use crate::systems::apps::{BitbucketApp, GithubApp};

fn app(key: &str, api: Option<&str>) -> GithubApp {
    GithubApp {
        id: 42,
        private_key: key.to_owned(),
        checks: false,
        api: api.map(ToOwned::to_owned),
    }
}

fn bitbucket_app(key: &str) -> BitbucketApp {
    BitbucketApp {
        key: key.to_owned(),
    }
}

/// The key is named where the engine covers secrets, and what an app reads is read by it alone.
#[test]
fn a_repository_of_an_app_is_read_as_that_app() {
    let entry = WebsiteEntry {
        repository: Some("https://github.com/acme/docs".to_owned()),
        github_app: Some(app("file:/etc/app.pem", None)),
        ..from_git_entry(json!({}))
    };
    let spec = body::spec(&stack("prod"), &entry, &SourceBundle::default());
    let secrets: Vec<String> = spec.secrets().iter().map(ToString::to_string).collect();
    assert_eq!(secrets, ["file:/etc/app.pem"]);
    let looks = Website.looks(&ask("prod", Purpose::Deploy), &spec, &there());
    assert_eq!(looks[0].with["id"], 42, "{looks:?}");
    let commit = "3f".repeat(20);
    let mut seen = there();
    let branch = git::branch("https://github.com/acme/docs", &"main".parse().unwrap());
    seen.put(git::sight(branch, commit.parse().ok()));
    let asked = ask("prod", Purpose::Deploy);
    let spec = Website.settled(&asked, &spec, &seen).unwrap();
    seen.put(kept(&spec, &commit, false));
    let made = plan("prod", Purpose::Deploy, &spec, &seen).unwrap();
    let source = named(&made, "source");
    assert_eq!(source.kind.as_str(), "source.fetch");
    assert_eq!(source.params["app"]["id"], 42);
    let reach = Website.reach("docs", "dev", &json!(entry));
    assert!(
        reach[0].contains("as the GitHub app 42 with the key in file:/etc/app.pem,"),
        "{reach:?}"
    );
}

/// No secret of it stands anywhere in what is kept.
#[test]
fn a_repository_of_bitbucket_is_read_as_its_app() {
    let entry = WebsiteEntry {
        repository: Some("https://bitbucket.org/acme/docs".to_owned()),
        bitbucket_app: Some(bitbucket_app("holdpoint-acme")),
        ..from_git_entry(json!({}))
    };
    let spec = body::spec(&stack("prod"), &entry, &SourceBundle::default());
    assert!(spec.secrets().is_empty() && Website.tools(&spec).is_empty());
    assert_eq!(Website.replies(&spec), None);
    let looks = Website.looks(&ask("prod", Purpose::Deploy), &spec, &there());
    assert_eq!(looks[0].with, json!({ "bitbucket": "holdpoint-acme" }));
    let (spec, made) = planned(&spec, there(), &"3f".repeat(20), false);
    let source = named(made.as_ref().unwrap(), "source").clone();
    assert_eq!(source.kind.as_str(), "source.fetch");
    assert_eq!(
        source.params["app"],
        json!({ "bitbucket": "holdpoint-acme" })
    );
    assert_eq!(
        Body::of(&spec).unwrap().site.build.unwrap().repository,
        "https://bitbucket.org/acme/docs"
    );
    let reach = Website.reach("docs", "dev", &json!(entry));
    assert!(
        reach[0].contains("docs as the Bitbucket app holdpoint-acme,"),
        "{reach:?}"
    );
}

#[test]
fn an_app_of_bitbucket_that_cannot_read_the_repository_is_told() {
    let of = |repository: &str, key: &str| {
        checked(&WebsiteEntry {
            repository: Some(repository.to_owned()),
            bitbucket_app: Some(bitbucket_app(key)),
            by_environment: BTreeMap::new(),
            ..from_git_entry(json!({}))
        })
    };
    for right in [
        "https://bitbucket.org/acme/docs",
        "https://bitbucket.org/acme/docs.git",
        "git@bitbucket.org:acme/docs.git",
    ] {
        assert_eq!(of(right, "holdpoint-acme"), [""; 0], "{right}");
    }
    for wrong in [
        "https://github.com/acme/docs",
        "https://bitbucket.org/acme/docs/src",
        "file:///srv/docs",
    ] {
        assert_eq!(of(wrong, "holdpoint-acme"), ["repository"], "{wrong}");
    }
    // Everything that is wrong is told at once.
    assert_eq!(
        of("https://github.com/acme/docs", "a b"),
        ["app-key", "repository"]
    );
    let both = WebsiteEntry {
        repository: Some("https://bitbucket.org/acme/docs".to_owned()),
        bitbucket_app: Some(bitbucket_app("holdpoint-acme")),
        github_app: Some(app("env:APP", None)),
        by_environment: BTreeMap::new(),
        ..from_git_entry(json!({}))
    };
    assert_eq!(checked(&both), ["repository", "two-apps"]);
}

/// Only where the estate says so: it needs another right of the app, and others read it.
#[test]
fn an_app_tells_commits_what_becomes_of_them_where_it_is_asked_to() {
    let of = |checks: bool| {
        let app = GithubApp {
            checks,
            ..app("file:/etc/app.pem", None)
        };
        let entry = WebsiteEntry {
            repository: Some("https://github.com/acme/docs".to_owned()),
            github_app: Some(app),
            ..from_git_entry(json!({}))
        };
        let spec = body::spec(&stack("prod"), &entry, &SourceBundle::default());
        let reach = Website.reach("docs", "dev", &json!(entry));
        (Website.replies(&spec), reach[0].clone(), spec)
    };
    let (tells, reach, spec) = of(true);
    let tells = tells.unwrap();
    assert_eq!(tells.host, Issuer::Github);
    assert_eq!(tells.repository.to_string(), "github.com/acme/docs");
    assert_eq!(tells.by["secrets"]["private_key"], "file:/etc/app.pem");
    assert!(reach.contains("which also tells commits"), "{reach}");
    let (silent, reach, without) = of(false);
    assert_eq!(silent, None);
    assert!(!reach.contains("tells commits"), "{reach}");
    let stored = without.body.to_string();
    assert!(
        !stored.contains("checks"),
        "as it was stored before: {stored}"
    );
    // What is said of it is no part of what is built of a commit.
    let commit = "3f".repeat(20).parse().unwrap();
    let release = |spec| body::built(spec, &commit).unwrap().release;
    assert!(release(&spec).is(&release(&without)));
}

#[test]
fn an_app_that_cannot_read_the_repository_is_told() {
    let of = |repository: &str, key: &str, api: Option<&str>| {
        checked(&WebsiteEntry {
            repository: Some(repository.to_owned()),
            github_app: Some(app(key, api)),
            by_environment: BTreeMap::new(),
            ..from_git_entry(json!({}))
        })
    };
    let (github, none) = ("https://github.com/acme/docs", [""; 0]);
    assert_eq!(of(github, "file:/etc/app.pem", None), none);
    assert_eq!(of(github, "vault:app", None), ["secret-reference"]);
    assert_eq!(of(github, "file:app.pem", None), ["secret-reference"]);
    assert_eq!(of(github, "env:APP", Some("http://ghe.acme")), ["address"]);
    let own = "https://ghe.acme.example/web/docs";
    assert_eq!(of(own, "env:APP", None), ["repository"]);
    let api = Some("https://ghe.acme.example/api/v3");
    assert_eq!(of(own, "env:APP", api), none);
    assert_eq!(of("file:///srv/docs", "env:APP", api), ["repository"]);
}
