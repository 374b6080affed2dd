//! `holdpoint serve` as systemd and a git host meet it: it says where it listens, is well, believes who
//! proves themselves, and ends when it is told to; the door is open whichever engine works.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit as _, Mac as _};
use holdpoint::os::clock::Real;

use crate::cloud::Cloud;
use crate::github::{self, Fault, GitHub};
use crate::program::Program;
use crate::pty::PATIENCE;

const ESTATE: &str = r"
environments:
  dev: { class: development }
applications:
  say:
    script:
      steps:
        one: { command: [echo, hello] }
    environments: [dev]
";
pub(crate) const SECRET: &str = "n7s8x0aSecretOfGitHub";

/// One that runs, and what it logs.
pub(crate) struct Serves {
    pub(crate) child: Child,
    log: Receiver<String>,
    pub(crate) at: SocketAddr,
}

impl Serves {
    pub(crate) fn start(program: &Program) -> Self {
        let secret = program.home().with_file_name("github-secret");
        std::fs::write(&secret, format!("{SECRET}\n")).unwrap();
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
        let reference = format!("file:{}", secret.display());
        let mut child = program
            .command(&[
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--github-secret",
                &reference,
            ])
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (to, log) = channel();
        let err = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in err.lines().map_while(Result::ok) {
                let _ = to.send(line);
            }
        });
        let mut serves = Self {
            child,
            log,
            at: SocketAddr::from(([127, 0, 0, 1], 0)),
        };
        let line = serves.says("listening on http://");
        serves.at = line.rsplit("http://").next().unwrap().parse().unwrap();
        serves
    }

    /// The first line with these words from here on.
    pub(crate) fn says(&self, words: &str) -> String {
        let until = Instant::now() + PATIENCE;
        let mut said = Vec::new();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.log.recv_timeout(left) {
                Ok(line) if line.contains(words) => return line,
                Ok(line) => said.push(line),
                Err(why) => panic!("it never said {words:?}, but {said:#?}: {why}"),
            }
        }
    }

    pub(crate) fn call(&self, request: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.at).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut came = String::new();
        stream.read_to_string(&mut came).unwrap();
        let (head, body) = came.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, body.to_owned())
    }

    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        self.call(&format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"))
    }

    /// Asks until it is well.
    pub(crate) fn is_well(&self) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.get("/healthz") {
                (200, body) => return body,
                (_, body) => assert!(Instant::now() < until, "{body}"),
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub(crate) fn github(&self, event: &str, body: &str, secret: &str) -> (u16, String) {
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(body.as_bytes());
        let signature = hex::encode(mac.finalize().into_bytes());
        self.call(&format!(
            "POST /hooks/github HTTP/1.1\r\nHost: x\r\nX-GitHub-Event: {event}\r\nX-Hub-Signature-256: sha256={signature}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ))
    }
}

pub(crate) fn end(child: &mut Child) -> i32 {
    let told = Command::new("kill")
        .arg(child.id().to_string())
        .status()
        .unwrap();
    assert!(told.success());
    child.wait().unwrap().code().unwrap_or(-1)
}

#[test]
fn it_listens_is_well_and_ends_when_it_is_told_to() {
    let program = Program::with(&[("holdpoint.yaml", ESTATE)]);
    let mut serves = Serves::start(&program);
    let health = serves.is_well();
    assert!(health.contains("\"heartbeat_age_seconds\":"), "{health}");
    let (status, metrics) = serves.get("/metrics");
    assert_eq!(status, 200);
    assert!(metrics.contains("holdpoint_engine_live 1\n"), "{metrics}");
    assert!(
        metrics.contains("holdpoint_stacks{environment=\"dev\","),
        "{metrics}"
    );
    let ping = r#"{"zen":"Keep it logically awesome."}"#;
    assert_eq!(serves.github("ping", ping, SECRET).0, 200);
    assert_eq!(serves.github("ping", ping, "another secret").0, 401);
    let commit = "6113728f27ae82c7b1a177c8d03f9e96e0adf246";
    let push = format!(
        r#"{{"ref":"refs/heads/main","before":"{}","after":"{commit}","deleted":false,"forced":false,"head_commit":{{"id":"{commit}","message":"m"}},"repository":{{"full_name":"acme/docs","html_url":"https://github.com/acme/docs","pushed_at":1}},"sender":{{"login":"ana","id":7}}}}"#,
        "0".repeat(40)
    );
    let (status, says) = serves.github("push", &push, SECRET);
    assert_eq!(status, 200);
    assert!(
        says.contains("nothing follows the branch main of github.com/acme/docs"),
        "{says}"
    );
    // Verbs use this engine, as any other.
    let deployed = program.run(&["deploy", "dev/say", "--wait", "--plain"]);
    assert_eq!(deployed.code, 0, "{deployed:?}");
    assert!(
        serves
            .get("/metrics")
            .1
            .contains("holdpoint_deployment_last_number 1\n")
    );
    let closed = serves.call("POST /hooks/gitlab HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
    assert!(
        closed.0 == 503 && closed.1.contains("--gitlab-secret"),
        "{closed:?}"
    );
    assert_eq!(end(&mut serves.child), 0);
    serves.says("ended; nothing is unfinished");
}

/// A push becomes a deployment, and its commit a check run. The host took it, and the program is
/// killed before it hears that: it is found again, and told to its end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_makes_no_second_check_run_and_loses_no_end() {
    let there = GitHub::open(Arc::new(|| Real::shared().now()), |router| router).await;
    let commit = "6113728f27ae82c7b1a177c8d03f9e96e0adf246";
    there.push("main", commit, Vec::new());
    let cloud = Cloud::start();
    let program = Program::with(&[]);
    std::fs::create_dir_all(program.home().parent().unwrap()).unwrap();
    let key = github::app(&there, program.home().parent().unwrap());
    let estate = format!(
        r#"
environments:
  dev: {{ class: development, account: "000000000000", aws: {{ region: eu-west-1, endpoint_url: "{}" }} }}
applications:
  say:
    script: {{ steps: {{ one: {{ command: [echo, hello] }} }} }}
    environments: [dev]
  docs:
    website:
      domain: example.com
      hosted_zone: Z0123456789
      certificate: "arn:aws:acm:us-east-1:000000000000:certificate/1"
      buckets: {{ live: no-such-bucket, source: sources, version: versions }}
      codebuild_project: sites
      repository: https://github.com/acme/docs
      branch: main
      github_app: {{ id: {}, private_key: {}, api: {}, checks: true }}
    environments: [dev]
"#,
        cloud.endpoint, key["id"], key["private_key"], key["api"]
    );
    program.write("holdpoint.yaml", &estate);
    program
        .run(&["deploy", "dev/say", "--wait", "--plain"])
        .ends(0);
    let mut serves = Serves::start(&program);
    serves.is_well();
    there.fail("acme/docs/check-runs", Fault::Hangs);
    let push = format!(
        r#"{{"ref":"refs/heads/main","before":"{}","after":"{commit}","deleted":false,"forced":false,"head_commit":{{"id":"{commit}","message":"m"}},"repository":{{"full_name":"acme/docs","html_url":"https://github.com/acme/docs","pushed_at":1}},"sender":{{"login":"ana","id":7}}}}"#,
        "0".repeat(40)
    );
    let (status, says) = serves.github("push", &push, SECRET);
    assert!(status == 202 && says.contains("dev/docs"), "{says}");
    let until = |what: &dyn Fn(&[serde_json::Value]) -> bool| {
        let end = Instant::now() + PATIENCE;
        loop {
            let checks = there.checks();
            if what(&checks) {
                return checks;
            }
            assert!(Instant::now() < end, "{checks:#?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    until(&|checks| checks.len() == 1);
    // The deployment does not wait for it.
    let end_by = Instant::now() + PATIENCE;
    while !program
        .run(&["show", "dev/docs", "--json"])
        .out
        .contains("\"FAILED\"")
    {
        assert!(
            Instant::now() < end_by,
            "{:?}",
            program.run(&["show", "dev/docs"])
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_ne!(there.checks()[0]["status"], "completed");
    serves.child.kill().unwrap();
    serves.child.wait().unwrap();
    let mut again = Serves::start(&program);
    let checks = until(&|checks| checks.iter().any(|run| run["status"] == "completed"));
    assert_eq!(checks.len(), 1, "{checks:#?}");
    let run = &checks[0];
    assert_eq!(run["conclusion"], "failure", "{run:#}");
    assert_eq!(run["name"], "holdpoint/dev/docs");
    assert_eq!(run["head_sha"], commit);
    assert!(
        run.to_string().contains("no-such-bucket"),
        "it says why: {run:#}"
    );
    assert!(run.get("details_url").is_none());
    assert_eq!(end(&mut again.child), 0);
}

#[test]
fn the_door_is_open_whichever_engine_works() {
    let program = Program::with(&[("holdpoint.yaml", ESTATE)]);
    let mut engine = program
        .command(&["engine"])
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(engine.stderr.take().unwrap())
        .read_line(&mut first)
        .unwrap();
    assert!(first.contains("engine "), "{first}");
    let mut serves = Serves::start(&program);
    serves.says("another engine works");
    serves.is_well();
    assert_eq!(end(&mut engine), 0);
    // It takes over by itself.
    serves.says(&format!(" of {}", program.home().display()));
    serves.is_well();
    assert_eq!(end(&mut serves.child), 0);
}

#[test]
fn a_secret_is_named_and_never_written_on_the_command_line() {
    let program = Program::with(&[("holdpoint.yaml", ESTATE)]);
    let clear = program.run(&["serve", "--github-secret", "hunter2hunter2"]);
    assert_eq!(clear.code, 2, "{clear:?}");
    assert!(
        clear.err.contains("env:NAME") && !clear.err.contains("hunter2"),
        "{clear:?}"
    );
    let app = program.run(&["serve", "--bitbucket-app", "x", "--public-url", "http://x"]);
    assert!(app.code == 2 && app.err.contains("https://HOST"), "{app:?}");
}

/// What is missing to read a repository of Bitbucket is known before a deployment fails of it, and
/// nobody is asked where it is missing here.
#[test]
fn doctor_says_what_is_missing_to_read_a_repository_of_bitbucket() {
    let cloud = Cloud::start();
    let program = Program::with(&[]);
    let estate = format!(
        r#"
environments:
  dev: {{ class: development, account: "000000000000", aws: {{ region: eu-west-1, endpoint_url: "{}" }} }}
applications:
  docs:
    website:
      domain: example.com
      hosted_zone: Z0123456789
      certificate: "arn:aws:acm:us-east-1:000000000000:certificate/1"
      buckets: {{ live: no-such-bucket, source: sources, version: versions }}
      codebuild_project: sites
      repository: https://bitbucket.org/acme/docs
      bitbucket_app: {{ key: holdpoint-acme }}
    environments: [dev]
"#,
        cloud.endpoint
    );
    program.write("holdpoint.yaml", &estate);
    program.run(&["check"]).ends(0);
    let says = program.run(&["doctor", "--plain"]).ends(1).out;
    let row = says
        .lines()
        .find(|line| line.contains("repository bitbucket.org/acme/docs"));
    let row = row.unwrap_or_else(|| panic!("{says}"));
    assert!(
        row.starts_with("WRONG")
            && row.contains("no installation of the Bitbucket app holdpoint-acme is known")
            && row.contains("holdpoint serve --bitbucket-app holdpoint-acme"),
        "{says}"
    );
    let wrong = estate
        .replace("bitbucket.org/acme/docs", "github.com/acme/docs")
        .replace("holdpoint-acme", "no key");
    program.write("holdpoint.yaml", &wrong);
    let told = program.run(&["check", "--plain"]).ends(2);
    let told = format!("{}{}", told.out, told.err);
    for line in [
        "holdpoint.yaml:12:19",
        "holdpoint.yaml:13:29",
        "no key of an app of Bitbucket",
        "reads no such repository",
    ] {
        assert!(told.contains(line), "no {line} in\n{told}");
    }
}
