//! The README says what the program says: its key table is that of the program. `HOLDPOINT_WRITE=1 cargo test --test
//! it readme` writes them anew.

use std::path::Path;

#[test]
fn the_key_table_of_the_readme_is_the_one_that_runs() {
    compare("keys", &holdpoint::tui::keys_markdown().unwrap());
}

/// What stands in the README between the marks is the text; written where asked.
fn compare(name: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(&file).unwrap();
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (before, rest) = readme.split_once(&open).unwrap();
    let (written, after) = rest.split_once(&close).unwrap();
    if written.trim() != text.trim() {
        if std::env::var_os("HOLDPOINT_WRITE").is_some() {
            std::fs::write(&file, format!("{before}{open}\n{}\n\n{close}{after}", text.trim())).unwrap();
        } else {
            panic!("README.md differs from the program between the marks {open}; write it anew with HOLDPOINT_WRITE=1.\n{text}");
        }
    }
}
