//! CloudFront: what is seen of a distribution, what its states mean, and how a name leads to one.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::look::{Sight, Standing, Subject};
use crate::domain::row::Row;
use crate::domain::time::Time;
use crate::text::safe::Safe;

/// The kind of a distribution, as a real thing that is looked at. Its name is the host of the site;
/// one that no host leads to is found by the caller's reference that the look has
/// ([`LookFor`]).
pub const DISTRIBUTION: &str = "cloudfront.distribution";
/// What a distribution is called where a person reads of it.
pub const CALLED: &str = "CloudFront distribution";
/// The path that every path of a site begins with.
pub const EVERYTHING: &str = "/*";

/// The zone that an alias to a distribution names, for a region of the part of AWS that it is in.
#[must_use]
pub fn alias_zone(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "Z3RFFRIM2A3IF5"
    } else {
        "Z2FDTNDATAQYW2"
    }
}

/// Whether a host is a distribution's own.
#[must_use]
pub fn is_distribution(host: &str) -> bool {
    host.ends_with(".cloudfront.net") || host.ends_with(".cloudfront.cn")
}

/// What a look at a distribution needs beside its name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LookFor {
    /// The reference by which it was made: how it is found where no host leads to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller_reference: Option<String>,
}

/// The facts of a look at a distribution that is there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DistributionFacts {
    /// Its id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Its own host.
    pub domain_name: String,
    /// Whether it serves.
    pub enabled: bool,
    /// `InProgress` or `Deployed`.
    pub status: String,
    /// The reference by which it was made.
    pub caller_reference: String,
    /// What its maker says of it.
    #[serde(default)]
    pub comment: String,
    /// The hosts that lead to it.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// The ARN of the certificate that it shows for them; empty where it shows `CloudFront`'s own.
    #[serde(default)]
    pub certificate: String,
    /// Its version.
    #[serde(default)]
    pub etag: String,
    /// When it was last changed, as CloudFront says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<Time>,
}

impl DistributionFacts {
    /// What its state means. One that is disabled serves nothing until it is enabled or deleted.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match (self.status.as_str(), self.enabled) {
            ("InProgress", _) => Standing::Busy,
            ("Deployed", true) => Standing::Good,
            ("Deployed", false) => Standing::Halted,
            (_, _) => Standing::Unknown,
        }
    }

    /// Its state in one word.
    #[must_use]
    pub fn words(&self) -> &str {
        if self.status == "Deployed" && !self.enabled {
            "Disabled"
        } else {
            &self.status
        }
    }

    /// By what a person finds it, here and in the console of AWS.
    fn rows(&self) -> Vec<Row> {
        let aliases = self.aliases.join(", ");
        [
            ("distribution", self.id.as_str()),
            ("its domain name", &self.domain_name),
            ("its aliases", &aliases),
            ("its certificate", &self.certificate),
        ]
        .into_iter()
        .filter(|(_, is)| !is.is_empty())
        .map(|(name, is)| Row::new(name, is))
        .collect()
    }

    /// As it is seen, under the name by which it was looked for.
    #[must_use]
    pub fn sight(&self, about: Subject) -> Sight {
        Sight {
            words: Safe::new(self.words()),
            changed_at: self.changed_at,
            rows: self.rows(),
            facts: serde_json::to_value(self).unwrap_or(Value::Null),
            ..Sight::of(about, CALLED, self.standing())
        }
    }
}

/// As a distribution is seen that is not there.
#[must_use]
pub fn missing(about: Subject) -> Sight {
    Sight {
        words: "MISSING".into(),
        ..Sight::of(about, CALLED, Standing::Missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_its_meaning() {
        for (status, enabled, standing, words) in [
            ("InProgress", true, Standing::Busy, "InProgress"),
            ("InProgress", false, Standing::Busy, "InProgress"),
            ("Deployed", true, Standing::Good, "Deployed"),
            ("Deployed", false, Standing::Halted, "Disabled"),
            ("Unheard", true, Standing::Unknown, "Unheard"),
        ] {
            let facts = DistributionFacts {
                status: status.to_owned(),
                enabled,
                ..DistributionFacts::default()
            };
            assert_eq!((facts.standing(), facts.words()), (standing, words));
            let sight = facts.sight(Subject::new(DISTRIBUTION, "a.example.com"));
            let back: DistributionFacts = serde_json::from_value(sight.facts).unwrap();
            assert_eq!(back, facts);
        }
    }
}
