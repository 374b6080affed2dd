//! A build as a person follows it: its phases as they begin and end, and between these its lines,
//! each with a number by which it is known after a restart. Pure: what was seen goes in, what is to
//! be given out comes out.
//!
//! A number has the place of its phase and, within that, the place of the line, with room for
//! remarks between two lines: so the same line has the same number however often the build was
//! picked up. A phase ends here once CodeBuild says so and its last line was read.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::container::Container;
use super::{Build, COMPLETED, FIRST_WRITING, LAST_WRITING, PHASES, Phase, SUCCEEDED};
use crate::domain::line::Severity;
use crate::domain::time::{Time, short};
use crate::text::safe::Safe;
use crate::text::secret::Within;

/// How many bits the numbers of one phase have.
const PHASE: u32 = 36;
/// From one number to the next: what lies between is for remarks.
const STEP: u64 = 16;
/// The number of the beginning of a phase; its lines follow.
const BEGIN: u64 = STEP;
/// The number of its end.
const END: u64 = (1 << PHASE) - STEP;
/// How many lines of a phase a failure quotes.
const QUOTED: usize = 20;

/// Something to be given out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// By what it is known: numbers of one build rise.
    pub nth: u64,
    /// When it was, where that is told.
    pub at: Option<Time>,
    /// How serious.
    pub severity: Severity,
    /// The phase.
    pub part: &'static str,
    /// The words.
    pub text: Safe,
}

/// How far a build was told.
#[derive(Debug)]
pub struct Told {
    /// What was given out before.
    reached: Option<u64>,
    /// The place of the phase that is told.
    place: usize,
    /// The number of what was told of it last; 0 before its beginning.
    at: u64,
    /// How many remarks were made since then.
    remarks: u64,
    container: Container,
    within: Within,
    /// Lines of later phases, each with its phase.
    waiting: VecDeque<(usize, Time, Safe)>,
    /// No lines come.
    is_mute: bool,
    /// The last lines by phase.
    last: BTreeMap<usize, VecDeque<Safe>>,
}

impl Told {
    /// Nothing yet; what was given out before is not given again.
    #[must_use]
    pub fn after(reached: Option<u64>) -> Self {
        Self {
            reached,
            place: 0,
            at: 0,
            remarks: 0,
            container: Container::default(),
            within: Within::default(),
            waiting: VecDeque::new(),
            is_mute: false,
            last: BTreeMap::new(),
        }
    }

    /// Takes what a container wrote, in its order: one event or more lines in one.
    pub fn read(&mut self, at: Time, message: &str) {
        for line in message.trim_end_matches(['\r', '\n']).split('\n') {
            let covered = self
                .within
                .next_masked(line.trim_end_matches('\r').as_bytes());
            let text = Safe::from_bytes(&covered);
            let place = self.container.phase_of(text.as_str());
            self.waiting.push_back((place, at, text));
        }
    }

    /// Its lines cannot be read: nothing waits for them.
    pub fn mute(&mut self) {
        self.is_mute = true;
    }

    /// True once the last line of the build was read.
    #[must_use]
    pub fn has_all(&self, build: &Build) -> bool {
        let mut writing = build
            .phases
            .iter()
            .filter(|phase| (FIRST_WRITING..=LAST_WRITING).contains(&phase.place));
        let last = writing.next_back();
        last.is_none_or(|last| self.has_left(build, last.place))
    }

    fn has_left(&self, build: &Build, place: usize) -> bool {
        self.is_mute
            || build.log.is_none()
            || !(FIRST_WRITING..=LAST_WRITING).contains(&place)
            || self.container.has_left(place)
    }

    /// What is to be told now. `is_all`: no more lines are waited for.
    pub fn tell(&mut self, build: &Build, is_all: bool) -> Vec<Given> {
        let mut out = Vec::new();
        for phase in build.phases.iter().filter(|phase| phase.place < COMPLETED) {
            if (phase.place, END) <= (self.place, self.at) {
                continue;
            }
            if phase.place > self.place {
                (self.place, self.at, self.remarks) = (phase.place, 0, 0);
            }
            if self.at < BEGIN {
                let text = Safe::new("begins");
                self.next(BEGIN, phase.begun, Severity::Info, text, &mut out);
            }
            let is_due = |(place, _, _): &mut (usize, Time, Safe)| *place <= phase.place;
            while let Some((_, at, text)) = self.waiting.pop_front_if(is_due) {
                self.line(at, text, &mut out);
            }
            if !is_all && (phase.status.is_none() || !self.has_left(build, phase.place)) {
                return out;
            }
            if let Some(status) = &phase.status {
                let (severity, text) = ended(phase, status);
                self.next(END, phase.ended, severity, Safe::new(&text), &mut out);
            }
        }
        if is_all {
            // Lines of phases that CodeBuild told nothing of.
            if self.at == END {
                (self.place, self.at, self.remarks) = (self.place + 1, 0, 0);
            }
            while let Some((_, at, text)) = self.waiting.pop_front() {
                self.line(at, text, &mut out);
            }
        }
        out
    }

    /// The last word on a build that is over.
    pub fn finish(&mut self, build: &Build) -> Vec<Given> {
        let mut out = Vec::new();
        self.place = COMPLETED;
        let took: Duration = build.phases.iter().filter_map(|phase| phase.took).sum();
        let severity = if build.status == SUCCEEDED {
            Severity::Info
        } else {
            Severity::Error
        };
        let text = format!("{} {} after {}", build.id, build.status, short(took));
        let at = build.phases.iter().rfind(|phase| phase.place == COMPLETED);
        let at = at.and_then(|phase| phase.begun);
        self.next(END, at, severity, Safe::new(&text), &mut out);
        out
    }

    /// A remark of ours, after what was told last.
    pub fn remark(&mut self, severity: Severity, text: &str) -> Vec<Given> {
        let mut out = Vec::new();
        self.remarks = (self.remarks + 1).min(STEP - 1);
        let nth = self.at + self.remarks;
        self.give(nth, None, severity, Safe::new(text), &mut out);
        out
    }

    /// The last lines of a phase, the oldest first.
    #[must_use]
    pub fn last(&self, place: usize) -> Vec<&str> {
        let lines = self.last.get(&place).into_iter().flatten();
        lines.map(Safe::as_str).collect()
    }

    fn line(&mut self, at: Time, text: Safe, out: &mut Vec<Given>) {
        let last = self.last.entry(self.place).or_default();
        if last.len() == QUOTED {
            last.pop_front();
        }
        last.push_back(text.clone());
        self.next(self.at + STEP, Some(at), Severity::Info, text, out);
    }

    /// Tells the next thing of the phase.
    fn next(
        &mut self,
        nth: u64,
        at: Option<Time>,
        severity: Severity,
        text: Safe,
        out: &mut Vec<Given>,
    ) {
        (self.at, self.remarks) = (nth, 0);
        self.give(nth, at, severity, text, out);
    }

    fn give(
        &self,
        within: u64,
        at: Option<Time>,
        severity: Severity,
        text: Safe,
        out: &mut Vec<Given>,
    ) {
        let nth = (self.place as u64) << PHASE | within;
        if self.reached.is_none_or(|reached| nth > reached) {
            out.push(Given {
                nth,
                at,
                severity,
                part: PHASES.get(self.place).copied().unwrap_or_default(),
                text,
            });
        }
    }
}

fn ended(phase: &Phase, status: &str) -> (Severity, String) {
    let after = phase
        .took
        .map_or_else(String::new, |took| format!(" after {}", short(took)));
    if phase.is_bad() {
        let why = phase
            .reason()
            .map_or_else(String::new, |why| format!(": {why}"));
        (Severity::Error, format!("{status}{after}{why}"))
    } else {
        (Severity::Info, format!("{status}{after}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forms::codebuild::{IN_PROGRESS, Log, place};

    /// A build so far: each phase with how it ended.
    fn seen(phases: &[(&str, &str)], status: &str) -> Build {
        let all = phases.iter().map(|(name, status)| Phase {
            name: (*name).to_owned(),
            place: place(name).unwrap(),
            status: (!status.is_empty()).then(|| (*status).to_owned()),
            took: (!status.is_empty()).then(|| Duration::from_secs(2)),
            why: if *status == "FAILED" {
                vec![("CODE".to_owned(), "exit status 1".to_owned())]
            } else {
                Vec::new()
            },
            ..Phase::default()
        });
        Build {
            id: "shop:1".to_owned(),
            status: status.to_owned(),
            phases: all.collect(),
            log: Some(Log::default()),
            ..Build::default()
        }
    }

    fn own(text: &str) -> String {
        format!("[Container] 2026/11/26 10:00:00.000001 {text}\n")
    }

    /// What a container writes from its beginning to its end.
    fn written() -> Vec<String> {
        vec![
            own("Waiting for agent ping"),
            own("Phase complete: DOWNLOAD_SOURCE State: SUCCEEDED"),
            own("Phase context status code:  Message: "),
            own("Entering phase BUILD"),
            "one\ntwo\n".to_owned(),
            own("Phase complete: BUILD State: FAILED"),
            own("Phase context status code: CODE Message: exit status 1"),
        ]
    }

    fn whole() -> Build {
        let phases = [
            ("SUBMITTED", "SUCCEEDED"),
            ("DOWNLOAD_SOURCE", "SUCCEEDED"),
            ("BUILD", "FAILED"),
            ("FINALIZING", "SUCCEEDED"),
            ("COMPLETED", ""),
        ];
        seen(&phases, "FAILED")
    }

    fn all(told: &mut Told) -> Vec<Given> {
        for message in written() {
            told.read(Time(7), &message);
        }
        let build = whole();
        assert!(told.has_all(&build));
        let mut out = told.tell(&build, true);
        out.extend(told.finish(&build));
        out
    }

    #[test]
    fn a_build_is_told_phase_by_phase() {
        let given = all(&mut Told::after(None));
        let texts: Vec<String> = given
            .iter()
            .map(|one| {
                let text = one.text.as_str().rsplit(".000001 ").next().unwrap();
                format!("{} {text}", one.part)
            })
            .collect();
        assert_eq!(
            texts,
            [
                "SUBMITTED begins",
                "SUBMITTED SUCCEEDED after 2s",
                "DOWNLOAD_SOURCE begins",
                "DOWNLOAD_SOURCE Waiting for agent ping",
                "DOWNLOAD_SOURCE Phase complete: DOWNLOAD_SOURCE State: SUCCEEDED",
                "DOWNLOAD_SOURCE Phase context status code:  Message: ",
                "DOWNLOAD_SOURCE SUCCEEDED after 2s",
                "BUILD begins",
                "BUILD Entering phase BUILD",
                "BUILD one",
                "BUILD two",
                "BUILD Phase complete: BUILD State: FAILED",
                "BUILD Phase context status code: CODE Message: exit status 1",
                "BUILD FAILED after 2s: exit status 1",
                "FINALIZING begins",
                "FINALIZING SUCCEEDED after 2s",
                "COMPLETED shop:1 FAILED after 8s",
            ]
        );
        assert!(given.windows(2).all(|pair| pair[0].nth < pair[1].nth));
        assert!(given.iter().all(|one| one.nth < 1 << 40));
        let bad: Vec<&str> = given
            .iter()
            .filter(|one| one.severity == Severity::Error)
            .map(|one| one.part)
            .collect();
        assert_eq!(bad, ["BUILD", "COMPLETED"]);
    }

    /// Wherever its engine died, the next one goes on with the next line: none is lost, none comes
    /// twice.
    #[test]
    fn it_goes_on_where_it_was_left() {
        let given = all(&mut Told::after(None));
        for (many, one) in given.iter().enumerate() {
            assert_eq!(all(&mut Told::after(Some(one.nth))), given[many + 1..]);
        }
    }

    /// However what is seen comes, the same is told under the same numbers.
    #[test]
    fn phases_and_lines_wait_for_each_other() {
        let expected = all(&mut Told::after(None));
        let stages = [
            (seen(&[("SUBMITTED", "")], IN_PROGRESS), 0, 1),
            // Its lines are ahead of what CodeBuild says
            (seen(&[("SUBMITTED", "SUCCEEDED")], IN_PROGRESS), 5, 2),
            (
                seen(
                    &[("SUBMITTED", "SUCCEEDED"), ("DOWNLOAD_SOURCE", "")],
                    IN_PROGRESS,
                ),
                5,
                6,
            ),
            // and behind it.
            (
                seen(
                    &[
                        ("SUBMITTED", "SUCCEEDED"),
                        ("DOWNLOAD_SOURCE", "SUCCEEDED"),
                        ("BUILD", ""),
                    ],
                    IN_PROGRESS,
                ),
                5,
                11,
            ),
            (whole(), 5, 11),
            (whole(), 7, 16),
        ];
        let mut told = Told::after(None);
        let (mut out, mut read) = (Vec::new(), 0);
        for (build, upto, many) in stages {
            for message in &written()[read..upto] {
                told.read(Time(7), message);
            }
            read = upto;
            out.extend(told.tell(&build, false));
            assert_eq!(out.len(), many, "{build:?}");
        }
        out.extend(told.finish(&whole()));
        assert_eq!(out, expected);
    }

    #[test]
    fn without_lines_phases_wait_for_none() {
        for mute in [true, false] {
            let mut told = Told::after(None);
            let mut build = whole();
            if mute {
                told.mute();
            } else {
                build.log = None;
            }
            assert!(told.has_all(&build));
            assert_eq!(told.tell(&build, false).len(), 8);
        }
    }

    /// Lines of a phase that CodeBuild never tells of are told all the same, before the end.
    #[test]
    fn no_line_is_kept_back_in_the_end() {
        let mut told = Told::after(None);
        let build = seen(
            &[("DOWNLOAD_SOURCE", "STOPPED"), ("COMPLETED", "")],
            "STOPPED",
        );
        told.read(Time(7), &own("Waiting for agent ping"));
        told.read(Time(7), &own("Entering phase BUILD"));
        let given = [
            told.tell(&build, false),
            told.tell(&build, true),
            told.finish(&build),
        ];
        let texts: Vec<&str> = given[1].iter().map(|one| one.text.as_str()).collect();
        assert!(
            texts[0].ends_with("Entering phase BUILD") && texts.len() == 1,
            "{texts:?}"
        );
        let given = given.concat();
        assert!(given.windows(2).all(|pair| pair[0].nth < pair[1].nth));
    }

    #[test]
    fn remarks_move_no_line() {
        let mut told = Told::after(None);
        let begun = seen(&[("BUILD", "")], IN_PROGRESS);
        told.read(Time(7), "one");
        let first = told.tell(&begun, false);
        let remarks = [
            told.remark(Severity::Warn, "asked to stop"),
            told.remark(Severity::Warn, "again"),
        ]
        .concat();
        told.read(Time(7), "two");
        let second = told.tell(&begun, false);
        let numbers: Vec<u64> = [first.clone(), remarks, second.clone()]
            .concat()
            .iter()
            .map(|one| one.nth)
            .collect();
        assert!(
            numbers.windows(2).all(|pair| pair[0] < pair[1]),
            "{numbers:?}"
        );
        let mut plain = Told::after(None);
        plain.read(Time(7), "one\ntwo");
        assert_eq!(plain.tell(&begun, false), [first, second].concat());
    }

    #[test]
    fn what_tells_that_it_is_a_secret_is_covered() {
        let mut told = Told::after(None);
        told.read(
            Time(7),
            "token=ghp_0123456789abcdefghij\n-----BEGIN RSA PRIVATE KEY-----",
        );
        told.read(Time(7), "MIIEowIBAAKCAQEAzvVYl1kNQ9cG4\x1b[31m");
        let given = told.tell(&seen(&[("BUILD", "")], IN_PROGRESS), false);
        let texts: Vec<&str> = given[1..].iter().map(|one| one.text.as_str()).collect();
        assert!(texts[0].ends_with("***"), "{texts:?}");
        assert!(!texts.concat().contains("MIIEow") && !texts.concat().contains('\u{1b}'));
    }

    #[test]
    fn a_failure_quotes_the_last_lines_of_a_phase() {
        let mut told = Told::after(None);
        for nth in 0..30 {
            told.read(Time(7), &format!("line {nth}"));
        }
        told.tell(&seen(&[("BUILD", "")], IN_PROGRESS), false);
        let last = told.last(place("BUILD").unwrap());
        assert_eq!((last.len(), last[0], last[19]), (20, "line 10", "line 29"));
        assert!(told.last(0).is_empty());
    }
}
