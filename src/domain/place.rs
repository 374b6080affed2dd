//! Places: where a step acts and a look is taken, as data. What a kind of place is, and how it is
//! proven, is known in `places` alone.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::ids::EnvName;
use super::time::Time;
use crate::text::safe::Safe;

/// The name of a place in its environment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlaceName(pub String);

impl From<&str> for PlaceName {
    fn from(name: &str) -> Self {
        Self(name.to_owned())
    }
}

impl fmt::Display for PlaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Something that was recorded of a place, by what people call it: `account 441200007731`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Fact {
    /// What it is ("account").
    pub what: String,
    /// Which one; absent where any will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is: Option<String>,
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.is {
            Some(is) => write!(f, "{} {is}", self.what),
            None => write!(f, "any {}", self.what),
        }
    }
}

/// Which place it is that is acted on, as its kind calls that. Empty where nothing outside is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Spot {
    /// Whose it is: an account, a cluster.
    pub whose: Fact,
    /// Where in it: a region, a namespace.
    pub within: Fact,
}

impl Spot {
    /// With what was proven in the stead of what is not recorded.
    #[must_use]
    pub fn or_proven(mut self, proof: Option<&Proof>) -> Self {
        if let Some(proof) = proof {
            let proven = |is: &str| Some(is.to_owned()).filter(|is| !is.is_empty());
            self.whose.is = self.whose.is.or_else(|| proven(&proof.whose));
            self.within.is = self.within.is.or_else(|| proven(&proof.within));
        }
        self
    }

    /// Whose it is and where in it, as far as it is known, with this between them.
    #[must_use]
    pub fn words(&self, between: &str) -> String {
        let known = [&self.whose, &self.within];
        let known = known.iter().filter_map(|fact| fact.is.as_deref());
        known.collect::<Vec<_>>().join(between)
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words(" "))
    }
}

/// A place, as it was recorded: names and addresses, never keys.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// Its name in its environment.
    pub name: PlaceName,
    /// Its kind ("aws"): who proves it, and whose hands act there.
    pub kind: String,
    /// What it must be proven to be: an account, a cluster.
    pub whose: Fact,
    /// Where in it: a region, a namespace.
    pub within: Fact,
    /// How it is reached: profile, role, endpoint.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub way: BTreeMap<String, String>,
    /// What hands may use there, beside what they act on: a bucket for what a call cannot carry.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub uses: BTreeMap<String, String>,
}

impl Place {
    /// A place of a kind, named after it. `whose` and `within` are what its kind calls these facts.
    #[must_use]
    pub fn new(kind: &str, whose: &str, within: &str) -> Self {
        let fact = |what: &str| Fact {
            what: what.to_owned(),
            is: None,
        };
        Self {
            name: kind.into(),
            kind: kind.to_owned(),
            whose: fact(whose),
            within: fact(within),
            way: BTreeMap::new(),
            uses: BTreeMap::new(),
        }
    }

    /// It must be proven to be this one.
    #[must_use]
    pub fn of(mut self, whose: Option<&str>) -> Self {
        self.whose.is = whose.map(str::to_owned);
        self
    }

    /// Within this region, or whatever its kind calls it.
    #[must_use]
    pub fn within(mut self, within: Option<&str>) -> Self {
        self.within.is = within.map(str::to_owned);
        self
    }

    /// Reached by this, where it is given.
    #[must_use]
    pub fn by(mut self, what: &str, name: Option<&str>) -> Self {
        self.way
            .extend(name.map(|name| (what.to_owned(), name.to_owned())));
        self
    }

    /// Hands may use this there, where it is given.
    #[must_use]
    pub fn using(mut self, what: &str, name: Option<&str>) -> Self {
        self.uses
            .extend(name.map(|name| (what.to_owned(), name.to_owned())));
        self
    }

    /// How it is reached, and what may be used there.
    pub fn named(&self) -> impl Iterator<Item = (&str, &str)> {
        let both = self.way.iter().chain(&self.uses);
        both.map(|(what, name)| (what.as_str(), name.as_str()))
    }

    /// Which one it is.
    #[must_use]
    pub fn spot(&self) -> Spot {
        Spot {
            whose: self.whose.clone(),
            within: self.within.clone(),
        }
    }

    /// What a person is told of it where it is acted on: `account 441200007731 eu-west-1, role
    /// deployer`.
    #[must_use]
    pub fn words(&self) -> String {
        let within = self
            .within
            .is
            .as_ref()
            .map(|is| format!(" {is}"))
            .unwrap_or_default();
        let way = self.way.iter().map(|(what, name)| format!("{what} {name}"));
        std::iter::once(format!("{}{within}", self.whose))
            .chain(way)
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// The same with what may be used there, for who asks what the environment is.
    #[must_use]
    pub fn whole(&self) -> String {
        let uses = self
            .uses
            .iter()
            .map(|(what, name)| format!("{what} {name}"));
        std::iter::once(self.words())
            .chain(uses)
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// Where its real things are: two places of which this is the same share them.
    #[must_use]
    pub fn ground(&self) -> String {
        let own = match &self.whose.is {
            Some(_) => {
                serde_json::json!([self.kind, self.whose, self.within, self.way.get("endpoint")])
            }
            None => serde_json::json!([self.kind, self.within, self.way]),
        };
        own.to_string()
    }

    /// Holds a proof against the record: else what is looked at, and changed, would be somebody
    /// else's.
    ///
    /// # Errors
    /// It was proven to be another one.
    pub fn check(&self, env: &EnvName, proof: &Proof) -> Result<(), Failure> {
        match &self.whose.is {
            Some(is) if *is != proof.whose => {
                let what = &self.whose.what;
                let found = if proof.whose.is_empty() {
                    format!("no {what}")
                } else {
                    format!("{what} {}", proof.whose)
                };
                Err(Failure::new(format!("{env} is {} by its record, but what was found at {} is {found}", self.whose, self.name))
                    .detail(format!("proven as {}", proof.who))
                    .hint("name the right way in (another profile or role, for example) in the estate file, then `holdpoint apply`"))
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// Who we are at a place and which place it is, as it answered itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// What it is: the account, the cluster.
    pub whose: String,
    /// Where in it.
    pub within: String,
    /// Who we are there, in full.
    pub who: Safe,
    /// The same in one word.
    pub called: Safe,
    /// When what proves it ends, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
    /// When it was proven.
    pub at: Time,
}

/// The places of an environment. The first is where everything is that names none.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Places(Vec<Place>);

impl Places {
    /// Where everything is that names no place.
    #[must_use]
    pub fn home(&self) -> Option<&Place> {
        self.0.first()
    }

    /// The place of a name; the home where none is given.
    #[must_use]
    pub fn at(&self, name: Option<&PlaceName>) -> Option<&Place> {
        name.map_or_else(
            || self.home(),
            |name| self.0.iter().find(|place| place.name == *name),
        )
    }

    /// The place of a name, the home where none is given; none where there is no place at all and
    /// none was named.
    ///
    /// # Errors
    /// A place is named that is not recorded.
    pub fn find(&self, env: &EnvName, name: Option<&PlaceName>) -> Result<Option<&Place>, Failure> {
        match (self.at(name), name) {
            (None, Some(name)) => Err(Failure::new(format!(
                "{env} has no place {name} by its record"
            ))
            .hint("name it in the estate file, then `holdpoint apply` and deploy again")),
            (found, _) => Ok(found),
        }
    }

    /// The first place of a kind.
    #[must_use]
    pub fn of_kind(&self, kind: &str) -> Option<&Place> {
        self.0.iter().find(|place| place.kind == kind)
    }

    /// Whose they are, in words: `account 441200007731, cluster 7f3a`.
    #[must_use]
    pub fn whose(&self) -> String {
        self.iter()
            .map(|place| place.whose.to_string())
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// All of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Place> {
        self.0.iter()
    }

    /// True where nothing outside is recorded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Place> for Places {
    fn from_iter<I: IntoIterator<Item = Place>>(places: I) -> Self {
        Self(places.into_iter().collect())
    }
}

impl From<Place> for Places {
    fn from(place: Place) -> Self {
        Self(vec![place])
    }
}

impl<'a> IntoIterator for &'a Places {
    type Item = &'a Place;
    type IntoIter = std::slice::Iter<'a, Place>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proof(whose: &str) -> Proof {
        Proof {
            whose: whose.into(),
            within: "y".into(),
            who: "us".into(),
            called: "us".into(),
            expires_at: None,
            at: Time(0),
        }
    }

    #[test]
    fn another_place_than_the_recorded_one_is_refused_in_its_own_words() {
        let env: EnvName = "prod".parse().unwrap();
        let place = Place::new("hill", "summit", "side").of(Some("high"));
        assert_eq!(place.check(&env, &proof("high")), Ok(()));
        let other = place.check(&env, &proof("low")).unwrap_err();
        assert_eq!(
            other.summary,
            "prod is summit high by its record, but what was found at hill is summit low"
        );
        assert!(
            place
                .check(&env, &proof(""))
                .unwrap_err()
                .summary
                .contains("no summit")
        );
        assert_eq!(
            Place::new("hill", "summit", "side").check(&env, &proof("low")),
            Ok(()),
            "any summit is meant"
        );
    }

    #[test]
    fn what_names_no_place_is_at_home_and_a_name_that_is_not_recorded_is_refused() {
        let env: EnvName = "prod".parse().unwrap();
        let places: Places = [
            Place::new("hill", "summit", "side"),
            Place::new("lake", "shore", "bay"),
        ]
        .into_iter()
        .collect();
        let kind = |found: Option<&Place>| found.map(|place| place.kind.clone());
        assert_eq!(
            kind(places.find(&env, None).unwrap()).as_deref(),
            Some("hill")
        );
        assert_eq!(
            kind(places.find(&env, Some(&"lake".into())).unwrap()).as_deref(),
            Some("lake")
        );
        assert!(
            places
                .find(&env, Some(&"moon".into()))
                .unwrap_err()
                .summary
                .contains("no place moon")
        );
        assert_eq!(
            Places::default().find(&env, None).unwrap(),
            None,
            "scripts alone are nowhere"
        );
    }

    #[test]
    fn two_ways_to_one_account_are_one_ground() {
        let place = |account: Option<&str>, profile: &str| {
            Place::new("aws", "account", "region")
                .of(account)
                .within(Some("eu-west-1"))
                .by("profile", Some(profile))
                .ground()
        };
        assert_eq!(place(Some("1"), "a"), place(Some("1"), "b"));
        assert_ne!(place(Some("1"), "a"), place(Some("2"), "a"));
        assert_ne!(
            place(None, "a"),
            place(None, "b"),
            "nobody knows whether these are one account"
        );
    }

    #[test]
    fn what_is_used_at_a_place_makes_no_other_place_of_it() {
        let place = Place::new("aws", "account", "region").by("profile", Some("a"));
        let using = place.clone().using("bucket", Some("b"));
        assert_eq!(using.ground(), place.ground());
        assert_eq!(
            (using.words().as_str(), using.whole().as_str()),
            ("any account, profile a", "any account, profile a, bucket b")
        );
    }
}
