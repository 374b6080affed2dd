//! Eyes behind the door: what they see, and why they do not.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use crate::domain::failure::Failure;
use crate::domain::ids::{EnvName, StackId};
use crate::domain::line::Line;
use crate::domain::look::{Look, Sight, Subject};
use crate::domain::place::{Place, Proof};
use crate::domain::request::SourceBundle;
use crate::domain::sighting::Slowed;
use crate::domain::time::Time;
use crate::observe::{Follow, Glance, LookOn, Served};

use super::super::Eyes;
use super::Door;

pub(super) struct Guarded {
    pub(super) eyes: Arc<dyn Eyes>,
    pub(super) door: Door,
}

impl Eyes for Guarded {
    fn reads_files(&self, look: &Look) -> bool {
        self.eyes.reads_files(look)
    }

    fn look<'a>(
        &'a self,
        on: &'a LookOn,
        look: &'a Look,
        bundle: Option<&'a SourceBundle>,
    ) -> BoxFuture<'a, Result<Sight, Failure>> {
        async move { self.door.seen(self.eyes.look(on, look, bundle).await) }.boxed()
    }

    fn follow(&self, stack: &StackId, about: &Subject, since: Time) -> Option<Box<dyn Follow>> {
        let follow = self.eyes.follow(stack, about, since)?;
        let door = self.door.clone();
        Some(Box::new(Followed { follow, door }))
    }

    fn prove<'a>(
        &'a self,
        env: &'a EnvName,
        place: &'a Place,
        within: Duration,
    ) -> BoxFuture<'a, Result<Proof, Failure>> {
        async move {
            let proof = self.eyes.prove(env, place, within).await;
            proof.map_err(|failure| self.door.failure(&failure))
        }
        .boxed()
    }

    fn slowed(&self, place: &Place) -> Option<(&'static str, Slowed)> {
        self.eyes.slowed(place)
    }
}

impl Door {
    fn seen(&self, seen: Result<Sight, Failure>) -> Result<Sight, Failure> {
        seen.and_then(|sight| self.sight(sight))
            .map_err(|failure| self.failure(&failure))
    }
}

/// A thing that is followed.
struct Followed {
    follow: Box<dyn Follow>,
    door: Door,
}

impl Follow for Followed {
    fn look<'a>(
        &'a mut self,
        place: &'a Place,
        glance: Glance,
    ) -> BoxFuture<'a, Result<(Sight, Time), Failure>> {
        async move {
            let (sight, at) = match self.follow.look(place, glance).await {
                Ok((sight, at)) => (Ok(sight), at),
                Err(failure) => (Err(failure), Time::default()),
            };
            Ok((self.door.seen(sight)?, at))
        }
        .boxed()
    }

    fn has_news(&self, glance: Glance) -> bool {
        self.follow.has_news(glance)
    }

    /// Its lines go through the door where they are kept, as all lines do.
    fn news<'a>(
        &'a mut self,
        place: &'a Place,
        glance: Glance,
    ) -> BoxFuture<'a, Result<(Sight, Vec<Line>), Failure>> {
        async move {
            let (sight, lines) = match self.follow.news(place, glance).await {
                Ok((sight, lines)) => (Ok(sight), lines),
                Err(failure) => (Err(failure), Vec::new()),
            };
            Ok((self.door.seen(sight)?, lines))
        }
        .boxed()
    }

    fn is_unsurveyed(&self, now: Time) -> bool {
        self.follow.is_unsurveyed(now)
    }

    fn survey<'a>(&'a mut self, place: &'a Place, now: Time) -> BoxFuture<'a, Result<(), Failure>> {
        async move {
            let surveyed = self.follow.survey(place, now).await;
            surveyed.map_err(|failure| self.door.failure(&failure))
        }
        .boxed()
    }

    /// Its lines go through the door where they are kept, as all lines do.
    fn serve<'a>(
        &'a mut self,
        place: &'a Place,
        glance: Glance,
    ) -> BoxFuture<'a, Result<Option<Served>, Failure>> {
        async move {
            let served = self.follow.serve(place, glance).await;
            let mut served = served.map_err(|failure| self.door.failure(&failure))?;
            for service in served.iter_mut().flat_map(|served| &mut served.services) {
                service.name = self.door.text(std::mem::take(&mut service.name));
                let trouble = service.trouble.take();
                service.trouble = trouble.map(|trouble| self.door.text(trouble));
            }
            Ok(served)
        }
        .boxed()
    }
}
