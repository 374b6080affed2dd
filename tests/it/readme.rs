//! The README says what the program says: its key table and its verbs are those of the program.
//! `HOLDPOINT_WRITE=1 cargo test --test it readme` writes them anew.

use std::path::Path;
use std::process::Command;

use crate::program::Program;

#[test]
fn the_key_table_of_the_readme_is_the_one_that_runs() {
    compare("keys", &holdpoint::tui::keys_markdown().unwrap());
}

#[test]
fn the_verbs_of_the_readme_are_those_of_the_program() {
    let output = Command::new(Program::path())
        .arg("--help")
        .env_clear()
        .output()
        .unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let verbs = help
        .lines()
        .skip_while(|line| !line.starts_with("Commands:"))
        .skip(1)
        .take_while(|line| line.starts_with("  "));
    // a sentence that goes on in the next line belongs to the verb above
    let table = verbs.fold(
        String::from("| verb | does |\n|---|---|"),
        |table, line| match line.strip_prefix("  ") {
            Some(verb) if !verb.starts_with(' ') => {
                let (name, does) = verb.split_once("  ").unwrap_or((verb, ""));
                format!("{table}\n| `{name}` | {} |", does.trim())
            }
            _ => format!("{} {} |", table.trim_end_matches(" |"), line.trim()),
        },
    );
    let table = table
        .lines()
        .filter(|line| !line.starts_with("| `help`"))
        .collect::<Vec<_>>()
        .join("\n");
    compare("verbs", &table);
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
            std::fs::write(
                &file,
                format!("{before}{open}\n{}\n\n{close}{after}", text.trim()),
            )
            .unwrap();
        } else {
            panic!(
                "README.md differs from the program between the marks {open}; write it anew with HOLDPOINT_WRITE=1.\n{text}"
            );
        }
    }
}
