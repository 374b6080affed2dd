//! How a line of the log reads: its columns, its rows when it is wrapped, and its form in files and
//! in the clipboard.

use std::fmt::Write as _;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::domain::line::{Severity, SourceKind, is_of_task};
use crate::domain::time::{Time, short};

use super::ring::{Row, Source};

/// The forms of the time column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Times {
    /// `14:02:51`.
    #[default]
    Clock,
    /// `3:10 ago`.
    Ago,
    /// `+0.2s` since the line before.
    Since,
    /// None.
    Off,
}

impl Times {
    pub(super) fn next(self) -> Self {
        match self {
            Times::Clock => Times::Ago,
            Times::Ago => Times::Since,
            Times::Since => Times::Off,
            Times::Off => Times::Clock,
        }
    }

    /// What is said when it is chosen.
    pub(super) fn word(self) -> &'static str {
        match self {
            Times::Clock => "times: clock, UTC",
            Times::Ago => "times: how long ago",
            Times::Since => "times: since the line before",
            Times::Off => "times: off",
        }
    }

    /// The column, with a space at its end.
    pub(super) fn text(self, at: Time, before: Option<Time>, now: Time) -> String {
        match self {
            Times::Clock => format!("{:8} ", at.clock()),
            Times::Ago => format!("{:>8} ", format!("{} ago", short(now.since(at)))),
            Times::Since => {
                let ms = before.map_or(0, |before| at.since(before).as_millis());
                let text = if ms < 100_000 {
                    format!("+{}.{}s", ms / 1_000, ms % 1_000 / 100)
                } else {
                    format!("+{}", short(std::time::Duration::from_millis(ms as u64)))
                };
                format!("{text:>8} ")
            }
            Times::Off => String::new(),
        }
    }
}

/// The name of a source as a column shows it: of what goes through phases the phase, which its
/// header names with the source; of a container of a task that container, with the task.
pub(super) fn name(source: &Source, is_header: bool) -> &str {
    match source.kind {
        _ if source.run.is_some() && !is_header => source.part.as_str(),
        SourceKind::Logs | SourceKind::Out if is_of_task(source.part.as_str()) => {
            source.part.as_str()
        }
        SourceKind::Events if !source.part.is_empty() => source.part.as_str(),
        SourceKind::Events | SourceKind::Logs | SourceKind::Out | SourceKind::Engine => {
            source.name.as_str()
        }
    }
}

/// Bytes at which each row of a wrapped text begins: the first row has `first` cells, the others
/// `rest`.
pub(super) fn wrap(text: &str, first: usize, rest: usize) -> Vec<usize> {
    let (mut begins, mut used, mut room) = (vec![0], 0, first.max(1));
    for (at, grapheme) in text.grapheme_indices(true) {
        let width = grapheme.width();
        if used + width > room && used > 0 {
            begins.push(at);
            used = 0;
            room = rest.max(1);
        }
        used += width;
    }
    begins
}

/// A line as it is copied and saved: one line of text, complete.
pub(super) fn plain(row: &Row<'_>) -> String {
    let Source {
        kind,
        name,
        part,
        stack,
        no,
        run: _,
    } = row.source;
    let level = match row.severity {
        Severity::Debug => "DEBUG",
        Severity::Info => "",
        Severity::Warn => "WARN",
        Severity::Error => "ERROR",
        Severity::Gap => "GAP",
    };
    let mut text = format!("{} {stack} ", row.at.text("%Y-%m-%dT%H:%M:%S%.3fZ"));
    if let Some(no) = no {
        let _ = write!(text, "{no} ");
    }
    let _ = write!(text, "{} {name} ", kind.word());
    if !part.is_empty() {
        let _ = write!(text, "{part} ");
    }
    if !level.is_empty() && !says(row.text, level) {
        let _ = write!(text, "{level} ");
    }
    text.push_str(row.text);
    text
}

/// Whether a line says its level itself, among its first words: `2024-03-01 12:00:01 [WARN] …`.
fn says(text: &str, level: &str) -> bool {
    let words = text.split_whitespace().take(4);
    words
        .flat_map(|word| word.split(|c: char| !c.is_ascii_alphabetic()))
        .any(|word| {
            word.eq_ignore_ascii_case(level)
                || (level == "WARN" && word.eq_ignore_ascii_case("warning"))
        })
}
