//! An estate file of any bytes: it is read, or everything that is wrong with it is told, in text
//! that is safe for a screen.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

fuzz_target!(|bytes: &[u8]| {
    let file = FOLDER.path().join("holdpoint.yaml");
    std::fs::write(&file, bytes).unwrap();
    let (loaded, found) = holdpoint::config::examine(&file, holdpoint::systems::all());
    let told = found.to_string();
    assert!(
        told.chars().all(|char| char == '\n' || !char.is_control()),
        "{told:?}"
    );
    assert!(
        loaded.is_some() || !found.is_empty(),
        "it is neither read nor refused"
    );
    if let Some(loaded) = loaded {
        for line in loaded.reach.lines() {
            assert!(!line.as_str().chars().any(char::is_control), "{line:?}");
        }
        let _ = holdpoint::config::catalog(&loaded, &std::collections::BTreeMap::new());
    }
});
