//! Builds whose commands are run outside, as the world is told of them.

use super::*;
use crate::sandbox::errand::{ERRAND, ERRANDS, Ended, News, Next, Told};
use crate::sandbox::zip::zip;

const OK: News = News::Ran(Ended::Exit(0));

impl Stage {
    fn running() -> Self {
        let mut stage = Self::new();
        let on = lever(ERRANDS, json!({ "On": true }));
        stage.world.call(stage.world.now, &on).answer.unwrap();
        stage
    }

    fn hear(&mut self, id: &str, news: News, content: &[u8]) -> Result<Next, AwsError> {
        let told = Told {
            service: "codebuild".to_owned(),
            id: id.to_owned(),
            news,
        };
        let call = Call {
            body: Blob(content.to_vec()),
            ..lever(ERRAND, serde_json::to_value(told).unwrap()).by(ACCOUNT, REGION)
        };
        let reply = self.world.call(self.world.now, &call).answer?;
        Ok(serde_json::from_value(reply.tree().clone()).unwrap())
    }

    fn told(&mut self, id: &str, news: News) -> Next {
        self.hear(id, news, b"").unwrap()
    }

    /// Answers what comes next until it is over; gives the commands.
    fn answered(&mut self, id: &str, ends: impl Fn(&str) -> Ended) -> Vec<String> {
        let mut commands = Vec::new();
        let mut next = self.told(id, News::Taken);
        loop {
            let news = match next {
                Next::Unpack { .. } => News::Unpacked(None),
                Next::Run { command, .. } => {
                    let ended = ends(&command);
                    commands.push(command);
                    News::Ran(ended)
                }
                Next::Pack { .. } => News::Packed(Err("there is no dist".to_owned())),
                Next::Over => return commands,
                Next::GoOn => panic!("nothing comes next"),
            };
            next = self.told(id, news);
        }
    }

    fn waits(&self) -> usize {
        self.world.levers.errands.open.len()
    }
}

fn run(next: &Next) -> (&str, &str) {
    match next {
        Next::Run { command, variables } => (command, &variables["CODEBUILD_BUILD_SUCCEEDING"]),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_build_goes_on_by_what_comes_of_its_commands() {
    let mut stage = Stage::running();
    let id = stage.start(with(&[("STAGE", "live")]));
    assert_eq!(stage.build(&id)["currentPhase"], "PROVISIONING");
    stage.wait(600);
    let Next::Unpack {
        fetch: true,
        variables,
        ..
    } = stage.told(&id, News::Taken)
    else {
        panic!("the source comes first");
    };
    assert_eq!(variables["STAGE"], "live");
    assert_eq!(variables["CODEBUILD_BUILD_ID"], id);
    let next = stage.told(&id, News::Unpacked(None));
    assert_eq!(run(&next), ("npm ci", "1"));
    stage.wait(3);
    let lines = vec!["added 1 package".to_owned(), String::new()];
    assert_eq!(stage.told(&id, News::Lines(lines)), Next::GoOn);
    // The world is the same once it was stored and read.
    let stored = serde_json::to_vec(&stage.world).unwrap();
    let read: World<Stored> = serde_json::from_slice(&stored).unwrap();
    stage.world = read.wake(ALL).unwrap();
    let next = stage.told(&id, OK);
    assert_eq!(run(&next), ("echo building for ${STAGE}", "1"));
    stage.told(&id, OK);
    assert_eq!(stage.build(&id)["currentPhase"], "BUILD");
    let next = stage.told(&id, OK);
    assert_eq!(run(&next), ("npm run build", "1"));
    let next = stage.told(&id, OK);
    assert_eq!(run(&next), ("echo done", "1"));
    let Next::Pack { base, files } = stage.told(&id, OK) else {
        panic!("what was built is packed");
    };
    assert_eq!(
        (base.as_str(), &files[..]),
        ("dist", &["**/*".to_owned()][..])
    );
    let page = zip(&[("index.html".to_owned(), b"<p>".to_vec())]);
    let next = stage.hear(&id, News::Packed(Ok(1)), &page).unwrap();
    assert_eq!((next, stage.waits()), (Next::Over, 0));
    let build = stage.build(&id);
    assert_eq!(build["buildStatus"], "SUCCEEDED");
    assert!(build["artifacts"]["sha256sum"].is_string());
    assert_eq!(
        phases(&build),
        [
            "SUBMITTED SUCCEEDED",
            "QUEUED SUCCEEDED",
            "PROVISIONING SUCCEEDED",
            "DOWNLOAD_SOURCE SUCCEEDED",
            "INSTALL SUCCEEDED",
            "PRE_BUILD SUCCEEDED",
            "BUILD SUCCEEDED",
            "POST_BUILD SUCCEEDED",
            "UPLOAD_ARTIFACTS SUCCEEDED",
            "FINALIZING SUCCEEDED",
            "COMPLETED -",
        ]
    );
    let s3: &S3 = stage.world.get(ACCOUNT, REGION).unwrap();
    assert_eq!(s3.buckets["versions"].objects["shop.zip"].blob.0, page);
    let lines = stage.lines("/aws/codebuild/shop");
    let at = |text: &str| lines.iter().position(|line| line == text).unwrap();
    assert!(at("* Running command npm ci") < at("added 1 package"));
    assert!(at("added 1 package") < at("* Phase complete: INSTALL State: SUCCEEDED"));
    let late = stage.hear(&id, OK, b"").unwrap_err();
    assert!(late.message.contains("is over"), "{late:?}");
}

#[test]
fn what_fails_decides_what_still_comes() {
    let spec = "
version: 0.2
phases:
  install: { commands: [one, two], finally: [tidy, sweep] }
  build: { commands: [three], finally: [four] }
  post_build: { commands: [five] }
artifacts: { files: ['**/*'], base-directory: dist }
";
    for (bad, commands, status, why) in [
        (
            "one",
            "one tidy sweep",
            "INSTALL FAILED",
            "one. Reason: exit status 7",
        ),
        (
            "tidy",
            "one two tidy sweep",
            "INSTALL FAILED",
            "tidy. Reason: exit status 7",
        ),
        (
            "three",
            "one two tidy sweep three four five",
            "BUILD FAILED",
            "three. Reason: exit status 7",
        ),
        (
            "five",
            "one two tidy sweep three four five",
            "POST_BUILD FAILED",
            "five. Reason: exit status 7",
        ),
        (
            "none",
            "one two tidy sweep three four five",
            "UPLOAD_ARTIFACTS FAILED",
            "there is no dist",
        ),
    ] {
        let mut stage = Stage::running();
        let id = stage.start(json!({ "projectName": "shop", "buildspecOverride": spec }));
        let ran = stage.answered(&id, |command| {
            Ended::Exit(if command == bad { 7 } else { 0 })
        });
        assert_eq!(ran.join(" "), commands, "{bad}");
        let build = stage.build(&id);
        assert_eq!(build["buildStatus"], "FAILED", "{bad}");
        assert!(
            phases(&build).contains(&status.to_owned()),
            "{bad}: {build}"
        );
        let all = build["phases"].as_array().unwrap().iter();
        let mut said = all.map(|phase| phase["contexts"][0]["message"].as_str().unwrap_or(""));
        assert!(said.any(|said| said.ends_with(why)), "{bad}: {build}");
    }
}

#[test]
fn a_build_is_stopped_takes_too_long_or_is_lost() {
    for (how, status, phase) in [
        ("stop", "STOPPED", "INSTALL STOPPED"),
        ("wait", "TIMED_OUT", "INSTALL TIMED_OUT"),
        ("lose", "FAULT", "INSTALL FAULT"),
        ("delete", "", ""),
    ] {
        let mut stage = Stage::running();
        let mut asked = with(&[]);
        asked["timeoutInMinutesOverride"] = json!(5);
        let id = stage.start(asked);
        stage.told(&id, News::Taken);
        stage.told(&id, News::Unpacked(None));
        stage.wait(299);
        assert_eq!(stage.build(&id)["buildStatus"], "IN_PROGRESS");
        match how {
            "stop" => drop(stage.answer("StopBuild", json!({ "id": id }))),
            "wait" => stage.wait(1),
            "lose" => drop(stage.told(&id, News::Lost("it was killed".to_owned()))),
            _ => drop(stage.answer("DeleteProject", json!({ "name": "shop" }))),
        }
        assert_eq!(stage.waits(), 0, "{how}");
        assert!(stage.hear(&id, OK, b"").is_err(), "{how}");
        if !status.is_empty() {
            let build = stage.build(&id);
            assert_eq!(build["buildStatus"], status);
            assert!(phases(&build).contains(&phase.to_owned()), "{build}");
        }
    }
}

#[test]
fn what_does_not_come_fails_before_the_first_command() {
    for (asked, code, why) in [
        (
            json!({ "sourceLocationOverride": "source/none.zip" }),
            "CLIENT_ERROR",
            "NoSuchKey",
        ),
        (
            json!({ "sourceTypeOverride": "GITHUB", "sourceLocationOverride": "https://x/y" }),
            "CLIENT_ERROR",
            "a source of type GITHUB is nowhere",
        ),
        (
            json!({ "buildspecOverride": "other.yml" }),
            "YAML_FILE_ERROR",
            "YAML file does not exist: other.yml",
        ),
        (
            json!({ "environmentVariablesOverride": [{ "name": "A", "value": "/a", "type": "PARAMETER_STORE" }] }),
            "Decrypted Variables Error",
            "parameter does not exist: /a",
        ),
        (
            json!({ "environmentVariablesOverride": [{ "name": "A", "value": "a", "type": "SECRETS_MANAGER" }] }),
            "Decrypted Variables Error",
            "A is kept in Secrets Manager",
        ),
    ] {
        let mut stage = Stage::running();
        let mut asked = asked;
        asked["projectName"] = json!("shop");
        let id = stage.start(asked);
        assert_eq!(stage.told(&id, News::Taken), Next::Over, "{why}");
        let build = stage.build(&id);
        let context = &build["phases"][3]["contexts"][0];
        assert_eq!(context["statusCode"], code, "{build}");
        assert!(
            context["message"].as_str().unwrap().contains(why),
            "{build}"
        );
    }
}

#[test]
fn a_buildspec_may_stand_in_the_source() {
    let mut stage = Stage::running();
    let spec = "version: 0.2\nenv: { variables: { A: 1, STAGE: x } }\nphases: { build: { commands: [make] } }";
    let source = zip(&[("buildspec.yml".to_owned(), spec.as_bytes().to_vec())]);
    let place = json!({ "Bucket": "source", "Key": "shop.zip" });
    stage.s3("PutObject", place, &source);
    let mut asked = project("own");
    asked["source"] = json!({ "type": "S3", "location": "source/shop.zip" });
    stage.on("CreateProject", asked).unwrap();
    let id = stage.start(json!({ "projectName": "own" }));
    let Next::Unpack { variables, .. } = stage.told(&id, News::Taken) else {
        panic!("the source comes first");
    };
    assert_eq!(
        (variables["A"].as_str(), variables["STAGE"].as_str()),
        ("1", "test")
    );
    let next = stage.told(&id, News::Unpacked(None));
    assert_eq!(run(&next), ("make", "1"));
}
