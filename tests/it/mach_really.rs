//! A configuration of MACH composer by the real Terraform, on things that nobody here wrote: the
//! newest commit of a real repository, and a state kept by HTTP, under its locks.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use crate::mach::git;
use crate::mach_aws::{holds_no_secret, terraform};
use crate::program::Program;

const MODULE: &str = "variable \"variables\" {
  type    = any
  default = {}
}
variable \"secrets\" {
  type    = any
  default = {}
}
resource \"terraform_data\" \"x\" { input = \"VERSION\" }
";

fn config(state: &str, component: &str) -> String {
    format!(
        "mach_composer: {{ version: 1 }}
global:
  environment: dev
  cloud: aws
  terraform_config: {{ remote_state: {state} }}
sites:
  - {{ identifier: nl, components: [{{ name: cart }}] }}
components:
  - {{ name: cart, integrations: [], {component} }}
"
    )
}

struct Shop(Program);

impl Shop {
    fn new(config: &str) -> Self {
        let shop = Self(Program::with(&[]));
        let program = terraform();
        let named = program.file_name().unwrap().to_str().unwrap();
        let estate = format!(
            "environments: {{ dev: {{ class: development }} }}
applications: {{ shop: {{ mach: {{ config: main.yml, program: {named} }}, environments: [dev] }} }}
"
        );
        shop.0.write("holdpoint.yaml", &estate);
        shop.0.write("main.yml", config);
        assert!(shop.run(&["apply"]).1);
        shop
    }

    fn folder(&self) -> PathBuf {
        self.0.estate().parent().unwrap().to_owned()
    }

    /// What a verb says, and whether it ended well.
    fn run(&self, words: &[&str]) -> (String, bool) {
        let tools = terraform().parent().unwrap().display().to_string();
        let mut command = self.0.command(words);
        command.env("PATH", format!("{tools}:/usr/bin:/bin"));
        let output = command.output().unwrap();
        let said = [&output.stdout[..], &output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(!said.contains("hunter2"), "{said}");
        (said, output.status.success())
    }

    fn says(&self, words: &[&str]) -> String {
        let (said, well) = self.run(words);
        assert!(well, "{words:?}: {said}");
        said
    }

    /// The subject that a card shows.
    fn subject(said: &str) -> &str {
        let subject = said.lines().find_map(|line| line.strip_prefix("SUBJECT"));
        subject.unwrap_or_else(|| panic!("{said}")).trim()
    }

    /// What a verb asks for, typed as it says: what comes of it.
    fn answered(&self, words: &[&str]) -> (String, bool) {
        let (said, well) = self.run(words);
        let command = said.lines().find(|line| line.contains(" --subject "));
        let Some(typed) = command.filter(|_| !well) else {
            return (said, well);
        };
        let typed = typed
            .split_whitespace()
            .skip_while(|word| !word.starts_with("--confirm"));
        let typed: Vec<&str> = typed.collect();
        self.run(&[words, &typed].concat())
    }

    fn confirmed(&self, words: &[&str]) {
        let (said, well) = self.answered(words);
        assert!(well, "{words:?}: {said}");
    }

    /// Approves the one hold that is open, once it is, and waits for the end; what its card said.
    fn approve(&self) -> String {
        let mut holds = self.says(&["holds"]);
        let mut left = 300;
        while !holds.contains('#') && left > 0 {
            self.says(&["show", "dev/shop/nl"]);
            holds = self.says(&["holds"]);
            left -= 1;
        }
        let hold = holds.split_whitespace().find(|word| word.starts_with('#'));
        let hold = hold.unwrap_or_else(|| panic!("{holds}")).to_owned();
        let (card, _) = self.run(&["approve", &hold]);
        self.confirmed(&["approve", &hold, "--wait"]);
        card
    }

    fn deploy(&self, flags: &[&str]) -> (String, bool) {
        let plan = ["plan", "--for", "deploy", "dev/shop/nl"];
        let plan = self.says(&[&plan[..], flags].concat());
        let subject = Self::subject(&plan);
        let deploy = ["deploy", "dev/shop/nl", "--subject", subject, "--wait"];
        self.run(&[&deploy[..], flags].concat())
    }
}

/// [O] The newest is found once: what is deployed then is another release, and a rollback brings the
/// commit that was the newest before.
#[test]
#[ignore = "needs Terraform or OpenTofu, named by HOLDPOINT_TERRAFORM"]
fn a_real_terraform_takes_the_newest_commit_and_rolls_back_to_the_one_before() {
    let repository = tempfile::tempdir().unwrap();
    let folder = repository.path();
    git(folder, &["init", "-q", "-b", "main", "."]);
    let commit = |text: &str| {
        let module = MODULE.replace("VERSION", text);
        std::fs::write(folder.join("main.tf"), module).unwrap();
        git(folder, &["add", "."]);
        git(folder, &["commit", "-q", "-m", text]);
    };
    commit("one");
    let component = format!(
        "source: \"git::file://{}\", version: $LATEST",
        folder.display()
    );
    let shop = Shop::new(&config("{ plugin: local }", &component));
    let applied = || {
        let state = shop.0.home().join("lasting/dev/shop/.states/nl.tfstate");
        let state: serde_json::Value =
            serde_json::from_slice(&std::fs::read(state).unwrap()).unwrap();
        let attributes = &state["resources"][0]["instances"][0]["attributes"];
        attributes["input"]["value"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    assert!(shop.deploy(&["--auto-approve"]).1);
    assert_eq!(applied(), "one");
    commit("two");
    let (said, well) = shop.deploy(&["--auto-approve"]);
    assert!(well, "{said}");
    assert_eq!(applied(), "two");
    // One component goes to a version that somebody names, and its file is not touched.
    git(folder, &["tag", "v1", "HEAD~1"]);
    let (said, well) = shop.deploy(&["--auto-approve", "--pin=cart=v1"]);
    assert!(well, "{said}");
    assert_eq!(applied(), "one");
    assert!(shop.deploy(&["--auto-approve"]).1);
    assert_eq!(applied(), "two");
    commit("three");
    shop.confirmed(&["rollback", "dev/shop/nl"]);
    let card = shop.approve();
    assert!(card.contains("input: two -> one"), "{card}");
    assert_eq!(applied(), "one");
}

/// What a server of states keeps.
#[derive(Default)]
struct Kept {
    state: Vec<u8>,
    /// Who has the lock, as Terraform says it of itself.
    lock: Option<String>,
    /// What was called, with what it was signed in by.
    calls: Vec<(String, String)>,
}

/// Serves states as the protocol says, one call after the other.
fn serve(kept: Arc<Mutex<Kept>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for call in listener.incoming() {
            answer(call.unwrap(), &kept);
        }
    });
    at
}

fn answer(mut call: TcpStream, kept: &Mutex<Kept>) {
    let mut from = BufReader::new(call.try_clone().unwrap());
    let mut line = String::new();
    from.read_line(&mut line).unwrap();
    let method = line.split(' ').next().unwrap_or_default().to_owned();
    let mut headers = BTreeMap::new();
    loop {
        line.clear();
        from.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let long = headers
        .get("content-length")
        .and_then(|long| long.parse().ok());
    let mut body = vec![0; long.unwrap_or(0)];
    from.read_exact(&mut body).unwrap();
    let mut kept = kept.lock().unwrap();
    let signed = headers.get("authorization").cloned().unwrap_or_default();
    kept.calls.push((method.clone(), signed));
    let (status, out) = match method.as_str() {
        "GET" if kept.state.is_empty() => ("404 Not Found", Vec::new()),
        "GET" => ("200 OK", kept.state.clone()),
        "LOCK" => {
            if let Some(lock) = &kept.lock {
                ("423 Locked", lock.clone().into_bytes())
            } else {
                kept.lock = Some(String::from_utf8(body).unwrap());
                ("200 OK", Vec::new())
            }
        }
        "UNLOCK" => {
            kept.lock = None;
            ("200 OK", Vec::new())
        }
        _ => {
            kept.state = body;
            ("200 OK", Vec::new())
        }
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        out.len()
    );
    let _ = call.write_all(&[head.as_bytes(), &out].concat());
}

/// [O] A state that somebody else has locked is told with who, and the lock is freed by a person
/// alone; the password of the server stands in no file.
#[test]
#[ignore = "needs Terraform or OpenTofu, named by HOLDPOINT_TERRAFORM"]
fn a_real_terraform_keeps_its_state_by_http_and_frees_a_lock_once_a_person_approves() {
    let kept = Arc::new(Mutex::new(Kept::default()));
    let at = serve(kept.clone());
    let state = format!(
        "{{ plugin: http, address: {at}/nl, lock_address: {at}/nl, unlock_address: {at}/nl, username: ana, password: hunter2secret, retry_max: 0 }}"
    );
    let shop = Shop::new(&config(&state, "source: ./cart, version: v1"));
    shop.0
        .write("cart/main.tf", &MODULE.replace("VERSION", "one"));
    let (said, well) = shop.deploy(&["--auto-approve"]);
    assert!(well, "{said}");
    let lock = {
        let mut kept = kept.lock().unwrap();
        assert!(String::from_utf8_lossy(&kept.state).contains("terraform_data"));
        let methods: Vec<&str> = kept
            .calls
            .iter()
            .map(|(method, _)| method.as_str())
            .collect();
        assert!(
            methods.contains(&"LOCK") && methods.contains(&"POST"),
            "{methods:?}"
        );
        // "ana:hunter2secret"
        let signed = kept
            .calls
            .iter()
            .all(|(_, by)| by == "Basic YW5hOmh1bnRlcjJzZWNyZXQ=");
        assert!(signed, "{:?}", kept.calls);
        assert_eq!(kept.lock, None, "it was freed again");
        let id = "11111111-2222-3333-4444-555555555555";
        let who = format!(
            "{{\"ID\":\"{id}\",\"Operation\":\"OperationTypeApply\",\"Info\":\"\",\"Who\":\"ben@laptop\",\"Version\":\"1.11.4\",\"Created\":\"2026-11-01T10:00:00Z\",\"Path\":\"\"}}"
        );
        kept.lock = Some(who);
        id
    };
    shop.0
        .write("cart/main.tf", &MODULE.replace("VERSION", "two"));
    let (said, well) = shop.deploy(&["--auto-approve"]);
    assert!(!well, "{said}");
    let says = "the state is locked by somebody whom its server does not name";
    assert!(said.contains(says), "{said}");
    let command = format!("holdpoint deploy dev/shop/nl --force-unlock {lock}");
    assert!(said.contains(&command), "{said}");
    let (said, well) = shop.deploy(&["--auto-approve", "--force-unlock", lock]);
    assert!(!well, "it waits for a person: {said}");
    assert!(kept.lock().unwrap().lock.is_some(), "nobody freed it");
    shop.approve();
    assert!(String::from_utf8_lossy(&kept.lock().unwrap().state).contains("two"));
    holds_no_secret(&shop.0.home());
    holds_no_secret(&shop.folder().join("cart"));
}

/// Two that deploy into one state, each from a store of its own: Terraform's lock keeps the second one
/// out, which says who holds it, and goes on once it is free.
#[test]
#[ignore = "needs Terraform or OpenTofu, named by HOLDPOINT_TERRAFORM"]
fn a_real_terraform_is_kept_out_of_a_state_that_another_engine_writes() {
    let kept = tempfile::tempdir().unwrap();
    let (gate, module) = (kept.path().join("gate"), kept.path().join("module"));
    std::fs::create_dir(&module).unwrap();
    // It is applied until somebody opens the gate.
    let waits = format!(
        "resource \"terraform_data\" \"slow\" {{
  provisioner \"local-exec\" {{ command = \"echo begun > {0}.begun; until [ -e {0} ]; do sleep 0.1; done\" }}
}}
",
        gate.display()
    );
    let module_text = MODULE.replace("VERSION", "one") + &waits;
    let shop = || {
        let state = format!(
            "{{ plugin: local, path: {}/states }}",
            kept.path().display()
        );
        let shop = Shop::new(&config(&state, "source: ./module, version: v1"));
        shop.0.write("module/main.tf", &module_text);
        assert!(shop.run(&["apply"]).1);
        shop
    };
    let (first, second) = (shop(), shop());
    let ask = ["deploy", "dev/shop/nl", "--auto-approve"];
    first.confirmed(&ask);
    let begun = gate.with_extension("begun");
    let mut left = 600;
    while !begun.exists() && left > 0 {
        first.says(&["show", "dev/shop/nl"]);
        left -= 1;
    }
    assert!(begun.exists(), "{}", first.says(&["logs", "dev/shop/nl"]));
    let ask = [&ask[..], &["--wait"]].concat();
    let (said, well) = second.answered(&ask);
    assert!(!well, "{said}");
    assert!(said.contains("locked"), "{said}");
    std::fs::write(&gate, "").unwrap();
    let mut shown = first.says(&["show", "dev/shop/nl"]);
    let mut left = 600;
    while !shown.contains("DEPLOYED") && left > 0 {
        shown = first.says(&["show", "dev/shop/nl"]);
        left -= 1;
    }
    second.confirmed(&ask);
}
