//! One budget of calls for an account and region, shared by everybody in this process who comes
//! there. Reads have a pace, four a second after a few quick ones, and pages of lines the same
//! beside them, because AWS counts those apart; a throttle halves it and calm brings it back. Writes
//! never wait for reads, and calls about objects for nothing but each other. It makes no call.

mod pace;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::domain::sighting::Slowed;
use crate::domain::time::Time;
use crate::os::clock::SharedClock;
use crate::os::mutex::locked;
use pace::Pace;

/// Calls of one kind under way at a time.
const AT_ONCE: usize = 8;
/// Calls about objects under way at a time.
const OBJECTS: usize = 16;

/// What a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// It changes something.
    Change,
    /// It downloads log lines: how many calls that takes is up to what was written.
    Lines,
    /// It is about objects of a bucket: AWS counts those by themselves, and takes thousands of them
    /// a second.
    Objects,
    /// Somebody waits for what it reads.
    Read,
    /// Nobody waits for it: it keeps fresh what is shown.
    Watch,
}

impl Use {
    /// What a call is for, by its action (`cloudformation:DescribeStacks`).
    pub(super) fn of(action: &str, watching: bool) -> Self {
        let (service, verb) = action.split_once(':').unwrap_or(("", action));
        let reads = ["Describe", "List", "Get", "BatchGet"]
            .iter()
            .any(|start| verb.starts_with(start));
        match (service, reads) {
            ("s3", _) => Use::Objects,
            (_, true) if watching => Use::Watch,
            (_, true) => Use::Read,
            ("logs", false) => Use::Lines,
            (_, false) => Use::Change,
        }
    }
}

/// The budgets of this process by account, region and endpoint.
pub(super) struct Budgets {
    clock: SharedClock,
    known: Mutex<BTreeMap<Key, Arc<Budget>>>,
}

/// Account (or the way there, as long as nobody knows whose account that is), region, endpoint.
type Key = [String; 3];

impl Budgets {
    pub(super) fn new(clock: SharedClock) -> Self {
        Self {
            clock,
            known: Mutex::default(),
        }
    }

    fn of(&self, place: Key) -> Arc<Budget> {
        let bytes = place.iter().flat_map(|part| part.bytes());
        let seed = bytes.fold(self.clock.now().0.unsigned_abs(), |seed, byte| {
            seed.rotate_left(5) ^ u64::from(byte)
        });
        let mut known = self.known();
        Arc::clone(
            known
                .entry(place)
                .or_insert_with(|| Arc::new(Budget::new(Arc::clone(&self.clock), seed))),
        )
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<Key, Arc<Budget>>> {
        locked(&self.known)
    }
}

/// The part that one way to an account has in the account's budget.
pub(super) struct Share {
    budgets: Arc<Budgets>,
    way: Key,
    now: Mutex<Arc<Budget>>,
}

impl Share {
    /// The share of a way (a profile, a role): of a way that was gone before, it is in the budget
    /// of the account to which it led.
    pub(super) fn new(
        budgets: &Arc<Budgets>,
        way: &str,
        region: &str,
        endpoint: Option<&str>,
    ) -> Self {
        let way = [
            way.to_owned(),
            region.to_owned(),
            endpoint.unwrap_or_default().to_owned(),
        ];
        Self {
            now: Mutex::new(budgets.of(way.clone())),
            budgets: Arc::clone(budgets),
            way,
        }
    }

    /// The account is known: from now on its budget is shared with everybody else who comes there.
    pub(super) fn is_of(&self, account: &str) {
        if account.is_empty() {
            return;
        }
        let [_, region, endpoint] = self.way.clone();
        let budget = self.budgets.of([account.to_owned(), region, endpoint]);
        self.budgets
            .known()
            .insert(self.way.clone(), Arc::clone(&budget));
        *self.now() = budget;
    }

    /// The budget now.
    pub(super) fn budget(&self) -> Arc<Budget> {
        Arc::clone(&self.now())
    }

    fn now(&self) -> MutexGuard<'_, Arc<Budget>> {
        locked(&self.now)
    }
}

/// The budget of one account in one region.
pub struct Budget {
    clock: SharedClock,
    changes: Arc<Semaphore>,
    lines: Arc<Semaphore>,
    objects: Arc<Semaphore>,
    reads: Arc<Semaphore>,
    /// One of those for which nobody waits.
    watch: Arc<Semaphore>,
    /// Whose read is the next one: they go in the order in which they came.
    gate: tokio::sync::Mutex<()>,
    /// The same for pages of lines.
    page_gate: tokio::sync::Mutex<()>,
    pace: Mutex<Pace>,
}

/// A call may go; it is over when this is dropped.
#[derive(Debug)]
pub struct Turn {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Budget {
    /// A fresh budget.
    #[must_use]
    pub fn new(clock: SharedClock, seed: u64) -> Self {
        let places = |many| Arc::new(Semaphore::new(many));
        let pace = Mutex::new(Pace::new(clock.now(), seed));
        let (changes, lines, reads, watch) =
            (places(AT_ONCE), places(AT_ONCE), places(AT_ONCE), places(1));
        Self {
            clock,
            changes,
            lines,
            objects: places(OBJECTS),
            reads,
            watch,
            gate: tokio::sync::Mutex::default(),
            page_gate: tokio::sync::Mutex::default(),
            pace,
        }
    }

    /// Waits for a turn. Whoever stops waiting leaves it to the next one.
    pub async fn turn(&self, what: Use) -> Turn {
        // The semaphores are never closed; without a permit the call goes on all the same.
        let permit = match what {
            Use::Change => {
                self.when(|pace| pace.changes).await;
                Arc::clone(&self.changes).acquire_owned().await.ok()
            }
            Use::Objects => {
                let permit = Arc::clone(&self.objects).acquire_owned().await.ok();
                self.when(|pace| pace.objects).await;
                permit
            }
            Use::Lines => {
                let permit = Arc::clone(&self.lines).acquire_owned().await.ok();
                let _next = self.page_gate.lock().await;
                self.when(Pace::next_page).await;
                self.pace().page_goes(self.clock.now());
                permit
            }
            Use::Read => {
                let permit = Arc::clone(&self.reads).acquire_owned().await.ok();
                let quick = self.pace().takes_a_quick_one(self.clock.now());
                if !quick {
                    self.next_read().await;
                }
                permit
            }
            Use::Watch => {
                let permit = Arc::clone(&self.reads).acquire_owned().await.ok();
                self.next_read().await;
                permit
            }
        };
        Turn { _permit: permit }
    }

    /// Waits until nobody else reads what nobody waits for: so few of these stand before a read for
    /// which somebody does.
    pub async fn alone(&self) -> Turn {
        Turn {
            _permit: Arc::clone(&self.watch).acquire_owned().await.ok(),
        }
    }

    async fn next_read(&self) {
        let _next = self.gate.lock().await;
        self.when(|pace| pace.next).await;
        self.pace().goes(self.clock.now());
    }

    /// Waits for a time that may be put off meanwhile.
    async fn when(&self, of: impl Fn(&Pace) -> Time) {
        loop {
            let until = of(&self.pace());
            if until <= self.clock.now() {
                return;
            }
            self.clock.sleep_until(until).await;
        }
    }

    /// The time by which it counts.
    #[must_use]
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// A call was throttled: calls of its kind pause, and all reads go at half their pace. Of
    /// objects only those pause.
    pub fn throttled(&self, what: Use) {
        let now = self.clock.now();
        self.pace().throttle(what, now);
    }

    /// A call went through.
    pub fn went_through(&self, what: Use) {
        let mut pace = self.pace();
        pace.strikes = pace.strikes.saturating_sub(1);
        if what == Use::Change {
            pace.look_soon(self.clock.now());
        }
    }

    /// Something has changed there: what comes of it may be looked at at once.
    pub fn changed(&self) {
        let now = self.clock.now();
        self.pace().look_soon(now);
    }

    /// Whether AWS asks for fewer calls now.
    #[must_use]
    pub fn slowed(&self) -> Option<Slowed> {
        let now = self.clock.now();
        let mut pace = self.pace();
        pace.recover(now);
        pace.slowed.map(|since| Slowed {
            since,
            every_ms: u64::try_from(pace.every().as_millis()).unwrap_or(u64::MAX),
        })
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        locked(&self.pace)
    }
}

#[cfg(test)]
mod tests;
