//! `amplience`: a client and a hub.

use std::collections::BTreeMap;

use super::{Part, Required, for_all, of_sites, setting};
use crate::systems::mach::config::Config;
use crate::systems::mach::tf::{Body, Value};
use crate::systems::message::{Message, Reading};

/// The version of the provider where none is named.
const VERSION: &str = "0.3.7";

/// The settings, as they are called there.
const KEYS: [&str; 3] = ["client_id", "client_secret", "hub_id"];

#[derive(Debug, Clone, Default)]
pub(super) struct Amplience {
    all: Settings,
    sites: BTreeMap<String, Settings>,
}

type Settings = BTreeMap<&'static str, Value>;

impl Amplience {
    pub(super) fn read(config: &Config, reading: &mut Reading<'_>) -> Self {
        let all = for_all(config, "amplience", reading).map(|m| settings(m, reading));
        let sites = of_sites(config, "amplience", reading).into_iter();
        Self {
            sites: sites
                .map(|(name, m)| (name, settings(m, reading)))
                .collect(),
            all: all.unwrap_or_default(),
        }
    }

    /// The settings of a site, in their order; none where it has no client.
    fn of(&self, site: &str) -> Option<Vec<(&'static str, Value)>> {
        let own = self.sites.get(site);
        let find = |key| {
            own.and_then(|own| own.get(key))
                .or_else(|| self.all.get(key))
        };
        find("client_id")?;
        let all = KEYS
            .into_iter()
            .map(|key| (key, find(key).cloned().unwrap_or(Value::text(""))));
        Some(all.collect())
    }

    pub(super) fn required(&self, site: &str, version: Option<&str>) -> Vec<Required> {
        let version = version.unwrap_or(VERSION);
        let required = |_| Required::new("amplience", Some("labd/amplience"), version);
        self.of(site).map(required).into_iter().collect()
    }

    pub(super) fn resources(&self, site: &str) -> Body {
        let mut body = Body::default();
        if let Some(settings) = self.of(site) {
            let mut inner = Body::default();
            for (key, value) in settings {
                inner.set(key, value);
            }
            body.block("provider", &["amplience"], inner);
        }
        body
    }

    pub(super) fn part(&self, site: &str) -> Part {
        let mut part = Part::default();
        for (key, value) in self.of(site).into_iter().flatten() {
            part.variables.set(&format!("amplience_{key}"), value);
        }
        part
    }
}

fn settings(mut m: Message<'_>, reading: &mut Reading<'_>) -> Settings {
    let found = KEYS
        .into_iter()
        .filter_map(|key| Some((key, setting(key, &mut m, reading)?)));
    let found = found.collect();
    m.end(reading);
    found
}
