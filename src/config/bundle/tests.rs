//! What travels with a stack, and what may not.

use std::os::unix::fs::symlink;

use super::*;
use crate::domain::estate::ScriptTeardown;

fn script(commands: &[&[&str]], files: Option<&[&str]>) -> Application {
    let step = |words: &&[&str]| ScriptStep {
        command: words.iter().map(|w| (*w).to_owned()).collect(),
        after: vec![],
        timeout: None,
        attempts: None,
    };
    let steps = commands.iter().enumerate().map(|(n, words)| (format!("s{n}"), step(words))).collect();
    Application {
        kind: Kind::Script(ScriptEntry {
            steps,
            files: files.map(|files| files.iter().map(|f| (*f).to_owned()).collect()),
            env: BTreeMap::new(),
            teardown: Some(ScriptTeardown { steps: BTreeMap::from([("down".to_owned(), step(&&["./bin/down"][..]))]) }),
        }),
        environments: vec![],
        depends_on: vec![],
        watch_logs: vec![],
    }
}

fn estate() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| folder.path().join(path);
    fs::create_dir_all(at("bin/deep")).unwrap();
    for path in ["bin/up", "bin/down", "bin/deep/x.sql", "notes.txt"] {
        fs::write(at(path), path).unwrap();
    }
    fs::set_permissions(at("bin/up"), fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

fn names(folder: &Path, app: &Application) -> Vec<String> {
    gather(folder, app, Caps::default()).unwrap().files.into_keys().collect()
}

#[test]
fn first_words_travel_with_their_modes() {
    let folder = estate();
    let app = script(&[&["./bin/up", "--now"], &["bash", "-c", "x"], &["/bin/true"]], None);
    let bundle = gather(folder.path(), &app, Caps::default()).unwrap();
    assert_eq!(bundle.files.keys().collect::<Vec<_>>(), ["bin/down", "bin/up"]);
    assert!(bundle.files["bin/up"].executable && !bundle.files["bin/down"].executable);
    assert_eq!(bundle.files["bin/up"].bytes, b"bin/up");
}

#[test]
fn globs_take_what_fits() {
    let folder = estate();
    assert_eq!(names(folder.path(), &script(&[&["true"]], Some(&["bin/*", "notes.txt"]))), ["bin/down", "bin/up", "notes.txt"]);
    assert_eq!(names(folder.path(), &script(&[&["true"]], Some(&["bin/**", "bin/deep/*.sql"]))), ["bin/deep/x.sql", "bin/down", "bin/up"]);
    let error = gather(folder.path(), &script(&[&["true"]], Some(&["none/../x*"])), Caps::default()).unwrap_err();
    assert!(matches!(error, BundleError::Outside { .. }));
    let error = gather(folder.path(), &script(&[&["true"]], Some(&["*.md"])), Caps::default()).unwrap_err();
    assert!(matches!(error, BundleError::Nothing { .. }), "{error}");
}

#[test]
fn nothing_leads_out() {
    let (folder, other) = (estate(), estate());
    symlink(other.path().join("notes.txt"), folder.path().join("leak")).unwrap();
    symlink(other.path().join("bin"), folder.path().join("away")).unwrap();
    symlink(folder.path().join("notes.txt"), folder.path().join("near")).unwrap();
    for path in ["leak", "./away/up", "../x", "/etc/passwd", "away/*"] {
        let error = gather(folder.path(), &script(&[&["true"]], Some(&[path])), Caps::default()).unwrap_err();
        assert!(matches!(error, BundleError::Outside { .. }), "{path}: {error}");
    }
    assert_eq!(names(folder.path(), &script(&[&["true"]], Some(&["near"]))), ["near"]);
}

#[test]
fn caps_hold() {
    let folder = estate();
    let all = script(&[&["true"]], Some(&["**"]));
    for caps in [Caps { files: 2, ..Caps::default() }, Caps { bytes: 10, ..Caps::default() }, Caps { looked_at: 3, ..Caps::default() }] {
        assert!(matches!(gather(folder.path(), &all, caps), Err(BundleError::TooMuch { .. })));
    }
    let error = gather(folder.path(), &script(&[&["./bin"]], None), Caps::default()).unwrap_err();
    assert!(matches!(error, BundleError::NoFile { .. }), "{error}");
}
