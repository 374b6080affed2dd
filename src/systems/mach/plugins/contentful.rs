//! `contentful`: a token and an organization.

use std::collections::BTreeMap;

use super::{Required, for_all, of_sites, setting};
use crate::systems::mach::config::Config;
use crate::systems::mach::tf::{Body, Value};
use crate::systems::message::{Message, Reading};

/// The version of the provider where none is named.
const VERSION: &str = "0.1.0";

#[derive(Debug, Clone, Default)]
pub(super) struct Contentful {
    all: Option<Settings>,
    sites: BTreeMap<String, Settings>,
}

#[derive(Debug, Clone, Default)]
struct Settings {
    token: Option<Value>,
    organization: Option<Value>,
}

impl Contentful {
    pub(super) fn read(config: &Config, reading: &mut Reading<'_>) -> Self {
        let all = for_all(config, "contentful", reading).map(|m| settings(m, reading));
        let sites = of_sites(config, "contentful", reading).into_iter();
        let sites = sites.map(|(name, m)| (name, settings(m, reading)));
        let sites: BTreeMap<_, _> = sites.collect();
        Self { all, sites }
    }

    pub(super) fn required(&self, version: Option<&str>) -> Vec<Required> {
        let version = version.unwrap_or(VERSION);
        let required = || Required::new("contentful", Some("labd/contentful"), version);
        self.all.as_ref().map(|_| required()).into_iter().collect()
    }

    pub(super) fn resources(&self, site: &str) -> Body {
        let mut body = Body::default();
        let Some(all) = &self.all else {
            return body;
        };
        let (own, none) = (self.sites.get(site), Value::text(""));
        let of = |get: fn(&Settings) -> &Option<Value>| {
            let own = own.and_then(|own| get(own).clone());
            own.or_else(|| get(all).clone())
                .unwrap_or_else(|| none.clone())
        };
        let mut inner = Body::default();
        inner.set("cma_token", of(|one| &one.token));
        inner.set("organization_id", of(|one| &one.organization));
        body.block("provider", &["contentful"], inner);
        body
    }
}

fn settings(mut m: Message<'_>, reading: &mut Reading<'_>) -> Settings {
    let settings = Settings {
        token: setting("cma_token", &mut m, reading),
        organization: setting("organization_id", &mut m, reading),
    };
    m.end(reading);
    settings
}
