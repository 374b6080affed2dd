//! A service whose application file stands in a repository at GitHub, from the push to the check run:
//! by the door of `serve`, the interface of GitHub and the embedded cloud.

use std::sync::Arc;
use std::time::{Duration, Instant};

use holdpoint::os::clock::Real;
use serde_json::{Value, json};

use crate::cloud::Cloud;
use crate::github::{self, GitHub};
use crate::o5;
use crate::program::Program;
use crate::pty::PATIENCE;
use crate::serve::{SECRET, Serves, end};
use crate::wire::{query, tagged};

const ONE: &str = "6113728f27ae82c7b1a177c8d03f9e96e0adf246";
const WRONG: &str = "0123456789abcdef0123456789abcdef01234567";
const TWO: &str = "89abcdef0123456789abcdef0123456789abcdef";

const APP: &str = "name: shop
runtimes:
  - name: web
    routes:
      - { prefix: /shop/v1, protocol: HTTP }
    containers:
      - { name: main, image: { name: shop } }
";
const WRONG_APP: &str = "name: shop
runtimes:
  - name: web
    containers:
      - { name: main, image: { name: shop }, demand: HUGE }
";

struct Scene {
    there: GitHub,
    cloud: Cloud,
    program: Program,
    serves: Serves,
}

impl Scene {
    async fn open() -> Self {
        let there = GitHub::open(Arc::new(|| Real::shared().now()), |router| router).await;
        let cloud = Cloud::start();
        let program = Program::with(&[("cluster.yaml", &o5::embedded())]);
        let key = github::app(&there, program.home().parent().unwrap());
        let estate = format!(
            r#"
environments:
  dev: {{ class: development, account: "000000000000", aws: {{ region: eu-west-1, endpoint_url: "{}" }} }}
applications:
  shop:
    service:
      repository: https://github.com/acme/docs
      github_app: {{ id: {}, private_key: {}, api: {}, checks: true }}
      branches: {{ main: [dev] }}
      cluster: cluster.yaml
    environments: [dev]
"#,
            cloud.endpoint, key["id"], key["private_key"], key["api"]
        );
        program.write("holdpoint.yaml", &estate);
        program.run(&["check"]).ends(0);
        program.run(&["apply"]).ends(0);
        let serves = Serves::start(&program);
        serves.is_well();
        Self {
            there,
            cloud,
            program,
            serves,
        }
    }

    fn pushed(&self, branch: &str, before: &str, commit: &str, at: u32) -> String {
        let body = json!({
            "ref": format!("refs/heads/{branch}"), "before": before, "after": commit,
            "deleted": commit.bytes().all(|b| b == b'0'), "forced": false,
            "head_commit": { "id": commit, "message": "Mend the shop" },
            "repository": { "full_name": "acme/docs", "html_url": "https://github.com/acme/docs", "pushed_at": at },
            "sender": { "login": "ana", "id": 7 },
        });
        let (status, says) = self.serves.github("push", &body.to_string(), SECRET);
        assert!(status < 300, "{says}");
        let told: Value = serde_json::from_str(&says).unwrap();
        told["outcome"].as_str().unwrap().to_owned()
    }

    fn again(&self, commit: &str) -> String {
        let body = json!({
            "action": "rerequested",
            "check_suite": { "head_branch": "main", "head_sha": commit, "before": null, "after": null },
            "repository": { "full_name": "acme/docs", "html_url": "https://github.com/acme/docs" },
            "sender": { "login": "ana", "id": 7 },
        });
        let (status, says) = self.serves.github("check_suite", &body.to_string(), SECRET);
        assert!(status < 300, "{says}");
        let told: Value = serde_json::from_str(&says).unwrap();
        told["outcome"].as_str().unwrap().to_owned()
    }

    /// The check runs of a commit, once so many of them are over.
    fn over(&self, commit: &str, many: usize) -> Vec<Value> {
        let until = Instant::now() + PATIENCE;
        loop {
            let all = self.there.checks().into_iter();
            let own: Vec<Value> = all.filter(|run| run["head_sha"] == commit).collect();
            let over = own.iter().filter(|run| run["status"] == "completed");
            if over.count() >= many {
                return own;
            }
            let shown = self.program.run(&["show", "dev/shop"]);
            assert!(Instant::now() < until, "{own:#?} {shown:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The version that runs.
    fn runs(&self) -> String {
        let named = [("StackName", "dev-shop")];
        let endpoint = &self.cloud.endpoint;
        let told = query(
            endpoint,
            "cloudformation",
            "2010-05-15",
            "DescribeStacks",
            &named,
        );
        let key = "<ParameterKey>VersionTag</ParameterKey>";
        let (_, rest) = told
            .body
            .split_once(key)
            .unwrap_or_else(|| panic!("{}", told.body));
        tagged(rest, "ParameterValue").swap_remove(0)
    }

    fn shown(&self) -> String {
        self.program
            .run(&["show", "dev/shop", "--json"])
            .ends(0)
            .out
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_is_deployed_by_the_application_file_of_its_commit() {
    let mut scene = Scene::open().await;
    let zero = "0".repeat(40);
    scene
        .there
        .push("main", ONE, vec![("ext/o5/app.yaml", APP)]);

    // Names of branches are whole, tags are none, and what is gone is deployed nowhere.
    assert_eq!(scene.pushed("main-2", &zero, ONE, 1), "nothing");
    assert_eq!(scene.pushed("main", ONE, &zero, 1), "nothing");

    // The file of that commit, and its images.
    assert_eq!(scene.pushed("main", &zero, ONE, 2), "asked");
    let checks = scene.over(ONE, 1);
    assert_eq!(checks.len(), 1, "{checks:#?}");
    assert_eq!(checks[0]["name"], "o5-deploy-dev");
    assert_eq!(checks[0]["conclusion"], "success", "{checks:#?}");
    assert_eq!(scene.runs(), ONE);
    let shown = scene.shown();
    assert!(
        shown.contains(&format!("commit {ONE}")) || shown.contains(ONE),
        "{shown}"
    );
    assert_eq!(scene.pushed("main", &zero, ONE, 2), "known");

    // A file that is wrong: nothing is begun, and the commit says where.
    scene
        .there
        .push("main", WRONG, vec![("ext/o5/app.yaml", WRONG_APP)]);
    assert_eq!(scene.pushed("main", ONE, WRONG, 3), "asked");
    let checks = scene.over(WRONG, 1);
    let failed = &checks[0];
    assert_eq!(
        (&failed["name"], &failed["conclusion"]),
        (&json!("o5-deploy-dev"), &json!("failure"))
    );
    let says = failed["output"]["summary"].as_str().unwrap();
    assert!(
        says.contains("ext/o5/app.yaml:5:") && says.contains("HUGE"),
        "{says}"
    );
    assert!(!says.contains(".source"), "{says}");
    assert_eq!(scene.runs(), ONE);
    let events = scene
        .program
        .run(&["events", "dev/shop", "--json"])
        .ends(0)
        .out;
    assert!(!events.contains(WRONG), "nothing is enqueued: {events}");

    // The button beside an old commit brings nothing back; beside the newest it asks again.
    assert_eq!(scene.again(ONE), "superseded");
    scene.there.push("main", TWO, vec![("o5.yaml", APP)]);
    assert_eq!(scene.pushed("main", WRONG, TWO, 4), "asked");
    let checks = scene.over(TWO, 1);
    assert_eq!(checks[0]["conclusion"], "success", "{checks:#?}");
    assert_eq!(scene.runs(), TWO);
    assert_eq!(scene.again(TWO), "asked");
    let checks = scene.over(TWO, 2);
    assert_eq!(checks.len(), 2, "one for each deployment: {checks:#?}");
    assert_eq!(end(&mut scene.serves.child), 0);
}

/// By commit, branch or tag; the card says of which commit it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_deploys_by_commit_branch_or_tag() {
    let mut scene = Scene::open().await;
    scene
        .there
        .push("main", ONE, vec![("ext/o5/app.yaml", APP)]);
    scene
        .there
        .push("feature/x", TWO, vec![("ext/o5/app.yml", APP)]);
    scene.there.tag("v1", ONE);
    scene
        .there
        .push("two", WRONG, vec![("o5.yaml", APP), ("o5.yml", APP)]);
    let card = scene
        .program
        .run(&["plan", "dev/shop", "--branch", "feature/x"])
        .ends(0);
    let says = format!(
        "It is made of commit {TWO} of https://github.com/acme/docs (refs/heads/feature/x)."
    );
    assert!(card.out.contains(&says), "{}", card.out);
    let deploys = |more: &[&str]| {
        let verb = ["deploy", "dev/shop", "--wait", "--plain"];
        scene.program.run(&[&verb[..], more].concat())
    };
    for (chosen, runs) in [
        (&[][..], ONE),
        (&["--branch", "feature/x"], TWO),
        (&["--tag", "v1"], ONE),
        (&["--commit", TWO], TWO),
    ] {
        deploys(chosen).ends(0);
        assert_eq!(scene.runs(), runs, "{chosen:?}");
    }
    // The images of another version, and the file of the commit.
    deploys(&["--commit", ONE, "--version", "v7"]).ends(0);
    assert_eq!(scene.runs(), "v7");
    for (chosen, words) in [
        (&["--branch", "nowhere"][..], "has no refs/heads/nowhere"),
        (&["--tag", "main"], "has no refs/tags/main"),
        (&["--branch", "main", "--tag", "v1"], "give one of them"),
        (
            &["--branch", "two"],
            "o5.yml is an application file as well",
        ),
        (
            &["--commit", &"e".repeat(40)],
            "does not give eeeeeeeeee any more",
        ),
    ] {
        let told = deploys(chosen);
        assert_ne!(told.code, 0, "{told:?}");
        let said = format!("{}{}", told.out, told.err);
        assert!(said.contains(words), "{chosen:?}: {said}");
    }
    assert_eq!(scene.runs(), "v7");
    // A file by hand, in the environment by its id at o5.
    let id = uuid::Uuid::new_v5(&uuid::uuid!("0d783718-f8fd-4543-ae3d-6382ab0b8178"), b"dev");
    scene.program.write(
        "mine.yaml",
        &APP.replace(
            "image: { name: shop }",
            "image: { name: shop }, command: [serve]",
        ),
    );
    let mine = scene.program.estate().with_file_name("mine.yaml");
    let (stack, mine) = (format!("{id}/shop"), mine.to_str().unwrap().to_owned());
    let by_hand = [
        "deploy",
        &stack,
        "--application",
        &mine,
        "--wait",
        "--plain",
    ];
    scene
        .program
        .run(&[&by_hand[..], &["--version", "v8"]].concat())
        .ends(0);
    assert_eq!(scene.runs(), "v8");
    scene.program.write("mine.yaml", WRONG_APP);
    let told = scene.program.run(&by_hand);
    assert_eq!(told.code, 2, "{told:?}");
    assert!(
        told.err.contains("HUGE") && told.err.contains("mine.yaml:5:"),
        "{told:?}"
    );
    assert!(scene.there.checks().is_empty(), "nobody pushed");
    assert_eq!(end(&mut scene.serves.child), 0);
}
