//! `aws`: an account and a region for a site, and more providers where it names them.

use std::collections::BTreeMap;

use super::{Part, Required, needed, of_sites, setting, tag};
use crate::systems::mach::config::Config;
use crate::systems::mach::tf::{Body, Value};
use crate::systems::message::{Message, Reading};

/// The version of the provider where none is named.
const VERSION: &str = "3.74.1";

#[derive(Debug, Clone, Default)]
pub(super) struct Aws(BTreeMap<String, Site>);

#[derive(Debug, Clone)]
struct Site {
    region: Value,
    /// The role that deploys, as its ARN.
    role: Option<String>,
    tags: Option<Value>,
    others: Vec<Other>,
}

/// Another provider.
#[derive(Debug, Clone)]
struct Other {
    name: String,
    region: Value,
    tags: Option<Value>,
}

impl Aws {
    pub(super) fn read(config: &Config, reading: &mut Reading<'_>) -> Self {
        let sites = of_sites(config, "aws", reading).into_iter();
        Self(sites.map(|(name, m)| (name, site(m, reading))).collect())
    }

    pub(super) fn required(&self, site: &str, version: Option<&str>) -> Vec<Required> {
        let required = || Required::new("aws", None, version.unwrap_or(VERSION));
        self.0.get(site).map(|_| required()).into_iter().collect()
    }

    pub(super) fn resources(&self, environment: &str, site: &str) -> Body {
        let mut body = Body::default();
        let Some(own) = self.0.get(site) else {
            return body;
        };
        body.block(
            "provider",
            &["aws"],
            own.provider(None, &own.region, own.tags.as_ref()),
        );
        for other in &own.others {
            let tags = other.tags.as_ref();
            let provider = own.provider(Some(&other.name), &other.region, tags);
            body.block("provider", &["aws"], provider);
        }
        tag(environment, site, &mut body);
        body
    }

    pub(super) fn part(&self, site: &str) -> Part {
        let Some(own) = self.0.get(site) else {
            return Part::default();
        };
        let own = own.others.iter().map(|other| format!("aws.{}", other.name));
        let providers = std::iter::once("aws".to_owned()).chain(own);
        Part {
            providers: providers.map(|name| (name.clone(), name)).collect(),
            ..Part::default()
        }
    }
}

impl Site {
    fn provider(&self, alias: Option<&str>, region: &Value, tags: Option<&Value>) -> Body {
        let mut body = Body::default();
        body.say_any("alias", alias);
        body.set("region", region.clone());
        if let Some(role) = &self.role {
            let mut inner = Body::default();
            inner.say("role_arn", role);
            body.block("assume_role", &[], inner);
        }
        if let Some(tags) = tags {
            let mut inner = Body::default();
            inner.set("tags", tags.clone());
            body.block("default_tags", &[], inner);
        }
        body
    }
}

fn site(mut m: Message<'_>, reading: &mut Reading<'_>) -> Site {
    let account = m.needed("account_id", reading).unwrap_or_default().text;
    let role = m.text("deploy_role_name", reading);
    let site = Site {
        region: needed("region", &mut m, reading),
        role: role.map(|role| format!("arn:aws:iam::{account}:role/{}", role.text)),
        tags: setting("default_tags", &mut m, reading),
        others: m
            .messages("extra_providers", reading)
            .into_iter()
            .filter_map(|mut m| {
                let other = Other {
                    name: m.needed("name", reading)?.text,
                    region: needed("region", &mut m, reading),
                    tags: setting("default_tags", &mut m, reading),
                };
                m.end(reading);
                Some(other)
            })
            .collect(),
    };
    m.end(reading);
    site
}
