//! Builds whose commands are really run here, by a shell.

use std::path::Path;

use serde_json::json;

use super::*;
use crate::os::child;
use crate::os::clock::Real;
use crate::sandbox::services::codebuild::CodeBuild;
use crate::sandbox::services::logs::Logs;
use crate::sandbox::services::s3::S3;
use crate::sandbox::who::ACCOUNT;
use crate::sandbox::zip::zip;
use crate::sandbox::{Clock, Options, Running, SandboxError, run, serve};

const REGION: &str = "eu-west-1";

struct Stage {
    cloud: Running,
}

impl Stage {
    async fn open(state: Option<&Path>) -> Self {
        loop {
            let cloud = serve(Options {
                state: state.map(Path::to_owned),
                clock: Clock::Beat(run::beat(Real::shared())),
                run_builds: true,
                ..Options::default()
            });
            match cloud.await {
                Ok(cloud) => return Self { cloud },
                // The one before it is still letting go.
                Err(SandboxError::Taken { .. }) => tokio::task::yield_now().await,
                Err(why) => panic!("{why}"),
            }
        }
    }

    fn call(&self, service: &str, action: &str, params: Value, body: &[u8]) -> Value {
        let call = Call {
            body: Blob(body.to_vec()),
            ..Call::new(service, action, params).by(ACCOUNT, REGION)
        };
        let answer = self.cloud.shared.call(&call).answer;
        answer.unwrap().tree().clone()
    }

    /// Starts a build of these commands.
    fn start(&self, commands: &[&str]) -> String {
        for bucket in ["source", "versions"] {
            self.call("s3", "CreateBucket", json!({ "Bucket": bucket }), b"");
        }
        let source = zip(&[
            ("page.html".to_owned(), b"<h1>STAGE</h1>".to_vec()),
            ("lib/lines.sh".to_owned(), b"echo from a file".to_vec()),
        ]);
        let place = json!({ "Bucket": "source", "Key": "shop.zip" });
        self.call("s3", "PutObject", place, &source);
        let spec = json!({
            "version": "0.2",
            "env": { "parameter-store": { "TOKEN": "/shop/token" } },
            "phases": { "build": { "commands": commands } },
            "artifacts": { "base-directory": "dist", "files": ["**/*"] },
        });
        let token = json!({ "Name": "/shop/token", "Type": "SecureString", "Value": "hunter2-hunter2", "Overwrite": true });
        self.call("ssm", "PutParameter", token, b"");
        let project = json!({
            "name": "shop",
            "source": { "type": "S3", "location": "source/shop.zip", "buildspec": spec.to_string() },
            "artifacts": { "type": "S3", "location": "versions", "packaging": "ZIP", "name": "shop.zip" },
            "environment": {
                "type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0", "computeType": "BUILD_GENERAL1_SMALL",
                "environmentVariables": [{ "name": "STAGE", "value": "live" }],
            },
            "serviceRole": "arn:aws:iam::000000000000:role/build",
        });
        self.call("codebuild", "CreateProject", project, b"");
        let build = self.call(
            "codebuild",
            "StartBuild",
            json!({ "projectName": "shop" }),
            b"",
        );
        build["build"]["id"].as_str().unwrap().to_owned()
    }

    fn build(&self, id: &str) -> Value {
        self.call("codebuild", "BatchGetBuilds", json!({ "ids": [id] }), b"")["builds"][0].clone()
    }

    async fn until(&self, is: impl Fn(&Self) -> bool) {
        let mut shared = self.cloud.shared.clone();
        while !is(self) {
            assert!(shared.next_beat().await);
        }
    }

    async fn over(&self, id: &str) -> Value {
        self.until(|stage| stage.build(id)["buildComplete"] == true)
            .await;
        self.build(id)
    }

    /// What its commands wrote.
    fn lines(&self) -> Vec<String> {
        self.cloud.look(|world| {
            let logs: &Logs = world.get(ACCOUNT, REGION).unwrap();
            let group = logs.groups.get("/aws/codebuild/shop");
            let all = group.map(|group| group.by_time()).unwrap_or_default();
            let all = all
                .into_iter()
                .map(|event| event.message.trim_end().to_owned());
            all.filter(|line| !line.starts_with("[Container]"))
                .collect()
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buildspec_is_run_and_what_it_made_is_kept() {
    let stage = Stage::open(None).await;
    let id = stage.start(&[
        "mkdir dist && sed \"s/STAGE/$STAGE/\" page.html >dist/index.html",
        ". ./lib/lines.sh; echo \"$TOKEN\"; cd dist; export WHERE=here",
        "echo $WHERE $(basename \"$PWD\"); echo \"$HOME\" >home",
        "env | cut -d= -f1 | sort | grep -v ^CODEBUILD_ | xargs",
    ]);
    let build = stage.over(&id).await;
    assert_eq!(build["buildStatus"], "SUCCEEDED", "{build}");
    assert_eq!(
        stage.lines(),
        [
            "from a file",
            "***",
            "here dist",
            "HOME LANG OLDPWD PATH PWD STAGE TOKEN WHERE"
        ]
    );
    let home = stage.cloud.look(|world| {
        let s3: &S3 = world.get(ACCOUNT, REGION).unwrap();
        let packed = &s3.buckets["versions"].objects["shop.zip"].blob.0;
        let text = String::from_utf8_lossy(packed);
        assert!(text.contains("<h1>live</h1>"), "{text}");
        let (_, home) = text.split_once("home/").unwrap();
        home.split_once('\n').unwrap().0.to_owned()
    });
    assert!(!home.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_fails_is_named_with_how_it_ended() {
    let stage = Stage::open(None).await;
    let id = stage.start(&["seq 3000", "echo before; exit 3", "echo never"]);
    let build = stage.over(&id).await;
    assert_eq!(build["buildStatus"], "FAILED");
    let all = build["phases"].as_array().unwrap();
    let phase = all
        .iter()
        .find(|phase| phase["phaseType"] == "BUILD")
        .unwrap();
    assert_eq!(phase["phaseStatus"], "FAILED");
    assert_eq!(
        phase["contexts"][0]["message"],
        "Error while executing command: echo before; exit 3. Reason: exit status 3"
    );
    let lines = stage.lines();
    assert!(
        (1..=3000)
            .map(|nth| nth.to_string())
            .eq(lines[..3000].iter().cloned())
    );
    assert_eq!(lines[3000..], ["before"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_is_stopped_ends_with_all_that_it_started() {
    let stage = Stage::open(None).await;
    let id = stage.start(&["sleep 600 & echo $!; echo $$; sleep 600"]);
    stage.until(|stage| stage.lines().len() == 2).await;
    let pids: Vec<u32> = stage
        .lines()
        .iter()
        .map(|line| line.parse().unwrap())
        .collect();
    assert!(pids.iter().all(|pid| child::born(*pid).is_some()));
    stage.call("codebuild", "StopBuild", json!({ "id": id }), b"");
    assert_eq!(stage.build(&id)["buildStatus"], "STOPPED");
    stage
        .until(|_| pids.iter().all(|pid| child::born(*pid).is_none()))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_running_when_it_ended_is_over_when_it_begins_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("state");
    let stage = Stage::open(Some(&folder)).await;
    let id = stage.start(&["echo up; sleep 600"]);
    stage.until(|stage| stage.lines() == ["up"]).await;
    drop(stage);
    let again = Stage::open(Some(&folder)).await;
    let build = again.build(&id);
    assert_eq!(build["buildStatus"], "FAULT", "{build}");
    let of_builds = |world: &World| {
        let builds: &CodeBuild = world.get(ACCOUNT, REGION).unwrap();
        builds.builds.len()
    };
    assert_eq!(again.cloud.look(of_builds), 1);
}
