//! What is known of the engine from round to round: what is seen of it, and what is to be done.

use std::time::Duration;

use serde::Deserialize;

use crate::domain::gap::Gap;
use crate::domain::time::Time;
use crate::os::disk::Disk;
use crate::os::paths::Home;
use crate::world::EngineState;

/// How long a started engine may take to say who it is.
const STARTING: Duration = Duration::from_secs(8);
/// How long what stands in the lock must have stood there before it is believed of an older engine.
const LASTS: Duration = Duration::from_secs(1);
/// How long an engine says nothing before it counts as one that does not answer; it says something
/// every 5 s.
const SILENT: Duration = Duration::from_secs(20);
/// How long that must be seen where it was looked at before: a machine that was suspended wakes up
/// with an engine that had no time to say anything.
const WAKES: Duration = Duration::from_secs(7);
/// How often one is started before the reason is shown.
const TRIES: u32 = 3;
/// How long is waited after that.
const REST: Duration = Duration::from_secs(30);

/// What the holder of the engine lock says of itself.
#[derive(Debug, Deserialize)]
struct Said {
    pid: u32,
    version: String,
    #[serde(default)]
    full_since: Option<Time>,
    #[serde(default)]
    gap: Option<Gap>,
}

/// What is to be done about the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Do {
    Nothing,
    Start,
    AskToDrain,
}

/// What is known of it, from round to round.
#[derive(Debug, Default)]
pub(super) struct Watch {
    started: Option<Time>,
    tries: u32,
    /// An older engine, since when it is seen, and whether it was asked.
    older: Option<(u32, Time, bool)>,
    /// Since when it is seen that it says nothing.
    quiet: Option<Time>,
    /// Whether it was seen to say something.
    heard: bool,
    /// The disk, looked at where no engine tells of it.
    disk: Option<Disk>,
}

impl Watch {
    /// What is seen, and what is to be done. `free` says whether nobody holds the lock, `said` what
    /// its holder wrote there, and `silent` how long ago.
    pub(super) fn look(
        &mut self,
        free: bool,
        said: &str,
        silent: Duration,
        ours: &str,
        may_start: bool,
        now: Time,
    ) -> (EngineState, Do) {
        if !free {
            self.tries = 0;
            self.started = None;
            let Ok(said) = serde_json::from_str::<Said>(said) else {
                return (EngineState::Starting, Do::Nothing);
            };
            if self.is_silent(silent, now) {
                return (
                    EngineState::Silent {
                        pid: said.pid,
                        since: now - silent,
                    },
                    Do::Nothing,
                );
            }
            if may_start && older(&said.version, ours) {
                // A new holder of the lock may not have written over what the one before said: what
                // stands there must last.
                let (since, asked) = match self.older {
                    Some((pid, since, asked)) if pid == said.pid => (since, asked),
                    Some(_) | None => (now, false),
                };
                let ask = !asked && now.since(since) >= LASTS;
                self.older = Some((said.pid, since, asked || ask));
                return (
                    EngineState::Draining {
                        version: said.version,
                    },
                    if ask { Do::AskToDrain } else { Do::Nothing },
                );
            }
            self.older = None;
            return (
                EngineState::Live {
                    pid: said.pid,
                    version: said.version,
                },
                Do::Nothing,
            );
        }
        if !may_start {
            return (
                EngineState::None(
                    "none runs; start one with `holdpoint engine`, or use --here".to_owned(),
                ),
                Do::Nothing,
            );
        }
        let waited = self.started.map(|at| now.since(at));
        match waited {
            Some(waited) if waited < STARTING && self.tries < TRIES => {
                (EngineState::Starting, Do::Nothing)
            }
            Some(waited) if self.tries >= TRIES && waited < REST => (
                EngineState::None("it was started and ended at once".to_owned()),
                Do::Nothing,
            ),
            Some(_) | None => {
                self.tries = if self.tries >= TRIES {
                    1
                } else {
                    self.tries + 1
                };
                self.started = Some(now);
                (EngineState::Starting, Do::Start)
            }
        }
    }

    /// Whether an engine that said nothing for that long does not answer.
    fn is_silent(&mut self, silent: Duration, now: Time) -> bool {
        if silent < SILENT {
            (self.quiet, self.heard) = (None, true);
            return false;
        }
        let since = *self.quiet.get_or_insert(now);
        !self.heard || now.since(since) >= WAKES
    }

    /// Since when the disk is full: as the engine says; where there is none that could say it, as
    /// is found here.
    pub(super) fn full_since(
        &mut self,
        home: &Home,
        seen: &EngineState,
        said: &str,
        now: Time,
    ) -> Option<Time> {
        match seen {
            EngineState::Live { .. }
            | EngineState::Silent { .. }
            | EngineState::Draining { .. } => serde_json::from_str::<Said>(said)
                .ok()
                .and_then(|said| said.full_since),
            EngineState::None(_) | EngineState::Unknown | EngineState::Starting => self
                .disk
                .get_or_insert_with(|| Disk::of(home.folder()))
                .look(now),
        }
    }
}

/// The time that nothing confirms, as the engine says, while it runs.
pub(super) fn gap(seen: &EngineState, said: &str) -> Option<Gap> {
    match seen {
        EngineState::Live { .. } => serde_json::from_str::<Said>(said).ok()?.gap,
        EngineState::Draining { .. }
        | EngineState::Silent { .. }
        | EngineState::None(_)
        | EngineState::Unknown
        | EngineState::Starting => None,
    }
}

/// True when `a` is an older version than `b`; versions that are no numbers are never older.
fn older(a: &str, b: &str) -> bool {
    let parts = |text: &str| {
        text.split(['.', '-'])
            .take(3)
            .map(|part| part.parse::<u64>().ok())
            .collect::<Option<Vec<_>>>()
    };
    match (parts(a), parts(b)) {
        (Some(a), Some(b)) => a < b,
        (Some(_) | None, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = r#"{"pid":7,"version":"0.1.0"}"#;

    #[test]
    fn one_is_started_and_waited_for_and_after_three_tries_the_reason_is_shown() {
        let mut watch = Watch::default();
        let at = |secs: u64| Time(0) + Duration::from_secs(secs);
        assert_eq!(
            watch.look(true, "", Duration::ZERO, "0.1.0", true, at(0)),
            (EngineState::Starting, Do::Start)
        );
        assert_eq!(
            watch.look(true, "", Duration::ZERO, "0.1.0", true, at(1)),
            (EngineState::Starting, Do::Nothing)
        );
        let live = EngineState::Live {
            pid: 7,
            version: "0.1.0".to_owned(),
        };
        assert_eq!(
            watch.look(false, SAID, Duration::ZERO, "0.1.0", true, at(2)),
            (live, Do::Nothing)
        );
        let mut starts = 0;
        let mut shown = false;
        for secs in 3..40 {
            let (seen, what) = watch.look(true, SAID, Duration::ZERO, "0.1.0", true, at(secs));
            starts += u32::from(what == Do::Start);
            shown |= matches!(seen, EngineState::None(_));
        }
        assert_eq!((starts, shown), (TRIES, true));
        assert_eq!(
            watch
                .look(true, "", Duration::ZERO, "0.1.0", true, at(100))
                .1,
            Do::Start,
            "it is tried again later"
        );
    }

    #[test]
    fn an_engine_that_says_nothing_does_not_answer() {
        let at = |secs: u64| Time(0) + Duration::from_secs(secs);
        let silent = |secs| EngineState::Silent {
            pid: 7,
            since: at(secs),
        };
        let mut look = {
            let mut watch = Watch::default();
            move |secs: u64, quiet: u64| {
                let quiet = Duration::from_secs(quiet);
                watch.look(false, SAID, quiet, "0.1.0", true, at(secs)).0
            }
        };
        let live = look(100, 5);
        assert!(matches!(live, EngineState::Live { .. }));
        assert_eq!(look(119, 19), live);
        // Perhaps this machine slept, and the engine wakes up as well.
        assert_eq!(look(9_000, 8_900), live);
        assert_eq!(look(9_006, 1), live);
        assert_eq!(look(9_025, 20), live);
        assert_eq!(look(9_032, 27), silent(9_005));
        assert_eq!(look(9_040, 0), live, "it goes on");
        // Who has only come has nothing to wait for; an older one is not asked to end.
        let quiet = Duration::from_secs(30);
        assert_eq!(
            Watch::default().look(false, SAID, quiet, "0.2.0", true, at(100)),
            (silent(70), Do::Nothing)
        );
    }

    #[test]
    fn of_a_full_disk_tells_the_engine_and_without_one_it_is_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(Some(&folder.path().join("home"))).unwrap();
        let mut watch = Watch::default();
        let live = EngineState::Live {
            pid: 7,
            version: "0.1.0".to_owned(),
        };
        let full = r#"{"pid":7,"version":"0.1.0","full_since":5}"#;
        assert_eq!(watch.full_since(&home, &live, full, Time(9)), Some(Time(5)));
        assert_eq!(watch.full_since(&home, &live, SAID, Time(9)), None);
        let none = EngineState::None("it ended".to_owned());
        assert_eq!(
            watch.full_since(&home, &none, full, Time(9)),
            None,
            "what one said that is gone says nothing: there is room"
        );
    }

    #[test]
    fn an_older_one_is_asked_once_to_hand_over_and_a_newer_one_is_left_alone() {
        let mut watch = Watch::default();
        let draining = EngineState::Draining {
            version: "0.1.0".to_owned(),
        };
        let mut look = |ms: i64| watch.look(false, SAID, Duration::ZERO, "0.2.0", true, Time(ms));
        assert_eq!(
            look(0),
            (draining.clone(), Do::Nothing),
            "it may be what the one before said"
        );
        assert_eq!(look(1_000), (draining.clone(), Do::AskToDrain));
        assert_eq!(look(2_000), (draining, Do::Nothing));
        assert!(matches!(
            watch
                .look(false, SAID, Duration::ZERO, "0.0.9", true, Time(0))
                .0,
            EngineState::Live { .. }
        ));
        assert!(older("0.9.0", "0.10.0") && !older("0.1.0", "0.1.0") && !older("dev", "0.1.0"));
    }
}
