//! Builds through time, as data: calls at times in, answers out.

mod ran;

use std::time::Duration;

use serde_json::{Value, json};

use super::phase::Kind;
use crate::domain::time::Time;
use crate::sandbox::call::{AwsError, Blob, Call};
use crate::sandbox::levers::lever;
use crate::sandbox::realm::Stored;
use crate::sandbox::service::Reply;
use crate::sandbox::services::ALL;
use crate::sandbox::services::logs::Logs;
use crate::sandbox::services::s3::S3;
use crate::sandbox::who::ACCOUNT;
use crate::sandbox::world::World;

const REGION: &str = "eu-west-1";
const BUILDSPEC: &str = "
version: 0.2
phases:
  install: { runtime-versions: { nodejs: 22 }, commands: [npm ci] }
  pre_build: { commands: ['echo building for ${STAGE}'] }
  build: { commands: [npm test, npm run build] }
  post_build: { commands: [echo done] }
artifacts: { files: ['**/*'], base-directory: dist }
";

struct Stage {
    world: World,
}

impl Stage {
    /// With the buckets `source` (in which `shop.zip` is) and `versions`, and a project.
    fn new() -> Self {
        let mut stage = Self {
            world: World::new(Time(1_790_000_000_000), 3, 1.0),
        };
        for bucket in ["source", "versions"] {
            stage.s3("CreateBucket", json!({ "Bucket": bucket }), b"");
        }
        let place = json!({ "Bucket": "source", "Key": "shop.zip" });
        stage.s3("PutObject", place, b"zip");
        stage.on("CreateProject", project("shop")).unwrap();
        stage
    }

    fn s3(&mut self, action: &str, params: Value, body: &[u8]) {
        let call = Call {
            body: Blob(body.to_vec()),
            ..Call::new("s3", action, params).by(ACCOUNT, REGION)
        };
        self.world.call(self.world.now, &call).answer.unwrap();
    }

    fn on(&mut self, action: &str, params: Value) -> Result<Reply, AwsError> {
        let call = Call::new("codebuild", action, params).by(ACCOUNT, REGION);
        self.world.call(self.world.now, &call).answer
    }

    fn answer(&mut self, action: &str, params: Value) -> Value {
        self.on(action, params).unwrap().tree().clone()
    }

    fn refused(&mut self, action: &str, params: Value) -> (String, String) {
        let error = self.on(action, params).unwrap_err();
        (error.code, error.message)
    }

    fn start(&mut self, params: Value) -> String {
        let build = self.answer("StartBuild", params);
        build["build"]["id"].as_str().unwrap().to_owned()
    }

    fn build(&mut self, id: &str) -> Value {
        self.answer("BatchGetBuilds", json!({ "ids": [id] }))["builds"][0].clone()
    }

    fn wait(&mut self, seconds: u64) {
        let to = self.world.now + Duration::from_secs(seconds);
        self.world.advance(to);
    }

    /// What stands in a stream, without the times.
    fn lines(&self, group: &str) -> Vec<String> {
        let logs: &Logs = self.world.get(ACCOUNT, REGION).unwrap();
        let Some(group) = logs.groups.get(group) else {
            return Vec::new();
        };
        let bare = |text: &str| match text.strip_prefix("[Container] ") {
            Some(rest) => format!("* {}", &rest[27..]),
            None => text.to_owned(),
        };
        group
            .by_time()
            .into_iter()
            .map(|event| bare(event.message.trim_end_matches('\n')))
            .collect()
    }
}

fn project(name: &str) -> Value {
    json!({
        "name": name,
        "source": { "type": "S3", "location": "source/shop.zip", "buildspec": BUILDSPEC },
        "artifacts": { "type": "S3", "location": "versions", "packaging": "ZIP", "name": "shop.zip" },
        "environment": {
            "type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL",
            "environmentVariables": [{ "name": "STAGE", "value": "test" }],
        },
        "serviceRole": "arn:aws:iam::000000000000:role/build",
    })
}

fn with(variables: &[(&str, &str)]) -> Value {
    let rows: Vec<Value> = variables
        .iter()
        .map(|(name, value)| json!({ "name": name, "value": value, "type": "PLAINTEXT" }))
        .collect();
    json!({ "projectName": "shop", "environmentVariablesOverride": rows })
}

fn phases(build: &Value) -> Vec<String> {
    let all = build["phases"].as_array().unwrap().iter();
    all.map(|phase| {
        let status = phase["phaseStatus"].as_str().unwrap_or("-");
        format!("{} {status}", phase["phaseType"].as_str().unwrap())
    })
    .collect()
}

#[test]
fn a_build_goes_through_its_phases_and_leaves_an_archive() {
    let mut stage = Stage::new();
    let mut asked = with(&[("STAGE", "live")]);
    asked["artifactsOverride"] = json!({
        "type": "S3", "location": "versions", "path": "shop", "name": "v7.zip",
        "namespaceType": "NONE", "packaging": "ZIP",
    });
    let id = stage.start(asked);
    let uuid = id.strip_prefix("shop:").unwrap().to_owned();
    let begun = stage.build(&id);
    assert_eq!(phases(&begun), ["SUBMITTED SUCCEEDED", "QUEUED -"]);
    assert_eq!(
        (
            &begun["buildStatus"],
            &begun["currentPhase"],
            &begun["logs"]["groupName"]
        ),
        (&json!("IN_PROGRESS"), &json!("QUEUED"), &Value::Null)
    );

    let mut seen = vec![begun["currentPhase"].clone()];
    let mut sizes = Vec::new();
    while stage.build(&id)["buildComplete"] == json!(false) {
        stage.wait(1);
        let phase = stage.build(&id)["currentPhase"].clone();
        if seen.last() != Some(&phase) {
            seen.push(phase);
            sizes.push(stage.lines("/aws/codebuild/shop").len());
        }
    }
    let names: Vec<&str> = Kind::ALL[1..].iter().map(|kind| kind.name()).collect();
    assert_eq!(seen, names, "each in its order");
    assert!(sizes.windows(2).all(|pair| pair[0] <= pair[1]) && sizes[1] < sizes[5]);

    let done = stage.build(&id);
    assert_eq!(done["buildStatus"], json!("SUCCEEDED"));
    let ended: Vec<String> = Kind::ALL[..10]
        .iter()
        .map(|kind| format!("{} SUCCEEDED", kind.name()))
        .chain(["COMPLETED -".to_owned()])
        .collect();
    assert_eq!(phases(&done), ended);
    assert_eq!(done["phases"][6]["durationInSeconds"], json!(14));
    assert_eq!(
        (&done["logs"]["groupName"], &done["logs"]["streamName"]),
        (&json!("/aws/codebuild/shop"), &json!(uuid))
    );
    assert!(done["logs"]["deepLink"].as_str().unwrap().contains(&uuid));

    let lines = stage.lines("/aws/codebuild/shop");
    let tell = [
        "* Waiting for agent ping",
        "*  BUILD: 2 commands",
        "* Phase complete: DOWNLOAD_SOURCE State: SUCCEEDED",
        "* Phase context status code:  Message: ",
        "* Entering phase PRE_BUILD",
        "* Running command echo building for ${STAGE}",
        "building for live",
        "* Entering phase BUILD",
        "* Running command npm run build",
        "built in 3.21s",
        "* Phase complete: BUILD State: SUCCEEDED",
        "* Found 3 file(s)",
        "* Phase complete: UPLOAD_ARTIFACTS State: SUCCEEDED",
    ];
    let mut rest = lines.iter();
    for line in tell {
        assert!(rest.any(|one| one == line), "{line}\n{lines:#?}");
    }

    let s3: &S3 = stage.world.get(ACCOUNT, REGION).unwrap();
    let archive = &s3.buckets["versions"].objects["shop/v7.zip"];
    assert!(archive.blob.0.starts_with(b"PK\x03\x04"));
    assert_eq!(
        done["artifacts"]["location"],
        "arn:aws:s3:::versions/shop/v7.zip"
    );
    assert_eq!(done["artifacts"]["sha256sum"].as_str().unwrap().len(), 64);
}

/// Traps 3 and 4: a build can end in five ways, and one of them is good.
#[test]
fn a_build_ends_as_its_variables_say() {
    let from_download = ["INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD"];
    for (variables, status, at, code, words, goes_on) in [
        (
            &[("EXIT_CODE", "2")][..],
            "FAILED",
            "BUILD",
            "COMMAND_EXECUTION_ERROR",
            "Error while executing command: npm run build. Reason: exit status 2",
            true,
        ),
        (
            &[("ENDS", "INSTALL:FAILED")],
            "FAILED",
            "INSTALL",
            "COMMAND_EXECUTION_ERROR",
            "Error while executing command: npm ci. Reason: exit status 1",
            false,
        ),
        (
            &[("ENDS", "PROVISIONING:FAULT")],
            "FAULT",
            "PROVISIONING",
            "INTERNAL_SERVICE_ERROR",
            "internal error",
            false,
        ),
        (
            &[("ENDS", "BUILD:TIMED_OUT")],
            "TIMED_OUT",
            "BUILD",
            "BUILD_TIMED_OUT",
            "Build has timed out.",
            false,
        ),
        (
            &[("SECONDS", "9999")],
            "TIMED_OUT",
            "BUILD",
            "BUILD_TIMED_OUT",
            "Build has timed out.",
            false,
        ),
    ] {
        let mut stage = Stage::new();
        let id = stage.start(with(variables));
        stage.wait(4_000);
        let done = stage.build(&id);
        assert_eq!(
            (&done["buildStatus"], &done["buildComplete"]),
            (&json!(status), &json!(true)),
            "{variables:?}"
        );
        let all = done["phases"].as_array().unwrap();
        let bad = all
            .iter()
            .find(|phase| phase["phaseStatus"] != "SUCCEEDED")
            .unwrap();
        assert_eq!(
            (
                &bad["phaseType"],
                &bad["phaseStatus"],
                &bad["contexts"][0]["statusCode"]
            ),
            (&json!(at), &json!(status), &json!(code)),
            "{variables:?}"
        );
        assert!(
            bad["contexts"][0]["message"]
                .as_str()
                .unwrap()
                .contains(words),
            "{bad}"
        );
        let has = |name: &str| all.iter().any(|phase| phase["phaseType"] == name);
        assert_eq!(has("POST_BUILD"), goes_on, "{variables:?}");
        if goes_on {
            let told = phases(&done);
            assert!(
                told.contains(&"POST_BUILD SUCCEEDED".to_owned()),
                "{told:?}"
            );
            assert!(
                told.contains(&"UPLOAD_ARTIFACTS FAILED".to_owned()),
                "{told:?}"
            );
        }
        let s3: &S3 = stage.world.get(ACCOUNT, REGION).unwrap();
        assert!(s3.buckets["versions"].objects.is_empty(), "{variables:?}");
        let entered = stage
            .lines("/aws/codebuild/shop")
            .iter()
            .filter(|line| {
                from_download
                    .iter()
                    .any(|name| **line == format!("* Entering phase {name}"))
            })
            .count();
        assert_eq!(
            entered,
            all.iter()
                .filter(|phase| from_download.iter().any(|name| phase["phaseType"] == *name))
                .count()
        );
    }
}

/// As at AWS: that a build failed does not say that it left nothing.
#[test]
fn what_was_built_is_brought_away_although_the_commands_after_it_failed() {
    let mut stage = Stage::new();
    let id = stage.start(with(&[("ENDS", "POST_BUILD:FAILED")]));
    stage.wait(4_000);
    let done = stage.build(&id);
    assert_eq!(done["buildStatus"], "FAILED");
    let told = phases(&done);
    for phase in ["POST_BUILD FAILED", "UPLOAD_ARTIFACTS SUCCEEDED"] {
        assert!(told.contains(&phase.to_owned()), "{told:?}");
    }
    let s3: &S3 = stage.world.get(ACCOUNT, REGION).unwrap();
    assert_eq!(s3.buckets["versions"].objects.len(), 1);
}

#[test]
fn what_is_missing_or_wrong_fails_where_it_is_needed() {
    for (change, at, code) in [
        (
            json!({ "sourceLocationOverride": "source/none.zip" }),
            "DOWNLOAD_SOURCE",
            "CLIENT_ERROR",
        ),
        (
            json!({ "buildspecOverride": "version: 0.2\nphases: [" }),
            "DOWNLOAD_SOURCE",
            "YAML_FILE_ERROR",
        ),
        (
            json!({ "buildspecOverride": "version: 0.2\nphases: { deploy: { commands: [x] } }" }),
            "DOWNLOAD_SOURCE",
            "YAML_FILE_ERROR",
        ),
        (
            json!({ "buildspecOverride": "version: 0.2\nphases: { pre_build: { commands: [echo a, exit 3, echo b] } }" }),
            "PRE_BUILD",
            "COMMAND_EXECUTION_ERROR",
        ),
        (
            json!({ "artifactsOverride": { "type": "S3", "location": "nowhere", "name": "x", "packaging": "ZIP" } }),
            "UPLOAD_ARTIFACTS",
            "CLIENT_ERROR",
        ),
    ] {
        let mut stage = Stage::new();
        let mut asked = with(&[]);
        asked
            .as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        let id = stage.start(asked);
        stage.wait(120);
        let done = stage.build(&id);
        let all = done["phases"].as_array().unwrap();
        let bad = all
            .iter()
            .find(|phase| phase["phaseStatus"] == "FAILED")
            .unwrap();
        assert_eq!(
            (
                &done["buildStatus"],
                &bad["phaseType"],
                &bad["contexts"][0]["statusCode"]
            ),
            (&json!("FAILED"), &json!(at), &json!(code)),
            "{change}"
        );
        assert!(phases(&done).contains(&"FINALIZING SUCCEEDED".to_owned()));
        assert!(!stage.lines("/aws/codebuild/shop").contains(&"b".to_owned()));
    }
}

#[test]
fn the_lever_fails_or_slows_the_next_build() {
    let mut stage = Stage::new();
    for params in [
        json!({ "stack": "shop", "logical": "BUILD", "reason": "out of luck" }),
        json!({ "stack": "shop", "logical": "QUEUED", "after": 30 }),
    ] {
        let call = lever("Fail", params);
        stage.world.call(stage.world.now, &call).answer.unwrap();
    }
    let (first, second) = (stage.start(with(&[])), stage.start(with(&[])));
    stage.wait(30);
    assert_eq!(stage.build(&first)["currentPhase"], "QUEUED");
    stage.wait(60);
    let bad = stage.build(&first)["phases"][6].clone();
    assert_eq!(bad["contexts"][0]["message"], "out of luck");
    assert_eq!(stage.build(&first)["buildStatus"], "FAILED");
    assert_eq!(stage.build(&second)["buildStatus"], "SUCCEEDED");
}

#[test]
fn a_build_that_is_stopped_ends_there() {
    let mut stage = Stage::new();
    let id = stage.start(with(&[]));
    stage.wait(20);
    let lines = stage.lines("/aws/codebuild/shop").len();
    let stopped = stage.answer("StopBuild", json!({ "id": id }))["build"].clone();
    assert_eq!(
        (&stopped["buildStatus"], &stopped["buildComplete"]),
        (&json!("STOPPED"), &json!(true))
    );
    let told = phases(&stopped);
    assert_eq!(
        told[told.len() - 2..],
        ["BUILD STOPPED", "COMPLETED -"],
        "{told:?}"
    );
    stage.wait(60);
    assert_eq!(stage.build(&id), stopped);
    assert_eq!(stage.lines("/aws/codebuild/shop").len(), lines);
    assert_eq!(
        stage.answer("StopBuild", json!({ "id": id }))["build"],
        stopped
    );
    let s3: &S3 = stage.world.get(ACCOUNT, REGION).unwrap();
    assert!(s3.buckets["versions"].objects.is_empty());
    let (code, message) = stage.refused("StopBuild", json!({ "id": "shop:none" }));
    assert!(code == "ResourceNotFoundException" && message.contains("shop:none"));
}

#[test]
fn a_token_stands_for_its_build_for_a_while() {
    let mut stage = Stage::new();
    let mut asked = with(&[]);
    asked["idempotencyToken"] = json!("t");
    let first = stage.start(asked.clone());
    assert_eq!(stage.start(asked.clone()), first);
    let mut other = with(&[("STAGE", "live")]);
    other["idempotencyToken"] = json!("t");
    assert_eq!(
        stage.refused("StartBuild", other).0,
        "InvalidInputException"
    );
    stage.wait(299);
    assert_eq!(stage.start(asked.clone()), first);
    stage.wait(1);
    assert_ne!(stage.start(asked), first);
    let listed = stage.answer("ListBuildsForProject", json!({ "projectName": "shop" }));
    assert_eq!(listed["ids"].as_array().unwrap().len(), 2);
    assert_eq!(listed["ids"][1], json!(first), "the newest first");
}

#[test]
fn a_world_that_was_stored_goes_on_with_its_builds() {
    let mut stage = Stage::new();
    let id = stage.start(with(&[]));
    stage.wait(15);
    let stored = serde_json::to_string(&stage.world).unwrap();
    let stored: World<Stored> = serde_json::from_str(&stored).unwrap();
    let mut woken = Stage {
        world: stored.wake(ALL).unwrap(),
    };
    for one in [&mut stage, &mut woken] {
        one.wait(60);
    }
    assert_eq!(woken.build(&id), stage.build(&id));
    assert_eq!(
        woken.lines("/aws/codebuild/shop"),
        stage.lines("/aws/codebuild/shop")
    );
    assert_eq!(woken.build(&id)["buildStatus"], "SUCCEEDED");
}

#[test]
fn projects_are_made_once_listed_and_deleted_with_their_builds() {
    let mut stage = Stage::new();
    let code = |refused: (String, String)| refused.0;
    assert_eq!(
        code(stage.refused("CreateProject", project("shop"))),
        "ResourceAlreadyExistsException"
    );
    for (field, value) in [
        ("name", json!("a b")),
        ("source", json!({ "type": "NO_SOURCE" })),
        ("source", json!({ "type": "S3" })),
        ("artifacts", json!({ "type": "S3" })),
        (
            "artifacts",
            json!({ "type": "NO_ARTIFACTS", "location": "x" }),
        ),
        ("serviceRole", Value::Null),
    ] {
        let mut wrong = project("other");
        wrong[field] = value;
        assert_eq!(
            code(stage.refused("CreateProject", wrong)),
            "InvalidInputException",
            "{field}"
        );
    }
    for name in ["alpha", "zeta"] {
        stage.on("CreateProject", project(name)).unwrap();
    }
    let listed = stage.answer("ListProjects", json!({}));
    assert_eq!(listed["projects"], json!(["alpha", "shop", "zeta"]));
    let asked =
        json!({ "names": ["none", "arn:aws:codebuild:eu-west-1:000000000000:project/zeta"] });
    let found = stage.answer("BatchGetProjects", asked);
    assert_eq!(
        (
            &found["projects"][0]["name"],
            &found["projectsNotFound"],
            &found["projects"][0]["timeoutInMinutes"]
        ),
        (&json!("zeta"), &json!(["none"]), &json!(60))
    );
    let id = stage.start(with(&[]));
    for _ in 0..2 {
        stage.answer("DeleteProject", json!({ "name": "shop" }));
    }
    let gone = stage.answer("BatchGetBuilds", json!({ "ids": [id] }));
    assert_eq!(gone["buildsNotFound"], json!([id]));
    assert_eq!(
        code(stage.refused("StartBuild", with(&[]))),
        "ResourceNotFoundException"
    );
}

#[test]
fn long_lists_come_in_pages() {
    let mut stage = Stage::new();
    let mut started: Vec<String> = (0..150).map(|_| stage.start(with(&[]))).collect();
    started.reverse();
    let first = stage.answer("ListBuilds", json!({}));
    let token = first["nextToken"].clone();
    let second = stage.answer("ListBuilds", json!({ "nextToken": token }));
    let of = |page: &Value| page["ids"].as_array().unwrap().clone();
    assert_eq!(
        (of(&first).len(), &second["nextToken"]),
        (100, &Value::Null)
    );
    assert_eq!([of(&first), of(&second)].concat(), started);
    let up = stage.answer("ListBuilds", json!({ "sortOrder": "ASCENDING" }));
    assert_eq!(of(&up)[0], json!(started[149]));
    let (code, _) = stage.refused("BatchGetBuilds", json!({ "ids": started }));
    assert_eq!(code, "InvalidInputException", "more than one call answers");
}

#[test]
fn what_is_not_served_is_refused_by_its_name() {
    let mut stage = Stage::new();
    let mut asked = with(&[]);
    asked["secondarySourcesOverride"] = json!([]);
    let (code, message) = stage.refused("StartBuild", asked);
    assert_eq!(code, "UnknownOperationException");
    assert!(
        message.contains("StartBuild with secondarySourcesOverride"),
        "{message}"
    );
    assert_eq!(
        stage.refused("StartBuildBatch", json!({})).0,
        "UnknownOperationException"
    );
}

/// What a secret is kept in elsewhere is not told by the commands.
#[test]
fn commands_see_the_variables() {
    let mut stage = Stage::new();
    for (name, value) in [("/a/b", "s3cret-b"), ("/a/c", "s3cret-c")] {
        let params = json!({ "Name": name, "Value": value, "Type": "SecureString" });
        let call = Call::new("ssm", "PutParameter", params).by(ACCOUNT, REGION);
        stage.world.call(stage.world.now, &call).answer.unwrap();
    }
    let mut asked = with(&[("PLAIN", "seen")]);
    asked["environmentVariablesOverride"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "name": "KEPT", "value": "/a/b", "type": "PARAMETER_STORE" }));
    asked["buildspecOverride"] = json!(
        "version: 0.2\nenv: { parameter-store: { TOO: /a/c } }\nphases: { build: { commands: [env] } }"
    );
    stage.start(asked.clone());
    stage.wait(60);
    let lines = stage.lines("/aws/codebuild/shop");
    for line in ["KEPT=***", "TOO=***", "PLAIN=seen", "STAGE=test"] {
        assert!(lines.iter().any(|one| one == line), "{lines:#?}");
    }
    assert!(lines.iter().all(|line| !line.contains("s3cret")));

    // One that is not there is named, before any command runs.
    asked["buildspecOverride"] =
        json!("version: 0.2\nenv: { parameter-store: { NO: /a/none } }\nphases: {}");
    let id = stage.start(asked);
    stage.wait(60);
    let build = stage.build(&id);
    assert_eq!(phases(&build)[3], "DOWNLOAD_SOURCE FAILED");
    let message = "parameter does not exist: /a/none";
    assert_eq!(build["phases"][3]["contexts"][0]["message"], message);
}
