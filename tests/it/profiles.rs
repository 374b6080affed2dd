//! Whose key signs: a profile that the estate names, in every way of running, in a shell that is
//! full of somebody else's variables.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use crate::program::Program;

/// An address that notes whose key signed each call, and allows nothing but to ask who one is.
struct Listener {
    endpoint: String,
    keys: Arc<Mutex<Vec<String>>>,
}

impl Listener {
    fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let keys: Arc<Mutex<Vec<String>>> = Arc::default();
        let noted = Arc::clone(&keys);
        // Ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = BufReader::new(stream.unwrap());
                let (mut key, mut length, mut lines) = (String::new(), 0, 0);
                loop {
                    let mut line = String::new();
                    if stream.read_line(&mut line).unwrap_or(0) <= 2 {
                        break;
                    }
                    lines += 1;
                    let line = line.to_lowercase();
                    if let Some((_, rest)) = line.split_once("credential=") {
                        rest.split('/').next().unwrap().clone_into(&mut key);
                    }
                    if let Some(bytes) = line.strip_prefix("content-length:") {
                        length = bytes.trim().parse().unwrap();
                    }
                }
                // Who hangs up without a word has called nobody.
                if lines == 0 {
                    continue;
                }
                let mut body = vec![0; length];
                stream.read_exact(&mut body).unwrap();
                noted.lock().unwrap().push(key);
                let (status, answer) =
                    if String::from_utf8_lossy(&body).contains("GetCallerIdentity") {
                        ("200 OK", WHO)
                    } else {
                        ("403 Forbidden", DENIED)
                    };
                let length = answer.len();
                let _ = write!(
                    stream.get_mut(),
                    "HTTP/1.1 {status}\r\ncontent-type: text/xml\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{answer}"
                );
            }
        });
        Self { endpoint, keys }
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.keys.lock().unwrap())
    }
}

const WHO: &str = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
<Arn>arn:aws:iam::111122223333:user/ana</Arn><UserId>A</UserId><Account>111122223333</Account></GetCallerIdentityResult>\
<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>";
const DENIED: &str =
    "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";

const CONFIG: &str = "[profile on%call]\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = p\n\
[profile other]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = o\n\
[profile sso%eu]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = ops\n\
[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.awsapps.com/start\n";

fn program(profile: &str, endpoint: &str) -> Program {
    let estate = format!(
        "environments:\n  dev: {{ class: development, account: \"111122223333\", \
         aws: {{ profile: \"{profile}\", region: eu-west-1, endpoint_url: \"{endpoint}\" }} }}\n\
         applications:\n  app: {{ service: {{ template: t.yaml, stack_name: c24 }}, environments: [dev] }}\n"
    );
    let template = "Resources: { Topic: { Type: AWS::SNS::Topic } }\n";
    Program::with(&[
        ("holdpoint.yaml", &estate),
        ("t.yaml", template),
        ("aws/config", CONFIG),
    ])
}

/// Runs it in a shell of somebody who works with AWS.
fn run(program: &Program, words: &[&str], elsewhere: &str) -> String {
    let mut command = program.command(words);
    command.env(
        "AWS_CONFIG_FILE",
        program.estate().with_file_name("aws/config"),
    );
    for (name, value) in [
        ("AWS_ACCESS_KEY_ID", "AKIASHELL"),
        ("AWS_SECRET_ACCESS_KEY", "s"),
        ("AWS_SESSION_TOKEN", "s"),
        ("AWS_PROFILE", "other"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ROLE_ARN", "arn:aws:iam::999999999999:role/shell"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere/token"),
        ("AWS_ENDPOINT_URL", elsewhere),
        ("AWS_ENDPOINT_URL_STS", elsewhere),
        ("AWS_ENDPOINT_URL_CLOUDFORMATION", elsewhere),
    ] {
        command.env(name, value);
    }
    let output = command.stdin(Stdio::null()).output().unwrap();
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[test]
fn a_named_profile_signs_in_every_way_of_running() {
    let (named, elsewhere) = (Listener::start(), Listener::start());
    let program = program("on%call", &named.endpoint);
    let ways: [&[&str]; 6] = [
        &["deploy", "dev/app", "--here", "--wait"],
        &["plan", "dev/app", "--here"],
        &["doctor", "--here"],
        &["ls", "--here"],
        &["plan", "dev/app"],
        &["doctor"],
    ];
    for words in ways {
        let told = run(&program, words, &elsewhere.endpoint);
        let keys = named.take();
        assert!(
            keys.iter().all(|key| key == "akiaprofile"),
            "{words:?}: signed by {keys:?}\n{told}"
        );
        // What was proven a moment ago is not asked for again.
        assert!(
            !keys.is_empty() || matches!(words, ["ls" | "doctor", ..]),
            "{words:?} called nobody\n{told}"
        );
    }
    assert_eq!(
        elsewhere.take(),
        [""; 0],
        "nothing goes to an address of the shell"
    );
}

#[test]
fn what_to_do_fits_the_profile() {
    let nobody = Listener::start();
    for (profile, hint) in [
        ("sso%eu", "aws sso login --profile 'sso%eu'"),
        ("on%cal", "did you mean \"on%call\"?"),
        ("on call", "cannot be used"),
    ] {
        let told = run(
            &program(profile, &nobody.endpoint),
            &["doctor", "--here"],
            &nobody.endpoint,
        );
        assert!(told.contains(hint), "no {hint:?} in\n{told}");
    }
    assert_eq!(nobody.take(), [""; 0]);
}
