//! The lines of a container, read for the phase in which each of them stands: the container says
//! itself where one begins and ends. What a command prints changes nothing, unless it prints the
//! very words of the container.

use super::{FIRST_WRITING, place};

/// How every line of the container itself begins; the time follows.
const OWN: &str = "[Container] ";

/// Where in a stream it is read.
#[derive(Debug)]
pub(super) struct Container {
    /// The phase of the next line, by its place.
    place: usize,
    /// It was said that this phase is complete; a line that says why is still to come.
    closing: bool,
}

impl Default for Container {
    fn default() -> Self {
        Self {
            place: FIRST_WRITING,
            closing: false,
        }
    }
}

impl Container {
    /// The phase of the next line. It never goes back.
    pub(super) fn phase_of(&mut self, line: &str) -> usize {
        let says = own(line);
        if self.closing {
            self.closing = false;
            let at = self.place;
            self.place += 1;
            if says.starts_with("Phase context status code") {
                return at;
            }
        }
        if let Some(entered) = says.strip_prefix("Entering phase ").and_then(place) {
            self.place = self.place.max(entered);
        }
        let complete = says
            .strip_prefix("Phase complete: ")
            .and_then(|rest| place(rest.split(' ').next().unwrap_or(rest)));
        self.closing = complete == Some(self.place);
        self.place
    }

    /// True once no line of that phase comes any more.
    pub(super) fn has_left(&self, place: usize) -> bool {
        self.place > place
    }
}

/// What the container itself says; nothing of a line that a command printed.
fn own(line: &str) -> &str {
    let rest = line.strip_prefix(OWN);
    let mut words = rest.map(|rest| rest.splitn(3, ' ')).into_iter().flatten();
    words.nth(2).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forms::codebuild::PHASES;

    #[test]
    fn every_line_stands_in_its_phase() {
        let mut container = Container::default();
        for (phase, line) in [
            (
                "DOWNLOAD_SOURCE",
                "[Container] 2026/11/26 10:00:00.000001 Waiting for agent ping",
            ),
            (
                "DOWNLOAD_SOURCE",
                "[Container] 2026/11/26 10:00:01.000001 Phases found in YAML: 2",
            ),
            (
                "DOWNLOAD_SOURCE",
                "[Container] 2026/11/26 10:00:01.000001 Phase complete: DOWNLOAD_SOURCE State: SUCCEEDED",
            ),
            (
                "DOWNLOAD_SOURCE",
                "[Container] 2026/11/26 10:00:01.000001 Phase context status code:  Message: ",
            ),
            (
                "INSTALL",
                "[Container] 2026/11/26 10:00:02.000001 Entering phase INSTALL",
            ),
            ("INSTALL", "Entering phase BUILD"),
            (
                "INSTALL",
                "[Container] 2026/11/26 10:00:02.000001 Phase complete: BUILD State: SUCCEEDED",
            ),
            (
                "INSTALL",
                "[Container] 2026/11/26 10:00:02.000001 Phase complete: INSTALL State: SUCCEEDED",
            ),
            // Without the line that says why.
            (
                "BUILD",
                "[Container] 2026/11/26 10:00:03.000001 Entering phase BUILD",
            ),
            (
                "BUILD",
                "[Container] 2026/11/26 10:00:03.000001 Entering phase NOBODY_KNOWS",
            ),
            (
                "BUILD",
                "[Container] 2026/11/26 10:00:04.000001 Entering phase INSTALL",
            ),
            ("BUILD", "built"),
            (
                "BUILD",
                "[Container] 2026/11/26 10:00:05.000001 Phase complete: BUILD State: FAILED",
            ),
            (
                "BUILD",
                "[Container] 2026/11/26 10:00:05.000001 Phase context status code: X Message: Y",
            ),
            (
                "POST_BUILD",
                "[Container] 2026/11/26 10:00:05.000001 Entering phase POST_BUILD",
            ),
            (
                "POST_BUILD",
                "[Container] 2026/11/26 10:00:05.000001 Phase complete: POST_BUILD State: SUCCEEDED",
            ),
            (
                "POST_BUILD",
                "[Container] 2026/11/26 10:00:05.000001 Phase context status code:  Message: ",
            ),
            // Nobody says that this one begins.
            (
                "UPLOAD_ARTIFACTS",
                "[Container] 2026/11/26 10:00:05.000001 Expanding base directory path: dist",
            ),
        ] {
            assert_eq!(PHASES[container.phase_of(line)], phase, "{line}");
        }
        assert!(container.has_left(7) && !container.has_left(8));
    }
}
