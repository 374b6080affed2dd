//! One pass tells everything that is wrong with an estate file and the files that it names, each at
//! the line that names it, and each once.

use std::collections::BTreeMap;
use std::path::Path;

use crate::config::{FILE, all_told, catalog, examine, load};
use crate::systems;

const ESTATE: &str = r#"environments:
  dev: { class: development, aws: { region: eu-west-1, ca_bundle: gone.pem } }
applications:
  orders:
    service: { template: missing.yaml, tags: { "aws:x": y } }
    environments: [dev, nope]
  bad:
    service: { template: bad.yaml, capabilities: [CAPABILITY_ALL] }
    environments: [dev]
  out:
    service: { template: ../out.yaml }
    environments: [dev]
  chores:
    script: { steps: { up: { command: [./up], attempts: 0 } }, files: ["sql/**", gone.txt, bin] }
    environments: [dev]
  work:
    script:
      steps: { go: { command: [./go, now], timeout: soon } }
      teardown: { steps: { end: { command: [./end] } } }
    environments: [dev]
"#;

/// The codes of what is wrong, by where it is told.
fn told(folder: &Path) -> BTreeMap<(String, usize, usize), Vec<&'static str>> {
    let (loaded, found) = examine(&folder.join(FILE), systems::all());
    let mut told: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for wrong in all_told(loaded.as_ref(), found).wrong {
        let what = wrong.what;
        let file = Path::new(what.file.as_str()).file_name().unwrap();
        let place = (
            file.to_string_lossy().into_owned(),
            what.at.line,
            what.at.column,
        );
        told.entry(place).or_default().push(what.code);
    }
    told
}

/// The place of these words in the estate file.
fn place(words: &str) -> (String, usize, usize) {
    let begin = ESTATE.find(words).unwrap_or_else(|| panic!("{words}"));
    let before = &ESTATE[..begin];
    let line = before.matches('\n').count() + 1;
    let column = begin - before.rfind('\n').map_or(0, |at| at + 1) + 1;
    (FILE.to_owned(), line, column)
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(FILE, ESTATE);
    write("bad.yaml", "Resources:\n  Q:\n    Properties: {}\n");
    std::fs::create_dir(folder.path().join("bin")).unwrap();
    folder
}

#[test]
fn everything_is_told_in_one_pass_where_it_is_named() {
    let folder = folder();
    let told = told(folder.path());
    let expected: BTreeMap<_, _> = [
        (place("gone.pem"), "ca-bundle"),
        (place("missing.yaml"), "files"),
        (place("\"aws:x\""), "tag"),
        (place("nope"), "unknown-name"),
        (place("CAPABILITY_ALL"), "capability"),
        (place("../out.yaml"), "path"),
        (place("0 } }"), "attempts"),
        (place("\"sql/**\""), "files"),
        (place("gone.txt"), "files"),
        (place("bin]"), "files"),
        (place("./go"), "files"),
        (place("soon"), "duration"),
        (place("./end"), "files"),
        (("bad.yaml".to_owned(), 2, 3), "missing"),
    ]
    .into_iter()
    .map(|(place, code)| (place, vec![code]))
    .collect();
    let codes = |all: &BTreeMap<_, Vec<&'static str>>| format!("{all:#?}");
    assert_eq!(
        told.keys().collect::<Vec<_>>(),
        expected.keys().collect::<Vec<_>>(),
        "{}",
        codes(&told)
    );
    assert!(told.values().all(|all| all.len() == 1), "{}", codes(&told));
}

#[test]
fn what_is_missing_hides_nothing_of_the_files_that_are_there() {
    let folder = folder();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        FILE,
        "environments: { dev: { class: development, region: eu-west-1 } }\napplications:\n  orders: { service: { config: o5.yaml, cluster: c.yaml, migrations: { main: gone } }, environments: [dev] }\n",
    );
    write("o5.yaml", "name: Orders\nruntimes: {}\n");
    write("c.yaml", "name: main\naws: { vpc: v }\n");
    let told = told(folder.path());
    let files: Vec<&str> = told.keys().map(|(file, ..)| file.as_str()).collect();
    assert_eq!(
        files.iter().filter(|file| **file == FILE).count(),
        1,
        "{told:?}"
    );
    assert!(
        files.contains(&"o5.yaml") && files.contains(&"c.yaml"),
        "{told:?}"
    );
}

#[test]
fn a_file_that_is_missing_is_told_with_the_line_that_names_it() {
    let folder = folder();
    let file = folder.path().join(FILE);
    let text = "environments: { dev: { class: development, region: eu-west-1 } }\napplications:\n  orders: { service: { template: missing.yaml }, environments: [dev] }\n";
    std::fs::write(&file, text).unwrap();
    let loaded = load(&file, systems::all()).unwrap();
    let catalog = catalog(&loaded, &std::collections::BTreeMap::new());
    let spec = &catalog.stacks[&"dev/orders".parse().unwrap()].spec;
    let says = spec.as_ref().unwrap_err();
    for part in [
        "missing.yaml cannot be read: No such file",
        "holdpoint.yaml:3:34",
        "template: missing.yaml }",
        "^^^^^^^^^^^^",
        "write the file, or name another",
    ] {
        assert!(says.contains(part), "no {part:?} in\n{says}");
    }
}
