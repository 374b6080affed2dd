//! The stack machine: lifecycle, queue and lock of one application in one environment.

mod event;
mod fold;

pub use event::{Left, StackEvent};

use serde::{Deserialize, Serialize};

use super::environment::Freeze;
use super::ids::{DeploymentId, DeploymentNo, StackId};
use super::instance::Instance;
use super::lifecycle::{Lifecycle, NEW, PhaseClass, PhaseDef, PhaseFlag, Travelled};
use super::lifecycles;
use super::purpose::Purpose;
use super::request::Release;
use super::time::Time;

/// One place in a queue; it copies what its start depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queued {
    /// Which deployment.
    pub deployment: DeploymentId,
    /// Its number.
    pub no: DeploymentNo,
    /// What for.
    pub purpose: Purpose,
    /// Not started before then: the undo window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Time>,
    /// Not started before these have ended well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<DeploymentId>,
}

impl Queued {
    /// Whether a newer deployment takes its place, where the newest alone waits.
    #[must_use]
    pub fn is_superseded(&self) -> bool {
        self.purpose == Purpose::Deploy
    }
}

/// Which end of the queue a request goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueEnd {
    /// Behind all others.
    Tail,
    /// Before all others: a way out of BROKEN.
    Head,
}

/// How a stack is broken, or was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broke {
    /// In which phase.
    pub phase: String,
    /// Why, in one line.
    pub why: String,
    /// Since when; what was broken before this was kept does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Time>,
}

/// Where a stack stood before the deployment that holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stood {
    /// In which phase.
    pub phase: String,
    /// Since when.
    pub since: Time,
    /// Until when: that deployment started then.
    pub until: Time,
}

/// A stack as folded from its stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stack {
    /// Which.
    pub id: StackId,
    /// Stream version.
    pub version: u64,
    /// The system whose table it follows; empty before the first request or look.
    pub system: String,
    /// The phase.
    pub phase: String,
    /// Since when.
    pub since: Time,
    /// The deployment that holds the lock.
    pub current: Option<DeploymentId>,
    /// How it was broken before the current way out began; a withdrawal returns there.
    pub was_broken: Option<Broke>,
    /// Where it stood before that deployment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stood: Option<Stood>,
    /// What waits.
    pub queue: Vec<Queued>,
    /// The release in service.
    pub release: Option<Release>,
    /// The last deployment that ended well (not a teardown).
    pub last_good: Option<DeploymentId>,
    /// Its release.
    pub good_release: Option<Release>,
    /// The last good one of another release.
    pub previous_good: Option<DeploymentId>,
    /// The last deployment whose release came into service, however that deployment ended: what the
    /// stack has, or had last.
    #[serde(default)]
    pub had: Option<DeploymentId>,
    /// The last deployment that ended at all.
    pub last: Option<DeploymentId>,
    /// One that failed or was cut off, since which none brought a release: what it left half-way is
    /// so still, whatever ended before it changed anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsettled: Option<DeploymentId>,
    /// Of a whole whose last deployment did not bring all its parts: the deployment of the last part
    /// that was brought since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mended: Option<DeploymentId>,
    /// The stop of its own queue.
    pub freeze: Option<Freeze>,
    /// Why it is broken, in one line.
    pub broken: Option<String>,
    /// The last edges it took, oldest first.
    pub travelled: Vec<Travelled>,
    /// The app that it is an instance for, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<Instance>,
    /// Since when that app is there no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_gone: Option<Time>,
}

impl Stack {
    /// A stack of which nothing is known yet.
    #[must_use]
    pub fn new(id: StackId) -> Self {
        Self {
            id,
            version: 0,
            system: String::new(),
            phase: NEW.to_owned(),
            since: Time::default(),
            current: None,
            was_broken: None,
            stood: None,
            queue: Vec::new(),
            release: None,
            last_good: None,
            good_release: None,
            previous_good: None,
            had: None,
            unsettled: None,
            mended: None,
            last: None,
            freeze: None,
            broken: None,
            travelled: Vec::new(),
            app: None,
            app_gone: None,
        }
    }

    /// The app that it is an instance for, where it is one and that app is there.
    #[must_use]
    pub fn living_app(&self) -> Option<&Instance> {
        self.app.as_ref().filter(|_| self.app_gone.is_none())
    }

    /// Whether it was an instance, and nothing is left of it: its app is gone, and so is all that
    /// stood for it.
    #[must_use]
    pub fn has_left(&self) -> bool {
        self.app_gone.is_some() && self.holds_nothing()
    }

    /// Whether nothing stands for it, or is on its way.
    #[must_use]
    pub fn holds_nothing(&self) -> bool {
        let rests = self.current.is_none() && self.queue.is_empty();
        rests && (self.is_new() || self.class() == PhaseClass::Gone)
    }

    /// Whether a deployment makes first what a release needs, and brings none.
    #[must_use]
    pub fn is_to_be_provisioned(&self) -> bool {
        let provisions = self.lifecycle().is_some_and(|table| table.provisions);
        provisions && (self.is_new() || self.class() == PhaseClass::Gone)
    }

    /// The table it follows; none before its system is known, and where this program does not know
    /// that system.
    #[must_use]
    pub fn lifecycle(&self) -> Option<&'static Lifecycle> {
        lifecycles::of_system(&self.system).ok()
    }

    fn at(&self) -> Option<&'static PhaseDef> {
        self.lifecycle()?.phase(&self.phase)
    }

    /// What the phase means.
    #[must_use]
    pub fn class(&self) -> PhaseClass {
        self.at().map_or(PhaseClass::Rest, |phase| phase.class)
    }

    /// Whether nothing but a teardown starts before a person has opened the way out.
    #[must_use]
    pub fn needs_unblocking(&self) -> bool {
        self.class() == PhaseClass::Broken && !self.takes("popped")
    }

    /// Whether the phase has this flag.
    #[must_use]
    pub fn is(&self, flag: PhaseFlag) -> bool {
        self.at().is_some_and(|phase| phase.is(flag))
    }

    /// Whether the table has this edge from where it stands.
    #[must_use]
    pub fn takes(&self, on: &str) -> bool {
        self.lifecycle()
            .is_some_and(|table| table.edge(&self.phase, on).is_some())
    }

    /// True while nothing was ever asked of it, or only waits for its first start.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.phase == NEW
    }

    /// True while it is on the way to its end.
    #[must_use]
    pub fn removes(&self) -> bool {
        self.is(PhaseFlag::Removes)
    }

    /// Whether a deployment of this system may be asked of it: what was another system's must be
    /// gone first.
    #[must_use]
    pub fn follows(&self, system: &str) -> bool {
        self.system.is_empty()
            || self.system == system
            || (self.queue.is_empty() && (self.is_new() || self.class() == PhaseClass::Gone))
    }

    /// The freeze that holds now.
    #[must_use]
    pub fn frozen(&self, now: Time) -> Option<&Freeze> {
        self.freeze.as_ref().filter(|freeze| freeze.holds(now))
    }

    /// True where what serves is what the last good deployment brought; also where neither is
    /// known.
    pub(super) fn serves_the_good_one(&self) -> bool {
        is_one(self.release.as_ref(), self.good_release.as_ref())
    }

    /// True where that release serves.
    #[must_use]
    pub fn has_in_service(&self, release: &Release) -> bool {
        is_one(self.release.as_ref(), Some(release))
    }
}

/// True for the same release, and for none at all.
pub(super) fn is_one(a: Option<&Release>, b: Option<&Release>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a.is(b),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}
