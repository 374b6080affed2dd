//! A service whose application file stands in a repository: what an entry says of it, what is read of
//! which commit, and what comes of that.

use super::late::CLUSTER;
use super::*;
use crate::domain::flag::Value as FlagValue;
use crate::forms::sources::{self, FilesOf, FilesSeen};
use crate::systems::Branches;
use crate::systems::entry::Home;

const COMMIT: &str = "6113728f27ae82c7b1a177c8d03f9e96e0adf246";
const APP: &str = "name: shop
databases:
  - name: main
    postgres: { migrate_container: { name: migrate, image: { name: shop } } }
runtimes:
  - name: web
    containers: [{ name: main, image: { name: shop } }]
";

fn entry(more: &Value) -> Value {
    let mut entry =
        json!({ "repository": "https://github.com/acme/shop", "cluster": "cluster.yaml" });
    let all = entry.as_object_mut().unwrap();
    all.extend(more.as_object().cloned().unwrap());
    entry
}

fn estate() -> Files {
    let mut files = Files::default();
    let file = SourceFile {
        bytes: CLUSTER.as_bytes().to_vec(),
        executable: false,
    };
    let path = "cluster.yaml".to_owned();
    files.answer(Need::File(path.clone()), [(path, file)]);
    files
}

fn unmade(more: &Value) -> Spec {
    let stack: StackId = "dev-eu/shop".parse().unwrap();
    match Service.read(&stack, &entry(more), &estate()) {
        Read::Stacks(mut stacks) => stacks.remove(0).1,
        other => panic!("{other:?}"),
    }
}

fn asking(flags: &[(&str, &str)]) -> PlanAsk {
    let flags: Flags = flags
        .iter()
        .map(|(name, text)| (name.parse().unwrap(), FlagValue::Text((*text).into())))
        .collect();
    PlanAsk {
        stack: "dev-eu/shop".parse().unwrap(),
        flags,
        ..ask(Purpose::Deploy, EnvClass::Development)
    }
}

fn asked_of(look: &Look) -> FilesOf {
    serde_json::from_value(look.with.clone()).unwrap()
}

/// What comes of these files of the commit.
fn comes_of(
    spec: &Spec,
    ask: &PlanAsk,
    files: &[(&str, &str)],
) -> Result<(Spec, SourceBundle), Failure> {
    let look = Service.fetches(ask, spec).unwrap().unwrap();
    let seen = FilesSeen {
        commit: COMMIT.parse().unwrap(),
        files: files
            .iter()
            .map(|(path, text)| {
                let file = SourceFile {
                    bytes: text.as_bytes().to_vec(),
                    executable: false,
                };
                ((*path).to_owned(), file)
            })
            .collect(),
    };
    let sight = sources::sight(look.about, Some(&seen));
    Service.fetched(ask, spec, estate().bundle(), &sight)
}

#[test]
fn pushes_of_exactly_the_branches_of_an_environment_are_followed() {
    let branches = |more: Value| Service.follows(&unmade(&more)).unwrap().branches;
    let named =
        |names: &[&str]| Branches::Named(names.iter().map(|one| one.parse().unwrap()).collect());
    assert_eq!(branches(json!({})), named(&["master"]));
    assert_eq!(branches(json!({ "branch": "main" })), named(&["main"]));
    let several = json!({ "branches": { "main": ["dev-eu", "prod"], "next": ["dev-eu"], "release": ["prod"] } });
    assert_eq!(branches(several), named(&["main", "next"]));
    assert_eq!(
        branches(json!({ "branches": { "release": ["prod"] } })),
        named(&[])
    );
    let every = branches(json!({ "branches": { "*": ["dev-eu"] } }));
    assert_eq!(every, Branches::All);
    assert!(every.has(&"any/thing".parse().unwrap()));
    assert!(!named(&["main"]).has(&"main-2".parse().unwrap()));
}

#[test]
fn a_check_run_is_called_as_o5_calls_it_where_checks_are_on() {
    let app = |checks: bool| json!({ "id": 7, "private_key": "file:/k", "checks": checks });
    let called = |more: Value| Service.replies(&unmade(&more)).map(|to| to.called.unwrap());
    assert_eq!(
        called(json!({})),
        None,
        "without an app nobody is there to tell it"
    );
    assert_eq!(called(json!({ "github_app": app(false) })), None);
    let on = |more: Value| {
        let mut all = json!({ "github_app": app(true) });
        all.as_object_mut()
            .unwrap()
            .extend(more.as_object().cloned().unwrap());
        called(all).unwrap()
    };
    assert_eq!(on(json!({})), "o5-deploy-dev-eu");
    assert_eq!(on(json!({ "config": "/" })), "o5-deploy-dev-eu");
    assert_eq!(
        on(json!({ "config": "apps/shop/" })),
        "o5-deploy-dev-eu-shop",
        "two applications of one repository are two"
    );
}

#[test]
fn what_is_read_is_of_what_was_chosen_or_of_the_branch() {
    let main = unmade(&json!({ "branch": "main", "migrations": { "main": "db" } }));
    let at = |spec: &Spec, flags: &[(&str, &str)]| {
        let look = Service.fetches(&asking(flags), spec);
        look.map(|look| asked_of(&look.unwrap()).at.whole())
    };
    assert_eq!(at(&main, &[]).unwrap(), "refs/heads/main");
    assert_eq!(at(&main, &[("commit", COMMIT)]).unwrap(), COMMIT);
    assert_eq!(at(&main, &[("branch", "x/y")]).unwrap(), "refs/heads/x/y");
    assert_eq!(at(&main, &[("tag", "v1")]).unwrap(), "refs/tags/v1");
    for (flags, words) in [
        (
            &[("tag", "v1"), ("branch", "main")][..],
            "branch, tag are given",
        ),
        (&[("branch", "refs heads")], "branch=refs heads"),
    ] {
        let why = at(&main, flags).unwrap_err();
        assert!(why.summary.contains(words), "{why:?}");
    }
    let every = unmade(&json!({ "branches": { "*": ["dev-eu"] } }));
    let why = at(&every, &[]).unwrap_err();
    assert!(why.hint.contains("--branch NAME"), "{why:?}");
    let look = Service.fetches(&asking(&[]), &main).unwrap().unwrap();
    let asked = asked_of(&look);
    assert_eq!(
        asked.files,
        ["ext/o5/app.yaml", "ext/o5/app.yml", "o5.yaml", "o5.yml"]
    );
    assert_eq!(asked.folders, ["db"]);
    let named = unmade(&json!({ "config": "apps/shop/o5.yaml" }));
    let look = Service.fetches(&asking(&[]), &named).unwrap().unwrap();
    assert_eq!(asked_of(&look).files, ["apps/shop/o5.yaml"]);
}

#[test]
fn a_commit_makes_what_the_estates_own_files_would() {
    let spec = unmade(&json!({ "branch": "main", "migrations": { "main": "db" } }));
    let files = [
        ("o5.yaml", APP),
        ("db/1_a.sql", "-- holdpoint: compatible\n"),
    ];
    let (made, bundle) = comes_of(&spec, &asking(&[]), &files).unwrap();
    assert_eq!(
        made.bundle,
        bundle.digest(),
        "all of its files travel with it"
    );
    assert!(bundle.files.contains_key("cluster.yaml"));
    let body = Body::of(&made).unwrap();
    let kept = body.o5.as_ref().unwrap();
    assert_eq!(
        body.input.parameters["VersionTag"], COMMIT,
        "its images are those of the commit"
    );
    assert_eq!(kept.version.as_deref(), Some(COMMIT));
    assert_eq!(
        made.release.name.as_str().split('+').next(),
        Some(&COMMIT[..12])
    );
    assert_eq!(
        made.release.source,
        Some(Made::Commit {
            repo: "https://github.com/acme/shop".into(),
            at: "refs/heads/main".into(),
            sha: COMMIT.into(),
        })
    );
    let migrations = kept.databases[0].migrations.as_ref().unwrap();
    assert_eq!(migrations.len(), 1, "they are those of the commit");
    assert_eq!(made.about, spec.about);
    // It lacks nothing any more, whatever repeats it: and is of that commit alone.
    for flags in [&[][..], &[("commit", COMMIT)]] {
        assert_eq!(Service.fetches(&asking(flags), &made), Ok(None));
    }
    let other = "a".repeat(40);
    assert!(
        Service
            .fetches(&asking(&[("commit", &other)]), &made)
            .is_err()
    );
    assert!(Service.replies(&made).is_none() && Service.follows(&made).is_some());
    // A version that is written goes before the commit.
    let pinned = unmade(&json!({ "branch": "main", "version": "v9" }));
    let (pinned, _) = comes_of(&pinned, &asking(&[]), &[("o5.yaml", &without(APP))]).unwrap();
    let body = Body::of(&pinned).unwrap();
    assert_eq!(body.input.parameters["VersionTag"], "v9");
}

fn without(app: &str) -> String {
    let (before, after) = (
        app.find("databases").unwrap(),
        app.find("runtimes").unwrap(),
    );
    format!("{}{}", &app[..before], &app[after..])
}

#[test]
fn a_commit_that_makes_nothing_says_where_it_is_wrong() {
    let spec = unmade(&json!({ "branch": "main" }));
    let app = without(APP);
    let wrong = app.replace("image: { name: shop }", "imag: { name: shop }");
    for (files, words) in [
        (&[][..], "there is no application file of o5"),
        (
            &[("o5.yaml", app.as_str()), ("o5.yml", &app)],
            "o5.yaml:1:1: o5.yml is an application file as well",
        ),
        (&[("o5.yaml", wrong.as_str())], "o5.yaml:4:"),
        (&[("ext/o5/app.yml", "name: [")], "ext/o5/app.yml:1:"),
    ] {
        let why = comes_of(&spec, &asking(&[]), files).unwrap_err();
        assert!(why.summary.contains(words), "{why:?}");
        assert!(
            why.summary.contains("cannot be made of 6113728f27"),
            "{why:?}"
        );
        assert!(
            !why.summary.contains(".source") && !why.hint.is_empty(),
            "{why:?}"
        );
    }
    let look = Service.fetches(&asking(&[]), &spec).unwrap().unwrap();
    let gone = sources::sight(look.about, None);
    let why = Service
        .fetched(&asking(&[]), &spec, estate().bundle(), &gone)
        .unwrap_err();
    assert!(why.summary.ends_with("has no refs/heads/main"), "{why:?}");
}

/// Where it runs is checked before anything is pushed.
#[test]
fn the_estates_own_files_are_checked_without_the_repository() {
    let stack: StackId = "nowhere/shop".parse().unwrap();
    let read = Service.read(&stack, &entry(&json!({})), &estate());
    let Read::Wrong(found) = read else {
        panic!("{read:?}")
    };
    assert!(
        found.to_string().contains("has no environment \"nowhere\""),
        "{found}"
    );
    let spec = unmade(&json!({}));
    let mut record = ask(Purpose::Deploy, EnvClass::Development).env;
    let place = crate::domain::place::Place::new("aws", "account", "region");
    record.places = [place.of(Some("999999999999"))].into_iter().collect();
    let home = Home {
        name: "dev-eu",
        record: &record,
    };
    let told = Service.lacks(&spec, &home);
    assert_eq!(told.0.len(), 1, "{told:?}");
    let rows = Service.rows(&spec);
    assert!(
        rows.iter().any(|row| row.name.as_str() == "repository"),
        "{rows:?}"
    );
}

#[test]
fn what_an_entry_says_wrong_of_its_repository_is_told_at_its_place() {
    let told = |entry: Value| {
        let environments = ["dev-eu".to_owned(), "prod".to_owned()];
        let mut told = Remarks::default();
        let written = Written {
            app: "shop",
            environments: &environments,
            entry: &entry,
        };
        Service.check(&written, &mut told);
        told.0
            .iter()
            .map(|one| format!("{}: {}", one.path.join("."), one.says))
            .collect::<Vec<_>>()
    };
    assert_eq!(told(entry(&json!({}))), Vec::<String>::new());
    let fine = json!({ "branches": { "main": ["dev-eu", "prod"], "*": ["dev-eu"] } });
    assert_eq!(told(entry(&fine)), Vec::<String>::new());
    for (more, says) in [
        (json!({ "branch": "a..b" }), "branch: \"a..b\""),
        (json!({ "branches": { "x y": ["prod"] } }), "branches.x y: "),
        (
            json!({ "branches": { "main": ["prd"] } }),
            "branches.main.0: shop does not live in \"prd\"",
        ),
        (
            json!({ "branch": "main", "branches": { "main": ["prod"] } }),
            "branches: it says branch and branches",
        ),
        (json!({ "config": "../app.yaml" }), "config: "),
        (
            json!({ "template": "a.yaml" }),
            "repository: repository belongs to o5 files",
        ),
    ] {
        let all = told(entry(&more));
        assert!(
            all.iter().any(|one| one.starts_with(says)),
            "{says}: {all:?}"
        );
    }
    let alone = json!({ "config": "app.yaml", "cluster": "c.yaml", "branch": "main" });
    assert_eq!(
        told(alone),
        ["branch: branch belongs to a repository, and none is named"]
    );
    let bare = json!({ "repository": "https://github.com/acme/shop" });
    let all = told(bare);
    assert!(
        all[0].starts_with("repository: an o5 application needs"),
        "{all:?}"
    );
}

/// In place of the one of the repository, and of the one beside the estate.
#[test]
fn a_file_that_is_given_takes_the_place_of_the_configured_one() {
    let file = |text: &str| SourceFile {
        bytes: text.as_bytes().to_vec(),
        executable: false,
    };
    let other = without(APP).replace("name: web", "name: other");
    let given = |spec: &Spec, flags: &[(&str, &str)], text: &str| {
        let files = estate();
        let made = Service.given(
            &asking(flags),
            spec,
            files.bundle(),
            ("mine.yaml", &file(text)),
        );
        made.unwrap()
    };
    let of_repository = unmade(&json!({ "branch": "main", "migrations": { "main": "db" } }));
    let (made, bundle) = given(&of_repository, &[], &other).unwrap();
    assert_eq!(made.bundle, bundle.digest());
    let body = Body::of(&made).unwrap();
    assert_eq!(
        body.input.parameters.get("VersionTag"),
        None,
        "nobody says one yet"
    );
    assert!(
        body.counts.contains_key("DesiredCountother"),
        "{:?}",
        body.counts
    );
    let name = "mine.yaml".into();
    assert_eq!(made.release.source, Some(Made::Given { name }));
    let both = given(&of_repository, &[("branch", "main")], &other).unwrap_err();
    assert!(
        both.summary.contains("mine.yaml is given, and branch main"),
        "{both:?}"
    );
    let wrong = given(&of_repository, &[], "name: shop\nruntime: []\n").unwrap_err();
    for place in ["made of mine.yaml: mine.yaml:1:1: ", "; mine.yaml:2:1: "] {
        assert!(wrong.summary.contains(place), "{wrong:?}");
    }
    // What is wrong with it alone is told before it goes anywhere, and no secret is repeated.
    let token = format!("ghp_{}", "a1B2".repeat(9));
    let secret = without(APP).replace(
        "image: { name: shop }",
        &format!("image: {{ name: shop }}, env_vars: [{{ name: TOKEN, value: {token} }}]"),
    );
    let told = Service.wrong_given("mine.yaml", &file(&secret)).to_string();
    assert!(
        told.contains("secret in clear text") && !told.contains(&token),
        "{told}"
    );
    assert!(Service.wrong_given("mine.yaml", &file(&other)).is_empty());
    let beside = super::late::files_of(&without(APP), CLUSTER);
    let entry = json!({ "config": "ext/o5/app.yaml", "cluster": "cluster.yaml" });
    let stack: StackId = "dev-eu/shop".parse().unwrap();
    let Read::Rendered(stacks, _) = Service.read(&stack, &entry, &beside) else {
        panic!("it is made of the estate's files")
    };
    let (made, _) = given(&stacks[0].1, &[], &other).unwrap();
    let body = Body::of(&made).unwrap();
    assert!(
        body.counts.contains_key("DesiredCountother"),
        "{:?}",
        body.counts
    );
    let id = uuid::Uuid::new_v5(
        &uuid::uuid!("0d783718-f8fd-4543-ae3d-6382ab0b8178"),
        b"dev-eu",
    );
    for spec in [&of_repository, &stacks[0].1] {
        assert!(Service.is_environment(spec, &id.to_string()));
        assert!(!Service.is_environment(spec, "dev-eu"), "that is its name");
    }
    let template = orders();
    let none = Service.given(&asking(&[]), &template, estate().bundle(), ("a", &file("")));
    assert!(none.is_none(), "a template is no application");
}
