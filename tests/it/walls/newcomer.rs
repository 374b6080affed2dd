//! The newcomer's table of ARCHITECTURE.md: what it names is there.

use std::fs;
use std::path::{Path, PathBuf};

use super::root;

#[test]
fn the_paths_of_the_newcomers_table_exist() {
    let page = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let table = page
        .lines()
        .skip_while(|line| !line.starts_with("## Where a newcomer"))
        .skip_while(|line| !line.starts_with("|---"))
        .skip(1);
    let rows: Vec<&str> = table.take_while(|line| line.starts_with('|')).collect();
    let paths: Vec<&str> = rows
        .iter()
        .flat_map(|row| row.split('`').skip(1).step_by(2))
        .filter(|text| text.contains('/'))
        .collect();
    assert!(paths.len() > 8, "{paths:?}");
    for path in paths {
        let found = stands(&root().join("src"), path).or_else(|| stands(root(), path));
        assert!(
            found.is_some(),
            "the newcomer's table names `{path}`, and nothing is called so"
        );
    }
}

/// A file or folder of that path; `<word>` stands for any one name.
fn stands(below: &Path, path: &str) -> Option<PathBuf> {
    let (first, rest) = path
        .trim_end_matches('/')
        .split_once('/')
        .map_or((path.trim_end_matches('/'), None), |(a, b)| (a, Some(b)));
    let found: Vec<PathBuf> = match (first.find('<'), first.find('>')) {
        (Some(open), Some(close)) => {
            let (before, after) = (&first[..open], &first[close + 1..]);
            let names = fs::read_dir(below).ok()?.filter_map(Result::ok);
            let fits = names.filter(|entry| {
                entry.file_name().to_str().is_some_and(|name| {
                    name != "mod.rs" && name.starts_with(before) && name.ends_with(after)
                })
            });
            fits.map(|entry| entry.path())
                .filter(|path| !after.is_empty() || path.is_dir())
                .collect()
        }
        _ => Some(below.join(first))
            .into_iter()
            .filter(|path| path.exists())
            .collect(),
    };
    found
        .into_iter()
        .find_map(|path| rest.map_or(Some(path.clone()), |rest| stands(&path, rest)))
}

#[test]
fn a_path_that_is_not_there_is_found() {
    let src = root().join("src");
    assert!(stands(&src, "systems/<name>/mod.rs").is_some());
    for gone in [
        "systems/<name>/no_such.rs",
        "attic/<name>.rs",
        "exec/<tool>.txt",
    ] {
        assert!(stands(&src, gone).is_none(), "{gone}");
    }
}
