//! A configuration of MACH composer that SOPS encrypted, by the real tool and a key of age.

use std::path::Path;
use std::process::{Command, Output};

use crate::peers::endpoint;
use crate::program::Program;

const CONFIG: &str = "mach_composer: { version: 1 }
global:
  environment: dev
  cloud: aws
  terraform_config: { remote_state: { plugin: local } }
sites:
  - { identifier: nl, components: [{ name: a, variables: { x: brown }, secrets: { t: hunter2 } }] }
components:
  - { name: a, source: \"git::https://git.example.com/a.git\", version: v1, integrations: [] }
";

const ESTATE: &str = "environments: { dev: { class: development } }
applications: { shop: { mach: { config: main.yml }, environments: [dev] } }
";

fn ran(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output
}

/// Under a key of KMS it is read by whoever may use that key.
#[tokio::test]
#[ignore = "needs sops, named by HOLDPOINT_SOPS, and moto"]
async fn a_configuration_under_a_key_of_kms_is_read_where_kms_is_reached() {
    let sops = std::env::var("HOLDPOINT_SOPS").unwrap();
    let at = endpoint("HOLDPOINT_MOTO");
    let scope = "AKIANOBODY/20260101/eu-west-1/kms/aws4_request";
    let _ = rustls::crypto::ring::default_provider().install_default();
    let made = reqwest::Client::new()
        .post(&at)
        .header("X-Amz-Target", "TrentService.CreateKey")
        .header("Content-Type", "application/x-amz-json-1.1")
        .header(
            "Authorization",
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00"),
        )
        .body("{}")
        .send()
        .await
        .unwrap();
    let made: serde_json::Value = serde_json::from_str(&made.text().await.unwrap()).unwrap();
    let key = made["KeyMetadata"]["Arn"].as_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let main = folder.path().join("main.yml");
    std::fs::write(&main, CONFIG).unwrap();
    std::fs::write(folder.path().join("holdpoint.yaml"), ESTATE).unwrap();
    let tools = Path::new(&sops).parent().unwrap().display().to_string();
    let by = |program: &Path, words: &[&str], at: &str| {
        Command::new(program)
            .args(words)
            .current_dir(folder.path())
            .env_clear()
            .env("HOME", folder.path())
            .env("PATH", &tools)
            .env("AWS_ACCESS_KEY_ID", "AKIANOBODY")
            .env("AWS_SECRET_ACCESS_KEY", "x")
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_ENDPOINT_URL", at)
            .output()
            .unwrap()
    };
    let words = [
        "--disable-version-check",
        "--encrypt",
        "--in-place",
        "--kms",
        key,
        "main.yml",
    ];
    let output = by(Path::new(&sops), &words, &at);
    assert!(output.status.success(), "{output:?}");
    let text = std::fs::read_to_string(&main).unwrap();
    assert!(text.contains(key) && !text.contains("hunter2"), "{text}");
    let render = ["render", "dev/shop/nl", "--estate", "holdpoint.yaml"];
    let output = by(Program::path(), &render, &at);
    let says = String::from_utf8_lossy(&output.stdout);
    assert!(
        says.contains("x = \"brown\"") && !says.contains("hunter2"),
        "{output:?}"
    );
    let output = by(Program::path(), &render, "http://127.0.0.1:9");
    let says = String::from_utf8_lossy(&output.stderr);
    assert!(says.contains("sops cannot decrypt it"), "{says}");
}

/// Encrypted, it is read where its key is, and told where it is not; no letter of a secret stands in
/// what is made of it.
#[test]
#[ignore = "needs sops, named by HOLDPOINT_SOPS, and age-keygen"]
fn an_encrypted_configuration_is_read_in_memory_alone() {
    let sops = std::env::var("HOLDPOINT_SOPS").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let keys = path("keys.txt");
    ran(Command::new("age-keygen").arg("-o").arg(&keys));
    let text = std::fs::read_to_string(&keys).unwrap();
    let public = text.split("public key: ").nth(1).unwrap();
    let public = public.lines().next().unwrap();
    std::fs::write(path("main.yml"), CONFIG).unwrap();
    std::fs::write(path("holdpoint.yaml"), ESTATE).unwrap();
    let words = [
        "--disable-version-check",
        "--encrypt",
        "--in-place",
        "--age",
        public,
    ];
    ran(Command::new(&sops).args(words).arg(path("main.yml")));
    let encrypted = std::fs::read_to_string(path("main.yml")).unwrap();
    assert!(!encrypted.contains("hunter2") && !encrypted.contains("brown"));
    let tools = Path::new(&sops).parent().unwrap().display().to_string();
    let holdpoint = |words: &[&str], key: bool| {
        let mut command = Command::new(Program::path());
        command
            .args(words)
            .current_dir(folder.path())
            .env_clear()
            .env("HOME", folder.path())
            .env("PATH", &tools);
        if key {
            command.env("SOPS_AGE_KEY_FILE", &keys);
        }
        command.output().unwrap()
    };
    let said = |output: &Output| {
        let all = [&output.stdout[..], &output.stderr].concat();
        String::from_utf8_lossy(&all).into_owned()
    };
    let without = holdpoint(&["check"], false);
    let says = said(&without);
    assert_eq!(without.status.code(), Some(2), "{says}");
    assert!(
        says.contains("sops cannot decrypt it") && says.contains("holdpoint.yaml:2:41"),
        "{says}"
    );
    let made = holdpoint(
        &["render", "dev/shop/nl", "--estate", "holdpoint.yaml"],
        true,
    );
    let says = said(&made);
    assert!(made.status.success(), "{says}");
    assert!(
        says.contains("x = \"brown\"")
            && says.contains("var.secrets[\"sites.nl.components.a.secrets.t\"]"),
        "{says}"
    );
    assert!(!says.contains("hunter2"), "{says}");
}
