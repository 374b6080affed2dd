//! The application shop of the practice estate through its history: each commit takes another way. Without
//! a server of its database, and with a real one.

use std::path::Path;
use std::process::Command;

use holdpoint::sandbox::practice;

use crate::cloud::Cloud;
use crate::peers::endpoint;
use crate::postgres::server;
use crate::program::{Program, Run};

const HISTORY: &str = include_str!("../../config/sandbox/git/shop.history");
/// What its tasks run on.
const GROUND: &str =
    "Resources:\n  Tasks: { Type: AWS::ECS::Cluster, Properties: { ClusterName: practice-o5 } }\n";
/// The secret of its server.
const SECRET: &str = "  Key:\n    Type: AWS::SecretsManager::Secret\n    Properties: { Name: /practice/rds, SecretString: '{\"dbuser\":\"master\",\"dbpass\":\"master-of-tests\"}' }\n";

struct Shop {
    _cloud: Option<Cloud>,
    program: Program,
    folder: tempfile::TempDir,
}

impl Shop {
    /// With the entry of the practice estate, on the embedded cloud.
    fn new(real: bool) -> Self {
        let cloud = Cloud::start();
        let endpoint = cloud.endpoint.clone();
        Self {
            _cloud: Some(cloud),
            ..Self::on(&endpoint, "000000000000", real, HISTORY)
        }
    }

    /// The same on this cloud; `real`: where its database is done for.
    fn on(endpoint: &str, account: &str, real: bool, history: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = practice::file("holdpoint.yaml").unwrap();
        let (_, from) = text.split_once("\n  shop:\n").unwrap();
        let (entry, _) = from.split_once("\n\n").unwrap();
        let repository = format!("file://{}", folder.path().join("shop.git").display());
        let mut entry = entry.replace("file:///practice/shop.git", &repository);
        let cluster = practice::file("cluster.yaml").unwrap();
        let mut cluster = cluster.replace("000000000000", account);
        if real {
            let server = server();
            let env = format!("shop{}-{}", &account[..3], std::process::id());
            entry = entry.replace("databases: dry_run", &format!("environment: {env}"));
            cluster = cluster
                .replace("endpoint: 127.0.0.1", &format!("endpoint: {}", server.host))
                .replace("port: 5432", &format!("port: {}", server.port))
                .replace("full_name: dev", &format!("full_name: {env}"));
        }
        let estate = format!(
            "environments:\n  dev: {{ class: development, aws: {{ region: eu-west-1, endpoint_url: \"{endpoint}\" }} }}\n\
             applications:\n  ground: {{ service: {{ template: ground.yaml }}, environments: [dev] }}\n  shop:\n{entry}\n"
        );
        let program = Program::with(&[
            ("holdpoint.yaml", &estate),
            ("ground.yaml", &format!("{GROUND}{SECRET}")),
            ("cluster.yaml", &cluster),
        ]);
        let shop = Self {
            _cloud: None,
            program,
            folder,
        };
        shop.git(&["init", "--quiet", "--bare", "shop.git"], "");
        shop.git(
            &["-C", "shop.git", "fast-import", "--quiet", "--done"],
            history,
        );
        shop.run(&["deploy", "dev/ground", "--wait"]).ends(0);
        shop
    }

    fn git(&self, words: &[&str], input: &str) {
        let mut git = Command::new("git")
            .args(words)
            .current_dir::<&Path>(self.folder.path())
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut git.stdin.take().unwrap(), input.as_bytes()).unwrap();
        assert!(git.wait().unwrap().success(), "git {words:?}");
    }

    fn run(&self, words: &[&str]) -> Run {
        self.program.run(&[words, &["--here", "--json"]].concat())
    }

    /// Deploys what the branch leads to; what the card says, and the steps as they ended.
    fn deployed(&self) -> (String, serde_json::Value) {
        let says = self.run(&["plan", "dev/shop"]).ends(0).out;
        let ask = ["deploy", "dev/shop", "--wait"];
        let asked = self.run(&ask);
        let done = if asked.code == 2 {
            let card = asked.json()["card"].clone();
            let text = |key: &str| card[key].as_str().unwrap_or_default().to_owned();
            let (words, subject) = (text("confirm"), text("subject"));
            let with = ["--reason", "r", "--confirm", &words, "--subject", &subject];
            self.run(&[&ask[..], &with].concat()).ends(0)
        } else {
            asked.ends(0)
        };
        let steps = done.json()["deployments"][0]["steps"].clone();
        (says, steps)
    }
}

fn state<'a>(steps: &'a serde_json::Value, id: &str) -> &'a str {
    let mut all = steps.as_array().unwrap().iter();
    let found = all.find(|step| step["id"] == id);
    found.map_or("none", |step| step["state"].as_str().unwrap())
}

/// From its first commit to its last, and once more where nothing was pushed.
fn history(shop: &Shop, is_dry: bool) {
    let ways = [
        ("1", "The database", "scale-up", "migrate-main"),
        (
            "2",
            "beside which its databases are migrated",
            "verify-beside",
            "migrate-main-beside",
        ),
        (
            "3",
            "and then the new version comes",
            "verify-before",
            "migrate-main-before",
        ),
        (
            "4",
            "the service stands still",
            "verify-2",
            "migrate-main-2",
        ),
    ];
    for (commit, says, last, migrates) in ways {
        let to = format!("refs/practice/{commit}");
        shop.git(
            &["-C", "shop.git", "update-ref", "refs/heads/main", &to],
            "",
        );
        let (card, steps) = shop.deployed();
        assert!(card.contains(says), "{commit}: {card}");
        assert_eq!(
            card.contains("Nothing of that is done: databases: dry_run"),
            is_dry,
            "{card}"
        );
        assert_eq!(state(&steps, last), "DONE", "{commit}: {steps}");
        assert_eq!(state(&steps, migrates), "DONE", "{commit}: {steps}");
        let stands_still = state(&steps, "scale-down") == "DONE";
        assert_eq!(stands_still, commit == "4", "{steps}");
    }
    let (card, steps) = shop.deployed();
    assert!(
        card.contains("nothing is done, because nothing would change"),
        "{card}"
    );
    assert_eq!(state(&steps, "scale-down"), "SKIPPED", "{steps}");
    assert_eq!(state(&steps, "join"), "DONE", "{steps}");
    let back = shop.run(&["plan", "dev/shop", "--for", "rollback"]).out;
    let back = back.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        back.contains("the code of this release may fail: 0004_cents.sql is breaking"),
        "{back}"
    );
}

#[test]
fn each_commit_of_shop_takes_another_way_and_no_server_is_reached() {
    let shop = Shop::new(false);
    history(&shop, true);
    for about in ["--destroy-database", "--recreate-database", "--db-only"] {
        let said = shop.run(&["deploy", "dev/shop", about]);
        let said = format!("{}{}", said.out, said.err);
        assert!(
            said.contains("about databases, which are left alone"),
            "{said}"
        );
    }
}

#[test]
#[ignore = "needs postgres; .ci/run starts it"]
fn each_commit_of_shop_takes_another_way_on_a_postgres() {
    history(&Shop::new(true), false);
}

/// The third sequence of the source document, and what comes after it, on a cloud that nobody here wrote. It
/// has no listener for a route.
#[test]
#[ignore = "needs ministack and postgres; .ci/run starts them"]
fn each_commit_of_shop_takes_another_way_on_ministack_with_a_postgres() {
    let route = "    routes: [{ prefix: /shop, protocol: HTTP }]\n";
    assert!(HISTORY.contains(route));
    let without = HISTORY.replace(route, "");
    let peer = endpoint("HOLDPOINT_MINISTACK");
    let shop = Shop::on(&peer, "123456789012", true, &without);
    history(&shop, false);
}
