//! Sites whose builds are really run, by npm on this machine, from a repository to the page that is
//! served: from a folder, and from a git host that nobody here wrote.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::cloud::Cloud;
use crate::hands::codebuild::called;
use crate::program::{Program, variables};
use crate::pty::PATIENCE;
use crate::serve::{SECRET, Serves, end};
use crate::wire::{Answer, http};

const BUCKET: &str = "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>";
const LOCK: &str = r#"{ "name": "docs", "version": "1.0.0", "lockfileVersion": 3, "requires": true, "packages": { "": { "name": "docs", "version": "1.0.0" } } }"#;
const BUILD: &str = "const fs = require('fs');\nfs.mkdirSync('dist');\nfs.writeFileSync('dist/index.html', `<h1>${fs.readFileSync('page.txt', 'utf8').trim()}</h1>`);\nconsole.log('made by node');\n";

/// A cloud with all that a site needs, and an estate with one that is built from this repository.
fn stage(repository: &str) -> (Cloud, Program) {
    let cloud = Cloud::with(&["--run-builds"]);
    let at = cloud.endpoint.as_str();
    for bucket in ["acme-live", "acme-sources", "acme-versions"] {
        let made = called(at, "s3", ("PUT", &format!("/{bucket}")), "", BUCKET);
        assert_eq!(made.status, 200, "{made:?}");
    }
    let zone = "<CreateHostedZoneRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Name>example.com.</Name><CallerReference>1</CallerReference></CreateHostedZoneRequest>";
    let made = called(at, "route53", ("POST", "/2013-04-01/hostedzone"), "", zone);
    let (_, zone) = made.body.split_once("/hostedzone/").unwrap();
    let zone = zone.split('<').next().unwrap();
    let project = json!({
        "name": "sites",
        "source": { "type": "NO_SOURCE", "buildspec": "version: 0.2\nphases: {}" },
        "artifacts": { "type": "NO_ARTIFACTS" },
        "environment": { "type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0", "computeType": "BUILD_GENERAL1_SMALL" },
        "serviceRole": "arn:aws:iam::000000000000:role/build",
    });
    let target = "CodeBuild_20161006.CreateProject";
    let made = called(at, "codebuild", ("POST", "/"), target, &project.to_string());
    assert_eq!(made.status, 200, "{made:?}");
    let estate = format!(
        r#"
environments:
  dev: {{ class: development, account: "000000000000", aws: {{ region: eu-west-1, endpoint_url: "{at}" }} }}
applications:
  docs:
    website:
      domain: example.com
      hosted_zone: {zone}
      certificate: "arn:aws:acm:us-east-1:000000000000:certificate/1"
      buckets: {{ live: acme-live, source: acme-sources, version: acme-versions }}
      codebuild_project: sites
      repository: {repository}
      branch: main
      build_command: build
      out_dir: dist
    environments: [dev]
"#
    );
    let program = Program::with(&[("holdpoint.yaml", &estate)]);
    (cloud, program)
}

/// The page that is served.
fn page(cloud: &Cloud) -> String {
    let path = "/acme-live/pipeline/docs/docs/index.html";
    called(&cloud.endpoint, "s3", ("GET", path), "", "").body
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .env_clear()
        .envs(variables(folder))
        .env("GIT_TERMINAL_PROMPT", "0")
        .args(["-c", "user.name=Ana", "-c", "user.email=ana@acme.example"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {said}{why}");
    said
}

/// A repository whose page says this.
fn begin(folder: &Path, says: &str) {
    git(folder, &["init", "-q", "-b", "main", "."]);
    std::fs::write(folder.join("package-lock.json"), LOCK).unwrap();
    std::fs::write(folder.join("build.js"), BUILD).unwrap();
    commit(folder, says, "node build.js");
}

/// A commit of it, with this script as its build.
fn commit(folder: &Path, says: &str, build: &str) {
    let package = json!({ "name": "docs", "version": "1.0.0", "scripts": { "build": build } });
    std::fs::write(folder.join("package.json"), package.to_string()).unwrap();
    std::fs::write(folder.join("page.txt"), says).unwrap();
    git(folder, &["add", "-A"]);
    git(folder, &["commit", "-q", "-m", says]);
}

#[test]
#[ignore = "needs npm; .ci/nightly runs it"]
fn what_npm_makes_of_a_commit_is_served_and_what_fails_is_not() {
    let source = tempfile::tempdir().unwrap();
    begin(source.path(), "first");
    let (cloud, program) = stage(&format!("file://{}", source.path().display()));
    let deploy = || program.run(&["deploy", "dev/docs", "--wait", "--plain"]);
    deploy().ends(0);
    let built = deploy().ends(0);
    assert_eq!(page(&cloud), "<h1>first</h1>", "{built:?}");
    let said = program.run(&["logs", "dev/docs", "--plain"]).out;
    assert!(said.contains("made by node"), "{said}");
    commit(source.path(), "second", "node build.js && exit 3");
    let failed = deploy();
    assert_ne!(failed.code, 0);
    assert!(
        format!("{}{}", failed.out, failed.err).contains("npm run build"),
        "{failed:?}"
    );
    assert_eq!(page(&cloud), "<h1>first</h1>");
    commit(source.path(), "third", "node build.js");
    deploy().ends(0);
    assert_eq!(page(&cloud), "<h1>third</h1>");
}

/// A Gitea, as its owner calls it.
struct Gitea {
    at: String,
    sign_in: String,
}

impl Gitea {
    fn open() -> Self {
        let given = |name: &str| {
            std::env::var(name)
                .unwrap_or_else(|_| panic!("{name} is not set; run .ci/nightly gitea"))
        };
        Self {
            at: given("HOLDPOINT_GITEA"),
            sign_in: given("HOLDPOINT_GITEA_OWNER"),
        }
    }

    fn called(&self, how: &str, path: &str, body: &Value) -> Answer {
        let sign_in = format!("Basic {}", STANDARD.encode(&self.sign_in));
        let headers = [
            ("Authorization", sign_in.as_str()),
            ("Content-Type", "application/json"),
        ];
        let path = format!("/api/v1{path}");
        let answer = http(&self.at, how, &path, &headers, &body.to_string());
        assert!(answer.status < 300, "{how} {path}: {answer:?}");
        answer
    }

    /// Its address with who signs in.
    fn signed(&self) -> String {
        let host = self.at.trim_start_matches("http://");
        format!("http://{}@{host}/acme/docs.git", self.sign_in)
    }
}

/// Stands before a door and keeps what comes there, as it came.
struct Relay {
    at: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Relay {
    fn before(door: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (at, heard) = (listener.local_addr().unwrap(), Arc::default());
        let keeps: Arc<Mutex<Vec<String>>> = Arc::clone(&heard);
        std::thread::spawn(move || {
            for caller in listener.incoming() {
                let mut caller = caller.unwrap();
                let request = whole(&mut caller);
                keeps.lock().unwrap().push(request.clone());
                let mut to = TcpStream::connect(door).unwrap();
                to.write_all(request.as_bytes()).unwrap();
                std::io::copy(&mut to, &mut caller).unwrap();
            }
        });
        Self { at, heard }
    }
}

/// A request with its body; the connection is not kept.
fn whole(from: &mut TcpStream) -> String {
    let (mut from, mut head, mut length) = (BufReader::new(from), String::new(), 0);
    loop {
        let mut line = String::new();
        from.read_line(&mut line).unwrap();
        if let Some((_, value)) = line
            .split_once(": ")
            .filter(|(name, _)| *name == "Content-Length")
        {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body).unwrap();
    format!(
        "{head}Connection: close\r\n\r\n{}",
        String::from_utf8(body).unwrap()
    )
}

fn until(what: &str, is: impl Fn() -> bool) {
    let end = Instant::now() + 2 * PATIENCE;
    while !is() {
        assert!(Instant::now() < end, "never: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
#[ignore = "needs Gitea; .ci/nightly starts it"]
fn a_push_to_gitea_is_built_and_served() {
    let gitea = Gitea::open();
    let (cloud, program) = stage("https://git.acme.example/acme/docs");
    let home = program.home().parent().unwrap().to_owned();
    let instead = format!("url.{}/.insteadOf", gitea.at);
    git(
        &home,
        &["config", "--global", &instead, "https://git.acme.example/"],
    );
    let repository = json!({ "name": "docs", "default_branch": "main" });
    gitea.called("POST", "/user/repos", &repository);
    let source = tempfile::tempdir().unwrap();
    let source = source.path();
    begin(source, "first");
    git(source, &["push", "-q", &gitea.signed(), "main"]);
    program
        .run(&["deploy", "dev/docs", "--wait", "--plain"])
        .ends(0);
    let mut serves = Serves::start(&program);
    serves.is_well();
    let relay = Relay::before(serves.at);
    let hook = json!({
        "type": "gitea", "active": true, "events": ["push", "create", "delete"], "branch_filter": "*",
        "config": { "url": format!("http://{}/hooks/github", relay.at), "content_type": "json", "secret": SECRET },
    });
    gitea.called("POST", "/repos/acme/docs/hooks", &hook);

    commit(source, "second", "node build.js");
    git(source, &["push", "-q", &gitea.signed(), "main"]);
    serves.says("github is answered 202");
    until("the second page", || page(&cloud) == "<h1>second</h1>");
    let deployments = || {
        let (_, metrics) = serves.get("/metrics");
        let said = metrics.split("\nholdpoint_deployment_last_number ").nth(1);
        said.unwrap()
            .lines()
            .next()
            .unwrap()
            .parse::<u64>()
            .unwrap()
    };
    let so_far = deployments();

    git(source, &["push", "-q", &gitea.signed(), "main:other"]);
    serves.says("nothing follows the branch other of git.acme.example/acme/docs");
    git(source, &["push", "-q", &gitea.signed(), ":other"]);
    serves.says("delete means nothing here");
    // What the host sent of the second page, once more.
    let heard = relay.heard.lock().unwrap().clone();
    let again = heard
        .iter()
        .find(|request| request.contains("\"ref\": \"refs/heads/main\""));
    let (status, says) = serves.call(again.unwrap());
    assert!(status < 300, "{status} {says}");
    commit(source, "third", "node build.js");
    git(source, &["push", "-q", &gitea.signed(), "main"]);
    until("the third page", || page(&cloud) == "<h1>third</h1>");
    assert_eq!(deployments(), so_far + 1, "by the third page alone");
    assert_eq!(end(&mut serves.child), 0);
}
