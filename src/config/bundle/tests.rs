//! What travels with a stack, and what may not.

use std::os::unix::fs::symlink;

use super::*;

fn files(paths: &[&str]) -> Vec<Need> {
    paths
        .iter()
        .map(|path| {
            if path.contains('*') {
                Need::Glob((*path).to_owned())
            } else {
                Need::File((*path).to_owned())
            }
        })
        .collect()
}

fn gather(
    folder: &Path,
    needs: &[Need],
    caps: Caps,
) -> Result<BTreeMap<String, SourceFile>, BundleError> {
    let mut gathering = Gathering::new(folder, caps)?;
    let mut all = BTreeMap::new();
    for need in needs {
        all.extend(
            gathering
                .fetch(need)
                .map_err(|mut wrong| wrong.swap_remove(0))?,
        );
    }
    Ok(all)
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

fn names(folder: &Path, needs: &[Need]) -> Vec<String> {
    gather(folder, needs, Caps::default())
        .unwrap()
        .into_keys()
        .collect()
}

#[test]
fn files_travel_with_their_modes_and_what_may_be_absent_is_no_error() {
    let folder = estate();
    let needs = [
        Need::File("bin/up".into()),
        Need::Maybe("bin/down".into()),
        Need::Maybe("bin/none".into()),
    ];
    let found = gather(folder.path(), &needs, Caps::default()).unwrap();
    assert_eq!(found.keys().collect::<Vec<_>>(), ["bin/down", "bin/up"]);
    assert!(found["bin/up"].executable && !found["bin/down"].executable);
    assert_eq!(found["bin/up"].bytes, b"bin/up");
    let error = gather(
        folder.path(),
        &[Need::File("bin/none".into())],
        Caps::default(),
    )
    .unwrap_err();
    assert!(matches!(error, BundleError::Unreadable { .. }), "{error}");
}

#[test]
fn globs_take_what_fits() {
    let folder = estate();
    assert_eq!(
        names(folder.path(), &files(&["bin/*", "notes.txt"])),
        ["bin/down", "bin/up", "notes.txt"]
    );
    assert_eq!(
        names(folder.path(), &files(&["bin/**", "bin/deep/*.sql"])),
        ["bin/deep/x.sql", "bin/down", "bin/up"]
    );
    let error = gather(folder.path(), &files(&["none/../x*"]), Caps::default()).unwrap_err();
    assert!(matches!(error, BundleError::Outside { .. }));
    let error = gather(folder.path(), &files(&["*.md"]), Caps::default()).unwrap_err();
    assert!(matches!(error, BundleError::Nothing { .. }), "{error}");
}

#[test]
fn nothing_leads_out() {
    let (folder, other) = (estate(), estate());
    symlink(other.path().join("notes.txt"), folder.path().join("leak")).unwrap();
    symlink(other.path().join("bin"), folder.path().join("away")).unwrap();
    symlink(folder.path().join("notes.txt"), folder.path().join("near")).unwrap();
    for path in ["leak", "./away/up", "../x", "/etc/passwd", "away/*"] {
        let error = gather(folder.path(), &files(&[path]), Caps::default()).unwrap_err();
        assert!(
            matches!(error, BundleError::Outside { .. }),
            "{path}: {error}"
        );
    }
    assert!(matches!(
        gather(
            folder.path(),
            &[Need::Maybe("../x".into())],
            Caps::default()
        ),
        Err(BundleError::Outside { .. })
    ));
    assert_eq!(names(folder.path(), &files(&["near"])), ["near"]);
}

#[test]
fn caps_hold() {
    let folder = estate();
    let all = files(&["**"]);
    for caps in [
        Caps {
            files: 2,
            ..Caps::default()
        },
        Caps {
            bytes: 10,
            ..Caps::default()
        },
        Caps {
            looked_at: 3,
            ..Caps::default()
        },
    ] {
        assert!(matches!(
            gather(folder.path(), &all, caps),
            Err(BundleError::TooMuch { .. })
        ));
    }
    let error = gather(folder.path(), &files(&["bin"]), Caps::default()).unwrap_err();
    assert!(matches!(error, BundleError::NoFile { .. }), "{error}");
}
