//! `sentry`: a key for each component, and what is told of its releases.

use std::collections::BTreeMap;

use super::{Part, Required, for_all, of_components, of_sites, setting};
use crate::systems::mach::config::{Config, Instance};
use crate::systems::mach::tf::{Body, Value};
use crate::systems::message::{Message, Reading};

/// The version of the provider where none is named.
const VERSION: &str = "1.0.2";
/// Where Sentry is where nobody says.
const URL: &str = "https://sentry.io/api/";

#[derive(Debug, Clone, Default)]
pub(super) struct Sentry {
    token: Option<Value>,
    url: Option<Value>,
    organization: Option<Value>,
    all: Settings,
    sites: BTreeMap<String, Settings>,
    components: BTreeMap<(String, String), Settings>,
}

/// What may be said for all, for a site, and for a component of it.
#[derive(Debug, Clone, Default)]
struct Settings {
    dsn: Option<Value>,
    window: Option<Value>,
    count: Option<Value>,
    project: Option<Value>,
    track: Option<bool>,
}

impl Settings {
    fn over(&self, other: &Self) -> Self {
        let or = |own: &Option<Value>, other: &Option<Value>| own.clone().or_else(|| other.clone());
        Self {
            dsn: or(&self.dsn, &other.dsn),
            window: or(&self.window, &other.window),
            count: or(&self.count, &other.count),
            project: or(&self.project, &other.project),
            track: self.track.or(other.track),
        }
    }
}

impl Sentry {
    pub(super) fn read(config: &Config, reading: &mut Reading<'_>) -> Self {
        let mut found = Self::default();
        if let Some(mut m) = for_all(config, "sentry", reading) {
            found.token = setting("auth_token", &mut m, reading);
            found.url = setting("base_url", &mut m, reading);
            found.organization = setting("organization", &mut m, reading);
            found.all = settings(m, reading);
        }
        let sites = of_sites(config, "sentry", reading).into_iter();
        found.sites = sites
            .map(|(name, m)| (name, settings(m, reading)))
            .collect();
        let all = of_components(config, "sentry", reading).into_iter();
        found.components = all.map(|(name, m)| (name, settings(m, reading))).collect();
        found
    }

    pub(super) fn required(&self, version: Option<&str>) -> Vec<Required> {
        let version = version.unwrap_or(VERSION);
        let required = |_| Required::new("sentry", Some("labd/sentry"), version);
        self.token.as_ref().map(required).into_iter().collect()
    }

    pub(super) fn resources(&self) -> Body {
        let mut body = Body::default();
        if let Some(token) = &self.token {
            let mut inner = Body::default();
            inner.set("token", token.clone());
            let url = self.url.clone();
            inner.set("base_url", url.unwrap_or_else(|| Value::text(URL)));
            body.block("provider", &["sentry"], inner);
        }
        body
    }

    pub(super) fn part(&self, environment: &str, one: &Instance<'_>) -> Part {
        let (site, name) = (&one.site.name.text, &one.own.name.text);
        let own = self.components.get(&(site.clone(), name.clone()));
        let own = own.cloned().unwrap_or_default();
        let of_site = self
            .sites
            .get(site)
            .map_or_else(|| self.all.clone(), |of_site| of_site.over(&self.all));
        let own = own.over(&of_site);
        let none = || Value::text("");
        let mut part = Part::default();
        if self.token.is_none() {
            part.variables
                .set("sentry_dsn", own.dsn.unwrap_or_else(none));
            return part;
        }
        let key = Value::expression(format!("sentry_key.{name}.dsn_secret"));
        part.variables.set("sentry_dsn", key);
        let organization = self.organization.clone().unwrap_or_else(none);
        let project = own.project.clone().unwrap_or_else(none);
        if own.track.unwrap_or(true) {
            let mut release = Body::default();
            release.set("organization", organization.clone());
            release.say("version", &one.component.is);
            release.say("environment", environment);
            release.set("projects", Value::List(vec![project.clone()]));
            let module = Value::expression(format!("module.{name}"));
            release.set("depends_on", Value::List(vec![module]));
            part.resources
                .block("resource", &["sentry_release_deployment", name], release);
        }
        let mut key = Body::default();
        key.set("organization", organization);
        key.set("project", project);
        key.say("name", &format!("{environment}-{site}-{name}"));
        for (name, value) in [
            ("rate_limit_window", own.window),
            ("rate_limit_count", own.count),
        ] {
            if let Some(value) = value {
                key.set(name, value);
            }
        }
        part.resources.block("resource", &["sentry_key", name], key);
        part
    }
}

fn settings(mut m: Message<'_>, reading: &mut Reading<'_>) -> Settings {
    let track = m.get("track_deployments", reading).is_some();
    let settings = Settings {
        dsn: setting("dsn", &mut m, reading),
        window: setting("rate_limit_window", &mut m, reading),
        count: setting("rate_limit_count", &mut m, reading),
        project: setting("project", &mut m, reading),
        track: track.then(|| m.switch("track_deployments", reading)),
    };
    m.end(reading);
    settings
}
