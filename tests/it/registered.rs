//! From a commit to a site: a component publishes a version, and a configuration of MACH composer is
//! deployed with it, where what was published is there.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::cloud::Cloud;
use crate::hands::codebuild::called;
use crate::mach::git;
use crate::program::{Program, Run};

const BUCKET: &str = "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>";

/// A stand-in for Terraform: it fetches modules, and has nothing to change.
const PROGRAM: &str = r#"#!/bin/sh
case "$1" in
  init) mkdir -p .terraform; echo "Downloading git::file:///cart for cart..." ;;
  plan) for word in "$@"; do case "$word" in -out=*) echo plan > "${word#-out=}" ;; esac; done ;;
  show) echo '{"resource_changes":[]}' ;;
  state) echo '{"lineage":"one","serial":1}' ;;
esac
"#;

fn estate(cloud: &Cloud, folder: &Path) -> String {
    let (endpoint, folder) = (&cloud.endpoint, folder.display());
    format!(
        "environments:
  dev: {{ class: development, aws: {{ region: eu-west-1, endpoint_url: \"{endpoint}\" }} }}
applications:
  cart:
    component: {{ repository: \"file://{folder}/cart\", build: [cp, terraform/main.tf, cart.zip], artifact: cart.zip, registry: {{ bucket: parts }} }}
    environments: [dev]
  shop:
    mach: {{ config: main.yml, registry: {{ bucket: parts }}, env: {{ PATH: \"{folder}/bin:/usr/bin:/bin\" }} }}
    environments: [dev]
"
    )
}

fn config(folder: &Path, version: &str) -> String {
    format!(
        "mach_composer: {{ version: 1 }}
global: {{ environment: dev, cloud: aws, terraform_config: {{ remote_state: {{ plugin: local }} }} }}
sites: [{{ identifier: nl, components: [{{ name: cart }}] }}]
components:
  - {{ name: cart, source: \"git::file://{}/cart//terraform\", version: \"{version}\", integrations: [] }}
",
        folder.display()
    )
}

#[test]
fn what_a_site_is_made_of_is_there_before_anything_of_it_is_planned() {
    let cloud = Cloud::start();
    let s3 = |method: &str, path: &str, body: &str| {
        let path = format!("/parts{path}");
        called(&cloud.endpoint, "s3", (method, &path), "", body)
    };
    s3("PUT", "", BUCKET);
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let cart = folder.join("cart");
    std::fs::create_dir_all(cart.join("terraform")).unwrap();
    std::fs::write(cart.join("terraform/main.tf"), "").unwrap();
    git(&cart, &["init", "-q", "-b", "main", "."]);
    git(&cart, &["add", "."]);
    git(&cart, &["commit", "-q", "-m", "one"]);
    let version =
        std::fs::read_to_string(cart.join(".git/refs/heads/main")).unwrap()[..7].to_owned();
    let tool = folder.join("bin/terraform");
    std::fs::create_dir(folder.join("bin")).unwrap();
    std::fs::write(&tool, PROGRAM).unwrap();
    std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o700)).unwrap();
    let program = Program::with(&[
        ("holdpoint.yaml", &estate(&cloud, folder)),
        ("main.yml", &config(folder, &version)),
    ]);
    let deploy = |stack: &str, more: &[&str]| -> Run {
        program.run(&[&["deploy", stack, "--here", "--wait", "--json"], more].concat())
    };
    let says = |run: Run| format!("{}{}", run.out, run.err);

    // Nothing is registered yet: neither is anything planned.
    let said = says(deploy("dev/shop/nl", &[]).ends(1));
    let expected = format!("cart {version} is not registered in s3://parts/registry/cart/");
    assert!(said.contains(&expected), "{said}");

    deploy("dev/cart", &[]).ends(0);
    deploy("dev/shop/nl", &[]).ends(0);
    let log = program.run(&["logs", "dev/shop/nl", "--here"]).ends(0).out;
    let there = format!("{version} is there: s3://parts/cart-{version}.zip, 0 bytes");
    for part in ["FetchModule(cart)", "FetchArtifact(cart)", &there] {
        assert!(log.contains(part), "{part}: {log}");
    }

    // Another one, which was built nowhere.
    program.write("main.yml", &config(folder, "1234567"));
    let said = says(deploy("dev/shop/nl", &[]).ends(1));
    let newest = format!("the newest that is registered is {version}");
    assert!(said.contains(&newest), "{said}");

    // Somebody took away what was registered.
    program.write("main.yml", &config(folder, &version));
    s3("DELETE", &format!("/cart-{version}.zip"), "");
    let said = says(deploy("dev/shop/nl", &["--ignore-change-detection"]).ends(1));
    let gone = format!("s3://parts/cart-{version}.zip is not there any more");
    assert!(said.contains(&gone), "{said}");
}
