//! The source of a build, as far as it decides what the build does: the scripts of its package, and
//! the files that stand where the artifact is taken from.

use std::collections::BTreeMap;
use std::io::Cursor;

use serde_json::Value;

use super::container;
use crate::text::archive::{Archive, Limits};

/// How much of a source is looked at.
const LIMITS: Limits = Limits {
    entries: 20_000,
    bytes: 64 << 20,
    file: 16 << 20,
    ratio: 1_000,
    depth: 64,
    links: true,
};

/// The files of a source, by their paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source(BTreeMap<String, Vec<u8>>);

/// What became of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ran {
    /// What it printed.
    pub(super) printed: Vec<String>,
    /// With what it exited.
    pub(super) exit: i64,
}

impl Source {
    /// Reads an archive; none where it is no archive that is looked into.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut from = Cursor::new(bytes);
        let archive = Archive::read(&mut from, &LIMITS).ok()?;
        let files = archive.files.iter();
        let files = files.map(|one| Some((one.name.clone(), one.content(&mut from).ok()?)));
        files.collect::<Option<_>>().map(Self)
    }

    /// Every file, by its path.
    pub(super) fn all(self) -> BTreeMap<String, Vec<u8>> {
        self.0
    }

    /// A text in it.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.0
            .get(path)
            .and_then(|content| std::str::from_utf8(content).ok())
    }

    /// The files below a folder, by their paths in it.
    pub(super) fn below(&self, folder: &str) -> Vec<(String, Vec<u8>)> {
        let folder = format!("{}/", folder.trim_matches('/'));
        let all = self.0.iter();
        all.filter_map(|(path, content)| {
            let path = path.strip_prefix(&folder)?;
            Some((path.to_owned(), content.clone()))
        })
        .collect()
    }

    /// Runs a script of the package, where the command runs one: of what a shell does, `&&`, `echo`,
    /// `exit` and `false`; all else succeeds and says nothing.
    pub(super) fn run(&self, command: &str) -> Option<Ran> {
        let mut words = command.split_whitespace();
        let name = match (words.next()?, words.next()?, words.next()) {
            ("npm" | "yarn", "run", Some(name)) => name,
            ("npm" | "yarn", "test", None) => "test",
            _ => return None,
        };
        let package = self.0.get("package.json")?;
        let package: Value = match serde_json::from_slice(package) {
            Ok(package) => package,
            Err(why) => {
                return Some(Ran {
                    printed: vec![
                        "npm error code EJSONPARSE".to_owned(),
                        format!("npm error JSON.parse package.json: {why}"),
                    ],
                    exit: 1,
                });
            }
        };
        let text = |path: &str| package.pointer(path).and_then(Value::as_str);
        let Some(script) = text(&format!("/scripts/{name}")) else {
            return Some(Ran {
                printed: vec![format!("npm error Missing script: \"{name}\"")],
                exit: 1,
            });
        };
        let of = match (text("/name"), text("/version")) {
            (Some(of), Some(version)) => format!("{of}@{version} "),
            _ => String::new(),
        };
        let mut printed = vec![format!("> {of}{name}"), format!("> {script}")];
        for part in script.split("&&").map(str::trim) {
            if let Some(said) = part.strip_prefix("echo ") {
                printed.push(said.trim_matches(['"', '\'']).to_owned());
            } else if let Some(exit) = container::exit(part) {
                return Some(Ran { printed, exit });
            }
        }
        Some(Ran { printed, exit: 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::zip::zip;

    fn source(package: &str) -> Source {
        let files = [("package.json", package), ("public/a/b.html", "<p>")];
        let files = files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()));
        Source::read(&zip(&files)).unwrap()
    }

    #[test]
    fn a_script_of_the_package_says_how_a_command_ends() {
        let package = r#"{"name":"docs","version":"2.0.0","scripts":{"build":"echo 'one page' && node x && exit 3 && echo never","test":"true"}}"#;
        let source = source(package);
        let ran = source.run("npm run build").unwrap();
        assert_eq!(ran.exit, 3);
        assert_eq!(ran.printed[0], "> docs@2.0.0 build");
        assert_eq!(ran.printed[2..], ["one page"]);
        assert_eq!(source.run("npm test").unwrap().exit, 0);
        let missing = source.run("yarn run deploy").unwrap();
        assert_eq!(
            (missing.exit, missing.printed),
            (1, vec!["npm error Missing script: \"deploy\"".to_owned()])
        );
        assert_eq!(source.run("npm ci"), None);
        assert_eq!(
            source.below("public"),
            [("a/b.html".to_owned(), b"<p>".to_vec())]
        );
        assert!(source.below("pub").is_empty());
    }

    #[test]
    fn a_package_that_cannot_be_read_fails_its_scripts() {
        let ran = source("{").run("npm run build").unwrap();
        assert!(
            ran.exit == 1 && ran.printed[1].contains("package.json"),
            "{ran:?}"
        );
        assert_eq!(Source::read(b"no archive"), None);
    }
}
