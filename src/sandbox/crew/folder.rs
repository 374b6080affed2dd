//! The private folder of an errand: what it begins with is unpacked there, its commands work there, and
//! what it leaves is packed from there. It goes when this is dropped.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Write as _};
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::os::crew::clear;
use crate::os::{files, open, random};
use crate::sandbox::zip::{MOST, zip};
use crate::text::archive::{Archive, Entry, Limits};

/// So much in all is packed, in bytes.
const PACKED: u64 = 256 << 20;
/// Where programs are, where nobody says.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin";
/// Where what is installed for all goes: not where this machine has it.
const NPM: &str = "prefix=${HOME}/.global\nupdate-notifier=false\nfund=false\n";

/// Such a folder.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let folder = std::mem::take(&mut self.0);
        // It may hold very many files; where there is no thread to be had, here.
        let other = folder.clone();
        let begun = std::thread::Builder::new().spawn(move || clear(&other));
        if begun.is_err() {
            clear(&folder);
        }
    }
}

impl Folder {
    /// A new one below that folder.
    pub(super) fn new(below: &Path) -> Result<Self, String> {
        files::private_folder(below).map_err(|why| why.to_string())?;
        let folder = Self(below.join(random::id().simple().to_string()));
        files::private_folder(&folder.source()).map_err(|why| why.to_string())?;
        let npm = folder.0.join(".npmrc");
        files::write_whole(&npm, NPM.as_bytes()).map_err(|why| why.to_string())?;
        Ok(folder)
    }

    /// Where the source is.
    pub(super) fn source(&self) -> PathBuf {
        self.0.join("src")
    }

    /// Where commands keep what the next one goes on with.
    pub(super) fn kept(&self) -> PathBuf {
        self.0.join(".kept")
    }

    /// All variables of its commands: nothing of the shell that started us goes with them, but where
    /// programs are and the language.
    pub(super) fn variables(&self, told: BTreeMap<String, String>) -> BTreeMap<String, String> {
        let around = |name: &str| std::env::var(name).ok();
        let path = around("PATH").unwrap_or_else(|| PATH.to_owned());
        let home = self.0.display();
        let own = [
            ("PATH", format!("{home}/.global/bin:{path}")),
            ("HOME", home.to_string()),
            (
                "LANG",
                around("LANG").unwrap_or_else(|| "C.UTF-8".to_owned()),
            ),
            ("CODEBUILD_SRC_DIR", self.source().display().to_string()),
        ];
        let own = own.map(|(name, value)| (name.to_owned(), value));
        let mut all = BTreeMap::from(own);
        all.extend(told);
        all
    }

    /// Unpacks an archive, each entry of which is checked before.
    pub(super) async fn unpack(&self, bytes: Vec<u8>) -> Result<(), String> {
        let to = self.source();
        let work = tokio::task::spawn_blocking(move || unpack(&bytes, &to));
        let done = work.await.map_err(|why| why.to_string())?;
        done.map_err(|why| format!("the source cannot be unpacked: {why}"))
    }

    /// Packs what stands below a folder of the source and fits one of these; gives how many files that
    /// are, and the archive.
    pub(super) async fn pack(
        &self,
        base: String,
        wanted: Vec<String>,
    ) -> Result<(usize, Vec<u8>), String> {
        let from = self.source();
        let work = tokio::task::spawn_blocking(move || pack(&from, &base, &wanted));
        work.await.map_err(|why| why.to_string())?
    }
}

fn unpack(bytes: &[u8], to: &Path) -> Result<(), String> {
    let mut from = Cursor::new(bytes);
    let archive = Archive::read(&mut from, &Limits::SOURCE).map_err(|why| why.to_string())?;
    // Nothing is written through a link: they come last, and nothing stands below one.
    let (links, plain): (Vec<&Entry>, Vec<&Entry>) =
        archive.files.iter().partition(|entry| entry.is_link());
    for entry in plain {
        let path = to.join(&entry.name);
        above(&path)?;
        let mode = if entry.is_program() { 0o700 } else { 0o600 };
        let mut file = open::fresh(&path, mode).map_err(|why| told(&path, &why))?;
        let mut written = Ok(());
        entry
            .pour(&mut from, |piece| {
                if written.is_ok() {
                    written = file.write_all(piece);
                }
            })
            .map_err(|why| why.to_string())?;
        written.map_err(|why| told(&path, &why))?;
    }
    for entry in links {
        let path = to.join(&entry.name);
        let target = entry.content(&mut from).map_err(|why| why.to_string())?;
        let target = String::from_utf8(target).unwrap_or_default();
        if !stays(&entry.name, &target) {
            return Err(format!("{} is a link that leads out of it", entry.name));
        }
        above(&path)?;
        symlink(&target, &path).map_err(|why| told(&path, &why))?;
    }
    Ok(())
}

fn above(path: &Path) -> Result<(), String> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(|why| told(folder, &why))
}

fn told(path: &Path, why: &impl std::fmt::Display) -> String {
    format!("{}: {why}", path.display())
}

/// True for a link that leads to somewhere in the same archive.
fn stays(name: &str, target: &str) -> bool {
    let mut depth = name.matches('/').count();
    let mut parts = Path::new(target).components().peekable();
    parts.peek().is_some()
        && parts.all(|part| match part {
            Component::Normal(_) => {
                depth += 1;
                true
            }
            Component::CurDir => true,
            Component::ParentDir => depth.checked_sub(1).is_some_and(|less| {
                depth = less;
                true
            }),
            Component::RootDir | Component::Prefix(_) => false,
        })
}

fn pack(source: &Path, base: &str, wanted: &[String]) -> Result<(usize, Vec<u8>), String> {
    let wanted = globs(wanted)?;
    let source = source.canonicalize().map_err(|why| told(source, &why))?;
    let folder = source.join(base).canonicalize();
    let folder = folder.ok().filter(|folder| folder.is_dir());
    let folder =
        folder.ok_or_else(|| format!("no matching base directory path found for {base}"))?;
    if !folder.starts_with(&source) {
        return Err(format!("{base} leads out of the source"));
    }
    let (mut names, mut found) = (Vec::new(), 0_u64);
    walk(&folder, &folder, &mut names)?;
    let mut packed = Vec::new();
    for (name, path) in names {
        if !wanted.is_match(&name) {
            continue;
        }
        // What a link leads to is packed, where that is in the source too.
        let real = path.canonicalize().map_err(|why| told(&path, &why))?;
        if !real.starts_with(&source) {
            return Err(format!("{name} is a link that leads out of the source"));
        }
        if real.is_dir() {
            continue;
        }
        found += fs::metadata(&real).map_or(0, |about| about.len());
        if found > PACKED || packed.len() >= MOST {
            let mib = PACKED >> 20;
            return Err(format!(
                "what is to be kept of it is more than {MOST} files or {mib} MiB: the embedded cloud takes no more"
            ));
        }
        packed.push((name, open::bytes(&real).map_err(|why| told(&real, &why))?));
    }
    if packed.is_empty() {
        return Err(format!("no matching artifact paths found below {base}"));
    }
    Ok((packed.len(), zip(&packed)))
}

/// As a buildspec has them: `*` stays within a folder, `**/*` is all.
fn globs(wanted: &[String]) -> Result<GlobSet, String> {
    let mut set = GlobSetBuilder::new();
    for one in wanted {
        let glob = GlobBuilder::new(one.trim_start_matches("./"))
            .literal_separator(true)
            .build();
        set.add(glob.map_err(|why| why.to_string())?);
    }
    set.build().map_err(|why| why.to_string())
}

/// All that is no folder below a folder, in the order of the names.
fn walk(top: &Path, folder: &Path, found: &mut Vec<(String, PathBuf)>) -> Result<(), String> {
    let entries = fs::read_dir(folder).map_err(|why| told(folder, &why))?;
    let mut entries: Vec<fs::DirEntry> = entries
        .collect::<Result<_, _>>()
        .map_err(|why| told(folder, &why))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let kind = entry.file_type().map_err(|why| told(&path, &why))?;
        if kind.is_dir() {
            walk(top, &path, found)?;
        } else if let Some(name) = path.strip_prefix(top).ok().and_then(Path::to_str) {
            found.push((name.to_owned(), path));
        } else {
            return Err(format!("{} has a name that is no text", path.display()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_stay_within() {
        for (name, target, expected) in [
            ("a/b", "c", true),
            ("a/b", "../c", true),
            ("a/b", "../../c", false),
            ("b", "..", false),
            ("b", "/etc/passwd", false),
            ("a/b/c", "../x/../../y", true),
            ("a", "", false),
        ] {
            assert_eq!(stays(name, target), expected, "{name} -> {target}");
        }
    }

    #[tokio::test]
    async fn what_is_packed_is_what_fits_below_its_folder() {
        let top = tempfile::tempdir().unwrap();
        let folder = Folder::new(&top.path().join("builds")).unwrap();
        let source = [
            ("dist/index.html", "<p>"),
            ("dist/a/b.css", "p{}"),
            ("package.json", "{}"),
        ];
        let source = source.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()));
        folder.unpack(zip(&source)).await.unwrap();
        for (base, wanted, expected) in [
            ("dist", &["**/*"][..], Ok(2)),
            ("dist", &["*"], Ok(1)),
            ("./dist/a", &["b.css"], Ok(1)),
            (".", &["dist/**/*", "package.json"], Ok(3)),
            ("dist", &["none"], Err("no matching artifact paths")),
            (
                "build",
                &["**/*"],
                Err("no matching base directory path found for build"),
            ),
            ("..", &["**/*"], Err("leads out")),
        ] {
            let wanted = wanted.iter().map(|one| (*one).to_owned()).collect();
            let packed = folder.pack(base.to_owned(), wanted).await;
            match (packed, expected) {
                (Ok((many, _)), Ok(expected)) => assert_eq!(many, expected, "{base}"),
                (Err(why), Err(expected)) => assert!(why.contains(expected), "{why}"),
                (packed, expected) => panic!("{base}: {packed:?}, not {expected:?}"),
            }
        }
        symlink("/etc/hostname", folder.source().join("dist/host")).unwrap();
        let out = folder
            .pack("dist".to_owned(), vec!["**/*".to_owned()])
            .await;
        assert!(out.unwrap_err().contains("host is a link that leads out"));
    }

    #[tokio::test]
    async fn what_is_no_archive_is_refused() {
        let top = tempfile::tempdir().unwrap();
        let folder = Folder::new(top.path().join("builds").as_path()).unwrap();
        let why = folder.unpack(b"no archive".to_vec()).await.unwrap_err();
        assert!(why.contains("no zip archive"), "{why}");
        let out = [("../out".to_owned(), b"x".to_vec())];
        assert!(folder.unpack(zip(&out)).await.is_err());
        assert!(!top.path().join("builds/out").exists());
    }
}
