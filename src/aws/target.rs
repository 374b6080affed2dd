//! What clients are built from: a place of AWS, in its own words.

use crate::domain::failure::Failure;
use crate::domain::place::Place;
use crate::forms::role;

pub use crate::forms::cloudformation::travel::TEMPLATE_BUCKET;

/// The kind of places that are in AWS.
pub const KIND: &str = "aws";
/// What the role is called, in the way to a place, that is assumed beyond that of the place.
const FURTHER: &str = "role from there";

/// The place to which a role leads that is assumed at this one: in the account of the role.
#[must_use]
pub fn beyond(place: &Place, role: &str) -> Place {
    place
        .clone()
        .of(role::account(role))
        .by(FURTHER, Some(role))
}

/// How to reach AWS: names of profiles and roles, never keys.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AwsTarget {
    /// Profile of the shared AWS configuration.
    pub profile: Option<String>,
    /// Region; from the profile when absent.
    pub region: Option<String>,
    /// Role to assume.
    pub role_arn: Option<String>,
    /// Role that is assumed from there.
    pub further_role: Option<String>,
    /// Endpoint for every service: a URL, or `sandbox` for the embedded cloud.
    pub endpoint_url: Option<String>,
    /// File with extra certificate authorities (PEM).
    pub ca_bundle: Option<String>,
}

impl AwsTarget {
    /// True for the embedded cloud.
    #[must_use]
    pub fn is_sandbox(&self) -> bool {
        self.endpoint_url.as_deref() == Some("sandbox")
    }

    /// The roles that are assumed, one from the other.
    pub fn roles(&self) -> impl Iterator<Item = &String> {
        self.role_arn.iter().chain(&self.further_role)
    }

    /// The place that it leads to; it must be that account, where one is given.
    #[must_use]
    pub fn place(&self, account: Option<&str>) -> Place {
        Place::new(KIND, "account", "region")
            .of(account)
            .within(self.region.as_deref())
            .by("profile", self.profile.as_deref())
            .by("role", self.role_arn.as_deref())
            .by(FURTHER, self.further_role.as_deref())
            .by("endpoint", self.endpoint_url.as_deref())
            .by("certificates", self.ca_bundle.as_deref())
    }

    /// How a place is reached.
    ///
    /// # Errors
    /// It is of another kind.
    pub fn of(place: &Place) -> Result<Self, Failure> {
        if place.kind != KIND {
            return Err(Failure::new(format!(
                "the place {} is of the kind {}, and AWS was looked for there",
                place.name, place.kind
            ))
            .hint("deploy again: the plan is made anew"));
        }
        let way = |what: &str| place.way.get(what).cloned();
        Ok(Self {
            profile: way("profile"),
            region: place.within.is.clone(),
            role_arn: way("role"),
            further_role: way(FURTHER),
            endpoint_url: way("endpoint"),
            ca_bundle: way("certificates"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_keeps_every_word_of_its_target() {
        let target = AwsTarget {
            profile: Some("p".into()),
            region: Some("r".into()),
            role_arn: Some("a".into()),
            further_role: Some("f".into()),
            endpoint_url: Some("sandbox".into()),
            ca_bundle: Some("/c".into()),
        };
        assert_eq!(AwsTarget::of(&target.place(Some("1"))).unwrap(), target);
        assert_eq!(target.place(Some("1")).whose.to_string(), "account 1");
        let other = AwsTarget::of(&Place::new("hill", "summit", "side")).unwrap_err();
        assert!(other.summary.contains("of the kind hill"), "{other:?}");
    }
}
