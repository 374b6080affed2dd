//! Files of a repository at one commit: how they are asked for, and as what they are seen.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::git::App;
use crate::domain::look::{Look, Sight, Standing, Subject};
use crate::domain::refs::{Branch, Commit};
use crate::domain::request::SourceFile;

/// The kind of the files of a commit, as a real thing that is looked at. Its name is the repository,
/// `#`, and what leads to the commit.
pub const FILES: &str = "git.files";
/// What they are called where a person reads of them.
const CALLED: &str = "files of a commit";

/// How many bytes of files one look brings: what it sees is kept within 4 MiB, in hex.
pub const LONGEST: usize = 1_900_000;

/// What leads to a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum At {
    /// Its own name.
    Commit(Commit),
    /// A branch, as it is now.
    Branch(Branch),
    /// A tag.
    Tag(Branch),
}

impl At {
    /// Its whole name, as git has it.
    #[must_use]
    pub fn whole(&self) -> String {
        match self {
            At::Commit(commit) => commit.as_str().to_owned(),
            At::Branch(name) => format!("refs/heads/{name}"),
            At::Tag(name) => format!("refs/tags/{name}"),
        }
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            At::Commit(commit) => write!(f, "commit {}", commit.short()),
            At::Branch(name) => write!(f, "branch {name}"),
            At::Tag(name) => write!(f, "tag {name}"),
        }
    }
}

/// Which files are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilesOf {
    /// The repository, by its address as git has it.
    pub repository: String,
    /// The app of GitHub by which it is read; with git, where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<App>,
    /// Of which commit.
    pub at: At,
    /// Those of these files that are there.
    pub files: Vec<String>,
    /// Of each of these folders, the files of SQL right in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub folders: Vec<String>,
}

/// The files of a commit that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilesSeen {
    /// The commit.
    pub commit: Commit,
    /// Its files, by their paths in the repository.
    pub files: BTreeMap<String, SourceFile>,
}

/// Whether a path is one of a file that is asked for of a folder.
#[must_use]
pub fn is_in(folder: &str, path: &str) -> bool {
    let name = path
        .strip_prefix(folder)
        .and_then(|rest| rest.strip_prefix('/'));
    name.is_some_and(|name| {
        !name.contains('/')
            && name
                .rsplit_once('.')
                .is_some_and(|(stem, ending)| !stem.is_empty() && ending == "sql")
    })
}

/// The look at them.
#[must_use]
pub fn look(asked: &FilesOf) -> Look {
    let name = format!("{}#{}", asked.repository, asked.at.whole());
    Look::at(Subject::new(FILES, &name)).with(json!(asked))
}

/// As they are seen; none where nothing leads to a commit.
#[must_use]
pub fn sight(about: Subject, seen: Option<&FilesSeen>) -> Sight {
    let standing = if seen.is_some() {
        Standing::Good
    } else {
        Standing::Missing
    };
    Sight {
        words: seen.map_or("MISSING", |seen| seen.commit.short()).into(),
        facts: seen.map_or(serde_json::Value::Null, |seen| json!(seen)),
        ..Sight::of(about, CALLED, standing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_folder_the_files_of_sql_right_in_it_are_asked_for() {
        for (path, is) in [
            ("db/migrations/1_a.sql", true),
            ("db/migrations/old/1_a.sql", false),
            ("db/migrations/.sql", false),
            ("db/migrations/README.md", false),
            ("db/migrations.sql", false),
            ("db/migrations2/1.sql", false),
        ] {
            assert_eq!(is_in("db/migrations", path), is, "{path}");
        }
    }

    /// A branch, a tag and a commit of one name are three things.
    #[test]
    fn what_leads_to_a_commit_is_named_whole() {
        let of = |at: At| {
            let asked = FilesOf {
                repository: "file:///srv/git/shop".to_owned(),
                app: None,
                at,
                files: vec!["o5.yaml".to_owned()],
                folders: Vec::new(),
            };
            look(&asked).about.name
        };
        let name = "a".repeat(40);
        let (branch, commit) = (name.parse().unwrap(), name.parse().unwrap());
        let names = [
            of(At::Branch(branch)),
            of(At::Tag(name.parse().unwrap())),
            of(At::Commit(commit)),
        ];
        assert_eq!(
            names,
            ["refs/heads/", "refs/tags/", ""]
                .map(|before| format!("file:///srv/git/shop#{before}{name}"))
        );
    }
}
