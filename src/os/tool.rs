//! Tools that are asked something and answer soon: run with a limit of time and of what they may say, and ended with all that they started when nobody waits any more.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

use super::child;

/// How much of each output is kept where nothing is said of it.
const SAID: u64 = 1 << 20;

/// What a tool said, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// Its exit code; none where a signal ended it.
    pub code: Option<i32>,
    /// The first of its output.
    pub out: Vec<u8>,
    /// The first of its complaints.
    pub err: Vec<u8>,
}

/// Ends the group of a tool that is not waited for any more.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            child::kill(group);
        }
    }
}

/// The variables of these names that are around this program.
#[must_use]
pub fn seen(names: &[&str]) -> BTreeMap<String, String> {
    let value = |name: &&str| Some(((*name).to_owned(), std::env::var(name).ok()?));
    names.iter().filter_map(value).collect()
}

/// Runs a tool, by its whole path, with exactly these variables and this input.
///
/// # Errors
/// It cannot be started, or says nothing more within the limit (`TimedOut`).
pub async fn run(
    program: &Path,
    arguments: &[&str],
    input: &[u8],
    variables: &BTreeMap<String, String>,
    folder: &Path,
    limit: Duration,
) -> io::Result<Ran> {
    run_to(SAID, program, arguments, input, variables, folder, limit).await
}

/// Runs a tool of which this much is kept of each output.
///
/// # Errors
/// As [`run`].
pub async fn run_to(
    most: u64,
    program: &Path,
    arguments: &[&str],
    input: &[u8],
    variables: &BTreeMap<String, String>,
    folder: &Path,
    limit: Duration,
) -> io::Result<Ran> {
    let mut tool = Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(variables)
        .current_dir(folder)
        .stdin(if input.is_empty() {
            Stdio::null()
        } else {
            Stdio::piped()
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()?;
    let mut group = Group(tool.id());
    let (out, err, pipe) = (tool.stdout.take(), tool.stderr.take(), tool.stdin.take());
    let feed = async {
        if let Some(mut pipe) = pipe {
            // One that does not want all of it says why.
            let _ = pipe.write_all(input).await;
        }
    };
    let ran = async {
        let (out, err, status, ()) =
            tokio::join!(said(out, most), said(err, most), tool.wait(), feed);
        Ok(Ran {
            code: status?.code(),
            out: out?,
            err: err?,
        })
    };
    let ran = tokio::time::timeout(limit, ran)
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?;
    // Its number may be another's now.
    group.0 = None;
    ran
}

/// The first of what a pipe gives; the rest is read and forgotten, so that nobody waits for room.
async fn said(pipe: Option<impl AsyncRead + Unpin>, most: u64) -> io::Result<Vec<u8>> {
    let mut kept = Vec::new();
    if let Some(mut pipe) = pipe {
        (&mut pipe).take(most).read_to_end(&mut kept).await?;
        tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await?;
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn shell(script: &str, limit: Duration) -> io::Result<Ran> {
        let variables = BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]);
        let sh = Path::new("/bin/sh");
        run(
            sh,
            &["-c", script],
            b"told",
            &variables,
            Path::new("/"),
            limit,
        )
        .await
    }

    #[tokio::test]
    async fn what_a_tool_says_and_how_it_ends_is_told() {
        let ran = shell("cat; echo; echo b >&2; exit 3", Duration::from_secs(20))
            .await
            .unwrap();
        let expected = Ran {
            code: Some(3),
            out: b"told\n".to_vec(),
            err: b"b\n".to_vec(),
        };
        assert_eq!(ran, expected);
        let much = shell("yes | head -c 3000000", Duration::from_secs(20)).await;
        assert_eq!(much.unwrap().out.len() as u64, SAID);
    }

    #[tokio::test]
    async fn a_tool_that_says_nothing_is_not_waited_for() {
        let why = shell(
            "exec 8<>/dev/null; while :; do wait; done",
            Duration::from_millis(100),
        )
        .await
        .unwrap_err();
        assert_eq!(why.kind(), io::ErrorKind::TimedOut);
    }
}
