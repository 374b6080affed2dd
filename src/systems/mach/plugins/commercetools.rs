//! `commercetools`: a project, and what of it is made with each site: settings, channels, taxes, zones,
//! stores, and the client of a frontend.

mod read;
mod stores;

use std::collections::BTreeMap;

use super::{Part, Required, slug};
use crate::systems::mach::config::{Config, Instance};
use crate::systems::mach::tf::{Body, Value};
use crate::systems::message::Reading;

/// The version of the provider where none is named.
const VERSION: &str = "0.30.0";

#[derive(Debug, Clone, Default)]
pub(super) struct Commercetools {
    sites: BTreeMap<String, Site>,
    /// What a component is given for each store, by site and component: variables and secrets.
    given: BTreeMap<(String, String), [BTreeMap<String, Value>; 2]>,
}

#[derive(Debug, Clone)]
struct Site {
    key: Value,
    id: Value,
    secret: Value,
    scopes: Value,
    token_url: Value,
    api_url: Value,
    settings: Option<Settings>,
    /// Whether a client is made for a frontend, and with which scopes.
    frontend: Option<Vec<String>>,
    channels: Vec<Channel>,
    taxes: Vec<Rate>,
    categories: Vec<Category>,
    stores: Vec<Store>,
    zones: Vec<Zone>,
}

#[derive(Debug, Clone)]
struct Settings {
    countries: Option<Value>,
    currencies: Option<Value>,
    languages: Option<Value>,
    messages: bool,
    products: bool,
    orders: bool,
}

#[derive(Debug, Clone)]
struct Channel {
    key: String,
    roles: Value,
    name: Option<Value>,
    description: Option<Value>,
}

#[derive(Debug, Clone)]
struct Rate {
    country: String,
    amount: Value,
    name: String,
    included: bool,
}

#[derive(Debug, Clone)]
struct Category {
    key: String,
    name: Value,
    rates: Vec<Rate>,
}

#[derive(Debug, Clone)]
struct Store {
    key: String,
    name: Option<Value>,
    languages: Value,
    distribution: Vec<String>,
    supply: Vec<String>,
    managed: bool,
}

#[derive(Debug, Clone)]
struct Zone {
    name: String,
    description: Value,
    locations: Vec<(Value, Option<Value>)>,
}

impl Commercetools {
    pub(super) fn read(config: &Config, reading: &mut Reading<'_>) -> Self {
        read::read(config, reading)
    }

    pub(super) fn required(&self, site: &str, version: Option<&str>) -> Vec<Required> {
        let version = version.unwrap_or(VERSION);
        let required = |_| Required::new("commercetools", Some("labd/commercetools"), version);
        self.sites.get(site).map(required).into_iter().collect()
    }

    pub(super) fn resources(&self, site: &str, version: Option<&str>) -> Body {
        let own = self.sites.get(site);
        let own = own.map(|site| site.resources(version.unwrap_or(VERSION)));
        own.unwrap_or_default()
    }

    pub(super) fn part(&self, one: &Instance<'_>) -> Part {
        let (site, name) = (&one.site.name.text, &one.own.name.text);
        let mut part = Part::default();
        let Some(own) = self.sites.get(site) else {
            return part;
        };
        part.variables.set("ct_project_key", own.key.clone());
        part.variables.set("ct_api_url", own.api_url.clone());
        part.variables.set("ct_auth_url", own.token_url.clone());
        let given = self.given.get(&(site.clone(), name.clone()));
        let stores = own
            .stores
            .iter()
            .map(|store| (store.key.clone(), store.given(given)));
        part.variables
            .set("ct_stores", Value::Object(stores.collect()));
        part.depends_on
            .push("null_resource.commercetools".to_owned());
        part
    }
}

impl Site {
    fn resources(&self, version: &str) -> Body {
        let mut body = Body::default();
        let mut provider = Body::default();
        for (key, value) in [
            ("client_id", &self.id),
            ("client_secret", &self.secret),
            ("project_key", &self.key),
            ("scopes", &self.scopes),
            ("token_url", &self.token_url),
            ("api_url", &self.api_url),
        ] {
            provider.set(key, value.clone());
        }
        body.block("provider", &["commercetools"], provider);
        if let Some(settings) = &self.settings {
            let project = settings.project(&self.key, version);
            body.block(
                "resource",
                &["commercetools_project_settings", "project"],
                project,
            );
        }
        for channel in &self.channels {
            let mut inner = Body::default();
            inner.say("key", &channel.key);
            inner.set("roles", channel.roles.clone());
            // A mapping that is not written is an empty one.
            let none = || Value::Object(Vec::new());
            inner.set("name", channel.name.clone().unwrap_or_else(none));
            inner.set(
                "description",
                channel.description.clone().unwrap_or_else(none),
            );
            body.block("resource", &["commercetools_channel", &channel.key], inner);
        }
        self.taxed(&mut body);
        for zone in &self.zones {
            let mut inner = Body::default();
            inner.say("name", &zone.name);
            inner.set("description", zone.description.clone());
            for (country, state) in &zone.locations {
                let mut location = Body::default();
                location.set("country", country.clone());
                if let Some(state) = state {
                    location.set("state", state.clone());
                }
                inner.block("location", &[], location);
            }
            body.block(
                "resource",
                &["commercetools_shipping_zone", &slug(&zone.name)],
                inner,
            );
        }
        let channels = self.channels.iter();
        let channels = channels.map(|one| format!("commercetools_channel.{}.id", one.key));
        let mut output = Body::default();
        output.set("value", expressions(channels));
        body.block("output", &["frontend_channels"], output);
        let mut marker = Body::default();
        marker.set("depends_on", expressions(self.made()));
        body.block("resource", &["null_resource", "commercetools"], marker);
        for store in self.stores.iter().filter(|store| store.managed) {
            body.block(
                "resource",
                &["commercetools_store", &store.key],
                store.resource(),
            );
        }
        if let Some(scopes) = &self.frontend {
            stores::frontend(&self.stores, &self.key, scopes, &mut body);
        }
        body
    }

    fn taxed(&self, body: &mut Body) {
        for category in &self.categories {
            let key = category.key.to_lowercase();
            let mut inner = Body::default();
            inner.set("name", category.name.clone());
            inner.say("key", &category.key);
            body.block("resource", &["commercetools_tax_category", &key], inner);
            for rate in &category.rates {
                let inner = rate.resource(&key, rate.included);
                let labels = ["commercetools_tax_category_rate", &slug(&rate.name)];
                body.block("resource", &labels, inner);
            }
        }
        if self.taxes.is_empty() {
            return;
        }
        let mut inner = Body::default();
        inner.say("name", "Standard tax category");
        inner.say("key", "standard");
        body.block(
            "resource",
            &["commercetools_tax_category", "standard"],
            inner,
        );
        for tax in &self.taxes {
            let name = format!("{}_vat", tax.country.to_lowercase());
            // It is included whatever is written.
            let inner = tax.resource("standard", true);
            body.block(
                "resource",
                &["commercetools_tax_category_rate", &name],
                inner,
            );
        }
    }

    /// What is made before any component.
    fn made(&self) -> Vec<String> {
        let settings = self.settings.iter();
        let settings = settings.map(|_| "commercetools_project_settings.project".to_owned());
        let channels = self.channels.iter();
        let channels = channels.map(|one| format!("commercetools_channel.{}", one.key));
        let standard =
            (!self.taxes.is_empty()).then(|| "commercetools_tax_category.standard".to_owned());
        let stores = self.stores.iter().filter(|store| store.managed);
        let stores = stores.map(|store| format!("commercetools_store.{}", store.key));
        settings
            .chain(channels)
            .chain(standard)
            .chain(stores)
            .collect()
    }
}

fn expressions(all: impl IntoIterator<Item = String>) -> Value {
    Value::List(all.into_iter().map(Value::Expression).collect())
}

impl Settings {
    fn project(&self, key: &Value, version: &str) -> Body {
        let mut body = Body::default();
        body.set("name", key.clone());
        for (name, value) in [
            ("countries", &self.countries),
            ("currencies", &self.currencies),
            ("languages", &self.languages),
        ] {
            if let Some(value) = value {
                body.set(name, value.clone());
            }
        }
        let enabled = ("enabled".to_owned(), Value::Switch(self.messages));
        // The provider had an attribute here before its version 1.
        if version.starts_with('0') {
            body.set("messages", Value::Object(vec![enabled]));
        } else {
            let mut inner = Body::default();
            inner.set(&enabled.0, enabled.1);
            body.block("messages", &[], inner);
        }
        body.set("enable_search_index_products", Value::Switch(self.products));
        body.set("enable_search_index_orders", Value::Switch(self.orders));
        body
    }
}

impl Rate {
    fn resource(&self, category: &str, included: bool) -> Body {
        let mut body = Body::default();
        let category = format!("commercetools_tax_category.{category}.id");
        body.set("tax_category_id", Value::Expression(category));
        body.say("name", &self.name);
        body.set("amount", self.amount.clone());
        body.say("country", &self.country);
        body.set("included_in_price", Value::Switch(included));
        body
    }
}
