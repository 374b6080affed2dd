//! The tool `git`: it finds what signs it in on this machine, asks nobody, reaches repositories in
//! few ways, and starts nothing that a repository names.

pub mod history;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::Duration;

use super::child;
use super::tool::{self, Ran};
use crate::text::safe::Safe;

/// What it sees of the variables around this program.
const SEEN: [&str; 4] = ["PATH", "HOME", "SSH_AUTH_SOCK", "XDG_CONFIG_HOME"];
/// What it is told.
const TOLD: [(&str, &str); 5] = [
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_ALLOW_PROTOCOL", "https:http:ssh:file"),
    ("GIT_SSH_COMMAND", "ssh -o BatchMode=yes"),
    ("GCM_INTERACTIVE", "never"),
    ("LC_ALL", "C"),
];

/// Runs it in a folder.
///
/// # Errors
/// A sentence: it is not there, takes longer than the limit, or says no.
pub async fn git(arguments: &[&str], folder: &Path, limit: Duration) -> Result<String, String> {
    fed(arguments, b"", folder, limit).await
}

/// Runs it in a folder, with an input.
///
/// # Errors
/// As [`git`].
pub async fn fed(
    arguments: &[&str],
    input: &[u8],
    folder: &Path,
    limit: Duration,
) -> Result<String, String> {
    let out = run(arguments, input, folder, limit).await?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}

/// Runs it in a folder, and gives what it writes as it is.
///
/// # Errors
/// As [`git`].
pub async fn bytes(arguments: &[&str], folder: &Path, limit: Duration) -> Result<Vec<u8>, String> {
    run(arguments, b"", folder, limit).await
}

async fn run(
    arguments: &[&str],
    input: &[u8],
    folder: &Path,
    limit: Duration,
) -> Result<Vec<u8>, String> {
    let variables = variables(|name| std::env::var(name).ok());
    let path = variables.get("PATH").map(String::as_str);
    let program = child::found("git", path)?;
    let ran = tool::run(&program, arguments, input, &variables, folder, limit).await;
    match ran {
        Ok(Ran {
            code: Some(0), out, ..
        }) => Ok(out),
        Ok(ran) => Err(complaint(&ran)),
        Err(why) if why.kind() == io::ErrorKind::TimedOut => {
            Err(format!("git said nothing for {} s", limit.as_secs()))
        }
        Err(why) => Err(format!("git cannot be started: {why}")),
    }
}

/// The address of a folder, as it reads it.
#[must_use]
pub fn address(folder: &Path) -> String {
    let bytes = folder.as_os_str().as_encoded_bytes().iter();
    let path = bytes.map(|byte| match byte {
        b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
            char::from(*byte).to_string()
        }
        other => format!("%{other:02X}"),
    });
    format!("file://{}", path.collect::<String>())
}

fn variables(around: impl Fn(&str) -> Option<String>) -> BTreeMap<String, String> {
    let seen = SEEN
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), around(name)?)));
    let told = TOLD.map(|(name, value)| (name.to_owned(), value.to_owned()));
    seen.chain(told).collect()
}

/// What it complained of first where it says that it is fatal, with what came before a sentence that
/// says no more than that; else what it said last.
fn complaint(ran: &Ran) -> String {
    const NO_MORE: &str = "fatal: Could not read from remote repository";
    let said = String::from_utf8_lossy(&ran.err);
    let lines: Vec<&str> = said
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let fatal = lines.iter().position(|line| line.starts_with("fatal: "));
    let at = fatal.map(|at| {
        let says_more = !lines[at].starts_with(NO_MORE);
        if says_more { at } else { at.saturating_sub(1) }
    });
    let told = at.and_then(|at| lines.get(at)).or(lines.last());
    match (told, ran.code) {
        (Some(line), _) => Safe::told(line.trim_start_matches("fatal: ")).into_string(),
        (None, Some(code)) => format!("git ended with {code}"),
        (None, None) => "git was ended by a signal".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_complained_of_is_what_a_person_needs() {
        let rest = "fatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights\nand the repository exists.\n";
        let gone = "fatal: '/x.git' does not appear to be a git repository\n";
        for (said, told) in [
            (
                format!("{gone}{rest}"),
                "'/x.git' does not appear to be a git repository",
            ),
            (
                format!("git@host: Permission denied (publickey).\n{rest}"),
                "git@host: Permission denied (publickey).",
            ),
            ("warning: x\nerror: y\n".to_owned(), "error: y"),
        ] {
            let ran = Ran {
                code: Some(128),
                out: Vec::new(),
                err: said.into_bytes(),
            };
            assert_eq!(complaint(&ran), told);
        }
    }

    #[test]
    fn it_sees_what_signs_it_in_and_nothing_else() {
        let all = variables(|name| Some(format!("my {name}")));
        assert_eq!(all["HOME"], "my HOME");
        assert_eq!(all.len(), SEEN.len() + TOLD.len());
    }

    #[tokio::test]
    async fn any_folder_has_an_address() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("a b#\u{fc}");
        std::fs::create_dir(&folder).unwrap();
        let limit = Duration::from_mins(1);
        git(&["init", "-q", "--bare", "."], &folder, limit)
            .await
            .unwrap();
        let address = address(&folder);
        assert!(address.ends_with("/a%20b%23%C3%BC"), "{address}");
        let listed = git(&["ls-remote", "--", &address], Path::new("/"), limit).await;
        assert_eq!(listed, Ok(String::new()));
    }

    #[tokio::test]
    async fn what_it_complains_of_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let limit = Duration::from_mins(1);
        let why = git(&["rev-parse", "HEAD"], folder.path(), limit)
            .await
            .unwrap_err();
        assert!(why.contains("not a git repository"), "{why}");
        let hook = format!("ext::sh -c touch% {}/x", folder.path().display());
        let why = git(&["ls-remote", &hook], folder.path(), limit)
            .await
            .unwrap_err();
        assert!(
            why.contains("not allowed") && !folder.path().join("x").exists(),
            "{why}"
        );
    }
}
