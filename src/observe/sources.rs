//! The eye on files of a commit: by the app of GitHub that may read the repository, or else by git.
//! What it brings is of exactly one commit, which it names.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::{Eye, LookOn};
use crate::domain::failure::{Failure, Retry};
use crate::domain::look::{Look, Sight};
use crate::domain::refs::Commit;
use crate::domain::repository::Repository;
use crate::domain::request::{SourceBundle, SourceFile};
use crate::forms::git::App;
use crate::forms::sources::{At, FILES, FilesOf, FilesSeen, LONGEST, is_in, sight};
use crate::hosts::{Hosts, github};
use crate::os::git;
use crate::os::scratch::Scratch;
use crate::secrets;

/// How long git may take to bring a commit.
const FETCH: Duration = Duration::from_mins(2);
/// How long it may take here.
const HERE: Duration = Duration::from_mins(1);
/// How many files one look brings.
const FILES_AT_MOST: usize = 500;
/// After how long it is tried again where a repository does not answer git.
const AGAIN: Duration = Duration::from_secs(5);

/// Looks at files of commits.
pub(super) struct Sources(pub(super) Arc<Hosts>);

impl Eye for Sources {
    fn kind(&self) -> &'static str {
        FILES
    }

    fn look<'a>(
        &'a self,
        _on: &'a LookOn,
        look: &'a Look,
        _bundle: Option<&'a SourceBundle>,
    ) -> BoxFuture<'a, Result<Sight, Failure>> {
        async move {
            let asked: FilesOf = serde_json::from_value(look.with.clone()).map_err(|why| {
                Failure::new(format!(
                    "which files of {} are asked for cannot be understood: {why}",
                    look.about.name
                ))
            })?;
            let seen = match &asked.app {
                Some(app) => self.by_app(app, &asked).await?,
                None => by_git(&asked).await?,
            };
            Ok(sight(look.about.clone(), seen.as_ref()))
        }
        .boxed()
    }
}

/// Files that are brought, as long as there are not too many of them.
struct Brought<'a> {
    asked: &'a FilesOf,
    commit: Commit,
    files: BTreeMap<String, SourceFile>,
    bytes: usize,
}

impl<'a> Brought<'a> {
    fn new(asked: &'a FilesOf, commit: Commit) -> Self {
        Self {
            asked,
            commit,
            files: BTreeMap::new(),
            bytes: 0,
        }
    }

    fn put(&mut self, path: &str, bytes: Vec<u8>) -> Result<(), Failure> {
        self.bytes += bytes.len();
        let file = SourceFile {
            bytes,
            executable: false,
        };
        self.files.insert(path.to_owned(), file);
        if self.bytes <= LONGEST && self.files.len() <= FILES_AT_MOST {
            return Ok(());
        }
        let (repository, commit) = (&self.asked.repository, self.commit.short());
        Err(Failure::new(format!(
            "the files of {repository} at {commit} that are asked for are more than {FILES_AT_MOST}, or have more than {LONGEST} bytes"
        ))
        .hint("put migrations that every database has into a folder of their own"))
    }

    fn seen(self) -> FilesSeen {
        FilesSeen {
            commit: self.commit,
            files: self.files,
        }
    }
}

impl Sources {
    async fn by_app(&self, app: &App, asked: &FilesOf) -> Result<Option<FilesSeen>, Failure> {
        let at: Repository = asked.repository.parse().map_err(|_| {
            Failure::new(format!(
                "{} is no repository of a git host",
                asked.repository
            ))
        })?;
        let key = secrets::read(&app.secrets.private_key).await?;
        let who = github::Who {
            app,
            key: &key,
            repository: at.path(),
        };
        let github = &self.0.github;
        let commit = match &asked.at {
            At::Commit(commit) => Some(commit.clone()),
            At::Branch(branch) => github.head(who, branch).await?,
            At::Tag(tag) => github.tag(who, tag).await?,
        };
        let Some(commit) = commit else {
            return Ok(None);
        };
        let mut brought = Brought::new(asked, commit.clone());
        let mut paths = asked.files.clone();
        for folder in &asked.folders {
            let there = github.folder(who, &commit, folder).await?;
            let there = there.unwrap_or_default().into_iter();
            paths.extend(there.filter(|path| is_in(folder, path)));
        }
        for path in paths {
            if let Some(bytes) = github.file(who, &commit, &path).await? {
                brought.put(&path, bytes)?;
            }
        }
        Ok(Some(brought.seen()))
    }
}

async fn by_git(asked: &FilesOf) -> Result<Option<FilesSeen>, Failure> {
    let repository = asked.repository.as_str();
    let unread = |why: String| {
        Failure::new(format!("{repository} cannot be read: {why}")).hint(format!(
            "try `git ls-remote {repository}` as the person whose engine this is, then try again"
        ))
    };
    let here = |why: &dyn std::fmt::Display| {
        Failure::new(format!(
            "the files of {repository} cannot be kept here: {why}"
        ))
    };
    let name = asked.at.whole();
    if !matches!(asked.at, At::Commit(_)) {
        let listed = git::git(
            &["ls-remote", "--", repository, &name],
            Path::new("/"),
            HERE,
        )
        .await;
        let listed = listed.map_err(unread)?;
        let is_there = |line: &str| line.split_once('\t').is_some_and(|(_, own)| own == name);
        if !listed.lines().any(is_there) {
            return Ok(None);
        }
    }
    let scratch = Scratch::make().map_err(|why| here(&why))?;
    let folder = scratch.path();
    let run = |arguments: Vec<String>, limit| async move {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        git::git(&arguments, folder, limit).await
    };
    let words = |words: &[&str]| {
        words
            .iter()
            .map(|&word| word.to_owned())
            .collect::<Vec<_>>()
    };
    run(words(&["init", "-q", "--bare", "."]), HERE)
        .await
        .map_err(|why| here(&why))?;
    let fetch = [
        "fetch",
        "-q",
        "--no-tags",
        "--depth=1",
        "--",
        repository,
        &name,
    ];
    if let Err(why) = run(words(&fetch), FETCH).await {
        // Not every host gives a commit by its id: then all that leads anywhere is read.
        let At::Commit(_) = asked.at else {
            return Err(unread(why).retry(Retry::After(AGAIN)));
        };
        let all = [
            "fetch",
            "-q",
            "--",
            repository,
            "+refs/heads/*:refs/heads/*",
        ];
        let all = run(words(&all), FETCH).await;
        all.map_err(|why| unread(why).retry(Retry::After(AGAIN)))?;
    }
    let known = match &asked.at {
        At::Commit(commit) => commit.as_str().to_owned(),
        At::Branch(_) | At::Tag(_) => "FETCH_HEAD".to_owned(),
    };
    let found = run(
        words(&[
            "rev-parse",
            "-q",
            "--verify",
            &format!("{known}^{{commit}}"),
        ]),
        HERE,
    );
    let commit: Option<Commit> = found.await.ok().and_then(|name| name.trim().parse().ok());
    let Some(commit) = commit else {
        let says = format!("{repository} does not give {} any more", asked.at);
        return Err(
            Failure::new(says).hint("it was pushed away: deploy what a branch leads to now")
        );
    };
    let mut tree = words(&["ls-tree", "-z", "-l", "--full-tree", commit.as_str(), "--"]);
    tree.extend(asked.files.iter().cloned());
    tree.extend(asked.folders.iter().map(|folder| format!("{folder}/")));
    let listed = run(tree, HERE).await.map_err(|why| here(&why))?;
    let mut brought = Brought::new(asked, commit.clone());
    for Listed { id, size, path } in listed.split('\0').filter_map(ordinary) {
        let folders = &asked.folders;
        if !asked.files.iter().any(|one| one == path) && !folders.iter().any(|one| is_in(one, path))
        {
            continue;
        }
        // As it is in the commit: nothing that the repository says of its files is done to it.
        let file = git::bytes(&["cat-file", "blob", id], folder, HERE).await;
        let file = file.map_err(|why| here(&why))?;
        if file.len() != size {
            let says = format!("{path} of {repository} has {size} bytes, and not all are taken");
            return Err(Failure::new(says).hint("a file that is read here has 1 MiB at most"));
        }
        brought.put(path, file)?;
    }
    Ok(Some(brought.seen()))
}

/// An ordinary file of a commit.
struct Listed<'a> {
    id: &'a str,
    size: usize,
    path: &'a str,
}

/// What a line of `ls-tree -l` says of an ordinary file; nothing of anything else.
fn ordinary(line: &str) -> Option<Listed<'_>> {
    let (about, path) = line.split_once('\t')?;
    let mut about = about.split_ascii_whitespace();
    let (mode, _, id, size) = (about.next()?, about.next()?, about.next()?, about.next()?);
    let size = size.parse().ok().filter(|_| mode.starts_with("100"))?;
    Some(Listed { id, size, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: Duration = Duration::from_mins(1);

    async fn told(arguments: &[&str], folder: &Path) -> String {
        let who = ["-c", "user.name=Ana", "-c", "user.email=ana@acme.example"];
        let all = [&who[..], arguments].concat();
        git::git(&all, folder, HOME).await.unwrap()
    }

    fn asked(repository: &str, at: At) -> FilesOf {
        let files = ["ext/o5/app.yaml", "o5.yaml", "link.yaml", "sub"];
        FilesOf {
            repository: repository.to_owned(),
            app: None,
            at,
            files: files.map(str::to_owned).to_vec(),
            folders: vec!["db".to_owned(), "nowhere".to_owned()],
        }
    }

    /// Of a branch, a tag and a commit; what the repository says of its files changes nothing, a link
    /// is no file, and a file is what it was at that commit.
    #[tokio::test]
    async fn git_brings_the_files_of_one_commit_as_they_are_there() {
        let scratch = Scratch::make().unwrap();
        let at = scratch.path();
        told(&["init", "-q", "-b", "main", "."], at).await;
        let put = |path: &str, text: &[u8]| {
            let path = at.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        put("ext/o5/app.yaml", b"name: one # $Format:%H$\n");
        put("db/1_a.sql", b"-- caf\xe9\n");
        put("db/deep/2_b.sql", b"no\n");
        put("other.yaml", b"no\n");
        put(
            ".gitattributes",
            b"*.sql export-ignore\n*.yaml export-subst\n",
        );
        std::os::unix::fs::symlink("/etc/passwd", at.join("link.yaml")).unwrap();
        told(&["add", "."], at).await;
        told(&["commit", "-q", "-m", "one"], at).await;
        told(&["tag", "-a", "v1", "-m", "v1"], at).await;
        let one: Commit = told(&["rev-parse", "HEAD"], at)
            .await
            .trim()
            .parse()
            .unwrap();
        put("ext/o5/app.yaml", b"name: two\n");
        told(&["commit", "-q", "-am", "two"], at).await;
        let repository = git::address(at);
        let text = |seen: &FilesSeen, path: &str| seen.files[path].bytes.clone();
        for by in [At::Commit(one.clone()), At::Tag("v1".parse().unwrap())] {
            let seen = by_git(&asked(&repository, by)).await.unwrap().unwrap();
            assert_eq!(seen.commit, one);
            let paths: Vec<_> = seen.files.keys().map(String::as_str).collect();
            assert_eq!(paths, ["db/1_a.sql", "ext/o5/app.yaml"]);
            assert_eq!(text(&seen, "ext/o5/app.yaml"), b"name: one # $Format:%H$\n");
            assert_eq!(text(&seen, "db/1_a.sql"), b"-- caf\xe9\n");
        }
        let newest = asked(&repository, At::Branch("main".parse().unwrap()));
        let newest = by_git(&newest).await.unwrap().unwrap();
        assert_ne!(newest.commit, one);
        assert_eq!(text(&newest, "ext/o5/app.yaml"), b"name: two\n");
    }

    /// A branch is not a tag, and no other one whose name ends alike; a commit that is not there is
    /// none of those that are.
    #[tokio::test]
    async fn what_is_not_there_is_not_taken_for_something_else() {
        let scratch = Scratch::make().unwrap();
        let at = scratch.path();
        told(&["init", "-q", "-b", "x/main", "."], at).await;
        std::fs::write(at.join("o5.yaml"), "name: one\n").unwrap();
        told(&["add", "."], at).await;
        told(&["commit", "-q", "-m", "one"], at).await;
        let repository = git::address(at);
        for none in [
            At::Branch("main".parse().unwrap()),
            At::Tag("x/main".parse().unwrap()),
        ] {
            assert_eq!(by_git(&asked(&repository, none)).await, Ok(None));
        }
        let gone = At::Commit("6113728f27ae82c7b1a177c8d03f9e96e0adf246".parse().unwrap());
        let why = by_git(&asked(&repository, gone)).await.unwrap_err();
        assert!(
            why.summary.contains("does not give commit 6113728f27"),
            "{why:?}"
        );
        let nowhere = asked(
            "file:///nowhere/at/all",
            At::Branch("main".parse().unwrap()),
        );
        let why = by_git(&nowhere).await.unwrap_err();
        assert!(why.summary.contains("cannot be read"), "{why:?}");
    }
}
