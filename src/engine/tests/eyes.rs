//! Eyes that see nothing.

use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::domain::sighting::Slowed;

/// Eyes that see nothing; who they are at a place is for the test to say.
pub(in crate::engine) struct Blind {
    who: fn(&Place) -> Option<Proof>,
    asked: AtomicU32,
}

impl Blind {
    /// Eyes of whoever `who` says; of nobody where it says nothing.
    pub(in crate::engine) fn proving(who: fn(&Place) -> Option<Proof>) -> Self {
        Self {
            who,
            asked: AtomicU32::new(0),
        }
    }

    /// A proof of an account, and of a caller there.
    pub(in crate::engine) fn proof(whose: &str, who: &str) -> Proof {
        Proof {
            whose: whose.to_owned(),
            within: String::new(),
            who: who.into(),
            called: who.into(),
            expires_at: None,
            at: Time(0),
        }
    }

    /// How often they were asked who they are.
    pub(in crate::engine) fn asked(&self) -> u32 {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Eyes for Blind {
    fn reads_files(&self, _: &Look) -> bool {
        false
    }

    fn look<'a>(
        &'a self,
        _: &'a LookOn,
        _: &'a Look,
        _: Option<&'a SourceBundle>,
    ) -> BoxFuture<'a, Result<Sight, Failure>> {
        async { Err(Failure::new("nothing to see")) }.boxed()
    }

    fn follow(&self, _: &StackId, _: &Subject, _: Time) -> Option<Box<dyn Follow>> {
        None
    }

    fn prove<'a>(
        &'a self,
        _: &'a EnvName,
        place: &'a Place,
        _: Duration,
    ) -> BoxFuture<'a, Result<Proof, Failure>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let proven = (self.who)(place).ok_or_else(|| Failure::new("nobody"));
        async { proven }.boxed()
    }

    fn slowed(&self, _: &Place) -> Option<(&'static str, Slowed)> {
        None
    }
}
