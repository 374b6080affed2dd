use std::path::Path;

use serde_json::json;

use super::*;
use crate::domain::time::Time;
use crate::sandbox::call::Call;
use crate::sandbox::services::logs::Logs;
use crate::sandbox::{Clock, Options, Running, serve};

async fn subject(folder: &Path) -> String {
    let at = at(folder, "docs");
    let said = run(&["log", "-1", "--format=%s", "refs/heads/main"], "", &at).await;
    said.unwrap().trim().to_owned()
}

/// What is pushed is there, in its order, once; what somebody else put there meanwhile stays.
#[tokio::test]
async fn what_is_pushed_in_the_world_is_in_the_repository() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join(FOLDER);
    for (name, history) in HISTORIES {
        lay_out(&folder, name, history).await.unwrap();
        lay_out(&folder, name, "what is there stays").await.unwrap();
    }
    assert_eq!(subject(&folder).await, "Begin the handbook");
    let push = |number| Push {
        repository: "docs".to_owned(),
        branch: "main".to_owned(),
        number,
    };
    for (number, expected) in [
        (2, "Say how to install it without Ada"),
        (3, "Link to the page about upgrades"),
        // Told twice, done once.
        (3, "Link to the page about upgrades"),
        (4, "Write the page about upgrades"),
        // Somebody who did not see what is there by now.
        (2, "Write the page about upgrades"),
    ] {
        let says = carry_out(&folder, &push(number)).await.unwrap();
        assert_eq!(subject(&folder).await, expected, "{says}");
    }
    let refused = carry_out(&folder, &push(2)).await.unwrap();
    assert!(
        refused.starts_with("rejected: Ben did not see"),
        "{refused}"
    );
    assert!(carry_out(&folder, &push(9)).await.is_err());
}

fn said(cloud: &Running) -> Vec<String> {
    cloud.look(|world| {
        let logs: &Logs = world.get(who::ACCOUNT, "eu-west-1").unwrap();
        let group = &logs.groups["/practice/git/docs"];
        group.since(0).map(|event| event.message.clone()).collect()
    })
}

/// The first build makes somebody push; that is carried out, and told in the log group.
#[tokio::test(flavor = "multi_thread")]
async fn a_push_follows_a_build_and_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let cloud = serve(Options {
        state: Some(state.clone()),
        clock: Clock::Stepped(Time(1_790_000_000_000)),
        story: Some("good".to_owned()),
        ..Options::default()
    })
    .await
    .unwrap();
    let build = json!({ "projectName": "practice-sites" });
    let build = Call::new("codebuild", "StartBuild", build).by(who::ACCOUNT, "eu-west-1");
    cloud.shared.call(&build).answer.unwrap();
    cloud.tick(Duration::from_secs(44));
    let pushes = cloud.look(|world| (world.levers.pushes.len(), world.levers.waiting.len()));
    assert_eq!(pushes, (0, 5));
    while said(&cloud).is_empty() {
        cloud.tick(Duration::from_secs(1));
        tokio::task::yield_now().await;
    }
    let says = said(&cloud);
    assert!(
        says[0].starts_with("Ben pushed ")
            && says[0].ends_with(" to main: Say how to install it without Ada"),
        "{says:?}"
    );
    assert_eq!(
        subject(&state.join(FOLDER)).await,
        "Say how to install it without Ada"
    );
    assert!(cloud.look(|world| world.levers.pushes.is_empty()));
}
