//! `update`: which versions the files of an application pin, which are newer, and writing others. What
//! else a file says stays as it is, letter by letter.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::config::{self, Loaded};
use crate::domain::ids::StackId;
use crate::domain::instance::Instances;
use crate::os::git::history::{Commit, Since};
use crate::os::{files, open, sops};
use crate::systems::versions::{Pinned, Versions};
use crate::text::counted::counted;
use crate::text::diagnostic::{At, closest};
use crate::text::document::{self, Limits, Node};
use crate::text::safe::Safe;

use super::args::UpdateArgs;
use super::render::unknown;
use super::{Code, Ground, Out, Stop};

/// What is known of a version.
struct Known<'a> {
    pinned: &'a Pinned,
    /// Whether the version was named: nobody looked for the newest then.
    is_named: bool,
    /// What came after it; a sentence where nobody knows.
    since: Result<Since, String>,
}

/// What came after a version of those that are somewhere, as that is now where it is wanted.
pub type VersionsOf<'a> = dyn Fn(&Versions, &str, bool) -> Result<Since, String> + 'a;

/// What is known of each of some versions, or of the one that is to take its place.
fn known<'a>(
    versions: &VersionsOf<'_>,
    chosen: Vec<&'a Pinned>,
    asked: Option<&str>,
) -> Vec<Known<'a>> {
    let mut brought = BTreeSet::new();
    let known = chosen.into_iter().map(|pinned| {
        let since = match (&pinned.among, asked) {
            (Versions::Unlisted(why), None) => Err((*why).to_owned()),
            (Versions::Unlisted(_), Some(version)) => Ok(Since::of(version)),
            (among @ (Versions::Git(_) | Versions::Registry(..)), asked) => {
                let anew = match among {
                    Versions::Git(git) => brought.insert(git.address.clone()),
                    Versions::Registry(..) | Versions::Unlisted(_) => true,
                };
                let since = versions(among, asked.unwrap_or(&pinned.version), anew);
                // What is named must be there, also where it is older.
                since.map(|since| asked.map_or(since, Since::of))
            }
        };
        let is_named = asked.is_some();
        Known {
            pinned,
            is_named,
            since,
        }
    });
    known.collect()
}

/// What `update --check` says of an application, line by line: nothing is written.
///
/// # Errors
/// Everything that is wrong with its files.
pub fn newer(
    loaded: &Loaded,
    id: &StackId,
    versions: &VersionsOf<'_>,
) -> Result<Vec<String>, String> {
    let pinned = config::pinned(loaded, &id.whole()).map_err(|found| found.to_string())?;
    let known = known(versions, pinned.iter().collect(), None);
    Ok(known.iter().flat_map(|one| one.lines(false)).collect())
}

/// `update`.
pub(super) fn update(
    ground: &dyn Ground,
    args: &UpdateArgs,
    out: &mut Out<'_, '_>,
) -> Result<Code, Stop> {
    let loaded = ground.estate()?;
    let id: StackId = args
        .stack
        .parse()
        .map_err(|why| Stop::wrong("stack", format!("{:?} is no stack: {why}", args.stack)))?;
    let id = id.whole();
    let app = loaded.estate.applications.get(&id.app);
    if app.is_none_or(|app| !app.environments.contains(&id.env)) {
        let catalog = config::catalog(&loaded, &Instances::new());
        return Err(unknown(&catalog, &id));
    }
    let pinned =
        config::pinned(&loaded, &id).map_err(|found| Stop::wrong("files", found.to_string()))?;
    if pinned.is_empty() {
        let says = format!("the files of {id} pin no versions");
        return Err(Stop::wrong("no-versions", says));
    }
    let chosen: Vec<&Pinned> = match &args.component {
        Some(name) => vec![named(&pinned, name)?],
        None => pinned.iter().collect(),
    };
    let versions = |of: &Versions, since: &str, anew| ground.versions(&id, of, since, anew);
    let known = known(&versions, chosen, args.version.as_deref());
    // From the end of a file on, so that what is written moves no place that is yet to be.
    let writes = known.iter().filter(|_| !args.check);
    let mut writes: Vec<_> = writes
        .filter_map(|one| Some((one.pinned, one.newer()?)))
        .collect();
    writes.sort_by_key(|(pinned, _)| std::cmp::Reverse(pinned.at));
    for (pinned, version) in writes {
        write(&loaded.folder, pinned, version)?;
    }
    let (mut failed, mut all) = (false, Vec::new());
    for one in &known {
        failed |= one.since.is_err() && !matches!(one.pinned.among, Versions::Unlisted(_));
        let is_written = !args.check && one.newer().is_some();
        if out.is_json() {
            all.push(one.document(is_written));
        } else {
            for line in one.lines(is_written) {
                out.line(&line)?;
            }
        }
    }
    if out.is_json() {
        out.document(&json!({ "stack": id, "components": all }))?;
    }
    // What was written must still be a configuration.
    if !args.check {
        again(ground, &id)?;
    }
    Ok(if failed { Code::Failed } else { Code::Done })
}

fn named<'a>(pinned: &'a [Pinned], name: &str) -> Result<&'a Pinned, Stop> {
    let found = pinned.iter().find(|one| one.name == name);
    found.ok_or_else(|| {
        let names: Vec<&str> = pinned.iter().map(|one| one.name.as_str()).collect();
        let near = closest(name, names.iter().copied());
        let hint = near.map_or_else(
            || format!("there is: {}", names.join(", ")),
            |near| format!("did you mean {near:?}?"),
        );
        Stop::wrong(
            "component",
            format!("there is no component {name:?}: {hint}"),
        )
    })
}

fn again(ground: &dyn Ground, id: &StackId) -> Result<(), Stop> {
    let loaded = ground.estate()?;
    config::pinned(&loaded, id).map(drop).map_err(|found| {
        let says = format!("the version is written, and something is wrong now:\n{found}");
        Stop::wrong("files", says)
    })
}

impl Known<'_> {
    /// The version that it should have by now, where it has another.
    fn newer(&self) -> Option<&str> {
        let since = self.since.as_ref().ok()?;
        Some(since.newest.as_str()).filter(|newest| *newest != self.pinned.version)
    }

    fn lines(&self, written: bool) -> Vec<String> {
        let Pinned { name, version, .. } = self.pinned;
        let since = match &self.since {
            Ok(since) => since,
            Err(why) => return vec![format!("{name}  {version}: {why}")],
        };
        let mut says = match self.newer() {
            None if self.is_named => format!("{name}  {version} is there already"),
            None => format!("{name}  {version} is the newest"),
            Some(newest) => format!("{name}  {version} -> {newest}"),
        };
        if written {
            let (file, at) = (&self.pinned.file, self.pinned.at);
            says = format!("{says}, written to {file}:{}", at.line);
        }
        let commits = since.commits.len() + since.left_out;
        if commits > 0 {
            let what = if since.registered {
                "version"
            } else {
                "commit"
            };
            says = format!("{says}, {}", counted(commits, what));
        }
        if since.elsewhere {
            says = format!("{says}; {version} is on another branch");
        }
        if since.untagged > 0 {
            let have = if since.untagged == 1 { "has" } else { "have" };
            says = format!(
                "{says}; {} after it {have} no tag",
                counted(since.untagged, "commit")
            );
        }
        let mut lines = vec![says];
        lines.extend(since.commits.iter().map(told));
        if since.left_out > 0 {
            lines.push(format!("  and {} before", since.left_out));
        }
        lines
    }

    fn document(&self, written: bool) -> Value {
        let (pinned, since) = (self.pinned, self.since.as_ref().ok());
        let commits = since.map(|since| {
            let all = since.commits.iter().map(|one| {
                json!({ "id": one.id, "on": one.on, "by": one.by, "says": one.says, "tags": one.tags })
            });
            all.collect::<Vec<_>>()
        });
        json!({
            "name": pinned.name,
            "version": pinned.version,
            "newest": since.map(|since| &since.newest),
            "written": written,
            "file": pinned.file,
            "line": pinned.at.line,
            "commits": commits.unwrap_or_default(),
            "left_out": since.map_or(0, |since| since.left_out),
            "says": self.since.as_ref().err(),
        })
    }
}

fn told(commit: &Commit) -> String {
    let tags: Vec<&str> = commit.tags.iter().map(Safe::as_str).collect();
    let tags = if tags.is_empty() {
        String::new()
    } else {
        format!(" ({})", tags.join(", "))
    };
    let Commit {
        id, on, by, says, ..
    } = commit;
    format!("  {id}  {on}  {by}  {says}{tags}")
}

/// Writes a version in the place of the one that is there.
fn write(folder: &Path, pinned: &Pinned, version: &str) -> Result<(), Stop> {
    let wrong = |why: String| Stop::wrong("write", why);
    let file = pinned.file.as_str();
    // A link leads to the file that is meant.
    let path: PathBuf = std::fs::canonicalize(folder.join(file))
        .map_err(|why| wrong(format!("{file} cannot be written: {why}")))?;
    let bytes = open::bytes(&path).map_err(|why| wrong(format!("{file}: {why}")))?;
    let (_, root) = document::read(file, &bytes, Limits::CONFIGURATION)
        .map_err(|found| wrong(found.to_string()))?;
    if root.get("sops").is_some() {
        let plain = sops::decrypted(&path).map_err(|why| wrong(format!("{file}: {why}")))?;
        let (_, root) = document::read(file, &plain, Limits::CONFIGURATION)
            .map_err(|found| wrong(found.to_string()))?;
        let steps = steps(&root, pinned.at).ok_or_else(|| wrong(moved(file, pinned)))?;
        return sops::set(&path, &steps, &json!(version).to_string())
            .map_err(|why| wrong(format!("{file}: {why}")));
    }
    let text = String::from_utf8_lossy(&bytes);
    let new = replaced(&text, pinned, version).ok_or_else(|| wrong(moved(file, pinned)))?;
    let mode = std::fs::metadata(&path).map_or(0o644, |found| found.permissions().mode());
    files::write_whole_as(&path, new.as_bytes(), mode & 0o777).map_err(|why| wrong(why.to_string()))
}

fn moved(file: &str, pinned: &Pinned) -> String {
    let (line, version) = (pinned.at.line, &pinned.version);
    format!("{file}:{line} does not say {version} as it stands: write it there by hand")
}

/// A text with another version in the place of the pinned one, in the same quotes.
fn replaced(text: &str, pinned: &Pinned, version: &str) -> Option<String> {
    let line: usize = text
        .split_inclusive('\n')
        .take(pinned.at.line.checked_sub(1)?)
        .map(str::len)
        .sum();
    let column = text[line..].char_indices().nth(pinned.at.column - 1)?.0;
    let from = line + column;
    let quote = text[from..].chars().next().filter(|c| "\"'".contains(*c));
    let own = quote.map_or(0, char::len_utf8);
    let old = text[from + own..].strip_prefix(pinned.version.as_str())?;
    let ends = quote.map_or_else(
        || old.is_empty() || old.starts_with([' ', '\n', '\r', ',', '}', '#']),
        |quote| old.starts_with(quote),
    );
    // What is a number without quotes would be read as one.
    let needs = quote.is_none() && !version.starts_with(|c: char| c.is_ascii_alphabetic());
    let new = if needs {
        format!("\"{version}\"")
    } else {
        version.to_owned()
    };
    let safe = |c: char| c.is_ascii_alphanumeric() || "._-+/".contains(c);
    (ends && version.chars().all(safe)).then(|| format!("{}{new}{old}", &text[..from + own]))
}

/// The steps that lead to a place, as `sops` names them.
fn steps(node: &Node, at: At) -> Option<String> {
    if (node.at.line, node.at.column) == (at.line, at.column) && node.text().is_some() {
        return Some(String::new());
    }
    let keys = node.entries().iter();
    let keys = keys.map(|(key, inner)| (json!(key.name).to_string(), inner));
    let items = node.items().iter().enumerate();
    let items = items.map(|(nth, inner)| (nth.to_string(), inner));
    keys.chain(items)
        .find_map(|(step, inner)| Some(format!("[{step}]{}", steps(inner, at)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pinned(text: &str, version: &str) -> Pinned {
        let (_, root) = document::read("x", text.as_bytes(), Limits::CONFIGURATION).unwrap();
        let node = root.get("components").unwrap().items()[1].get("version");
        Pinned {
            name: "b".to_owned(),
            version: version.to_owned(),
            among: Versions::Unlisted(""),
            file: Safe::new("x"),
            at: node.unwrap().at,
        }
    }

    #[test]
    fn a_version_is_written_where_it_stands_and_nothing_else_changes() {
        for (written, version, new, expected) in [
            ("v1", "v1", "v2.0.0", "v2.0.0"),
            ("\"1.0\"", "1.0", "1.1", "\"1.1\""),
            ("'1.0'  # held", "1.0", "1.1", "'1.1'  # held"),
            ("1.0.0 # held", "1.0.0", "1.1.0", "\"1.1.0\" # held"),
            ("abc1234", "abc1234", "1234567", "\"1234567\""),
        ] {
            let text = |version: &str| {
                format!(
                    "# of the shop\ncomponents:\n  - {{ name: a, version: 1 }}\n  - name: b\n    version: {version}\n    source: x # \u{fc}\n"
                )
            };
            let old = text(written);
            let found = replaced(&old, &pinned(&old, version), new);
            assert_eq!(found, Some(text(expected)), "{written}");
            let (_, root) = document::read("x", old.as_bytes(), Limits::CONFIGURATION).unwrap();
            let steps = steps(&root, pinned(&old, version).at).unwrap();
            assert_eq!(steps, "[\"components\"][1][\"version\"]");
        }
        let flow = "components: [{ version: a1 }, { version: b1, name: b }]\n";
        let found = replaced(flow, &pinned(flow, "b1"), "b2");
        assert_eq!(
            found.as_deref(),
            Some("components: [{ version: a1 }, { version: b2, name: b }]\n")
        );
        let other = "components: [{ version: a1 }, { version: \"${var.v}\" }]\n";
        assert_eq!(replaced(other, &pinned(other, "b1"), "b2"), None);
        assert_eq!(replaced(flow, &pinned(flow, "b1"), "b2\" }"), None);
    }
}
