//! An application file of o5 of any bytes, and the same bytes as a cluster file: a service is made of
//! them, or everything that is wrong with them is told, in text that is safe for a screen.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

const ESTATE: &str = "environments:
  dev: { class: development, aws: { region: eu-west-1 } }
applications:
  as-application: { service: { config: any.yaml, cluster: cluster.yaml, environment: dev-eu }, environments: [dev] }
  as-cluster: { service: { config: application.yaml, cluster: any.yaml, environment: dev-eu }, environments: [dev] }
";
const APPLICATION: &str = "name: shop
runtimes: [{ name: web, containers: [{ name: main, image: { name: shop } }] }]
";
const CLUSTER: &str = include_str!("../../../src/systems/service/o5/tests/cluster.yaml");

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("holdpoint.yaml", ESTATE),
        ("application.yaml", APPLICATION),
        ("cluster.yaml", CLUSTER),
    ] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
});

fuzz_target!(|bytes: &[u8]| {
    std::fs::write(FOLDER.path().join("any.yaml"), bytes).unwrap();
    let file = FOLDER.path().join("holdpoint.yaml");
    let systems = holdpoint::systems::all();
    let (loaded, found) = holdpoint::config::examine(&file, systems);
    let told = holdpoint::config::all_told(loaded.as_ref(), found);
    for one in &told.wrong {
        let says = one.what.to_string();
        assert!(is_plain(&says), "{says:?}");
    }
    for note in &told.notes {
        assert!(is_plain(note.as_str()), "{note:?}");
    }
});

fn is_plain(text: &str) -> bool {
    text.chars().all(|char| char == '\n' || !char.is_control())
}
