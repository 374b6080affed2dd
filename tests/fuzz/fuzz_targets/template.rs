//! A template of any bytes, JSON or YAML, below an estate that names it.
#![no_main]

use std::sync::LazyLock;

use holdpoint::config::Loaded;
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

const ESTATE: &str = "\
environments:
  dev: { class: development, aws: { region: eu-west-1 } }
applications:
  json: { service: { template: t.json, parameters: { A: a, B: \"1,2\" } }, environments: [dev] }
  yaml: { service: { template: t.yaml, parameters: { A: a } }, environments: [dev] }
";

static ESTATE_OF: LazyLock<(TempDir, Loaded)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("holdpoint.yaml");
    std::fs::write(&file, ESTATE).unwrap();
    let loaded = holdpoint::config::load(&file, holdpoint::systems::all()).unwrap();
    (folder, loaded)
});

fuzz_target!(|bytes: &[u8]| {
    let (folder, loaded) = &*ESTATE_OF;
    for name in ["t.json", "t.yaml"] {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    let catalog = holdpoint::config::catalog(loaded, &std::collections::BTreeMap::new());
    let wrong = holdpoint::config::wrong_files(loaded);
    for (stack, entry) in &catalog.stacks {
        if let Err(says) = &entry.spec {
            assert!(!says.is_empty(), "{stack} is refused without a word");
            assert!(
                says.chars().all(|char| char == '\n' || !char.is_control()),
                "{says:?}"
            );
        }
    }
    let _ = wrong;
});
