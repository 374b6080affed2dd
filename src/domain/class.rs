//! The classes of environments.

use serde::{Deserialize, Serialize};

/// What kind of environment it is; decides levels and defaults.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Class")]
pub enum EnvClass {
    /// Customers are served from here.
    Production,
    /// As production, but nobody is served.
    Staging,
    /// For the people who build.
    Development,
    /// Made from a branch; may go at any time.
    Branch,
}

impl EnvClass {
    /// The word that the band shows.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            EnvClass::Production => "PROD",
            EnvClass::Staging => "STAGING",
            EnvClass::Development => "DEV",
            EnvClass::Branch => "BRANCH",
        }
    }
}
