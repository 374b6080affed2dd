//! Certificate Manager: what one step tells another of the records that prove names.

use serde::{Deserialize, Serialize};

/// A record of DNS by which a name is proven to be of whom asked for its certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The name that it proves: `www.example.com`.
    pub of: String,
    /// The name of the record.
    pub name: String,
    /// Its type: `CNAME`.
    pub kind: String,
    /// What it says.
    pub value: String,
}

impl Proof {
    /// What somebody is to do about it whose zone is not reached from here.
    #[must_use]
    pub fn words(&self) -> String {
        let Self {
            of,
            name,
            kind,
            value,
        } = self;
        format!("{of} is proven by this record of its DNS: {name} {kind} {value}")
    }
}
