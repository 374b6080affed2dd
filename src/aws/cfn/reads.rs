//! Reads of stacks, shared: who wants to know a stack while others are being read waits for the next read, and that one answers
//! all who wait. So the calls of a wait grow with time, not with stacks and time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::join_all;
use tokio::sync::Semaphore;

use super::stack::{CfnStack, is_missing};
use crate::aws::clients::Cloud;
use crate::aws::trouble::{Kind, Trouble};

/// Reads at a time: while one is on its way the next one gathers.
const AT_ONCE: usize = 2;
/// From so many stacks on, one listing of all stacks costs less than a call each.
const MANY: usize = 3;
/// So many calls for single stacks weigh as much as one page of a listing.
const PAGE: usize = 2;

type Answer = Result<Option<CfnStack>, Trouble>;

/// The reads of one target.
pub(in crate::aws) struct Reads {
    turns: Semaphore,
    gathering: Mutex<Arc<Batch>>,
    listing: Mutex<Listing>,
}

/// Those who are answered by one read.
#[derive(Default)]
struct Batch {
    wanted: Mutex<BTreeSet<String>>,
    /// Held while it is read. Who finds it empty reads: so a reader that is dropped half-way leaves nobody waiting.
    answers: tokio::sync::Mutex<Option<BTreeMap<String, Answer>>>,
}

/// What is known of listing all stacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Listing {
    /// How many pages the last one had.
    Pages(usize),
    /// The role may read single stacks only.
    Denied,
}

impl Listing {
    fn pays(self, wanted: usize) -> bool {
        match self {
            Listing::Pages(pages) => wanted >= MANY && pages.saturating_mul(PAGE) <= wanted,
            Listing::Denied => false,
        }
    }
}

impl Default for Reads {
    fn default() -> Self {
        Self { turns: Semaphore::new(AT_ONCE), gathering: Mutex::default(), listing: Mutex::new(Listing::Pages(1)) }
    }
}

impl Cloud {
    /// The stack of that name or ARN as it is after this was asked; `None` when there is none.
    pub async fn stack(&self, name: &str) -> Answer {
        let batch = {
            let gathering = locked(&self.reads.gathering);
            locked(&gathering.wanted).insert(name.to_owned());
            Arc::clone(&gathering)
        };
        let mut answers = batch.answers.lock().await;
        if answers.is_none() {
            // The semaphore is never closed; without a permit the read goes on all the same.
            let turn = self.reads.turns.acquire().await.ok();
            let wanted = self.close(&batch);
            *answers = Some(self.read(wanted).await);
            drop(turn);
        }
        match answers.as_ref().and_then(|answers| answers.get(name)) {
            Some(answer) => answer.clone(),
            None => self.single(name).await,
        }
    }

    /// From here on the next batch gathers.
    fn close(&self, batch: &Arc<Batch>) -> BTreeSet<String> {
        let mut gathering = locked(&self.reads.gathering);
        if Arc::ptr_eq(&gathering, batch) {
            *gathering = Arc::default();
        }
        locked(&batch.wanted).clone()
    }

    async fn read(&self, mut wanted: BTreeSet<String>) -> BTreeMap<String, Answer> {
        let mut answers = BTreeMap::new();
        if locked(&self.reads.listing).pays(wanted.len()) {
            match self.list(wanted.len()).await {
                Ok((stacks, complete)) => wanted.retain(|name| {
                    let found = stacks.iter().find(|stack| stack.name == *name || stack.id == *name);
                    // A stack that is gone is told under its ARN, and is in no listing.
                    let known = found.is_some() || (complete && !name.starts_with("arn:"));
                    if known {
                        answers.insert(name.clone(), Ok(found.cloned()));
                    }
                    !known
                }),
                Err(trouble) if trouble.kind == Kind::Denied => *locked(&self.reads.listing) = Listing::Denied,
                Err(trouble) => {
                    answers.extend(std::mem::take(&mut wanted).into_iter().map(|name| (name, Err(trouble.clone()))));
                }
            }
        }
        let singles = join_all(wanted.iter().map(|name| self.single(name))).await;
        answers.extend(wanted.into_iter().zip(singles));
        answers
    }

    async fn single(&self, name: &str) -> Answer {
        let call = self.call("cloudformation:DescribeStacks", name, || self.cfn.describe_stacks().stack_name(name).send());
        match call.await {
            Ok(answer) => Ok(answer.stacks().first().map(CfnStack::of)),
            Err(trouble) if is_missing(&trouble) => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    /// All stacks, and whether they are all: the listing of a large account ends where single calls would have cost less.
    async fn list(&self, wanted: usize) -> Result<(Vec<CfnStack>, bool), Trouble> {
        let (mut stacks, mut pages, mut token) = (Vec::new(), 0, None::<String>);
        loop {
            let answer = self
                .call("cloudformation:DescribeStacks", "all", || self.cfn.describe_stacks().set_next_token(token.clone()).send())
                .await?;
            pages += 1;
            stacks.extend(answer.stacks().iter().map(CfnStack::of));
            token = answer.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
            *locked(&self.reads.listing) = Listing::Pages(pages + usize::from(token.is_some()));
            if token.is_none() || !Listing::Pages(pages + 1).pays(wanted) {
                return Ok((stacks, token.is_none()));
            }
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
}
