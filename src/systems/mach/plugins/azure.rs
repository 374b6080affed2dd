//! `azure`: a subscription and a region, a resource group of a site, who is told of alerts, and the
//! service plans of its functions.

mod make;
mod region;

use std::collections::BTreeMap;

use super::{Part, Required, for_all, of_components, of_sites, setting};
use crate::systems::mach::config::{Config, Instance};
use crate::systems::mach::tf::{Body, Value};
use crate::systems::message::{Message, Reading, Word};
use crate::text::diagnostic::closest;

/// The version of the provider where none is named.
const VERSION: &str = "2.99.0";
/// The plan that is meant where a component names none.
const USUAL: &str = "default";

#[derive(Debug, Clone, Default)]
pub(super) struct Azure {
    prefix: String,
    sites: BTreeMap<String, Site>,
    /// The short name and the plan of a component, by its name.
    components: BTreeMap<String, (Option<String>, Option<String>)>,
    /// The plan of a component of a site, which stands over that.
    own: BTreeMap<(String, String), String>,
}

#[derive(Debug, Clone)]
struct Site {
    tenant: Value,
    subscription: Value,
    region: String,
    /// A group that is there; made where none is named.
    group: Option<Value>,
    objects: Option<Value>,
    alerts: Option<Alerts>,
    plans: BTreeMap<String, Plan>,
}

#[derive(Debug, Clone)]
struct Alerts {
    name: String,
    emails: Vec<String>,
    webhook: Option<Value>,
    /// The resource group and the name of a logic app.
    app: Option<(String, String)>,
}

#[derive(Debug, Clone)]
struct Plan {
    kind: String,
    tier: Value,
    size: Value,
    capacity: Option<Value>,
    own_group: bool,
    scales_alone: bool,
}

/// What may be said for all sites, and for one.
#[derive(Debug, Clone, Default)]
struct Settings {
    tenant: Option<Value>,
    subscription: Option<Value>,
    region: Option<Word>,
    objects: Option<Value>,
    plans: BTreeMap<String, Plan>,
}

impl Azure {
    pub(super) fn read(config: &Config, reading: &mut Reading<'_>) -> Self {
        let mut found = Self::default();
        let mut all = Settings::default();
        if let Some(mut m) = for_all(config, "azure", reading) {
            all = settings(&mut m, reading);
            let prefix = m.text("resources_prefix", reading);
            found.prefix = prefix.map(|word| word.text).unwrap_or_default();
            frontdoor(&mut m, reading);
            m.end(reading);
        }
        for (name, m) in of_sites(config, "azure", reading) {
            let site = site(m, &all, reading);
            found.sites.extend(site.map(|site| (name, site)));
        }
        for component in config.components.values() {
            let Some(node) = component.blocks.get("azure") else {
                continue;
            };
            let name = &component.name.text;
            let what = format!("azure of the component {name}");
            let Some(mut m) = Message::of(node, what, reading) else {
                continue;
            };
            let text = |key, m: &mut Message<'_>, reading: &mut Reading<'_>| {
                m.text(key, reading).map(|word| word.text)
            };
            let short = text("short_name", &mut m, reading);
            let plan = text("service_plan", &mut m, reading);
            m.end(reading);
            found.components.insert(name.clone(), (short, plan));
        }
        for (name, mut m) in of_components(config, "azure", reading) {
            let plan = m.text("service_plan", reading);
            m.end(reading);
            found.own.extend(plan.map(|plan| (name, plan.text)));
        }
        found
    }

    pub(super) fn required(&self, site: &str, version: Option<&str>) -> Vec<Required> {
        let required = |_| Required::new("azurerm", None, version.unwrap_or(VERSION));
        self.sites.get(site).map(required).into_iter().collect()
    }

    pub(super) fn resources(&self, environment: &str, site: &str) -> Body {
        let own = self.sites.get(site);
        let own = own.map(|own| make::resources(own, &self.prefix, environment, site));
        own.unwrap_or_default()
    }

    pub(super) fn part(&self, one: &Instance<'_>) -> Part {
        let (site, name) = (&one.site.name.text, &one.own.name.text);
        let Some(own) = self.sites.get(site) else {
            return Part::default();
        };
        let (short, plan) = self.components.get(name).cloned().unwrap_or_default();
        let named = self
            .own
            .get(&(site.clone(), name.clone()))
            .cloned()
            .or(plan);
        let short = short.unwrap_or_else(|| name.clone());
        make::part(own, &short, named.as_deref())
    }
}

/// What a plan is called among the resources. The usual one has the name that it had before there
/// were others.
fn called(plan: &str) -> String {
    if plan == USUAL {
        "functionapps".to_owned()
    } else {
        format!("functionapps_{plan}")
    }
}

fn settings(m: &mut Message<'_>, reading: &mut Reading<'_>) -> Settings {
    Settings {
        tenant: setting("tenant_id", m, reading),
        subscription: setting("subscription_id", m, reading),
        region: m.text("region", reading),
        objects: setting("service_object_ids", m, reading),
        plans: plans(m, reading),
    }
}

fn plans(m: &mut Message<'_>, reading: &mut Reading<'_>) -> BTreeMap<String, Plan> {
    let Some(node) = m.get("service_plans", reading) else {
        return BTreeMap::new();
    };
    let plans = node.entries().iter().filter_map(|(key, node)| {
        let mut m = Message::of(node, format!("the service plan {}", key.name), reading)?;
        let plan = Plan {
            kind: m.needed("kind", reading)?.text,
            tier: super::needed("tier", &mut m, reading),
            size: super::needed("size", &mut m, reading),
            capacity: setting("capacity", &mut m, reading),
            own_group: m.switch("dedicated_resource_group", reading),
            scales_alone: m.switch("per_site_scaling", reading),
        };
        m.end(reading);
        Some((key.name.clone(), plan))
    });
    plans.collect()
}

/// A front door stands before endpoints, which are not rendered here.
fn frontdoor(m: &mut Message<'_>, reading: &mut Reading<'_>) {
    m.unrendered("frontdoor", "endpoints are not rendered here", reading);
}

fn site(mut m: Message<'_>, all: &Settings, reading: &mut Reading<'_>) -> Option<Site> {
    let own = settings(&mut m, reading);
    frontdoor(&mut m, reading);
    let group = setting("resource_group", &mut m, reading);
    let alerts = m
        .message("alert_group", reading)
        .and_then(|m| alerts(m, reading));
    let (what, at) = (m.what().to_owned(), m.at);
    m.end(reading);
    let mut either = |key: &str, own: Option<Value>, all: &Option<Value>| {
        let found = own.or_else(|| all.clone());
        if found.is_none() {
            let hint = format!("write it there, or {key} below azure of global");
            reading.say(at, format!("{what} has no {key}"), hint);
        }
        found.unwrap_or(Value::Null)
    };
    let tenant = either("tenant_id", own.tenant, &all.tenant);
    let subscription = either("subscription_id", own.subscription, &all.subscription);
    let Some(named) = own.region.or_else(|| all.region.clone()) else {
        reading.say(
            at,
            format!("{what} has no region"),
            "write it there, or below azure of global",
        );
        return None;
    };
    if region::of(&named.text).is_none() {
        let near = closest(&named.text, region::names());
        let hint = near
            .map(|near| format!("did you mean {near:?}?"))
            .unwrap_or_default();
        let says = format!("{:?} is no region of Azure that is known here", named.text);
        reading.say(named.at, says, hint);
    }
    let mut plans = own.plans;
    // What is said for all stands over what a site says: that is how the original merges them.
    plans.extend(all.plans.clone());
    plans.entry(USUAL.to_owned()).or_insert_with(|| Plan {
        kind: "FunctionApp".to_owned(),
        tier: Value::text("Dynamic"),
        size: Value::text("Y1"),
        capacity: None,
        own_group: false,
        scales_alone: false,
    });
    Some(Site {
        tenant,
        subscription,
        region: named.text,
        group,
        objects: own.objects.or_else(|| all.objects.clone()),
        alerts,
        plans,
    })
}

fn alerts(mut m: Message<'_>, reading: &mut Reading<'_>) -> Option<Alerts> {
    let name = m.needed("name", reading);
    let emails = m.texts("alert_emails", reading);
    let webhook = setting("webhook_url", &mut m, reading);
    let app = m.text("logic_app", reading);
    let app = app.and_then(|app| {
        let parts = app.text.split_once('.');
        if parts.is_none() {
            let says = format!("{:?} names no logic app", app.text);
            reading.say(app.at, says, "RESOURCE_GROUP.NAME");
        }
        parts.map(|(group, name)| (group.to_owned(), name.to_owned()))
    });
    m.end(reading);
    Some(Alerts {
        name: name?.text,
        emails: emails.into_iter().map(|word| word.text).collect(),
        webhook,
        app,
    })
}
