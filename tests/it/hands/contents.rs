//! Single files of a commit at GitHub: as they are there, and told from what is no file.

use holdpoint::domain::failure::Retry;
use holdpoint::domain::refs::Commit;
use serde_json::{Value, json};

use super::checks::{COMMIT, OTHER, Scene};
use crate::github::Fault;

fn commit(text: &str) -> Commit {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_file_and_a_folder_are_those_of_exactly_that_commit() {
    let scene = Scene::open().await;
    let (here, who) = (&scene.here, scene.who());
    let files = vec![
        ("ext/o5/app.yaml", "name: shop # caf\u{e9}\n"),
        ("db/1_a.sql", "select 1;\n"),
        ("db/old/0.sql", "select 0;\n"),
    ];
    scene.there.push("main", COMMIT, files);
    scene
        .there
        .push("main", OTHER, vec![("ext/o5/app.yaml", "name: other\n")]);
    scene.there.tag("v1/rc", COMMIT);
    let file = async |of: &str, path: &str| here.file(who, &commit(of), path).await.unwrap();
    let text = "name: shop # caf\u{e9}\n".as_bytes().to_vec();
    assert_eq!(file(COMMIT, "ext/o5/app.yaml").await, Some(text));
    assert_eq!(
        file(OTHER, "ext/o5/app.yaml").await,
        Some(b"name: other\n".to_vec())
    );
    for none in ["ext/o5", "o5.yaml", "ext/o5/app.yam"] {
        assert_eq!(file(COMMIT, none).await, None, "{none}");
    }
    let folder = async |path: &str| here.folder(who, &commit(COMMIT), path).await.unwrap();
    assert_eq!(folder("db").await, Some(vec!["db/1_a.sql".to_owned()]));
    assert_eq!(folder("ext/o5/app.yaml").await, None, "it is no folder");
    assert_eq!(folder("nowhere").await, None);
    let tag = async |name: &str| here.tag(who, &name.parse().unwrap()).await.unwrap();
    assert_eq!(tag("v1/rc").await, Some(commit(COMMIT)));
    assert_eq!(tag("main").await, None, "a branch is no tag");
}

#[tokio::test]
async fn what_is_missing_or_not_told_whole_is_a_failure() {
    let scene = Scene::open().await;
    let (here, who) = (&scene.here, scene.who());
    let gone = commit(&"e".repeat(40));
    let why = here.file(who, &gone, "o5.yaml").await.unwrap_err();
    assert!(
        why.summary.contains("does not give eeeeeeeeee any more"),
        "{why:?}"
    );
    let many: Vec<Value> = (0..1_000)
        .map(|n| json!({ "type": "file", "path": format!("db/{n}.sql") }))
        .collect();
    scene
        .there
        .fail("contents/db", Fault::Says(200, vec![], json!(many)));
    let why = here.folder(who, &commit(COMMIT), "db").await.unwrap_err();
    assert!(why.summary.contains("tells of no others"), "{why:?}");
    let broken = Fault::Says(502, vec![], json!({ "message": "Unicorn!" }));
    scene.there.fail("contents/o5.yaml", broken);
    let why = here
        .file(who, &commit(COMMIT), "o5.yaml")
        .await
        .unwrap_err();
    assert_eq!(why.retry, Retry::Contact, "{why:?}");
}
