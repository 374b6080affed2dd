//! Components: a commit of a real repository is built and tested under keepers, and published into the
//! embedded cloud. Each was done once, whenever engines die. Real children run, so the clock is the
//! real one; the seeds live side by side.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use futures_util::future::join_all;
use holdpoint::domain::ask::{Intent, Source};
use holdpoint::domain::deployment::{Deployment, StepState};
use holdpoint::domain::end::End;
use holdpoint::domain::flag::Value;
use holdpoint::domain::ids::StackId;
use holdpoint::exec::process::Process;
use holdpoint::exec::workshop;
use holdpoint::forms::image;
use holdpoint::forms::workshop::{CHECKOUT, DISCARD, PUSH, REGISTER, RUN};
use holdpoint::hosts::Hosts;
use holdpoint::os::clock::Real;
use holdpoint::systems::component::Component;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::SEEDS;
use super::cloud::Cloud;
use super::fate::{Fates, died_everywhere};
use super::life::{Life, Release};
use crate::mach::git;

const KINDS: [&str; 7] = [
    CHECKOUT,
    RUN,
    image::BUILD,
    PUSH,
    image::PUSH,
    REGISTER,
    DISCARD,
];

/// A stand-in for the program: it notes what it is asked, and keeps the digest that it would have put
/// into the registry.
const BUILDAH: &str = r#"#!/bin/sh
case "$1" in
  --version) exit 0 ;;
  build) echo sha256:1 > "$3" ;;
  push) echo "sha256:$(printf '0a%.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32)" > "$3" ;;
esac
echo "$1 of the image" >> "$LEDGER"
sleep 0.1
"#;

pub(super) fn kinds() -> impl Iterator<Item = &'static str> {
    KINDS.into_iter()
}

const STACK: &str = "dev/cart";

#[tokio::test]
async fn a_commit_is_checked_out_and_its_folder_removed_whenever_an_engine_dies() {
    told(CHECKOUT).await;
    told(DISCARD).await;
}

#[tokio::test]
async fn a_component_is_built_and_tested_once() {
    told(RUN).await;
}

#[tokio::test]
async fn a_version_is_published_and_registered_once() {
    told(PUSH).await;
    told(REGISTER).await;
}

#[tokio::test]
async fn an_image_is_built_and_handed_to_its_registry_once() {
    told(image::BUILD).await;
    told(image::PUSH).await;
}

/// A version without its image is none: what a program said of a digest is looked at.
#[tokio::test]
async fn an_image_that_its_registry_does_not_have_is_not_registered() {
    let mut shop = Shop::open(Fates::spared(0)).await;
    shop.registry = registry(false).await;
    let d = shop.deploy(&[]).await;
    let Some(End::Failed { failure }) = &d.end else {
        panic!("{:?}", d.end);
    };
    assert!(failure.summary.contains("is not there"), "{failure:?}");
    let artifact = format!("shop/cart-{}.zip", shop.head());
    assert_eq!(shop.keys(), [artifact], "no version");
}

async fn told(kind: &'static str) {
    let all = (0..SEEDS).map(|seed| lived(Fates::of(seed, kind)));
    died_everywhere(kind, &join_all(all).await);
}

async fn lived(fates: Fates) -> Fates {
    let mut shop = Shop::open(fates).await;
    let d = shop.deploy(&[]).await;
    let told = shop.life.fates.told();
    assert_eq!(d.end, Some(End::Done), "{told}: {:#?}", d.steps);
    let ledger = "build\ntest\nbuild of the image\npush of the image\n";
    assert_eq!(shop.ledger(), ledger, "{told}");
    let version = shop.head();
    let keys = [
        format!("shop/cart-{version}.zip"),
        format!("shop/registry/cart/0000000001-{version}.json"),
    ];
    assert_eq!(shop.keys(), keys, "{told}");
    let work = shop
        .folder
        .path()
        .join("jobs/lasting")
        .join(STACK)
        .join(".work");
    assert_eq!(std::fs::read_dir(work).unwrap().count(), 0, "{told}");
    shop.life.fates
}

/// What is not on the branch that publishes is built and tested, and nothing else; what serves stays.
/// A version that is registered is built again where that is asked for alone, and never becomes
/// another one, whatever is built of it.
#[tokio::test]
async fn what_is_not_on_the_branch_is_not_published() {
    let mut shop = Shop::open(Fates::spared(0)).await;
    let repository = shop.folder.path().join("repository");
    shop.deploy(&[]).await;
    let (keys, first) = (shop.keys(), shop.head());
    git(&repository, &["checkout", "-q", "-b", "feature"]);
    git(&repository, &["commit", "-q", "--allow-empty", "-m", "try"]);
    let d = shop.deploy(&[("branch", "feature")]).await;
    assert_eq!(d.end, Some(End::Done), "{:#?}", d.steps);
    for step in ["push", "push-image", "register"] {
        let run = &d.steps[&step.into()];
        assert!(matches!(run.state, StepState::Skipped), "{run:?}");
    }
    let once = "build\ntest\nbuild of the image\n";
    assert_eq!(shop.ledger(), format!("{once}push of the image\n{once}"));
    assert_eq!(shop.keys(), keys);
    let folds = shop.life.folds();
    let stack = &folds.stacks[&STACK.parse::<StackId>().unwrap()];
    let serves = stack.release.as_ref().unwrap().name.as_str();
    assert!(serves.starts_with(&first), "{serves} of {first}");

    let artifact = format!("shop/cart-{first}.zip");
    let before = shop.object(&artifact);
    for (flags, lines) in [(&[][..], 7), (&[("rebuild", "true")], 10)] {
        let d = shop.deploy(flags).await;
        assert_eq!(d.end, Some(End::Done), "{:#?}", d.steps);
        assert_eq!(
            shop.ledger().lines().count(),
            lines,
            "built again: {flags:?}"
        );
        let now = (shop.keys(), shop.object(&artifact));
        assert_eq!(now, (keys.clone(), before.clone()));
    }
}

/// A build that fails, or makes no file, publishes nothing; neither does a commit without a module.
#[tokio::test]
async fn nothing_is_registered_without_what_it_names() {
    let mut shop = Shop::open(Fates::spared(0)).await;
    let repository = shop.folder.path().join("repository");
    for (file, text, says) in [
        ("test.sh", "#!/bin/sh\nexit 3\n", "exit"),
        (
            "test.sh",
            "#!/bin/sh\nrm dist/cart.zip\n",
            "made no file dist/cart.zip",
        ),
        (
            "test.sh",
            "#!/bin/sh\nln -sf /etc/passwd dist/cart.zip\n",
            "made no file dist/cart.zip",
        ),
    ] {
        program(&repository.join(file), text);
        git(&repository, &["commit", "-q", "-a", "-m", says]);
        let d = shop.deploy(&[]).await;
        let Some(End::Failed { failure }) = &d.end else {
            panic!("{says}: {:?}", d.end);
        };
        assert!(failure.summary.contains(says), "{says}: {failure:?}");
        assert_eq!(shop.keys(), [""; 0], "{says}");
    }
    git(&repository, &["rm", "-q", "-r", "terraform"]);
    git(&repository, &["commit", "-q", "-m", "no module"]);
    let d = shop.deploy(&[]).await;
    let Some(End::Failed { failure }) = &d.end else {
        panic!("{:?}", d.end);
    };
    let says = "there is no Terraform module in terraform of this commit";
    assert!(failure.summary.ends_with(says), "{failure:?}");
}

fn program(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700)).unwrap();
}

/// A registry that has every image that it is asked for, or none.
async fn registry(has: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let digest = format!("sha256:{}", "0a".repeat(32));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut asked = vec![0; 4096];
            let length = stream.read(&mut asked).await.unwrap_or_default();
            let is_manifest = String::from_utf8_lossy(&asked[..length]).contains("/manifests/");
            let status = if is_manifest && !has {
                "404 Not Found"
            } else {
                "200 OK"
            };
            let said = format!(
                "HTTP/1.1 {status}\r\nDocker-Content-Digest: {digest}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
            let _ = stream.write_all(said.as_bytes()).await;
        }
    });
    at.to_string()
}

/// A repository, the bucket, and engines over them.
struct Shop {
    /// The registry of images.
    registry: String,
    folder: tempfile::TempDir,
    cloud: Arc<Cloud>,
    life: Life,
}

impl Shop {
    async fn open(fates: Fates) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repository = folder.path().join("repository");
        std::fs::create_dir_all(repository.join("terraform")).unwrap();
        git(&repository, &["init", "-q", "-b", "main", "."]);
        std::fs::write(repository.join("terraform/main.tf"), "").unwrap();
        // What is built is another thing each time.
        let build = "#!/bin/sh\nmkdir -p dist\necho $HOLDPOINT_VERSION $$ > dist/cart.zip\necho build >> $LEDGER\nsleep 0.1\n";
        program(&repository.join("build.sh"), build);
        let test =
            "#!/bin/sh\ngrep -q $HOLDPOINT_VERSION dist/cart.zip || exit 1\necho test >> $LEDGER\n";
        program(&repository.join("test.sh"), test);
        std::fs::write(repository.join("Dockerfile"), "FROM scratch\n").unwrap();
        std::fs::create_dir(folder.path().join("bin")).unwrap();
        program(&folder.path().join("bin/buildah"), BUILDAH);
        git(&repository, &["add", "."]);
        git(&repository, &["commit", "-q", "-m", "one"]);
        let cloud = Arc::new(Cloud::open(fates.seed).await);
        let place = json!({ "LocationConstraint": "eu-west-1" });
        let bucket = json!({ "Bucket": "parts", "CreateBucketConfiguration": place });
        cloud.call("s3", "CreateBucket", bucket);
        let clock = Real::shared();
        let clients = cloud.clients_by(clock.clone());
        let process = Arc::new(Process::with_keeper(env!("CARGO_BIN_EXE_holdpoint").into()));
        let life = Life::new(
            fates,
            STACK,
            clock.clone(),
            (&clients, &Hosts::of(&clock)),
            workshop::executors(&clients, &process),
            folder.path().join("jobs"),
        )
        .over(&cloud);
        life.environment(Some(Cloud::target()));
        Self {
            registry: registry(true).await,
            folder,
            cloud,
            life,
        }
    }

    async fn deploy(&mut self, flags: &[(&str, &str)]) -> Arc<Deployment> {
        let path = self.folder.path();
        let repository = path.join("repository").display().to_string();
        let entry = json!({
            "repository": format!("file://{repository}"),
            "build": ["./build.sh"],
            "test": ["./test.sh"],
            "artifact": "dist/cart.zip",
            "registry": { "bucket": "parts", "prefix": "shop/" },
            "image": { "repository": format!("{}/shop/cart", self.registry), "program": "buildah" },
            "env": {
                "LEDGER": path.join("ledger"),
                "PATH": format!("{}:/usr/bin:/bin", path.join("bin").display()),
            },
        });
        let release = Release {
            system: &Component,
            entry,
            files: Vec::new(),
        };
        let stack: StackId = STACK.parse().unwrap();
        let attached = vec![release.read(&stack)];
        let mut intent = Intent::deploy(stack, Source::Estate);
        if let Intent::Deploy { flags: own, .. } = &mut intent {
            own.extend(flags.iter().map(|(name, text)| {
                let text = Value::Text((*text).into());
                (name.parse().unwrap(), text)
            }));
        }
        self.life.carried_out(intent, attached).await
    }

    fn ledger(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("ledger")).unwrap()
    }

    /// The version of the newest commit that is checked out in the repository.
    fn head(&self) -> String {
        let head = self.folder.path().join("repository/.git/refs/heads/main");
        std::fs::read_to_string(head).unwrap()[..7].to_owned()
    }

    fn keys(&self) -> Vec<String> {
        let asked = json!({ "Bucket": "parts", "ListType": "2" });
        let listed = self.cloud.call("s3", "ListObjectsV2", asked);
        let all = &listed["ListBucketResult"]["Contents"];
        let all = all.as_array().into_iter().flatten();
        all.map(|one| one["Key"].as_str().unwrap().to_owned())
            .collect()
    }

    fn object(&self, key: &str) -> String {
        let asked = json!({ "Bucket": "parts", "Key": key });
        self.cloud.call("s3", "HeadObject", asked).to_string()
    }
}
