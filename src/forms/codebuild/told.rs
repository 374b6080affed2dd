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
use crate::domain::line::{PhaseMark, Severity};
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
    /// Whether it begins or ends with this.
    pub mark: PhaseMark,
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
                let says = Says::of(Severity::Info, PhaseMark::Begins, "begins");
                self.next(BEGIN, phase.begun, says, &mut out);
            }
            let is_due = |(place, _, _): &mut (usize, Time, Safe)| *place <= phase.place;
            while let Some((_, at, text)) = self.waiting.pop_front_if(is_due) {
                self.line(at, text, &mut out);
            }
            if !is_all && (phase.status.is_none() || !self.has_left(build, phase.place)) {
                return out;
            }
            if let Some(status) = &phase.status {
                self.next(END, phase.ended, ended(phase, status), &mut out);
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
        let is_bad = build.status != SUCCEEDED;
        let severity = if is_bad {
            Severity::Error
        } else {
            Severity::Info
        };
        let text = format!("{} {} after {}", build.id, build.status, short(took));
        let mark = PhaseMark::ends(&build.status, Some(took), is_bad);
        let at = build.phases.iter().rfind(|phase| phase.place == COMPLETED);
        let at = at.and_then(|phase| phase.begun);
        self.next(END, at, Says::of(severity, mark, &text), &mut out);
        out
    }

    /// A remark of ours, after what was told last.
    pub fn remark(&mut self, severity: Severity, text: &str) -> Vec<Given> {
        let mut out = Vec::new();
        self.remarks = (self.remarks + 1).min(STEP - 1);
        let nth = self.at + self.remarks;
        let says = Says::of(severity, PhaseMark::Within, text);
        self.give(nth, None, says, &mut out);
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
        let says = Says {
            severity: Severity::Info,
            mark: PhaseMark::Within,
            text,
        };
        self.next(self.at + STEP, Some(at), says, out);
    }

    /// Tells the next thing of the phase.
    fn next(&mut self, nth: u64, at: Option<Time>, says: Says, out: &mut Vec<Given>) {
        (self.at, self.remarks) = (nth, 0);
        self.give(nth, at, says, out);
    }

    fn give(&self, within: u64, at: Option<Time>, says: Says, out: &mut Vec<Given>) {
        let nth = (self.place as u64) << PHASE | within;
        if self.reached.is_none_or(|reached| nth > reached) {
            out.push(Given {
                nth,
                at,
                severity: says.severity,
                part: PHASES.get(self.place).copied().unwrap_or_default(),
                mark: says.mark,
                text: says.text,
            });
        }
    }
}

/// What is said, wherever it stands.
struct Says {
    severity: Severity,
    mark: PhaseMark,
    text: Safe,
}

impl Says {
    fn of(severity: Severity, mark: PhaseMark, text: &str) -> Self {
        Self {
            severity,
            mark,
            text: Safe::new(text),
        }
    }
}

fn ended(phase: &Phase, status: &str) -> Says {
    let after = phase
        .took
        .map_or_else(String::new, |took| format!(" after {}", short(took)));
    let mark = PhaseMark::ends(status, phase.took, phase.is_bad());
    if phase.is_bad() {
        let why = phase
            .reason()
            .map_or_else(String::new, |why| format!(": {why}"));
        Says::of(Severity::Error, mark, &format!("{status}{after}{why}"))
    } else {
        Says::of(Severity::Info, mark, &format!("{status}{after}"))
    }
}

#[cfg(test)]
mod tests;
