//! `gcp`: project, region and zone, of all sites or of one.

use std::collections::BTreeMap;

use super::{Part, Required, for_all, of_sites, setting, tag};
use crate::systems::mach::config::Config;
use crate::systems::mach::tf::{Body, Value};
use crate::systems::message::{Message, Reading};

/// The version of the provider where none is named.
const VERSION: &str = "4";
/// The version of the provider of what is not generally available.
const BETA: &str = "~> 4.71";

#[derive(Debug, Clone, Default)]
pub(super) struct Gcp {
    all: Option<Settings>,
    sites: BTreeMap<String, Settings>,
}

#[derive(Debug, Clone, Default)]
struct Settings {
    project: Option<Value>,
    region: Option<Value>,
    zone: Option<Value>,
    beta: bool,
}

impl Gcp {
    pub(super) fn read(config: &Config, reading: &mut Reading<'_>) -> Self {
        let all = for_all(config, "gcp", reading).map(|m| settings(m, reading));
        let mut sites = BTreeMap::new();
        for (name, m) in of_sites(config, "gcp", reading) {
            let Some(all) = &all else {
                let says = format!("{} needs gcp of global", m.what());
                reading.say(m.at, says, "write gcp: { project, region } below global");
                continue;
            };
            let own = settings(m, reading);
            let merged = Settings {
                project: own.project.or_else(|| all.project.clone()),
                region: own.region.or_else(|| all.region.clone()),
                zone: own.zone.or_else(|| all.zone.clone()),
                beta: own.beta || all.beta,
            };
            sites.insert(name, merged);
        }
        Self { all, sites }
    }

    fn of(&self, site: &str) -> Option<&Settings> {
        let all = self.all.as_ref()?;
        Some(self.sites.get(site).unwrap_or(all))
    }

    pub(super) fn required(&self, version: Option<&str>) -> Vec<Required> {
        if self.all.is_none() {
            return Vec::new();
        }
        let mut beta = Required::new("google-beta", Some("hashicorp/google-beta"), BETA);
        BETA.clone_into(&mut beta.version);
        vec![
            Required::new(
                "google",
                Some("hashicorp/google"),
                version.unwrap_or(VERSION),
            ),
            beta,
        ]
    }

    pub(super) fn resources(&self, environment: &str, site: &str) -> Body {
        let mut body = Body::default();
        let Some(own) = self.of(site) else {
            return body;
        };
        let none = Value::text("");
        for provider in ["google", "google-beta"] {
            let mut inner = Body::default();
            for (key, value) in [
                ("project", &own.project),
                ("region", &own.region),
                ("zone", &own.zone),
            ] {
                inner.set(key, value.as_ref().unwrap_or(&none).clone());
            }
            body.block("provider", &[provider], inner);
        }
        tag(environment, site, &mut body);
        body
    }

    pub(super) fn part(&self, site: &str) -> Part {
        let Some(own) = self.of(site) else {
            return Part::default();
        };
        let provider = if own.beta { "google-beta" } else { "google" };
        Part {
            providers: vec![("provider".to_owned(), provider.to_owned())],
            ..Part::default()
        }
    }
}

fn settings(mut m: Message<'_>, reading: &mut Reading<'_>) -> Settings {
    let settings = Settings {
        project: setting("project", &mut m, reading),
        region: setting("region", &mut m, reading),
        zone: setting("zone", &mut m, reading),
        beta: m.switch("beta", reading),
    };
    m.end(reading);
    settings
}
