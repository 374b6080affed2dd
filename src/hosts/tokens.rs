//! Tokens that git hosts gave: kept until shortly before they end, in memory alone.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use super::Now;
use crate::domain::masks::Secret;
use crate::domain::time::Time;
use crate::os::mutex::locked;

/// So long before its end a token is not used any more.
const BEFORE: Duration = Duration::from_mins(5);
/// The longest time for which one is kept, whatever is said of its end.
const LONGEST: Duration = Duration::from_mins(55);

/// All tokens, by what they are for.
pub(super) struct Tokens<Of> {
    now: Now,
    kept: Mutex<BTreeMap<Of, (Secret, Time)>>,
}

impl<Of: Ord> Tokens<Of> {
    pub(super) fn new(now: Now) -> Self {
        Self {
            now,
            kept: Mutex::new(BTreeMap::new()),
        }
    }

    /// The time.
    pub(super) fn now(&self) -> Time {
        (self.now)()
    }

    /// One that holds for a while still.
    pub(super) fn kept(&self, of: &Of) -> Option<Secret> {
        let kept = locked(&self.kept);
        let (token, until) = kept.get(of)?;
        ((self.now)() < *until).then(|| token.clone())
    }

    /// Keeps the one that was given, which ends then; gives what stands in `Authorization` by it.
    pub(super) fn keep(&self, of: Of, token: &str, end: Time) -> Secret {
        let token = Secret::new(format!("Bearer {token}"));
        let before = i64::try_from(BEFORE.as_millis()).unwrap_or_default();
        let until = Time(end.0.saturating_sub(before)).min((self.now)() + LONGEST);
        locked(&self.kept).insert(of, (token.clone(), until));
        token
    }
}
