//! A configuration of MACH composer by the verbs that need no engine: checked, drawn, rendered.

use std::path::Path;
use std::process::Command;

use crate::program::Program;

const ESTATE: &str = "environments: { dev: { class: development } }
applications: { shop: { mach: { config: shop/main.yml }, environments: [dev] } }
";

const CONFIG: &str = "mach_composer: { version: 1, deployment: { type: site-component } }
global:
  environment: dev
  cloud: aws
  terraform_config: { remote_state: { plugin: local, path: states } }
sites:
  - identifier: nl
    components:
      - { name: base }
      - { name: cart, variables: { queue: \"${component.base.queue}\" }, secrets: { token: hunter2 } }
  - { identifier: de, components: [{ name: base }] }
components:
  $ref: parts/components.yml
";

const PARTS: &str = "- { name: base, source: ./modules/base, version: v1, integrations: [] }
- { name: cart, source: ./modules/cart, version: v2, integrations: [] }
";

struct Estate(tempfile::TempDir);

impl Estate {
    fn new() -> Self {
        let estate = Self(tempfile::tempdir().unwrap());
        estate.write("holdpoint.yaml", ESTATE);
        estate.write("shop/main.yml", CONFIG);
        estate.write("shop/parts/components.yml", PARTS);
        for module in ["base", "cart"] {
            let path = format!("shop/modules/{module}/main.tf");
            estate.write(&path, "output \"queue\" { value = 1 }\n");
        }
        estate
    }

    fn folder(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// What a verb says, and its code.
    fn run(&self, words: &[&str]) -> (String, Option<i32>) {
        let output = Command::new(Program::path())
            .args(words)
            .args(["--estate", "holdpoint.yaml"])
            .current_dir(self.folder())
            .env_clear()
            .env("HOME", self.folder())
            .output()
            .unwrap();
        let said = [&output.stdout[..], &output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        (said, output.status.code())
    }
}

#[test]
fn the_parts_of_a_configuration_are_drawn_in_their_order() {
    let estate = Estate::new();
    let (said, code) = estate.run(&["graph", "dev/shop"]);
    assert_eq!(code, Some(0), "{said}");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(
        lines,
        [
            "de",
            "  de/base    after de",
            "nl",
            "  nl/base    after nl",
            "    nl/cart  after nl/base",
        ]
    );
    let (said, _) = estate.run(&["graph", "dev/shop", "--format", "dot"]);
    assert!(said.contains("\"nl/base\" -> \"nl/cart\";"), "{said}");
    let (said, _) = estate.run(&["graph", "dev/shop", "--format", "mermaid"]);
    assert!(said.contains("n3 --> n4"), "{said}");
    let (said, code) = estate.run(&["graph", "dev/shpo"]);
    assert!(code == Some(2) && said.contains("did you mean"), "{said}");
}

#[test]
fn what_is_rendered_is_written_once_and_holds_no_secret() {
    let estate = Estate::new();
    let render = || estate.run(&["render", "dev/shop", "--out", "made"]);
    let (said, code) = render();
    assert_eq!(code, Some(0), "{said}");
    let main = estate.folder().join("made/nl/cart/main.tf");
    let text = std::fs::read_to_string(&main).unwrap();
    assert!(!text.contains("hunter2"), "{text}");
    let laid = text.split('"').find(|part| part.contains(".modules/"));
    let laid = main.parent().unwrap().join(laid.unwrap());
    assert!(laid.join("main.tf").exists(), "{text}");
    let written = || std::fs::metadata(&main).unwrap().modified().unwrap();
    let first = written();
    assert_eq!(render().1, Some(0));
    assert_eq!(written(), first, "what says the same stays as it is");
}

#[test]
fn what_is_wrong_is_told_at_once_and_in_its_own_file() {
    let estate = Estate::new();
    estate.write(
        "shop/main.yml",
        &CONFIG.replace("hunter2", "\"${env.NOBODY}\""),
    );
    estate.write(
        "shop/parts/components.yml",
        &PARTS.replace("version: v2", "versoin: v2"),
    );
    let (said, code) = estate.run(&["check"]);
    assert_eq!(code, Some(2), "{said}");
    for part in [
        "shop/main.yml:10",
        "NOBODY",
        "shop/parts/components.yml:2",
        "did you mean \"version\"?",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let estate = Estate::new();
    let module = estate.folder().join("shop/modules/cart/main.tf");
    std::fs::rename(&module, module.with_file_name("README.md")).unwrap();
    let (said, _) = estate.run(&["check"]);
    assert!(
        said.contains("modules/cart holds no Terraform module")
            && said.contains("components.yml:2"),
        "{said}"
    );
}

/// Runs git in a folder.
pub(crate) fn git(folder: &Path, words: &[&str]) {
    let own = ["-c", "user.name=Ana", "-c", "user.email=ana@example.com"];
    let output = Command::new("git")
        .args(own)
        .args(words)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// [O] Versions are read from the history of their repository, and written where they stand: what
/// else the file says stays, letter by letter.
#[test]
fn a_newer_version_is_found_with_its_commits_and_written_in_its_place() {
    let estate = Estate::new();
    let shop = estate.folder().join("cart.git");
    std::fs::create_dir(&shop).unwrap();
    git(&shop, &["init", "-q", "-b", "main", "."]);
    for (n, tag) in [(1, "v1.0.0"), (2, "v1.1.0")] {
        std::fs::write(shop.join("main.tf"), format!("# {n}\n")).unwrap();
        git(&shop, &["add", "."]);
        git(&shop, &["commit", "-q", "-m", &format!("change {n}")]);
        git(&shop, &["tag", tag]);
    }
    let parts = |version: &str| {
        let address = format!("git::file://{}", shop.display());
        format!(
            "# kept as it is\n- {{ name: base, source: ./modules/base, version: v1, integrations: [] }}\n- name: cart # here\n  version: {version}\n  source: \"{address}\"\n  integrations: []\n"
        )
    };
    let read = || std::fs::read_to_string(estate.folder().join("shop/parts/components.yml"));
    estate.write("shop/parts/components.yml", &parts("v1.0.0"));

    let (said, code) = estate.run(&["update", "dev/shop", "--check"]);
    assert_eq!(code, Some(0), "{said}");
    let expected = "base  v1: a folder of the estate has no versions of its own\ncart  v1.0.0 -> v1.1.0, 1 commit\n";
    assert!(said.starts_with(expected), "{said}");
    assert!(said.contains("Ana  change 2 (v1.1.0)"), "{said}");
    assert_eq!(read().unwrap(), parts("v1.0.0"), "nothing was written");

    let (said, code) = estate.run(&["update", "dev/shop"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("cart  v1.0.0 -> v1.1.0, written to shop/parts/components.yml:4, 1 commit"),
        "{said}"
    );
    assert_eq!(read().unwrap(), parts("v1.1.0"));
    let (said, _) = estate.run(&["update", "dev/shop", "cart"]);
    assert_eq!(said, "cart  v1.1.0 is the newest\n");
    let (said, _) = estate.run(&["update", "dev/shop", "cart", "v1.1.0"]);
    assert_eq!(said, "cart  v1.1.0 is there already\n");
    let (said, code) = estate.run(&["update", "dev/shop", "cart", "main"]);
    assert!(
        code == Some(1) && said.contains("main is a branch"),
        "{said}"
    );

    // Back, by name; what is no version of it is refused, and so is what is no component.
    let (said, code) = estate.run(&["update", "dev/shop", "cart", "v1.0.0"]);
    assert_eq!(
        (code, read().unwrap()),
        (Some(0), parts("v1.0.0")),
        "{said}"
    );
    let (said, code) = estate.run(&["update", "dev/shop", "cart", "v9"]);
    assert_eq!(
        (code, read().unwrap()),
        (Some(1), parts("v1.0.0")),
        "{said}"
    );
    assert!(said.contains("v9 is no commit and no tag of it"), "{said}");
    // Two on one line: the first that is written does not move the other.
    let flow = |version: &str| {
        let one = |name: &str| {
            let address = format!("git::file://{}", shop.display());
            format!(
                "{{ name: {name}, version: {version}, source: \"{address}\", integrations: [] }}"
            )
        };
        format!("[{}, {}]\n", one("base"), one("cart"))
    };
    estate.write("shop/parts/components.yml", &flow("v1.0.0"));
    let (said, code) = estate.run(&["update", "dev/shop"]);
    assert_eq!((code, read().unwrap()), (Some(0), flow("v1.1.0")), "{said}");
    let (said, code) = estate.run(&["update", "dev/shop", "crt"]);
    assert!(
        code == Some(2) && said.contains("did you mean \"cart\"?"),
        "{code:?} {said}"
    );
}
