//! Reading what a configuration says of a project.

use std::collections::BTreeMap;

use super::{Category, Channel, Commercetools, Rate, Settings, Site, Store, Zone};
use crate::systems::mach::config::{Config, SiteComponent};
use crate::systems::mach::plugins::{needed, of_components, of_sites, setting, whole};
use crate::systems::mach::tf::{Value, is_name};
use crate::systems::message::{Message, Reading, Word};
use crate::text::document::Node;

const TOKEN_URL: &str = "https://auth.europe-west1.gcp.commercetools.com";
const API_URL: &str = "https://api.europe-west1.gcp.commercetools.com";
/// The scopes of a frontend's client where none are named.
const SCOPES: [&str; 7] = [
    "create_anonymous_token",
    "manage_my_profile",
    "manage_my_orders",
    "manage_my_shopping_lists",
    "manage_my_payments",
    "view_products",
    "view_project_settings",
];

pub(super) fn read(config: &Config, reading: &mut Reading<'_>) -> Commercetools {
    let sites = of_sites(config, "commercetools", reading).into_iter();
    let mut found = Commercetools {
        sites: sites.map(|(name, m)| (name, site(m, reading))).collect(),
        given: BTreeMap::new(),
    };
    for (name, mut m) in of_components(config, "commercetools", reading) {
        let given = [
            of_stores("store_variables", &mut m, reading),
            of_stores("store_secrets", &mut m, reading),
        ];
        m.end(reading);
        found.given.insert(name, given);
    }
    found.old(config, reading);
    found
}

impl Commercetools {
    /// What stands at a component itself, as it was written before.
    fn old(&mut self, config: &Config, reading: &mut Reading<'_>) {
        let all = config.sites.iter().flat_map(|site| {
            let components = site.components.iter();
            components.map(move |one: &SiteComponent| (&site.name.text, one))
        });
        for (site, one) in all.filter(|(_, one)| one.stores.iter().any(Option::is_some)) {
            let own = one.stores.each_ref().map(|node| {
                let entries = node.iter().flat_map(Node::entries);
                let entries = entries.map(|(key, node)| (key.name.clone(), whole(node, reading)));
                entries.collect::<BTreeMap<_, _>>()
            });
            let [variables, secrets] = own;
            let own = [variables, secrets];
            let name = (site.clone(), one.name.text.clone());
            let given = self.given.entry(name).or_default();
            for (given, own) in given.iter_mut().zip(own) {
                for (key, value) in own {
                    given.entry(key).or_insert(value);
                }
            }
        }
    }
}

fn of_stores(
    key: &'static str,
    m: &mut Message<'_>,
    reading: &mut Reading<'_>,
) -> BTreeMap<String, Value> {
    let Some(node) = m.get(key, reading) else {
        return BTreeMap::new();
    };
    let entries = node.entries().iter();
    entries
        .map(|(key, node)| (key.name.clone(), whole(node, reading)))
        .collect()
}

fn site(mut m: Message<'_>, reading: &mut Reading<'_>) -> Site {
    let or = |key, preset: &str, m: &mut Message<'_>, reading: &mut Reading<'_>| {
        setting(key, m, reading).unwrap_or_else(|| Value::text(preset))
    };
    let (token_url, api_url) = (
        or("token_url", TOKEN_URL, &mut m, reading),
        or("api_url", API_URL, &mut m, reading),
    );
    let site = Site {
        key: needed("project_key", &mut m, reading),
        id: needed("client_id", &mut m, reading),
        secret: needed("client_secret", &mut m, reading),
        scopes: needed("scopes", &mut m, reading),
        token_url,
        api_url,
        settings: m
            .message("project_settings", reading)
            .map(|m| settings(m, reading)),
        frontend: frontend(&mut m, reading),
        channels: each("channels", &mut m, reading, channel),
        taxes: each("taxes", &mut m, reading, rate),
        categories: each("tax_categories", &mut m, reading, category),
        stores: each("stores", &mut m, reading, store),
        zones: each("zones", &mut m, reading, zone),
    };
    m.end(reading);
    site
}

fn each<T>(
    key: &'static str,
    m: &mut Message<'_>,
    reading: &mut Reading<'_>,
    read: impl Fn(&mut Message<'_>, &mut Reading<'_>) -> Option<T>,
) -> Vec<T> {
    let messages = m.messages(key, reading).into_iter();
    let read = messages.filter_map(|mut m| {
        let one = read(&mut m, reading);
        m.end(reading);
        one
    });
    read.collect()
}

fn settings(mut m: Message<'_>, reading: &mut Reading<'_>) -> Settings {
    let settings = Settings {
        countries: setting("countries", &mut m, reading),
        currencies: setting("currencies", &mut m, reading),
        languages: setting("languages", &mut m, reading),
        messages: m.switch("messages_enabled", reading),
        products: m.switch("enable_search_index_products", reading),
        orders: m.switch("enable_search_index_orders", reading),
    };
    m.end(reading);
    settings
}

fn frontend(m: &mut Message<'_>, reading: &mut Reading<'_>) -> Option<Vec<String>> {
    let usual = || SCOPES.map(str::to_owned).to_vec();
    let Some(mut own) = m.message("frontend", reading) else {
        return Some(usual());
    };
    let says = "MACH composer gives frontend up: a component's module makes its own client";
    reading.note(own.at, says);
    let is_there = own.get("create_credentials", reading).is_none()
        || own.switch("create_credentials", reading);
    let scopes: Vec<String> = own
        .texts("permission_scopes", reading)
        .into_iter()
        .map(|word| word.text)
        .collect();
    own.end(reading);
    is_there.then(|| if scopes.is_empty() { usual() } else { scopes })
}

/// A key that becomes the name of a resource.
fn key(m: &mut Message<'_>, reading: &mut Reading<'_>) -> Option<String> {
    let key = m.needed("key", reading)?;
    Some(as_name(key, reading))
}

fn as_name(word: Word, reading: &mut Reading<'_>) -> String {
    if !is_name(&word.text) {
        let says = format!(
            "{:?} cannot be the name of a resource of Terraform",
            word.text
        );
        let hint = "use a letter or '_', then letters, digits, '_' and '-'";
        reading.say(word.at, says, hint);
    }
    word.text
}

fn channel(m: &mut Message<'_>, reading: &mut Reading<'_>) -> Option<Channel> {
    Some(Channel {
        key: key(m, reading)?,
        roles: needed("roles", m, reading),
        name: setting("name", m, reading),
        description: setting("description", m, reading),
    })
}

fn rate(m: &mut Message<'_>, reading: &mut Reading<'_>) -> Option<Rate> {
    let included =
        m.get("included_in_price", reading).is_none() || m.switch("included_in_price", reading);
    let (country, name) = (m.needed("country", reading), m.needed("name", reading));
    Some(Rate {
        amount: needed("amount", m, reading),
        country: country?.text,
        name: name?.text,
        included,
    })
}

fn category(m: &mut Message<'_>, reading: &mut Reading<'_>) -> Option<Category> {
    Some(Category {
        key: key(m, reading)?,
        name: needed("name", m, reading),
        rates: each("rates", m, reading, rate),
    })
}

fn store(m: &mut Message<'_>, reading: &mut Reading<'_>) -> Option<Store> {
    let managed = m.get("managed", reading).is_none() || m.switch("managed", reading);
    let names = |key, m: &mut Message<'_>, reading: &mut Reading<'_>| -> Vec<String> {
        m.texts(key, reading)
            .into_iter()
            .map(|word| word.text)
            .collect()
    };
    Some(Store {
        key: key(m, reading)?,
        name: setting("name", m, reading),
        languages: setting("languages", m, reading).unwrap_or(Value::List(Vec::new())),
        distribution: names("distribution_channels", m, reading),
        supply: names("supply_channels", m, reading),
        managed,
    })
}

fn zone(m: &mut Message<'_>, reading: &mut Reading<'_>) -> Option<Zone> {
    let name = m.needed("name", reading)?;
    let description = setting("description", m, reading);
    let locations = each("locations", m, reading, |m, reading| {
        Some((needed("country", m, reading), setting("state", m, reading)))
    });
    Some(Zone {
        name: name.text,
        description: description.unwrap_or_else(|| Value::text("")),
        locations,
    })
}
