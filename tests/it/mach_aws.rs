//! A configuration of MACH composer on AWS: the real Terraform with the real provider against
//! emulators that nobody here wrote, its states in S3, by the verbs that a person types.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::peers::endpoint;
use crate::program::Program;

const CONFIG: &str =
    "mach_composer: { version: 1, plugins: { aws: { source: mach-composer/aws, version: 0.1.0 } } }
global:
  environment: dev
  cloud: aws
  terraform_config:
    providers: { aws: 5.100.0 }
    remote_state: { plugin: aws, bucket: NAME-states, key_prefix: mach, region: eu-west-1 }
sites:
  - identifier: NAME
    aws: { account_id: \"123456789012\", region: eu-west-1 }
    components:
      - { name: base }
      - name: cart
        deployment: { type: site-component }
        variables: { parameter: \"${component.base.parameter}\" }
        secrets: { token: hunter2secret }
components:
  - { name: base, source: ./modules/base, version: \"1.0.0\", integrations: [aws] }
  - { name: cart, source: ./modules/cart, version: \"2.1.0\", integrations: [aws] }
";

const VARIABLES: &str = "terraform {
  required_providers { aws = { source = \"hashicorp/aws\" } }
}
variable \"component_version\" { type = string }
variable \"environment\" { type = string }
variable \"site\" { type = string }
variable \"variables\" { type = any }
variable \"secrets\" { type = any }
variable \"tags\" { type = any }
";

const BASE: &str = "resource \"aws_ssm_parameter\" \"this\" {
  name  = \"/${var.site}/base\"
  type  = \"String\"
  value = var.component_version
}
output \"parameter\" { value = aws_ssm_parameter.this.name }
";

const CART: &str = "resource \"aws_ssm_parameter\" \"this\" {
  name  = \"/${var.site}/cart\"
  type  = \"SecureString\"
  value = var.secrets.token
  tags  = { after = var.variables.parameter }
}
";

struct Shop {
    program: Program,
    endpoint: String,
    /// Of its site: nobody else's at an emulator that others use too.
    name: String,
}

impl Shop {
    /// An estate in a home of its own, whose providers come from a mirror.
    fn new(endpoint: String) -> Self {
        let shop = Self {
            program: Program::with(&[]),
            endpoint,
            name: format!("s{}", uuid::Uuid::now_v7().simple()),
        };
        let mirror = std::env::var("HOLDPOINT_TERRAFORM_PROVIDERS").unwrap();
        let found =
            format!("provider_installation {{\n  filesystem_mirror {{ path = {mirror:?} }}\n}}\n");
        shop.program.write("tofurc", &found);
        shop.program.write("key", "testing");
        let own = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(shop.path("key"), own).unwrap();
        let terraform = terraform();
        let named = terraform.file_name().unwrap().to_str().unwrap();
        let (rc, key) = (shop.path("tofurc"), shop.path("key"));
        let (rc, key) = (rc.display(), key.display());
        let estate = format!(
            "environments: {{ dev: {{ class: development }} }}
applications:
  shop:
    mach:
      config: main.yml
      program: {named}
      env: {{ AWS_ENDPOINT_URL: \"{}\", AWS_REGION: eu-west-1, TF_CLI_CONFIG_FILE: {rc} }}
      secrets: {{ AWS_ACCESS_KEY_ID: \"file:{key}\", AWS_SECRET_ACCESS_KEY: \"file:{key}\" }}
    environments: [dev]
",
            shop.endpoint
        );
        shop.program.write("holdpoint.yaml", &estate);
        shop.configure("1.0.0");
        for (component, module) in [("base", BASE), ("cart", CART)] {
            let path = format!("modules/{component}/main.tf");
            shop.program.write(&path, &format!("{VARIABLES}{module}"));
        }
        shop
    }

    /// A file of the estate's folder.
    fn path(&self, name: &str) -> PathBuf {
        self.program.estate().with_file_name(name)
    }

    /// The configuration, with this version of its first component.
    fn configure(&self, version: &str) {
        let config = CONFIG.replace("NAME", &self.name);
        let config = config.replace("1.0.0", version);
        self.program.write("main.yml", &config);
    }

    /// What a verb says; it ends well.
    fn says(&self, words: &[&str]) -> String {
        let tools = terraform().parent().unwrap().display().to_string();
        let mut command = self.program.command(words);
        command.env("PATH", format!("{tools}:/usr/bin:/bin"));
        let output = command.output().unwrap();
        let said = [&output.stdout[..], &output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(output.status.success(), "{words:?}: {said}");
        assert!(!said.contains("hunter2"), "{said}");
        said
    }

    fn deploy(&self, flag: &str) {
        let plan = self.says(&["plan", "--for", "deploy", "dev/shop", flag]);
        let subject = plan.lines().find_map(|line| line.strip_prefix("SUBJECT"));
        let subject = subject.unwrap().trim();
        let deploy = ["deploy", "dev/shop", flag, "--subject", subject, "--wait"];
        self.says(&deploy);
    }

    /// Who asks; nobody checks the signature.
    fn somebody(service: &str) -> String {
        let scope = format!("AKIANOBODY/20260101/eu-west-1/{service}/aws4_request");
        format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00")
    }

    /// Makes the bucket of the states.
    async fn bucket(&self) {
        let region = "<LocationConstraint>eu-west-1</LocationConstraint>";
        let answer = client()
            .put(format!("{}/{}-states", self.endpoint, self.name))
            .header("Authorization", Self::somebody("s3"))
            .body(format!("<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{region}</CreateBucketConfiguration>"))
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
    }

    /// Calls a service, as somebody else.
    async fn call(&self, service: &str, target: &str, body: &str) -> String {
        let answer = client()
            .post(&self.endpoint)
            .header("X-Amz-Target", target)
            .header("Content-Type", "application/x-amz-json-1.1")
            .header("Authorization", Self::somebody(service))
            .body(body.to_owned())
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
        answer.text().await.unwrap()
    }

    async fn value(&self, component: &str) -> String {
        let name = format!("/{}/{component}", self.name);
        let body = format!("{{\"Name\":\"{name}\",\"WithDecryption\":true}}");
        let said = self.call("ssm", "AmazonSSM.GetParameter", &body).await;
        let said: serde_json::Value = serde_json::from_str(&said).unwrap();
        said["Parameter"]["Value"].as_str().unwrap().to_owned()
    }
}

fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

/// The program that carries it out.
pub(crate) fn terraform() -> PathBuf {
    std::env::var("HOLDPOINT_TERRAFORM").unwrap().into()
}

/// What is planned is applied, a part after those before it; the file is told to have what serves;
/// what somebody else changes is seen, and put right; everything goes.
async fn lives(endpoint: String) {
    let shop = Shop::new(endpoint);
    shop.bucket().await;
    shop.says(&["apply"]);
    shop.deploy("--auto-approve");
    assert_eq!(shop.value("base").await, "1.0.0");
    assert_eq!(shop.value("cart").await, "hunter2secret");
    let site = format!("dev/shop/{}", shop.name);
    let facts = shop.says(&["show", &site]);
    let state = format!("s3://{0}-states/mach/{0}", shop.name);
    assert!(facts.contains(&state), "{facts}");
    shop.deploy("--refresh-only");
    let facts = shop.says(&["show", &site]);
    let body = format!(
        "{{\"Name\":\"/{}/base\",\"Value\":\"9\",\"Overwrite\":true,\"Type\":\"String\"}}",
        shop.name
    );
    assert!(facts.contains("drift        none"), "{facts}");
    shop.call("ssm", "AmazonSSM.PutParameter", &body).await;
    shop.deploy("--refresh-only");
    let facts = shop.says(&["show", &site]);
    let named = "changed by others: change module.base.aws_ssm_parameter.this";
    assert!(facts.contains(named), "{facts}");
    assert_eq!(shop.value("base").await, "9", "a look changes nothing");
    shop.deploy("--auto-approve");
    assert_eq!(shop.value("base").await, "1.0.0", "it is put right");
    shop.configure("1.1.0");
    let facts = shop.says(&["show", &site]);
    assert!(facts.contains("1.1.0, 1.0.0 runs"), "{facts}");
    shop.deploy("--auto-approve");
    assert_eq!(shop.value("base").await, "1.1.0");
    holds_no_secret(&shop.program.home());
}

/// No file of the store and of what was written tells a secret.
pub(crate) fn holds_no_secret(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            holds_no_secret(&path);
        } else {
            let bytes = std::fs::read(&path).unwrap_or_default();
            let tells = bytes.windows(13).any(|part| part == b"hunter2secret");
            assert!(!tells, "{}", path.display());
        }
    }
}

#[tokio::test]
#[ignore = "needs Terraform, its AWS provider in a mirror, and moto"]
async fn a_real_terraform_with_its_aws_provider_on_moto() {
    lives(endpoint("HOLDPOINT_MOTO")).await;
}

#[tokio::test]
#[ignore = "needs Terraform, its AWS provider in a mirror, and ministack"]
async fn a_real_terraform_with_its_aws_provider_on_ministack() {
    lives(endpoint("HOLDPOINT_MINISTACK")).await;
}
