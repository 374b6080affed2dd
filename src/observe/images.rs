//! The eye on images in their registries: the digest that each name leads to now.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join_all};

use super::{Eye, Follow, Glance, LookOn};
use crate::domain::failure::Failure;
use crate::domain::ids::StackId;
use crate::domain::look::{Look, Sight, Subject};
use crate::domain::place::Place;
use crate::domain::request::SourceBundle;
use crate::domain::time::Time;
use crate::forms::image::{IMAGES, named, sight};
use crate::hosts::images;

/// How often registries are asked for what is followed: some of them count.
const EACH: Duration = Duration::from_mins(1);

/// Looks at images.
pub(super) struct Images;

/// All of them as they are now.
async fn look(about: &Subject) -> Result<Sight, Failure> {
    let all = named(about);
    let digests = all.values().map(|name| images::digest(name, None));
    let digests = join_all(digests).await.into_iter();
    let found: Result<BTreeMap<String, Option<String>>, Failure> = all
        .keys()
        .zip(digests)
        .map(|(name, digest)| Ok((name.clone(), digest?)))
        .collect();
    Ok(sight(about.clone(), &found?))
}

impl Eye for Images {
    fn kind(&self) -> &'static str {
        IMAGES
    }

    fn look<'a>(
        &'a self,
        _on: &'a LookOn,
        asked: &'a Look,
        _bundle: Option<&'a SourceBundle>,
    ) -> BoxFuture<'a, Result<Sight, Failure>> {
        look(&asked.about).boxed()
    }

    fn follow(&self, _stack: &StackId, about: &Subject, _since: Time) -> Option<Box<dyn Follow>> {
        Some(Box::new(Followed {
            about: about.clone(),
            last: None,
        }))
    }
}

/// Images that are followed: what their names lead to is all that there is to see.
struct Followed {
    about: Subject,
    /// As they were at the last look, and when that was.
    last: Option<(Sight, Time)>,
}

impl Follow for Followed {
    fn look<'a>(
        &'a mut self,
        _place: &'a Place,
        glance: Glance,
    ) -> BoxFuture<'a, Result<(Sight, Time), Failure>> {
        async move {
            let last = self
                .last
                .take()
                .filter(|(_, at)| glance.now.since(*at) < EACH);
            let seen = match last {
                Some(seen) => seen,
                None => (look(&self.about).await?, glance.now),
            };
            self.last = Some(seen.clone());
            Ok(seen)
        }
        .boxed()
    }
}
