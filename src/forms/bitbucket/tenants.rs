//! The installations of our app at Bitbucket, one an account, each with the secret that it shares with
//! us: as they are kept in a private file. The door of `serve` writes them, and whoever reads
//! repositories there reads them; who is believed is not decided here.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::masks::Secret;
use crate::text::safe::Safe;

/// Under which name they are kept.
pub const HEARD: &str = "bitbucket";

/// One installation.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenant {
    secret: Kept,
    /// Whose it is: the id of the account.
    account: Safe,
    /// Whether it is installed now; the secret of one that is not proves the next installation.
    installed: bool,
    /// Whether a person has named it: of others anybody may have told.
    #[serde(default)]
    named: bool,
}

impl std::fmt::Debug for Tenant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (account, installed, named) = (&self.account, self.installed, self.named);
        write!(f, "{account} (installed: {installed}, named: {named})")
    }
}

impl Tenant {
    /// One that is installed.
    #[must_use]
    pub fn new(secret: String, account: Safe, named: bool) -> Self {
        Self {
            secret: Kept(secret),
            account,
            installed: true,
            named,
        }
    }

    /// The same, once it is over.
    #[must_use]
    pub fn over(self) -> Self {
        Self {
            installed: false,
            ..self
        }
    }

    /// Whose it is.
    #[must_use]
    pub fn account(&self) -> &Safe {
        &self.account
    }

    /// What it shares with us.
    #[must_use]
    pub fn secret(&self) -> Secret {
        Secret::new(self.secret.0.clone())
    }

    /// Whether it is installed now.
    #[must_use]
    pub fn is_installed(&self) -> bool {
        self.installed
    }

    /// Whether it is installed now, and a person has named it.
    #[must_use]
    pub fn is_believed(&self) -> bool {
        self.installed && self.named
    }
}

/// A secret in the private file that keeps it, and nowhere else.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kept(String);

/// All installations, by their client keys.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tenants(BTreeMap<String, Tenant>);

impl Tenants {
    /// The installation of that client key.
    #[must_use]
    pub fn get(&self, client: &str) -> Option<&Tenant> {
        self.0.get(client)
    }

    /// Keeps an installation instead of what was known of it.
    pub fn keep(&mut self, client: &str, tenant: Tenant) {
        self.0.insert(client.to_owned(), tenant);
    }

    /// All of them, in the order of their client keys.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Tenant)> {
        self.0
            .iter()
            .map(|(client, tenant)| (client.as_str(), tenant))
    }

    /// Writes down which of them a person has named; tells whether that is new.
    pub fn name(&mut self, named: &BTreeSet<String>) -> bool {
        let mut is_new = false;
        for (client, tenant) in &mut self.0 {
            let is_named = named.contains(client);
            is_new |= tenant.named != is_named;
            tenant.named = is_named;
        }
        is_new
    }
}
