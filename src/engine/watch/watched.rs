//! One stack that is watched: when it is to be looked at next, and what of it is to be read
//! besides. It makes no call.

use std::time::Duration;

use super::{FAR, FAR_SERVE, RUNNING, SHOWN, Wanted};
use crate::domain::ids::DeploymentNo;
use crate::domain::look::Subject;
use crate::domain::place::Place;
use crate::domain::time::Time;
use crate::observe::{Follow, Glance, Stream};

/// One stack that is watched.
pub(super) struct Watched {
    pub(super) follow: Box<dyn Follow>,
    about: Subject,
    pub(super) place: Place,
    no: Option<DeploymentNo>,
    recent: Option<(DeploymentNo, Time)>,
    pub(super) due: Time,
    pub(super) serve_due: Time,
    pub(super) beside_due: Time,
    /// When its news were read last.
    pub(super) news_at: Time,
    /// It is being changed.
    pub(super) busy: bool,
    /// Fewer tasks, or more, than there should be.
    uneven: bool,
    far: bool,
    /// What it was given and what it gives is told.
    told: Told,
    /// When the last look saw it; none where that failed.
    pub(super) seen_at: Option<Time>,
    pub(super) there: There,
    /// Where the lines of its tasks are that began with its deployment, as they were told last.
    pub(super) streams: Vec<Stream>,
}

/// What is told of a stack with each look.
enum Told {
    /// Its state alone.
    State,
    /// What it was given and what it gives too.
    Given,
}

/// Whether a stack was there at the last look.
pub(super) enum There {
    Yes,
    /// Since when it is missing, where it was there before.
    No(Option<Time>),
}

impl Watched {
    /// A stack that is due at once.
    pub(super) fn new(follow: Box<dyn Follow>, about: Subject, place: Place, now: Time) -> Self {
        let there = There::Yes;
        Self {
            follow,
            about,
            place,
            no: None,
            recent: None,
            due: now,
            serve_due: now,
            beside_due: now,
            news_at: Time(0),
            busy: false,
            uneven: false,
            far: false,
            told: Told::State,
            seen_at: None,
            there,
            streams: Vec::new(),
        }
    }

    /// Whether it is this thing, at this place.
    pub(super) fn is_of(&self, about: &Subject, place: &Place) -> bool {
        self.about == *about && self.place == *place
    }

    /// Takes what is wanted of it now: what comes onto the screen, begins to run or has ended is
    /// due at once.
    pub(super) fn wanted(&mut self, what: &Wanted, now: Time) {
        if std::mem::replace(&mut self.far, what.far) && !what.far {
            (self.due, self.serve_due) = (now, now);
        }
        self.told = if what.given { Told::Given } else { Told::State };
        let ran = std::mem::replace(&mut self.no, what.no);
        self.recent = what.recent;
        if what.no.is_some() && ran != what.no {
            self.serve_due = now;
        }
        if what.no.is_some() && self.due > now + RUNNING {
            self.due = now;
        }
        if ran.is_some() && what.no.is_none() {
            (self.due, self.serve_due, self.beside_due) = (now, now, now);
        }
    }

    /// How it is looked at now.
    pub(super) fn glance(&self, now: Time) -> Glance {
        Glance {
            far: self.far,
            given: matches!(self.told, Told::Given),
            no: self.no,
            recent: self.recent,
            now,
        }
    }

    /// Whether its news are to be read.
    pub(super) fn wants_news(&self, now: Time) -> bool {
        self.follow.has_news(self.glance(now))
    }

    /// Whether it is to be found out what of it serves.
    pub(super) fn wants_survey(&self, now: Time) -> bool {
        self.serve_due <= now && self.follow.is_unsurveyed(now)
    }

    /// Whether its tasks are to be counted.
    pub(super) fn wants_count(&self, now: Time) -> bool {
        self.serve_due <= now && !self.follow.is_unsurveyed(now)
    }

    /// Whether its tasks are to be counted though it is not its turn to be looked at: of what was
    /// seen at the last look.
    pub(super) fn is_to_be_counted(&self, now: Time) -> bool {
        self.seen_at.is_some() && self.wants_count(now)
    }

    /// So many tasks of it run, of so many; `None` where it has none, or where they could not be
    /// counted.
    pub(super) fn counted(&mut self, tasks: Option<(u32, u32)>, now: Time) {
        self.uneven = tasks.is_some_and(|(running, desired)| running != desired);
        let rarely = if self.far { FAR_SERVE } else { SHOWN };
        self.serve_due = now
            + if self.moves() || self.uneven {
                RUNNING * 2
            } else {
                rarely
            };
    }

    /// Whether nobody sees it now.
    pub(super) fn is_far(&self) -> bool {
        self.far
    }

    /// It was looked at: when next. What had no turn for a closer look comes again soon.
    pub(super) fn looked(&mut self, now: Time) {
        let waits =
            !self.far && (self.wants_news(now) || self.wants_survey(now) || self.wants_count(now));
        let rarely: Duration = if self.far { FAR } else { SHOWN };
        self.due = now
            + if self.moves() || waits {
                RUNNING
            } else {
                rarely
            };
    }

    fn moves(&self) -> bool {
        (self.busy && !self.far) || self.no.is_some()
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use futures_util::FutureExt as _;
    use futures_util::future::BoxFuture;

    use super::*;
    use crate::domain::failure::Failure;
    use crate::domain::line::Line;
    use crate::domain::look::Sight;
    use crate::observe::Served;

    /// A thing of which there is always something to be read.
    struct Endless;

    impl Follow for Endless {
        fn look<'a>(
            &'a mut self,
            _: &'a Place,
            _: Glance,
        ) -> BoxFuture<'a, Result<(Sight, Time), Failure>> {
            ready(Err(Failure::new("not asked for"))).boxed()
        }
        fn has_news(&self, glance: Glance) -> bool {
            !glance.far
        }
        fn news<'a>(
            &'a mut self,
            _: &'a Place,
            _: Glance,
        ) -> BoxFuture<'a, Result<(Sight, Vec<Line>), Failure>> {
            ready(Err(Failure::new("not asked for"))).boxed()
        }
        fn is_unsurveyed(&self, _: Time) -> bool {
            false
        }
        fn survey<'a>(&'a mut self, _: &'a Place, _: Time) -> BoxFuture<'a, Result<(), Failure>> {
            ready(Ok(())).boxed()
        }
        fn serve<'a>(
            &'a mut self,
            _: &'a Place,
            _: Glance,
        ) -> BoxFuture<'a, Result<Option<Served>, Failure>> {
            ready(Ok(None)).boxed()
        }
    }

    #[test]
    fn what_nobody_sees_is_looked_at_rarely_and_by_its_state_alone() {
        let now = Time(1_000_000);
        let (far, shown) = (
            Wanted {
                far: true,
                ..Wanted::default()
            },
            Wanted::default(),
        );
        let (about, place) = (
            Subject::new("test.thing", "x"),
            Place::new("hill", "summit", "side"),
        );
        let mut watched = Watched::new(Box::new(Endless), about, place, now);
        watched.wanted(&far, now);
        watched.busy = true;
        watched.counted(Some((1, 1)), now);
        watched.looked(now);
        assert_eq!(
            (watched.due, watched.serve_due, watched.wants_news(now)),
            (now + FAR, now + FAR_SERVE, false)
        );
        watched.wanted(&shown, now);
        assert_eq!(
            (watched.due, watched.serve_due, watched.wants_news(now)),
            (now, now, true)
        );
        watched.counted(Some((1, 2)), now);
        watched.looked(now);
        assert_eq!(
            (watched.due, watched.serve_due),
            (now + RUNNING, now + RUNNING * 2)
        );
    }
}
