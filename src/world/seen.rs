//! Typed access to the sightings, and what statuses of CloudFormation mean. Looks at nothing itself.

use std::time::Duration;

use crate::domain::ids::{EnvName, StackId};
use crate::domain::interest::cfn_name;
use crate::domain::safe::Safe;
use crate::domain::sighting::{ResourceSeen, Seen, Sighting};
use crate::domain::standing::Standing;
use crate::domain::time::Time;

use super::World;

/// What a console has beside its screen is looked at twice a minute.
const OVERDUE: Duration = Duration::from_mins(2);

/// The CloudFormation stack as it was last seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CfnSeen<'a> {
    /// Its status.
    pub status: &'a str,
    /// The reason of its status.
    pub reason: &'a Safe,
    /// When it was last changed.
    pub changed_at: Option<Time>,
    /// Resources that change or have failed.
    pub resources: &'a [ResourceSeen],
    /// When it was seen.
    pub taken_at: Time,
}

/// Who the engine is in an environment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IdentitySeen<'a> {
    /// The proven account.
    pub account: &'a str,
    /// The proven ARN.
    pub arn: &'a Safe,
    /// The region.
    pub region: &'a str,
    /// When the credentials end, where known.
    pub expires_at: Option<Time>,
    /// When it was proven.
    pub taken_at: Time,
    /// Why the newest proof failed, if it did.
    pub stale: Option<&'a Safe>,
}

impl CfnSeen<'_> {
    /// True while it is being changed.
    #[must_use]
    pub fn in_progress(&self) -> bool {
        self.standing() == Standing::Busy
    }

    /// True while it goes back to what it was.
    #[must_use]
    pub fn rolls_back(&self) -> bool {
        self.in_progress() && self.status.contains("ROLLBACK")
    }

    /// True when there is none.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.standing() == Standing::Missing
    }

    /// What its status means.
    #[must_use]
    pub fn standing(&self) -> Standing {
        Standing::of(self.status)
    }

    /// Resources that failed for a reason of their own, the earliest first; and how many failed in all.
    #[must_use]
    pub fn failures(&self) -> (Vec<&ResourceSeen>, usize) {
        let failed: Vec<&ResourceSeen> = self.resources.iter().filter(|r| r.status.ends_with("_FAILED")).collect();
        let all = failed.len();
        let mut own: Vec<&ResourceSeen> = failed.into_iter().filter(|r| !is_cancellation(r.reason.as_str())).collect();
        own.sort_by_key(|r| r.at);
        (own, all)
    }
}

/// True for the reason that CloudFormation gives resources which it stops because another one failed.
#[must_use]
pub fn is_cancellation(reason: &str) -> bool {
    let reason = reason.to_ascii_lowercase();
    reason.contains("cancelled") || reason.contains("canceled")
}

/// The subject under which sightings of a stack are kept.
#[must_use]
pub fn of_stack(stack: &StackId) -> String {
    format!("stack/{stack}")
}

/// The subject under which sightings of an environment are kept.
#[must_use]
pub fn of_env(env: &EnvName) -> String {
    format!("environment/{env}")
}

impl World {
    /// A sighting.
    #[must_use]
    pub fn sighting(&self, subject: &str, source: &str) -> Option<&Sighting> {
        // The map's key is a pair of owned texts; a world holds few sightings, and only those of one subject are looked at.
        self.sightings
            .range((subject.to_owned(), source.to_owned())..)
            .next()
            .filter(|(key, _)| key.0 == subject && key.1 == source)
            .map(|(_, s)| s)
    }

    /// All sightings of a subject with their sources.
    pub fn sightings_of(&self, subject: &str) -> impl Iterator<Item = (&str, &Sighting)> {
        let own = subject.to_owned();
        self.sightings
            .range((subject.to_owned(), String::new())..)
            .take_while(move |(key, _)| key.0 == own)
            .map(|(key, s)| (key.1.as_str(), s))
    }

    /// The CloudFormation stack of a stack.
    #[must_use]
    pub fn cfn(&self, stack: &StackId) -> Option<CfnSeen<'_>> {
        let sighting = self.sighting(&of_stack(stack), "cfn")?;
        match &sighting.value {
            Seen::Cfn { status, reason, changed_at, resources } => {
                Some(CfnSeen { status, reason, changed_at: *changed_at, resources, taken_at: sighting.taken_at })
            }
            Seen::Serve { .. } | Seen::Identity { .. } | Seen::Tail { .. } => None,
        }
    }

    /// Running and desired tasks of a stack.
    #[must_use]
    pub fn serve(&self, stack: &StackId) -> Option<(u32, u32)> {
        if self.cfn(stack).is_some_and(|cfn| cfn.is_missing()) {
            // What ran before its stack was deleted runs no more.
            return None;
        }
        match &self.sighting(&of_stack(stack), "serve")?.value {
            Seen::Serve { running, desired } => Some((*running, *desired)),
            Seen::Cfn { .. } | Seen::Identity { .. } | Seen::Tail { .. } => None,
        }
    }

    /// How long nobody has looked at a stack, where that is too long for what is shown to be called its state.
    #[must_use]
    pub fn overdue(&self, stack: &StackId, now: Time) -> Option<Duration> {
        let age = now.since(self.cfn(stack)?.taken_at);
        (age > OVERDUE && self.is_outside(stack)).then_some(age)
    }

    /// Whether there is something outside to look at: a CloudFormation stack in an environment with AWS.
    #[must_use]
    pub fn is_outside(&self, stack: &StackId) -> bool {
        let spec = self.catalog.stacks.get(stack).and_then(|entry| entry.spec.as_ref().ok());
        spec.is_some_and(|spec| cfn_name(spec).is_some()) && self.record(&stack.env).is_some_and(|record| record.aws.is_some())
    }

    /// Who the engine is in an environment.
    #[must_use]
    pub fn identity(&self, env: &EnvName) -> Option<IdentitySeen<'_>> {
        let sighting = self.sighting(&of_env(env), "identity")?;
        match &sighting.value {
            Seen::Identity { account, arn, region, expires_at } => Some(IdentitySeen {
                account,
                arn,
                region,
                expires_at: *expires_at,
                taken_at: sighting.taken_at,
                stale: sighting.stale.as_ref(),
            }),
            Seen::Cfn { .. } | Seen::Serve { .. } | Seen::Tail { .. } => None,
        }
    }

    /// When a stack was seen last, and why the newest look failed, if it did.
    #[must_use]
    pub fn freshness(&self, stack: &StackId) -> (Option<Time>, Option<&Safe>) {
        let mut newest = None;
        let mut stale = None;
        for (source, sighting) in self.sightings_of(&of_stack(stack)) {
            if source == "cfn" || source == "serve" {
                newest = newest.max(Some(sighting.taken_at));
                stale = stale.or(sighting.stale.as_ref());
            }
        }
        (newest, stale.or_else(|| self.identity(&stack.env).and_then(|identity| identity.stale)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses() {
        let none = Safe::default();
        let seen = |status| CfnSeen { status, reason: &none, changed_at: None, resources: &[], taken_at: Time(0) };
        for (status, progress, rolls, missing) in [
            ("UPDATE_COMPLETE", false, false, false),
            ("UPDATE_IN_PROGRESS", true, false, false),
            ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", true, false, false),
            ("UPDATE_ROLLBACK_IN_PROGRESS", true, true, false),
            ("UPDATE_ROLLBACK_COMPLETE", false, false, false),
            ("REVIEW_IN_PROGRESS", false, false, true),
            ("MISSING", false, false, true),
        ] {
            let cfn = seen(status);
            assert_eq!((cfn.in_progress(), cfn.rolls_back(), cfn.is_missing()), (progress, rolls, missing), "{status}");
        }
    }

    #[test]
    fn the_first_failure_is_the_earliest_with_a_reason_of_its_own() {
        let resource = |logical: &str, reason: &str, at| ResourceSeen {
            logical: logical.into(),
            kind: "AWS::X".into(),
            status: "UPDATE_FAILED".into(),
            reason: reason.into(),
            at: Time(at),
        };
        let resources = [resource("B", "Resource update cancelled", 1), resource("C", "quota", 9), resource("A", "storage-full", 5)];
        let none = Safe::default();
        let seen =
            CfnSeen { status: "UPDATE_ROLLBACK_IN_PROGRESS", reason: &none, changed_at: None, resources: &resources, taken_at: Time(0) };
        let (own, all) = seen.failures();
        assert_eq!((own[0].logical.as_str(), own.len(), all), ("A", 2, 3));
    }
}
