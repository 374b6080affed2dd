//! A component that is a container: its image is built by a real buildah and put into a real registry,
//! which wants to know who it is.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;

use crate::cloud::Cloud;
use crate::hands::codebuild::called;
use crate::mach::git;
use crate::peers::endpoint;
use crate::program::Program;
use crate::wire::tagged;

/// What it is built of is nothing else but its own files.
const DOCKERFILE: &str = "FROM scratch AS base
COPY terraform/main.tf /main.tf
FROM base AS release
ARG NODE
LABEL node=$NODE
";

const BUCKET: &str = "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>";

/// Who is signed in at the registry, as docker and the others keep it.
fn credentials(registry: &str) -> String {
    // parts:hunter2push
    format!(r#"{{"auths":{{"{registry}":{{"auth":"cGFydHM6aHVudGVyMnB1c2g="}}}}}}"#)
}

fn estate(cloud: &Cloud, folder: &Path, registry: &str) -> String {
    let folder = folder.display();
    let endpoint = &cloud.endpoint;
    format!(
        "environments:
  dev: {{ class: development, aws: {{ region: eu-west-1, endpoint_url: \"{endpoint}\" }} }}
applications:
  cart:
    component:
      repository: file://{folder}/repository
      image: {{ repository: \"{registry}/shop/cart\", target: release, args: {{ NODE: twenty }}, program: buildah }}
      registry: {{ bucket: parts }}
      env: {{ BUILDAH_ISOLATION: chroot, STORAGE_DRIVER: vfs, CONTAINERS_STORAGE_CONF: {folder}/storage.conf }}
      secret_files: {{ REGISTRY_AUTH_FILE: \"file:{folder}/auth.json\" }}
    environments: [dev]
"
    )
}

#[test]
#[ignore = "needs buildah, and a registry that HOLDPOINT_REGISTRY names"]
fn an_image_is_built_put_into_its_registry_and_registered_by_its_digest() {
    let registry = endpoint("HOLDPOINT_REGISTRY");
    let cloud = Cloud::start();
    let s3 = |method: &str, path: &str, body: &str| {
        let path = format!("/parts{path}");
        called(&cloud.endpoint, "s3", (method, &path), "", body).body
    };
    s3("PUT", "", BUCKET);
    let folder = tempfile::tempdir().unwrap();
    let repository = folder.path().join("repository");
    fs::create_dir_all(repository.join("terraform")).unwrap();
    fs::write(repository.join("terraform/main.tf"), "").unwrap();
    fs::write(repository.join("Dockerfile"), DOCKERFILE).unwrap();
    git(&repository, &["init", "-q", "-b", "main", "."]);
    git(&repository, &["add", "."]);
    git(&repository, &["commit", "-q", "-m", "one"]);
    let head = fs::read_to_string(repository.join(".git/refs/heads/main")).unwrap();
    let version = &head[..7];
    let kept = folder.path().display();
    let storage = format!(
        "[storage]\ndriver = \"vfs\"\nrunroot = \"{kept}/run\"\ngraphroot = \"{kept}/graph\"\n"
    );
    fs::write(folder.path().join("storage.conf"), storage).unwrap();
    let auth = folder.path().join("auth.json");
    fs::write(&auth, credentials(&registry)).unwrap();
    fs::set_permissions(&auth, fs::Permissions::from_mode(0o600)).unwrap();
    let program = Program::with(&[("holdpoint.yaml", &estate(&cloud, folder.path(), &registry))]);
    let deploy = ["deploy", "dev/cart", "--here", "--wait", "--json"];
    program.run(&deploy).ends(0);

    let key = format!("registry/cart/0000000001-{version}.json");
    let registered =
        || -> Value { serde_json::from_str(&s3("GET", &format!("/{key}"), "")).unwrap() };
    let image = registered()["image"].as_str().unwrap().to_owned();
    let at = format!("{registry}/shop/cart@sha256:");
    assert!(image.starts_with(&at), "{image}");

    // Whoever takes it by its digest gets what was built.
    let asked = std::process::Command::new("skopeo")
        .args(["inspect", "--tls-verify=false", "--authfile"])
        .arg(&auth)
        .arg(format!("docker://{image}"))
        .output()
        .unwrap();
    let told: serde_json::Value =
        serde_json::from_slice(&asked.stdout).unwrap_or_else(|_| panic!("{asked:?}"));
    assert_eq!(told["Labels"]["node"], "twenty", "{told}");
    assert!(image.ends_with(told["Digest"].as_str().unwrap()), "{told}");

    // Once more: it is built again, and what is registered stays.
    program.run(&deploy).ends(0);
    assert_eq!(registered()["image"], image.as_str());

    // Who is not signed in is told so, and nothing is registered.
    git(&repository, &["commit", "-q", "--allow-empty", "-m", "two"]);
    fs::write(&auth, "{}").unwrap();
    let refused = program.run(&deploy).ends(1);
    let said = format!("{}{}", refused.out, refused.err);
    assert!(said.contains("push-image"), "{said}");
    let listed = tagged(&s3("GET", "?list-type=2", ""), "Key");
    assert_eq!(listed, std::slice::from_ref(&key), "{said}");
}
