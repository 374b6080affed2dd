//! Bitbucket, as an app of Atlassian Connect knows it: who we are there, the installations of the
//! app with the secrets that they share with us, and the tokens by which both sides prove their calls.

pub mod qsh;
mod tenants;
mod token;

use serde::{Deserialize, Serialize};

pub use tenants::{HEARD, Tenant, Tenants};
pub use token::{Claims, signed};

/// Our app at Bitbucket, as which repositories are read. Its secrets are those of its installations,
/// which are kept beside the store and stand in no plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct App {
    /// Its key.
    #[serde(rename = "bitbucket")]
    pub key: String,
}

/// Why a text is no key of an app of Connect; none where it is one.
#[must_use]
pub fn wrong_key(text: &str) -> Option<&'static str> {
    let is_one = (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
    (!is_one).then_some("1 to 64 letters, digits, '-', '.' and '_': what `holdpoint serve --bitbucket-app` is started with")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stands_in_an_address_as_it_is() {
        assert_eq!(wrong_key("holdpoint-acme.dev_1"), None);
        for wrong in ["", "a b", "a/b", "é", "{x}", &"x".repeat(65)] {
            assert!(wrong_key(wrong).is_some(), "{wrong}");
        }
    }
}
