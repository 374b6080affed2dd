//! What a container writes while it builds, in the words of `CodeBuild`'s own, and what the usual
//! commands print. The same build always writes the same lines.

use std::collections::BTreeMap;

use super::buildspec::Buildspec;
use super::phase::{Kind, Status};
use super::source::Source;

/// A line of a phase.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    /// When, as a part of the phase from 0 to 1.
    pub(super) at: f64,
    /// True for what the container says itself: such a line begins with the time.
    pub(super) is_own: bool,
    /// The text.
    pub(super) text: String,
}

/// A command that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Failing {
    /// Which one of its phase.
    pub(super) nth: usize,
    /// With what it exits.
    pub(super) exit: i64,
}

fn own(at: f64, text: impl Into<String>) -> Line {
    Line {
        at,
        is_own: true,
        text: text.into(),
    }
}

/// The source comes.
pub(super) fn download(buildspec: &Buildspec) -> Vec<Line> {
    let phases = buildspec.commands.iter();
    let phases = phases.map(|(kind, commands)| {
        own(
            0.9,
            format!(" {}: {} commands", kind.name(), commands.len()),
        )
    });
    let mut lines = vec![
        own(0.0, "Running on CodeBuild On-demand"),
        own(0.0, "Waiting for agent ping"),
        own(0.1, "Waiting for DOWNLOAD_SOURCE"),
        own(0.8, "Phase is DOWNLOAD_SOURCE"),
        own(0.8, "CODEBUILD_SRC_DIR=/codebuild/output/src/src"),
        own(0.8, "YAML location is /codebuild/readonly/buildspec.yml"),
        own(0.8, "Processing environment variables"),
    ];
    let runtimes = buildspec.runtimes.iter();
    lines.extend(runtimes.map(|(name, version)| {
        own(
            0.9,
            format!("Selecting '{name}' runtime version '{version}' based on manual selections..."),
        )
    }));
    lines.extend([
        own(0.9, "Moving to directory /codebuild/output/src/src"),
        own(0.9, "Registering with agent"),
        own(
            0.9,
            format!("Phases found in YAML: {}", buildspec.commands.len()),
        ),
    ]);
    lines.extend(phases);
    lines
}

/// The commands of a phase are run, up to the one that fails.
pub(super) fn commands(
    kind: Kind,
    all: &[String],
    failing: Option<Failing>,
    variables: &BTreeMap<String, String>,
    source: Option<&Source>,
) -> Vec<Line> {
    let mut lines = vec![own(0.0, format!("Entering phase {}", kind.name()))];
    let many = failing.map_or(all.len(), |failing| failing.nth + 1);
    for (nth, command) in all.iter().take(many).enumerate() {
        let part = |share: f64| share_of(nth, many, share);
        lines.push(own(part(0.0), format!("Running command {command}")));
        let failed = failing.filter(|failing| failing.nth == nth);
        let ran = source.and_then(|source| source.run(command));
        // What makes a script fail that would not is not known to it.
        let ran = ran.filter(|ran| (ran.exit != 0) == failed.is_some());
        let printed = ran.map_or_else(
            || printed(command, failed.is_some(), variables),
            |ran| ran.printed,
        );
        let count = printed.len();
        lines.extend(printed.into_iter().enumerate().map(|(line, text)| Line {
            at: part(0.9 * share_of(line, count, 1.0)),
            is_own: false,
            text,
        }));
        if let Some(failed) = failed {
            let text = format!(
                "Command did not exit successfully {command} exit status {}",
                failed.exit
            );
            lines.push(own(1.0, text));
        }
    }
    lines
}

#[allow(clippy::cast_precision_loss, reason = "a few commands")]
fn share_of(nth: usize, many: usize, share: f64) -> f64 {
    (nth as f64 + share) / many.max(1) as f64
}

/// The artifact is made and brought away.
pub(super) fn upload(base: &str, files: usize) -> Vec<Line> {
    vec![
        own(0.0, format!("Expanding base directory path: {base}")),
        own(0.1, "Assembling file list"),
        own(0.2, format!("Expanding {base}")),
        own(
            0.3,
            format!("Expanding file paths for base directory {base}"),
        ),
        own(0.3, "Assembling file list"),
        own(0.4, "Expanding **/*"),
        own(0.5, format!("Found {files} file(s)")),
    ]
}

/// A phase ends.
pub(super) fn complete(
    kind: Kind,
    status: Status,
    context: Option<&(String, String)>,
) -> [Line; 2] {
    let (code, message) = context.map_or(("", ""), |(code, message)| (code, message));
    [
        own(
            1.0,
            format!("Phase complete: {} State: {}", kind.name(), status.name()),
        ),
        own(
            1.0,
            format!("Phase context status code: {code} Message: {message}"),
        ),
    ]
}

/// With what a command exits whose exit can be read in it; none where it ends well.
pub(super) fn exit(command: &str) -> Option<i64> {
    let command = command.trim();
    let code = match command.strip_prefix("exit ") {
        Some(code) => code.trim().parse().unwrap_or(0),
        None => i64::from(command == "false"),
    };
    (code != 0).then_some(code)
}

/// What a command prints.
fn printed(command: &str, fails: bool, variables: &BTreeMap<String, String>) -> Vec<String> {
    let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect();
    let has = |word: &str| command.contains(word);
    if let Some(text) = command.strip_prefix("echo ") {
        return vec![expanded(text.trim_matches(['"', '\'']), variables)];
    }
    match command.trim() {
        "env" | "printenv" => {
            let all = variables.iter();
            all.map(|(name, value)| format!("{name}={value}")).collect()
        }
        _ if fails && has("test") => texts(&[
            "FAIL src/basket.test.tsx",
            "  expected 2 items, found 3",
            "Test Suites: 1 failed, 11 passed, 12 total",
        ]),
        _ if fails && has("build") => texts(&[
            "> tsc -b && vite build",
            "src/App.tsx(17,5): error TS2304: Cannot find name 'Basket'.",
        ]),
        _ if fails => texts(&["error: it cannot go on"]),
        _ if has("test") => texts(&[
            "PASS src/basket.test.tsx",
            "Test Suites: 12 passed, 12 total",
        ]),
        _ if has("build") => texts(&[
            "> tsc -b && vite build",
            "transforming...",
            "84 modules transformed.",
            "rendering chunks...",
            "dist/index.html  0.46 kB",
            "built in 3.21s",
        ]),
        _ if has("npm") || has("yarn") => texts(&[
            "npm warn deprecated inflight@1.0.6: This module is not supported",
            "added 412 packages, and audited 413 packages in 6s",
        ]),
        _ => Vec::new(),
    }
}

/// A text with the variables in it.
fn expanded(text: &str, variables: &BTreeMap<String, String>) -> String {
    // The longest names first, so that none is taken for the beginning of another.
    let mut all: Vec<(&String, &String)> = variables.iter().collect();
    all.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    all.into_iter()
        .fold(text.to_owned(), |text, (name, value)| {
            text.replace(&format!("${{{name}}}"), value)
                .replace(&format!("${name}"), value)
        })
}
