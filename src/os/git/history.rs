//! The history of a branch: which versions came after one that is in use.

use std::path::Path;
use std::time::Duration;

use super::git;
use crate::os::files::{self, FileError};
use crate::text::safe::Safe;

/// How long git may take to bring a repository.
const FETCH: Duration = Duration::from_mins(5);
/// How long it may take to look into one that is here.
const LOOK: Duration = Duration::from_secs(30);
/// How many digits of a commit's name are written where nothing is said.
const DIGITS: usize = 7;
/// How many commits are listed at most.
const MOST: usize = 200;
/// Stands between the fields of a commit.
const BETWEEN: char = '\u{1f}';

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The beginning of its name.
    pub id: String,
    /// The day.
    pub on: Safe,
    /// Who.
    pub by: Safe,
    /// The first line of what it says.
    pub says: Safe,
    /// The tags that name it.
    pub tags: Vec<Safe>,
}

/// What came after a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Since {
    /// The newest one, of the kind of the one in use: a tag, or a commit. The same where none is newer.
    pub newest: String,
    /// The commits between, the newest first, as far as they are about what counts.
    pub commits: Vec<Commit>,
    /// How many of the oldest were left out.
    pub left_out: usize,
    /// Commits after the newest tag, which no tag names.
    pub untagged: usize,
    /// The version in use is not on the branch: what is listed is what it does not have.
    pub elsewhere: bool,
    /// They are versions that are registered: there may be more commits.
    pub registered: bool,
}

impl Since {
    /// Nothing is asked: this is the one.
    #[must_use]
    pub fn of(version: &str) -> Self {
        Self {
            newest: version.to_owned(),
            commits: Vec::new(),
            left_out: 0,
            untagged: 0,
            elsewhere: false,
            registered: false,
        }
    }
}

/// A repository that is brought here, without the contents of its files.
#[derive(Debug)]
pub struct Repository<'a> {
    folder: &'a Path,
}

impl<'a> Repository<'a> {
    /// Brings a repository into a folder, or, where that is wanted, what is new of one that is there.
    ///
    /// # Errors
    /// A sentence: it cannot be reached, or the folder cannot be written.
    pub async fn fetched(address: &str, folder: &'a Path, anew: bool) -> Result<Self, String> {
        let write = |why: FileError| why.to_string();
        if !folder.join("HEAD").exists() {
            if let Some(parent) = folder.parent() {
                files::private_folder(parent).map_err(write)?;
            }
            let to = folder.to_string_lossy();
            let clone = ["clone", "-q", "--bare", "--filter=blob:none", "--"];
            let arguments = [&clone[..], &[address, &to]].concat();
            git(&arguments, Path::new("/"), FETCH).await?;
        }
        if !anew {
            return Ok(Self { folder });
        }
        let fetch = ["fetch", "-q", "--prune", "--force", "--tags", "origin"];
        let arguments = [&fetch[..], &["+refs/heads/*:refs/heads/*"]].concat();
        git(&arguments, folder, FETCH).await?;
        Ok(Self { folder })
    }

    async fn asks(&self, arguments: &[&str]) -> Result<String, String> {
        let said = git(arguments, self.folder, LOOK).await?;
        Ok(said.trim().to_owned())
    }

    /// The whole name of the commit that a version means.
    ///
    /// # Errors
    /// A sentence: there is none.
    pub async fn commit(&self, version: &str) -> Result<String, String> {
        let commit = format!("{version}^{{commit}}");
        let asked = ["rev-parse", "--verify", "-q", "--end-of-options", &commit];
        let found = self.asks(&asked).await;
        found.map_err(|_| format!("{version} is no commit and no tag of it"))
    }

    async fn is_tag(&self, version: &str) -> bool {
        self.is_ref("tags", version).await
    }

    async fn is_branch(&self, version: &str) -> bool {
        self.is_ref("heads", version).await
    }

    async fn is_ref(&self, kind: &str, name: &str) -> bool {
        let name = format!("refs/{kind}/{name}");
        let asked = ["rev-parse", "--verify", "-q", "--end-of-options", &name];
        self.asks(&asked).await.is_ok()
    }

    /// What came after a version on a branch, as far as it is about some paths.
    ///
    /// # Errors
    /// A sentence: the version or the branch is not there.
    pub async fn since(
        &self,
        version: &str,
        branch: &str,
        paths: &[String],
    ) -> Result<Since, String> {
        let tip = self.commit(&format!("refs/heads/{branch}")).await;
        let tip = tip.map_err(|_| format!("it has no branch {branch}"))?;
        let own = self.commit(version).await?;
        let is_tag = self.is_tag(version).await;
        if !is_tag && self.is_branch(version).await {
            return Err(format!(
                "{version} is a branch, which is another commit each time"
            ));
        }
        let merged = self
            .asks(&["merge-base", "--is-ancestor", &own, &tip])
            .await;
        let (newest, to) = if is_tag {
            let tag = self.newest_tag(version, &tip).await?;
            let at = self.commit(&tag).await?;
            (tag, at)
        } else {
            let commit = self.newest(&tip, paths).await?;
            let is_own = commit.is_empty() || self.count(&own, &commit, paths).await? == 0;
            let short: String = commit.chars().take(version.len().max(DIGITS)).collect();
            let newest = if is_own { version.to_owned() } else { short };
            (newest, if is_own { own.clone() } else { commit })
        };
        let untagged = if self.is_tag(&newest).await {
            self.count(&to, &tip, paths).await?
        } else {
            0
        };
        let commits = self.log(&own, &to, paths).await?;
        Ok(Since {
            newest,
            left_out: self.count(&own, &to, paths).await? - commits.len(),
            commits,
            untagged,
            elsewhere: merged.is_err(),
            registered: false,
        })
    }

    /// The newest commit up to `tip` that is about some paths; empty where none is.
    async fn newest(&self, tip: &str, paths: &[String]) -> Result<String, String> {
        let arguments = ["log", "-1", "--format=%H", tip, "--"];
        self.asks(&with(&arguments, paths)).await
    }

    /// The newest tag that is called like this one but for its number, by version; that itself where
    /// there is none. A version that is not final is none to one that is.
    async fn newest_tag(&self, like: &str, tip: &str) -> Result<String, String> {
        let before = |name: &str| -> String {
            let name = name.chars();
            name.take_while(|c| !c.is_ascii_digit()).collect()
        };
        let own = before(like);
        let is_final = |name: &str| !name[own.len()..].contains('-');
        let all = ["tag", "--merged", tip, "--sort=-version:refname"];
        let listed = self.asks(&all).await?;
        let mut names = listed.lines().filter(|name| before(name) == own);
        let found = names.find(|name| is_final(name) || !is_final(like));
        Ok(found.unwrap_or(like).to_owned())
    }

    async fn count(&self, from: &str, to: &str, paths: &[String]) -> Result<usize, String> {
        let range = format!("{from}..{to}");
        let arguments = ["rev-list", "--count", &range, "--"];
        let said = self.asks(&with(&arguments, paths)).await?;
        said.parse().map_err(|_| format!("git counts {said:?}"))
    }

    async fn log(&self, from: &str, to: &str, paths: &[String]) -> Result<Vec<Commit>, String> {
        let range = format!("{from}..{to}");
        let most = format!("--max-count={MOST}");
        let form = "--format=%h%x1f%cs%x1f%an%x1f%s%x1f%D";
        let tags = "--decorate-refs=refs/tags";
        let arguments = ["log", "--abbrev=7", &most, tags, form, &range, "--"];
        let said = self.asks(&with(&arguments, paths)).await?;
        Ok(said.lines().filter_map(read).collect())
    }
}

fn with<'a>(arguments: &[&'a str], paths: &'a [String]) -> Vec<&'a str> {
    let paths = paths.iter().map(String::as_str);
    arguments.iter().copied().chain(paths).collect()
}

fn read(line: &str) -> Option<Commit> {
    let mut fields = line.split(BETWEEN);
    let id = fields.next()?.to_owned();
    let mut text = || Some(Safe::told(fields.next()?));
    let (on, by, says) = (text()?, text()?, text()?);
    let names = fields.next().unwrap_or_default().split(", ");
    let tags = names.filter_map(|name| name.strip_prefix("tag: "));
    Some(Commit {
        id,
        on,
        by,
        says,
        tags: tags.map(Safe::told).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn run(folder: &Path, words: &str) {
        let words: Vec<&str> = words.split('|').collect();
        git(&words, folder, FETCH).await.unwrap();
    }

    /// A repository with two folders: a commit of each in turn, some with a tag.
    async fn shop(folder: &Path) {
        run(folder, "init|-q|-b|main|.").await;
        let all = [
            ("a", "v1.0.0"),
            ("b", ""),
            ("a", "v1.2.0"),
            ("a", "v1.10.0"),
            ("b", "v2.0.0-rc1"),
            ("a", ""),
        ];
        for (n, (path, tag)) in all.into_iter().enumerate() {
            std::fs::create_dir_all(folder.join(path)).unwrap();
            std::fs::write(folder.join(path).join("x"), n.to_string()).unwrap();
            run(folder, "add|.").await;
            let who = "-c|user.name=Ana|-c|user.email=a@b";
            run(folder, &format!("{who}|commit|-q|-m|change {path} {n}")).await;
            if !tag.is_empty() {
                run(folder, &format!("tag|{tag}")).await;
            }
        }
    }

    #[tokio::test]
    async fn what_came_after_a_version_is_told_by_its_kind() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        shop(from.path()).await;
        let address = crate::os::git::address(from.path());
        let folder = to.path().join("cache/shop");
        let repository = Repository::fetched(&address, &folder, true).await.unwrap();
        let a = ["a".to_owned()];

        let since = repository.since("v1.0.0", "main", &[]).await.unwrap();
        assert_eq!((since.newest.as_str(), since.untagged), ("v1.10.0", 2));
        let says: Vec<&str> = since.commits.iter().map(|one| one.says.as_str()).collect();
        assert_eq!(says, ["change a 3", "change a 2", "change b 1"]);
        let tags: Vec<&str> = since.commits[0].tags.iter().map(Safe::as_str).collect();
        assert_eq!(
            (tags, since.commits[0].by.as_str()),
            (vec!["v1.10.0"], "Ana")
        );

        let since = repository.since("v1.0.0", "main", &a).await.unwrap();
        assert_eq!((since.commits.len(), since.untagged), (2, 1));
        let same = repository.since("v1.10.0", "main", &a).await.unwrap();
        assert_eq!((same.newest.as_str(), same.commits.len()), ("v1.10.0", 0));
        assert_eq!(same.untagged, 1, "what no tag names is said");

        let first = repository.commit("v1.0.0").await.unwrap();
        let since = repository.since(&first[..7], "main", &a).await.unwrap();
        let last = repository.commit("main").await.unwrap();
        assert_eq!(since.newest, last[..7]);
        assert_eq!(since.commits.len(), 3);
        let same = repository.since(&last[..9], "main", &a).await.unwrap();
        assert_eq!((same.newest.as_str(), same.untagged), (&last[..9], 0));
        let b = ["b".to_owned()];
        let same = repository.since(&last[..9], "main", &b).await.unwrap();
        assert_eq!(same.newest, last[..9], "nothing of b came after it");

        // What comes later is brought, what is not there is told.
        run(from.path(), "tag|v3.0.0").await;
        let repository = Repository::fetched(&address, &folder, true).await.unwrap();
        let since = repository.since("v1.10.0", "main", &[]).await.unwrap();
        assert_eq!(since.newest, "v3.0.0");
        let branch = repository.since("main", "main", &[]).await.unwrap_err();
        assert!(branch.starts_with("main is a branch"), "{branch}");
        let lacking = repository.since("v9", "main", &[]).await.unwrap_err();
        assert_eq!(lacking, "v9 is no commit and no tag of it");
        let lacking = repository.since("v1.0.0", "trunk", &[]).await.unwrap_err();
        assert_eq!(lacking, "it has no branch trunk");
    }
}
