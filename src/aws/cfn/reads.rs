//! Reads of stacks, shared: who wants to know a stack while others are being read waits for the
//! next read, and that one answers all who wait. So the calls of a wait grow with time, not with
//! stacks and time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::stack::CfnStack;
use crate::aws::budget::Turn;
use crate::aws::gather::Gather;
use crate::aws::trouble::{Trouble, TroubleKind};
use crate::domain::time::Time;
use crate::os::mutex::locked;

/// Reads at a time: while they are on their way the next one gathers.
const AT_ONCE: usize = 2;
/// From so many stacks on, one listing of all stacks costs less than a call each.
const MANY: usize = 3;
/// So many calls for single stacks weigh as much as one page of a listing.
const PAGE: usize = 2;
/// How many listings are left out after one that failed.
const REST: u32 = 30;
/// How old an answer may be for whoever only looks.
const FRESH: Duration = Duration::from_secs(1);

/// A stack as it was at a time; `None` when there was none.
pub(super) type Glimpse = (Option<CfnStack>, Time);

/// The calls that read stacks.
pub(super) trait Describe {
    /// The time by which calls are counted.
    fn now(&self) -> Time;
    /// Waits for the turn of a read that answers many, whoever asked first.
    async fn turn(&self) -> Turn;
    /// One stack by its name or ARN.
    async fn one(&self, name: &str, turn: Turn) -> Result<Option<CfnStack>, Trouble>;
    /// A page of all stacks, and the token of the next one.
    async fn page(&self, token: Option<String>, turn: Option<Turn>) -> Result<Page, Trouble>;
}

/// Some of all stacks, and where the others begin.
pub(super) type Page = (Vec<CfnStack>, Option<String>);

/// The reads of one target.
pub(in crate::aws) struct Reads {
    places: Semaphore,
    /// Those who are answered by one listing, or else each by a read of its own.
    gather: Gather<String, BTreeMap<String, Glimpse>>,
    listing: Mutex<Listing>,
    /// What was answered last, by name and when it was asked: for a second.
    recent: Mutex<BTreeMap<String, Glimpse>>,
}

/// What is known of listing all stacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Listing {
    /// How many pages the last one had.
    Pages(usize),
    /// The last one failed where single reads may not: so many are left out.
    Resting(u32),
    /// The role may read single stacks only.
    Denied,
}

impl Listing {
    fn pays(self, wanted: usize) -> bool {
        match self {
            Listing::Pages(pages) => wanted >= MANY && pages.saturating_mul(PAGE) <= wanted,
            Listing::Resting(_) | Listing::Denied => false,
        }
    }

    /// Whether to list now; a rest comes to its end.
    fn asked(&mut self, wanted: usize) -> bool {
        let pays = self.pays(wanted);
        match self {
            Listing::Resting(0) => *self = Listing::Pages(1),
            Listing::Resting(left) if wanted >= MANY => *left -= 1,
            Listing::Resting(_) | Listing::Pages(_) | Listing::Denied => {}
        }
        pays
    }
}

impl Default for Reads {
    fn default() -> Self {
        Self {
            places: Semaphore::new(AT_ONCE),
            gather: Gather::default(),
            listing: Mutex::new(Listing::Pages(1)),
            recent: Mutex::default(),
        }
    }
}

impl Reads {
    /// The stack of that name or ARN as it is after this was asked, and when it was asked.
    pub(super) async fn read(&self, name: &str, from: &impl Describe) -> Result<Glimpse, Trouble> {
        let batch = self.gather.join([name.to_owned()]);
        let mut listed = batch.answer.lock().await;
        let (mut place, mut turn) = (None, None);
        if listed.is_none() {
            // The semaphore is never closed; without a permit the read goes on all the same.
            place = self.places.acquire().await.ok();
            // Until its turn comes, whoever asks joins.
            turn = Some(from.turn().await);
            let wanted = self.gather.close(&batch);
            *listed = Some(self.listed(&wanted, from, &mut turn).await);
        }
        let known = listed.as_ref().and_then(|listed| listed.get(name)).cloned();
        drop(listed);
        // What no listing told is read by each for itself: a stack whose answer does not come holds
        // up nobody else.
        let answer = match known {
            Some(seen) => Ok(seen),
            None => self.single(name, from, turn).await,
        };
        drop(place);
        answer
    }

    /// What was answered of a stack less than a second ago.
    pub(super) fn fresh(&self, name: &str, now: Time) -> Option<Glimpse> {
        locked(&self.recent)
            .get(name)
            .filter(|(_, at)| now.since(*at) < FRESH)
            .cloned()
    }

    /// Keeps what was answered, for those who only look.
    fn told<'a>(&self, answers: impl Iterator<Item = (&'a String, &'a Glimpse)>, now: Time) {
        let mut recent = locked(&self.recent);
        recent.retain(|_, (_, at)| now.since(*at) < FRESH);
        for (name, (stack, at)) in answers {
            let name = stack.as_ref().map_or(name, |stack| &stack.name);
            // What is gone is told under its ARN, and another one may have its name.
            if stack
                .as_ref()
                .is_none_or(|stack| stack.status != "DELETE_COMPLETE")
            {
                recent.insert(name.clone(), (stack.clone(), *at));
            }
        }
    }

    /// What a listing tells of these stacks, where one pays; nothing where single reads are the
    /// better way, or where it failed: then each finds out for itself.
    async fn listed(
        &self,
        wanted: &BTreeSet<String>,
        from: &impl Describe,
        turn: &mut Option<Turn>,
    ) -> BTreeMap<String, Glimpse> {
        if !locked(&self.listing).asked(wanted.len()) {
            return BTreeMap::new();
        }
        let asked = from.now();
        let (stacks, complete) = match self.list(wanted.len(), from, turn).await {
            Ok(found) => found,
            Err(trouble) => {
                let denied = trouble.kind == TroubleKind::Denied;
                *locked(&self.listing) = if denied {
                    Listing::Denied
                } else {
                    Listing::Resting(REST)
                };
                return BTreeMap::new();
            }
        };
        let of = |name: &String| {
            let found = stacks
                .iter()
                .find(|stack| stack.name == *name || stack.id == *name);
            // A stack that is gone is told under its ARN, and is in no listing.
            (found.is_some() || (complete && !name.starts_with("arn:")))
                .then(|| (name.clone(), (found.cloned(), asked)))
        };
        let found: BTreeMap<String, Glimpse> = wanted.iter().filter_map(of).collect();
        self.told(found.iter(), from.now());
        found
    }

    async fn single(
        &self,
        name: &str,
        from: &impl Describe,
        turn: Option<Turn>,
    ) -> Result<Glimpse, Trouble> {
        let turn = match turn {
            Some(turn) => turn,
            None => from.turn().await,
        };
        let asked = from.now();
        let seen = (from.one(name, turn).await?, asked);
        self.told(std::iter::once((&name.to_owned(), &seen)), from.now());
        Ok(seen)
    }

    /// All stacks, and whether they are all: the listing of a large account ends where single calls
    /// would have cost less.
    async fn list(
        &self,
        wanted: usize,
        from: &impl Describe,
        turn: &mut Option<Turn>,
    ) -> Result<(Vec<CfnStack>, bool), Trouble> {
        let (mut stacks, mut pages, mut token) = (Vec::new(), 0, None::<String>);
        loop {
            let (page, next) = from.page(token, turn.take()).await?;
            pages += 1;
            stacks.extend(page);
            token = next;
            *locked(&self.listing) = Listing::Pages(pages + usize::from(token.is_some()));
            if token.is_none() || !Listing::Pages(pages + 1).pays(wanted) {
                return Ok((stacks, token.is_none()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_pays_for_many_stacks_in_a_small_account() {
        assert!(!Listing::Pages(1).pays(2));
        assert!(Listing::Pages(1).pays(3));
        assert!(!Listing::Pages(20).pays(30));
        assert!(Listing::Pages(20).pays(40));
        assert!(!Listing::Denied.pays(1_000));
    }

    #[test]
    fn after_a_listing_that_failed_some_are_left_out() {
        let mut listing = Listing::Resting(2);
        let asked: Vec<bool> = [5, 1, 5, 5, 5]
            .into_iter()
            .map(|wanted| listing.asked(wanted))
            .collect();
        assert_eq!(asked, [false, false, false, false, true]);
        assert_eq!(listing, Listing::Pages(1));
    }
}
